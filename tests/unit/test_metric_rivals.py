"""Rival definitions: their options, their figures, and a reason for each difference."""

# ruff: noqa: DTZ001 (times of the contract are UTC without a zone)

from __future__ import annotations

import csv
import functools
import io
import random
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import ibis
import pandas as pd
import pytest

from supportlab import metrics
from supportlab.cli import main
from supportlab.desk import CONTRACT, Desk, open_desk
from supportlab.errors import NotEstimable, ParameterError
from supportlab.metrics.rivals import REASONS, RIVALS, find_rival, reconcile

NAMES = [(rival.vendor, rival.metric) for rival in RIVALS]
# Working hours are read from the engine before they become an expression.
BY_CALENDAR = [
    (rival.vendor, rival.metric) for rival in RIVALS if rival.options.get("clock") != "business"
]
BEGIN = datetime(2026, 2, 2, 9)
HOURS = [
    {"scope": "all", "weekday": day, "opens": "09:00", "closes": "17:00", "timezone": "UTC"}
    for day in range(5)
]


def at(minutes: float) -> datetime:
    return BEGIN + timedelta(minutes=minutes)


def opened(folder: Path, **tables: list[dict]) -> Desk:
    folder.mkdir(exist_ok=True)
    for name, rows in tables.items():
        columns = list(dict.fromkeys(column for row in rows for column in row))
        with (folder / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(rows)
    (folder / "desk.toml").write_text('timezone = "UTC"\nas_of = 2026-03-01T00:00:00Z\n')
    return open_desk(folder, strict=False)


def example(repository: Path, name: str) -> list[dict]:
    text = (repository / "docs" / "decisions-rivals.md").read_text(encoding="utf-8")
    found = re.search(rf"<!-- example: {name} -->\n((?:\|.*\n)+)", text)
    assert found is not None
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in found[1].splitlines()]
    return [dict(zip(lines[0], line, strict=True)) for line in lines[2:]]


REPLY_COLUMNS = {
    "zendesk": ("zendesk", "first_response"),
    "zendesk business": ("zendesk", "first_response_business"),
    "intercom": ("intercom", "first_response"),
    "freshdesk": ("freshdesk", "first_response"),
    "dbt_zendesk": ("dbt_zendesk", "first_response"),
    "zammad": ("zammad", "first_response"),
}
TOUCH_COLUMNS = ("zendesk", "intercom", "freshdesk", "freshservice", "dbt_zendesk", "zammad")


