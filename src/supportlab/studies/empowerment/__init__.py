"""
What authority to settle does: roll-out, limit, examiner and adjustment, with one kind of result.

The notebook ``03-empowerment`` calls the functions of this module; each takes a desk and returns an
estimate, and says why where it cannot.
"""

from __future__ import annotations

from supportlab.studies.empowerment.details import alike_tickets, examiner, limit
from supportlab.studies.empowerment.effects import effect
from supportlab.studies.empowerment.event_study import event_study
from supportlab.studies.empowerment.groups import effect_by_group
from supportlab.studies.empowerment.naive import coverage, naive
from supportlab.studies.empowerment.selection import answering
from supportlab.studies.empowerment.waits import approval_wait

__all__ = [
    "alike_tickets",
    "answering",
    "approval_wait",
    "coverage",
    "effect",
    "effect_by_group",
    "event_study",
    "examiner",
    "limit",
    "naive",
]
