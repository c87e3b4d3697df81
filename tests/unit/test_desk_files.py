"""Folders of files, sound and broken, through the door that users take."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from supportlab.desk import audit_desk, open_desk, opening
from supportlab.errors import DataError

HEADER = "ticket_id,channel,status,created_at,category"
ROWS = (
    'T001,email,open,2026-03-01T10:00:00Z,"billing\r\nand refunds"',
    "T002,chat,closed,2026-03-02T10:00:00+02:00,login",
    'T003,phone,open,2026-03-03T10:00:00Z,"a ""quoted"" word"',
)
CSV = "\n".join([HEADER, *ROWS]) + "\n"
FRAME = pd.DataFrame(
    {
        "ticket_id": ["T001", "T002", "T003"],
        "channel": ["email", "chat", "phone"],
        "status": ["open", "closed", "open"],
        "created_at": pd.to_datetime(
            ["2026-03-01T10:00Z", "2026-03-02T08:00Z", "2026-03-03T10:00Z"]
        ),
        "category": ["billing\r\nand refunds", "login", 'a "quoted" word'],
    }
)
JSON_LINES = FRAME.assign(created_at=FRAME["created_at"].astype(str).str.replace("+00:00", "Z"))


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def rules(folder: Path, severity: str = "stop") -> dict[str, int]:
    faults = audit_desk(folder).faults
    chosen = faults[faults["severity"] == severity]
    return dict(zip(chosen["rule"], chosen["n_rows"], strict=True))


def write_parts(folder: Path) -> None:
    FRAME.iloc[:2].to_parquet(folder.joinpath("tickets") / "part-0.parquet")
    FRAME.iloc[2:].to_parquet(folder.joinpath("tickets") / "part-1.parquet")


def sound_folder(folder: Path, form: str) -> Path:
    if form == "csv.gz":
        return write(folder, "tickets.csv.gz", gzip.compress(CSV.encode()))
    if form == "jsonl":
        return write(folder, "tickets.jsonl", JSON_LINES.to_json(orient="records", lines=True))
    if form == "parquet":
        FRAME.to_parquet(folder / "tickets.parquet")
    elif form == "parts":
        (folder / "tickets").mkdir()
        write_parts(folder)
    elif form == "hive":
        FRAME.to_parquet(folder / "tickets", partition_cols=["channel"])
    else:
        texts: dict[str, tuple[str, str | bytes]] = {
            "csv": ("tickets.csv", CSV),
            "crlf": ("tickets.csv", "\r\n".join([HEADER, *ROWS, ""])),
            "mixed line ends": ("tickets.csv", CSV.replace('word"\n', 'word"\r\n')),
            "no final newline": ("tickets.csv", CSV.rstrip("\n")),
            "bom": ("tickets.csv", CSV.encode("utf-8-sig")),
            "utf-16": ("tickets.csv", CSV.encode("utf-16")),
            "utf-16-be": ("tickets.csv", b"\xfe\xff" + CSV.encode("utf-16-be")),
            "upper case": ("TICKETS.CSV", CSV),
            "tsv": ("tickets.tsv", CSV.replace(",", "\t")),
            "semicolon": ("tickets.csv", CSV.replace(",", ";")),
            "bar": ("tickets.csv", CSV.replace(",", "|")),
            "blank lines": ("tickets.csv", CSV.replace("\nT002", "\n\nT002")),
        }
        write(folder, *texts[form])
    return folder


FORMS = (
    "csv.gz",
    "jsonl",
    "parquet",
    "parts",
    "hive",
    "csv",
    "crlf",
    "mixed line ends",
    "no final newline",
    "bom",
    "utf-16",
    "utf-16-be",
    "upper case",
    "tsv",
    "semicolon",
    "bar",
    "blank lines",
)


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[str]]:
    desk = open_desk(sound_folder(tmp_path_factory.mktemp("reference"), "csv"))
    return desk.fingerprint().value, desk.table("tickets").category.execute().tolist()


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_content(
    tmp_path: Path, form: str, reference: tuple[str, list[str]]
) -> None:
    desk = open_desk(sound_folder(tmp_path, form))
    tickets = desk.table("tickets").order_by("ticket_id").execute()
    assert tickets["ticket_id"].tolist() == ["T001", "T002", "T003"]
    assert tickets["category"].tolist() == FRAME["category"].tolist()
    assert tickets["created_at"].dt.strftime("%d %H").tolist() == ["01 10", "02 08", "03 10"]
    assert desk.fingerprint().value == reference[0]


@pytest.mark.parametrize(
    ("name", "content", "rule", "n_rows"),
    [
        ("tickets.csv", "", "empty_file", 1),
        ("tickets.csv", "\n\n", "empty_file", 1),
        ("tickets.csv", CSV + "T4,email\n", "too_few_fields", 1),
        ("tickets.csv", CSV + "T4,email,open,2026-03-01T10:00:00Z,a,b\n" * 2, "too_many_fields", 2),
        (
            "tickets.csv",
            CSV + 'T4,email,open,2026-03-01T10:00:00Z,"never closed\n',
            "broken_quotes",
            1,
        ),
        ("tickets.csv", CSV + 'T4,email,open,2026-03-01T10:00:00Z,"a"b\n', "broken_quotes", 1),
        ("tickets.csv", CSV.replace("login", "lo\0gin"), "nul_character", 1),
        ("tickets.csv", CSV.encode("utf-16-le"), "nul_character", 1),
        ("tickets.csv", CSV.replace("login", "Zürich").encode("latin-1"), "bad_encoding", 1),
        ("tickets.csv", CSV.replace("category", "status"), "duplicate_columns", 1),
        ("tickets.csv", "a,b\n1,2\n", "no_known_column", 1),
        ("tickets.csv.gz", gzip.compress(CSV.encode() * 50, mtime=0)[:-40], "truncated_file", 1),
        ("tickets.csv.gz", CSV, "truncated_file", 1),
        ("tickets.jsonl", '{"ticket_id": "T1"}\n{"ticket_id": \n[1]\n', "bad_json_line", 2),
        ("tickets.jsonl", "", "empty_file", 1),
        ("tickets.parquet", b"PAR1 and no more", "unreadable_file", 1),
        ("tickets.parquet", b"", "unreadable_file", 1),
        ("tickets/readme.txt", "no parts here", "no_parts", 1),
        ("tickets.xlsx", b"PK", "unknown_format", 1),
    ],
)
def test_a_broken_file_is_one_clear_fault(
    tmp_path: Path, name: str, content: str | bytes, rule: str, n_rows: int
) -> None:
    write(tmp_path, name, content)
    assert rules(tmp_path).get(rule) == n_rows
    with pytest.raises(DataError) as caught:
        open_desk(tmp_path)
    assert rule in str(caught.value)
    assert caught.value.faults is not None
    assert len(str(caught.value)) < 5000


@pytest.mark.parametrize("packed", [False, True])
def test_a_broken_line_is_a_fault_of_its_own_file_alone(tmp_path: Path, packed: bool) -> None:
    row = "T{},email,open,2026-03-01T10:00:00Z,a{}\n"
    lines = "".join(row.format(n, ",b" if n == 5 else "") for n in range(1, 6))
    tickets = f"{HEADER}\n{lines}".encode()
    name = "tickets.csv.gz" if packed else "tickets.csv"
    write(tmp_path, name, gzip.compress(tickets) if packed else tickets)
    surveys = "survey_id,ticket_id,kind,sent_at\n" + "".join(
        f"S{n},T{n},csat,2026-03-02T10:00:00Z\n" for n in (1, 2)
    )
    write(tmp_path, "surveys.csv", surveys)
    write(tmp_path, "customers.csv", "customer_id,signed_up_at\nC1\n")
    found = audit_desk(tmp_path).faults.query("rule.str.startswith('too_')")
    assert sorted(zip(found["table"], found["rule"], found["first_rows"], strict=True)) == [
        ("customers", "too_few_fields", "line 2"),
        ("tickets", "too_many_fields", "line 6"),
    ]


def test_a_truncated_parquet_file_is_a_fault(tmp_path: Path) -> None:
    FRAME.to_parquet(tmp_path / "tickets.parquet")
    whole = (tmp_path / "tickets.parquet").read_bytes()
    write(tmp_path, "tickets.parquet", whole[: len(whole) // 2])
    assert rules(tmp_path)["unreadable_file"] == 1


def events(folder: Path) -> Path:
    """Write a good table and one of several row groups; return the latter's file."""
    FRAME.to_parquet(folder / "tickets.parquet")
    rows = pd.DataFrame({"ticket_id": [f"T{n}" for n in range(4000)]})
    rows = rows.assign(actor="agent", kind="message", at=FRAME["created_at"].iloc[0])
    rows.to_parquet(folder / "events.parquet", row_group_size=500)
    return folder / "events.parquet"


