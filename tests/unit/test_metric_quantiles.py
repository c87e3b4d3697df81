"""Medians and quantiles from a metric's sums: rows stay in the engine, the figure is the same."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.duration.survfunc import SurvfuncRight

from supportlab import metrics
from supportlab.desk import Desk
from supportlab.stats import kaplan_meier, survival_at, survival_quantile

DURATIONS = {
    "first_response": {},
    "resolution_time": {},
    "resolution_time, first": {"stop": "first"},
    "wait_time": {},
    "next_reply": {},
}


@pytest.fixture(scope="module")
def desk(sample_desk: Desk) -> Desk:
    return sample_desk


@pytest.mark.parametrize("name", DURATIONS)
def test_quantiles_from_sums_are_those_of_the_rows(name: str, desk: Desk) -> None:
    options = {**DURATIONS[name], "start": "2026-03-01", "cluster": None}
    sums = getattr(metrics, name.partition(",")[0])(desk, **options)
    frame = sums.fetch()
    curve = kaplan_meier(
        frame["duration_seconds"].to_numpy(dtype=float),
        frame["n_events"].to_numpy(),
        frame["n_censored"].to_numpy(),
    )
    cases = sums.cases.execute()
    rows = cases.loc[cases["outcome"].isin(("event", "censored"))]
    assert len(rows) == frame[["n_events", "n_censored"]].to_numpy().sum()
    peer = SurvfuncRight(
        rows["duration_seconds"].to_numpy(dtype=float),
        (rows["outcome"] == "event").to_numpy(dtype=float),
    )
    for share in (0.1, 0.25, 0.5, 0.75):
        # The first time by which that share is over; where the curve lies exactly on it, the
        # package takes the next time instead.
        place = np.flatnonzero(peer.surv_prob <= 1 - share + 1e-9)[0]
        assert survival_quantile(curve, share).estimate == peer.surv_times[place]
    moment = float(np.median(rows["duration_seconds"]))
    there = peer.surv_prob[np.searchsorted(peer.surv_times, moment, side="right") - 1]
    assert survival_at(curve, moment).estimate == pytest.approx(there, abs=1e-12)


def test_the_mean_of_those_that_are_over_is_another_figure(desk: Desk) -> None:
    cases = metrics.first_response(desk, start="2026-06-24", cluster=None).cases.execute()
    over = cases.loc[cases["outcome"] == "event", "duration_seconds"]
    open_ones = cases.loc[cases["outcome"] == "censored", "duration_seconds"]
    frame = metrics.first_response(desk, start="2026-06-24", cluster=None).fetch()
    curve = kaplan_meier(
        frame["duration_seconds"].to_numpy(dtype=float),
        frame["n_events"].to_numpy(),
        frame["n_censored"].to_numpy(),
    )
    assert len(open_ones) > 0
    assert survival_quantile(curve, 0.5).estimate > float(over.median())
