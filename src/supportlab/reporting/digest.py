"""What a start page says of findings: which come first, and how they are put in words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from supportlab.format import MISSING, format_count, format_interval
from supportlab.reporting.names import clean_text
from supportlab.vocabulary import INTERVAL_LEVEL

__all__ = [
    "FindingRow",
    "RefusedRow",
    "finding_row",
    "headlines",
    "is_difference",
    "level_words",
    "refusals",
]

# A start page is for the whole; the rest is in the reports.
ROWS_AN_ID = 6
LONGEST_WORDS = 240
# Parts of a finding's group that its estimand always says in words of its own.
_IN_WORDS = ("driver", "measure", "outcome")
_COMPARED = re.compile(r"\b(less|against)\b")
_CODE = re.compile(r"\b[a-z0-9]+(?:_[a-z0-9]+)+\b")

_DIFFERENCES = (
    ".effect",
    ".roll_out",
    ".shift",
    ".change",
    ".deviation",
    ".emerging",
    ".gain",
    ".contribution",
    ".selectivity",
    ".csat",
    ".handle_time.fcr",
)
_VERDICTS = {
    "higher": "higher",
    "lower": "lower",
    "no_difference_shown": "no difference shown",
    "inconclusive": "inconclusive",
    "equivalent": "no difference that matters",
}


@dataclass(frozen=True)
class FindingRow:
    """
    One finding in words.

    Parameters
    ----------
    words : str
        Of what it is the number.
    estimate, interval, n : str
        Formatted.
    verdict : str
        In words, empty for a level.
    warnings : tuple of str
        Checks that failed.
    """

    words: str
    estimate: str
    interval: str
    n: str
    verdict: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class RefusedRow:
    """
    Findings that could not be estimated for one reason.

    Parameters
    ----------
    words : str
        Of what.
    reason : str
        Why not.
    n : int
        How many findings.
    """

    words: str
    reason: str
    n: int


def headlines(findings: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """
    Pick the findings of a study that a start page shows.

    Parameters
    ----------
    findings : sequence of mapping
        Objects of ``findings.json``.

    Returns
    -------
    list of mapping
        Of each id the estimated rows that are split least: the whole where there is one.
    """
    picked: list[Mapping[str, Any]] = []
    for name in dict.fromkeys(item["id"] for item in findings):
        rows = [item for item in findings if item["id"] == name and item["status"] == "estimated"]
        if rows:
            least = min(len(item["group"]) for item in rows)
            picked += [item for item in rows if len(item["group"]) == least][:ROWS_AN_ID]
    return picked


def refusals(findings: Sequence[Mapping[str, Any]]) -> list[RefusedRow]:
    """
    Gather the findings that could not be estimated, by id and reason.

    Parameters
    ----------
    findings : sequence of mapping
        Objects of ``findings.json``.

    Returns
    -------
    list of RefusedRow
        In the order of the findings.
    """
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for item in findings:
        if item["status"] == "not_estimable":
            found.setdefault((item["id"], item["reason"] or ""), []).append(item)
    rows = []
    for (_, reason), items in found.items():
        words = _words(items[0]) if len(items) == 1 else _sentence(items[0]["estimand"])
        rows.append(RefusedRow(words, clean_text(reason, LONGEST_WORDS), len(items)))
    return rows


def finding_row(finding: Mapping[str, Any], *, with_group: bool = True) -> FindingRow:
    """
    Put one estimated finding in words.

    Parameters
    ----------
    finding : mapping
        An object of ``findings.json``.
    with_group : bool
        Whether the words name the group.

    Returns
    -------
    FindingRow
        Estimate and interval with the digits that the interval supports.
    """
    level = finding["ci_level"] or INTERVAL_LEVEL
    words = format_interval(
        finding["estimate"],
        finding["ci_low"],
        finding["ci_high"],
        finding["unit"],
        level,
        is_difference=is_difference(finding),
    )
    estimate, _, tail = words.partition(" (")
    found, _, ends = tail.rstrip(")").partition(" interval ")
    # The heading names the level that all findings have; another one is named beside its ends.
    usual = found == level_words(INTERVAL_LEVEL)
    interval = (ends if usual else f"{found}: {ends}") if ends else MISSING
    warnings = [
        f"Check failed: {clean_text(check['name'], 80)}"
        for check in finding["checks"]
        if check["passed"] is False
    ]
    return FindingRow(
        words=_words(finding) if with_group else _sentence(finding["estimand"]),
        estimate=estimate,
        interval=interval,
        n=format_count(finding["n"]),
        verdict=_VERDICTS.get(finding["verdict"] or "", ""),
        warnings=tuple(warnings),
    )


def level_words(level: float) -> str:
    """
    Write the level of an interval.

    Parameters
    ----------
    level : float
        Between 0 and 1.

    Returns
    -------
    str
        For example ``95 %``.
    """
    return f"{level * 100:g} %"


def is_difference(finding: Mapping[str, Any]) -> bool:
    """
    Return whether a finding is a difference, which has a sign.

    Parameters
    ----------
    finding : mapping
        An object of ``findings.json``.

    Returns
    -------
    bool
        True for effects, shifts and contributions that are no ratios.
    """
    is_ratio = str(finding["unit"]).endswith("_ratio")
    is_compared = "versus" in finding["group"] or str(finding["id"]).endswith(_DIFFERENCES)
    return is_compared and not is_ratio


def _words(finding: Mapping[str, Any]) -> str:
    words = _sentence(finding["estimand"])
    # Most estimands name their group themselves.
    said = _IN_WORDS + (("versus",) if _COMPARED.search(words) else ())
    unsaid = {
        _spoken(key): _spoken(value)
        for key, value in finding["group"].items()
        if key not in said and _spoken(value).lower() not in words.lower()
    }
    group = ", ".join(f"{key} {value}" for key, value in unsaid.items())
    return f"{words} ({clean_text(group, LONGEST_WORDS)})" if group else words


def _sentence(text: str) -> str:
    clean = clean_text(str(text), LONGEST_WORDS).strip().rstrip(".")
    return _spoken(clean[:1].upper() + clean[1:])


def _spoken(text: object) -> str:
    """Return a text in which the names of columns and codes are words."""
    return _CODE.sub(lambda found: found[0].replace("_", " "), str(text))
