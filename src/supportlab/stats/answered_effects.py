"""Adjusted difference of two channels where only some customers answered, and who did is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from supportlab.errors import NotEstimable
from supportlab.stats.channel_effects import ChannelEffect, Pair, side_weights
from supportlab.stats.factor_cells import Factors, fit_factor_logistic
from supportlab.stats.interval import FloatArray

__all__ = ["AnsweredEffect", "answered_effect"]

# A chance of an answer below this would let one answer speak for more than fifty customers.
LEAST_CHANCE = 0.02
FEWEST_ANSWERS = 30


@dataclass(frozen=True)
class AnsweredEffect:
    """
    An effect on an outcome that only answers tell, with the bounds of what the silent may think.

    Parameters
    ----------
    effect : ChannelEffect
        Weighted by the chance of an answer; three counts: rows, answers, good answers.
    response_channel, response_reference : float
        Share that answered, weighted as the effect is.
    naive : float
        Difference of the satisfied shares of answers as they are.
    unweighted : float
        Adjusted for the tickets but not for who answers.
    lowest, highest : float
        Bounds of the effect, whatever the silent of both channels think.
    """

    effect: ChannelEffect
    response_channel: float
    response_reference: float
    naive: float
    unweighted: float
    lowest: float
    highest: float

    def shifted(self, channel: float, reference: float) -> float:
        """
        Return the effect if the silent differ from alike customers who answered.

        Parameters
        ----------
        channel, reference : float
            How much more (or, below 0, less) often the silent are satisfied, in each channel.

        Returns
        -------
        float
            The effect under that assumption.
        """
        more = channel * (1.0 - self.response_channel)
        return self.effect.estimate + more - reference * (1.0 - self.response_reference)


def answered_effect(
    pair: Pair, counts: FloatArray, answered: FloatArray, good: FloatArray
) -> AnsweredEffect:
    """
    Estimate the adjusted difference of two channels in an outcome that only answers tell.

    Not safe where the silent differ from those who answered in ways that neither the labels nor
    the states hold; see the bounds.

    Parameters
    ----------
    pair : Pair
        The two channels.
    counts, answered, good : numpy.ndarray of shape (n_cells, n_channels, n_states)
        Tickets, those answered, and those answered well. A state is what became of the ticket, as
        solved at first contact or not: it comes after the channel, so it is not held equal between
        channels; it tells who answers.

    Returns
    -------
    AnsweredEffect
        Estimate, bounds, and the naive figures.

    Raises
    ------
    NotEstimable
        A channel has too few answers, or answers of one kind only.

    Notes
    -----
    Augmented weighting by the chance of the channel and then of the answer (Bang and Robins 2005):
    right where the model of channel or outcome, and that of answering or of answers, is. Bounds:
    Manski (1990), with the shares of answers weighted as the effect is.
    """
    kept = pair.overlap.is_kept.astype(np.float64)
    own_1, own_0, up, down = side_weights(pair)
    n = [counts[:, side] * kept[:, None] for side in (pair.channel, pair.reference)]
    r = [answered[:, side] * kept[:, None] for side in (pair.channel, pair.reference)]
    y = [good[:, side] * kept[:, None] for side in (pair.channel, pair.reference)]
    fits = [_side(pair.factors, *one) for one in zip(n, r, y, strict=True)]
    rows = [one.sum(axis=1) for one in n]
    size = float(rows[0] @ own_1 + rows[1] @ own_0)
    means, shares = [], []
    for fit, one, heard, well, weight in zip(fits, n, r, y, (up, down), strict=True):
        plain = float(rows[0] @ (own_1 * fit.mean) + rows[1] @ (own_0 * fit.mean)) / size
        told = (well - heard * fit.answer) / fit.chance + one * (fit.answer - fit.mean[:, None])
        means.append(plain + float((weight[:, None] * told).sum()) / size)
        shares.append(float((weight[:, None] * heard).sum() / (weight[:, None] * one).sum()))
    gap = fits[0].mean - fits[1].mean - (means[0] - means[1])
    terms = np.zeros((kept.size, 2, n[0].shape[1], 3))
    for place, (fit, own, weight, sign) in enumerate(
        zip(fits, (own_1, own_0), (up, down), (1.0, -1.0), strict=True)
    ):
        less = weight[:, None] * (fit.answer - fit.mean[:, None])
        terms[:, place, :, 0] = kept[:, None] * ((own * gap)[:, None] + sign * less)
        terms[:, place, :, 1] = -sign * (kept * weight)[:, None] * fit.answer / fit.chance
        terms[:, place, :, 2] = sign * (kept * weight)[:, None] / fit.chance
    raw = [float(y_.sum() / r_.sum()) for y_, r_ in zip(_all(good, pair), _all(answered, pair),
                                                          strict=True)]  # fmt: skip
    found = ChannelEffect(
        estimate=means[0] - means[1],
        mean_channel=means[0],
        mean_reference=means[1],
        naive=raw[0] - raw[1],
        terms=terms,
        n=round(size),
        n_rows=round(float(rows[0].sum() + rows[1].sum())),
        n_smaller=round(min(float(one.sum()) for one in r)),
        n_parameters=pair.factors.n_columns,
        overlap=pair.overlap,
    )
    heard_share = [_weighted(w, y_, r_) for w, y_, r_ in zip((up, down), y, r, strict=True)]
    low, high = _bounds(heard_share, shares)
    return AnsweredEffect(
        found, shares[0], shares[1], raw[0] - raw[1], heard_share[0] - heard_share[1], low, high
    )


@dataclass(frozen=True)
class _Side:
    """Fitted chances of one channel: of an answer and of a good one by state, of a good one."""

    chance: FloatArray
    answer: FloatArray
    mean: FloatArray


def _side(factors: Factors, n: FloatArray, r: FloatArray, y: FloatArray) -> _Side:
    heard, well = float(r.sum()), float(y.sum())
    if heard < FEWEST_ANSWERS or not 0 < well < heard:
        raise NotEstimable(
            f"a channel has {heard:,.0f} answers where both occur, {well:,.0f} of them good; at "
            f"least {FEWEST_ANSWERS} of both kinds are needed"
        )
    wide = _with_state(factors, n.shape[1])
    chance = fit_factor_logistic(wide, n.ravel(), r.ravel()).reshape(n.shape)
    answer = fit_factor_logistic(wide, r.ravel(), y.ravel()).reshape(n.shape)
    rows = n.sum(axis=1)
    mean = fit_factor_logistic(factors, rows, (n * answer).sum(axis=1))
    return _Side(np.maximum(chance, LEAST_CHANCE), answer, mean)


def _with_state(factors: Factors, n_states: int) -> Factors:
    """Return the cells split by state, with the states as a further label."""
    codes = np.repeat(factors.codes, n_states, axis=0)
    old = factors.n_columns
    size = old + n_states - 1
    state: NDArray[np.intp] = np.tile(np.arange(n_states) + old - 1, len(factors.codes))
    state = np.where(np.tile(np.arange(n_states), len(factors.codes)) == 0, size, state)
    codes = np.where(codes == old, size, codes)
    names = (*factors.names, *(f"state={place}" for place in range(1, n_states)))
    return Factors(np.column_stack([codes, state]), size, names, factors.merged)


def _all(counts: FloatArray, pair: Pair) -> tuple[FloatArray, FloatArray]:
    return counts[:, pair.channel], counts[:, pair.reference]


def _weighted(weight: FloatArray, part: FloatArray, whole: FloatArray) -> float:
    return float((weight[:, None] * part).sum() / (weight[:, None] * whole).sum())


def _bounds(satisfied: list[float], shares: list[float]) -> tuple[float, float]:
    low = [share * rate for share, rate in zip(shares, satisfied, strict=True)]
    high = [known + 1.0 - share for known, share in zip(low, shares, strict=True)]
    return low[0] - high[1], high[0] - low[1]
