"""What a mapping asks, what its user says, and one mapping laid over another."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from supportlab.desk.mapping import load_mapping, parse_mapping, run_import
from supportlab.desk.mapping.extending import laid_over
from supportlab.errors import DataError, ParameterError

MAPPING = """
name = "small"
version = 1
desk = { name = "Small" }
[asked.channel_codes]
what = "codes"
needed = true
why = "inferred"
meaning = "what each channel means"
example = '{ Mail = "email" }'
[asked.market]
what = "column"
why = "not documented"
meaning = "where the country stands"
example = '"Country"'
[asked.spam]
what = "list"
why = "your own choice"
meaning = "states that are spam"
example = '["junk"]'
[times.utc]
formats = ["iso"]
zone = "UTC"
[inputs.data]
files = ["data.csv"]
optional_columns = ["team", "language"]
[inputs.data.sequence]
by = ["info.id"]
order = [{ from = "row", type = "int" }]
[tables.tickets]
input = "data"
collapse = true
agree = ["kind"]
drop = [
  { reason = "spam", where = [{ column = "state", in = "$spam" }] },
  { reason = "test", where = [{ column = "state", begins = ["test-", "probe-"] }] },
]
[tables.tickets.columns]
ticket_id = { from = "info.id", take = "first" }
channel = { from = "kind", codes = "$channel_codes", take = "first" }
status = { constant = "open" }
created_at = { constant = "2026-01-01T00:00:00Z", time = "utc" }
market = { coalesce = [{ from = "$market", take = "first" }, { from = "info.country", take = "first" }] }
product = { from = "$market", take = "first" }
team_id = { from = "team", take = "first" }
language = { coalesce = [{ from = "language", take = "first" }, { constant = "pt" }] }
x_state = { from = "state", take = "last" }
"""  # noqa: E501 - TOML keeps an inline table on one line
SAID = '[said]\nchannel_codes = { Mail = "email", Call = "phone" }\n'
DATA = """row,info,kind,state,Country
2,"{""id"": ""1"", ""country"": ""DE""}",Mail,done,FR
1,"{""id"": ""1"", ""country"": ""DE""}",Mail,new,FR
3,"{""id"": ""2"", ""country"": ""DE""}",Call,junk,
4,"{""id"": ""3"", ""country"": ""DE""}",Call,test-1,
"""


def imported(tmp_path: Path, said: str, data: str = DATA) -> pd.DataFrame:
    source = tmp_path / "data.csv"
    source.write_text(data, encoding="utf-8")
    run_import(parse_mapping(MAPPING + said, "small.toml"), source, tmp_path / "out")
    table = pd.read_parquet(tmp_path / "out" / "tickets.parquet")
    return table.set_index("ticket_id")


def message(text: str) -> str:
    with pytest.raises(ParameterError) as caught:
        parse_mapping(text, "mine.toml")
    return str(caught.value)


def test_a_needed_answer_that_is_not_there_stops_the_import(tmp_path: Path) -> None:
    # The mapping by itself is sound, and its example is never used for data.
    assert parse_mapping(MAPPING, "small.toml").model.said == {}
    with pytest.raises(ParameterError) as caught:
        imported(tmp_path, "")
    text = str(caught.value)
    assert "channel_codes: what each channel means (inferred)" in text
    assert 'channel_codes = { Mail = "email" }' in text
    assert 'market = "Country"' in text
    assert not (tmp_path / "out").exists()


def test_what_rests_on_the_unsaid_is_left_out(tmp_path: Path) -> None:
    table = imported(tmp_path, SAID)
    assert table["market"].to_dict() == {"1": "DE", "2": "DE"}
    assert "product" not in table.columns
    assert table["x_state"].to_dict() == {"1": "done", "2": "junk"}


def test_what_is_said_stands_in_its_place(tmp_path: Path) -> None:
    table = imported(tmp_path, SAID + 'market = "Country"\nspam = ["junk"]\n')
    assert table["market"].to_dict() == {"1": "FR"}
    assert table["product"].to_dict() == {"1": "FR"}
    record = json.loads((tmp_path / "out" / "import.json").read_text(encoding="utf-8"))
    assert record["mapping"]["said"]["spam"] == ["junk"]
    (block,) = record["tables"]["tickets"]["blocks"]
    assert [item["n_rows"] for item in block["dropped"]] == [1, 1]


def test_columns_that_an_export_may_lack(tmp_path: Path) -> None:
    table = imported(tmp_path, SAID)
    # A column with nothing else to stand on is absent, not empty.
    assert "team_id" not in table.columns
    assert set(table["language"]) == {"pt"}
    record = json.loads((tmp_path / "out" / "import.json").read_text(encoding="utf-8"))
    assert record["absent_columns"] == {"data": ["team", "language"]}
    with_team = DATA.replace("Country\n", "Country,team\n").replace("FR\n", "FR,T9\n")
    with_team = with_team.replace(",junk,\n", ",junk,,\n").replace("test-1,\n", "test-1,,\n")
    again = imported(tmp_path, SAID, with_team)
    assert again["team_id"].dropna().to_dict() == {"1": "T9"}


def test_rows_of_one_thing_that_do_not_agree_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        imported(tmp_path, SAID, DATA.replace("Mail,new", "Call,new"))
    assert caught.value.faults is not None
    (fault,) = caught.value.faults.to_dict("records")
    assert (fault["rule"], fault["column"]) == ("rows_disagree", "kind")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("[said]\nmarkt = 'x'\n", "said.markt: is not asked. Did you mean 'market'?"),
        ("[said]\nmarket = ['x']\n", "said.market: must be the name of a column"),
        ("[said]\nspam = 'junk'\n", "said.spam: must be a list of texts"),
        ("[said]\nchannel_codes = 'x'\n", "said.channel_codes: must be a table of text = code"),
        ("[said]\nchannel_codes = { Mail = 'emal' }\n", "'emal' is no known code"),
    ],
)
def test_answers_are_checked(said: str, expected: str) -> None:
    assert expected in message(MAPPING + said)


def test_a_reference_to_no_question_and_an_example_that_is_none() -> None:
    assert "'$markt' is not asked. Did you mean 'market'?" in message(
        MAPPING.replace('product = { from = "$market"', 'product = { from = "$markt"')
    )
    assert "asked.market.example: must be an answer as TOML" in message(
        MAPPING.replace("""'"Country"'""", "'Country'")
    )


def test_without_questions_a_dollar_is_a_letter(tmp_path: Path) -> None:
    source = tmp_path / "data.csv"
    source.write_text("id,$market\n1,a\n", encoding="utf-8")
    text = """
