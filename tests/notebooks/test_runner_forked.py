"""Kernels forked from a warm process: the same bytes as stock ones, and nothing left behind."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from supportlab.cli import main
from supportlab.reporting import runner, warm_client
from supportlab.reporting.pool import kernel_environment
from supportlab.reporting.registry import NOTEBOOKS_VARIABLE

pytestmark = pytest.mark.skipif(not warm_client.can_fork(), reason="forked kernels need Linux")

FIXTURES = Path(__file__).parent / "fixtures"
PATIENCE_SECONDS = 60
OF_THE_MOMENT = "run.json"
SUPPORTLAB = str(Path(sys.executable).with_name("supportlab"))


@pytest.fixture
def desk(tmp_path, monkeypatch):
    shutil.copytree(FIXTURES / "tiny", tmp_path / "tiny")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(NOTEBOOKS_VARIABLE, str(FIXTURES))
    return tmp_path


def status(*words) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    return int(ended.value.code or 0)


def files(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.rglob("*") if path.is_file() and path.name != OF_THE_MOMENT]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def wait_for(condition) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def test_forked_and_stock_kernels_leave_the_same_bytes(desk, monkeypatch):
    studies = "data-readiness,channel-choice,feedback-trends"
    words = ["report", "--data", "tiny", "--studies", studies]
    seen = []
    real = runner.run_jobs
    monkeypatch.setattr(runner, "run_jobs", lambda *a: seen.append(a[-1]) or real(*a))
    for kernels in ("stock", "forked"):
        # One of the three fails on purpose.
        assert status(*words, "--out", kernels, "--kernels", kernels, "--jobs", "2") == 1
    assert [bool(warm) for warm in seen] == [False, True]
    assert files(desk / "stock")
    assert files(desk / "forked") == files(desk / "stock")


def test_a_system_that_cannot_fork_gets_stock_kernels(desk, monkeypatch):
    monkeypatch.setattr(runner, "can_fork", lambda: False)
    seen = []
    real = runner.run_jobs
    monkeypatch.setattr(runner, "run_jobs", lambda *a: seen.append(a[-1]) or real(*a))
    words = ["run", "data-readiness", "--data", "tiny", "--out", "out", "--kernels", "forked"]
    assert status(*words) == 0
    assert seen == [""]


def test_a_warm_process_that_died_costs_time_and_not_the_job(desk, monkeypatch):
    real = warm_client.warm_process

    def broken(environment):
        class Broken:
            def __enter__(self):
                return str(desk / "no-such-socket")

            def __exit__(self, *_):
                return None

        return Broken()

    assert real is not broken
    monkeypatch.setattr(runner, "warm_process", broken)
    words = ["run", "data-readiness", "--data", "tiny", "--out", "out", "--kernels", "forked"]
    assert status(*words) == 0


def test_the_warm_process_has_no_thread_and_dies_with_its_owner(tmp_path):
    with warm_client.warm_process(kernel_environment(tmp_path)) as socket:
        assert socket
        found = _warm_process()
        assert found.num_threads() == 1
        assert Path(socket).parent.stat().st_mode & 0o077 == 0
    wait_for(lambda: not found.is_running() or found.status() == psutil.STATUS_ZOMBIE)
    assert not Path(socket).parent.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_stopped_run_leaves_no_forked_process(desk, number):
    note = desk / "kernel.pid"
    command = [SUPPORTLAB, "run", str(FIXTURES / "slow.ipynb"), "--out", "out"]
    process = subprocess.Popen(
        [*command, "--kernels", "forked"],
        env={**os.environ, "SUPPORTLAB_TEST_PID": str(note)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_for(lambda: note.is_file() and note.read_text())
    kernel = psutil.Process(int(note.read_text()))
    warm = kernel.parent()
    family = [warm, *warm.children(recursive=True)]
    assert len(family) == 3, "the warm process, a worker, its kernel"
    process.send_signal(number)
    process.wait(PATIENCE_SECONDS)
    wait_for(lambda: not any(_is_alive(item) for item in family))
    assert not (desk / "out").exists()


@pytest.mark.parametrize("kernels", ["stock", "forked"])
@pytest.mark.parametrize(
    ("limit", "words"),
    [(("--time-limit", "0.05"), "TimeLimit"), (("--memory-limit", "20"), "MemoryLimit")],
)
def test_a_notebook_beyond_its_limits_is_stopped_and_says_so(
    desk, monkeypatch, capsys, kernels, limit, words
):
    monkeypatch.setenv("SUPPORTLAB_TEST_PID", str(desk / "kernel.pid"))
    notebook = FIXTURES / "slow.ipynb"
    assert status("run", notebook, "--out", "out", "--kernels", kernels, *limit) == 1
    shown = capsys.readouterr().err
    assert words in shown
    assert "once more" not in shown
    assert words in (desk / "out" / "run.json").read_text()
    pid = int((desk / "kernel.pid").read_text()) if (desk / "kernel.pid").is_file() else 0
    assert not (pid and psutil.pid_exists(pid) and _is_alive(psutil.Process(pid)))


def test_a_kernel_that_died_is_tried_once_more(desk, capsys):
    assert status("run", FIXTURES / "dies.ipynb", "--out", "out", "--kernels", "stock") == 1
    shown = capsys.readouterr().err
    assert shown.count("dies: started") == 2
    assert "once more" in shown


def _warm_process() -> psutil.Process:
    own = psutil.Process().children(recursive=True)
    (found,) = [item for item in own if "supportlab.reporting.warm_server" in item.cmdline()]
    return found


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
