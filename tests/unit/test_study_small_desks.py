"""Studies on small desks: brute force in pandas, and reasons in place of tracebacks."""

from __future__ import annotations

import math

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

mpl.use("agg")

from matplotlib import pyplot as plt

from supportlab.desk import open_desk
from supportlab.errors import ParameterError
from supportlab.results import Estimate
from supportlab.studies import feedback, readiness
from supportlab.studies.common.levels import level

AS_OF = pd.Timestamp("2026-02-01")
N_TICKETS = 900


def _stamp(times):
    words = pd.Series(times).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    return words.where(pd.Series(times).notna(), "")


def _tickets():
    rng = np.random.default_rng(20260201)
    n = N_TICKETS
    seconds = np.sort(rng.uniform(0, 390 * 86400, n))
    created = pd.Timestamp("2025-01-07") + pd.to_timedelta(seconds.round(), unit="s")
    first = created + pd.to_timedelta(rng.integers(1, 3000, n), unit="m")
    resolved = first + pd.to_timedelta(rng.integers(1, 20_000, n), unit="m")
    is_open = np.asarray(resolved > AS_OF) | (rng.random(n) < 0.03)
    markets = np.array(["DE", "US", "JP", "LU"])
    return pd.DataFrame(
        {
            "ticket_id": [f"{i:05d}" for i in range(n)],
            "customer_id": [f"C{i}" for i in rng.integers(0, 500, n)],
            "agent_id": [f"A{i:02d}" for i in rng.integers(0, 12, n)],
            "team_id": [f"T{i}" for i in rng.integers(0, 3, n)],
            "market": markets[rng.choice(4, n, p=[0.5, 0.3, 0.198, 0.002])],
            "channel": rng.choice(["email", "chat"], n),
            "category": rng.choice(["billing", "login"], n),
            "status": np.where(is_open, "open", "resolved"),
            "created_at": _stamp(created),
            "first_response_at": _stamp(pd.Series(first).where(first <= AS_OF)),
            "resolved_at": _stamp(pd.Series(resolved).where(~is_open)),
            "reopened_count": rng.binomial(1, 0.06, n),
            "contact_count": 1 + rng.binomial(2, 0.15, n),
            "transfer_count": rng.binomial(1, 0.08, n),
        }
    )


def _surveys(tickets):
    rng = np.random.default_rng(7)
    asked = tickets.loc[tickets["resolved_at"] != ""].reset_index(drop=True)
    n = len(asked)
    sent = pd.to_datetime(asked["resolved_at"]).dt.tz_localize(None)
    answered = sent + pd.to_timedelta(rng.integers(1, 10_000, n), unit="m")
    heard = (rng.random(n) < 0.5) & (answered <= AS_OF)
    kind = np.array(["csat", "nps", "ces"])[rng.choice(3, n, p=[0.7, 0.2, 0.1])]
    top = pd.Series(kind).map({"csat": 5, "nps": 10, "ces": 7})
    low = pd.Series(kind).map({"csat": 1, "nps": 0, "ces": 1})
    score = low + (rng.beta(3, 1, n) * (top - low + 1)).astype(int).clip(0, top - low)
    return pd.DataFrame(
        {
            "survey_id": [f"S{i}" for i in range(n)],
            "ticket_id": asked["ticket_id"],
            "customer_id": asked["customer_id"],
            "agent_id": asked["agent_id"],
            "market": asked["market"],
            "channel": asked["channel"],
            "kind": kind,
            "sent_at": asked["resolved_at"],
            "responded_at": _stamp(answered.where(heard)),
            "score": score.astype(str).where(heard, ""),
            "scale_min": low,
            "scale_max": top,
            "high_is_good": "true",
        }
    )


def _payments():
    return pd.DataFrame(
        {
            "attempt_id": ["P1", "P2"],
            "attempted_at": ["2025-03-01T10:00:00Z", "2025-03-02T10:00:00Z"],
            "status": ["succeeded", "declined"],
        }
    )


def _desk(folder, **tables):
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    return open_desk(folder, as_of="2026-02-01")


@pytest.fixture(scope="module")
def frames():
    tickets = _tickets()
    return {"tickets": tickets, "surveys": _surveys(tickets)}


