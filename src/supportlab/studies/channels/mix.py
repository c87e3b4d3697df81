"""A change of FCR or CSAT between periods or markets, split into channel mix and within channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable, ParameterError
from supportlab.findings import Finding
from supportlab.format import format_difference, format_interval
from supportlab.metrics.dimensions import MISSING
from supportlab.metrics.options import one_of
from supportlab.results import Estimate
from supportlab.stats.mix import MixChange, mix_change
from supportlab.studies.channels.power import verdict_of
from supportlab.studies.channels.questions import STUDY
from supportlab.studies.common.refusals import as_of_text, refused_estimate
from supportlab.studies.common.scope import whole_words
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.desk import Desk
    from supportlab.records import Definition

__all__ = ["MixOutcome", "mix_by_market", "mix_contribution"]

MixOutcome = Literal["fcr", "csat"]
NAMES = {"fcr": "FCR", "csat": "CSAT of answers"}
PARTS = ("mix", "within", "total")
# A market with fewer rows has no shares of channels to speak of.
FEWEST_ROWS = 200


@dataclass(frozen=True)
class _Tables:
    """Rows and successes by cluster and channel, in two parts of the data."""

    channels: tuple[str, ...]
    n: tuple[np.ndarray, np.ndarray]
    hits: tuple[np.ndarray, np.ndarray]


def mix_contribution(
    desk: Desk,
    *,
    outcome: MixOutcome = "fcr",
    change_at: str | None = None,
    start: str | None = None,
    end: str | None = None,
) -> Estimate:
    """
    Split the change of a rate between two periods into channel mix and within channel.

    Not a cause: that a channel has grown may itself come of what happened within it.

    Parameters
    ----------
    desk : Desk
        The data; tickets with a channel.
    outcome : {"fcr", "csat"}
        Mature FCR, or CSAT of the answers as they are.
    change_at : str, optional
        ISO date, first day of the second period; the middle month when left out.
    start, end : str, optional
        ISO dates, end excluded.

    Returns
    -------
    Estimate
        One row a channel and one in all: ``before_share``, ``after_share``, ``before_rate``,
        ``after_rate``, ``mix``, ``within``. Findings ``channel.mix.contribution``: the two parts
        and the change, which they add up to exactly.

    Raises
    ------
    ParameterError
        The outcome is not known, or the date lies outside the period.
    """
    one_of("outcome", outcome, tuple(NAMES))
    name, title = f"channel-mix-{outcome}", f"Channel mix and {NAMES[outcome]}: change in time"
    try:
        frame, record = _counted(desk, outcome, "month", start, end)
        months = sorted(frame["month"].unique())
        if len(months) < 2:
            raise NotEstimable("all tickets that count are of one month")
        middle = _middle(change_at, months)
        tables = _tables(frame, frame["month"] < middle)
        found = mix_change(tables.n[0], tables.hits[0], tables.n[1], tables.hits[1])
    except NotEstimable as refusal:
        return _refused(desk, name, title, outcome, str(refusal), (start, end))
    parts = f"{months[0]} to before {middle}", f"{middle} to {months[-1]}"
    table = _table(found, tables)
    scope = f"{parts[1]} less {parts[0]}; {whole_words(desk.slice)}"
    findings = _findings(desk, found, outcome, scope, {}, (start, end))
    return Estimate(
        name, title, table, findings, _sentences(found, outcome, parts, table), (record,),
        caveats=_caveats(outcome), draw=_drawing(found, tables, title), alt=_alt(found, outcome),
    )  # fmt: skip


def mix_by_market(
    desk: Desk,
    *,
    outcome: MixOutcome = "fcr",
    start: str | None = None,
    end: str | None = None,
) -> Estimate:
    """
    Split each market's distance from all others into channel mix and within channel.

    Not a league table: within channel lies everything that sets markets apart but channels.

    Parameters
    ----------
    desk : Desk
        The data; tickets with channel and market.
    outcome : {"fcr", "csat"}
        Mature FCR, or CSAT of the answers as they are.
    start, end : str, optional
        ISO dates, end excluded.

    Returns
    -------
    Estimate
        One row a market: ``difference``, ``mix`` and ``within`` with intervals, ``p_adjusted``
        (Benjamini-Hochberg, of the mix), ``verdict``. Findings ``channel.mix.contribution``.

    Raises
    ------
    ParameterError
        The outcome is not known.
    """
    from supportlab.stats import adjust_p

    one_of("outcome", outcome, tuple(NAMES))
    name, title = f"channel-mix-markets-{outcome}", f"Channel mix and {NAMES[outcome]}: markets"
    found: dict[str, MixChange] = {}
    try:
        frame, record = _counted(desk, outcome, "market", start, end)
        frame = frame.loc[frame["market"] != MISSING]
        sizes = frame.groupby("market")["n"].sum()
        for market in sizes.index[sizes >= FEWEST_ROWS]:
            tables = _tables(frame, frame["market"] != market)
            found[str(market)] = mix_change(tables.n[0], tables.hits[0], tables.n[1],
                                            tables.hits[1])  # fmt: skip
        if len(found) < 2:
            raise NotEstimable(f"fewer than two markets have {FEWEST_ROWS} tickets that count")
    except NotEstimable as refusal:
        return _refused(desk, name, title, outcome, str(refusal), (start, end))
    table = pd.DataFrame([_market_row(market, one) for market, one in found.items()])
    table["p_adjusted"] = adjust_p(table["p_value"].tolist())
    table["verdict"] = [
        verdict_of(one.mix, p, "proportion", INTERVAL_LEVEL)
        for one, p in zip(found.values(), table["p_adjusted"], strict=True)
    ]
    findings = tuple(
        _market_finding(desk, outcome, market, one, row, (start, end))
        for (market, one), row in zip(found.items(), table.to_dict("records"), strict=True)
    )
    most = table.iloc[int(table["mix"].abs().to_numpy().argmax())]
    words = (
        f"Its channel mix moves {most['market']} most: by "
        f"{format_difference(most['mix'], 'proportion')} of its "
        f"{format_difference(most['difference'], 'proportion')} against all other markets."
    )
    order = table.sort_values(["mix", "market"], ignore_index=True)
    return Estimate(name, title, order, findings, (words,), (record,), caveats=_caveats(outcome))


def _counted(
    desk: Desk, outcome: str, by: str, start: str | None, end: str | None
) -> tuple[pd.DataFrame, Definition]:
    from supportlab import metrics

    metric = metrics.fcr if outcome == "fcr" else metrics.csat
    sums = metric(desk, ["channel", by], cluster="agent_id", start=start, end=end)
    frame = sums.fetch()
    record = sums.record(frame)
    frame = frame.loc[(frame["n"] > 0) & (frame["channel"] != MISSING)].reset_index(drop=True)
    if frame.empty:
        raise NotEstimable("no ticket that tells its channel counts")
    return frame, record


def _middle(change_at: str | None, months: list[str]) -> str:
    if change_at is None:
        return months[len(months) // 2]
    month = change_at[:7]
    if not months[0] < month <= months[-1]:
        raise ParameterError(
            f"change_at is {change_at!r}; it must lie after {months[0]} and not after "
            f"{months[-1]}, so that both periods have tickets."
        )
    return month


def _tables(frame: pd.DataFrame, is_first: pd.Series) -> _Tables:
    channels = tuple(sorted(frame["channel"].unique()))
    clusters = np.unique(frame["cluster"].to_numpy(dtype=str), return_inverse=True)[1]
    place = frame["channel"].map({name: number for number, name in enumerate(channels)})
    found: dict[str, list[np.ndarray]] = {"n": [], "n_success": []}
    for part in (is_first.to_numpy(), ~is_first.to_numpy()):
        for column, into in found.items():
            grid = np.zeros((int(clusters.max()) + 1, len(channels)))
            np.add.at(grid, (clusters[part], place.to_numpy()[part]),
                      frame[column].to_numpy(dtype=float)[part])  # fmt: skip
            into.append(grid)
    n, hits = found["n"], found["n_success"]
    return _Tables(channels, (n[0], n[1]), (hits[0], hits[1]))


def _table(found: MixChange, tables: _Tables) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "channel": tables.channels,
            "before_share": found.share_before,
            "after_share": found.share_after,
            "before_rate": found.rate_before,
            "after_rate": found.rate_after,
            "mix": found.mix_by_group,
            "within": found.within_by_group,
            "n": [int(a + b) for a, b in zip(*(one.sum(axis=0) for one in tables.n), strict=True)],
        }
    )
    whole = {
        "channel": "all channels",
        "before_share": 1.0,
        "after_share": 1.0,
        "before_rate": float(found.share_before @ found.rate_before),
        "after_rate": float(found.share_after @ found.rate_after),
        "mix": found.mix.estimate,
        "within": found.within.estimate,
        "n": int(table["n"].sum()),
    }
    return pd.concat([table, pd.DataFrame([whole])], ignore_index=True).assign(unit="proportion")


def _known(
    desk: Desk, outcome: str, scope: str, days: tuple[str | None, str | None]
) -> dict[str, Any]:
    return {
        "id": "channel.mix.contribution",
        "study": STUDY,
        "question": f"How much of a change in {NAMES[outcome]} is the mix of channels?",
        "estimand": f"part of the difference in {NAMES[outcome]}; {scope}",
        "unit": "proportion",
        "design": "descriptive",
        "as_of": as_of_text(desk),
        "start": days[0],
        "end": days[1],
    }


def _findings(
    desk: Desk,
    found: MixChange,
    outcome: str,
    scope: str,
    group: dict[str, str],
    days: tuple[str | None, str | None],
) -> tuple[Finding, ...]:
    from supportlab.stats import adjust_p

    known = _known(desk, outcome, scope, days)
    contrasts = {part: getattr(found, part) for part in PARTS}
    adjusted = adjust_p([one.p_value for one in contrasts.values()], "holm")
    return tuple(
        Finding(
            **known,
            group={"outcome": outcome, **group, "part": part},
            estimate=one.estimate, ci_low=one.low, ci_high=one.high, ci_level=one.level, n=one.n,
            n_clusters=one.n_clusters, method=one.method, p_value=one.p_value, p_adjusted=p,
            verdict=verdict_of(one, p, "proportion", one.level), caveats=_caveats(outcome),
        )
        for (part, one), p in zip(contrasts.items(), adjusted, strict=True)
    )  # fmt: skip


def _market_row(market: str, one: MixChange) -> dict[str, Any]:
    return {
        "market": market,
        "difference": one.total.estimate,
        "mix": one.mix.estimate,
        "mix_low": one.mix.low,
        "mix_high": one.mix.high,
        "within": one.within.estimate,
        "within_low": one.within.low,
        "within_high": one.within.high,
        "unit": "proportion",
        "n": one.mix.n,
        "n_clusters": one.mix.n_clusters,
        "p_value": one.mix.p_value,
    }


def _market_finding(
    desk: Desk,
    outcome: str,
    market: str,
    one: MixChange,
    row: dict[Any, Any],
    days: tuple[str | None, str | None],
) -> Finding:
    scope = f"market {market} less all others; {whole_words(desk.slice)}"
    return Finding(
        **_known(desk, outcome, scope, days),
        group={"outcome": outcome, "part": "mix", "market": market},
        estimate=one.mix.estimate, ci_low=one.mix.low, ci_high=one.mix.high,
        ci_level=one.mix.level, n=one.mix.n, n_clusters=one.mix.n_clusters, method=one.mix.method,
        p_value=one.mix.p_value, p_adjusted=row["p_adjusted"], verdict=row["verdict"],
        caveats=_caveats(outcome),
    )  # fmt: skip


def _sentences(
    found: MixChange, outcome: str, parts: tuple[str, str], table: pd.DataFrame
) -> tuple[str, ...]:
    whole = table.iloc[-1]
    change = format_difference(found.total.estimate, "proportion")
    pieces = [
        format_interval(one.estimate, one.low, one.high, "proportion", one.level,
                        is_difference=True)
        for one in (found.mix, found.within)
    ]  # fmt: skip
    grown = table.iloc[:-1].assign(step=lambda t: t["after_share"] - t["before_share"])
    most = grown.iloc[int(grown["step"].abs().to_numpy().argmax())]
    return (
        (
            f"{NAMES[outcome]} went from {100 * whole['before_rate']:.1f} % ({parts[0]}) to "
            f"{100 * whole['after_rate']:.1f} % ({parts[1]}), {change}: {pieces[0]} of it is that "
            f"channels have other shares, {pieces[1]} is change within channels."
        ),
        (
            f"The share of {most['channel']} moved most, "
            f"{format_difference(most['step'], 'proportion')}."
        ),
    )


def _caveats(outcome: str) -> tuple[str, ...]:
    words = (
        (
            "Mix is of channels alone: topics or markets that moved with them are counted as "
            "channel mix or as change within channels."
        ),
    )
    if outcome == "fcr":
        return words
    return (*words, "CSAT is of those who answered; response rates differ between channels.")


def _drawing(found: MixChange, tables: _Tables, title: str) -> Any:
    rows = [
        *(
            {"step": f"mix: {name}", "change": float(value)}
            for name, value in zip(tables.channels, found.mix_by_group, strict=True)
        ),
        *(
            {"step": f"within: {name}", "change": float(value)}
            for name, value in zip(tables.channels, found.within_by_group, strict=True)
        ),
    ]
    table = pd.DataFrame(rows)

    def draw(ax: Axes | None) -> Axes:
        from supportlab.plots.changes import change_steps

        return change_steps(table, ax=ax, title=title, total_label="change")

    return draw


def _alt(found: MixChange, outcome: str) -> str:
    return (
        f"Waterfall of the change in {NAMES[outcome]}: mix of channels "
        f"{format_difference(found.mix.estimate, 'proportion')}, within channels "
        f"{format_difference(found.within.estimate, 'proportion')}, in all "
        f"{format_difference(found.total.estimate, 'proportion')}."
    )


def _refused(
    desk: Desk, name: str, title: str, outcome: str, reason: str,
    days: tuple[str | None, str | None],
) -> Estimate:  # fmt: skip
    known = _known(desk, outcome, whole_words(desk.slice), days)
    finding = Finding.refused(reason=reason, group={"outcome": outcome}, **known)
    return refused_estimate(name, title, reason, (finding,))
