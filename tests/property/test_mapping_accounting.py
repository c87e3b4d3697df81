"""Whatever the export, every row is put out, left out with a reason, or collapsed."""

from __future__ import annotations

import itertools
import json
import tempfile
from pathlib import Path

import pandas as pd
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from supportlab.desk.mapping import parse_mapping, run_import

MAPPING = """
name = "small"
version = 1
desk = { name = "Small" }
[inputs.data]
files = ["data.csv"]
missing = ["?"]
sequence = { by = ["id"], order = [{ from = "n", type = "int" }] }
[tables.tickets]
input = "data"
collapse = true
drop = [
  { reason = "no key", where = [{ column = "id", missing = true }] },
  { reason = "spam", where = [{ column = "state", in = ["spam"] }] },
]
[tables.tickets.columns]
ticket_id = "id"
channel = { constant = "email" }
status = { constant = "open" }
created_at = { constant = "2026-01-01T00:00:00Z", time = { formats = ["iso"] } }
x_rows = { take = "count", type = "int" }
x_first = { from = "state", take = "first" }
x_last = { from = "state", take = "last", skip_missing = true }
x_entries = { take = "count", type = "int", where = [{ column = "state", enters = ["done"] }] }
x_exits = { take = "count", type = "int", where = [{ column = "state", leaves = ["done"] }] }
[[tables.events]]
input = "data"
drop = [
  { reason = "no key", where = [{ column = "id", missing = true }] },
  { reason = "same", unless = [{ column = "state", changes = true }] },
]
columns = { ticket_id = "id", at = { constant = "2026-01-01T00:00:00Z", time = { formats = ["iso"] } }, kind = { constant = "status" }, actor = { constant = "agent" }, value = "state" }
"""  # noqa: E501 - TOML keeps an inline table on one line
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["A", "B", "C", "?"]),
        st.integers(0, 5),
        st.sampled_from(["open", "done", "spam", "?", ""]),
    ),
    min_size=1,
    max_size=25,
)


# An import takes a second or so, and the examples are small already: no shrinking.
@settings(max_examples=10, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(rows=ROWS)
def test_every_row_is_accounted_for_and_history_is_as_told(
    rows: list[tuple[str, int, str]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source"
        source.mkdir()
        lines = ["id,n,state", *(f"{key},{n},{state}" for key, n, state in rows)]
        (source / "data.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        out = Path(folder) / "out"
        run_import(parse_mapping(MAPPING, "m.toml"), source, out)
        record = json.loads((out / "import.json").read_text(encoding="utf-8"))
        tickets = pd.read_parquet(out / "tickets.parquet").set_index("ticket_id")
    for table in record["tables"].values():
        for block in table["blocks"]:
            dropped = sum(item["n_rows"] for item in block["dropped"])
            assert block["n_input"] == len(rows)
            assert len(rows) == dropped + block["n_collapsed"] + block["n_output"]
    expected = _by_hand(rows)
    assert sorted(tickets.index) == sorted(expected)
    for key, want in expected.items():
        found = {
            name: None if pd.isna(value) else value for name, value in tickets.loc[key].items()
        }
        assert {name: found[f"x_{name}"] for name in want} == want
    assert record["tables"]["events"]["n_rows"] == sum(_changes(rows).values())


def _histories(rows: list[tuple[str, int, str]]) -> dict[str, list[str | None]]:
    """States of each thing in order, ties in the order of the file, missing as None."""
    histories: dict[str, list[str | None]] = {}
    for key, _, state in sorted(rows, key=lambda row: row[1]):
        if key != "?":
            histories.setdefault(key, []).append(None if state in ("?", "") else state)
    return histories


def _changes(rows: list[tuple[str, int, str]]) -> dict[str, int]:
    changes = {}
    for key, states in _histories(rows).items():
        known = [state for state in states if state]
        changes[key] = sum(a != b for a, b in itertools.pairwise(known))
    return changes


def _by_hand(rows: list[tuple[str, int, str]]) -> dict[str, dict[str, object]]:
    expected: dict[str, dict[str, object]] = {}
    for key, states in _histories(rows).items():
        kept = [state for state in states if state != "spam"]
        if not kept:
            continue
        known = [state for state in states if state]
        before = [None, *known][: len(known)]
        expected[key] = {
            "rows": len(kept),
            "first": kept[0],
            "last": next((s for s in reversed(kept) if s), None),
            "entries": sum(b != "done" and s == "done" for b, s in zip(before, known, strict=True)),
            # A row that is dropped is not counted, but it is still what stood before the next.
            "exits": sum(b == "done" and s == "open" for b, s in zip(before, known, strict=True)),
        }
    return expected
