"""Every operation of the mapping language, on small exports with known answers."""

# An inline table of TOML stands on one line, however long.
# ruff: noqa: E501

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from supportlab.desk.mapping import parse_mapping, run_import
from supportlab.errors import DataError

HEAD = """
name = "small"
version = 1
desk = { name = "Small desk" }
[inputs.data]
files = ["data.csv"]
missing = ["?"]
[times.utc]
formats = ["iso"]
zone = "UTC"
"""
TICKETS = """
[tables.tickets]
input = "data"
[tables.tickets.columns]
ticket_id = "id"
channel = { constant = "email" }
status = { constant = "open" }
created_at = { constant = "2026-01-01T00:00:00Z", time = "utc" }
"""


def imported(tmp_path: Path, mapping: str, **files: str) -> dict[str, pd.DataFrame]:
    """Write files, run the mapping text on them, return the tables that came out."""
    source = tmp_path / "source"
    source.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        stem, _, ending = name.rpartition("_")
        (source / f"{stem}.{ending}").write_text(text, encoding="utf-8", newline="")
    out = tmp_path / "out"
    run_import(parse_mapping(mapping, "small.toml"), source, out)
    return {path.stem: pd.read_parquet(path) for path in sorted(out.glob("*.parquet"))}


def x_values(tmp_path: Path, rules: dict[str, str], data: str) -> dict[str, list[Any]]:
    """Run rules as extra columns over a CSV file; missing is None."""
    lines = "\n".join(f"x_{name} = {rule}" for name, rule in rules.items())
    table = imported(tmp_path, HEAD + TICKETS + lines, data_csv=data)["tickets"]
    table = table.sort_values("ticket_id")
    return {
        name: [None if pd.isna(value) else value for value in table[f"x_{name}"]] for name in rules
    }


def faults_of(tmp_path: Path, mapping: str, **files: str) -> pd.DataFrame:
    """Return the faults with which an import stops."""
    with pytest.raises(DataError) as caught:
        imported(tmp_path, mapping, **files)
    assert caught.value.faults is not None, str(caught.value)
    return caught.value.faults


TEXT_CASES = {
    "plain": ('"a"', ["One", None, " x "]),
    "constant": ("{ constant = 5 }", ["5", "5", "5"]),
    "missing": ('{ from = "a", missing = ["One"] }', [None, None, " x "]),
    "strip": ('{ from = "a", strip = true }', ["One", None, "x"]),
    "upper": ('{ from = "a", case = "upper" }', ["ONE", None, " X "]),
    "prefix": ('{ from = "b", prefix = "zd-" }', ["zd-007", "zd-2", None]),
    "coalesce": ('{ coalesce = ["b", "a"] }', ["007", "2", " x "]),
    "concat": ('{ concat = ["b", "id"], separator = ":" }', ["007:1", "2:2", None]),
    "concat_one": ('{ concat = ["id"] }', ["1", "2", "3"]),
    "codes": ('{ from = "a", codes = { One = "1st" }, other = "rest" }', ["1st", None, "rest"]),
    "codes_to_missing": (
        '{ from = "b", codes = { "007" = "", "2" = "two" } }',
        [None, "two", None],
    ),
    "row": ('{ from = "_row", type = "int" }', [1, 2, 3]),
    "json": ('{ from = "j.via.channel" }', ["web", None, None]),
    "when_in": (
        '{ when = [{ where = [{ column = "a", in = ["One"] }], then = "b" }], otherwise = "id" }',
        ["007", "2", "3"],
    ),
    "when_missing": (
        '{ when = [{ where = [{ column = "b", missing = true }], then = { constant = "none" } }] }',
        [None, None, "none"],
    ),
    "when_not_in": (
        '{ when = [{ where = [{ column = "a", not_in = ["One"] }], then = { constant = "y" } }] }',
        [None, None, "y"],
    ),
    "when_same": (
        '{ when = [{ where = [{ column = "b", same_as = "id" }], then = { constant = "y" } }] }',
        [None, "y", None],
    ),
    "when_differs": (
        '{ when = [{ where = [{ column = "b", differs_from = "id" }], then = "id" }] }',
        ["1", None, None],
    ),
    "when_any": (
        (
            '{ when = [{ where = [{ any_of = [{ column = "b", missing = true }, '
            '{ column = "a", in = ["One"] }] }], then = { constant = "y" } }] }'
        ),
        ["y", None, "y"],
    ),
}


