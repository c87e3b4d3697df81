"""The same findings of several slices, side by side."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from supportlab.format import format_value
from supportlab.reporting.assemble import Done, run_facts, write_findings
from supportlab.reporting.csvfiles import write_csv
from supportlab.reporting.digest import finding_row, headlines, is_difference, level_words
from supportlab.reporting.families import adjust_families
from supportlab.reporting.manifest import manifest, write_json
from supportlab.reporting.names import clean_text, slug
from supportlab.reporting.plan import page_facts
from supportlab.reporting.request import Slice
from supportlab.reporting.templates import render
from supportlab.vocabulary import FINDING_KEYS, INTERVAL_LEVEL

__all__ = ["compare_slices"]

# Width and height of the drawing inside a table cell, in its own units.
STRIP_WIDTH, STRIP_HEIGHT = 200.0, 16.0
MARGIN = 6.0

Found = Mapping[str, Any]


@dataclass(frozen=True)
class _Kind:
    """What is compared: one id, one group apart from the slice itself."""

    name: str
    group: tuple[tuple[str, str], ...]


def compare_slices(
    folder: Path, found: Sequence[tuple[Slice, Sequence[Found]]], done: Done
) -> None:
    """
    Write the top of a run that has one report a slice.

    Not a test of the slices against each other: it lays their intervals side by side.

    Parameters
    ----------
    folder : pathlib.Path
        With the slices' folders in it.
    found : sequence of (Slice, sequence of mapping)
        Findings by slice.
    done : Done
        What was run.
    """
    by = done.plan.request.slice_kind
    merged = adjust_families(_merged(found, by))
    found = _as_one_family(found, merged, by)
    own = frozenset({by, *(name for part, _ in found for name in part.values)})
    kinds = _kinds(found, own)
    write_findings(folder, merged, has_csv=done.has_csv)
    if done.has_csv:
        write_csv(_comparison_frame(kinds, found, by, own), folder / "comparison.csv")
    whole = Slice()
    page = render(
        "comparison.html",
        title=f"Support reports by {by}: {done.source.name}",
        by=by.capitalize(),
        facts=_facts(done, by, len(found)),
        slices=[_slice_part(part, done) for part, _ in found],
        comparisons=[_comparison(kind, found, own) for kind in kinds],
        comparison=True,
        **run_facts(whole, done),
    )
    (folder / "index.html").write_text(page, encoding="utf-8", newline="")
    write_json(folder / "run.json", _manifest([part for part, _ in found], done))


def _facts(done: Done, by: str, n_slices: int) -> dict[str, str]:
    facts = page_facts(done.source, done.parameters(Slice()))
    facts[by.capitalize()] = f"{n_slices}, one report each"
    return facts


def _kinds(found: Sequence[tuple[Slice, Sequence[Found]]], own: frozenset[str]) -> list[_Kind]:
    """List what slices have in common, in the order of the notebooks."""
    kinds: dict[_Kind, None] = {}
    for _, findings in found:
        for item in headlines(findings):
            kinds.setdefault(_kind(item, own))
    order = list(dict.fromkeys(item["id"] for _, findings in found for item in findings))
    return sorted(kinds, key=lambda kind: order.index(kind.name))


def _kind(finding: Found, own: frozenset[str]) -> _Kind:
    group = {key: str(value) for key, value in finding["group"].items() if key not in own}
    return _Kind(finding["id"], tuple(sorted(group.items())))


def _of_kind(kind: _Kind, findings: Sequence[Found], own: frozenset[str]) -> Found | None:
    same = [item for item in findings if _kind(item, own) == kind]
    return min(same, key=lambda item: len(item["group"])) if same else None


def _merged(found: Sequence[tuple[Slice, Sequence[Found]]], by: str) -> list[Found]:
    """Join all findings; the group names the slice, and no group comes twice for an id."""
    merged: dict[tuple[str, str], Found] = {}
    for part, findings in found:
        for item in sorted(findings, key=lambda item: by in item["group"]):
            group = {by: part.title, **item["group"]}
            merged.setdefault(_key(part, item, by), {**item, "group": group})
    return list(merged.values())


def _key(part: Slice, item: Found, by: str) -> tuple[str, str]:
    group = {by: part.title, **item["group"]}
    return item["id"], str(sorted(group.items()))


def _as_one_family(
    found: Sequence[tuple[Slice, Sequence[Found]]], merged: Sequence[Found], by: str
) -> list[tuple[Slice, Sequence[Found]]]:
    """Give the slices' findings the p values and verdicts of the whole family."""
    judged = {
        (item["id"], str(sorted(item["group"].items()))): {
            key: item[key] for key in ("p_adjusted", "verdict")
        }
        for item in merged
    }
    return [
        (part, [{**item, **judged[_key(part, item, by)]} for item in findings])
        for part, findings in found
    ]


def _comparison_frame(
    kinds: Sequence[_Kind],
    found: Sequence[tuple[Slice, Sequence[Found]]],
    by: str,
    own: frozenset[str],
) -> Any:
    import pandas as pd

    kept = [key for key in FINDING_KEYS if key not in ("checks", "caveats", "sensitivity", "group")]
    rows = []
    for kind in kinds:
        for part, findings in found:
            item = _of_kind(kind, findings, own)
            if item is not None:
                row = {by: part.title, "group": dict(kind.group)}
                rows.append({**row, **{key: item[key] for key in kept}})
    columns = ["id", "group", by, *[key for key in kept if key != "id"]]
    return pd.DataFrame(rows, columns=columns, dtype=object)


