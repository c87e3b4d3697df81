# Every target does its own set-up: nothing has to be installed first but Python and make.
# Paths are relative to this folder, so that `make -C` and folders with spaces work.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

DATA ?= data/sample
OUT ?= reports/latest
ARGS ?=
# Two workers fit the smallest machine that we test on; WORKERS=0 runs in one process.
WORKERS ?= 2
# --dist loadscope keeps a notebook's cells on one worker and in order. Modules are handed out in the
# order of collection, which has the longest first; by number of tests they would come last.
PARALLEL = $(if $(filter 0,$(WORKERS)),,-n $(WORKERS) --dist loadscope --no-loadscope-reorder)

PY := .venv/bin/python
PATHS_LINTED := src tests scripts benchmarks

# The same inputs have to give the same bytes: hash order, threads in sums, time zone, locale.
export PYTHONHASHSEED := 0
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export MKL_NUM_THREADS := 1
export TZ := UTC
export LC_ALL := C.UTF-8
# A kernel of the same name in the user's home must not take the place of this environment's.
export JUPYTER_PREFER_ENV_PATH := 1
# The debugger that every kernel loads warns about frozen modules, once a cell.
export PYDEVD_DISABLE_FILE_VALIDATION := 1

.PHONY: help env report test lab notebooks evidence bench lint format hooks lock clean distclean

help: ## show this list
	@echo "Usage: make TARGET"
	@echo
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "Options: DATA=folder-or-file OUT=folder ARGS='more options' WORKERS=2 PYTHON=python3.12"
	@echo "         EXTRAS=spark (adds Spark to the environment, 400 MB; it needs Java)"

env: ## make or update the environment in .venv (done by every other target too)
	@sh scripts/environment.sh

report: env ## run all notebooks on DATA (the sample world) and publish to OUT (reports/latest)
	@.venv/bin/supportlab report --data "$(DATA)" --out "$(OUT)" $(ARGS)

test: env ## run the tests, the committed notebooks and the repository's own checks
	@$(PY) -m pytest $(PARALLEL) -m "not evidence" --nbval --nbval-current-env \
		--ignore-glob 'tests/*.ipynb' notebooks tests $(ARGS)

lab: env ## open JupyterLab on notebooks/, on this machine only, with its token
	@.venv/bin/jupyter lab --ServerApp.ip=127.0.0.1 --notebook-dir=notebooks $(ARGS)

notebooks: env ## re-execute the committed notebooks in place
	@$(PY) scripts/execute_notebooks.py $(ARGS)

evidence: env ## run the tests that `test` leaves out and the long simulations of docs/methods.md (minutes)
	@$(PY) -m pytest $(PARALLEL) -m evidence tests
	@$(PY) -m benchmarks.calibration $(ARGS)

bench: env ## measure speed beside SQL, pandas and Polars, as ratios, into docs/benchmarks.md (half an hour)
	@$(PY) -m benchmarks.metric_table $(ARGS)

lint: env ## ruff, formatting, mypy, docstrings
	@$(PY) scripts/lint.py

format: env ## apply formatting and the lint fixes that are safe
	@.venv/bin/ruff check --fix --quiet $(PATHS_LINTED) || true
	@.venv/bin/ruff format $(PATHS_LINTED)

hooks: env ## install the pre-commit hooks into this clone
	@.venv/bin/pre-commit install

lock: env ## resolve the locks and environment.yml anew from pyproject.toml
	@$(PY) scripts/make_lock.py $(ARGS)
	@$(PY) scripts/make_environment.py

clean: ## remove caches and generated reports; keep the environment
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .make build dist
	@find reports -mindepth 1 ! -name README.md -exec rm -rf {} +
	@find src tests scripts benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## clean, and remove the environment too
	@rm -rf .venv
