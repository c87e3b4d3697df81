"""``reports.toml``: which reports a desk wants, so that a scheduler needs one command."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from supportlab.errors import ParameterError, did_you_mean, listed
from supportlab.reporting.names import slug
from supportlab.reporting.spans import PERIODS, resolve_period

__all__ = ["ReportSpec", "read_reports"]

_ANY_DAY = date(2026, 7, 1)


def _period(name: str) -> str:
    try:
        resolve_period(name, _ANY_DAY)
    except ParameterError:
        raise ValueError(f"{name!r} is not known; write one of {', '.join(PERIODS)}") from None
    return name


def _name(name: str) -> str:
    if not name or slug(name) != name:
        raise ValueError(f"{name!r} becomes a folder: write lower-case letters, digits and dashes")
    return name


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ReportSpec(_Frozen):
    """
    One report that is made again and again.

    ``out`` is the folder that holds its runs, one folder a period and ``latest`` beside them;
    ``keep`` is how many of them stay. ``slices`` are sets of parameters, each a report of its own;
    ``by`` makes one for each value in the data.
    """

    name: Annotated[str, AfterValidator(_name)]
    data: str = Field(min_length=1)
    out: str = ""
    studies: tuple[str, ...] = ()
    by: Literal["", "market"] = ""
    slices: tuple[dict[str, str | int | float | bool], ...] = ()
    parameters: dict[str, str | int | float | bool] = Field(default_factory=dict)
    period: Annotated[str, AfterValidator(_period)] = "all"
    formats: tuple[Literal["html", "notebook", "csv", "figures"], ...] = ()
    keep: int = Field(default=12, ge=1, le=10_000)
    jobs: int = Field(default=1, ge=1, le=256)
    kernels: Literal["auto", "forked", "stock"] = "auto"
    executor: str = ""
    time_limit_minutes: float | None = Field(default=None, gt=0)
    memory_limit_mb: float | None = Field(default=None, gt=0)

    @property
    def folder(self) -> Path:
        """Return the folder that holds the runs, relative to the file unless absolute."""
        return Path(self.out or f"reports/{self.name}")

    @model_validator(mode="after")
    def _one_way_to_slice(self) -> ReportSpec:
        if self.by and self.slices:
            raise ValueError("by and slices exclude each other: write one of them")
        twice = sorted({name for part in self.slices for name in part if name in self.parameters})
        if twice:
            raise ValueError(f"{', '.join(twice)}: set in parameters and in slices; once is enough")
        return self


class _ReportsFile(_Frozen):
    report: tuple[ReportSpec, ...] = Field(min_length=1)


def read_reports(path: Path, only: tuple[str, ...] = ()) -> tuple[ReportSpec, ...]:
    """
    Read the reports that a file describes.

    Parameters
    ----------
    path : pathlib.Path
        The TOML file, with one ``[[report]]`` table a report.
    only : tuple of str
        Names of the reports to take; all when empty.

    Returns
    -------
    tuple of ReportSpec
        In the order of the file.

    Raises
    ------
    ParameterError
        When there is no such file, or with all its faults at once.
    """
    try:
        with path.open("rb") as file:
            content = tomllib.load(file)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ParameterError(f"--config {path.as_posix()!r} cannot be read: {reason}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ParameterError(f"--config {path.name}: it is no TOML: {error}.") from error
    try:
        reports = _ReportsFile.model_validate(content).report
    except ValidationError as error:
        raise ParameterError(_words(path, error)) from error
    return _chosen(reports, only, path)


def _chosen(
    reports: tuple[ReportSpec, ...], only: tuple[str, ...], path: Path
) -> tuple[ReportSpec, ...]:
    names = [item.name for item in reports]
    places = [str(item.folder) for item in reports]
    doubled = sorted({one for part in (names, places) for one in part if part.count(one) > 1})
    if doubled:
        raise ParameterError(
            f"{path.name}: several reports share {listed(doubled)}; names and folders must differ."
        )
    unknown = [name for name in only if name not in names]
    if unknown:
        lines = [f"- {name!r} is not there. {did_you_mean(name, names)}" for name in unknown]
        raise ParameterError("\n".join([f"{path.name} has no such report.", *lines]))
    return tuple(item for item in reports if not only or item.name in only)


def _words(path: Path, error: ValidationError) -> str:
    lines = [f"{path.name} cannot be used."]
    for fault in error.errors():
        place = ".".join(str(part) for part in fault["loc"])
        message = str(fault["msg"]).removeprefix("Value error, ")
        known = list(ReportSpec.model_fields)
        if fault["type"] == "extra_forbidden":
            message = f"not known here. {did_you_mean(str(fault['loc'][-1]), known)}"
        # What was written may be a secret, so it is not repeated beyond what a message holds.
        lines.append(f"- {place}: {message}")
    return "\n".join(lines)
