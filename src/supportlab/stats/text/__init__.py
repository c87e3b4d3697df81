"""Text in many scripts: language, words, personal data, themes; functions of strings and arrays."""

from __future__ import annotations

__all__: list[str] = []
