"""The channel that a customer prefers against another one, and direct contact against a bot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from supportlab.metrics.channels.labels import AFTER_BOT, DIRECT, OTHER, PREFERRED
from supportlab.results import Estimate
from supportlab.studies.channels.arm_results import ArmQuestion
from supportlab.studies.channels.questions import HELD, ChannelOutcome, Comparison
from supportlab.studies.channels.two_arms import by_outcome, outcome_group

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["bot_handover", "preference_effect"]

PREFERENCE_TITLE = "Another channel than the preferred one"
BOT_TITLE = "Handed over by a bot, against coming directly"


def preference_effect(desk: Desk, *, start: str | None = None, end: str | None = None) -> Estimate:
    """
    Compare tickets by another channel than the customer prefers with those by the preferred one.

    Not what denying a channel does: who uses another one has often chosen so. The hazard of leaving
    over time is the churn study's, which has the measure ``channel_mismatch``.

    Parameters
    ----------
    desk : Desk
        The data; customers with ``preferred_channel``.
    start, end : str, optional
        ISO dates of creation, end excluded.

    Returns
    -------
    Estimate
        One row an outcome: ``fcr``, ``csat``, ``churn`` (the customer leaves of own will within 90
        days), at equal channel and intake. Findings ``channel.preference.effect``.
    """
    names: tuple[ChannelOutcome, ...] = ("fcr", "csat", "churn")
    return by_outcome(
        desk,
        {name: _preference(name, start, end) for name in names},
        OTHER,
        name="preference-effect",
        title=PREFERENCE_TITLE,
    )


def bot_handover(desk: Desk, *, start: str | None = None, end: str | None = None) -> Estimate:
    """
    Compare tickets that a bot handed over with tickets that came directly.

    Not what bots solve: a session that ends with the bot is no ticket, or one of its own.

    Parameters
    ----------
    desk : Desk
        The data; sessions with ``outcome`` and ``ticket_id``.
    start, end : str, optional
        ISO dates of creation, end excluded.

    Returns
    -------
    Estimate
        One row an outcome: ``fcr`` and ``csat``, of the tickets that were handed over, at equal
        channel and intake. Findings ``channel.bot_handover.effect``.
    """
    names: tuple[ChannelOutcome, ...] = ("fcr", "csat")
    return by_outcome(
        desk,
        {name: _handover(name, start, end) for name in names},
        AFTER_BOT,
        name="bot-handover-effect",
        title=BOT_TITLE,
    )


def _preference(outcome: ChannelOutcome, start: str | None, end: str | None) -> ArmQuestion:
    asked = Comparison(
        "preference",
        PREFERRED,
        outcome,
        held=("channel", *HELD),
        cluster="customer",
        target="both",
        start=start,
        end=end,
    )
    return ArmQuestion(
        name=f"preference-effect-{outcome}",
        title=f"{PREFERENCE_TITLE}: {asked.measured.short}",
        finding_id="channel.preference.effect",
        question="What goes with using another channel than the one a customer prefers?",
        asked=asked,
        whose="tickets of customers whose preference is known",
        versus="another channel less the preferred one",
        group=outcome_group(outcome),
        caveats=(
            (
                "The channel that was used is held equal, so that the two sides are customers who "
                "like that channel and customers who like another one."
            ),
        ),
        naive_words="the two sides also use different channels for different matters",
    )


def _handover(outcome: ChannelOutcome, start: str | None, end: str | None) -> ArmQuestion:
    asked = Comparison(
        "entry",
        DIRECT,
        outcome,
        held=("channel", *HELD),
        target="channel",
        start=start,
        end=end,
    )
    return ArmQuestion(
        name=f"bot-handover-effect-{outcome}",
        title=f"{BOT_TITLE}: {asked.measured.short}",
        finding_id="channel.bot_handover.effect",
        question="Do tickets that a bot could not solve fare worse than those that came directly?",
        asked=asked,
        whose="tickets that a bot handed over",
        versus="handed over less direct",
        group=outcome_group(outcome),
        caveats=(
            (
                "What a bot cannot solve may be harder than it looks at intake, which would make "
                "the hand-over look worse than it is."
            ),
        ),
        naive_words="bots stand before some channels and topics only",
    )
