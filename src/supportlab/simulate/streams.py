"""Independent random streams, one per component and name."""

from __future__ import annotations

from zlib import crc32

import numpy as np

__all__ = ["Streams"]


class Streams:
    """
    Random generators that depend on the seed and their name only.

    Adding a component, or drawing more in one, leaves every other stream as it was. Not for
    cryptography, and not to be shared between two components under one name.

    Parameters
    ----------
    seed : int
        Seed of the world.

    Examples
    --------
    >>> Streams(1)("demand").integers(10) == Streams(1)("demand").integers(10)
    np.True_
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def __call__(self, name: str) -> np.random.Generator:
        """
        Return a fresh generator of that name.

        Parameters
        ----------
        name : str
            Component.

        Returns
        -------
        numpy.random.Generator
            The same stream for the same seed and name.
        """
        sequence = np.random.SeedSequence(self._seed, spawn_key=(crc32(name.encode()),))
        return np.random.Generator(np.random.PCG64(sequence))
