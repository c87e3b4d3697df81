"""All metrics of a desk side by side, by market, channel and month or any other groups."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from supportlab.errors import NotEstimable, ParameterError, did_you_mean
from supportlab.metrics.dimensions import Rows, group_names, with_groups
from supportlab.metrics.first_contact_resolution import FcrSettings, fcr, fcr_rows
from supportlab.metrics.first_response_time import first_response
from supportlab.metrics.net_promoter import nps
from supportlab.metrics.one_touch_rate import one_touch
from supportlab.metrics.outcomes import rate_counts
from supportlab.metrics.periods import Period, period
from supportlab.metrics.reopenings import reopening
from supportlab.metrics.resolution import resolution_time
from supportlab.metrics.responses import response_rate
from supportlab.metrics.satisfaction import csat
from supportlab.metrics.sums import Sums, sums_of
from supportlab.metrics.table_frames import in_order, merged, of_metric
from supportlab.metrics.ticket_cells import TICKET_DURATIONS, TICKET_RATES, ticket_cells
from supportlab.metrics.tickets import Source, ticket_facts
from supportlab.metrics.transfer import transfers
from supportlab.metrics.volume import resolved_rows, volumes
from supportlab.records import Definition

if TYPE_CHECKING:
    import pandas as pd

    from supportlab.desk import Desk

__all__ = ["TABLE_METRICS", "MetricTable", "metric_table"]

_OF_TICKETS: Mapping[str, Callable[..., Sums]] = {
    "volumes": volumes,
    "fcr": fcr,
    "one_touch": one_touch,
    "first_response": first_response,
    "resolution_time": resolution_time,
    "reopening": reopening,
    "transfers": transfers,
}
_OF_SURVEYS: Mapping[str, Callable[..., Sums]] = {
    "csat": csat,
    "nps": nps,
    "response_rate": response_rate,
}
TABLE_METRICS = (*_OF_TICKETS, *_OF_SURVEYS)
SHARES = (0.5, 0.9)


@dataclass(frozen=True)
class MetricTable:
    """
    Metrics side by side.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per group in the order of the groups' code points: their columns, then per metric
        ``<metric>_…``. Rates: ``n``, ``n_success``, ``n_immature``, ``n_excluded`` and ``rate``.
        Durations: ``n_events``, ``n_censored``, ``n_excluded`` and ``p50_seconds``,
        ``p90_seconds`` by Kaplan-Meier. ``nps``: ``n``, ``n_promoter``, ``n_detractor`` and
        ``net``. ``volumes``: ``n_created``, ``n_resolved``. Counts are int64 and 0 where a
        group has no row; a rate of nothing, and a quantile that is not reached, are missing.
    definitions : tuple of Definition
        One record per metric, with its counts over the whole table.
    refused : mapping of str to str
        Metrics that these data do not give, with the reason.
    as_of : datetime
        The moment of the data, in UTC.
    """

    table: pd.DataFrame
    definitions: tuple[Definition, ...]
    refused: Mapping[str, str]
    as_of: datetime


@dataclass(frozen=True)
class _Question:
    desk: Desk
    by: tuple[str, ...]
    start: str | date | None
    end: str | date | None
    source: Source
    shares: tuple[float, ...]

    @property
    def days(self) -> Period:
        return period(self.start, self.end)


def metric_table(
    desk: Desk,
    by: str | Sequence[str] = ("market", "channel", "month"),
    *,
    metrics: Sequence[str] = TABLE_METRICS,
    quantiles: Sequence[float] = SHARES,
    start: str | date | None = None,
    end: str | date | None = None,
    source: Source = "auto",
) -> MetricTable:
    """
    Compute many metrics of the same groups, in a few passes over the rows.

    Not for comparing groups: a rate of a small group is mostly chance, and no interval stands
    beside it here, since an honest one needs the clusters. Ask the single metric, or a study.

    Parameters
    ----------
    desk : Desk
        The data.
    by : str or sequence of str
        Group columns. ``month``, ``week`` and ``day`` are those of the cohort of each metric: of
        creation, for surveys of the invitation, for ``n_resolved`` of the resolution.
    metrics : sequence of str
        Which, of `TABLE_METRICS`, each as it is by default.
    quantiles : sequence of float
        Shares of the durations, in whole per cents.
    start, end : str, date or None
        ISO dates (UTC) of the cohort; ``start`` is included, ``end`` is not.
    source : {"auto", "events", "tickets"}
        Where the tickets' facts come from.

    Returns
    -------
    MetricTable
        One row per group. Every figure is that of the single metric of the same name.

    Raises
    ------
    NotEstimable
        When these data give none of the metrics.
    ParameterError
        When a metric, a quantile or a group is not known.

    Notes
    -----
    Tickets are judged in one projection and summed in one aggregate; first contact resolution,
    resolutions by their own month and surveys follow. A quantile is that of Kaplan and Meier
    (1958); see `supportlab.metrics.engine_quantiles`.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from supportlab.desk import open_desk
    >>> folder = Path(tempfile.mkdtemp())
    >>> rows = ["T1,email,open,2026-03-01T10:00:00Z,", "T2,email,closed,2026-03-02T10:00:00Z,1"]
    >>> lines = ["ticket_id,channel,status,created_at,transfer_count", *rows]
    >>> _ = (folder / "tickets.csv").write_text("\\n".join(lines))
    >>> found = metric_table(open_desk(folder, as_of="2026-04-01"), by="channel")
    >>> columns = ["channel", "volumes_n_created", "transfers_n", "transfers_rate"]
    >>> found.table[columns].to_numpy().tolist()
    [['email', 2, 1, 1.0]]
    """
    names = _known(metrics)
    question = _Question(desk, group_names(by), start, end, source, _shares(quantiles))
    sums, refused = _asked(question, names)
    if not sums:
        raise NotEstimable(
            "These data give none of the metrics: "
            + " ".join(f"{name}: {reason}" for name, reason in refused.items())
        )
    frame = in_order(merged(_parts(question, sums), question.by), question.by, tuple(sums))
    definitions = tuple(one.record(of_metric(frame, name)) for name, one in sums.items())
    return MetricTable(frame, definitions, refused, desk.as_of)


def _known(metrics: Sequence[str]) -> tuple[str, ...]:
    names = group_names(metrics)
    for name in names:
        if name not in TABLE_METRICS:
            raise ParameterError(
                f"{name!r} is no metric of the table. {did_you_mean(name, TABLE_METRICS)}"
            )
    return names


def _shares(quantiles: Sequence[float]) -> tuple[float, ...]:
    for share in quantiles:
        if not 0.0 < share < 1.0 or round(share, 2) != share:
            raise ParameterError(
                f"quantiles holds {share!r}; give shares between 0 and 1 in whole per cents, "
                "as 0.5 for the median."
            )
    return tuple(quantiles)


def _asked(question: _Question, names: Sequence[str]) -> tuple[dict[str, Sums], dict[str, str]]:
    """Ask each metric by itself, which computes nothing yet, and note those that are refused."""
    sums: dict[str, Sums] = {}
    refused: dict[str, str] = {}
    options: dict[str, Any] = {"cluster": None, "start": question.start, "end": question.end}
    for name in names:
        try:
            if name in _OF_SURVEYS:
                sums[name] = _OF_SURVEYS[name](question.desk, question.by, **options)
            else:
                ask = _OF_TICKETS[name]
                sums[name] = ask(question.desk, question.by, source=question.source, **options)
        except NotEstimable as error:
            refused[name] = str(error)
    return sums, refused


def _parts(question: _Question, sums: Mapping[str, Sums]) -> list[pd.DataFrame]:
    """Compute each metric's counts, those of tickets together."""
    parts = [
        _prefixed(one.table.execute(), name, question.by)
        for name, one in sums.items()
        if name in _OF_SURVEYS
    ]
    if not set(sums) & set(_OF_TICKETS):
        return parts
    facts = ticket_facts(question.desk, question.source)
    if set(sums) & {"volumes", *TICKET_RATES, *TICKET_DURATIONS}:
        cells = ticket_cells(
            question.desk, facts, question.days, question.by, tuple(sums), question.shares
        )
        parts.append(_renamed(cells, question))
    if "volumes" in sums:
        rows = resolved_rows(facts, question.days)
        if rows is not None:
            parts.append(
                _counted(question, rows, "volumes", lambda table: {"n_resolved": table.count()})
            )
    if "fcr" in sums:
        window = question.desk.config.fcr_window_days
        rows = fcr_rows(question.desk, facts, question.days, FcrSettings(window, window))
        parts.append(_counted(question, rows, "fcr", lambda table: rate_counts(table.outcome)))
    return parts


def _counted(question: _Question, rows: Rows, name: str, measures: Any) -> pd.DataFrame:
    groups = with_groups(question.desk, rows, question.by)
    sums = groups.named(sums_of(groups.table, groups.keys, **measures(groups.table)))
    frame: pd.DataFrame = sums.execute()
    return _prefixed(frame.drop(columns=list(groups.keys)), name, question.by)


def _prefixed(frame: pd.DataFrame, name: str, by: Sequence[str]) -> pd.DataFrame:
    return frame.rename(columns={c: f"{name}_{c}" for c in frame.columns if c not in by})


def _renamed(cells: pd.DataFrame, question: _Question) -> pd.DataFrame:
    names = {"created_n": "volumes_n_created"}
    for place, share in enumerate(question.shares):
        for metric in TICKET_DURATIONS:
            names[f"{metric}_quantile_{place}"] = f"{metric}_p{round(100 * share)}_seconds"
    keys = [f"key_{name}" for name in question.by]
    return cells.drop(columns=keys).rename(columns=names)
