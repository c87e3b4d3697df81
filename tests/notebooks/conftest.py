"""One warm process for the runs of this folder: the same bytes, a third of the seconds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from supportlab.reporting.pool import kernel_environment
from supportlab.reporting.warm_client import can_fork, warm_process
from supportlab.reporting.warm_words import WARM_VARIABLE


@pytest.fixture(scope="session")
def warm_socket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Socket of a warm process that is up as long as the tests; empty where there is none."""
    if not can_fork():
        yield ""
        return
    with warm_process(kernel_environment(tmp_path_factory.mktemp("warm"))) as socket:
        yield socket


@pytest.fixture(autouse=True, scope="module")
def warm(request: pytest.FixtureRequest) -> Iterator[str]:
    """Fork kernels from the shared warm process, unless the module says ``KERNELS = "own"``."""
    patch = pytest.MonkeyPatch()
    if getattr(request.module, "KERNELS", "shared") == "own":
        patch.delenv(WARM_VARIABLE, raising=False)
        yield ""
    else:
        socket = request.getfixturevalue("warm_socket")
        patch.setenv(WARM_VARIABLE, socket)
        yield socket
    patch.undo()
