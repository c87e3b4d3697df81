"""What a column's name says of its numbers: unit, heading, and how one of them is written."""

from __future__ import annotations

from supportlab.format import format_count, format_difference, format_p, format_value
from supportlab.reporting.names import clean_text
from supportlab.vocabulary import Unit

__all__ = ["BESIDE", "CODES", "SIGNED", "heading_of", "number_text", "unit_of"]

_UNIT_BY_ENDING: tuple[tuple[str, Unit], ...] = (
    ("_rate", "proportion"),
    ("_share", "proportion"),
    ("_proportion", "proportion"),
    ("_hours", "hours"),
    ("_minutes", "minutes"),
    ("_count", "count"),
    ("_rows", "count"),
    ("_per_1000", "per_1000"),
    ("_difference", "proportion"),
)
_UNIT_BY_NAME: dict[str, Unit] = {
    "n": "count",
    "rows": "count",
    "rate": "proportion",
    "share": "proportion",
    "proportion": "proportion",
    "fcr": "proportion",
    "difference": "proportion",
    "ratio": "odds_ratio",
}
_UNIT_BY_BEGINNING: tuple[tuple[str, Unit], ...] = (
    ("n_", "count"),
    ("share_", "proportion"),
    ("probability_", "proportion"),
    ("amount_", "count"),
)
# Figures beside the estimate that are of the same kind: the same unit, and a difference if it is.
BESIDE = (
    "naive",
    "plain",
    "shrunk",
    "unadjusted",
    "unweighted",
    "alone",
    "lowest",
    "highest",
    "mix",
    "within",
    "less_the_rest",
    "involuntary",
    "cox",
    "poisson",
)
# Units of which a difference is written with its sign; a ratio has none, nor has a score of 0 to 1.
SIGNED: tuple[Unit, ...] = ("proportion", "per_1000", "hours", "minutes", "money", "count")
# Codes that are written for programs and read by people.
CODES = ("verdict", "gain_verdict", "status")
_WORDS = {
    "n": "n",
    "id": "ID",
    "ci": "interval",
    "fcr": "FCR",
    "csat": "CSAT",
    "nps": "NPS",
    "ces": "CES",
    "utc": "UTC",
    "fx": "FX",
    "p": "p",
    "95": "95 %",
    "998": "99.8 %",
}


def unit_of(name: str) -> Unit | None:
    """Return the unit that a column's name gives, None where it gives none."""
    if name in _UNIT_BY_NAME:
        return _UNIT_BY_NAME[name]
    for beginning, unit in _UNIT_BY_BEGINNING:
        if name.startswith(beginning):
            return unit
    return next((unit for ending, unit in _UNIT_BY_ENDING if name.endswith(ending)), None)


def heading_of(name: str) -> str:
    """Return a column's name in words."""
    bare = name[2:] if name.startswith("n_") else name
    words = [_WORDS.get(word, word) for word in bare.split("_") if word]
    text = clean_text(" ".join(words), 60) or name
    return text[:1].upper() + text[1:] if words and words[0] not in ("n", "p") else text


def number_text(value: float, name: str, unit: Unit | None) -> str:
    """Write a number of a column, with no more than three digits where no unit says how many."""
    if name in ("p_value", "p_adjusted"):
        return format_p(value).removeprefix("p = ").removeprefix("p ")
    if unit is not None:
        is_gap = name == "difference" or name.endswith("_difference")
        return format_difference(value, unit) if is_gap else format_value(value, unit)
    if abs(value) >= 1000 or value == int(value):
        return format_count(value)
    return f"{value:.3g}".replace("-", "−")
