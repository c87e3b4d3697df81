"""Sentences, caveats and the figure for signals of churn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from supportlab.format import format_count, format_interval, format_month, format_value
from supportlab.studies.common.scope import whole_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.desk import Desk
    from supportlab.studies.churn.signal_frame import SignalFrame, Split

__all__ = [
    "NAMES",
    "draw_differences",
    "draw_ranking",
    "frame_caveats",
    "rank_sentences",
    "ranking_alt",
    "scope_of",
]

NAMES = {
    "csat": "CSAT",
    "nps": "NPS",
    "ces": "CES",
    "fcr": "FCR",
    "first_response": "first response",
    "silence": "silence",
}


def scope_of(desk: Desk) -> str:
    """Return the words for which customers are meant."""
    return whole_words(desk.slice)


def frame_caveats(frame: SignalFrame, split: Split) -> tuple[str, ...]:
    """Say what every figure of the signals rests on."""
    first, last = split.months()[2:]
    words = [
        (
            f"Judged on the months {format_month(first)} to {format_month(last)}: in other months, "
            "or once the desk acts on the signal, it may foretell more or less."
        ),
        (
            "A customer without an answer has a level too (silent, or not asked), so a signal is "
            "judged with its silence; among those who answered the figures differ."
        ),
        "To foretell is not to cause.",
    ]
    if frame.n_drawn < frame.n_customers:
        words.append(
            f"A seeded sample of {format_count(frame.n_drawn)} of "
            f"{format_count(frame.n_customers)} customers was used."
        )
    return tuple(words)


def rank_sentences(table: pd.DataFrame, split: Split, level: float) -> tuple[str, ...]:
    """Say which signal is best as far as shown, and what it adds to tenure and plan."""
    known = table[table["estimate"].notna()]
    if known.empty:
        return ("No signal can be judged; the table says why.",)
    best = known.iloc[0]
    area = format_interval(best["estimate"], best["ci_low"], best["ci_high"], "proportion", level)
    first = (
        f"{_capital(NAMES[best['signal']])} parts those who leave from those who stay best: a "
        f"leaver is ranked above a stayer in {area} of pairs, where 50 % is guessing."
    )
    tied = known[(known["best_rank"] == 1)]["signal"]
    if not (known["verdict"] == "higher").any():
        first = (
            "No signal is shown to foretell leaving better than guessing: the best, "
            f"{NAMES[best['signal']]}, ranks a leaver above a stayer in {area} of pairs."
        )
    elif len(tied) > 1:
        others = ", ".join(NAMES[name] for name in tied if name != best["signal"])
        first += f" Not shown to be worse: {others}."
    return (first, _gain_words(known, level))


def _gain_words(known: pd.DataFrame, level: float) -> str:
    gains = known[known["gain_verdict"] == "higher"]
    base = known["auc_base"].dropna()
    if base.empty:
        return "What the signals add to tenure and plan cannot be given."
    pairs = format_value(float(base.iloc[0]), "proportion")
    start = f"Tenure and plan alone order {pairs} of pairs rightly"
    if gains.empty:
        return f"{start}; no signal is shown to add to them."
    row = gains.sort_values("gain", ascending=False).iloc[0]
    gain = format_interval(
        row["gain"],
        row["gain_low"],
        row["gain_high"],
        "proportion",
        level,
        is_difference=True,
    )
    return f"{start}; {NAMES[row['signal']]} adds most to them: {gain}."


def draw_ranking(table: pd.DataFrame, title: str, ax: Axes | None) -> Axes:
    """Draw the areas with their intervals, guessing drawn across."""
    from supportlab.plots import dot_intervals

    shown = table.assign(name=[NAMES[name] for name in table["signal"]], n=table["n"].fillna(0))
    axes = dot_intervals(
        shown, label="name", unit="score", ax=ax, title=title, counted="customer-months",
        reference=0.5, reference_label="guessing", estimate_label="signal alone, with interval",
    )  # fmt: skip
    axes.set_xlabel("area under the ROC curve")
    return axes


def draw_differences(table: pd.DataFrame, n: int, title: str, ax: Axes | None) -> Axes:
    """Draw the differences of every two signals, no difference drawn across."""
    from supportlab.plots import dot_intervals

    words = [
        f"{NAMES[first]} less {NAMES[second]}"
        for first, second in zip(table["first"], table["second"], strict=True)
    ]
    return dot_intervals(
        table.assign(pair=words, n=n), label="pair", unit="score", ax=ax, title=title,
        counted="customer-months", reference=0.0, reference_label="alike",
        estimate_label="difference of the areas",
    )  # fmt: skip


def ranking_alt(table: pd.DataFrame, level: float) -> str:
    """Return the figure in words."""
    rows = [
        f"{NAMES[row['signal']]} "
        + format_interval(row["estimate"], row["ci_low"], row["ci_high"], "score", level)
        for row in table.to_dict("records")
        if pd.notna(row["estimate"])
    ]
    return "Area under the ROC curve of each signal alone, best first: " + "; ".join(rows) + "."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
