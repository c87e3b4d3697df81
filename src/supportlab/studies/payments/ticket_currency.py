"""Billing tickets after payments whose price stood in a foreign or in the local currency."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.format import format_interval
from supportlab.records import Definition
from supportlab.results import Estimate
from supportlab.studies.payments.contrasts import Comparison, contrast_findings, contrast_table
from supportlab.studies.payments.strata import strata_of, strata_words, within_strata
from supportlab.studies.payments.ticket_about import Asked, record_of, refuse_empty

if TYPE_CHECKING:
    from supportlab.desk import Desk
    from supportlab.metrics.payments.followed import FollowedCells

__all__ = ["tickets_by_currency"]


def tickets_by_currency(
    desk: Desk,
    *,
    categories: Sequence[str] | None = None,
    window_days: int | None = None,
    start: str | None = None,
    end: str | None = None,
) -> Estimate:
    """
    Compare billing tickets after payments shown in foreign and in local currency.

    Not an effect of the currency: who is shown which is not drawn by lot, and what failed is not
    held equal, since a foreign price may make the failure.

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
        One row a comparison at equal market, method and amount band: ``presentment``,
        ``versus``, ``estimate`` (difference per 1,000 checkouts), interval, ``plain``,
        ``p_adjusted``, ``verdict``; findings ``payment.tickets.currency.effect``.
    """
    asked = Asked(
        desk,
        "payment.tickets.currency.effect",
        "Do prices in a foreign currency bring billing tickets?",
        "checkouts followed by a billing ticket per 1,000, shown in foreign minus local currency",
        "payment-tickets-by-currency",
        "Billing tickets after payments in foreign and in local currency",
        start,
        end,
    )
    strata = strata_of(desk)
    options: dict[str, Any] = {"categories": categories, "window_days": window_days}
    try:
        family, definition = _by_currency(asked, strata, options)
    except NotEstimable as refusal:
        return asked.refused(str(refusal))
    table = contrast_table(family, "per_1000", scale=1000.0)
    caveats = (
        (
            f"At equal {strata_words(strata)} the customers may still differ; this is an "
            "association. Failed and paid checkouts are taken together, since a failure may be "
            "what the currency did."
        ),
    )
    return Estimate(
        asked.name,
        asked.title,
        table,
        findings=contrast_findings(family, table, asked.known(), caveats),
        sentences=tuple(_currency_sentence(row) for row in table.to_dict("records")),
        definitions=(definition,),
        caveats=caveats,
    )


def _by_currency(
    asked: Asked, strata: tuple[str, ...], options: dict[str, Any]
) -> tuple[list[Comparison], Definition]:
    from supportlab.metrics.payments.followed import followed_checkouts

    by = ("local_currency", "rate_shown", *strata)
    cells = followed_checkouts(asked.desk, by, start=asked.start, end=asked.end, **options)
    counts = cells.fetch()
    refuse_empty(counts)
    foreign = counts["local_currency"] == "foreign"
    arms = (
        ("foreign", "local", "local_currency", counts),
        ("rate shown", "rate not shown", "rate_shown", counts.loc[foreign]),
    )
    family = []
    for first, second, column, part in arms:
        versus = (first.removeprefix("rate "), second.removeprefix("rate "))
        group = {"presentment": first, "versus": second}
        if column == "rate_shown":
            group = {"presentment": f"foreign, {first}", "versus": f"foreign, {second}"}
        words = f"{group['presentment']} minus {group['versus']}, at equal {strata_words(strata)}"
        family.append(
            _currency_arm(cells, part, column, versus, (*strata,), group, asked.words(words))
        )
    return family, record_of(cells, counts)


def _currency_arm(
    cells: FollowedCells,
    part: pd.DataFrame,
    column: str,
    versus: tuple[str, str],
    strata: tuple[str, ...],
    group: dict[str, str],
    words: str,
) -> Comparison:
    frame = part.groupby([column, *strata], sort=True)[["n", "n_followed"]].sum().reset_index()
    full = part[list(cells.by)]

    def squares(scores: pd.DataFrame) -> tuple[float, int]:
        # The estimator's cells are coarser than the engine's: each of these takes its score.
        return cells.squares(full.merge(scores, on=[column, *strata], how="inner"))

    try:
        found = within_strata(frame, column, versus, "n_followed", squares)
    except NotEstimable as refusal:
        return Comparison(group, words, None, str(refusal))
    return Comparison(group, words, found)


def _currency_sentence(row: dict[Any, Any]) -> str:
    arms = f"{row['presentment']} against {row['versus']}"
    if pd.isna(row["estimate"]):
        return f"Billing tickets, {arms}: not estimable, {str(row['reason']).rstrip('.')}."
    ends = (row["estimate"], row["ci_low"], row["ci_high"])
    return (
        f"Checkouts followed by a billing ticket, {arms}: "
        f"{format_interval(*ends, 'per_1000', is_difference=True)} at equal market, method "
        "and amount."
    )
