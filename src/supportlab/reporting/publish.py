"""Put a finished run in the place of an earlier one, whole or not at all."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from supportlab.errors import ParameterError

__all__ = ["Staging", "check_replaceable", "exchange", "flush", "staging"]

_MARK = ".staging-"
# Linux: RENAME_EXCHANGE of renameat2; macOS: RENAME_SWAP of renamex_np. Both are 2.
_EXCHANGE = 2
_AT_FDCWD = -100


@dataclass(frozen=True)
class Staging:
    """
    A run that is being built beside its target.

    Parameters
    ----------
    target : pathlib.Path
        Where it goes, links resolved.
    home : pathlib.Path
        Folder beside the target, removed at the end.
    left : tuple of pathlib.Path
        Homes of earlier runs that were stopped, for who resumes them.
    """

    target: Path
    home: Path
    left: tuple[Path, ...] = ()

    @property
    def run(self) -> Path:
        """Return the folder that becomes the target."""
        return self.home / "run"

    @property
    def private(self) -> Path:
        """Return the folder for what is never published."""
        return self.home / "private"

    def publish(self) -> None:
        """
        Flush the run to the disk and put it in the target's place.

        Raises
        ------
        OSError
            When it cannot; the target is as it was then.
        """
        check_replaceable(self.target)
        flush(self.run)
        if self.target.is_dir() and any(self.target.iterdir()):
            _replace(self.run, self.target, self.home / "old")
        else:
            self.run.rename(self.target)
        _flush_folder(self.target.parent)


@contextmanager
def staging(target: Path, *, is_resumed: bool = False) -> Iterator[Staging]:
    """
    Make room for a run beside its target, and clear it away in the end.

    Not a lock against a second run: the later one to finish is the one that stays.

    Parameters
    ----------
    target : pathlib.Path
        Where the run will go.
    is_resumed : bool
        Hand over what runs that were stopped have left, and leave as much when this one is.

    Yields
    ------
    Staging
        With empty folders.

    Raises
    ------
    ParameterError
        When the target holds something else than an earlier run.
    """
    target = target.resolve()
    check_replaceable(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix=f".{target.name}{_MARK}", dir=target.parent))
    handle = _locked(home)
    is_stopped = False
    try:
        place = Staging(target, home, _clear_abandoned(target, home if is_resumed else None))
        place.run.mkdir()
        place.private.mkdir()
        yield place
    except (KeyboardInterrupt, SystemExit):
        is_stopped = True
        raise
    finally:
        if not (is_stopped and is_resumed):
            shutil.rmtree(home, ignore_errors=True)
        if handle is not None:
            os.close(handle)


def check_replaceable(target: Path) -> None:
    """
    Refuse to replace anything but an earlier run or an empty folder.

    Parameters
    ----------
    target : pathlib.Path
        Where a run would go.

    Raises
    ------
    ParameterError
        When the target is a file, or a folder with other content.
    """
    if not target.exists():
        return
    if not target.is_dir():
        raise ParameterError(f"--out {target.name!r} is a file; name a folder.")
    if not any(target.iterdir()) or _is_run(target):
        return
    raise ParameterError(
        f"--out {target.name!r} holds something else than an earlier run (no run.json of this "
        "program), and would be lost. Name another folder, or empty this one."
    )


def exchange(first: Path, second: Path) -> bool:
    """
    Let two folders change places in one step that nobody can see half done.

    Parameters
    ----------
    first, second : pathlib.Path
        Two existing folders of one file system.

    Returns
    -------
    bool
        False where the system cannot do that; nothing has changed then.
    """
    library = ctypes.CDLL(None, use_errno=True)
    old, new = os.fsencode(first), os.fsencode(second)
    if sys.platform.startswith("linux") and hasattr(library, "renameat2"):
        return bool(library.renameat2(_AT_FDCWD, old, _AT_FDCWD, new, _EXCHANGE) == 0)
    if sys.platform == "darwin" and hasattr(library, "renamex_np"):
        return bool(library.renamex_np(old, new, _EXCHANGE) == 0)
    return False


def _replace(new: Path, target: Path, aside: Path) -> None:
    if exchange(new, target):
        return
    # Without an exchange the target is missing for the moment between two renames; a run that
    # is killed in that moment is put back by the next one, see `_clear_abandoned`.
    target.rename(aside)
    try:
        new.rename(target)
    except OSError:
        aside.rename(target)
        raise


def _is_run(folder: Path) -> bool:
    try:
        manifest = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(manifest, dict) and {"run_id", "contract_version"} <= set(manifest)


def _clear_abandoned(target: Path, heir: Path | None) -> tuple[Path, ...]:
    """
    Remove what killed runs left behind, and put back an old run that one had set aside.

    With an heir their homes are moved into it, to be looked at and removed with it.
    """
    left: list[Path] = []
    for home in sorted(target.parent.glob(f".{_escaped(target.name)}{_MARK}*")):
        handle = _locked(home)
        if handle is None:
            continue
        aside = home / "old"
        if _is_run(aside) and not target.exists():
            aside.rename(target)
        if heir is not None:
            left.append(heir / f"left-{len(left)}")
            home.rename(left[-1])
        else:
            shutil.rmtree(home, ignore_errors=True)
        os.close(handle)
    return tuple(left)


def _escaped(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _locked(folder: Path) -> int | None:
    """Lock a folder for as long as this process lives; None when another one has it."""
    try:
        import fcntl

        handle = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


def flush(folder: Path) -> None:
    """
    Write the files of a folder through to the disk.

    Parameters
    ----------
    folder : pathlib.Path
        With everything in it.
    """
    for home, _, files in os.walk(folder):
        for name in files:
            with (Path(home) / name).open("rb") as file:
                os.fsync(file.fileno())
        _flush_folder(Path(home))


def _flush_folder(folder: Path) -> None:
    # Some file systems refuse to flush a folder; its files are flushed then all the same.
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
