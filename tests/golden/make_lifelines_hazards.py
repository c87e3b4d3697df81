"""
Write lifelines_hazards.json: what lifelines says of the made-up customer-months in this file.

Run it in an environment of its own (lifelines pulls pandas back below 3, so it can never be in the
project's): ``pip install lifelines==0.30.3``, then ``python make_lifelines_hazards.py``.
"""

from __future__ import annotations

import json
from pathlib import Path

import lifelines
import numpy as np
import pandas as pd
from lifelines import CoxPHFitter, CoxTimeVaryingFitter
from lifelines.datasets import load_rossi
from lifelines.statistics import proportional_hazard_test

OUTPUT = Path(__file__).with_name("lifelines_hazards.json")


def made_up() -> pd.DataFrame:
    """Return months at risk of customers who enter late, with service that changes."""
    rng = np.random.default_rng(20261124)
    rows = []
    for customer in range(220):
        first = int(rng.integers(0, 9))
        plan = int(rng.integers(0, 2))
        slow = 0
        for tenure in range(first, first + 14):
            slow = int(rng.random() < (0.7 if slow else 0.15))
            hazard = 0.05 * np.exp(0.6 * slow - 0.4 * plan)
            left = int(rng.random() < 1 - np.exp(-hazard))
            rows.append((customer, tenure, tenure + 1, slow, plan, left))
            if left:
                break
    names = ["customer", "entry", "exit", "slow", "plan", "left"]
    return pd.DataFrame(rows, columns=names)


def time_varying(frame: pd.DataFrame) -> dict[str, object]:
    """Return the data with the fit of lifelines (Efron ties)."""
    fit = CoxTimeVaryingFitter().fit(
        frame,
        id_col="customer",
        event_col="left",
        start_col="entry",
        stop_col="exit",
        fit_options={"precision": 1e-9},
    )
    return {
        "rows": {name: frame[name].tolist() for name in frame},
        "coefficients": fit.params_[["slow", "plan"]].tolist(),
        "errors": fit.standard_errors_[["slow", "plan"]].tolist(),
    }


def middle_rank(durations: pd.Series, events: pd.Series, weights: pd.Series) -> pd.Series:
    """Return the rank of each time among those of the events, ties in their middle."""
    times = np.sort(durations[events.astype(bool)].to_numpy())
    below = np.searchsorted(times, durations, side="left")
    up_to = np.searchsorted(times, durations, side="right")
    return pd.Series((below + up_to + 1) / 2.0, index=durations.index)


def drift() -> dict[str, object]:
    """Return the rearrest data with the test of proportional hazards by the rank of time."""
    rossi = load_rossi()
    fit = CoxPHFitter().fit(rossi, "week", "arrest", fit_options={"precision": 1e-9})
    test = proportional_hazard_test(fit, rossi, time_transform=middle_rank)
    names = [name for name in rossi if name not in ("week", "arrest")]
    grouped = rossi.assign(cell=np.arange(len(rossi)) // 4)
    clustered = CoxPHFitter().fit(
        grouped, "week", "arrest", cluster_col="cell", fit_options={"precision": 1e-9}
    )
    return {
        "clustered_errors": clustered.standard_errors_[names].tolist(),
        "rows": {name: rossi[name].tolist() for name in rossi},
        "names": names,
        "coefficients": fit.params_[names].tolist(),
        "errors": fit.standard_errors_[names].tolist(),
        "statistics": [float(test.summary.loc[name, "test_statistic"]) for name in names],
    }


def main() -> None:
    """Write the file."""
    versions = {"lifelines": lifelines.__version__, "numpy": np.__version__}
    found = {"versions": versions, "time_varying": time_varying(made_up()), "drift": drift()}
    OUTPUT.write_text(json.dumps(found) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
