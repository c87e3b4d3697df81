"""The frame of tickets that all comparisons of service share, with bands and clusters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from supportlab.errors import NotEstimable
from supportlab.records import Definition

if TYPE_CHECKING:
    from supportlab.desk import Desk
    from supportlab.metrics.service_frame import ServiceFrame

__all__ = ["INTAKE", "Known", "known_service", "log_hours", "time_band"]

# What is known when a ticket comes, before anybody has done anything about it.
INTAKE = ("category", "market", "channel", "value_band", "priority", "quarter")
INTAKE_WORDS = {
    "category": "topic",
    "value_band": "band of the amount at stake",
}
# Teams are the outermost grouping; below this many their agents stand for themselves.
FEWEST_TEAMS = 10
SECONDS_PER_HOUR = 3600.0
# Times below a minute are those of automats and clocks; a halving there means nothing.
SHORTEST_SECONDS = 60.0
MONTHS_PER_QUARTER = 3


@dataclass(frozen=True)
class Known:
    """
    The tickets, with what the studies add.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns of `supportlab.metrics.service_frame.ServiceFrame.table`, with ``quarter`` and
        ``cluster``: the team where an agent served most, or the agent.
    definition : Definition
        With counts.
    intake : tuple of str
        Those of `INTAKE` that the source provides.
    cluster_name : str
        ``team``, ``agent`` or ``ticket``.
    share_drawn : float
        Share of the tickets that are in the table.
    answer_seconds : float
        How long an answer may take.
    """

    table: pd.DataFrame
    definition: Definition
    intake: tuple[str, ...]
    cluster_name: str
    share_drawn: float
    answer_seconds: float

    def require(self, *columns: str) -> None:
        """Refuse where the source lacks a column."""
        lacking = [name for name in columns if name not in self.table]
        if lacking:
            raise NotEstimable(
                f"The source does not provide what this needs: {', '.join(map(_source, lacking))}."
            )

    def served(self) -> pd.DataFrame:
        """Return the resolved tickets that an agent served and whose survey window is over."""
        table = self.table
        kept = table["resolution_seconds"].notna() & table["cluster"].notna()
        # The invitation follows the resolution; whoever was asked has had the time to answer.
        waited = table["age_seconds"] - table["resolution_seconds"]
        return table.loc[kept & (waited >= self.answer_seconds)].reset_index(drop=True)

    def held_words(self, held: Sequence[str] | None = None) -> str:
        """Name what is held equal."""
        names = self.intake if held is None else held
        return ", ".join(INTAKE_WORDS.get(name, name.replace("_", " ")) for name in names)


_SOURCES = {
    "csat": "answers of kind csat that name their ticket (surveys.ticket_id, surveys.score)",
    "ces": "answers of kind ces that name their ticket (surveys.ticket_id, surveys.score)",
    "nps": "answers of kind nps that name their ticket (surveys.ticket_id, surveys.score)",
    "response_seconds": "tickets.first_response_at",
    "resolution_seconds": "tickets.resolved_at",
    "tenure_days": "agents.hired_at and tickets.agent_id",
    "same_language": "agents.languages, tickets.language and tickets.agent_id",
    "is_open": "schedules, or hours in desk.toml",
    "is_repeat": "tickets.contact_count",
    "is_transferred": "tickets.transfer_count",
}


def _source(name: str) -> str:
    return _SOURCES.get(name, f"tickets.{name}")


def known_service(
    desk: Desk, *, start: str | None = None, end: str | None = None, with_hours: bool = False
) -> Known:
    """
    Return the tickets of a desk for the comparisons, fetched once.

    Parameters
    ----------
    desk : Desk
        The data.
    start, end : str, optional
        ISO dates of creation, end excluded.
    with_hours : bool
        Also whether each ticket came within working hours, which takes longer.

    Returns
    -------
    Known
        The same object for the same question.

    Raises
    ------
    NotEstimable
        There are no tickets to judge.
    """
    name = f"service frame {start} {end} {with_hours}"
    return desk.once(name, lambda: _known(desk, start, end, with_hours=with_hours))


def _known(desk: Desk, start: str | None, end: str | None, *, with_hours: bool) -> Known:
    from supportlab.metrics.service_frame import service_frame

    found = service_frame(desk, start=start, end=end, with_hours=with_hours)
    table = _without_empty(found)
    quarter = (table["month"].str[5:7].astype(int) + 2) // MONTHS_PER_QUARTER
    table["quarter"] = table["month"].str[:4] + "-Q" + quarter.astype(str)
    cluster_name, cluster = _clusters(table)
    table["cluster"] = cluster
    intake = tuple(name for name in INTAKE if name in table)
    seconds = float(desk.config.response_window_days) * 24 * SECONDS_PER_HOUR
    words = f"rows of one {cluster_name} count as alike"
    definition = found.definition.with_counts(parts=(*found.definition.parts, words))
    return Known(table, definition, intake, cluster_name, found.share, seconds)


def _without_empty(found: ServiceFrame) -> pd.DataFrame:
    table = found.table.copy()
    kinds = [name for name in ("csat", "ces", "nps") if name in table]
    return table.drop(columns=[name for name in kinds if name not in found.surveys])


def _clusters(table: pd.DataFrame) -> tuple[str, pd.Series]:
    """Return the team where each agent served most, or the agent; missing without an agent."""
    if "agent_id" not in table:
        return "ticket", pd.Series(np.arange(len(table)).astype(str), index=table.index)
    if "team_id" in table:
        pairs = table.loc[table["agent_id"].notna() & table["team_id"].notna()]
        counted = pairs.groupby(["agent_id", "team_id"], sort=True).size().reset_index(name="n")
        main = counted.sort_values(["agent_id", "n", "team_id"], ascending=[True, False, True])
        home = main.drop_duplicates("agent_id").set_index("agent_id")["team_id"]
        if home.nunique() >= FEWEST_TEAMS:
            return "team", table["agent_id"].map(home)
    return "agent", table["agent_id"]


def log_hours(seconds: pd.Series) -> NDArray[np.float64]:
    """Return the binary logarithm of hours: one less is half the time."""
    values = np.maximum(seconds.to_numpy(dtype=float), SHORTEST_SECONDS)
    return np.asarray(np.log2(values / SECONDS_PER_HOUR))


def time_band(seconds: pd.Series, edges_hours: Sequence[float], labels: Sequence[str]) -> pd.Series:
    """Return the band of each time; a band holds its lower bound."""
    hours = seconds.to_numpy(dtype=float) / SECONDS_PER_HOUR
    places = np.searchsorted(np.asarray(edges_hours, dtype=float), hours, side="right")
    return pd.Series(np.asarray(labels, dtype=object)[places], index=seconds.index)
