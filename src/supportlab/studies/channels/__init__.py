"""
Channel choice: what the same tickets would come to by another channel, and what only seems so.

The notebook ``04-channel-choice`` calls the functions of this module; each takes a desk and returns
an estimate, and says why where it cannot.
"""

from __future__ import annotations

from supportlab.studies.channels.association import market_association
from supportlab.studies.channels.context import context_effect, switching
from supportlab.studies.channels.deflection import deflection, help_centre_effect
from supportlab.studies.channels.effects import effect
from supportlab.studies.channels.mix import mix_by_market, mix_contribution
from supportlab.studies.channels.naive import naive
from supportlab.studies.channels.overlap import overlap
from supportlab.studies.channels.preference import bot_handover, preference_effect
from supportlab.studies.channels.ranking import ranking

__all__ = [
    "bot_handover",
    "context_effect",
    "deflection",
    "effect",
    "help_centre_effect",
    "market_association",
    "mix_by_market",
    "mix_contribution",
    "naive",
    "overlap",
    "preference_effect",
    "ranking",
    "switching",
]
