"""
Fit Cox's model with service that changes over time by another package, and print what it took.

``python benchmarks/churn_peers.py lifelines rows.parquet`` with the Python of an environment that
has the package: lifelines holds pandas back, so it cannot live in the project's own. It imports
nothing of the project. Columns of the file: ``customer``, ``start``, ``stop``, ``left``, and the
columns of the design.
"""

from __future__ import annotations

import json
import resource
import sys
import time

import pandas as pd

OWN = ("customer", "start", "stop", "left")


def main() -> int:
    """Fit, and print seconds, the peak of memory, and the first coefficient."""
    way, path = sys.argv[1:]
    rows = pd.read_parquet(path)
    begun, spent = time.perf_counter(), time.process_time()
    first = {"lifelines": _lifelines, "PHReg": _phreg}[way](rows)
    print(
        json.dumps(
            {
                "seconds": time.perf_counter() - begun,
                "cpu": time.process_time() - spent,
                "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
                "first": first,
            }
        )
    )
    return 0


def _lifelines(rows: pd.DataFrame) -> float:
    from lifelines import CoxTimeVaryingFitter

    fitter = CoxTimeVaryingFitter()
    fitter.fit(rows, id_col="customer", event_col="left", start_col="start", stop_col="stop")
    return float(fitter.params_.iloc[0])


def _phreg(rows: pd.DataFrame) -> float:
    from statsmodels.duration.hazard_regression import PHReg

    design = rows.drop(columns=list(OWN)).to_numpy(dtype=float)
    # Entries a hair later: PHReg counts an interval as at risk from the instant of its entry on.
    entry = rows["start"].to_numpy(dtype=float) + 1e-6
    model = PHReg(rows["stop"], design, status=rows["left"], entry=entry, ties="efron")
    return float(model.fit(groups=rows["customer"].to_numpy()).params[0])


if __name__ == "__main__":
    raise SystemExit(main())
