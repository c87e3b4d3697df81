"""Fixtures that every suite shares: where data lie, and what this machine can do."""

from __future__ import annotations

import gc
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from supportlab.desk import Desk

ROOT = Path(__file__).resolve().parent.parent

# A run that exports belongs to the runner; a test that wants one sets the folder itself.
os.environ.pop("SUPPORTLAB_EXPORT_DIR", None)

# Expressions are trees of many small objects that live long: looking for cycles in them as often as
# Python does by itself costs a tenth of all processor time.
gc.set_threshold(20_000, 10, 10)

# Another process on the machine must not turn a right answer into a failure, so no deadline. In CI
# the examples are the same every time: a submission is not to fail by luck.
settings.register_profile(
    "supportlab",
    deadline=None,
    max_examples=50,
    print_blob=True,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("supportlab")


@pytest.fixture(scope="session")
def repository() -> Path:
    """Root of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def sample_path() -> Path:
    """The committed sample world; never write into it."""
    return ROOT / "data" / "sample"


@pytest.fixture(scope="session")
def sample_desk(sample_path: Path) -> Desk:
    """The sample world, opened once for all: it cannot be changed, and opening it takes seconds."""
    from supportlab.desk import open_desk

    return open_desk(sample_path)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the real data sets, which are not part of the repository."""
    told = os.environ.get("SUPPORTLAB_REAL_DATA")
    place = Path(told) if told else ROOT.parent / "shared" / "real"
    if not place.is_dir():
        pytest.skip(f"no real data at {place}; set SUPPORTLAB_REAL_DATA to their folder")
    return place


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium that can open a page without a screen."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    pytest.skip("no Chromium on this machine; .ci/run installs it")
