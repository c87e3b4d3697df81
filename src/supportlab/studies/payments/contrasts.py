"""A family of contrasts of payments: one table, adjusted p values, verdicts, findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.findings import Finding
from supportlab.records import Check
from supportlab.studies.payments.strata import StratumContrast
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from supportlab.stats.interval import Contrast
    from supportlab.vocabulary import Unit, Verdict

__all__ = ["Comparison", "contrast_findings", "contrast_table"]

# A difference inside these bounds changes no decision: a point of a rate, a ticket in a thousand
# payments.
EQUIVALENCE: Mapping[str, tuple[float, float]] = {
    "proportion": (-0.01, 0.01),
    "per_1000": (-1.0, 1.0),
}
# How a column's name says its unit.
_ENDINGS: Mapping[str, str] = {"proportion": "rate", "per_1000": "per_1000"}
# Below this share of comparable rows the contrast is one of a corner of the data.
LEAST_COMPARABLE = 0.5


@dataclass(frozen=True)
class Comparison:
    """
    One comparison that was asked for, made or refused.

    Parameters
    ----------
    group : mapping of str to str
        What tells it from the others of its family.
    estimand : str
        In words.
    found : StratumContrast, Contrast or None
        The result.
    reason : str
        Why there is none.
    """

    group: Mapping[str, str]
    estimand: str
    found: StratumContrast | Contrast | None
    reason: str = ""

    @property
    def contrast(self) -> Contrast | None:
        """The contrast itself."""
        return self.found.contrast if isinstance(self.found, StratumContrast) else self.found


def contrast_table(
    comparisons: Sequence[Comparison], unit: Unit, *, scale: float = 1.0, is_ratio: bool = False
) -> pd.DataFrame:
    """
    Lay a family of comparisons out with adjusted p values and verdicts.

    Not across families: all that come here bear one finding id.

    Parameters
    ----------
    comparisons : sequence of Comparison
        The family.
    unit : str
        Unit of the estimates.
    scale : float
        What differences are multiplied by, as 1000.
    is_ratio : bool
        Whether nothing is a ratio of 1 in place of a difference of 0.

    Returns
    -------
    pandas.DataFrame
        One row a comparison: the group's keys, ``estimate``, ``ci_low``, ``ci_high``, ``plain``
        (the contrast without strata), and with the ending of the unit (``_rate``, ``_per_1000``)
        ``first`` and ``second`` (what both have at equal stratum), ``n``, ``n_clusters``,
        ``comparable_share``, ``p_value``, ``p_adjusted``, ``verdict``, ``reason``.
    """
    from supportlab.stats import adjust_p

    rows = [_row(item, unit, scale, is_ratio) for item in comparisons]
    adjusted = adjust_p([row["p_value"] for row in rows], "holm")
    for row, value in zip(rows, adjusted, strict=True):
        row["p_adjusted"] = value
        row["verdict"] = _verdict(row, unit, is_ratio)
        row["reason"] = row.pop("reason")
    table = pd.DataFrame(rows)
    for name in ("estimate", "ci_low", "ci_high", "p_value", "p_adjusted"):
        table[name] = table[name].astype("float64")
    for name in ("n", "n_clusters"):
        table[name] = table[name].astype("Int64")
    return table


def contrast_findings(
    comparisons: Sequence[Comparison],
    table: pd.DataFrame,
    known: Mapping[str, Any],
    caveats: Sequence[str] = (),
) -> tuple[Finding, ...]:
    """
    Make the findings of a family.

    Parameters
    ----------
    comparisons : sequence of Comparison
        The family.
    table : pandas.DataFrame
        What `contrast_table` gave for it.
    known : mapping
        ``id``, ``study``, ``question``, ``unit``, ``as_of``, ``start``, ``end``, ``design``.
    caveats : sequence of str
        Of every finding.

    Returns
    -------
    tuple of Finding
        One a comparison, in order.
    """
    rows = table.to_dict("records")
    return tuple(
        _finding(item, row, dict(known), tuple(caveats))
        for item, row in zip(comparisons, rows, strict=True)
    )


def _row(item: Comparison, unit: Unit, scale: float, is_ratio: bool) -> dict[str, Any]:
    found, parts = item.contrast, getattr(item.found, "parts", None)
    factor = 1.0 if is_ratio else scale
    plain = getattr(item.found, "plain", None)
    inside = (parts.n_first + parts.n_second) if parts else None
    return {
        **item.group,
        "estimate": found.estimate * factor if found else None,
        "ci_low": _times(found.low if found else None, factor),
        "ci_high": _times(found.high if found else None, factor),
        "ci_level": INTERVAL_LEVEL,
        "unit": unit,
        "plain": _times(plain, factor),
        f"first_{_ENDINGS[unit]}": _times(parts.share_first if parts else None, scale),
        f"second_{_ENDINGS[unit]}": _times(parts.share_second if parts else None, scale),
        "n": found.n if found else None,
        "n_clusters": found.n_clusters if found else None,
        "comparable_share": inside / (inside + parts.n_left_out) if parts else None,
        "p_value": found.p_value if found else None,
        "reason": item.reason or None,
    }


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def _verdict(row: Mapping[str, Any], unit: Unit, is_ratio: bool) -> Verdict | None:
    if row["estimate"] is None:
        return None
    low, high = EQUIVALENCE[unit]
    if low < row["ci_low"] and row["ci_high"] < high:
        return "equivalent"
    if row["p_adjusted"] < 1.0 - INTERVAL_LEVEL:
        return "higher" if row["estimate"] > (1.0 if is_ratio else 0.0) else "lower"
    return "no_difference_shown"


def _finding(
    item: Comparison, row: Mapping[Any, Any], known: dict[str, Any], caveats: tuple[str, ...]
) -> Finding:
    known |= {"group": dict(item.group), "estimand": item.estimand, "caveats": caveats}
    found = item.contrast
    if found is None:
        return Finding.refused(reason=item.reason, **known)
    return Finding(
        **known,
        estimate=row["estimate"],
        ci_low=row["ci_low"],
        ci_high=row["ci_high"],
        ci_level=INTERVAL_LEVEL,
        n=int(row["n"]),
        n_clusters=int(row["n_clusters"]),
        method=found.method,
        p_value=row["p_value"],
        p_adjusted=row["p_adjusted"],
        verdict=row["verdict"],
        sensitivity=_sensitivity(item),
        checks=_overlap(row),
    )


def _sensitivity(item: Comparison) -> Mapping[str, object] | None:
    """Return how strong a hidden reason would have to be to explain the contrast away."""
    from supportlab.stats.sensitivity import e_value, e_value_of_difference

    found = item.contrast
    if found is None or found.low is None or found.high is None:
        return None
    try:
        if not isinstance(item.found, StratumContrast) or item.found.parts.is_ratio:
            return e_value(found.estimate, found.low, found.high).record()
        baseline = item.found.parts.share_second
        ends = (found.low, found.high)
        return e_value_of_difference(found.estimate, *ends, baseline=baseline).record()
    except NotEstimable:
        return None


def _overlap(row: Mapping[Any, Any]) -> tuple[Check, ...]:
    share = row["comparable_share"]
    if share is None or pd.isna(share):
        return ()
    return (
        Check(
            "both groups are in the same strata",
            bool(share >= LEAST_COMPARABLE),
            f"{100 * share:.0f} % of the rows lie in strata where both groups are",
        ),
    )
