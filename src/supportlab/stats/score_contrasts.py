"""What contrasts of clustered counts share: checked counts, and how few clusters are too few."""

from __future__ import annotations

from numpy.typing import ArrayLike

from supportlab.stats.interval import FloatArray, aligned

__all__ = ["MINIMUM_CLUSTERS", "aligned_counts"]

# With fewer independent clusters a sandwich variance is too noisy to build a verdict on.
MINIMUM_CLUSTERS = 8


def aligned_counts(
    y_first: ArrayLike, n_first: ArrayLike, y_second: ArrayLike, n_second: ArrayLike
) -> list[FloatArray]:
    """Return events and rows of both groups as arrays of one length, none below 0."""
    return aligned(
        {"y_first": y_first, "n_first": n_first, "y_second": y_second, "n_second": n_second}
    )
