"""The metric table in pandas, vectorised throughout: no loop over groups, no function per row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

__all__ = ["in_pandas"]

BY = ["market", "channel", "month"]
WINDOW, RESPONSE_WINDOW = pd.Timedelta(days=7), pd.Timedelta(days=14)
TICKETS = [
    "ticket_id",
    "customer_id",
    "market",
    "channel",
    "category",
    "initiated_by",
    "status",
    "created_at",
    "first_response_at",
    "resolved_at",
    "closed_at",
    "reopened_count",
    "contact_count",
    "agent_reply_count",
    "transfer_count",
]
SURVEYS = [
    "survey_id",
    "ticket_id",
    "market",
    "channel",
    "kind",
    "sent_at",
    "responded_at",
    "score",
    "scale_min",
    "scale_max",
]


def in_pandas(folder: Path, as_of: str) -> pd.DataFrame:
    """Return the table."""
    moment = pd.Timestamp(as_of)
    tickets = pd.read_parquet(
        folder / "tickets.parquet",
        columns=TICKETS,
        filters=[("status", "not in", ["merged", "spam", "deleted", "test"])],
    )
    for name in ("market", "channel", "category", "initiated_by", "status"):
        tickets[name] = tickets[name].astype("category")
    tickets["month"] = _month(tickets.created_at)
    tickets["is_ended"] = tickets.status.isin(["resolved", "closed"])
    tickets["first_end"] = tickets.resolved_at.fillna(tickets.closed_at)
    parts = [
        _rates(tickets, moment),
        _counts(
            tickets.assign(month=_month(tickets.first_end)).dropna(subset="first_end"),
            {"volumes_n_resolved": True},
        ),
        _fcr(tickets, moment),
        _first_response(tickets, moment),
        _resolution(tickets, moment),
    ]
    del tickets
    surveys = pd.read_parquet(folder / "surveys.parquet", columns=SURVEYS)
    parts.append(_surveys(surveys, moment))
    table = pd.concat(parts, axis=1).reset_index()
    months = table.month.to_numpy().astype("datetime64[M]").astype("datetime64[s]")
    table["month"] = pd.Series(months).dt.strftime("%Y-%m")
    return table


def _month(moment: pd.Series) -> pd.Series:
    """Months since 1970: a whole number is cheaper to group by than a text."""
    years = moment.to_numpy(dtype="datetime64[M]").astype(np.int64)
    return pd.Series(years, index=moment.index)


def _counts(rows: pd.DataFrame, conditions: dict[str, object]) -> pd.DataFrame:
    flags = rows[BY].assign(**conditions)
    return flags.groupby(BY, observed=True)[list(conditions)].sum()


def _rates(tickets: pd.DataFrame, moment: pd.Timestamp) -> pd.DataFrame:
    before = moment - WINDOW
    touch = tickets.is_ended & tickets.agent_reply_count.notna() & (tickets.initiated_by != "agent")
    is_old = (tickets.resolved_at >= tickets.created_at) & (tickets.resolved_at <= before)
    known = ~tickets.is_ended | tickets.reopened_count.notna()
    again = ~tickets.is_ended | (tickets.reopened_count > 0)
    young = tickets.created_at > before
    conditions = {
        "volumes_n_created": True,
        "one_touch_n": touch,
        "one_touch_n_success": touch & (tickets.agent_reply_count == 1),
        "reopening_n": is_old & known,
        "reopening_n_success": is_old & again,
        "reopening_n_immature": (tickets.resolved_at >= tickets.created_at)
        & (tickets.resolved_at > before),
        "transfers_n": ~young & tickets.transfer_count.notna(),
        "transfers_n_success": ~young & (tickets.transfer_count > 0),
        "transfers_n_immature": young,
    }
    return _counts(tickets, conditions)


def _fcr(tickets: pd.DataFrame, moment: pd.Timestamp) -> pd.DataFrame:
    before = moment - WINDOW
    asked = tickets[tickets.initiated_by != "agent"]
    known = asked.customer_id.notna() & asked.category.notna()
    order = ["customer_id", "category", "created_at", "ticket_id"]
    lines = asked.loc[known, order].sort_values(order)
    following = lines.shift(-1)
    same = (following.customer_id == lines.customer_id) & (
        following.category.to_numpy() == lines.category.to_numpy()
    )
    next_at = following.created_at.where(same).reindex(asked.index)
    end = asked.first_end
    refused = (end < asked.created_at) | (asked.is_ended & end.isna()) | ~known
    young = ~refused & (asked.created_at > before - WINDOW)
    late = ~refused & ~young & (end.isna() | (end > before))
    counts = asked[["contact_count", "transfer_count", "reopened_count"]]
    judged = ~refused & ~young & ~late & counts.notna().all(axis=1)
    good = (
        judged
        & asked.is_ended
        & (asked.contact_count <= 1)
        & (asked.transfer_count <= 0)
        & (asked.reopened_count <= 0)
        & ~(next_at <= end + WINDOW)
    )
    conditions = {"fcr_n": late | judged, "fcr_n_success": good, "fcr_n_immature": young}
    return _counts(asked, conditions)


def _first_response(tickets: pd.DataFrame, moment: pd.Timestamp) -> pd.DataFrame:
    replied = tickets.first_response_at
    kept = (tickets.initiated_by != "agent") & ~(replied < tickets.created_at)
    return _survival("first_response", tickets[kept], replied[kept], moment)


def _resolution(tickets: pd.DataFrame, moment: pd.Timestamp) -> pd.DataFrame:
    first, last, again = tickets.resolved_at, tickets.closed_at, tickets.reopened_count
    end = last.fillna(first)
    end = end.where(~(again == 0), first.fillna(last)).where(~(again > 0), last)
    wrong = (first < tickets.created_at) | (end < tickets.created_at)
    wrong |= tickets.is_ended & (end.isna() | (end < first))
    return _survival(
        "resolution_time", tickets[~wrong], end.where(tickets.is_ended)[~wrong], moment
    )


def _survival(
    name: str, tickets: pd.DataFrame, end: pd.Series, moment: pd.Timestamp
) -> pd.DataFrame:
    """Kaplan-Meier of all groups at once, from counts per group and second."""
    elapsed = end.fillna(moment) - tickets.created_at
    seconds = elapsed.dt.floor("s").to_numpy().astype("timedelta64[s]").astype(np.int64)
    group = tickets.groupby(BY, observed=True).ngroup().to_numpy()
    names = tickets.loc[~pd.Series(group, index=tickets.index).duplicated(), BY]
    names = names.assign(group=group[tickets.index.get_indexer(names.index)])
    rows = pd.DataFrame({"group": group, "s": seconds, "d": end.notna().to_numpy()})
    ended = rows.groupby(["group", "s"]).d.agg(["sum", "size"])
    ended.columns = ["d", "n"]
    ended = ended.reset_index()
    each = ended.groupby("group")
    at_risk = each.n.transform("sum") - each.n.cumsum() + ended.n
    with np.errstate(divide="ignore"):
        ended["log"] = np.log1p(-(ended.d / at_risk))
    survival = np.exp(ended.groupby("group").log.cumsum())
    found = {f"{name}_n_events": each.d.sum(), f"{name}_n_censored": each.n.sum() - each.d.sum()}
    for percent, goal in ((50, 0.5), (90, 0.1)):
        reached = ended[(ended.d > 0) & (survival <= goal + 1e-12)]
        found[f"{name}_p{percent}_seconds"] = reached.groupby("group").s.min()
    return pd.DataFrame(found).join(names.set_index("group")).set_index(BY)


def _surveys(surveys: pd.DataFrame, moment: pd.Timestamp) -> pd.DataFrame:
    surveys["month"] = _month(surveys.sent_at)
    sent, came, score = surveys.sent_at, surveys.responded_at, surveys.score
    refused = (came < sent) | (came > sent + RESPONSE_WINDOW)
    refused |= (score < surveys.scale_min) | (score > surveys.scale_max)
    answers = surveys.assign(refused=refused)[score.notna()]
    order = ["refused", "responded_at", "sent_at", "survey_id"]
    answers = answers.sort_values(order, ascending=[True, False, False, False])
    last = ~answers.duplicated(["kind", "ticket_id"]) & ~answers.refused
    counted = last.reindex(surveys.index, fill_value=False)
    csat, nps = counted & (surveys.kind == "csat"), counted & (surveys.kind == "nps")
    high = (score - surveys.scale_min) * 5 >= (surveys.scale_max - surveys.scale_min) * 3
    mature = sent <= moment - RESPONSE_WINDOW
    conditions = {
        "csat_n": csat,
        "csat_n_success": csat & high,
        "nps_n": nps,
        "nps_n_promoter": nps & (score >= 9),
        "nps_n_detractor": nps & (score <= 6),
        "response_rate_n": mature & ~(came < sent),
        "response_rate_n_success": mature & (came >= sent) & (came <= sent + RESPONSE_WINDOW),
        "response_rate_n_immature": ~mature,
    }
    return _counts(surveys, conditions)
