"""What the checks of the repository look at."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

LOCAL = {".git", ".venv", ".make", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"}


@pytest.fixture(scope="session")
def files(repository: Path) -> list[Path]:
    """Every file that is, or is about to be, under version control."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=repository,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split("\0")
        found = [repository / name for name in listed if name]
    except (OSError, subprocess.CalledProcessError):
        # An unpacked archive has no history; look at what is there.
        found = [
            path
            for path in repository.rglob("*")
            if not LOCAL & set(path.relative_to(repository).parts)
        ]
    return sorted(path for path in set(found) if path.is_file())


@pytest.fixture(scope="session")
def texts(files: list[Path]) -> dict[Path, str]:
    """The same files as text; bytes that are none stay visible as replacement characters."""
    return {path: path.read_bytes().decode("utf-8", errors="replace") for path in files}
