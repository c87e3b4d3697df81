"""Declarative mappings from the exports of other systems to the canonical tables."""

from __future__ import annotations

from supportlab.desk.mapping.loading import (
    LoadedMapping,
    load_mapping,
    parse_mapping,
    shipped_mappings,
)
from supportlab.desk.mapping.reference import language_reference
from supportlab.desk.mapping.running import ImportResult, run_import

__all__ = [
    "ImportResult",
    "LoadedMapping",
    "language_reference",
    "load_mapping",
    "parse_mapping",
    "run_import",
    "shipped_mappings",
]
