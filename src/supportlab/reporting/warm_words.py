"""Names that the warm process, those who ask it and those who start it agree on."""

from __future__ import annotations

__all__ = ["ALLOCATOR", "KEY", "PROVISIONER", "READY", "SOCKET", "WARM_VARIABLE"]

# Names the socket of a warm process to whoever may ask it for children.
WARM_VARIABLE = "SUPPORTLAB_WARM_SOCKET"
# The entry point that a kernelspec names, see pyproject.toml.
PROVISIONER = "supportlab-forked"
# Files in the warm process's private folder.
SOCKET, READY, KEY = "socket", "ready", "key"
# Arrow's allocator would start a thread, and a process with threads cannot be forked.
ALLOCATOR = {"JE_ARROW_MALLOC_CONF": "background_thread:false"}
