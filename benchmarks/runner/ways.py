"""The ways to run notebooks: each takes a desk, gives seconds, and leaves notebooks to compare."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks.runner.notebooks import MARKETS, STUDIES
from supportlab.reporting.pool import kernel_environment

__all__ = ["WAYS", "Desk", "Way"]

_API = """
import sys
from papermill import execute_notebook
for path, out, market in (line.split() for line in sys.stdin):
    values = {"data": "desk", "market": market}
    execute_notebook(path, out, parameters=values, progress_bar=False)
"""
_PLOOMBER = """
import sys
from ploomber_engine import execute_notebook
for path, out, market in (line.split() for line in sys.stdin):
    values = {"data": "desk", "market": market}
    execute_notebook(path, out, parameters=values, progress_bar=False, verbose=False)
"""


@dataclass(frozen=True)
class Desk:
    """Where a way runs: the folder with ``desk`` and ``notebooks``, and who has ploomber-engine."""

    home: Path
    markets: tuple[str, ...] = MARKETS
    ploomber: Path | None = None

    @property
    def jobs(self) -> list[tuple[str, str]]:
        """Return notebooks with markets, in the order in which everybody runs them."""
        names = [f"{number:02d}-{study}" for number, study in enumerate(STUDIES)]
        return [(name, market) for market in self.markets for name in names]

    def environment(self, **more: str) -> dict[str, str]:
        """Return the same environment for all: one thread, fixed hashes, no user's settings."""
        own = kernel_environment(self.home / "settings")
        return {**own, "SUPPORTLAB_NOTEBOOKS": str(self.home / "notebooks"), **more}

    def run(self, words: Sequence[str], text: str = "", **more: str) -> None:
        """Run a command in the desk's folder, which must go well."""
        done = subprocess.run(
            list(words),
            cwd=self.home,
            env=self.environment(**more),
            input=text,
            text=True,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]

    def places(self, out: str) -> list[tuple[str, str, str]]:
        """Return notebook, place of the executed one, and market, and make the folders."""
        found = []
        for name, market in self.jobs:
            place = self.home / out / market / f"{name}.ipynb"
            place.parent.mkdir(parents=True, exist_ok=True)
            found.append((f"notebooks/{name}.ipynb", str(place), market))
        return found


@dataclass(frozen=True)
class Way:
    """One way, by the name that the table shows."""

    name: str
    out: str
    do: Callable[[Desk, str], float]
    # The others are measured once: each costs minutes, and no aim hangs on them.
    is_repeated: bool = False


def _timed(do: Callable[[], object]) -> float:
    begun = time.perf_counter()
    do()
    return time.perf_counter() - begun


def _cli(desk: Desk, out: str, n_parallel: int = 1) -> float:
    def one(item: tuple[str, str, str]) -> None:
        path, place, market = item
        words = [sys.executable, "-m", "papermill", path, place, "--no-progress-bar"]
        desk.run([*words, "-p", "data", "desk", "-p", "market", market])

    places = desk.places(out)
    if n_parallel == 1:
        return _timed(lambda: [one(item) for item in places])
    with ThreadPoolExecutor(n_parallel) as pool:
        return _timed(lambda: list(pool.map(one, places)))


def _two_cli(desk: Desk, out: str) -> float:
    return _cli(desk, out, 2)


def _in_one_process(program: str) -> Callable[[Desk, str], float]:
    def do(desk: Desk, out: str) -> float:
        text = "\n".join(" ".join(item) for item in desk.places(out))
        python = desk.ploomber if program is _PLOOMBER else Path(sys.executable)
        more = {"PYTHONPATH": ""} if program is _PLOOMBER else {}
        return _timed(lambda: desk.run([str(python), "-c", program], text, **more))

    return do


def _supportlab(*more: str) -> Callable[[Desk, str], float]:
    def do(desk: Desk, out: str) -> float:
        words = [_program(), "report", "--data", "desk", "--by", "market", "--jobs", "2"]
        return _timed(lambda: desk.run([*words, "--out", out, *more]))

    return do


def _already_warm(desk: Desk, out: str) -> float:
    """Measure the command alone: the warm process was started before, and serves others too."""
    note = desk.home / "seconds"
    program = (
        "import subprocess, sys, time; begun = time.perf_counter();"
        " subprocess.run(sys.argv[2:], check=True);"
        " open(sys.argv[1], 'w').write(str(time.perf_counter() - begun))"
    )
    words = [_program(), "report", "--data", "desk", "--by", "market", "--jobs", "2", "--out", out]
    desk.run([_program(), "warm", sys.executable, "-c", program, str(note), *words])
    return float(note.read_text())


def _program() -> str:
    return os.environ.get("SUPPORTLAB_PROGRAM", str(Path(sys.executable).with_name("supportlab")))


WAYS = (
    Way("papermill CLI, one after another", "cli", _cli, is_repeated=True),
    Way("supportlab, cold", "cold", _supportlab(), is_repeated=True),
    Way("supportlab, warm process up", "warm", _already_warm, is_repeated=True),
    Way("supportlab, stock kernels", "stock", _supportlab("--kernels", "stock")),
    Way("ploomber-engine, one process", "ploomber", _in_one_process(_PLOOMBER)),
    Way("papermill API, one process", "api", _in_one_process(_API)),
    Way("papermill CLI, two at a time", "cli-two", _two_cli),
)
