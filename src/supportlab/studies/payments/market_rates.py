"""Rates of payments by market: each market's own, and shrunk towards the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.format import format_count, format_interval
from supportlab.results import Estimate
from supportlab.studies.payments.market_shares import SHRUNK, MarketShares, market_shares
from supportlab.studies.payments.market_words import capital, refused_market
from supportlab.studies.payments.measures import PAYMENT_MEASURES
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.desk import Desk

__all__ = ["market_rates"]

SHRUNK_WORDS = "shrunk towards the other groups (beta-binomial empirical Bayes)"


def market_rates(
    desk: Desk,
    rate: str = "decline_rate",
    *,
    by: str = "market",
    start: str | None = None,
    end: str | None = None,
    level: float = INTERVAL_LEVEL,
) -> Estimate:
    """
    Estimate a rate of payments in every market, its own and shrunk, in the shrunk order.

    Not for comparing markets as cause and effect: customers, amounts and methods differ.

    Parameters
    ----------
    desk : Desk
        The data; payments, with those that failed.
    rate : str
        ``decline_rate`` or ``abandonment_rate`` (of attempts), ``success_rate`` (of checkouts).
    by : str
        Group column.
    start, end : str, optional
        ISO dates, end excluded.
    level : float
        Level of the intervals.

    Returns
    -------
    Estimate
        One row a market: ``estimate``, ``ci_low``, ``ci_high``, ``shrunk_rate``,
        ``shrunk_low_rate``, ``shrunk_high_rate``, ``n``, ``n_clusters``, ``design_effect``,
        ``reason``; findings of the rate's own id. The figure is an ordered dot plot.

    Notes
    -----
    How alike the attempts of one customer are is learnt from all markets together, so that a
    market of twenty attempts without a failure gets an honest interval. The market's own figure is
    the finding; the shrunk one beside it is the better guess at what more attempts would show, and
    gives the order.
    """
    name, title = f"payment-{rate}-by-{by}".replace("_", "-"), _title(rate, by)
    try:
        shares = market_shares(desk, rate, by, start=start, end=end, level=level)
    except NotEstimable as refusal:
        return refused_market(desk, rate, name, title, str(refusal), (start, end), by)
    table, spread = _with_shrunk(shares, by, level)
    return Estimate(
        name,
        title,
        table.drop(columns=["method_of_interval", "is_named"]),
        findings=tuple(
            shares.finding(row, level, SHRUNK_WORDS)
            for row in table.to_dict("records")
            if row["is_named"]
        ),
        sentences=_sentences(shares, table, by, spread),
        definitions=(shares.cells.record(),),
        caveats=shares.caveats(),
        draw=lambda ax: _draw(shares, table, by, title, ax),
        alt=_alt(shares, table, by),
    )


def _title(rate: str, by: str) -> str:
    measure = PAYMENT_MEASURES.get(rate)
    return f"{measure.title if measure else rate} by {by.replace('_', ' ')}"


def _with_shrunk(shares: MarketShares, by: str, level: float) -> tuple[pd.DataFrame, float | None]:
    from supportlab.stats import beta_binomial_shrinkage

    table, used = shares.table.copy(), shares.usable
    for column in SHRUNK:
        table.insert(list(table.columns).index("n"), column, np.nan)
    spread = None
    if len(used) >= 3:
        hits, n, effect = shares.sizes()
        found = beta_binomial_shrinkage(hits, n, level, design_effect=effect)
        values = np.column_stack([found.estimate, found.low, found.high])
        table.loc[used.index, list(SHRUNK)] = values
        spread = found.spread
    rank = table["shrunk_rate"].fillna(table["estimate"]).where(table["is_named"])
    order = np.lexsort((table[by].to_numpy(dtype=str), -rank.fillna(-np.inf).to_numpy()))
    return table.iloc[order].reset_index(drop=True), spread


def _sentences(
    shares: MarketShares, table: pd.DataFrame, by: str, spread: float | None
) -> tuple[str, ...]:
    known = table.loc[table["is_named"] & table["estimate"].notna()]
    if known.empty:
        return (f"{capital(shares.measure.subject)} cannot be estimated for any {by}.",)
    first, last = known.iloc[0], known.iloc[-1]
    words = f"{capital(shares.measure.subject)} is {_own(first)} in {first[by]}"
    if len(known) > 1:
        words += f" at one end and {_own(last)} in {last[by]} at the other"
    smallest = known.iloc[int(known["n"].to_numpy(dtype=float).argmin())]
    small = (
        f"The smallest {by} is {smallest[by]} with {format_count(smallest['n'])} "
        f"{shares.measure.counted}: {_own(smallest)} by itself"
    )
    if not pd.isna(smallest["shrunk_rate"]):
        middle, low, high = (smallest[name] for name in SHRUNK)
        words_of_all = format_interval(middle, low, high, "proportion")
        small += f", {words_of_all} with what the others tell"
    apart = () if spread is None else (_spread_words(spread, by),)
    return (f"{words}.", f"{small}.", *apart, *_refused(table))


def _own(row: pd.Series) -> str:
    return format_interval(row["estimate"], row["ci_low"], row["ci_high"], "proportion")


def _spread_words(spread: float, by: str) -> str:
    if spread < 0.002:
        return f"Beyond chance the groups by {by} do not differ by anything that can be seen."
    return f"Beyond chance they lie apart by a standard deviation of {100 * spread:.1f} points."


def _refused(table: pd.DataFrame) -> tuple[str, ...]:
    count = int((table["is_named"] & table["estimate"].isna()).sum())
    return (f"{count} cannot be estimated; the table says why.",) if count else ()


def _draw(shares: MarketShares, table: pd.DataFrame, by: str, title: str, ax: Axes | None) -> Axes:
    from supportlab import plots

    shown = table.loc[table["is_named"]]
    if shown["estimate"].isna().all():
        return plots.words_only(f"{title}: no group can be estimated.", ax=ax)
    whole = shares.cells.fetch()
    reference = float(shares.table["n_outcome"].sum()) / float(whole["n"].sum())
    return plots.dot_intervals(
        shown,
        label=by,
        unit="proportion",
        ax=ax,
        title=title,
        counted=shares.measure.counted,
        second=None if shown["shrunk_rate"].isna().all() else "shrunk_rate",
        reference=reference,
        reference_label="all",
    )


def _alt(shares: MarketShares, table: pd.DataFrame, by: str) -> str:
    from supportlab.plots import alt_dots

    return alt_dots(
        table.loc[table["is_named"]],
        label=by,
        subject=shares.measure.subject,
        unit="proportion",
        counted=shares.measure.counted,
    )
