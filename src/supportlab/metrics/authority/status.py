"""Which authority was in force for a ticket when it came in."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from supportlab.errors import NotEstimable

if TYPE_CHECKING:
    import pandas as pd

    from supportlab.desk import Desk

__all__ = ["SCOPES", "authority_spans", "finest_scope", "one_limit", "with_authority"]

# From the nearest to the ticket to the farthest: what is said of an agent goes before what is said
# of the team. Each with the ticket's column that it names.
SCOPES = {"agent": "agent_id", "team": "team_id", "market": "market", "all": None}
FAR_AWAY = datetime(9999, 1, 1)  # noqa: DTZ001 (UTC without a zone, as in the contract's tables)


def authority_spans(desk: Desk) -> pd.DataFrame:
    """
    Return who had authority from when to when, without overlaps.

    Not for rights that are given ticket by ticket: the contract's table knows scopes and times.

    Parameters
    ----------
    desk : Desk
        The data; ``authority``.

    Returns
    -------
    pandas.DataFrame
        ``scope``, ``scope_id``, ``since_at``, ``until_at`` (not in; the year 9999 for no end),
        ``limit_amount`` (float, missing for no limit), ``limit_currency``; ordered. Of two rows
        that overlap the later one holds from its start on.

    Raises
    ------
    NotEstimable
        There is no table of authority, or no row in it.
    """
    found: pd.DataFrame = desk.once("authority spans", lambda: _spans(desk))
    return found


def finest_scope(spans: pd.DataFrame) -> str:
    """Return the scope nearest to the ticket that the table uses, ``all`` set aside if it can."""
    used = [scope for scope in SCOPES if (spans["scope"] == scope).any()]
    return used[0]


def one_limit(desk: Desk) -> tuple[float, str] | None:
    """Return the limit and its currency where all who have authority have the same one."""
    if not desk.has("authority"):
        return None
    spans = authority_spans(desk)
    pairs = spans[["limit_amount", "limit_currency"]].drop_duplicates()
    if len(pairs) != 1 or pairs.isna().to_numpy().any():
        return None
    row = pairs.iloc[0]
    return float(row["limit_amount"]), str(row["limit_currency"])


def with_authority(desk: Desk, tickets: Any) -> Any:
    """
    Add the authority that was in force for each ticket when it was created.

    Not the authority that was used: an agent who may settle need not.

    Parameters
    ----------
    desk : Desk
        The data; ``authority``.
    tickets : ibis.Table
        Tickets with ``created_at``, ``agent_id``, ``team_id``, ``market``.

    Returns
    -------
    ibis.Table
        As many rows, with ``authority_scope`` (missing: none), ``limit_amount`` (float64) and
        ``limit_currency``; the nearest scope in force decides. All missing where the source has no
        table of authority: who asks about authority has to ask `authority_spans` first.

    Raises
    ------
    NotEstimable
        There is a table of authority, but no row in it.
    """
    import ibis

    if not desk.has("authority"):
        none = {"authority_scope": ibis.null("string"), "limit_amount": ibis.null("float64")}
        return tickets.mutate(**none, limit_currency=ibis.null("string"))
    spans = authority_spans(desk)
    table, found = tickets, []
    for scope, column in SCOPES.items():
        part = spans.loc[spans["scope"] == scope]
        if part.empty:
            continue
        table = _joined(table, part, scope, column)
        found.append(scope)
    is_in = [table[f"since_{scope}"].notnull() for scope in found]
    pairs = list(zip(is_in, found, strict=True))
    scope = ibis.cases(*pairs, else_=ibis.null("string"))
    amount = ibis.cases(
        *[(test, table[f"limit_{name}"]) for test, name in pairs], else_=ibis.null("float64")
    )
    currency = ibis.cases(
        *[(test, table[f"currency_{name}"]) for test, name in pairs], else_=ibis.null("string")
    )
    named = table.mutate(authority_scope=scope, limit_amount=amount, limit_currency=currency)
    return named.drop(
        *[f"{stem}_{name}" for name in found for stem in ("since", "limit", "currency")]
    )


def _joined(table: Any, part: pd.DataFrame, scope: str, column: str | None) -> Any:
    """Join the one span of a scope that holds at the ticket's creation; spans do not overlap."""
    import ibis

    frame = part.rename(
        columns={
            "scope_id": "span_id",
            "since_at": f"since_{scope}",
            "limit_amount": f"limit_{scope}",
            "limit_currency": f"currency_{scope}",
        }
    )[["span_id", f"since_{scope}", "until_at", f"limit_{scope}", f"currency_{scope}"]]
    schema = {
        "span_id": "string",
        f"since_{scope}": "timestamp(6)",
        "until_at": "timestamp(6)",
        f"limit_{scope}": "float64",
        f"currency_{scope}": "string",
    }
    spans = ibis.memtable(frame, schema=schema)
    rules = [table.created_at >= spans[f"since_{scope}"], table.created_at < spans.until_at]
    if column is not None:
        rules.insert(0, table[column] == spans.span_id)
    return table.left_join(spans, rules).drop("span_id", "until_at")


def _spans(desk: Desk) -> pd.DataFrame:
    import pandas as pd

    if not desk.has("authority"):
        raise NotEstimable(
            "There is no table of authority. Provide authority: scope, scope_id, effective_from, "
            "effective_to, limit_amount, limit_currency."
        )
    columns = ["scope", "scope_id", "effective_from", "effective_to", "limit_amount"]
    rows = desk.table("authority").select(*columns, "limit_currency").execute()
    rows = rows.loc[rows["scope"].notna() & rows["effective_from"].notna()]
    if rows.empty:
        raise NotEstimable("The table of authority holds no row up to as_of.")
    rows = rows.assign(
        scope_id=rows["scope_id"].where(rows["scope"] != "all", "").fillna("").astype(str),
        since_at=pd.to_datetime(rows["effective_from"])
        .dt.tz_localize(None)
        .astype("datetime64[us]"),
        until_at=pd.to_datetime(rows["effective_to"]).dt.tz_localize(None).astype("datetime64[us]"),
        limit_amount=rows["limit_amount"].astype(float),
        limit_currency=rows["limit_currency"]
        .astype(object)
        .where(rows["limit_currency"].notna(), None),
    )
    ordered = rows.sort_values(["scope", "scope_id", "since_at", "limit_amount"], kind="stable")
    once = ordered.drop_duplicates(["scope", "scope_id", "since_at"], keep="last")
    following = once.groupby(["scope", "scope_id"])["since_at"].shift(-1)
    ends = once["until_at"].fillna(pd.Timestamp(FAR_AWAY).as_unit("us"))
    once = once.assign(until_at=ends.where(following.isna() | (ends <= following), following))
    kept = once.loc[once["until_at"] > once["since_at"]]
    names = ["scope", "scope_id", "since_at", "until_at", "limit_amount", "limit_currency"]
    found: pd.DataFrame = kept[names].reset_index(drop=True)
    return found
