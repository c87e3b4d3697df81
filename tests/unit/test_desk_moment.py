"""The desk as it stood at one moment, its slices, settings, connections, and the check command."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from supportlab.cli import main
from supportlab.desk import open_desk
from supportlab.desk.connections import open_url
from supportlab.errors import DataError, ParameterError

TICKETS = """\
ticket_id,customer_id,channel,status,created_at,resolved_at,closed_at,reopened_count,market
T1,C1,email,closed,2026-03-01T00:00:00Z,2026-03-02T00:00:00Z,2026-03-02T00:00:00Z,0,DE
T2,C2,email,closed,2026-03-01T00:00:00Z,2026-03-09T00:00:00Z,2026-03-09T00:00:00Z,0,FR
T3,C1,chat,closed,2026-03-01T00:00:00Z,2026-03-03T00:00:00Z,2026-03-09T00:00:00Z,1,DE
T4,C2,chat,spam,2026-03-04T00:00:00Z,,2026-03-09T00:00:00Z,0,FR
T5,C1,chat,open,2026-03-08T00:00:00Z,,,0,DE
"""
SURVEYS = """survey_id,ticket_id,kind,sent_at,responded_at,score,comment
S1,T1,csat,2026-03-02T00:00:00Z,2026-03-03T00:00:00Z,5,good
S2,T2,csat,2026-03-02T00:00:00Z,2026-03-09T00:00:00Z,1,bad
S3,T2,csat,2026-03-09T00:00:00Z,,,
"""
CUSTOMERS = """customer_id,market,churned_at,churn_kind
C1,DE,2026-03-08T00:00:00Z,voluntary
C2,FR,,
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("tickets", TICKETS), ("surveys", SURVEYS), ("customers", CUSTOMERS)):
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    (tmp_path / "agents.csv").write_text("agent_id\nA1\n", encoding="utf-8")
    return tmp_path


def test_rows_and_times_beyond_the_moment_are_unknown(folder: Path) -> None:
    desk = open_desk(folder, "2026-03-05")
    tickets = desk.table("tickets").order_by("ticket_id").execute().set_index("ticket_id")
    assert tickets.index.tolist() == ["T1", "T2", "T3", "T4"]
    assert tickets["status"].tolist() == ["closed", "open", "resolved", "spam"]
    assert tickets["closed_at"].isna().tolist() == [False, True, True, True]
    assert tickets["resolved_at"].isna().tolist() == [False, True, False, True]
    surveys = desk.table("surveys").order_by("survey_id").execute()
    assert surveys["survey_id"].tolist() == ["S1", "S2"]
    assert surveys[["responded_at", "score", "comment"]].iloc[1].isna().all()
    assert surveys["score"].iloc[0] == 5
    customers = desk.table("customers").execute()
    assert customers[["churned_at", "churn_kind"]].isna().all(axis=None)
    after = desk.audit.tables.set_index("table")["n_after_as_of"]
    assert (after["tickets"], after["surveys"]) == (1, 1)
    assert "not_rewound" in set(desk.audit.faults["rule"])


REPLIES = """\
ticket_id,agent_id,team_id,channel,status,initiated_by,created_at,first_response_at
T1,A1,X,email,open,customer,2026-03-01T00:00:00Z,2026-03-02T00:00:00Z
T2,A1,X,email,open,customer,2026-03-01T00:00:00Z,2026-03-09T00:00:00Z
T3,A1,X,email,open,agent,2026-03-01T00:00:00Z,
"""


def test_who_replies_later_is_not_known_yet(tmp_path: Path) -> None:
    (tmp_path / "tickets.csv").write_text(REPLIES, encoding="utf-8")
    tickets = open_desk(tmp_path, "2026-03-05").table("tickets").order_by("ticket_id").execute()
    for column in ("agent_id", "team_id"):
        assert tickets[column].isna().tolist() == [False, True, False]


# Reopened: between the resolutions, never (closed automatically), before both, never closed,
# open again at the end after and before a last resolution, and resolved later.
REOPENED = """\
ticket_id,channel,status,created_at,resolved_at,closed_at,reopened_count
T1,email,closed,2026-03-01T00:00:00Z,2026-03-02T00:00:00Z,2026-03-09T00:00:00Z,2
T2,email,closed,2026-03-01T00:00:00Z,2026-03-02T00:00:00Z,2026-03-09T00:00:00Z,0
T3,email,closed,2026-03-01T00:00:00Z,2026-03-02T00:00:00Z,2026-03-03T00:00:00Z,1
T4,email,resolved,2026-03-01T00:00:00Z,2026-03-02T00:00:00Z,,1
T5,email,pending,2026-03-01T00:00:00Z,2026-03-02T00:00:00Z,2026-03-09T00:00:00Z,2
T6,email,open,2026-03-01T00:00:00Z,2026-03-02T00:00:00Z,2026-03-03T00:00:00Z,2
T7,email,closed,2026-03-01T00:00:00Z,2026-03-08T00:00:00Z,2026-03-09T00:00:00Z,1
T8,email,closed,2026-03-01T00:00:00Z,2026-03-02T00:00:00Z,2026-03-09T00:00:00Z,
T9,email,closed,2026-03-08T00:00:00Z,2026-03-08T00:00:00Z,2026-03-09T00:00:00Z,1
"""


