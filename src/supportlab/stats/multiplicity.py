"""P values adjusted for how many were looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from supportlab.errors import ParameterError, did_you_mean, listed

__all__ = ["adjust_p"]

_METHODS = {"bh": "fdr_bh", "holm": "holm"}


def adjust_p(
    p_values: Sequence[float | None], method: Literal["bh", "holm"] = "bh"
) -> list[float | None]:
    """
    Adjust the p values of one family, leaving out what could not be computed.

    Not across findings that answer different questions: one family is what bears one finding id.

    Parameters
    ----------
    p_values : sequence of float or None
        Raw p values; None (or nan) where there is none.
    method : {"bh", "holm"}
        ``bh`` bounds the share of false findings, for screening; ``holm`` bounds the chance of
        any false finding, for headline claims.

    Returns
    -------
    list of float or None
        In the order given; None stays None and does not count as a test.

    Raises
    ------
    ParameterError
        A value lies outside 0 and 1, or the method is unknown.

    Notes
    -----
    Benjamini and Hochberg (1995); Holm (1979); computed by statsmodels.

    Examples
    --------
    >>> adjust_p([0.01, None, 0.02, 0.04], "holm")
    [0.03, None, 0.04, 0.04]
    """
    if method not in _METHODS:
        raise ParameterError(f"method came as {method!r}. {did_you_mean(str(method), _METHODS)}")
    known = {
        place: float(p)
        for place, p in enumerate(p_values)
        if p is not None and float(p) == float(p)
    }
    outside = [p for p in known.values() if not 0.0 <= p <= 1.0]
    if outside:
        raise ParameterError(f"p values outside 0 and 1: {listed(outside)}.")
    adjusted: list[float | None] = [None] * len(p_values)
    if known:
        from statsmodels.stats.multitest import multipletests

        values = multipletests(list(known.values()), method=_METHODS[method])[1]
        for place, value in zip(known, values, strict=True):
            adjusted[place] = min(1.0, float(value))
    return adjusted
