"""Case tables of the ticket metrics: expected, edge and erroneous rows."""

# ruff: noqa: DTZ001 (times of the contract are UTC without a zone)

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from supportlab import metrics
from supportlab.desk import Desk, open_desk
from supportlab.errors import NotEstimable, ParameterError
from supportlab.studies.common.cells import curve_of

AS_OF = datetime(2026, 3, 1)
NOON = datetime(2026, 1, 10, 12)
TICKET = {
    "ticket_id": "",
    "customer_id": "",
    "agent_id": "A1",
    "market": "DE",
    "channel": "email",
    "category": "billing",
    "status": "closed",
    "initiated_by": "customer",
    "created_at": NOON,
    "first_response_at": NOON + timedelta(minutes=10),
    "resolved_at": NOON + timedelta(hours=2),
    "closed_at": NOON + timedelta(hours=2),
    "reopened_count": 0,
    "contact_count": 1,
    "agent_reply_count": 1,
    "transfer_count": 0,
}


def opened(folder: Path, tickets: list[dict], without: tuple[str, ...] = (), **tables) -> Desk:
    folder.mkdir(exist_ok=True)
    for name, rows in {"tickets": tickets, **tables}.items():
        columns = [column for column in rows[0] if column not in without]
        with (folder / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, columns, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)
    return open_desk(folder, as_of="2026-03-01", config={"timezone": "UTC"})


def ticket(name: str, **changes: object) -> dict:
    return {**TICKET, "ticket_id": name, "customer_id": f"customer of {name}", **changes}


def open_since(moment: datetime) -> dict:
    none = dict.fromkeys(("first_response_at", "resolved_at", "closed_at"))
    return {"created_at": moment, "status": "open", **none}


def resolved(moment: datetime, **changes: object) -> dict:
    return {"resolved_at": moment, "closed_at": moment, **changes}


def quick(moment: datetime) -> dict:
    return {"created_at": moment, "first_response_at": None, **resolved(moment)}


def verdicts(sums: metrics.Sums) -> dict[str, tuple[str, str | None]]:
    frame = sums.cases.execute()
    reasons = [None if pd.isna(reason) else reason for reason in frame["reason"]]
    return dict(zip(frame["unit"], zip(frame["outcome"], reasons, strict=True), strict=True))


def only(sums: metrics.Sums) -> dict[str, int]:
    """Return the single row of ungrouped, unclustered sums."""
    frame = sums.fetch()
    assert len(frame) == 1
    return frame.iloc[0].to_dict()


JAN_20 = datetime(2026, 1, 20)
WEEK_AGO = AS_OF - timedelta(days=7)
SECOND = timedelta(seconds=1)

