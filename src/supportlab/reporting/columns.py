"""What a column's name says of its numbers: unit, heading, and how one of them is written."""

from __future__ import annotations

from supportlab.format import format_count, format_difference, format_p, format_value
from supportlab.reporting.names import clean_text
from supportlab.vocabulary import Unit

__all__ = [
    "ALWAYS_SIGNED",
    "BESIDE",
    "CODES",
    "PARTS_OF_WORDS",
    "SIGNED",
    "SIZES",
    "WORDS_OF_ROW",
    "heading_of",
    "is_gap",
    "number_text",
    "size_text",
    "unit_of",
    "value_text",
]

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
    ("_points_per_month", "per_month"),
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
    "own_weight": "proportion",
    "gain": "proportion",
    "calibration_slope": "odds_ratio",
    "auc_base": "odds_ratio",
    "auc_first": "odds_ratio",
    "auc_second": "odds_ratio",
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
    "per_ticket_with_authority",
    "answers_as_they_are",
    "conventional",
)
# Parts of a difference, which are differences whatever stands beside them.
ALWAYS_SIGNED = ("mix", "within", "less_the_rest")
# How large a difference would be found: of the kind of the estimate, and without a sign.
SIZES = ("detectable", "detectable_share")
# A sentence for each row, and the codes that such a sentence is made of.
WORDS_OF_ROW = ("title", "comparison")
PARTS_OF_WORDS = (
    "measure",
    "outcome",
    "driver",
    "channel",
    "versus",
    "part",
    "time",
    "tenure",
    "held",
)
# Units of which a difference is written with its sign; a ratio has none, nor has a score of 0 to 1.
SIGNED: tuple[Unit, ...] = ("proportion", "per_1000", "hours", "minutes", "money", "count")
# Codes that are written for programs and read by people.
CODES = (
    "verdict",
    "change_verdict",
    "gain_verdict",
    "status",
    "measure",
    "outcome",
    "signal",
    "kind",
    "driver",
)
_DIFFERENCES = ("difference", "season_rate", "rise_of_share", "gain")
_HEADINGS = {
    "e_value": "E-value",
    "e_value_of_interval": "E-value of interval",
    "first_stage_f": "First-stage F",
    "p_rest": "p against the rest",
    "p_rest_adjusted": "p against the rest, adjusted",
    "detectable_share": "Detectable difference",
    "detectable": "Detectable difference",
    "naive_points_per_month": "Naive",
    "season_rate": "Season",
    "own_weight": "Own share",
}
_WORDS = {
    "n": "n",
    "id": "ID",
    "ci": "interval",
    "fcr": "FCR",
    "csat": "CSAT",
    "nps": "NPS",
    "ces": "CES",
    "auc": "AUC",
    "utc": "UTC",
    "fx": "FX",
    "p": "p",
    "95": "95 %",
    "998": "99.8 %",
    "1000": "1,000",
}

_VALUES = {code: _WORDS[code] for code in ("fcr", "csat", "nps", "ces")}


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
    if name in _HEADINGS:
        return _HEADINGS[name]
    bare = name.removeprefix("n_").removeprefix("is_")
    words = [_WORDS.get(word, word) for word in bare.split("_") if word]
    text = clean_text(" ".join(words), 60) or name
    return text[:1].upper() + text[1:] if words and words[0] not in ("n", "p") else text


def number_text(value: float, name: str, unit: Unit | None) -> str:
    """Write a number of a column, with no more than three digits where no unit says how many."""
    if _is_p(name):
        return format_p(value).removeprefix("p = ").removeprefix("p ")
    if unit == "per_month":
        return format_difference(value / 100.0, unit)
    if unit is not None:
        return (format_difference if is_gap(name) else format_value)(value, unit)
    if abs(value) >= 1000 or value == int(value):
        return format_count(value)
    return f"{value:.3g}".replace("-", "−")


def size_text(value: float | None, unit: Unit) -> str:
    """Write how large a difference is, whatever its direction."""
    return format_difference(None if value is None else abs(value), unit).removeprefix("+")


def value_text(text: str, name: str) -> str:
    """Write a text of a column; what is a code there is said in words."""
    if name not in CODES:
        return text
    return " ".join(_VALUES.get(word, word) for word in text.split("_"))


def is_gap(name: str) -> bool:
    """Say whether a column holds differences, whatever stands beside it."""
    return name in _DIFFERENCES or name.endswith("_difference")


def _is_p(name: str) -> bool:
    return name.startswith("p_") or name.endswith(("_p_value", "_p_adjusted"))
