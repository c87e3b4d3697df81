"""Reports of a reports.toml: made once, kept while nothing changes, never two runs at once."""

import ast
import configparser
import json
import os
import shutil
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import nbformat
import pytest
import yaml

from supportlab.cli import main
from supportlab.errors import ParameterError, SupportLabError
from supportlab.reporting.locking import locked_target
from supportlab.reporting.registry import NOTEBOOKS_VARIABLE
from supportlab.reporting.spans import resolve_period

FIXTURES = Path(__file__).parent / "fixtures"
REPORTS = """
[[report]]
name = "monthly"
data = "tiny"
studies = ["data-readiness"]
period = "last_complete_month"
by = "market"
keep = 2

[[report]]
name = "windows"
data = "tiny"
studies = ["data-readiness"]
slices = [{window_days = 7}, {window_days = 14}]

[[report]]
name = "plain"
data = "tiny"
studies = ["data-readiness"]
period = "last_complete_month"
formats = ["csv"]
keep = 2
"""
PLAIN = "[[report]]" + REPORTS.split("[[report]]")[3]


@pytest.fixture
def desk(tmp_path, monkeypatch):
    shutil.copytree(FIXTURES / "tiny", tmp_path / "tiny")
    (tmp_path / "reports.toml").write_text(REPORTS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(NOTEBOOKS_VARIABLE, str(FIXTURES))
    return tmp_path


def status(*words) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    return int(ended.value.code or 0)


def events(capsys) -> list[dict]:
    lines = capsys.readouterr().err.splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def jobs_of(found: list[dict], event: str) -> list[str]:
    return [item["job"] for item in found if item["event"] == event]


MADE = ("report", "--config", "reports.toml", "--log", "json", "--as-of")


def test_unchanged_reports_are_kept_and_changed_ones_made_anew(desk, capsys):
    words = (*MADE, "2026-04-01", "--report", "monthly")
    assert status(*words) == 0
    made = jobs_of(events(capsys), "done")
    assert made == ["market=DE/data-readiness", "market=US/data-readiness"]
    monthly = desk / "reports" / "monthly"
    before = (monthly / "2026-03" / "run.json").read_bytes()
    findings = (monthly / "2026-03" / "findings.json").read_bytes()

    assert status(*words) == 0
    second = events(capsys)
    assert jobs_of(second, "done") == []
    assert jobs_of(second, "kept") == made
    assert (monthly / "2026-03" / "run.json").read_bytes() == before

    tickets = desk / "tiny" / "tickets.csv"
    text = tickets.read_text()
    _, _, rest = text.splitlines()[-1].partition(",")
    tickets.write_text(f"{text}T-new,{rest}\n")
    assert status(*words) == 0
    assert len(jobs_of(events(capsys), "done")) == 2
    assert (monthly / "2026-03" / "findings.json").read_bytes() != findings


def test_only_the_newest_runs_are_kept_and_latest_points_to_the_last(desk):
    for month in ("04", "05", "06"):
        assert status(*MADE, f"2026-{month}-01", "--report", "plain") == 0
    home = desk / "reports" / "plain"
    assert sorted(path.name for path in home.iterdir()) == ["2026-04", "2026-05", "latest"]
    assert (home / "latest").readlink() == Path("2026-05")
    assert not list(home.glob(".*"))


def test_a_slice_of_parameters_has_its_own_report(desk):
    assert status(*MADE, "2026-04-01", "--report", "windows") == 0
    run = desk / "reports" / "windows" / "as-of-2026-04-01"
    found = [json.loads((run / f"window_days-{n}" / "run.json").read_text()) for n in (7, 14)]
    assert [item["studies"][0]["parameters"]["window_days"] for item in found] == [7, 14]
    assert len({item["run_id"] for item in found}) == 2
    assert "window_days=14" in (run / "index.html").read_text()


def test_what_failed_is_run_again_and_what_did_not_is_kept(desk, capsys):
    studies = ["--studies", "data-readiness,second-look", "--data", "tiny", "--log", "json"]
    words = ["report", *studies, "--out", "out", "--resume"]
    fails = json.loads((FIXTURES / "00-data-readiness.ipynb").read_text())
    own = desk / "notebooks"
    own.mkdir()
    shutil.copy(FIXTURES / "00-data-readiness.ipynb", own)
    fails["cells"].append(
        {
            "cell_type": "code",
            "id": "broken",
            "metadata": {},
            "source": "import os\nassert not os.path.exists(os.environ['SUPPORTLAB_TEST_FLAG'])",
            "execution_count": None,
            "outputs": [],
        }
    )
    (own / "01-second-look.ipynb").write_text(json.dumps(fails))
    patch = pytest.MonkeyPatch()
    patch.setenv(NOTEBOOKS_VARIABLE, str(own))
    patch.setenv("SUPPORTLAB_TEST_FLAG", str(desk / "flag"))
    (desk / "flag").touch()
    try:
        assert status(*words) == 1
        events(capsys)
        (desk / "flag").unlink()
        assert status(*words) == 0
    finally:
        patch.undo()
    found = events(capsys)
    assert jobs_of(found, "kept") == ["data-readiness"]
    assert jobs_of(found, "done") == ["second-look"]
    studies = json.loads((desk / "out" / "run.json").read_text())["studies"]
    assert [(item["status"], item["cached"]) for item in studies] == [("ok", True), ("ok", False)]


def test_two_runs_of_one_target_do_not_meet(desk, capsys):
    words = ["run", "data-readiness", "--data", "tiny", "--out", "out"]
    with locked_target(desk / "out"):
        with pytest.raises(SupportLabError, match="another run"), locked_target(desk / "out"):
            pass
        assert status(*words) == 1
        assert "another run is writing" in capsys.readouterr().err
        assert not (desk / "out").exists()
    assert status(*words) == 0
    assert [path.name for path in desk.iterdir() if path.name.startswith(".")] == []


def test_a_run_waits_for_another_when_asked(desk):
    held = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(desk / "out")], stdout=subprocess.PIPE, text=True
    )
    assert held.stdout is not None
    assert held.stdout.readline() == "held\n"
    with locked_target(desk / "out", wait_seconds=30):
        assert held.wait(10) == 0


