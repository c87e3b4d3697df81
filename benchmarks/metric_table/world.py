"""
Write tickets and surveys of any number as Parquet: the same bytes of figures on every run.

Every column is a hash of the row's number, so nothing is drawn and rows can be written in any
order. What makes the definitions matter is there: tickets that are open, never answered, reopened,
merged or started by an agent; customers who come back; counts and categories that are missing;
answers that come late or twice.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["AS_OF", "write_tables"]

FIRST_DAY, N_DAYS, AS_OF = "2024-07-01", 730, "2026-07-01T00:00:00Z"
MARKETS = [
    "US",
    "GB",
    "DE",
    "FR",
    "ES",
    "IT",
    "NL",
    "PL",
    "SE",
    "IN",
    "JP",
    "BR",
    "MX",
    "AU",
    "CA",
    "GR",
    "TR",
]
CHANNELS = ["email", "chat", "phone", "messaging", "in_app", "social", "sms"]
CATEGORIES = [
    "billing",
    "delivery",
    "returns",
    "account",
    "device_setup",
    "payment",
    "login",
    "other",
]
# Rows of a Parquet group; small ones let an engine hold less at once.
ROW_GROUP = 122_880

_TICKETS = """
WITH numbers AS (SELECT range AS i FROM range({n})),
drawn AS (
    SELECT i,
        {u1} AS u_day, {u2} AS u_customer, {u3} AS u_reply, {u4} AS u_solve, {u5} AS u_again,
        {u6} AS u_status, {u7} AS u_agent, {u8} AS u_hand, {u9} AS u_lost, {u10} AS u_contact
    FROM numbers
),
placed AS (
    SELECT *, (u_customer * u_customer * {n_customers})::BIGINT AS customer,
        list_value({channels})[1 + (hash(i, 11) % {n_channels})::BIGINT] AS channel,
        1 + (hash(i, 11) % {n_channels})::BIGINT AS slow,
        list_value({categories})[1 + (hash(i, 12) % {n_categories})::BIGINT] AS category,
        TIMESTAMP '{first} 00:00:00' + to_microseconds(
            (((i + u_day) / {n}) * {n_days} * 86400 * 1000000)::BIGINT) AS created
    FROM drawn
),
begun AS (
    SELECT *, CASE WHEN u_reply > 0.04 THEN created + to_microseconds(
            (1e6 * 900 * slow * pow(-ln(u_reply - 0.039), 1.5))::BIGINT) END AS replied,
        CASE WHEN u_solve > 0.03 THEN created + to_microseconds(
            (1e6 * (60 + 20000 * slow * pow(-ln(u_solve - 0.029), 1.7)))::BIGINT) END AS solved
    FROM placed
),
known AS (
    SELECT *, CASE WHEN solved <= TIMESTAMP '{as_of}' THEN solved END AS resolved,
        CASE WHEN replied <= TIMESTAMP '{as_of}' THEN replied END AS answered,
        u_again < 0.07 AS reopened
    FROM begun
),
ended AS (
    SELECT *, CASE WHEN NOT reopened THEN resolved
        WHEN resolved + to_microseconds((1e6 * 86400 * (1 + 30 * u_hand))::BIGINT)
            <= TIMESTAMP '{as_of}'
        THEN resolved + to_microseconds((1e6 * 86400 * (1 + 30 * u_hand))::BIGINT) END AS closed
    FROM known
)
SELECT 'T' || lpad(i::VARCHAR, 9, '0') AS ticket_id,
    CASE WHEN u_lost > 0.01 THEN 'C' || lpad(customer::VARCHAR, 9, '0') END AS customer_id,
    CASE WHEN answered IS NOT NULL
        THEN 'A' || lpad((hash(i, 13) % 800)::VARCHAR, 4, '0') END AS agent_id,
    list_value({markets})[1 + (hash(customer, 14) % {n_markets})::BIGINT] AS market,
    channel,
    CASE WHEN u_lost < 0.98 THEN category END AS category,
    CASE WHEN u_agent < 0.04 THEN 'agent' ELSE 'customer' END AS initiated_by,
    CASE WHEN u_status < 0.01 THEN 'merged' WHEN u_status < 0.02 THEN 'spam'
        WHEN closed IS NULL AND resolved IS NOT NULL THEN 'open'
        WHEN closed IS NOT NULL THEN CASE WHEN u_status < 0.5 THEN 'closed' ELSE 'resolved' END
        WHEN u_status < 0.3 THEN 'pending' ELSE 'open' END AS status,
    timezone('UTC', created) AS created_at,
    timezone('UTC', answered) AS first_response_at,
    timezone('UTC', resolved) AS resolved_at,
    timezone('UTC', closed) AS closed_at,
    (resolved IS NOT NULL AND reopened)::BIGINT AS reopened_count,
    CASE WHEN u_contact < 0.02 THEN NULL WHEN u_contact < 0.75 THEN 1
        ELSE 1 + (u_contact * 12)::BIGINT % 4 END AS contact_count,
    CASE WHEN answered IS NULL THEN 0 WHEN u_contact < 0.6 THEN 1
        ELSE 1 + (u_contact * 17)::BIGINT % 3 END AS agent_reply_count,
    CASE WHEN u_hand < 0.85 THEN 0 ELSE 1 + (u_hand * 100)::BIGINT % 2 END AS transfer_count
