"""The share of everybody from the answers of some: weights, and a curve for what weights miss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.cell_models import PRIOR_SD, fit_logistic
from supportlab.stats.clusters import ClusterVariance, cluster_variance
from supportlab.stats.interval import FloatArray, Interval, aligned, t_quantile
from supportlab.stats.threads import one_thread
from supportlab.vocabulary import INTERVAL_LEVEL

__all__ = ["SilentCurve", "WeightedShare", "silent_curve", "weighted_share"]

# A row that stands for more than so many times what the middle one does rules the estimate.
LARGEST_WEIGHT = 8.0
FEWEST_ANSWERS = 30


@dataclass(frozen=True)
class WeightedShare(Interval):
    """
    A share of everybody, weighted up from the answers.

    Parameters
    ----------
    estimate, low, high, level, n, n_clusters, method, design_effect, df
        As in `Interval`; ``n`` is the number of answers.
    naive : float
        Share among the answers as they are.
    n_all : int
        Rows that the answers stand for.
    n_effective : float
        Answers of one weight that would be as many (Kish).
    largest_weight : float
        Over the mean weight of the answers.
    share_trimmed : float
        Of the answers whose weight was cut.
    """

    naive: float = float("nan")
    n_all: int = 0
    n_effective: float = float("nan")
    largest_weight: float = float("nan")
    share_trimmed: float = 0.0


@dataclass(frozen=True)
class SilentCurve:
    """
    The share of everybody, by how the silent differ from answerers of like rows.

    Parameters
    ----------
    odds_ratio : numpy.ndarray of shape (n_points,)
        Odds of the silent over those of answerers who are alike otherwise.
    estimate, low, high : numpy.ndarray of shape (n_points,)
        Share of everybody, with its interval at that ratio.
    lowest, highest : float
        Bounds without any assumption: the silent are all of one kind.
    level : float
        Level of the intervals.
    """

    odds_ratio: FloatArray
    estimate: FloatArray
    low: FloatArray
    high: FloatArray
    lowest: float
    highest: float
    level: float


@dataclass(frozen=True)
class _Cells:
    design: FloatArray
    n: FloatArray
    answered: FloatArray
    hits: FloatArray
    codes: NDArray[np.intp]

    def totals(self, values: FloatArray) -> FloatArray:
        """Return sums by cluster."""
        return np.bincount(self.codes, values, minlength=int(self.codes.max()) + 1).astype(float)


def weighted_share(
    design: ArrayLike,
    n: ArrayLike,
    answered: ArrayLike,
    hits: ArrayLike,
    *,
    cluster: ArrayLike | None = None,
    level: float = INTERVAL_LEVEL,
    largest: float = LARGEST_WEIGHT,
) -> WeightedShare:
    """
    Estimate a share of everybody by weighting each answer with one over its chance of coming.

    Not where answering hangs on the answer itself beyond what the covariates tell: the interval
    does not know of that, `silent_curve` shows how far it could go.

    Parameters
    ----------
    design : array_like of shape (n_cells, n_columns)
        Covariates of answering, no intercept.
    n, answered, hits : array_like of shape (n_cells,)
        Rows, answers, and answers with the property per cell.
    cluster : array_like of shape (n_cells,), optional
        Cluster that the cell is of; each row by itself unless given.
    level : float
        Coverage aimed at.
    largest : float
        Weights are cut at so many times their median.

    Returns
    -------
    WeightedShare
        Share with its interval.

    Raises
    ------
    NotEstimable
        Fewer than 30 answers, nobody silent, or all answers alike.
    ParameterError
        Arrays that do not fit each other.

    Notes
    -----
    Normalised inverse-probability weights (Hajek 1971) from a logistic model of answering that is
    drawn a little to 0. The variance is linearised with the estimation of the weights in it
    (Binder 1983; Robins, Rotnitzky and Zhao 1994): estimated weights make it smaller, cut weights
    count as given. Clusters as for a mean. Limits on the log odds.

    Examples
    --------
    >>> found = weighted_share([[0], [1]], [100, 100], [60, 20], [54, 10])
    >>> round(found.naive, 2), round(found.estimate, 2)
    (0.8, 0.7)
    """
    cells = _cells(design, n, answered, hits, cluster)
    with one_thread():
        beta = fit_logistic(cells.design[:, 1:], cells.n, cells.answered)
        chance = np.clip(expit(cells.design @ beta), 1e-9, 1.0)
        weight, is_cut = _weights(chance, cells.answered, largest)
        total = float(weight @ cells.answered)
        share = float(weight @ cells.hits) / total
        off = weight * (cells.hits - share * cells.answered)
        slope = -cells.design.T @ (off * (1.0 - chance) * ~is_cut)
        bend = cells.design @ np.linalg.solve(_information(cells.design, cells.n, chance), slope)
    rows = _Influence(
        weight * (1.0 - share), -weight * share, bend * (1.0 - chance), -bend * chance
    )
    return _weighted(cells, weight, is_cut, share, rows, cluster is not None, level)


@dataclass(frozen=True)
class _Influence:
    """Influence of a row of each cell: of a hit and a miss, of having answered, of silence."""

    hit: FloatArray
    miss: FloatArray
    answered: FloatArray
    silent: FloatArray

    def variance(
        self, cells: _Cells, sizes: FloatArray, *, is_clustered: bool, plain: float
    ) -> ClusterVariance:
        """Return the variance of the ratio whose denominator adds up from ``sizes``."""
        total, quiet = float(sizes.sum()), cells.n - cells.answered
        misses = cells.answered - cells.hits
        if is_clustered:
            sums = cells.hits * self.hit + misses * self.miss
            sums = sums + cells.answered * self.answered + quiet * self.silent
            # Clusters without an answer still tell of the chance to answer.
            weight = np.maximum(cells.totals(sizes), 1e-9 * total)
            return cluster_variance(cells.totals(sums), weight, plain)
        squares = cells.hits @ (self.hit + self.answered) ** 2
        squares += misses @ (self.miss + self.answered) ** 2 + quiet @ self.silent**2
        variance, n = float(squares) / total**2, int(cells.n.sum())
        return ClusterVariance(variance, variance / plain, float(cells.answered.sum()) - 1.0, n)


def _cells(
    design: ArrayLike, n: ArrayLike, answered: ArrayLike, hits: ArrayLike, cluster: ArrayLike | None
) -> _Cells:
    size, part, hit = aligned({"n": n, "answered": answered, "hits": hits})
    matrix = np.asarray(design, dtype=np.float64).reshape(size.size, -1)
    if np.any(part > size) or np.any(hit > part):
        raise ParameterError("answered is above n, or hits above answered, in some cell.")
    if part.sum() < FEWEST_ANSWERS:
        raise NotEstimable(f"{int(part.sum())} answers; weights need at least {FEWEST_ANSWERS}.")
    if part.sum() >= size.sum():
        raise NotEstimable("Everybody answered: there is nobody to weight for.")
    if hit.sum() in (0.0, part.sum()):
        raise NotEstimable("All answers are alike, so weights change nothing.")
    labels = np.arange(size.size) if cluster is None else np.asarray(cluster)
    kept = size > 0
    codes = np.unique(labels[kept], return_inverse=True)[1]
    full = np.column_stack([np.ones(int(kept.sum())), matrix[kept]])
    return _Cells(full, size[kept], part[kept], hit[kept], codes)


def _weights(
    chance: FloatArray, answered: FloatArray, largest: float
) -> tuple[FloatArray, NDArray[np.bool_]]:
    raw = 1.0 / chance
    order = np.argsort(raw, kind="stable")
    middle = raw[order][np.searchsorted(np.cumsum(answered[order]), answered.sum() / 2.0)]
    is_cut = raw > largest * middle
    return np.minimum(raw, largest * middle), is_cut


def _information(design: FloatArray, n: FloatArray, chance: FloatArray) -> FloatArray:
    penalty = np.full(design.shape[1], PRIOR_SD**-2)
    penalty[0] = 1e-9
    scaled = design * (n * chance * (1.0 - chance))[:, None]
    return np.asarray(design.T @ scaled + np.diag(penalty))


def _weighted(
    cells: _Cells,
    weight: FloatArray,
    is_cut: NDArray[np.bool_],
    share: float,
    rows: _Influence,
    is_clustered: bool,
    level: float,
) -> WeightedShare:
    n, mass = float(cells.answered.sum()), weight * cells.answered
    total = float(mass.sum())
    misses = cells.answered - cells.hits
    plain = float(cells.hits @ rows.hit**2 + misses @ rows.miss**2) / total**2
    found = rows.variance(cells, mass, is_clustered=is_clustered, plain=plain)
    low, high = _logit_limits(share, found, level)
    return WeightedShare(
        share,
        low,
        high,
        level,
        int(n),
        found.n_clusters if is_clustered else None,
        "answers weighted by their chance of coming, linearised with the weights estimated"
        + (", clustered" if is_clustered else ""),
        design_effect=found.design_effect,
        df=found.df,
        naive=float(cells.hits.sum()) / n,
        n_all=int(cells.n.sum()),
        n_effective=total**2 / float(weight**2 @ cells.answered),
        largest_weight=float(weight[cells.answered > 0].max()) * n / total,
        share_trimmed=float(cells.answered[is_cut].sum()) / n,
    )


def _logit_limits(share: float, found: ClusterVariance, level: float) -> tuple[float, float]:
    half = t_quantile(level, found.df) * np.sqrt(found.variance) / (share * (1.0 - share))
    return float(expit(logit(share) - half)), float(expit(logit(share) + half))


def silent_curve(
    design: ArrayLike,
    n: ArrayLike,
    answered: ArrayLike,
    hits: ArrayLike,
    *,
    odds_ratios: Sequence[float] = (0.25, 0.33, 0.5, 0.67, 0.8, 1.0, 1.25, 1.5),
    cluster: ArrayLike | None = None,
    level: float = INTERVAL_LEVEL,
) -> SilentCurve:
    """
    Draw the share of everybody against how the silent differ from answerers of like rows.

    Not an estimate of that difference, which no answer tells: a curve to read off what would have
    to be true for a conclusion to turn.

    Parameters
    ----------
    design, n, answered, hits : as for `weighted_share`
        Covariates of the answer itself.
    odds_ratios : sequence of float
        Odds of the silent over those of answerers of the same cell; 1 is no difference.
    cluster, level : as for `weighted_share`
        Clusters, and the level of the intervals.

    Returns
    -------
    SilentCurve
        Share with interval at each ratio, and the bounds.

    Raises
    ------
    NotEstimable
        As `weighted_share`.
    ParameterError
        A ratio that is not above 0, or arrays that do not fit each other.

    Notes
    -----
    Pattern-mixture model with a shift of the log odds (Rubin 1977; Little 1993): answers count as
    they are, each silent row with its fitted chance, shifted. Bounds of Manski (1989).

    Examples
    --------
    >>> found = silent_curve([[0], [1]], [100, 100], [60, 20], [54, 10], odds_ratios=(0.5, 1))
    >>> found.estimate.round(2).tolist(), round(found.lowest, 2), round(found.highest, 2)
    ([0.62, 0.71], 0.32, 0.92)
    """
    cells = _cells(design, n, answered, hits, cluster)
    ratios = aligned({"odds_ratios": list(odds_ratios)})[0]
    if np.any(ratios <= 0):
        raise ParameterError(f"odds_ratios came as {list(odds_ratios)}; all must be above 0.")
    with one_thread():
        beta = fit_logistic(cells.design[:, 1:], cells.answered, cells.hits)
        points = [_point(cells, beta, float(ratio), cluster is not None, level) for ratio in ratios]
    estimate, low, high = (np.array(column) for column in zip(*points, strict=True))
    total, quiet = cells.n.sum(), (cells.n - cells.answered).sum()
    lowest = float(cells.hits.sum() / total)
    return SilentCurve(ratios, estimate, low, high, lowest, lowest + float(quiet / total), level)


def _point(
    cells: _Cells, beta: FloatArray, ratio: float, is_clustered: bool, level: float
) -> tuple[float, float, float]:
    linear = cells.design @ beta
    spoken, silent = expit(linear), expit(linear + np.log(ratio))
    quiet, total = cells.n - cells.answered, float(cells.n.sum())
    share = float(cells.hits.sum() + quiet @ silent) / total
    slope = cells.design.T @ (quiet * silent * (1.0 - silent))
    bend = cells.design @ np.linalg.solve(_information(cells.design, cells.answered, spoken), slope)
    rows = _Influence(
        1.0 - share + bend * (1.0 - spoken),
        -share - bend * spoken,
        np.zeros(bend.size),
        silent - share,
    )
    plain = share * (1.0 - share) / total
    found = rows.variance(cells, cells.n, is_clustered=is_clustered, plain=plain)
    low, high = _logit_limits(share, found, level)
    return share, low, high