@pytest.fixture(scope="module")
def replies(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    tickets = [
        {**row, "channel": "email", "status": "open"}
        for row in example(repository, "rival-tickets")
    ]
    events = [
        {**row, "channel": "email", "agent_id": "A1" if row["actor"] == "agent" else ""}
        for row in example(repository, "rival-events")
    ]
    folder = tmp_path_factory.mktemp("replies")
    return opened(folder, tickets=tickets, events=events, schedules=HOURS)


@pytest.fixture(scope="module")
def told(replies: Desk) -> Callable[..., pd.DataFrame]:
    """Every reconciliation of the worked example, worked out when first asked for."""

    @functools.cache
    def found(vendor: str, metric: str) -> pd.DataFrame:
        return reconcile(replies, vendor=vendor, metric=metric).fetch().set_index("ticket_id")

    return found


@pytest.mark.parametrize("column", REPLY_COLUMNS)
def test_worked_example_of_replies(column: str, repository: Path, told: Any) -> None:
    found = told(*REPLY_COLUMNS[column])
    for row in example(repository, "rival-replies"):
        ours, theirs = found.loc[row["ticket_id"], ["ours", "theirs"]]
        assert ("" if pd.isna(ours) else str(ours)) == row["ours"]
        assert ("" if pd.isna(theirs) else str(theirs)) == row[column]


def test_reasons_of_the_worked_example(told: Any) -> None:
    def codes(*names: str) -> pd.Series:
        return told(*names)["codes"]

    assert codes("zendesk", "first_response").to_dict() == {
        "K1": "rounded",
        "K2": "equal",
        "K3": "agent_initiated",
        "K4": "unanswered",
        "K5": "equal",
    }
    assert codes("zendesk", "first_response_business")["K1"] == "office_hours;rounded"
    assert codes("intercom", "first_response")["K3"] == "starts_elsewhere"
    assert codes("freshdesk", "first_response")["K2"] == "public_note"
    assert codes("zammad", "first_response")["K5"] == "office_hours"


@pytest.fixture(scope="module")
def touches(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    rows = example(repository, "rival-touches")
    kept = [{k: v for k, v in row.items() if k not in {"ours", *TOUCH_COLUMNS}} for row in rows]
    same = {"channel": "email", "status": "closed", "category": "billing"}
    return opened(tmp_path_factory.mktemp("touches"), tickets=[{**row, **same} for row in kept])


@pytest.mark.parametrize("vendor", TOUCH_COLUMNS)
def test_worked_example_of_touches(vendor: str, repository: Path, touches: Desk) -> None:
    rows, desk = example(repository, "rival-touches"), touches
    found = reconcile(desk, vendor=vendor, metric="one_touch").fetch()
    assert found["ours"].to_list() == [int(row["ours"]) for row in rows]
    assert found["theirs"].to_list() == [int(row[vendor]) for row in rows]
    variant = find_rival(vendor, "one_touch").options["variant"]
    sums = metrics.one_touch(desk, cluster=None, variant=variant).fetch().iloc[0]
    assert sums["n_success"] == sum(int(row[vendor]) for row in rows)


def test_the_reasons_of_touches(touches: Desk) -> None:
    codes = reconcile(touches, vendor="zendesk", metric="one_touch").fetch()["codes"].to_list()
    wrong = "several_contacts;reopened"
    assert codes == ["equal", "equal", "several_replies", "came_back", wrong, "transferred"]


ASKS = {"actor": "customer", "kind": "message"}
REPLIES = {"actor": "agent", "kind": "message"}
LOG = [
    {"at": at(0), **ASKS},
    {"at": at(1), "actor": "bot", "kind": "message"},
    {"at": at(10), **REPLIES},
    {"at": at(20), "actor": "agent", "kind": "transfer"},
    {"at": at(20), **REPLIES},
    {"at": at(35), **REPLIES},
    {"at": at(40), "actor": "system", "kind": "status", "value": "resolved"},
    {"at": at(60), "actor": "system", "kind": "status", "value": "open"},
    {"at": at(100), **REPLIES},
    {"at": at(110), "actor": "system", "kind": "status", "value": "closed"},
]
OPTION_CASES = {
    # id: (options, minutes from the anchor to the reply)
    "as ever": ({}, 15),
    "bots reply too": ({"responder": "any"}, 6),
    "from the first message": ({"anchor": "first_customer_message"}, 10),
    "from the hand-over, not the reply of that instant": ({"anchor": "handover"}, 15),
    "from the reopening": ({"anchor": "reopen"}, 40),
    "a bot after the first message": (
        {"anchor": "first_customer_message", "responder": "any"},
        1,
    ),
}


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """One ticket, created five minutes before its first message, and one without a log."""
    row = {"channel": "email", "status": "closed", "created_at": at(-5), "agent_id": "A1"}
    tickets = [{"ticket_id": "T", **row}, {"ticket_id": "silent", **row}]
    events = [{"ticket_id": "T", "channel": "email", **event} for event in LOG]
    return opened(tmp_path_factory.mktemp("one"), tickets=tickets, events=events, schedules=HOURS)


@pytest.mark.parametrize("name", OPTION_CASES)
def test_option_of_first_response(name: str, one: Desk) -> None:
    options, minutes = OPTION_CASES[name]
    cases = metrics.first_response(one, **options).cases.execute().set_index("unit")
    assert cases.loc["T", "outcome"] == "event"
    assert cases.loc["T", "duration_seconds"] == minutes * 60
    silent = "censored" if options.get("anchor", "created") == "created" else "excluded"
    assert cases.loc["silent", "outcome"] == silent


def test_resolution_from_the_first_reply(one: Desk) -> None:
    cases = metrics.resolution_time(one, anchor="first_reply").cases.execute().set_index("unit")
    assert cases.loc["T", "duration_seconds"] == 100 * 60
    assert tuple(cases.loc["silent", ["outcome", "reason"]]) == (
        "excluded",
        "no reply, so the clock never began",
    )


def test_resolution_in_working_hours(tmp_path: Path) -> None:
    late = datetime(2026, 2, 6, 16, 30)
    row = {"ticket_id": "T", "channel": "email", "status": "closed", "created_at": late}
    moment = datetime(2026, 2, 9, 9, 15)
    desk = opened(tmp_path, tickets=[{**row, "resolved_at": moment}], schedules=HOURS)
    sums = metrics.resolution_time(desk, cluster=None, clock="business")
    assert sums.fetch()["duration_seconds"].to_list() == [45 * 60]
    assert sums.definition.clock == "business"


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("first_response", {"anchor": "close"}),
        ("first_response", {"responder": "bot"}),
        ("first_response", {"clock": "wall"}),
        ("resolution_time", {"anchor": "handover"}),
        ("resolution_time", {"schedule": "never"}),
        ("one_touch", {"variant": "zendesk"}),
    ],
)
def test_unknown_option_is_refused(name: str, options: dict, one: Desk) -> None:
    with pytest.raises(ParameterError, match="is not known"):
        getattr(metrics, name)(one, **options)


