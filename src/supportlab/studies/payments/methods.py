"""
Locally preferred methods: what goes with offering one, and how much of the preference is not met.

A locally preferred method is a brand whose offer in a market begins within the data, and that at
least one in twenty payments there uses once it is offered. Where four or more markets got one at
dates of their own the change is judged as a roll-out; else before is compared with after, adjusted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.findings import Finding
from supportlab.metrics.options import one_of
from supportlab.results import Estimate
from supportlab.studies.common.refusals import as_of_text, refused_estimate
from supportlab.studies.common.scope import whole_words
from supportlab.studies.payments.arm_results import arms_estimate
from supportlab.studies.payments.arm_words import ArmQuestion
from supportlab.studies.payments.arms import known_cells
from supportlab.studies.payments.currency import WORDS
from supportlab.studies.payments.measures import STUDY
from supportlab.studies.payments.roll_out import roll_out_cells, roll_out_estimate
from supportlab.studies.payments.roll_out_words import RollOutQuestion
from supportlab.studies.payments.starts import FEWEST_MONTHS, Start, offer_starts

if TYPE_CHECKING:
    from supportlab.desk import Desk
    from supportlab.metrics.payments.cells import PaymentCells

__all__ = ["brand_cells", "method_effect", "preferred_starts"]

# A brand that fewer use is a habit of some; offering it can change little in a market's rate.
LEAST_USE = 0.05
FEWEST_ROLL_OUTS = 4
COVARIATES = ("amount_band", "local_currency")
TITLE = "Preferred method offered"
QUESTION = "What goes with offering a market the method that its customers prefer?"


def method_effect(
    desk: Desk, *, outcome: str = "abandoned", start: str | None = None, end: str | None = None
) -> Estimate:
    """
    Estimate what goes with offering a locally preferred method of payment.

    Not of a brand that hardly anybody uses, nor of one that was there from the first day on.

    Parameters
    ----------
    desk : Desk
        The data; payments with ``method_brand``, and ``method_offers`` with dates.
    outcome : {"abandoned", "declined"}
        Of first attempts.
    start, end : str, optional
        ISO dates of the first attempt, end excluded.

    Returns
    -------
    Estimate
        As a roll-out (the change, and for each payment moved) where four or more markets got one;
        else before against after, market by market, at equal amount, history and currency. Findings
        ``payment.method.effect``.

    Raises
    ------
    ParameterError
        The outcome is not known.
    """
    one_of("outcome", outcome, ("abandoned", "declined"))
    name = "method-effect" if outcome == "abandoned" else f"method-effect-{outcome}"
    group = {} if outcome == "abandoned" else {"outcome": outcome}
    title = f"{TITLE}: {outcome} attempts"
    try:
        found = brand_cells(desk, start, end)
        starts = preferred_starts(desk, found.fetch())
        if not starts:
            raise NotEstimable(
                "no offer of a method that people use begins within these data, with three months "
                "before and after it"
            )
    except NotEstimable as refusal:
        return _refused(desk, name, title, str(refusal), group, (start, end))
    if len(starts) < FEWEST_ROLL_OUTS:
        asked = _before_after(name, title, outcome, group, starts)
        return arms_estimate(desk, asked, start=start, end=end)
    asked_roll_out = RollOutQuestion(
        name=name,
        title=title,
        finding_id="payment.method.effect",
        question=QUESTION,
        what="the offer of a locally preferred method",
        dose_words="that method",
        outcome_words=WORDS[outcome],
        group=group,
        caveats=(
            "Payments are compared at equal amount band and currency, local or foreign.",
            "A brand counts as preferred where one in twenty payments or more use it once offered.",
        ),
    )
    frame = found.fetch()
    brands = {one.market: one.what for one in starts}
    is_brand = frame["method_brand"] == frame["market"].map(brands)
    cells = roll_out_cells(frame, is_brand, f"n_{outcome}", COVARIATES)
    return roll_out_estimate(
        desk,
        asked_roll_out,
        cells,
        starts,
        found.record(),
        covariates=COVARIATES,
        start=start,
        end=end,
    )


def brand_cells(desk: Desk, start: str | None, end: str | None) -> PaymentCells:
    """
    Count first attempts by market, month, brand, amount and currency.

    Parameters
    ----------
    desk : Desk
        The data.
    start, end : str or None
        ISO dates.

    Returns
    -------
    PaymentCells
        First attempts.

    Raises
    ------
    NotEstimable
        There are no payments with brands, or no offers.
    """
    if not desk.has("method_offers", "market", "method_brand", "offered_from"):
        raise NotEstimable(
            "there is no table method_offers with market, method_brand and offered_from, so it is "
            "not known who was offered what, and when"
        )
    if not desk.has("payments", "method_brand"):
        raise NotEstimable("payments do not tell the brand of the method; provide method_brand")
    by = ("market", "month", "method_brand", "amount_band", "local_currency")
    return known_cells(desk, by, "first_attempt", start, end)


def preferred_starts(desk: Desk, frame: pd.DataFrame) -> tuple[Start, ...]:
    """
    Find the brand that each market got within the data and uses most.

    Parameters
    ----------
    desk : Desk
        With ``method_offers``.
    frame : pandas.DataFrame
        As `brand_cells` fetches it.

    Returns
    -------
    tuple of Start
        At most one a market; ``before`` and ``after`` are shares of use.
    """
    offers = offer_starts(desk)
    months = sorted(frame["month"].unique())
    if len(months) <= 2 * FEWEST_MONTHS:
        return ()
    inside = offers.loc[
        (offers["first_month"] >= months[FEWEST_MONTHS])
        & (offers["first_month"] <= months[-FEWEST_MONTHS])
    ]
    found = []
    for market, part in inside.groupby("market", sort=True):
        own = frame.loc[frame["market"] == market]
        starts = [
            _start(own, str(market), str(row["method_brand"]), str(row["first_month"]))
            for row in part.to_dict("records")
        ]
        used = [one for one in starts if one.after >= LEAST_USE]
        if used:
            found.append(max(used, key=lambda one: (one.after, one.what)))
    return tuple(found)


def _start(own: pd.DataFrame, market: str, brand: str, month: str) -> Start:
    later = own["month"] >= month
    levels = []
    for part in (own.loc[~later], own.loc[later]):
        n = int(part["n"].sum())
        hits = int(part.loc[part["method_brand"] == brand, "n"].sum())
        levels.append(hits / n if n else 0.0)
    return Start(market, month, brand, *levels)


def _before_after(
    name: str, title: str, outcome: str, group: dict[str, str], starts: tuple[Start, ...]
) -> ArmQuestion:
    return ArmQuestion(
        name=name,
        title=title,
        finding_id="payment.method.effect",
        question=QUESTION,
        column="month",
        labels=("offered", "not offered"),
        words=("the preferred method on offer", "the same before it"),
        outcome=f"n_{outcome}",
        outcome_words=WORDS[outcome],
        group=group,
        caveats=(
            "Before is compared with after: what else changed with time is not held equal.",
            *(f"{one.market}: {one.what} since {one.month}." for one in starts),
        ),
        covariates=("amount_band", "history_band", "local_currency"),
        starts={one.market: one.month for one in starts},
    )


def _refused(
    desk: Desk,
    name: str,
    title: str,
    reason: str,
    group: dict[str, str],
    days: tuple[str | None, str | None],
) -> Estimate:
    finding = Finding.refused(
        reason=reason,
        id="payment.method.effect",
        study=STUDY,
        question=QUESTION,
        estimand=(
            "change in the share of first attempts that goes with the offer of a locally preferred "
            f"method; {whole_words(desk.slice)}"
        ),
        unit="proportion",
        group=group,
        as_of=as_of_text(desk),
        start=days[0],
        end=days[1],
    )
    return refused_estimate(name, title, reason, (finding,))