FROM ended
"""

_SURVEYS = """
WITH chosen AS (
    SELECT *, {u1} AS u_answer, {u2} AS u_score, {u3} AS u_kind,
        timezone('UTC', resolved_at) + to_microseconds((36e8 * {u4})::BIGINT) AS sent
    FROM (SELECT *, substr(ticket_id, 2)::BIGINT AS i FROM read_parquet('{tickets}'))
    WHERE resolved_at IS NOT NULL AND {u5} < 0.3
),
twice AS (
    SELECT *, 0 AS again FROM chosen
    UNION ALL SELECT *, 1 FROM chosen WHERE u_kind < 0.02
),
answers AS (
    SELECT *, sent + to_microseconds((1e6 * 86400 * (
        again * 2 + 20 * pow(u_score, 3)))::BIGINT) AS came
    FROM twice WHERE sent <= TIMESTAMP '{as_of}'
),
known AS (
    SELECT *, u_answer < 0.35 AND came <= TIMESTAMP '{as_of}' AS is_answered FROM answers
)
SELECT 'S' || again::VARCHAR || substr(ticket_id, 2) AS survey_id,
    ticket_id, customer_id, agent_id, market, channel,
    CASE WHEN u_kind < 0.8 THEN 'csat' ELSE 'nps' END AS kind,
    timezone('UTC', sent) AS sent_at,
    CASE WHEN is_answered THEN timezone('UTC', came) END AS responded_at,
    CASE WHEN is_answered THEN CASE WHEN u_kind < 0.8
        THEN 1 + floor(5 * sqrt((u_answer / 0.35 + again * 0.3) % 1.0))
        ELSE floor(11 * sqrt(u_answer / 0.35)) END END::DOUBLE AS score,
    CASE WHEN u_kind < 0.8 THEN 1 ELSE 0 END::DOUBLE AS scale_min,
    CASE WHEN u_kind < 0.8 THEN 5 ELSE 10 END::DOUBLE AS scale_max,
    TRUE AS high_is_good
FROM known
"""


def write_tables(folder: Path, n_tickets: int) -> None:
    """
    Write ``tickets.parquet``, ``surveys.parquet`` and ``desk.toml``.

    Parameters
    ----------
    folder : Path
        Where; made when it is not there.
    n_tickets : int
        Rows of the tickets; about a third as many surveys follow.
    """
    import duckdb

    folder.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect()
    connection.execute(f"SET temp_directory = '{folder / 'spill'}'")
    connection.execute("SET TimeZone = 'UTC'")
    tickets, surveys = folder / "tickets.parquet", folder / "surveys.parquet"
    names = {
        "n": n_tickets,
        "n_customers": max(1, n_tickets // 3),
        "first": FIRST_DAY,
        "n_days": N_DAYS,
        "as_of": AS_OF[:19].replace("T", " "),
        "tickets": tickets,
        **{f"u{number}": _uniform(number) for number in range(1, 11)},
    }
    for name, values in (("market", MARKETS), ("channel", CHANNELS), ("category", CATEGORIES)):
        plural = f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"
        names[plural] = ", ".join(f"'{value}'" for value in values)
        names[f"n_{plural}"] = len(values)
    _copy(connection, _TICKETS.format(**names), tickets)
    names |= {f"u{number}": _uniform(number + 20) for number in range(1, 6)}
    _copy(connection, _SURVEYS.format(**names), surveys)
    settings = f'name = "Benchmark"\ntimezone = "UTC"\nas_of = {AS_OF}\nfcr_window_days = 7\n'
    more = "response_window_days = 14\n\n[surveys]\ninvitations = true\n"
    (folder / "desk.toml").write_text(settings + more, encoding="utf-8")


def _uniform(salt: int) -> str:
    """A number above 0 and below 1 that depends on the row and the column only."""
    return f"((hash(i, {salt}) % 1000003)::DOUBLE + 0.5) / 1000003"


def _copy(connection: object, query: str, path: Path) -> None:
    options = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP}"
    connection.execute(f"COPY ({query}) TO '{path}' ({options})")  # type: ignore[attr-defined]