def test_a_reopening_before_a_later_resolution_is_not_known_yet(tmp_path: Path) -> None:
    (tmp_path / "tickets.csv").write_text(REOPENED, encoding="utf-8")
    desk = open_desk(tmp_path, "2026-03-05")
    tickets = desk.table("tickets").order_by("ticket_id").execute()
    assert tickets["reopened_count"].fillna(-1).tolist() == [0, 0, 1, 1, 0, 2, 0, -1]
    states = ["resolved", "resolved", "closed", "resolved", "resolved", "open", "open", "resolved"]
    assert tickets["status"].tolist() == states
    warning = desk.audit.faults.query("rule == 'not_rewound'").iloc[0]
    assert (warning["column"], warning["n_rows"]) == ("reopened_count", 4)
    assert "2 settled again" in warning["what_to_do"]
    assert "2 without a last resolution" in warning["what_to_do"]
    last = open_desk(tmp_path)
    counts = last.table("tickets").order_by("ticket_id").reopened_count.execute()
    assert counts.fillna(-1).tolist() == [2, 0, 1, 1, 2, 2, 1, -1, 1]
    assert last.table("tickets").filter(lambda t: t.ticket_id == "T5").status.execute()[0] == (
        "pending"
    )
    assert "not_rewound" not in set(last.audit.faults["rule"])


def test_the_warning_counts_the_tickets_whose_counters_are_later(tmp_path: Path) -> None:
    lines = ["ticket_id,channel,status,created_at,contact_count"]
    lines += [f"T{day},email,open,2026-03-0{day}T00:00:00Z,1" for day in range(1, 8)]
    (tmp_path / "tickets.csv").write_text("\n".join(lines), encoding="utf-8")
    faults = open_desk(tmp_path, "2026-03-05").audit.faults.query("rule == 'not_rewound'")
    assert faults["n_rows"].tolist() == [5]
    assert "contact_count" in faults["what_to_do"].iloc[0]


def test_the_moment_itself_belongs_to_the_past(folder: Path) -> None:
    desk = open_desk(folder, "2026-03-08T00:00:00Z")
    assert desk.table("tickets").count().execute() == 5


def test_the_moment_is_argument_then_settings_then_data(folder: Path) -> None:
    last = open_desk(folder)
    assert (last.as_of, last.as_of_source) == (
        datetime.fromisoformat("2026-03-09"),
        "latest time in the data",
    )
    (folder / "desk.toml").write_text("as_of = 2026-03-20T00:00:00+02:00", encoding="utf-8")
    declared = open_desk(folder)
    assert (declared.as_of, declared.as_of_source) == (
        datetime.fromisoformat("2026-03-19T22:00"),
        "desk.toml",
    )
    assert open_desk(folder, "2026-03-30").as_of_source == "argument"
    assert "after_extract" in set(open_desk(folder, "2026-03-30").audit.faults["rule"])


@pytest.mark.parametrize("text", ["yesterday", "01.03.2026", "2026-13-01", "20260301", ""])
def test_a_moment_that_is_none_is_refused(folder: Path, text: str) -> None:
    with pytest.raises(ParameterError, match="as_of"):
        open_desk(folder, text)


def test_the_fingerprint_does_not_depend_on_the_moment(folder: Path) -> None:
    assert open_desk(folder, "2026-03-05").fingerprint() == open_desk(folder).fingerprint()


def test_absent_columns_are_typed_and_missing(folder: Path) -> None:
    desk = open_desk(folder)
    tickets = desk.table("tickets")
    assert tickets.schema()["handle_minutes"].is_float64()
    assert tickets.handle_minutes.notnull().sum().execute() == 0
    assert not desk.has("tickets", "handle_minutes")
    assert desk.has("tickets", "reopened_count")
    assert not desk.has("payments")
    with pytest.raises(DataError, match=r"payments\.csv"):
        desk.table("payments")
    with pytest.raises(ParameterError, match="handle_minutes"):
        desk.has("tickets", "handle_minute")


