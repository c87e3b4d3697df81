"""
Feedback trends: what customers say, with intervals, and how far it can be believed.

The notebook ``01-feedback-trends`` calls the functions of this package; each takes a desk and
returns an estimate, and says why where it cannot.
"""

from __future__ import annotations

from supportlab.studies.common.naive import naive
from supportlab.studies.feedback.changes import csat_change
from supportlab.studies.feedback.control import csat_chart
from supportlab.studies.feedback.csat import answer_flow, bounds, csat
from supportlab.studies.feedback.selectivity import invitation_selectivity
from supportlab.studies.feedback.shifts import csat_shifts
from supportlab.studies.feedback.silent import csat_adjusted, csat_sensitivity
from supportlab.studies.feedback.survey_levels import (
    ces,
    ces_groups,
    nps,
    nps_groups,
    response_rate,
    response_rate_groups,
)
from supportlab.studies.feedback.themes import theme_shares, themes
from supportlab.studies.feedback.themes_emerging import emerging_themes
from supportlab.studies.feedback.themes_ratings import theme_ratings, typical_comments
from supportlab.studies.feedback.trends import csat_trend

__all__ = [
    "answer_flow",
    "bounds",
    "ces",
    "ces_groups",
    "csat",
    "csat_adjusted",
    "csat_change",
    "csat_chart",
    "csat_sensitivity",
    "csat_shifts",
    "csat_trend",
    "emerging_themes",
    "invitation_selectivity",
    "naive",
    "nps",
    "nps_groups",
    "response_rate",
    "response_rate_groups",
    "theme_ratings",
    "theme_shares",
    "themes",
    "typical_comments",
]
