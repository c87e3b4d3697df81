"""Billing tickets beside payments, market by market."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.findings import Finding
from supportlab.format import format_count, format_interval
from supportlab.metrics.dimensions import MISSING
from supportlab.results import Estimate
from supportlab.studies.common.refusals import as_of_text, refused_estimate
from supportlab.studies.common.scope import scope_words
from supportlab.studies.payments.measures import STUDY
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.desk import Desk
    from supportlab.metrics.payments.tickets import TicketCounts
    from supportlab.stats.interval import Interval

__all__ = ["tickets_per_1000"]

# Below this a rate per thousand rests on chance, and its dispersion cannot be seen.
FEWEST_PAYMENTS = 20
TITLE = "Billing tickets per 1,000 payments"


def tickets_per_1000(
    desk: Desk,
    *,
    by: str = "market",
    categories: Sequence[str] | None = None,
    start: str | None = None,
    end: str | None = None,
) -> Estimate:
    """
    Estimate billing tickets per 1,000 payments by market, drawn towards each other.

    Not what payments cause: a market with more customers of other kinds writes more anyway.

    Parameters
    ----------
    desk : Desk
        The data; payments and tickets with categories.
    by : str
        Group column that tickets and payments both have.
    categories : sequence of str, optional
        What counts as billing; by default those named billing, payment, invoice, charge.
    start, end : str, optional
        ISO dates, end excluded.

    Returns
    -------
    Estimate
        One row a group: ``estimate`` (tickets per 1,000 checkouts begun), ``ci_low``,
        ``ci_high``, ``shrunk_per_1000`` with its ends, ``others_per_1000`` (all other groups),
        ``n_tickets``, ``n`` (payments), ``dispersion``, ``reason``; findings
        ``payment.tickets_per_1000``.

    Notes
    -----
    The interval is that of a count over its dispersion: customers who write again and months that
    strike many at once both widen it. The shrunk value draws the logarithms of the rates towards
    each other.
    """
    from supportlab.metrics.payments.tickets import ticket_counts

    title = f"{TITLE}, by {by.replace('_', ' ')}"
    try:
        counts = ticket_counts(desk, by, categories=categories, start=start, end=end)
        table = _table(counts, by)
        if table.empty:
            raise NotEstimable(f"no payment has a {by}")
    except NotEstimable as refusal:
        known = _known(desk, {"by": by}, (start, end))
        finding = Finding.refused(reason=str(refusal), **known)
        return refused_estimate("payment-tickets-per-1000", title, str(refusal), (finding,))
    caveats = _caveats(counts, by)
    return Estimate(
        "payment-tickets-per-1000",
        title,
        table,
        findings=_findings(desk, table, by, (start, end), caveats),
        sentences=_sentences(table, by, counts.categories),
        definitions=(counts.definition,),
        caveats=caveats,
        draw=lambda ax: _draw(table, by, title, ax),
        alt=_alt(table, by),
    )


def _table(counts: TicketCounts, by: str) -> pd.DataFrame:
    rows = []
    named = counts.profiles.loc[counts.profiles[by] != MISSING]
    times = named["n_clusters"]
    tickets, payments = (int((named[name] * times).sum()) for name in ("n_tickets", "n_payments"))
    for group, part in named.groupby(by, sort=True):
        own = [int((part[name] * part["n_clusters"]).sum()) for name in ("n_tickets", "n_payments")]
        found, reason = _rate(part, counts.months.loc[counts.months[by] == group])
        others = payments - own[1]
        rows.append(
            {
                by: group,
                "estimate": _per_1000(found.estimate if found else None),
                "ci_low": _per_1000(found.low if found else None),
                "ci_high": _per_1000(found.high if found else None),
                "unit": "per_1000",
                "others_per_1000": 1000.0 * (tickets - own[0]) / others if others else np.nan,
                "n_tickets": own[0],
                "n": own[1],
                "n_clusters": int(part["n_clusters"].sum()),
                "dispersion": found.design_effect if found else np.nan,
                "reason": reason,
            }
        )
    table = pd.DataFrame(rows)
    return _shrunk(table, by) if len(table) else table


def _rate(part: pd.DataFrame, months: pd.DataFrame) -> tuple[Interval | None, str | None]:
    from supportlab.stats.profiles import clustered_count_rate

    n = int((part["n_payments"] * part["n_clusters"]).sum())
    if n < FEWEST_PAYMENTS:
        return None, f"only {n} payments; at least {FEWEST_PAYMENTS} are needed"
    tickets, payments, times = (
        part[name].to_numpy(dtype=float) for name in ("n_tickets", "n_payments", "n_clusters")
    )
    shocks = months["n_tickets"].to_numpy(), months["n_payments"].to_numpy()
    try:
        return clustered_count_rate(tickets, payments, times, shocks=shocks), None
    except NotEstimable as refusal:
        return None, str(refusal)


def _shrunk(table: pd.DataFrame, by: str) -> pd.DataFrame:
    """Draw the logarithms of the rates towards each other, and order by the result."""
    from supportlab.stats import normal_shrinkage

    known = table["estimate"].notna().to_numpy()
    names = ("shrunk_per_1000", "shrunk_low_per_1000", "shrunk_high_per_1000")
    place = list(table.columns).index("others_per_1000")
    for name in reversed(names):
        table.insert(place, name, np.nan)
    shown = table.loc[known]
    # Half a ticket more, so that a market without one has a logarithm (Haldane 1956).
    count = (shown["n_tickets"] + 0.5) / shown["dispersion"]
    rate = 1000.0 * (shown["n_tickets"] + 0.5) / shown["n"]
    try:
        found = normal_shrinkage(np.log(rate.to_numpy(float)), 1.0 / np.sqrt(count.to_numpy(float)))
    except NotEstimable:
        return _ordered(table, "estimate", by)
    for name, values in zip(names, (found.estimate, found.low, found.high), strict=True):
        table.loc[known, name] = np.exp(values)
    return _ordered(table, names[0], by)


def _ordered(table: pd.DataFrame, column: str, by: str) -> pd.DataFrame:
    rank = table[column].fillna(-np.inf).to_numpy(dtype=float)
    order = np.lexsort((table[by].to_numpy(dtype=str), -rank))
    return table.iloc[order].reset_index(drop=True)


def _findings(
    desk: Desk,
    table: pd.DataFrame,
    by: str,
    days: tuple[str | None, str | None],
    caveats: tuple[str, ...],
) -> tuple[Finding, ...]:
    found = []
    for row in table.to_dict("records"):
        known = _known(desk, {by: str(row[by])}, days)
        known |= {"n": int(row["n"]), "n_clusters": int(row["n_clusters"]), "caveats": caveats}
        if pd.isna(row["estimate"]):
            found.append(Finding.refused(reason=row["reason"], **known))
            continue
        ends = {name: row[name] for name in ("estimate", "ci_low", "ci_high")}
        found.append(
            Finding(
                **known,
                **ends,
                ci_level=INTERVAL_LEVEL,
                method="count over dispersion of customers and months, gamma limits",
                sensitivity=_shrunk_record(row),
            )
        )
    return tuple(found)


def _shrunk_record(row: dict[Any, Any]) -> dict[str, object] | None:
    if pd.isna(row["shrunk_per_1000"]):
        return None
    return {
        "name": "shrunk towards the other groups (normal empirical Bayes of the log rate)",
        "estimate": float(row["shrunk_per_1000"]),
        "ci_low": float(row["shrunk_low_per_1000"]),
        "ci_high": float(row["shrunk_high_per_1000"]),
    }


def _known(
    desk: Desk, group: dict[str, str], days: tuple[str | None, str | None]
) -> dict[str, Any]:
    inside = {} if "by" in group else group
    scope = scope_words(inside, desk.slice)
    return {
        "id": "payment.tickets_per_1000",
        "study": STUDY,
        "question": "How many billing tickets come with a thousand payments?",
        "estimand": f"billing tickets per 1,000 checkouts begun in the same time, {scope}",
        "unit": "per_1000",
        "group": group,
        "as_of": as_of_text(desk),
        "start": days[0],
        "end": days[1],
    }


def _caveats(counts: TicketCounts, by: str) -> tuple[str, ...]:
    lost = counts.profiles.loc[counts.profiles[by] == MISSING]
    words = [
        f"Billing means the categories {', '.join(counts.categories)}; other names are an option.",
        (
            "Tickets are set to all payments of their market; that a payment made a ticket is not "
            "said here."
        ),
    ]
    for name, what in (("n_tickets", "billing tickets"), ("n_payments", "payments")):
        n = int((lost[name] * lost["n_clusters"]).sum())
        if n:
            words.append(f"{format_count(n)} {what} have no {by} and are in no group.")
    return tuple(words)


def _sentences(table: pd.DataFrame, by: str, categories: tuple[str, ...]) -> tuple[str, ...]:
    known = table.loc[table["estimate"].notna()]
    if known.empty:
        return (f"No {by} has payments enough: {table['reason'].iloc[0]}.",)
    first, last = (known.iloc[place] for place in (0, -1))
    words = f"Billing tickets ({', '.join(categories)}) per 1,000 payments: {_words(first)}"
    words += f" in {first[by]}"
    if len(known) > 1:
        words += f" at one end and {_words(last)} in {last[by]} at the other"
    spread = (
        "The hollow marks are drawn towards each other as far as chance explains the distance, "
        "and give the order."
    )
    return (f"{words}.", spread) if table["shrunk_per_1000"].notna().any() else (f"{words}.",)


def _words(row: pd.Series) -> str:
    return format_interval(row["estimate"], row["ci_low"], row["ci_high"], "per_1000")


def _draw(table: pd.DataFrame, by: str, title: str, ax: Axes | None) -> Axes:
    from supportlab import plots

    if table["estimate"].isna().all():
        return plots.words_only(f"{title}: no group can be estimated.", ax=ax)
    return plots.dot_intervals(
        table,
        label=by,
        unit="per_1000",
        ax=ax,
        title=title,
        counted="payments",
        second="shrunk_per_1000" if table["shrunk_per_1000"].notna().any() else None,
    )


def _alt(table: pd.DataFrame, by: str) -> str:
    from supportlab.plots import alt_dots

    if table["estimate"].isna().all():
        return "No figure: no group can be estimated."
    subject = "billing tickets per 1,000 payments"
    return alt_dots(table, label=by, subject=subject, unit="per_1000", counted="payments")


def _per_1000(value: float | None) -> float:
    return np.nan if value is None else 1000.0 * value
