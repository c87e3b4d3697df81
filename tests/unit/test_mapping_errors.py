"""A wrong mapping is refused with all its errors at once, and no mapping can run code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from supportlab.desk.mapping import load_mapping, parse_mapping, shipped_mappings
from supportlab.errors import ParameterError

GOOD = """
name = "small"
version = 1
desk = { name = "Small" }
[times.utc]
formats = ["iso"]
zone = "UTC"
[inputs.data]
files = ["data.csv"]
[tables.tickets]
input = "data"
[tables.tickets.columns]
ticket_id = "id"
channel = { constant = "email" }
status = { constant = "open" }
created_at = { from = "at", time = "utc" }
"""


def message(text: str, label: str = "small.toml") -> str:
    with pytest.raises(ParameterError) as caught:
        parse_mapping(text, label)
    return str(caught.value)


def test_a_good_mapping_is_taken() -> None:
    assert parse_mapping(GOOD, "small.toml").model.name == "small"


def test_every_shipped_mapping_is_valid_and_named_as_its_file() -> None:
    assert {load_mapping(name).model.name for name in shipped_mappings()} == set(shipped_mappings())


def test_errors_of_all_kinds_come_together() -> None:
    text = """
name = "bad"
version = "one"
desk = { name = "Bad", settings = { fcr_window_day = 3, fcr_window_days = -1, timezone = "UTC" } }
[times.t]
formats = ["%d/%m/%Y", "%m/%d/%Y", "%Q"]
zone = "Europe/Berln"
[inputs.data]
files = ["../up.csv", "data.csv"]
delimeter = ";"
encoding = "utf-9"
[tables.tickts]
input = "data"
columns = { ticket_id = "id" }
[tables.tickets]
input = "dat"
collapse = true
[tables.tickets.columns]
ticket_id = { from = "id", constant = "x" }
chanel = "c"
channel = { from = "c", codes = { Phone = "telephone" } }
created_at = "at"
closed_at = { from = "at", time = "tt", take = "first" }
priority = { from = "p", take = "firstt" }
issue_value = { from = "v", take = "last" }
market = { from = "m", take = "first", codess = { Germany = "DE" } }
"""
    told = message(text)
    for part in (
        "version: must be a whole number, without quotes; came 'one'",
        "desk.settings.fcr_window_day: no key of desk.toml. Did you mean 'fcr_window_days'?",
        "desk.settings.fcr_window_days: Input should be greater than or equal to 1; came -1",
        "desk.settings.timezone: is written by the import itself",
        "times.t.formats[2]: the directive %Q is not known",
        "times.t.formats: '%d/%m/%Y' and '%m/%d/%Y' read the same text as two different days",
        "inputs.data.files[0]: files are named inside the source folder",
        "inputs.data.delimeter: unknown key 'delimeter'. Did you mean 'delimiter'?",
        "inputs.data.encoding: 'utf-9' is no known encoding",
        "tables.tickts: no canonical table. Did you mean 'tickets'?",
        "tables.tickets[0].input: no input or view 'dat' above. Did you mean 'data'?",
        "tables.tickets[0].columns.ticket_id: exactly one of from, constant",
        (
            "tables.tickets[0].columns.chanel: no column of tickets, nor begins with x_. "
            "Did you mean 'channel'?"
        ),
        (
            "tables.tickets[0].columns.channel.codes['Phone']: 'telephone' is no known code. "
            "Did you mean 'phone'?"
        ),
        "tables.tickets[0].columns.created_at: a time needs `time`",
        (
            "tables.tickets[0].columns.closed_at.time: 'tt' is not defined in this file. "
            "Did you mean 't'?"
        ),
        "tables.tickets[0].columns.priority.take: Input should be 'first', 'last'",
        "tables.tickets[0].columns.issue_value: an amount needs its currency",
        "tables.tickets[0].columns.market.codess: unknown key 'codess'. Did you mean 'codes'?",
        "tables.tickets[0].columns: tickets needs 'status', which no rule produces",
    ):
        assert part in told, f"{part!r} is not in:\n{told}"


# What is replaced by what, and what is told.
CASES = {
    "zone": ('formats = ["iso"]\nzone = "UTC"', 'formats = ["%d.%m.%Y"]', "carry no offset"),
    "both": ('zone = "UTC"', 'zone = "UTC"\nepoch = "s"', "either `formats` or `epoch`"),
    "pattern": ('["iso"]', '["%d.%m %H:%M"]', "year (%Y or %y), month"),
    "take": ('ticket_id = "id"', 'ticket_id = { from = "id", take = "first" }', "collapsed"),
    "no source": ('ticket_id = "id"', 'ticket_id = { case = "upper" }', "came none"),
    "other": (
        'ticket_id = "id"',
        'ticket_id = { from = "id", other = "x" }',
        "goes with `codes`",
    ),
    "outside": (
        'ticket_id = "id"',
        'ticket_id = { coalesce = ["id"], strip = true }',
        "inside the rules of `coalesce`",
    ),
    "wrong type": (
        'ticket_id = "id"',
        'ticket_id = { from = "id", unit = "s" }',
        "does not go with the type key",
    ),
    "collapse": ('input = "data"\n', 'input = "data"\ncollapse = true\n', "`sequence`"),
    "two tests": (
        "[tables.tickets.columns]",
        (
            'drop = [{ reason = "r", where = [{ column = "a", in = ["x"], missing = true }] }]\n'
            "[tables.tickets.columns]"
        ),
        "exactly one of in, not_in",
    ),
    "drop": (
        "[tables.tickets.columns]",
        'drop = [{ reason = "r" }]\n[tables.tickets.columns]',
        "either `where` or `unless`",
    ),
    "as_of": ('name = "Small"', 'name = "Small", as_of = "2026-01-01"', "with its offset"),
    "constant": (
        'constant = "open"',
        'constant = "opened"',
        "'opened' is no known code. Did you mean 'open'?",
    ),
    "join": (
        "[tables.tickets.columns]",
        'joins = [{ input = "users", alias = "u", on = { a = "b" } }]\n[tables.tickets.columns]',
        "no input or view 'users' above",
    ),
    "required": ('status = { constant = "open" }\n', "", "needs 'status'"),
}


@pytest.mark.parametrize("name", list(CASES))
def test_each_error_is_told(name: str) -> None:
    old, new, told = CASES[name]
    assert old in GOOD
    assert told in message(GOOD.replace(old, new, 1))


@pytest.mark.parametrize(
    "path",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "~/secrets.csv",
        "C:/data.csv",
        "..\\\\up.csv",
        "a/../../b.csv",
        "**/x.csv",
    ],
)
def test_files_outside_the_source_are_refused(path: str) -> None:
    assert "inputs.data.files[0]" in message(GOOD.replace('"data.csv"', f'"{path}"'))


@pytest.mark.parametrize(
    "rule",
    [
        "{ eval = \"__import__('os').system('touch owned')\" }",
        '{ sql = "select 1" }',
        '{ from = "id", python = "__import__" }',
    ],
)
def test_there_is_no_key_that_runs_code(rule: str) -> None:
    assert "unknown key" in message(GOOD.replace('ticket_id = "id"', f"ticket_id = {rule}"))


def test_yaml_cannot_make_objects(tmp_path: Path) -> None:
    mark = tmp_path / "owned"
    text = f"name: !!python/object/apply:os.system ['touch {mark}']\n"
    assert "is not valid YAML" in message(text, "bad.yaml")
    assert not mark.exists()


def test_yaml_says_the_same_as_toml() -> None:
    import tomllib

    text = yaml.safe_dump(tomllib.loads(GOOD))
    assert parse_mapping(text, "small.yml").model == parse_mapping(GOOD, "small.toml").model


def test_yaml_no_for_norway_is_told() -> None:
    text = """
