"""Write ``docs/metrics.md`` from the definition records and the signatures of the metrics.

A metric is described where it is computed; a test fails when the page and the code differ.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

from numpydoc.docscrape import FunctionDoc

from supportlab import metrics
from supportlab.records import Definition

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "metrics.md"
# What every metric has, said once at the top.
SHARED = ("desk", "by", "cluster", "start, end", "source")
HEADER = """\
# Metrics: what each one is

Made by `make_metrics_doc.py` from the code; do not edit. Why each is as it is, what others do, and
worked examples are in [decisions.md](decisions.md).

Each metric is a function `metric(desk, by=(), *, cluster=…, start=None, end=None, …)` of
`supportlab.metrics`. It returns sums, computed where the data are, with the record below:

- `by`: columns of the table, of the ticket, customer or agent that it points to, and `month`,
  `week`, `day` of the cohort's time in UTC. A missing value is the group `(missing)`, so the parts
  always add up to the total.
- `cluster`: the column whose values belong together, `agent_id` unless said otherwise. A row
  without one is in the cluster of its customer, and without a customer in one of its own. Where no
  agents are provided the customer is the cluster, and where there are no customers either, the row.
- `start`, `end`: ISO dates of the cohort's time; the end is not part of the period.
- `source`: `auto` takes ticket facts from the event log where there is one, `tickets` takes the
  tickets' own columns, `events` insists on the log.

`fetch()` brings the sums to Python, `record()` gives the definition with its counts, `excluded()`
counts what was left out by reason, and `cases` is the verdict on every single row.
"""


def main() -> int:
    PAGE.write_text(page(), encoding="utf-8")
    print("docs/metrics.md written.")
    return 0


def page() -> str:
    """Return the text that ``docs/metrics.md`` has to have."""
    return "\n".join([HEADER, *map(_section, metrics.DEFINITIONS)])


def _section(definition: Definition) -> str:
    lines = [f"## {definition.title}", "", f"`{definition.name}`. {definition.statement}", ""]
    lines += ["| | |", "|---|---|"]
    rows = {
        "starts": definition.anchor,
        "stops": definition.stop,
        "clock": "" if definition.clock == "none" else definition.clock,
        "cohort": definition.cohort,
    }
    lines += [f"| {name} | {text} |" for name, text in rows.items() if text]
    lines += ["", "Left out, or counted apart:", ""]
    lines += [f"- {text}" for text in definition.exclusions]
    options = _options(getattr(metrics, definition.name))
    return "\n".join([*lines, *options, ""])


def _options(metric: Any) -> list[str]:
    defaults = inspect.signature(metric).parameters
    own = [item for item in FunctionDoc(metric)["Parameters"] if item.name not in SHARED]
    if not own:
        return []
    lines = ["", "| option | default | meaning |", "|---|---|---|"]
    for item in own:
        meaning = " ".join(item.desc)
        lines.append(f"| `{item.name}` | `{defaults[item.name].default!r}` | {meaning} |")
    return lines


if __name__ == "__main__":
    raise SystemExit(main())
