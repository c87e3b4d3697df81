"""Adjusted difference of two of several channels on cells, right if either of two models is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from supportlab.stats.channel_overlap import TRIM, Overlap, Target, pair_overlap
from supportlab.stats.clusters import cluster_variance, error_of_fitted, variance_of_squares
from supportlab.stats.factor_cells import Factors, fit_factor_logistic, fit_factor_means
from supportlab.stats.interval import Contrast, FloatArray, student_contrast
from supportlab.vocabulary import INTERVAL_LEVEL

__all__ = ["ChannelEffect", "Pair", "channel_effect", "pair_of", "side_weights"]

Outcome = Literal["binary", "mean"]
METHOD = "augmented inverse probability weighting on cells, multinomial propensity, clustered"


@dataclass(frozen=True)
class Pair:
    """
    Two channels with the chances that tell alike tickets.

    Parameters
    ----------
    factors : Factors
        The cells.
    channel, reference : int
        Places of the two among the kinds.
    chance : numpy.ndarray of shape (n_cells,)
        Chance of the channel, of the two, fitted where both occur.
    overlap : Overlap
        Where that is.
    """

    factors: Factors
    channel: int
    reference: int
    chance: FloatArray
    overlap: Overlap


@dataclass(frozen=True)
class ChannelEffect:
    """
    An adjusted difference of two channels, with what its variance needs.

    Parameters
    ----------
    estimate : float
        Mean had the tickets asked about come by the channel, less that by the reference.
    mean_channel, mean_reference : float
        The two adjusted means.
    naive : float
        Difference of the raw means over all tickets of the two channels.
    terms : numpy.ndarray of shape (n_cells, 2, n_states, n_terms)
        Influence of a row, by cell, side (channel, reference) and state: what each count is
        multiplied with. The mean influence over the target's rows is 0.
    n : int
        Tickets asked about that are kept: the influences' sum is divided by it.
    n_rows : int
        Tickets of both sides that take part.
    n_smaller, n_parameters : int
        Rows of the side that the larger outcome model was fitted on, and its coefficients.
    overlap : Overlap
        What was kept.
    """

    estimate: float
    mean_channel: float
    mean_reference: float
    naive: float
    terms: FloatArray
    n: int
    n_rows: int
    n_smaller: int
    n_parameters: int
    overlap: Overlap

    def by_clusters(
        self, cluster: ArrayLike, counts: Sequence[FloatArray], level: float = INTERVAL_LEVEL
    ) -> Contrast:
        """
        Return the interval when each cell is of one cluster, as with one row a cell.

        Parameters
        ----------
        cluster : array_like of shape (n_cells,)
            Cluster of each cell.
        counts : sequence of numpy.ndarray of shape (n_cells, 2, n_states)
            What the terms multiply, by side.
        level : float
            Coverage aimed at.

        Returns
        -------
        Contrast
            Bias-reduced variance with Satterthwaite degrees of freedom.

        Raises
        ------
        NotEstimable
            There are fewer than two clusters.
        """
        kept = self.overlap.is_kept
        codes = np.unique(np.asarray(cluster)[kept], return_inverse=True)[1]
        influence = np.zeros(int(kept.sum()))
        for place, count in enumerate(counts):
            influence += (self.terms[kept, :, :, place] * count[kept]).sum(axis=(1, 2))
        rows = counts[0][kept].sum(axis=(1, 2))
        sizes = np.bincount(codes, rows)
        held = sizes > 0
        sums = np.bincount(codes, influence)[held].astype(np.float64)
        found = cluster_variance(sums, sizes[held].astype(np.float64), 0.0)
        # The influences add up over the target's rows, not over all rows that take part.
        variance = found.variance * (float(sizes.sum()) / self.n) ** 2
        return self.contrast(variance, found.df, found.n_clusters, level)

    def from_squares(
        self,
        sum_of_squares: float,
        n_clusters: int,
        effective_clusters: float,
        level: float = INTERVAL_LEVEL,
    ) -> Contrast:
        """
        Return the interval from squares that an engine summed up.

        Parameters
        ----------
        sum_of_squares : float
            Sum over clusters of the squared sum of their rows' influences.
        n_clusters : int
            Clusters with a row that takes part.
        effective_clusters : float
            Clusters of one size that would be as good.
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
        return self.contrast(variance, max(1.0, effective_clusters - 1.0), n_clusters, level)

    def contrast(self, variance: float, df: float, n_clusters: int, level: float) -> Contrast:
        """Return the interval of a variance between clusters."""
        error = error_of_fitted(variance, self.n_smaller, self.n_parameters)
        sizes = self.n_rows, n_clusters
        return student_contrast(self.estimate, error, df, sizes, METHOD, level)


