"""Metrics against slow and plain reimplementations, on small worlds made at random."""

# ruff: noqa: DTZ001 (times of the contract are UTC without a zone)

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import ibis
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supportlab import metrics
from supportlab.desk import CONTRACT, Desk, open_desk
from supportlab.errors import NotEstimable
from supportlab.stats import kaplan_meier, survival_quantile

AS_OF = datetime(2026, 3, 1)
DAY = timedelta(days=1)
LEFT_OUT = ("merged", "spam", "deleted", "test")
# A query costs the same for ten rows as for a hundred, so worlds are few and full of collisions.
FEW = settings(max_examples=5, deadline=None)
worlds = st.integers(0, 2**32 - 1).map(random.Random)


def moment(world: random.Random) -> datetime:
    """Moments lie on a grid of half days, so that ties and ends of windows are common."""
    return AS_OF - world.randint(0, 80) * DAY / 2


def later(world: random.Random, since: datetime) -> datetime | None:
    gap = world.choice([None, -1, 0, 1, 2, 3, 14, 28, 29, world.randint(0, 60)])
    found = None if gap is None else since + gap * DAY / 2
    return None if found is None or found > AS_OF else found


def ticket_rows(world: random.Random) -> list[dict]:
    rows = []
    for place in range(world.choice([0, 1, 150])):
        created = moment(world)
        row = {
            "ticket_id": f"T{place:03d}",
            "customer_id": world.choice([*(f"C{number}" for number in range(40)), None]),
            "agent_id": world.choice(["A1", "A2", None]),
            "market": world.choice(["DE", "FR", None]),
            "channel": world.choice(["email", "chat"]),
            "category": world.choice(["billing", "billing", "billing", "delivery", None]),
            "status": world.choice(["open", "pending", "resolved", "closed", "closed", "spam"]),
            "initiated_by": world.choice(["customer", "customer", None, "agent"]),
            "created_at": created,
        }
        for name in ("first_response_at", "resolved_at", "closed_at"):
            row[name] = later(world, created)
        for name, most in (("contact_count", 2), ("transfer_count", 1), ("reopened_count", 1)):
            row[name] = world.choice([None, *[most // 2] * 6, most])
        row["agent_reply_count"] = world.choice([None, 0, 1, 2])
        rows.append(row)
    return rows


def survey_rows(world: random.Random) -> list[dict]:
    rows = []
    for place in range(world.choice([0, 1, 150])):
        sent = moment(world)
        low, high = world.choice([(None, None), (1.0, 5.0), (0.0, 10.0), (1.0, 7.0)])
        rows.append(
            {
                "survey_id": f"S{place:03d}",
                "ticket_id": world.choice([*(f"T{number:03d}" for number in range(60)), None]),
                "agent_id": world.choice(["A1", "A2", None]),
                "kind": world.choice(["csat", "nps", "ces"]),
                "sent_at": sent,
                "responded_at": later(world, sent),
                "score": world.choice([None, 3.5, *map(float, range(12))]),
                "scale_min": low,
                "scale_max": high,
                "high_is_good": world.choice([True, True, False, None]),
            }
        )
    return rows


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A real desk that provides every column, whose rows the examples replace."""
    folder: Path = tmp_path_factory.mktemp("template")
    moment = "2026-02-01T00:00:00Z"
    (folder / "tickets.csv").write_text(
        "ticket_id,customer_id,agent_id,market,channel,category,status,initiated_by,created_at,"
        "first_response_at,resolved_at,closed_at,reopened_count,contact_count,agent_reply_count,"
        f"transfer_count\nT,C,A,DE,email,x,open,customer,{moment},,,,0,1,1,0\n"
    )
    (folder / "surveys.csv").write_text(
        "survey_id,ticket_id,agent_id,kind,sent_at,responded_at,score,scale_min,scale_max,"
        f"high_is_good\nS,T,A,csat,{moment},,,1,5,true\n"
    )
    return open_desk(folder, as_of="2026-03-01")


def with_rows(template: Desk, **tables: list[dict]) -> Desk:
    made = {}
    for name, rows in tables.items():
        schema = template.table(name).schema()
        frame = pd.DataFrame(rows, columns=list(schema.names), dtype=object)
        for column, kind in schema.items():
            if kind.is_timestamp():
                frame[column] = pd.to_datetime(frame[column]).astype("datetime64[us]")
            elif kind.is_integer():
                frame[column] = frame[column].astype("Int64")
            elif kind.is_floating():
                frame[column] = frame[column].astype("Float64")
            elif kind.is_boolean():
                frame[column] = frame[column].astype("boolean")
            elif kind.is_string():
                frame[column] = frame[column].astype("string")
        made[name] = ibis.memtable(frame, schema=schema)
    return replace(template, _tables={**template._tables, **made})


def outcomes(sums: metrics.Sums) -> dict[str, str]:
    cases = sums.cases.execute()
    assert cases["unit"].is_unique
    return dict(zip(cases["unit"], cases["outcome"], strict=True))


def counted(rows: list[dict]) -> list[dict]:
    return [row for row in rows if row["status"] not in LEFT_OUT]


def asked(rows: list[dict]) -> list[dict]:
    return [row for row in counted(rows) if row["initiated_by"] != "agent"]


def is_ended(row: dict) -> bool:
    return row["status"] in ("resolved", "closed")


def slow_fcr(row: dict, rows: list[dict]) -> str:
    resolution = row["resolved_at"] or row["closed_at"]
    if resolution and resolution < row["created_at"]:
        return "excluded"
    if not resolution and is_ended(row):
        return "excluded"
    if row["customer_id"] is None or row["category"] is None:
        return "excluded"
    if AS_OF - row["created_at"] < 14 * DAY:
        return "immature"
    if not resolution or AS_OF - resolution < 7 * DAY:
        return "failure"
    needed = ("contact_count", "transfer_count", "reopened_count")
    if any(row[name] is None for name in needed):
        return "excluded"
    if not is_ended(row) or row["contact_count"] > 1:
        return "failure"
    if row["transfer_count"] or row["reopened_count"]:
        return "failure"
    return "failure" if came_back(row, rows, resolution) else "success"


def came_back(row: dict, rows: list[dict], resolution: datetime) -> datetime | None:
    """Return when the customer's next ticket of the category came, if within the window."""
    place = (row["created_at"], row["ticket_id"])
    identity = (row["customer_id"], row["category"])
    later_ones = [
        (other["created_at"], other["ticket_id"])
        for other in asked(rows)
        if (other["customer_id"], other["category"]) == identity
    ]
    following = min((other for other in later_ones if other > place), default=None)
    return following[0] if following and following[0] <= resolution + 7 * DAY else None


def slow_returns(row: dict, rows: list[dict]) -> tuple[str, int | None]:
    resolution = row["resolved_at"] or row["closed_at"]
    needed = ("contact_count", "transfer_count", "reopened_count", "customer_id", "category")
    if not resolution or resolution < row["created_at"]:
        return "excluded", None
    if any(row[name] is None for name in needed):
        return "excluded", None
    if not is_ended(row) or row["contact_count"] > 1:
        return "event", 0
    if row["transfer_count"] or row["reopened_count"]:
        return "event", 0
    back = came_back(row, rows, resolution)
    if back:
        return "event", seconds(max(back, resolution) - resolution)
    return "censored", seconds(min(AS_OF, resolution + 7 * DAY) - resolution)


def slow_one_touch(row: dict) -> str:
    if not is_ended(row) or row["agent_reply_count"] is None:
        return "excluded"
    return "success" if row["agent_reply_count"] == 1 else "failure"


def slow_full(row: dict) -> tuple[str, int | None]:
    created, first, last = row["created_at"], row["resolved_at"], row["closed_at"]
    if row["reopened_count"] == 0:
        end = first or last
    elif row["reopened_count"] is None:
        end = last or first
    else:
        end = last
    if (first and first < created) or (end and end < created):
        return "excluded", None
    if not is_ended(row):
        return "censored", seconds(AS_OF - created)
    if end is None or (first and end < first):
        return "excluded", None
    return "event", seconds(end - created)


def seconds(gap: timedelta) -> int:
    return gap // timedelta(seconds=1)


def slow_response(row: dict) -> tuple[str, int | None]:
    replied = row["first_response_at"]
    if row["initiated_by"] == "agent" or (replied and replied < row["created_at"]):
        return "excluded", None
    if replied:
        return "event", seconds(replied - row["created_at"])
    return "censored", seconds(AS_OF - row["created_at"])


def slow_reopening(row: dict) -> str:
    first = row["resolved_at"]
    if first is None or first < row["created_at"]:
        return "excluded"
    if AS_OF - first < 7 * DAY:
        return "immature"
    if not is_ended(row) or row["reopened_count"]:
        return "success"
    return "excluded" if row["reopened_count"] is None else "failure"


def slow_transfers(row: dict) -> str:
    if AS_OF - row["created_at"] < 7 * DAY:
        return "immature"
    if row["transfer_count"] is None:
        return "excluded"
    return "success" if row["transfer_count"] else "failure"


@FEW
@given(world=worlds)
def test_rates_of_tickets_agree_with_plain_python(template: Desk, world: random.Random) -> None:
    rows = ticket_rows(world)
    desk = with_rows(template, tickets=rows)
    assert outcomes(metrics.fcr(desk)) == {
        row["ticket_id"]: slow_fcr(row, rows) for row in asked(rows)
    }
    assert outcomes(metrics.one_touch(desk)) == {
        row["ticket_id"]: slow_one_touch(row) for row in asked(rows)
    }
    for metric, plain in (
        (metrics.reopening, slow_reopening),
        (metrics.transfers, slow_transfers),
    ):
        assert outcomes(metric(desk)) == {r["ticket_id"]: plain(r) for r in counted(rows)}


@FEW
@given(world=worlds)
def test_durations_agree_with_plain_python(template: Desk, world: random.Random) -> None:
    rows = ticket_rows(world)
    desk = with_rows(template, tickets=rows)
    returns = [slow_returns(row, rows) for row in asked(rows)]
    for metric, expected in (
        (metrics.first_response, [slow_response(row) for row in counted(rows)]),
        (metrics.resolution_time, [slow_full(row) for row in counted(rows)]),
        (metrics.fcr_returns, returns),
    ):
        seen = Counter((outcome, gap) for outcome, gap in expected if outcome != "excluded")
        sums = metric(desk, cluster=None)
        found: Counter = Counter()
        for row in sums.fetch().to_dict("records"):
            found["event", row["duration_seconds"]] += row["n_events"]
            found["censored", row["duration_seconds"]] += row["n_censored"]
        assert +found == seen
        record = sums.record()
        assert (record.n, record.n_excluded) == (seen.total(), len(expected) - seen.total())
        assert record.n_censored == sum(outcome == "censored" for outcome, _ in expected)


@FEW
@given(world=worlds)
def test_volumes_and_backlog_agree_with_plain_python(template: Desk, world: random.Random) -> None:
    rows = ticket_rows(world)
    desk = with_rows(template, tickets=rows)
    created = Counter(row["created_at"].strftime("%Y-%m") for row in counted(rows))
    ends = [row["resolved_at"] or row["closed_at"] for row in counted(rows)]
    ended = Counter(end.strftime("%Y-%m") for end in ends if end)
    table = metrics.volumes(desk, by="month").fetch().set_index("month")
    assert table["n_created"].to_dict() == {m: created[m] for m in sorted(created | ended)}
    assert table["n_resolved"].to_dict() == {m: ended[m] for m in sorted(created | ended)}
    at = datetime(2026, 2, 10)
    n_open = 0
    for row in counted(rows):
        ends_in_order = [row["resolved_at"], row["closed_at"]]
        if row["reopened_count"]:
            ends_in_order.reverse()
        end = ends_in_order[0] or ends_in_order[1]
        is_closed = is_ended(row) and (end is None or end <= at)
        n_open += row["created_at"] <= at and not is_closed
    assert metrics.backlog(desk, at="2026-02-10").fetch()["n_open"].sum() == n_open


def slow_form(row: dict, kind: str) -> tuple[float | None, float | None, bool | None]:
    low, high, good = row["scale_min"], row["scale_max"], row["high_is_good"]
    default = {"csat": (1.0, 5.0, True), "nps": (0.0, 10.0, True), "ces": (None, None, None)}[kind]
    pairs = zip((low, high, good), default, strict=True)
    return tuple(own if own is not None else desk for own, desk in pairs)  # type: ignore[return-value]


def slow_answers(rows: list[dict], kind: str) -> dict[str, str]:
    """Return ``counts``, or ``excluded``, for each answer of a kind."""
    found, rivals = {}, defaultdict(list)
    for row in rows:
        if row["kind"] != kind or row["score"] is None:
            continue
        low, high, good = slow_form(row, kind)
        answered = row["responded_at"]
        fits = (
            answered is not None
            and timedelta() <= answered - row["sent_at"] <= 14 * DAY
            and None not in (low, high, good)
            and low <= row["score"] <= high
        )
        if kind == "nps" and fits:
            fits = (low, high, good) == (0.0, 10.0, True) and row["score"] == int(row["score"])
        found[row["survey_id"]] = "counts" if fits else "excluded"
        if fits and row["ticket_id"]:
            form = (low, high, good) if kind == "ces" else ()
            rivals[row["ticket_id"], form].append(row)
    for answers in rivals.values():
        answers.sort(key=lambda row: (row["responded_at"], row["sent_at"], row["survey_id"]))
        found.update((row["survey_id"], "excluded") for row in answers[:-1])
    return found


def slow_csat(row: dict) -> str:
    low, high, good = slow_form(row, "csat")
    share = (row["score"] - low) / (high - low)
    return "success" if round(share if good else 1 - share, 9) >= 0.6 else "failure"


def slow_nps(row: dict) -> str:
    return "promoter" if row["score"] >= 9 else "detractor" if row["score"] <= 6 else "passive"


@FEW
@given(world=worlds)
def test_answers_agree_with_plain_python(template: Desk, world: random.Random) -> None:
    rows = survey_rows(world)
    desk = with_rows(template, surveys=rows)
    by_id = {row["survey_id"]: row for row in rows}
    for metric, kind, plain in (
        (metrics.csat, "csat", slow_csat),
        (metrics.nps, "nps", slow_nps),
    ):
        assert outcomes(metric(desk)) == {
            key: plain(by_id[key]) if verdict == "counts" else "excluded"
            for key, verdict in slow_answers(rows, kind).items()
        }
    totals: dict[tuple, list] = defaultdict(list)
    for key, verdict in slow_answers(rows, "ces").items():
        if verdict == "counts":
            row = by_id[key]
            totals[slow_form(row, "ces")].append(row["score"])
    table = metrics.ces(desk, cluster=None).fetch()
    found = sorted(table.loc[table["n"] > 0, ["n", "total", "total_squared"]].values.tolist())
    scores = totals.values()
    assert found == sorted([len(s), sum(s), sum(x * x for x in s)] for s in scores)


@FEW
@given(world=worlds)
def test_response_rate_agrees_with_plain_python(template: Desk, world: random.Random) -> None:
    rows = survey_rows(world)
    expected = {}
    for row in rows:
        answered, sent = row["responded_at"], row["sent_at"]
        scored = row["score"] is not None
        if (scored and answered is None) or (answered and answered < sent):
            expected[row["survey_id"]] = "excluded"
        elif AS_OF - sent < 14 * DAY:
            expected[row["survey_id"]] = "immature"
        else:
            is_success = scored and answered - sent <= 14 * DAY
            expected[row["survey_id"]] = "success" if is_success else "failure"
    assert outcomes(metrics.response_rate(with_rows(template, surveys=rows))) == expected


BY_TICKET = (
    metrics.fcr,
    metrics.fcr_returns,
    metrics.first_response,
    metrics.resolution_time,
    metrics.transfers,
)


BY_SURVEY = (metrics.csat, metrics.nps, metrics.response_rate)
MORE = settings(max_examples=12, deadline=None)


@MORE
@given(world=worlds, metric=st.sampled_from(BY_TICKET))
def test_order_of_rows_does_not_matter(
    template: Desk, world: random.Random, metric: Callable
) -> None:
    rows = ticket_rows(world)
    shuffled = world.sample(rows, len(rows))
    one, other = with_rows(template, tickets=rows), with_rows(template, tickets=shuffled)
    by = ("market", "week")
    pd.testing.assert_frame_equal(metric(one, by=by).fetch(), metric(other, by=by).fetch())


@MORE
@given(
    world=worlds,
    metric=st.sampled_from((*BY_TICKET, *BY_SURVEY)),
    by=st.sampled_from(("market", "channel", "month", ("market", "day"))),
)
def test_totals_are_the_sum_of_the_parts(
    template: Desk, world: random.Random, metric: Callable, by: str | tuple[str, ...]
) -> None:
    desk = with_rows(template, tickets=ticket_rows(world), surveys=survey_rows(world))
    whole, parts = metric(desk, cluster=None).fetch(), metric(desk, by=by).fetch()
    names = [name for name in whole.columns if name.startswith("n")]
    assert parts[names].sum().to_dict() == whole[names].sum().to_dict()
    assert not parts.isna().any().any()


@FEW
@given(world=worlds)
def test_every_ticket_is_in_one_outcome(template: Desk, world: random.Random) -> None:
    rows = ticket_rows(world)
    desk = with_rows(template, tickets=rows)
    flow = metrics.row_flow(desk)
    sums = metrics.fcr(desk, by="market")
    table = sums.fetch()
    assert table[["n", "n_immature", "n_excluded"]].to_numpy().sum() == flow["n_rows"].iloc[-1]
    assert flow["n_rows"].iloc[-1] + flow["n_dropped"].sum() == len(rows)
    assert len(outcomes(sums)) == len(asked(rows))


@pytest.mark.parametrize("metric", [metrics.fcr, metrics.csat])
def test_desk_is_left_as_it_was(template: Desk, metric: Callable) -> None:
    world = random.Random(7)
    rows = {"tickets": ticket_rows(world) or [], "surveys": survey_rows(world)}
    desk = with_rows(template, **rows)
    before = {name: desk.table(name).order_by(f"{name[:-1]}_id").execute() for name in rows}
    metric(desk, by="market").fetch()
    for name, frame in before.items():
        after = desk.table(name).order_by(f"{name[:-1]}_id").execute()
        pd.testing.assert_frame_equal(frame, after)


def test_groups_cover_the_contract() -> None:
    known = {column.name for table in CONTRACT.values() for column in table.columns}
    for base in ("tickets", "surveys"):
        assert set(metrics.groupable(base)) - {"month", "week", "day"} <= known


@settings(FEW, max_examples=3)
@given(world=worlds)
def test_the_table_holds_the_figures_of_the_single_metrics(
    template: Desk, world: random.Random
) -> None:
    desk = with_rows(template, tickets=ticket_rows(world), surveys=survey_rows(world))
    by = world.choice([("market", "channel"), ("category", "week"), ("month",)])
    table = metrics.metric_table(desk, by=by, quantiles=(0.5, 0.9)).table
    for name in metrics.TABLE_METRICS:
        sums = getattr(metrics, name)(desk, by=by, cluster=None)
        frame = sums.fetch()
        parts = dict(iter(frame.groupby([*by, pd.Series(0, index=frame.index)])))
        counts = [column for column in frame if column == "n" or column.startswith("n_")]
        for _, row in table.iterrows():
            part = parts.get((*row[list(by)], 0))
            if sums.kind == "duration":
                assert_same_curve(row, name, part)
                continue
            for column in counts:
                assert row[f"{name}_{column}"] == (0 if part is None else part[column].iloc[0])


def assert_same_curve(row: pd.Series, name: str, part: pd.DataFrame | None) -> None:
    if part is None:
        assert row[f"{name}_n_events"] == row[f"{name}_n_censored"] == 0
        return
    assert row[f"{name}_n_events"] == part.n_events.sum()
    assert row[f"{name}_n_censored"] == part.n_censored.sum()
    for share in (0.5, 0.9):
        value = row[f"{name}_p{round(100 * share)}_seconds"]
        given = None if pd.isna(value) else float(value)
        try:
            columns = ("duration_seconds", "n_events", "n_censored")
            curve = kaplan_meier(*(part[column].to_numpy(dtype=float) for column in columns))
            assert given == survival_quantile(curve, share).estimate
        except NotEstimable:
            assert given is None
