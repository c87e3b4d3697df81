"""How many customers leave in a month: the naive share beside the rate, groups and kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.findings import Finding
from supportlab.format import format_interval, format_value
from supportlab.results import Estimate
from supportlab.studies.common.cells import Cell, cell_of
from supportlab.studies.common.levels import level as level_of
from supportlab.studies.common.measures import measure_of
from supportlab.studies.common.refusals import as_of_text, refused_estimate
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["churn_kinds", "churn_rate", "churn_rate_naive"]

STUDY = "churn-and-service-quality"
KINDS = ("voluntary", "involuntary")
KINDS_TITLE = "Churn per month by kind"
NAIVE_TITLE = "Churn: the naive figures"


def churn_rate(
    desk: Desk,
    *,
    by: str | None = None,
    start: str | None = None,
    end: str | None = None,
    level: float = INTERVAL_LEVEL,
) -> Estimate:
    """
    Estimate the share of customers who leave within a month, clustered by customer.

    Not for comparing groups as cause and effect: markets differ in tenure, plan and much else.

    Parameters
    ----------
    desk : Desk
        The data; subscriptions, or customers with ``signed_up_at`` and ``churned_at``.
    by : str, optional
        Column of customers, as ``market`` or ``segment``, or ``month``; the whole when left out.
    start, end : str, optional
        ISO dates between which months at risk begin, end excluded.
    level : float
        Level of the intervals.

    Returns
    -------
    Estimate
        As `level` gives it: raw and shrunk value of each group; findings ``churn.rate``.
    """
    return level_of(desk, "churn", by=by, start=start, end=end, level=level)


def churn_kinds(
    desk: Desk,
    *,
    start: str | None = None,
    end: str | None = None,
    level: float = INTERVAL_LEVEL,
) -> Estimate:
    """
    Estimate the share who leave by their own will, and who leave since a payment failed.

    Not to be added up: months that ended in the other kind are in neither denominator.

    Parameters
    ----------
    desk : Desk
        The data; customers with ``churned_at`` and ``churn_kind``.
    start, end : str, optional
        ISO dates between which months at risk begin, end excluded.
    level : float
        Level of the intervals.

    Returns
    -------
    Estimate
        One row a kind: ``kind``, ``estimate``, ``ci_low``, ``ci_high``, ``n``, ``n_left``,
        ``reason``; findings ``churn.rate`` with ``kind`` in the group.
    """
    rows, findings, records = [], [], []
    for kind in KINDS:
        try:
            sums = measure_of("churn").sums(desk, kind=kind, start=start, end=end)
            frame = sums.fetch()
        except NotEstimable as refusal:
            finding = _finding(desk, kind, Cell(None, str(refusal), 0, None), start, end, level)
            return refused_estimate("churn-kinds", KINDS_TITLE, str(refusal), (finding,))
        cell = cell_of(frame, "rate", level, is_clustered=True)
        rows.append(_row(kind, cell, int(frame["n_success"].sum()), level))
        findings.append(_finding(desk, kind, cell, start, end, level))
        records.append(sums.record(frame))
    table = pd.DataFrame(rows)
    words = tuple(_sentence(row) for row in table.to_dict("records"))
    caveats = (
        "How a customer left who came back later is not recorded; such months are in neither.",
    )
    return Estimate(
        "churn-kinds",
        KINDS_TITLE,
        table,
        findings=tuple(findings),
        sentences=words,
        definitions=tuple(records),
        caveats=caveats,
    )


def _row(kind: str, cell: Cell, n_left: int, level: float) -> dict[str, Any]:
    found = cell.interval
    return {
        "kind": kind,
        "estimate": found.estimate if found else None,
        "ci_low": found.low if found else None,
        "ci_high": found.high if found else None,
        "ci_level": level,
        "unit": "proportion",
        "n": cell.n,
        "n_left": n_left,
        "n_clusters": cell.n_clusters,
        "reason": cell.reason or None,
    }


def _finding(
    desk: Desk, kind: str, cell: Cell, start: str | None, end: str | None, level: float
) -> Finding:
    measure = measure_of("churn")
    known: dict[str, Any] = {
        "id": measure.finding_id,
        "study": STUDY,
        "question": measure.question,
        "group": {"kind": kind},
        "estimand": f"{measure.estimand({}, desk.slice)}, {kind} leaving",
        "unit": measure.unit,
        "n": cell.n,
        "n_clusters": cell.n_clusters,
        "as_of": as_of_text(desk),
        "start": start,
        "end": end,
    }
    found = cell.interval
    if found is None:
        return Finding.refused(reason=cell.reason, **known)
    return Finding(
        **known,
        estimate=found.estimate,
        ci_low=found.low,
        ci_high=found.high,
        ci_level=level,
        method=found.method,
    )


def _sentence(row: dict[Any, Any]) -> str:
    if row["reason"]:
        return f"{row['kind'].capitalize()} churn cannot be given: {row['reason']}."
    value = format_interval(
        row["estimate"], row["ci_low"], row["ci_high"], "proportion", row["ci_level"]
    )
    return f"{row['kind'].capitalize()} churn per month is {value}."


def churn_rate_naive(desk: Desk, *, start: str | None = None, end: str | None = None) -> Estimate:
    """
    Compute the churn figures of a dashboard, each beside what is wrong with it.

    Not to be quoted.

    Parameters
    ----------
    desk : Desk
        The data.
    start, end : str, optional
        ISO dates between which months begin, end excluded.

    Returns
    -------
    Estimate
        One row a figure: ``figure``, ``estimate``, ``n``, ``what_is_wrong``.
    """
    try:
        monthly = measure_of("churn").sums(desk, cluster=None, start=start, end=end).fetch()
        customers = desk.table("customers")
        gone = customers.filter(customers.churned_at.notnull()).count().execute()
        n_all = int(customers.count().execute())
    except NotEstimable as refusal:
        return refused_estimate("churn-naive-rate", NAIVE_TITLE, str(refusal))
    if not n_all or not desk.has("customers", "churned_at"):
        reason = "customers.churned_at is not provided"
        return refused_estimate("churn-naive-rate", NAIVE_TITLE, reason)
    n, n_left = int(monthly["n"].iloc[0]), int(monthly["n_success"].iloc[0])
    rows = [
        (
            "customers on file who have left",
            int(gone) / n_all,
            n_all,
            "grows with the age of the file, and those who left before it began are not in it",
        ),
        ("customer-months that ended in leaving", n_left / n if n else None, n, ""),
    ]
    table = pd.DataFrame(rows, columns=["figure", "estimate", "n", "what_is_wrong"])
    table.insert(2, "unit", "proportion")
    words = (
        (
            f"{format_value(int(gone) / n_all, 'proportion')} of the customers on file have left. "
            "That is no rate: nothing says over which time, and it cannot be compared with another "
            "desk or year."
        ),
    )
    return Estimate("churn-naive-rate", NAIVE_TITLE, table, sentences=words)
