"""How strongly market and channel go together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.findings import Finding
from supportlab.records import Check
from supportlab.results import Estimate
from supportlab.stats.association import Association, CellMoments, cramers_v
from supportlab.stats.interval import FloatArray
from supportlab.studies.channels.questions import ROW_LABELS, STUDY
from supportlab.studies.common.refusals import as_of_text, refused_estimate
from supportlab.studies.common.scope import whole_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.desk import Desk
    from supportlab.vocabulary import Verdict

__all__ = ["market_association"]

TITLE = "Channels by market"
# Below this Cohen (1988) would not call an association with so many levels even small.
SMALL = 0.1


def market_association(desk: Desk, *, start: str | None = None, end: str | None = None) -> Estimate:
    """
    Measure how strongly the channel of a ticket goes with its market.

    Not what customers prefer: a channel that is not offered cannot be used.

    Parameters
    ----------
    desk : Desk
        The data; tickets with channel and market.
    start, end : str, optional
        ISO dates of creation, end excluded.

    Returns
    -------
    Estimate
        One row a market and channel: ``share`` of the market's tickets, ``overall_share``, ``n``.
        Finding ``channel.market.association``: Cramer's V, bias-corrected, 0 for none and 1 for
        one channel a market.
    """
    from supportlab.metrics.channels.crossed import crossed_counts
    from supportlab.metrics.channels.rows import channel_rows

    known = _known(desk, start, end)
    try:
        rows = channel_rows(desk, ROW_LABELS, start=start, end=end)
        if "market" not in rows.labels:
            raise NotEstimable("these data do not tell the market of a ticket")
        tables = crossed_counts(rows.table, "market", "channel")
        table, moments = _laid_out(tables)
        found = cramers_v(moments)
    except NotEstimable as refusal:
        finding = Finding.refused(reason=str(refusal), **known)
        return refused_estimate("channel-market", TITLE, str(refusal), (finding,))
    finding = _finding(found, known)
    far = table.assign(gap=(table["share"] - table["overall_share"]).abs())
    most = far.iloc[int(far["gap"].to_numpy().argmax())]
    words = (
        f"Market and channel go together with V {found.estimate:.2f} (95 % interval "
        f"{found.low:.2f} to {found.high:.2f}; 0 is not at all, 1 is one channel a market). "
        f"Furthest from the whole is {most['market']}: {100 * most['share']:.0f} % by "
        f"{most['channel']} against {100 * most['overall_share']:.0f} %."
    )
    detail = (
        f"the plain V is {found.plain:.3f}; a customer's tickets are alike, which inflates the "
        f"statistic {found.design_effect:.2f} times"
    )
    return Estimate(
        "channel-market",
        TITLE,
        table,
        (finding,),
        (words,),
        (rows.definition.with_counts(n=found.n),),
        checks=(Check("the naive figure", None, detail),),
        caveats=("Which channels a market is offered is in the figure as well.",),
        draw=lambda ax: _draw(table, ax),
        alt=_alt(table),
    )


def _laid_out(tables: dict[str, pd.DataFrame]) -> tuple[pd.DataFrame, CellMoments]:
    cells = tables["cells"]
    markets, channels = tables["rows"]["market"].tolist(), tables["columns"]["channel"].tolist()
    if not markets:
        raise NotEstimable("no ticket tells both its market and its channel")
    grids = [_grid(cells, markets, channels, name) for name in ("n", "squares", "products")]
    whole = tables["whole"].iloc[0]
    sides = {
        (side, name): tables[side][name].to_numpy(dtype=float)
        for side in ("rows", "columns")
        for name in ("squares", "products")
    }
    moments = CellMoments(
        counts=grids[0],
        squares=grids[1],
        products=grids[2],
        total_squares=float(whole["squares"]),
        n_clusters=int(whole["n_clusters"]),
        row_squares=sides["rows", "squares"],
        column_squares=sides["columns", "squares"],
        row_products=sides["rows", "products"],
        column_products=sides["columns", "products"],
    )
    counts = grids[0]
    share = counts / counts.sum(axis=1, keepdims=True)
    overall = counts.sum(axis=0) / counts.sum()
    rows = [
        {"market": market, "channel": channel, "share": share[i, j], "overall_share": overall[j],
         "n": int(counts[i, j])}
        for i, market in enumerate(markets)
        for j, channel in enumerate(channels)
    ]  # fmt: skip
    return pd.DataFrame(rows).assign(unit="proportion"), moments


def _grid(cells: pd.DataFrame, markets: list[str], channels: list[str], name: str) -> FloatArray:
    wide = cells.pivot_table(index="market", columns="channel", values=name, fill_value=0)
    found: FloatArray = wide.reindex(index=markets, columns=channels, fill_value=0).to_numpy(
        dtype=float
    )
    return np.nan_to_num(found)


def _known(desk: Desk, start: str | None, end: str | None) -> dict[str, Any]:
    return {
        "id": "channel.market.association",
        "study": STUDY,
        "question": "Does the use of channels differ between markets, and how much?",
        "estimand": (
            "Cramer's V of market and channel over tickets that customers raised, between 0 and 1; "
            f"{whole_words(desk.slice)}"
        ),
        "unit": "score",
        "design": "descriptive",
        "as_of": as_of_text(desk),
        "start": start,
        "end": end,
    }


def _finding(found: Association, known: dict[str, Any]) -> Finding:
    level = 0.95
    verdict: Verdict = "higher" if found.p_value < 1 - level else "inconclusive"
    if found.high < SMALL:
        verdict = "equivalent"
    return Finding(
        **known,
        estimate=found.estimate, ci_low=min(found.low, found.estimate),
        ci_high=max(found.high, found.estimate), ci_level=level, n=found.n,
        n_clusters=found.n_clusters, method="Cramer's V, bias-corrected, Rao-Scott by customer",
        p_value=found.p_value, p_adjusted=found.p_value, verdict=verdict,
        caveats=("Which channels a market is offered is in the figure as well.",),
    )  # fmt: skip


def _draw(table: pd.DataFrame, ax: Axes | None) -> Axes:
    from supportlab.plots.heat import heat_table

    return heat_table(
        table, row="market", column="channel", value="share", ax=ax, title=TITLE,
        bar_label="share of the market's tickets",
    )  # fmt: skip


def _alt(table: pd.DataFrame) -> str:
    first = table.loc[table.groupby("market", sort=False)["share"].idxmax()]
    parts = [f"{row['market']} {row['channel']} {100 * row['share']:.0f} %" for row in
             first.to_dict("records")]  # fmt: skip
    return f"Shaded table of channels by market; most used: {'; '.join(parts)}."
