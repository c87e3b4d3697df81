"""
Write lifelines_golden.json: what lifelines says about the data in this file.

Run it in an environment of its own (lifelines pulls pandas back below 3, so it can never be in the
project's): ``pip install lifelines==0.30.3``, then ``python make_lifelines_golden.py``. The stored
output was made with lifelines 0.30.3, numpy 2.4.6, pandas 2.3.3 and scipy 1.17.1 under Python 3.11.
"""

from __future__ import annotations

import json
from pathlib import Path

import lifelines
import numpy as np
from lifelines import KaplanMeierFitter
from lifelines.datasets import load_leukemia, load_waltons
from lifelines.utils import median_survival_times, qth_survival_times

OUTPUT = Path(__file__).with_name("lifelines_golden.json")


def made_up() -> tuple[np.ndarray, np.ndarray]:
    """Return whole-minute durations with many ties and a third censored."""
    rng = np.random.default_rng(20261122)
    ends = rng.lognormal(5.0, 1.0, 400)
    seen = rng.uniform(20.0, 900.0, 400)
    return np.floor(np.minimum(ends, seen)), (ends <= seen).astype(int)


def describe(time: np.ndarray, event: np.ndarray) -> dict[str, object]:
    """Return the data with the curve, its log-log band, and quantiles."""
    fit = KaplanMeierFitter().fit(time, event)
    band = fit.confidence_interval_survival_function_
    median = median_survival_times(band)
    quartile = qth_survival_times([0.75], band)
    kept = fit.survival_function_.index.to_numpy() > 0
    return {
        "time": [float(value) for value in time],
        "event": [int(value) for value in event],
        "times": fit.survival_function_.index.to_numpy()[kept].tolist(),
        "survival": fit.survival_function_.to_numpy().ravel()[kept].tolist(),
        "low": band.to_numpy()[kept, 0].tolist(),
        "high": band.to_numpy()[kept, 1].tolist(),
        "median": float(fit.median_survival_time_),
        "median_limits": [finite(value) for value in median.to_numpy().ravel()],
        "quartile": float(fit.percentile(0.75)),
        "quartile_limits": [finite(value) for value in quartile.to_numpy().ravel()],
    }


def finite(value: float) -> float | None:
    """Return None for a limit that lies beyond the data."""
    return float(value) if np.isfinite(value) else None


def main() -> None:
    """Write the file."""
    leukemia, waltons = load_leukemia(), load_waltons()
    treated = leukemia[leukemia["Rx"] == 0]
    cases = {
        "leukemia_6mp": describe(treated["t"].to_numpy(), treated["status"].to_numpy()),
        "waltons": describe(waltons["T"].to_numpy(), waltons["E"].to_numpy()),
        "made_up": describe(*made_up()),
    }
    versions = {"lifelines": lifelines.__version__, "numpy": np.__version__}
    text = json.dumps({"versions": versions, "cases": cases}, indent=1)
    OUTPUT.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