name: small
version: 1
desk: {name: Small}
inputs: {data: {files: [data.csv]}}
tables:
  tickets:
    input: data
    columns:
      ticket_id: id
      market: {from: land, codes: {Norge: NO}}
      channel: {constant: email}
      status: {constant: open}
      created_at: {from: at, time: {formats: [iso]}}
"""
    assert "market.codes.Norge: must be text; put it in quotes; came False" in message(
        text, "a.yml"
    )


def test_deep_nesting_is_refused_not_a_crash() -> None:
    rule = '"id"'
    for _ in range(40):
        rule = f"{{ coalesce = [{rule}] }}"
    assert "deep in each other" in message(GOOD.replace('ticket_id = "id"', f"ticket_id = {rule}"))


def test_an_unknown_name_of_a_mapping_names_the_nearest() -> None:
    with pytest.raises(ParameterError, match="Did you mean 'servicenow'"):
        load_mapping("servicnow")


def test_a_file_that_is_no_toml_is_told(tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    path.write_text("a = = 1", encoding="utf-8")
    with pytest.raises(ParameterError, match="not valid TOML"):
        load_mapping(path)
    with pytest.raises(ParameterError, match="cannot be read"):
        load_mapping(tmp_path / "absent.toml")


def test_the_page_holds_the_reference_of_today(repository: Path) -> None:
    from supportlab.desk.mapping.reference import with_reference

    page = (repository / "docs" / "mappings.md").read_text(encoding="utf-8")
    assert page == with_reference(page), "run: python -m supportlab.desk.mapping docs/mappings.md"
    assert page.count("| `from` |") == 1


def test_the_command_tells_wrong_mappings_by_status_2(tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    path.write_text(GOOD.replace("constant", "konstant"), encoding="utf-8")
    code = "from supportlab.cli import main; import sys; main(sys.argv[1:])"
    command = [sys.executable, "-c", code, "import", str(path), str(tmp_path)]
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "out")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "unknown key 'konstant'. Did you mean 'constant'?" in done.stderr
    assert "Traceback" not in done.stderr
