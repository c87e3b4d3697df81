"""What data cannot say of themselves: the settings of ``desk.toml``."""

from __future__ import annotations

import codecs
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from supportlab.desk.contract import CONTRACT
from supportlab.desk.faults import Fault
from supportlab.desk.known_codes import currencies, markets, time_zones
from supportlab.desk.shared_columns import CHANNELS
from supportlab.errors import did_you_mean, listed

__all__ = [
    "BusinessHours",
    "DeskConfig",
    "FileOptions",
    "ScoreScale",
    "ServiceLevel",
    "ServiceLevels",
    "SurveySettings",
    "read_config",
]

CONFIG_FILE = "desk.toml"


def _zone(name: str) -> str:
    if name not in time_zones():
        raise ValueError(f"{name!r} is no IANA time zone. {did_you_mean(name, time_zones())}")
    return name


def _currency(code: str) -> str:
    if code not in currencies():
        raise ValueError(f"{code!r} is no ISO 4217 code (three capital letters)")
    return code


def _market(code: str) -> str:
    if code not in markets():
        raise ValueError(f"{code!r} is no ISO 3166-1 alpha-2 code (two capital letters)")
    return code


def _channel(name: str) -> str:
    if name not in CHANNELS:
        raise ValueError(f"{name!r} is no channel. {did_you_mean(name, CHANNELS)}")
    return name


def _encoding(name: str) -> str:
    try:
        return codecs.lookup(name).name
    except LookupError:
        raise ValueError(f"{name!r} is no known encoding, as utf-8, latin-1 or cp1252") from None


Zone = Annotated[str, AfterValidator(_zone)]
Currency = Annotated[str, AfterValidator(_currency)]
Market = Annotated[str, AfterValidator(_market)]
Channel = Annotated[str, AfterValidator(_channel)]
Encoding = Annotated[str, AfterValidator(_encoding)]
OneCharacter = Annotated[str, Field(min_length=1, max_length=1)]
Period = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$")]
# A second at the least, and no more than ten years, which no desk has promised.
Minutes = Annotated[float, Field(ge=1 / 60, le=5_256_000)]
Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ScoreScale(_Frozen):
    """Scale and direction of a survey form."""

    scale_min: float
    scale_max: float
    high_is_good: bool = True

    @model_validator(mode="after")
    def _ordered(self) -> ScoreScale:
        if self.scale_min >= self.scale_max:
            raise ValueError("scale_min must be below scale_max")
        return self


class SurveySettings(_Frozen):
    """
    What the survey forms were.

    ``invitations`` is false where a source holds only the answers, so that non-response
    cannot be judged. CES forms differ, so ``ces`` has no default.
    """

    invitations: bool = True
    csat: ScoreScale = ScoreScale(scale_min=1, scale_max=5)
    nps: ScoreScale = ScoreScale(scale_min=0, scale_max=10)
    ces: ScoreScale | None = None


class BusinessHours(_Frozen):
    """Working hours of the whole desk where there is no table of schedules."""

    timezone: Zone
    days: dict[Day, tuple[Period, ...]]


class ServiceLevel(_Frozen):
    """
    A target of the desk: how many minutes are allowed, and by which clock they run.

    ``by_priority`` or ``by_channel`` names the minutes of single priorities or channels;
    ``target_minutes`` is for all others. Without it, others have no target.
    """

    target_minutes: Minutes | None = None
    by_priority: dict[Literal["low", "normal", "high", "urgent"], Minutes] = Field(
        default_factory=dict
    )
    by_channel: dict[Channel, Minutes] = Field(default_factory=dict)
    clock: Literal["calendar", "business"] = "calendar"

    @model_validator(mode="after")
    def _one_way(self) -> ServiceLevel:
        if self.by_priority and self.by_channel:
            raise ValueError("give by_priority or by_channel, not both")
        if self.target_minutes is None and not (self.by_priority or self.by_channel):
            raise ValueError("give target_minutes, by_priority or by_channel")
        return self


class ServiceLevels(_Frozen):
    """Targets for the first response and for the resolution; without one there is none."""

    first_response: ServiceLevel | None = None
    resolution: ServiceLevel | None = None


class FileOptions(_Frozen):
    """How one file is written, where it does not follow the rules by itself."""

    encoding: Encoding | None = None
    delimiter: OneCharacter | None = None
    quote: OneCharacter = '"'
    decimal_mark: Literal[".", ","] = "."
    time_format: str | None = None
    date_format: str | None = None
    timezone: Zone | None = None


