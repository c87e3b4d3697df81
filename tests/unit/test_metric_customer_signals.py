"""What was known of a customer when a month began, case by case."""

from __future__ import annotations

import csv
from pathlib import Path

import ibis
import pandas as pd
import pytest

from supportlab.desk import Desk, open_desk
from supportlab.metrics.customers.signals import with_signals
from supportlab.metrics.follow_ups import with_follow_up

TICKETS = (
    "ticket_id", "customer_id", "category", "channel", "status", "created_at", "first_response_at",
    "resolved_at", "closed_at", "reopened_count", "contact_count", "transfer_count", "initiated_by",
)  # fmt: skip
SURVEYS = (
    "survey_id", "customer_id", "kind", "sent_at", "responded_at", "score", "scale_min",
    "scale_max", "high_is_good",
)  # fmt: skip
CUSTOMERS = ("customer_id", "signed_up_at", "churned_at")
SCALES = {"csat": (1, 5, "true"), "nps": (0, 10, "true"), "ces": (1, 7, "false")}


SPRING = ("2026-02", "2026-03", "2026-04", "2026-05")


def opened(folder: Path, surveys: list[tuple], tickets: list[tuple]) -> Desk:
    rows = [
        (f"S{place}", who, kind, sent, responded, score, *SCALES[kind])
        for place, (who, kind, sent, responded, score) in enumerate(surveys)
    ]
    # Old tickets of somebody else, so that the slowest quarter begins beyond a day.
    base = [
        (f"B{place}", "other", "billing", "email", "closed", "2025-01-01",
         "2025-01-03" if place % 4 == 0 else "2025-01-02", "2025-01-08", "2025-01-08", 0, 1, 0,
         "customer")
        for place in range(80)
    ]  # fmt: skip
    tables = {
        "tickets": (TICKETS, [*base, *tickets]),
        "surveys": (SURVEYS, rows),
        "customers": (CUSTOMERS, [("other", "2024-01-01", "")]),
    }
    for name, (columns, content) in tables.items():
        with (folder / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([columns, *content])
    config = {"timezone": "UTC", "response_window_days": 14, "fcr_window_days": 7}
    return open_desk(folder, as_of="2026-05-01", config=config, strict=False)


def months(customers: list[str], *names: str) -> ibis.Table:
    pairs = [(who, pd.Timestamp(f"{name}-01")) for who in customers for name in names]
    frame = pd.DataFrame(pairs, columns=["customer_id", "month_start"])
    schema = ibis.schema({"customer_id": "string", "month_start": "timestamp(6)"})
    return ibis.memtable(frame, schema=schema)


SCORES = {
    "an answer counts from the month after it came": (
        [("csat", "2026-01-20", "2026-02-01T00:00:00", 1)],
        "csat",
        ["not asked", "bad", "bad", "bad"],
    ),
    "an invitation is silent once its window is over": (
        [("csat", "2026-01-20", "", "")],
        "csat",
        ["not asked", "silent", "silent", "not asked"],
    ),
    "an invitation whose answer comes later was silent till then": (
        [("nps", "2026-01-10", "2026-01-23", 3), ("nps", "2026-02-10", "2026-02-11", 9)],
        "nps",
        ["detractor", "detractor", "detractor", "promoter"],
    ),
    "the worst answer of the window": (
        [
            ("csat", "2026-01-02", "2026-01-03", 5),
            ("csat", "2026-02-02", "2026-02-03", 3),
        ],
        "csat",
        ["good", "middle", "middle", "middle"],
    ),
    "any answer outweighs silence": (
        [("csat", "2026-01-02", "", ""), ("csat", "2026-02-02", "2026-02-03", 5)],
        "csat",
        ["silent", "good", "good", "good"],
    ),
    "a low score of a form where low is good": (
        [("ces", "2026-01-02", "2026-01-03", 1)],
        "ces",
        ["easy", "easy", "easy", "not asked"],
    ),
    "silence is over all kinds": (
        [("csat", "2026-01-02", "", ""), ("nps", "2026-02-20", "2026-02-21", 9)],
        "silence",
        ["silent", "answered", "answered", "answered"],
    ),
    "a score outside its scale says nothing": (
        [("csat", "2026-01-02", "2026-01-03", 9)],
        "csat",
        ["not asked", "not asked", "not asked", "not asked"],
    ),
}


def _ticket(
    created: str, first: str, resolved: str, *, closed: str = "", reopened: int = 0,
    transfers: int = 0, by: str = "customer",
):  # fmt: skip
    return ("billing", "email", "closed" if resolved else "open", created, first,
            resolved, closed or resolved, reopened, 1, transfers, by)  # fmt: skip


SERVICE = {
    "a failure is known once the window after resolving is over": (
        _ticket("2026-01-10", "2026-01-11", "2026-01-26", reopened=1),
        "fcr",
        ["no ticket", "not at first contact", "not at first contact", "no ticket"],
    ),
    "a success likewise": (
        _ticket("2026-01-10", "2026-01-11", "2026-01-12"),
        "fcr",
        ["resolved at first contact"] * 3 + ["no ticket"],
    ),
    "opened again after its window: a success till then": (
        _ticket("2026-01-10", "2026-01-11", "2026-01-12", closed="2026-02-20", reopened=1),
        "fcr",
        ["resolved at first contact", "not at first contact", "not at first contact", "no ticket"],
    ),
    "handed over, and opened again later: never a success": (
        _ticket(
            "2026-01-10", "2026-01-11", "2026-01-12", closed="2026-02-20", reopened=1, transfers=1
        ),
        "fcr",
        ["not at first contact"] * 3 + ["no ticket"],
    ),
    "a quick reply": (
        _ticket("2026-01-10", "2026-01-11", "2026-01-12"),
        "first_response",
        ["quick", "quick", "quick", "no ticket"],
    ),
    "still without a reply, and for long": (
        _ticket("2026-01-20", "2026-02-10", ""),
        "first_response",
        ["slow", "slow", "slow", "no ticket"],
    ),
    "without a reply, but not yet for long": (
        _ticket("2026-01-31T12:00:00", "2026-02-01T02:00:00", ""),
        "first_response",
        ["no ticket", "quick", "quick", "quick"],
    ),
    "an agent's own ticket is no service to judge": (
        _ticket("2026-01-10", "2026-01-20", "2026-01-21", by="agent"),
        "first_response",
        ["no ticket"] * 4,
    ),
}


OUTREACH = {
    # id: (answer, contact), months with the answer, contacted by then, contacted at any time
    "contacted in the second month": (
        ("nps", "2026-01-20", "2026-01-21", 2),
        _ticket("2026-02-10", "2026-02-10", "2026-02-11", by="agent"),
        {"month": [2, 3, 4], "followed": [0, 1, 1], "ever_followed": [1, 1, 1], "very_low": 1},
    ),
    "contacted before the answer": (
        ("nps", "2026-01-20", "2026-01-21", 5),
        _ticket("2026-01-15", "2026-01-15", "2026-01-16", by="agent"),
        {"month": [2, 3, 4], "followed": [0, 0, 0], "ever_followed": [0, 0, 0], "very_low": 0},
    ),
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    surveys = [(case, *one) for case, (given, _, _) in SCORES.items() for one in given]
    surveys += [(case, *answer) for case, (answer, _, _) in OUTREACH.items()]
    own = [(case, ticket) for case, (ticket, _, _) in SERVICE.items()]
    own += [(case, contact) for case, (_, contact, _) in OUTREACH.items()]
    tickets = [(f"T{place}", case, *ticket) for place, (case, ticket) in enumerate(own)]
    return opened(tmp_path_factory.mktemp("signals"), surveys, tickets)


@pytest.fixture(scope="module")
def known(desk):
    rows = months([*SCORES, *SERVICE], *SPRING)
    found = with_signals(desk, rows)
    assert found.reasons == {}
    frame = found.table.execute().sort_values(["customer_id", "month_start"])
    assert len(frame) == len(SPRING) * (len(SCORES) + len(SERVICE))
    return frame


@pytest.mark.parametrize("case", [*SCORES, *SERVICE])
def test_what_is_known_is_known_when_it_was(case: str, known: pd.DataFrame) -> None:
    _, name, expected = {**SCORES, **SERVICE}[case]
    assert known.loc[known["customer_id"] == case, name].tolist() == expected


@pytest.mark.parametrize("case", OUTREACH)
def test_a_contact_counts_from_when_it_happened(case: str, desk: Desk) -> None:
    expected = OUTREACH[case][2]
    found = with_follow_up(desk, months([case], *SPRING)).execute().sort_values("month_start")
    assert found["month_start"].dt.month.tolist() == expected["month"]
    assert found["followed"].tolist() == expected["followed"]
    # What the naive comparison uses knows the future.
    assert found["ever_followed"].tolist() == expected["ever_followed"]
    assert set(found["is_very_low"]) == {expected["very_low"]}


def test_what_the_desk_lacks_is_named(tmp_path: Path) -> None:
    opened(tmp_path, [], [])
    (tmp_path / "surveys.csv").unlink()
    bare = open_desk(tmp_path, as_of="2026-05-01", config={"timezone": "UTC"}, strict=False)
    found = with_signals(bare, months(["other"], "2026-02"))
    assert found.names == ("fcr", "first_response")
    assert set(found.reasons) == {"csat", "nps", "ces", "silence"}
