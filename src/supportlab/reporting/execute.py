"""Execute one notebook by papermill on its own kernel and keep what it showed."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from jupyter_client.manager import AsyncKernelManager
from papermill import execute_notebook
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError

from supportlab.reporting.jobs import Failure
from supportlab.reporting.limits import Limits, watched
from supportlab.reporting.warm_words import PROVISIONER, WARM_VARIABLE

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["execute", "kill_kernels", "watch_parent"]

# Long enough for a cold import of the scientific libraries on a busy machine.
KERNEL_START_SECONDS = 120
LONGEST_MESSAGE = 2000
# Of papermill's own marks at the head of a failed notebook: ours replace them.
PAPERMILL_MARK = "papermill-error-cell-tag"

_kernels: list[AsyncKernelManager] = []


class _TrackedKernelManager(AsyncKernelManager):
    """A stock kernel manager that can be found again when everything must stop."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _kernels.append(self)

    @property
    def kernel_spec(self) -> Any:
        """Return the stock kernelspec, which is forked where a warm process is named."""
        found = super().kernel_spec
        if found is not None and os.environ.get(WARM_VARIABLE):
            found.metadata["kernel_provisioner"] = {"provisioner_name": PROVISIONER}
        return found


class _KeepingEngine(NBClientEngine):  # type: ignore[misc]
    """The stock engine, which also leaves the notebook at hand when its kernel dies."""

    kept: NotebookNode | None = None

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> Any:
        cls.kept = nb_man.nb
        return super().execute_managed_notebook(nb_man, kernel_name, **options)


def execute(
    notebook: NotebookNode, values: Mapping[str, Any], limits: Limits | None = None
) -> tuple[NotebookNode, Failure | None]:
    """
    Run a notebook from top to bottom on a fresh kernel.

    Not thread-safe: one notebook a process.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Prepared, with ids.
    values : mapping
        Typed parameters to inject.
    limits : Limits, optional
        What its kernel may use of time and memory; anything when left out.

    Returns
    -------
    tuple
        The notebook with the outputs that there are, and how it failed, or None.
    """
    papermill_engines.register("supportlab", _KeepingEngine)
    _KeepingEngine.kept = None
    failure = None
    with watched(limits or Limits(), _kernel) as verdict:
        try:
            done = _executed(notebook, values)
        except PapermillExecutionError as error:
            failure = Failure(error.ename, _shortened(error.evalue))
        except Exception as error:
            failure = Failure(_kind(error), _shortened(str(error)))
    failure = verdict.failure if failure and verdict.failure else failure
    kept = _KeepingEngine.kept if failure else done
    result = kept if kept is not None else notebook
    _remove_papermill_marks(result)
    return result, _placed(failure, result)


def _executed(notebook: NotebookNode, values: Mapping[str, Any]) -> NotebookNode:
    done: NotebookNode = execute_notebook(
        notebook,
        None,
        parameters=dict(values),
        engine_name="supportlab",
        kernel_name="python3",
        progress_bar=False,
        request_save_on_cell_execute=False,
        start_timeout=KERNEL_START_SECONDS,
        kernel_manager_class=_TrackedKernelManager,
        # Nothing is left to be saved by a kernel that has answered its last cell.
        shutdown_kernel="immediate",
    )
    return done


def _kind(error: Exception) -> str:
    # A kernel that dies between cells has an error of its own; of one that dies before its first
    # answer, the client says so in words alone.
    is_stillborn = isinstance(error, RuntimeError) and str(error).startswith("Kernel ")
    return "DeadKernel" if is_stillborn else type(error).__name__.removesuffix("Error")


def _kernel() -> int | None:
    manager = _kernels[-1] if _kernels else None
    return getattr(manager.provisioner, "pid", None) if manager else None


def kill_kernels() -> None:
    """Kill every kernel that this process has started, at once."""
    for manager in _kernels:
        pid = getattr(manager.provisioner, "pid", None)
        if pid:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)


def watch_parent(pipe: int, then: Callable[[], None]) -> None:
    """
    Call a function when the process at the other end of a pipe closes it or dies.

    Parameters
    ----------
    pipe : int
        Descriptor of the reading end of the pipe.
    then : callable
        What to do; it is called on a thread of its own.
    """

    def wait() -> None:
        # A buffered file would hold its lock while the interpreter shuts down.
        with suppress(OSError):
            while os.read(pipe, 1024):
                pass
        then()

    threading.Thread(target=wait, daemon=True, name="parent-watch").start()


def _remove_papermill_marks(notebook: NotebookNode) -> None:
    notebook.cells = [
        cell for cell in notebook.cells if PAPERMILL_MARK not in cell.metadata.get("tags", [])
    ]


def _placed(failure: Failure | None, notebook: NotebookNode) -> Failure | None:
    """Name the cell to blame: the one with the error, or the last that was begun."""
    if failure is None:
        return None
    begun = None
    for at, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type != "code":
            continue
        if any(output.output_type == "error" for output in cell.outputs):
            return Failure(failure.kind, failure.message, at)
        # The status says "completed" even of cells that a dead kernel never came to.
        begun = at if cell.metadata.get("papermill", {}).get("start_time") else begun
    return Failure(failure.kind, failure.message, begun)


def _shortened(message: str) -> str:
    words = message.strip() or "no message"
    return words if len(words) <= LONGEST_MESSAGE else words[: LONGEST_MESSAGE - 1] + "…"
