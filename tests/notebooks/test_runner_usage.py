"""What is refused before a kernel starts, and runs that are stopped."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from supportlab.cli import main
from supportlab.reporting import runner
from supportlab.reporting.registry import NOTEBOOKS_VARIABLE, select_studies, study_of

KERNELS = "own"
FIXTURES = Path(__file__).parent / "fixtures"
PATIENCE_SECONDS = 60


@pytest.fixture
def desk(tmp_path, monkeypatch):
    shutil.copytree(FIXTURES / "tiny", tmp_path / "tiny")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(NOTEBOOKS_VARIABLE, str(FIXTURES))
    monkeypatch.delenv("SUPPORTLAB_EXPORT_DIR", raising=False)
    return tmp_path


@pytest.fixture
def no_kernel(monkeypatch):
    def started(*_):
        raise AssertionError("a kernel was started")

    monkeypatch.setattr(runner, "run_jobs", started)


def status(*words) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    return int(ended.value.code or 0)


REPORT = ("report", "--data", "tiny", "--studies", "data-readiness", "--out", "out")


@pytest.mark.parametrize(
    ("words", "expected", "message"),
    [
        ((*REPORT, "-p", "window_dayz=7"), 2, "Did you mean 'window_days'"),
        ((*REPORT, "-p", "window_days=seven"), 2, "whole number"),
        ((*REPORT, "-p", "window_days=366"), 2, "1 to 365"),
        ((*REPORT, "-p", "window_days"), 2, "name=value"),
        ((*REPORT, "-p", "window_days=1", "-p", "window_days=2"), 2, "set twice"),
        ((*REPORT, "--as-of", "2026-02-30"), 2, "real date"),
        ((*REPORT, "--start", "2026-03-01", "--end", "2026-03-01"), 2, "not before end"),
        ((*REPORT, "-p", "password=hunter2"), 2, "refused"),
        ((*REPORT, "-p", "hunter2"), 2, "name=value"),
        (("report", "--data", "postgres://me:hunter2@host/d", "--out", "out"), 2, "refused"),
        ((*REPORT[:3], "--studies", "data-readines"), 2, "Did you mean 'data-readiness'"),
        ((*REPORT, "-p", "market=FR"), 2, "not in the data"),
        ((*REPORT, "--by", "market", "-p", "market=DE"), 2, "leave one of them out"),
        ((*REPORT, "--by", "team"), 2, "market"),
        ((*REPORT, "--jobs", "0"), 2, "jobs"),
        ((*REPORT[:5], "--out", "tiny"), 2, "would be lost"),
        (("run", "absent.ipynb"), 2, "no notebook 'absent.ipynb'"),
        (("run", FIXTURES / "unreadable-parameters.ipynb"), 2, "not a literal"),
        (("run", FIXTURES / "dies.ipynb", "-p", "depth=0.1"), 2, "at least 0.5"),
        (("run", FIXTURES / "dies.ipynb", "--as-of", "2026-01-01"), 2, "no such parameter"),
        (("report", "--data", "absent", "--studies", "data-readiness"), 3, "absent"),
    ],
)
def test_wrong_usage_is_refused_before_a_kernel_starts(
    desk, no_kernel, capsys, words, expected, message
):
    assert status(*words) == expected
    shown = capsys.readouterr().err
    assert message in shown
    assert "Traceback" not in shown
    assert "hunter2" not in shown
    assert [path.name for path in desk.iterdir()] == ["tiny"]


def test_all_faults_of_a_command_come_at_once(desk, no_kernel, capsys):
    assert status(*REPORT, "-p", "window_days=0", "-p", "x=1", "--as-of", "soon") == 2
    shown = capsys.readouterr().err
    assert all(word in shown for word in ("window_days:", "x:", "as_of:"))


def test_data_that_break_the_contract_end_with_status_3(desk, no_kernel, capsys):
    (desk / "tiny" / "tickets.csv").write_text("ticket_id,status\nT1,nonsense\n")
    assert status(*REPORT) == 3
    assert "channel" in capsys.readouterr().err
    assert not (desk / "out").exists()


def test_a_file_name_gives_the_study():
    assert study_of(Path("notebooks/00-data-readiness.ipynb")) == "data-readiness"
    assert study_of(Path("x/12_my study.ipynb")) == "my-study"
    assert study_of(Path("x/07.ipynb")) == "07"


def test_studies_are_run_in_the_order_of_the_notebooks(desk):
    from supportlab.reporting.registry import find_notebooks

    found = find_notebooks()
    picked = select_studies(found, ["channel-choice", "data-readiness"])
    assert [item.study for item in picked] == ["data-readiness", "channel-choice"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_stopped_run_leaves_no_kernel_and_no_half_run(desk, number):
    note = desk / "kernel.pid"
    command = [Path(sys.executable).with_name("supportlab"), "run", FIXTURES / "slow.ipynb"]
    process = subprocess.Popen(
        [*map(str, command), "--out", "runs/out"],
        env={**os.environ, "SUPPORTLAB_TEST_PID": str(note)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    wait_for(lambda: note.is_file() and note.read_text())
    kernel = int(note.read_text())
    process.send_signal(number)
    process.communicate(timeout=PATIENCE_SECONDS)
    expected = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -signal.SIGKILL}
    assert process.returncode == expected[number]
    wait_for(lambda: not is_alive(kernel))
    assert not (desk / "runs" / "out").exists()
    if number != signal.SIGKILL:
        assert list((desk / "runs").iterdir()) == []


def test_a_run_without_room_on_the_disk_replaces_nothing(desk):
    """A limit on the size of a file does what a full disk does, and needs no disk."""
    command = [str(Path(sys.executable).with_name("supportlab")), *REPORT[:5], "--out", "out"]
    assert status(*REPORT) == 0
    before = {path: path.read_bytes() for path in (desk / "out").rglob("*") if path.is_file()}
    limit = max(map(len, before.values())) - 1
    done = subprocess.run(
        [*command, "-p", "window_days=14"],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert done.returncode == 1
    assert "no room left" in done.stderr
    assert "Traceback" not in done.stderr
    assert {path: path.read_bytes() for path in (desk / "out").rglob("*") if path.is_file()} == before
    assert sorted(path.name for path in desk.iterdir()) == ["out", "tiny"]


def wait_for(condition) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
