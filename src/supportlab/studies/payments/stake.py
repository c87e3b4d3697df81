"""What the currency effect and the method gap come to in money."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.findings import Finding
from supportlab.format import format_count
from supportlab.records import Check
from supportlab.results import Estimate
from supportlab.studies.common.refusals import as_of_text, refused_estimate
from supportlab.studies.common.scope import whole_words
from supportlab.studies.payments.arm_results import STUDY
from supportlab.studies.payments.arms import compare_arms
from supportlab.studies.payments.method_gap import method_gap
from supportlab.studies.payments.methods import method_effect
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["currency_stake", "method_stake"]

CURRENCY_TITLE = "Value of foreign-price checkouts that local prices go with keeping"
METHOD_TITLE = "Value of checkouts that an offered preferred method goes with keeping"
# Below this share of checkouts with an amount the sum would stand for rows it does not hold.
LEAST_VALUED = 0.95


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
        period, its interval, ``amount_foreign``, ``effect``. Finding ``payment.currency.stake``.
    """
    from supportlab.metrics.payments.amounts import checkout_amounts, unconverted

    question = "What do unpaid checkouts at foreign prices come to, against local ones?"
    known = _known(desk, "payment.currency.stake", question, "adjusted", start, end)
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
        _refuse_unvalued(amounts, unconverted(desk))
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
    return _estimate(
        desk,
        "currency-stake",
        CURRENCY_TITLE,
        table,
        {**known, "estimand": estimand, "method": "adjusted differences by market times amounts"},
        _rate_check(unconverted(desk)),
        caveats,
    )


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
    known = _known(desk, "payment.method.stake", question, "quasi_experiment", start, end)
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
        _refuse_unvalued(amounts, unconverted(desk))
    except NotEstimable as refusal:
        refused = Finding.refused(reason=str(refusal), estimand=estimand, **known)
        return refused_estimate("method-stake", METHOD_TITLE, str(refusal), (refused,))
    table = _method_table(effect, gap.table, amounts)
    caveats = (
        "The amounts of those who miss a method are taken to be like all amounts of their market.",
        "One change for each payment moved is taken for all markets.",
    )
    method = "change for each payment moved (roll-out) times preference not met times amounts"
    return _estimate(
        desk,
        "method-stake",
        METHOD_TITLE,
        table,
        {**known, "estimand": estimand, "method": method},
        _rate_check(unconverted(desk)),
        caveats,
    )


def _known(
    desk: Desk, name: str, question: str, design: str, start: str | None, end: str | None
) -> dict[str, Any]:
    return {
        "id": name,
        "study": STUDY,
        "question": question,
        "unit": "money",
        "group": {"currency": desk.config.reporting_currency},
        "design": design,
        "as_of": as_of_text(desk),
        "start": start,
        "end": end,
    }


def _refuse_unvalued(amounts: pd.DataFrame, missing: str) -> None:
    n, valued = int(amounts["n"].sum()), int(amounts["n_valued"].sum())
    if n == 0 or valued < LEAST_VALUED * n:
        lacking = f" No rate: {missing}." if missing else ""
        raise NotEstimable(
            f"of {n:,} checkouts {valued:,} have an amount in the reporting currency, too few for "
            f"a sum.{lacking}"
        )


def _rate_check(missing: str) -> Check:
    detail = f"left out for want of a rate: {missing}" if missing else "every amount has a rate"
    return Check("exchange rates", not missing, detail)


def _market_stake(
    market: str, effect: float, error: float, amounts: pd.DataFrame
) -> dict[str, Any]:
    own = amounts.loc[(amounts["market"] == market) & (amounts["local_currency"] == "foreign")]
    # Checkouts without an amount are taken to be worth what the others of their market are.
    n, valued = float(own["n"].sum()), float(own["n_valued"].sum())
    amount = float(own["amount"].sum()) * (n / valued if valued else 0.0)
    return {
        "market": market,
        "effect": effect,
        "amount_foreign": amount,
        "estimate": amount * effect,
        "error": amount * error,
        "n": int(n),
    }


def _with_total(rows: list[dict[str, Any]]) -> pd.DataFrame:
    table = pd.DataFrame(rows).sort_values(["estimate", "market"], ascending=[False, True])
    total = {
        "market": "all markets",
        "effect": float(table["estimate"].sum() / table["amount_foreign"].sum()),
        "amount_foreign": float(table["amount_foreign"].sum()),
        "estimate": float(table["estimate"].sum()),
        # Customers of different markets are different people, so that variances add.
        "error": float(np.sqrt((table["error"] ** 2).sum())),
        "n": int(table["n"].sum()),
    }
    return _with_ends(pd.concat([pd.DataFrame([total]), table], ignore_index=True))


def _with_ends(table: pd.DataFrame) -> pd.DataFrame:
    from supportlab.stats.interval import normal_quantile

    half = normal_quantile(INTERVAL_LEVEL) * table["error"]
    return table.assign(ci_low=table["estimate"] - half, ci_high=table["estimate"] + half).drop(
        columns="error"
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
        "effect": effect[0],
        "amount_without_method": missed,
        "estimate": missed * effect[0],
        "error": error,
        "n": int(gap["n"].sum()),
    }
    return _with_ends(pd.DataFrame([row]))


def _estimate(
    desk: Desk,
    name: str,
    title: str,
    table: pd.DataFrame,
    known: dict[str, Any],
    check: Check,
    caveats: tuple[str, ...],
) -> Estimate:
    head = table.iloc[0]
    finding = Finding(
        **known,
        estimate=float(head["estimate"]),
        ci_low=float(head["ci_low"]),
        ci_high=float(head["ci_high"]),
        ci_level=INTERVAL_LEVEL,
        n=int(head["n"]),
        checks=(check,),
        caveats=caveats,
    )
    currency = desk.config.reporting_currency
    words = (
        f"{title}: {format_count(head['estimate'])} {currency} over the period (95 % interval "
        f"{format_count(head['ci_low'])} to {format_count(head['ci_high'])}). This is what goes "
        "with the difference, not what a change would surely bring."
    )
    return Estimate(
        name,
        title,
        table,
        findings=(finding,),
        sentences=(words,),
        checks=(check,),
        caveats=caveats,
    )
