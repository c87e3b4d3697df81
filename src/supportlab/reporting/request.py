"""What a user asks for, and what of it was found sound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from supportlab.reporting.formats import FORMATS
from supportlab.reporting.registry import StudyNotebook
from supportlab.reporting.signature import Signature

__all__ = ["Plan", "Request", "Slice"]


@dataclass(frozen=True)
class Request:
    """
    What a user asks for.

    Parameters
    ----------
    notebooks : tuple of StudyNotebook
        What to run.
    texts : mapping of str to str
        Parameters as the user wrote them, the common ones too.
    out : pathlib.Path
        Where the run goes.
    by : str
        ``market`` for one report a market, or empty.
    slices : tuple of mapping
        Sets of parameters, each a report of its own; not together with ``by``.
    default_data : str
        Source of the notebooks that take one, when the user named none.
    n_parallel : int
        Notebooks at a time.
    kernels : {"auto", "forked", "stock"}
        Whether kernels are forked from a warm process; ``auto``: where the system allows it and
        there are enough notebooks to be worth its start.
    time_limit_seconds, memory_limit_megabytes : float or None
        What one notebook may use.
    executor : str
        ``dask://HOST:PORT`` to run notebooks on a Dask cluster; empty for this machine.
    is_resumed : bool
        Take over from the run at ``out`` what would come out the same.
    wait_seconds : float
        How long to wait for another run of the same target.
    command : str
        The command that repeats the run.
    formats : tuple of str
        In which forms the run leaves what it found.
    """

    notebooks: tuple[StudyNotebook, ...]
    texts: Mapping[str, str]
    out: Path
    by: str = ""
    slices: tuple[Mapping[str, str], ...] = ()
    default_data: str = ""
    n_parallel: int = 1
    kernels: str = "auto"
    time_limit_seconds: float | None = None
    memory_limit_megabytes: float | None = None
    executor: str = ""
    is_resumed: bool = False
    wait_seconds: float = 0.0
    command: str = ""
    formats: tuple[str, ...] = FORMATS

    @property
    def slice_kind(self) -> str:
        """Return what tells the reports of a run apart; empty where there is one report."""
        return self.by or ("slice" if self.slices else "")


@dataclass(frozen=True)
class Plan:
    """
    A request that was found sound.

    Parameters
    ----------
    request : Request
        What was asked for.
    signatures : mapping of str to Signature
        By study.
    values : mapping of str to mapping
        Typed values to inject, by study.
    """

    request: Request
    signatures: Mapping[str, Signature]
    values: Mapping[str, Mapping[str, Any]]

    @property
    def takes_data(self) -> bool:
        """Return whether any notebook reads data."""
        return any("data" in item.specs for item in self.signatures.values())

    @property
    def data(self) -> str:
        """Return the source of the run."""
        return self.request.texts.get("data") or self.request.default_data

    def effective(self, study: str, more: Mapping[str, Any]) -> dict[str, Any]:
        """Return all parameters of a study's notebook, defaults included."""
        defaults = {name: spec.default for name, spec in self.signatures[study].specs.items()}
        known = {name: value for name, value in more.items() if name in defaults}
        return {**defaults, **self.values[study], **known}


@dataclass(frozen=True)
class Slice:
    """
    One report of several.

    Parameters
    ----------
    name : str
        For example ``market=DE``; empty for the whole.
    values : mapping
        Parameters that make the slice.
    folder : str
        Folder in the run, safe whatever the value is; empty for the whole.
    is_named : bool
        Whether a set of parameters makes it, in place of one value of the data.
    """

    name: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    folder: str = ""

    is_named: bool = False

    @property
    def title(self) -> str:
        """Return what a reader calls it, as ``DE``."""
        return self.name if self.is_named else self.name.partition("=")[2]
