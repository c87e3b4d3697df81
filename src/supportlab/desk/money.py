"""Currencies: which is a market's own on a day, and how many decimals an amount has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache

from supportlab.desk.known_codes import currencies, markets
from supportlab.errors import ParameterError

__all__ = [
    "MINOR_UNITS",
    "RATE_DAYS",
    "Tender",
    "local_currencies",
    "minor_units",
    "tenders",
]

# ISO 4217 currencies whose minor unit is not a hundredth. CLDR's decimals are those people print:
# it has 0 for the Serbian dinar, of which exports count hundredths all the same.
_NO_DECIMALS = (
    *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"),
    *("RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"),
)
_THREE_DECIMALS = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
_FOUR_DECIMALS = ("CLF", "UYW")
MINOR_UNITS = {
    **dict.fromkeys(_NO_DECIMALS, 0),
    **dict.fromkeys(_THREE_DECIMALS, 3),
    **dict.fromkeys(_FOUR_DECIMALS, 4),
}

# A rate holds until the next one is published: central banks publish on working days, and the
# longest stretch of holidays (Easter, the new year in Asia) is shorter than a week.
RATE_DAYS = 7
# Old notes that are withdrawn within two years of their successor's first day are of no use for
# payments without cash, which changed over on that day (Croatia 2023, Belarus 2016, Sierra Leone
# 2022). A longer time together is one of two currencies, as of mark and euro from 1999 to 2002.
LONGEST_CHANGE_DAYS = 731
# Changes that the CLDR of this environment may not know yet: market, old, new, first day, and the
# last day of the old notes. Bulgaria: decision of the Council of the EU of 8 July 2025. Babel knows
# it from 2.19.0 on, with the same days; once that is the oldest one allowed, the entry goes.
LATER_CHANGES = (("BG", "BGN", "EUR", date(2026, 1, 1), date(2026, 1, 31)),)


@dataclass(frozen=True)
class Tender:
    """A currency that is a market's own from ``first_day`` to ``last_day``, both included."""

    market: str
    currency: str
    first_day: date | None
    last_day: date | None

    def holds_on(self, day: date) -> bool:
        """Return whether the day lies in the stretch; an open end holds every day."""
        after = self.first_day is None or self.first_day <= day
        return after and (self.last_day is None or day <= self.last_day)


@cache
def tenders() -> tuple[Tender, ...]:
    """
    Return every market's own currencies with their days, from CLDR.

    Returns
    -------
    tuple of Tender
        Ordered by market, first day and currency. A market with two currencies at a time (Panama:
        balboa and US dollar) has two stretches that overlap.
    """
    found = [one for market in sorted(markets()) for one in _of_market(market)]
    return tuple(sorted(found, key=lambda one: (one.market, _order(one), one.currency)))


def local_currencies(market: str, day: date) -> frozenset[str]:
    """
    Return the currencies that are a market's own on a day.

    Not what a shop shows there, and not which notes are still taken: payments without cash change
    over on a new currency's first day.

    Parameters
    ----------
    market : str
        ISO 3166-1 alpha-2 code.
    day : date
        The day.

    Returns
    -------
    frozenset of str
        ISO 4217 codes, mostly one; empty for a market without a currency of its own in CLDR.

    Raises
    ------
    ParameterError
        The market is not known.

    Notes
    -----
    Unicode CLDR, supplemental data "territory and currency", by Babel; legal tender alone.

    Examples
    --------
    >>> from datetime import date
    >>> local_currencies("HR", date(2022, 12, 31)), local_currencies("HR", date(2023, 1, 1))
    (frozenset({'HRK'}), frozenset({'EUR'}))
    """
    if market not in markets():
        raise ParameterError(f"market came as {market!r}; give an ISO 3166-1 code such as 'DE'.")
    return frozenset(
        one.currency for one in tenders() if one.market == market and one.holds_on(day)
    )


def minor_units(currency: str) -> int:
    """
    Return how many decimals amounts of a currency have by ISO 4217.

    Not how many a shop prints: CLDR leaves decimals out where they are worth nothing (RSD), but an
    export that counts minor units counts the standard's.

    Parameters
    ----------
    currency : str
        ISO 4217 code.

    Returns
    -------
    int
        0 for JPY, 2 for EUR, 3 for KWD.

    Raises
    ------
    ParameterError
        The currency is not known.

    Examples
    --------
    >>> [minor_units(code) for code in ("JPY", "EUR", "KWD")]
    [0, 2, 3]
    """
    if currency not in currencies():
        raise ParameterError(f"currency came as {currency!r}; give an ISO 4217 code such as 'EUR'.")
    return MINOR_UNITS.get(currency, 2)


def _of_market(market: str) -> list[Tender]:
    from babel.core import get_global

    rows = get_global("territory_currencies").get(market, ())
    own = [
        Tender(market, code, _day(first), _day(last))
        for code, first, last, is_tender in rows
        if is_tender and code in currencies()
    ]
    return [_cashless(one, own) for one in _with_later(market, own)]


def _with_later(market: str, own: list[Tender]) -> list[Tender]:
    for place, old, new, first_day, last_day in LATER_CHANGES:
        if market == place and not any(one.currency == new for one in own):
            kept = [
                Tender(market, old, one.first_day, last_day) if one.currency == old else one
                for one in own
            ]
            own[:] = [*kept, Tender(market, new, first_day, None)]
    return own


def _cashless(one: Tender, own: list[Tender]) -> Tender:
    """End a currency on the day before its successor's first, if its notes soon followed."""
    if one.last_day is None:
        return one
    starts = [
        other.first_day
        for other in own
        if other.first_day is not None
        and (one.first_day is None or one.first_day < other.first_day)
        and 0 <= (one.last_day - other.first_day).days <= LONGEST_CHANGE_DAYS
    ]
    if not starts:
        return one
    last = date.fromordinal(min(starts).toordinal() - 1)
    return Tender(one.market, one.currency, one.first_day, last)


def _day(parts: tuple[int, int, int] | None) -> date | None:
    return None if parts is None else date(*parts)


def _order(one: Tender) -> date:
    return one.first_day or date.min
