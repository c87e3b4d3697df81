"""A simulated world: its tables agree with each other, with their events, and with the truth."""

from __future__ import annotations

import duckdb
import pandas as pd
import pytest

from supportlab.desk import open_desk
from supportlab.desk.contract import CONTRACT as WHOLE_CONTRACT
from supportlab.simulate import World, WorldSettings, simulate_world, write_world

SETTINGS = WorldSettings(seed=11, n_tickets=6_000, start="2024-03", months=18)
EXCLUDED = ("merged", "spam", "deleted", "test")

# Nobody reviews tickets in the made-up company.
CONTRACT = {name: spec for name, spec in WHOLE_CONTRACT.items() if name != "quality_reviews"}


@pytest.fixture(scope="module")
def world() -> World:
    return simulate_world(SETTINGS)


@pytest.fixture(scope="module")
def sql(world: World):
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    for name, table in world.tables.items():
        connection.register(name, table)
    return lambda query: connection.execute(query).df()


def test_all_canonical_tables_with_all_columns_in_order(world: World) -> None:
    assert list(world.tables) == list(CONTRACT)
    for name, spec in CONTRACT.items():
        assert tuple(world.tables[name].column_names) == spec.names


def test_no_table_is_empty_and_size_is_about_as_asked(world: World) -> None:
    assert all(table.num_rows for table in world.tables.values())
    assert world.tables["tickets"].num_rows == pytest.approx(6_000, rel=0.08)


def test_keys_are_unique(world: World, sql) -> None:
    for name, spec in CONTRACT.items():
        if spec.key:
            columns = ", ".join(f'"{column}"' for column in spec.key)
            found = sql(f"SELECT {columns} FROM {name} GROUP BY ALL HAVING count(*) > 1")
            assert found.empty, name


def test_references_exist(world: World, sql) -> None:
    for name, spec in CONTRACT.items():
        for column in spec.columns:
            if column.references and column.references in CONTRACT:
                key = CONTRACT[column.references].key[0]
                found = sql(
                    f"SELECT {column.name} FROM {name} WHERE {column.name} IS NOT NULL AND "
                    f"{column.name} NOT IN (SELECT {key} FROM {column.references})"
                )
                assert found.empty, (name, column.name)


def test_codes_are_known(world: World, sql) -> None:
    for name, spec in CONTRACT.items():
        for column in spec.columns:
            if column.codes:
                found = sql(f"SELECT DISTINCT {column.name} AS code FROM {name}")["code"].dropna()
                assert set(found) <= set(column.codes), (name, column.name)


def test_nothing_lies_after_the_extract(world: World, sql) -> None:
    for name, spec in CONTRACT.items():
        for column in spec.columns:
            if column.kind == "time":
                latest = sql(f'SELECT max("{column.name}") AS latest FROM {name}')["latest"][0]
                assert pd.isna(latest) or latest <= pd.Timestamp(SETTINGS.as_of_text), (
                    name,
                    column.name,
                )


def test_times_of_a_ticket_are_in_order(sql) -> None:
    found = sql(
        "SELECT * FROM tickets WHERE first_response_at < created_at OR resolved_at < created_at "
        "OR closed_at < resolved_at OR (initiated_by <> 'agent' AND resolved_at < "
        "first_response_at) OR approval_minutes < 0"
    )
    assert found.empty


