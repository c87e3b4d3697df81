"""
The metric table as SQL written by hand for DuckDB.

What somebody would write who knows the definitions and the engine: one pass for the rates and the
counts, a window for the next ticket of the customer, the event table of Kaplan and Meier by
windows over seconds. The columns are known to be clean, so nothing is checked.

``SHORTCUT`` adds what a second look finds: where nobody was censored before a quantile, it is a
plain order statistic, so only the groups where that is not so need the whole curve.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

__all__ = ["by_hand", "by_hand_with_shortcut"]

_VIEWS = """
CREATE OR REPLACE TEMP VIEW tickets AS
SELECT market, channel, date_trunc('month', created_at) AS month, * EXCLUDE (market, channel)
FROM read_parquet('{folder}/tickets.parquet')
WHERE status NOT IN ('merged', 'spam', 'deleted', 'test');

CREATE OR REPLACE TEMP VIEW waits AS
SELECT market, channel, month,
    CASE WHEN initiated_by = 'agent' OR first_response_at < created_at THEN NULL
        ELSE first_response_at IS NOT NULL END AS is_answered,
    (epoch_us(coalesce(first_response_at, TIMESTAMPTZ '{as_of}')) - epoch_us(created_at))
        // 1000000 AS answer_seconds,
    CASE WHEN resolved_at < created_at OR ended_at < created_at THEN NULL
        WHEN NOT is_ended THEN FALSE
        WHEN ended_at IS NULL OR ended_at < resolved_at THEN NULL
        ELSE TRUE END AS is_solved,
    (epoch_us(CASE WHEN is_ended THEN ended_at ELSE TIMESTAMPTZ '{as_of}' END)
        - epoch_us(created_at)) // 1000000 AS solve_seconds
FROM (
    SELECT *, status IN ('resolved', 'closed') AS is_ended,
        CASE WHEN reopened_count = 0 THEN coalesce(resolved_at, closed_at)
            WHEN reopened_count > 0 THEN closed_at
            ELSE coalesce(closed_at, resolved_at) END AS ended_at
    FROM tickets
);
"""

_RATES = """
SELECT market, channel, month,
    count(*) AS volumes_n_created,
    count(*) FILTER (is_touch) AS one_touch_n,
    count(*) FILTER (is_touch AND agent_reply_count = 1) AS one_touch_n_success,
    count(*) FILTER (resolved_at >= created_at AND resolved_at <= {before}
        AND (is_open OR reopened_count IS NOT NULL)) AS reopening_n,
    count(*) FILTER (resolved_at >= created_at AND resolved_at <= {before}
        AND (is_open OR reopened_count > 0)) AS reopening_n_success,
    count(*) FILTER (resolved_at >= created_at AND resolved_at > {before})
        AS reopening_n_immature,
    count(*) FILTER (created_at <= {before} AND transfer_count IS NOT NULL) AS transfers_n,
    count(*) FILTER (created_at <= {before} AND transfer_count > 0) AS transfers_n_success,
    count(*) FILTER (created_at > {before}) AS transfers_n_immature
FROM (
    SELECT *, status NOT IN ('resolved', 'closed') AS is_open,
        status IN ('resolved', 'closed') AND agent_reply_count IS NOT NULL
            AND initiated_by <> 'agent' AS is_touch
    FROM tickets
)
GROUP BY ALL
"""

_RESOLVED = """
SELECT market, channel, date_trunc('month', coalesce(resolved_at, closed_at)) AS month,
    count(*) AS volumes_n_resolved
FROM tickets WHERE coalesce(resolved_at, closed_at) IS NOT NULL GROUP BY ALL
"""

_FCR = """
WITH followed AS (
    SELECT market, channel, month, created_at, ended_at,
        CASE WHEN ended_at < created_at OR (is_ended AND ended_at IS NULL) THEN 'excluded'
            WHEN customer_id IS NULL OR category IS NULL THEN 'excluded'
            WHEN created_at > {before} - INTERVAL 7 DAY THEN 'immature'
            WHEN ended_at IS NULL OR ended_at > {before} THEN 'failure'
            WHEN contact_count IS NULL OR transfer_count IS NULL OR reopened_count IS NULL
                THEN 'excluded'
            WHEN is_ended AND contact_count <= 1 AND transfer_count <= 0 AND reopened_count <= 0
                THEN 'success'
            ELSE 'failure' END AS verdict,
        lead(created_at) OVER (
            PARTITION BY customer_id, category ORDER BY created_at, ticket_id) AS next_at
    FROM (
        SELECT *, coalesce(resolved_at, closed_at) AS ended_at,
            status IN ('resolved', 'closed') AS is_ended
        FROM tickets WHERE initiated_by <> 'agent'
    )
)
SELECT market, channel, month,
    count(*) FILTER (verdict IN ('success', 'failure')) AS fcr_n,
    count(*) FILTER (verdict = 'success'
        AND (next_at <= ended_at + INTERVAL 7 DAY) IS NOT TRUE) AS fcr_n_success,
    count(*) FILTER (verdict = 'immature') AS fcr_n_immature