FCR_CASES = {
    # id: (changes, outcome, reason)
    "one contact, nothing more": ({}, "success", None),
    "no contact counted": ({"contact_count": 0}, "success", None),
    "status resolved, not closed": ({"status": "resolved", "closed_at": None}, "success", None),
    "initiated_by unsaid is the customer": ({"initiated_by": None}, "success", None),
    "started by a bot": ({"initiated_by": "bot"}, "success", None),
    "resolved at the instant of creation": (
        resolved(NOON, first_response_at=NOON),
        "success",
        None,
    ),
    "resolved exactly a window ago": (resolved(WEEK_AGO), "success", None),
    "closed automatically 30 days later": (
        {"closed_at": NOON + timedelta(days=30)},
        "success",
        None,
    ),
    "two contacts": ({"contact_count": 2}, "failure", None),
    "transferred": ({"transfer_count": 1}, "failure", None),
    "reopened": ({"reopened_count": 1}, "failure", None),
    "open again, counter not yet raised": (
        {"status": "open", "closed_at": None},
        "failure",
        None,
    ),
    "pending again": ({"status": "pending", "closed_at": None}, "failure", None),
    "open for two windows and more": (open_since(JAN_20), "failure", None),
    "open for exactly two windows": (open_since(AS_OF - timedelta(days=14)), "failure", None),
    "open, its counts not written yet": (
        {**open_since(JAN_20), "contact_count": None, "transfer_count": None},
        "failure",
        None,
    ),
    "open for less than two windows": (
        open_since(AS_OF - timedelta(days=14) + SECOND),
        "immature",
        None,
    ),
    "still open a window ago, resolved since": (resolved(WEEK_AGO + SECOND), "failure", None),
    "created exactly two windows ago": (quick(AS_OF - timedelta(days=14)), "success", None),
    "created less than two windows ago": (
        quick(AS_OF - timedelta(days=14) + SECOND),
        "immature",
        None,
    ),
    "created less than two windows ago, failed": (
        {**quick(AS_OF - timedelta(days=14) + SECOND), "contact_count": 3},
        "immature",
        None,
    ),
    "contacts unknown": ({"contact_count": None}, "excluded", "contact_count is missing"),
    "contacts unknown, though transferred": (
        {"contact_count": None, "transfer_count": 2},
        "excluded",
        "contact_count is missing",
    ),
    "transfers unknown": ({"transfer_count": None}, "excluded", "transfer_count is missing"),
    "reopenings unknown": ({"reopened_count": None}, "excluded", "reopened_count is missing"),
    "customer unknown, open for long": (
        {**open_since(JAN_20), "customer_id": None},
        "excluded",
        "customer_id is missing",
    ),
    "customer unknown, still open a window ago": (
        resolved(WEEK_AGO + SECOND, customer_id=None),
        "excluded",
        "customer_id is missing",
    ),
    "category unknown, open for long": (
        {**open_since(JAN_20), "category": None},
        "excluded",
        "category is missing",
    ),
    "category unknown, young": (
        {**open_since(AS_OF - timedelta(days=1)), "category": None},
        "excluded",
        "category is missing",
    ),
    "customer unknown": ({"customer_id": None}, "excluded", "customer_id is missing"),
    "category unknown": ({"category": None}, "excluded", "category is missing"),
    "resolved before it was created": (
        resolved(NOON - SECOND),
        "excluded",
        "resolved before it was created",
    ),
    "resolved, nobody knows when": (
        {"resolved_at": None, "closed_at": None},
        "excluded",
        "resolved, but when is missing",
    ),
}
# Outside the metric altogether: these rows have no verdict.
FCR_LEFT_OUT = {
    "merged": {"status": "merged"},
    "spam": {"status": "spam"},
    "deleted": {"status": "deleted"},
    "test": {"status": "test"},
    "started by an agent": {"initiated_by": "agent"},
}
SEVEN_DAYS = TICKET["resolved_at"] + timedelta(days=7)
RETURN_CASES = {
    # id: (changes of the second ticket, outcome of the first)
    "at the last instant of the window": ({"created_at": SEVEN_DAYS}, "failure"),
    "an instant after the window": ({"created_at": SEVEN_DAYS + SECOND}, "success"),
    "before the first was resolved": ({"created_at": NOON + SECOND}, "failure"),
    "before the first was created": ({"created_at": NOON - SECOND}, "success"),
    "another category": ({"created_at": SEVEN_DAYS, "category": "delivery"}, "success"),
    "category unknown": ({"created_at": SEVEN_DAYS, "category": None}, "success"),
    "another customer": ({"created_at": SEVEN_DAYS, "customer_id": "another"}, "success"),
    "a merged one": ({"created_at": SEVEN_DAYS, "status": "merged"}, "success"),
    "spam": ({"created_at": SEVEN_DAYS, "status": "spam"}, "success"),
    "one that an agent started": ({"created_at": SEVEN_DAYS, "initiated_by": "agent"}, "success"),
    "one that is still open": ({**open_since(SEVEN_DAYS)}, "failure"),
    "in another market": ({"created_at": SEVEN_DAYS, "market": "FR"}, "failure"),
}


