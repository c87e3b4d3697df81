"""In which forms a run leaves what it found."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from supportlab.errors import ParameterError, did_you_mean

__all__ = ["FORMATS", "keep_formats", "read_formats"]

# Pages, start page and JSON are always there: people and programs rely on them.
FORMATS = ("html", "notebook", "csv", "figures")
_FILES = {"notebook": "notebook.ipynb", "csv": "tables", "figures": "figures"}


def read_formats(names: Sequence[str]) -> tuple[str, ...]:
    """
    Check the forms that somebody asks for.

    Parameters
    ----------
    names : sequence of str
        Of `FORMATS`, in any order; all when empty.

    Returns
    -------
    tuple of str
        In the order of `FORMATS`, with ``html``, which is always made.

    Raises
    ------
    ParameterError
        When one is not known; all unknown names at once.

    Examples
    --------
    >>> read_formats(["csv"])
    ('html', 'csv')
    """
    unknown = [name for name in names if name not in FORMATS]
    if unknown:
        lines = [
            f"- format {name!r} is not known. {did_you_mean(name, FORMATS)}" for name in unknown
        ]
        raise ParameterError("\n".join(["These formats cannot be made.", *lines]))
    return tuple(name for name in FORMATS if not names or name == "html" or name in names)


def keep_formats(folder: Path, formats: Sequence[str]) -> None:
    """
    Remove from a study's folder what was not asked for.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of a study.
    formats : sequence of str
        What stays, beside ``findings.json``.
    """
    for name, place in _FILES.items():
        path = folder / place
        if name in formats or not path.exists():
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
