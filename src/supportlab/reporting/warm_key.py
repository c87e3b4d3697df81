"""What a warm process and those who fork from it must have in common."""

from __future__ import annotations

import hashlib
import json
import sys

from supportlab.reporting.manifest import code_digest, package_versions

__all__ = ["warm_key"]


def warm_key() -> str:
    """
    Return a hash over the interpreter, this package's code and the versions of the libraries.

    Returns
    -------
    str
        64 hexadecimal digits. A process with another key would run other code.
    """
    facts = (sys.executable, sys.version, package_versions(), code_digest().hex())
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
