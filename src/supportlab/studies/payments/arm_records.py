"""What a comparison of two kinds of payments found, market by market and pooled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable

if TYPE_CHECKING:
    from supportlab.records import Definition
    from supportlab.stats.doubly_robust import CellEffect
    from supportlab.stats.interval import Contrast
    from supportlab.stats.pooling import Pooled

__all__ = ["Arms", "MarketEffect"]


@dataclass(frozen=True)
class MarketEffect:
    """
    One market's adjusted difference, or why it has none.

    Parameters
    ----------
    market : str
        Market.
    contrast : Contrast or None
        Adjusted difference with its clustered interval.
    effect : CellEffect or None
        What it was made of.
    reason : str
        Why there is none.
    n, n_treated : int
        Rows of both arms, and of the first.
    naive : float or None
        Raw difference.
    """

    market: str
    contrast: Contrast | None
    effect: CellEffect | None
    reason: str
    n: int
    n_treated: int
    naive: float | None

    @property
    def error(self) -> float:
        """Standard error of the contrast."""
        from supportlab.stats.interval import error_behind

        if self.contrast is None:
            raise NotEstimable(self.reason)
        return error_behind(self.contrast)


@dataclass(frozen=True)
class Arms:
    """
    The comparison in all markets.

    Parameters
    ----------
    markets : tuple of MarketEffect
        By market.
    pooled : Pooled or None
        Random effects over those that could be estimated; None for fewer than two.
    naive : float or None
        Raw difference over all rows of all markets.
    frame : pandas.DataFrame
        Cells that it was made of.
    definition : Definition
        What was counted.
    outcome : str
        Column of the events.
    """

    markets: tuple[MarketEffect, ...]
    pooled: Pooled | None
    naive: float | None
    frame: pd.DataFrame
    definition: Definition
    outcome: str

    @property
    def estimated(self) -> tuple[MarketEffect, ...]:
        """Markets with an estimate."""
        return tuple(one for one in self.markets if one.contrast is not None)

    @property
    def refusals(self) -> tuple[MarketEffect, ...]:
        """Markets without one."""
        return tuple(one for one in self.markets if one.contrast is None)

    def mean_untreated(self) -> float:
        """Return the adjusted mean of the second arm over the markets that are pooled."""
        known = [one.effect for one in self.estimated if one.effect is not None]
        weights = np.array([one.n for one in known], dtype=float)
        return float(weights @ [one.mean_untreated for one in known] / weights.sum())
