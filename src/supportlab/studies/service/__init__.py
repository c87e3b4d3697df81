"""What service does to customers and what people and channels do to service."""

from __future__ import annotations

from supportlab.studies.service.satisfaction import (
    fcr_satisfaction,
    first_response_satisfaction,
    resolution_time_satisfaction,
)

__all__ = [
    "fcr_satisfaction",
    "first_response_satisfaction",
    "resolution_time_satisfaction",
]