def test_without_a_log_the_order_is_not_estimable(tmp_path: Path) -> None:
    row = {"ticket_id": "T", "channel": "email", "status": "open", "created_at": BEGIN}
    desk = opened(tmp_path, tickets=[{**row, "first_response_at": at(3.5)}])
    for options in ({"anchor": "handover"}, {"responder": "any"}):
        with pytest.raises(NotEstimable, match="order of messages"):
            metrics.first_response(desk, **options)
    for vendor in ("intercom", "freshdesk", "dbt_zendesk"):
        with pytest.raises(NotEstimable, match="needs"):
            reconcile(desk, vendor=vendor, metric="first_response")
    own = reconcile(desk, vendor="zendesk", metric="first_response").fetch().iloc[0]
    assert (own["ours"], own["theirs"], own["difference"], own["codes"]) == (210, 3, -30, "rounded")


# A world of contradictions: replies before the creation, logs of one side, no log at all.
def messy(world: random.Random) -> dict[str, list[dict]]:
    tickets, events = [], []
    for place in range(250):
        name, created = f"T{place:03d}", at(world.randint(0, 20_000))
        tickets.append(
            {
                "ticket_id": name,
                "customer_id": world.choice(["C1", "C2", "C3", *["C" + name] * 5, None]),
                "market": world.choice(["DE", "FR", None]),
                "team_id": world.choice(["T1", None]),
                "channel": world.choice(["email", "chat"]),
                "category": world.choice(["billing", "delivery", None]),
                "status": world.choice(["open", "closed", "resolved", "closed", "spam"]),
                "initiated_by": world.choice(["customer", "customer", "agent", None]),
                "created_at": created,
                "first_response_at": world.choice([None, created + timedelta(minutes=7)]),
                "resolved_at": world.choice([None, created + timedelta(minutes=5), at(0)]),
                "contact_count": world.choice([None, 0, 1, 2]),
                "agent_reply_count": world.choice([None, 0, 1, 2]),
                "reopened_count": world.choice([None, 0, 1]),
                "transfer_count": world.choice([None, 0, 1]),
            }
        )
        for _ in range(world.choice([0, 1, 2, 4, 6])):
            minutes = world.choice([-3, 0, 0, 1, 2.5, 600, 4000])
            kind = world.choice(["message", "message", "message", "note", "transfer", "status"])
            state = world.choice(["open", "resolved", "closed"]) if kind == "status" else None
            events.append(
                {
                    "ticket_id": name,
                    "at": created + timedelta(minutes=minutes),
                    "actor": world.choice(["customer", "agent", "agent", "bot", "system"]),
                    "kind": kind,
                    "is_public": world.choice(["true", "false", None]),
                    "channel": "email",
                    "value": state,
                }
            )
    hours = [{**row, "scope": "team", "scope_id": "T1"} for row in HOURS]
    return {"tickets": tickets, "events": events, "schedules": hours}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return opened(tmp_path_factory.mktemp("messy"), **messy(random.Random(1)))


