"""The metric table in Polars: lazy frames, collected by its streaming engine where it can."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["in_polars"]

BY = ["market", "channel", "month"]
WINDOW, RESPONSE_WINDOW = timedelta(days=7), timedelta(days=14)


def in_polars(folder: Path, as_of: str) -> pd.DataFrame:
    """Return the table."""
    import polars as pl

    moment = datetime.fromisoformat(as_of)
    tickets = (
        pl.scan_parquet(folder / "tickets.parquet")
        .filter(~pl.col("status").is_in(["merged", "spam", "deleted", "test"]))
        .with_columns(
            month=pl.col("created_at").dt.truncate("1mo"),
            is_ended=pl.col("status").is_in(["resolved", "closed"]),
            first_end=pl.coalesce("resolved_at", "closed_at"),
        )
    )
    resolved = tickets.filter(pl.col("first_end").is_not_null())
    resolved = resolved.with_columns(month=pl.col("first_end").dt.truncate("1mo"))
    parts = [
        tickets.group_by(BY).agg(**_rates(moment)),
        resolved.group_by(BY).agg(volumes_n_resolved=pl.len()),
        _fcr(tickets, moment),
        _first_response(tickets, moment),
        _resolution(tickets, moment),
        _surveys(pl.scan_parquet(folder / "surveys.parquet"), moment),
    ]
    table = parts[0].collect(engine="streaming")
    for part in parts[1:]:
        found = part.collect(engine="streaming")
        table = table.join(found, on=BY, how="full", coalesce=True)
    frame: pd.DataFrame = table.with_columns(month=pl.col("month").dt.strftime("%Y-%m")).to_pandas()
    return frame


def _rates(moment: datetime) -> dict[str, Any]:
    import polars as pl

    before, ended = moment - WINDOW, pl.col("is_ended")
    replies, again = pl.col("agent_reply_count"), pl.col("reopened_count")
    touch = ended & replies.is_not_null() & (pl.col("initiated_by") != "agent")
    done, handed = pl.col("resolved_at"), pl.col("transfer_count")
    is_old = (done >= pl.col("created_at")) & (done <= before)
    young = pl.col("created_at") > before
    return {
        "volumes_n_created": pl.len(),
        "one_touch_n": touch.sum(),
        "one_touch_n_success": (touch & (replies == 1)).sum(),
        "reopening_n": (is_old & (~ended | again.is_not_null())).sum(),
        "reopening_n_success": (is_old & (~ended | (again > 0))).sum(),
        "reopening_n_immature": ((done >= pl.col("created_at")) & (done > before)).sum(),
        "transfers_n": (~young & handed.is_not_null()).sum(),
        "transfers_n_success": (~young & (handed > 0)).sum(),
        "transfers_n_immature": young.sum(),
    }


def _fcr(tickets: Any, moment: datetime) -> Any:
    import polars as pl

    before, made, end = moment - WINDOW, pl.col("created_at"), pl.col("first_end")
    refused = (
        (end < made).fill_null(False)
        | (pl.col("is_ended") & end.is_null())
        | pl.col("customer_id").is_null()
        | pl.col("category").is_null()
    )
    counts = [pl.col(f"{name}_count") for name in ("contact", "transfer", "reopened")]
    good = pl.col("is_ended") & (counts[0] <= 1) & (counts[1] <= 0) & (counts[2] <= 0)
    verdict = (
        pl.when(refused)
        .then(0)
        .when(made > before - WINDOW)
        .then(1)
        .when(end.is_null() | (end > before))
        .then(2)
        .when(pl.any_horizontal(count.is_null() for count in counts))
        .then(0)
        .when(good)
        .then(3)
        .otherwise(2)
        .cast(pl.Int8)
    )
    asked = tickets.filter(pl.col("initiated_by") != "agent").with_columns(verdict=verdict)
    kept = [*BY, "customer_id", "category", "created_at", "ticket_id", "first_end", "verdict"]
    lines = asked.select(kept).sort("customer_id", "category", "created_at", "ticket_id")
    following = lines.with_columns(
        same=(pl.col("customer_id").shift(-1) == pl.col("customer_id"))
        & (pl.col("category").shift(-1) == pl.col("category")),
        next_at=pl.col("created_at").shift(-1),
    )
    back = (pl.col("same") & (pl.col("next_at") <= pl.col("first_end") + WINDOW)).fill_null(False)
    return following.group_by(BY).agg(
        fcr_n=(pl.col("verdict") >= 2).sum(),
        fcr_n_success=((pl.col("verdict") == 3) & ~back).sum(),
        fcr_n_immature=(pl.col("verdict") == 1).sum(),
    )


def _first_response(tickets: Any, moment: datetime) -> Any:
    import polars as pl

    replied = pl.col("first_response_at")
    kept = tickets.filter(
        (pl.col("initiated_by") != "agent") & ~(replied < pl.col("created_at")).fill_null(False)
    )
    return _survival("first_response", kept, replied, moment)


def _resolution(tickets: Any, moment: datetime) -> Any:
    import polars as pl

    first, last, again = (pl.col(n) for n in ("resolved_at", "closed_at", "reopened_count"))
    end = (
        pl.when(again == 0)
        .then(pl.coalesce(first, last))
        .when(again > 0)
        .then(last)
        .otherwise(pl.coalesce(last, first))
    )
    placed = tickets.with_columns(end=end)
    made, end, ended = pl.col("created_at"), pl.col("end"), pl.col("is_ended")
    wrong = (first < made).fill_null(False) | (end < made).fill_null(False)
    wrong = wrong | (ended & (end.is_null() | (end < first).fill_null(False)))
    return _survival("resolution_time", placed.filter(~wrong), pl.when(ended).then(end), moment)


def _survival(name: str, tickets: Any, end: Any, moment: datetime) -> Any:
    """Kaplan-Meier of all groups at once, from counts per group and second."""
    import polars as pl

    micro = end.fill_null(moment).dt.epoch("us") - pl.col("created_at").dt.epoch("us")
    seconds = tickets.select(*BY, s=micro // 1_000_000, d=end.is_not_null())
    ended = seconds.group_by(*BY, "s").agg(d=pl.col("d").sum(), n=pl.len()).sort(*BY, "s")
    ended = ended.with_columns(pl.col("d").cast(pl.Int64), pl.col("n").cast(pl.Int64))
    at_risk = pl.col("n").sum().over(BY) - pl.col("n").cum_sum().over(BY) + pl.col("n")
    curve = ended.with_columns(log=(1 - pl.col("d") / at_risk).log())
    curve = curve.with_columns(survival=pl.col("log").cum_sum().over(BY).exp())
    quantiles = {
        f"{name}_p{percent}_seconds": pl.col("s")
        .filter((pl.col("d") > 0) & (pl.col("survival") <= goal + 1e-12))
        .min()
        for percent, goal in ((50, 0.5), (90, 0.1))
    }
    n_censored = pl.col("n").sum() - pl.col("d").sum()
    counts = {f"{name}_n_events": pl.col("d").sum(), f"{name}_n_censored": n_censored}
    return curve.group_by(BY).agg(**counts, **quantiles)


def _surveys(surveys: Any, moment: datetime) -> Any:
    import polars as pl

    sent, came, score = pl.col("sent_at"), pl.col("responded_at"), pl.col("score")
    low, high = pl.col("scale_min"), pl.col("scale_max")
    refused = (came < sent) | (came > sent + RESPONSE_WINDOW) | (score < low) | (score > high)
    known = surveys.with_columns(
        month=sent.dt.truncate("1mo"), refused=refused.fill_null(False)
    ).sort("refused", "responded_at", "sent_at", "survey_id", descending=[False, True, True, True])
    answered = score.is_not_null()
    placed = known.with_columns(
        last=answered
        & ~pl.col("refused")
        & pl.struct("kind", "ticket_id", answered.alias("a")).is_first_distinct()
    )
    csat = pl.col("last") & (pl.col("kind") == "csat")
    nps = pl.col("last") & (pl.col("kind") == "nps")
    mature = sent <= moment - RESPONSE_WINDOW
    in_time = (came >= sent) & (came <= sent + RESPONSE_WINDOW)
    return placed.group_by(BY).agg(
        csat_n=csat.sum(),
        csat_n_success=(csat & ((score - low) * 5 >= (high - low) * 3)).sum(),
        nps_n=nps.sum(),
        nps_n_promoter=(nps & (score >= 9)).sum(),
        nps_n_detractor=(nps & (score <= 6)).sum(),
        response_rate_n=(mature & ~(came < sent).fill_null(False)).sum(),
        response_rate_n_success=(mature & in_time).sum(),
        response_rate_n_immature=(~mature).sum(),
    )