def test_texts_and_conditions(tmp_path: Path) -> None:
    """One import carries all cases: a case is a rule and what it makes of three rows."""
    data = 'id,a,b,j\n1,One,007,"{""via"": {""channel"": ""web""}}"\n2,?,2,\n3, x ,,not json\n'
    rules = {name: rule for name, (rule, _) in TEXT_CASES.items()}
    assert x_values(tmp_path, rules, data) == {n: want for n, (_, want) in TEXT_CASES.items()}


NUMBER_CASES = {
    "int": ('{ from = "n", type = "int" }', [90, None, -3]),
    "float": ('{ from = "f", type = "float" }', [1.5, None, 1000.0]),
    "seconds": ('{ from = "n", unit = "s", missing = ["-3"] }', [1.5, None, None]),
    "hours": ('{ from = "n", unit = "hours" }', [5400.0, None, -180.0]),
    "days": ('{ from = "n", unit = "days" }', [129600.0, None, -4320.0]),
    "milliseconds": ('{ from = "n", unit = "ms" }', [0.0015, None, -0.00005]),
    "comma": (
        '{ from = "c", number = { decimal = ",", thousands = "." }, type = "float" }',
        [1234.5, None, 7.0],
    ),
    "sum": ('{ sum_of = ["n", "n"], type = "int" }', [180, None, -6]),
    "true": ('{ from = "t", type = "bool" }', [True, None, False]),
    "yes": ('{ from = "y", is_true = ["ja"], is_false = ["nein"] }', [True, None, False]),
    "between": (
        '{ minutes_between = [{ from = "t1", time = "utc" }, { from = "t2", time = "utc" }] }',
        [90.5, None, None],
    ),
}


def test_numbers_durations_and_yes_or_no(tmp_path: Path) -> None:
    data = (
        "id,n,f,c,t,y,t1,t2\n"
        '1,90,1.5,"1.234,5",TRUE,ja,2026-01-01T00:00:00Z,2026-01-01T01:30:30Z\n'
        "2,?,?,?,?,?,?,2026-01-01T01:30:30Z\n"
        "3,-3,1e3,7,false,nein,,\n"
    )
    rules = {name: rule for name, (rule, _) in NUMBER_CASES.items()}
    assert x_values(tmp_path, rules, data) == {n: want for n, (_, want) in NUMBER_CASES.items()}


TIME_CASES = {
    "day_first": (
        '{ formats = ["%d/%m/%Y %H:%M"], zone = "UTC" }',
        "5/3/2016 12:00",
        "03-05 12:00",
    ),
    "two": (
        '{ formats = ["%d/%m/%Y %H:%M", "%d-%m-%Y %H:%M"], zone = "UTC" }',
        "05-03-2016 12:00",
        "03-05 12:00",
    ),
    "summer": ('{ formats = ["iso"], zone = "Europe/Berlin" }', "2016-07-01T00:00", "06-30 22:00"),
    "own": ('{ formats = ["iso"], zone = "Asia/Tokyo" }', "2016-07-01T00:00:00Z", "07-01 00:00"),
    "offset": ('{ formats = ["iso"] }', "2016-03-27T01:30:00+02:00", "03-26 23:30"),
    "pattern_offset": (
        '{ formats = ["%Y-%m-%dT%H:%M:%S.%f%z"] }',
        "2016-03-27T01:30:00.000-0330",
        "03-27 05:00",
    ),
    "half_day": (
        '{ formats = ["%d %b %Y %I:%M %p"], zone = "UTC" }',
        "05 Mar 2016 12:05 AM",
        "03-05 00:05",
    ),
    "s": ('{ epoch = "s" }', "1465000000", "06-04 00:26"),
    "s_fraction": ('{ epoch = "s" }', "1465000000.25", "06-04 00:26"),
    "ms": ('{ epoch = "ms" }', "1465000000123", "06-04 00:26"),
    "us": ('{ epoch = "us" }', "1465000000123456", "06-04 00:26"),
    "ns": ('{ epoch = "ns" }', "1465000000123456789", "06-04 00:26"),
    "per_row": ('{ formats = ["iso"], zone_from = "z" }', "2016-07-01T00:00", "06-30 22:00"),
    "named": (
        '{ formats = ["iso"], zone_from = "y", zone_names = { CEST = "Europe/Paris" } }',
        "2016-07-01T00:00",
        "06-30 22:00",
    ),
}