@pytest.fixture(scope="module")
def fcr_desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    rows = [ticket(name, **case[0]) for name, case in FCR_CASES.items()]
    rows += [ticket(name, **changes) for name, changes in FCR_LEFT_OUT.items()]
    for name, (changes, _) in RETURN_CASES.items():
        first = ticket(f"first, then {name}")
        later = {"customer_id": first["customer_id"], "ticket_id": f"then {name}"}
        times = resolved(changes["created_at"] + timedelta(hours=1))
        rows += [first, {**TICKET, **later, **times, "first_response_at": None, **changes}]
    return opened(tmp_path_factory.mktemp("fcr"), rows)


@pytest.fixture(scope="module")
def fcr_verdicts(fcr_desk: Desk) -> dict[str, tuple[str, str | None]]:
    return verdicts(metrics.fcr(fcr_desk))


@pytest.mark.parametrize("name", FCR_CASES)
def test_fcr_case(name: str, fcr_verdicts: dict) -> None:
    assert fcr_verdicts[name] == FCR_CASES[name][1:]


@pytest.mark.parametrize("name", FCR_LEFT_OUT)
def test_fcr_is_not_about(name: str, fcr_verdicts: dict) -> None:
    assert name not in fcr_verdicts


@pytest.mark.parametrize("name", RETURN_CASES)
def test_fcr_return(name: str, fcr_verdicts: dict) -> None:
    assert fcr_verdicts[f"first, then {name}"] == (RETURN_CASES[name][1], None)


def test_fcr_sees_a_return_beyond_the_period(fcr_desk: Desk) -> None:
    sums = metrics.fcr(fcr_desk, end="2026-01-11")
    assert verdicts(sums)["first, then at the last instant of the window"] == ("failure", None)


def test_fcr_takes_the_earlier_id_of_twins_for_the_first(tmp_path: Path) -> None:
    twins = [ticket("B", customer_id="C"), ticket("A", customer_id="C")]
    found = verdicts(metrics.fcr(opened(tmp_path, twins)))
    assert found == {"A": ("failure", None), "B": ("success", None)}


@pytest.mark.parametrize("unknown", ["customer_id", "category"])
def test_tickets_of_nobody_knows_whom_are_no_returns(unknown: str, tmp_path: Path) -> None:
    rows = [ticket(name, **{"customer_id": "C", unknown: None}) for name in ("A", "B")]
    rows[1]["created_at"] = NOON + SECOND
    rows.append(ticket("known"))
    found = verdicts(metrics.fcr(opened(tmp_path, rows), missing="ignore"))
    assert {found[name][0] for name in ("A", "B")} == {"success"}


@pytest.mark.parametrize(
    ("options", "name", "expected"),
    [
        ({"window_days": 1}, "first, then at the last instant of the window", "success"),
        (
            {"window_days": 30, "settle_days": 7},
            "first, then an instant after the window",
            "failure",
        ),
        ({"window_days": 1}, "still open a window ago, resolved since", "success"),
        ({"settle_days": 0}, "open for less than two windows", "failure"),
        ({"settle_days": 0}, "created less than two windows ago", "success"),
        ({"settle_days": 60}, "open for two windows and more", "immature"),
        ({"unresolved": "exclude"}, "open for two windows and more", "excluded"),
        ({"unresolved": "exclude"}, "still open a window ago, resolved since", "immature"),
        ({"missing": "ignore"}, "contacts unknown", "success"),
        ({"missing": "ignore"}, "contacts unknown, though transferred", "failure"),
        ({"maturity": "resolved"}, "still open a window ago, resolved since", "immature"),
        ({"maturity": "resolved"}, "resolved exactly a window ago", "success"),
        ({"maturity": "resolved"}, "created less than two windows ago", "success"),
        ({"maturity": "resolved"}, "created less than two windows ago, failed", "failure"),
        ({"maturity": "resolved"}, "open for two windows and more", "failure"),
        ({"maturity": "resolved"}, "open for less than two windows", "immature"),
    ],
)
def test_fcr_option(options: dict, name: str, expected: str, fcr_desk: Desk) -> None:
    assert verdicts(metrics.fcr(fcr_desk, **options))[name][0] == expected


