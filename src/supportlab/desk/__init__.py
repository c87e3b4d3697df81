"""The desk: a source of support data brought to the contract, checked, as of one moment."""

from __future__ import annotations

from supportlab.desk.audit import Audit
from supportlab.desk.config import DeskConfig
from supportlab.desk.contract import CONTRACT
from supportlab.desk.fingerprints import Fingerprint
from supportlab.desk.opening import audit_desk, open_desk
from supportlab.desk.record import Desk

__all__ = ["CONTRACT", "Audit", "Desk", "DeskConfig", "Fingerprint", "audit_desk", "open_desk"]