def test_times_of_every_form(tmp_path: Path) -> None:
    names = list(TIME_CASES)
    header = ",".join(["id", "z", "y", *names])
    row = ",".join(["1", "Europe/Berlin", "CEST", *(text for _, text, _ in TIME_CASES.values())])
    rules = {n: f'{{ from = "{n}", time = {how} }}' for n, (how, _, _) in TIME_CASES.items()}
    found = x_values(tmp_path, rules, f"{header}\n{row}\n")
    shown = {name: found[name][0].strftime("%m-%d %H:%M") for name in names}
    assert shown == {name: want for name, (_, _, want) in TIME_CASES.items()}


REFUSED_TIMES = {
    "month_first": ('{ formats = ["%d/%m/%Y"], zone = "UTC" }', "5/13/2016"),
    "no_such_day": ('{ formats = ["%d/%m/%Y"], zone = "UTC" }', "31/2/2016"),
    "short_year": ('{ formats = ["%d/%m/%Y"], zone = "UTC" }', "5/3/16"),
    "blank": ('{ formats = ["%d/%m/%Y"], zone = "UTC" }', " 5/3/2016"),
    "seconds_too": ('{ formats = ["%d/%m/%Y"], zone = "UTC" }', "5/3/2016 10:00"),
    "no_offset": ('{ formats = ["iso"] }', "2016-03-27T01:30:00"),
    "skipped_hour": ('{ formats = ["iso"], zone = "Europe/Berlin" }', "2026-03-29T02:30"),
    "wrong_unit": ('{ epoch = "s" }', "1465000000123"),
    "wrong_unit_too": ('{ epoch = "ms" }', "1465000000"),
    "zero": ('{ epoch = "s" }', "0"),
    "unknown_zone": ('{ formats = ["iso"], zone_from = "z" }', "2016-07-01T00:00"),
}


def test_times_that_do_not_fit_are_refused_together(tmp_path: Path) -> None:
    names = list(REFUSED_TIMES)
    header = ",".join(["id", "z", *names])
    row = ",".join(["1", "CEST", *(text for _, text in REFUSED_TIMES.values())])
    rules = "\n".join(
        f'x_{n} = {{ from = "{n}", time = {how} }}' for n, (how, _) in REFUSED_TIMES.items()
    )
    faults = faults_of(tmp_path, HEAD + TICKETS + rules, data_csv=f"{header}\n{row}\n")
    assert list(faults["table"]) == [f"tables.tickets[0].columns.x_{name}" for name in names]
    assert set(faults["rule"]) == {"not_time"}
    for text, told in zip(
        (t for _, t in REFUSED_TIMES.values()), faults["what_to_do"], strict=True
    ):
        assert repr(text) in told


def test_values_that_cannot_be_read_are_counted_with_examples(tmp_path: Path) -> None:
    rules = """
x_n = { from = "n", type = "int" }
x_b = { from = "n", type = "bool" }
x_c = { from = "c", codes = { red = "r" } }
x_m = { from = "n", type = "money" }
"""
    data = "id,n,c\n1,12.5,blue\n2,1,red\n3,x,blue\n4,0.123456,green\n"
    faults = faults_of(tmp_path, HEAD + TICKETS + rules, data_csv=data).set_index("table")
    at = "tables.tickets[0].columns."
    assert faults["n_rows"].to_dict() == {
        at + "x_n": 3,
        at + "x_b": 4,
        at + "x_c": 3,
        at + "x_m": 2,
    }
    assert faults.loc[at + "x_c", "rule"] == "unknown_code"
    assert "'blue' (2 times), 'green' (1 times)" in faults.loc[at + "x_c", "what_to_do"]
    assert faults.loc[at + "x_n", "first_rows"] == "rows 1, 3, 4"


