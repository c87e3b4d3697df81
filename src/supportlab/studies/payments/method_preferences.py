"""Which brands customers of a market prefer, and when they were offered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from supportlab.errors import NotEstimable, ParameterError
from supportlab.studies.payments.starts import offer_starts

if TYPE_CHECKING:
    from supportlab.desk import Desk


__all__ = ["brand_preferences", "checked_preferences", "is_offered"]

# Below this a share of use is one of a handful of customers.
FEWEST_ROWS = 50


def checked_preferences(
    preferences: Mapping[str, Mapping[str, float]] | None, source: str
) -> Mapping[str, Mapping[str, float]]:
    """Return preferences from elsewhere, checked to be shares that have a source."""
    if preferences is None:
        return {}
    if not source.strip():
        raise ParameterError("preferences came without source; say where they are from.")
    for market, shares in preferences.items():
        wrong = [brand for brand, share in shares.items() if not 0.0 <= share <= 1.0]
        if wrong or sum(shares.values()) > 1.0 + 1e-9:
            raise ParameterError(
                f"preferences[{market!r}] must be shares that add up to at most 1; got "
                f"{dict(shares)!r}."
            )
    return preferences


def brand_preferences(
    desk: Desk, frame: pd.DataFrame, told: Mapping[str, Mapping[str, float]]
) -> pd.DataFrame:
    """Return each market's brands: preference, its source, payments while it is not offered."""
    offers = offer_starts(desk)
    rows = []
    for market, own in frame.groupby("market", sort=True):
        n = int(own["n"].sum())
        last = str(own["month"].max())
        elsewhere = dict(told.get(str(market), {}))
        for offer in offers.loc[offers["market"] == market].to_dict("records"):
            brand, offered = str(offer["method_brand"]), is_offered(own["month"], offer)
            n_offered = int(own.loc[offered, "n"].sum())
            hits = int(own.loc[offered & (own["method_brand"] == brand), "n"].sum())
            known = elsewhere.pop(brand, None)
            if known is None and n_offered < FEWEST_ROWS:
                continue
            used = hits / n_offered if n_offered else None
            ends = str(offer["last_month"])
            rows.append(
                {
                    "market": str(market),
                    "brand": brand,
                    "preference": used if known is None else known,
                    "is_told": known is not None,
                    "first_month": str(offer["first_month"]),
                    "last_month": ends,
                    "n_offered": n_offered,
                    "share_without": 1.0 - n_offered / n,
                    "is_offered_now": str(offer["first_month"]) <= last
                    and (not ends or ends >= last),
                }
            )
        rows += [
            {
                "market": str(market),
                "brand": brand,
                "preference": share,
                "is_told": True,
                "first_month": "",
                "last_month": "",
                "n_offered": 0,
                "share_without": 1.0,
                "is_offered_now": False,
            }
            for brand, share in sorted(elsewhere.items())
        ]
    if not rows:
        raise NotEstimable("no brand in method_offers is used in these payments")
    return pd.DataFrame(rows)


def is_offered(months: pd.Series, offer: Mapping[Any, Any]) -> pd.Series:
    """Return which months lie within an offer; one that has no last month goes on."""
    first, last = str(offer["first_month"]), str(offer["last_month"])
    begun = months >= first
    return begun & (months <= last) if last else begun