def test_ticket_columns_follow_from_events(sql) -> None:
    rebuilt = sql(
        """
        WITH asked AS (
            SELECT ticket_id, min("at") AS asked_at FROM events
            WHERE kind = 'message' AND actor = 'customer' GROUP BY 1),
        answers AS (
            SELECT e.*, t.initiated_by, a.asked_at FROM events e JOIN tickets t USING (ticket_id)
            LEFT JOIN asked a USING (ticket_id)
            WHERE e.kind = 'message' AND e.actor = 'agent' AND e.is_public),
        first AS (
            SELECT ticket_id, min("at") FILTER (initiated_by <> 'agent' OR "at" > asked_at) AS at_,
                   arg_min(agent_id, "at") AS agent_, arg_min(team_id, "at") AS team_,
                   count(*) AS replies_ FROM answers GROUP BY 1),
        states AS (
            SELECT ticket_id, min("at") FILTER (value = 'resolved') AS resolved_,
                   max("at") FILTER (value = 'resolved') AS last_,
                   arg_max(value, ("at", value <> 'open')) AS state_
            FROM events WHERE kind = 'status' GROUP BY 1),
        again AS (
            SELECT e.ticket_id, count(*) AS reopened_ FROM events e JOIN states s USING (ticket_id)
            WHERE e.kind = 'status' AND e.value = 'open' AND e."at" > s.resolved_ GROUP BY 1),
        counts AS (
            SELECT ticket_id,
                   count(*) FILTER (kind = 'message' AND actor = 'customer') AS contacts_,
                   count(*) FILTER (kind = 'transfer') AS transfers_,
                   count(*) FILTER (kind = 'approval_request') > 0 AS asks_,
                   epoch(min("at") FILTER (kind = 'approval'))
                   - epoch(min("at") FILTER (kind = 'approval_request')) AS waited_
            FROM events GROUP BY 1)
        SELECT t.*, f.at_, f.agent_, f.team_, coalesce(f.replies_, 0) AS replies_, s.resolved_,
               CASE WHEN state_ IN ('resolved', 'closed') THEN last_ END AS closed_, s.state_,
               coalesce(a.reopened_, 0) AS reopened_, c.contacts_, c.transfers_, c.asks_, c.waited_
        FROM tickets t LEFT JOIN first f USING (ticket_id) LEFT JOIN states s USING (ticket_id)
        LEFT JOIN again a USING (ticket_id) LEFT JOIN counts c USING (ticket_id)
        """
    )
    pairs = {
        "first_response_at": "at_",
        "agent_id": "agent_",
        "team_id": "team_",
        "agent_reply_count": "replies_",
        "resolved_at": "resolved_",
        "closed_at": "closed_",
        "status": "state_",
        "reopened_count": "reopened_",
        "contact_count": "contacts_",
        "transfer_count": "transfers_",
        "approval_requested": "asks_",
    }
    for column, other in pairs.items():
        same = (rebuilt[column] == rebuilt[other]) | (
            rebuilt[column].isna() & rebuilt[other].isna()
        )
        assert same.all(), (column, rebuilt.loc[~same, ["ticket_id", column, other]].head())
    waited = rebuilt.dropna(subset=["waited_"])
    assert (waited["approval_minutes"] - waited["waited_"] / 60).abs().max() < 0.01


def test_contacts_are_the_customer_messages_of_the_events(sql) -> None:
    one = sql("SELECT ticket_id, count(*) AS n FROM contacts GROUP BY 1 ORDER BY 1")
    other = sql(
        "SELECT ticket_id, contact_count AS n FROM tickets WHERE contact_count > 0 ORDER BY 1"
    )
    pd.testing.assert_frame_equal(one, other, check_dtype=False)


def test_ratings_in_events_are_the_answered_csat_surveys(sql) -> None:
    one = sql(
        "SELECT ticket_id, value::DOUBLE AS score FROM events WHERE kind = 'rating' ORDER BY ALL"
    )
    other = sql(
        "SELECT ticket_id, score FROM surveys WHERE kind = 'csat' AND score IS NOT NULL "
        "ORDER BY ALL"
    )
    pd.testing.assert_frame_equal(one, other)


def test_an_agent_answers_only_while_employed_and_for_the_right_team(sql) -> None:
    early = sql(
        "SELECT * FROM tickets t JOIN agents a USING (agent_id) WHERE t.created_at < a.hired_at "
        "OR t.created_at > a.left_at"
    )
    assert early.empty
    per_agent = sql(
        "SELECT agent_id, count(DISTINCT team_id) AS n FROM tickets WHERE agent_id IS NOT NULL "
        "GROUP BY 1"
    )
    assert per_agent["n"].max() == 2  # some agents move once
    assert (per_agent["n"] == 1).mean() > 0.8


def test_authority_is_used_only_where_it_holds(sql) -> None:
    wrong = sql(
        """
        SELECT t.ticket_id FROM tickets t
        LEFT JOIN authority a ON a.scope_id = t.team_id AND t.created_at >= a.effective_from
        LEFT JOIN fx_rates f ON f.currency = t.issue_currency AND f.date = t.created_at::DATE
        WHERE t.authority_used AND (a.scope_id IS NULL OR t.approval_requested
              OR t.issue_value::DOUBLE * f.per_unit::DOUBLE > a.limit_amount::DOUBLE + 1e-6)
        """
    )
    assert wrong.empty
    assert sql("SELECT count(*) AS n FROM tickets WHERE authority_used")["n"][0] > 100