def test_minor_units_follow_the_currency(tmp_path: Path) -> None:
    mapping = (
        HEAD
        + """
[tables.payments]
input = "data"
[tables.payments.columns]
attempt_id = "id"
attempted_at = { constant = "2026-01-01T00:00:00Z", time = "utc" }
status = { constant = "succeeded" }
presentment_currency = { from = "cur", case = "upper" }
amount = { from = "minor", minor_units = "cur", decimals = { ISK = 2 } }
"""
    )
    data = "id,cur,minor\n1,eur,1999\n2,JPY,1999\n3,KWD,1999\n4,ISK,1900\n5,USD,-5\n"
    table = imported(tmp_path, mapping, data_csv=data)["payments"].sort_values("attempt_id")
    assert [str(v) for v in table["amount"]] == [
        "19.9900",
        "1999.0000",
        "1.9990",
        "19.0000",
        "-0.0500",
    ]
    assert list(table["presentment_currency"]) == ["EUR", "JPY", "KWD", "ISK", "USD"]
    faults = faults_of(tmp_path / "b", mapping, data_csv="id,cur,minor\n1,EUX,1999\n2,EUR,19.99\n")
    assert set(faults["rule"]) == {"not_currency", "not_money"}
    assert faults.set_index("rule").loc["not_money", "n_rows"] == 2


def test_time_plus_a_duration(tmp_path: Path) -> None:
    rules = {"t": '{ from = "t", time = "utc", plus = { from = "ms", unit = "ms" } }'}
    data = "id,t,ms\n1,2026-01-01T00:00:00Z,90000\n2,2026-01-01T00:00:00Z,\n"
    found = x_values(tmp_path, rules, data)["t"]
    assert found == [pd.Timestamp("2026-01-01T00:01:30"), None]


HISTORY = HEAD.replace(
    'missing = ["?"]',
    'missing = ["?"]\nsequence = { by = ["id"], order = [{ from = "n", type = "int" }] }',
)
LOG = (
    "id,n,state,who,at,cost\n"
    "A,10,done,bob,2026-01-03T00:00:00Z,1.5\n"  # out of order in the file on purpose
    "A,2,open,?,2026-01-01T00:00:00Z,0.1\n"
    "A,9,done,ann,2026-01-02T00:00:00Z,0.2\n"
    "A,11,open,bob,2026-01-04T00:00:00Z,?\n"
    "A,12,?,bob,2026-01-04T12:00:00Z,?\n"
    "A,13,done,bob,2026-01-05T00:00:00Z,?\n"
    "A,14,shut,bob,2026-01-09T00:00:00Z,?\n"
    "B,1,open,?,2026-01-01T00:00:00Z,?\n"
)
AT = 'from = "at", time = "utc"'
ENTERS = 'where = [{ column = "state", enters = ["done", "shut"] }]'
COLLAPSE_CASES = {
    "first": ('{ from = "state", take = "first" }', ["open", "open"]),
    "last": ('{ from = "state", take = "last" }', ["shut", "open"]),
    "first_who": ('{ from = "who", take = "first" }', [None, None]),
    "first_known_who": ('{ from = "who", take = "first", skip_missing = true }', ["ann", None]),
    "last_of_done": (
        '{ from = "n", take = "last", where = [{ column = "state", in = ["done"] }] }',
        ["13", None],
    ),
    "first_done": (f'{{ {AT}, take = "first", {ENTERS} }}', ["2026-01-02", None]),
    "last_done": (f'{{ {AT}, take = "last", {ENTERS} }}', ["2026-01-05", None]),
    "left": (
        '{ take = "count", where = [{ column = "state", leaves = ["done", "shut"] }] }',
        [1, 0],
    ),
    "changes": ('{ take = "count", where = [{ column = "state", changes = true }] }', [4, 0]),
    "appears": ('{ take = "count", where = [{ column = "who", appears = true }] }', [1, 0]),
    "rows": ('{ take = "count" }', [7, 1]),
    "known": ('{ from = "who", take = "count" }', [6, 0]),
    "people": ('{ from = "who", take = "count_distinct" }', [2, 0]),
    "any": ('{ take = "any", where = [{ column = "who", in = ["ann"] }] }', [True, False]),
    "min": (f'{{ {AT}, take = "min" }}', ["2026-01-01", "2026-01-01"]),
    "max": ('{ from = "n", type = "int", take = "max" }', [14, 1]),
    "sum": ('{ from = "cost", type = "float", take = "sum" }', [1.8, None]),
    "fallback": (
        '{ coalesce = [{ from = "who", take = "last" }, { constant = "nobody" }] }',
        ["bob", "nobody"],
    ),
    "when": (
        (
            '{ take = "last", when = [{ where = [{ column = "who", in = ["bob"] }], '
            'then = { constant = "b" } }], otherwise = "state" }'
        ),
        ["b", "open"],
    ),
}


