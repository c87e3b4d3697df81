"""How much of what a market's customers prefer to pay with they were not offered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.findings import Finding
from supportlab.format import format_value
from supportlab.metrics.dimensions import MISSING
from supportlab.results import Estimate
from supportlab.studies.common.refusals import as_of_text, refused_estimate
from supportlab.studies.common.scope import scope_words, whole_words
from supportlab.studies.payments.measures import STUDY
from supportlab.studies.payments.method_preferences import (
    brand_preferences,
    checked_preferences,
    is_offered,
)
from supportlab.studies.payments.methods import brand_cells
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.desk import Desk

__all__ = ["method_gap"]

TITLE = "Preferred methods not offered"
ESTIMAND = "share of first attempts whose customers prefer a method that was not offered then"


def method_gap(
    desk: Desk,
    *,
    preferences: Mapping[str, Mapping[str, float]] | None = None,
    source: str = "",
    start: str | None = None,
    end: str | None = None,
) -> Estimate:
    """
    Estimate the share of payments whose customers prefer a method that was not offered then.

    Not of methods that a market was never offered, unless ``preferences`` tells how many want them:
    from payments alone nobody's wish for what is not there can be seen.

    Parameters
    ----------
    desk : Desk
        The data; payments with ``method_brand``, and ``method_offers``.
    preferences : mapping of str to mapping of str to float, optional
        Market to brand to share of its customers, from elsewhere; needs ``source``. It goes before
        what use tells.
    source : str
        Where ``preferences`` are from, as a reader could look it up.
    start, end : str, optional
        ISO dates of the first attempt, end excluded.

    Returns
    -------
    Estimate
        One row a market: ``estimate`` (share of first attempts at a time when the preferred method
        was not offered), its interval (of use; none for preferences from elsewhere), ``brands``,
        ``gap_now_share`` (at the end of the period), ``n``. Findings ``payment.method.gap``.

    Raises
    ------
    ParameterError
        ``preferences`` without ``source``, or shares outside 0 and 1.

    Notes
    -----
    Preference for a brand is its share of the payments while it is offered; the gap is the sum over
    brands of preference times the share of payments when the brand is not. Clustered by customer.
    """
    told = checked_preferences(preferences, source)
    try:
        cells = brand_cells(desk, start, end)
        frame = cells.fetch()
        frame = frame.loc[(frame["market"] != MISSING) & (frame["n"] > 0)]
        if frame.empty:
            raise NotEstimable("there is no payment with a market to count")
        brands = brand_preferences(desk, frame, told)
    except NotEstimable as refusal:
        estimand = f"{ESTIMAND}, by market; {whole_words(desk.slice)}"
        refused = Finding.refused(
            reason=str(refusal),
            estimand=estimand,
            group={"by": "market"},
            **_known(desk, start, end),
        )
        return refused_estimate("method-gap", TITLE, str(refusal), (refused,))
    squares = cells.score_squares(
        _scores(frame, brands, list(cells.by)), outcome="n_success", per_by="market"
    )
    table = _table(frame, brands, squares)
    return Estimate(
        name="method-gap",
        title=TITLE,
        table=table,
        findings=_findings(desk, table, source, start, end),
        sentences=_sentences(table, source),
        definitions=(cells.record(),),
        caveats=_caveats(source),
        draw=_drawing(table),
        alt=_alt(table),
    )


def _scores(frame: pd.DataFrame, brands: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return each payment's influence on its market's gap: what it tells of the preferences."""
    score = np.zeros(len(frame))
    for row in brands.loc[~brands["is_told"] & (brands["share_without"] > 0)].to_dict("records"):
        own = (frame["market"] == row["market"]) & is_offered(frame["month"], row)
        n = float(frame.loc[frame["market"] == row["market"], "n"].sum())
        hit = (frame["method_brand"] == row["brand"]).to_numpy(float)
        # Times all payments of the market, so that scores are of the order of 1.
        scale = row["share_without"] * n / row["n_offered"]
        score += own.to_numpy(float) * scale * (hit - row["preference"])
    return frame[by].assign(a_gap=score, b_gap=0.0)