def test_tickets_without_an_agent_are_together_by_customer(tmp_path: Path) -> None:
    rows = [ticket(name, agent_id=None, customer_id="C") for name in ("A", "B")]
    rows += [ticket("C", agent_id=None, customer_id=None), ticket("D")]
    sums = metrics.transfers(opened(tmp_path, rows))
    clusters = sums.fetch().set_index("cluster")["n"].to_dict()
    assert clusters == {"A1": 1, "customer_id:C": 2, "ticket_id:C": 1}
    assert sums.cluster_name == "agent_id"


def test_customers_that_nobody_knows_do_not_pull_fcr_down(tmp_path: Path) -> None:
    known = [ticket("good"), ticket("bad", **open_since(JAN_20))]
    unknown = [{**row, "ticket_id": f"{row['ticket_id']} too", "customer_id": ""} for row in known]
    row = only(metrics.fcr(opened(tmp_path, [*known, *unknown]), cluster=None))
    assert row == {"n": 2, "n_success": 1, "n_immature": 0, "n_excluded": 2}


def test_created_maturity_counts_a_cohort_whole_or_not_at_all(tmp_path: Path) -> None:
    day = AS_OF - timedelta(days=10)
    desk = opened(tmp_path, [ticket("quick", **quick(day)), ticket("slow", **open_since(day))])
    by_resolution = verdicts(metrics.fcr(desk, maturity="resolved"))
    assert by_resolution == {"quick": ("success", None), "slow": ("immature", None)}
    assert {outcome for outcome, _ in verdicts(metrics.fcr(desk)).values()} == {"immature"}


@pytest.mark.parametrize(
    ("absent", "part", "changes"),
    [
        ("contact_count", "at most one contact by the customer: not seen", {"contact_count": 5}),
        ("transfer_count", "no transfer: not seen", {"transfer_count": 5}),
        ("reopened_count", "no reopening: only tickets that are open again", {"reopened_count": 5}),
        ("customer_id", "no return within 7 days: not seen", {"customer_id": "same"}),
    ],
)
def test_fcr_falls_back_to_the_parts_it_can_see(
    absent: str, part: str, changes: dict, tmp_path: Path
) -> None:
    rows = [ticket("A", **changes), ticket("B", created_at=NOON + SECOND, **changes)]
    assert only(metrics.fcr(opened(tmp_path / "all", rows), cluster=None))["n_success"] < 2
    sums = metrics.fcr(opened(tmp_path / "less", rows, without=(absent,)), cluster=None)
    assert only(sums) == {"n": 2, "n_success": 2, "n_immature": 0, "n_excluded": 0}
    assert any(words.startswith(part) for words in sums.definition.parts)


def test_fcr_without_category_takes_any_ticket_of_the_customer(tmp_path: Path) -> None:
    rows = [ticket("A"), ticket("B", customer_id="customer of A", created_at=NOON + SECOND)]
    rows[1]["category"] = "delivery"
    desk = opened(tmp_path, rows, without=("category",))
    assert verdicts(metrics.fcr(desk))["A"] == ("failure", None)
    assert "whatever its category" in metrics.fcr(desk).definition.parts[-2]


def test_fcr_needs_a_time_of_resolution(tmp_path: Path) -> None:
    desk = opened(tmp_path, [ticket("A")], without=("resolved_at", "closed_at"))
    with pytest.raises(NotEstimable, match="resolved_at"):
        metrics.fcr(desk)
    only_closed = opened(tmp_path, [ticket("A")], without=("resolved_at",))
    assert only(metrics.fcr(only_closed, cluster=None))["n_success"] == 1


def test_record_counts_every_ticket_once(fcr_desk: Desk) -> None:
    record = metrics.fcr(fcr_desk).record()
    flow = metrics.row_flow(fcr_desk)
    judged = (record.n or 0) + (record.n_immature or 0) + (record.n_excluded or 0)
    assert judged == flow["n_rows"].iloc[-1]
    assert record.as_of == "2026-03-01T00:00:00"
    assert record.options["window_days"] == 7


