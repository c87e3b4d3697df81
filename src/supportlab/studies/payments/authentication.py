"""The authentication challenge as a friction of its own: broken off, and declined."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.format import format_difference, format_interval, format_value
from supportlab.results import Estimate
from supportlab.studies.common.refusals import as_of_text, refused_estimate
from supportlab.studies.common.scope import scope_words
from supportlab.studies.payments.contrasts import Comparison, contrast_findings, contrast_table
from supportlab.studies.payments.measures import STUDY
from supportlab.studies.payments.shares import shares
from supportlab.studies.payments.strata import strata_of, strata_words, within_strata
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.desk import Desk
    from supportlab.metrics.payments.cells import PaymentCells

__all__ = ["authentication", "challenge"]

STEPS = ("none", "frictionless", "challenge")
STEP_WORDS = {
    "none": "not authenticated",
    "frictionless": "authenticated without a challenge",
    "challenge": "challenged",
}
OUTCOMES = {"abandoned": "n_abandoned", "declined": "n_declined"}
VERSUS = (("challenge", "frictionless"), ("challenge", "none"))
QUESTION = "Does asking the customer to authenticate cost payments?"
CAVEAT = (
    "The bank challenges what looks risky to it, by more than these data hold; what remains at "
    "equal {strata} is an association, not what fewer challenges would bring."
)


def authentication(desk: Desk, *, start: str | None = None, end: str | None = None) -> Estimate:
    """
    Estimate how often first attempts are abandoned or declined, by authentication step.

    Not a comparison: who is challenged pays by other methods and elsewhere; see `challenge`.

    Parameters
    ----------
    desk : Desk
        The data; payments with ``authentication``.
    start, end : str, optional
        ISO dates of the checkout's first attempt, end excluded.

    Returns
    -------
    Estimate
        One row a step and outcome: ``authentication``, ``outcome``, ``estimate``, ``ci_low``,
        ``ci_high``, ``n``, ``n_clusters``, ``reason``.
    """
    title = "Abandoned and declined, by authentication step"
    try:
        cells = _cells(desk, ("authentication",), start, end)
    except NotEstimable as refusal:
        return refused_estimate("payment-authentication", title, str(refusal))
    parts = []
    for outcome, column in OUTCOMES.items():
        part = shares(cells, column).assign(outcome=outcome)
        parts.append(part.loc[part["authentication"].isin(STEPS)])
    table = pd.concat(parts, ignore_index=True)
    order = ["authentication", "outcome", "estimate", "ci_low", "ci_high", "n", "n_clusters"]
    table = table[[*order, "reason"]].assign(
        unit="proportion",
        place=table["authentication"].map({step: place for place, step in enumerate(STEPS)}),
    )
    table = table.sort_values(["outcome", "place"], ignore_index=True).drop(columns="place")
    return Estimate(
        "payment-authentication",
        title,
        table,
        sentences=_step_sentences(table),
        definitions=(cells.record(),),
        draw=_drawing(table, title),
        alt=_alt(table),
    )


def challenge(desk: Desk, *, start: str | None = None, end: str | None = None) -> Estimate:
    """
    Compare challenged first attempts with others at equal market, method and amount band.

    Not an effect of the challenge: banks choose whom they challenge.

    Parameters
    ----------
    desk : Desk
        The data; payments with ``authentication``.
    start, end : str, optional
        ISO dates of the checkout's first attempt, end excluded.

    Returns
    -------
    Estimate
        One row an outcome and step compared with: ``outcome``, ``authentication``, ``versus``,
        ``estimate`` (difference of shares at equal stratum), interval, ``plain``, adjusted p
        value, verdict; findings ``payment.authentication.effect``.

    Notes
    -----
    First attempts alone: a retry comes after a failure, and that failure may be what the challenge
    made.
    """
    title = "Challenged against not challenged, at equal market, method and amount"
    strata = strata_of(desk)
    known = _known(desk, start, end)
    try:
        cells = _cells(desk, ("authentication", *strata), start, end)
    except NotEstimable as refusal:
        return _refused(desk, title, str(refusal), known)
    frame = cells.fetch()
    family = [
        _compare(desk, cells, frame, strata, outcome, versus)
        for outcome in OUTCOMES
        for versus in VERSUS
    ]
    table = contrast_table(family, "proportion")
    design = known | {"design": "adjusted" if strata else "descriptive"}
    caveat = CAVEAT.format(strata=strata_words(strata))
    return Estimate(
        "payment-challenge",
        title,
        table,
        findings=contrast_findings(family, table, design, (caveat,)),
        sentences=tuple(map(_sentence, table.to_dict("records"))),
        definitions=(cells.record(),),
        caveats=(caveat,),
    )


def _cells(desk: Desk, by: tuple[str, ...], start: str | None, end: str | None) -> PaymentCells:
    from supportlab.metrics.payments.cells import payment_cells

    if not desk.has("payments", "authentication"):
        raise NotEstimable(
            "the source does not say whether a payment was authenticated; provide "
            "payments.authentication (none, frictionless, challenge)"
        )
    cells = payment_cells(desk, by, unit="first_attempt", start=start, end=end)
    if not int(cells.fetch()["n"].sum()):
        raise NotEstimable("there is no first attempt to count")
    return cells


def _compare(
    desk: Desk,
    cells: PaymentCells,
    frame: pd.DataFrame,
    strata: tuple[str, ...],
    outcome: str,
    versus: tuple[str, str],
) -> Comparison:
    column = OUTCOMES[outcome]

    def squares(scores: pd.DataFrame) -> tuple[float, int]:
        found = cells.score_squares(scores, outcome=column).iloc[0]
        return float(found["sum_of_squares"]), int(found["n_clusters"])

    group = {"outcome": outcome, "authentication": versus[0], "versus": versus[1]}
    words = (
        f"share {outcome} of first attempts that were {STEP_WORDS[versus[0]]} minus that of those "
        f"{STEP_WORDS[versus[1]]}, at equal {strata_words(strata)}, "
        f"{scope_words({}, desk.slice)}"
    )
    try:
        found = within_strata(frame, "authentication", versus, column, squares)
    except NotEstimable as refusal:
        return Comparison(group, words, None, str(refusal))
    return Comparison(group, words, found)


def _known(desk: Desk, start: str | None, end: str | None) -> dict[str, Any]:
    return {
        "id": "payment.authentication.effect",
        "study": STUDY,
        "question": QUESTION,
        "unit": "proportion",
        "as_of": as_of_text(desk),
        "start": start,
        "end": end,
    }


def _refused(desk: Desk, title: str, reason: str, known: dict[str, Any]) -> Estimate:
    from supportlab.findings import Finding

    words = "share abandoned or declined of challenged first attempts minus that of others"
    finding = Finding.refused(
        reason=reason, estimand=f"{words}, {scope_words({}, desk.slice)}", **known
    )
    return refused_estimate("payment-challenge", title, reason, (finding,))


def _step_sentences(table: pd.DataFrame) -> tuple[str, ...]:
    words = []
    for outcome, part in table.groupby("outcome", sort=True):
        known = part.loc[part["estimate"].notna()]
        each = [
            f"{format_interval(row['estimate'], row['ci_low'], row['ci_high'], 'proportion')} "
            f"of those {STEP_WORDS[row['authentication']]}"
            for row in known.to_dict("records")
        ]
        words.append(f"{str(outcome).capitalize()} are {', '.join(each)}." if each else "")
    return tuple(word for word in words if word)


def _sentence(row: dict[Any, Any]) -> str:
    arms = f"challenged first attempts against those {STEP_WORDS[row['versus']]}"
    if pd.isna(row["estimate"]):
        return f"Share {row['outcome']}, {arms}: not estimable, {row['reason']}"
    ends = (row["estimate"], row["ci_low"], row["ci_high"])
    return (
        f"Share {row['outcome']}, {arms}: "
        f"{format_interval(*ends, 'proportion', INTERVAL_LEVEL, is_difference=True)} "
        "at equal market, method and amount; "
        f"unadjusted {format_difference(row['plain'], 'proportion')}."
    )


def _drawing(table: pd.DataFrame, title: str) -> Any:
    shown = _labelled(table)

    def draw(ax: Axes | None) -> Axes:
        from supportlab import plots

        if shown["estimate"].isna().all():
            return plots.words_only(f"{title}: no share can be estimated.", ax=ax)
        return plots.dot_intervals(
            shown, label="label", unit="proportion", ax=ax, title=title, counted="first attempts"
        )

    return draw


def _labelled(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(label=table["outcome"] + ", " + table["authentication"])


def _alt(table: pd.DataFrame) -> str:
    known = table.loc[table["estimate"].notna()]
    if known.empty:
        return "No figure: no share can be estimated."
    words = [
        f"{row['outcome']} with {row['authentication']} "
        f"{format_value(row['estimate'], 'proportion')}"
        for row in known.to_dict("records")
    ]
    return f"Dots with intervals by outcome and authentication step: {', '.join(words)}."
