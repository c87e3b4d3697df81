"""Ask the warm process for children, and start and stop it."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Literal

from supportlab.errors import SupportLabError
from supportlab.reporting.warm_key import warm_key
from supportlab.reporting.warm_words import ALLOCATOR, KEY, READY, SOCKET, WARM_VARIABLE

__all__ = ["ForkedProcess", "can_fork", "fork", "named_warm_process", "warm_process"]

# A cold import of everything on a busy machine.
START_SECONDS = 120
POLL_SECONDS = 0.02


class ForkedProcess:
    """
    A child of the warm process, as `subprocess.Popen` would show it.

    Parameters
    ----------
    connection : socket.socket
        On which its end will be told; the child is killed when this is closed.
    stdin : binary file or None
        The writing end of its standard input.
    """

    stdout = stderr = None

    def __init__(self, connection: socket.socket, stdin: IO[bytes] | None = None) -> None:
        self._connection, self.stdin = connection, stdin
        self._buffer = b""
        self.returncode: int | None = None
        words = self._words(START_SECONDS)
        if words is None or "pid" not in words:
            raise SupportLabError("the warm process did not start a child")
        self.pid = int(words["pid"])

    def poll(self) -> int | None:
        """Return the exit status, or None while it runs."""
        return self._ended(0.0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end and return the exit status."""
        status = self._ended(timeout)
        if status is None:
            raise subprocess.TimeoutExpired("forked process", timeout or 0.0)
        return status

    def send_signal(self, number: int) -> None:
        """Send a signal to the process, if it still runs."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask the process to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the process."""
        self.send_signal(signal.SIGKILL)

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None:
            words = self._words(timeout)
            if words is not None:
                # A warm process that is gone has taken its children with it.
                self.returncode = int(words.get("status", -signal.SIGKILL))
                self._connection.close()
        return self.returncode

    def _words(self, timeout: float | None) -> Mapping[str, int] | None:
        deadline = None if timeout is None else time.monotonic() + timeout
        while b"\n" not in self._buffer:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not select.select([self._connection], [], [], left)[0]:
                return None
            part = self._received()
            if not part:
                return {}
            self._buffer += part
        line, _, self._buffer = self._buffer.partition(b"\n")
        found: dict[str, int] = json.loads(line)
        return found

    def _received(self) -> bytes:
        try:
            return self._connection.recv(4096)
        except ConnectionError:
            return b""


def can_fork() -> bool:
    """Return whether this system offers what forked kernels need."""
    return sys.platform.startswith("linux") and hasattr(os, "pidfd_open")


def fork(
    do: Literal["kernel", "worker"],
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    streams: tuple[int, int, int],
    stdin: IO[bytes] | None = None,
    cwd: str | None = None,
) -> ForkedProcess:
    """
    Ask the warm process that the environment names for a child.

    Parameters
    ----------
    do : {"kernel", "worker"}
        What the child becomes.
    argv : sequence of str
        Its arguments.
    env : mapping
        Its environment, which has to name the warm process.
    streams : tuple of int
        Descriptors of its standard input, output and error.
    stdin : binary file, optional
        The writing end of its standard input, for who holds the process.
    cwd : str, optional
        Its folder; the current one when left out.

    Returns
    -------
    ForkedProcess
        The child.

    Raises
    ------
    OSError, SupportLabError
        When the warm process does not answer.
    """
    request = {"do": do, "argv": list(argv), "env": dict(env), "cwd": cwd or str(Path.cwd())}
    text = json.dumps(request).encode()
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(env[WARM_VARIABLE])
        socket.send_fds(connection, [struct.pack("!I", len(text))], list(streams))
        connection.sendall(text)
        return ForkedProcess(connection, stdin)
    except BaseException:
        connection.close()
        raise


def named_warm_process() -> str:
    """
    Return the warm process that the environment names, where it is ours.

    Returns
    -------
    str
        Path of its socket; empty where none is named, or it has other code or other versions, or
        is gone.
    """
    socket_path = os.environ.get(WARM_VARIABLE, "")
    if not (socket_path and can_fork()):
        return ""
    folder = Path(socket_path).parent
    try:
        # Children of somebody else's process would be theirs.
        is_own = folder.stat().st_uid == os.getuid()
        is_same = (folder / KEY).read_text(encoding="utf-8") == warm_key()
    except (OSError, UnicodeDecodeError):
        return ""
    return socket_path if is_own and is_same and _answers(socket_path) else ""


def _answers(socket_path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        try:
            connection.connect(socket_path)
        except OSError:
            return False
    return True


@contextmanager
def warm_process(environment: Mapping[str, str]) -> Iterator[str]:
    """
    Keep a warm process for the length of a run.

    Not for a system without `can_fork`.

    Parameters
    ----------
    environment : mapping
        What kernels start in; variables that libraries read at import have to stand here.

    Yields
    ------
    str
        Path of its socket; empty where forking is not safe, and stock kernels have to do.
    """
    folder = Path(tempfile.mkdtemp(prefix="supportlab-warm-"))
    process = subprocess.Popen(  # noqa: S603  our own module, no shell
        [sys.executable, "-P", "-m", "supportlab.reporting.warm_server", str(folder)],
        env={**environment, **ALLOCATOR},
        # It ends when this pipe closes, which even a killed parent does.
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield str(folder / SOCKET) if _is_ready(process, folder) else ""
    finally:
        if process.stdin:
            process.stdin.close()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _is_ready(process: subprocess.Popen[bytes], folder: Path) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if (folder / READY).is_file():
            return not (folder / READY).read_text(encoding="utf-8")
        time.sleep(POLL_SECONDS)
    return False
