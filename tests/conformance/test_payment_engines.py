"""Payments give the same cells, profiles and squares on every engine."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from supportlab.desk import Desk
from supportlab.metrics.money import missing_rates
from supportlab.metrics.payments.amounts import checkout_amounts
from supportlab.metrics.payments.cells import PaymentCells, payment_cells
from supportlab.metrics.payments.followed import FATES, followed_checkouts
from supportlab.metrics.payments.retries import decline_kinds, retries
from supportlab.metrics.payments.tickets import ticket_counts

pytestmark = pytest.mark.engines

ENGINES = ("postgres", "pyspark")
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
