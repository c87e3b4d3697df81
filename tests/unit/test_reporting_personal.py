"""Addresses, telephone and card numbers are masked, figures never."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_notebook, new_output

from supportlab.format import format_count
from supportlab.reporting.clean import scrub
from supportlab.reporting.names import clean_text
from supportlab.reporting.personal import mask_exports, mask_notebook, masked
from supportlab.reporting.secrets import shape_of_secret


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.b+c@mail.example.org", "[e-mail]"),
        ("<jürgen@bücher.example>", "<[e-mail]>"),
        ("mail o'neil@example.co.uk, now", "mail [e-mail], now"),
        ("+49 171 5550199", "[phone]"),
        ("+49 (0)30 1234-5678", "[phone]"),
        ("+1 (555) 010-0199", "[phone]"),
        ("tel:+4915112345678.", "tel:[phone]."),
        ("call (555) 010-0199 or 555-010-0199", "call [phone] or [phone]"),
        ("030 1234567 oder 0171/5550199", "[phone] oder [phone]"),
        ("4929123456789015", "[card]"),
        ("4929 1234 5678 9015, 5500-0055-5555-5559", "[card], [card]"),
        ("3782 822463 10005", "[card]"),
    ],
)
def test_what_belongs_to_a_person_is_masked(text, expected):
    assert masked(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "4929123456789016",  # the check digit is wrong
        "order 4471-001234, #00012345",
        "2026-07-01T10:00:00Z",
        "0.4929123456789015",
        "1,234,567 of 12,345,678 (+12.3 points, -0.5 to +25.1)",
        "1234 5678 9012 3456 7890",
        "sha256 4929123456789015ab",
        "me@localhost, @property, a @ b.c",
        "10:00-12:30, 007, 00:00:01",
        "0.012 34567",
    ],
)
def test_what_is_a_figure_stays(text):
    assert masked(text) == text


@given(
    st.one_of(
        st.floats(allow_nan=False).map(repr),
        st.integers(-(10**12), 10**12).map(str),
        st.integers(0, 10**18).map(format_count),
        st.datetimes().map(lambda moment: moment.isoformat()),
    )
)
def test_no_number_and_no_date_of_a_table_is_masked(cell):
    assert masked(f"a,{cell},b") == f"a,{cell},b"
    assert masked(f"DE  {cell}  {cell}") == f"DE  {cell}  {cell}"


def test_everything_that_a_cell_shows_is_masked_and_its_source_stays(tmp_path):
    person = "planted@private.example"
    outputs = [
        new_output("stream", name="stdout", text=person),
        new_output("error", ename="ValueError", evalue=person, traceback=[person]),
        new_output(
            "display_data",
            data={"text/html": f"<b>{person}</b>", "image/png": "abcd", "image/svg+xml": person},
            metadata={"image/png": {"alt": person}},
        ),
    ]
    notebook = new_notebook(cells=[new_code_cell(f"x = '{person}'", outputs=outputs)])
    mask_notebook(notebook)
    assert person not in str(notebook.cells[0].outputs)
    assert person in notebook.cells[0].source
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "a.csv").write_text(f"x\n{person}\n")
    (tmp_path / "a.png").write_bytes(person.encode())
    mask_exports(tmp_path)
    assert (tmp_path / "tables" / "a.csv").read_text() == "x\n[e-mail]\n"
    assert (tmp_path / "a.png").read_bytes() == person.encode()


@pytest.mark.parametrize(
    "look", [masked, shape_of_secret, lambda text: scrub(text, ()), clean_text]
)
@pytest.mark.parametrize(
    "part", ["a", "4", "a@", "a://", "ipykernel_1/2", "1234 ", "+1 ", "eyJaaaaaaaaaa-", "\x1b["]
)
def test_a_long_text_of_anything_is_looked_through_at_once(look, part):
    """What is sought from every letter on would take hours, and a comment can be as long."""
    look(part * (300_000 // len(part)))
