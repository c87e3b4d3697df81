"""
Write authority_golden.json: what four packages say about the data in this file.

Run it in an environment of its own (they bring plotting packages along, or pull pandas back below
3): ``pip install rdrobust==2.1.1 rddensity==3.0 linearmodels==7.1 pyfixest==0.60.0``, then
``python make_authority_golden.py``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyfixest
from linearmodels.iv import IV2SLS
from rddensity import rddensity
from rdrobust import rdrobust

OUTPUT = Path(__file__).with_name("authority_golden.json")


def near_limit() -> pd.DataFrame:
    """Return distances from a limit in whole units, resolved or not, and hours."""
    rng = np.random.default_rng(20261127)
    x = np.round(200.0 - 110.0 * np.exp(0.8 * rng.normal(size=5000))) + 0.5
    x = x[np.abs(x) < 200]
    chance = 0.6 + 0.0008 * x + 0.000004 * x**2 + 0.12 * (x >= 0)
    solved = (rng.random(x.size) < np.clip(chance, 0, 1)).astype(int)
    hours = np.round(30 - 0.05 * x - 8 * (x >= 0) + rng.gamma(2.0, 6.0, x.size))
    return pd.DataFrame({"x": x, "solved": solved, "hours": hours})


def nudged() -> np.ndarray:
    """Return distances of which a third just beyond the limit were moved within it."""
    rng = np.random.default_rng(20261128)
    x = 200.0 - 110.0 * np.exp(0.8 * rng.normal(size=4000))
    x = x[np.abs(x) < 200]
    moved = (x < 0) & (x > -30) & (rng.random(x.size) < 0.35)
    return np.round(np.where(moved, 12.0 * rng.random(x.size), x), 1)


def by_agents() -> pd.DataFrame:
    """Return tickets of agents in teams and weeks, the use of authority and the outcome."""
    rng = np.random.default_rng(20261129)
    ready = np.clip(0.5 + 0.2 * rng.normal(size=40), 0.05, 0.95)
    agent = np.repeat(np.arange(40), 60)
    group = agent // 8 * 20 + rng.integers(0, 20, agent.size)
    hard = rng.normal(size=agent.size)
    used = (rng.random(agent.size) < np.clip(ready[agent] - 0.15 * hard, 0, 1)).astype(int)
    chance = 0.5 - 0.1 * hard + 0.25 * used + rng.normal(0, 0.05, 100)[group]
    y = (rng.random(agent.size) < np.clip(chance, 0, 1)).astype(int)
    return pd.DataFrame({"agent": agent, "group": group, "used": used, "y": y})


def elsewhere(rows: pd.DataFrame) -> pd.Series:
    """Return, row by row, the agent's use in other groups less that of the colleagues there."""
    gap = rows["used"] - rows.groupby("group")["used"].transform("mean")
    out = []
    for one in rows.itertuples():
        others = (rows["agent"] == one.agent) & (rows["group"] != one.group)
        out.append(gap[others].mean())
    return pd.Series(out, index=rows.index)


def by_rdrobust(rows: pd.DataFrame) -> dict[str, Any]:
    """Return jumps with chosen and with given windows."""
    found = {}
    for outcome in ("solved", "hours"):
        for name, options in (("chosen", {}), ("given", {"h": 40, "b": 70})):
            one = rdrobust(rows[outcome], rows["x"], vce="hc1", masspoints="off", **options)
            found[f"{outcome} {name}"] = {
                "h": float(one.bws.iloc[0, 0]),
                "b": float(one.bws.iloc[1, 0]),
                "conventional": float(one.coef.iloc[0, 0]),
                "corrected": float(one.coef.iloc[1, 0]),
                "conventional_error": float(one.se.iloc[0, 0]),
                "robust_error": float(one.se.iloc[2, 0]),
            }
    return found


def by_linearmodels(rows: pd.DataFrame) -> dict[str, float]:
    """Return two-stage least squares with the groups' means taken off, clustered by agent."""
    frame = rows.assign(ready=elsewhere(rows)).dropna()
    names = ["y", "used", "ready"]
    within = frame[names] - frame.groupby("group")[names].transform("mean")
    fit = IV2SLS(within["y"], None, within[["used"]], within[["ready"]]).fit(
        cov_type="clustered", clusters=frame["agent"], debiased=False
    )
    return {"estimate": float(fit.params["used"]), "error": float(fit.std_errors["used"])}


def by_did2s() -> dict[str, Any]:
    """Return rows of teams and months with a covariate, and Gardner's two stages on them."""
    rng = np.random.default_rng(20261130)
    team, month, topic = (
        one.ravel()
        for one in np.meshgrid(np.arange(16), np.arange(12), np.arange(2), indexing="ij")
    )
    adopted = np.where(team < 11, 3 + team % 4 * 2, 999)
    n = rng.poisson(40 + 20 * topic * (month / 6), team.size) + 1
    chance = 0.7 - 0.08 * topic + 0.02 * np.sin(team) + 0.005 * month + 0.06 * (month >= adopted)
    hits = rng.binomial(n, chance)
    rows = pd.DataFrame(
        {"team": team, "month": month, "topic": topic, "n": n, "hits": hits, "adopted": adopted}
    )
    each = rows.loc[rows.index.repeat(rows["n"])].reset_index(drop=True)
    place = each.groupby(["team", "month", "topic"]).cumcount()
    each["y"] = (place < each["hits"]).astype(float)
    each["treated"] = (each["month"] >= each["adopted"]).astype(int)
    fit = pyfixest.did2s(
        each, yname="y", first_stage="~ topic | team + month", second_stage="~ treated",
        treatment="treated", cluster="team",
    )  # fmt: skip
    peer = {"estimate": float(fit.coef()["treated"]), "error": float(fit.se()["treated"])}
    return {"rows": {name: rows[name].tolist() for name in rows}, "pyfixest": peer}


def main() -> None:
    """Write the data and what the packages make of them."""
    limit, moved, tickets = near_limit(), nudged(), by_agents()
    found = {
        "limit": {
            "rows": {name: limit[name].tolist() for name in limit},
            "rdrobust": by_rdrobust(limit),
            "rddensity_p": float(rddensity(limit["x"].to_numpy()).test["p_jk"]),
        },
        "nudged": {"x": moved.tolist(), "rddensity_p": float(rddensity(moved).test["p_jk"])},
        "agents": {
            "rows": {name: tickets[name].tolist() for name in tickets},
            "linearmodels": by_linearmodels(tickets),
        },
        "roll_out": by_did2s(),
    }
    OUTPUT.write_text(json.dumps(found, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
