"""The same data under other definitions: what another system would print."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.format import format_range, format_value
from supportlab.results import Estimate
from supportlab.studies.common.cells import cell_of, fetch_sums
from supportlab.vocabulary import INTERVAL_LEVEL, Unit

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["rival_definitions"]


@dataclass(frozen=True)
class _Rival:
    metric: str
    definition: str
    function: str
    unit: Unit
    options: Mapping[str, Any] = field(default_factory=dict)


# The first definition of each metric is the one that reports use.
_RIVALS = (
    _Rival("FCR", "as reported here", "fcr", "proportion"),
    _Rival(
        "FCR",
        "tickets count a window after their resolution",
        "fcr",
        "proportion",
        {"maturity": "resolved"},
    ),
    _Rival("FCR", "from the tickets' own columns", "fcr", "proportion", {"source": "tickets"}),
    _Rival("FCR", "one-touch: one reply, no window", "one_touch", "proportion"),
    _Rival("Resolution time", "to the last resolution", "resolution_time", "hours"),
    _Rival(
        "Resolution time", "to the first resolution", "resolution_time", "hours", {"stop": "first"}
    ),
    _Rival("CSAT", "upper 40 % of the scale", "csat", "proportion"),
    _Rival(
        "CSAT",
        "answers in the middle left out",
        "csat",
        "proportion",
        {"measure": "good_bad"},
    ),
)


def rival_definitions(desk: Desk, *, start: str | None = None, end: str | None = None) -> Estimate:
    """
    Compute metrics under the definitions that other systems use.

    Not a choice between them: reports use the first of each; the others reconcile a figure with
    another system's screen.

    Parameters
    ----------
    desk : Desk
        The data.
    start, end : str, optional
        ISO dates of the cohort, end excluded.

    Returns
    -------
    Estimate
        One row a metric and definition: ``metric``, ``definition``, ``estimate``, ``ci_low``,
        ``ci_high``, ``unit``, ``n``, ``reason``.
    """
    table = pd.DataFrame([_row(desk, rival, start, end) for rival in _RIVALS])
    table["n"] = table["n"].astype("Int64")
    for name in ("estimate", "ci_low", "ci_high"):
        table[name] = table[name].astype("float64")
    return Estimate(
        "rival-definitions",
        "One metric, several definitions",
        table,
        sentences=_range_sentences(table),
    )


def _row(desk: Desk, rival: _Rival, start: str | None, end: str | None) -> dict[str, Any]:
    from supportlab import metrics

    named = {"metric": rival.metric, "definition": rival.definition, "unit": rival.unit}
    empty = {"estimate": None, "ci_low": None, "ci_high": None}
    try:
        sums = getattr(metrics, rival.function)(desk, start=start, end=end, **rival.options)
        frame, is_clustered = fetch_sums(sums)
        cell = cell_of(frame, sums.kind, INTERVAL_LEVEL, is_clustered=is_clustered)
    except NotEstimable as refusal:
        return {**named, **empty, "n": None, "reason": str(refusal)}
    found = cell.interval
    numbers = (
        {"estimate": found.estimate, "ci_low": found.low, "ci_high": found.high} if found else empty
    )
    return {**named, **numbers, "n": cell.n, "reason": cell.reason or None}


def _range_sentences(table: pd.DataFrame) -> tuple[str, ...]:
    words = []
    for metric, part in table.groupby("metric", sort=False):
        known = part.loc[part["estimate"].notna()]
        if len(known) > 1:
            ends = (known["estimate"].min(), known["estimate"].max())
            span = format_range(*ends, known["unit"].iloc[0])
            first, last = (format_value(end, known["unit"].iloc[0]) for end in ends)
            told = f"{span} depending on" if first != last else f"{first} whatever"
            words.append(f"{metric} reads {told} the definition.")
    return tuple(words) or ("No metric can be computed under more than one definition.",)
