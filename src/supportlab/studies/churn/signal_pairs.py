"""Every two signals of churn against each other, on the same customer-months."""

from __future__ import annotations

from typing import TYPE_CHECKING

from supportlab.errors import NotEstimable, ParameterError
from supportlab.results import Estimate
from supportlab.studies.churn.signal_areas import pair_table
from supportlab.studies.churn.signal_frame import signal_frame
from supportlab.studies.churn.signal_scores import alone
from supportlab.studies.churn.signal_words import draw_differences, frame_caveats
from supportlab.studies.common.refusals import refused_estimate
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["check_horizon", "months_words", "signal_differences"]


def signal_differences(
    desk: Desk,
    *,
    horizon_months: int = 1,
    start: str | None = None,
    end: str | None = None,
    window_days: int = 90,
    level: float = INTERVAL_LEVEL,
) -> Estimate:
    """
    Compare every two signals on the same customer-months: what the ranking rests on.

    Not a ranking by itself: pairs whose difference is not shown are not in order.

    Parameters
    ----------
    desk, horizon_months, start, end, window_days, level
        As in `signal_rank`.

    Returns
    -------
    Estimate
        One row a pair: ``first``, ``second``, ``estimate`` (area of the first less that of the
        second), ``ci_low``, ``ci_high``, ``p_value``, ``p_adjusted`` (Holm over the pairs),
        ``verdict``, ``reason``.
    """
    title = f"Signals against each other, leaving within {months_words(horizon_months)}"
    check_horizon(horizon_months)
    try:
        frame = signal_frame(desk, start=start, end=end, window_days=window_days)
        split = frame.split(horizon_months)
    except NotEstimable as refusal:
        return refused_estimate("signal-differences", title, str(refusal))
    scores = {name: alone(split.early, split.late, name) for name in frame.signals}
    table = pair_table(scores, split.late, level)
    shown = table[table["verdict"].isin(["higher", "lower"])]
    words = (
        f"{len(shown)} of {len(table)} pairs of signals are shown to differ in how well they "
        "foretell leaving."
    )
    return Estimate(
        "signal-differences",
        title,
        table,
        sentences=(words,),
        definitions=(frame.definition,),
        caveats=frame_caveats(frame, split),
        draw=lambda ax: draw_differences(table, len(split.late), "Every two signals", ax),
        alt=f"Difference of the areas of every two signals. {words}",
    )


def check_horizon(horizon_months: int) -> None:
    """Refuse a horizon that is no number of months up to five years."""
    if not 1 <= horizon_months <= 60:
        raise ParameterError(f"horizon_months came as {horizon_months!r}; give 1 to 60.")


def months_words(count: int) -> str:
    """Return the words for a horizon."""
    return "the month" if count == 1 else f"{count} months"
