"""
Churn and service quality: which bad service goes with leaving, and how much of it.

The notebook ``02-churn-and-service-quality`` calls the functions of this module; each takes a desk
and returns an estimate, and says why where it cannot.
"""

from __future__ import annotations

from supportlab.studies.churn.curves import retention
from supportlab.studies.churn.doses import churn_doses as doses
from supportlab.studies.churn.effect_groups import churn_effect_groups as effect_groups
from supportlab.studies.churn.effects import churn_effects as effects
from supportlab.studies.churn.follow_up import follow_up
from supportlab.studies.churn.incidence import incidence
from supportlab.studies.churn.naive import churn_naive as naive
from supportlab.studies.churn.rates import churn_kinds as kinds
from supportlab.studies.churn.rates import churn_rate as rate
from supportlab.studies.churn.rates import churn_rate_naive as rate_naive
from supportlab.studies.churn.risk_list import risk_list
from supportlab.studies.churn.second_opinion import churn_second_opinion as second_opinion
from supportlab.studies.churn.signal_horizons import signal_horizons
from supportlab.studies.churn.signals import signal_differences, signal_rank
from supportlab.studies.churn.snapshot import open_snapshot, snapshot_faults, snapshot_levels
from supportlab.studies.churn.snapshot_associations import snapshot_associations
from supportlab.studies.churn.spend import spend_by_satisfaction
from supportlab.studies.churn.stake import stake, value_at_stake

__all__ = [
    "doses",
    "effect_groups",
    "effects",
    "follow_up",
    "incidence",
    "kinds",
    "naive",
    "open_snapshot",
    "rate",
    "rate_naive",
    "retention",
    "risk_list",
    "second_opinion",
    "signal_differences",
    "signal_horizons",
    "signal_rank",
    "snapshot_associations",
    "snapshot_faults",
    "snapshot_levels",
    "spend_by_satisfaction",
    "stake",
    "value_at_stake",
]
