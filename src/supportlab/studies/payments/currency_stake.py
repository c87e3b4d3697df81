"""What the currency effect comes to in money."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.findings import Finding
from supportlab.results import Estimate
from supportlab.studies.common.refusals import refused_estimate
from supportlab.studies.common.scope import whole_words
from supportlab.studies.payments.arms import compare_arms
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

__all__ = ["currency_stake"]

CURRENCY_TITLE = "Value of foreign-price checkouts that local prices go with keeping"


def currency_stake(desk: Desk, *, start: str | None = None, end: str | None = None) -> Estimate:
    """
    Estimate the value of foreign-price checkouts that would be paid at the rate of local ones.

    Not a forecast: it takes the adjusted difference for what a change would do, and the same one at
    all amounts of a market. Unpaid customers may also come back another day.

    Parameters
    ----------
    desk : Desk
        The data; payments with market, currency and amount, and ``fx_rates``.
    start, end : str, optional
        ISO dates of the first attempt, end excluded.

    Returns
    -------
    Estimate
        One row for all markets and one a market: ``estimate`` in the reporting currency over the
        period, its interval, ``amount_foreign``, ``effect_difference``. Finding
        ``payment.currency.stake``.
    """
    from supportlab.metrics.payments.amounts import checkout_amounts, unconverted

    question = "What do unpaid checkouts at foreign prices come to, against local ones?"
    known = stake_known(desk, "payment.currency.stake", question, "adjusted", start, end)
    estimand = (
        "amount of checkouts at foreign prices times the adjusted difference in the share that end "
        f"unpaid, in {desk.config.reporting_currency} over the period; {whole_words(desk.slice)}"
    )
    try:
        arms = compare_arms(
            desk,
            "local_currency",
            ("local", "foreign"),
            outcome="n_failed",
            start=start,
            end=end,
            level=INTERVAL_LEVEL,
        )
        amounts = checkout_amounts(desk, ("market", "local_currency"), start=start, end=end)
        refuse_unvalued(amounts, unconverted(desk))
        rows = [
            _market_stake(one.market, -one.contrast.estimate, one.error, amounts)
            for one in arms.estimated
            if one.contrast is not None
        ]
        if not rows:
            raise NotEstimable("in no market can local and foreign prices be compared")
    except NotEstimable as refusal:
        refused = Finding.refused(reason=str(refusal), estimand=estimand, **known)
        return refused_estimate("currency-stake", CURRENCY_TITLE, str(refusal), (refused,))
    table = _with_total(rows)
    left_out = ", ".join(one.market for one in arms.refusals)
    caveats = (
        "The difference in the share is taken to be the same at all amounts of a market.",
        *((f"Markets without an estimate are not in the sum: {left_out}.",) if left_out else ()),
    )
    return stake_estimate(
        desk,
        "currency-stake",
        CURRENCY_TITLE,
        table,
        {**known, "estimand": estimand, "method": "adjusted differences by market times amounts"},
        rate_check(unconverted(desk)),
        caveats,
    )


def _market_stake(
    market: str, effect: float, error: float, amounts: pd.DataFrame
) -> dict[str, Any]:
    own = amounts.loc[(amounts["market"] == market) & (amounts["local_currency"] == "foreign")]
    # Checkouts without an amount are taken to be worth what the others of their market are.
    n, valued = float(own["n"].sum()), float(own["n_valued"].sum())
    amount = float(own["amount"].sum()) * (n / valued if valued else 0.0)
    return {
        "market": market,
        "effect_difference": effect,
        "amount_foreign": amount,
        "estimate": amount * effect,
        "error": amount * error,
        "n": int(n),
    }


def _with_total(rows: list[dict[str, Any]]) -> pd.DataFrame:
    table = pd.DataFrame(rows).sort_values(["estimate", "market"], ascending=[False, True])
    total = {
        "market": "all markets",
        "effect_difference": float(table["estimate"].sum() / table["amount_foreign"].sum()),
        "amount_foreign": float(table["amount_foreign"].sum()),
        "estimate": float(table["estimate"].sum()),
        # Customers of different markets are different people, so that variances add.
        "error": float(np.sqrt((table["error"] ** 2).sum())),
        "n": int(table["n"].sum()),
    }
    return with_ends(pd.concat([pd.DataFrame([total]), table], ignore_index=True))
