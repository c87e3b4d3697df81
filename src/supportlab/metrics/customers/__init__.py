"""Customers: stays, months at risk, service received before each, spending."""

__all__: list[str] = []
