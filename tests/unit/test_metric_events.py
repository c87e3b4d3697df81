"""Ticket facts from the event log, held against cases and against the tickets' own columns."""

# ruff: noqa: DTZ001 (times of the contract are UTC without a zone)

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from supportlab import metrics
from supportlab.desk import Desk, open_desk
from supportlab.errors import NotEstimable

BEGIN = datetime(2026, 1, 10, 12)


def at(minutes: float) -> datetime:
    return BEGIN + timedelta(minutes=minutes)


def ticket(name: str, **changes: object) -> dict:
    own = {
        "ticket_id": name,
        "customer_id": f"customer of {name}",
        "agent_id": "A1",
        "channel": "email",
        "category": "billing",
        "status": "closed",
        "initiated_by": "customer",
        "created_at": BEGIN,
        "first_response_at": at(500),
        "resolved_at": at(600),
        "closed_at": at(600),
        "reopened_count": 0,
        "contact_count": 9,
        "agent_reply_count": 9,
        "transfer_count": 9,
    }
    return {**own, **changes}


def event(minutes: float, actor: str, kind: str, value: str = "", **changes: object) -> dict:
    own = {
        "ticket_id": "",
        "at": at(minutes),
        "actor": actor,
        "kind": kind,
        "is_public": "true",
        "channel": "email",
        "agent_id": "A1",
        "value": value,
    }
    return {**own, **changes}


def asks(minutes: float, **changes: object) -> dict:
    return event(minutes, "customer", "message", **changes)


def replies(minutes: float, **changes: object) -> dict:
    return event(minutes, "agent", "message", **changes)


def becomes(minutes: float, state: str) -> dict:
    return event(minutes, "system", "status", state)


