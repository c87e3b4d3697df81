"""Whether the agent had the earlier history, and whether customers switch channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.format import format_value
from supportlab.metrics.channels.later_contacts import KEPT, LOST
from supportlab.results import Estimate
from supportlab.studies.channels.arm_results import ArmQuestion
from supportlab.studies.channels.questions import HELD, ChannelOutcome, Comparison
from supportlab.studies.channels.two_arms import by_outcome, outcome_group
from supportlab.studies.common.cells import cell_of, fetch_sums
from supportlab.studies.common.refusals import refused_estimate
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from supportlab.desk import Desk
    from supportlab.metrics.sums import Sums
    from supportlab.records import Definition

__all__ = ["context_effect", "switching"]

TITLE = "The earlier history at hand, or lost"


def context_effect(desk: Desk, *, start: str | None = None, end: str | None = None) -> Estimate:
    """
    Compare later contacts at which the agent had the earlier history with those where not.

    Not whether the agent read it, and not FCR: who comes back has left that behind already. The
    question is whether this contact was the last one.

    Parameters
    ----------
    desk : Desk
        The data; contacts with ``had_context``.
    start, end : str, optional
        ISO dates of the ticket's creation, end excluded.

    Returns
    -------
    Estimate
        One row an outcome: ``fcr`` (solved at this contact) and ``csat``. Findings
        ``channel.context.effect``.
    """
    return by_outcome(
        desk,
        {name: _question(name, start, end) for name in ("fcr", "csat")},
        KEPT,
        name="context-effect",
        title=TITLE,
    )


def _question(outcome: ChannelOutcome, start: str | None, end: str | None) -> ArmQuestion:
    asked = Comparison(
        "context",
        LOST,
        outcome,
        held=("channel", "contact_kind", *HELD),
        target="both",
        start=start,
        end=end,
        source="contacts",
    )
    return ArmQuestion(
        name=f"context-effect-{outcome}",
        title=f"{TITLE}: {'solved at this contact' if outcome == 'fcr' else 'satisfaction'}",
        finding_id="channel.context.effect",
        question="Does it help that the agent has the earlier history when a customer comes back?",
        asked=asked,
        whose="tickets with a later contact",
        versus=f"{KEPT} less {LOST}",
        group=outcome_group(outcome),
        caveats=(
            (
                "Resolved at first contact is read here as: the customer did not have to contact "
                "the desk again after this contact."
            ),
            "Each ticket counts once, with the first contact for which it is told.",
        ),
        outcome_words="being solved at this contact" if outcome == "fcr" else "",
        naive_words="history gets lost where customers switch channels or open a further ticket",
    )


def switching(desk: Desk, *, start: str | None = None, end: str | None = None) -> Estimate:
    """
    Compute how often customers use several channels on a ticket, and how often history is kept.

    Not a fault by itself: a customer may move from chat to phone because it was offered.

    Parameters
    ----------
    desk : Desk
        The data; contacts with channels, or events of kind message.
    start, end : str, optional
        ISO dates, end excluded.

    Returns
    -------
    Estimate
        One row a figure and channel: ``figure``, ``channel`` (of the ticket, or of the later
        contact), ``estimate`` and interval, ``n``.
    """
    from supportlab import metrics

    title = "Switching channels, and history kept"
    figures = (
        ("tickets with more than one channel", metrics.channel_switching),
        ("later contacts with the history kept", metrics.context_kept),
    )
    rows: list[dict[str, Any]] = []
    records: list[Definition] = []
    reasons = []
    for figure, metric in figures:
        for by in ([], ["channel"]):
            try:
                sums = metric(desk, by, start=start, end=end)
                rows += _levels(sums, figure, by)
            except NotEstimable as refusal:
                reasons.append(f"{figure}: {refusal}")
                continue
            if not by:
                records.append(sums.record())
    if not rows:
        return refused_estimate("channel-switching", title, "; ".join(dict.fromkeys(reasons)))
    table = pd.DataFrame(rows)
    whole = table.loc[table["channel"] == "all channels"]
    words = "; ".join(
        f"{row['figure']}: {format_value(row['estimate'], 'proportion')}"
        for row in whole.to_dict("records")
    )
    missing = tuple(f"Not shown: {reason}." for reason in dict.fromkeys(reasons))
    return Estimate(
        "channel-switching", title, table, sentences=(f"{words}.",), definitions=tuple(records),
        caveats=missing,
    )  # fmt: skip


def _levels(sums: Sums, figure: str, by: list[str]) -> list[dict[str, Any]]:
    frame, is_clustered = fetch_sums(sums)
    parts = frame.groupby("channel", sort=True) if by else [("all channels", frame)]
    rows = []
    for name, part in parts:
        cell = cell_of(part, "rate", INTERVAL_LEVEL, is_clustered=is_clustered)
        found = cell.interval
        rows.append(
            {
                "figure": figure,
                "channel": str(name),
                "estimate": found.estimate if found else None,
                "ci_low": found.low if found else None,
                "ci_high": found.high if found else None,
                "unit": "proportion",
                "n": cell.n,
                "reason": cell.reason or None,
            }
        )
    return rows
