"""Truth about surveys, churn, payments and feedback."""

from __future__ import annotations

from typing import Any

import numpy as np

from supportlab.simulate.arrays import Array, Rows, take
from supportlab.simulate.catalogue import CHANNELS
from supportlab.simulate.demand import release_at
from supportlab.simulate.intake import Desk
from supportlab.simulate.leaving import FOLLOW_UP_RATIO, HAZARD_RATIOS, Leaving
from supportlab.simulate.markets import MARKETS
from supportlab.simulate.payments import DECLINED, Ledger
from supportlab.simulate.service import SHIFT_MARKET, SHIFT_SATISFACTION, shift_at
from supportlab.simulate.surveys import CSAT, NPS, Surveys
from supportlab.simulate.truth import iso, rounded

__all__ = ["churn_truth", "feedback_truth", "payment_truth", "survey_truth"]


def survey_truth(desk: Desk, tickets: Rows, surveys: Surveys) -> dict[str, Any]:
    """Return what all would have said, beside what those said who answered."""
    rows = surveys.rows
    csat = rows["kind"] == CSAT
    answered = csat & rows["is_answered"]
    everybody = tickets["score"][surveys.eligible] >= 4
    nps = rows["kind"] == NPS
    return {
        "csat_top_two_all": rounded(everybody.mean()),
        "csat_top_two_answers": rounded((rows["score"][answered] >= 4).mean()),
        "csat_bias_of_answers": rounded((rows["score"][answered] >= 4).mean() - everybody.mean()),
        "csat_response_rate": rounded(answered.sum() / csat.sum()),
        "csat_response_rate_by_channel": {
            channel.name: rounded(rows["is_answered"][csat & (rows["channel"] == number)].mean())
            for number, channel in enumerate(CHANNELS)
            if (csat & (rows["channel"] == number)).any()
        },
        "nps_all_invited": rounded(_nps(rows["score"][nps])),
        "nps_answers": rounded(_nps(rows["score"][nps & rows["is_answered"]])),
        "nps_response_rate": rounded(rows["is_answered"][nps].mean()),
        "n_withheld": int(surveys.withheld.sum()),
        "withholding_agents": [f"A{number:04d}" for number in np.flatnonzero(_withholding(desk))],
        "shift_market": SHIFT_MARKET,
        "shift_at": iso(shift_at(desk)),
        "shift_latent": rounded(SHIFT_SATISFACTION * desk.settings.effects.shift),
        "shift_csat_top_two": rounded(_shift(desk, tickets, surveys.eligible)),
    }


def churn_truth(desk: Desk, leaving: Leaving) -> dict[str, Any]:
    """Return hazard ratios as planted and rates as they came out."""
    size = desk.settings.effects.churn
    return {
        "hazard_ratios": {name: rounded(ratio**size) for name, ratio in HAZARD_RATIOS.items()},
        "hazard_ratio_followed_up_detractor": FOLLOW_UP_RATIO,
        "window_days": 90,
        "n_customer_months": leaving.n_at_risk,
        "n_voluntary": leaving.n_voluntary,
        "n_involuntary": leaving.n_involuntary,
        "voluntary_per_month": rounded(leaving.n_voluntary / max(leaving.n_at_risk, 1)),
        "involuntary_per_month": rounded(leaving.n_involuntary / max(leaving.n_at_risk, 1)),
    }


def payment_truth(ledger: Ledger, kept: Array) -> dict[str, Any]:
    """Return effects of foreign presentment on the first attempt's decline."""
    attempts = take(ledger.attempts, kept)
    checkout = attempts["checkout"][attempts["number"] == 0]
    rows = take(ledger.checkouts, checkout)
    effect = rows["decline_foreign"] - rows["decline_local"]
    abroad = np.array([market.currency != "USD" for market in MARKETS])[rows["market"]]
    declined = attempts["status"][attempts["number"] == 0] == DECLINED
    foreign = rows["foreign"]
    by_market = {
        market.code: {
            "decline_rate": rounded(declined[here].mean()),
            "foreign_presentment_effect": rounded(effect[here].mean()),
        }
        for number, market in enumerate(MARKETS)
        if (here := rows["market"] == number).any()
    }
    return {
        "decline_rate_first_attempts": rounded(declined.mean()),
        "decline_rate_attempts": rounded((attempts["status"] == DECLINED).mean()),
        "foreign_presentment_effect_on_decline": rounded(effect[abroad].mean()),
        "foreign_presentment_effect_on_exposed": rounded(effect[foreign].mean()),
        "foreign_presentment_difference_naive": rounded(
            declined[foreign].mean() - declined[~foreign & abroad].mean()
        ),
        "missing_method_effect_on_abandonment": rounded(_missing(rows)),
        "by_market": by_market,
    }


def feedback_truth(desk: Desk) -> dict[str, Any]:
    """Return the emerging theme and when it began."""
    return {
        "emerging_theme": "sync",
        "emerging_from": iso(release_at(desk.settings)),
        "emerging_weeks_to_full": 3,
        "is_planted": desk.settings.effects.emerging > 0,
    }


def _missing(rows: Rows) -> float:
    missing = rows["missing_method"]
    if not missing.any() or missing.all():
        return float("nan")
    return float(rows["abandon"][missing].mean() - rows["abandon"][~missing].mean())


def _nps(score: Array) -> float:
    return float((score >= 9).mean() - (score <= 6).mean())


def _withholding(desk: Desk) -> Array:
    return desk.agents.withholds & (desk.settings.effects.withholding > 0)


def _shift(desk: Desk, tickets: Rows, eligible: Array) -> float:
    here = eligible & (tickets["market"] == [one.code for one in MARKETS].index(SHIFT_MARKET))
    good, after = tickets["score"] >= 4, tickets["created_at"] >= shift_at(desk)
    return float(good[here & after].mean() - good[here & ~after].mean())