@pytest.fixture(scope="module")
def desk(frames, tmp_path_factory):
    return _desk(tmp_path_factory.mktemp("desk") / "whole", **frames)


def _is_fcr(tickets):
    """First contact resolution, ticket by ticket: success, failure, or None for immature."""
    created, resolved = (
        pd.to_datetime(tickets[name].replace("", None)).dt.tz_localize(None)
        for name in ("created_at", "resolved_at")
    )
    verdicts = []
    for at in range(len(tickets)):
        row = tickets.iloc[at]
        if pd.isna(resolved[at]):
            is_old = created[at] <= AS_OF - pd.Timedelta(days=14)
            verdicts.append(False if is_old else None)
        elif resolved[at] > AS_OF - pd.Timedelta(days=7):
            verdicts.append(None)
        else:
            same = (tickets["customer_id"] == row["customer_id"]) & (
                tickets["category"] == row["category"]
            )
            later = same & (created > created[at])
            back = (later & (created <= resolved[at] + pd.Timedelta(days=7))).any()
            once = row["contact_count"] <= 1 and not row["transfer_count"]
            verdicts.append(bool(once and not row["reopened_count"] and not back))
    return pd.Series(verdicts, index=tickets.index, dtype=object)


def test_fcr_by_market_is_that_of_brute_force(desk, frames):
    tickets = frames["tickets"].assign(success=_is_fcr(frames["tickets"]))
    mature = tickets.loc[tickets["success"].notna()]
    options = {"maturity": "resolved", "unresolved": "failure"}
    found = level(desk, "fcr", by="market", **options).table.set_index("market")
    for market, part in mature.groupby("market"):
        assert found.loc[market, "n"] == len(part)
        if len(part) >= 5:
            assert found.loc[market, "estimate"] == pytest.approx(part["success"].mean())
    whole = level(desk, "fcr", **options).findings[0]
    assert whole.id == "support.fcr"
    assert whole.study == "data-readiness"
    assert whole.group == {}
    assert whole.estimate == pytest.approx(mature["success"].astype(float).mean())
    assert whole.n_clusters == mature["agent_id"].nunique()
    assert whole.ci_low < whole.estimate < whole.ci_high


def test_csat_and_nps_are_those_of_brute_force(desk, frames):
    surveys = frames["surveys"]
    heard = surveys.loc[surveys["score"] != ""].assign(points=lambda t: t["score"].astype(float))
    csat = heard.loc[heard["kind"] == "csat"]
    found = feedback.csat(desk)
    assert found.findings[0].estimate == pytest.approx((csat["points"] >= 4).mean())
    assert found.findings[0].n == len(csat)
    nps = heard.loc[heard["kind"] == "nps", "points"]
    net = 100 * ((nps >= 9).mean() - (nps <= 6).mean())
    assert feedback.nps(desk).findings[0].estimate == pytest.approx(net)


def test_response_rate_counts_mature_invitations_only(desk, frames):
    surveys = frames["surveys"]
    sent = pd.to_datetime(surveys["sent_at"]).dt.tz_localize(None)
    mature = surveys.loc[sent <= AS_OF - pd.Timedelta(days=14)]
    found = feedback.response_rate(desk).findings[0]
    assert found.n == len(mature)
    assert found.estimate == pytest.approx((mature["score"] != "").mean())


def test_bounds_are_the_worst_and_the_best_case(desk, frames):
    surveys = frames["surveys"]
    sent = pd.to_datetime(surveys["sent_at"]).dt.tz_localize(None)
    csat = surveys.loc[(surveys["kind"] == "csat") & (sent < AS_OF - pd.Timedelta(days=14))]
    points = pd.to_numeric(csat["score"].replace("", None))
    row = feedback.bounds(desk).table.iloc[0]
    assert row["lowest_share"] == pytest.approx((points.fillna(0) >= 4).mean())
    assert row["highest_share"] == pytest.approx((points.fillna(5) >= 4).mean())


