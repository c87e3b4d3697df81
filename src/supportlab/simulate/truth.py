"""What is true in a world, from potential outcomes and from everybody's answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from supportlab.simulate.arrays import HOUR, NEVER, Array, Rows, take
from supportlab.simulate.catalogue import BOT, CATEGORIES, CHANNELS, HUMAN_CHANNELS, LIMIT_DOLLARS
from supportlab.simulate.demand import NORMAL
from supportlab.simulate.intake import Desk
from supportlab.simulate.keeping import BY_CUSTOMER
from supportlab.simulate.markets import MARKETS
from supportlab.simulate.people import COHORT_SHARES
from supportlab.simulate.service import (
    HANDOVER_FCR,
    LANGUAGE_FCR,
    TENURE_DAYS,
    TENURE_FCR,
    outcomes,
)

__all__ = ["Truth", "authority_truth", "channel_truth", "iso", "rounded", "service_truth"]

# Potential outcomes of more tickets than this change no decimal that is kept.
MOST_TICKETS = 150_000
DECIMALS = 5
LIMIT_BAND = 15.0


@dataclass(frozen=True)
class Truth:
    """
    The planted truth of a world.

    Parameters
    ----------
    sections : dict
        By subject; plain numbers, texts, and mappings of them.

    Examples
    --------
    >>> Truth({"fcr": {"level": 0.7}}).as_dict()["fcr"]["level"]
    0.7
    """

    sections: dict[str, dict[str, Any]]

    def as_dict(self) -> dict[str, dict[str, Any]]:
        """
        Return the sections as plain objects, as in ``truth.json``.

        Returns
        -------
        dict
            Section, name, value.
        """
        return self.sections


def rounded(value: Any) -> float | None:
    """Return a float whose last digits do not depend on the machine; missing for no number."""
    number = float(value)
    return round(number, DECIMALS) if np.isfinite(number) else None


def iso(seconds: int) -> str:
    """Return an ISO 8601 UTC time."""
    return f"{np.datetime64(int(seconds), 's')}Z"


def service_truth(tickets: Rows) -> dict[str, Any]:
    """Return levels over all tickets that customers raised."""
    rows = take(tickets, _countable(tickets))
    good = rows["score"] >= 4
    markets = [one.code for one in MARKETS]
    shares = [good[rows["market"] == number] for number in range(len(markets))]
    hours = (rows["resolved_at"] - rows["created_at"]) / HOUR
    answered = rows["first_response_at"] < NEVER
    first = (rows["first_response_at"] - rows["created_at"])[answered] / HOUR
    return {
        "fcr": rounded(rows["fcr"].mean()),
        "csat_top_two": rounded(good.mean()),
        "csat_top_two_by_market": {
            code: rounded(part.mean())
            for code, part in zip(markets, shares, strict=True)
            if len(part)
        },
        "median_resolution_hours": rounded(np.median(hours)),
        "median_first_response_hours": rounded(np.median(first)),
        "fcr_effect_same_language": LANGUAGE_FCR,
        "fcr_effect_long_tenure": TENURE_FCR,
        "tenure_days_for_most_of_it": TENURE_DAYS,
        "fcr_effect_bot_handover": HANDOVER_FCR,
    }


def authority_truth(desk: Desk, tickets: Rows) -> dict[str, Any]:
    """Return effects of authority on the tickets that were covered by it."""
    covered = tickets["authority"] & (tickets["channel"] != BOT) & (tickets["parent"] < 0)
    rows = take(tickets, _sample(_countable(tickets) & covered))
    without = outcomes(desk, rows, authority=np.zeros(len(rows["fcr"]), dtype=bool))
    gain = rows["fcr"].astype(float) - without["fcr"]
    pleased = (rows["score"] >= 4).astype(float) - (without["score"] >= 4)
    approvals = rows["approval"].astype(float) - without["approval"]
    hours = (rows["resolved_at"] - without["resolved_at"]) / HOUR
    cohort = desk.teams.cohort[rows["team"]]
    used = rows["used"]
    naive = _naive(tickets)
    return {
        "fcr_effect_on_covered": rounded(gain.mean()),
        "fcr_effect_expected": rounded((rows["chance"] - without["chance"]).mean()),
        "csat_top_two_effect_on_covered": rounded(pleased.mean()),
        "approval_effect_on_covered": rounded(approvals.mean()),
        "mean_resolution_hours_effect_on_covered": rounded(hours.mean()),
        "escalation_effect_on_covered": rounded(
            (rows["escalated"].astype(float) - without["escalated"]).mean()
        ),
        "fcr_effect_of_use_on_used": rounded((rows["chance"] - without["chance"])[used].mean()),
        "fcr_effect_by_cohort": {
            str(number): rounded(gain[cohort == number].mean())
            for number in range(len(COHORT_SHARES))
            if (cohort == number).any()
        },
        "fcr_effect_by_category": {
            one.name: rounded(gain[rows["category"] == number].mean())
            for number, one in enumerate(CATEGORIES)
            if (rows["category"] == number).any()
        },
        "fcr_jump_at_limit": rounded(_jump(desk, rows)),
        "fcr_difference_naive": rounded(naive),
        "n_covered": len(used),
        "share_used": rounded(used.mean()),
    }


def channel_truth(desk: Desk, tickets: Rows) -> dict[str, Any]:
    """Return effects of each channel against phone, had the same tickets come by it."""
    own = (tickets["channel"] != BOT) & (tickets["parent"] < 0)
    rows = take(tickets, _sample(_countable(tickets) & own))
    # A hand-over belongs to the channel that was used, so it is switched off for all.
    rows["handover"] = np.zeros(len(rows["fcr"]), dtype=bool)
    results = {
        number: outcomes(desk, rows, channel=np.full(len(rows["fcr"]), number))
        for number in HUMAN_CHANNELS
    }
    base = results[0]
    countable = _countable(tickets) & own
    phone = tickets["fcr"][countable & (tickets["channel"] == 0)].mean()
    truth: dict[str, Any] = {"reference": CHANNELS[0].name}
    for number in HUMAN_CHANNELS[1:]:
        one = results[number]
        used = countable & (tickets["channel"] == number)
        truth[CHANNELS[number].name] = {
            "fcr_effect": rounded((one["chance"] - base["chance"]).mean()),
            "csat_top_two_effect": rounded(
                (one["score"] >= 4).mean() - (base["score"] >= 4).mean()
            ),
            "fcr_difference_naive": rounded(tickets["fcr"][used].mean() - phone)
            if used.any()
            else None,
        }
    return truth


def _countable(tickets: Rows) -> Array:
    result: Array = (tickets["fate"] == NORMAL) & (tickets["initiated"] == BY_CUSTOMER)
    return result


def _sample(chosen: Array) -> Array:
    rows = np.flatnonzero(chosen)
    return rows[:: max(1, -(-len(rows) // MOST_TICKETS))]


def _naive(tickets: Rows) -> float:
    rows = _countable(tickets) & (tickets["channel"] != BOT)
    covered = tickets["authority"]
    return float(tickets["fcr"][rows & covered].mean() - tickets["fcr"][rows & ~covered].mean())


def _jump(desk: Desk, rows: Rows) -> float:
    """Return the expected fall of FCR when an amount passes the limit."""
    near = rows["has_value"] & (np.abs(rows["dollars"] - LIMIT_DOLLARS) <= LIMIT_BAND)
    if not near.any():
        return float("nan")
    chosen = take(rows, np.flatnonzero(near))
    n = len(chosen["fcr"])
    below = outcomes(desk, chosen | {"dollars": np.full(n, LIMIT_DOLLARS)})
    above = outcomes(desk, chosen | {"dollars": np.full(n, LIMIT_DOLLARS + 0.01)})
    return float((above["chance"] - below["chance"]).mean())