def _table(frame: pd.DataFrame, brands: pd.DataFrame, squares: pd.DataFrame) -> pd.DataFrame:
    from supportlab.stats.interval import t_quantile

    by_market = squares.set_index("market")
    rows = []
    for market, own in brands.groupby("market", sort=True):
        n = int(frame.loc[frame["market"] == market, "n"].sum())
        gap = float((own["preference"] * own["share_without"]).sum())
        now = float(own.loc[~own["is_offered_now"], "preference"].sum())
        clusters = int(by_market["n_clusters"].astype(int).loc[market])
        square = float(by_market["sum_of_squares"].astype(float).loc[market])
        error = float(np.sqrt(square * clusters / max(1, clusters - 1))) / n
        half = t_quantile(INTERVAL_LEVEL, float(max(1, clusters - 1))) * error
        missing = own.loc[own["share_without"] > 0].sort_values("preference", ascending=False)
        rows.append(
            {
                "market": market,
                "estimate": gap,
                "ci_low": max(0.0, gap - half),
                "ci_high": min(1.0, gap + half),
                "unit": "proportion",
                "gap_now_share": now,
                "brands": ", ".join(
                    f"{row['brand']} ({100 * row['preference']:.0f} %)"
                    for row in missing.to_dict("records")
                ),
                "n": n,
                "n_clusters": clusters,
            }
        )
    table = pd.DataFrame(rows)
    order = np.lexsort((table["market"].to_numpy(str), -table["estimate"].to_numpy()))
    return table.iloc[order].reset_index(drop=True)


def _caveats(source: str) -> tuple[str, ...]:
    words = (
        "Preference is read from use: who would like a method that was never offered is not seen.",
        "Months in which an offer begins count as without it.",
    )
    return (*words, f"Preferences from elsewhere: {source}.") if source else words


def _known(desk: Desk, start: str | None, end: str | None) -> dict[str, Any]:
    return {
        "id": "payment.method.gap",
        "study": STUDY,
        "question": "How much of what customers prefer to pay with were they not offered?",
        "unit": "proportion",
        "as_of": as_of_text(desk),
        "start": start,
        "end": end,
    }


def _findings(
    desk: Desk, table: pd.DataFrame, source: str, start: str | None, end: str | None
) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            **_known(desk, start, end),
            estimand=f"{ESTIMAND}; {scope_words({'market': row['market']}, desk.slice)}",
            group={"market": row["market"]},
            estimate=float(row["estimate"]),
            ci_low=float(row["ci_low"]),
            ci_high=float(row["ci_high"]),
            ci_level=INTERVAL_LEVEL,
            n=int(row["n"]),
            n_clusters=int(row["n_clusters"]),
            method="preference by use times payments without the offer, clustered by customer",
            caveats=_caveats(source),
        )
        for row in table.to_dict("records")
    )


def _sentences(table: pd.DataFrame, source: str) -> tuple[str, ...]:
    top = table.iloc[0]
    words = [
        (
            f"The widest gap is in {top['market']}: "
            f"{format_value(top['estimate'], 'proportion')} of its first attempts fell in a time "
            f"without the method that their customers prefer ({top['brands'] or 'none'})."
        )
    ]
    now = table.loc[table["gap_now_share"] > 0, "market"].tolist()
    if now:
        words.append(f"Not offered at the end of the period: {', '.join(now)}.")
    elif not source:
        words.append("At the end of the period every brand whose use is known is offered.")
    return tuple(words)


def _drawing(table: pd.DataFrame) -> Any:
    def draw(ax: Axes | None) -> Axes:
        from supportlab.plots import dot_intervals

        return dot_intervals(
            table, label="market", unit="proportion", ax=ax, title=TITLE, counted="first attempts"
        )

    return draw


def _alt(table: pd.DataFrame) -> str:
    from supportlab.plots.alt import alt_dots

    return alt_dots(
        table, label="market", subject=TITLE, unit="proportion", counted="first attempts"
    )
