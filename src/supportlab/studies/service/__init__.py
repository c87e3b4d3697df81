"""What service does to customers and what people and channels do to service."""

from __future__ import annotations

from supportlab.studies.service.channel_variance import channel_variance
from supportlab.studies.service.drivers import driver_shares, drivers
from supportlab.studies.service.handle import handle_time_outcomes
from supportlab.studies.service.hours import hours_effect
from supportlab.studies.service.language import language_effect
from supportlab.studies.service.satisfaction import (
    fcr_satisfaction,
    first_response_satisfaction,
    resolution_time_satisfaction,
)
from supportlab.studies.service.tenure import tenure_effect
from supportlab.studies.service.waits import first_response_by_channel

__all__ = [
    "channel_variance",
    "driver_shares",
    "drivers",
    "fcr_satisfaction",
    "first_response_by_channel",
    "first_response_satisfaction",
    "handle_time_outcomes",
    "hours_effect",
    "language_effect",
    "resolution_time_satisfaction",
    "tenure_effect",
]