def test_excluded_gives_reasons(fcr_desk: Desk) -> None:
    sums = metrics.fcr(fcr_desk, by="market")
    reasons = sums.excluded()
    assert list(reasons.columns) == ["market", "reason", "n"]
    assert reasons["n"].sum() == sums.fetch()["n_excluded"].sum()
    assert "contact_count is missing" in set(reasons["reason"])


def test_fcr_returns_is_fcr_where_all_are_mature(tmp_path: Path) -> None:
    rows = [ticket("ok"), ticket("two", contact_count=2), ticket("again", status="open")]
    rows += [ticket("back", customer_id="C"), ticket("late", customer_id="D")]
    rows += [ticket("back 2", customer_id="C", created_at=NOON + timedelta(days=3))]
    rows += [ticket("late 2", customer_id="D", created_at=NOON + timedelta(days=8))]
    for row in rows[-2:]:
        row.update(resolved(row["created_at"]), first_response_at=None)
    desk = opened(tmp_path, rows)
    table = metrics.fcr_returns(desk, cluster=None).fetch()
    fcr = only(metrics.fcr(desk, cluster=None))
    # No censoring before the window's end: survival is the share without an event.
    assert set(table.loc[table["n_censored"] > 0, "duration_seconds"]) == {7 * 86_400}
    assert table["n_censored"].sum() == fcr["n_success"]
    assert table["n_events"].sum() == fcr["n"] - fcr["n_success"]
    seconds = table.loc[table["n_events"] > 0, "duration_seconds"].to_list()
    assert seconds == [0, 3 * 86_400 - 7200]


def test_fcr_returns_censors_recent_tickets_at_as_of(tmp_path: Path) -> None:
    two_days_ago = AS_OF - timedelta(days=2)
    rows = [ticket("recent", created_at=two_days_ago, first_response_at=None)]
    rows[0].update(resolved(two_days_ago + timedelta(hours=1)))
    table = metrics.fcr_returns(opened(tmp_path, rows), cluster=None).fetch()
    assert table.to_dict("records") == [
        {"duration_seconds": 2 * 86_400 - 3600, "n_events": 0, "n_censored": 1}
    ]


RESPONSE_CASES = {
    # id: (changes, outcome, seconds)
    "ten minutes": ({}, "event", 600),
    "at once": ({"first_response_at": NOON}, "event", 0),
    "59 seconds": ({"first_response_at": NOON + timedelta(seconds=59)}, "event", 59),
    "a second across a minute mark": (
        {"created_at": NOON + timedelta(seconds=59), "first_response_at": NOON + 60 * SECOND},
        "event",
        1,
    ),
    "microseconds short of a second": (
        {
            "created_at": NOON + timedelta(microseconds=900_000),
            "first_response_at": NOON + timedelta(microseconds=1_100_000),
        },
        "event",
        0,
    ),
    "outside working hours": (
        {"created_at": datetime(2026, 1, 11, 3), "first_response_at": datetime(2026, 1, 11, 4)},
        "event",
        3600,
    ),
    "across the change of the clocks": (
        {"created_at": datetime(2025, 10, 25, 12), "first_response_at": datetime(2025, 10, 26, 12)},
        "event",
        86_400,
    ),
    "never answered, open": (open_since(AS_OF - timedelta(minutes=90)), "censored", 5400),
    "never answered, resolved": (
        {"created_at": AS_OF - timedelta(days=20), "first_response_at": None},
        "censored",
        20 * 86_400,
    ),
    "replied to before it was created": (
        {"first_response_at": NOON - SECOND},
        "excluded",
        None,
    ),
    "started by an agent": ({"initiated_by": "agent"}, "excluded", None),
}


