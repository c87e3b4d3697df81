"""Rival definitions by vendor, and how each ticket's figure differs from ours and why."""

from __future__ import annotations

from supportlab.metrics.rivals.definitions import RIVALS, Rival, find_rival
from supportlab.metrics.rivals.reasons import REASONS
from supportlab.metrics.rivals.reconciling import Reconciliation, reconcile

__all__ = ["REASONS", "RIVALS", "Reconciliation", "Rival", "find_rival", "reconcile"]
