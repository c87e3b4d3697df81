"""Which studies these data can carry, and why not the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from supportlab.results import Estimate

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["carried"]


def carried(desk: Desk) -> Estimate:
    """
    Say what each study can and cannot say with these data.

    Not a promise: a study still refuses groups that are too small.

    Parameters
    ----------
    desk : Desk
        The data.

    Returns
    -------
    Estimate
        One row a study.
    """
    raise AssertionError