def test_damage_beyond_the_first_rows_is_a_fault_of_that_table(tmp_path: Path) -> None:
    path = events(tmp_path)
    content = bytearray(path.read_bytes())
    start = content.index(b"T2500", 1)
    content[start - 200 : start + 200] = b"\xff" * 400
    path.write_bytes(content)
    faults = audit_desk(tmp_path).faults
    assert faults.query("rule == 'unreadable_file'")["table"].tolist() == ["events"]
    assert open_desk(tmp_path, strict=False).table_names == ("tickets",)
    with pytest.raises(DataError, match="events: unreadable_file"):
        open_desk(tmp_path)


def test_a_file_cut_between_finding_and_reading_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = events(tmp_path)
    found = opening.open_source

    def cut(*args: Any) -> Any:
        source = found(*args)
        path.write_bytes(path.read_bytes()[:2000])
        return source

    monkeypatch.setattr(opening, "open_source", cut)
    with pytest.raises(DataError, match=r"events: unreadable_file.*events\.parquet") as caught:
        open_desk(tmp_path)
    assert caught.value.faults is not None
    assert not caught.value.faults["what_to_do"].str.contains(str(tmp_path), regex=False).any()


def test_one_damaged_part_is_a_fault_that_names_it(tmp_path: Path) -> None:
    sound_folder(tmp_path, "parts")
    write(tmp_path, "tickets/part-1.parquet", b"PAR1")
    faults = audit_desk(tmp_path).faults
    text = faults.loc[faults["rule"] == "unreadable_file", "what_to_do"].iloc[0]
    assert "tickets/part-1.parquet" in text
    assert str(tmp_path) not in text


