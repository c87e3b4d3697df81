"""Currencies, daily rates, and amounts as people write them."""

from __future__ import annotations

import numpy as np

from supportlab.simulate.arrays import DAY, Array
from supportlab.simulate.markets import MARKETS
from supportlab.simulate.settings import WorldSettings
from supportlab.simulate.streams import Streams

__all__ = ["CURRENCIES", "DECIMALS", "Rates", "heaped", "market_currencies"]

CURRENCIES = tuple(sorted({market.currency for market in MARKETS}))
DECIMALS = np.array([{"JPY": 0, "KWD": 3}.get(code, 2) for code in CURRENCIES])
DOLLAR = CURRENCIES.index("USD")
# Currencies tied to the dollar do not move.
PEGGED = ("USD", "AED")
DAILY_VOLATILITY = 0.0045
# Prices of accounts that were opened before the span have a rate of their day.
DAYS_OF_HISTORY = 2_210


class Rates:
    """
    Daily dollars per unit of every currency: a random walk that rests at week-ends.

    Parameters
    ----------
    settings : WorldSettings
        Span.
    streams : Streams
        Randomness.
    """

    def __init__(self, settings: WorldSettings, streams: Streams) -> None:
        start = settings.first_second // DAY
        self.first_day = start - DAYS_OF_HISTORY
        n_days = settings.as_of // DAY - self.first_day + 1
        units = {market.currency: market.units_per_dollar for market in MARKETS}
        steps = streams("fx").standard_normal((n_days, len(CURRENCIES))) * DAILY_VOLATILITY
        weekday = (self.first_day + np.arange(n_days) + 3) % 7
        steps[weekday >= 5] = 0.0
        steps[:, [CURRENCIES.index(code) for code in PEGGED]] = 0.0
        level = np.log([1.0 / units[code] for code in CURRENCIES])
        walk = np.cumsum(steps, axis=0)
        # Rounded as in the file, so that amounts follow from the file.
        self.per_unit = np.round(np.exp(level + walk - walk[DAYS_OF_HISTORY]), 8)

    def at(self, currency: Array, at: Array) -> Array:
        """Return the dollars per unit on the day of each time."""
        day = np.clip(at // DAY - self.first_day, 0, len(self.per_unit) - 1)
        result: Array = self.per_unit[day, currency]
        return result

    def local(self, dollars: Array, currency: Array, at: Array) -> Array:
        """Return dollars in local currency, rounded to its decimals, times ten thousand."""
        amount = dollars / self.at(currency, at)
        return _rounded(amount, DECIMALS[currency])

    def dollars(self, ten_thousandths: Array, currency: Array, at: Array) -> Array:
        """Return the dollars of an amount that is given in ten-thousandths of a unit."""
        return ten_thousandths / 10_000 * self.at(currency, at)


def market_currencies() -> Array:
    """Return the currency code of every market."""
    return np.array([CURRENCIES.index(market.currency) for market in MARKETS])


def heaped(ten_thousandths: Array, chosen: Array) -> Array:
    """Return the amounts with the chosen ones rounded to a round number of their size."""
    amount = np.maximum(ten_thousandths, 1) / 10_000
    step = 10.0 ** np.floor(np.log10(amount)) / 2
    whole = np.rint(np.maximum(np.rint(amount / step), 1) * step * 10_000).astype(np.int64)
    return np.where(chosen, whole, ten_thousandths)


def _rounded(amount: Array, decimals: Array) -> Array:
    grain = 10 ** (4 - decimals)
    result: Array = np.maximum(np.rint(amount * 10_000 / grain).astype(np.int64), 1) * grain
    return result