_HOLDER = """
import sys, time
from pathlib import Path
from supportlab.reporting.locking import locked_target
with locked_target(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(1)
"""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "report: "),
        ("[[report]]\nname = 'a'\n", "data"),
        ("[[report]]\nname = '../a'\ndata = 'tiny'\n", "folder"),
        ("[[report]]\nname = 'a'\ndata = 'tiny'\nperiod = 'last_month'\n", "last_complete_month"),
        ("[[report]]\nname = 'a'\ndata = 'tiny'\nstudy = ['x']\n", "Did you mean 'studies'"),
        ("[[report]]\nname = 'a'\ndata = 'tiny'\nkeep = 0\n", "keep"),
        (
            "[[report]]\nname='a'\ndata='t'\nout='r'\n[[report]]\nname='b'\ndata='t'\nout='r'\n",
            "share",
        ),
        ("[[report]]\nname='a'\ndata='t'\nby='market'\nslices=[{market='DE'}]\n", "exclude"),
        ("name = ", "no TOML"),
    ],
)
def test_a_faulty_file_is_refused_with_what_to_do(desk, capsys, text, message):
    (desk / "reports.toml").write_text(text)
    assert status(*MADE, "2026-04-01") == 2
    shown = capsys.readouterr().err
    assert message in shown
    assert "Traceback" not in shown


def test_one_report_that_cannot_be_made_does_not_stop_the_others(desk, capsys):
    text = REPORTS.split("[[report]]")[1].replace('data = "tiny"', 'data = "absent"')
    (desk / "reports.toml").write_text(f"[[report]]{text}{PLAIN}")
    assert status(*MADE, "2026-04-01") == 3
    assert "absent" in capsys.readouterr().err
    assert (desk / "reports" / "plain" / "latest" / "index.html").is_file()


def test_a_report_leaves_the_formats_it_is_asked_for(desk):
    assert status(*MADE, "2026-04-01", "--report", "plain") == 0
    run = desk / "reports" / "plain" / "latest"
    assert sorted(path.name for path in run.iterdir()) == [
        "data-readiness", "findings.csv", "findings.json", "index.html", "run.json",
    ]  # fmt: skip
    assert sorted(path.name for path in (run / "data-readiness").iterdir()) == [
        "findings.json", "report.html", "tables",
    ]  # fmt: skip
    assert "notebook.ipynb" not in (run / "data-readiness" / "report.html").read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_was_stopped_is_resumed_where_it_was(desk, capsys, number):
    """The second notebook waits, so that the first is done when the command is stopped."""
    own = desk / "notebooks"
    own.mkdir()
    shutil.copy(FIXTURES / "00-data-readiness.ipynb", own)
    waits = json.loads((FIXTURES / "00-data-readiness.ipynb").read_text())
    source = "import os, time\nwhile not os.path.exists('go'):\n    time.sleep(0.1)"
    cell = {"cell_type": "code", "id": "waits", "metadata": {}, "source": source}
    waits["cells"].append(cell | {"execution_count": None, "outputs": []})
    (own / "01-second-look.ipynb").write_text(json.dumps(waits))
    (desk / "reports.toml").write_text(PLAIN.replace('["data-readiness"]', "[]"))
    words = [*MADE, "2026-04-01"]
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("supportlab")), *words],
        env={**os.environ, NOTEBOOKS_VARIABLE: str(own)},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if '"started", "job": "second-look"' in line:
            break
    process.send_signal(number)
    process.communicate(timeout=60)
    home = desk / "reports" / "plain"
    assert [path.name for path in home.iterdir() if not path.name.startswith(".")] == []
    (desk / "go").touch()
    patch = pytest.MonkeyPatch()
    patch.setenv(NOTEBOOKS_VARIABLE, str(own))
    try:
        assert status(*words) == 0
    finally:
        patch.undo()
    found = events(capsys)
    assert jobs_of(found, "kept") == ["data-readiness"]
    assert jobs_of(found, "done") == ["second-look"]
    assert sorted(path.name for path in home.iterdir()) == ["2026-03", "latest"]


