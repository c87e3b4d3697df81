"""
Metrics, each defined once, as sums computed in the engine.

A metric takes a desk and groups and returns `Sums`: counts per group and cluster that add up,
with the definition record and the rows behind them. Shares, means and intervals are made of
them a floor higher.
"""

from __future__ import annotations

from supportlab.metrics.contact_history import (
    CHANNEL_SWITCHING,
    CONTEXT_KEPT,
    channel_switching,
    context_kept,
)
from supportlab.metrics.customers.months import CHURN, RETENTION, churn, retention
from supportlab.metrics.dimensions import MISSING, groupable
from supportlab.metrics.effort import CES, ces
from supportlab.metrics.events import reconciliation, tickets_from_events
from supportlab.metrics.first_contact_resolution import FCR, fcr
from supportlab.metrics.first_response_time import FIRST_RESPONSE, first_response
from supportlab.metrics.handle_times import HANDLE_TIME, handle_time
from supportlab.metrics.metric_table import TABLE_METRICS, MetricTable, metric_table
from supportlab.metrics.net_promoter import NPS, nps
from supportlab.metrics.next_replies import NEXT_REPLY, next_reply
from supportlab.metrics.one_touch_rate import ONE_TOUCH, one_touch
from supportlab.metrics.payments.attempts import ATTEMPT_SUCCESS, attempt_success
from supportlab.metrics.payments.checkouts import CHECKOUT_SUCCESS, checkout_success
from supportlab.metrics.payments.order_values import ORDER_VALUE, order_value
from supportlab.metrics.quality_scores import QUALITY_SCORE, quality_score
from supportlab.metrics.reopenings import REOPENING, reopening
from supportlab.metrics.resolution import RESOLUTION_TIME, resolution_time
from supportlab.metrics.responses import RESPONSE_RATE, response_rate
from supportlab.metrics.return_times import FCR_RETURNS, fcr_returns
from supportlab.metrics.satisfaction import CSAT, csat
from supportlab.metrics.self_service import DEFLECTION, deflection
from supportlab.metrics.service_levels import SERVICE_LEVEL, service_level
from supportlab.metrics.status_times import WAIT_TIME, WORK_TIME, wait_time, work_time
from supportlab.metrics.sums import Sums
from supportlab.metrics.tickets import countable_tickets, row_flow
from supportlab.metrics.transfer import TRANSFERS, transfers
from supportlab.metrics.volume import BACKLOG, VOLUMES, backlog, volumes

__all__ = [
    "DEFINITIONS",
    "MISSING",
    "TABLE_METRICS",
    "MetricTable",
    "Sums",
    "attempt_success",
    "backlog",
    "ces",
    "channel_switching",
    "checkout_success",
    "churn",
    "context_kept",
    "countable_tickets",
    "csat",
    "deflection",
    "fcr",
    "fcr_returns",
    "first_response",
    "groupable",
    "handle_time",
    "metric_table",
    "next_reply",
    "nps",
    "one_touch",
    "order_value",
    "quality_score",
    "reconciliation",
    "reopening",
    "resolution_time",
    "response_rate",
    "retention",
    "row_flow",
    "service_level",
    "tickets_from_events",
    "transfers",
    "volumes",
    "wait_time",
    "work_time",
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
    NEXT_REPLY,
    WAIT_TIME,
    WORK_TIME,
    HANDLE_TIME,
    SERVICE_LEVEL,
    DEFLECTION,
    CONTEXT_KEPT,
    CHANNEL_SWITCHING,
    ATTEMPT_SUCCESS,
    CHECKOUT_SUCCESS,
    ORDER_VALUE,
    CHURN,
    RETENTION,
    QUALITY_SCORE,
)
