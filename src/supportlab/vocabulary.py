"""Names that other programs rely on: studies, finding ids, units, verdicts."""

from __future__ import annotations

from typing import Literal

__all__ = [
    "CONTRACT_VERSION",
    "FINDING_IDS",
    "FINDING_KEYS",
    "INTERVAL_LEVEL",
    "STUDIES",
    "Design",
    "Unit",
    "Verdict",
]

CONTRACT_VERSION = "1.0"
# One level for the whole project, so that two intervals on one page can be compared.
INTERVAL_LEVEL = 0.95

STUDIES = (
    "data-readiness",
    "feedback-trends",
    "churn-and-service-quality",
    "empowerment",
    "channel-choice",
    "payment-friction",
    "executive-summary",
)

FINDING_IDS = (
    "feedback.csat.level",
    "feedback.nps.level",
    "feedback.ces.level",
    "feedback.response_rate",
    "feedback.csat.level_adjusted",
    "feedback.csat.trend",
    "feedback.csat.shift",
    "feedback.theme.share",
    "feedback.theme.emerging",
    "feedback.invitation.selectivity",
    "support.fcr",
    "support.first_response",
    "support.resolution_time",
    "churn.rate",
    "churn.retention",
    "churn.stake.customers",
    "churn.stake.value",
    "churn.quality.effect",
    "churn.quality.dose",
    "churn.quality.effect_by_group",
    "churn.predictor.rank",
    "churn.predictor.gain",
    "churn.predictor.difference",
    "churn.satisfaction.spend",
    "churn.followup.effect",
    "churn.snapshot.share",
    "churn.snapshot.association",
    "empowerment.fcr.effect",
    "empowerment.csat.effect",
    "empowerment.resolution_time.effect",
    "channel.fcr.effect",
    "channel.csat.effect",
    "channel.mix.contribution",
    "payment.decline_rate",
    "payment.success_rate",
    "payment.abandonment_rate",
    "payment.decline_rate.deviation",
    "payment.decline_rate.exceedance",
    "payment.decline_rate.rank",
    "payment.decline_rate.change",
    "payment.success_rate.deviation",
    "payment.success_rate.exceedance",
    "payment.success_rate.rank",
    "payment.success_rate.change",
    "payment.abandonment_rate.deviation",
    "payment.abandonment_rate.exceedance",
    "payment.abandonment_rate.rank",
    "payment.abandonment_rate.change",
    "payment.decline_kind.share",
    "payment.retry.success",
    "payment.authentication.effect",
    "payment.currency.effect",
    "payment.method.effect",
    "payment.currency.roll_out",
    "payment.currency.stake",
    "payment.rate_shown.effect",
    "payment.fx_spread",
    "payment.method.gap",
    "payment.method.stake",
    "payment.tickets_per_1000",
    "payment.tickets.failure.effect",
    "payment.tickets.currency.effect",
)

Unit = Literal[
    "proportion",
    "hazard_ratio",
    "odds_ratio",
    "score",
    "minutes",
    "hours",
    "count",
    "per_1000",
    "per_month",
    "money",
]
Design = Literal["descriptive", "adjusted", "quasi_experiment", "experiment"]
Verdict = Literal["higher", "lower", "no_difference_shown", "inconclusive", "equivalent"]


FINDING_KEYS = (
    "id",
    "study",
    "question",
    "group",
    "estimand",
    "estimate",
    "ci_low",
    "ci_high",
    "ci_level",
    "unit",
    "n",
    "n_clusters",
    "method",
    "design",
    "status",
    "reason",
    "p_value",
    "p_adjusted",
    "verdict",
    "sensitivity",
    "checks",
    "caveats",
    "as_of",
    "start",
    "end",
)
