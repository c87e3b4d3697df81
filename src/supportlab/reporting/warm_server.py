"""
The warm process that kernels and workers are forked from.

``python -P -m supportlab.reporting.warm_server FOLDER``. It has imported the heavy libraries once,
holds no data and no thread, and forks a child for every request on its private socket.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import selectors
import signal
import socket
import struct
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from supportlab.reporting.warm_words import KEY, READY, SOCKET

__all__ = ["PRELOADED", "serve"]

# Libraries that start threads as they are imported: the child imports them when it needs them.
# Others import them if they are there, so they must not be there for the moment.
THREADED = ("duckdb", "polars")
# What notebooks, kernels and workers spend their first seconds on. A backend of matplotlib is
# not among them: loaded before the fork it would hook into an IPython that is not there yet.
PRELOADED = (
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "matplotlib.pyplot",
    "seaborn",
    "pandas",
    "pyarrow.parquet",
    "ibis",
    "scipy.stats",
    "scipy.optimize",
    "statsmodels.api",
    "sklearn.linear_model",
    "babel.numbers",
    "papermill",
    "supportlab.reporting.worker",
    "supportlab.reporting.execute",
    "supportlab.reporting.page",
    "supportlab.reporting.recorder",
    "supportlab.studies.feedback",
    "supportlab.studies.readiness",
    "supportlab.studies.churn",
    "supportlab.studies.empowerment",
    "supportlab.studies.payments",
    "supportlab.studies.channels",
    "supportlab.studies.service",
)
N_STREAMS = 3
# A request is parameters and an environment; more than this is no request of ours.
LONGEST_REQUEST = 4 * 2**20
# While one asks the others wait, so that nobody may take his time.
LONGEST_ASKING_SECONDS = 5.0


@dataclass
class _Child:
    pid: int
    handle: int
    client: socket.socket


@dataclass
class _Server:
    listener: socket.socket
    selector: selectors.BaseSelector
    children: dict[int, _Child] = field(default_factory=dict)

    def close(self) -> None:
        """Close everything that belongs to the server, in a child that must not keep it."""
        self.selector.close()
        self.listener.close()
        for child in self.children.values():
            child.client.close()
            os.close(child.handle)


def serve(folder: Path) -> None:
    """
    Answer requests until standard input is closed.

    Not for a process that has used threads: a fork would copy their locks and not them.

    Parameters
    ----------
    folder : pathlib.Path
        Private folder for the socket; the file ``ready`` appears in it, empty when all is well,
        else with the reason why forking is not safe here.
    """
    _preload()
    reason = _unsafe()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(folder / SOCKET))
    listener.listen(64)
    from supportlab.reporting.warm_key import warm_key

    (folder / KEY).write_text(warm_key(), encoding="utf-8")
    (folder / f"{READY}.new").write_text(reason, encoding="utf-8")
    (folder / f"{READY}.new").rename(folder / READY)
    if reason:
        return
    # Nothing that was imported is garbage; looking at it would copy its pages into every child.
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    server = _Server(listener, selectors.DefaultSelector())
    server.selector.register(listener, selectors.EVENT_READ, "listener")
    server.selector.register(sys.stdin.fileno(), selectors.EVENT_READ, "owner")
    try:
        while _step(server):
            pass
    finally:
        for child in server.children.values():
            _kill(child.pid)


def _preload() -> None:
    absent: dict[str, Any] = dict.fromkeys(THREADED)
    sys.modules.update(absent)
    for name in PRELOADED:
        # A library that is not installed is not used by any notebook either.
        with suppress(ImportError):
            importlib.import_module(name)
    for name in THREADED:
        sys.modules.pop(name, None)


def _unsafe() -> str:
    n_threads = len(list(Path("/proc/self/task").iterdir()))
    return "" if n_threads == 1 else f"the warm process has {n_threads} threads"


def _step(server: _Server) -> bool:
    for key, _ in server.selector.select():
        if key.data == "owner":
            if not os.read(sys.stdin.fileno(), 1024):
                return False
        elif key.data == "listener":
            _accept(server)
        elif key.data[0] == "ended":
            _bury(server, key.data[1])
        else:
            # A client never speaks twice: what can be read is the end of it.
            _kill(key.data[1])
            server.selector.unregister(key.fileobj)
    return True


def _accept(server: _Server) -> None:
    client, _ = server.listener.accept()
    streams: list[int] = []
    sys.stdout.flush()
    try:
        request = _receive(client, streams)
        pid = os.fork()
    except (OSError, ValueError, KeyError, struct.error):
        # Whoever asks badly, or leaves while asking, is no reason to fail the others.
        client.close()
        _close(streams)
        return
    if pid == 0:
        server.close()
        _become(request, streams, client)
    _close(streams)
    handle = os.pidfd_open(pid)
    server.children[pid] = _Child(pid, handle, client)
    server.selector.register(handle, selectors.EVENT_READ, ("ended", pid))
    server.selector.register(client, selectors.EVENT_READ, ("left", pid))
    _say(client, {"pid": pid})


def _close(streams: list[int]) -> None:
    for stream in streams:
        os.close(stream)


def _receive(client: socket.socket, streams: list[int]) -> dict[str, Any]:
    """Read a request; its descriptors go into a list, so that they can be closed in any case."""
    if _peer(client) != os.getuid():
        raise ValueError("another user")
    client.settimeout(LONGEST_ASKING_SECONDS)
    head, received, _, _ = socket.recv_fds(client, 4, N_STREAMS)
    streams += received
    length = struct.unpack("!I", head)[0]
    if len(streams) != N_STREAMS or length > LONGEST_REQUEST:
        raise ValueError("no request of ours")
    text = b""
    while len(text) < length:
        part = client.recv(length - len(text))
        if not part:
            raise ValueError("cut short")
        text += part
    client.settimeout(None)
    request: dict[str, Any] = json.loads(text)
    return request


def _peer(client: socket.socket) -> int:
    found = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", found)[1])


def _bury(server: _Server, pid: int) -> None:
    child = server.children.pop(pid)
    _, status = os.waitpid(pid, 0)
    # Whatever the child started belongs to its session and has nobody left.
    _kill(pid)
    server.selector.unregister(child.handle)
    os.close(child.handle)
    with suppress(KeyError, ValueError):
        server.selector.unregister(child.client)
    _say(child.client, {"status": os.waitstatus_to_exitcode(status)})
    child.client.close()


def _say(client: socket.socket, words: dict[str, int]) -> None:
    with suppress(OSError):
        client.sendall(json.dumps(words).encode() + b"\n")


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _become(request: dict[str, Any], streams: list[int], client: socket.socket) -> NoReturn:
    """Turn a fresh child into what was asked for; it never comes back to the server's loop."""
    status = 1
    try:
        client.close()
        _settle(request, streams)
        status = _run(request)
    except SystemExit as left:
        status = left.code if isinstance(left.code, int) else int(left.code is not None)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status & 0xFF)


def _settle(request: dict[str, Any], streams: list[int]) -> None:
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for target, stream in enumerate(streams):
        os.dup2(stream, target)
        os.close(stream)
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    os.chdir(request["cwd"])
    # Every child would draw the same numbers else.
    import random

    import numpy as np

    random.seed()
    np.random.seed()


def _run(request: dict[str, Any]) -> int:
    words = list(request["argv"])
    if request["do"] == "worker":
        from supportlab.reporting.worker import main

        sys.argv = ["supportlab-worker", *words]
        main(*words)
        return 0
    from ipykernel.kernelapp import IPKernelApp

    # The variable that carries this was read when ipykernel was imported.
    words = [*words, f"--IPKernelApp.parent_handle={os.getppid()}"]
    sys.argv = ["ipykernel_launcher", *words]
    IPKernelApp.launch_instance(argv=words)
    return 0


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
