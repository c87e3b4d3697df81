"""Write the locks from ``pyproject.toml``: exact versions, hashes, no index named.

``requirements.lock`` has what every environment has (with the dev extra), and
``requirements-spark.lock`` what the spark extra adds to it.

The resolver (uv) is fetched into a throw-away environment, so that it is no dependency of ours.
Versions in the present lock are kept where they still fit; ``--upgrade`` takes the newest.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
SPARK_LOCK = ROOT / "requirements-spark.lock"
HEADER = """\
# Made by `make lock` from pyproject.toml, with its dev extra; do not edit.
# One resolution for Linux, macOS and Windows, Python 3.11 and newer.
"""
SPARK_HEADER = """\
# Made by `make lock` from pyproject.toml; do not edit.
# What its spark extra adds to requirements.lock.
# Installed where it is asked for: EXTRAS=spark make env
"""
_PIN = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*(?===)", re.MULTILINE)
# Local settings of whoever runs this must not show in a file for everybody.
PRIVATE = re.compile(r"^(PIP|UV)_.*(INDEX|LINKS|CONSTRAINT|OVERRIDE|CONFIG)", re.IGNORECASE)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions")
    upgrade = parser.parse_args().upgrade
    with tempfile.TemporaryDirectory(prefix="supportlab-lock-") as folder:
        uv = _uv(Path(folder))
        _write(LOCK, HEADER + _resolve(uv, Path(folder), LOCK, upgrade, "--extra", "dev"))
        # Held to the first lock, so that Spark changes no version of what everybody has.
        held = ("--extra", "spark", "--constraint", LOCK.name)
        added = _without(_resolve(uv, Path(folder), SPARK_LOCK, upgrade, *held), LOCK)
        _write(SPARK_LOCK, SPARK_HEADER + added)
    print("Now `make env test`.")
    return 0


def _write(lock: Path, text: str) -> None:
    lock.write_text(text, encoding="utf-8")
    print(f"{lock.name}: {len(_PIN.findall(text))} packages.")


def _without(text: str, lock: Path) -> str:
    """Leave out the pins that another lock has."""
    known = set(_PIN.findall(lock.read_text(encoding="utf-8")))
    blocks = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)
    return "".join(b for b in blocks if (pin := _PIN.match(b)) and pin.group() not in known)


def _uv(folder: Path) -> Path:
    print("Fetching the resolver ...", flush=True)
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "uv"], check=True)
    return folder / "venv" / "bin" / "uv"


def _resolve(uv: Path, folder: Path, lock: Path, upgrade: bool, *options: str) -> str:
    made = folder / lock.name
    if lock.exists() and not upgrade:
        made.write_bytes(lock.read_bytes())
    clean = {key: value for key, value in os.environ.items() if not PRIVATE.match(key)}
    # "fewest": the same versions on every Python, so that figures agree between machines.
    command = [
        str(uv), "pip", "compile", "pyproject.toml", *options, "--universal",
        "--fork-strategy", "fewest", "--python-version", "3.11", "--generate-hashes",
        "--no-config", "--no-header", "--no-emit-index-url", "--quiet", "--output-file", str(made),
    ]  # fmt: skip
    subprocess.run([*command, *(["--upgrade"] if upgrade else [])], cwd=ROOT, env=clean, check=True)
    return made.read_text(encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
