"""
What goes with prices in the customers' own currency: declines, broken-off attempts, lost checkouts.

Held equal within each market: the amount (bands of the reporting currency), the method, what the
customer's checkout before this one came to, and the quarter. Not held equal, by decision: the
authentication step, which issuers ask for after they have seen the currency, so that part of what
the currency does may run through it; and the origin of the card, which the data do not hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.format import format_difference
from supportlab.metrics.options import one_of
from supportlab.results import Estimate
from supportlab.studies.common.refusals import refused_estimate
from supportlab.studies.payments.arm_results import arms_estimate
from supportlab.studies.payments.arm_words import ArmQuestion
from supportlab.studies.payments.arms import COVARIATES

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["OUTCOMES", "PaymentOutcome", "currency_effect", "currency_naive", "rate_shown_effect"]

PaymentOutcome = Literal["declined", "abandoned", "failed"]
OUTCOMES = ("declined", "abandoned", "failed")
WORDS = {
    "declined": "are declined",
    "abandoned": "are broken off by the customer",
    "failed": "end without a payment",
}
NOT_HELD = (
    "The origin of the card is not in the data and is not held equal.",
    (
        "The authentication step is not held equal, since issuers ask for it after they saw the "
        "currency: what the currency does may run through it."
    ),
)


def currency_naive(desk: Desk, *, start: str | None = None, end: str | None = None) -> Estimate:
    """
    Compute the raw difference between prices in local and in foreign currency.

    Not to be quoted: markets with local prices have other methods, amounts and banks.

    Parameters
    ----------
    desk : Desk
        The data; payments with market and presentment currency.
    start, end : str, optional
        ISO dates of the first attempt, end excluded.

    Returns
    -------
    Estimate
        One row an outcome and way of counting: ``outcome``, ``figure``, ``presentment``,
        ``versus``, ``estimate`` (local less foreign), ``n``, ``what_is_wrong``.
    """
    from supportlab.metrics.payments.cells import payment_cells

    title = "Local against foreign prices: the naive figures"
    try:
        cells = payment_cells(
            desk, ("market", "local_currency"), unit="first_attempt", start=start, end=end
        )
        frame = cells.fetch()
        rows = [row for name in OUTCOMES[:2] for row in _naive_rows(frame, name)]
    except NotEstimable as refusal:
        return refused_estimate("currency-naive", title, str(refusal))
    table = pd.DataFrame(rows)
    raw = float(table["estimate"].iloc[0])
    words = (
        "The share of first attempts that are declined is "
        f"{format_difference(raw, 'proportion')} in local currency against a foreign one, all "
        "markets together; this mixes the currency with where and for what people pay."
    )
    return Estimate(
        "currency-naive", title, table, sentences=(words,), definitions=(cells.record(),)
    )


def currency_effect(
    desk: Desk,
    *,
    outcome: PaymentOutcome = "declined",
    with_authentication: bool = False,
    start: str | None = None,
    end: str | None = None,
) -> Estimate:
    """
    Compare payments in local and in foreign currency at equal amount, method, history and time.

    Not proof of what a change of prices would do: what the data do not hold is not held equal. A
    market where everybody sees one kind of price says nothing and is not in the pool.

    Parameters
    ----------
    desk : Desk
        The data; payments with market and presentment currency.
    outcome : {"declined", "abandoned", "failed"}
        Of first attempts: declined, or broken off; of checkouts: not paid in the end.
    with_authentication : bool
        Hold the authentication step equal too. It comes after the currency was shown.
    start, end : str, optional
        ISO dates of the first attempt, end excluded.

    Returns
    -------
    Estimate
        One row for all markets (random effects) and one a market: ``estimate`` (local less
        foreign, as a share), its interval, ``naive``, ``n``, ``share_kept``, ``p_adjusted``,
        ``verdict``, ``shrunk``. Findings ``payment.currency.effect``.

    Raises
    ------
    ParameterError
        The outcome is not known.

    Notes
    -----
    Within market augmented inverse probability weighting on cells, clustered by customer; pooled by
    random effects (restricted maximum likelihood, Hartung and Knapp).
    """
    one_of("outcome", outcome, OUTCOMES)
    extra: dict[str, str] = {} if outcome == "declined" else {"outcome": outcome}
    covariates: tuple[str, ...] = COVARIATES
    if with_authentication:
        extra["with"] = "authentication"
        covariates = (*COVARIATES, "authentication")
    name = "-".join(["currency-effect", *extra.values()])
    asked = ArmQuestion(
        name=name,
        title=f"Local against foreign prices: {_noun(outcome)}",
        finding_id="payment.currency.effect",
        question="What goes with prices in the customers' own currency?",
        column="local_currency",
        labels=("local", "foreign"),
        words=("prices in local currency", "prices in a foreign one"),
        outcome=f"n_{outcome}",
        outcome_words=WORDS[outcome],
        group=extra,
        caveats=NOT_HELD[:1] if with_authentication else NOT_HELD,
        covariates=covariates,
    )
    return arms_estimate(desk, asked, start=start, end=end)


def rate_shown_effect(
    desk: Desk,
    *,
    outcome: PaymentOutcome = "abandoned",
    start: str | None = None,
    end: str | None = None,
) -> Estimate:
    """
    Compare foreign prices with and without a shown exchange rate.

    Not for local prices, where there is no rate to show.

    Parameters
    ----------
    desk : Desk
        The data; payments with ``fx_rate_shown``.
    outcome : {"declined", "abandoned", "failed"}
        As for `currency_effect`.
    start, end : str, optional
        ISO dates of the first attempt, end excluded.

    Returns
    -------
    Estimate
        As `currency_effect`; findings ``payment.rate_shown.effect``.

    Raises
    ------
    ParameterError
        The outcome is not known.
    """
    one_of("outcome", outcome, OUTCOMES)
    extra = {} if outcome == "abandoned" else {"outcome": outcome}
    asked = ArmQuestion(
        name="-".join(["rate-shown-effect", *extra.values()]),
        title=f"Foreign prices with and without the rate shown: {_noun(outcome)}",
        finding_id="payment.rate_shown.effect",
        question="What goes with showing the exchange rate beside a foreign price?",
        column="rate_shown",
        labels=("shown", "not shown"),
        words=("a foreign price and its rate", "a foreign price alone"),
        outcome=f"n_{outcome}",
        outcome_words=WORDS[outcome],
        group=extra,
        caveats=NOT_HELD[:1],
        only=("local_currency", "foreign"),
    )
    return arms_estimate(desk, asked, start=start, end=end)


def _noun(outcome: str) -> str:
    nouns = {"declined": "declines", "abandoned": "abandonment", "failed": "unpaid checkouts"}
    return nouns[outcome]


def _naive_rows(frame: pd.DataFrame, outcome: str) -> list[dict[str, Any]]:
    known = frame.loc[frame["local_currency"].isin(["local", "foreign"])]
    if known["local_currency"].nunique() < 2:
        raise NotEstimable("all payments are of one kind, in local or in foreign currency")
    mixed = known.groupby("market").filter(lambda part: part["local_currency"].nunique() == 2)
    rows = [
        ("all markets together", known, "markets with local prices differ in all else"),
        (
            "markets that have both",
            mixed,
            "larger amounts, other methods and earlier years still go with foreign prices",
        ),
    ]
    made = []
    for figure, part, wrong in rows:
        if part.empty:
            continue
        sums = part.groupby("local_currency")[["n", f"n_{outcome}"]].sum()
        rates = sums[f"n_{outcome}"] / sums["n"]
        made.append(
            {
                "outcome": outcome,
                "figure": figure,
                "presentment": "local",
                "versus": "foreign",
                "estimate": float(rates.loc["local"] - rates.loc["foreign"]),
                "unit": "proportion",
                "n": int(sums["n"].sum()),
                "what_is_wrong": wrong,
            }
        )
    return made
