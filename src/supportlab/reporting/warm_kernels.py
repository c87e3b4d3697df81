"""A kernel provisioner that forks kernels from a warm process in place of starting them."""

from __future__ import annotations

import os
import subprocess
from typing import Any

from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from supportlab.errors import SupportLabError
from supportlab.reporting.warm_client import fork
from supportlab.reporting.warm_words import WARM_VARIABLE

__all__ = ["ForkedProvisioner"]

_LAUNCHER = "ipykernel_launcher"


class ForkedProvisioner(LocalProvisioner):
    """
    Start a Python kernel by forking it; anything else, or without a warm process, as usual.

    Not for kernels that need an interpreter of their own: a forked one is the warm process's.
    Named in a kernelspec's metadata as ``{"kernel_provisioner": {"provisioner_name":
    "supportlab-forked"}}``; whoever starts kernels names the socket in ``SUPPORTLAB_WARM_SOCKET``.
    """

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Fork the kernel, or launch it as usual where that is not to be had."""
        env = {**os.environ, **(kwargs.get("env") or {})}
        forked = None
        if env.get(WARM_VARIABLE) and _LAUNCHER in cmd:
            forked = _forked(cmd[cmd.index(_LAUNCHER) + 1 :], env, kwargs.get("cwd"))
        if forked is None:
            return await super().launch_kernel(cmd, **kwargs)
        self.process, self.pid, self.pgid = forked, forked.pid, forked.pid
        self.cwd = kwargs.get("cwd", os.curdir)
        return self.connection_info


def _forked(argv: list[str], env: dict[str, str], cwd: str | None) -> Any:
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123  the system's name for it
        streams = (nothing.fileno(), 1, 2)
        try:
            return fork("kernel", argv, env=env, streams=streams, cwd=cwd)
        except (OSError, SupportLabError, subprocess.SubprocessError):
            return None
