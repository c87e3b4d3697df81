"""Every metric gives the same figures on every engine, to the row, the type and the order."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from supportlab import metrics
from supportlab.desk import Desk
from supportlab.desk.engine_casts import local_to_utc, shown_in
from supportlab.errors import NotEstimable, ParameterError
from supportlab.metrics.customers.panel import customer_panel

pytestmark = pytest.mark.engines

ENGINES = ("postgres", "pyspark")
# What is tried as groups; a metric takes those that it knows.
GROUPS = ("market", "channel", "category", "week")
# Options beyond the defaults, where a metric cannot be had without them.
OPTIONS: dict[str, dict[str, Any]] = {"service_level": {"target_minutes": 60}}
SHAPES = ("whole", "groups")
WORKING_HOURS = {"clock": "business", "schedule": "each_period"}
# Every metric as it is by default, and the clock of working hours.
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    **{one.name: (one.name, OPTIONS.get(one.name, {})) for one in metrics.DEFINITIONS},
    "first_response in working hours": ("first_response", {"clock": "business"}),
    "resolution_time in working hours": ("resolution_time", WORKING_HOURS),
}


@pytest.fixture(scope="session", params=ENGINES)
def desk(request: pytest.FixtureRequest) -> Desk:
    """The world on one of the engines that are not DuckDB."""
    return request.getfixturevalue(f"{request.param}_desk")


def _asked(case: str, desk: Desk, known: tuple[str, ...]) -> metrics.Sums:
    name, options = CASES[case]
    ask = getattr(metrics, name)
    return ask(desk, by=known, **options) if known else ask(desk, cluster=None, **options)


def _known(case: str, shape: str, desk: Desk) -> tuple[str, ...]:
    """Return the groups that DuckDB gives, so that no engine may give fewer."""
    if shape == "whole":
        return ()
    name, options = CASES[case]
    known = tuple(group for group in GROUPS if _takes(getattr(metrics, name), desk, group, options))
    assert known, f"{name} takes none of {GROUPS}"
    return known


def _takes(ask: Any, desk: Desk, group: str, options: dict[str, Any]) -> bool:
    try:
        ask(desk, by=(group,), **options)
    except (NotEstimable, ParameterError):
        return False
    return True


_OURS: dict[tuple[str, str], tuple[Any, ...]] = {}


def _figures(sums: metrics.Sums) -> tuple[pd.DataFrame, pd.DataFrame, Any]:
    frame = sums.fetch()
    return frame, sums.excluded(), sums.record(frame)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("case", CASES)
def test_an_engine_gives_the_same_figures(
    case: str, shape: str, desk: Desk, duckdb_desk: Desk
) -> None:
    if (case, shape) not in _OURS:
        known = _known(case, shape, duckdb_desk)
        _OURS[case, shape] = (known, *_figures(_asked(case, duckdb_desk, known)))
    known, frame, excluded, record = _OURS[case, shape]
    assert len(frame) > (shape != "whole")
    theirs, left_out, written = _figures(_asked(case, desk, known))
    pd.testing.assert_frame_equal(theirs, frame)
    pd.testing.assert_frame_equal(left_out, excluded)
    assert written == record


@pytest.mark.parametrize("case", [case for case in CASES if case.endswith("working hours")])
def test_working_hours_are_not_the_calendar(case: str, duckdb_desk: Desk) -> None:
    """Where they agreed, the comparison of the engines would show nothing."""
    name, options = CASES[case]
    ask = getattr(metrics, name)
    hours, calendar = (ask(duckdb_desk, **one).fetch() for one in (options, {}))
    assert hours.duration_seconds.sum() < 0.8 * calendar.duration_seconds.sum()


@pytest.mark.parametrize("by", [("market", "channel", "month"), ()])
def test_the_metric_table_is_the_same(by: tuple[str, ...], desk: Desk, duckdb_desk: Desk) -> None:
    """On DuckDB most quantiles are read off an order, elsewhere all off the whole curve."""
    theirs, ours = (metrics.metric_table(one, by=by) for one in (desk, duckdb_desk))
    pd.testing.assert_frame_equal(theirs.table, ours.table)
    assert theirs.definitions == ours.definitions
    assert theirs.refused == ours.refused
    assert ours.table.resolution_time_p50_seconds.notna().any()


def test_the_audit_is_the_same(desk: Desk, duckdb_desk: Desk) -> None:
    columns = ["table", "column", "rule", "severity", "n_rows"]
    theirs, ours = (one.audit.faults[columns].sort_values(columns) for one in (desk, duckdb_desk))
    assert theirs.to_dict("records") == ours.to_dict("records")
    assert desk.as_of == duckdb_desk.as_of


def test_local_times_become_the_same_instants(desk: Desk, duckdb_desk: Desk) -> None:
    theirs, ours = (_zoned(one) for one in (desk, duckdb_desk))
    assert ours["instant"].ne(ours["created_at"]).any()
    pd.testing.assert_frame_equal(theirs, ours, check_dtype=False)


def _zoned(desk: Desk) -> pd.DataFrame:
    rows = desk.table("tickets").select("ticket_id", "created_at")
    frame = rows.mutate(
        instant=local_to_utc(rows.created_at, "America/Sao_Paulo"),
        shown=shown_in(rows.created_at, "Europe/Berlin"),
    ).execute()
    return frame.sort_values("ticket_id", ignore_index=True)


def test_the_customer_panel_is_the_same(desk: Desk, duckdb_desk: Desk) -> None:
    """Months at risk, service before them and who left: row by row, with all bands and flags."""
    theirs, ours = (
        customer_panel(one, control_categories=("other",)) for one in (desk, duckdb_desk)
    )
    assert (theirs.measures, theirs.thresholds) == (ours.measures, ours.thresholds)
    assert (theirs.reasons, theirs.definition) == (ours.reasons, ours.definition)
    columns = [name for name in ours.table.columns if name not in ("month_start", "is_complete")]
    rows = [panel.cells(columns) for panel in (theirs, ours)]
    pd.testing.assert_frame_equal(*rows)
    assert {"reopened", "slow_resolution", "csat_bad", "payment_declined"} <= set(ours.measures)
    for name in ours.measures:
        assert (rows[1][name] == 0).any(), name
