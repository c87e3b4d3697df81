"""What several studies share: levels by group, shrinkage, refusals, the naive figure."""

__all__: list[str] = []
