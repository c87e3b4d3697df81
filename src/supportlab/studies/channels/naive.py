"""The figures by channel that a dashboard prints, and what is wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.format import format_difference
from supportlab.results import Estimate
from supportlab.studies.channels.effects import reference_channel
from supportlab.studies.common.refusals import refused_estimate

if TYPE_CHECKING:
    from collections.abc import Callable

    from supportlab.desk import Desk
    from supportlab.metrics.sums import Sums

__all__ = ["naive"]

TITLE = "Channels as a dashboard shows them"
_WRONG = {
    "FCR": "each channel's own topics, amounts, markets and hours are in it",
    "CSAT": "the same, and only those who answered are heard, more of them on some channels",
}


def naive(
    desk: Desk, *, reference: str = "", start: str | None = None, end: str | None = None
) -> Estimate:
    """
    Compute FCR and CSAT by channel as they are, and their differences from a channel.

    Not to be quoted: the table says what is wrong with each.

    Parameters
    ----------
    desk : Desk
        The data; tickets with a channel.
    reference : str
        Channel that the others are compared with; empty: phone, else the most frequent one.
    start, end : str, optional
        ISO dates of creation (of the invitation for CSAT), end excluded.

    Returns
    -------
    Estimate
        One row a figure and channel: ``figure``, ``channel``, ``estimate``, ``difference``,
        ``n``, ``what_is_wrong``.
    """
    try:
        named = reference or reference_channel(desk)
        table = pd.DataFrame(_rows(desk, named, start, end))
    except NotEstimable as refusal:
        return refused_estimate("channels-naive", TITLE, str(refusal))
    first = table.loc[(table["figure"] == "FCR") & (table["channel"] != named)]
    if first.empty or first["difference"].isna().all():
        return refused_estimate("channels-naive", TITLE, f"no two channels, {named} among them")
    worst = first.iloc[int(first["difference"].to_numpy(dtype=float).argmin())]
    words = (
        f"As it is, FCR of {worst['channel']} against that of {named} is "
        f"{format_difference(worst['difference'], 'proportion')}; this mixes the channel with what "
        "comes by it."
    )
    return Estimate("channels-naive", TITLE, table, sentences=(words,))


def _rows(desk: Desk, reference: str, start: str | None, end: str | None) -> list[dict[str, Any]]:
    from supportlab import metrics

    keywords: dict[str, Any] = {"by": ["channel"], "cluster": None, "start": start, "end": end}
    found = []
    figures: dict[str, Callable[..., Sums]] = {"FCR": metrics.fcr, "CSAT": metrics.csat}
    for figure, metric in figures.items():
        try:
            frame = metric(desk, **keywords).fetch()
        except NotEstimable:
            if figure == "FCR":
                raise
            continue
        frame = frame.loc[frame["n"] > 0]
        rates = dict(zip(frame["channel"], frame["n_success"] / frame["n"], strict=True))
        base = rates.get(reference)
        found += [
            {
                "figure": figure,
                "channel": str(name),
                "estimate": rates[name],
                "difference": None if base is None else rates[name] - base,
                "unit": "proportion",
                "n": int(n),
                "what_is_wrong": _WRONG[figure],
            }
            for name, n in zip(frame["channel"], frame["n"], strict=True)
        ]
    return found