@pytest.mark.parametrize(
    ("name", "day", "start", "end", "label"),
    [
        ("last_complete_month", "2026-01-01", "2025-12-01", "2026-01-01", "2025-12"),
        ("last_complete_month", "2026-03-31", "2026-02-01", "2026-03-01", "2026-02"),
        ("last_3_complete_months", "2026-02-10", "2025-11-01", "2026-02-01", "2025-11-to-2026-01"),
        ("last_complete_quarter", "2026-01-01", "2025-10-01", "2026-01-01", "2025-q4"),
        ("last_complete_quarter", "2026-06-30", "2026-01-01", "2026-04-01", "2026-q1"),
        ("last_complete_year", "2026-12-31", "2025-01-01", "2026-01-01", "2025"),
        ("year_to_date", "2026-01-01", "2025-01-01", "2026-01-01", "2025-to-2026-01-01"),
        ("last_complete_week", "2026-11-24", "2026-11-16", "2026-11-23", "week-of-2026-11-16"),
        ("last_complete_week", "2026-11-23", "2026-11-16", "2026-11-23", "week-of-2026-11-16"),
        ("all", "2026-01-01", "", "", "as-of-2026-01-01"),
    ],
)
def test_a_period_by_name_has_its_days(name, day, start, end, label):
    found = resolve_period(name, date.fromisoformat(day))
    assert (found.start, found.end, found.label) == (start, end, label)


def test_an_unknown_period_names_the_known_ones():
    with pytest.raises(ParameterError, match="last_complete_month"):
        resolve_period("last_0_complete_months", date(2026, 1, 1))


def printed(capsys, scheduler: str, *words: str) -> str:
    assert status("schedule", scheduler, *words) == 0
    return capsys.readouterr().out


def run_in_shell(command: str, folder: Path) -> None:
    subprocess.run(["sh", "-c", command], cwd=folder, check=True, capture_output=True)


def test_the_recipe_for_cron_runs(desk, capsys):
    line = printed(capsys, "cron", "--day", "3", "--at", "04:30").splitlines()[-1]
    assert line.split()[:5] == ["30", "4", "3", "*", "*"]
    # What cron does: the command up to a bare percent sign, an escaped one as itself.
    command = line.split(maxsplit=5)[5]
    assert "%" not in command.replace(r"\%", "")
    (desk / "reports.toml").write_text(PLAIN)
    run_in_shell(command.replace(r"\%", "%"), Path("/"))
    assert (desk / "reports" / "plain" / "latest" / "index.html").is_file()
    assert (desk / "supportlab.log").read_text().count('"event": "done"') == 1


def test_the_recipe_for_systemd_is_sound(desk, capsys):
    text = printed(capsys, "systemd")
    service, timer = text.split("# ~/.config/systemd/user/supportlab.timer")
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str
    parser.read_string(service)
    assert parser["Service"]["WorkingDirectory"] == str(desk)
    assert "%%Y-%%m-01" in parser["Service"]["ExecStart"]
    (desk / "supportlab.service").write_text(service)
    (desk / "supportlab.timer").write_text(timer.partition("\n")[2])
    verify = shutil.which("systemd-analyze")
    if verify is None:
        pytest.skip("systemd-analyze is not installed, so the units are only parsed")
    done = subprocess.run(
        [verify, "verify", "--user", "supportlab.service", "supportlab.timer"],
        capture_output=True,
        text=True,
    )
    own = [line for line in done.stderr.splitlines() if "supportlab" in line]
    assert own == []


def test_the_recipe_for_airflow_is_python_whose_command_runs(desk, capsys):
    tree = ast.parse(printed(capsys, "airflow"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    (operator,) = [node for node in calls if getattr(node.func, "id", "") == "BashOperator"]
    values = {item.arg: ast.literal_eval(item.value) for item in operator.keywords}
    assert values["cwd"] == str(desk)
    command = values["bash_command"]
    date_words = "{{ data_interval_end.strftime('%Y-%m-01') }}"
    assert date_words in command
    run_in_shell(command.replace(date_words, "2026-04-01") + " --report plain", desk)
    assert (desk / "reports" / "plain" / "latest" / "index.html").is_file()


def test_the_recipes_for_github_and_jupyter_are_read_back(desk, capsys):
    flow = yaml.safe_load(printed(capsys, "github"))
    assert flow["jobs"]["reports"]["steps"][3]["run"].startswith(".venv/bin/supportlab report")
    assert flow[True]["schedule"] == [{"cron": "0 6 2 * *"}]
    notebook = nbformat.reads(printed(capsys, "jupyter-scheduler"), 4)
    nbformat.validate(notebook)
    ast.parse(notebook.cells[0].source)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("kron",), "cron"),
        (("cron", "--day", "31"), "1 to 28"),
        (("cron", "--at", "6"), "HH:MM"),
        (("cron", "--config", "absent.toml"), "absent.toml"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused(desk, capsys, words, message):
    assert status("schedule", *words) == 2
    assert message in capsys.readouterr().err
