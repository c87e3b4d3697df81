"""What the gap between preferred and offered methods comes to in money."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.findings import Finding
from supportlab.results import Estimate
from supportlab.studies.common.refusals import refused_estimate
from supportlab.studies.common.scope import whole_words
from supportlab.studies.payments.method_gap import method_gap
from supportlab.studies.payments.methods import method_effect
from supportlab.studies.payments.stake_records import (
    rate_check,
    refuse_unvalued,
    stake_estimate,
    stake_known,
    with_ends,
)
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from supportlab.desk import Desk


__all__ = ["method_stake"]

METHOD_TITLE = "Value of checkouts that an offered preferred method goes with keeping"


def method_stake(desk: Desk, *, start: str | None = None, end: str | None = None) -> Estimate:
    """
    Estimate the value of checkouts in times without a preferred method that it goes with keeping.

    Not a forecast, and not of methods that were never offered.

    Parameters
    ----------
    desk : Desk
        The data; payments with market, brand, currency and amount, ``method_offers``, ``fx_rates``.
    start, end : str, optional
        ISO dates of the first attempt, end excluded.

    Returns
    -------
    Estimate
        One row: ``estimate`` in the reporting currency over the period, its interval. Finding
        ``payment.method.stake``.
    """
    from supportlab.metrics.payments.amounts import checkout_amounts, unconverted

    question = "What do checkouts broken off for want of a preferred method come to?"
    known = stake_known(desk, "payment.method.stake", question, "quasi_experiment", start, end)
    estimand = (
        "amount of checkouts at a time without the method that their customers prefer, times the "
        "change in the share broken off for each payment that an offer moved, in "
        f"{desk.config.reporting_currency} over the period; {whole_words(desk.slice)}"
    )
    try:
        effect = _per_payment(method_effect(desk, start=start, end=end))
        gap = method_gap(desk, start=start, end=end)
        if "ci_low" not in gap.table:
            raise NotEstimable(str(gap.table["reason"].iloc[0]))
        amounts = checkout_amounts(desk, "market", start=start, end=end)
        refuse_unvalued(amounts, unconverted(desk))
    except NotEstimable as refusal:
        refused = Finding.refused(reason=str(refusal), estimand=estimand, **known)
        return refused_estimate("method-stake", METHOD_TITLE, str(refusal), (refused,))
    table = _method_table(effect, gap.table, amounts)
    caveats = (
        "The amounts of those who miss a method are taken to be like all amounts of their market.",
        "One change for each payment moved is taken for all markets.",
    )
    method = "change for each payment moved (roll-out) times preference not met times amounts"
    return stake_estimate(
        desk,
        "method-stake",
        METHOD_TITLE,
        table,
        {**known, "estimand": estimand, "method": method},
        rate_check(unconverted(desk)),
        caveats,
    )


def _per_payment(effect: Estimate) -> tuple[float, float]:
    """Return the change for each payment moved and its standard error."""
    from supportlab.stats.interval import t_quantile

    if "rise_of_share" not in effect.table:
        reason = str(effect.findings[0].reason or "fewer than four markets got a preferred method")
        raise NotEstimable(f"the effect of an offer as a roll-out is not known: {reason}")
    row = effect.table.iloc[1]
    if pd.isna(row["estimate"]):
        raise NotEstimable("the offers are not shown to have moved any payment")
    df = float(row["n_markets_that_changed"]) - 1.0
    error = (float(row["ci_high"]) - float(row["estimate"])) / t_quantile(INTERVAL_LEVEL, df)
    # An interval of t with these degrees of freedom, brought to the normal one that is used below.
    from supportlab.stats.interval import normal_quantile

    wide = t_quantile(INTERVAL_LEVEL, df) / normal_quantile(INTERVAL_LEVEL)
    return -float(row["estimate"]), error * wide


def _method_table(
    effect: tuple[float, float], gap: pd.DataFrame, amounts: pd.DataFrame
) -> pd.DataFrame:
    from supportlab.stats.interval import normal_quantile

    own = amounts.set_index("market")
    value = own["amount"] * own["n"] / own["n_valued"].clip(lower=1)
    known = value.reindex(gap["market"]).fillna(0.0).to_numpy(float)
    missed = float(known @ gap["estimate"].to_numpy(float))
    half = (gap["ci_high"] - gap["estimate"]).to_numpy(float) / normal_quantile(INTERVAL_LEVEL)
    missed_error = float(np.sqrt(np.sum((known * half) ** 2)))
    error = float(np.hypot(missed * effect[1], effect[0] * missed_error))
    row = {
        "market": "all markets",
        "effect_difference": effect[0],
        "amount_without_method": missed,
        "estimate": missed * effect[0],
        "error": error,
        "n": int(gap["n"].sum()),
    }
    return with_ends(pd.DataFrame([row]))
