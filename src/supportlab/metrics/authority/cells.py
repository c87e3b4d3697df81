"""Sums of tickets by authority: per team and month, per amount at the limit, per agent and week."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from supportlab.metrics.authority.tickets import INTAKE
from supportlab.metrics.sums import count_where, ordered_frame

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ANSWER_KEYS",
    "WEIGHT_STEPS",
    "agent_cells",
    "answer_cells",
    "limit_cells",
    "roll_out_cells",
    "wait_cells",
    "with_answer_weight",
]

# What may go with answering a survey, known before the answer is.
ANSWER_KEYS = (*INTAKE, "has_authority", "fcr")
# Weights are added up as whole thousandths, so that a sum does not depend on its order.
WEIGHT_STEPS = 1_000
SECONDS_PER_HOUR = 3_600


def answer_cells(tickets: Any) -> pd.DataFrame:
    """
    Count who was old enough to answer, who did, and who was pleased.

    Not for an estimate: these are what the model of answering is fitted on.

    Parameters
    ----------
    tickets : ibis.Table
        Of `authority_tickets`.

    Returns
    -------
    pandas.DataFrame
        One row per `ANSWER_KEYS`: ``n_asked``, ``n_answered``, ``n_good``.
    """
    keys = list(ANSWER_KEYS)
    counted = tickets.group_by(keys).aggregate(
        n_asked=tickets.is_asked.sum().cast("int64"),
        n_answered=count_where(tickets.answer != "none"),
        n_good=count_where(tickets.answer == "good"),
    )
    return ordered_frame(counted.filter(counted.n_asked > 0), keys)


def with_answer_weight(tickets: Any, weights: pd.DataFrame) -> Any:
    """
    Add to each ticket what one answer of its kind stands for.

    Parameters
    ----------
    tickets : ibis.Table
        Of `authority_tickets`.
    weights : pandas.DataFrame
        `ANSWER_KEYS` and ``weight``, tickets per answer.

    Returns
    -------
    ibis.Table
        As many rows, with ``weight_steps`` (whole thousandths; 0 where there is no answer).
    """
    import ibis
    import numpy as np

    scaled = np.rint(weights["weight"].to_numpy(dtype=float) * WEIGHT_STEPS).astype("int64")
    frame = weights[list(ANSWER_KEYS)].assign(own_steps=scaled)
    table = ibis.memtable(frame.rename(columns={name: f"key_{name}" for name in ANSWER_KEYS}))
    rules = [tickets[name] == table[f"key_{name}"] for name in ANSWER_KEYS]
    joined = tickets.left_join(table, rules)
    answered = (joined.answer != "none") & (joined.is_asked == 1)
    steps = answered.ifelse(joined.own_steps.fill_null(0), 0).cast("int64")
    return joined.mutate(weight_steps=steps).drop(
        "own_steps", *(f"key_{name}" for name in ANSWER_KEYS)
    )


def roll_out_cells(tickets: Any, unit: str, by: Sequence[str] = INTAKE) -> pd.DataFrame:
    """
    Sum up tickets by team, month, intake and authority.

    Parameters
    ----------
    tickets : ibis.Table
        Of `with_answer_weight`.
    unit : str
        Column to which authority is given: ``team``, ``agent`` or ``market``.
    by : sequence of str
        Covariates.

    Returns
    -------
    pandas.DataFrame
        One row per ``unit``, ``team``, ``month``, ``by`` and ``has_authority``: ``n`` and the sums
        of every outcome, as ``n_fcr`` and ``s_fcr``.
    """
    named = tickets.mutate(unit=tickets[unit])
    keys = ["unit", "team", "month", *by, "has_authority"]
    # A market-wide right spans teams; its own clusters are the markets.
    keys = [name for name in keys if not (name == "team" and unit == "market")]
    sums = named.group_by(keys).aggregate(**_sums(named))
    return _scaled(ordered_frame(sums, keys))


def limit_cells(tickets: Any) -> pd.DataFrame:
    """
    Sum up tickets by how far their amount lies from the limit.

    Parameters
    ----------
    tickets : ibis.Table
        Of `with_answer_weight`.

    Returns
    -------
    pandas.DataFrame
        One row per ``has_authority``, ``is_round``, ``shown_limit`` and ``margin_cents``,
        within once the limit on both sides: ``n``, the outcomes' sums and, as ``ss_approval``,
        their sums of squares.
    """
    near = tickets.filter(tickets.margin_cents.notnull())
    known = near.filter(near.margin_cents.abs() <= (near.shown_limit * 100).cast("int64"))
    keys = ["has_authority", "is_round", "shown_limit", "margin_cents"]
    sums = known.group_by(keys).aggregate(**_sums(known), **_squares(known))
    frame = _scaled(ordered_frame(sums, keys))
    return frame.assign(margin_cents=frame["margin_cents"].astype("int64"))


def agent_cells(tickets: Any, features: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """
    Sum up the tickets that authority could settle, by agent, team and week, and its use.

    Parameters
    ----------
    tickets : ibis.Table
        Of `with_answer_weight`.
    features : mapping of str to sequence of str
        Levels of intake columns to count, for the test of balance.

    Returns
    -------
    pandas.DataFrame
        One row per ``agent``, ``team``, ``week`` and ``used``: ``n``, the outcomes' sums, and
        ``f_COLUMN=LEVEL`` counts.
    """
    within = (tickets.margin_cents >= 0).fill_null(False) | (
        tickets.limit_amount.isnull() & tickets.value_reporting.notnull()
    )
    eligible = tickets.filter((tickets.has_authority == 1) & within & (tickets.is_used_known == 1))
    keys = ["agent", "team", "week", "used"]
    counts = {
        f"f_{name}={level}": count_where(eligible[name] == level)
        for name, levels in features.items()
        for level in levels
    }
    sums = eligible.group_by(keys).aggregate(**_sums(eligible), **counts)
    return _scaled(ordered_frame(sums, keys))


def wait_cells(tickets: Any, edges_hours: Sequence[int]) -> pd.DataFrame:
    """
    Sum up tickets that waited for an approval, by how long.

    Parameters
    ----------
    tickets : ibis.Table
        Of `with_answer_weight`.
    edges_hours : sequence of int
        Bounds of the bands of waits.

    Returns
    -------
    pandas.DataFrame
        One row per ``team``, intake, ``priority`` and ``wait_band`` (number of the band): ``n``,
        ``s_hours``, ``n_answered``, ``n_good`` and the weighted ``n_csat`` and ``s_csat``, with
        ``s_csat_hours`` for the hours of those who answered.
    """
    import ibis

    waited = tickets.filter((tickets.approval == 1) & (tickets.is_asked == 1))
    waited = waited.filter(waited.approval_seconds.notnull())
    seconds = waited.approval_seconds
    rules = [(seconds < edge * SECONDS_PER_HOUR, place) for place, edge in enumerate(edges_hours)]
    banded = waited.mutate(wait_band=ibis.cases(*rules, else_=len(edges_hours)).cast("int64"))
    keys = ["team", *INTAKE, "priority", "wait_band"]
    weight = banded.weight_steps
    sums = banded.group_by(keys).aggregate(
        n=banded.count().cast("int64"),
        s_hours=banded.approval_seconds.sum().cast("int64"),
        n_answered=count_where(banded.answer != "none"),
        n_good=count_where(banded.answer == "good"),
        s_plain_hours=(banded.answer != "none")
        .ifelse(banded.approval_seconds, 0)
        .sum()
        .cast("int64"),
        n_csat=weight.sum().cast("int64"),
        s_csat=(banded.answer == "good").ifelse(weight, 0).sum().cast("int64"),
        s_csat_hours=(weight * banded.approval_seconds).sum().cast("int64"),
    )
    frame = ordered_frame(sums, keys)
    for name, scale in (
        ("s_hours", SECONDS_PER_HOUR), ("s_plain_hours", SECONDS_PER_HOUR),
        ("n_csat", WEIGHT_STEPS), ("s_csat", WEIGHT_STEPS),
        ("s_csat_hours", WEIGHT_STEPS * SECONDS_PER_HOUR),
    ):  # fmt: skip
        frame[name] = frame[name].astype(float) / scale
    return frame


def _sums(rows: Any) -> dict[str, Any]:
    good = rows.answer == "good"
    sums = {
        "n": rows.count().cast("int64"),
        "n_used": rows.used.sum().cast("int64"),
        "n_fcr": count_where(rows.fcr != "other"),
        "s_fcr": count_where(rows.fcr == "success"),
        "n_asked": rows.is_asked.sum().cast("int64"),
        "n_answered": count_where(rows.answer != "none"),
        "n_good": count_where(good),
        "n_csat": rows.weight_steps.sum().cast("int64"),
        "s_csat": good.ifelse(rows.weight_steps, 0).sum().cast("int64"),
    }
    for name, column in _NUMBERS.items():
        sums[f"n_{name}"] = rows[column].count().cast("int64")
        sums[f"s_{name}"] = rows[column].sum().fill_null(0).cast("int64")
    return sums


def _squares(rows: Any) -> dict[str, Any]:
    good, weight = rows.answer == "good", rows.weight_steps
    squares = {
        "nn_csat": (weight * weight).sum().cast("int64"),
        "ss_csat": good.ifelse(weight * weight, 0).sum().cast("int64"),
    }
    for name, column in _NUMBERS.items():
        squares[f"ss_{name}"] = (rows[column] * rows[column]).sum().fill_null(0).cast("int64")
    return squares


_NUMBERS = {
    "escalation": "escalated",
    "approval": "approval",
    "approval_wait": "approval_seconds",
    "resolution_time": "resolution_seconds",
}
_SCALES = {"csat": WEIGHT_STEPS, "approval_wait": SECONDS_PER_HOUR,
           "resolution_time": SECONDS_PER_HOUR}  # fmt: skip


def _scaled(frame: pd.DataFrame) -> pd.DataFrame:
    """Bring thousandths to weights and seconds to hours; counts stay whole."""
    out = frame.copy()
    for name, scale in _SCALES.items():
        out[f"s_{name}"] = out[f"s_{name}"].astype(float) / scale
        if f"ss_{name}" in out:
            out[f"ss_{name}"] = out[f"ss_{name}"].astype(float) / scale**2
    out["n_csat"] = out["n_csat"].astype(float) / WEIGHT_STEPS
    if "nn_csat" in out:
        out["nn_csat"] = out["nn_csat"].astype(float) / WEIGHT_STEPS**2
    return out
