"""
Feedback trends: what customers say, with intervals, and how far it can be believed.

The notebook ``01-feedback-trends`` calls the functions of this package; each takes a desk and
returns an estimate, and says why where it cannot.
"""

from __future__ import annotations

from supportlab.studies.common.naive import naive
from supportlab.studies.feedback.csat import answer_flow, bounds, csat
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
    "csat_trend",
    "emerging_themes",
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
