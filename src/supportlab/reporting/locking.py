"""One run at a time for one target."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from supportlab.errors import SupportLabError

__all__ = ["locked_target"]

LOOK_SECONDS = 0.2


@contextmanager
def locked_target(target: Path, wait_seconds: float = 0.0) -> Iterator[None]:
    """
    Keep other runs from writing to the same target while the block runs.

    Not for file systems without locks, where the run goes on without one.

    Parameters
    ----------
    target : pathlib.Path
        Folder of the run; the lock lies beside it and dies with this process.
    wait_seconds : float
        How long to wait for another run to finish.

    Raises
    ------
    SupportLabError
        When another run holds it.
    """
    target = target.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    path = target.parent / f".{target.name}.lock"
    deadline = time.monotonic() + wait_seconds
    while (handle := _locked(path)) is None:
        if time.monotonic() >= deadline:
            raise SupportLabError(
                f"another run is writing to {target.name!r} now, so this one was not started and "
                "nothing was changed. Wait for it (--wait SECONDS), or name another folder."
            )
        time.sleep(LOOK_SECONDS)
    try:
        yield
    finally:
        if handle >= 0:
            # Unlinked while it is held: who opened it meanwhile finds that it is no longer the
            # file of that name, and opens the new one.
            with suppress(OSError):
                path.unlink()
            os.close(handle)


def _locked(path: Path) -> int | None:
    """Return a handle with the lock, -1 where there are no locks, None when another has it."""
    try:
        import fcntl
    except ImportError:
        return -1
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    except OSError:
        os.close(handle)
        return -1
    if _is_current(path, handle):
        return handle
    os.close(handle)
    return None


def _is_current(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except OSError:
        return False
