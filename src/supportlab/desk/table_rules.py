"""Rules that hold between columns of one table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import ibis

from supportlab.desk.config import DeskConfig, ScoreScale
from supportlab.desk.rule import Rule, raw_name
from supportlab.desk.staging import StagedTable

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue, Table

__all__ = ["table_rules"]

# Earlier and later time of what has an order in life.
_ORDERS: dict[str, tuple[tuple[str, str], ...]] = {
    "tickets": (
        ("created_at", "first_response_at"),
        ("created_at", "resolved_at"),
        ("created_at", "closed_at"),
        ("resolved_at", "closed_at"),
    ),
    "surveys": (("sent_at", "responded_at"),),
    "customers": (("signed_up_at", "churned_at"),),
    "subscriptions": (("started_at", "ended_at"),),
    "agents": (("hired_at", "left_at"),),
    "authority": (("effective_from", "effective_to"),),
    "method_offers": (("offered_from", "offered_to"),),
    "schedules": (("valid_from", "valid_to"),),
}
_LAST_WEEKDAY = 6


def table_rules(table: StagedTable, config: DeskConfig) -> list[Rule]:
    """
    Return the rules that hold between columns of a table.

    Parameters
    ----------
    table : StagedTable
        The table.
    config : DeskConfig
        Scales declared for survey forms.

    Returns
    -------
    list of Rule
        To be counted together with the rules of single columns.
    """
    name = table.spec.name
    rules = [*_orders(name), *_currencies(table)]
    if name == "surveys":
        rules += _surveys(config)
    if name == "feedback":
        rules += _ratings()
    if name in ("authority", "schedules", "holidays"):
        rules.append(_scope(name))
    if name == "schedules":
        rules += _hours()
    if name == "tickets":
        rules += _ticket_states()
    return rules


def _orders(name: str) -> Iterator[Rule]:
    for earlier, later in _ORDERS.get(name, ()):
        cure = (
            f"{later} lies before {earlier}. The rows are kept; durations from them are left out "
            "and counted. Check the clocks and zones of the export."
        )
        yield Rule(name, later, f"before_{earlier}", "warn", cure, _is_before(later, earlier))


def _is_before(later: str, earlier: str) -> Any:
    return lambda t: t[later] < t[earlier]


def _currencies(table: StagedTable) -> Iterator[Rule]:
    for column in table.spec.columns:
        if column.kind == "money" and column.currency_column:
            cure = f"An amount needs its ISO 4217 code in {column.currency_column}."
            broken = _has_no_currency(column.name, column.currency_column)
            yield Rule(
                table.spec.name, column.currency_column, "missing_currency", "stop", cure, broken
            )


def _has_no_currency(amount: str, currency: str) -> Any:
    # An unknown code is a fault of its own, so the source's own value decides here.
    return lambda t: t[amount].notnull() & t[raw_name(currency)].isnull()


def _surveys(config: DeskConfig) -> list[Rule]:
    def rule(
        column: str, name: str, severity: Any, cure: str, broken: Any, shows: Any = None
    ) -> Rule:
        return Rule("surveys", column, name, severity, cure, broken, shows)

    return [
        rule(
            "responded_at",
            "score_without_response",
            "warn",
            "A score without the time of the answer: whether it came in time cannot be told.",
            lambda t: t.score.notnull() & t.responded_at.isnull(),
        ),
        rule(
            "score",
            "response_without_score",
            "warn",
            "An answer without a score counts as an answer, not as a score.",
            lambda t: t.responded_at.notnull() & t.score.isnull() & t[raw_name("score")].isnull(),
        ),
        rule(
            "score",
            "outside_scale",
            "stop",
            "The score lies outside the form's scale (its own, or that of desk.toml).",
            lambda t: _outside(t, config),
            raw_name("score"),
        ),
        rule(
            "scale_min",
            "empty_scale",
            "stop",
            "scale_min must lie below scale_max.",
            lambda t: t.scale_min >= t.scale_max,
        ),
        rule(
            "scale_min",
            "no_scale",
            "warn",
            "CES forms differ: without scale and direction these scores are left out of the level. "
            "Give the columns, or surveys.ces in desk.toml.",
            lambda t: _is_ces_without_form(t, config),
        ),
        rule(
            "scale_min",
            "not_nps_scale",
            "warn",
            "NPS is asked from 0 to 10; scores of other forms are left out of the level.",
            lambda t: (t.kind == "nps") & ((t.scale_min != 0) | (t.scale_max != 10)),
        ),
        rule(
            "score",
            "not_whole",
            "warn",
            "NPS and resolution answers are whole numbers; others are left out of the level.",
            lambda t: t.kind.isin(("nps", "resolution")) & (t.score != t.score.floor()),
        ),
    ]


def _outside(surveys: Table, config: DeskConfig) -> BooleanValue:
    forms = config.surveys
    low = surveys.scale_min.fill_null(
        _bound(surveys, forms.csat, forms.nps, forms.ces, "scale_min")
    )
    high = surveys.scale_max.fill_null(
        _bound(surveys, forms.csat, forms.nps, forms.ces, "scale_max")
    )
    return (surveys.score < low) | (surveys.score > high)


def _bound(
    surveys: Any, csat: ScoreScale, nps: ScoreScale, ces: ScoreScale | None, side: str
) -> Any:
    """Return the bound that holds where a row has none of its own."""
    kind = surveys.kind
    return ibis.cases(
        (kind == "csat", getattr(csat, side)),
        (kind == "nps", getattr(nps, side)),
        (kind == "ces", getattr(ces, side) if ces else ibis.null("float64")),
        (kind == "resolution", 0.0 if side == "scale_min" else 1.0),
    )


def _is_ces_without_form(surveys: Any, config: DeskConfig) -> Any:
    if config.surveys.ces is not None:
        # A column, not a constant: the rule is summed over rows.
        return surveys.kind.isnull() & ibis.literal(False)
    unknown = (
        surveys.scale_min.isnull() | surveys.scale_max.isnull() | surveys.high_is_good.isnull()
    )
    return (surveys.kind == "ces") & unknown & surveys.score.notnull()


def _ratings() -> list[Rule]:
    cure = "The rating lies outside its own scale."
    return [
        Rule(
            "feedback",
            "rating",
            "outside_scale",
            "stop",
            cure,
            lambda t: (t.rating < t.rating_min) | (t.rating > t.rating_max),
            raw_name("rating"),
        ),
        Rule(
            "feedback",
            "rating_min",
            "no_scale",
            "warn",
            "A rating without its scale cannot be compared with others.",
            lambda t: t.rating.notnull() & (t.rating_min.isnull() | t.rating_max.isnull()),
        ),
    ]


def _scope(name: str) -> Rule:
    cure = "Only the scope 'all' needs no scope_id; name the agent, team, channel or market."
    return Rule(
        name,
        "scope_id",
        "missing_scope_id",
        "stop",
        cure,
        lambda t: (t.scope != "all") & t.scope_id.isnull(),
    )


def _hours() -> list[Rule]:
    return [
        Rule(
            "schedules",
            "weekday",
            "no_such_weekday",
            "stop",
            "Weekdays run from 0 (Monday) to 6 (Sunday).",
            lambda t: t.weekday > _LAST_WEEKDAY,
            raw_name("weekday"),
        ),
        Rule(
            "schedules",
            "closes",
            "closes_before_opens",
            "stop",
            "Closing must come after opening; write a night shift as two rows, cut at 24:00.",
            lambda t: t.closes <= t.opens,
            raw_name("closes"),
        ),
    ]


def _ticket_states() -> list[Rule]:
    return [
        Rule(
            "tickets",
            "status",
            "settled_without_time",
            "warn",
            "Resolved or closed tickets without resolved_at or closed_at have no known end; "
            "rates and durations leave them out and count them.",
            lambda t: (
                t.status.isin(("resolved", "closed"))
                & t.resolved_at.isnull()
                & t.closed_at.isnull()
                & t[raw_name("resolved_at")].isnull()
                & t[raw_name("closed_at")].isnull()
            ),
        ),
        Rule(
            "tickets",
            "previous_ticket_id",
            "follows_itself",
            "warn",
            "A ticket cannot be the follow-up of itself.",
            lambda t: t.previous_ticket_id == t.ticket_id,
        ),
    ]
