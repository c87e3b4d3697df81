"""How probable it is that a market is worse than the desk by a margin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable, ParameterError
from supportlab.findings import Finding
from supportlab.format import format_count, format_difference
from supportlab.results import Estimate
from supportlab.studies.payments.market_shares import MarketShares, market_shares
from supportlab.studies.payments.market_words import (
    names_listed,
    refused_market,
    worse_sign,
)

if TYPE_CHECKING:
    from supportlab.desk import Desk


__all__ = ["market_exceedance"]

# Two points of a rate of payments are two of a hundred purchases: what a desk would act on.
MARGIN = 0.02
# A market is called worse where it is as probable as this; of those called so one in twenty is not.
PROBABLE = 0.95
SEED = 20_260_708


def market_exceedance(
    desk: Desk,
    rate: str = "decline_rate",
    *,
    margin: float = MARGIN,
    start: str | None = None,
    end: str | None = None,
) -> Estimate:
    """
    Estimate how probable it is that a market is worse than the desk by more than a margin.

    Not a p value: it is what is known of the market's rate, given how markets differ.

    Parameters
    ----------
    desk : Desk
        The data; payments, with those that failed.
    rate : str
        ``decline_rate``, ``success_rate`` (worse is less) or ``abandonment_rate``.
    margin : float
        Distance from the desk's rate, as a share.
    start, end : str, optional
        ISO dates, end excluded.

    Returns
    -------
    Estimate
        One row a market, the most probable first: ``estimate`` (the probability), ``is_worse`` (at
        95 % or more), ``rate``, ``n``; findings ``payment.decline_rate.exceedance``.

    Raises
    ------
    ParameterError
        The margin is not from 0 to 1.
    """
    if not 0.0 <= margin < 1.0:
        raise ParameterError(f"margin came as {margin!r}; give a share from 0 to below 1.")
    name = f"payment-exceedance-{rate}".replace("_", "-")
    title = f"Markets worse than the desk by more than {_points(margin)}"
    try:
        shares = market_shares(desk, rate, start=start, end=end)
        table = _exceedance_table(shares, margin, worse_sign(rate))
    except NotEstimable as refusal:
        reason, period = str(refusal), (start, end)
        return refused_market(
            desk, rate, name, title, reason, period, "market", suffix=".exceedance"
        )
    return Estimate(
        name,
        title,
        table,
        findings=tuple(_exceedance(shares, row, margin) for row in table.to_dict("records")),
        sentences=_exceedance_sentences(table, margin),
        definitions=(shares.cells.record(),),
        caveats=shares.caveats(),
    )


def _exceedance_table(shares: MarketShares, margin: float, sign: int) -> pd.DataFrame:
    from supportlab.stats.rate_draws import exceedance, rate_draws

    used = shares.usable
    hits, n, effect = shares.sizes()
    draws = rate_draws(hits, n, design_effect=effect, seed=SEED)
    table = used[["market", "n", "n_clusters"]].reset_index(drop=True)
    table.insert(1, "estimate", exceedance(sign * draws, n, margin))
    table.insert(2, "is_worse", table["estimate"] >= PROBABLE)
    table.insert(3, "rate", used["estimate"].to_numpy())
    table["unit"] = "proportion"
    order = np.lexsort((table["market"].to_numpy(dtype=str), -table["estimate"].to_numpy()))
    return table.iloc[order].reset_index(drop=True)


def _exceedance(shares: MarketShares, row: dict[Any, Any], margin: float) -> Finding:
    side = "above" if worse_sign(shares.measure.name) > 0 else "below"
    estimand = (
        f"probability that the {shares.estimand_of(row)}, lies {side} that of "
        f"all markets by more than {_points(margin)}"
    )
    return Finding(
        **shares.known(row, estimand),
        id=f"{shares.measure.finding_id}.exceedance",
        estimate=row["estimate"],
        method="posterior of the beta-binomial model, seeded draws",
    )


def _exceedance_sentences(table: pd.DataFrame, margin: float) -> tuple[str, ...]:
    words = _points(margin)
    worse = list(table.loc[table["is_worse"], "market"])
    clear = int((table["estimate"] <= 1.0 - PROBABLE).sum())
    open_ones = len(table) - len(worse) - clear
    first = f"Worse than the desk by more than {words}, with a probability of 95 % or more: "
    first += f"{names_listed(worse)}." if worse else "no market."
    return (
        first,
        (
            f"{format_count(clear)} of {len(table)} markets are almost surely not; of "
            f"{format_count(open_ones)} the data cannot yet tell."
        ),
    )


def _points(margin: float) -> str:
    return format_difference(margin, "proportion").lstrip("+")
