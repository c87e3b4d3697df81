"""Recognise values that must never be written into a notebook, a page or a manifest."""

from __future__ import annotations

import re
from itertools import pairwise

__all__ = ["secret_reason", "shape_of_secret"]

# A name is split at underscores and capitals, so that `token` is refused and `tokens_per_chat`
# or `monkey` is not taken for a key.
SECRET_NAMES = frozenset(
    {
        "apikey",
        "authorization",
        "bearer",
        "credential",
        "credentials",
        "passphrase",
        "passwd",
        "password",
        "pwd",
        "secret",
        "token",
    }
)
SECRET_PAIRS = (("api", "key"), ("access", "key"), ("private", "key"), ("secret", "key"))

# Each pattern is looked for in whole pages that may hold megabytes of anything: a run of letters
# is gone through once, and nothing is sought without an end.
_URL_PASSWORD = re.compile(
    r"(?<![a-z0-9+.\-])[a-z0-9+.\-]+://[^/?#\s:@]*:[^/?#\s@]+@", re.IGNORECASE
)
_ASSIGNED = re.compile(
    r"\b(?:password|passwd|pwd|token|secret|api_?key|access_?key|motherduck_token)\s*=\s*[^\s;&]+",
    re.IGNORECASE,
)
_STARTS = ("-----BEGIN ", "AKIA", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "eyJ")
_KNOWN_SHAPES = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{30,}"
    r"|\beyJ[A-Za-z0-9_-]{10,600}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{5,}"
)


def secret_reason(name: str, value: object) -> str | None:
    """
    Say why a parameter looks like a secret.

    Not a scanner of whole pages: it looks at one name with one value.

    Parameters
    ----------
    name : str
        The parameter's name.
    value : object
        Its value; only text is looked into.

    Returns
    -------
    str or None
        The reason, never with the value in it; None where nothing looks secret.

    Examples
    --------
    >>> secret_reason("db_password", "x")
    'its name says that it is a secret'
    >>> secret_reason("data", "postgresql://me:hunter2@host/desk")
    'it holds a URL with a password'
    >>> secret_reason("data", "postgresql://host/desk") is None
    True
    """
    if _secret_name(name):
        return "its name says that it is a secret"
    if not isinstance(value, str):
        return None
    if _URL_PASSWORD.search(value):
        return "it holds a URL with a password"
    if _ASSIGNED.search(value):
        return "it holds a password, token or key"
    if _KNOWN_SHAPES.search(value):
        return "it has the shape of a private key or access token"
    return None


def shape_of_secret(text: str) -> str | None:
    """
    Say what in a text has the shape of a secret, whatever it is called.

    Not for a parameter with a name: that is `secret_reason`. Words such as ``password=`` are no
    find here, since customers write them.

    Parameters
    ----------
    text : str
        A page or a notebook.

    Returns
    -------
    str or None
        The reason, never with the value in it.

    Examples
    --------
    >>> shape_of_secret("see postgresql://me:hunter2@host/desk")
    'it holds a URL with a password'
    >>> shape_of_secret("my password = hunter2") is None
    True
    """
    # Plain words first: whole notebooks are looked through, and most hold none of these.
    if "://" in text and _URL_PASSWORD.search(text):
        return "it holds a URL with a password"
    if any(start in text for start in _STARTS) and _KNOWN_SHAPES.search(text):
        return "it has the shape of a private key or access token"
    return None


def _secret_name(name: str) -> bool:
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower().split("_")
    pairs = set(pairwise(words))
    return any(word in SECRET_NAMES for word in words) or any(p in pairs for p in SECRET_PAIRS)
