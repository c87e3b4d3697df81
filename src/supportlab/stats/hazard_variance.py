"""Variance of hazard ratios when months of one customer are alike, from score sums of groups."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.hazard_design import Cells, HazardDesign
from supportlab.stats.hazard_links import Link, pieces
from supportlab.stats.hazard_maximum import Maximum
from supportlab.stats.interval import FloatArray

__all__ = ["N_GROUPS", "GroupVariance", "group_variance"]

# With so many groups of whole customers the variance of the variance costs 1 % of the interval's
# width (t of 199 degrees of freedom over the normal), and each group still has its share of
# events; more groups cost time and win nothing that can be seen.
N_GROUPS = 200


@dataclass(frozen=True)
class GroupVariance:
    """
    Covariance from score sums of groups of whole clusters.

    Parameters
    ----------
    covariance : numpy.ndarray of shape (n_columns, n_columns)
        Of the coefficients.
    df : numpy.ndarray of shape (n_columns,)
        Degrees of freedom of each coefficient's variance.
    influence : numpy.ndarray of shape (n_groups, n_columns)
        What each group adds to the coefficients; the squares sum up to the covariance.
    group : numpy.ndarray of shape (n_rows,)
        Group of each row; -1 for rows of size 0.
    n_clusters, n_groups : int
        Clusters that came, and groups that they were put into.
    """

    covariance: FloatArray
    df: FloatArray
    influence: FloatArray
    group: NDArray[np.intp]
    n_clusters: int
    n_groups: int


def group_variance(
    design: HazardDesign,
    cells: Cells,
    n: FloatArray,
    n_events: FloatArray,
    top: Maximum,
    cluster: ArrayLike,
    link: Link,
    n_groups: int = N_GROUPS,
) -> GroupVariance:
    """
    Compute the bias-reduced sandwich covariance over groups of whole clusters.

    Not where clusters depend on each other; then give what holds them together.

    Parameters
    ----------
    design : HazardDesign
        Columns of the rows.
    cells : Cells
        As collapsed for the fit.
    n, n_events : numpy.ndarray of shape (n_rows,)
        Customer-months and events of each row.
    top : Maximum
        The fit.
    cluster : array_like of shape (n_rows,)
        Cluster of each row.
    link : {"cloglog", "poisson"}
        Which model.
    n_groups : int
        Most groups; with fewer clusters than that, each is its own group.

    Returns
    -------
    GroupVariance
        Covariance and degrees of freedom.

    Raises
    ------
    NotEstimable
        Fewer than two clusters have rows.
    ParameterError
        Not one cluster per row.

    Notes
    -----
    Sums of independent clusters are independent, so the sandwich over any grouping of whole
    clusters that does not look at the outcome has the same expectation as that over the clusters
    (random groups; Wolter 2007, chapter 2). Clusters are dealt out in the order of their names.
    Each group's score is scaled by ``(1 - H_g)**-0.5``, ``H_g`` its share of the information: the
    CR2 correction of Bell and McCaffrey (2002) for generalised linear models, unbiased where the
    model holds. Degrees of freedom by Satterthwaite from the groups' shares of each coefficient's
    information, less one.

    Examples
    --------
    >>> from supportlab.stats.hazard_design import collapse, hazard_design
    >>> from supportlab.stats.hazard_maximum import maximum
    >>> n, events = np.full(8, 500.0), np.array([9, 20, 11, 17, 10, 18, 8, 21.0])
    >>> design = hazard_design({}, {"slow": [0, 1] * 4}, events, n)
    >>> cells = collapse(design, events, n)
    >>> top = maximum(design, cells, "cloglog")
    >>> found = group_variance(design, cells, n, events, top, np.arange(8) // 2, "cloglog")
    >>> found.n_groups, found.df.round(1).tolist()
    (4, [3.0, 3.0])
    """
    group, n_clusters, size = _dealt(cluster, n, n_groups)
    root = np.linalg.cholesky(top.information)
    inverse = np.linalg.inv(root)
    order = np.argsort(group, kind="stable")
    order = order[group[order] >= 0]
    bounds = np.searchsorted(group[order], np.arange(size + 1))
    scores, shares = [], []
    for start, stop in pairwise(bounds):
        score, share = _whitened(design, cells, n, n_events, top, link, inverse, order[start:stop])
        values, vectors = np.linalg.eigh(share)
        # A group that alone holds a column's events leaves nothing to scale by.
        scale = 1.0 / np.sqrt(np.maximum(1.0 - values, 1e-6))
        scores.append(vectors @ (scale * (vectors.T @ score)))
        shares.append(np.sum(inverse * (share @ inverse), axis=0))
    middle = np.asarray(scores)
    covariance = inverse.T @ (middle.T @ middle) @ inverse
    df = _freedom(np.asarray(shares))
    return GroupVariance(covariance, df, middle @ inverse, group, n_clusters, size)


def _dealt(cluster: ArrayLike, n: FloatArray, n_groups: int) -> tuple[NDArray[np.intp], int, int]:
    """Deal whole clusters out to groups, in the order of their names; -1 for rows of size 0."""
    labels = np.asarray(cluster).ravel()
    if labels.size != n.size:
        raise ParameterError(f"cluster has {labels.size} values and n {n.size}; give one per row.")
    if labels.dtype == object:
        labels = labels.astype(str)
    group = np.full(n.size, -1, dtype=np.intp)
    present = n > 0
    names, codes = np.unique(labels[present], return_inverse=True)
    if names.size < 2 or n_groups < 2:
        raise NotEstimable(
            f"There is {min(names.size, n_groups)} cluster; the variance between clusters needs "
            "at least 2."
        )
    group[present] = codes % n_groups
    return group, int(names.size), min(int(names.size), n_groups)


def _whitened(
    design: HazardDesign,
    cells: Cells,
    n: FloatArray,
    n_events: FloatArray,
    top: Maximum,
    link: Link,
    inverse: FloatArray,
    rows: NDArray[np.intp],
) -> tuple[FloatArray, FloatArray]:
    """Return a group's score and information on the scale where all information is 1."""
    matrix = design.matrix(cells.first[cells.place[rows]])
    part = pieces(matrix @ top.coefficients, n[rows], n_events[rows], link)
    score = inverse @ (matrix.T @ part.score)
    share = inverse @ ((matrix * part.weight[:, None]).T @ matrix) @ inverse.T
    return score, (share + share.T) / 2.0


def _freedom(shares: FloatArray) -> FloatArray:
    """Return Satterthwaite's degrees of freedom from the groups' shares of each coefficient."""
    effective: FloatArray = shares.sum(axis=0) ** 2 / np.sum(shares**2, axis=0)
    return np.maximum(effective - 1.0, 1.0)
