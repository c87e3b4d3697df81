"""What began when markets got prices in their own currency, at a date of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from supportlab.errors import NotEstimable
from supportlab.metrics.options import one_of
from supportlab.results import Estimate
from supportlab.studies.payments.arms import known_cells
from supportlab.studies.payments.currency import WORDS
from supportlab.studies.payments.roll_out import (
    refused_roll_out,
    roll_out_cells,
    roll_out_estimate,
)
from supportlab.studies.payments.roll_out_words import RollOutQuestion
from supportlab.studies.payments.starts import jumps, read_starts

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["currency_roll_out"]

COVARIATES = ("amount_band", "method")
CAVEATS = (
    (
        "Markets that had the same prices throughout stand for what would have been; this takes "
        "their own difference between the two kinds of prices to be steady."
    ),
    "Payments are compared at equal amount band and method.",
)


def currency_roll_out(
    desk: Desk,
    *,
    outcome: str = "declined",
    dates: Mapping[str, str] | None = None,
    start: str | None = None,
    end: str | None = None,
) -> Estimate:
    """
    Estimate what began with local prices in the markets that got them at a date of their own.

    Not where all markets changed at once, or where one changed because its payments got worse.

    Parameters
    ----------
    desk : Desk
        The data; payments with market and presentment currency.
    outcome : {"declined", "abandoned"}
        Of first attempts.
    dates : mapping of str to str, optional
        Market to ISO date of its first day with local prices. Left out, the months are those in
        which the share of local prices jumps by 30 points or more and stays; the outcome is not
        looked at for it.
    start, end : str, optional
        ISO dates of the first attempt, end excluded.

    Returns
    -------
    Estimate
        The change as rolled out, and for each payment moved to local prices. Findings
        ``payment.currency.roll_out``.

    Raises
    ------
    ParameterError
        The outcome is not known, or a date is no ISO date.

    Notes
    -----
    Imputation (Borusyak, Jaravel and Spiess 2024) on cells of market, month, amount band and
    method; clusters are markets, left out one at a time.
    """
    one_of("outcome", outcome, ("declined", "abandoned"))
    asked = RollOutQuestion(
        name="currency-roll-out" if outcome == "declined" else f"currency-roll-out-{outcome}",
        title=f"Local prices rolled out: {outcome} attempts",
        finding_id="payment.currency.roll_out",
        question="What began when markets got prices in their own currency?",
        what="prices in local currency",
        dose_words="local currency",
        outcome_words=WORDS[outcome],
        group={} if outcome == "declined" else {"outcome": outcome},
        caveats=CAVEATS
        if dates
        else (*CAVEATS, "The months of the changes were seen in the data."),
    )
    try:
        by = ("market", "month", "local_currency", *COVARIATES)
        found = known_cells(desk, by, "first_attempt", start, end)
        frame = found.fetch()
    except NotEstimable as refusal:
        return refused_roll_out(desk, asked, str(refusal), start=start, end=end)
    frame = frame.loc[frame["local_currency"].isin(["local", "foreign"])]
    is_local = frame["local_currency"] == "local"
    cells = roll_out_cells(frame, is_local, f"n_{outcome}", COVARIATES)
    shares = cells.groupby(["market", "month"], sort=True)[["n", "dose"]].sum().reset_index()
    shares = shares.rename(columns={"dose": "hits"})
    starts = read_starts(dates, shares) if dates else jumps(shares)
    return roll_out_estimate(
        desk, asked, cells, starts, found.record(), covariates=COVARIATES, start=start, end=end
    )