def pair_of(
    factors: Factors,
    counts: FloatArray,
    shares: FloatArray,
    channel: int,
    reference: int,
    *,
    target: Target = "reference",
    trim: float = TRIM,
) -> Pair:
    """
    Find where two channels carry alike tickets, and fit the chance of the one there.

    Parameters
    ----------
    factors : Factors
        The cells.
    counts : numpy.ndarray of shape (n_cells, n_channels)
        Tickets by channel.
    shares : numpy.ndarray of shape (n_cells, n_channels)
        Fitted chances of all channels, as of `fit_shares`.
    channel, reference : int
        Places of the two.
    target : {"reference", "channel", "both"}
        Whose tickets are asked about.
    trim : float
        As in `pair_overlap`.

    Returns
    -------
    Pair
        With the overlap; `Overlap.refuse` is the caller's to ask.

    Notes
    -----
    The multinomial model says where both occur; the chance of the one against the other is then
    fitted again on these cells alone, as Crump et al. (2009) advise after trimming. Under a
    multinomial logit the two are one model (Begg and Gray 1984).
    """
    one, other = counts[:, channel], counts[:, reference]
    both = shares[:, channel] + shares[:, reference]
    first = np.divide(shares[:, channel], both, out=np.zeros_like(both), where=both > 0)
    kept = pair_overlap(first, one, other, target=target, trim=trim).is_kept
    n = (one + other) * kept
    if min(float((one * kept).sum()), float((other * kept).sum())) < 1:
        return Pair(factors, channel, reference, first,
                    pair_overlap(first, one, other, target=target, trim=trim))  # fmt: skip
    chance = fit_factor_logistic(factors, n, one * kept)
    chance = np.clip(chance, trim / 2.0, 1.0 - trim / 2.0)
    chance = np.where(kept, chance, np.clip(first, trim / 2.0, 1.0 - trim / 2.0))
    return Pair(factors, channel, reference, chance, _found(chance, one, other, kept, target, trim))


def _found(
    chance: FloatArray,
    one: FloatArray,
    other: FloatArray,
    kept: np.ndarray,
    target: Target,
    trim: float,
) -> Overlap:
    from dataclasses import replace

    inside = pair_overlap(chance, one * kept, other * kept, target=target, trim=0.0)
    whole = [float(one.sum()), float(other.sum())]
    shares = [float((n * kept).sum()) / size for n, size in zip((one, other), whole, strict=True)]
    return replace(
        inside, is_kept=kept, n_channel=round(whole[0]), n_reference=round(whole[1]),
        kept_channel=shares[0], kept_reference=shares[1], trim=trim,
    )  # fmt: skip


def side_weights(pair: Pair) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return, by cell: whether a row of each side is of the target, and its weight."""
    one, chance = np.ones_like(pair.chance), pair.chance
    if pair.overlap.target == "reference":
        return 0.0 * one, one, (1.0 - chance) / chance, one
    if pair.overlap.target == "channel":
        return one, 0.0 * one, one, chance / (1.0 - chance)
    return one, one, 1.0 / chance, 1.0 / (1.0 - chance)


def channel_effect(
    pair: Pair, counts: FloatArray, totals: FloatArray, *, outcome: Outcome = "binary"
) -> ChannelEffect:
    """
    Estimate the adjusted difference of two channels from counts per cell.

    Not for covariates that come after the channel, and no cure for what is not among them: two
    tickets of one cell must differ in channel by chance alone.

    Parameters
    ----------
    pair : Pair
        The two channels.
    counts, totals : numpy.ndarray of shape (n_cells, n_channels)
        Tickets whose outcome is known, and the sum of their outcomes.
    outcome : {"binary", "mean"}
        ``binary``: outcomes of 0 and 1, fitted by logistic regression; ``mean``: by least squares.

    Returns
    -------
    ChannelEffect
        The estimate, and what its interval needs.

    Notes
    -----
    Robins, Rotnitzky and Zhao (1994); for several treatments Cattaneo (2010). With target
    ``reference`` it is the effect on the tickets that came by the reference.
    """
    kept = pair.overlap.is_kept.astype(np.float64)
    sides = (pair.channel, pair.reference)
    n = [counts[:, side] * kept for side in sides]
    y = [totals[:, side] * kept for side in sides]
    fitter = fit_factor_logistic if outcome == "binary" else fit_factor_means
    means = [fitter(pair.factors, rows, total) for rows, total in zip(n, y, strict=True)]
    own_1, own_0, up, down = side_weights(pair)
    size = float(n[0] @ own_1 + n[1] @ own_0)
    parts = []
    for mean in means:
        parts.append(float(n[0] @ (own_1 * mean) + n[1] @ (own_0 * mean)) / size)
    mean_1 = parts[0] + float(up @ (y[0] - n[0] * means[0])) / size
    mean_0 = parts[1] + float(down @ (y[1] - n[1] * means[1])) / size
    gap = means[0] - means[1] - (mean_1 - mean_0)
    terms = np.zeros((kept.size, 2, 1, 2))
    terms[:, 0, 0, 0] = kept * (own_1 * gap - up * means[0])
    terms[:, 0, 0, 1] = kept * up
    terms[:, 1, 0, 0] = kept * (own_0 * gap + down * means[1])
    terms[:, 1, 0, 1] = -kept * down
    return ChannelEffect(
        estimate=mean_1 - mean_0,
        mean_channel=mean_1,
        mean_reference=mean_0,
        naive=_raw(counts, totals, sides),
        terms=terms,
        n=round(size),
        n_rows=round(float(n[0].sum() + n[1].sum())),
        n_smaller=round(min(float(n[0].sum()), float(n[1].sum()))),
        n_parameters=pair.factors.n_columns,
        overlap=pair.overlap,
    )


def _raw(counts: FloatArray, totals: FloatArray, sides: tuple[int, int]) -> float:
    means = [float(totals[:, side].sum() / counts[:, side].sum()) for side in sides]
    return means[0] - means[1]
