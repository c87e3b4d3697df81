"""Names, CSV, HTML and cleaned notebooks: untrusted text in, safe text out."""

import csv
import io
import re

import nbformat
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supportlab.reporting.cells import reading_table
from supportlab.reporting.clean import clean_notebook, scrub
from supportlab.reporting.csvfiles import FORMULA_STARTS, csv_text
from supportlab.reporting.markup import table_html, table_text
from supportlab.reporting.names import slug
from supportlab.reporting.sanitize import markdown_html, sanitized

HOSTILE = "<script>alert(1)</script>"


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=200))
def test_a_slug_is_always_one_plain_file_name(text):
    name = slug(text)
    assert 0 < len(name) <= 80
    assert name.isascii()
    assert not name.startswith((".", "-"))
    assert not set(name) & set('/\\:*?"<>|\x00 ')


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(["", " ", *FORMULA_STARTS]), st.text(max_size=40))
def test_no_text_cell_is_a_formula(start, rest):
    text = start + rest
    frame = pd.DataFrame({"text": [text]}, dtype=object)
    (_, (cell,)) = [row or [""] for row in csv.reader(io.StringIO(csv_text(frame)))][:2]
    is_number = re.fullmatch(r"[+-][0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", cell)
    assert not cell.lstrip(" ").startswith(FORMULA_STARTS) or is_number
    assert "\x00" not in cell


def test_numbers_keep_all_their_digits():
    frame = pd.DataFrame({"x": [0.1 + 0.2, -1e-17, float("nan")], "n": [1, 2, 3], "b": [True] * 3})
    assert csv_text(frame) == ("x,n,b\n0.30000000000000004,1,true\n-1e-17,2,true\n,3,true\n")


@pytest.mark.parametrize(
    "html",
    [
        HOSTILE,
        "<img src=x onerror=alert(1)>",
        "<a href='javascript:alert(1)'>x</a>",
        "<a href=' java\nscript:alert(1)'>x</a>",
        "<svg onload=alert(1)></svg>",
        "<iframe src='https://example.org'></iframe>",
        "<style>@import url(https://example.org)</style>",
        "<p style='background:url(https://example.org)'>x</p>",
        "<img src='https://example.org/t.png'>",
        "<SCRIPT>alert(1)</SCRIPT >",
        "<scr<script>x</script>ipt>alert(1)</script>",
        "<form action='https://example.org'><input></form>",
        "<meta http-equiv=refresh content='0;url=https://example.org'>",
    ],
)
def test_shown_html_runs_nothing_and_loads_nothing(html):
    clean = sanitized(html).lower()
    for word in ("<script", "onerror", "onload", "javascript:", "<iframe", "<form", "<meta"):
        assert word not in clean
    assert 'src="http' not in clean
    assert "style" not in clean


@pytest.mark.parametrize("name", ["script", "style", "template", "svg"])
def test_what_a_dropped_element_holds_is_not_shown_as_text(name):
    assert sanitized(f"<p>a</p><{name}>hidden</{name}>") == "<p>a</p>"


def test_shown_tables_keep_what_helps_reading():
    html = '<table><caption>a</caption><tr><th scope="col" class="num">b</th></tr></table>'
    assert 'scope="col"' in sanitized(html)
    assert 'class="num"' in sanitized(html)


def test_markdown_escapes_html_and_numbers_equal_headings():
    taken: dict[str, int] = {}
    html, headings = markdown_html(f"# One\n\n{HOSTILE}\n\n## Same\n\n## Same", taken)
    assert "<script" not in html
    assert [level for level, _, _ in headings] == [2, 2, 2]
    assert [anchor for _, anchor, _ in headings] == ["one", "same", "same-2"]
    assert "http" not in markdown_html("![x](http://example.org/x.png)", {})[0]
    assert "javascript" not in markdown_html("[x](javascript:alert(1))", {})[0]


def test_long_tables_and_cells_are_bounded():
    frame = pd.DataFrame({"text": ["x" * 10_000] * 100})
    table = reading_table(frame)
    assert (len(table.rows), table.n_rows, table.n_hidden) == (40, 100, 60)
    assert len(table.rows[0][0]) <= 160


