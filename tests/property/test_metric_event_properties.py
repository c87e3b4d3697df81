"""Facts from the event log against a plain reading of the log, one ticket after the other."""

# ruff: noqa: DTZ001 (times of the contract are UTC without a zone)

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import ibis
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supportlab import metrics
from supportlab.desk import Desk, open_desk

AS_OF = datetime(2026, 3, 1)
MINUTE = timedelta(minutes=1)
ENDED = ("resolved", "closed")
LEFT_OUT = ("merged", "spam", "deleted", "test")
worlds = st.integers(0, 2**32 - 1).map(random.Random)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    folder: Path = tmp_path_factory.mktemp("template")
    moment = "2026-02-01T00:00:00Z"
    (folder / "tickets.csv").write_text(
        "ticket_id,channel,status,initiated_by,created_at,first_response_at,resolved_at,closed_at,"
        "reopened_count,contact_count,agent_reply_count,transfer_count\n"
        f"T,chat,open,customer,{moment},,,,0,1,1,0\n"
    )
    (folder / "events.csv").write_text(
        f"ticket_id,at,actor,kind,is_public,channel,value\nT,{moment},agent,message,true,chat,\n"
    )
    return open_desk(folder, as_of="2026-03-01")


def tables(template: Desk, world: random.Random) -> tuple[Desk, list[dict], list[dict]]:
    tickets = [
        {
            "ticket_id": f"T{number:02d}",
            "channel": "chat",
            "status": world.choice(["open", "closed", "spam"]),
            "initiated_by": world.choice(["customer", "agent", None]),
            "created_at": AS_OF - timedelta(days=20),
            "contact_count": 7,
            "transfer_count": world.choice([None, 7]),
        }
        for number in range(30)
    ]
    events = [
        {
            "ticket_id": f"T{world.randrange(33):02d}",
            # Unlike times, so that the order of a ticket's log is never in doubt.
            "at": AS_OF - timedelta(days=9) + world.randrange(60) * MINUTE + number * MINUTE / 1e4,
            "actor": world.choice(["customer", "customer", "agent", "bot"]),
            "kind": world.choice(["message"] * 4 + ["status"] * 3 + ["note", "transfer"]),
            "is_public": world.choice([True, True, False, None]),
            "channel": world.choice(["chat", "chat", "email", None]),
            "value": world.choice(["open", "resolved", " Closed", "on_hold", "spam", None]),
        }
        for number in range(world.choice([1, 200]))
    ]
    made = {}
    for name, rows in (("tickets", tickets), ("events", events)):
        schema = template.table(name).schema()
        frame = pd.DataFrame(rows, columns=list(schema.names), dtype=object)
        for column, kind in schema.items():
            if kind.is_timestamp():
                frame[column] = pd.to_datetime(frame[column]).astype("datetime64[us]")
            elif kind.is_integer() or kind.is_boolean():
                frame[column] = frame[column].astype("Int64" if kind.is_integer() else "boolean")
        made[name] = ibis.memtable(frame, schema=schema)
    desk = replace(template, _tables={**template._tables, **made})
    return desk, tickets, sorted(events, key=lambda event: event["at"])


def spoken(log: list[dict], actor: str) -> list[dict]:
    public = [event for event in log if event["is_public"] is not False]
    return [event for event in public if (event["kind"], event["actor"]) == ("message", actor)]


def plain_contacts(questions: list[dict]) -> int:
    contacts, last_line = 0, None
    for question in questions:
        if question["channel"] != "chat":
            contacts += 1
        else:
            contacts += last_line is None or question["at"] > last_line + 15 * MINUTE
            last_line = question["at"]
    return contacts


def plain_facts(ticket: dict, log: list[dict], kinds: set[object]) -> dict[str, object]:
    facts = {
        name: ticket.get(name)
        for name in ("first_response_at", "contact_count", "transfer_count", "status")
    }
    facts |= dict.fromkeys(("resolved_at", "closed_at", "reopened_count"))
    questions, replies = spoken(log, "customer"), spoken(log, "agent")
    if any(event["kind"] == "message" for event in log):
        if ticket["initiated_by"] == "agent":
            first = min((event["at"] for event in questions), default=AS_OF)
            replies = [event for event in replies if event["at"] > first]
        if "agent" in kinds:
            facts["first_response_at"] = min((event["at"] for event in replies), default=None)
        if "customer" in kinds and (questions or ticket["initiated_by"] == "agent"):
            facts["contact_count"] = plain_contacts(questions)
    if log and "transfer" in kinds:
        facts["transfer_count"] = sum(event["kind"] == "transfer" for event in log)
    changes = [event for event in log if event["kind"] == "status" and event["value"]]
    if changes and "end" in kinds:
        facts |= plain_states(ticket, changes)
    return facts


def plain_states(ticket: dict, changes: list[dict]) -> dict[str, object]:
    first, last, reopened, state = None, None, 0, ""
    for change in changes:
        before, state = state, change["value"].strip().lower()
        if state in ENDED and before not in ENDED:
            first, last = first or change["at"], change["at"]
        reopened += before in ENDED and state not in ENDED
    known = state if state != "on_hold" and ticket["status"] not in LEFT_OUT else ticket["status"]
    return {
        "resolved_at": first,
        "closed_at": last if state in ENDED else None,
        "reopened_count": reopened,
        "status": known,
    }


@settings(max_examples=6, deadline=None)
@given(world=worlds)
def test_facts_agree_with_a_plain_reading(template: Desk, world: random.Random) -> None:
    desk, tickets, events = tables(template, world)
    kinds = {event["kind"] for event in events}
    kinds |= {actor for actor in ("customer", "agent") if spoken(events, actor)}
    states = {event["value"] for event in events if event["kind"] == "status"}
    kinds |= {"end"} & {"end" if state in ("resolved", " Closed") else "" for state in states}
    found = metrics.tickets_from_events(desk).execute().set_index("ticket_id")
    assert sorted(found.index) == [ticket["ticket_id"] for ticket in tickets]
    for ticket in tickets:
        log = [event for event in events if event["ticket_id"] == ticket["ticket_id"]]
        for fact, expected in plain_facts(ticket, log, kinds).items():
            value = found.loc[ticket["ticket_id"], fact]
            assert value == expected or (expected is None and pd.isna(value)), (ticket, fact, log)
