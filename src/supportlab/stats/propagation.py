"""Expectation propagation for binomial counts with a Gaussian prior of low rank plus own parts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from supportlab.stats.interval import FloatArray

__all__ = ["Posterior", "propagate"]

# Points of Gauss-Hermite quadrature around each tilted mode; twenty integrate a logistic tail to
# six digits.
NODES = 20
MOST_SWEEPS = 60
# Change of log-odds at which sweeps end; no shown digit moves.
CLOSE = 1e-5
DAMPING = 0.8
# A site that says next to nothing, in units of precision of log-odds.
FAINT = 1e-9


@dataclass(frozen=True)
class Posterior:
    """
    Posterior of the log-odds of cells.

    Parameters
    ----------
    mean, variance : numpy.ndarray of shape (n_cells,)
        Of each cell's log-odds, from its tilted distribution.
    expected : numpy.ndarray of shape (n_cells,)
        Mean of the part that cells share.
    own_weight : numpy.ndarray of shape (n_cells,)
        Share of the cell's own rows in its log-odds.
    log_evidence : float
        Logarithm of the marginal likelihood.
    """

    mean: FloatArray
    variance: FloatArray
    expected: FloatArray
    own_weight: FloatArray
    log_evidence: float


def propagate(
    hits: FloatArray, size: FloatArray, loading: FloatArray, own_variance: float
) -> Posterior:
    """
    Find the posterior of cells' log-odds given the spreads of their effects.

    Not for spreads of zero: the own variance has to be above it.

    Parameters
    ----------
    hits, size : numpy.ndarray of shape (n_cells,)
        Successes and rows, also fractional; a cell may have none.
    loading : numpy.ndarray of shape (n_cells, n_effects)
        Log-odds per standard normal effect; the shared prior covariance is
        ``loading @ loading.T``.
    own_variance : float
        Variance of each cell's own departure.

    Returns
    -------
    Posterior
        Means, variances and the marginal likelihood.

    Notes
    -----
    Rasmussen and Williams (2006), section 3.6, in parallel with damping; since the prior is of low
    rank plus a diagonal, each sweep solves a system of the size of the effects, not of the cells
    (their equation A.9). Cells without rows keep a site of next to no precision.

    Examples
    --------
    >>> found = propagate(np.array([3.0, 0.0]), np.array([30.0, 0.0]), np.ones((2, 1)), 0.25)
    >>> bool(found.variance[1] > found.variance[0])
    True
    """
    precision = np.full(hits.size, FAINT)
    shift = np.zeros(hits.size)
    for _ in range(MOST_SWEEPS):
        mean, variance = _marginals(precision, shift, loading, own_variance)
        cavity = 1.0 / variance - precision
        middle = (mean / variance - shift) / cavity
        log_mass, tilted_mean, tilted_variance = _tilted(hits, size, middle, 1.0 / cavity)
        new_precision = np.maximum(1.0 / tilted_variance - cavity, FAINT)
        new_shift = tilted_mean * (new_precision + cavity) - middle * cavity
        moved = float(np.max(np.abs(tilted_mean - mean) / np.sqrt(variance)))
        precision = precision + DAMPING * (new_precision - precision)
        shift = shift + DAMPING * (new_shift - shift)
        if moved < CLOSE:
            break
    evidence = _log_evidence(log_mass, precision, shift, (middle, cavity), loading, own_variance)
    shared = _shared_mean(precision, shift, loading, own_variance)
    own = precision / (precision + cavity)
    return Posterior(tilted_mean, tilted_variance, shared, own, evidence)


def _inner(
    precision: FloatArray, loading: FloatArray, own_variance: float
) -> tuple[FloatArray, FloatArray]:
    """Return each site's precision about the shared part, and the inverse over the effects."""
    about = precision / (1.0 + precision * own_variance)
    inner = np.eye(loading.shape[1]) + loading.T @ (about[:, None] * loading)
    return about, np.asarray(np.linalg.inv(inner), dtype=np.float64)


def _shared_mean(
    precision: FloatArray, shift: FloatArray, loading: FloatArray, own_variance: float
) -> FloatArray:
    _, inverse = _inner(precision, loading, own_variance)
    pull = shift / (1.0 + precision * own_variance)
    return np.asarray(loading @ (inverse @ (loading.T @ pull)))


def _marginals(
    precision: FloatArray, shift: FloatArray, loading: FloatArray, own_variance: float
) -> tuple[FloatArray, FloatArray]:
    _, inverse = _inner(precision, loading, own_variance)
    shrink = 1.0 / (1.0 + precision * own_variance)
    shared = loading @ (inverse @ (loading.T @ (shift * shrink)))
    spread: FloatArray = np.einsum("ij,jk,ik->i", loading, inverse, loading)
    mean: FloatArray = own_variance * shrink * shift + shrink * shared
    variance: FloatArray = own_variance * shrink + shrink**2 * spread
    return mean, variance


def _tilted(
    hits: FloatArray, size: FloatArray, middle: FloatArray, variance: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return log mass, mean and variance of likelihood times cavity, a cell each."""
    # The mode by Newton's method with steps kept short; the target is log-concave.
    mode = middle.copy()
    for _ in range(40):
        rate = 1.0 / (1.0 + np.exp(-mode))
        slope = hits - size * rate - (mode - middle) / variance
        curve = size * rate * (1.0 - rate) + 1.0 / variance
        step = np.clip(slope / curve, -2.0, 2.0)
        mode = mode + step
        if np.max(np.abs(step)) < 1e-8:
            break
    rate = 1.0 / (1.0 + np.exp(-mode))
    width = 1.0 / np.sqrt(size * rate * (1.0 - rate) + 1.0 / variance)
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    at = mode[:, None] + width[:, None] * nodes
    height = hits[:, None] * at - size[:, None] * np.logaddexp(0.0, at)
    height = height - 0.5 * (at - middle[:, None]) ** 2 / variance[:, None]
    height = height + 0.5 * nodes**2
    top = height.max(axis=1, keepdims=True)
    mass = np.exp(height - top) * weights
    total = mass.sum(axis=1)
    mean = (mass * at).sum(axis=1) / total
    spread = (mass * (at - mean[:, None]) ** 2).sum(axis=1) / total
    log_mass = np.log(total) + top[:, 0] + np.log(width) - 0.5 * np.log(2.0 * np.pi * variance)
    constant = gammaln(size + 1) - gammaln(hits + 1) - gammaln(size - hits + 1)
    return log_mass + constant, mean, spread


def _log_evidence(
    log_mass: FloatArray,
    precision: FloatArray,
    shift: FloatArray,
    cavity: tuple[FloatArray, FloatArray],
    loading: FloatArray,
    own_variance: float,
) -> float:
    middle, strength = cavity
    # Each site's scale: log mass less the mass of cavity times Gaussian site.
    total = precision + strength
    joint = (shift + middle * strength) ** 2 / total - middle**2 * strength
    site = log_mass - 0.5 * np.log(strength / total) - 0.5 * joint
    _, inverse = _inner(precision, loading, own_variance)
    shrink = 1.0 / (1.0 + precision * own_variance)
    pull = loading.T @ (shift * shrink)
    quadratic = float(own_variance * (shift**2 * shrink).sum() + pull @ inverse @ pull)
    determinant = float(np.log(shrink).sum()) + float(np.linalg.slogdet(inverse)[1])
    return float(site.sum()) + 0.5 * quadratic + 0.5 * determinant
