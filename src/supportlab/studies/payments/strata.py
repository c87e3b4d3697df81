"""Contrasts of two arms of payments at equal stratum, from cells and their customers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from supportlab.stats.interval import Contrast
from supportlab.stats.stratified import (
    StratifiedContrast,
    stratified_difference,
    stratified_ratio,
)

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["StratumContrast", "strata_of", "strata_words", "within_strata"]

# What the processor, the bank and the customer see before they answer, and these data may hold.
STRATA = ("market", "method", "amount_band")
_WORDS = {
    "market": "market",
    "method": "method",
    "amount_band": "amount band",
    "month": "month",
    "authentication": "authentication",
}


@dataclass(frozen=True)
class StratumContrast:
    """
    A contrast at equal stratum with the plain one beside it.

    Parameters
    ----------
    contrast : Contrast
        The difference or ratio within strata.
    plain : float
        The same without strata.
    parts : StratifiedContrast
        Sizes, weighted shares and scores.
    n_strata : int
        Strata in which both arms are.
    """

    contrast: Contrast
    plain: float
    parts: StratifiedContrast
    n_strata: int


def strata_of(desk: Desk, names: Sequence[str] = STRATA) -> tuple[str, ...]:
    """
    Return the strata that these data can make.

    Parameters
    ----------
    desk : Desk
        The data.
    names : sequence of str
        Wanted ones: ``market``, ``method``, ``amount_band``.

    Returns
    -------
    tuple of str
        Those whose columns are provided.
    """
    there = {
        "market": desk.has("payments", "market") or _by_customer(desk),
        "method": desk.has("payments", "method"),
        "amount_band": desk.has("payments", "amount", "presentment_currency"),
    }
    return tuple(name for name in names if there.get(name, True))


def strata_words(names: Sequence[str]) -> str:
    """
    Name strata for a sentence.

    Parameters
    ----------
    names : sequence of str
        Columns.

    Returns
    -------
    str
        As "market, method and amount band"; "nothing" for none.

    Examples
    --------
    >>> strata_words(("market", "amount_band"))
    'market and amount band'
    """
    words = [_WORDS.get(name, name.replace("_", " ")) for name in names]
    if len(words) < 2:
        return words[0] if words else "nothing"
    return f"{', '.join(words[:-1])} and {words[-1]}"


def within_strata(
    frame: pd.DataFrame,
    arm: str,
    versus: tuple[str, str],
    outcome: str,
    squares: Callable[[pd.DataFrame], tuple[float, int]],
    *,
    is_ratio: bool = False,
) -> StratumContrast:
    """
    Compare two arms at equal stratum.

    Not an effect: an arm is not drawn by lot.

    Parameters
    ----------
    frame : pandas.DataFrame
        Counts by cell: ``arm``, the strata's columns, ``n``, the outcome's count, ``n_...``.
    arm : str
        Column that holds the arms; every other column that holds text is a stratum.
    versus : tuple of (str, str)
        The arm and the one that it is compared with.
    outcome : str
        Column of the outcome's count.
    squares : callable
        Takes scores by cell (``a_x``, ``b_x``), gives the sum of squares over clusters and how
        many clusters have a row in these cells.
    is_ratio : bool
        A ratio of shares in place of a difference.

    Returns
    -------
    StratumContrast
        With interval and the plain contrast.

    Raises
    ------
    NotEstimable
        No stratum has both arms, or too few customers.
    """
    strata = [name for name in frame.columns if name != arm and not _is_count(name)]
    first, second = (_counts(frame, arm, value, strata, outcome) for value in versus)
    wide = first.add_suffix("_1").join(second.add_suffix("_0"), how="outer")
    wide = wide.fillna(0).sort_index()
    columns = [wide[name].to_numpy(dtype=float) for name in ("y_1", "n_1", "y_0", "n_0")]
    parts = (stratified_ratio if is_ratio else stratified_difference)(*columns)
    scores = _scores(wide, parts, arm, versus, strata)
    total, n_clusters = squares(scores)
    y1, n1, y0, n0 = (float(values.sum()) for values in columns)
    shares = y1 / n1, y0 / n0
    plain = shares[0] - shares[1]
    if is_ratio:
        plain = shares[0] / shares[1] if shares[1] else float("nan")
    found = parts.contrast(total, n_clusters)
    return StratumContrast(found, plain, parts, int(((columns[1] > 0) & (columns[3] > 0)).sum()))


def _counts(
    frame: pd.DataFrame, arm: str, value: str, strata: list[str], outcome: str
) -> pd.DataFrame:
    part = frame.loc[frame[arm] == value]
    # Without strata all rows are one stratum.
    part, keys = (part, strata) if strata else (part.assign(whole="all"), ["whole"])
    summed = part.groupby(keys, sort=True)[[outcome, "n"]].sum()
    return summed.rename(columns={outcome: "y"})


def _scores(
    wide: pd.DataFrame,
    parts: StratifiedContrast,
    arm: str,
    versus: tuple[str, str],
    strata: list[str],
) -> pd.DataFrame:
    both = ((wide["n_1"] > 0) & (wide["n_0"] > 0)).to_numpy()
    pieces = []
    for value, a, b in (
        (versus[0], parts.first_a, parts.first_b),
        (versus[1], parts.second_a, parts.second_b),
    ):
        keys = wide.index.to_frame(index=False)[strata] if strata else pd.DataFrame(index=[0])
        piece = keys.copy()
        for name, content in ((arm, value), ("a_x", a), ("b_x", b)):
            piece[name] = content
        pieces.append(piece.loc[both] if strata else piece)
    return pd.concat(pieces, ignore_index=True)


def _is_count(name: str) -> bool:
    return name == "n" or name.startswith("n_")


def _by_customer(desk: Desk) -> bool:
    return desk.has("customers", "customer_id", "market") and desk.has("payments", "customer_id")
