"""Reports on a real Dask cluster: a scheduler and two workers, each a process of its own."""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from supportlab.cli import main
from supportlab.reporting.registry import NOTEBOOKS_VARIABLE

KERNELS = "own"
FIXTURES = Path(__file__).parent / "fixtures"
PATIENCE_SECONDS = 90
OF_THE_MOMENT = "run.json"


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("desk")
    shutil.copytree(FIXTURES / "tiny", folder / "tiny")
    patch = pytest.MonkeyPatch()
    patch.chdir(folder)
    patch.setenv(NOTEBOOKS_VARIABLE, str(FIXTURES))
    yield folder
    patch.undo()


@pytest.fixture(scope="module")
def cluster(desk):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--no-dashboard"]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": desk}
    processes = [subprocess.Popen(command, **quiet)]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", f"tcp://127.0.0.1:{port}"]
    worker += ["--nthreads", "1", "--no-dashboard", "--no-nanny"]
    processes += [subprocess.Popen(worker, **quiet) for _ in range(2)]
    _wait_for_workers(port, 2)
    yield f"dask://127.0.0.1:{port}"
    for process in reversed(processes):
        process.terminate()
        process.wait(PATIENCE_SECONDS)


def _wait_for_workers(port: int, number: int) -> None:
    from distributed import Client

    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with Client(f"tcp://127.0.0.1:{port}", timeout=5, set_as_default=False) as client:
                client.wait_for_workers(number, timeout=PATIENCE_SECONDS)
                return
        except OSError:
            assert time.monotonic() < deadline, "the scheduler did not start"


def status(*words) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    return int(ended.value.code or 0)


def files(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.rglob("*") if path.is_file() and path.name != OF_THE_MOMENT]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def test_a_cluster_leaves_the_same_bytes_as_this_machine(desk, cluster):
    words = ["report", "--data", "tiny", "--studies", "data-readiness,channel-choice"]
    assert status(*words, "--out", "here") == status(
        *words, "--out", "there", "--executor", cluster
    )
    assert files(desk / "here")
    assert files(desk / "there") == files(desk / "here")


def test_a_kernel_that_dies_there_is_tried_again_here(desk, cluster, capsys):
    assert status("run", FIXTURES / "dies.ipynb", "--out", "out", "--executor", cluster) == 1
    shown = capsys.readouterr().err
    assert shown.count("dies: started") == 2
    assert "DeadKernel" in shown
    assert (desk / "out" / "dies" / "report.html").is_file()


@pytest.mark.parametrize(
    ("executor", "expected", "message"),
    [
        ("ray://x:1", 2, "dask://HOST:PORT"),
        ("dask://nowhere", 2, "dask://HOST:PORT"),
        ("dask://127.0.0.1:1", 1, "cannot be reached"),
    ],
)
def test_a_cluster_that_is_not_there_is_named(
    desk, capsys, monkeypatch, executor, expected, message
):
    monkeypatch.setattr("supportlab.reporting.cluster.CONNECT_SECONDS", 2)
    words = ["run", "data-readiness", "--data", "tiny", "--out", "none", "--executor", executor]
    assert status(*words) == expected
    shown = capsys.readouterr().err
    assert message in shown
    assert "Traceback" not in shown
    assert not (desk / "none").exists()


def test_an_interrupted_run_stops_its_notebooks_on_the_cluster(desk, cluster):
    note = desk / "kernel.pid"
    # The worker hands its own environment on, so the path is given to it by a file of the desk.
    text = (FIXTURES / "slow.ipynb").read_text()
    path = desk / "slow.ipynb"
    path.write_text(text.replace('os.environ[\\"SUPPORTLAB_TEST_PID\\"]', f"'{note}'"))
    command = [str(Path(sys.executable).with_name("supportlab")), "run", str(path)]
    process = subprocess.Popen(
        [*command, "--out", "slow-out", "--executor", cluster],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _wait_for(lambda: note.is_file() and note.read_text())
    kernel = int(note.read_text())
    process.terminate()
    process.wait(PATIENCE_SECONDS)
    _wait_for(lambda: not _is_alive(kernel))
    assert not (desk / "slow-out").exists()


def _wait_for(condition) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
