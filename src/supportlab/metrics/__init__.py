"""
Metrics, each defined once, as sums computed in the engine.

A metric takes a desk and groups and returns `Sums`: counts per group and cluster that add up,
with the definition record and the rows behind them. Shares, means and intervals are made of
them a floor higher.
"""

from __future__ import annotations

from supportlab.metrics.dimensions import MISSING, groupable
from supportlab.metrics.effort import CES, ces
from supportlab.metrics.events import reconciliation, tickets_from_events
from supportlab.metrics.first_contact_resolution import FCR, fcr
from supportlab.metrics.first_response_time import FIRST_RESPONSE, first_response
from supportlab.metrics.net_promoter import NPS, nps
from supportlab.metrics.one_touch_rate import ONE_TOUCH, one_touch
from supportlab.metrics.reopenings import REOPENING, reopening
from supportlab.metrics.resolution import RESOLUTION_TIME, resolution_time
from supportlab.metrics.responses import RESPONSE_RATE, response_rate
from supportlab.metrics.return_times import FCR_RETURNS, fcr_returns
from supportlab.metrics.satisfaction import CSAT, csat
from supportlab.metrics.sums import Sums
from supportlab.metrics.tickets import countable_tickets, row_flow
from supportlab.metrics.transfer import TRANSFERS, transfers
from supportlab.metrics.volume import BACKLOG, VOLUMES, backlog, volumes

__all__ = [
    "DEFINITIONS",
    "MISSING",
    "Sums",
    "backlog",
    "ces",
    "countable_tickets",
    "csat",
    "fcr",
    "fcr_returns",
    "first_response",
    "groupable",
    "nps",
    "one_touch",
    "reconciliation",
    "reopening",
    "resolution_time",
    "response_rate",
    "row_flow",
    "tickets_from_events",
    "transfers",
    "volumes",
]

DEFINITIONS = (
    FCR,
    FCR_RETURNS,
    ONE_TOUCH,
    FIRST_RESPONSE,
    RESOLUTION_TIME,
    CSAT,
    NPS,
    CES,
    RESPONSE_RATE,
    REOPENING,
    TRANSFERS,
    VOLUMES,
    BACKLOG,
)