FROM followed GROUP BY ALL
"""

_SURVEYS = """
WITH answers AS (
    SELECT *, responded_at < sent_at OR responded_at > sent_at + INTERVAL 14 DAY
            OR score < scale_min OR score > scale_max AS is_refused
    FROM read_parquet('{folder}/surveys.parquet')
),
placed AS (
    SELECT *, CASE WHEN score IS NOT NULL THEN row_number() OVER (
        PARTITION BY kind, ticket_id, score IS NULL
        ORDER BY is_refused, responded_at DESC, sent_at DESC, survey_id DESC) = 1 END AS is_last
    FROM answers
)
SELECT market, channel, date_trunc('month', sent_at) AS month,
    count(*) FILTER (kind = 'csat' AND is_last AND NOT is_refused) AS csat_n,
    count(*) FILTER (kind = 'csat' AND is_last AND NOT is_refused
        AND (score - scale_min) * 5 >= (scale_max - scale_min) * 3) AS csat_n_success,
    count(*) FILTER (kind = 'nps' AND is_last AND NOT is_refused) AS nps_n,
    count(*) FILTER (kind = 'nps' AND is_last AND NOT is_refused AND score >= 9)
        AS nps_n_promoter,
    count(*) FILTER (kind = 'nps' AND is_last AND NOT is_refused AND score <= 6)
        AS nps_n_detractor,
    count(*) FILTER (sent_at <= {answered} AND (responded_at < sent_at) IS NOT TRUE)
        AS response_rate_n,
    count(*) FILTER (sent_at <= {answered} AND responded_at >= sent_at
        AND responded_at <= sent_at + INTERVAL 14 DAY) AS response_rate_n_success,
    count(*) FILTER (sent_at > {answered}) AS response_rate_n_immature
FROM placed GROUP BY ALL
"""

_CURVE = """
WITH ended AS (
    SELECT market, channel, month, {seconds} AS s,
        count(*) FILTER ({event}) AS d, count(*) FILTER (NOT {event}) AS c
    FROM waits WHERE {event} IS NOT NULL {only} GROUP BY ALL
),
risk AS (
    SELECT *, sum(d + c) OVER (PARTITION BY market, channel, month) AS n,
        sum(d + c) OVER (PARTITION BY market, channel, month ORDER BY s DESC) AS at_risk
    FROM ended
),
curve AS (
    SELECT *, exp(sum(CASE WHEN d < at_risk THEN ln(1 - d / at_risk) ELSE -1e9 END)
        OVER (PARTITION BY market, channel, month ORDER BY s)) AS survival
    FROM risk
)
SELECT market, channel, month,
    sum(d)::BIGINT AS {name}_n_events, sum(c)::BIGINT AS {name}_n_censored,
    min(s) FILTER (d > 0 AND survival <= 0.5 + 1e-12) AS {name}_p50_seconds,
    min(s) FILTER (d > 0 AND survival <= 0.1 + 1e-12) AS {name}_p90_seconds
FROM curve GROUP BY ALL
"""

_ORDER = """
SELECT market, channel, month, count(*) AS n, count(*) FILTER ({event}) AS d,
    min({seconds}) FILTER (NOT {event}) AS first_open,
    quantile_disc(CASE WHEN {event} THEN {seconds} ELSE 9000000000000 END, [0.5, 0.9]) AS q
FROM waits WHERE {event} IS NOT NULL GROUP BY ALL
"""

_BOTH = """
WITH curves AS ({curve}),
plain AS (FROM {name}_order)
SELECT market, channel, month, plain.d AS {name}_n_events,
    plain.n - plain.d AS {name}_n_censored,
    CASE WHEN q[2] > first_open THEN {name}_p50_seconds ELSE q[1] END AS {name}_p50_seconds,
    CASE WHEN q[2] > first_open THEN {name}_p90_seconds ELSE q[2] END AS {name}_p90_seconds
FROM plain LEFT JOIN curves USING (market, channel, month)
"""

_WAITS = {
    "first_response": ("is_answered", "answer_seconds"),
    "resolution_time": ("is_solved", "solve_seconds"),
}


def by_hand(folder: Path, as_of: str) -> pd.DataFrame:
    """Return the table, the event table of every group by windows."""
    return _table(folder, as_of, shortcut=False)


def by_hand_with_shortcut(folder: Path, as_of: str) -> pd.DataFrame:
    """Return the table, the event table only of groups that need it."""
    return _table(folder, as_of, shortcut=True)


def _table(folder: Path, as_of: str, *, shortcut: bool) -> pd.DataFrame:
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
    connection.execute(f"SET temp_directory = '{folder}/spill'")
    connection.execute(_VIEWS.format(folder=folder, as_of=as_of))
    times = {
        "folder": folder,
        "before": f"(TIMESTAMPTZ '{as_of}' - INTERVAL 7 DAY)",
        "answered": f"(TIMESTAMPTZ '{as_of}' - INTERVAL 14 DAY)",
    }
    queries = [_RATES.format(**times), _RESOLVED, _FCR.format(**times), _SURVEYS.format(**times)]
    queries += [_wait(connection, name, shortcut) for name in _WAITS]
    for place, query in enumerate(queries):
        connection.execute(f"CREATE TEMP TABLE part_{place} AS {query}")
    joined = "part_0 " + " ".join(
        f"FULL JOIN part_{place} USING (market, channel, month)" for place in range(1, len(queries))
    )
    texts = "* REPLACE (strftime(month, '%Y-%m') AS month)"
    return connection.execute(f"SELECT {texts} FROM {joined}").df()  # noqa: S608


def _wait(connection: duckdb.DuckDBPyConnection, name: str, shortcut: bool) -> str:
    event, seconds = _WAITS[name]
    words = {"name": name, "event": event, "seconds": seconds}
    if not shortcut:
        return _CURVE.format(**words, only="")
    connection.execute(f"CREATE TEMP TABLE {name}_order AS {_ORDER.format(**words)}")
    first = f"SELECT min(month) FROM {name}_order WHERE q[2] > first_open"  # noqa: S608
    late = f"AND month >= ({first})"
    return _BOTH.format(name=name, curve=_CURVE.format(**words, only=late))
