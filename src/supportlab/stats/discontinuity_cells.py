"""Sums per value of a running variable, and weighted polynomials fitted to them exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from supportlab.errors import ParameterError
from supportlab.stats.interval import FloatArray, aligned

__all__ = ["DiscontinuityCells", "Side"]


@dataclass(frozen=True)
class Side:
    """
    One side of the cut-off: sums per value.

    Parameters
    ----------
    x : numpy.ndarray of shape (n_values,)
        Distance from the cut-off, signed.
    n, total, squares : numpy.ndarray of shape (n_values,)
        Sum of weights, of weight times outcome, of weight times outcome squared.
    nn, ntotal, nsquares : numpy.ndarray of shape (n_values,)
        The same of squared weights; equal to them where every row weighs 1.
    """

    x: FloatArray
    n: FloatArray
    total: FloatArray
    squares: FloatArray
    nn: FloatArray
    ntotal: FloatArray
    nsquares: FloatArray

    def kernel(self, width: float) -> FloatArray:
        """Return triangular kernel weights."""
        found: FloatArray = np.maximum(0.0, 1.0 - np.abs(self.x) / width) / width
        return found

    def powers(self, order: int) -> FloatArray:
        """Return the columns of the powers of x, from 0 up to the order."""
        found: FloatArray = np.vander(self.x, order + 1, increasing=True)
        return found

    def fit(self, kernel: FloatArray, order: int) -> tuple[FloatArray, FloatArray]:
        """Return coefficients and the inverse of the weighted moments."""
        columns = self.powers(order)
        # Powers of an amount in money spread over many digits; they are scaled before inverting.
        scale = np.max(np.abs(self.x)) ** np.arange(order + 1)
        scaled = columns / scale
        gram = (scaled * (kernel * self.n)[:, None]).T @ scaled
        inverse = np.linalg.pinv(gram, rcond=1e-14, hermitian=True) / np.outer(scale, scale)
        return inverse @ (columns.T @ (kernel * self.total)), inverse

    def meat(
        self, columns: FloatArray, beta: FloatArray, order: int, kernel: FloatArray
    ) -> FloatArray:
        """Return the sum over rows of squared residuals times the outer products of columns."""
        fitted = self.powers(order) @ beta
        squares = self.nsquares - 2.0 * fitted * self.ntotal + fitted**2 * self.nn
        used = kernel > 0
        rows = float(self.n[used].sum() ** 2 / self.nn[used].sum()) if used.any() else 0.0
        # The usual correction for the coefficients that the residuals were fitted with.
        factor = rows / max(1.0, rows - order - 1.0)
        found: FloatArray = (columns * (np.maximum(squares, 0.0) * factor)[:, None]).T @ columns
        return found

    def n_within(self, width: float) -> int:
        """Return the rows, weighted ones by their worth, that the kernel looks at."""
        used = self.kernel(width) > 0
        if not used.any() or not self.nn[used].sum() > 0:
            return 0
        return round(float(self.n[used].sum() ** 2 / self.nn[used].sum()))


@dataclass(frozen=True)
class DiscontinuityCells:
    """Both sides of a cut-off; at or above it is treated."""

    left: Side
    right: Side

    @classmethod
    def read(
        cls,
        x: ArrayLike,
        n: ArrayLike,
        total: ArrayLike,
        squares: ArrayLike | None,
        weighted: tuple[ArrayLike, ArrayLike, ArrayLike] | None,
        cutoff: float,
        donut: float,
    ) -> DiscontinuityCells:
        """Check what came and part it at the cut-off."""
        plain = {"x": x, "n": n, "total": total, "squares": total if squares is None else squares}
        where, rows, sums, second = aligned(plain, min_zero=False)
        if np.any(rows < 0):
            raise ParameterError("n is below 0 in some row.")
        own = [rows, sums, second]
        if weighted is not None:
            names = ("squared weights", "their totals", "their squares")
            own = aligned({"n": n, **dict(zip(names, weighted, strict=True))}, min_zero=False)[1:]
        distance = where - cutoff
        kept = (rows > 0) & (np.abs(distance) >= donut)
        order = np.argsort(distance[kept], kind="stable")
        arrays = [part[kept][order] for part in (distance, rows, sums, second, *own)]
        right = arrays[0] >= 0
        return cls(
            Side(*(part[~right] for part in arrays)), Side(*(part[right] for part in arrays))
        )

    def spread(self) -> tuple[float, float, float]:
        """Return rows, standard deviation and interquartile range of the running variable."""
        x = np.concatenate([self.left.x, self.right.x])
        n = np.concatenate([self.left.n, self.right.n])
        rows = float(n.sum())
        mean = float(n @ x / rows)
        deviation = float(np.sqrt(n @ (x - mean) ** 2 / max(1.0, rows - 1.0)))
        return rows, deviation, _quantile(x, n, 0.75) - _quantile(x, n, 0.25)


def _quantile(x: FloatArray, n: FloatArray, share: float) -> float:
    """Return the quantile of rows of whole or fractional weight, by linear interpolation."""
    ends = np.cumsum(n)
    place = share * (ends[-1] - 1.0)
    low = x[min(int(np.searchsorted(ends, np.floor(place), side="right")), x.size - 1)]
    high = x[min(int(np.searchsorted(ends, np.ceil(place), side="right")), x.size - 1)]
    return float(low + (place - np.floor(place)) * (high - low))
