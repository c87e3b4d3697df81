"""Billing tickets in the days after failed payments, against those after paid ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.format import format_count, format_interval, format_value
from supportlab.results import Estimate
from supportlab.studies.payments.contrasts import Comparison, contrast_findings, contrast_table
from supportlab.studies.payments.shares import share_cell
from supportlab.studies.payments.strata import strata_of, strata_words, within_strata
from supportlab.studies.payments.ticket_about import Asked, record_of, refuse_empty
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.desk import Desk
    from supportlab.metrics.payments.followed import FollowedCells
    from supportlab.stats.interval import Contrast
    from supportlab.studies.common.cells import Cell

__all__ = ["tickets_after_failure"]

ANY_FAILURE = "any failure"
AT_ONCE = "paid at once"


def tickets_after_failure(
    desk: Desk,
    *,
    categories: Sequence[str] | None = None,
    window_days: int | None = None,
    start: str | None = None,
    end: str | None = None,
) -> Estimate:
    """
    Compare billing tickets in the days after a failed checkout with those after a paid one.

    Not an effect: who fails to pay may be one who writes more. The comparison of customers with
    themselves takes out what stays the same in them, not what changes with the failure.

    Parameters
    ----------
    desk : Desk
        The data; payments and tickets with customers.
    categories : sequence of str, optional
        What counts as billing; by default those named billing, payment, invoice, charge.
    window_days : int, optional
        Days after the first attempt; 7.
    start, end : str, optional
        ISO dates of the first attempt, end excluded.

    Returns
    -------
    Estimate
        One row a comparison with checkouts that were paid at once: ``fate``, ``versus``,
        ``compared`` (``same market`` or ``same customer``), ``estimate`` (difference per 1,000
        checkouts), interval, ``ratio`` with ``ratio_low`` and ``ratio_high``, ``p_adjusted``,
        ``verdict``; findings ``payment.tickets.failure.effect``.
    """
    from supportlab.metrics.payments.followed import followed_checkouts

    asked = Asked(
        desk,
        "payment.tickets.failure.effect",
        "Do failed payments bring billing tickets?",
        "checkouts followed by a billing ticket per 1,000, failed ones minus those paid at once",
        "payment-tickets-after-failure",
        "Billing tickets in the days after a failed payment",
        start,
        end,
    )
    strata = strata_of(desk, ("market",))
    options: dict[str, Any] = {"categories": categories, "window_days": window_days}
    try:
        cells = followed_checkouts(desk, strata, start=start, end=end, **options)
        counts = cells.fetch()
        refuse_empty(counts)
    except NotEstimable as refusal:
        return asked.refused(str(refusal))
    family, ratios = _after_failure(asked, cells, counts, strata)
    table = contrast_table(family, "per_1000", scale=1000.0)
    _insert_ratios(table, ratios)
    levels = _levels(cells, counts)
    days = cells.definition.options["window_days"]
    caveats = _failure_caveats(cells, days)
    return Estimate(
        asked.name,
        asked.title,
        table,
        findings=contrast_findings(family, table, asked.known(), caveats),
        sentences=_failure_sentences(levels, table, days),
        definitions=(record_of(cells, counts),),
        caveats=caveats,
        draw=lambda ax: _draw_levels(levels, asked.title, ax),
        alt=_levels_alt(levels),
    )


def _after_failure(
    asked: Asked, cells: FollowedCells, counts: pd.DataFrame, strata: tuple[str, ...]
) -> tuple[list[Comparison], list[Contrast | None]]:
    from supportlab.metrics.payments.followed import FATES

    family, ratios = [], []
    sets = {"not paid": FATES[2:], "paid after a failure": FATES[1:2], ANY_FAILURE: FATES[1:]}
    for name, fates in sets.items():
        item, ratio = _same_market(asked, cells, counts, strata, name, fates)
        family.append(item)
        ratios.append(ratio)
    item, ratio = _same_customer(asked, cells, ANY_FAILURE, FATES[1:])
    return [*family, item], [*ratios, ratio]


def _same_market(
    asked: Asked,
    cells: FollowedCells,
    counts: pd.DataFrame,
    strata: tuple[str, ...],
    name: str,
    fates: Sequence[str],
) -> tuple[Comparison, Contrast | None]:
    kept = counts.loc[counts["fate"].isin((*fates, AT_ONCE))]
    frame = kept.assign(fate=kept["fate"].where(kept["fate"] == AT_ONCE, name))
    frame = frame.groupby([*strata, "fate"], sort=True)[["n", "n_followed"]].sum().reset_index()

    def squares(scores: pd.DataFrame) -> tuple[float, int]:
        return cells.squares(_spread(scores, name, fates))

    where = f"same {strata_words(strata)}" if strata else "all"
    group = {"fate": name, "versus": AT_ONCE, "compared": where}
    words = asked.words(f"{name} minus {AT_ONCE}, {where}")
    found: list[Any] = []
    for is_ratio in (False, True):
        try:
            found.append(
                within_strata(
                    frame, "fate", (name, AT_ONCE), "n_followed", squares, is_ratio=is_ratio
                )
            )
        except NotEstimable as refusal:
            found.append(str(refusal))
    difference, ratio = found
    if isinstance(difference, str):
        return Comparison(group, words, None, difference), None
    item = Comparison(group, words, difference)
    return item, None if isinstance(ratio, str) else ratio.contrast


def _same_customer(
    asked: Asked, cells: FollowedCells, name: str, fates: Sequence[str]
) -> tuple[Comparison, Contrast | None]:
    from supportlab.stats.paired import paired_difference, paired_ratio

    group = {"fate": name, "versus": AT_ONCE, "compared": "same customer"}
    words = asked.words(f"{name} minus {AT_ONCE}, each customer against itself")
    pairs = cells.by_customer(fates, (AT_ONCE,))
    columns = [
        pairs[column].to_numpy(dtype=float)
        for column in (
            "n_first_followed",
            "n_first",
            "n_second_followed",
            "n_second",
            "n_clusters",
        )
    ]
    y1, n1, y0, n0, times = columns
    try:
        difference = paired_difference(y1, n1, y0, n0, times)
    except NotEstimable as refusal:
        return Comparison(group, words, None, str(refusal)), None
    try:
        return Comparison(group, words, difference), paired_ratio(y1, n1, y0, n0, times)
    except NotEstimable:
        return Comparison(group, words, difference), None


def _spread(scores: pd.DataFrame, name: str, fates: Sequence[str]) -> pd.DataFrame:
    """Give the score of a set of fates to each of them."""
    own = scores.loc[scores["fate"] == name]
    parts = [own.assign(fate=fate) for fate in fates]
    return pd.concat([scores.loc[scores["fate"] != name], *parts], ignore_index=True)


def _insert_ratios(table: pd.DataFrame, ratios: list[Contrast | None]) -> None:
    place = list(table.columns).index("plain")
    for name, field in (("ratio_high", "high"), ("ratio_low", "low"), ("ratio", "estimate")):
        column = [None if item is None else getattr(item, field) for item in ratios]
        table.insert(place, name, pd.Series(column, dtype="float64"))


def _levels(cells: FollowedCells, counts: pd.DataFrame) -> pd.DataFrame:
    """Return the plain share followed by a ticket, by fate, per 1,000."""
    from supportlab.metrics.payments.followed import FATES

    profiles = cells.profiles()
    rows = []
    for fate in FATES:
        cell: Cell = share_cell(
            profiles.loc[profiles["fate"] == fate], "n_followed", INTERVAL_LEVEL, is_clustered=True
        )
        found = cell.interval
        rows.append(
            {
                "fate": fate,
                "estimate": 1000.0 * found.estimate if found else None,
                "ci_low": 1000.0 * (found.low or 0.0) if found else None,
                "ci_high": 1000.0 * (found.high or 0.0) if found else None,
                "n": cell.n,
                "n_followed": int(counts.loc[counts["fate"] == fate, "n_followed"].sum()),
            }
        )
    table = pd.DataFrame(rows)
    for name in ("estimate", "ci_low", "ci_high"):
        table[name] = table[name].astype("float64")
    return table


def _failure_sentences(levels: pd.DataFrame, table: pd.DataFrame, days: object) -> tuple[str, ...]:
    words = [
        f"{format_value(row['estimate'], 'per_1000')} that were {row['fate']}"
        for row in levels.loc[levels["estimate"].notna()].to_dict("records")
    ]
    said = [f"Within {days} days a billing ticket of the same customer follows {', '.join(words)}."]
    for row in table.to_dict("records"):
        if row["fate"] != ANY_FAILURE or pd.isna(row["ratio"]):
            continue
        ends = (row["ratio"], row["ratio_low"], row["ratio_high"])
        said.append(
            f"After any failure it is {format_interval(*ends, 'odds_ratio')} times as many as "
            f"after a payment that went through at once, compared within the {row['compared']}."
        )
    total = int(levels["n_followed"].sum())
    failed = int(levels.loc[levels["fate"] != AT_ONCE, "n_followed"].sum())
    if total:
        said.append(
            f"{100 * failed / total:.0f} % of the {format_count(total)} checkouts that a ticket "
            "followed had a failure."
        )
    return tuple(said)


def _failure_caveats(cells: FollowedCells, days: object) -> tuple[str, ...]:
    return (
        f"Billing means the categories {', '.join(cells.categories)}; other names are an option.",
        (
            f"A ticket counts for every checkout of its customer in the {days} days before it, so "
            "that one ticket may stand behind two checkouts."
        ),
        (
            "A failure and a ticket may have one reason, as a change of card; compared within the "
            "same customer, what stays the same in a customer is held equal, and nothing else."
        ),
    )


def _draw_levels(levels: pd.DataFrame, title: str, ax: Axes | None) -> Axes:
    from supportlab import plots

    if levels["estimate"].isna().all():
        return plots.words_only(f"{title}: nothing can be estimated.", ax=ax)
    return plots.dot_intervals(
        levels, label="fate", unit="per_1000", ax=ax, title=title, counted="checkouts"
    )


def _levels_alt(levels: pd.DataFrame) -> str:
    from supportlab.plots import alt_dots

    if levels["estimate"].isna().all():
        return "No figure: nothing can be estimated."
    subject = "checkouts followed by a billing ticket per 1,000"
    return alt_dots(levels, label="fate", subject=subject, unit="per_1000", counted="checkouts")
