"""Start pages and comparisons, made from findings."""

import dataclasses
import json
from pathlib import Path

import nbformat
import pytest

from supportlab.reporting.assemble import Done, assemble
from supportlab.reporting.comparison import compare_slices
from supportlab.reporting.digest import finding_row, headlines, refusals
from supportlab.reporting.jobs import Failure, Outcome
from supportlab.reporting.page import report_page
from supportlab.reporting.registry import StudyNotebook
from supportlab.reporting.request import Plan, Request, Slice
from supportlab.reporting.signature import Signature
from supportlab.reporting.source import SourceFacts
from supportlab.results import Check, Finding, findings_json

STUDY = "data-readiness"
HOSTILE = "<script>alert(1)</script>"


def finding(**changes):
    known = {
        "id": "support.fcr",
        "study": STUDY,
        "question": "How often is one contact enough?",
        "estimand": "share of tickets settled at first contact",
        "unit": "proportion",
        "estimate": 0.7123,
        "ci_low": 0.69,
        "ci_high": 0.73,
        "ci_level": 0.95,
        "n": 1200,
    }
    return Finding(**{**known, **changes}).to_dict()


def refused(reason, **changes):
    known = {"estimate": None, "ci_low": None, "ci_high": None, "ci_level": None, "n": None}
    return finding(status="not_estimable", reason=reason, **known, **changes)


def done(tmp_path, by="", labels=(STUDY,), failure=None):
    path = tmp_path / "00-data-readiness.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# T & t")]), path)
    request = Request(
        (StudyNotebook(STUDY, path),), {"data": "desk"}, tmp_path, by, command="supportlab report"
    )
    plan = Plan(request, {STUDY: Signature("x.ipynb", {})}, {STUDY: {}})
    source = SourceFacts(
        HOSTILE, {"source": "desk", "fingerprint": "f", "tables": {}}, "2026-06-30", ("DE", "US")
    )
    outcomes = {label: Outcome(failure, 1.0) for label in labels}
    return Done(plan, source, outcomes, "2026-07-01T00:00:00Z", "2026-07-01T00:00:01Z")


def study_folder(folder: Path, tmp_path: Path, findings) -> None:
    (folder / STUDY).mkdir(parents=True)
    (folder / STUDY / "findings.json").write_text(findings_json(findings))
    source = tmp_path / "00-data-readiness.ipynb"
    (folder / STUDY / "notebook.ipynb").write_bytes(source.read_bytes())


def test_headlines_are_the_least_split_estimated_rows():
    rows = [
        finding(group={"market": "DE"}),
        finding(),
        refused("none", id="feedback.nps.level"),
        finding(id="churn.quality.effect", unit="hazard_ratio", group={"measure": "a"}),
        finding(id="churn.quality.effect", unit="hazard_ratio", group={"measure": "b"}),
    ]
    assert headlines(rows) == [rows[1], rows[3], rows[4]]


def test_a_finding_in_words_has_its_interval_verdict_and_failed_checks():
    effect = finding(
        id="empowerment.fcr.effect",
        estimate=0.031,
        ci_low=0.012,
        ci_high=0.05,
        ci_level=0.9,
        verdict="higher",
        group={"design": "rollout"},
        checks=(Check("Parallel before", False, "no"), Check("Other", True, "yes")),
    )
    row = finding_row(effect)
    assert row.estimate == "+3.1 points"
    assert row.interval == "90 %: +1.2 to +5.0"
    assert row.words == "Share of tickets settled at first contact (design rollout)"
    assert (row.verdict, row.warnings) == ("higher", ("Check failed: Parallel before",))
    assert finding_row(finding()).interval == "69.0 to 73.0"


@pytest.mark.parametrize(
    "name",
    [
        "payment.decline_rate.deviation",
        "payment.decline_rate.change",
        "payment.currency.roll_out",
        "feedback.theme.emerging",
    ],
)
def test_a_difference_of_shares_is_in_points(name):
    told = finding(id=name, estimate=0.031, ci_low=0.012, ci_high=0.05, verdict="higher")
    assert finding_row(told).estimate == "+3.1 points"


def test_refusals_are_gathered_by_reason():
    rows = [refused("no survey", group={"market": name}) for name in ("DE", "US")]
    (row,) = refusals(rows)
    assert (row.reason, row.n) == ("no survey", 2)


def test_an_index_escapes_names_and_says_what_failed(tmp_path):
    failure = Failure("ValueError", HOSTILE, 3)
    all_done = done(tmp_path, failure=failure)
    folder = tmp_path / "run"
    study_folder(folder, tmp_path, [])
    assemble(folder, Slice(), all_done)
    page = (folder / "index.html").read_text()
    assert "<script" not in page
    assert "This notebook failed" in page
    assert "cell 3: ValueError" in page
    manifest = json.loads((folder / "run.json").read_text())
    assert manifest["studies"][0]["status"] == "failed"
    assert list(manifest) == [
        "run_id", "started_at", "finished_at", "supportlab_version", "git_commit", "python",
        "platform", "packages", "data", "parameters", "seed", "studies", "contract_version",
    ]  # fmt: skip


