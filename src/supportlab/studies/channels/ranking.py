"""Which orders of channels the data support, if any."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.findings import Finding
from supportlab.format import format_difference
from supportlab.metrics.options import one_of
from supportlab.results import Estimate
from supportlab.studies.channels.compare import compare
from supportlab.studies.channels.effects import question_asked, reference_channel
from supportlab.studies.channels.power import detectable_from
from supportlab.studies.channels.questions import OUTCOMES, STUDY, ChannelOutcome
from supportlab.studies.common.refusals import as_of_text, refused_estimate
from supportlab.studies.common.scope import whole_words

if TYPE_CHECKING:
    from supportlab.desk import Desk
    from supportlab.stats.interval import Contrast
    from supportlab.studies.channels.compare import Compared

__all__ = ["ranking"]

# A ranking in which differences of this size could have gone unseen would be one of chance.
USEFUL = 0.05


def ranking(
    desk: Desk,
    *,
    outcome: ChannelOutcome = "fcr",
    reference: str = "",
    start: str | None = None,
    end: str | None = None,
) -> Estimate:
    """
    Rank channels where the data could have told them apart, with the ranks that chance allows.

    Not a list by point estimate: where a pair of channels could differ by five points unseen,
    there is no ranking, and the table says what would have been seen.

    Parameters
    ----------
    desk : Desk
        The data; tickets with a channel.
    outcome : {"fcr", "csat"}
        By what.
    reference : str
        Channel whose tickets are asked about; empty: phone, else the most frequent one.
    start, end : str, optional
        ISO dates of creation, end excluded.

    Returns
    -------
    Estimate
        One row a pair of channels: ``channel``, ``versus``, ``estimate`` and interval,
        ``detectable``, ``p_adjusted`` (Holm over all pairs). Findings ``channel.rank``: the ranks,
        or one refusal.

    Raises
    ------
    ParameterError
        The outcome is not known.
    """
    one_of("outcome", outcome, ("fcr", "csat"))
    name = f"channel-ranking-{outcome}"
    title = f"Order of channels: {OUTCOMES[outcome].short}"
    try:
        named = reference or reference_channel(desk)
        asked = question_asked(outcome, named, "reference", start, end)
        compared = compare(desk, asked, with_between=True)
        table = _pairs(compared)
        if len(table) < 2:
            raise NotEstimable("fewer than two channels can be compared with the reference")
    except NotEstimable as refusal:
        known = _known(desk, outcome, start, end)
        finding = Finding.refused(reason=str(refusal), **known)
        return refused_estimate(name, title, str(refusal), (finding,))
    worst = table.iloc[int(table["detectable"].to_numpy().argmax())]
    is_ranked = bool(worst["detectable"] <= USEFUL)
    findings, words = _said(desk, compared, table, worst, is_ranked=is_ranked)
    return Estimate(
        name, title, table, findings, (words,), definitions=(compared.definition,),
        caveats=("Channels that cannot be compared with the reference are not in it.",),
    )  # fmt: skip


def _pairs(compared: Compared) -> pd.DataFrame:
    from supportlab.stats import adjust_p

    reference = compared.asked.reference
    pairs: dict[tuple[str, str], Contrast] = {
        (arm.name, reference): arm.contrast for arm in compared.arms if arm.contrast is not None
    }
    pairs |= compared.between
    rows = [
        {
            "channel": one,
            "versus": other,
            "estimate": found.estimate,
            "ci_low": found.low,
            "ci_high": found.high,
            "unit": "proportion",
            "n": found.n,
            "n_clusters": found.n_clusters,
            "detectable": detectable_from(found),
            "p_value": found.p_value,
        }
        for (one, other), found in pairs.items()
    ]
    table = pd.DataFrame(rows)
    if len(table):
        table["p_adjusted"] = adjust_p(table["p_value"].tolist(), "holm")
        table["is_apart"] = table["p_adjusted"] < 1.0 - compared.asked.level
    return table


def _known(desk: Desk, outcome: str, start: str | None, end: str | None) -> dict[str, Any]:
    return {
        "id": "channel.rank",
        "study": STUDY,
        "question": f"Which channels are better than which in {OUTCOMES[outcome].short}?",
        "estimand": (
            f"rank of each channel in {OUTCOMES[outcome].words}, had the tickets of the reference "
            f"come by it, 1 for the best; {whole_words(desk.slice)}"
        ),
        "unit": "count",
        "group": {"outcome": outcome},
        "design": "adjusted",
        "as_of": as_of_text(desk),
        "start": start,
        "end": end,
    }


def _said(
    desk: Desk, compared: Compared, table: pd.DataFrame, worst: pd.Series, *, is_ranked: bool
) -> tuple[tuple[Finding, ...], str]:
    asked = compared.asked
    known = _known(desk, asked.outcome, asked.start, asked.end)
    apart = table.loc[table["is_apart"]]
    told = [
        f"{row['channel']} {'above' if row['estimate'] > 0 else 'below'} {row['versus']}"
        for row in apart.to_dict("records")
    ]
    seen = f"Apart beyond chance, corrected for all pairs: {'; '.join(told) or 'none'}."
    if not is_ranked:
        size = format_difference(worst["detectable"], "proportion").lstrip("+")
        reason = (
            f"{worst['channel']} and {worst['versus']} could differ by {size} without being told "
            f"apart in four of five such samples; a ranking needs {100 * USEFUL:.0f} points"
        )
        return (Finding.refused(reason=reason, **known),), f"No ranking is made: {reason}. {seen}"
    ranks = _ranks(compared, table)
    made = tuple(
        Finding(
            **{**known, "group": {**known["group"], "channel": name}},
            estimate=float(rank), ci_low=float(best), ci_high=float(last), ci_level=asked.level,
            n=int(table["n"].max()), method="ranks from all pairs, Holm",
            caveats=("The interval holds the ranks that the pairs told apart leave open.",),
        )
        for name, rank, best, last in ranks
    )  # fmt: skip
    listed = ", ".join(f"{name} {best} to {last}" for name, _, best, last in ranks)
    return made, f"Ranks that the data leave open: {listed}. {seen}"


def _ranks(compared: Compared, table: pd.DataFrame) -> list[tuple[str, int, int, int]]:
    """Return each channel's rank by estimate, and the best and last that the pairs leave open."""
    values = {compared.asked.reference: 0.0}
    values |= {arm.name: arm.contrast.estimate for arm in compared.estimated if arm.contrast}
    ordered = sorted(values, key=lambda name: (-values[name], name))
    above = dict.fromkeys(ordered, 0)
    below = dict.fromkeys(ordered, 0)
    for row in table.loc[table["is_apart"]].to_dict("records"):
        pair = (str(row["channel"]), str(row["versus"]))
        better, worse = pair if row["estimate"] > 0 else pair[::-1]
        below[better] += 1
        above[worse] += 1
    size = len(ordered)
    found = []
    for place, name in enumerate(ordered, start=1):
        best, last = 1 + above[name], size - below[name]
        found.append((name, min(max(place, best), last), best, last))
    return found