name = "small"
version = 1
desk = { name = "Small" }
inputs = { data = { files = ["data.csv"] } }
[tables.tickets]
input = "data"
[tables.tickets.columns]
ticket_id = "id"
channel = { constant = "email" }
status = { constant = "open" }
created_at = { constant = "2026-01-01T00:00:00Z", time = { formats = ["iso"] } }
product = "$market"
"""
    run_import(parse_mapping(text, "small.toml"), source, tmp_path / "out")
    assert pd.read_parquet(tmp_path / "out" / "tickets.parquet")["product"].tolist() == ["a"]


def test_laying_one_mapping_over_another() -> None:
    base = {
        "version": 1,
        "times": {"t": {"formats": ["iso"], "zone": "UTC"}},
        "codes": {"c": {"a": "1"}},
        "tables": {"x": {"input": "i", "drop": [1], "columns": {"p": {"from": "a"}, "q": "b"}}},
    }
    own = {
        "times": {"t": {"epoch": "s"}},
        "codes": {"c": {"b": "2"}},
        "tables": {"x": {"drop": [], "columns": {"p": {"constant": "z"}}}},
    }
    assert laid_over(base, own) == {
        "version": 1,
        "times": {"t": {"epoch": "s"}},
        "codes": {"c": {"a": "1", "b": "2"}},
        "tables": {"x": {"input": "i", "drop": [], "columns": {"p": {"constant": "z"}, "q": "b"}}},
    }


def test_only_a_shipped_mapping_can_be_extended(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text(MAPPING, encoding="utf-8")
    mine = tmp_path / "mine.toml"
    mine.write_text('extends = "../base.toml"\n', encoding="utf-8")
    with pytest.raises(ParameterError, match="no mapping that comes with supportlab"):
        load_mapping(mine)


def test_the_record_names_both_files_of_an_extended_mapping(tmp_path: Path) -> None:
    loaded = parse_mapping('extends = "servicenow"\nname = "ours"\n', "ours.toml")
    assert loaded.model.name == "ours"
    assert loaded.model.inputs.keys() == load_mapping("servicenow").model.inputs.keys()
    assert loaded.extends_sha256 == load_mapping("servicenow").sha256
    assert loaded.sha256 != loaded.extends_sha256
