"""Which notebooks there are, and which study each one is."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from supportlab.errors import ParameterError, did_you_mean
from supportlab.reporting.names import slug

__all__ = [
    "NOTEBOOKS_VARIABLE",
    "StudyNotebook",
    "checkout",
    "find_notebooks",
    "locate_notebook",
    "select_studies",
    "study_of",
]

NOTEBOOKS_VARIABLE = "SUPPORTLAB_NOTEBOOKS"
_ORDERED = re.compile(r"\d+[-_]")


@dataclass(frozen=True)
class StudyNotebook:
    """
    A study and the notebook that carries it.

    Parameters
    ----------
    study : str
        Name of the study and of its folder in a run.
    path : pathlib.Path
        The notebook.
    """

    study: str
    path: Path


def study_of(path: Path) -> str:
    """
    Return the study that a notebook's file name stands for.

    Parameters
    ----------
    path : pathlib.Path
        The notebook.

    Returns
    -------
    str
        The name without its leading number.

    Examples
    --------
    >>> study_of(Path("notebooks/00-data-readiness.ipynb"))
    'data-readiness'
    """
    return slug(_ORDERED.sub("", path.stem, count=1) or path.stem)


def checkout() -> Path | None:
    """
    Return the folder of the checkout that this package is installed from.

    Returns
    -------
    pathlib.Path or None
        The folder with ``notebooks/``: the package's own, for an editable installation, or the
        current one; None where neither has it.
    """
    own = Path(__file__).resolve().parents[3]
    for folder in (own, Path.cwd()):
        if (folder / "notebooks").is_dir() and (folder / "pyproject.toml").is_file():
            return folder
    return None


def find_notebooks() -> tuple[StudyNotebook, ...]:
    """
    List the notebooks in the order of their file names.

    Returns
    -------
    tuple of StudyNotebook
        From the folder that ``SUPPORTLAB_NOTEBOOKS`` names, else from the checkout's
        ``notebooks/``.

    Raises
    ------
    ParameterError
        When there is no such folder, no notebook in it, or two notebooks carry one study.
    """
    folder = _folder()
    found = [StudyNotebook(study_of(path), path) for path in sorted(folder.glob("*.ipynb"))]
    if not found:
        raise ParameterError(f"There is no notebook in {folder}.")
    names = [item.study for item in found]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise ParameterError(f"Several notebooks carry the study {doubled[0]!r}; rename one.")
    return tuple(found)


def locate_notebook(named: Path) -> Path:
    """
    Find one notebook by its path or by the name of its study.

    Parameters
    ----------
    named : pathlib.Path
        As the user wrote it.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    ParameterError
        When there is no such file and no such study.
    """
    if named.suffix == ".ipynb":
        if named.is_file():
            return named.resolve()
        raise ParameterError(f"There is no notebook {named.as_posix()!r}.")
    (found,) = select_studies(find_notebooks(), [named.as_posix()])
    return found.path


def select_studies(
    notebooks: Sequence[StudyNotebook], names: Sequence[str]
) -> tuple[StudyNotebook, ...]:
    """
    Pick the notebooks of some studies, in the order of the notebooks.

    Parameters
    ----------
    notebooks : sequence of StudyNotebook
        What there is.
    names : sequence of str
        Studies asked for; empty for all.

    Returns
    -------
    tuple of StudyNotebook
        The notebooks to run.

    Raises
    ------
    ParameterError
        When a study is not known; all unknown names at once.
    """
    known = [item.study for item in notebooks]
    faults = [
        f"- study {name!r} is not known. {did_you_mean(name, known)}"
        for name in names
        if name not in known
    ]
    if faults:
        raise ParameterError("\n".join(["These studies cannot be run.", *faults]))
    return tuple(item for item in notebooks if not names or item.study in names)


def _folder() -> Path:
    named = os.environ.get(NOTEBOOKS_VARIABLE, "")
    if named:
        folder = Path(named)
        if not folder.is_dir():
            raise ParameterError(f"{NOTEBOOKS_VARIABLE} names {named!r}, which is no folder.")
        return folder.resolve()
    home = checkout()
    if home is None:
        raise ParameterError(
            "No folder with notebooks was found. Run the command in the checkout, or name the "
            f"folder in {NOTEBOOKS_VARIABLE}."
        )
    return home / "notebooks"
