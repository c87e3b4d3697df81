"""Whole runs with real kernels: what they leave behind, byte for byte."""

import csv
import json
import shutil
import sys
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest

from supportlab.cli import main
from supportlab.reporting.registry import NOTEBOOKS_VARIABLE
from supportlab.vocabulary import FINDING_KEYS

FIXTURES = Path(__file__).parent / "fixtures"
ROOT = Path(__file__).parents[2]
STUDIES = ("data-readiness", "feedback-trends", "channel-choice")


def status(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    return int(ended.value.code or 0)


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A folder to work in, with the tiny data, as the current one."""
    folder = tmp_path_factory.mktemp("desk")
    shutil.copytree(FIXTURES / "tiny", folder / "tiny")
    patch = pytest.MonkeyPatch()
    patch.chdir(folder)
    patch.setenv(NOTEBOOKS_VARIABLE, str(FIXTURES))
    yield folder
    patch.undo()


@pytest.fixture(scope="module")
def whole_run(desk):
    """A run of a good, a failing and a hostile notebook, made twice."""
    words = ["report", "--data", "tiny", "--studies", ",".join(STUDIES), "--jobs", "2"]
    words += ["-p", "window_days=14"]
    assert status(*words, "--out", "first") == 1
    assert status(*words, "--out", "second") == 1
    return desk / "first"


@pytest.fixture(scope="module")
def sliced_run(desk):
    words = ["run", "data-readiness", "--data", "tiny", "--by", "market", "--jobs", "2"]
    assert status(*words) == 0
    return desk / "reports" / "data-readiness"


def files(folder: Path) -> dict[str, bytes]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


class _Seen(HTMLParser):
    """Elements, attribute names and addresses of a page, as a browser reads it."""

    def __init__(self):
        super().__init__()
        self.tags, self.names, self.addresses = set(), set(), []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.names |= {name for name, _ in attrs}
        self.addresses += [value for name, value in attrs if name in ("src", "href")]


def read_json(path: Path):
    return json.loads(path.read_text(encoding="utf-8"))


def test_a_run_leaves_what_the_contract_says(whole_run):
    assert set(files(whole_run)) == {
        "index.html",
        "run.json",
        "findings.json",
        "findings.csv",
        "data-readiness/notebook.ipynb",
        "data-readiness/report.html",
        "data-readiness/findings.json",
        "data-readiness/tables/closed-tickets.csv",
        "data-readiness/figures/closed-tickets.png",
        "data-readiness/figures/closed-tickets.svg",
        "feedback-trends/notebook.ipynb",
        "feedback-trends/report.html",
        "feedback-trends/findings.json",
        "channel-choice/notebook.ipynb",
        "channel-choice/report.html",
        "channel-choice/findings.json",
        "channel-choice/tables/outside.csv",
    }


def test_findings_are_merged_in_the_order_of_the_notebooks(whole_run):
    merged = read_json(whole_run / "findings.json")
    assert [row["id"] for row in merged] == [
        "support.fcr",
        "feedback.nps.level",
        "channel.fcr.effect",
    ]
    assert all(tuple(row) == FINDING_KEYS for row in merged)
    assert (merged[0]["estimate"], merged[0]["n"]) == (0.8, 5)
    with (whole_run / "findings.csv").open(newline="") as file:
        assert [row["id"] for row in csv.DictReader(file)] == [row["id"] for row in merged]


def test_the_manifest_names_everything(whole_run):
    manifest = read_json(whole_run / "run.json")
    assert manifest["data"]["source"] == "tiny"
    assert manifest["data"]["tables"]["tickets"]["rows"] == 5
    assert manifest["parameters"] == {"data": "tiny", "window_days": 14}
    good, failed, _ = manifest["studies"]
    assert (good["name"], good["status"], good["error"]) == ("data-readiness", "ok", None)
    assert good["parameters"]["window_days"] == 14
    assert good["parameters"]["measures"] == ["csat"]
    assert (failed["name"], failed["status"]) == ("feedback-trends", "failed")
    assert failed["error"] == "cell 7: ZeroDivisionError: division by zero"


def test_a_second_run_is_the_same_byte_for_byte(whole_run, desk):
    first, second = files(whole_run), files(desk / "second")
    assert set(first) == set(second)
    for name in set(first) - {"run.json"}:
        assert first[name] == second[name], name
    one, other = read_json(whole_run / "run.json"), read_json(desk / "second" / "run.json")
    for manifest in (one, other):
        del manifest["started_at"], manifest["finished_at"]
        for study in manifest["studies"]:
            assert study.pop("seconds") > 0
    assert one == other


def test_a_failed_notebook_is_kept_with_its_error(whole_run):
    book = nbformat.read(whole_run / "feedback-trends" / "notebook.ipynb", as_version=4)
    nbformat.validate(book)
    assert "failed in cell 7" in book.cells[0].source
    outputs = [output for cell in book.cells for output in cell.get("outputs", [])]
    assert [output.get("text", output.get("ename")) for output in outputs] == [
        "before the fault\n",
        "ZeroDivisionError",
    ]
    page = (whole_run / "feedback-trends" / "report.html").read_text()
    assert 'href="#cell-7"' in page
    assert 'id="cell-7"' in page
    assert "ZeroDivisionError" in (whole_run / "index.html").read_text()
    assert read_json(whole_run / "feedback-trends" / "findings.json") == []


def test_the_executed_notebook_holds_the_parameters_and_no_time_stamps(whole_run):
    path = whole_run / "data-readiness" / "notebook.ipynb"
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    injected = [c for c in book.cells if "injected-parameters" in c.metadata.get("tags", [])]
    assert len(injected) == 1
    assert "window_days = 14" in injected[0].source
    assert "papermill" not in path.read_text()
    assert [cell.execution_count for cell in book.cells if cell.cell_type == "code"] == list(
        range(1, 8)
    )


def test_the_page_shows_the_estimate_the_figure_and_its_words(whole_run):
    page = (whole_run / "data-readiness" / "report.html").read_text()
    for words in (
        "<h1>How many tickets are closed</h1>",
        "4 of 5 tickets are closed.",
        "<caption>Closed tickets</caption>",
        'alt="Two bars: all tickets and the closed ones."',
        "data:image/png;base64,",
        "Tickets with status closed.",
        "window_days = 14",
    ):
        assert words in page


def test_hostile_text_runs_nowhere(whole_run, desk):
    for path in whole_run.rglob("*.html"):
        seen = _Seen()
        seen.feed(path.read_text())
        assert not seen.tags & {"script", "iframe", "form", "object", "embed", "link", "base"}, path
        assert not [name for name in seen.names if name.startswith("on")], path
        outside = [a for a in seen.addresses if not a.startswith(("data:image/", "#", "../"))]
        assert all(":" not in address for address in outside), path
    hostile = (whole_run / "channel-choice" / "report.html").read_text()
    assert "&lt;script&gt;alert(3)&lt;/script&gt;" in hostile
    assert "kept" in hostile
    with (whole_run / "channel-choice" / "tables" / "outside.csv").open(newline="") as file:
        topics = [row["topic"] for row in csv.DictReader(file)]
    assert topics[1].startswith("'=cmd")
    assert topics[5] == "'@SUM(1)"
    assert "\x00" not in "".join(topics)
    assert "\u202e" not in "".join(topics)
    assert {path.name for path in desk.iterdir()} <= {"tiny", "first", "second", "reports"}


def test_nothing_names_a_folder_of_this_machine(whole_run, desk):
    names = {str(desk), str(ROOT), sys.prefix, sys.base_prefix, str(Path.home()), "staging-"}
    for name, content in files(whole_run).items():
        found = [folder for folder in names if folder.encode() in content]
        assert not found, (name, found)


def test_slices_have_a_report_each_and_a_comparison(sliced_run):
    assert sorted(path.name for path in sliced_run.iterdir()) == [
        "comparison.csv", "findings.csv", "findings.json", "index.html",
        "market=DE", "market=US", "run.json",
    ]  # fmt: skip
    rows = read_json(sliced_run / "findings.json")
    found = {row["group"]["market"]: row["estimate"] for row in rows if row["id"] == "support.fcr"}
    assert found == {"DE": 1.0, "US": 0.5}
    for name in ("DE", "US"):
        folder = sliced_run / f"market={name}"
        assert (folder / "data-readiness" / "report.html").is_file()
        manifest = read_json(folder / "run.json")
        assert manifest["parameters"]["market"] == name
        assert manifest["studies"][0]["parameters"]["market"] == name
        assert f"market = '{name}'" not in (folder / "index.html").read_text()
    with (sliced_run / "comparison.csv").open(newline="") as file:
        assert [(row["market"], row["n"]) for row in csv.DictReader(file)] == [
            ("DE", "3"),
            ("US", "2"),
        ]
    assert "market=DE/index.html" in (sliced_run / "index.html").read_text()


def test_a_kernel_that_dies_before_its_first_answer_is_tried_once_more(
    desk, capsys, monkeypatch, tmp_path
):
    """The client has no error of its own for it; it was published as a failed notebook."""
    spec = tmp_path / "kernels" / "python3"
    spec.mkdir(parents=True)
    kernel = f"{sys.executable} -m ipykernel_launcher -f {{connection_file}}"
    once = f"test -e {tmp_path}/born || {{ touch {tmp_path}/born; exit 1; }}; exec {kernel}"
    found = {"argv": ["sh", "-c", once], "display_name": "Python 3", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(found))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    words = ["data-readiness", "--data", "tiny", "--kernels", "stock", "--out", "reports/born"]
    assert status("run", *words) == 0
    assert (tmp_path / "born").exists()
    assert "once more" in capsys.readouterr().err


def test_a_dead_kernel_is_tried_once_more_and_then_a_failed_notebook(desk, capsys):
    assert status("run", FIXTURES / "dies.ipynb", "--out", "reports/dead") == 1
    shown = capsys.readouterr().err
    assert shown.count("dies: started") == 2
    assert "once more" in shown
    folder = desk / "reports" / "dead"
    (study,) = read_json(folder / "run.json")["studies"]
    assert study["status"] == "failed"
    assert study["error"].startswith("cell 4: DeadKernel")
    assert study["parameters"] == {"depth": 1.0}
    assert "alive 1.0" in (folder / "dies" / "report.html").read_text()
    assert "not reached" not in json.dumps(
        [
            cell.get("outputs")
            for cell in nbformat.read(folder / "dies" / "notebook.ipynb", as_version=4).cells
        ]
    )


def test_an_earlier_run_survives_a_run_that_cannot_start(desk, whole_run):
    before = files(whole_run)
    words = ["report", "--data", "tiny", "--studies", "data-readiness", "--out", "first"]
    assert status(*words, "-p", "window_days=0") == 2
    assert status(*words[:2], "elsewhere", *words[3:]) == 3
    assert files(whole_run) == before
