"""What differences these data could show at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.format import format_value
from supportlab.metrics.dimensions import MISSING
from supportlab.results import Estimate
from supportlab.studies.common.cells import cell_of, fetch_sums
from supportlab.studies.common.measures import measure_of
from supportlab.studies.common.refusals import refused_estimate
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["detectable_differences"]

COMPARED = ("fcr", "csat")
GROUPS = ("market", "channel")
# Fewer clusters than this cannot carry a comparison: one of them decides it.
MINIMUM_CLUSTERS = 8
POWER = 0.8


@dataclass(frozen=True)
class _Whole:
    share: float
    design_effect: float
    n_clusters: int | None


def detectable_differences(
    desk: Desk,
    *,
    start: str | None = None,
    end: str | None = None,
    level: float = INTERVAL_LEVEL,
) -> Estimate:
    """
    Compute the smallest differences in FCR and CSAT that these data would show.

    Not after a comparison, to explain it: then its interval says what can be excluded.

    Parameters
    ----------
    desk : Desk
        The data.
    start, end : str, optional
        ISO dates of the cohort, end excluded.
    level : float
        Level of the comparison.

    Returns
    -------
    Estimate
        One row a comparison: ``metric``, ``comparison``, ``n_first``, ``n_second``,
        ``design_effect``, ``detectable_share`` (difference of shares that is found four times
        in five), ``reason``.

    Notes
    -----
    Fleiss (1981) on rows over the design effect of the whole, with the degrees of freedom of
    the clusters; each market and channel against all others, and the second half of the months
    against the first.
    """
    rows = [row for metric in COMPARED for row in _rows(desk, metric, start, end, level)]
    table = pd.DataFrame(rows, columns=_COLUMNS)
    title = "Differences that these data could show"
    if table["detectable_share"].isna().all():
        reason = "; ".join(dict.fromkeys(str(item) for item in table["reason"]))
        return refused_estimate("detectable-differences", title, reason)
    table = table.astype({"n_first": "Int64", "n_second": "Int64", "detectable_share": "float64"})
    return Estimate(
        "detectable-differences", title, table, sentences=_sentences(table), caveats=(_CAVEAT,)
    )


_COLUMNS = [
    "metric",
    "comparison",
    "n_first",
    "n_second",
    "design_effect",
    "detectable_share",
    "reason",
]
_CAVEAT = (
    "One comparison that was planned beforehand; after looking at many groups, a difference has "
    "to be larger to be believed."
)


def _rows(
    desk: Desk, metric: str, start: str | None, end: str | None, level: float
) -> Iterator[dict[str, Any]]:
    measure = measure_of(metric)
    title = measure.title
    try:
        sums = measure.sums(desk, start=start, end=end)
        whole = _whole(*fetch_sums(sums), level)
    except NotEstimable as refusal:
        yield _refused(title, "any", str(refusal))
        return
    for name, sizes, reason in _sizes(desk, metric, start, end):
        if sizes is None:
            yield _refused(title, f"by {name}", reason)
            continue
        pairs = _halves(sizes) if name == "month" else _against_rest(sizes, name)
        for words, first, second in pairs:
            yield _row(title, words, (first, second), whole, level)


def _sizes(
    desk: Desk, metric: str, start: str | None, end: str | None
) -> Iterator[tuple[str, pd.Series | None, str]]:
    """Count rows by each group: in one pass where the data have all of them."""
    measure, names = measure_of(metric), (*GROUPS, "month")
    try:
        frame = measure.sums(desk, by=names, cluster=None, start=start, end=end).fetch()
    except NotEstimable:
        frame = None
    for name in names:
        if frame is not None:
            yield name, frame.groupby(name, sort=True)["n"].sum(), ""
            continue
        try:
            part = measure.sums(desk, by=name, cluster=None, start=start, end=end).fetch()
        except NotEstimable as refusal:
            yield name, None, str(refusal)
        else:
            yield name, part.set_index(name)["n"], ""


def _whole(frame: pd.DataFrame, is_clustered: bool, level: float) -> _Whole:
    cell = cell_of(frame, "rate", level, is_clustered=is_clustered)
    if cell.interval is None:
        raise NotEstimable(cell.reason)
    if cell.n_clusters is not None and cell.n_clusters < MINIMUM_CLUSTERS:
        raise NotEstimable(
            f"there are {cell.n_clusters} clusters; a comparison needs {MINIMUM_CLUSTERS}"
        )
    found = cell.interval
    return _Whole(found.estimate, max(found.design_effect or 1.0, 1.0), cell.n_clusters)


def _against_rest(sizes: pd.Series, name: str) -> Iterator[tuple[str, int, int]]:
    named = sizes.drop(MISSING, errors="ignore")
    total = int(named.sum())
    if len(named) < 2:
        return
    for group, n in named.items():
        yield f"{name} {group} against the others", int(n), total - int(n)


def _halves(sizes: pd.Series) -> Iterator[tuple[str, int, int]]:
    middle = len(sizes) // 2
    if middle:
        words = f"before and after {sizes.index[middle]}"
        yield words, int(sizes.iloc[:middle].sum()), int(sizes.iloc[middle:].sum())


def _row(
    title: str, words: str, sizes: tuple[int, int], whole: _Whole, level: float
) -> dict[str, Any]:
    from supportlab.stats import minimal_detectable_difference

    df = float("inf") if whole.n_clusters is None else float(whole.n_clusters - 2)
    found, reason = None, None
    try:
        found = minimal_detectable_difference(
            *sizes,
            whole.share,
            design_effect=whole.design_effect,
            level=level,
            power=POWER,
            df=df,
        )
    except NotEstimable as refusal:
        reason = str(refusal)
    return {
        "metric": title,
        "comparison": words,
        "n_first": sizes[0],
        "n_second": sizes[1],
        "design_effect": whole.design_effect,
        "detectable_share": found,
        "reason": reason,
    }


def _refused(title: str, words: str, reason: str) -> dict[str, Any]:
    return {"metric": title, "comparison": words, "reason": reason}


def _sentences(table: pd.DataFrame) -> tuple[str, ...]:
    words = []
    for metric, part in table.groupby("metric", sort=False):
        known = part.loc[part["detectable_share"].notna()]
        if known.empty:
            words.append(f"{metric}: no comparison can be made.")
            continue
        shares = known["detectable_share"].to_numpy(dtype=float)
        best, worst = known.iloc[int(shares.argmin())], known.iloc[int(shares.argmax())]
        words.append(
            f"{metric}: the smallest difference that would be found four times in five is "
            f"{_points(best)} ({best['comparison']}), the largest {_points(worst)} "
            f"({worst['comparison']})."
        )
    return tuple(words)


def _points(row: pd.Series) -> str:
    return format_value(row["detectable_share"], "proportion").replace("%", "points")
