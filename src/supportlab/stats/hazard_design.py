"""Columns of a hazard model from labels and numbers, kept small until a block of them is needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from supportlab.errors import ParameterError, listed
from supportlab.stats.interval import FloatArray, aligned

__all__ = [
    "INTERCEPT",
    "POOLED",
    "Cells",
    "DesignBlocks",
    "HazardDesign",
    "Levels",
    "collapse",
    "hazard_design",
]

INTERCEPT = "(intercept)"
POOLED = "(few)"
# A level of a covariate with fewer events is put together with the other such levels: ten events
# a coefficient keep the others unbiased (Peduzzi et al. 1996), and none can run to infinity.
LEVEL_EVENTS = 10
# Rows of one dense block: 100,000 rows of 60 columns take 48 MB.
BLOCK_ROWS = 100_000
# Numbers of a design that are kept between the steps of a fit (320 MB), rather than made anew.
KEPT_NUMBERS = 40_000_000
_LARGEST_KEY = 2**62


@dataclass(frozen=True)
class Levels:
    """
    Labels that were numbered before, which spares sorting millions of them again for each model.

    Parameters
    ----------
    codes : numpy.ndarray of shape (n_rows,)
        Number of each row's label.
    names : tuple of str
        Labels, in their order.
    """

    codes: NDArray[np.intp]
    names: tuple[str, ...]


@dataclass(frozen=True)
class _Factor:
    """Levels by number; 0 is the reference and has no column."""

    codes: NDArray[np.int32]
    first: int


@dataclass(frozen=True)
class _Number:
    """One column as it is."""

    values: FloatArray
    place: int


@dataclass(frozen=True)
class HazardDesign:
    """
    The columns of a hazard model, one row a cell.

    Parameters
    ----------
    names : tuple of str
        Names of the columns: ``(intercept)``, ``factor=level``, and the numbers' own names.
    size : int
        Cells.
    references : mapping of str to str
        The level of each factor that has no column.
    pooled : tuple of str
        Levels, as ``factor=level``, that were put together for want of events.
    """

    names: tuple[str, ...]
    size: int
    references: Mapping[str, str]
    pooled: tuple[str, ...]
    _parts: tuple[_Factor | _Number, ...]

    def matrix(self, rows: NDArray[np.intp] | slice = slice(None)) -> FloatArray:
        """Return the dense columns of some cells."""
        chosen = np.arange(self.size)[rows]
        out = np.zeros((chosen.size, len(self.names)))
        out[:, 0] = 1.0
        for part in self._parts:
            if isinstance(part, _Number):
                out[:, part.place] = part.values[chosen]
                continue
            codes = part.codes[chosen]
            inside = np.flatnonzero(codes)
            out[inside, part.first + codes[inside] - 1] = 1.0
        return out


@dataclass(frozen=True)
class Cells:
    """
    Rows that share every column, counted once.

    Parameters
    ----------
    place : numpy.ndarray of shape (n_rows,)
        The cell of each row.
    first : numpy.ndarray of shape (n_cells,)
        A row of each cell.
    n, n_events : numpy.ndarray of shape (n_cells,)
        Customer-months and events of each cell.
    """

    place: NDArray[np.intp]
    first: NDArray[np.intp]
    n: FloatArray
    n_events: FloatArray


class DesignBlocks:
    """
    Dense columns of chosen rows, stretch by stretch; kept where they are small.

    Parameters
    ----------
    design : HazardDesign
        Columns.
    rows : numpy.ndarray of shape (n_chosen,)
        Rows of the design, in the order wanted.
    """

    def __init__(self, design: HazardDesign, rows: NDArray[np.intp]) -> None:
        self._design, self._rows = design, rows
        self._kept: list[tuple[slice, FloatArray]] | None = None
        if rows.size * len(design.names) <= KEPT_NUMBERS:
            self._kept = list(self._made())

    def __iter__(self) -> Iterator[tuple[slice, FloatArray]]:
        """Yield a stretch of the chosen rows with its dense columns."""
        return iter(self._kept) if self._kept is not None else self._made()

    def _made(self) -> Iterator[tuple[slice, FloatArray]]:
        for start in range(0, self._rows.size, BLOCK_ROWS):
            stretch = slice(start, min(start + BLOCK_ROWS, self._rows.size))
            yield stretch, self._design.matrix(self._rows[stretch])


def hazard_design(
    factors: Mapping[str, ArrayLike | Levels],
    numbers: Mapping[str, ArrayLike],
    n_events: ArrayLike,
    n: ArrayLike,
) -> HazardDesign:
    """
    Lay out the columns of a hazard model.

    Not for a factor of interest: its rare levels are put together, and its reference is the level
    with the most customer-months. Give what is asked about as numbers.

    Parameters
    ----------
    factors : mapping of str to array_like of shape (n_cells,) or Levels
        Labels of covariates.
    numbers : mapping of str to array_like of shape (n_cells,)
        Columns as they are: exposures of 0 and 1, doses, products of these.
    n_events, n : array_like of shape (n_cells,)
        Events and customer-months.

    Returns
    -------
    HazardDesign
        Names and parts; a factor of one level has no column.

    Raises
    ------
    ParameterError
        Lengths differ, or a number is missing.

    Examples
    --------
    >>> design = hazard_design({"plan": ["a", "b", "b"]}, {"slow": [0, 1, 0]}, [19, 18, 17],
    ...                        [90, 95, 99])
    >>> design.names, design.references
    (('(intercept)', 'plan=a', 'slow'), {'plan': 'b'})
    """
    events, rows = aligned({"n_events": n_events, "n": n})
    names, parts, pooled = [INTERCEPT], list[_Factor | _Number](), list[str]()
    references: dict[str, str] = {}
    for name, labels in factors.items():
        codes, levels, few = _levels(name, labels, events, rows)
        pooled += [f"{name}={level}" for level in few]
        references[name] = levels[0]
        if len(levels) > 1:
            parts.append(_Factor(codes, len(names)))
            names += [f"{name}={level}" for level in levels[1:]]
    for name, values in numbers.items():
        (column,) = aligned({name: values}, min_zero=False)
        _same_length(name, column.size, rows.size)
        parts.append(_Number(column, len(names)))
        names.append(name)
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        raise ParameterError(f"Columns named twice: {listed(double)}; give each another name.")
    return HazardDesign(tuple(names), rows.size, references, tuple(pooled), tuple(parts))


def _levels(
    name: str, labels: ArrayLike | Levels, events: FloatArray, rows: FloatArray
) -> tuple[NDArray[np.int32], list[str], list[str]]:
    """Number the levels, most customer-months first, the rare ones together."""
    found = labels if isinstance(labels, Levels) else _sorted(labels)
    _same_length(name, found.codes.size, rows.size)
    text, codes = np.array(found.names), found.codes
    died = np.bincount(codes, weights=events, minlength=text.size)
    size = np.bincount(codes, weights=rows, minlength=text.size)
    few = died < LEVEL_EVENTS
    home, shown = np.arange(text.size), [str(label) for label in text]
    if few.any():
        # Too few even together, they go with the level that has the most events.
        is_one = died[few].sum() >= LEVEL_EVENTS or bool(few.all())
        home[few] = int(np.argmax(few)) if is_one else int(np.argmax(died))
        named = zip(shown, few, strict=True)
        shown = [POOLED if is_one and rare else label for label, rare in named]
    total = np.bincount(home, weights=size, minlength=text.size)
    order = sorted({int(place) for place in home}, key=lambda place: (-total[place], place))
    number = np.zeros(text.size, dtype=np.int32)
    number[order] = np.arange(len(order), dtype=np.int32)
    chosen: NDArray[np.int32] = number[home][codes]
    return (
        chosen,
        [shown[place] for place in order],
        [str(label) for label in text[few & (size > 0)]],
    )


def _sorted(labels: ArrayLike) -> Levels:
    text, codes = np.unique(np.asarray(labels).astype(str), return_inverse=True)
    return Levels(codes.reshape(-1), tuple(str(label) for label in text))


def _same_length(name: str, size: int, wanted: int) -> None:
    if size != wanted:
        raise ParameterError(f"{name} has {size} values and n {wanted}; give one per cell.")


def collapse(design: HazardDesign, n_events: FloatArray, n: FloatArray) -> Cells:
    """
    Count the rows that share every column once.

    Not for rows whose offset differs: they are no longer alike.

    Parameters
    ----------
    design : HazardDesign
        Columns of each row.
    n_events, n : numpy.ndarray of shape (n_rows,)
        Events and customer-months of each row.

    Returns
    -------
    Cells
        Cells in the order of their columns.

    Examples
    --------
    >>> import numpy as np
    >>> two, ten = np.array([1.0, 0.0]), np.array([10.0, 12.0])
    >>> collapse(hazard_design({}, {"slow": [1, 1]}, two, ten), two, ten).n.tolist()
    [22.0]
    """
    key, bound = np.zeros(design.size, dtype=np.int64), 1
    for part in design._parts:
        codes, n_levels = _coded(part)
        if bound * n_levels > _LARGEST_KEY:
            values, key = np.unique(key, return_inverse=True)
            bound = values.size
        key, bound = key * n_levels + codes, bound * n_levels
    _, first, place = np.unique(key, return_index=True, return_inverse=True)
    sums = [np.bincount(place, weights=column, minlength=first.size) for column in (n, n_events)]
    return Cells(place, first, sums[0].astype(float), sums[1].astype(float))


def _coded(part: _Factor | _Number) -> tuple[NDArray[np.int64], int]:
    if isinstance(part, _Factor):
        return part.codes.astype(np.int64), int(part.codes.max(initial=0)) + 1
    values, codes = np.unique(part.values, return_inverse=True)
    return codes.astype(np.int64), values.size
