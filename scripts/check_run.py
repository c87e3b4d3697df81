"""Look at a published run from outside: is everything there that the results contract promises?

Reads files only and shares no code with the package, so a fault there cannot hide here.
"""

from __future__ import annotations

import csv
import json
import math
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

MANIFEST_KEYS = {
    "run_id", "started_at", "finished_at", "supportlab_version", "git_commit", "python", "platform",
    "packages", "data", "parameters", "seed", "studies", "contract_version",
}  # fmt: skip
FINDING_KEYS = [
    "id", "study", "question", "group", "estimand", "estimate", "ci_low", "ci_high", "ci_level",
    "unit", "n", "n_clusters", "method", "design", "status", "reason", "p_value", "p_adjusted",
    "verdict", "sensitivity", "checks", "caveats", "as_of", "start", "end",
]  # fmt: skip


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.n_pictures = 0
        self.n_unnamed = 0
        self.n_scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.n_scripts += tag == "script"
        if tag == "a" and told.get("href"):
            self.links.append(told["href"] or "")
        if tag in {"link", "script", "img", "iframe", "source"}:
            self.loaded += [told[key] or "" for key in ("src", "href") if told.get(key)]
        if tag == "img":
            self.n_pictures += 1
            self.n_unnamed += not told.get("alt")


def main(folder: str) -> int:
    run = Path(folder)
    faults = [*_manifest(run), *_findings(run), *_pages(run)]
    print("\n".join(faults) or f"{run}: everything is there that the results contract promises.")
    return 1 if faults else 0


def _manifest(run: Path) -> list[str]:
    manifest = json.loads((run / "run.json").read_text(encoding="utf-8"))
    faults = [f"run.json lacks {key}" for key in sorted(MANIFEST_KEYS - set(manifest))]
    studies = manifest.get("studies", [])
    faults += [] if studies else ["run.json: no study ran"]
    for study in studies:
        place = run / study["name"]
        if study.get("error"):
            faults.append(f"run.json: {study['name']} failed: {study['error']}")
        for name in ("notebook.ipynb", "report.html", "findings.json", "tables", "figures"):
            if not (place / name).exists():
                faults.append(f"{study['name']}/{name} is missing")
    return faults


def _findings(run: Path) -> list[str]:
    findings = json.loads((run / "findings.json").read_text(encoding="utf-8"))
    faults = [] if findings else ["findings.json is empty"]
    for number, finding in enumerate(findings):
        place = f"findings.json[{number}] {finding.get('id')}: "
        if sorted(finding) != sorted(FINDING_KEYS):
            faults.append(f"{place}keys {sorted(set(finding) ^ set(FINDING_KEYS))}")
        else:
            faults += [place + fault for fault in _numbers(finding)]
    with (run / "findings.csv").open(encoding="utf-8", newline="") as handle:
        n_rows = sum(1 for _ in csv.DictReader(handle))
    if n_rows != len(findings):
        faults.append(f"findings.csv has {n_rows} rows, findings.json {len(findings)}")
    return faults


def _numbers(finding: dict[str, Any]) -> list[str]:
    if finding["status"] == "not_estimable":
        numbers = [finding[key] for key in ("estimate", "ci_low", "ci_high", "p_value")]
        faults = [] if finding["reason"] else ["refused without a reason"]
        return faults + ([] if numbers == [None] * 4 else ["refused, and yet with a number"])
    if not isinstance(finding["estimate"], int | float) or not math.isfinite(finding["estimate"]):
        return [f"estimate {finding['estimate']!r}"]
    faults = []
    low, high = finding["ci_low"], finding["ci_high"]
    if low is not None and high is not None and not low <= finding["estimate"] <= high:
        faults.append(f"{low} <= {finding['estimate']} <= {high} does not hold")
    if finding["unit"] == "proportion" and abs(finding["estimate"]) > 1:
        faults.append(f"a proportion of {finding['estimate']}")
    return faults


def _pages(run: Path) -> list[str]:
    faults = []
    pages = [run / "index.html", *sorted(run.glob("*/report.html"))]
    for path in pages:
        text = path.read_text(encoding="utf-8")
        page = _Page()
        page.feed(text)
        place = f"{path.relative_to(run)}: "
        inside = ("data:", "#")
        faults += [
            f"{place}loads {item[:80]}" for item in page.loaded if not item.startswith(inside)
        ]
        faults += [f"{place}{page.n_scripts} scripts"] if page.n_scripts else []
        faults += [f"{place}{page.n_unnamed} pictures without words"] if page.n_unnamed else []
        for link in page.links:
            target = unquote(link.partition("#")[0])
            if target and not re.match(r"[a-z]+:", target) and not (path.parent / target).exists():
                faults.append(f"{place}dead link {link}")
    return faults


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
