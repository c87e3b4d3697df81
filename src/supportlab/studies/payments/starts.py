"""When something began in each market: read from dates, or seen as a jump of a share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import ParameterError

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["Start", "jumps", "offer_starts", "read_starts"]

# A price policy moves most customers at once; a smaller move is a change of mix.
LEAST_JUMP = 0.30
# Months on either side that a level needs.
FEWEST_MONTHS = 3
# Share of the payments that may lie on the wrong side of the middle between the two levels.
MOST_STRAY = 0.10


@dataclass(frozen=True)
class Start:
    """
    Something that began in a market.

    Parameters
    ----------
    market : str
        Market.
    month : str
        First whole month with it, as ``2025-03``.
    what : str
        What began: ``local currency`` or a brand.
    before, after : float
        Share of payments with it before and after.
    """

    market: str
    month: str
    what: str
    before: float
    after: float


def jumps(shares: pd.DataFrame, what: str = "local currency") -> tuple[Start, ...]:
    """
    Find the markets where a share jumps up once and stays.

    Not for a slow drift, nor for a jump near either end of the period: those are left alone.

    Parameters
    ----------
    shares : pandas.DataFrame
        ``market``, ``month``, ``n``, ``hits``.
    what : str
        Name of what began.

    Returns
    -------
    tuple of Start
        By market. The outcome of payments is not looked at.

    Examples
    --------
    >>> import pandas as pd
    >>> months = [f"2025-{number:02d}" for number in range(1, 9)]
    >>> hits = [10, 8, 12, 9, 80, 84, 82, 79]
    >>> table = pd.DataFrame({"market": "MX", "month": months, "n": 100, "hits": hits})
    >>> [(one.market, one.month) for one in jumps(table)]
    [('MX', '2025-05')]
    """
    found = []
    for market, part in shares.groupby("market", sort=True):
        one = _jump(str(market), part.sort_values("month"), what)
        if one is not None:
            found.append(one)
    return tuple(found)


def _jump(market: str, part: pd.DataFrame, what: str) -> Start | None:
    n, hits = part["n"].to_numpy(float), part["hits"].to_numpy(float)
    best, gain = None, 0.0
    for place in range(1, len(part)):
        sizes = n[:place].sum(), n[place:].sum()
        before, after = hits[:place].sum() / sizes[0], hits[place:].sum() / sizes[1]
        between = sizes[0] * sizes[1] / (sizes[0] + sizes[1]) * (after - before) ** 2
        if after - before >= LEAST_JUMP and between > gain:
            best, gain = (place, before, after), between
    if best is None:
        return None
    place, before, after = best
    if min(place, len(part) - place) < FEWEST_MONTHS:
        return None
    middle, share = (before + after) / 2.0, hits / n
    later = np.arange(len(part)) >= place
    stray = float(n[(share > middle) != later].sum() / n.sum())
    if stray > MOST_STRAY:
        return None
    return Start(market, str(part["month"].iloc[place]), what, float(before), float(after))


def read_starts(
    dates: Mapping[str, str], shares: pd.DataFrame, what: str = "local currency"
) -> tuple[Start, ...]:
    """
    Read the days that a caller gives, one a market.

    Parameters
    ----------
    dates : mapping of str to str
        Market to ISO date of the first day.
    shares : pandas.DataFrame
        As of `jumps`, for the shares before and after.
    what : str
        Name of what began.

    Returns
    -------
    tuple of Start
        By market; the first whole month is the date's own where it is the first of one, else the
        next.

    Raises
    ------
    ParameterError
        A market has no payments, or a date is no ISO date.
    """
    known = set(shares["market"])
    found = []
    for market in sorted(dates):
        if market not in known:
            raise ParameterError(f"dates names market {market!r}, which has no payments here.")
        month = _first_whole_month(market, dates[market])
        part = shares.loc[shares["market"] == market]
        later = part["month"] >= month
        levels = [
            float(half["hits"].sum() / max(1, half["n"].sum()))
            for half in (part.loc[~later], part.loc[later])
        ]
        found.append(Start(market, month, what, *levels))
    return tuple(found)


def offer_starts(desk: Desk) -> pd.DataFrame:
    """
    Return the first offer of every brand in every market.

    Parameters
    ----------
    desk : Desk
        With ``method_offers``.

    Returns
    -------
    pandas.DataFrame
        ``market``, ``method_brand``, ``first_month`` (first whole month; empty text where the
        offer has no date, so that it was always there), ``last_month`` (empty while it runs),
        ordered.
    """
    offers: Any = desk.table("method_offers")
    rows = offers.select("market", "method_brand", "offered_from", "offered_to").execute()
    rows["first_month"] = [
        "" if pd.isna(value) else _whole_month(value.date()) for value in rows["offered_from"]
    ]
    rows["last_month"] = [
        "" if pd.isna(value) else value.strftime("%Y-%m") for value in rows["offered_to"]
    ]
    found: pd.DataFrame = (
        rows.groupby(["market", "method_brand"], sort=True)
        .agg(first_month=("first_month", "min"), last_month=("last_month", _latest))
        .reset_index()
    )
    return found


def _latest(months: pd.Series) -> str:
    return "" if (months == "").any() else str(months.max())


def _first_whole_month(market: str, text: str) -> str:
    try:
        return _whole_month(date.fromisoformat(text))
    except (TypeError, ValueError):
        raise ParameterError(
            f"dates[{market!r}] is {text!r}; it must be an ISO date such as '2025-03-01'."
        ) from None


def _whole_month(day: date) -> str:
    if day.day == 1:
        return f"{day:%Y-%m}"
    year, month = (day.year + 1, 1) if day.month == 12 else (day.year, day.month + 1)
    return f"{year:04d}-{month:02d}"
