"""Code lists that others keep: countries, currencies, languages, time zones."""

from __future__ import annotations

from functools import cache

__all__ = ["currencies", "languages", "markets", "time_zones"]

# CLDR territories that are no ISO 3166-1 officially assigned code. XK (Kosovo) is kept: ISO
# leaves it to users, and payment networks and statistical offices use it.
NOT_ISO_COUNTRIES = frozenset(
    ["AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"]
)
# ISO 4217 codes that stand for "no currency" and "test".
NO_CURRENCIES = frozenset({"XXX", "XTS"})


@cache
def markets() -> frozenset[str]:
    """Return the ISO 3166-1 alpha-2 codes, from CLDR."""
    from babel import Locale

    names = [str(code) for code in Locale("en").territories]
    return frozenset(c for c in names if len(c) == 2 and c.isalpha()) - NOT_ISO_COUNTRIES


@cache
def currencies() -> frozenset[str]:
    """Return the ISO 4217 codes, from CLDR, withdrawn ones too since data reach back."""
    from babel.numbers import list_currencies

    return frozenset(list_currencies()) - NO_CURRENCIES


@cache
def languages() -> frozenset[str]:
    """Return the primary language subtags of BCP 47 that CLDR knows."""
    from babel import Locale

    primary = {str(tag).replace("_", "-").split("-")[0] for tag in Locale("en").languages}
    return frozenset(primary - {"mul", "root", "zxx"})


@cache
def time_zones() -> frozenset[str]:
    """Return the names of the IANA time zones."""
    from zoneinfo import available_timezones

    return frozenset(available_timezones()) - {"localtime", "Factory"}
