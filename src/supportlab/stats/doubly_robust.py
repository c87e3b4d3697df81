"""Adjusted difference of two arms on cells, right if either of two models is (AIPW)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from supportlab.errors import ParameterError
from supportlab.stats.arm_cells import ArmCells, Estimand, Outcome
from supportlab.stats.clusters import cluster_variance, error_of_fitted, variance_of_squares
from supportlab.stats.interval import Contrast, FloatArray, aligned, student_contrast
from supportlab.vocabulary import INTERVAL_LEVEL

__all__ = ["CellEffect", "Estimand", "Outcome", "aipw_cells"]

METHOD = "augmented inverse probability weighting on cells"
# Where fewer than one in twenty are of one arm, a handful of rows would speak for many.
TRIM = 0.05


@dataclass(frozen=True)
class CellEffect:
    """
    An adjusted difference of two arms, with what its variance needs.

    Parameters
    ----------
    estimate : float
        Mean of the treated arm less that of the untreated, adjusted.
    mean_treated, mean_untreated : float
        The two adjusted means.
    naive : float
        Difference of the raw means over the same rows.
    naive_all : float
        Difference of the raw means, the trimmed rows included.
    propensity : numpy.ndarray of shape (n_cells,)
        Fitted chance of treatment.
    is_kept : numpy.ndarray of shape (n_cells,)
        Whether the cell lies where both arms occur.
    intercept, slope : numpy.ndarray of shape (n_cells,)
        A row of the cell with outcome ``y`` has the influence ``intercept + slope * y``; 0 for
        cells that are left out. The mean influence of the kept rows is 0.
    n, n_treated : int
        Rows kept, and those of them that are treated.
    n_all : int
        Rows that came.
    n_parameters : int
        Coefficients of the larger of the two outcome models.
    estimand, outcome : str
        As asked.
    """

    estimate: float
    mean_treated: float
    mean_untreated: float
    naive: float
    naive_all: float
    propensity: FloatArray
    is_kept: NDArray[np.bool_]
    intercept: FloatArray
    slope: FloatArray
    n: int
    n_treated: int
    n_all: int
    n_parameters: int
    estimand: Estimand
    outcome: Outcome

    @property
    def share_kept(self) -> float:
        """Rows kept over rows that came."""
        return self.n / self.n_all

    def by_clusters(
        self,
        cluster: ArrayLike,
        n: ArrayLike,
        total: ArrayLike,
        *,
        level: float = INTERVAL_LEVEL,
    ) -> Contrast:
        """
        Return the interval when each cell is of one cluster.

        Parameters
        ----------
        cluster : array_like of shape (n_cells,)
            Cluster of each cell, as the team.
        n, total : array_like of shape (n_cells,)
            As given to `aipw_cells`.
        level : float
            Coverage aimed at.

        Returns
        -------
        Contrast
            Bias-reduced variance with Satterthwaite degrees of freedom, as for a mean.

        Raises
        ------
        NotEstimable
            There are fewer than two clusters.
        """
        rows, sums = aligned({"n": n, "total": total}, min_zero=False)
        kept = self.is_kept & (rows > 0)
        codes = np.unique(np.asarray(cluster)[kept], return_inverse=True)[1]
        influence = (self.intercept * rows + self.slope * sums)[kept]
        sums_by_cluster = np.bincount(codes, influence).astype(np.float64)
        sizes = np.bincount(codes, rows[kept]).astype(np.float64)
        found = cluster_variance(sums_by_cluster, sizes, 0.0)
        return self._contrast(found.variance, found.df, found.n_clusters, level)

    def from_squares(
        self,
        sum_of_squares: float,
        n_clusters: int,
        *,
        effective_clusters: float | None = None,
        level: float = INTERVAL_LEVEL,
    ) -> Contrast:
        """
        Return the interval from squares that an engine summed up.

        Parameters
        ----------
        sum_of_squares : float
            Sum over clusters of the squared sum of their rows' influences.
        n_clusters : int
            Clusters with a kept row.
        effective_clusters : float, optional
            Clusters of one size that would be as good; ``n**2`` over the sum of squared sizes.
        level : float
            Coverage aimed at.

        Returns
        -------
        Contrast
            Student's t with the effective clusters less one as degrees of freedom.

        Raises
        ------
        NotEstimable
            There are fewer than two clusters.
        """
        variance = variance_of_squares(sum_of_squares, self.n, n_clusters)
        df = max(1.0, (effective_clusters or float(n_clusters)) - 1.0)
        return self._contrast(variance, df, n_clusters, level)

    def _contrast(self, variance: float, df: float, n_clusters: int, level: float) -> Contrast:
        arm = min(self.n_treated, self.n - self.n_treated)
        error = error_of_fitted(variance, arm, self.n_parameters)
        sizes, method = (self.n, n_clusters), f"{METHOD}, clustered"
        return student_contrast(self.estimate, error, df, sizes, method, level)


def aipw_cells(
    design: ArrayLike,
    is_treated: ArrayLike,
    n: ArrayLike,
    total: ArrayLike,
    *,
    outcome: Outcome = "binary",
    estimand: Estimand = "all",
    fold: ArrayLike | None = None,
    stratum: ArrayLike | None = None,
    trim: float = TRIM,
) -> CellEffect:
    """
    Estimate an adjusted difference of two arms from counts per cell.

    Not for covariates that the treatment itself changes, and no cure for what is not among the
    covariates: two rows of one cell must differ in treatment by chance alone.

    Parameters
    ----------
    design : array_like of shape (n_cells, n_columns)
        Covariates, without intercept and treatment; see `design_columns`.
    is_treated : array_like of shape (n_cells,)
        Arm of each cell.
    n, total : array_like of shape (n_cells,)
        Rows per cell, and the sum of their outcomes.
    outcome : {"binary", "mean"}
        ``binary``: outcomes are 0 and 1, fitted by logistic regression; ``mean``: by least squares.
    estimand : {"all", "treated", "untreated"}
        Over whose covariates the difference is averaged.
    fold : array_like of shape (n_cells,), optional
        Folds of whole clusters: each cell's chances then come from models fitted on the other
        folds. Needed for models with many columns; a few bands do without.
    stratum : array_like of shape (n_cells,), optional
        Groups of cells within which both arms must occur; others are left out.
    trim : float
        Cells with a fitted chance of treatment below this, or above 1 less this, are left out, and
        the models fitted again on the rest.

    Returns
    -------
    CellEffect
        The estimate, and `CellEffect.by_clusters` and `CellEffect.from_squares` for its interval.

    Raises
    ------
    NotEstimable
        Too few rows of an arm are left where both arms occur.
    ParameterError
        The arrays do not fit each other, or an option is not known.

    Notes
    -----
    Robins, Rotnitzky and Zhao (1994): ``m1 - m0 + t (y - m1) / e - (1 - t)(y - m0) / (1 - e)``,
    averaged. Trimming: Crump et al. (2009). Folds: Chernozhukov et al. (2018). The interval takes
    both models as right; where only one is, the estimate still is, and the interval nearly so.

    Examples
    --------
    >>> effect = aipw_cells([[0], [0], [1], [1]], [0, 1, 0, 1], [400, 100, 100, 400],
    ...                     [40, 20, 30, 160])
    >>> round(effect.naive, 3), round(effect.estimate, 2)
    (0.22, 0.1)
    """
    cells = ArmCells.read(design, is_treated, n, total, outcome, estimand, fold, stratum)
    if not 0.0 <= trim < 0.5:
        raise ParameterError(f"trim came as {trim!r}; give a share from 0 to below 0.5.")
    kept = cells.in_shared_strata()
    cells.refuse_few(kept)
    first = cells.propensity(kept)
    inside = kept & (first >= trim) & (first <= 1.0 - trim)
    cells.refuse_few(inside)
    chance = cells.propensity(inside) if trim > 0 else first
    return _effect(cells, inside, np.clip(chance, trim / 2, 1.0 - trim / 2), first)


def _effect(
    cells: ArmCells, kept: NDArray[np.bool_], chance: FloatArray, shown: FloatArray
) -> CellEffect:
    one = cells.means(kept, cells.treated)
    none = cells.means(kept, ~cells.treated)
    treated = cells.treated.astype(np.float64)
    # Weight of a covariate cell in the average, over its mean.
    tilt = {"all": np.ones(cells.n.size), "treated": chance, "untreated": 1.0 - chance}
    share = {"all": np.ones(cells.n.size), "treated": treated, "untreated": 1.0 - treated}
    weight, own = tilt[cells.estimand], share[cells.estimand]
    rows = cells.n * kept
    size = float(rows @ own)
    up, down = treated * weight / chance, (1.0 - treated) * weight / (1.0 - chance)
    mean_one = float(rows @ (own * one) + kept @ (up * (cells.total - cells.n * one))) / size
    mean_none = float(rows @ (own * none) + kept @ (down * (cells.total - cells.n * none))) / size
    estimate = mean_one - mean_none
    scale = float(rows.sum()) / size
    intercept = scale * (own * (one - none - estimate) - up * one + down * none) * kept
    return CellEffect(
        estimate=estimate,
        mean_treated=mean_one,
        mean_untreated=mean_none,
        naive=cells.naive(kept),
        naive_all=cells.naive(cells.n > 0),
        propensity=shown,
        is_kept=kept,
        intercept=intercept,
        slope=scale * (up - down) * kept,
        n=round(float(rows.sum())),
        n_treated=round(float(rows @ treated)),
        n_all=round(float(cells.n.sum())),
        n_parameters=cells.matrix.shape[1] + 1 if np.unique(cells.fold).size == 1 else 0,
        estimand=cells.estimand,
        outcome=cells.outcome,
    )
