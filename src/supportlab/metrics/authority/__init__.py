"""Authority of agents: which tickets it covered, how close they came to the limit, what came."""

from __future__ import annotations

__all__: list[str] = []
