"""The change of a rate by market in words and as a figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from supportlab.format import format_difference, format_month
from supportlab.studies.payments.market_words import capital, names_listed
from supportlab.studies.payments.measures import PAYMENT_MEASURES

if TYPE_CHECKING:
    from matplotlib.axes import Axes


__all__ = ["Periods", "alt_changes", "change_sentences", "draw_changes"]


@dataclass(frozen=True)
class Periods:
    """
    Two periods of whole months.

    Parameters
    ----------
    later, earlier : tuple of str
        Months as "2026-04", in order.
    """

    later: tuple[str, ...]
    earlier: tuple[str, ...]

    def words(self) -> str:
        """Return both periods as "Apr 2026 to Jun 2026 against Jan 2026 to Mar 2026"."""
        later, earlier = (_span(months) for months in (self.later, self.earlier))
        return f"{later} against {earlier}"


def change_sentences(rate: str, table: pd.DataFrame, periods: Periods) -> tuple[str, ...]:
    """Say which markets changed, and what would have been called so without correction."""
    subject = PAYMENT_MEASURES[rate].subject
    shown = table.loc[table["verdict"].isin(["higher", "lower"])]
    naive = int((table["p_value"] < 0.05).sum())
    known = int(table["estimate"].notna().sum())
    first = f"{capital(subject)}, {periods.words()}: "
    if shown.empty:
        first += f"no change of any of {known} markets stands out from chance."
    else:
        words = [
            f"{row['market']} {format_difference(row['estimate'], 'proportion')}"
            for row in shown.to_dict("records")
        ]
        first += f"{names_listed(words)}, corrected for {known} markets."
    second = f"Without the correction {naive} would have been called changed."
    return first, second


def draw_changes(table: pd.DataFrame, title: str, counted: str, ax: Axes | None) -> Axes:
    """Draw the changes with their intervals, the largest rise on top."""
    from supportlab import plots

    known = table["estimate"].notna()
    if not known.any():
        return plots.words_only(f"{title}: no market can be compared.", ax=ax)
    shown = pd.concat([table.loc[known].sort_values("estimate", ascending=False, kind="stable"),
                       table.loc[~known]])  # fmt: skip
    return plots.dot_intervals(
        shown,
        label="market",
        unit="proportion",
        ax=ax,
        title=title,
        counted=counted,
        reference=0.0,
        reference_label="no change",
        estimate_label="change with interval",
        is_difference=True,
    )


def alt_changes(table: pd.DataFrame, rate: str) -> str:
    """Say the figure in words."""
    from supportlab.plots import alt_dots

    known = table.loc[table["estimate"].notna()]
    return alt_dots(
        known.sort_values("estimate", ascending=False, kind="stable"),
        label="market",
        subject=f"the change of {PAYMENT_MEASURES[rate].subject}",
        unit="proportion",
        counted=PAYMENT_MEASURES[rate].counted,
        is_difference=True,
    )


def _span(months: Sequence[str]) -> str:
    if len(months) == 1:
        return format_month(months[0])
    return f"{format_month(months[0])} to {format_month(months[-1])}"
