"""Studies: one module a research question; functions from a desk to an estimate."""

__all__: list[str] = []
