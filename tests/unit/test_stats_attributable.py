"""What goes with an exposure, against sums by hand and against refits of resampled customers."""

from __future__ import annotations

import numpy as np
import pytest

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.attributable import excess_events
from supportlab.stats.hazard_design import hazard_design
from supportlab.stats.hazards import HazardFit, fit_hazard, hazard_ratio

N_CUSTOMERS = 200
MONTHS = 12


def world(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Customer, two exposures and events of customer-months; customers differ for good."""
    rng = np.random.default_rng(seed)
    customer = np.repeat(np.arange(N_CUSTOMERS), MONTHS)
    own = rng.normal(0.0, 0.6, N_CUSTOMERS)[customer]
    exposed = (rng.random((customer.size, 2)) < 0.2).astype(float)
    hazard = 0.05 * np.exp(own + exposed @ [0.6, 0.2])
    return customer, exposed, (rng.random(customer.size) < hazard).astype(float)


def fitted(customer: np.ndarray, exposed: np.ndarray, events: np.ndarray) -> HazardFit:
    n = np.ones(events.size)
    columns = {"slow": exposed[:, 0], "again": exposed[:, 1]}
    return fit_hazard(hazard_design({}, columns, events, n), n, events, cluster=customer)


def test_the_sum_is_that_of_the_shares_by_hand() -> None:
    customer, exposed, events = world(1)
    fit = fitted(customer, exposed, events)
    ratios = [hazard_ratio(fit, name).estimate for name in ("slow", "again")]
    names = ["slow", "again"]
    for counted in (("slow",), ("again",), ("slow", "again")):
        taken = [
            ratio if name in counted else 1.0 for name, ratio in zip(names, ratios, strict=True)
        ]
        by_hand = sum(
            left * (1.0 - 1.0 / (taken[0] ** one[0] * taken[1] ** one[1]))
            for left, one in zip(events, exposed, strict=True)
        )
        found = excess_events(fit, names, exposed, events, fit.group, counted=counted)
        assert found.estimate == pytest.approx(by_hand, rel=1e-9)
        assert found.n_clusters == N_CUSTOMERS


def test_limits_are_those_of_refits_on_resampled_customers() -> None:
    """Independent draws of the ratio and of the number would give limits a quarter too narrow."""
    customer, exposed, events = world(2)
    fit = fitted(customer, exposed, events)
    found = excess_events(fit, ["slow"], exposed[:, :1], events, fit.group)
    rng, again = np.random.default_rng(3), []
    for _ in range(150):
        people = rng.integers(0, N_CUSTOMERS, N_CUSTOMERS)
        rows = (people[:, None] * MONTHS + np.arange(MONTHS)).ravel()
        one = fitted(np.repeat(np.arange(N_CUSTOMERS), MONTHS), exposed[rows], events[rows])
        ratio = hazard_ratio(one, "slow").estimate
        again.append((events[rows] * exposed[rows, 0]).sum() * (1.0 - 1.0 / ratio))
    assert found.low is not None
    assert found.high is not None
    assert (found.high - found.low) / 3.95 == pytest.approx(np.std(again), rel=0.15)


def test_order_of_rows_and_scale_do_not_matter() -> None:
    customer, exposed, events = world(4)
    fit = fitted(customer, exposed, events)
    found = excess_events(fit, ["slow", "again"], exposed, events, fit.group)
    assert fit.group is not None
    kept = np.random.default_rng(5).permutation(np.flatnonzero(events > 0))
    part = excess_events(fit, ["slow", "again"], exposed[kept], 7.0 * events[kept], fit.group[kept])
    assert part.estimate == pytest.approx(7.0 * found.estimate)
    assert part.high == pytest.approx(7.0 * (found.high or 0.0))


def test_what_cannot_be_had_is_refused() -> None:
    customer, exposed, events = world(6)
    n = np.ones(events.size)
    alone = fit_hazard(hazard_design({}, {"slow": exposed[:, 0]}, events, n), n, events)
    with pytest.raises(NotEstimable, match="no clusters"):
        excess_events(alone, ["slow"], exposed[:, :1], events, customer)
    fit = fitted(customer, exposed, events)
    with pytest.raises(ParameterError, match="2400 rows of 1"):
        excess_events(fit, ["slow"], exposed, events, customer)