@pytest.fixture(scope="module")
def response_sums(tmp_path_factory: pytest.TempPathFactory) -> metrics.Sums:
    rows = [ticket(name, **case[0]) for name, case in RESPONSE_CASES.items()]
    rows += [ticket("spam", status="spam")]
    for row in rows:
        if row["resolved_at"] and row["resolved_at"] < row["created_at"]:
            row.update(resolved(row["created_at"]))
    return metrics.first_response(opened(tmp_path_factory.mktemp("response"), rows))


@pytest.fixture(scope="module")
def response_cases(response_sums: metrics.Sums) -> pd.DataFrame:
    return response_sums.cases.execute().set_index("unit")


@pytest.mark.parametrize("name", RESPONSE_CASES)
def test_first_response_case(name: str, response_cases: pd.DataFrame) -> None:
    _, outcome, seconds = RESPONSE_CASES[name]
    assert response_cases.loc[name, "outcome"] == outcome
    if seconds is not None:
        assert response_cases.loc[name, "duration_seconds"] == seconds


def test_first_response_loses_no_ticket(response_sums: metrics.Sums) -> None:
    record = response_sums.record()
    assert (record.n or 0) + (record.n_excluded or 0) == len(RESPONSE_CASES)
    assert record.n_censored == 2
    assert response_sums.fetch()["duration_seconds"].min() == 0


def test_quick_channel_keeps_its_spread(tmp_path: Path) -> None:
    replies = [{"first_response_at": NOON + number * SECOND} for number in (31, 44, 58)]
    rows = [ticket(str(place), **reply) for place, reply in enumerate(replies)]
    table = metrics.first_response(opened(tmp_path, rows), cluster=None).fetch()
    # In whole minutes all three were 0: an interval of no width around a wrong median.
    assert table["duration_seconds"].to_list() == [31, 44, 58]
    hours = curve_of(table, is_clustered=False).times
    assert hours.tolist() == pytest.approx([31 / 3600, 44 / 3600, 58 / 3600])


def test_first_response_needs_its_time(tmp_path: Path) -> None:
    desk = opened(tmp_path, [ticket("A")], without=("first_response_at",))
    with pytest.raises(NotEstimable, match="first_response_at"):
        metrics.first_response(desk)


REOPENED = {
    "reopened_count": 1,
    "resolved_at": NOON + timedelta(hours=1),
    "closed_at": NOON + timedelta(hours=5),
}
RESOLUTION_CASES = {
    # id: (changes, full, first); a number is the minutes of an event
    "resolved once": ({}, 120, 120),
    "resolved, not closed": ({"status": "resolved", "closed_at": None}, 120, 120),
    "closed automatically": ({"closed_at": NOON + timedelta(days=5)}, 120, 120),
    "reopened and resolved again": (REOPENED, 300, 60),
    "open": (open_since(AS_OF - timedelta(hours=1)), "censored", "censored"),
    "open again": ({**REOPENED, "status": "open", "closed_at": None}, "censored", 60),
    "open again, counter not yet raised": (
        {"status": "pending", "closed_at": None},
        "censored",
        120,
    ),
    "reopened, last resolution unknown": (
        {**REOPENED, "closed_at": None},
        "resolved, but when is missing",
        60,
    ),
    "reopenings unknown": ({**REOPENED, "reopened_count": None}, 300, 60),
    "resolved, nobody knows when": (
        {"resolved_at": None, "closed_at": None},
        "resolved, but when is missing",
        "resolved, but when is missing",
    ),
    "negative": (
        resolved(NOON - SECOND),
        "resolved before it was created",
        "resolved before it was created",
    ),
    "last before first": (
        {**REOPENED, "closed_at": NOON + timedelta(minutes=30)},
        "last resolved before it was first",
        60,
    ),
}


@pytest.fixture(scope="module")
def resolution_cases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    rows = [ticket(name, **case[0]) for name, case in RESOLUTION_CASES.items()]
    desk = opened(tmp_path_factory.mktemp("resolution"), rows)
    return {
        stop: metrics.resolution_time(desk, stop=stop).cases.execute().set_index("unit")
        for stop in ("full", "first")
    }


