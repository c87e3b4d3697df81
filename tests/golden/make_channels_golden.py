"""
Write channels_golden.json: what DoubleML and statsmodels say about the tickets in this file.

Run it in an environment of its own, since DoubleML is a peer and no dependency: ``pip install
doubleml==0.11.4 statsmodels==0.15.0``, then ``python make_channels_golden.py``.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import doubleml
import numpy as np
import pandas as pd
import statsmodels.api as sm
from sklearn.linear_model import LogisticRegression

OUTPUT = Path(__file__).with_name("channels_golden.json")
CHANNELS = ("phone", "email", "chat")
REPETITIONS = 10


def tickets() -> pd.DataFrame:
    """Return tickets of three channels: topics and amounts draw to them and tell the outcome."""
    rng = np.random.default_rng(20261127)
    n = 3000
    topic, amount = rng.integers(0, 4, n), rng.integers(0, 3, n)
    pull = np.array([[0.8, 0.0, -0.4], [0.2, 0.4, 0.0], [-0.2, 0.3, 0.5], [-0.6, 0.0, 0.7]])[topic]
    pull = pull + np.array([0.0, 0.4, 0.1]) + (amount[:, None] - 1) * np.array([0.3, 0.1, -0.3])
    chance = np.exp(pull) / np.exp(pull).sum(axis=1, keepdims=True)
    channel = (rng.random(n)[:, None] > chance.cumsum(axis=1)).sum(axis=1)
    agent = rng.integers(0, 60, n)
    skill = rng.normal(0.0, 0.06, 60)[agent]
    effect = np.array([0.0, -0.08, -0.03])[channel]
    risk = 0.7 + 0.05 * (topic - 1.5) - 0.04 * (amount - 1) + skill + effect
    fcr = (rng.random(n) < np.clip(risk, 0.02, 0.98)).astype(int)
    return pd.DataFrame(
        {"topic": topic, "amount": amount, "channel": channel, "agent": agent, "fcr": fcr}
    )


def by_doubleml(rows: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Return average potential outcomes over all tickets, contrasted with the phone's."""
    dummies = pd.get_dummies(rows[["topic", "amount"]].astype(str), drop_first=True).astype(float)
    found = {}
    for place in (1, 2):
        # Of the two channels alone, as the project asks: its like is the interactive model.
        chosen = rows["channel"].isin([0, place])
        frame = pd.concat([rows.loc[chosen], dummies.loc[chosen]], axis=1).reset_index(drop=True)
        frame["is_channel"] = (frame["channel"] == place).astype(int)
        data = doubleml.DoubleMLData(
            frame, "fcr", "is_channel", x_cols=list(dummies.columns), cluster_cols="agent"
        )
        parts = {}
        for score in ("ATE", "ATTE"):
            # The effect on the treated of the phone: its tickets, had they come by the channel.
            if score == "ATTE":
                frame = frame.assign(is_channel=1 - frame["is_channel"])
                data = doubleml.DoubleMLData(
                    frame, "fcr", "is_channel", x_cols=list(dummies.columns), cluster_cols="agent"
                )
            np.random.seed(1)
            learner = LogisticRegression(C=6.25, max_iter=2000)
            model = doubleml.DoubleMLIRM(
                data, ml_g=learner, ml_m=learner, score=score, n_folds=5, n_rep=REPETITIONS
            )
            model.fit()
            sign = -1.0 if score == "ATTE" else 1.0
            parts[score] = {"estimate": sign * float(model.coef[0]), "error": float(model.se[0])}
        found[CHANNELS[place]] = parts
    return found


def by_statsmodels(rows: pd.DataFrame) -> dict[str, object]:
    """Return multinomial propensities, and weighted differences on the phone's tickets."""
    dummies = pd.get_dummies(rows[["topic", "amount"]].astype(str), drop_first=True).astype(float)
    design = sm.add_constant(dummies)
    fit = sm.MNLogit(rows["channel"], design).fit(disp=0)
    shares = np.asarray(fit.predict(design))
    y, phone = rows["fcr"].to_numpy(float), (rows["channel"] == 0).to_numpy()
    found: dict[str, object] = {"shares": shares[:25].round(8).tolist()}
    for place in (1, 2):
        chosen = (rows["channel"] == place).to_numpy()
        weight = shares[chosen, 0] / shares[chosen, place]
        found[CHANNELS[place]] = float(weight @ y[chosen] / weight.sum() - y[phone].mean())
    return found


def main() -> None:
    """Write the data and what the packages make of them."""
    rows = tickets()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = {
            "rows": {name: rows[name].tolist() for name in rows},
            "doubleml": by_doubleml(rows),
            "statsmodels": by_statsmodels(rows),
        }
    OUTPUT.write_text(json.dumps(found, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
