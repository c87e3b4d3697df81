"""``supportlab reconcile``: our figure and a vendor's definition side by side, per ticket."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from supportlab.errors import SupportLabError

if TYPE_CHECKING:
    import pandas as pd

    from supportlab.metrics.rivals import Reconciliation

__all__ = ["reconcile"]

# The file may be passed on, so it names tickets and no people.
PEOPLE = ("customer_id", "agent_id")


@click.command()
@click.argument("source", metavar="PATH", required=False)
@click.option("--vendor", help="Whose definition; see --list.")
@click.option("--metric", help="Which metric of that vendor; see --list.")
@click.option("--by", multiple=True, help="Column that splits the totals, as market; repeatable.")
@click.option("--out", type=click.Path(path_type=Path), help="CSV file for every ticket.")
@click.option("--as-of", help="Moment at which to look, ISO 8601; that of the data by default.")
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    help="Differing tickets to show.",
)
@click.option("--list", "show_list", is_flag=True, help="Show vendors, metrics and what they are.")
def reconcile(
    source: str | None,
    vendor: str | None,
    metric: str | None,
    by: tuple[str, ...],
    out: Path | None,
    as_of: str | None,
    limit: int,
    show_list: bool,
) -> int:
    """Show why a vendor's definition gives another figure than ours, ticket by ticket.

    PATH is a folder, a DuckDB file or connection:NAME. The status is 0 whether the figures differ
    or not; 2 for an unknown vendor, metric or column, 3 for data that cannot be read.
    """
    if show_list:
        click.echo(_list())
        return 0
    absent = [
        name
        for name, value in (("PATH", source), ("--vendor", vendor), ("--metric", metric))
        if not value
    ]
    if absent or source is None or vendor is None or metric is None:
        raise click.UsageError(f"{', '.join(absent)} missing. See supportlab reconcile --list.")
    people = [name for name in by if name in PEOPLE]
    if people:
        raise click.UsageError(f"--by {people[0]} names people; split by market, team_id or month.")
    from supportlab.desk import open_desk
    from supportlab.metrics.rivals import find_rival
    from supportlab.metrics.rivals import reconcile as compare

    find_rival(vendor, metric)
    result = compare(open_desk(source, as_of), by, vendor=vendor, metric=metric)
    click.echo(_report(result, limit))
    if out is not None:
        _write(result.fetch(), out)
        click.echo(f"\nAll tickets: {out.as_posix()}")
    return 0


def _list() -> str:
    from supportlab.metrics.rivals import RIVALS

    lines = []
    for rival in RIVALS:
        lines += [
            f"{rival.vendor} {rival.metric}: {rival.title}",
            f"  {rival.statement}",
            f"  Unit: {rival.unit}; held against our {rival.ours}. Source: {rival.source}.",
        ]
    return "\n".join(lines)


def _report(result: Reconciliation, limit: int) -> str:
    from supportlab import metrics

    rival = result.rival
    ours = next(item for item in metrics.DEFINITIONS if item.name == rival.ours)
    unit = "shares" if rival.unit == "share" else "seconds"
    lines = [
        f"{rival.title} of {rival.vendor}, beside our {rival.ours}",
        f"  There: {rival.statement}",
        f"  Here:  {ours.statement}",
        "  Compared are definitions on the same rows, not figures of the vendor's screen.",
        "",
        f"Totals (means in {unit}, of the tickets that have a figure)",
        _indented(result.totals()),
        "",
        "Reasons (a ticket may have several)",
        *_reason_lines(result.reasons()),
    ]
    return "\n".join([*lines, *_difference_lines(result, limit)])


def _reason_lines(reasons: pd.DataFrame) -> list[str]:
    return [f"  {row.n:>9,}  {row.code}: {row.sentence}" for row in reasons.itertuples()]


def _difference_lines(result: Reconciliation, limit: int) -> list[str]:
    table = result.table
    if limit == 0:
        return []
    differing = table.filter(~table.state.isin(("equal", "neither")))
    frame = differing.order_by("ticket_id").limit(limit).execute()
    if frame.empty:
        return ["", "No ticket differs."]
    numbers = dict.fromkeys(("ours", "theirs", "difference"), "Int64")
    columns = ["ticket_id", *result.by, *numbers, "reason"]
    return ["", "First tickets that differ", _indented(frame.astype(numbers)[columns])]


def _indented(frame: pd.DataFrame) -> str:
    import pandas as pd

    with pd.option_context("display.max_colwidth", None):
        text = frame.to_string(index=False, na_rep="", float_format=lambda x: f"{x:.4g}")
    return "\n".join(f"  {line}" for line in text.splitlines())


def _write(frame: pd.DataFrame, out: Path) -> None:
    from supportlab.reporting.csvfiles import write_csv

    try:
        write_csv(frame, out)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SupportLabError(f"{out} could not be written: {reason}.") from error
