"""Ended tickets as cells: the frame on which answering and asking are modelled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.stats.interval import FloatArray

if TYPE_CHECKING:
    from supportlab.desk import Desk
    from supportlab.metrics.asked_tickets import AskedTickets

__all__ = ["COURSE", "KIND", "asked_cells", "covariates", "design_of"]

# What kind of ticket it is, known when it comes.
KIND = ("channel", "market", "category")
# How it went. Answering hangs on both, and leaving out the second leaves out most of it.
COURSE = ("fcr", "resolution_band")


def covariates(desk: Desk) -> tuple[str, ...]:
    """Return the covariates that the tickets of a desk provide."""
    kind = [name for name in KIND if desk.has("tickets", name)]
    timed = desk.has("tickets", "resolved_at") and desk.has("tickets", "created_at")
    return (*kind, *(COURSE if timed else ()))


def asked_cells(
    desk: Desk, start: str | None, end: str | None
) -> tuple[pd.DataFrame, AskedTickets]:
    """
    Return ended tickets by covariates and agent, fetched once a run.

    Raises
    ------
    NotEstimable
        Which tickets were asked about is not known, or no ticket has ended.
    """
    from supportlab.metrics.asked_tickets import asked_tickets

    def fetched() -> tuple[pd.DataFrame, AskedTickets]:
        found = asked_tickets(desk, covariates(desk), start=start, end=end)
        return found.fetch(), found

    frame, found = desk.once(f"asked cells {start} {end}", fetched)
    if frame.empty or not frame["n_asked"].sum():
        raise NotEstimable("no ticket of the period has ended and was asked about")
    return frame, found


def design_of(frame: pd.DataFrame, names: tuple[str, ...], n: str = "n") -> FloatArray:
    """Return the columns of zeros and ones of some covariates."""
    from supportlab.stats.cell_models import design_columns

    return design_columns({name: list(frame[name]) for name in names}, frame[n]).matrix