def test_a_reading_table_writes_units_and_drops_empty_reasons():
    frame = pd.DataFrame(
        {
            "month": ["2026-01"],
            "estimate": [12.34],
            "ci_low": [10.0],
            "ci_high": [None],
            "ci_level": [0.9],
            "unit": ["hours"],
            "reason": [""],
            "wait_minutes": [30.0],
            "is_open": [True],
            "p_value": [0.00001],
        }
    )
    table = reading_table(frame)
    assert table.headings == (
        "Month", "Estimate", "90 % interval", "Wait minutes", "Open", "p value",
    )  # fmt: skip
    assert table.rows == (("2026-01", "12.3 h", "10.0 or more", "30 min", "yes", "< 0.001"),)


COMPARED = pd.DataFrame(
    {
        "market": ["DE", "FR"],
        "estimate": [-0.058, 0.0312],
        "ci_low": [-0.071, 0.004],
        "ci_high": [-0.045, 0.058],
        "unit": ["proportion"] * 2,
        "naive": [-0.09104, 0.01],
        "shrunk": [-0.0777, 0.0],
        "shrunk_low": [-0.11, -0.02],
        "shrunk_high": [-0.05, 0.02],
        "before_rate": [0.12, 0.1],
        "two_way_difference": [-0.05, 0.02],
        "share_kept": [0.968, 1.0],
        "amount_foreign": [316866.54, 1e9],
        "dispersion": [1.89743, 0.5],
        "verdict": ["lower", "no_difference_shown"],
    }
)


def test_differences_have_signs_and_points_and_levels_have_not() -> None:
    table = reading_table(COMPARED)
    assert table.headings == (
        "Market", "Estimate", "95 % interval", "Naive", "Shrunk", "Shrunk range", "Before rate",
        "Two way difference", "Share kept", "Amount foreign", "Dispersion", "Verdict",
    )  # fmt: skip
    assert table.rows[0] == (
        "DE", "−5.8 points", "−7.1 to −4.5", "−9.1 points", "−7.8 points", "−11.0 to −5.0",
        "12.0 %", "−5.0 points", "96.8 %", "316,867", "1.9", "lower",
    )  # fmt: skip
    assert table.rows[1][-1] == "no difference shown"
    level = reading_table(COMPARED.drop(columns="verdict").assign(estimate=0.3))
    assert level.rows[0][1] == "30.0 %"
    ratio = reading_table(COMPARED.assign(unit="hazard_ratio", naive=1.23456, estimate=1.5))
    assert (ratio.rows[0][1], ratio.rows[0][3]) == ("1.50", "1.23")
    tickets = reading_table(COMPARED.assign(unit="per_1000", estimate=20.9, ci_low=16.5,
                                            ci_high=25.3, naive=25.5))  # fmt: skip
    assert tickets.rows[0][1:4] == ("+20.9 per 1,000", "+16.5 to +25.3", "+25.5 per 1,000")


REASONS = pd.DataFrame(
    {
        "metric": ["FCR", "CSAT"],
        "estimate": [0.5, None],
        "unit": ["proportion", None],
        "reason": [None, "There are <no> surveys with a score in this source."],
    }
)


def test_a_reason_stands_below_its_row_and_not_in_a_column():
    table = reading_table(REASONS)
    assert table.headings == ("Metric", "Estimate")
    assert table.reasons == ("", "There are <no> surveys with a score in this source.")
    rows = table_html(table, "t").split("<tbody>")[1].split("<tr")[1:]
    assert len(rows) == 3
    assert rows[2].startswith(' class="sl-why"><td colspan="2"')
    assert "<span>Reason: There are &lt;no&gt; surveys" in rows[2]
    assert 'class="sl-why"' in sanitized(table_html(table, "t"))
    assert table_text(table).splitlines()[-1].strip().startswith("Reason: There are <no> surveys")


def test_short_reasons_stay_in_their_column():
    table = reading_table(REASONS.assign(reason=["", "too few"]))
    assert (table.headings[-1], table.rows[1][-1], table.reasons) == ("Reason", "too few", ())


