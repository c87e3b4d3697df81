"""Topics, channels, products, plans: the constants of the world, with their planted effects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from supportlab.simulate.arrays import Array

__all__ = [
    "BOT",
    "CATEGORIES",
    "CHANNELS",
    "CHAT",
    "EMAIL",
    "HUMAN_CHANNELS",
    "LIMIT_DOLLARS",
    "PHONE",
    "PLANS",
    "PRIORITIES",
    "PRODUCTS",
    "QUEUES",
    "SEGMENTS",
    "Category",
    "Channel",
    "category_values",
    "channel_values",
]

QUEUES = ("money", "orders", "technical")
PRODUCTS = ("hub", "camera", "app", "plus_plan")
PRIORITIES = ("low", "normal", "high", "urgent")
SEGMENTS = ("consumer", "small_business", "enterprise")
PLANS = ("basic", "plus", "pro")
# What an agent with authority may settle alone.
LIMIT_DOLLARS = 200.0


@dataclass(frozen=True)
class Category:
    """
    A topic as coded at intake.

    Parameters
    ----------
    name : str
        As in ``tickets.category``.
    queue : int
        Index into `QUEUES`.
    weight : float
        Share of the demand.
    value_share : float
        Share of tickets with money at stake.
    fcr : float
        Deviation of the probability of first contact resolution.
    difficulty : float
        Mean hidden difficulty, 0 to 1.
    products : tuple of float
        Weights of `PRODUCTS`.
    channel_pull : tuple of float
        Log-odds that draw the topic to each channel.
    """

    name: str
    queue: int
    weight: float
    value_share: float
    fcr: float
    difficulty: float
    products: tuple[float, ...]
    channel_pull: tuple[float, ...]


CATEGORIES = (
    Category(
        "billing", 0, 0.15, 0.85, -0.03, 0.50, (1, 1, 2, 6),
        (0.5, 0.2, 0.0, 0.0, -0.6, -0.2, -0.8),
    ),
    Category(
        "refund", 0, 0.10, 1.00, -0.07, 0.60, (3, 3, 1, 3),
        (0.6, 0.3, -0.2, 0.0, 0.2, -0.4, -1.5),
    ),
    Category(
        "payment", 0, 0.08, 0.75, 0.00, 0.45, (2, 2, 2, 4),
        (0.3, -0.2, 0.3, 0.1, -0.5, 0.2, -0.3),
    ),
    Category(
        "delivery", 1, 0.16, 0.60, 0.03, 0.40, (5, 5, 0, 0),
        (0.1, 0.1, 0.1, 0.3, 0.3, -0.2, 0.2),
    ),
    Category(
        "returns", 1, 0.09, 0.90, -0.04, 0.50, (5, 5, 0, 0),
        (0.2, 0.4, -0.1, 0.0, 0.0, -0.3, -0.4),
    ),
    Category(
        "product_question", 1, 0.13, 0.10, 0.10, 0.25, (4, 4, 2, 2),
        (-0.6, -0.2, 0.4, 0.2, 0.1, 0.3, 1.0),
    ),
    Category(
        "login", 2, 0.11, 0.00, 0.08, 0.30, (0, 0, 8, 2),
        (-0.2, -0.6, 0.5, 0.1, -0.4, 0.6, 1.0),
    ),
    Category(
        "app_error", 2, 0.11, 0.05, -0.08, 0.60, (1, 2, 7, 0),
        (-0.4, 0.1, 0.1, 0.0, 0.5, 0.8, -0.4),
    ),
    Category(
        "device_setup", 2, 0.07, 0.12, -0.04, 0.55, (5, 5, 1, 0),
        (0.7, -0.3, 0.3, 0.1, -0.4, 0.0, 0.0),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Channel:
    """
    A channel of first contact.

    Parameters
    ----------
    name : str
        Contract code.
    fcr : float
        Planted effect on the probability of first contact resolution, against phone.
    satisfaction : float
        Planted direct effect on latent satisfaction, against phone.
    response_minutes, resolve_minutes, handle_minutes : float
        Medians in working minutes.
    answering : float
        Log-odds of answering a survey.
    is_live : bool
        Served only while the team is at work.
    """

    name: str
    fcr: float
    satisfaction: float
    response_minutes: float
    resolve_minutes: float
    handle_minutes: float
    answering: float
    is_live: bool = False


CHANNELS = (
    Channel("phone", 0.0, 0.0, 4.0, 22.0, 14.0, -1.60, True),
    Channel("email", -0.08, -0.10, 170.0, 420.0, 11.0, -1.20),
    Channel("chat", -0.03, 0.08, 2.5, 26.0, 12.0, -0.55, True),
    Channel("messaging", -0.02, 0.05, 28.0, 150.0, 10.0, -0.80),
    Channel("social", -0.06, -0.12, 45.0, 240.0, 9.0, -1.75),
    Channel("in_app", -0.01, 0.04, 80.0, 230.0, 9.0, -0.70),
    Channel("bot", -0.05, -0.20, 0.2, 4.0, 0.0, -1.30),
)
PHONE, EMAIL, CHAT, BOT = 0, 1, 2, 6
HUMAN_CHANNELS = tuple(range(BOT))


def channel_values(field: str) -> Array:
    """Return one attribute of all channels."""
    return np.array([getattr(channel, field) for channel in CHANNELS])


def category_values(field: str) -> Array:
    """Return one attribute of all categories."""
    return np.array([getattr(category, field) for category in CATEGORIES])
