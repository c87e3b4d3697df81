"""Tables of customers without dates: what is said, what is refused, which leaks are named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from supportlab.errors import DataError, ParameterError
from supportlab.studies.churn.snapshot import open_snapshot, snapshot_faults, snapshot_levels
from supportlab.studies.churn.snapshot_associations import snapshot_associations


def _world(n=1500, seed=2):
    rng = np.random.default_rng(seed)
    plan = rng.choice(["monthly", "yearly"], n, p=[0.6, 0.4])
    support = rng.choice(["yes", "no"], n)
    tenure = rng.integers(1, 60, n)
    odds = -1.2 + 1.0 * (plan == "monthly") + 0.7 * (support == "no") - 0.02 * tenure
    left = rng.random(n) < 1.0 / (1.0 + np.exp(-odds))
    charge = np.round(rng.uniform(20, 100, n), 2)
    return pd.DataFrame(
        {
            "customer": [f"{place:05d}" for place in range(n)],
            "plan": plan,
            "support": support,
            "tenure": tenure,
            "charge": charge,
            "colour": rng.choice(["red", "green", "blue"], n),
            "paid_in_all": np.round(tenure * charge * rng.uniform(0.97, 1.03, n), 2),
            "reason": np.where(left, rng.choice(["price", "moved", "service"], n), ""),
            # A few are scored wrongly, so that no level of the score is without both kinds.
            "outcome_score": np.where(
                left ^ (rng.random(n) < 0.015), rng.integers(70, 100, n), rng.integers(0, 75, n)
            ),
            "left": np.where(left, "Yes", "No"),
        }
    )


@pytest.fixture(scope="module")
def world():
    return _world()


@pytest.fixture(scope="module")
def snapshot(world, tmp_path_factory):
    path = tmp_path_factory.mktemp("snapshot") / "customers.csv"
    world.to_csv(path, index=False)
    return open_snapshot(path, "left", "Yes", key="customer")


def test_the_shares_are_those_of_pandas_and_no_rate_is_made_of_them(world, snapshot):
    found = snapshot_levels(snapshot, ["plan"], tenure="tenure")
    table = found.table.set_index("level")
    for plan, part in world.groupby("plan"):
        assert table.loc[plan, "estimate"] == pytest.approx((part["left"] == "Yes").mean())
    by_id = {finding.id: finding for finding in found.findings}
    assert by_id["churn.snapshot.share"].estimate == pytest.approx((world["left"] == "Yes").mean())
    assert by_id["churn.rate"].status == "not_estimable"
    medians = world.groupby("left")["tenure"].median()
    assert f"had left is {medians['Yes']:g}, of the others {medians['No']:g}" in found.summary()


def test_every_kind_of_leak_is_named_and_nothing_else(snapshot):
    table = snapshot_faults(snapshot, tenure="tenure", known_after=["colour"]).table
    excluded = table[table["is_excluded"]]
    kinds = dict(zip(excluded["feature"], excluded["kind"], strict=True))
    assert kinds["reason"] == "level always left"
    assert kinds["outcome_score"] == "tells nearly all"
    assert kinds["paid_in_all"] == "adds up over time"
    assert kinds["colour"] == "declared"
    assert not {"plan", "support", "tenure", "charge"} & set(table["feature"])


def test_the_odds_ratio_is_statsmodels_on_the_rows(world, snapshot):
    import statsmodels.formula.api as smf

    found = snapshot_associations(snapshot, ["support"], adjust_for=["plan"])
    row = found.table.iloc[0]
    data = world.assign(y=(world["left"] == "Yes").astype(int))
    reference = row["reference"]
    peer = smf.logit(f"y ~ C(support, Treatment('{reference}')) + plan", data).fit(
        disp=0, cov_type="HC0"
    )
    assert np.log(row["estimate"]) == pytest.approx(peer.params.iloc[1], abs=1e-6)
    assert np.log(row["ci_high"]) == pytest.approx(peer.conf_int().iloc[1, 1], abs=1e-5)
    risks = [peer.predict(data.assign(support=level)).mean() for level in (row["level"], reference)]
    assert row["risk_ratio"] == pytest.approx(risks[0] / risks[1], abs=1e-6)


def test_leaks_are_refused_and_never_adjusted_for(snapshot):
    found = snapshot_associations(snapshot, ["reason", "support"], adjust_for=["reason", "plan"])
    refused = [one for one in found.findings if one.status == "not_estimable"]
    assert {one.id for one in refused} == {"churn.snapshot.association", "churn.quality.effect"}
    assert found.checks[0].passed is False
    plain = snapshot_associations(snapshot, ["support"], adjust_for=["plan"])
    shown = found.table[found.table["feature"] == "support"]["estimate"]
    assert shown.to_numpy() == pytest.approx(plain.table["estimate"].to_numpy())


def test_a_separated_combination_is_refused_and_the_others_keep_their_ratio(tmp_path):
    world = _world(seed=4).drop(columns=["reason", "outcome_score", "paid_in_all"])
    # All of one kind of customer left: the plan's level alone does not show it.
    extra = world.head(60).assign(plan="trial", support="no", left="Yes")
    mixed = world.tail(60).assign(plan="trial", support="yes")
    both = pd.concat([world, extra, mixed], ignore_index=True)
    both["customer"] = [str(place) for place in range(len(both))]
    both["pair"] = np.where(
        (both["plan"] == "trial") & (both["support"] == "no"), "trial without support", "other"
    )
    path = tmp_path / "both.parquet"
    both.to_parquet(path)
    snapshot = open_snapshot(path, "left", "Yes", key="customer")
    kinds = snapshot_faults(snapshot).table.set_index("level")["kind"]
    assert kinds["trial without support"] == "level always left"
    found = snapshot_associations(snapshot, ["plan", "support"], adjust_for=["pair"]).table
    kept = found.set_index(["feature", "level"])["estimate"]
    plain = snapshot_associations(snapshot, ["plan", "support"]).table
    assert kept.to_numpy() == pytest.approx(plain["estimate"].to_numpy())


def test_a_negative_control_is_checked(snapshot):
    found = snapshot_associations(
        snapshot,
        ["colour", "support"],
        adjust_for=["plan"],
        negative_controls=["colour", "support"],
    )
    by_name = {check.name: check.passed for check in found.checks}
    assert by_name["Negative control: colour does not go with leaving"] is True
    assert by_name["Negative control: support does not go with leaving"] is False


def test_what_is_wrong_is_said(snapshot, world, tmp_path):
    with pytest.raises(ParameterError, match="support"):
        snapshot_associations(snapshot, ["suport"])
    path = tmp_path / "world.csv"
    world.to_csv(path, index=False)
    with pytest.raises(ParameterError, match="'No', 'Yes'"):
        open_snapshot(path, "left", "yes")
    with pytest.raises(DataError, match="several rows"):
        open_snapshot(path, "left", "Yes", key="plan")
    with pytest.raises(DataError, match="no such file"):
        open_snapshot(tmp_path / "absent.csv", "left", "Yes")


def test_the_telco_figures_are_those_that_are_known(real_data):
    path = real_data / "telco" / "telco_customer_churn_with_tickets.csv"
    if not path.is_file():
        pytest.skip(f"no telco data at {path}")
    snapshot = open_snapshot(path, "Churn", "Yes", key="customerID")
    shares = snapshot_levels(snapshot, tenure="tenure")
    assert "is 10, of the others 38" in shares.summary()
    table = shares.table.set_index(["feature", "level"])["estimate"]
    assert shares.table["estimate"].iloc[0] == pytest.approx(0.2654, abs=5e-5)
    assert table["Contract", "Month-to-month"] == pytest.approx(0.4271, abs=5e-5)
    assert table["Contract", "Two year"] == pytest.approx(0.0283, abs=5e-5)
    assert table["TechSupport", "No"] == pytest.approx(0.4164, abs=5e-5)
    assert table["TechSupport", "Yes"] == pytest.approx(0.1517, abs=5e-5)
    found = snapshot_associations(
        snapshot,
        ["TotalCharges", "numAdminTickets", "numTechTickets", "TechSupport"],
        adjust_for=["Contract", "InternetService"],
        tenure="tenure",
        negative_controls=["numAdminTickets"],
    )
    assert found.checks[1].passed is True
    verdicts = found.table.groupby("feature")["verdict"].agg(lambda values: set(values.dropna()))
    assert verdicts["numTechTickets"] == {"higher"}
    assert verdicts["TechSupport"] == {"lower"}
    assert verdicts["numAdminTickets"] == {"no_difference_shown"}
    assert verdicts["TotalCharges"] == set()
