"""Payments: attempts, checkouts, amounts, and the tickets that follow failures."""

__all__: list[str] = []
