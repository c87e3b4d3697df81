"""A roll-out in words: the question, sentences, figure, and the checks beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from supportlab.format import format_difference, format_interval, format_p
from supportlab.records import Check
from supportlab.studies.payments.starts import Start

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.stats.interval import Contrast
    from supportlab.stats.staggered import RollOut

__all__ = [
    "RollOutQuestion",
    "drawing",
    "naive_check",
    "pre_trend_check",
    "roll_out_alt",
    "roll_out_sentences",
    "start_check",
]


@dataclass(frozen=True)
class RollOutQuestion:
    """
    What was rolled out, in words and names.

    Parameters
    ----------
    name, title, finding_id, question : str
        Of the estimate and its findings.
    what : str
        What began, as it stands in a sentence.
    dose_words : str
        What share rose, as "prices in local currency".
    outcome_words : str
        What happens, as "are declined".
    group : mapping of str to str
        What tells this question from others of the same id.
    caveats : tuple of str
        What the reader has to know.
    """

    name: str
    title: str
    finding_id: str
    question: str
    what: str
    dose_words: str
    outcome_words: str
    group: Mapping[str, str]
    caveats: tuple[str, ...]

    def estimand(self, scope: str, *, is_per_user: bool) -> str:
        """Name the quantity."""
        first = (
            f"change in the share of first attempts that {self.outcome_words} when {self.what} "
            "begins, in the markets and months after it"
        )
        per = f", for each payment that it moved to {self.dose_words}" if is_per_user else ""
        return f"{first}{per}; {scope}"


def start_check(starts: Sequence[Start]) -> Check:
    """Name the months in which each market changed, and its shares before and after."""
    table = pd.DataFrame(
        [
            {
                "market": one.market,
                "month": one.month,
                "what": one.what,
                "before": one.before,
                "after": one.after,
            }
            for one in starts
        ]
    )
    names = ", ".join(f"{one.market} {one.month}" for one in starts)
    return Check("months in which markets changed", None, names, table)


def pre_trend_check(main: RollOut) -> tuple[Check, ...]:
    """Say whether markets moved apart before they changed, and what could have been seen."""
    found = main.pre_trend
    if found is None:
        detail = "too few months lie before the changes to tell"
        return (Check("markets move in parallel before they change", None, detail),)
    detail = (
        f"the last {len(found.leads)} months before, all together: {format_p(found.p_value)}; "
        f"their mean is {format_difference(found.mean.estimate, 'proportion')}, and one of "
        f"{100 * found.detectable:.1f} points would have been found four times in five"
    )
    return (Check("markets move in parallel before they change", found.p_value >= 0.05, detail),)


def drawing(title: str, main: RollOut) -> Callable[[Axes | None], Axes]:
    """Return what draws the change by months since it began."""

    def draw(ax: Axes | None) -> Axes:
        from supportlab.plots import dot_intervals

        leads = main.pre_trend.leads if main.pre_trend else ()
        shown = [*sorted(leads, key=lambda one: one.periods), *main.by_horizon]
        table = pd.DataFrame(
            {
                "month": [f"{one.periods:+d}" for one in shown],
                "estimate": [one.interval.estimate for one in shown],
                "ci_low": [one.interval.low for one in shown],
                "ci_high": [one.interval.high for one in shown],
                "n": [one.interval.n for one in shown],
            }
        )
        return dot_intervals(
            table,
            label="month",
            unit="proportion",
            ax=ax,
            title=f"{title}, by month since",
            counted="first attempts",
            reference=0.0,
            reference_label="no change",
            estimate_label="change with interval",
            is_difference=True,
        )

    return draw


def naive_check(main: RollOut) -> Check:
    """Set the two-way fixed-effects coefficient beside the estimate."""
    return Check(
        "the usual regression beside it",
        None,
        (
            f"two-way fixed effects give {format_difference(main.naive, 'proportion')}, "
            f"imputation {format_difference(main.interval.estimate, 'proportion')}; the former "
            "takes markets that changed early as controls of those that changed late"
        ),
    )


def roll_out_sentences(
    asked: RollOutQuestion,
    main: RollOut,
    dose: RollOut,
    scaled: Contrast | None,
    starts: Sequence[Start],
) -> tuple[str, ...]:
    """Say the change in one or two sentences."""
    found = main.interval
    interval = format_interval(
        found.estimate, found.low, found.high, "proportion", is_difference=True
    )
    words = [
        (
            f"In the {main.n_adopters} markets where {asked.what} began at a date of its own, the "
            f"share of first attempts that {asked.outcome_words} changed by {interval}, against "
            "what the markets without a change at that time would let expect."
        )
    ]
    if scaled is not None:
        interval = format_interval(
            scaled.estimate, scaled.low, scaled.high, "proportion", is_difference=True
        )
        words.append(
            f"It moved {100 * dose.interval.estimate:.0f} of 100 payments to {asked.dose_words}: "
            f"{interval} for each payment moved."
        )
    return tuple(words)


def roll_out_alt(asked: RollOutQuestion, main: RollOut) -> str:
    """Say the figure in words."""
    shown = main.by_horizon
    if not shown:
        return f"{asked.title}: no month after the change has enough markets to draw."
    first, last = shown[0], shown[-1]
    return (
        f"{asked.title}, by months since it began: from "
        f"{100 * first.interval.estimate:+.1f} points in month {first.periods} to "
        f"{100 * last.interval.estimate:+.1f} in month {last.periods}."
    )
