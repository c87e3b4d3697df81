"""What contrasts of clustered counts share: checked counts, and an interval from an error."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr

from supportlab.stats.interval import Contrast, FloatArray, aligned, t_quantile

__all__ = ["MINIMUM_CLUSTERS", "aligned_counts", "score_contrast"]

# With fewer independent clusters a sandwich variance is too noisy to build a verdict on.
MINIMUM_CLUSTERS = 8
# A p value is never 0: below this the tail of the t distribution is lost in double precision.
SMALLEST_P = 1e-300


def aligned_counts(
    y_first: ArrayLike, n_first: ArrayLike, y_second: ArrayLike, n_second: ArrayLike
) -> list[FloatArray]:
    """Return events and rows of both groups as arrays of one length, none below 0."""
    return aligned(
        {"y_first": y_first, "n_first": n_first, "y_second": y_second, "n_second": n_second}
    )


def score_contrast(
    estimate: float,
    error: float,
    df: float,
    sizes: tuple[int, int],
    method: str,
    level: float,
    *,
    is_ratio: bool,
) -> Contrast:
    """
    Return a contrast from its estimate and error.

    Parameters
    ----------
    estimate, error : float
        Difference, or logarithm of a ratio, and its standard error, above 0.
    df : float
        Degrees of freedom of the error.
    sizes : tuple of (int, int)
        Rows and clusters.
    method : str
        Short name.
    level : float
        Coverage aimed at.
    is_ratio : bool
        Whether the estimate is a logarithm; the contrast is then the ratio.

    Returns
    -------
    Contrast
        With Student's t; ``p_value`` against a difference of 0 or a ratio of 1.
    """
    half = t_quantile(level, df) * error
    p_value = min(1.0, max(SMALLEST_P, 2.0 * float(stdtr(df, -abs(estimate / error)))))
    values = (estimate, estimate - half, estimate + half)
    if is_ratio:
        values = (float(np.exp(values[0])), float(np.exp(values[1])), float(np.exp(values[2])))
    return Contrast(*values, level, *sizes, method, None, df, p_value=p_value)
