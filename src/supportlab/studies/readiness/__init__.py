"""
Data readiness: what these data are, and what they can and cannot carry.

The notebook ``00-data-readiness`` calls the functions of this package; each takes a desk and
returns an estimate, and says why where it cannot.
"""

from __future__ import annotations

from supportlab.studies.common.carried import carried
from supportlab.studies.common.detectable import detectable_differences
from supportlab.studies.common.maturity import censoring, maturity, row_flow
from supportlab.studies.readiness.coverage import coverage, faults, tables
from supportlab.studies.readiness.metric_overview import metric_overview
from supportlab.studies.readiness.rivals import rival_definitions
from supportlab.studies.readiness.service import (
    first_contact_resolution,
    first_response,
    first_response_groups,
    resolution_time,
    resolution_time_groups,
    responses,
)
from supportlab.studies.readiness.waiting import waiting, waiting_naive

__all__ = [
    "carried",
    "censoring",
    "coverage",
    "detectable_differences",
    "faults",
    "first_contact_resolution",
    "first_response",
    "first_response_groups",
    "maturity",
    "metric_overview",
    "resolution_time",
    "resolution_time_groups",
    "responses",
    "rival_definitions",
    "row_flow",
    "tables",
    "waiting",
    "waiting_naive",
]