def test_an_executed_notebook_loses_what_differs_between_runs():
    output = nbformat.v4.new_output
    cell = nbformat.v4.new_code_cell(
        "x",
        id="random",
        metadata={"tags": ["injected-parameters"], "papermill": {"duration": 1.0}},
        outputs=[
            output("stream", name="stderr", text="w\n"),
            output("stream", name="stdout", text="10%\r100%\n"),
            output("stream", name="stdout", text="b\n"),
            output("display_data", {"text/plain": "in /home/me/desk/x.csv"}),
            output("error", ename="E", evalue="", traceback=["\x1b[31m/x/ipykernel_7/1.py\x1b[0m"]),
        ],
    )
    book = nbformat.v4.new_notebook(cells=[cell], metadata={"papermill": {"start_time": "now"}})
    clean_notebook(book, (("/home/me", "~"),))
    (cell,) = book.cells
    assert cell.id == "injected-parameters"
    assert "papermill" not in cell.metadata
    assert "papermill" not in book.metadata
    assert [item.get("name") for item in cell.outputs[:2]] == ["stdout", "stderr"]
    assert cell.outputs[0].text == "100%\nb\n"
    assert cell.outputs[2].data["text/plain"] == "in ~/desk/x.csv"
    assert cell.outputs[3].traceback == ["<cell>"]


def test_folders_of_this_machine_are_named_by_words():
    folders = (("/srv/desk/run", "run"), ("/srv/desk", "."))
    assert scrub("/srv/desk/run/a and /srv/desk/b", folders) == "run/a and ./b"


def test_a_method_of_all_rows_is_said_once_and_ends_are_joined():
    frame = pd.DataFrame(
        {
            "market": ["DE", "US"],
            "shrunk_rate": [0.38, 0.5],
            "shrunk_low_rate": [0.36, 0.4],
            "shrunk_high_rate": [0.404, 0.6],
            "method": ["Wilson", "Wilson"],
        }
    )
    table = reading_table(frame)
    assert table.headings == ("Market", "Shrunk rate", "Shrunk range")
    assert table.rows[0] == ("DE", "38.0 %", "36.0 to 40.4")
    assert table.note == "Method: Wilson."
    mixed = frame.assign(method=["Wilson", "t"])
    assert reading_table(mixed).headings[-1] == "Method"


def test_codes_are_said_in_words_and_empty_columns_are_left_out():
    frame = pd.DataFrame(
        {
            "outcome": ["fcr", "csat"],
            "versus": ["direct", "direct"],
            "n_arm": [2448, 2399],
            "estimate": [-0.057, -0.113],
            "ci_low": [-0.077, -0.149],
            "ci_high": [-0.037, -0.077],
            "unit": ["proportion"] * 2,
            "lowest": [None, None],
            "told_by": pd.Series([pd.NA, ""], dtype=object),
            "detectable": [0.0282, 0.0514],
            "per_ticket_with_authority": [0.0726, -0.0288],
            "own_weight": [0.381, 0.9],
            "naive_points_per_month": [0.0218, -0.297],
            "p_rest": [3.56e-06, 0.5],
            "p_value": [0.001, 0.2],
            "p_adjusted": [0.0119, 0.5],
            "gain": [0.0173, 0.0109],
            "gain_low": [0.00382, -0.00187],
            "gain_high": [0.0307, 0.0236],
            "is_apart": [True, False],
        }
    )
    table = reading_table(frame)
    assert table.headings == (
        "Outcome", "Estimate", "95 % interval", "Arm", "Detectable difference",
        "Per ticket with authority", "Own share", "Naive", "p against the rest", "p adjusted",
        "Gain", "Gain range", "Apart",
    )  # fmt: skip
    assert table.rows[0] == (
        "FCR", "−5.7 points", "−7.7 to −3.7", "2,448", "2.8 points", "+7.3 points", "38.1 %",
        "+0.02 points a month", "< 0.001", "0.012", "+1.7 points", "+0.4 to +3.1", "yes",
    )  # fmt: skip
    assert table.note == "Compared with: direct."


def test_a_row_that_says_itself_needs_no_codes_beside_it():
    frame = pd.DataFrame(
        {
            "measure": ["csat_bad", "reopened"],
            "title": ["a bad satisfaction score", "a reopened ticket"],
            "estimate": [1.8, 2.0],
            "unit": ["hazard_ratio"] * 2,
        }
    )
    assert reading_table(frame).headings == ("Measure", "Estimate")
    alike = reading_table(frame.assign(title="a bad ticket"))
    assert alike.headings == ("Measure", "Title", "Estimate")
    assert alike.rows[0][0] == "CSAT bad"
