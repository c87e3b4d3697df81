"""``run.json``: what ran, on which data, with which code, and how it went."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import supportlab
from supportlab.reporting.names import escaped_json
from supportlab.reporting.registry import StudyNotebook, checkout
from supportlab.vocabulary import CONTRACT_VERSION

__all__ = ["code_digest", "manifest", "package_versions", "run_key", "write_json"]

_SOURCES = (".py", ".j2", ".css", ".toml", ".csv", ".json")
_REQUIREMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
GIT_SECONDS = 20


def run_key(
    notebooks: Sequence[StudyNotebook], data: Mapping[str, Any], values: Mapping[str, Any]
) -> str:
    """
    Return the id of a run, which is the same when nothing that decides its content has changed.

    Parameters
    ----------
    notebooks : sequence of StudyNotebook
        What is run.
    data : mapping
        Source and fingerprint.
    values : mapping
        Parameters by study.

    Returns
    -------
    str
        16 hexadecimal digits of a hash over data, parameters, notebooks, this package's files,
        and the versions of Python and the libraries.
    """
    digest = hashlib.sha256()
    for part in (data, values, package_versions(), platform.python_version()):
        digest.update(json.dumps(part, sort_keys=True, default=str).encode())
    digest.update(code_digest())
    for item in notebooks:
        digest.update(item.study.encode() + item.path.read_bytes())
    return digest.hexdigest()[:16]


@cache
def code_digest() -> bytes:
    """
    Return a hash of this package's files, taken once, so that it is that of the code that runs.

    Returns
    -------
    bytes
        The digest.
    """
    digest = hashlib.sha256()
    home = Path(supportlab.__file__).parent
    for path in sorted(home.rglob("*")):
        if path.suffix in _SOURCES and path.is_file():
            digest.update(path.relative_to(home).as_posix().encode() + path.read_bytes())
    return digest.digest()


def manifest(
    *,
    run_id: str,
    started_at: str,
    finished_at: str,
    data: Mapping[str, Any],
    parameters: Mapping[str, Any],
    studies: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """
    Gather the manifest of a run, with the keys of the results contract in its order.

    Parameters
    ----------
    run_id : str
        From `run_key`.
    started_at, finished_at : str
        UTC, ISO.
    data : mapping
        Source, fingerprint and tables.
    parameters : mapping
        What the user set.
    studies : sequence of mapping
        Name, status, seconds, parameters, error, cached.

    Returns
    -------
    dict
        Ready for JSON. The seed is that of the notebooks that take one, when they agree.
    """
    seeds = {item["parameters"]["seed"] for item in studies if "seed" in item["parameters"]}
    return {
        "run_id": run_id,
        "started_at": started_at,
        "finished_at": finished_at,
        "supportlab_version": supportlab.__version__,
        "git_commit": git_commit(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": package_versions(),
        "data": dict(data),
        "parameters": dict(parameters),
        "seed": seeds.pop() if len(seeds) == 1 else None,
        "studies": [dict(item) for item in studies],
        "contract_version": CONTRACT_VERSION,
    }


def package_versions() -> dict[str, str]:
    """
    Return the installed versions of what this package requires.

    Returns
    -------
    dict
        Version by name, sorted; extras of the developers are left out.
    """
    try:
        required = metadata.requires("supportlab") or []
    except metadata.PackageNotFoundError:
        return {}
    names = [found[0] for line in required if (found := _REQUIREMENT.match(line))]
    wanted = {name for name, line in zip(names, required, strict=True) if "extra ==" not in line}
    versions = {}
    for name in sorted(wanted, key=str.lower):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def git_commit() -> str | None:
    """
    Return the commit of the checkout.

    Returns
    -------
    str or None
        The hash, with ``-dirty`` when tracked files differ from it; None without git.
    """
    home = checkout()
    if home is None:
        return None
    commit = _git(home, "rev-parse", "HEAD")
    if not commit:
        return None
    return f"{commit}-dirty" if _git(home, "status", "--porcelain", "-uno") else commit


def write_json(path: Path, value: object) -> None:
    """
    Write a value as JSON text that depends on nothing else.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    value : object
        Plain values.
    """
    text = json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False, default=str)
    path.write_text(escaped_json(text) + "\n", encoding="utf-8", newline="")


def _git(home: Path, *words: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603  fixed words, no shell
            ["git", *words],  # noqa: S607  whichever git the user has
            cwd=home,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
            capture_output=True,
            text=True,
            timeout=GIT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