def test_the_median_wait_counts_unanswered_tickets(desk, frames):
    tickets = frames["tickets"]
    created = pd.to_datetime(tickets["created_at"]).dt.tz_localize(None)
    first = pd.to_datetime(tickets["first_response_at"].replace("", None)).dt.tz_localize(None)
    hours = (first.fillna(AS_OF) - created).dt.total_seconds() // 60 / 60
    order = np.argsort(hours.to_numpy(), kind="stable")
    alive, median = 1.0, math.nan
    for place, at in enumerate(order):
        if pd.notna(first[at]):
            alive *= 1 - 1 / (len(order) - place)
        if alive <= 0.5:
            median = hours[at]
            break
    found = level(desk, "first_response").findings[0]
    assert found.unit == "hours"
    assert found.estimate == pytest.approx(median, abs=1 / 60)


def test_the_naive_median_leaves_open_tickets_out(desk, frames):
    tickets = frames["tickets"].loc[lambda t: t["resolved_at"] != ""]
    created, resolved = (
        pd.to_datetime(tickets[name]).dt.tz_localize(None) for name in ("created_at", "resolved_at")
    )
    hours = (resolved - created).dt.total_seconds() // 60 / 60
    table = readiness.waiting_naive(desk).table
    assert table["estimate"].tolist() == pytest.approx([hours.mean(), hours.median()])
    assert table["n"].tolist() == [len(tickets)] * 2


def test_groups_stand_in_the_order_of_the_shrunk_value(desk):
    table = level(desk, "fcr", by="market").table
    known = table.loc[table["estimate"].notna()]
    assert known["shrunk_rate"].is_monotonic_decreasing
    centre = known["shrunk_rate"].mean()
    assert (abs(known["shrunk_rate"] - centre) <= abs(known["estimate"] - centre) + 0.05).all()


def test_a_group_too_small_is_refused_and_keeps_its_row(frames, tmp_path):
    tickets = frames["tickets"].assign(market="DE")
    # Four old tickets of four agents: enough clusters, too few rows.
    chosen = tickets.drop_duplicates("agent_id").head(4).index
    tickets.loc[chosen, "market"] = "LU"
    found = level(_desk(tmp_path / "small", tickets=tickets), "fcr", by="market")
    groups = {item.group["market"]: item for item in found.findings}
    assert groups["DE"].status == "estimated"
    assert groups["LU"].status == "not_estimable"
    assert "only 4 rows count" in groups["LU"].reason
    assert groups["LU"].estimate is None
    assert groups["LU"].n == 4
    assert found.table["market"].tolist() == ["DE", "LU"]


def test_one_cluster_alone_is_refused(frames, tmp_path):
    tickets = frames["tickets"].assign(agent_id="A1")
    found = level(_desk(tmp_path / "one", tickets=tickets), "fcr").findings[0]
    assert found.status == "not_estimable"
    assert "cluster" in found.reason


def test_months_stand_in_the_order_of_time(desk):
    months = level(desk, "fcr", by="month").table["month"].tolist()
    assert months == sorted(months)
    assert len(months) >= 12


def test_two_groupings_at_once_give_a_table_without_findings(desk):
    found = level(desk, "fcr", by=("market", "month"))
    assert found.findings == ()
    assert len(found.table) > 12


def test_effort_is_told_form_by_form(frames, tmp_path):
    surveys = frames["surveys"].copy()
    is_ces = surveys["kind"] == "ces"
    surveys.loc[is_ces & (surveys.index % 2 == 0), ["scale_max"]] = 9
    found = feedback.ces(_desk(tmp_path / "forms", surveys=surveys))
    assert sorted(item.group["form"] for item in found.findings) == [
        "1-7 high is good",
        "1-9 high is good",
    ]


def test_the_trend_leaves_out_months_that_are_not_mature(desk):
    found = feedback.csat_trend(desk, by=None)
    row = found.table.iloc[0]
    answers = feedback.csat(desk, by="month").table
    mature = answers.loc[answers["month"] < "2026-01"]
    assert row["n_months"] == len(mature.loc[mature["estimate"].notna()])
    assert found.findings[0].unit == "per_month"
    assert found.findings[0].estimate == pytest.approx(row["estimate"])


def test_the_trend_of_few_months_is_refused(desk):
    finding = feedback.csat_trend(desk, by=None, start="2025-08-01").findings[0]
    assert finding.status == "not_estimable"
    assert "12" in finding.reason


def test_p_values_are_adjusted_over_whole_and_groups(desk):
    table = feedback.csat_trend(desk, by="channel").table
    known = table.loc[table["p_value"].notna()]
    assert (known["p_adjusted"] >= known["p_value"] - 1e-12).all()
    assert len(known) >= 2


