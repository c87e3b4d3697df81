"""The import as a whole: reading files, row accounting, refusing, and putting in place."""

# An inline table of TOML stands on one line, however long.
# ruff: noqa: E501

from __future__ import annotations

import gzip
import hashlib
import json
import tomllib
from pathlib import Path

import pandas as pd
import pytest

from supportlab.desk.mapping import parse_mapping, run_import
from supportlab.errors import DataError, ParameterError

MAPPING = """
name = "small"
version = 1
notes = ["A note."]
[desk]
name = "Small desk"
as_of = { input = "data", latest = { from = "at", time = "local" } }
settings = { fcr_window_days = 5, surveys = { invitations = false } }
[times.local]
formats = ["iso"]
zone = "Europe/Berlin"
assumed = "nobody said"
[inputs.data]
files = ["data*"]
format = "FORMAT"
encoding = "ENCODING"
delimiter = "DELIMITER"
[tables.tickets]
input = "data"
drop = [
  { reason = "test ticket", where = [{ column = "kind", in = ["test"] }] },
  { reason = "no kind", where = [{ column = "kind", missing = true }] },
]
[tables.tickets.columns]
ticket_id = "id"
channel = { constant = "email" }
status = { constant = "open" }
created_at = { from = "at", time = "local" }
x_text = "text"
"""
ROWS = 'id,kind,at,text\n01,real,2026-03-01T12:00,"two\r\nlines, é"\n02,test,2026-07-01T12:00,b\n03,,,c\n'


def mapping(**changes: str) -> str:
    plain = {"FORMAT": "csv", "ENCODING": "utf-8", "DELIMITER": ","}
    text = MAPPING
    for name, value in {**plain, **changes}.items():
        text = text.replace(name, value)
    return text


def imported(
    tmp_path: Path, content: bytes, name: str = "data.csv", **changes: str
) -> pd.DataFrame:
    source = tmp_path / "source"
    source.mkdir(exist_ok=True)
    (source / name).write_bytes(content)
    run_import(parse_mapping(mapping(**changes), "small.toml"), source, tmp_path / "out")
    return pd.read_parquet(tmp_path / "out" / "tickets.parquet")


@pytest.mark.parametrize(
    ("content", "name", "changes"),
    [
        (ROWS.encode(), "data.csv", {}),
        (b"\xef\xbb\xbf" + ROWS.encode(), "data.csv", {}),
        (ROWS.encode("utf-16"), "data.csv", {}),
        (ROWS.encode("cp1252"), "data.csv", {"ENCODING": "cp1252"}),
        (gzip.compress(ROWS.encode(), mtime=0), "data.csv.gz", {}),
        (
            ROWS.replace(",", ";").replace("lines;", "lines,").encode(),
            "data.csv",
            {"DELIMITER": ";"},
        ),
        (
            (
                b'{"id": "01", "kind": "real", "at": "2026-03-01T12:00", "text": '
                b'"two\\r\\nlines, \xc3\xa9"}\n{"id": "02", "kind": "test"}\n{"id": "03", "kind": null}\n'
            ),
            "data.jsonl",
            {"FORMAT": "jsonl"},
        ),
        (
            (
                b'[{"id": "01", "kind": "real", "at": "2026-03-01T12:00", "text": '
                b'"two\\r\\nlines, \xc3\xa9"}, {"id": "02", "kind": "test"}, {"id": "03"}]'
            ),
            "data.json",
            {"FORMAT": "json"},
        ),
    ],
)
def test_the_same_table_from_every_form_of_file(
    tmp_path: Path, content: bytes, name: str, changes: dict[str, str]
) -> None:
    table = imported(tmp_path, content, name, **changes)
    assert table["ticket_id"].tolist() == ["01"]
    assert table["created_at"].tolist() == [pd.Timestamp("2026-03-01T11:00")]
    assert table["x_text"].tolist() == ["two\r\nlines, é"]


def test_parquet_with_types_and_several_files(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    frame = pd.DataFrame(
        {
            "id": [2**62 + 1, 2],
            "kind": ["real", "real"],
            "at": pd.to_datetime(["2026-03-01T12:00", "2026-03-02T12:00"]),
            "text": [None, "x"],
        }
    )
    frame.iloc[:1].to_parquet(source / "data1.parquet")
    frame.iloc[1:].to_parquet(source / "data2.parquet")
    run_import(parse_mapping(mapping(FORMAT="parquet"), "m.toml"), source, tmp_path / "out")
    table = pd.read_parquet(tmp_path / "out" / "tickets.parquet")
    assert sorted(table["ticket_id"]) == ["2", str(2**62 + 1)]


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"id,kind,at,text\n1,real\n2,real,2026-01-01T00:00,x\n", "ragged_rows"),
        (b"id,kind,at,text\n1,real,2026-01-01T00:00,x,more\n", "ragged_rows"),
        (b'id,kind,at,text\n1,real,2026-01-01T00:00,"never closed\n', "unclosed_quote ragged_rows"),
        (b"id,kind,at,text\n1,real,2026-01-01T00:00,\xff\n", "bad_encoding"),
        (b"", "empty_file"),
        (b"id;kind;at;text\n1;real;2026-01-01T00:00;x\n", "one_column"),
    ],
)
def test_files_that_cannot_be_read_whole_are_refused(
    tmp_path: Path, content: bytes, rule: str
) -> None:
    with pytest.raises(DataError) as caught:
        imported(tmp_path, content)
    assert caught.value.faults is not None
    assert set(caught.value.faults["rule"]) <= set(rule.split())
    assert not (tmp_path / "out").exists()