def test_collapse_of_a_log(tmp_path: Path) -> None:
    rules = "\n".join(f"x_{name} = {rule}" for name, (rule, _) in COLLAPSE_CASES.items())
    mapping = HISTORY + TICKETS.replace('input = "data"', 'input = "data"\ncollapse = true') + rules
    table = imported(tmp_path, mapping, data_csv=LOG)["tickets"].sort_values("ticket_id")
    found = {}
    for name in COLLAPSE_CASES:
        values = [None if pd.isna(v) else v for v in table[f"x_{name}"]]
        dates = [str(v.date()) if isinstance(v, pd.Timestamp) else v for v in values]
        found[name] = dates
    assert found == {name: want for name, (_, want) in COLLAPSE_CASES.items()}


def test_events_come_from_changes_of_state(tmp_path: Path) -> None:
    mapping = (
        HISTORY
        + """
[[tables.events]]
input = "data"
drop = [{ reason = "as before", unless = [{ column = "state", changes = true }] }]
columns = { ticket_id = "id", at = { from = "at", time = "utc" }, kind = { constant = "status" }, actor = { constant = "agent" }, value = "state" }
[[tables.events]]
input = "data"
drop = [
  { reason = "nobody", where = [{ column = "who", missing = true }] },
  { reason = "the same", unless = [{ any_of = [{ column = "who", changes = true }, { column = "who", appears = true }] }] },
]
columns = { ticket_id = "id", at = { from = "at", time = "utc" }, kind = { constant = "assignment" }, actor = { constant = "system" }, agent_id = "who" }
"""
    )
    table = imported(tmp_path, mapping, data_csv=LOG)["events"].sort_values(["kind", "at"])
    status = table[table["kind"] == "status"]
    # The row without a state is no change, and the one after it is compared with the one before.
    assert list(status["value"]) == ["done", "open", "done", "shut"]
    assert list(table[table["kind"] == "assignment"]["agent_id"]) == ["ann", "bob"]
    record = json.loads((tmp_path / "out" / "import.json").read_text())
    blocks = record["tables"]["events"]["blocks"]
    assert blocks[1]["dropped"] == [
        {"reason": "nobody", "n_rows": 2},
        {"reason": "the same", "n_rows": 4},
    ]
    assert [block["n_output"] for block in blocks] == [4, 2]


def test_views_joins_and_their_first_reply(tmp_path: Path) -> None:
    """The shape of a helpdesk API: tickets, users, comments, and the first public agent reply."""
    mapping = """
name = "api"
version = 1
desk = { name = "API" }
times = { api = { formats = ["iso"] } }
[inputs.tickets]
files = ["tickets.jsonl"]
format = "jsonl"
[inputs.users]
files = ["users.csv"]
[inputs.ratings]
files = ["ratings.csv"]
optional = true
[inputs.comments]
files = ["comments.jsonl"]
format = "jsonl"
explode = "comments"
[inputs.comments.sequence]
by = ["ticket_id"]
order = [{ from = "created_at", time = "api" }]
[views.first_reply]
input = "comments"
collapse = true
joins = [{ input = "users", alias = "author", on = { author_id = "id" } }]
drop = [
  { reason = "private", where = [{ column = "public", in = ["false"] }] },
  { reason = "not an agent", unless = [{ column = "author.role", in = ["agent"] }] },
]
columns = { ticket = "ticket_id", at = { from = "created_at", time = "api", take = "first" }, agent = { from = "author_id", take = "first" } }
[tables.tickets]
input = "tickets"
joins = [
  { input = "first_reply", alias = "reply", on = { id = "ticket" } },
  { input = "users", alias = "requester", on = { requester_id = "id" }, required = true },
  { input = "ratings", alias = "rating", on = { id = "ticket_id" } },
]
[tables.tickets.columns]
ticket_id = { from = "id", prefix = "t" }
customer_id = "requester_id"
agent_id = "reply.agent"
first_response_at = "reply.at"
language = "requester.locale"
channel = { from = "via.channel", codes = { web = "self_service" }, other = "other" }
status = { from = "status", codes = { new = "open", solved = "resolved" } }
created_at = { from = "created_at", time = "api" }
x_rating = "rating.score"
"""
    tickets = (
        '{"id": 12345678901234567, "requester_id": 1, "status": "new", '
        '"created_at": "2026-01-01T00:00:00Z", "via": {"channel": "web"}}\n'
        '{"id": 2, "requester_id": 2, "status": "solved", '
        '"created_at": "2026-01-01T00:00:00+01:00", "via": {"channel": "fax"}}\n'
    )
    page = {
        "comments": [
            {"ticket_id": 2, "author_id": 9, "public": True, "created_at": "2026-01-03T00:00:00Z"},
            {"ticket_id": 2, "author_id": 8, "public": True, "created_at": "2026-01-02T00:00:00Z"},
            {"ticket_id": 2, "author_id": 9, "public": False, "created_at": "2026-01-01T00:00:00Z"},
            {"ticket_id": 2, "author_id": 1, "public": True, "created_at": "2026-01-01T00:00:00Z"},
        ]
    }
    users = "id,role,locale\n1,end-user,pt-BR\n2,end-user,\n8,agent,de\n9,agent,de\n"
    files = {"tickets_jsonl": tickets, "users_csv": users, "comments_jsonl": json.dumps(page)}
    table = imported(tmp_path, mapping, **files)["tickets"].sort_values("ticket_id")
    assert list(table["ticket_id"]) == ["t12345678901234567", "t2"]
    assert [None if pd.isna(v) else v for v in table["agent_id"]] == [None, "8"]
    assert table["first_response_at"].iloc[1] == pd.Timestamp("2026-01-02")
    assert list(table["channel"]) == ["self_service", "other"]
    assert table["created_at"].iloc[1] == pd.Timestamp("2025-12-31T23:00:00")
    assert table["language"].iloc[0] == "pt-BR"
    assert table["x_rating"].isna().all()