def test_rows_of_parts_are_named_by_their_part(tmp_path: Path) -> None:
    (tmp_path / "tickets").mkdir()
    FRAME.to_parquet(tmp_path / "tickets" / "part-0.parquet")
    other = FRAME.assign(ticket_id=["a", "b", "c"], channel=["email", "fax", "chat"])
    other.to_parquet(tmp_path / "tickets" / "part-1.parquet")
    faults = audit_desk(tmp_path).faults.query("rule == 'unknown_code'")
    assert faults["first_rows"].tolist() == ["part-1.parquet:2"]


def test_bad_bytes_are_shown_with_their_row_and_the_cure(tmp_path: Path) -> None:
    write(tmp_path, "tickets.csv", CSV.replace("login", "Zürich").encode("cp1252"))
    fault = audit_desk(tmp_path).faults.query("rule == 'bad_encoding'").iloc[0]
    assert fault["first_rows"] == "2"
    assert r"\xfc" in fault["what_to_do"]
    assert "encoding" in fault["what_to_do"]


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_a_declared_encoding_is_read(tmp_path: Path, encoding: str) -> None:
    write(tmp_path, "tickets.csv", CSV.replace("login", "Zürich").encode(encoding))
    write(tmp_path, "desk.toml", f'[files.tickets]\nencoding = "{encoding}"\n')
    assert "Zürich" in open_desk(tmp_path).table("tickets").category.execute().tolist()


def test_two_files_of_one_table_are_ambiguous(tmp_path: Path) -> None:
    sound_folder(tmp_path, "csv")
    sound_folder(tmp_path, "parquet")
    assert rules(tmp_path) == {"ambiguous_files": 2}


def test_a_folder_without_any_table_says_what_was_expected(tmp_path: Path) -> None:
    write(tmp_path, "notes.docx", b"x")
    with pytest.raises(DataError, match=r"tickets\.csv"):
        open_desk(tmp_path)
    assert rules(tmp_path, "note") == {"unknown_file": 1}


@pytest.mark.parametrize("name", ["nothing", "tickets.csv"])
def test_what_is_no_folder_is_refused_with_the_cure(tmp_path: Path, name: str) -> None:
    sound_folder(tmp_path, "csv")
    with pytest.raises(DataError, match="folder"):
        open_desk(tmp_path / name)


def test_a_header_without_rows_opens_with_a_warning(tmp_path: Path) -> None:
    write(tmp_path, "tickets.csv", HEADER + "\n")
    desk = open_desk(tmp_path)
    assert desk.table("tickets").count().execute() == 0
    assert desk.has("tickets", "channel")
    assert "no_rows" in rules(tmp_path, "warn")


def test_unknown_files_and_columns_are_named(tmp_path: Path) -> None:
    write(tmp_path, "tickets.csv", CSV.replace("category", "colour"))
    write(tmp_path, "ticketz.csv", "a\n1\n")
    audit = audit_desk(tmp_path)
    assert audit.tables["extra_columns"].tolist() == ["colour"]
    assert rules(tmp_path, "note") == {"unknown_file": 1, "extra_columns": 1}
    assert "tickets" in audit.faults.query("rule == 'unknown_file'")["what_to_do"].iloc[0]


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_that_may_not_be_read_is_a_fault(tmp_path: Path) -> None:
    sound_folder(tmp_path, "csv")
    (tmp_path / "tickets.csv").chmod(0)
    assert rules(tmp_path)["unreadable_file"] == 1


def test_quotes_inside_an_unquoted_field_lose_no_row(tmp_path: Path) -> None:
    write(tmp_path, "tickets.csv", CSV.replace("login", 'a 5" pipe'))
    assert 'a 5" pipe' in open_desk(tmp_path).table("tickets").category.execute().tolist()


def test_a_folder_with_pattern_letters_in_its_name_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "it's [new] *"
    folder.mkdir()
    sound_folder(folder, "parquet")
    write(folder, "customers.csv", "customer_id,market\nC1,DE\n")
    assert open_desk(folder).table_names == ("tickets", "customers")


def test_the_inputs_are_left_as_they_were(tmp_path: Path) -> None:
    sound_folder(tmp_path, "utf-16")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    open_desk(tmp_path).fingerprint()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_many_rows_keep_their_numbers(tmp_path: Path) -> None:
    lines = [f'T{i},email,open,2026-03-01T10:00:00Z,"a\n{i}"' for i in range(30_000)]
    lines[20_000] = "T20000,fax,open,2026-03-01T10:00:00Z,b"
    write(tmp_path, "tickets.csv", "\n".join([HEADER, *lines]))
    fault = audit_desk(tmp_path).faults.query("rule == 'unknown_code'").iloc[0]
    assert (fault["n_rows"], fault["first_rows"]) == (1, "20001")
