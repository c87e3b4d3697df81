"""Every rule of the contract, broken on purpose: one fault, the right count, the right place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import ibis
import pandas as pd
import pytest

from supportlab.desk import audit_desk, open_desk
from supportlab.errors import DataError

TICKET = {
    "ticket_id": "T1",
    "channel": "email",
    "status": "open",
    "created_at": "2026-03-01T10:00:00Z",
}
SURVEY = {"survey_id": "S1", "kind": "csat", "sent_at": "2026-03-01T10:00:00Z"}
PAYMENT = {"attempt_id": "P1", "attempted_at": "2026-03-01T10:00:00Z", "status": "declined"}
HOURS = {"scope": "all", "weekday": "0", "opens": "09:00", "closes": "17:00", "timezone": "UTC"}
AUTHORITY = {"scope": "all", "effective_from": "2026-01-01T00:00:00Z"}
RATE = {"date": "2026-03-01", "currency": "EUR", "per_unit": "1.1"}
FEEDBACK = {"feedback_id": "F1", "at": "2026-03-01T10:00:00Z"}
BASES = {
    "tickets": TICKET,
    "surveys": SURVEY,
    "payments": PAYMENT,
    "schedules": HOURS,
    "authority": AUTHORITY,
    "fx_rates": RATE,
    "feedback": FEEDBACK,
    "customers": {"customer_id": "C1"},
}
KEYS = {"tickets": "ticket_id", "surveys": "survey_id", "payments": "attempt_id"}


def folder_with(folder: Path, table: str, *changes: dict[str, str], toml: str = "") -> Path:
    rows = []
    for number, change in enumerate(changes, start=1):
        row = {**BASES[table]}
        if table in KEYS:
            row[KEYS[table]] = f"K{number}"
        rows.append({**row, **change})
    pd.DataFrame(rows).to_csv(folder / f"{table}.csv", index=False)
    if toml:
        (folder / "desk.toml").write_text(toml, encoding="utf-8")
    return folder


def fault(folder: Path, rule: str) -> Any:
    found = audit_desk(folder).faults.query("rule == @rule")
    assert len(found) == 1, audit_desk(folder).faults[["column", "rule"]]
    return found.iloc[0]


STOPS = [
    ("tickets", "created_at", "2026-03-01 10:00", "no_offset"),
    ("tickets", "created_at", "2026-03-01", "no_offset"),
    ("tickets", "created_at", "13/12/2025 10:00", "not_iso_time"),
    ("tickets", "created_at", "1/2/2025", "not_iso_time"),
    ("tickets", "created_at", "soon", "not_iso_time"),
    ("tickets", "created_at", "1767225600", "epoch_number"),
    ("tickets", "created_at", "2026-02-30T10:00:00Z", "no_such_time"),
    ("tickets", "created_at", "", "missing_value"),
    ("tickets", "resolved_at", "?", "not_iso_time"),
    ("tickets", "status", "", "missing_value"),
    ("tickets", "channel", "emial", "unknown_code"),
    ("tickets", "channel", "Email", "unknown_code"),
    ("tickets", "priority", "Unknown", "unknown_code"),
    ("tickets", "market", "de", "unknown_market"),
    ("tickets", "market", "UK", "unknown_market"),
    ("tickets", "market", "Germany", "unknown_market"),
    ("tickets", "language", "pt_BR", "unknown_language"),
    ("tickets", "language", "german", "unknown_language"),
    ("tickets", "reopened_count", "2.5", "not_an_integer"),
    ("tickets", "reopened_count", "NA", "not_an_integer"),
    ("tickets", "reopened_count", "1_000", "not_an_integer"),
    ("tickets", "reopened_count", "-1", "below_minimum"),
    ("tickets", "handle_minutes", "-1", "below_minimum"),
    ("tickets", "handle_minutes", "nan", "not_a_number"),
    ("tickets", "handle_minutes", "inf", "not_a_number"),
    ("tickets", "handle_minutes", "1e999", "not_a_number"),
    ("tickets", "handle_minutes", "3,5", "not_a_number"),
    ("tickets", "escalated", "maybe", "not_a_boolean"),
    ("tickets", "escalated", "-1", "not_a_boolean"),
    ("tickets", "issue_value", "1,000.00", "not_an_amount"),
    ("tickets", "issue_value", "1.23456", "not_an_amount"),
    ("tickets", "issue_value", "5.00", "missing_currency"),
    ("tickets", "issue_currency", "eur", "unknown_currency"),
    ("tickets", "issue_currency", "€", "unknown_currency"),
    ("surveys", "score", "6", "outside_scale"),
    ("surveys", "score", "0", "outside_scale"),
    ("schedules", "weekday", "7", "no_such_weekday"),
    ("schedules", "opens", "9:00", "not_a_clock_time"),
    ("schedules", "closes", "08:00", "closes_before_opens"),
    ("schedules", "timezone", "Berlin", "unknown_zone"),
    ("authority", "scope", "team", "missing_scope_id"),
    ("fx_rates", "date", "01.03.2026", "not_iso_date"),
    ("fx_rates", "per_unit", "0", "not_a_rate"),
    ("fx_rates", "per_unit", "-1", "not_a_rate"),
]


@pytest.mark.parametrize(("table", "column", "value", "rule"), STOPS)
def test_a_broken_value_is_found_counted_and_placed(
    tmp_path: Path, table: str, column: str, value: str, rule: str
) -> None:
    sound = {column: BASES[table].get(column, "")}
    if table == "fx_rates":
        changes = [sound, {"currency": "JPY", column: value}]
    else:
        changes = [sound, {column: value}]
    folder_with(tmp_path, table, *changes)
    found = fault(tmp_path, rule)
    assert (found["table"], found["severity"], found["n_rows"]) == (table, "stop", 1)
    assert found["first_rows"] == "2"
    if rule not in ("missing_value", "missing_currency", "missing_scope_id"):
        assert found["column"] == column
        assert value in found["what_to_do"]
    with pytest.raises(DataError, match=rule):
        open_desk(tmp_path)


WARNINGS = [
    ("tickets", {"resolved_at": "2026-02-01T10:00:00Z"}, "before_created_at"),
    ("tickets", {"status": "closed"}, "settled_without_time"),
    ("tickets", {"created_at": "1970-01-01T00:00:00Z"}, "epoch_start"),
    ("surveys", {"responded_at": "2026-02-01T10:00:00Z", "score": "5"}, "before_sent_at"),
    ("surveys", {"score": "5"}, "score_without_response"),
    ("surveys", {"responded_at": "2026-03-02T10:00:00Z"}, "response_without_score"),
    (
        "surveys",
        {"kind": "ces", "responded_at": "2026-03-02T10:00:00Z", "score": "5"},
        "no_scale",
    ),
    (
        "payments",
        {"amount": "5", "presentment_currency": "EUR"},
        "no_exchange_rate",
    ),
    ("feedback", {"rating": "5"}, "no_scale"),
]


@pytest.mark.parametrize(("table", "change", "rule"), WARNINGS)
def test_doubt_is_a_warning_and_keeps_every_row(
    tmp_path: Path, table: str, change: dict[str, str], rule: str
) -> None:
    folder_with(tmp_path, table, change)
    found = fault(tmp_path, rule)
    assert (found["table"], found["severity"], found["n_rows"]) == (table, "warn", 1)
    assert open_desk(tmp_path).table(table).count().execute() == 1


def test_all_faults_come_at_once_and_bounded(tmp_path: Path) -> None:
    bad = {"channel": "x" * 5000, "created_at": "1/2/2026", "market": "xx", "status": "??"}
    folder_with(tmp_path, "tickets", *[bad] * 50)
    with pytest.raises(DataError) as caught:
        open_desk(tmp_path)
    assert caught.value.faults is not None
    assert set(caught.value.faults["rule"]) >= {"unknown_code", "not_iso_time", "unknown_market"}
    assert caught.value.faults["what_to_do"].str.len().max() <= 400
    assert len(str(caught.value)) < 6000


def test_non_iso_times_show_three_values(tmp_path: Path) -> None:
    folder_with(tmp_path, "tickets", *[{"created_at": f"{d}/1/2026"} for d in range(1, 6)])
    text = fault(tmp_path, "not_iso_time")["what_to_do"]
    assert [f"'{d}/1/2026'" in text for d in range(1, 6)] == [True] * 3 + [False] * 2


def test_unknown_codes_name_the_nearest(tmp_path: Path) -> None:
    folder_with(tmp_path, "tickets", {"channel": "emial"}, {"channel": "In App"})
    text = fault(tmp_path, "unknown_code")["what_to_do"]
    assert "nearest 'email'" in text
    assert "'in_app'" in text


def test_duplicate_keys_are_counted_with_their_rows(tmp_path: Path) -> None:
    folder_with(tmp_path, "tickets", {}, {"ticket_id": "K1"}, {}, {"ticket_id": "K1"})
    found = fault(tmp_path, "duplicate_key")
    assert (found["n_rows"], found["first_rows"], found["severity"]) == (3, "1, 2, 4", "stop")


def test_events_that_are_there_twice_are_counted(tmp_path: Path) -> None:
    event = "T1,2026-03-01T10:00:00Z,customer,message,"
    lines = [event, "T1,2026-03-01T10:00:01Z,agent,message,", event, f"{event}other", event]
    text = "\n".join(["ticket_id,at,actor,kind,value", *lines])
    (tmp_path / "events.csv").write_text(text, encoding="utf-8")
    found = fault(tmp_path, "duplicate_row")
    assert (found["n_rows"], found["first_rows"], found["severity"]) == (2, "3, 5", "warn")
    assert open_desk(tmp_path).table("events").count().execute() == 5
    backend = ibis.duckdb.connect()
    backend.raw_sql(f"CREATE TABLE events AS SELECT * FROM '{tmp_path}/events.csv'").fetchall()
    faults = audit_desk(backend, config={"timezone": "UTC"}).faults
    assert faults.query("rule == 'duplicate_row'")["n_rows"].tolist() == [2]


def test_events_that_differ_in_one_column_are_no_copies(tmp_path: Path) -> None:
    lines = ["ticket_id,at,actor,kind,value"]
    lines += [f"T1,2026-03-01T10:00:00Z,customer,message,{value}" for value in ("", "a", "b")]
    (tmp_path / "events.csv").write_text("\n".join(lines), encoding="utf-8")
    assert "duplicate_row" not in set(audit_desk(tmp_path).faults["rule"])


ANSWER = {"responded_at": "2026-03-02T10:00:00Z", "score": "5"}


def test_a_survey_without_any_non_answer_is_doubted(tmp_path: Path) -> None:
    nps = [{"kind": "nps"}] * 5 + [{**ANSWER, "kind": "nps"}] * 20
    folder_with(tmp_path, "surveys", *[ANSWER] * 20, *nps)
    found = fault(tmp_path, "answers_only")
    assert (found["table"], found["severity"], found["n_rows"]) == ("surveys", "warn", 20)
    assert "'csat'" in found["what_to_do"]
    assert "'nps'" not in found["what_to_do"]
    assert "surveys.invitations = false" in found["what_to_do"]


@pytest.mark.parametrize(
    ("n_answers", "n_silent", "toml"),
    [
        (19, 0, ""),
        (20, 1, ""),
        (20, 0, "[surveys]\ninvitations = false"),
        (20, 0, "[surveys]\ninvitations = true"),
    ],
)
def test_few_answers_non_answers_and_a_declaration_raise_no_doubt(
    tmp_path: Path, n_answers: int, n_silent: int, toml: str
) -> None:
    folder_with(tmp_path, "surveys", *[ANSWER] * n_answers, *[{}] * n_silent, toml=toml)
    assert "answers_only" not in set(audit_desk(tmp_path).faults["rule"])


def test_columns_without_a_value_are_noted_once_a_table(tmp_path: Path) -> None:
    empty = {"agent_id": "", "market": "", "language": "de"}
    folder_with(tmp_path, "tickets", empty, {**empty, "language": ""})
    found = fault(tmp_path, "empty_columns")
    assert (found["table"], found["severity"], found["n_rows"]) == ("tickets", "note", 2)
    assert "'agent_id', 'market'" in found["what_to_do"]
    assert "language" not in found["what_to_do"]
    assert open_desk(tmp_path).has("tickets", "agent_id")


def test_references_to_unknown_keys_are_a_warning(tmp_path: Path) -> None:
    folder_with(tmp_path, "customers", {"customer_id": "007"})
    folder_with(tmp_path, "tickets", {"customer_id": "7"}, {"customer_id": "007"})
    found = fault(tmp_path, "unknown_key")
    assert (found["column"], found["n_rows"], found["first_rows"]) == ("customer_id", 1, "1")


def test_keys_are_kept_as_they_are(tmp_path: Path) -> None:
    keys = ["007", "9007199254740993", "1e5", " a ", "NULL"]
    folder_with(tmp_path, "tickets", *[{"ticket_id": key} for key in keys])
    assert sorted(open_desk(tmp_path).table("tickets").ticket_id.execute()) == sorted(keys)


def test_missing_is_missing_and_nothing_else_is(tmp_path: Path) -> None:
    values = ["", "NA", "null", "?", "Unknown", "-1", "0"]
    folder_with(tmp_path, "tickets", *[{"category": value} for value in values])
    category = open_desk(tmp_path).table("tickets").category
    assert category.isnull().sum().execute() == 1
    assert set(category.execute().dropna()) == set(values) - {""}


@pytest.mark.parametrize(
    ("value", "utc"),
    [
        ("2026-07-01T12:00:00+02:00", "2026-07-01 10:00:00"),
        ("2026-07-01 12:00:00 +0200", "2026-07-01 10:00:00"),
        ("2026-07-01 10:00:00 UTC", "2026-07-01 10:00:00"),
        ("2026-07-01T10:00Z", "2026-07-01 10:00:00"),
        ("2026-06-30T23:30:00.250-10:30", "2026-07-01 10:00:00.250000"),
        ("2026-07-01T12:00:00", "2026-07-01 10:00:00"),
        ("2026-01-01 12:00", "2026-01-01 11:00:00"),
        ("2026-07-01", "2026-06-30 22:00:00"),
    ],
)
def test_times_become_utc(tmp_path: Path, value: str, utc: str) -> None:
    toml = 'timezone = "Europe/Berlin"'
    folder_with(tmp_path, "tickets", {"created_at": value}, toml=toml)
    assert open_desk(tmp_path).table("tickets").created_at.execute()[0] == pd.Timestamp(utc)


def test_local_times_that_a_clock_shift_skips_or_doubles_are_counted(tmp_path: Path) -> None:
    times = ["2026-03-29T02:30:00", "2026-10-25T02:30:00", "2026-10-25T03:00:00"]
    changes = [{"created_at": time} for time in times]
    folder_with(tmp_path, "tickets", *changes, toml='timezone = "Europe/Berlin"')
    assert fault(tmp_path, "nonexistent_local_time")["first_rows"] == "1"
    assert fault(tmp_path, "ambiguous_local_time")["first_rows"] == "2"


def test_a_declared_format_is_used_and_nothing_is_guessed(tmp_path: Path) -> None:
    toml = 'timezone = "UTC"\n[files.tickets]\ntime_format = "%d/%m/%Y %H:%M"'
    changes = [{"created_at": "5/3/2016 12:00"}, {"created_at": "3/13/2016 12:00"}]
    folder_with(tmp_path, "tickets", *changes, toml=toml)
    assert fault(tmp_path, "not_in_format")["first_rows"] == "2"
    desk = open_desk(tmp_path, strict=False)
    assert desk.table("tickets").created_at.execute().dropna().iloc[0] == pd.Timestamp(
        "2016-03-05 12:00"
    )


def test_numbers_and_words_are_read_as_documented(tmp_path: Path) -> None:
    change = {
        "reopened_count": "3.0",
        "handle_minutes": "1.5e1",
        "escalated": "YES",
        "authority_used": "F",
        "issue_value": "-12.50",
        "issue_currency": "EUR",
        "language": "PT-BR",
    }
    folder_with(tmp_path, "tickets", change)
    row = open_desk(tmp_path).table("tickets").execute().iloc[0]
    assert (row["reopened_count"], row["handle_minutes"]) == (3, 15.0)
    assert (row["escalated"], row["authority_used"]) == (True, False)
    assert str(row["issue_value"]) == "-12.5000"
    assert row["language"] == "pt-BR"


NATIVE = {
    "ticket_id": [1, 2],
    "channel": ["email", "chat"],
    "status": ["open", "open"],
    "created_at": pd.to_datetime(["2026-03-01T10:00Z", "2026-03-02T10:00Z"]),
}


@pytest.mark.parametrize(
    ("column", "values", "rule", "n_rows"),
    [
        ("ticket_id", [1.0, 2.0], "wrong_type", 2),
        ("created_at", pd.to_datetime(["2026-03-01", "2026-03-02"]), "no_offset", 2),
        ("created_at", [1767225600, 1767225601], "epoch_number", 2),
        ("status", [True, None], "wrong_type", 1),
        ("handle_minutes", [float("inf"), 1.0], "not_a_number", 1),
        ("reopened_count", [1.5, 2.0], "not_an_integer", 1),
        ("category", [b"\xff", b"a"], "wrong_type", 2),
    ],
)
def test_native_types_that_lose_something_are_refused(
    tmp_path: Path, column: str, values: Any, rule: str, n_rows: int
) -> None:
    pd.DataFrame({**NATIVE, column: values}).to_parquet(tmp_path / "tickets.parquet")
    assert fault(tmp_path, rule)["n_rows"] == n_rows


def test_native_types_are_accepted(tmp_path: Path) -> None:
    frame = pd.DataFrame({**NATIVE, "reopened_count": [1.0, None], "issue_value": [19.99, None]})
    frame.assign(issue_currency="USD").to_parquet(tmp_path / "tickets.parquet")
    rows = open_desk(tmp_path).table("tickets").order_by("ticket_id").execute()
    assert rows["ticket_id"].tolist() == ["1", "2"]
    assert str(rows["issue_value"].iloc[0]) == "19.9900"


def test_a_duckdb_file_and_an_ibis_connection_give_the_same_desk(tmp_path: Path) -> None:
    frame = pd.DataFrame({**NATIVE, "ticket_id": ["a", "b"]})
    frame.to_parquet(tmp_path / "tickets.parquet")
    with duckdb.connect(str(tmp_path / "desk.duckdb")) as connection:
        path = str(tmp_path / "tickets.parquet")
        connection.execute(f"CREATE TABLE tickets AS SELECT * FROM '{path}'").fetchall()
    before = (tmp_path / "desk.duckdb").read_bytes()
    value = open_desk(tmp_path / "desk.duckdb").fingerprint().value
    (tmp_path / "folder").mkdir()
    frame.to_parquet(tmp_path / "folder" / "tickets.parquet")
    assert open_desk(tmp_path / "folder").fingerprint().value == value
    backend = ibis.duckdb.connect()
    backend.raw_sql(f"CREATE TABLE tickets AS SELECT * FROM '{path}'").fetchall()
    desk = open_desk(backend)
    assert desk.fingerprint().value == value
    names = backend.raw_sql("SELECT table_name FROM information_schema.tables").fetchall()
    assert names == [("tickets",)]
    assert (tmp_path / "desk.duckdb").read_bytes() == before


def test_a_database_names_keys_in_place_of_rows(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    pd.DataFrame({**NATIVE, "channel": ["fax", "chat"]}).to_parquet(path)
    backend = ibis.duckdb.connect()
    backend.raw_sql(f"CREATE TABLE tickets AS SELECT * FROM '{path}'").fetchall()
    faults = audit_desk(backend).faults
    assert faults.query("rule == 'unknown_code'")["first_rows"].tolist() == ["1"]