def _comparison(
    kind: _Kind, found: Sequence[tuple[Slice, Sequence[Found]]], own: frozenset[str]
) -> dict[str, Any]:
    pairs = [(part, _of_kind(kind, findings, own)) for part, findings in found]
    first = next(item for _, item in pairs if item is not None and item["status"] == "estimated")
    numbers = _ends([item for _, item in pairs if item is not None])
    low, high = min(numbers), max(numbers)
    group = ", ".join(f"{key} {value}" for key, value in kind.group)
    return {
        "anchor": slug(f"{kind.name}-{group}".lower()),
        "title": _title(kind, first, own) + (f" ({group})" if group else ""),
        "caption": clean_text(first["question"]),
        "level": level_words(INTERVAL_LEVEL),
        "scale": f"{format_value(low, first['unit'])} to {format_value(high, first['unit'])}",
        "rows": [_row(part, item, low, high) for part, item in pairs],
    }


def _title(kind: _Kind, first: Found, own: frozenset[str]) -> str:
    """Name what is compared; the words of one slice would not do for the others."""
    if not own & set(first["group"]):
        names = "|".join(re.escape(name) for name in sorted(own))
        words = finding_row(first, with_group=False).words
        return re.sub(rf"[,;] (?:{names}) [^,;]+$", "", words)
    words = kind.name.replace(".", " ").replace("_", " ")
    return words[:1].upper() + words[1:]


def _row(part: Slice, item: Found | None, low: float, high: float) -> dict[str, Any]:
    row: dict[str, Any] = {"name": part.title, "folder": part.folder, "reason": ""}
    if item is None:
        return {**row, "reason": "no such finding in this report"}
    if item["status"] != "estimated":
        return {**row, "reason": clean_text(item["reason"], 200)}
    words = finding_row(item, with_group=False)
    strip = _strip(item, low, high)
    return {
        **row,
        "estimate": words.estimate,
        "interval": words.interval,
        "n": words.n,
        "strip": strip,
    }


def _ends(items: Sequence[Found]) -> list[float]:
    keys = ("estimate", "ci_low", "ci_high")
    numbers = [item[key] for item in items for key in keys if item[key] is not None]
    if any(is_difference(item) for item in items):
        numbers.append(0.0)
    return numbers


def _strip(item: Found, low: float, high: float) -> str:
    """Draw an interval on the scale that all slices share; the numbers stand beside it."""
    middle = STRIP_HEIGHT / 2
    estimate = _place(item["estimate"], low, high)
    ends = [
        _place(value if value is not None else fallback, low, high)
        for value, fallback in ((item["ci_low"], low), (item["ci_high"], high))
    ]
    zero = ""
    if is_difference(item):
        at = _place(0.0, low, high)
        zero = f'<line x1="{at}" x2="{at}" y1="0" y2="{STRIP_HEIGHT:g}" stroke="#9aa4ae"/>'
    has_interval = item["ci_low"] is not None or item["ci_high"] is not None
    line = (
        f'<line x1="{ends[0]}" x2="{ends[1]}" y1="{middle:g}" y2="{middle:g}" stroke="#0b4f79" '
        'stroke-width="2"/>'
    )
    return (
        f'<svg viewBox="0 0 {STRIP_WIDTH:g} {STRIP_HEIGHT:g}" focusable="false">{zero}'
        f"{line if has_interval else ''}"
        f'<circle cx="{estimate}" cy="{middle:g}" r="4" fill="#0b4f79"/></svg>'
    )


def _place(value: float, low: float, high: float) -> str:
    span = high - low
    share = 0.5 if span <= 0 or not math.isfinite(span) else (value - low) / span
    return f"{MARGIN + share * (STRIP_WIDTH - 2 * MARGIN):.1f}"


def _slice_part(part: Slice, done: Done) -> dict[str, Any]:
    failed = [
        item.study for item in done.plan.request.notebooks if done.outcome(part, item.study).failure
    ]
    return {"folder": part.folder, "title": part.title, "failed": failed}


def _manifest(parts: Sequence[Slice], done: Done) -> dict[str, Any]:
    studies = []
    for part in parts:
        for item in done.plan.request.notebooks:
            outcome = done.outcome(part, item.study)
            studies.append(
                {
                    "name": item.study,
                    "slice": part.folder,
                    "status": "failed" if outcome.failure else "ok",
                    "seconds": round(outcome.seconds, 3),
                    "parameters": done.plan.effective(item.study, part.values),
                    "error": str(outcome.failure) if outcome.failure else None,
                    "cached": outcome.is_cached,
                }
            )
    whole = Slice()
    return manifest(
        run_id=done.run_id(whole),
        started_at=done.started_at,
        finished_at=done.finished_at,
        data=done.source.data,
        parameters={**done.parameters(whole), "by": done.plan.request.slice_kind},
        studies=studies,
    )
