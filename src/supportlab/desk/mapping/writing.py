"""The folder that an import leaves: written beside its target, put in place in one rename."""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from supportlab.errors import ParameterError, listed

if TYPE_CHECKING:
    from supportlab.desk.mapping.models import MappingFile
    from supportlab.desk.mapping.staging import SourceFile

__all__ = ["Target", "files_record", "write_folder"]

RECORD_FILE = "import.json"
_CHUNK = 1 << 20


class Target:
    """
    The folder that an import writes.

    Parameters
    ----------
    folder : Path
        Where.
    replace : bool
        Whether a folder that no import wrote may be replaced.
    """

    def __init__(self, folder: Path, *, replace: bool) -> None:
        self.folder = folder.absolute()
        self._replace = replace

    def check(self, *kept: Path) -> None:
        """
        Refuse a target that would lose something.

        Parameters
        ----------
        *kept : Path
            The export and the mapping, which must not lie inside.

        Raises
        ------
        ParameterError
            Saying what is there.
        """
        real = self.folder.resolve()
        for path in kept:
            if path.resolve().is_relative_to(real):
                raise ParameterError(
                    f"--out {self.folder.name!r} holds {path.name!r}, which is read and would be "
                    "replaced. Choose another folder."
                )
        if Path.cwd().resolve().is_relative_to(real) or Path.home().resolve() == real:
            raise ParameterError(f"--out {str(self.folder)!r} is the working or home folder.")
        if self.folder.is_symlink() or (self.folder.exists() and not self.folder.is_dir()):
            raise ParameterError(f"--out {str(self.folder)!r} exists and is no folder.")
        if self._replace or not self.folder.is_dir() or _is_import(self.folder):
            return
        there = sorted(path.name for path in self.folder.iterdir())
        if there:
            raise ParameterError(
                f"--out {str(self.folder)!r} is not empty and no earlier import; it holds "
                f"{listed(there)}. Choose another folder, or replace it with --replace."
            )

    @contextmanager
    def workspace(self) -> Iterator[Path]:
        """
        Give a private folder on the same file system, removed afterwards.

        Yields
        ------
        Path
            An empty folder beside the target.
        """
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            workspace = self.folder.parent / f".{self.folder.name}.{secrets.token_hex(4)}.partial"
            workspace.mkdir()
        except OSError as error:
            raise ParameterError(
                f"--out {str(self.folder)!r} cannot be written: {error.strerror}."
            ) from error
        try:
            yield workspace
        finally:
            shutil.rmtree(workspace, ignore_errors=True)

    def put_in_place(self, finished: Path) -> None:
        """
        Make a finished folder the target.

        Parameters
        ----------
        finished : Path
            Inside the workspace.
        """
        old = finished.parent / "replaced"
        if self.folder.exists():
            self.folder.rename(old)
        try:
            finished.rename(self.folder)
        except OSError:
            if old.exists():
                old.rename(self.folder)
            raise


def _is_import(folder: Path) -> bool:
    try:
        record = json.loads((folder / RECORD_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(record, dict) and "supportlab_import" in record


def files_record(files: Mapping[str, list[SourceFile]]) -> list[dict[str, Any]]:
    """
    Return which files were read, so that an import can be traced.

    Parameters
    ----------
    files : mapping of str to list of SourceFile
        Files of each input.

    Returns
    -------
    list of dict
        Input, name inside the source, bytes, SHA-256.
    """
    return [
        {
            "input": name,
            "file": file.name,
            "bytes": file.path.stat().st_size,
            "sha256": _sha256(file.path),
        }
        for name, found in files.items()
        for file in found
    ]


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def write_folder(
    folder: Path, model: MappingFile, record: dict[str, Any], as_of: datetime | None
) -> None:
    """
    Write ``desk.toml`` and ``import.json``.

    Parameters
    ----------
    folder : Path
        Beside the tables.
    model : MappingFile
        The mapping.
    record : dict
        Row counts and notes.
    as_of : datetime or None
        Moment of the extract.
    """
    text = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
    (folder / RECORD_FILE).write_text(text, encoding="utf-8")
    lines = [f"# Written by `supportlab import` with the mapping {model.name!r}."]
    lines += [f"# {_one_line(text)}" for text in [*record["assumptions"], *model.notes]]
    settings: dict[str, Any] = {"name": model.desk.name, "timezone": "UTC"}
    if as_of is not None:
        settings["as_of"] = as_of
    settings.update(model.desk.settings)
    lines += _toml(settings, "")
    (folder / "desk.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _toml(settings: Mapping[str, Any], prefix: str) -> Iterator[str]:
    plain = {key: value for key, value in settings.items() if not isinstance(value, Mapping)}
    for key, value in plain.items():
        yield f"{_quoted(key)} = {_toml_value(value)}"
    for key, value in settings.items():
        if isinstance(value, Mapping):
            name = f"{prefix}{_quoted(key)}"
            yield f"\n[{name}]"
            yield from _toml(value, f"{name}.")


def _quoted(key: str) -> str:
    bare = key.replace("_", "").replace("-", "")
    return key if bare.isascii() and bare.isalnum() else json.dumps(key)


def _toml_value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat() + ("" if value.tzinfo else "Z")
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml_value(item) for item in value) + "]"
    if isinstance(value, (int, float)):
        return repr(value)
    return json.dumps(str(value))