class DeskConfig(_Frozen):
    """
    Settings of a source, from ``desk.toml`` and from the caller.

    Not a place for what columns can say. Every setting has its default here, and every
    report prints the settings in force.

    Parameters
    ----------
    name : str, optional
        The desk's name, for titles.
    timezone : str, optional
        Zone of times that bear no offset; without it such times are a fault.
    reporting_currency : str
        ISO 4217 code that amounts are converted to.
    as_of : datetime or date, optional
        The moment of the extract.
    fcr_window_days, churn_window_days, response_window_days : int
        Days in which a return, a departure or an answer counts.
    week_start : str
        First day of a week.
    surveys : SurveySettings
        Whether invitations are in the data, and the scales of the forms.
    holidays_countries : tuple of str
        Countries whose public holidays close the desk, where there is no table of holidays.
    business_hours : BusinessHours, optional
        Working hours where there is no table of schedules.
    service_levels : ServiceLevels
        Targets of the first response and of the resolution.
    files : dict
        How single files are written, by table.
    """

    name: str | None = None
    timezone: Zone | None = None
    reporting_currency: Currency = "USD"
    as_of: datetime | date | None = Field(default=None, union_mode="left_to_right")
    fcr_window_days: int = Field(default=7, ge=1, le=366)
    churn_window_days: int = Field(default=30, ge=1, le=366)
    response_window_days: int = Field(default=14, ge=1, le=366)
    week_start: Day = "monday"
    surveys: SurveySettings = SurveySettings()
    holidays_countries: tuple[Market, ...] = ()
    business_hours: BusinessHours | None = None
    service_levels: ServiceLevels = ServiceLevels()
    files: dict[str, FileOptions] = Field(default_factory=dict)

    def file_options(self, table: str) -> FileOptions:
        """Return how the file of a table is written."""
        return self.files.get(table, FileOptions())

    def zone_of(self, table: str) -> str | None:
        """Return the zone of a table's times without offset, or None where none is declared."""
        return self.file_options(table).timezone or self.timezone


def read_config(
    folder: Path | None, overrides: Mapping[str, Any] | None
) -> tuple[DeskConfig, list[Fault]]:
    """
    Read the settings of a source; what is wrong is left out and told.

    Parameters
    ----------
    folder : Path or None
        Where ``desk.toml`` may lie.
    overrides : mapping or None
        The caller's settings, which win key by key.

    Returns
    -------
    tuple of (DeskConfig, list of Fault)
        Settings in force, and all faults of the settings at once.
    """
    written, faults = _read_file(folder)
    settings = _merged(written, overrides or {})
    faults += _drop(settings, _unknown_tables(settings))
    for _ in range(2):
        try:
            return DeskConfig.model_validate(settings), faults
        except ValidationError as error:
            faults += _drop(settings, _invalid(error))
    return DeskConfig(), faults


def _read_file(folder: Path | None) -> tuple[dict[str, Any], list[Fault]]:
    path = folder / CONFIG_FILE if folder else None
    if path is None or not path.is_file():
        return {}, []
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig")), []
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        cure = f"It is not readable TOML in UTF-8: {error}"
        return {}, [Fault(CONFIG_FILE, "", "unreadable", "stop", 1, "", cure)]


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    both = dict(base)
    for key, value in over.items():
        old = both.get(key)
        nested = isinstance(old, Mapping) and isinstance(value, Mapping)
        both[key] = _merged(old, value) if nested else value  # type: ignore[arg-type]
    return {k: _merged(v, {}) if isinstance(v, Mapping) else v for k, v in both.items()}


Place = tuple[tuple[str, ...], str, str]


def _unknown_tables(settings: Mapping[str, Any]) -> Iterator[Place]:
    files = settings.get("files")
    for name in sorted(files) if isinstance(files, Mapping) else ():
        if name not in CONTRACT:
            yield ("files", str(name)), "unknown_key", did_you_mean(str(name), CONTRACT)


def _invalid(error: ValidationError) -> Iterator[Place]:
    for item in error.errors():
        path = tuple(str(part) for part in item["loc"])
        if item["type"] == "extra_forbidden":
            yield path, "unknown_key", did_you_mean(path[-1], _known_keys(path))
        else:
            yield path, "bad_value", f"Came {listed([item['input']])}: {item['msg']}."


def _known_keys(path: tuple[str, ...]) -> list[str]:
    model: Any = DeskConfig
    for part in path[:-1]:
        found = model.model_fields.get(part) if hasattr(model, "model_fields") else None
        model = _model_in(found.annotation) if found else model
    return list(model.model_fields)


def _model_in(annotation: Any) -> Any:
    parts = (annotation, *getattr(annotation, "__args__", ()))
    models = [part for part in parts if hasattr(part, "model_fields")]
    return models[0] if models else annotation


def _drop(settings: dict[str, Any], places: Iterator[Place]) -> list[Fault]:
    faults = []
    for path, rule, cure in list(places):
        faults.append(Fault(CONFIG_FILE, ".".join(path), rule, "stop", 1, "", cure))
        _remove(settings, path)
    return faults


def _remove(settings: Any, path: tuple[str, ...]) -> None:
    """Take out the deepest part of a path that the settings hold, so that the rest is read."""
    holder, last = settings, None
    for part in path:
        if not isinstance(holder, dict) or part not in holder:
            break
        last, parent = part, holder
        holder = holder[part]
    if last is not None:
        parent.pop(last, None)
