"""Look for secrets in what a notebook has left, before anybody else can see it."""

from __future__ import annotations

import html
import json
import os
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from supportlab.reporting.jobs import Failure
from supportlab.reporting.personal import masked
from supportlab.reporting.secrets import secret_reason, shape_of_secret

__all__ = ["known_secrets", "leaks", "leaks_beside", "own_secrets", "safe_failure", "value_reason"]

# Shorter values are words: finding "default" in a page says nothing.
SHORTEST_SECRET = 8
# What a shell calls its working folder and the last one, and no password.
FOLDERS = ("PWD", "OLDPWD")
CONNECTION_PREFIX = "SUPPORTLAB_CONNECTION_"
CONNECTIONS_FILE = Path("supportlab/connections.toml")


def known_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """
    Collect the secrets that this machine would give to a run.

    Not a list to be shown: the values are secrets, the labels say where they come from.

    Parameters
    ----------
    environment : mapping
        Environment variables; ``XDG_CONFIG_HOME`` says where the user's settings are.

    Returns
    -------
    dict
        Label by secret value: variables whose name says secret, passwords in URLs of named
        connections, settings of connections whose name says secret.
    """
    found: dict[str, str] = {}
    for name, value in environment.items():
        if name not in FOLDERS and secret_reason(name, "") is not None:
            found[value] = f"the environment variable {name}"
        if name.startswith(CONNECTION_PREFIX):
            found |= dict.fromkeys(_passwords(value), f"the environment variable {name}")
    settings = environment.get("XDG_CONFIG_HOME", "")
    home = Path(settings) if settings else Path.home() / ".config"
    for name, value in _file_values(home / CONNECTIONS_FILE):
        if secret_reason(name, "") is not None:
            found[value] = "the file of connections"
        found |= dict.fromkeys(_passwords(value), "the file of connections")
    return {value: label for value, label in found.items() if len(value) >= SHORTEST_SECRET}


def leaks(folder: Path, secrets: Mapping[str, str]) -> list[str]:
    """
    Find secrets in the files of a folder.

    Not a proof that there are none: a secret that was cut in two or encrypted passes.

    Parameters
    ----------
    folder : pathlib.Path
        What would be published.
    secrets : mapping of str to str
        Values with the words for where they come from.

    Returns
    -------
    list of str
        One sentence a find, without the value; empty when there is none.
    """
    return _leaks(folder, [path for path in folder.rglob("*") if path.is_file()], secrets)


def leaks_beside(folder: Path, studies: Collection[Path], secrets: Mapping[str, str]) -> list[str]:
    """
    Find secrets in the files of a run that lie beside the folders of its studies.

    Parameters
    ----------
    folder : pathlib.Path
        The run.
    studies : collection of pathlib.Path
        Folders that were looked through before.
    secrets : mapping of str to str
        Values with the words for where they come from.

    Returns
    -------
    list of str
        One sentence a find, without the value; empty when there is none.
    """
    beside = []
    for home, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if Path(home, name) not in studies]
        beside += [Path(home, name) for name in names]
    return _leaks(folder, beside, secrets)


def value_reason(text: str, secrets: Mapping[str, str]) -> str | None:
    """
    Say why a value that a user gave must not be saved.

    Parameters
    ----------
    text : str
        As it was written.
    secrets : mapping of str to str
        From `known_secrets`.

    Returns
    -------
    str or None
        The reason, never with the value in it.
    """
    labels = sorted({label for value, label in secrets.items() if value in text})
    return f"it holds the value of {labels[0]}" if labels else None


def safe_failure(failure: Failure | None) -> Failure | None:
    """
    Take out of a failure's message what may not be seen: it goes into pages and logs.

    Parameters
    ----------
    failure : Failure or None
        As a process left it.

    Returns
    -------
    Failure or None
        The same without secrets, addresses and numbers of people.
    """
    if failure is None:
        return None
    message = failure.message
    has_secret = any(form in message for value in own_secrets() for form in _forms(value))
    if has_secret or shape_of_secret(message):
        return replace(failure, message="its message holds a secret and is withheld")
    return replace(failure, message=masked(message))


def _leaks(folder: Path, paths: Sequence[Path], secrets: Mapping[str, str]) -> list[str]:
    written = {form: label for value, label in secrets.items() for form in _forms(value)}
    found = []
    for path in sorted(paths):
        text = path.read_bytes().decode("utf-8", errors="replace")
        name = path.relative_to(folder).as_posix()
        labels = sorted({label for form, label in written.items() if form in text})
        found += [f"{name} holds the value of {label}" for label in labels]
        reason = shape_of_secret(text)
        if reason:
            found.append(f"{name}: {reason}")
    return found


def _forms(value: str) -> set[str]:
    """Return how a value is written in a page, a notebook and a URL."""
    shown = (value, html.escape(value))
    return {*shown, *(json.dumps(text)[1:-1] for text in shown)}


def _passwords(value: str) -> list[str]:
    try:
        parts = urlsplit(value)
        password, pairs = parts.password, parse_qsl(parts.query)
    except ValueError:
        return []
    found = [text for name, text in pairs if secret_reason(name, "") is not None]
    return [*found, password, unquote(password)] if password else found


def _file_values(path: Path) -> Iterator[tuple[str, str]]:
    try:
        with path.open("rb") as file:
            content = tomllib.load(file)
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        return
    yield from _texts(content)


def _texts(content: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for name, value in content.items():
        if isinstance(value, Mapping):
            yield from _texts(value)
        elif isinstance(value, str):
            yield name, value


def own_secrets() -> dict[str, str]:
    """Return the secrets of this process and user."""
    return known_secrets(os.environ)