def test_an_index_shows_headlines_and_reasons(tmp_path):
    all_done = done(tmp_path)
    folder = tmp_path / "run"
    rows = [finding(), refused("there is <b>no</b> survey", id="feedback.nps.level")]
    study_folder(folder, tmp_path, rows)
    assert assemble(folder, Slice(), all_done) == rows
    page = (folder / "index.html").read_text()
    for words in ("71.2 %", "69.0 to 73.0", "1,200", "T &amp; t", "&lt;b&gt;no&lt;/b&gt;"):
        assert words in page
    assert json.loads((folder / "findings.json").read_text()) == rows
    assert (folder / "findings.csv").read_text().splitlines()[1].startswith("support.fcr,")
    assert ",1200," in (folder / "findings.csv").read_text()


def test_the_run_id_follows_what_decides_the_content(tmp_path):
    first = done(tmp_path)
    later = dataclasses.replace(first, started_at="2027-01-01T00:00:00Z")
    other = dataclasses.replace(first, source=dataclasses.replace(first.source, as_of="2026-01-01"))
    assert first.run_id(Slice()) == later.run_id(Slice())
    assert first.run_id(Slice()) != other.run_id(Slice())
    assert first.run_id(Slice()) != first.run_id(Slice("market=DE", {"market": "DE"}, "market=DE"))


def test_slices_stand_side_by_side(tmp_path):
    parts = [Slice(f"market={name}", {"market": name}, f"market={name}") for name in ("DE", "US")]
    all_done = done(tmp_path, "market", [f"{part.name}/{STUDY}" for part in parts])
    found = [
        (parts[0], [finding(), finding(group={"market": "DE"}, n=1)]),
        (parts[1], [refused(HOSTILE)]),
    ]
    compare_slices(tmp_path, found, all_done)
    page = (tmp_path / "index.html").read_text()
    assert "<script" not in page
    assert page.count("<svg") == 1
    assert "Not estimable: &lt;script&gt;" in page
    merged = json.loads((tmp_path / "findings.json").read_text())
    assert [(row["group"], row["n"]) for row in merged] == [
        ({"market": "DE"}, 1200),
        ({"market": "US"}, None),
    ]
    lines = (tmp_path / "comparison.csv").read_text().splitlines()
    assert [line.split(",")[2] for line in lines] == ["market", "DE", "US"]
    slices = [item["slice"] for item in json.loads((tmp_path / "run.json").read_text())["studies"]]
    assert slices == ["market=DE", "market=US"]


def test_a_page_has_title_outline_hidden_code_and_pictures_with_words():
    output = nbformat.v4.new_output(
        "display_data",
        {"image/png": "aGVsbG8=", "text/plain": "x"},
        metadata={"image/png": {"alt": 'a "rising" line', "width": 400}},
    )
    book = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell("# The *title*\n\nQuestion?\n\n## Part one"),
            nbformat.v4.new_code_cell("a = 1"),
            nbformat.v4.new_code_cell("b = '</pre><script>'", outputs=[output]),
        ]
    )
    page = report_page(book, STUDY, {"Data": HOSTILE})
    assert page.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert "<h1>The title</h1>" in page
    assert '<a href="#part-one">Part one</a>' in page
    assert 'alt="a &#34;rising&#34; line"' in page or 'alt="a &quot;rising&quot; line"' in page
    assert page.count('<details class="code">') == 1
    assert "<script" not in page
    assert "default-src 'none'" in page
    assert 'class="skip"' in page
    assert page == report_page(book, STUDY, {"Data": HOSTILE})


@pytest.mark.parametrize("kind", ["image/svg+xml", "text/markdown", "text/plain"])
def test_other_outputs_are_shown_without_scripts(kind):
    text = f'<svg xmlns="http://www.w3.org/2000/svg">{HOSTILE}</svg>'
    output = nbformat.v4.new_output("display_data", {kind: text})
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x", outputs=[output])])
    page = report_page(book, STUDY, {})
    assert "<script" not in page


def test_a_start_page_says_codes_in_words_and_says_nothing_twice():
    told = finding(
        estimand="CSAT of tickets: approval needed against not, tenure_band 03-05",
        group={
            "outcome": "csat",
            "driver": "approval_requested",
            "versus": "none",
            "segment": "small_business",
            "tenure_band": "03-05",
        },
    )
    words = finding_row(told).words
    assert words == (
        "CSAT of tickets: approval needed against not, tenure band 03-05 (segment small business)"
    )
