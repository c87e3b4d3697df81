"""Seeded worlds with known truth."""

from __future__ import annotations

from supportlab.simulate.settings import Effects, WorldSettings
from supportlab.simulate.truth import Truth
from supportlab.simulate.world import World, simulate_world
from supportlab.simulate.writing import write_world

__all__ = ["Effects", "Truth", "World", "WorldSettings", "simulate_world", "write_world"]
