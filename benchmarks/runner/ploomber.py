"""Build an environment with ploomber-engine: ``python -m benchmarks.runner.ploomber FOLDER``."""

from __future__ import annotations

import subprocess
import sys
import venv
from importlib.metadata import version
from pathlib import Path

__all__ = ["main"]

# The same versions as here, so that what is compared is the way and not the libraries.
SAME = ("papermill", "ipykernel", "pandas", "seaborn", "scikit-learn", "statsmodels")


def main(folder: str) -> int:
    """Make the environment and print its python."""
    venv.create(folder, with_pip=True)
    python = Path(folder).resolve() / "bin" / "python"
    wanted = ["ploomber-engine", *(f"{name}=={version(name)}" for name in SAME)]
    subprocess.run([str(python), "-m", "pip", "install", "-q", *wanted], check=True)
    print(python)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
