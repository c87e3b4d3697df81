"""Make or update ``.venv`` from ``requirements.lock``: once, resumable, safe to call twice.

``EXTRAS=spark`` adds what ``requirements-spark.lock`` holds; once there, it stays and is kept up.

Runs on a bare Python with nothing installed, so it imports the standard library only.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "supportlab-stamp.json"
LOCK = ROOT / "requirements.lock"
# Locked apart, since few need them and they are heavy: EXTRAS=spark make env
EXTRA_LOCKS = {"spark": ROOT / "requirements-spark.lock"}
GUARD = ROOT / ".make" / "environment.lock"
LOG = ROOT / ".make" / "environment.log"
# pip's one line for each pin: fetched, found on this machine, there already, for another platform.
_PIN_LINE = re.compile(
    r"(?:Collecting|Processing|Requirement already satisfied:) (?P<name>\S+) .*from -r requirements"
    r"|Ignoring (?P<other>[^:]+):"
)


def main() -> int:
    with _alone():
        wanted = _wanted()
        if _stamp() == wanted and PYTHON.exists():
            return 0
        started = time.monotonic()
        if not _usable(wanted):
            _create()
        STAMP.unlink(missing_ok=True)
        _install([LOCK, *(EXTRA_LOCKS[name] for name in EXTRA_LOCKS if name in wanted)])
        STAMP.write_text(json.dumps(wanted, indent=1) + "\n", encoding="utf-8")
        print(f"Environment ready in .venv after {time.monotonic() - started:.0f} s.", flush=True)
    return 0


def _wanted() -> dict[str, str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    installed = {key: project.get(key) for key in ("build-system", "project")}
    extras = sorted(_extras() | (_stamp().keys() & EXTRA_LOCKS.keys()))
    return {
        "lock": _digest(LOCK),
        **{name: _digest(EXTRA_LOCKS[name]) for name in extras},
        "project": hashlib.sha256(json.dumps(installed, sort_keys=True).encode()).hexdigest(),
        "python": f"{sys.implementation.name} {sys.version.split()[0]}",
        # Scripts and the editable install hold absolute paths: a moved or copied one is rebuilt.
        "folder": str(ROOT),
    }


def _extras() -> set[str]:
    asked = set(os.environ.get("EXTRAS", "").replace(",", " ").split())
    if unknown := sorted(asked - EXTRA_LOCKS.keys()):
        known = ", ".join(sorted(EXTRA_LOCKS))
        raise SystemExit(f"EXTRAS names {', '.join(unknown)}; known: {known}.")
    return asked


def _digest(lock: Path) -> str:
    return hashlib.sha256("\n".join(_lock_lines(lock)).encode()).hexdigest()


def _lock_lines(lock: Path) -> list[str]:
    lines = lock.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.lstrip().startswith("#")]


def _stamp() -> dict[str, str]:
    try:
        found = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _usable(wanted: dict[str, str]) -> bool:
    """Whether what is there can be updated in place rather than made anew."""
    if not PYTHON.exists() or _stamp().get("folder", str(ROOT)) != wanted["folder"]:
        return False
    asked = "import pip, sys; print(sys.implementation.name, sys.version.split()[0])"
    try:
        said = subprocess.run([PYTHON, "-c", asked], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return said.stdout.strip() == wanted["python"]


def _create() -> None:
    print(f"Making .venv with Python {sys.version.split()[0]} ...", flush=True)
    # The interpreter may be the old environment's own: build with the one that it came from.
    base = getattr(sys, "_base_executable", None) or sys.executable
    made = subprocess.run(
        [base, "-m", "venv", "--clear", str(VENV)], capture_output=True, text=True, check=False
    )
    if made.returncode:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise SystemExit(
            f"{made.stdout}{made.stderr}\n.venv could not be made with {base}. On Debian and "
            f"Ubuntu the venv module is a package of its own: apt-get install python{version}-venv"
        )


def _install(locks: list[Path]) -> None:
    lines = [line for lock in locks for line in _lock_lines(lock)]
    n_pins = sum(bool(re.match(r"[A-Za-z0-9]\S*==", line)) for line in lines)
    from_locks = [text for lock in locks for text in ("--requirement", lock.name)]
    print(f"Installing {n_pins} pinned packages, a few minutes the first time ...", flush=True)
    LOG.parent.mkdir(exist_ok=True)
    with LOG.open("w", encoding="utf-8") as log:
        _pip(log, n_pins, "--require-hashes", *from_locks)
        _pip(log, 0, "--no-deps", "--no-build-isolation", "--editable", ".")


def _pip(log: TextIO, n_pins: int, *arguments: str) -> None:
    """Run pip, turn its lines into short progress and keep them whole in the log."""
    command = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", *arguments]
    environment = {**os.environ, "PIP_PROGRESS_BAR": "off", "PIP_NO_INPUT": "1"}
    # A user-wide setting to install into the home folder has no say here.
    environment["PIP_USER"] = "0"
    seen = 0
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        for line in process.stdout or ():
            log.write(line)
            if n_pins and (pin := _PIN_LINE.match(line)):
                seen += 1
                # A wheel's name goes on with the platforms that it fits.
                name = Path(pin["name"] or pin["other"]).name
                _show(seen, n_pins, "-".join(name.split("-")[:2]))
            elif n_pins and line.startswith("Installing collected"):
                print("  unpacking ...", flush=True)
    if process.returncode:
        log.flush()
        tail = LOG.read_text(encoding="utf-8").splitlines()[-15:]
        raise SystemExit(
            "\n".join(tail)
            + f"\npip stopped with status {process.returncode}; all that it said is in "
            f".make/{LOG.name}. Run the same command again to go on where it stopped."
        )


def _show(seen: int, n_pins: int, name: str) -> None:
    if sys.stdout.isatty():
        print(f"\r\033[K  [{seen}/{n_pins}] {name}", end="\n" if seen == n_pins else "", flush=True)
    elif seen % 20 == 0 or seen == n_pins:
        print(f"  [{seen}/{n_pins}] {name}", flush=True)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Hold the folder's lock, which the system gives back when the process dies."""
    import fcntl

    GUARD.parent.mkdir(exist_ok=True)
    with GUARD.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another set-up of this folder is running; waiting for it ...", flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\nStopped; the next run goes on from here.")