@pytest.fixture(scope="module")
def sample(sample_desk: Desk) -> Desk:
    return sample_desk.where(market=("DE", "GR", "KE"))


@pytest.mark.parametrize(("vendor", "metric"), NAMES)
def test_every_difference_has_a_reason(vendor: str, metric: str, world: Desk) -> None:
    hold_to_account(vendor, metric, world)


@pytest.mark.parametrize(
    ("vendor", "metric"),
    [("intercom", "first_response"), ("freshdesk", "one_touch")],
)
def test_every_difference_on_the_sample(vendor: str, metric: str, sample: Desk) -> None:
    hold_to_account(vendor, metric, sample)


def hold_to_account(vendor: str, metric: str, world: Desk) -> None:
    result = reconcile(world, "market", vendor=vendor, metric=metric)
    found = result.fetch()
    # Totals and reasons are asked of these very rows: working them out again takes a second each.
    result = replace(result, table=ibis.memtable(found))
    assert len(found) == metrics.countable_tickets(world).count().execute()
    assert not found["ticket_id"].duplicated().any()
    codes = found["codes"].str.split(";")
    assert set(codes.explode()) <= set(REASONS) - {"unexplained"}
    both = found["ours"].notna() & found["theirs"].notna()
    per_unit = 60 if result.rival.unit == "minutes" else 1
    agree = both & (found["ours"] == found["theirs"] * per_unit).fillna(False)
    assert ((found["codes"] == "equal") == agree).all()
    assert ((found["state"] == "equal") == agree).all()
    assert (found["reason"] != "").all()
    totals = result.totals()
    assert totals["n_tickets"].sum() == len(found)
    assert totals["n_differ"].sum() == (both & ~agree).sum()
    assert result.reasons()["n"].sum() == codes.str.len().sum()


def test_ours_is_the_metric_itself(world: Desk) -> None:
    found = reconcile(world, vendor="dbt_zendesk", metric="first_response").fetch()
    events = metrics.first_response(world, cluster=None).fetch()
    weighted = (events["duration_seconds"] * events["n_events"]).sum()
    assert (found["ours"].count(), found["ours"].sum()) == (events["n_events"].sum(), weighted)


def test_totals_of_nothing_are_missing_not_zero(tmp_path: Path) -> None:
    row = {"ticket_id": "T", "channel": "email", "status": "open", "created_at": BEGIN}
    desk = opened(tmp_path, tickets=[{**row, "first_response_at": None}])
    totals = reconcile(desk, vendor="zendesk", metric="first_response").totals().iloc[0]
    assert totals["n_neither"] == 1
    assert pd.isna(totals["mean_ours"])
    assert pd.isna(totals["mean_theirs"])


@pytest.mark.parametrize(("vendor", "metric"), BY_CALENDAR)
def test_rivals_compile_for_other_engines(vendor: str, metric: str, replies: Desk) -> None:
    names = ("tickets", "events")
    unbound = {name: ibis.table(replies.table(name).schema(), name=name) for name in names}
    everything = frozenset(CONTRACT["tickets"].names)
    desk = replace(
        replies,
        _tables=unbound,
        _provided={**replies._provided, "tickets": everything},
        _known={},
        _keep=None,
    )
    table = reconcile(desk, "market", vendor=vendor, metric=metric, source="tickets").table
    for dialect in ("postgres", "trino"):
        assert "SELECT" in ibis.to_sql(table, dialect=dialect)