def test_the_folder_says_what_became_of_every_row(tmp_path: Path) -> None:
    imported(tmp_path, ROWS.encode())
    out = tmp_path / "out"
    assert sorted(path.name for path in out.iterdir()) == [
        "desk.toml",
        "import.json",
        "tickets.parquet",
    ]
    record = json.loads((out / "import.json").read_text(encoding="utf-8"))
    assert record["inputs"] == {"data": 3}
    assert record["tables"]["tickets"] == {
        "n_rows": 1,
        "blocks": [
            {
                "input": "data",
                "n_input": 3,
                "n_unpivoted": 0,
                "dropped": [
                    {"reason": "test ticket", "n_rows": 1},
                    {"reason": "no kind", "n_rows": 1},
                ],
                "n_collapsed": 0,
                "n_output": 1,
                "joins": [],
            }
        ],
    }
    sha = hashlib.sha256(ROWS.encode()).hexdigest()
    assert record["sources"] == [
        {"input": "data", "file": "data.csv", "bytes": len(ROWS.encode()), "sha256": sha}
    ]
    assert record["assumptions"] == ["times.local: zone Europe/Berlin is assumed: nobody said"]
    text = (out / "desk.toml").read_text(encoding="utf-8")
    assert "# A note." in text
    settings = tomllib.loads(text)
    assert settings.pop("as_of").isoformat() == "2026-07-01T10:00:00+00:00"
    assert settings == {
        "name": "Small desk",
        "timezone": "UTC",
        "fcr_window_days": 5,
        "surveys": {"invitations": False},
    }


def test_the_desk_opens_what_was_written(tmp_path: Path) -> None:
    from supportlab.desk import open_desk

    imported(tmp_path, ROWS.encode())
    desk = open_desk(tmp_path / "out")
    assert desk.name == "Small desk"
    assert desk.config.fcr_window_days == 5
    assert desk.table("tickets").count().execute() == 1


def test_a_second_import_gives_the_same_bytes_and_replaces_the_first(tmp_path: Path) -> None:
    lines = "".join(f"{n:05d},real,2026-01-01T{n % 24:02d}:00,t{n % 7}\n" for n in range(5000))
    content = ("id,kind,at,text\n" + lines).encode()
    found = []
    for _ in range(2):
        imported(tmp_path, content)
        paths = sorted((tmp_path / "out").iterdir())
        found.append({path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths})
    assert found[0] == found[1]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_failed_import_leaves_the_old_one(tmp_path: Path) -> None:
    imported(tmp_path, ROWS.encode())
    before = (tmp_path / "out" / "tickets.parquet").read_bytes()
    with pytest.raises(DataError):
        imported(tmp_path, ROWS.replace("2026-03-01T12:00", "01.03.2026").encode())
    assert (tmp_path / "out" / "tickets.parquet").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_folder_of_somebody_else_is_not_replaced(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(ParameterError, match=r"thesis\.txt"):
        imported(tmp_path, ROWS.encode())
    assert (out / "thesis.txt").is_file()
    loaded = parse_mapping(mapping(), "m.toml")
    run_import(loaded, tmp_path / "source", out, replace=True)
    assert sorted(path.name for path in out.iterdir())[0] == "desk.toml"
    with pytest.raises(ParameterError, match="would be"):
        run_import(loaded, tmp_path / "source", tmp_path, replace=True)
    assert (tmp_path / "source" / "data.csv").is_file()


def test_links_out_of_the_source_are_refused(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text(ROWS, encoding="utf-8")
    source = tmp_path / "source"
    source.mkdir()
    (source / "data.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(DataError, match="outside the source"):
        run_import(parse_mapping(mapping(), "m.toml"), source, tmp_path / "out")


def test_absent_columns_and_files_name_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        imported(tmp_path, ROWS.replace("kind", "Kind").replace("text", "txt").encode())
    told = str(caught.value)
    assert "no 'text'. Did you mean 'txt'?" in told
    assert "no 'kind'. Did you mean" in told
    with pytest.raises(DataError, match="no file fits 'data"):
        run_import(parse_mapping(mapping(), "m.toml"), tmp_path, tmp_path / "other" / "out")


@pytest.mark.parametrize(
    ("rows", "rule"),
    [
        ("01,real,,x\n", "missing_value"),
        (",real,2026-01-01T00:00,x\n", "missing_value"),
        ("01,real,2026-01-01T00:00,x\n01,real,2026-01-02T00:00,y\n", "duplicate_key"),
    ],
)
def test_tables_that_break_the_contract_are_not_put_in_place(
    tmp_path: Path, rows: str, rule: str
) -> None:
    with pytest.raises(DataError) as caught:
        imported(tmp_path, ("id,kind,at,text\n" + rows).encode())
    assert caught.value.faults is not None
    assert list(caught.value.faults["rule"]) == [rule]
    assert not (tmp_path / "out").exists()


def test_as_of_can_be_given(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "data.csv").write_bytes(ROWS.encode())
    loaded = parse_mapping(mapping(), "m.toml")
    run_import(loaded, source, tmp_path / "out", as_of="2026-03-31T02:00:00+02:00")
    settings = tomllib.loads((tmp_path / "out" / "desk.toml").read_text(encoding="utf-8"))
    assert settings["as_of"].isoformat() == "2026-03-31T00:00:00+00:00"
    with pytest.raises(ParameterError, match="no ISO 8601 time"):
        run_import(loaded, source, tmp_path / "out", as_of="31.3.2026")


def test_one_file_can_stand_for_the_source(tmp_path: Path) -> None:
    path = tmp_path / "anything.csv"
    path.write_bytes(ROWS.encode())
    result = run_import(parse_mapping(mapping(), "m.toml"), path, tmp_path / "out")
    assert result.record["sources"][0]["file"] == "anything.csv"
    assert result.lines()[0] == "tickets: 1 rows"
