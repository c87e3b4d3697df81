"""A comparison of two kinds of payments in words: the question, sentences, figure, caveats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from supportlab.format import format_difference, format_interval
from supportlab.studies.payments.arm_records import Arms
from supportlab.studies.payments.arms import COVARIATES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ArmQuestion", "arm_alt", "arm_caveats", "arm_drawing", "arm_sentences"]


@dataclass(frozen=True)
class ArmQuestion:
    """
    What is compared, in words and names.

    Parameters
    ----------
    name, title, finding_id, question : str
        Of the estimate and its findings.
    column : str
        Column of the arms.
    labels : tuple of str
        Label of the first arm and of the second.
    words : tuple of str
        The two arms as they stand in a sentence.
    outcome : str
        ``n_declined``, ``n_abandoned`` or ``n_failed``.
    outcome_words : str
        What happens, as "is declined".
    group : mapping of str to str
        What tells this question from others of the same id.
    caveats : tuple of str
        What the reader has to know beside what every adjusted figure needs.
    covariates : tuple of str
        What is held equal.
    only : tuple of str, optional
        Column and label that the payments must have.
    starts : mapping of str to str, optional
        Markets and their first month of the first arm, where the arms are before and after.
    """

    name: str
    title: str
    finding_id: str
    question: str
    column: str
    labels: tuple[str, str]
    words: tuple[str, str]
    outcome: str
    outcome_words: str
    group: Mapping[str, str] = field(default_factory=dict)
    caveats: tuple[str, ...] = ()
    covariates: tuple[str, ...] = COVARIATES
    only: tuple[str, str] | None = None
    starts: Mapping[str, str] | None = None

    @property
    def unit_words(self) -> str:
        """What is counted."""
        return "checkouts" if self.outcome == "n_failed" else "first attempts"

    def estimand(self, scope: str, *, is_pooled: bool) -> str:
        """Name the quantity."""
        held = ", ".join(name.replace("_", " ") for name in self.covariates)
        mean = "mean over markets of the " if is_pooled else ""
        return (
            f"{mean}difference in the share of {self.unit_words} that {self.outcome_words}, "
            f"{self.words[0]} less {self.words[1]}, at equal {held}; {scope}"
        )


def arm_caveats(asked: ArmQuestion) -> tuple[str, ...]:
    """Say what the reader has to know."""
    held = ", ".join(name.replace("_", " ") for name in asked.covariates)
    return (
        f"Payments are compared at equal {held}; what else sets them apart is not adjusted for.",
        *asked.caveats,
    )


def arm_sentences(asked: ArmQuestion, arms: Arms, table: pd.DataFrame) -> tuple[str, ...]:
    """Say the comparison in two or three sentences."""
    first, second = asked.words
    head = table.iloc[0]
    where = (
        f"Over {len(arms.estimated)} markets, "
        if arms.pooled is not None
        else f"In {arms.estimated[0].market}, "
    )
    if arms.pooled is None:
        head = table.loc[table["estimate"].notna()].iloc[0]
    interval = format_interval(
        head["estimate"], head["ci_low"], head["ci_high"], "proportion", is_difference=True
    )
    held = ", ".join(name.replace("_", " ") for name in asked.covariates)
    words = [
        (
            f"{where}{asked.unit_words} with {first} differ from those with {second} by "
            f"{interval} in the share that {asked.outcome_words}, at equal {held}."
        )
    ]
    if arms.naive is not None:
        words.append(
            f"The raw difference over all markets is "
            f"{format_difference(arms.naive, 'proportion')}; it also holds how the markets, "
            "amounts and customers of the two kinds differ."
        )
    if arms.refusals:
        names = ", ".join(one.market for one in arms.refusals)
        words.append(f"Not in the pool: {names}, where the two kinds cannot be compared.")
    return tuple(words)


def arm_drawing(asked: ArmQuestion, table: pd.DataFrame) -> Any:
    """Return what draws the markets with the pool on top."""

    def draw(ax: Axes | None) -> Axes:
        from supportlab.plots import dot_intervals

        return dot_intervals(
            table,
            label="market",
            unit="proportion",
            ax=ax,
            title=asked.title,
            counted=asked.unit_words,
            second="naive",
            reference=0.0,
            reference_label="no difference",
            estimate_label="adjusted difference with interval",
            second_label="raw difference",
            is_difference=True,
        )

    return draw


def arm_alt(asked: ArmQuestion, table: pd.DataFrame) -> str:
    """Say the figure in words."""
    from supportlab.plots.alt import alt_dots

    return alt_dots(
        table,
        label="market",
        subject=asked.title,
        unit="proportion",
        counted=asked.unit_words,
        is_difference=True,
    )
