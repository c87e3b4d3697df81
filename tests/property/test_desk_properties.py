"""Properties of the contract over generated sources."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from supportlab.desk import audit_desk, open_desk

# Each example opens whole sources; few large ones find what many small ones would.
FEW = settings(max_examples=8, deadline=None)

TEXT = st.text(
    st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\0"), max_size=12
) | st.sampled_from(["NULL", "NA", 'say "hi"', "a,b", "two\nlines", "two\r\nlines", "; | \t", "'"])
TIMES = st.datetimes(pd.Timestamp("2020-01-01"), pd.Timestamp("2026-01-01")).map(
    lambda time: time.replace(microsecond=0)
)
ROW = st.fixed_dictionaries(
    {
        "channel": st.sampled_from(["email", "chat", "phone"]),
        "status": st.sampled_from(["open", "closed", "spam"]),
        "created_at": TIMES,
        "market": st.sampled_from(["DE", "BR", "JP"]) | st.none(),
        "category": TEXT | st.none(),
        "reopened_count": st.integers(0, 10**6) | st.none(),
        "issue_value": st.decimals(-(10**6), 10**6, places=2) | st.none(),
        "escalated": st.booleans() | st.none(),
    }
)


@st.composite
def tickets(draw: Any) -> pd.DataFrame:
    rows = draw(st.lists(ROW, min_size=1, max_size=15))
    frame = pd.DataFrame(rows, columns=list(rows[0]))
    frame.insert(0, "ticket_id", [f"{i:03d}" for i in range(len(rows))])
    frame["issue_currency"] = "EUR"
    frame["reopened_count"] = frame["reopened_count"].astype("Int64")
    return frame


def write(folder: Path, frame: pd.DataFrame, form: str) -> Path:
    times = pd.to_datetime(frame["created_at"]).dt.tz_localize("UTC")
    if form == "parquet":
        frame.assign(created_at=times).to_parquet(folder / "tickets.parquet")
        return folder
    texts = frame.assign(created_at=times.dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
    if form == "csv":
        texts.to_csv(folder / "tickets.csv", index=False)
    else:
        texts["issue_value"] = texts["issue_value"].astype("string")
        text = texts.to_json(orient="records", lines=True)
        (folder / "tickets.jsonl").write_text(text, encoding="utf-8")
    return folder


@FEW
@given(tickets(), st.randoms(use_true_random=False))
def test_form_and_order_do_not_matter_and_no_row_is_lost(
    frame: pd.DataFrame, chance: random.Random
) -> None:
    rows = list(range(len(frame)))
    columns = list(frame.columns)
    chance.shuffle(rows)
    chance.shuffle(columns)
    changed = frame.iloc[rows][columns].assign(colour="red")
    seen = []
    for form, content in (("csv", frame), ("parquet", changed), ("jsonl", changed)):
        with tempfile.TemporaryDirectory() as name:
            desk = open_desk(write(Path(name), content, form))
            table = desk.table("tickets").order_by("ticket_id").execute()
            assert table["ticket_id"].tolist() == frame["ticket_id"].tolist()
            assert (table["created_at"] == frame["created_at"]).all()
            given_text = frame["category"].map(lambda value: value or None)
            assert table["category"].fillna("").tolist() == given_text.fillna("").tolist()
            seen.append(desk.fingerprint())
    assert seen[0] == seen[1] == seen[2]
    assert seen[0].tables["tickets"]["rows"] == len(frame)


@FEW
@given(tickets(), st.data())
def test_any_changed_cell_changes_the_fingerprint(frame: pd.DataFrame, data: Any) -> None:
    row = data.draw(st.integers(0, len(frame) - 1))
    other = frame.copy()
    value = other.loc[row, "category"]
    other.loc[row, "category"] = f"{value or ''}x"
    values = []
    for content in (frame, other, pd.concat([frame, frame.iloc[[row]]])):
        with tempfile.TemporaryDirectory() as name:
            folder = write(Path(name), content, "parquet")
            values.append(open_desk(folder, strict=False).fingerprint().value)
    assert len(set(values)) == 3


BROKEN = {
    "channel": ("fax", "unknown_code"),
    "status": ("", "missing_value"),
    "created_at": ("01/02/2026", "not_iso_time"),
    "market": ("dE", "unknown_market"),
    "reopened_count": ("x", "not_an_integer"),
    "issue_value": ("1.234,5", "not_an_amount"),
    "issue_currency": ("", "missing_currency"),
    "escalated": ("2", "not_a_boolean"),
}


@FEW
@given(tickets(), st.data())
def test_every_broken_row_is_found_and_counted(frame: pd.DataFrame, data: Any) -> None:
    column = data.draw(st.sampled_from(sorted(BROKEN)))
    chosen = sorted(data.draw(st.sets(st.integers(0, len(frame) - 1), min_size=1)))
    value, rule = BROKEN[column]
    frame["issue_value"] = frame["issue_value"].fillna(1)
    with tempfile.TemporaryDirectory() as name:
        folder = write(Path(name), frame, "csv")
        text = pd.read_csv(folder / "tickets.csv", dtype=str, keep_default_na=False)
        text.loc[chosen, column] = value
        text.to_csv(folder / "tickets.csv", index=False)
        before = (folder / "tickets.csv").read_bytes()
        faults = audit_desk(folder).faults
        assert (folder / "tickets.csv").read_bytes() == before
    stops = faults[faults["severity"] == "stop"]
    assert stops[["rule", "n_rows"]].to_numpy().tolist() == [[rule, len(chosen)]]
    assert stops["first_rows"].iloc[0] == ", ".join(str(row + 1) for row in chosen[:5])
