"""Kernels forked from a warm process: the same bytes as stock ones, and nothing left behind."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from supportlab.cli import main
from supportlab.reporting import runner, warm_client
from supportlab.reporting.pool import kernel_environment
from supportlab.reporting.registry import NOTEBOOKS_VARIABLE
from supportlab.reporting.warm_words import KEY, WARM_VARIABLE

pytestmark = pytest.mark.skipif(not warm_client.can_fork(), reason="forked kernels need Linux")

# What is looked at here is a command that starts its own warm process, or does without.
KERNELS = "own"
FIXTURES = Path(__file__).parent / "fixtures"
PATIENCE_SECONDS = 60
OF_THE_MOMENT = "run.json"
# One of the three fails on purpose.
STUDIES = ("report", "--data", "tiny", "--jobs", "2")
STUDIES += ("--studies", "data-readiness,channel-choice,feedback-trends")
SUPPORTLAB = str(Path(sys.executable).with_name("supportlab"))


@pytest.fixture
def desk(tmp_path, monkeypatch):
    shutil.copytree(FIXTURES / "tiny", tmp_path / "tiny")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(NOTEBOOKS_VARIABLE, str(FIXTURES))
    return tmp_path


@pytest.fixture
def plain(desk):
    """A notebook that imports nothing, for what is about the process and not about the kernel."""
    path = desk / "plain.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("1 + 1")]), path)
    return path


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


@pytest.fixture(scope="module")
def stock(tmp_path_factory, warm_socket):
    """Files of a run on stock kernels, asked for although a warm process is named."""
    folder = tmp_path_factory.mktemp("stock")
    shutil.copytree(FIXTURES / "tiny", folder / "tiny")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv(NOTEBOOKS_VARIABLE, str(FIXTURES))
        patch.setenv(WARM_VARIABLE, warm_socket)
        seen = sockets_of_runs(patch)
        assert status(*STUDIES, "--out", "out", "--kernels", "stock") == 1
    assert seen == [""]
    return files(folder / "out")


def sockets_of_runs(patch) -> list[str]:
    """Return a list that fills with the socket that each run forks from."""
    seen = []
    real = runner.run_jobs
    patch.setattr(runner, "run_jobs", lambda *a: seen.append(a[-1]) or real(*a))
    return seen


def test_forked_and_stock_kernels_leave_the_same_bytes(desk, stock, monkeypatch):
    seen = sockets_of_runs(monkeypatch)
    assert status(*STUDIES, "--out", "forked", "--kernels", "forked") == 1
    assert [bool(warm) for warm in seen] == [True]
    assert stock
    assert files(desk / "forked") == stock


def test_a_system_that_cannot_fork_gets_stock_kernels(plain, monkeypatch):
    monkeypatch.setattr(runner, "can_fork", lambda: False)
    seen = sockets_of_runs(monkeypatch)
    assert status("run", plain, "--out", "out", "--kernels", "forked") == 0
    assert seen == [""]


def test_a_warm_process_that_died_costs_time_and_not_the_job(desk, plain, monkeypatch):
    @contextmanager
    def broken(environment):
        yield str(desk / "no-such-socket")

    monkeypatch.setattr(runner, "warm_process", broken)
    seen = sockets_of_runs(monkeypatch)
    assert status("run", plain, "--out", "out", "--kernels", "forked") == 0
    assert seen == [str(desk / "no-such-socket")]


def test_the_warm_process_has_no_thread_and_dies_with_its_owner(tmp_path):
    with warm_client.warm_process(kernel_environment(tmp_path)) as address:
        assert address
        found = _warm_process(address)
        assert found.num_threads() == 1
        assert Path(address).parent.stat().st_mode & 0o077 == 0
    wait_for(lambda: not found.is_running() or found.status() == psutil.STATUS_ZOMBIE)
    assert not Path(address).parent.exists()


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


@pytest.mark.parametrize(
    ("kernels", "limit", "words"),
    [
        ("stock", ("--time-limit", "0.05"), "TimeLimit"),
        ("forked", ("--memory-limit", "20"), "MemoryLimit"),
    ],
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


def test_several_commands_share_a_warm_process(desk, stock, warm_socket, monkeypatch):
    """What `supportlab warm` gives its command: a socket in the environment."""
    monkeypatch.setenv(WARM_VARIABLE, warm_socket)
    seen = sockets_of_runs(monkeypatch)
    assert status(*STUDIES, "--out", "shared") == 1
    assert seen == [warm_socket]
    assert files(desk / "shared") == stock
    (Path(warm_socket).parent / KEY).rename(desk / KEY)
    try:
        # Other code, other versions: nothing is forked from it.
        assert warm_client.named_warm_process() == ""
    finally:
        (desk / KEY).rename(Path(warm_socket).parent / KEY)
    assert warm_client.named_warm_process() == warm_socket


@pytest.mark.parametrize("rudely", [b"", b"\x00\x00", b"\xff\xff\xff\xff", b"\x00\x00\x00\x04nono"])
def test_a_warm_process_outlives_who_asks_badly(warm_socket, rudely):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.connect(warm_socket)
        if rudely:
            socket.send_fds(connection, [rudely], [0, 1, 2])
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1) == b""


def test_a_command_runs_with_a_warm_process_and_gives_its_status(desk, capfd):
    program = "import os, sys; print(os.environ['SUPPORTLAB_WARM_SOCKET']); sys.exit(7)"
    assert status("warm", sys.executable, "-c", program) == 7
    place = Path(capfd.readouterr().out.strip())
    assert not place.parent.exists()
    assert status("warm", "no-such-program") == 2
    assert "no-such-program" in capfd.readouterr().err


def _warm_process(address: str) -> psutil.Process:
    own = psutil.Process().children(recursive=True)
    folder = str(Path(address).parent)
    (found,) = [item for item in own if folder in item.cmdline()]
    return found


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
