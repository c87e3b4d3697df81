"""The markets of the fictional company, and how they differ."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LANGUAGES", "MARKETS", "SITES", "Market", "Offer", "Site"]


@dataclass(frozen=True)
class Offer:
    """
    A payment method of one market.

    Parameters
    ----------
    brand : str
        Brand, as in ``payments.method_brand``.
    method : str
        Contract code of the method.
    preference : float
        Weight among the customers' preferred methods.
    offered_from : float
        Share of the span at which it is first offered; 0 is before the start, 2 is never.
    """

    brand: str
    method: str
    preference: float
    offered_from: float = 0.0


@dataclass(frozen=True)
class Market:
    """
    A market.

    Parameters
    ----------
    code : str
        ISO 3166-1 alpha-2.
    site : str
        Site whose teams serve it.
    languages : tuple of (str, float)
        Languages of the customers and their shares.
    currency, units_per_dollar
        Local currency and its rate at the start.
    zone : str
        IANA time zone of the customers.
    weight : float
        Share of the demand.
    fcr, satisfaction, answering, decline
        Deviations: probability of first contact resolution, latent satisfaction, log-odds of
        answering a survey, probability of a decline.
    channels : tuple of float
        Weights of phone, email, chat, messaging, social, in_app, bot.
    local_from : float
        Share of the span at which prices are first shown in local currency; 0 is always.
    foreign_cost : float
        Rise of the probability of a decline under foreign presentment.
    offers : tuple of Offer
        Payment methods.
    """

    code: str
    site: str
    languages: tuple[tuple[str, float], ...]
    currency: str
    units_per_dollar: float
    zone: str
    weight: float
    fcr: float
    satisfaction: float
    answering: float
    decline: float
    channels: tuple[float, ...]
    local_from: float
    foreign_cost: float
    offers: tuple[Offer, ...]


@dataclass(frozen=True)
class Site:
    """
    A site of the support organisation.

    Parameters
    ----------
    name : str
        City.
    country : str
        Country whose holidays it keeps.
    zone : str
        IANA time zone.
    hours : tuple of (int, int)
        Openings of a working day in minutes after local midnight.
    weekdays : tuple of int
        Working days, 0 is Monday.
    """

    name: str
    country: str
    zone: str
    hours: tuple[tuple[int, int], ...]
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4)


LANGUAGES = ("en", "de", "es", "pt", "ar", "el", "ja", "fr", "it")

SITES = (
    Site("Austin", "US", "America/Chicago", ((420, 1260),), (0, 1, 2, 3, 4, 5)),
    Site("Manchester", "GB", "Europe/London", ((480, 1200),), (0, 1, 2, 3, 4, 5)),
    Site("Leipzig", "DE", "Europe/Berlin", ((480, 1080),)),
    Site("Lille", "FR", "Europe/Paris", ((540, 750), (840, 1140))),
    Site("Valencia", "ES", "Europe/Madrid", ((540, 840), (960, 1200))),
    Site("Athens", "GR", "Europe/Athens", ((540, 1080),)),
    Site("Recife", "BR", "America/Recife", ((480, 1200),), (0, 1, 2, 3, 4, 5)),
    Site("Monterrey", "MX", "America/Monterrey", ((540, 1140),)),
    Site("Dubai", "AE", "Asia/Dubai", ((480, 1080),), (0, 1, 2, 3, 4, 6)),
    Site("Nairobi", "KE", "Africa/Nairobi", ((480, 1020),)),
    Site("Pune", "IN", "Asia/Kolkata", ((540, 1260),), (0, 1, 2, 3, 4, 5)),
    Site("Sapporo", "JP", "Asia/Tokyo", ((540, 1080),)),
)

VISA, MASTERCARD = Offer("visa", "card", 0.34), Offer("mastercard", "card", 0.24)
PAYPAL, APPLE_PAY = Offer("paypal", "wallet", 0.16), Offer("apple_pay", "wallet", 0.10)
CARDS = (VISA, MASTERCARD)


def _english(share: float = 1.0) -> tuple[tuple[str, float], ...]:
    return (("en", share),)


MARKETS = (
    Market(
        "US", "Austin", (("en", 0.86), ("es", 0.14)), "USD", 1.0, "America/New_York",
        0.16, 0.0, 0.05, -0.15, -0.02, (30, 20, 24, 6, 8, 9, 5), 0.0, 0.0,
        (*CARDS, PAYPAL, APPLE_PAY, Offer("ach_debit", "direct_debit", 0.08)),
    ),
    Market(
        "CA", "Austin", (("en", 0.78), ("fr", 0.22)), "CAD", 1.37, "America/Toronto",
        0.035, 0.01, 0.05, -0.05, -0.01, (28, 26, 22, 5, 6, 9, 4), 0.42, 0.05,
        (*CARDS, PAYPAL, Offer("interac", "bank_redirect", 0.22, 0.6)),
    ),
    Market(
        "GB", "Manchester", _english(), "GBP", 0.79, "Europe/London",
        0.095, 0.01, 0.0, 0.05, -0.02, (26, 28, 24, 4, 7, 8, 4), 0.0, 0.05,
        (*CARDS, PAYPAL, APPLE_PAY, Offer("bacs_debit", "direct_debit", 0.12)),
    ),
    Market(
        "DE", "Leipzig", (("de", 0.93), ("en", 0.07)), "EUR", 0.93, "Europe/Berlin",
        0.105, 0.03, -0.05, 0.15, 0.0, (30, 40, 12, 4, 3, 6, 3), 0.0, 0.04,
        (*CARDS, PAYPAL, Offer("sepa_debit", "direct_debit", 0.26), Offer("klarna", "bnpl", 0.12)),
    ),
    Market(
        "FR", "Lille", (("fr", 0.95), ("en", 0.05)), "EUR", 0.93, "Europe/Paris",
        0.07, 0.0, -0.15, 0.0, 0.0, (32, 34, 16, 4, 4, 6, 3), 0.0, 0.04,
        (*CARDS, PAYPAL, Offer("cartes_bancaires", "card", 0.3, 0.5)),
    ),
    Market(
        "ES", "Valencia", (("es", 0.95), ("en", 0.05)), "EUR", 0.93, "Europe/Madrid",
        0.07, -0.01, 0.05, 0.0, 0.01, (28, 22, 14, 22, 5, 6, 3), 0.0, 0.05,
        (*CARDS, PAYPAL, Offer("bizum", "local_wallet", 0.24, 0.4)),
    ),
    Market(
        "IT", "Valencia", (("it", 0.96), ("en", 0.04)), "EUR", 0.93, "Europe/Rome",
        0.05, -0.02, 0.0, -0.05, 0.02, (30, 22, 12, 22, 5, 6, 3), 0.0, 0.05,
        (*CARDS, PAYPAL, Offer("postepay", "card", 0.2), Offer("satispay", "local_wallet", 0.1, 2)),
    ),
    Market(
        "GR", "Athens", (("el", 0.92), ("en", 0.08)), "EUR", 0.93, "Europe/Athens",
        0.045, 0.0, 0.0, 0.1, 0.02, (36, 26, 12, 12, 5, 6, 3), 0.0, 0.05,
        (*CARDS, PAYPAL, Offer("iris", "bank_transfer", 0.16, 0.7)),
    ),
    Market(
        "BR", "Recife", (("pt", 0.98), ("en", 0.02)), "BRL", 5.45, "America/Sao_Paulo",
        0.115, -0.02, 0.1, 0.2, 0.045, (12, 12, 18, 42, 8, 5, 3), 0.0, 0.09,
        (*CARDS, Offer("pix", "bank_transfer", 0.5, 0.3), Offer("boleto", "voucher", 0.12)),
    ),
    Market(
        "MX", "Monterrey", (("es", 0.97), ("en", 0.03)), "MXN", 18.2, "America/Mexico_City",
        0.055, -0.02, 0.1, 0.1, 0.045, (18, 16, 18, 34, 7, 5, 2), 0.5, 0.08,
        (*CARDS, PAYPAL, Offer("oxxo", "cash", 0.26, 0.55), Offer("spei", "bank_transfer", 0.1)),
    ),
    Market(
        "AE", "Dubai", (("ar", 0.62), ("en", 0.38)), "AED", 3.6725, "Asia/Dubai",
        0.045, -0.01, 0.0, -0.2, 0.03, (34, 14, 14, 26, 6, 5, 1), 0.6, 0.06,
        (*CARDS, APPLE_PAY, Offer("tabby", "bnpl", 0.12, 0.45)),
    ),
    Market(
        "KW", "Dubai", (("ar", 0.85), ("en", 0.15)), "KWD", 0.307, "Asia/Kuwait",
        0.02, -0.02, 0.0, -0.2, 0.03, (38, 12, 12, 28, 6, 4, 0), 0.7, 0.07,
        (*CARDS, Offer("knet", "card", 0.5, 0.35)),
    ),
    Market(
        "KE", "Nairobi", _english(), "KES", 129.0, "Africa/Nairobi",
        0.025, -0.03, 0.05, 0.0, 0.055, (26, 10, 8, 40, 10, 5, 1), 0.35, 0.1,
        (*CARDS, Offer("m_pesa", "local_wallet", 0.6, 0.25)),
    ),
    Market(
        "IN", "Pune", _english(), "INR", 83.4, "Asia/Kolkata",
        0.08, -0.03, 0.05, 0.05, 0.045, (20, 12, 22, 28, 9, 6, 3), 0.3, 0.08,
        (*CARDS, Offer("upi", "bank_transfer", 0.55, 0.2), Offer("rupay", "card", 0.14)),
    ),
    Market(
        "SG", "Pune", _english(), "SGD", 1.35, "Asia/Singapore",
        0.02, 0.02, -0.05, 0.0, -0.01, (18, 24, 30, 12, 5, 8, 3), 0.5, 0.04,
        (*CARDS, APPLE_PAY, Offer("paynow", "bank_transfer", 0.2, 0.5)),
    ),
    Market(
        "AU", "Pune", _english(), "AUD", 1.51, "Australia/Sydney",
        0.03, 0.01, 0.0, 0.0, -0.01, (26, 28, 24, 4, 6, 8, 4), 0.25, 0.04,
        (*CARDS, PAYPAL, APPLE_PAY, Offer("bpay", "bank_transfer", 0.08)),
    ),
    Market(
        "JP", "Sapporo", (("ja", 0.97), ("en", 0.03)), "JPY", 157.0, "Asia/Tokyo",
        0.085, 0.02, -0.35, -0.3, 0.0, (30, 34, 18, 4, 3, 8, 3), 0.0, 0.07,
        (*CARDS, Offer("jcb", "card", 0.3), Offer("konbini", "cash", 0.18),
         Offer("paypay", "local_wallet", 0.16, 0.55)),
    ),
)  # fmt: skip
