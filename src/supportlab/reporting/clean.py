"""Make an executed notebook the same on every run, and free of this machine's folders."""

from __future__ import annotations

import os
import re
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["Folders", "clean_notebook", "known_folders", "prepare_notebook", "scrub"]

# Folders with the word that a reader sees instead, the most specific first.
Folders = tuple[tuple[str, str], ...]

# What papermill, JupyterLab and extensions note about one execution.
_VOLATILE = ("papermill", "execution", "ExecuteTime", "collapsed", "scrolled", "trusted")
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
# From the blank before it on, so that a run of megabytes is gone through once.
_CELL_FILE = re.compile(r"(?:(?<!\S)|(?<=\.py))\S*?ipykernel_\d+[\\/]\d+\.py")
_INJECTED = "injected-parameters"


def prepare_notebook(notebook: NotebookNode) -> None:
    """
    Empty a notebook and give every cell an id before it runs, in place.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        As read from its file.
    """
    notebook.nbformat_minor = max(5, notebook.nbformat_minor)
    # A file without a kernel would not tell papermill in which language to write parameters.
    notebook.metadata = _stable_metadata(notebook.metadata)
    for at, cell in enumerate(notebook.cells):
        cell.setdefault("id", f"cell-{at:03d}")
        if cell.cell_type == "code":
            cell.outputs = []
            cell.execution_count = None


def clean_notebook(notebook: NotebookNode, folders: Folders) -> None:
    """
    Take out of an executed notebook what differs between two runs of the same, in place.

    Not able to mend outputs that differ by themselves, such as object addresses.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Executed.
    folders : tuple of (str, str)
        Folders of this machine with the word to show instead.
    """
    notebook.metadata = _stable_metadata(notebook.metadata)
    for cell in notebook.cells:
        for name in _VOLATILE:
            cell.metadata.pop(name, None)
        if _INJECTED in cell.metadata.get("tags", []):
            cell.id = _INJECTED
        if cell.cell_type == "code":
            outputs = [_scrubbed(output, folders) for output in cell.outputs]
            cell.outputs = _merged_streams(outputs)


def known_folders(extra: Mapping[str, str]) -> Folders:
    """
    List the folders of this machine that must not show in a report.

    Parameters
    ----------
    extra : mapping of str to str
        Further folders with the word to show instead.

    Returns
    -------
    tuple of (str, str)
        Folder and word, longest folder first.
    """
    source = Path(__file__).resolve().parents[2]
    folders = {
        str(Path.home()): "~",
        tempfile.gettempdir(): "tmp",
        sys.base_prefix: "python",
        sys.prefix: "python",
        sysconfig.get_paths()["stdlib"]: "python",
        sysconfig.get_paths()["purelib"]: "site-packages",
        str(source.parent): ".",
        str(source): "src",
        **extra,
    }
    for folder in list(folders):
        folders.setdefault(os.path.realpath(folder), folders[folder])
    # The root itself is no secret, and replacing it would tear every path.
    named = {folder: word for folder, word in folders.items() if len(Path(folder).parts) > 1}
    return tuple(sorted(named.items(), key=lambda item: (-len(item[0]), item[0])))


def scrub(text: str, folders: Folders) -> str:
    """
    Take terminal colours and folders of this machine out of a text.

    Parameters
    ----------
    text : str
        What a cell showed.
    folders : tuple of (str, str)
        Folders with the word to show instead, longest first.

    Returns
    -------
    str
        The text, fit to be published.

    Examples
    --------
    >>> scrub("/home/me/desk/x.py", (("/home/me", "~"),))
    '~/desk/x.py'
    """
    text = _ANSI.sub("", text)
    if "ipykernel_" in text:
        text = _CELL_FILE.sub("<cell>", text)
    for folder, word in folders:
        if folder in text:
            text = text.replace(folder + "/", word + "/").replace(folder, word)
    return text


def _stable_metadata(metadata: Mapping[str, Any]) -> NotebookNode:
    from nbformat import from_dict

    kept = {
        name: value
        for name, value in metadata.items()
        if name not in (*_VOLATILE, "kernelspec", "language_info", "widgets")
    }
    kept["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    kept["language_info"] = {"name": "python"}
    stable: NotebookNode = from_dict(kept)  # type: ignore[no-untyped-call]
    return stable


def _scrubbed(output: NotebookNode, folders: Folders) -> NotebookNode:
    if output.output_type == "stream":
        output.text = scrub(_overwritten(output.text), folders)
    elif output.output_type == "error":
        output.ename = scrub(output.ename, folders)
        output.evalue = scrub(output.evalue, folders)
        output.traceback = [scrub(line, folders) for line in output.traceback]
    else:
        for kind, value in output.data.items():
            if isinstance(value, str) and not _is_binary(kind):
                output.data[kind] = scrub(value, folders)
    return output


def _is_binary(kind: str) -> bool:
    return kind.startswith("image/") and kind != "image/svg+xml"


def _overwritten(text: str) -> str:
    """Keep of each line what a terminal would show after carriage returns."""
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))


def _merged_streams(outputs: Iterable[NotebookNode]) -> list[NotebookNode]:
    """
    Join what was printed in one go.

    How two streams interleave depends on the kernel's timer, so standard output comes first.
    """
    merged: list[NotebookNode] = []
    run: dict[str, NotebookNode] = {}
    for output in outputs:
        if output.output_type == "stream":
            if output.name in run:
                run[output.name].text += output.text
            else:
                run[output.name] = output
            continue
        merged += [run[name] for name in ("stdout", "stderr") if name in run]
        run = {}
        merged.append(output)
    return merged + [run[name] for name in ("stdout", "stderr") if name in run]
