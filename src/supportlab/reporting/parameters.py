"""The parameters of a notebook as one validated, frozen record."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from supportlab.errors import ParameterError
from supportlab.reporting.secrets import secret_reason

__all__ = ["COMMON_PARAMETERS", "Parameters", "date_fault", "parameters"]

# What every notebook understands; a run sets them for all its notebooks at once.
COMMON_PARAMETERS = ("data", "as_of", "start", "end", "market")

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2})?")


@dataclass(frozen=True)
class Parameters:
    """
    What a notebook was asked for.

    Made by :func:`parameters`, which validates; not meant to be built by hand.

    Parameters
    ----------
    data : str
        Folder, file or named connection, as the user wrote it.
    as_of : str
        ISO date or minute (UTC) as of which the data count; empty when not given.
    start, end : str
        ISO dates of the window, end excluded; empty when not given.
    market : str
        Market code; empty for all markets.
    extras : mapping
        The notebook's own parameters, also to be had as attributes.
    """

    data: str
    as_of: str = ""
    start: str = ""
    end: str = ""
    market: str = ""
    extras: Mapping[str, Any] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        extras = self.__dict__.get("extras", {})
        if name in extras:
            return extras[name]
        known = ", ".join([*COMMON_PARAMETERS, *extras])
        raise AttributeError(f"the notebook has no parameter {name!r}; it has {known}")

    @property
    def window(self) -> dict[str, str | None]:
        """Return ``start`` and ``end`` as keywords, None where not given."""
        return {"start": self.start or None, "end": self.end or None}

    def to_dict(self) -> dict[str, Any]:
        """Return all parameters, common ones first."""
        common = {name: getattr(self, name) for name in COMMON_PARAMETERS}
        return {**common, **self.extras}


def parameters(**values: Any) -> Parameters:
    """
    Validate the values of a parameters cell into one frozen record.

    Not for values of an analysis that nobody sets from outside: those are arguments of the
    study's function.

    Parameters
    ----------
    **values : object
        ``data`` is needed; ``as_of``, ``start``, ``end`` and ``market`` may be left out; further
        names are the notebook's own and become attributes.

    Returns
    -------
    Parameters
        Frozen; ``window`` has start and end as keywords for the metric functions.

    Raises
    ------
    ParameterError
        With all faults at once: dates that are not ISO dates, a window that ends before it
        starts, text where text is needed, values that look like secrets.

    Examples
    --------
    >>> params = parameters(data="data/sample", start="2026-01-01", end="2026-03-01", top=5)
    >>> params.window
    {'start': '2026-01-01', 'end': '2026-03-01'}
    >>> params.top
    5
    """
    faults = [*_text_faults(values), *_window_faults(values), *_secret_faults(values)]
    if faults:
        raise ParameterError("\n".join(["The parameters cannot be used.", *faults]))
    common = {name: values[name] for name in COMMON_PARAMETERS if name in values}
    extras = {name: value for name, value in values.items() if name not in COMMON_PARAMETERS}
    return Parameters(**common, extras=MappingProxyType(extras))


def date_fault(text: str, *, moment: bool = False) -> str | None:
    """
    Say what is wrong with an ISO date.

    Parameters
    ----------
    text : str
        What was given.
    moment : bool
        Whether a time of day (UTC) may follow the date.

    Returns
    -------
    str or None
        The fault, or None for a real date.

    Examples
    --------
    >>> date_fault("2026-02-30")
    "'2026-02-30' is not a real date; write YYYY-MM-DD"
    """
    allowed = "YYYY-MM-DD or YYYY-MM-DDTHH:MM (UTC)" if moment else "YYYY-MM-DD"
    shaped = _DATE.fullmatch(text) or (moment and _MOMENT.fullmatch(text))
    if not shaped:
        return f"{text!r} is not an ISO date; write {allowed}"
    try:
        datetime.fromisoformat(text) if moment else date.fromisoformat(text)
    except ValueError:
        return f"{text!r} is not a real date; write {allowed}"
    return None


def _text_faults(values: Mapping[str, Any]) -> list[str]:
    faults = []
    if not values.get("data"):
        faults.append("- data: none was given; name a folder, a file or a named connection")
    for name in COMMON_PARAMETERS:
        value = values.get(name, "")
        if not isinstance(value, str):
            kind = type(value).__name__
            faults.append(f"- {name}: got {value!r} ({kind}); write it as text in quotes")
    return faults


def _window_faults(values: Mapping[str, Any]) -> list[str]:
    faults: list[str] = []
    good: dict[str, str] = {}
    for name in ("as_of", "start", "end"):
        text = values.get(name, "")
        if not isinstance(text, str) or not text:
            continue
        fault = date_fault(text, moment=name == "as_of")
        if fault:
            faults.append(f"- {name}: {fault}")
        else:
            good[name] = text
    if "start" in good and "end" in good and good["start"] >= good["end"]:
        faults.append(
            f"- start: {good['start']} is not before end {good['end']}; the end is not included"
        )
    if "start" in good and "as_of" in good and good["start"] > good["as_of"]:
        faults.append(f"- start: {good['start']} lies after as_of {good['as_of']}")
    return faults


def _secret_faults(values: Mapping[str, Any]) -> list[str]:
    found = ((name, secret_reason(name, value)) for name, value in values.items())
    return [
        f"- {name}: refused because {reason}; parameters are saved in the notebook, so keep the "
        "secret in the environment or in a named connection"
        for name, reason in found
        if reason
    ]
