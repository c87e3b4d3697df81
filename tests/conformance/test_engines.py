"""
Every metric and every table gives the same on every engine, to the row, the type and the order.

One module, so that one worker starts Spark and PostgreSQL, once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest

from supportlab import metrics
from supportlab.desk import Desk
from supportlab.desk.engine_casts import local_to_utc, shown_in
from supportlab.errors import NotEstimable, ParameterError
from supportlab.metrics.customers.panel import customer_panel
from supportlab.metrics.money import missing_rates
from supportlab.metrics.payments.amounts import checkout_amounts
from supportlab.metrics.payments.cells import PaymentCells, payment_cells
from supportlab.metrics.payments.followed import FATES, followed_checkouts
from supportlab.metrics.payments.retries import decline_kinds, retries
from supportlab.metrics.payments.tickets import ticket_counts
from supportlab.metrics.sums import Kind

pytestmark = pytest.mark.engines

ENGINES = ("postgres", "pyspark")
# What is tried as groups; a metric takes those that it knows.
GROUPS = ("market", "channel", "category", "week")
# Options beyond the defaults, where a metric cannot be had without them.
OPTIONS: dict[str, dict[str, Any]] = {"service_level": {"target_minutes": 60}}
# The metric table asks all metrics without groups, and each of them is asked by groups; so one of
# each kind is asked alone without groups too. The others are asked so by `make evidence`.
OF_EACH_KIND = ("one_touch", "ces", "nps", "next_reply", "volumes")
WORKING_HOURS = {"clock": "business", "schedule": "each_period"}
# Every metric as it is by default, and the clock of working hours.
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    **{one.name: (one.name, OPTIONS.get(one.name, {})) for one in metrics.DEFINITIONS},
    "first_response in working hours": ("first_response", {"clock": "business"}),
    "resolution_time in working hours": ("resolution_time", WORKING_HOURS),
}
SHAPES = [
    pytest.param(
        case,
        shape,
        id=f"{case}-{shape}",
        marks=() if shape == "groups" or case in OF_EACH_KIND else pytest.mark.evidence,
    )
    for case in CASES
    for shape in ("whole", "groups")
]
# Every column that is made for payments, in the units that the study asks for.
CUTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "whole": ("attempt", ()),
    "attempts": ("attempt", ("market", "method", "month")),
    "authentication": ("first_attempt", ("authentication", "market", "amount_band")),
    "currency": ("first_attempt", ("market", "local_currency", "amount_band", "history_band")),
    "rate": ("first_attempt", ("rate_shown", "local_currency")),
    "checkouts": ("checkout", ("method", "first_status", "retried")),
}
FRAMES: dict[str, Callable[[Desk], pd.DataFrame]] = {
    "kinds of decline": lambda desk: decline_kinds(desk)[0],
    "retries": lambda desk: retries(desk)[0],
    "amounts": lambda desk: checkout_amounts(desk, ("market", "local_currency")),
    "tickets by customer": lambda desk: ticket_counts(desk, "market").profiles,
    "tickets by month": lambda desk: ticket_counts(desk, "market").months,
    "missing rates": lambda desk: missing_rates(desk, desk.table("payments")),
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


@pytest.mark.parametrize(("case", "shape"), SHAPES)
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


def test_each_kind_is_asked_without_groups(duckdb_desk: Desk) -> None:
    kinds = {_asked(case, duckdb_desk, ()).kind for case in OF_EACH_KIND}
    assert kinds == set(get_args(Kind))
    assert len(kinds) == len(OF_EACH_KIND)


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


def _cells(desk: Desk, case: str) -> PaymentCells:
    unit, by = CUTS[case]
    return payment_cells(desk, by, unit=unit)


@pytest.mark.parametrize("case", CUTS)
def test_cells_and_profiles_are_the_same(case: str, desk: Desk, duckdb_desk: Desk) -> None:
    theirs, ours = (_cells(one, case) for one in (desk, duckdb_desk))
    pd.testing.assert_frame_equal(theirs.profiles(), ours.profiles())
    assert theirs.record() == ours.record()
    assert ours.fetch()["n"].sum() > 100


def test_squares_of_customers_are_the_same(desk: Desk, duckdb_desk: Desk) -> None:
    theirs, ours = (_cells(one, "currency") for one in (desk, duckdb_desk))
    counted = ours.fetch()
    place = np.arange(len(counted))
    scores = counted[list(ours.by)].assign(a_x=np.sin(place), b_x=np.cos(place))
    found = [one.score_squares(scores, per_by="market") for one in (theirs, ours)]
    pd.testing.assert_frame_equal(*found)
    assert (found[1]["sum_of_squares"] > 0).all()


@pytest.mark.parametrize("case", FRAMES)
def test_tables_of_payments_are_the_same(case: str, desk: Desk, duckdb_desk: Desk) -> None:
    theirs, ours = (FRAMES[case](one) for one in (desk, duckdb_desk))
    pd.testing.assert_frame_equal(theirs, ours)
    assert len(ours) > 0 or case == "missing rates"


def test_tickets_after_payments_are_the_same(desk: Desk, duckdb_desk: Desk) -> None:
    theirs, ours = (followed_checkouts(one, ("market",)) for one in (desk, duckdb_desk))
    pd.testing.assert_frame_equal(theirs.profiles(), ours.profiles())
    pairs = [one.by_customer(FATES[1:], FATES[:1]) for one in (theirs, ours)]
    pd.testing.assert_frame_equal(*pairs)
    scores = ours.fetch()[list(ours.by)].assign(a_x=-0.25, b_x=1.0)
    assert theirs.squares(scores) == ours.squares(scores)
