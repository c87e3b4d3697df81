"""Tickets by channel with what was known when they came in, and what became of them."""

__all__: list[str] = []
