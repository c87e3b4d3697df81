"""Run every static check, all of them even when one fails, and say which did."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
CODE = ("src", "tests", "scripts", "benchmarks")


def main(names: list[str]) -> int:
    checks = {
        "ruff": [BIN / "ruff", "check", *CODE],
        "format": [BIN / "ruff", "format", "--check", *CODE],
        "mypy": [BIN / "mypy"],
        "docstrings": [BIN / "python", "scripts/check_docstrings.py"],
    }
    if unknown := sorted(set(names) - set(checks)):
        sys.exit(f"unknown check {', '.join(unknown)}; there are {', '.join(checks)}")
    failed = []
    for name in names or checks:
        print(f"{name} ...", flush=True)
        if subprocess.run(checks[name], cwd=ROOT, check=False).returncode:
            failed.append(name)
    print(f"failed: {', '.join(failed)}" if failed else "all static checks passed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
