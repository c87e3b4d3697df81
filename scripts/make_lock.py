"""Write ``requirements.lock`` from ``pyproject.toml``: exact versions, hashes, no index named.

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
HEADER = """\
# Made by `make lock` from pyproject.toml, with its dev extra; do not edit.
# One resolution for Linux, macOS and Windows, Python 3.11 and newer.
"""
# Local settings of whoever runs this must not show in a file for everybody.
PRIVATE = re.compile(r"^(PIP|UV)_.*(INDEX|LINKS|CONSTRAINT|OVERRIDE|CONFIG)", re.IGNORECASE)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions")
    upgrade = parser.parse_args().upgrade
    with tempfile.TemporaryDirectory(prefix="supportlab-lock-") as folder:
        text = _resolve(_uv(Path(folder)), Path(folder), upgrade)
    LOCK.write_text(HEADER + text, encoding="utf-8")
    n_pins = len(re.findall(r"^[A-Za-z0-9].*==", text, flags=re.MULTILINE))
    print(f"requirements.lock: {n_pins} packages. Now `make env test`.")
    return 0


def _uv(folder: Path) -> Path:
    print("Fetching the resolver ...", flush=True)
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "uv"], check=True)
    return folder / "venv" / "bin" / "uv"


def _resolve(uv: Path, folder: Path, upgrade: bool) -> str:
    made = folder / "requirements.lock"
    if LOCK.exists() and not upgrade:
        made.write_bytes(LOCK.read_bytes())
    clean = {key: value for key, value in os.environ.items() if not PRIVATE.match(key)}
    # "fewest": the same versions on every Python, so that figures agree between machines.
    command = [
        str(uv), "pip", "compile", "pyproject.toml", "--extra", "dev", "--universal",
        "--fork-strategy", "fewest", "--python-version", "3.11", "--generate-hashes",
        "--no-config", "--no-header", "--no-emit-index-url", "--quiet", "--output-file", str(made),
    ]  # fmt: skip
    subprocess.run([*command, *(["--upgrade"] if upgrade else [])], cwd=ROOT, env=clean, check=True)
    return made.read_text(encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
