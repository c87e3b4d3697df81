"""Sentences, caveats and figure of the hazard ratios of bad service."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from supportlab.format import format_count, format_interval, format_p

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.studies.churn.models import Exposures
    from supportlab.studies.churn.ratios import EffectRow

__all__ = [
    "effect_alt",
    "effect_caveats",
    "effect_drawing",
    "effect_sentences",
    "measure_caveats",
]

OF_MEASURE = {
    "csat_bad": (
        "A bad answer is compared with other answers; whoever did not answer tells nothing here.",
        (
            "A bad answer sums up much of the other service, which is held equal: this is what it "
            "says beyond that."
        ),
    ),
    "nps_detractor": ("Compared with others who answered; few are asked, and fewer answer.",),
    "ces_high": ("Compared with others who answered.",),
    "survey_silent": (
        "Silence is compared with answering, among those who were invited long enough ago.",
    ),
    "unresolved": (
        (
            "Tickets that are still open can be open because the customer is leaving: the arrow "
            "may point the other way."
        ),
    ),
    "contacts": ("The ratio is for each further ticket, three and more counted as three.",),
    "payment_declined": (
        (
            "Customers who are about to stop paying have payments declined: part of this ratio may "
            "run the other way."
        ),
    ),
}


def effect_sentences(table: pd.DataFrame, months: Exposures) -> tuple[str, ...]:
    """Say in a few sentences what the ratios show."""
    known = table.loc[table["estimate"].notna() & table["p_value"].notna()]
    if known.empty:
        return ("No hazard ratio can be estimated; the table says why.",)
    raised = known.loc[known["verdict"] == "higher"].sort_values("estimate", ascending=False)
    n, events = (format_count(known[name].max()) for name in ("n", "n_events"))
    head = f"In {n} customer-months in which {events} customers left{_kind(months)}, "
    if raised.empty:
        return (
            (
                f"{head}no measure of bad service is shown to go with leaving more often, "
                f"adjusted for {len(known)} looks."
            ),
            *_open(known),
        )
    top = raised.iloc[0]
    words = [
        (
            f"{head}{len(raised)} of {len(known)} measures go with leaving more often at equal "
            "customers and other service. The strongest: in a month after "
            f"{top['title']}, customers leave {_ratio(top)} times as often "
            f"({format_p(top['p_adjusted'])} adjusted)."
        )
    ]
    if len(raised) > 1:
        rest = [f"{row['title']} {row['estimate']:.2f}" for _, row in raised.iloc[1:].iterrows()]
        words.append(f"Then come {', '.join(rest)}.")
    return (*words, *_open(known))


def _open(known: pd.DataFrame) -> tuple[str, ...]:
    words = {
        "lower": "goes with leaving less often",
        "equivalent": "no difference beyond 5 %",
        "no_difference_shown": "no difference is shown, which is not the same as none",
        "inconclusive": "not shown either way; the interval still holds a ratio of 1.5 or more",
    }
    found = []
    for verdict, said in words.items():
        names = [str(title) for title in known.loc[known["verdict"] == verdict, "title"]]
        if names:
            listed = ", ".join(names)
            found.append(f"{listed[0].upper()}{listed[1:]}: {said}.")
    return tuple(found)


def _ratio(row: pd.Series) -> str:
    ends = (row["estimate"], row["ci_low"], row["ci_high"])
    return format_interval(*ends, "hazard_ratio", float(row["ci_level"]))


def _kind(months: Exposures) -> str:
    return " of their own accord" if months.outcome == "voluntary" else ""


def effect_caveats(months: Exposures, rows: Sequence[EffectRow] = ()) -> tuple[str, ...]:
    """Say what the reader has to know about the ratios."""
    words = [
        (
            "An adjusted association: customers who got bad service may differ in what these data "
            "do not tell. The E-value says how strong such a difference would have to be."
        ),
        (
            "Ratios are of the chance to leave in the month among those still there, not of the "
            "number who are lost in the end."
        ),
    ]
    if months.outcome == "voluntary":
        words.append(
            "Leaving by failed payment ends the time at risk and is not counted; how somebody "
            "left who came back is not recorded, and counts as of own accord."
        )
    if months.share < 1.0:
        words.append(
            f"From {format_count(months.n_customers)} customers, {100 * months.share:.3g} % of "
            "all, drawn evenly along their ids."
        )
    unknown = [row.title for row in rows if row.ratio is None and row.counts["n"] is not None]
    if unknown:
        words.append(f"Not held equal for the others, for want of events: {', '.join(unknown)}.")
    return tuple(words)


def measure_caveats(measure: str) -> tuple[str, ...]:
    """Say what the reader has to know about one measure."""
    return OF_MEASURE.get(measure, ())


def effect_drawing(table: pd.DataFrame, title: str) -> Callable[[Axes | None], Axes]:
    """Return what draws the ratios, adjusted and not."""

    def draw(ax: Axes | None) -> Axes:
        from supportlab.plots.forest import forest_plot

        return forest_plot(
            table,
            label="title",
            title=title,
            second="unadjusted",
            estimate_label="at equal customers and other service",
            ax=ax,
        )

    return draw


def effect_alt(table: pd.DataFrame) -> str:
    """Say the figure in words."""
    from supportlab.plots.forest import alt_forest

    return alt_forest(table, label="title", subject="adjusted hazard ratios of leaving")
