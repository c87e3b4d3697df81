"""Rates of payments by market and method, sparse cells shrunk to what both let expect."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.format import format_count, format_interval, format_value
from supportlab.results import Estimate
from supportlab.studies.payments.market_shares import SHRUNK, MarketShares, market_shares
from supportlab.studies.payments.market_words import refused_market, worse_sign
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.desk import Desk
    from supportlab.stats.rates_hierarchy import CrossedRates

__all__ = ["method_markets"]


def method_markets(
    desk: Desk,
    rate: str = "decline_rate",
    *,
    by: tuple[str, str] = ("market", "method"),
    start: str | None = None,
    end: str | None = None,
    level: float = INTERVAL_LEVEL,
) -> Estimate:
    """
    Estimate a rate of payments in every market by method, with help for sparse cells.

    Not for choosing a method by its rate: who pays by a method differs in much else.

    Parameters
    ----------
    desk : Desk
        The data; payments, with those that failed.
    rate : str
        ``decline_rate``, ``success_rate`` or ``abandonment_rate``.
    by : tuple of (str, str)
        Rows and columns of the table.
    start, end : str, optional
        ISO dates, end excluded.
    level : float
        Level of the intervals.

    Returns
    -------
    Estimate
        One row a cell that has attempts: ``estimate``, ``ci_low``, ``ci_high``, ``shrunk_rate``
        with its limits, ``expected_rate`` (by market and method alone), ``own_weight``, ``n``,
        ``n_clusters``, ``reason``; findings of the rate's own id. The figure is a table of shaded
        cells with their counts; a pair without attempts stays empty.

    Notes
    -----
    `supportlab.stats.rates_hierarchy.crossed_shrinkage`: a sparse cell is drawn towards what its
    market and its method let expect, not towards the rate of all.
    """
    words = " and ".join(name.replace("_", " ") for name in by)
    name = f"payment-{rate}-by-{'-by-'.join(by)}".replace("_", "-")
    try:
        shares = market_shares(desk, rate, by, start=start, end=end, level=level)
        table, found = _with_shrunk(shares, by, level)
    except NotEstimable as refusal:
        title = f"{rate.replace('_', ' ')} by {words}"
        return refused_market(desk, rate, name, title, str(refusal), (start, end), words)
    title = f"{shares.measure.title} by {words}"
    towards = f"shrunk towards {by[0]} and {by[1]} (crossed logistic-normal model)"
    return Estimate(
        name,
        title,
        table.drop(columns=["method_of_interval", "is_named"]),
        findings=tuple(
            shares.finding(row, level, towards)
            for row in table.to_dict("records")
            if row["is_named"]
        ),
        sentences=_sentences(shares, table, by, found, worse_sign(rate)),
        definitions=(shares.cells.record(),),
        caveats=shares.caveats(),
        draw=lambda ax: _draw(shares, table, by, title, ax),
        alt=_alt(shares, table, by),
    )


def _with_shrunk(
    shares: MarketShares, by: tuple[str, str], level: float
) -> tuple[pd.DataFrame, CrossedRates]:
    from supportlab.stats.rates_hierarchy import crossed_shrinkage

    table, used = shares.table.copy(), shares.usable
    hits, n, effect = shares.sizes()
    found = crossed_shrinkage(
        hits,
        n,
        [used[name].astype(str).tolist() for name in by],
        design_effect=effect,
        level=level,
    )
    columns = {
        **dict(zip(SHRUNK, (found.estimate, found.low, found.high), strict=True)),
        "expected_rate": found.expected,
        "own_weight": found.own_weight,
    }
    for column, values in columns.items():
        table.insert(list(table.columns).index("n"), column, np.nan)
        table.loc[used.index, column] = values
    return table, found


def _sentences(
    shares: MarketShares, table: pd.DataFrame, by: tuple[str, str], found: CrossedRates, sign: int
) -> tuple[str, ...]:
    known = table.loc[table["is_named"] & table["estimate"].notna()]
    worst = known.iloc[int((sign * known["shrunk_rate"]).to_numpy(dtype=float).argmax())]
    middle, low, high = (worst[name] for name in SHRUNK)
    pairs = known[by[0]].nunique() * known[by[1]].nunique()
    first = (
        f"{format_count(len(known))} of {format_count(pairs)} pairs of {by[0]} and {by[1]} can be "
        f"estimated. The worst is {worst[by[0]]} by {_plain(worst[by[1]])}: "
        f"{format_interval(middle, low, high, 'proportion')} shrunk, "
        f"{format_value(worst['estimate'], 'proportion')} by its own "
        f"{format_count(worst['n'])} {shares.measure.counted}."
    )
    spreads = found.spread
    second = (
        f"In log-odds, {by[0]}s lie apart by a standard deviation of {spreads[0]:.2f}, {by[1]}s by "
        f"{spreads[1]:.2f}, and pairs beyond both by {spreads[2]:.2f}."
    )
    sparse = known.loc[known["own_weight"] < 0.5]
    third = (
        f"In {format_count(len(sparse))} of the pairs more than half of the shrunk figure comes "
        f"from the {by[0]} and the {by[1]}, not from the pair itself."
    )
    return first, second, third


def _plain(name: object) -> str:
    return str(name).replace("_", " ")


def _ordered(table: pd.DataFrame, by: tuple[str, str]) -> pd.DataFrame:
    """Order rows by their rate of all, worst first, and columns by their number of rows."""
    shown = table.loc[table["is_named"]]
    sums = shown.groupby(by[0], sort=True)[["n_outcome", "n"]].sum()
    rates = (sums["n_outcome"] / sums["n"]).sort_values(ascending=False, kind="stable")
    sizes = shown.groupby(by[1], sort=True)["n"].sum().sort_values(ascending=False, kind="stable")
    down = {name: place for place, name in enumerate(rates.index)}
    across = {name: place for place, name in enumerate(sizes.index)}
    # Columns are taken in the order of their first rows: the fullest row may lack some of them.
    keys = pd.DataFrame({"down": shown[by[0]].map(down), "across": shown[by[1]].map(across)})
    return shown.loc[keys.sort_values(["down", "across"], kind="stable").index]


def _draw(
    shares: MarketShares, table: pd.DataFrame, by: tuple[str, str], title: str, ax: Axes | None
) -> Axes:
    from supportlab.plots.heat import heat_table

    return heat_table(
        _ordered(table, by),
        row=by[0],
        column=by[1],
        value="shrunk_rate",
        ax=ax,
        title=title,
        bar_label=f"{shares.measure.what}, shrunk",
        note=f"below each share its number of {shares.measure.counted}; white: no "
        f"{shares.measure.counted}; —: too few to say",
    )


def _alt(shares: MarketShares, table: pd.DataFrame, by: tuple[str, str]) -> str:
    from supportlab.plots.heat import alt_heat_table

    return alt_heat_table(
        _ordered(table, by),
        row=by[0],
        column=by[1],
        value="shrunk_rate",
        subject=shares.measure.subject,
        counted=shares.measure.counted,
    )
