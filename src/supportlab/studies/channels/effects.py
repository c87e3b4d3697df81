"""Each channel against a reference channel, had the same tickets come by it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.format import format_difference
from supportlab.metrics.channels.labels import DIRECT
from supportlab.metrics.options import one_of
from supportlab.records import Check
from supportlab.results import Estimate
from supportlab.studies.channels.arm_results import ArmQuestion, arms_estimate, arms_refused
from supportlab.studies.channels.compare import Compared, compare
from supportlab.studies.channels.questions import OUTCOMES, ROW_LABELS, ChannelOutcome, Comparison

if TYPE_CHECKING:
    from supportlab.desk import Desk
    from supportlab.stats.channel_overlap import Target

__all__ = ["TARGETS", "effect", "hidden_check", "question_asked", "reference_channel"]

TARGETS = ("reference", "both")
USUAL_REFERENCE = "phone"
IDS = {
    "fcr": "channel.fcr.effect",
    "csat": "channel.csat.effect",
    "resolution_time": "channel.resolution_time.effect",
}
# What tells how hard a ticket is; leaving these out shows how much such a thing can move.
DIFFICULTY = ("category", "priority", "value_band")
_CAVEATS = {
    "fcr": (),
    "csat": (
        (
            "Answers are weighted by the chance of an answer, given the same labels and whether "
            "the ticket was resolved at first contact; a silence that hangs on the mood itself is "
            "not undone by that."
        ),
    ),
    "resolution_time": (
        (
            "Hours run by the calendar, nights included, to the last resolution; 168 hours at "
            "most, so that no ticket is open at the end of its watch."
        ),
    ),
}


def effect(
    desk: Desk,
    *,
    outcome: ChannelOutcome = "fcr",
    reference: str = "",
    target: Target = "reference",
    start: str | None = None,
    end: str | None = None,
) -> Estimate:
    """
    Estimate what each channel makes of tickets, against a reference channel, at equal intake.

    Not a ranking: `ranking` says which orders the data support. Tickets that a bot handed over are
    left out; `bot_handover` is about them.

    Parameters
    ----------
    desk : Desk
        The data; tickets with a channel.
    outcome : {"fcr", "csat", "resolution_time"}
        What is compared.
    reference : str
        Channel that the others are compared with; empty: phone, else the most frequent one.
    target : {"reference", "both"}
        ``reference``: the tickets that came by the reference, had they come by the channel, so
        that all channels are asked about the same tickets; ``both``: those of either.
    start, end : str, optional
        ISO dates of creation, end excluded.

    Returns
    -------
    Estimate
        One row a channel: ``estimate`` and interval, ``naive``, ``kept_share``, ``effective_n``,
        ``detectable``, ``p_adjusted`` (Holm), ``verdict``, or the ``reason``. Findings
        ``channel.fcr.effect``, ``channel.csat.effect``, ``channel.resolution_time.effect``.

    Raises
    ------
    ParameterError
        The outcome or the target is not known.

    Notes
    -----
    Augmented inverse probability weighting on cells with a multinomial propensity, clustered by
    agent. A channel is refused where fewer than half of the tickets asked about have their like in
    it, or these are worth fewer than 100 of equal weight.
    """
    one_of("outcome", outcome, tuple(IDS))
    one_of("target", target, TARGETS)
    question = None
    try:
        named = reference or reference_channel(desk)
        question = _question(outcome, named, target, start, end)
        # The differences between all channels come along for the ranking, which is by FCR.
        compared = compare(desk, question.asked, with_between=outcome == "fcr")
    except NotEstimable as refusal:
        question = question or _question(outcome, reference or USUAL_REFERENCE, target, start, end)
        return arms_refused(desk, question, str(refusal), "any other channel")
    extra = (hidden_check(desk, compared),) if compared.estimated else ()
    return arms_estimate(desk, question, compared, extra=extra)


def reference_channel(desk: Desk) -> str:
    """
    Name the channel that others are compared with: phone, else the most frequent one.

    Parameters
    ----------
    desk : Desk
        The data.

    Returns
    -------
    str
        A channel that has tickets.

    Raises
    ------
    NotEstimable
        There are no tickets with a channel.
    """
    from supportlab.metrics.channels.rows import channel_rows

    table = channel_rows(desk, ROW_LABELS).table
    counted = table.group_by("channel").aggregate(n=table.count().cast("int64")).execute()
    counted = counted.sort_values(["n", "channel"], ascending=[False, True])
    if counted.empty:
        raise NotEstimable("no ticket tells its channel")
    names = counted["channel"].tolist()
    return USUAL_REFERENCE if USUAL_REFERENCE in names else str(names[0])


def question_asked(
    outcome: ChannelOutcome, reference: str, target: Target, start: str | None, end: str | None
) -> Comparison:
    """Return the comparison of channels that all parts of the study share."""
    return Comparison(
        "channel", reference, outcome, only={"entry": DIRECT}, target=target, start=start, end=end
    )


def _question(
    outcome: ChannelOutcome, reference: str, target: Target, start: str | None, end: str | None
) -> ArmQuestion:
    measured = OUTCOMES[outcome]
    whose = f"tickets that came by {reference}" if target == "reference" else "tickets of the two"

    suffix = "" if target == "reference" else "-both"
    of_both = "" if target == "reference" else ", tickets of both"

    def group(arm: str) -> Mapping[str, str]:
        whose = {} if target == "reference" else {"tickets": "both channels"}
        return {"channel": arm, "versus": reference, **whose}

    return ArmQuestion(
        name=f"channel-effect-{outcome.replace('_', '-')}{suffix}",
        title=f"Channels against {reference}: {measured.short}{of_both}",
        finding_id=IDS[outcome],
        question=f"What would {measured.short} be had the same tickets come by another channel?",
        asked=question_asked(outcome, reference, target, start, end),
        whose=whose,
        versus=f"{{arm}} less {reference}",
        group=group,
        caveats=(
            "Tickets that a bot handed over are not among them.",
            *_CAVEATS[outcome],
        ),
        naive_words=(
            "topics, amounts, markets and hours draw tickets to channels, and the naive figure "
            "holds these as well"
        ),
    )


def hidden_check(desk: Desk, compared: Compared) -> Check:
    """Show how much the estimates move when what tells difficulty is left out."""
    from dataclasses import replace

    held = tuple(name for name in compared.asked.held if name not in DIFFICULTY)
    without = tuple(name for name in compared.held if name in DIFFICULTY)
    unit = compared.asked.measured.unit
    try:
        other = compare(desk, replace(compared.asked, held=held))
    except NotEstimable as refusal:
        return Check("hidden difficulty", None, f"could not be gauged: {refusal}")
    blind = {arm.name: arm.contrast.estimate for arm in other.estimated if arm.contrast}
    rows = [
        {"channel": arm.name, "estimate": arm.contrast.estimate, "without": blind[arm.name],
         "moves_by": blind[arm.name] - arm.contrast.estimate}
        for arm in compared.estimated
        if arm.contrast is not None and arm.name in blind
    ]  # fmt: skip
    table = pd.DataFrame(rows)
    if not without or table.empty:
        return Check("hidden difficulty", None, "nothing in the data tells how hard a ticket is")
    most = table.iloc[int(table["moves_by"].abs().to_numpy().argmax())]
    names = " and ".join(name.replace("_", " ") for name in without)
    return Check(
        "hidden difficulty",
        None,
        (
            f"without {names} the estimates move by up to "
            f"{format_difference(most['moves_by'], unit)} ({most['channel']}); a hidden difficulty "
            "that draws tickets to channels as strongly would move them about as much again"
        ),
        table,
    )
