"""What a notebook shows and exports."""

import json
from datetime import datetime
from types import SimpleNamespace

import pandas as pd
import pytest
from matplotlib.figure import Figure

import supportlab as sl
from supportlab.errors import ParameterError
from supportlab.reporting import recorder
from supportlab.results import Check, Definition, Estimate, Finding

DESK = SimpleNamespace(as_of=datetime.fromisoformat("2026-06-30"))
DEFINITION = Definition("fcr", "First contact resolution", "One contact was enough.", n=10)


@pytest.fixture
def shown(monkeypatch):
    published = []
    monkeypatch.setattr(
        recorder, "_publish", lambda data, metadata=None: published.append((data, metadata))
    )
    return published


def finding(**changes):
    known = {
        "id": "support.fcr",
        "study": "data-readiness",
        "question": "How often is one contact enough?",
        "estimand": "share of tickets",
        "unit": "proportion",
        "estimate": 0.7123456789,
        "ci_low": 0.6,
        "ci_high": 0.8,
        "ci_level": 0.95,
        "n": 10,
    }
    return Finding(**{**known, **changes})


def draw(ax):
    axes = ax or Figure(figsize=(4, 3)).subplots()
    axes.plot([1, 2])
    return axes


def estimate(name="fcr-by-market", **changes):
    table = pd.DataFrame(
        {
            "market": ["DE", "<b>US</b>"],
            "estimate": [0.7123456789, 0.5],
            "ci_low": [0.69, 0.4],
            "ci_high": [0.73, 0.6],
            "unit": "proportion",
            "n_tickets": [1200, 50],
        }
    )
    known = {
        "title": "FCR by market",
        "table": table,
        "findings": (finding(),),
        "sentences": ("One & only.",),
        "definitions": (DEFINITION,),
        "checks": (Check("Enough", False, "only 10"),),
        "caveats": ("Small.",),
        "draw": draw,
        "alt": "A rising line.",
    }
    return Estimate(name, **{**known, **changes})


def new_report(**values):
    return sl.Report("data-readiness", sl.parameters(data="desk", **values), DESK)


def test_an_estimate_is_shown_as_html_and_as_text(shown):
    new_report().show(estimate())
    ((data, _),) = shown
    html, text = data["text/html"], data["text/plain"]
    assert "<caption>FCR by market</caption>" in html
    assert 'scope="col"' in html
    assert 'scope="row"' in html
    assert "&lt;b&gt;US&lt;/b&gt;" in html
    assert "<b>" not in html
    assert "One &amp; only." in html
    assert "71.2 %" in html
    assert "69.0 to 73.0" in html
    assert "1,200" in html
    assert "(failed)" in html
    assert "Small." in html
    assert "One contact was enough." in html
    for words in ("One & only.", "71.2 %", "Check, failed: Enough", "Caveat: Small."):
        assert words in text


def test_two_reports_show_the_same_bytes(shown):
    for _ in range(2):
        new = new_report()
        new.show(estimate())
        new.figure(estimate())
    assert shown[:2] == shown[2:]


def test_a_definition_is_shown_once(shown):
    new = new_report()
    new.show(estimate())
    new.show(estimate("other"))
    assert "One contact was enough." in shown[0][0]["text/html"]
    assert "One contact was enough." not in shown[1][0]["text/html"]


def test_a_figure_carries_its_words(shown):
    new_report().figure(estimate())
    ((data, metadata),) = shown
    assert data["image/png"][1:4] == b"PNG"
    assert metadata["image/png"]["alt"] == "A rising line."
    assert "A rising line." in data["text/plain"]


def test_a_figure_without_words_is_refused(shown):
    with pytest.raises(ParameterError, match="alternative text"):
        new_report().figure(estimate(alt=" "))
    with pytest.raises(ParameterError, match="no figure"):
        new_report().figure(estimate(draw=None))


def test_export_writes_full_precision_and_dated_findings(shown, tmp_path, monkeypatch):
    monkeypatch.setenv(recorder.EXPORT_VARIABLE, str(tmp_path))
    new = new_report(start="2026-01-01")
    new.show(estimate())
    new.figure(estimate())
    new.export()
    (row,) = json.loads((tmp_path / "findings.json").read_text())
    assert (row["estimate"], row["as_of"], row["start"], row["end"]) == (
        0.7123456789, "2026-06-30", "2026-01-01", None,
    )  # fmt: skip
    table = pd.read_csv(tmp_path / "tables" / "fcr-by-market.csv")
    assert table["estimate"][0] == 0.7123456789
    svg = (tmp_path / "figures" / "fcr-by-market.svg").read_text()
    assert "<dc:date>" not in svg
    assert (tmp_path / "figures" / "fcr-by-market.png").is_file()
    assert str(tmp_path) not in str(shown)


def test_export_without_a_run_writes_nothing(shown, tmp_path, monkeypatch):
    monkeypatch.delenv(recorder.EXPORT_VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    new = new_report()
    new.show(estimate())
    new.export()
    assert list(tmp_path.iterdir()) == []
    assert "1 finding, 1 table, 0 figures" in shown[-1][0]["text/plain"]


def test_names_cannot_leave_the_folder_nor_overwrite_each_other(shown, tmp_path, monkeypatch):
    monkeypatch.setenv(recorder.EXPORT_VARIABLE, str(tmp_path / "export"))
    new = new_report()
    for name in ("../../outside", "/etc/x", "..", "a/b", "a b"):
        table = pd.DataFrame({"name": [name]})
        new.show(estimate(name, table=table, findings=()))
    new.export()
    assert [path.name for path in tmp_path.iterdir()] == ["export"]
    assert len(list((tmp_path / "export" / "tables").iterdir())) == 5


def test_the_same_finding_twice_is_one_and_a_contradiction_is_refused(shown):
    new = new_report()
    new.show(estimate())
    new.show(estimate("again"))
    assert len(new.findings) == 1
    with pytest.raises(ParameterError, match="shown before"):
        new.show(estimate(findings=(finding(estimate=0.65),)))


def test_a_finding_of_another_study_is_refused(shown):
    with pytest.raises(ParameterError, match="belongs to the study"):
        new_report().show(estimate(findings=(finding(study="feedback-trends"),)))


def test_an_unknown_study_is_refused():
    with pytest.raises(ParameterError, match="Did you mean 'data-readiness'"):
        sl.Report("data-readines", sl.parameters(data="desk"), DESK)


def test_texts_for_a_later_run_lie_in_the_folder_under_safe_names(shown, tmp_path, monkeypatch):
    monkeypatch.setenv(recorder.EXPORT_VARIABLE, str(tmp_path / "out"))
    made = new_report()
    made.show(estimate(files={"codebook.toml": "[[theme]]\n", "../evil.txt": "x"}))
    made.export()
    assert (tmp_path / "out" / "codebook.toml").read_bytes() == b"[[theme]]\n"
    assert not (tmp_path / "evil.txt").exists()
    assert (tmp_path / "out" / "evil.txt").is_file()