def opened(folder: Path, tickets: list[dict], events: list[dict]) -> Desk:
    folder.mkdir(exist_ok=True)
    for name, rows in (("tickets", tickets), ("events", events)):
        with (folder / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return open_desk(folder, as_of="2026-03-01", config={"timezone": "UTC"}, strict=False)


CHAT = {"channel": "chat"}
CASES = {
    # id: (changes of the ticket, its events, what the facts become)
    "first public reply of an agent": (
        {},
        [asks(0), replies(5, is_public="false"), replies(9), replies(12)],
        {"first_response_at": at(9), "contact_count": 1, "agent_reply_count": 2},
    ),
    "a bot, a system and a note are no reply": (
        {},
        [
            asks(0),
            event(1, "bot", "message"),
            event(2, "system", "message"),
            event(3, "agent", "note"),
            replies(30),
        ],
        {"first_response_at": at(30), "agent_reply_count": 1},
    ),
    "a reply of an agent who has left": (
        {},
        [asks(0), replies(7, agent_id="gone")],
        {"first_response_at": at(7)},
    ),
    "a message that says nothing of its publicity": (
        {},
        [asks(0), replies(7, is_public="")],
        {"first_response_at": at(7)},
    ),
    "never answered": ({}, [asks(0)], {"first_response_at": None, "agent_reply_count": 0}),
    "started by an agent": (
        {"initiated_by": "agent"},
        [replies(0), replies(3), asks(10), replies(10), replies(25)],
        {"first_response_at": at(25), "contact_count": 1, "agent_reply_count": 4},
    ),
    "started by an agent, the customer silent": (
        {"initiated_by": "agent"},
        [replies(0), replies(3)],
        {"first_response_at": None, "contact_count": 0},
    ),
    "each e-mail is a contact": (
        {},
        [asks(0), asks(1), replies(2), asks(3)],
        {"contact_count": 3},
    ),
    "a chat is one contact": (
        {},
        [asks(0, **CHAT), replies(1, **CHAT), asks(2, **CHAT), asks(17, **CHAT)],
        {"contact_count": 1},
    ),
    "two chats": (
        {},
        [asks(0, **CHAT), asks(10, **CHAT), asks(25, **CHAT), asks(41, **CHAT)],
        {"contact_count": 2},
    ),
    "two calls, a minute apart": (
        {},
        [asks(0, channel="phone"), asks(1, channel="phone")],
        {"contact_count": 2},
    ),
    "a call and an e-mail": ({}, [asks(0, channel="phone"), asks(5)], {"contact_count": 2}),
    "transfers": (
        {},
        [asks(0), event(2, "agent", "transfer"), event(3, "system", "transfer")],
        {"transfer_count": 2},
    ),
    "no transfer in its events": ({}, [asks(0)], {"transfer_count": 0}),
    "resolved, then closed automatically": (
        {},
        [becomes(0, "open"), becomes(60, "resolved"), becomes(9000, "closed")],
        {
            "resolved_at": at(60),
            "closed_at": at(60),
            "reopened_count": 0,
            "status": "closed",
        },
    ),
    "reopened and resolved again": (
        {},
        [becomes(0, "open"), becomes(60, "resolved"), becomes(90, "open"), becomes(200, "Closed ")],
        {
            "resolved_at": at(60),
            "closed_at": at(200),
            "reopened_count": 1,
            "status": "closed",
        },
    ),
    "open again": (
        {},
        [becomes(60, "resolved"), becomes(90, "pending")],
        {"resolved_at": at(60), "closed_at": None, "reopened_count": 1, "status": "pending"},
    ),
    "an annulled close": (
        {},
        [
            becomes(60, "closed"),
            becomes(61, "open"),
            becomes(70, "closed"),
            becomes(71, "open"),
            becomes(300, "resolved"),
        ],
        {"resolved_at": at(60), "closed_at": at(300), "reopened_count": 2, "status": "resolved"},
    ),
    "never resolved": (
        {},
        [becomes(0, "open")],
        {"resolved_at": None, "closed_at": None, "reopened_count": 0, "status": "open"},
    ),
    "a state that the contract does not know": (
        {},
        [becomes(0, "open"), becomes(5, "on_hold")],
        {"resolved_at": None, "status": "closed"},
    ),
    "spam stays spam": ({"status": "spam"}, [becomes(0, "open")], {"status": "spam"}),
    "an agent's messages without the customer's": (
        {},
        [replies(9), replies(12)],
        {"contact_count": 9, "first_response_at": at(9), "agent_reply_count": 2},
    ),
    "no events": (
        {},
        [],
        {
            "first_response_at": at(500),
            "resolved_at": at(600),
            "contact_count": 9,
            "transfer_count": 9,
            "status": "closed",
        },
    ),
    "messages but no states": (
        {},
        [asks(0)],
        {"resolved_at": at(600), "status": "closed", "contact_count": 1},
    ),
    "what comes after as_of": (
        {},
        [asks(0), replies(80_000), becomes(0, "open"), becomes(80_000, "resolved")],
        {"first_response_at": None, "resolved_at": None, "status": "open"},
    ),
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    tickets = [ticket(name, **case[0]) for name, case in CASES.items()]
    events = [{**row, "ticket_id": name} for name, case in CASES.items() for row in case[1]]
    events.append(asks(0, ticket_id="a ticket that is not there"))
    return opened(tmp_path_factory.mktemp("events"), tickets, events[::-1])


@pytest.fixture(scope="module")
def facts(desk: Desk) -> dict[str, dict]:
    return metrics.tickets_from_events(desk).execute().set_index("ticket_id").to_dict("index")


@pytest.mark.parametrize("name", CASES)
def test_fact(name: str, facts: dict[str, dict]) -> None:
    for fact, expected in CASES[name][2].items():
        value = facts[name][fact]
        assert value == expected or (expected is None and pd.isna(value)), fact


def test_one_row_a_ticket_and_the_contract_s_columns(desk: Desk, facts: dict[str, dict]) -> None:
    assert sorted(facts) == sorted(CASES)
    assert metrics.tickets_from_events(desk).schema() == desk.table("tickets").schema()


def test_metrics_take_the_events_where_there_are_any(desk: Desk) -> None:
    from_events = metrics.first_response(desk, cluster=None)
    own = metrics.first_response(desk, cluster=None, source="tickets")
    assert from_events.fetch()["duration_seconds"].min() == 60
    assert set(own.fetch()["duration_seconds"]) == {500 * 60}
    assert "first_response_at" in from_events.definition.parts[-1]
    assert "own columns" in own.definition.parts[-1]


def test_agent_s_ticket_is_answered_after_the_question(desk: Desk) -> None:
    cases = metrics.first_response(desk).cases.execute().set_index("unit")
    answered = cases.loc["started by an agent"]
    assert (answered["outcome"], answered["duration_seconds"]) == ("event", 25 * 60)
    assert cases.loc["started by an agent, the customer silent", "outcome"] == "excluded"


def test_log_of_messages_alone_does_not_unresolve(tmp_path: Path) -> None:
    desk = opened(tmp_path, [ticket("A", contact_count=5)], [asks(0, ticket_id="A")])
    row = metrics.fcr(desk, cluster=None).fetch().iloc[0]
    # transfer_count stays the ticket's own: a log without any transfer does not record them.
    assert (row["n"], row["n_success"]) == (1, 0)
    assert metrics.tickets_from_events(desk).execute()["transfer_count"].to_list() == [9]
    assert metrics.tickets_from_events(desk).execute()["contact_count"].to_list() == [1]


OWN_FACTS = {
    name: ticket("A")[name]
    for name in ("first_response_at", "resolved_at", "closed_at", "status", "transfer_count")
} | {"contact_count": 9, "agent_reply_count": 9, "reopened_count": 0}
PARTIAL_LOGS = {
    # id: (its events, the facts that it tells)
    "customers only": ([asks(0), asks(5)], {"contact_count": 2}),
    "agents only": (
        [replies(3), replies(5)],
        {"first_response_at": at(3), "agent_reply_count": 2},
    ),
    "bots and notes only": ([event(1, "bot", "message"), event(2, "agent", "note")], {}),
    "agents in private only": ([replies(3, is_public="false")], {}),
    "states that never end": ([becomes(0, "open"), becomes(5, "pending")], {}),
    "transfers only": ([event(2, "agent", "transfer")], {"transfer_count": 1}),
}


@pytest.mark.parametrize("name", PARTIAL_LOGS)
def test_log_of_one_kind_puts_no_zeros_over_good_columns(name: str, tmp_path: Path) -> None:
    log, told = PARTIAL_LOGS[name]
    desk = opened(tmp_path, [ticket("A")], [{**row, "ticket_id": "A"} for row in log])
    found = metrics.tickets_from_events(desk).execute().iloc[0]
    assert {fact: found[fact] for fact in OWN_FACTS} == {**OWN_FACTS, **told}


def test_log_with_few_transfers_is_doubted_in_the_record(tmp_path: Path) -> None:
    tickets = [ticket(name, transfer_count=1) for name in ("A", "B", "C")]
    log = [asks(0, ticket_id=name) for name in ("A", "B", "C")]
    handed = [event(2, "agent", "transfer", ticket_id=name) for name in ("A", "B")]
    few = metrics.transfers(opened(tmp_path / "few", tickets, [*log, handed[0]]))
    assert "have 1 transfers, by their own count 3" in " ".join(few.definition.parts)
    enough = metrics.transfers(opened(tmp_path / "enough", tickets, [*log, *handed]))
    assert "doubtful" not in " ".join(enough.definition.parts)


def test_reconciliation_counts_each_covered_ticket_once(desk: Desk) -> None:
    table = metrics.reconciliation(desk).set_index("fact")
    replied = table.loc["first_response_at"]
    kinds = ["n_equal", "n_differ", "n_only_events", "n_only_tickets", "n_neither"]
    with_messages = sum(any(e["kind"] == "message" for e in c[1]) for c in CASES.values())
    assert replied[kinds].sum() == with_messages
    assert replied["n_both"] == replied["n_equal"] + replied["n_differ"]
    assert replied["n_equal"] == 0
    assert replied["first_tickets"].startswith("a bot, a system and a note are no reply, ")


def test_reconciliation_of_equal_facts(tmp_path: Path) -> None:
    own = ticket("A", first_response_at=at(5), contact_count=1)
    desk = opened(tmp_path, [own], [asks(0, ticket_id="A"), replies(5, ticket_id="A")])
    table = metrics.reconciliation(desk).set_index("fact")
    assert table.loc["first_response_at", "n_equal"] == 1
    assert table.loc["contact_count", "n_differ"] == 0
    assert table.loc["agent_reply_count", "n_differ"] == 1


def test_without_a_log_there_is_a_reason(tmp_path: Path) -> None:
    opened(tmp_path, [ticket("A")], [asks(0, ticket_id="A")])
    (tmp_path / "events.csv").unlink()
    desk = open_desk(tmp_path, as_of="2026-03-01", config={"timezone": "UTC"})
    for ask in (metrics.tickets_from_events, metrics.reconciliation):
        with pytest.raises(NotEstimable, match="event log"):
            ask(desk)
    with pytest.raises(NotEstimable, match="source='tickets'"):
        metrics.fcr(desk, source="events")