@pytest.mark.parametrize("stop", ["full", "first"])
@pytest.mark.parametrize("name", RESOLUTION_CASES)
def test_resolution_time_case(
    name: str, stop: str, resolution_cases: dict[str, pd.DataFrame]
) -> None:
    expected = RESOLUTION_CASES[name][1 if stop == "full" else 2]
    case = resolution_cases[stop].loc[name]
    if isinstance(expected, int):
        assert (case["outcome"], case["duration_seconds"]) == ("event", expected * 60)
    elif expected == "censored":
        age = (AS_OF - RESOLUTION_CASES[name][0].get("created_at", NOON)) // SECOND
        assert (case["outcome"], case["duration_seconds"]) == ("censored", age)
    else:
        assert (case["outcome"], case["reason"]) == ("excluded", expected)


def test_resolution_time_says_which_column_it_took(tmp_path: Path) -> None:
    desk = opened(tmp_path / "a", [ticket("A")], without=("closed_at",))
    sums = metrics.resolution_time(desk, cluster=None)
    assert "closed_at is not provided" in sums.definition.parts[0]
    assert sums.fetch()["duration_seconds"].to_list() == [7200]
    bare = opened(tmp_path / "b", [ticket("A")], without=("closed_at", "resolved_at"))
    with pytest.raises(NotEstimable, match="resolved_at"):
        metrics.resolution_time(bare)


def test_reopening_counts_a_ticket_that_is_open_again(tmp_path: Path) -> None:
    rows = [
        ticket("never"),
        ticket("once", reopened_count=1),
        ticket("thrice", reopened_count=3),
        ticket("open again", status="open", reopened_count=0),
        ticket("unknown", reopened_count=None),
        ticket("not resolved", **open_since(JAN_20)),
        ticket("recent", **resolved(WEEK_AGO + SECOND)),
    ]
    sums = metrics.reopening(opened(tmp_path, rows), cluster=None)
    assert only(sums) == {"n": 4, "n_success": 3, "n_immature": 1, "n_excluded": 2}


def test_transfers_share_and_mean(tmp_path: Path) -> None:
    rows = [ticket(str(count), transfer_count=count) for count in (0, 0, 1, 3)]
    rows = [{**row, "ticket_id": str(place)} for place, row in enumerate(rows)]
    rows += [ticket("open", **open_since(JAN_20)), ticket("unknown", transfer_count=None)]
    rows += [ticket("young", **open_since(WEEK_AGO + SECOND))]
    desk = opened(tmp_path, rows)
    share = only(metrics.transfers(desk, cluster=None))
    assert share == {"n": 5, "n_success": 2, "n_immature": 1, "n_excluded": 1}
    mean = only(metrics.transfers(desk, cluster=None, measure="mean"))
    assert (mean["n"], mean["total"], mean["total_squared"]) == (5, 4.0, 10.0)


def test_volumes_count_events_in_their_own_month(tmp_path: Path) -> None:
    last_day = datetime(2026, 1, 31, 23)
    rows = [
        ticket("across", created_at=last_day, **resolved(last_day + timedelta(hours=2))),
        ticket("within"),
        ticket("open", **open_since(JAN_20)),
        ticket("spam", status="spam"),
    ]
    rows[0]["first_response_at"] = None
    table = metrics.volumes(opened(tmp_path, rows), by="month").fetch()
    assert table.to_dict("records") == [
        {"month": "2026-01", "n_created": 3, "n_resolved": 1},
        {"month": "2026-02", "n_created": 0, "n_resolved": 1},
    ]


@pytest.fixture(scope="module")
def backlog_desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    rows = [
        ticket("resolved"),
        ticket("reopened", reopened_count=1, closed_at=NOON + timedelta(days=5)),
        ticket("open again", status="open", created_at=JAN_20, **resolved(JAN_20)),
        ticket("open", **open_since(NOON)),
        ticket("test", status="test"),
    ]
    rows[2]["first_response_at"] = None
    rows[3]["created_at"] = datetime(2026, 1, 10, 12, 30)
    return opened(tmp_path_factory.mktemp("backlog"), rows)