@pytest.mark.parametrize("anchor", ["first_customer_message", "handover", "reopen"])
def test_options_compile_for_other_engines(anchor: str, replies: Desk) -> None:
    names = ("tickets", "events")
    unbound = {name: ibis.table(replies.table(name).schema(), name=name) for name in names}
    desk = replace(replies, _tables=unbound, _known={}, _keep=None)
    sums = metrics.first_response(desk, anchor=anchor, responder="any", source="tickets")
    for dialect in ("postgres", "trino"):
        assert "GROUP BY" in ibis.to_sql(sums.table, dialect=dialect)


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(["reconcile", *words])
    return int(end.value.code or 0)


def test_command_writes_every_ticket(replies: Desk, tmp_path: Path, capsys) -> None:
    out = tmp_path / "new" / "all.csv"
    words = ["--vendor", "freshdesk", "--metric", "first_response", "--by", "channel"]
    status = run(replies.source, *words, "--out", str(out), "--as-of", "2026-03-01", "--limit", "1")
    said = capsys.readouterr().out
    assert status == 0
    assert "public_note: a public note counts as a reply there" in said
    assert "K2" in said
    assert "K3" not in said
    assert "not figures of the vendor's screen" in said
    written = pd.read_csv(io.StringIO(out.read_text(encoding="utf-8")), dtype=str)
    assert written["ticket_id"].to_list() == ["K1", "K2", "K3", "K4", "K5"]
    assert list(written) == [
        "ticket_id",
        "channel",
        "ours",
        "our_outcome",
        "theirs",
        "difference",
        "state",
        "codes",
        "reason",
    ]


def test_command_neutralises_formulas(tmp_path: Path, capsys) -> None:
    row = {"ticket_id": "=1+1", "channel": "email", "status": "open", "created_at": BEGIN}
    opened(tmp_path / "in", tickets=[{**row, "first_response_at": at(2)}])
    words = [str(tmp_path / "in"), "--vendor", "zendesk", "--metric", "first_response"]
    assert run(*words, "--out", str(tmp_path / "out.csv")) == 0
    assert "\n'=1+1," in (tmp_path / "out.csv").read_text(encoding="utf-8")
    assert "No ticket differs." in capsys.readouterr().out


def test_command_lists_what_there_is(capsys) -> None:
    assert run("--list") == 0
    said = capsys.readouterr().out
    for vendor, metric in NAMES:
        assert f"{vendor} {metric}: " in said


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["--vendor", "zendesk"], 2, "PATH, --metric missing"),
        (["x", "--vendor", "zendisk", "--metric", "one_touch"], 2, "Did you mean 'zendesk'"),
        (["x", "--vendor", "freshservice", "--metric", "first_response"], 2, "'one_touch'"),
        (["x", "--vendor", "zendesk", "--metric", "one_touch"], 3, "x"),
        (
            ["HERE", "--vendor", "zendesk", "--metric", "first_response", "--by", "markt"],
            2,
            "market",
        ),
        (["x", "--vendor", "zendesk", "--metric", "one_touch", "--by", "agent_id"], 2, "people"),
        (["HERE", "--vendor", "zammad", "--metric", "one_touch"], 1, "tickets.resolved_at"),
    ],
)
def test_command_refuses(
    words: list[str], status: int, message: str, replies: Desk, capsys
) -> None:
    assert run(*(replies.source if word == "HERE" else word for word in words)) == status
    assert message in capsys.readouterr().err


def test_page_shows_what_the_command_says(repository: Path, sample_path: Path, capsys) -> None:
    text = (repository / "docs" / "reconcile.md").read_text(encoding="utf-8")
    shown = re.search(r"<!-- output: reconcile -->\n```text\n(.*?)```", text, flags=re.DOTALL)
    assert shown is not None
    words = ["--vendor", "dbt_zendesk", "--metric", "first_response", "--limit", "2"]
    assert run(str(sample_path), *words) == 0
    assert capsys.readouterr().out.endswith(shown[1])
