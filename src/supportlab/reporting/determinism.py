"""Execute a notebook twice and find the cells that do not come out the same."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING, Any

from supportlab.errors import SupportLabError
from supportlab.reporting.jobs import Job
from supportlab.reporting.pool import run_jobs
from supportlab.reporting.signature import load_notebook
from supportlab.reporting.warm_client import named_warm_process

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["CAUSES", "UnstableCell", "compare_notebooks", "unstable_cells"]

# The second time the order of sets is another one: what depends on it shows.
OTHER_HASHES = {"PYTHONHASHSEED": "1"}
LONGEST_SHOWN = 160
# Two floats closer than this differ by the order of their additions.
SAME_NUMBER = 1e-9

_ADDRESS = re.compile(r"0x[0-9a-f]{6,}")
_CLOCK = r"\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?"
_MOMENT = re.compile(rf"(?:\d{{4}}-\d\d-\d\d[T ])?{_CLOCK}|\b\w{{3}}, \d\d \w{{3}} \d{{4}}")
_DURATION = re.compile(r"\d\s*(?:s|ms|µs|us|ns|min|seconds?|it/s|s/it)\b|%\|")
_IDENTIFIER = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|(?<![0-9a-f])[0-9a-f]{10,}",
)
_TEMPORARY = re.compile(r"/tmp[\w./-]*|(?:tmp)+[a-z0-9_]{8}|ipykernel_\d+")  # noqa: S108  a pattern
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")

CAUSES = {
    "object address": "show the value, not the object: name its fields, or give it a __repr__",
    "clock": "show as_of in place of the present moment, or nothing",
    "measured time": "leave timings and progress out of cells; the run's manifest has the seconds",
    "random identifier": "set it: Styler(uuid=...), svg.hashsalt, a fixed id; or do not show it",
    "temporary path": "show a name that does not depend on the machine, or nothing",
    "order of a set": "sort before showing; only a fixed PYTHONHASHSEED holds it together",
    "last digits of a float": "round before showing; sums of floats depend on their order",
    "random numbers": "fix the seed: numpy.random.default_rng(seed), random_state=seed",
    "picture": "fix what is drawn; pictures of the same data are the same bytes here",
    "number of outputs": "let each cell end the same way; warnings and progress come and go",
    "not recognised": "look at the two texts",
}


@dataclass(frozen=True)
class UnstableCell:
    """
    A cell whose output was another one the second time.

    Parameters
    ----------
    cell : int
        Counted from 1, of all cells.
    cause : str
        One of `CAUSES`.
    first, second : str
        The differing places, shortened.
    """

    cell: int
    cause: str
    first: str
    second: str

    @property
    def cure(self) -> str:
        """Return what to do about it."""
        return CAUSES[self.cause]


def unstable_cells(job: Job) -> list[UnstableCell]:
    """
    Execute a job's notebook twice, each on a kernel of its own, and compare what it shows.

    Not a proof of stability: a cell that differs once in a hundred runs may come out the same.

    Parameters
    ----------
    job : Job
        The notebook with its values; its folders get a suffix for each execution.

    Returns
    -------
    list of UnstableCell
        In the order of the cells; the second execution has another seed of hashes.

    Raises
    ------
    SupportLabError
        When the notebook does not run to its end.
    """
    found = []
    for suffix, environment in (("first", {}), ("second", OTHER_HASHES)):
        own = replace(
            job,
            folder=str(Path(job.folder) / suffix),
            private=str(Path(job.private) / suffix),
            environment=environment,
        )
        # A forked process has the hashes of the warm one; another seed needs a process of its own.
        warm = "" if environment else named_warm_process()
        (outcome,) = run_jobs([own], 1, _silent, _silent, warm).values()
        if outcome.failure:
            raise SupportLabError(f"{job.study} cannot be compared: {outcome.failure}")
        found.append(load_notebook(Path(own.folder) / "notebook.ipynb"))
    return compare_notebooks(*found)


def compare_notebooks(first: NotebookNode, second: NotebookNode) -> list[UnstableCell]:
    """
    Compare the outputs of two executions of one notebook.

    Parameters
    ----------
    first, second : nbformat.NotebookNode
        Executed and cleaned.

    Returns
    -------
    list of UnstableCell
        One for each cell that differs.
    """
    cells = []
    for at, (one, other) in enumerate(zip(first.cells, second.cells, strict=True), start=1):
        if one.cell_type == "code" and one.outputs != other.outputs:
            cells.append(_judged(at, one.outputs, other.outputs))
    return cells


def _silent(*_: object) -> None:
    return None


def _judged(at: int, first: Sequence[Any], second: Sequence[Any]) -> UnstableCell:
    if len(first) != len(second):
        counts = (f"{len(first)} outputs", f"{len(second)} outputs")
        return UnstableCell(at, "number of outputs", *counts)
    one, other = _texts(first), _texts(second)
    if one == other:
        return UnstableCell(at, "picture", "a picture", "another picture")
    return UnstableCell(at, _cause(one, other), *_places(one, other))


def _texts(outputs: Sequence[Any]) -> str:
    parts = []
    for output in outputs:
        data = output.get("data", {})
        texts = [value for kind, value in data.items() if not kind.startswith("image/")]
        texts += [value for kind, value in data.items() if kind == "image/svg+xml"]
        parts += [output.get("text", ""), *map(str, texts), output.get("evalue", "")]
    return "\n".join(parts)


def _cause(one: str, other: str) -> str:
    """Return the first cause that explains the whole difference when it is taken away."""
    for name, is_it in _TESTS.items():
        if is_it(one, other):
            return name
    return "not recognised"


def _without(pattern: re.Pattern[str]) -> Callable[[str, str], bool]:
    def is_it(one: str, other: str) -> bool:
        if not (pattern.search(one) and pattern.search(other)):
            return False
        return pattern.sub("", one) == pattern.sub("", other)

    return is_it


def _is_order(one: str, other: str) -> bool:
    return Counter(re.findall(r"\w+", one)) == Counter(re.findall(r"\w+", other))


def _is_timing(one: str, other: str) -> bool:
    return bool(_DURATION.search(one) and _DURATION.search(other)) and _is_random(one, other)


def _is_rounding(one: str, other: str) -> bool:
    if not _is_random(one, other):
        return False
    pairs = zip(_NUMBER.findall(one), _NUMBER.findall(other), strict=True)
    return all(
        abs(float(left) - float(right)) <= SAME_NUMBER * max(1.0, abs(float(left)))
        for left, right in pairs
    )


def _is_random(one: str, other: str) -> bool:
    has_as_many = len(_NUMBER.findall(one)) == len(_NUMBER.findall(other))
    return has_as_many and _squeezed(one) == _squeezed(other)


def _squeezed(text: str) -> str:
    """Return a text without its numbers, and without the blanks that align them."""
    return re.sub(r"\s+", " ", _NUMBER.sub("#", text))


_TESTS: dict[str, Callable[[str, str], bool]] = {
    "object address": _without(_ADDRESS),
    "temporary path": _without(_TEMPORARY),
    "random identifier": _without(_IDENTIFIER),
    "clock": _without(_MOMENT),
    "order of a set": _is_order,
    "measured time": _is_timing,
    "last digits of a float": _is_rounding,
    "random numbers": _is_random,
}


def _places(one: str, other: str) -> tuple[str, str]:
    matcher = SequenceMatcher(None, one[:20_000], other[:20_000], autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind != "equal":
            start = max(0, a - 30), max(0, c - 30)
            return _shortened(one[start[0] : b + 30]), _shortened(other[start[1] : d + 30])
    return _shortened(one), _shortened(other)


def _shortened(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= LONGEST_SHOWN else words[: LONGEST_SHOWN - 1] + "…"