def test_a_slice_takes_what_belongs_to_it(folder: Path) -> None:
    whole = open_desk(folder)
    part = whole.where(market="DE")
    assert sorted(part.table("tickets").ticket_id.execute()) == ["T1", "T3", "T5"]
    assert part.table("surveys").survey_id.execute().tolist() == ["S1"]
    assert part.table("customers").customer_id.execute().tolist() == ["C1"]
    assert part.table("agents").count().execute() == 1
    assert part.fingerprint() != whole.fingerprint()
    assert whole.where(market=["DE", "FR"]).fingerprint() == whole.fingerprint()
    with pytest.raises(ParameterError, match="market"):
        whole.where(marke="DE")


def test_settings_are_checked_all_at_once(folder: Path) -> None:
    text = 'timezon = "UTC"\nfcr_window_days = 0\n[files.tikets]\n[surveys.ces]\nscale_min = 5\n'
    (folder / "desk.toml").write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        open_desk(folder)
    assert caught.value.faults is not None
    found = caught.value.faults.query("table == 'desk.toml'")
    assert {"timezon", "fcr_window_days", "files.tikets"} <= set(found["column"])
    assert "Did you mean 'timezone'" in found.set_index("column").loc["timezon", "what_to_do"]


def test_the_caller_wins_over_the_file(folder: Path) -> None:
    (folder / "desk.toml").write_text('name = "A"\nfcr_window_days = 3', encoding="utf-8")
    desk = open_desk(folder, config={"fcr_window_days": 14, "surveys": {"invitations": False}})
    assert (desk.name, desk.config.fcr_window_days) == ("A", 14)
    assert desk.config.surveys.invitations is False
    assert desk.config.surveys.csat.scale_max == 5


def test_a_named_connection_opens_and_hides_its_url(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "private-name.duckdb"
    with duckdb.connect(str(path)) as connection:
        source = str(folder / "agents.csv")
        connection.execute(f"CREATE TABLE agents AS SELECT * FROM '{source}'").fetchall()
    monkeypatch.setenv("SUPPORTLAB_CONNECTION_WAREHOUSE", f"duckdb://{path}")
    desk = open_desk("connection:warehouse")
    assert desk.source == "connection:warehouse"
    assert desk.table_names == ("agents",)
    assert "private-name" not in repr(desk)


def test_connections_come_from_the_user_file_too(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "x.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE agents AS SELECT 'A1' AS agent_id").fetchall()
    home = tmp_path / "home"
    (home / "supportlab").mkdir(parents=True)
    text = f'[warehouse]\nurl = "duckdb://{path}"\n'
    (home / "supportlab" / "connections.toml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
    assert open_desk("connection:warehouse").has("agents")
    with pytest.raises(DataError, match="warehouse"):
        open_desk("connection:warehous")


@pytest.mark.parametrize("url", ["postgres://me:hunter2@host/db", "x://h/d?token=hunter2"])
def test_a_url_with_a_secret_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(DataError, match="connection:") as caught:
        open_url(url)
    assert "hunter2" not in str(caught.value)


def test_a_connection_that_fails_shows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPPORTLAB_CONNECTION_A", "nosuchengine://me:hunter2@host/db")
    with pytest.raises(DataError, match="connection:a") as caught:
        open_desk("connection:a")
    assert "hunter2" not in str(caught.value)


def test_a_damaged_duckdb_file_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "x.duckdb").write_bytes(b"no database")
    with pytest.raises(DataError, match="DuckDB"):
        open_desk(tmp_path / "x.duckdb")


def run(*args: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(list(args))
    return int(left.value.code or 0)


def test_check_prints_tables_faults_and_studies(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("check", str(folder)) == 0
    text = capsys.readouterr().out
    assert "tickets: 5 rows" in text
    assert "payment-friction: no" in text
    assert "needs payments" in text
    assert "feedback-trends: yes" in text


def test_check_as_json_says_the_same(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (folder / "tickets.csv").open("a", encoding="utf-8") as stream:
        stream.write("T6,C1,fax,open,2026-03-01T00:00:00Z,,,0,DE\n")
    assert run("check", str(folder), "--format", "json") == 3
    content = json.loads(capsys.readouterr().out)
    assert content["stops"] is True
    assert content["faults"][0]["rule"] == "unknown_code"
    assert {row["study"] for row in content["studies"] if row["can_run"]} >= {"channel-choice"}


@pytest.mark.parametrize("form", ["text", "json"])
def test_check_of_nothing_is_status_three(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    assert run("check", str(tmp_path / "none"), "--format", form) == 3
    out = capsys.readouterr()
    assert "no such file or folder" in out.out + out.err


def test_faults_table_has_its_columns(folder: Path) -> None:
    faults = open_desk(folder).audit.faults
    assert isinstance(faults, pd.DataFrame)
    assert faults.columns.tolist() == [
        "table",
        "column",
        "rule",
        "severity",
        "n_rows",
        "first_rows",
        "what_to_do",
    ]
