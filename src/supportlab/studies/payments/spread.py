"""The cost of conversion: the amount shown against the amount settled, at the day's rate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from supportlab.errors import NotEstimable, ParameterError
from supportlab.findings import Finding
from supportlab.format import format_interval
from supportlab.results import Estimate
from supportlab.studies.common.cells import MINIMUM_ROWS
from supportlab.studies.common.refusals import as_of_text, refused_estimate
from supportlab.studies.common.scope import whole_words
from supportlab.studies.payments.measures import STUDY
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["fx_spread"]

TITLE = "Cost of conversion"
REASON = (
    "the data hold the amount that the customer saw and the currency of settlement, but not the "
    "amount that was settled; give `settled` with attempt_id and settled_amount from the "
    "processor's settlement report"
)
COLUMNS = ("attempt_id", "settled_amount")


def fx_spread(
    desk: Desk,
    *,
    settled: pd.DataFrame | None = None,
    start: str | None = None,
    end: str | None = None,
) -> Estimate:
    """
    Estimate how much of a converted payment is lost between price and settlement.

    Not fees: give settled amounts before the processor's own fees, or the fee is in the spread. The
    data contract holds no settled amount, so that without ``settled`` this is refused.

    Parameters
    ----------
    desk : Desk
        The data; payments with amount, both currencies, and ``fx_rates``.
    settled : pandas.DataFrame, optional
        ``attempt_id`` and ``settled_amount`` (major units of the payment's settlement currency).
    start, end : str, optional
        ISO dates of the attempt, end excluded.

    Returns
    -------
    Estimate
        One row a pair of currencies: ``estimate`` (mean share of the amount), interval clustered by
        customer, ``n``. Findings ``payment.fx_spread``.

    Raises
    ------
    ParameterError
        ``settled`` lacks a column or names an attempt twice.
    """
    known: dict[str, Any] = {
        "id": "payment.fx_spread",
        "study": STUDY,
        "question": "How much of a converted payment is lost between price and settlement?",
        "unit": "proportion",
        "as_of": as_of_text(desk),
        "start": start,
        "end": end,
    }
    estimand = (
        "1 less the settled over the shown amount, both in the reporting currency at the rate of "
        f"the day; {whole_words(desk.slice)}"
    )
    try:
        if settled is None:
            raise NotEstimable(REASON)
        table = _table(_rows(desk, _checked(settled), start, end))
    except NotEstimable as refusal:
        refused = Finding.refused(reason=str(refusal), estimand=estimand, **known)
        return refused_estimate("fx-spread", TITLE, str(refusal), (refused,))
    findings = tuple(
        Finding(
            **known,
            estimand=estimand,
            group={"from": row["shown"], "to": row["settled"]},
            estimate=row["estimate"],
            ci_low=row["ci_low"],
            ci_high=row["ci_high"],
            ci_level=INTERVAL_LEVEL,
            n=int(row["n"]),
            n_clusters=int(row["n_clusters"]),
            method="mean, clustered by customer",
        )
        for row in table.to_dict("records")
    )
    top = table.iloc[0]
    interval = format_interval(top["estimate"], top["ci_low"], top["ci_high"], "proportion")
    words = f"From {top['shown']} to {top['settled']} the conversion costs {interval}."
    return Estimate("fx-spread", TITLE, table, findings=findings, sentences=(words,))


def _checked(settled: pd.DataFrame) -> pd.DataFrame:
    lacking = [name for name in COLUMNS if name not in settled]
    if lacking:
        raise ParameterError(f"settled lacks {', '.join(lacking)}; it needs {', '.join(COLUMNS)}.")
    if settled["attempt_id"].duplicated().any():
        raise ParameterError("settled names an attempt more than once; give one row an attempt.")
    plain = settled[list(COLUMNS)].assign(attempt_id=settled["attempt_id"].astype(str))
    return plain.assign(settled_amount=plain["settled_amount"].astype(float).round(4))


def _rows(desk: Desk, settled: pd.DataFrame, start: str | None, end: str | None) -> pd.DataFrame:
    """Return one row per customer and pair of currencies, with sums of spreads."""
    import ibis

    from supportlab.metrics.money import with_reporting_amount
    from supportlab.metrics.periods import between, period

    needed = ("amount", "presentment_currency", "settlement_currency", "customer_id")
    if not desk.has("payments", *needed):
        raise NotEstimable(f"payments lack one of {', '.join(needed)}")
    given = ibis.memtable(
        settled.rename(columns={"attempt_id": "settled_id"}),
        schema=ibis.schema({"settled_id": "string", "settled_amount": "float64"}),
    )
    payments = desk.table("payments")
    payments = payments.filter(
        between(payments.attempted_at, period(start, end))
        & (payments.presentment_currency != payments.settlement_currency)
        & (payments.amount > 0)
    )
    joined = payments.inner_join(given, payments.attempt_id == given.settled_id)
    joined = joined.mutate(settled_exact=joined.settled_amount.cast("decimal(17,4)"))
    shown = with_reporting_amount(desk, joined, into="value_shown")
    both = with_reporting_amount(
        desk, shown, amount="settled_exact", currency="settlement_currency", into="value_settled"
    )
    known = both.filter(both.value_shown.notnull() & both.value_settled.notnull())
    # Whole millionths, so that their sums are the same on every run.
    spread = ((1.0 - known.value_settled / known.value_shown) * 1_000_000).round().cast("int64")
    cells = known.mutate(spread=spread).group_by(
        ["presentment_currency", "settlement_currency", "customer_id"]
    )
    sums = cells.aggregate(
        n=lambda rows: rows.count().cast("int64"),
        total=lambda rows: rows.spread.sum().cast("int64"),
        squared=lambda rows: (rows.spread * rows.spread).cast("decimal(38,0)").sum(),
    )
    frame: pd.DataFrame = sums.execute()
    return frame.sort_values(
        ["presentment_currency", "settlement_currency", "customer_id"], ignore_index=True
    )


def _table(rows: pd.DataFrame) -> pd.DataFrame:
    from supportlab.stats import clustered_mean

    made: list[dict[str, Any]] = []
    keys = ["presentment_currency", "settlement_currency"]
    for (shown, settled), part in rows.groupby(keys, sort=True):
        n = int(part["n"].sum())
        if n < MINIMUM_ROWS or len(part) < 2:
            continue
        found = clustered_mean(
            part["total"].to_numpy(float) / 1e6,
            part["n"].to_numpy(float),
            float(part["squared"].astype(float).sum()) / 1e12,
        )
        made.append(
            {
                "shown": shown,
                "settled": settled,
                "estimate": found.estimate,
                "ci_low": found.low,
                "ci_high": found.high,
                "n": n,
                "n_clusters": found.n_clusters,
            }
        )
    if not made:
        raise NotEstimable("no converted payment has both amounts, a rate and enough company")
    return pd.DataFrame(made).sort_values("estimate", ascending=False, ignore_index=True)
