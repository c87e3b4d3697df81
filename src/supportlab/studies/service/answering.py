"""Who answers the survey: what tells it, and whether the weights can be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from supportlab.format import format_share, format_value
from supportlab.records import Check
from supportlab.studies.service.known import log_hours

if TYPE_CHECKING:
    from supportlab.studies.service.fits import Fitted

__all__ = ["BESIDE", "answer_checks", "with_answer_columns"]

# What tells who answers beside intake and the exposure: how the ticket went.
BESIDE = ("fcr", "answer_resolution", "answer_response", "answer_escalated", "answer_transferred")
# Cut weights of more than this share of the answers, or answers worth fewer than this share of
# their number, mean that the weighted figure rests on few customers.
MOST_CUT, LEAST_EFFECTIVE = 0.02, 0.5


def with_answer_columns(part: pd.DataFrame) -> pd.DataFrame:
    """
    Add columns of numbers that may tell who answers.

    Parameters
    ----------
    part : pandas.DataFrame
        Resolved tickets.

    Returns
    -------
    pandas.DataFrame
        With the columns of `BESIDE` that the source allows; nothing missing.
    """
    added = {"answer_resolution": log_hours(part["resolution_seconds"])}
    if "response_seconds" in part:
        response = log_hours(part["response_seconds"].fillna(0.0))
        added["answer_response"] = response
    for name, column in (
        ("answer_escalated", "escalated"),
        ("answer_transferred", "is_transferred"),
    ):
        if column in part:
            added[name] = part[column].fillna(0.0).to_numpy(dtype=float)
    return part.assign(**{name: np.asarray(value) for name, value in added.items()})


def answer_checks(fitted: Fitted) -> tuple[Check, ...]:
    """
    Say how many answered and how far their weights can be trusted.

    Parameters
    ----------
    fitted : Fitted
        A fit whose outcome is an answer.

    Returns
    -------
    tuple of Check
        Share of answers, and weights; empty where all have the outcome.
    """
    weights = fitted.weights
    if weights is None:
        return ()
    answers = float(weights.n_answered.sum())
    effective = weights.effective_n / answers
    passed = weights.share_cut <= MOST_CUT and effective >= LEAST_EFFECTIVE
    return (
        Check(
            "who answered",
            None,
            f"{format_share(answers, fitted.n_target)} of those that the figure is about gave an "
            "answer that counts",
        ),
        Check(
            "answers are spread over all kinds of rows",
            bool(passed),
            f"weighted answers are worth {format_value(effective, 'proportion')} of their number; "
            f"{format_value(weights.share_cut, 'proportion')} had a weight above ten times the "
            f"mean and were cut",
        ),
    )