def test_nobody_asks_or_pays_after_leaving(sql) -> None:
    late = sql(
        """
        SELECT t.ticket_id FROM tickets t WHERE t.previous_ticket_id IS NULL AND NOT EXISTS (
            SELECT 1 FROM subscriptions s WHERE s.customer_id = t.customer_id
            AND s.started_at <= t.created_at + INTERVAL 8 DAY
            AND (s.ended_at IS NULL OR s.ended_at > t.created_at - INTERVAL 60 DAY))
        """
    )
    assert late.empty
    paid = sql(
        """
        SELECT p.attempt_id FROM payments p WHERE NOT EXISTS (
            SELECT 1 FROM subscriptions s WHERE s.customer_id = p.customer_id
            AND s.started_at <= p.attempted_at
            AND (s.ended_at IS NULL OR s.ended_at > p.attempted_at - INTERVAL 1 DAY))
        """
    )
    assert paid.empty


def test_the_end_of_an_account_is_the_end_of_its_last_period(sql) -> None:
    different = sql(
        """
        WITH last AS (SELECT customer_id, arg_max(ended_at, started_at) AS ended,
                      max(started_at) FILTER (ended_at IS NULL) AS running
                      FROM subscriptions GROUP BY 1)
        SELECT * FROM customers c JOIN last USING (customer_id)
        WHERE (c.churned_at IS NULL) <> (running IS NOT NULL)
           OR (c.churned_at IS NOT NULL AND c.churned_at <> ended)
           OR (c.churned_at IS NULL) <> (c.churn_kind IS NULL)
        """
    )
    assert different.empty


def test_amounts_have_the_decimals_of_their_currency(sql) -> None:
    yen = sql("SELECT amount FROM payments WHERE presentment_currency = 'JPY'")["amount"]
    dinar = sql("SELECT amount FROM payments WHERE presentment_currency = 'KWD'")["amount"]
    assert (yen.astype(float) % 1 == 0).all()
    thousandths = dinar.astype(float) * 1_000
    assert (thousandths.round(6) % 1 == 0).all()
    assert ((dinar.astype(float) * 100).round(6) % 1 != 0).any()


def test_a_customer_without_a_rate_pays_in_own_currency(sql) -> None:
    wrong = sql(
        "SELECT * FROM payments p JOIN customers c USING (customer_id) "
        "WHERE (p.fx_rate_shown IS NULL) <> (p.presentment_currency = c.currency)"
    )
    assert wrong.empty


def test_methods_are_used_only_when_offered(sql) -> None:
    wrong = sql(
        """
        SELECT p.attempt_id FROM payments p LEFT JOIN method_offers o
        ON o.market = p.market AND o.method_brand = p.method_brand
           AND o.offered_from <= p.attempted_at WHERE o.market IS NULL
        """
    )
    assert wrong.empty


def test_levels_are_plausible(world: World, sql) -> None:
    truth = world.truth.as_dict()
    assert 0.6 < truth["service"]["fcr"] < 0.8
    assert 0.7 < truth["service"]["csat_top_two"] < 0.85
    assert 0.1 < truth["surveys"]["nps_all_invited"] < 0.4
    assert 0.01 < truth["churn"]["voluntary_per_month"] < 0.03
    rates = sql(
        "SELECT channel, avg((score IS NOT NULL)::INT) AS rate FROM surveys WHERE kind = 'csat' "
        "GROUP BY 1"
    )
    assert rates["rate"].between(0.10, 0.55).all()
    declines = sql("SELECT avg((status = 'declined')::INT) AS rate FROM payments GROUP BY market")
    assert declines["rate"].between(0.03, 0.30).all()


