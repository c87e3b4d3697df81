"""Tests of one kind that stand in several reports of one run: one family, adjusted as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["adjust_families"]

DIRECTIONS = ("higher", "lower")


def adjust_families(findings: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """
    Adjust p values over all findings that bear one id, and take back verdicts that do not hold.

    Not for findings of different runs: a family is what one reader sees side by side.

    Parameters
    ----------
    findings : sequence of mapping
        Objects of ``findings.json``, each group of an id once.

    Returns
    -------
    list of dict
        The same, in the same order. ``p_adjusted`` is never below what a single report gave;
        a direction that is not shown over the whole family becomes ``no_difference_shown``.

    Notes
    -----
    Benjamini and Hochberg (1995) over each family, as within a single report.

    Examples
    --------
    >>> rows = [{"id": "a", "p_value": p, "p_adjusted": p, "ci_level": 0.95, "verdict": "higher"}
    ...         for p in (0.01, 0.04, 0.9)]
    >>> [(round(row["p_adjusted"], 4), row["verdict"]) for row in adjust_families(rows)][:2]
    [(0.03, 'higher'), (0.06, 'no_difference_shown')]
    """
    from supportlab.stats import adjust_p

    rows = [dict(item) for item in findings]
    for name in dict.fromkeys(row["id"] for row in rows):
        family = [row for row in rows if row["id"] == name]
        wider = adjust_p([row["p_value"] for row in family])
        for row, p_value in zip(family, wider, strict=True):
            if p_value is not None:
                _widen(row, p_value)
    return rows


def _widen(row: dict[str, Any], p_value: float) -> None:
    row["p_adjusted"] = max(p_value, row["p_adjusted"] or 0.0)
    is_shown = row["p_adjusted"] < 1.0 - row["ci_level"]
    if row["verdict"] in DIRECTIONS and not is_shown:
        row["verdict"] = "no_difference_shown"