JOIN = (
    HEAD
    + """
[inputs.more]
files = ["more.csv"]
"""
    + TICKETS.replace(
        'input = "data"',
        'input = "data"\njoins = [{ input = "more", alias = "m", on = { id = "key" }, CARD }]',
    )
)


@pytest.mark.parametrize(
    ("how", "more", "rule", "n_rows"),
    [
        ('cardinality = "many_to_one"', "key,v\n1,a\n1,b\n2,c\n", "join_multiplies", 2),
        ("required = true", "key,v\n1,a\n", "no_partner", 1),
        ('cardinality = "one_to_one"', "key,v\n1,a\n2,b\n3,c\n", "join_multiplies", 2),
    ],
)
def test_joins_that_break_their_promise(
    tmp_path: Path, how: str, more: str, rule: str, n_rows: int
) -> None:
    data = "id,a\n1,x\n2,y\n" if "one_to_one" not in how else "id,a\n1,x\n1,y\n"
    mapping = JOIN.replace("CARD", how)
    faults = faults_of(tmp_path, mapping, data_csv=data, more_csv=more)
    assert (faults["rule"][0], faults["n_rows"][0]) == (rule, n_rows)


def test_unpivot_makes_a_row_of_each_column(tmp_path: Path) -> None:
    mapping = (
        HEAD
        + """
[tables.surveys]
input = "data"
unpivot = { columns = ["csat", "nps"], name = "question", value = "answer" }
drop = [{ reason = "not asked", where = [{ column = "answer", missing = true }] }]
[tables.surveys.columns]
survey_id = { concat = ["id", "question"], separator = "-" }
kind = "question"
sent_at = { constant = "2026-01-01T00:00:00Z", time = "utc" }
score = "answer"
scale_max = { when = [{ where = [{ column = "question", in = ["nps"] }], then = { constant = 10 } }], otherwise = { constant = 5 } }
"""
    )
    table = imported(tmp_path, mapping, data_csv="id,csat,nps\n1,4,9\n2,?,0\n")["surveys"]
    rows = table.sort_values("survey_id")[["survey_id", "kind", "score", "scale_max"]]
    assert rows.to_numpy().tolist() == [
        ["1-csat", "csat", 4.0, 5.0],
        ["1-nps", "nps", 9.0, 10.0],
        ["2-nps", "nps", 0.0, 10.0],
    ]
    block = json.loads((tmp_path / "out" / "import.json").read_text())["tables"]["surveys"][
        "blocks"
    ][0]
    assert (block["n_input"], block["n_unpivoted"], block["n_output"]) == (2, 2, 3)