def test_an_unknown_metric_is_named_with_the_nearest(desk):
    with pytest.raises(ParameterError, match="Did you mean 'csat'"):
        level(desk, "cstat")


def test_definitions_carry_counts_that_agree(frames, tmp_path):
    surveys = frames["surveys"].copy()
    late = surveys.index[(surveys["score"] != "") & (surveys["kind"] == "csat")][:5]
    sent = pd.to_datetime(surveys.loc[late, "sent_at"]).dt.tz_localize(None)
    surveys.loc[late, "responded_at"] = _stamp(sent + pd.Timedelta(days=30))
    desk = _desk(tmp_path / "late", tickets=frames["tickets"], surveys=surveys)
    names = ("fcr", "first_response", "csat")
    found = readiness.maturity(desk, metrics=names)
    assert list(found.definitions) == [level(desk, name).definitions[0] for name in names]
    left = found.table.loc[found.table["fate"] == "left out"]
    assert left[["metric", "n"]].values.tolist() == [["CSAT", 5]]
    assert found.definitions[2].n_excluded == 5


def test_the_same_desk_gives_the_same_findings(desk, frames, tmp_path):
    shuffled = {
        name: table.sample(frac=1, random_state=1)[list(reversed(table.columns))]
        for name, table in frames.items()
    }
    again = _desk(tmp_path / "again", **shuffled)
    for metric in ("fcr", "csat", "resolution_time"):
        first, second = (level(one, metric, by="market") for one in (desk, again))
        assert [item.to_dict() for item in first.findings] == [
            item.to_dict() for item in second.findings
        ]


CALLS = (
    readiness.tables,
    readiness.faults,
    readiness.row_flow,
    readiness.coverage,
    readiness.maturity,
    readiness.censoring,
    readiness.rival_definitions,
    readiness.waiting_naive,
    readiness.waiting,
    readiness.first_contact_resolution,
    lambda desk: readiness.first_contact_resolution(desk, by="team_id"),
    readiness.first_response_groups,
    readiness.responses,
    readiness.detectable_differences,
    readiness.carried,
    feedback.answer_flow,
    feedback.naive,
    feedback.csat,
    lambda desk: feedback.csat(desk, by="market"),
    lambda desk: feedback.csat(desk, by=("market", "month")),
    feedback.nps_groups,
    feedback.ces,
    feedback.response_rate,
    lambda desk: feedback.bounds(desk, by="market"),
    feedback.csat_trend,
)

LACKS = {
    "only payments": ("tickets", "surveys"),
    "only tickets": ("surveys",),
    "only surveys": ("tickets",),
    "no markets": ("tickets.market", "surveys.market"),
    "no agents": ("tickets.agent_id", "surveys.agent_id", "tickets.team_id"),
    "no clusters at all": (
        "tickets.agent_id",
        "surveys.agent_id",
        "tickets.customer_id",
        "surveys.customer_id",
        "surveys.ticket_id",
    ),
    "no times but creation": ("tickets.first_response_at", "tickets.resolved_at"),
    "no scores": ("surveys.score", "surveys.responded_at"),
    "no scales": ("surveys.scale_min", "surveys.scale_max", "surveys.high_is_good"),
    "no rows": ("rows",),
}


def _without(frames, lacks):
    kept = {"payments": _payments()}
    for name, table in frames.items():
        if name in lacks:
            continue
        columns = [item.partition(".")[2] for item in lacks if item.startswith(f"{name}.")]
        kept[name] = table.drop(columns=columns).head(0 if "rows" in lacks else len(table))
    return kept


@pytest.mark.parametrize("lack", list(LACKS))
def test_what_is_missing_gives_reasons_not_tracebacks(lack, frames, tmp_path):
    desk = _desk(tmp_path / "lacking", **_without(frames, LACKS[lack]))
    refused = 0
    for call in CALLS:
        found = call(desk)
        assert isinstance(found, Estimate)
        assert found.summary()
        assert "nan" not in found.summary().lower().split()
        for finding in found.findings:
            finding.to_dict()
            refused += finding.status == "not_estimable"
        if found.draw is not None:
            found.plot()
            plt.close("all")
            assert found.alt
    if lack in ("only payments", "no rows", "no scores"):
        assert refused
