"""Where two channels carry alike tickets, and how many such tickets there are in effect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from supportlab.errors import NotEstimable
from supportlab.stats.interval import FloatArray

__all__ = ["FEWEST_EFFECTIVE", "LEAST_KEPT", "TRIM", "Overlap", "Target", "pair_overlap"]

Target = Literal["reference", "channel", "both"]
# Where fewer than one in fifty tickets of the two channels come by one of them, a handful of
# tickets would speak for many.
TRIM = 0.02
# Below these the comparison would be about another desk than the one that asked.
LEAST_KEPT = 0.5
FEWEST_EFFECTIVE = 100.0


@dataclass(frozen=True)
class Overlap:
    """
    Where a channel and the reference carry alike tickets.

    Parameters
    ----------
    is_kept : numpy.ndarray of shape (n_cells,)
        Cells in which both are likely enough.
    n_channel, n_reference : int
        Tickets of each that came.
    kept_channel, kept_reference : float
        Share of each that lies in these cells.
    effective : float
        Tickets of equal weight that the weighted ones of the rarer side are worth (Kish 1965).
    target : str
        ``reference``: the tickets that came by the reference; ``channel``: those by the channel;
        ``both``: those of either.
    trim : float
        Least chance of either channel, of the two.
    """

    is_kept: NDArray[np.bool_]
    n_channel: int
    n_reference: int
    kept_channel: float
    kept_reference: float
    effective: float
    target: Target
    trim: float

    @property
    def share_kept(self) -> float:
        """Share of the tickets asked about that are kept."""
        if self.target != "both":
            return self.kept_reference if self.target == "reference" else self.kept_channel
        whole = self.n_channel + self.n_reference
        kept = self.kept_channel * self.n_channel + self.kept_reference * self.n_reference
        return kept / whole if whole else 0.0

    def refuse(self) -> None:
        """
        Refuse where too little of the target is left.

        Raises
        ------
        NotEstimable
            Fewer than half of the tickets asked about have their like, or these are worth fewer
            than 100 tickets of equal weight.
        """
        if min(self.n_channel, self.n_reference) < FEWEST_EFFECTIVE:
            raise NotEstimable(
                f"there are {self.n_channel:,} tickets against {self.n_reference:,}; each side "
                f"needs at least {FEWEST_EFFECTIVE:.0f}"
            )
        if self.share_kept < LEAST_KEPT:
            raise NotEstimable(
                f"only {100 * self.share_kept:.0f} % of the tickets asked about have their like "
                f"in the other channel; at least {100 * LEAST_KEPT:.0f} % are needed"
            )
        if self.effective < FEWEST_EFFECTIVE:
            raise NotEstimable(
                f"weighted to be alike, the tickets are worth {self.effective:.0f} of equal "
                f"weight; at least {FEWEST_EFFECTIVE:.0f} are needed"
            )


def pair_overlap(
    chance: FloatArray,
    n_channel: FloatArray,
    n_reference: FloatArray,
    *,
    target: Target = "reference",
    trim: float = TRIM,
) -> Overlap:
    """
    Find where a channel and the reference carry alike tickets.

    Parameters
    ----------
    chance : numpy.ndarray of shape (n_cells,)
        Chance of the channel, of the two.
    n_channel, n_reference : numpy.ndarray of shape (n_cells,)
        Tickets of each.
    target : {"reference", "channel", "both"}
        Whose tickets are asked about.
    trim : float
        Least chance of the side that is not asked about; with ``both`` of either.

    Returns
    -------
    Overlap
        Cells and what is left; `Overlap.refuse` enforces the limits.

    Examples
    --------
    >>> import numpy as np
    >>> both = np.array([300.0, 0.0]), np.array([300.0, 400.0])
    >>> found = pair_overlap(np.array([0.5, 0.001]), *both)
    >>> round(found.share_kept, 3)
    0.429
    """
    inside = np.ones(chance.size, dtype=bool)
    if target != "channel":
        inside &= chance >= trim
    if target != "reference":
        inside &= chance <= 1.0 - trim
    safe = np.clip(chance, 1e-12, 1.0 - 1e-12)
    tilt = {"reference": 1.0 - safe, "channel": safe, "both": np.ones_like(safe)}[target]
    sides = [(tilt / safe, n_channel), (tilt / (1.0 - safe), n_reference)]
    worth = [_effective(weight * inside, n) for weight, n in sides]
    return Overlap(
        is_kept=inside,
        n_channel=round(float(n_channel.sum())),
        n_reference=round(float(n_reference.sum())),
        kept_channel=_share(n_channel, inside),
        kept_reference=_share(n_reference, inside),
        effective=min(worth),
        target=target,
        trim=trim,
    )


def _effective(weight: FloatArray, n: FloatArray) -> float:
    square = float(n @ weight**2)
    return float(n @ weight) ** 2 / square if square > 0 else 0.0


def _share(n: FloatArray, inside: NDArray[np.bool_]) -> float:
    whole = float(n.sum())
    return float(n[inside].sum()) / whole if whole > 0 else 0.0
