"""Estimators: pure functions on arrays and sums; each interval says how it was made."""

from __future__ import annotations

from supportlab.stats.binary_cells import BinaryFit, fit_binary
from supportlab.stats.counts import count_rate
from supportlab.stats.differences import difference_of_means, difference_of_proportions
from supportlab.stats.discrimination import clustered_auc, difference_of_aucs
from supportlab.stats.hazard_design import hazard_design
from supportlab.stats.hazard_tests import joint_test
from supportlab.stats.hazards import HazardFit, fit_hazard, hazard_ratio
from supportlab.stats.interval import Contrast, Interval
from supportlab.stats.intervals import (
    clustered_mean,
    clustered_nps,
    clustered_proportion,
    wilson_interval,
)
from supportlab.stats.multiplicity import adjust_p
from supportlab.stats.power import (
    minimal_detectable_difference,
    minimal_detectable_mean_difference,
    sample_size_for_difference,
)
from supportlab.stats.sensitivity import e_value, e_value_of_difference, robustness_value
from supportlab.stats.separation import separated_levels
from supportlab.stats.shrinkage import Shrunken, beta_binomial_shrinkage, normal_shrinkage
from supportlab.stats.strata import difference_of_means_in_strata
from supportlab.stats.survival import KaplanMeier, kaplan_meier
from supportlab.stats.survival_intervals import survival_at, survival_band, survival_quantile
from supportlab.stats.trend import Trend, linear_trend

__all__ = [
    "BinaryFit",
    "Contrast",
    "HazardFit",
    "Interval",
    "KaplanMeier",
    "Shrunken",
    "Trend",
    "adjust_p",
    "beta_binomial_shrinkage",
    "clustered_auc",
    "clustered_mean",
    "clustered_nps",
    "clustered_proportion",
    "count_rate",
    "difference_of_aucs",
    "difference_of_means",
    "difference_of_means_in_strata",
    "difference_of_proportions",
    "e_value",
    "e_value_of_difference",
    "fit_binary",
    "fit_hazard",
    "hazard_design",
    "hazard_ratio",
    "joint_test",
    "kaplan_meier",
    "linear_trend",
    "minimal_detectable_difference",
    "minimal_detectable_mean_difference",
    "normal_shrinkage",
    "robustness_value",
    "sample_size_for_difference",
    "separated_levels",
    "survival_at",
    "survival_band",
    "survival_quantile",
    "wilson_interval",
]
