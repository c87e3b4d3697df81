"""
Research notebooks for support operations.

Notebooks say ``import supportlab as sl`` and find here what they call; each name is loaded when
it is first used, so that the import itself costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from supportlab.desk import Desk, open_desk
    from supportlab.reporting.parameters import parameters
    from supportlab.reporting.recorder import Report
    from supportlab.studies import (
        channels,
        churn,
        empowerment,
        feedback,
        payments,
        readiness,
        service,
    )

__all__ = [
    "Desk",
    "Report",
    "__version__",
    "channels",
    "churn",
    "empowerment",
    "feedback",
    "open_desk",
    "parameters",
    "payments",
    "readiness",
    "service",
]

_HOME = {
    "Desk": "supportlab.desk:Desk",
    "Report": "supportlab.reporting.recorder:Report",
    "channels": "supportlab.studies.channels",
    "churn": "supportlab.studies.churn",
    "empowerment": "supportlab.studies.empowerment",
    "feedback": "supportlab.studies.feedback",
    "open_desk": "supportlab.desk:open_desk",
    "parameters": "supportlab.reporting.parameters:parameters",
    "payments": "supportlab.studies.payments",
    "readiness": "supportlab.studies.readiness",
    "service": "supportlab.studies.service",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'supportlab' has no attribute {name!r}")
    module, _, attribute = _HOME[name].partition(":")
    home = import_module(module)
    return getattr(home, attribute) if attribute else home


def __dir__() -> list[str]:
    return sorted(__all__)
