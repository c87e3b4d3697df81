"""Who may leave next, for retention work: foretold chances with their lift and their error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable, ParameterError
from supportlab.metrics.customers.signals import with_signals
from supportlab.results import Estimate
from supportlab.studies.churn.risk_words import (
    Judged,
    draw_risk,
    risk_alt,
    risk_caveats,
    risk_checks,
    risk_sentences,
)
from supportlab.studies.churn.signal_frame import SignalFrame, Split, signal_frame, texts
from supportlab.studies.churn.signal_scores import Together, together
from supportlab.studies.common.refusals import refused_estimate
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["risk_list"]

TITLE = "Who may leave next, for retention work"
# Upper ends of the groups, as shares of the customers from the highest chance down.
GROUPS = (0.05, 0.10, 0.20, 0.50, 1.0)
# A list of names longer than this is a copy of the customer file.
MOST_NAMED = 1_000


def risk_list(
    desk: Desk,
    *,
    horizon_months: int = 1,
    show_ids: bool = False,
    most_rows: int = 100,
    start: str | None = None,
    end: str | None = None,
    window_days: int = 90,
    level: float = INTERVAL_LEVEL,
) -> Estimate:
    """
    Foretell who may leave next, in groups of risk, with the lift and error of such lists before.

    Not a reason to leave and not what would keep anybody: it says whom to look at first. Customers
    are not named unless that is asked for.

    Parameters
    ----------
    desk : Desk
        The data.
    horizon_months : int
        Months ahead within which leaving counts.
    show_ids : bool
        Give the ids of the customers at highest risk instead of the groups. Ids are keys to
        personal data and go where the report goes; off by default, and never in findings.
    most_rows : int
        How many ids, up to 1,000.
    start, end : str, optional
        ISO dates between which months begin that are learned from.
    window_days : int
        Days before a month whose signals count.
    level : float
        Level of the intervals.

    Returns
    -------
    Estimate
        One row a group of risk: ``risk_group``, ``least_foretold_rate``, ``n_now`` (customers of
        the latest month), ``expected_leavers_now``, and of the months that the list was judged on
        ``foretold_rate``, ``observed_rate`` with its limits ``observed_low_rate`` and
        ``observed_high_rate``, ``n``. With
        `show_ids`: ``place``, ``customer_id``, ``chance``. Checks for the slope and the error of
        calibration and the lift. No findings.

    Raises
    ------
    ParameterError
        An option is out of range.

    Notes
    -----
    Logistic regression of leaving on all signals and on tenure, plan, segment, market, value,
    usage, bad tickets and declined payments, where known, shrunk for the number of coefficients;
    fitted on earlier months, judged on later ones (see
    `supportlab.studies.churn.signals.signal_rank`), then applied to the latest month as it is.
    """
    if not 1 <= most_rows <= MOST_NAMED:
        raise ParameterError(f"most_rows came as {most_rows!r}; give 1 to {MOST_NAMED}.")
    if not 1 <= horizon_months <= 60:
        raise ParameterError(f"horizon_months came as {horizon_months!r}; give 1 to 60.")
    try:
        frame = signal_frame(desk, start=start, end=end, window_days=window_days)
        split = frame.split(horizon_months)
        key = f"risk model {horizon_months} {start} {end} {window_days}"
        model = desk.once(key, lambda: together(split.early, _columns(frame)))
        judged = _judged(split, model, level)
        now = desk.once(f"customers now {window_days}", lambda: _now(desk, frame, window_days))
    except NotEstimable as refusal:
        return refused_estimate("risk-list", TITLE, str(refusal))
    cells = now.cells.assign(chance=model.chance(now.cells))
    groups = _groups(judged, cells, level)
    table = _named(now, cells, most_rows) if show_ids else groups
    return Estimate(
        "risk-list",
        TITLE,
        table,
        sentences=risk_sentences(judged, groups, horizon_months, level),
        definitions=(frame.definition,),
        checks=risk_checks(judged, level),
        caveats=(*risk_caveats(frame, split, show_ids=show_ids),),
        draw=lambda ax: draw_risk(judged, level, ax),
        alt=risk_alt(judged),
    )


def _columns(frame: SignalFrame) -> tuple[str, ...]:
    return (*frame.base, *frame.more, *frame.signals)


def _judged(split: Split, model: Together, level: float) -> Judged:
    from supportlab.stats.calibration import calibration
    from supportlab.stats.discrimination import clustered_auc
    from supportlab.stats.lift import lift

    late = split.late
    chance = model.chance(late)
    given = (np.ones(len(late)), late["left"].to_numpy(), late["customer"].to_numpy())
    lifts = {share: lift(chance, *given, share=share, level=level) for share in (0.05, 0.1, 0.2)}
    held = calibration(chance, *given, level)
    return Judged(late, chance, held, lifts, clustered_auc(chance, *given, level))


@dataclass(frozen=True)
class _Now:
    """The customers of the latest month: cells of what is known, and the rows in the engine."""

    cells: pd.DataFrame
    rows: Any
    columns: tuple[str, ...]


def _now(desk: Desk, frame: SignalFrame, window_days: int) -> _Now:
    from supportlab.metrics.customers.panel import customer_panel

    panel = customer_panel(desk, window_days=window_days).table
    latest = panel.month_start.max().execute()
    if latest is None or pd.isna(latest):
        raise NotEstimable("no customer is there in the latest month")
    from supportlab.metrics.periods import moments

    rows = panel.filter(panel.month_start == moments(pd.Timestamp(latest).to_pydatetime()))
    known = texts(rows, (*frame.base, *frame.more))
    chosen = desk.keep(rows.select("customer_id", "month_start", **known))
    found = with_signals(desk, chosen, window_days=window_days)
    columns = _columns(frame)
    table = desk.keep(found.table)
    counted = table.group_by(list(columns)).aggregate(n=table.count().cast("int64"))
    cells = counted.execute().sort_values(list(columns), kind="stable", ignore_index=True)
    return _Now(cells, table, columns)


def _groups(judged: Judged, cells: pd.DataFrame, level: float) -> pd.DataFrame:
    """Cut at quantiles of the chances of the judged months; apply the cuts to the latest month."""
    ranked = np.sort(judged.chance)[::-1]
    cuts = [float(ranked[min(len(ranked) - 1, int(share * len(ranked)))]) for share in GROUPS[:-1]]
    cuts.append(0.0)
    rows, above = [], float("inf")
    for share, before, cut in zip(GROUPS, (0.0, *GROUPS[:-1]), cuts, strict=True):
        past = (judged.chance >= cut) & (judged.chance < above)
        now = cells[(cells["chance"] >= cut) & (cells["chance"] < above)]
        if past.any():
            rows.append(_group(judged, past, now, (before, share), cut, level))
        above = min(above, cut)
    return pd.DataFrame(rows)


def _group(
    judged: Judged,
    past: np.ndarray,
    now: pd.DataFrame,
    shares: tuple[float, float],
    cut: float,
    level: float,
) -> dict[str, Any]:
    from supportlab.stats import clustered_proportion

    before, share = shares
    sums = judged.late[past].groupby("customer")["left"].agg(["sum", "count"])
    observed = clustered_proportion(sums["sum"], sums["count"], level)
    words = f"highest {share:.0%}" if before == 0 else f"{before:.0%} to {share:.0%}"
    return {
        "risk_group": words,
        "least_foretold_rate": cut,
        "n_now": int(now["n"].sum()),
        "expected_leavers_now": float((now["n"] * now["chance"]).sum()),
        "foretold_rate": float(judged.chance[past].mean()),
        "observed_rate": observed.estimate,
        "observed_low_rate": observed.low,
        "observed_high_rate": observed.high,
        "n": int(past.sum()),
    }


def _named(now: _Now, cells: pd.DataFrame, most_rows: int) -> pd.DataFrame:
    """Return the ids at highest risk: only the cells that are needed are looked up."""
    import ibis

    highest = cells.sort_values(
        ["chance", *now.columns], ascending=[False] + [True] * len(now.columns)
    )
    enough = highest[(highest["n"].cumsum() - highest["n"]) < most_rows]
    chosen = ibis.memtable(
        enough[list(now.columns)].assign(chance_place=np.arange(len(enough), dtype=np.int64))
    )
    same = [now.rows[name] == chosen[name] for name in now.columns]
    joined = now.rows.inner_join(chosen, same)
    found = joined.select("customer_id", "chance_place").execute()
    found = found.sort_values(["chance_place", "customer_id"], ignore_index=True).head(most_rows)
    chances = enough["chance"].to_numpy()[found["chance_place"].to_numpy()]
    places = np.arange(1, len(found) + 1)
    return pd.DataFrame({"place": places, "customer_id": found["customer_id"], "chance": chances})