@pytest.mark.parametrize(
    ("at", "n_open"),
    [
        (None, 2),
        ("2026-01-10", 0),
        ("2026-01-11", 2),
        ("2026-01-10T12:00:00", 2),
        ("2026-01-10T13:00:00", 3),
        ("2026-01-10T14:00:00", 2),
        ("2026-01-21", 2),
    ],
)
def test_backlog_at_any_moment(at: str | None, n_open: int, backlog_desk: Desk) -> None:
    assert only(metrics.backlog(backlog_desk, at=at))["n_open"] == n_open


def test_backlog_refuses_what_it_cannot_know(backlog_desk: Desk) -> None:
    with pytest.raises(ParameterError, match="after as_of"):
        metrics.backlog(backlog_desk, at="2026-03-02")
    with pytest.raises(ParameterError, match="stock"):
        metrics.backlog(backlog_desk, by="month")


def test_one_touch_is_one_reply_and_no_window(tmp_path: Path) -> None:
    rows = [
        ticket("one"),
        ticket("none", agent_reply_count=0),
        ticket("two", agent_reply_count=2),
        ticket("recent", **resolved(AS_OF - SECOND)),
        ticket("open", **open_since(JAN_20)),
        ticket("unknown", agent_reply_count=None),
    ]
    sums = metrics.one_touch(opened(tmp_path, rows), cluster=None)
    assert only(sums) == {"n": 4, "n_success": 2, "n_immature": 0, "n_excluded": 2}


def test_row_flow_sums_up(fcr_desk: Desk) -> None:
    flow = metrics.row_flow(fcr_desk, start="2026-01-01", end="2026-02-25")
    assert flow["n_rows"].iloc[-1] + flow["n_dropped"].sum() == flow["n_rows"].iloc[0]
    dropped = dict(zip(flow["step"], flow["n_dropped"], strict=True))
    assert dropped["not spam"] == 2
    assert dropped["not merged"] == 2
    assert dropped["not started by an agent"] == 2
    assert flow["n_rows"].iloc[0] == fcr_desk.table("tickets").count().execute()


def test_countable_tickets_are_those_of_the_flow(fcr_desk: Desk) -> None:
    flow = metrics.row_flow(fcr_desk, start="2026-01-11").set_index("step")
    kept = metrics.countable_tickets(fcr_desk, start="2026-01-11").count().execute()
    assert kept == flow.loc["not test", "n_rows"]


def test_period_takes_the_start_and_not_the_end(tmp_path: Path) -> None:
    rows = [
        ticket("first instant", created_at=datetime(2026, 1, 10)),
        ticket("last instant", created_at=datetime(2026, 1, 10, 23, 59, 59, 999999)),
        ticket("next day", created_at=datetime(2026, 1, 11)),
    ]
    for row in rows:
        row.update(resolved(row["created_at"]), first_response_at=None)
    sums = metrics.fcr(opened(tmp_path, rows), start="2026-01-10", end="2026-01-11")
    assert set(verdicts(sums)) == {"first instant", "last instant"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"start": "10.01.2026"}, "ISO date"),
        ({"start": "2026-01-02", "end": "2026-01-02"}, "before end"),
        ({"window_days": 0}, "window_days"),
        ({"window_days": 7.5}, "window_days"),
        ({"maturity": "resolvd"}, "Did you mean 'resolved'"),
        ({"unresolved": "drop"}, "Known: 'exclude', 'failure'"),
        ({"source": "event"}, "Did you mean 'events'"),
        ({"by": "markt"}, "Did you mean 'market'"),
        ({"by": ("market", "market")}, "more than once"),
        ({"by": "created_at"}, "month"),
        ({"by": "issue_value"}, "bands"),
        ({"cluster": "month"}, "no cluster"),
    ],
)
def test_wrong_options_are_refused(options: dict, words: str, fcr_desk: Desk) -> None:
    with pytest.raises(ParameterError, match=words):
        metrics.fcr(fcr_desk, **options)
