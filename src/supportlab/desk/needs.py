"""What each study needs of a source, and what it loses without the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from supportlab.desk.contract import CONTRACT

if TYPE_CHECKING:
    import pandas as pd

    from supportlab.desk.record import Desk

__all__ = ["NEEDS", "Need", "StudyNeeds", "study_readiness"]


@dataclass(frozen=True)
class Need:
    """
    A table, columns of it, and what they serve.

    Parameters
    ----------
    table : str
        Contract name.
    columns : tuple of str
        Columns of it; the table alone where empty.
    serves : str
        What cannot be said without it.
    """

    table: str
    columns: tuple[str, ...]
    serves: str

    @property
    def label(self) -> str:
        """The need as people write it."""
        return f"{self.table} ({', '.join(self.columns)})" if self.columns else self.table


@dataclass(frozen=True)
class StudyNeeds:
    """
    Needs of one study.

    Parameters
    ----------
    study : str
        Name of the study.
    any_of : tuple of tuple of Need
        Groups of which each must be met by at least one need.
    better_with : tuple of Need
        Needs without which the study says less.
    """

    study: str
    any_of: tuple[tuple[Need, ...], ...]
    better_with: tuple[Need, ...] = ()


_TICKETS = Need("tickets", (), "everything about issues")
_SEEN = Need("tickets", ("contact_count", "customer_id", "category"), "first contact resolution")
_MARKET = Need("tickets", ("market",), "comparison of markets")
_AGENT = Need("tickets", ("agent_id",), "intervals that respect agents")
_RESOLVED = Need("tickets", ("resolved_at",), "first contact resolution, time to resolve")
_FIRST = Need("tickets", ("first_response_at",), "first response time")

NEEDS = (
    StudyNeeds(
        "data-readiness",
        (tuple(Need(name, (), "anything at all") for name in CONTRACT),),
        (_TICKETS, _RESOLVED, _FIRST, Need("surveys", (), "response rates")),
    ),
    StudyNeeds(
        "feedback-trends",
        ((Need("surveys", (), "scores"), Need("feedback", (), "texts")),),
        (
            Need("surveys", ("score", "responded_at"), "levels and response rates"),
            Need("surveys", ("scale_min", "scale_max", "high_is_good"), "effort scores"),
            Need("surveys", ("comment",), "themes of survey comments"),
            Need("surveys", ("ticket_id",), "levels weighted for non-response"),
            _TICKETS,
            _MARKET,
        ),
    ),
    StudyNeeds(
        "churn-and-service-quality",
        (
            (Need("customers", ("signed_up_at",), "who can leave, and since when"),),
            (
                Need("customers", ("churned_at",), "who left"),
                Need("subscriptions", ("ended_at",), "whose paid period ended"),
            ),
            (Need("tickets", ("customer_id",), "the service that customers had"),),
        ),
        (
            _RESOLVED,
            _FIRST,
            Need("tickets", ("reopened_count",), "the effect of reopened tickets"),
            Need("customers", ("churn_kind",), "keeping failed payments apart"),
            Need("customers", ("segment",), "comparison of like customers"),
            Need("surveys", ("customer_id", "score"), "how well scores foretell churn"),
        ),
    ),
    StudyNeeds(
        "empowerment",
        (
            (_TICKETS,),
            (
                Need("tickets", ("authority_used",), "who settled by own authority"),
                Need("authority", ("scope_id",), "who might settle what, and since when"),
            ),
        ),
        (
            Need("authority", ("effective_from",), "the roll-out, the strongest design"),
            Need("authority", ("limit_amount",), "the design at the limit"),
            Need("tickets", ("issue_value", "issue_currency"), "the design at the limit"),
            Need("tickets", ("team_id",), "the roll-out team by team"),
            _AGENT,
            _SEEN,
            _RESOLVED,
            Need("surveys", ("ticket_id", "score"), "the effect on satisfaction"),
        ),
    ),
    StudyNeeds(
        "channel-choice",
        ((_TICKETS,),),
        (
            _SEEN,
            _RESOLVED,
            Need("tickets", ("category",), "comparison of like issues"),
            Need("surveys", ("ticket_id", "score"), "the effect on satisfaction"),
            Need("contacts", ("ticket_id", "channel"), "switching between channels"),
            Need("contacts", ("had_context",), "whether context was kept"),
            Need("sessions", ("outcome",), "what self-service deflects"),
        ),
    ),
    StudyNeeds(
        "payment-friction",
        ((Need("payments", (), "attempts"),),),
        (
            Need("payments", ("checkout_id",), "success by checkout with retries joined"),
            Need("payments", ("market", "market_source"), "comparison of markets"),
            Need("payments", ("method",), "comparison of methods"),
            Need("payments", ("presentment_currency",), "the effect of the currency shown"),
            Need("payments", ("decline_kind",), "kinds of decline"),
            Need("method_offers", (), "the effect of offering a local method"),
            Need("tickets", ("customer_id",), "tickets per thousand payments"),
        ),
    ),
)


def study_readiness(desk: Desk, studies: Sequence[StudyNeeds] = NEEDS) -> pd.DataFrame:
    """
    Tell which studies a source can carry, and why not.

    Not a judgement on size: whether there are rows enough is told by the data-readiness study.

    Parameters
    ----------
    desk : Desk
        The opened source, with or without faults.
    studies : sequence of StudyNeeds
        Whose needs to look at.

    Returns
    -------
    pandas.DataFrame
        One row a study: ``study``, ``can_run``, ``missing`` (what stops it), ``weaker_without``
        (what it cannot say, and what that would need).
    """
    import pandas as pd

    rows = [
        (needs.study, not _missing(desk, needs), _missing(desk, needs), _weaker(desk, needs))
        for needs in studies
    ]
    return pd.DataFrame(rows, columns=["study", "can_run", "missing", "weaker_without"])


def _missing(desk: Desk, needs: StudyNeeds) -> str:
    unmet = [group for group in needs.any_of if not any(_is_met(desk, need) for need in group)]
    return "; ".join(_label(group) for group in unmet)


def _label(group: tuple[Need, ...]) -> str:
    if len(group) == len(CONTRACT):
        return "any canonical table"
    return " or ".join(f"{need.label}: {need.serves}" for need in group)


def _weaker(desk: Desk, needs: StudyNeeds) -> str:
    lacking = [need for need in needs.better_with if not _is_met(desk, need)]
    return "; ".join(f"{need.serves} needs {need.label}" for need in lacking)


def _is_met(desk: Desk, need: Need) -> bool:
    return desk.has(need.table, *need.columns)
