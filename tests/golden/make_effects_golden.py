"""
Write effects_golden.json: what DoubleML and pyfixest say about the data in this file.

Run it in an environment of its own (both pull pandas back below 3, so they can never be in the
project's): ``pip install doubleml==0.11.4 pyfixest==0.60.0``, then ``python
make_effects_golden.py``. The stored output was made with these, pandas 2.3.3 and scikit-learn
under Python 3.11.
"""

from __future__ import annotations

import json
from pathlib import Path

import doubleml
import numpy as np
import pandas as pd
import pyfixest
from sklearn.linear_model import LogisticRegression

OUTPUT = Path(__file__).with_name("effects_golden.json")
REPETITIONS = 20


def payments() -> pd.DataFrame:
    """Return attempts of one market: larger amounts see foreign prices and are declined more."""
    rng = np.random.default_rng(20261124)
    customer = np.repeat(np.arange(350), rng.poisson(9, 350) + 1)
    n = customer.size
    level = np.clip(rng.normal(0.0, 0.05, 350), -0.06, 0.12)[customer]
    history = (rng.random(n) < 0.25 + 2.0 * level).astype(int)
    size = rng.normal(size=350)[customer] * 0.6 + rng.normal(size=n) * 0.8
    band = np.digitize(size, [-1.2, -0.6, 0.0, 0.6, 1.2])
    method = rng.integers(0, 3, n)
    chance = np.clip(0.72 - 0.08 * (band - 2.5) - 0.12 * history + 0.05 * method, 0.05, 0.95)
    local = (rng.random(n) < chance).astype(int)
    risk = 0.17 + 0.02 * (band - 2.5) + 0.05 * history - 0.02 * method + level - 0.05 * local
    declined = (rng.random(n) < np.clip(risk, 0.002, 1.0)).astype(int)
    columns = {"customer": customer, "local": local, "declined": declined}
    return pd.DataFrame({**columns, "band": band, "method": method, "history": history})


def by_doubleml(rows: pd.DataFrame) -> dict[str, float]:
    """Return the interactive regression model's average effect, cross-fitted by customer."""
    dummies = pd.get_dummies(rows[["band", "method", "history"]].astype(str), drop_first=True)
    frame = pd.concat([rows[["customer", "local", "declined"]], dummies.astype(float)], axis=1)
    data = doubleml.DoubleMLData(
        frame, "declined", "local", x_cols=list(dummies.columns), cluster_cols="customer"
    )
    learner = LogisticRegression(C=6.25, max_iter=2000)
    # The package draws its folds from the global generator.
    np.random.seed(1)
    model = doubleml.DoubleMLIRM(
        data, ml_g=learner, ml_m=learner, score="ATE", n_folds=5, n_rep=REPETITIONS
    )
    model.fit()
    return {"estimate": float(model.coef[0]), "error": float(model.se[0])}


def roll_out() -> pd.DataFrame:
    """Return shares of 20 markets over 18 months; 14 adopt, and the effect grows."""
    rng = np.random.default_rng(20261125)
    unit, period = np.repeat(np.arange(20), 18), np.tile(np.arange(18), 20)
    adopted = np.where(np.arange(20) < 14, 5 + np.arange(20) % 5 * 2, 999)[unit]
    since = period - adopted
    effect = np.where(since >= 0, -0.03 - 0.006 * since, 0.0)
    base = rng.normal(0.3, 0.04, 20)[unit] + np.cumsum(rng.normal(0, 0.005, 18))[period]
    hits = rng.binomial(1000, base + effect)
    return pd.DataFrame(
        {"unit": unit, "period": period, "adopted": adopted, "hits": hits, "share": hits / 1000}
    )


def by_pyfixest(rows: pd.DataFrame) -> dict[str, float]:
    """Return Gardner's two stages and two-way fixed effects."""
    frame = rows.assign(treated=(rows["period"] >= rows["adopted"]).astype(int))
    two_stage = pyfixest.did2s(
        frame,
        yname="share",
        first_stage="~0 | unit + period",
        second_stage="~ treated",
        treatment="treated",
        cluster="unit",
    )
    two_way = pyfixest.feols("share ~ treated | unit + period", frame, vcov={"CRV1": "unit"})
    return {
        "estimate": float(two_stage.coef()["treated"]),
        "error": float(two_stage.se()["treated"]),
        "two_way": float(two_way.coef()["treated"]),
    }


def main() -> None:
    """Write the data and what the packages make of them."""
    attempts, shares = payments(), roll_out()
    found = {
        "payments": {
            "rows": {name: attempts[name].tolist() for name in attempts},
            "doubleml": by_doubleml(attempts),
        },
        "roll_out": {
            "rows": {name: shares[name].tolist() for name in ("unit", "period", "adopted", "hits")},
            "pyfixest": by_pyfixest(shares),
        },
    }
    OUTPUT.write_text(json.dumps(found, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
