"""The texts beside the tables: ``desk.toml`` and ``README.md``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from supportlab.desk.contract import CONTRACT
from supportlab.simulate.settings import WorldSettings

if TYPE_CHECKING:
    from supportlab.simulate.world import World

__all__ = ["desk_toml", "readme_text"]

NAME = "Halden Home (fictional)"


def desk_toml(settings: WorldSettings) -> str:
    """Return ``desk.toml``."""
    lines = (
        f'name = "{NAME}"',
        'timezone = "UTC"',
        'reporting_currency = "USD"',
        f"as_of = {settings.as_of_text}",
        "fcr_window_days = 7",
        "churn_window_days = 30",
        "response_window_days = 14",
        'week_start = "monday"',
        "",
        "[surveys]",
        "invitations = true",
    )
    return "\n".join(lines) + "\n"


def readme_text(world: World, sizes: Mapping[str, int]) -> str:
    """Return ``README.md``: origin, truth, and a definition table per file."""
    parts = [_origin(world), _files(world, sizes), _truth(world), NOT_PLANTED]
    parts += [_definitions(world, path) for path in sizes]
    return "\n\n".join(parts) + "\n"


def _origin(world: World) -> str:
    settings = world.settings
    command = (
        f"supportlab simulate --out DIR --seed {settings.seed} --tickets {settings.n_tickets} "
        f"--months {settings.months} --start {settings.start}"
    )
    return f"""# A simulated support desk

{NAME} sells connected home devices and a subscription to them in
17 markets. Nothing here is about real people: every row, name, number and sentence was made by
a program, with a seed. This file was written by the same program.

    {command}

Seed {settings.seed}, from {settings.start} on for {settings.months} months, extract taken at
{settings.as_of_text}. The same command with the pinned versions of numpy, pyarrow and holidays
gives the same bytes."""


def _files(world: World, sizes: Mapping[str, int]) -> str:
    lines = ["## Files", "", "| file | rows | bytes | one row is |", "|---|---:|---:|---|"]
    for file, size in sizes.items():
        name = file.split(".")[0]
        rows = world.tables[name].num_rows
        lines.append(f"| `{file}` | {rows:,} | {size:,} | {CONTRACT[name].grain} |")
    lines += ["", "`desk.toml` says what the tables cannot say of themselves; `truth.json` holds"]
    lines += ["what is true in this world."]
    return "\n".join(lines)


TRUTH_WORDS = {
    "service": "Levels over all tickets that customers raised, unresolved ones followed to the "
    "end, so that no censoring and no non-response stands between them and the truth.",
    "authority": "Teams get authority to settle up to 200 USD at five dates; eight never do. Hard "
    "teams come first, so a plain comparison is biased downwards. An agent's readiness to use it "
    "differs; tickets go to the agents of a team at random within a week. The effects are mean "
    "differences of both potential outcomes of the same covered tickets. `fcr_jump_at_limit` is "
    "the change of the expected FCR as an amount passes the limit in a team with authority.",
    "channels": "Mean difference had the same tickets come by the channel instead of by phone. "
    "Topic, amount, hour, preference and a little hidden difficulty draw tickets to channels.",
    "surveys": "Solved and satisfied customers answer more often (partly beyond what can be "
    "seen), and some agents spare unhappy customers the survey. Satisfaction falls in one market "
    "at one date.",
    "churn": "Direct hazard ratios of service in the 90 days before a month (tickets created in "
    "the window), all others held. Heavy users file more tickets and leave less; what they pay "
    "shows how heavy they are.",
    "payments": "Effect of presentment in dollars outside the United States on the decline of "
    "a first attempt; larger amounts are more often shown in dollars and decline more.",
    "feedback": "A release brings a new complaint; its share rises over three weeks.",
}


NOT_PLANTED = """### What has no effect here

Whether the agent had the earlier history (`contacts.had_context`) changes nothing; reading the
help centre saves no ticket; satisfaction changes no spending; handle time follows difficulty and
failure, and causes neither. A study that finds an effect of these has found chance or a
confounder."""


def _truth(world: World) -> str:
    lines = ["## What is true", "", "All numbers are in `truth.json`; the main ones are here."]
    for section, values in world.truth.as_dict().items():
        lines += [
            "",
            f"### {section}",
            "",
            TRUTH_WORDS[section],
            "",
            "| name | value |",
            "|---|---|",
        ]
        lines += [f"| `{name}` | {_cell(value)} |" for name, value in values.items()]
    return "\n".join(lines)


def _cell(value: Any) -> str:
    if isinstance(value, Mapping) and all(isinstance(one, Mapping) for one in value.values()):
        return "see `truth.json`"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_cell(one)}" for name, one in value.items())
    if isinstance(value, list):
        return ", ".join(value) if len(value) <= 30 else f"{len(value)} ids, see `truth.json`"
    return value if isinstance(value, str) else json.dumps(value)


def _definitions(world: World, file: str) -> str:
    name = file.split(".")[0]
    spec, table = CONTRACT[name], world.tables[name]
    lines = [f"## {file}", "", "| column | kind | missing | meaning |", "|---|---|---:|---|"]
    for column in spec.columns:
        missing = table.column(column.name).null_count
        lines.append(f"| `{column.name}` | {column.kind} | {missing:,} | {column.meaning} |")
    return "\n".join(lines)