def test_naive_figures_mislead_as_planted(world: World, sql) -> None:
    truth = world.truth.as_dict()
    authority = truth["authority"]
    assert authority["fcr_effect_on_covered"] > 0.03
    assert authority["fcr_difference_naive"] < authority["fcr_effect_on_covered"] - 0.03
    assert truth["surveys"]["csat_bias_of_answers"] > 0.03
    payments = truth["payments"]
    assert (
        payments["foreign_presentment_difference_naive"]
        > payments["foreign_presentment_effect_on_exposed"]
    )
    kept = "status NOT IN ('merged', 'spam', 'deleted', 'test')"
    medians = sql(
        f"""
        SELECT created_at >= TIMESTAMPTZ '2025-08-25' AS is_late, median(epoch(closed_at)
        - epoch(created_at)) AS seconds FROM tickets WHERE {kept} GROUP BY 1 ORDER BY 1
        """
    )["seconds"]
    assert medians[1] < medians[0]


def test_observed_first_contact_resolution_is_the_planted_one(world: World, sql) -> None:
    observed = sql(
        f"""
        WITH t AS (SELECT * FROM tickets WHERE status NOT IN {EXCLUDED}
                   AND initiated_by = 'customer' AND closed_at <= TIMESTAMPTZ '2025-08-24')
        SELECT avg((contact_count <= 1 AND reopened_count = 0 AND transfer_count = 0
                    AND NOT EXISTS (
            SELECT 1 FROM tickets n WHERE n.customer_id = t.customer_id
            AND n.category = t.category AND n.status NOT IN {EXCLUDED}
            AND n.created_at > t.created_at AND n.created_at <= t.closed_at + INTERVAL 7 DAY
        ))::INT) AS fcr FROM t
        """
    )["fcr"][0]
    assert observed == pytest.approx(world.truth.as_dict()["service"]["fcr"], abs=0.02)


def test_seven_languages_write_in_their_own_script(sql) -> None:
    comments = sql("SELECT language, comment FROM surveys WHERE comment IS NOT NULL")
    texts = comments.groupby("language")["comment"].agg(" ".join)
    assert {"en", "de", "es", "pt", "ar", "el", "ja", "fr", "it"} <= set(texts.index)
    assert any("\u0600" <= sign <= "\u06ff" for sign in texts["ar"])
    assert any("\u0370" <= sign <= "\u03ff" for sign in texts["el"])
    assert any("\u3040" <= sign <= "\u30ff" for sign in texts["ja"])


def test_the_new_complaint_begins_with_the_release(world: World, sql) -> None:
    begin = world.truth.as_dict()["feedback"]["emerging_from"]
    said = sql(
        "SELECT \"at\" FROM feedback WHERE text LIKE '%5.0%' "
        "UNION ALL SELECT responded_at FROM surveys WHERE comment LIKE '%5.0%'"
    )["at"]
    assert len(said) > 5
    assert said.min() >= pd.Timestamp(begin)


def test_a_written_world_has_no_fault(world: World, tmp_path) -> None:
    write_world(world, tmp_path)
    desk = open_desk(tmp_path)
    assert not desk.audit.stops
    faults = desk.audit.faults
    warned = faults[faults["severity"].isin(["stop", "warn"])]
    # Of 50,000 events two messages of one customer may fall into the same second.
    coincidence = (warned["rule"] == "duplicate_row") & (warned["n_rows"] == 1)
    assert warned[~coincidence].empty
    assert desk.as_of_source == "desk.toml"
    assert desk.table_names == tuple(CONTRACT)


def test_csv_and_parquet_hold_the_same(tmp_path) -> None:
    small = simulate_world(WorldSettings(seed=2, n_tickets=400, start="2025-01", months=12))
    write_world(small, tmp_path / "a", "csv")
    write_world(small, tmp_path / "b", "parquet")
    assert not list((tmp_path / "a").glob("*.parquet"))
    one, other = open_desk(tmp_path / "a"), open_desk(tmp_path / "b")
    assert one.fingerprint().value == other.fingerprint().value


def test_writing_again_in_another_format_leaves_one_file_per_table(tmp_path) -> None:
    small = simulate_world(WorldSettings(seed=2, n_tickets=400, start="2025-01", months=12))
    write_world(small, tmp_path, "csv")
    write_world(small, tmp_path, "parquet")
    assert not list(tmp_path.glob("*.csv"))
    assert len(list(tmp_path.glob("*.parquet"))) == len(CONTRACT)
