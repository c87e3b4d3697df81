"""Why attempts are declined, and what a retry after each kind of failure brings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.findings import Finding
from supportlab.format import format_count, format_interval
from supportlab.results import Estimate
from supportlab.studies.common.refusals import as_of_text, refused_estimate
from supportlab.studies.common.scope import scope_words
from supportlab.studies.payments.measures import STUDY
from supportlab.studies.payments.shares import share_cell
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.desk import Desk
    from supportlab.studies.common.cells import Cell

__all__ = ["decline_kinds", "retry_success"]

KIND_WORDS = {
    "hard": "hard: this card or account will not work",
    "soft": "soft: it may work later",
    "risk": "risk: stopped by a rule against fraud",
    "technical": "technical: nobody said no, the way there failed",
}
AFTER_WORDS = {"abandoned": "abandoned by the customer", "declined": "declined, kind not said"}


def decline_kinds(desk: Desk, *, start: str | None = None, end: str | None = None) -> Estimate:
    """
    Estimate what share of the declined attempts is hard, soft, of risk, or technical.

    Not a diagnosis: processors sort their codes differently, and a mapping decides.

    Parameters
    ----------
    desk : Desk
        The data; payments with ``decline_kind``.
    start, end : str, optional
        ISO dates of the attempt, end excluded.

    Returns
    -------
    Estimate
        One row a kind: ``kind``, ``meaning``, ``estimate``, ``ci_low``, ``ci_high``,
        ``n_declines``, ``n`` (declines with a kind), ``n_clusters``, ``reason``; findings
        ``payment.decline_kind.share``.
    """
    from supportlab.metrics.payments import retries as payment_retries

    title = "Declines by kind"
    about = _About(
        desk,
        "payment.decline_kind.share",
        "Why are attempts declined?",
        (start, end),
        "kind",
        lambda kind: f"share of declined attempts that were {kind} declines",
    )
    try:
        frame, definition, known = payment_retries.decline_kinds(desk, start=start, end=end)
        _refuse_none(frame)
    except NotEstimable as refusal:
        return about.refused("payment-decline-kinds", title, str(refusal))
    rows = []
    for kind in payment_retries.DECLINE_KINDS:
        cell = share_cell(frame, f"n_{kind}", INTERVAL_LEVEL, known)
        hits = int((frame[f"n_{kind}"] * frame["n_clusters"]).sum())
        rows.append({"kind": kind, "meaning": KIND_WORDS[kind], **_numbers(cell)})
        rows[-1] |= {"n_declines": hits, "n": cell.n, "n_clusters": cell.n_clusters}
        rows[-1] |= {"reason": cell.reason or None}
    table = pd.DataFrame(rows)
    return Estimate(
        "payment-decline-kinds",
        title,
        table,
        findings=about.findings(table),
        sentences=(_kinds_sentence(table),),
        definitions=(definition,),
        caveats=_unknown_caveat(definition.n_excluded or 0),
        draw=_drawing(table, "kind", title, "declines"),
        alt=_alt(table, "kind", "share of declines", "declines"),
    )


def retry_success(desk: Desk, *, start: str | None = None, end: str | None = None) -> Estimate:
    """
    Estimate how often the next attempt succeeds, by what stopped the one before.

    Not what a retry would bring to those who gave up: they choose themselves.

    Parameters
    ----------
    desk : Desk
        The data; payments, with those that failed.
    start, end : str, optional
        ISO dates of the failed attempt, end excluded.

    Returns
    -------
    Estimate
        One row a kind of failure: ``after``, ``n_failed``, ``retried_share``, and of the retries
        that were decided ``estimate`` (share that succeeded), ``ci_low``, ``ci_high``, ``n``,
        ``n_clusters``, ``reason``; findings ``payment.retry.success``.
    """
    from supportlab.metrics.payments import retries as payment_retries

    title = "Retries that succeed, by what stopped the attempt before"
    about = _About(
        desk,
        "payment.retry.success",
        "Does trying again help?",
        (start, end),
        "after",
        lambda after: f"share succeeded of next attempts after one that was {_after(after)}",
    )
    try:
        frame, definition, known = payment_retries.retries(desk, start=start, end=end)
        if frame.empty:
            raise NotEstimable("no attempt failed in the period")
    except NotEstimable as refusal:
        return about.refused("payment-retries", title, str(refusal))
    table = _retry_table(frame, known)
    return Estimate(
        "payment-retries",
        title,
        table,
        findings=about.findings(table),
        sentences=_retry_sentences(table),
        definitions=(definition,),
        caveats=(
            (
                "Who tries again is not drawn by lot: those who expect to succeed, or change the "
                "card, try more often. The share says nothing of those who gave up."
            ),
        ),
        draw=_drawing(table, "after", title, "retries"),
        alt=_alt(table, "after", "share of retries that succeed", "retries"),
    )


class _About:
    """What the findings of one table share."""

    def __init__(
        self,
        desk: Desk,
        finding_id: str,
        question: str,
        period: tuple[str | None, str | None],
        column: str,
        estimand: Any,
    ) -> None:
        self._desk, self._column, self._estimand = desk, column, estimand
        self._known: dict[str, Any] = {
            "id": finding_id,
            "study": STUDY,
            "question": question,
            "unit": "proportion",
            "as_of": as_of_text(desk),
            "start": period[0],
            "end": period[1],
        }

    def findings(self, table: pd.DataFrame) -> tuple[Finding, ...]:
        return tuple(self._finding(row) for row in table.to_dict("records"))

    def refused(self, name: str, title: str, reason: str) -> Estimate:
        whole = f"{self._estimand('…')}, {scope_words({}, self._desk.slice)}"
        known = self._known | {"estimand": whole, "group": {"by": self._column}}
        return refused_estimate(name, title, reason, (Finding.refused(reason=reason, **known),))

    def _finding(self, row: dict[Any, Any]) -> Finding:
        value = str(row[self._column])
        scope = scope_words({}, self._desk.slice)
        known = self._known | {
            "group": {self._column: value},
            "estimand": f"{self._estimand(value)}, {scope}",
            "n": int(row["n"]),
            "n_clusters": None if pd.isna(row["n_clusters"]) else int(row["n_clusters"]),
        }
        if pd.isna(row["estimate"]):
            return Finding.refused(reason=row["reason"], **known)
        ends = {name: row[name] for name in ("estimate", "ci_low", "ci_high")}
        method = "Wilson on the effective sample size, clustered"
        return Finding(**known, **ends, ci_level=INTERVAL_LEVEL, method=method)


def _retry_table(frame: pd.DataFrame, known: bool) -> pd.DataFrame:
    rows = []
    for after, part in frame.groupby("after", sort=True):
        times = part["n_clusters"]
        failed, again = (int((part[name] * times).sum()) for name in ("n", "n_retried"))
        # Retries of one customer are alike: profiles of those who had a retry that was decided.
        judged = part.drop(columns="n").rename(columns={"n_judged": "n"})
        cell = share_cell(judged, "n_paid", INTERVAL_LEVEL, known)
        rows.append(
            {
                "after": after,
                "n_failed": failed,
                "retried_share": again / failed if failed else None,
                **_numbers(cell),
                "n": cell.n,
                "n_clusters": cell.n_clusters,
                "reason": cell.reason or None,
            }
        )
    table = pd.DataFrame(rows)
    for name in ("retried_share", "estimate", "ci_low", "ci_high"):
        table[name] = table[name].astype("float64")
    table["n_clusters"] = table["n_clusters"].astype("Int64")
    return table


def _numbers(cell: Cell) -> dict[str, float | str | None]:
    found = cell.interval
    return {
        "estimate": found.estimate if found else None,
        "ci_low": found.low if found else None,
        "ci_high": found.high if found else None,
        "unit": "proportion",
    }


def _refuse_none(frame: pd.DataFrame) -> None:
    if frame.empty or not int((frame["n"] * frame["n_clusters"]).sum()):
        raise NotEstimable("no declined attempt of the period has a kind")


def _kinds_sentence(table: pd.DataFrame) -> str:
    words = [f"{_interval(row)} are {row['kind']}" for row in table.to_dict("records")]
    total = format_count(table["n"].iloc[0])
    return f"Of {total} declined attempts with a kind, {', '.join(words)}."


def _retry_sentences(table: pd.DataFrame) -> tuple[str, ...]:
    known = table.loc[table["estimate"].notna()]
    if known.empty:
        return (f"Too few attempts were retried to say: {table['reason'].iloc[0]}.",)
    order = known.sort_values("estimate", kind="stable").to_dict("records")
    ends = [f"after one that was {_after(row['after'])} {_interval(row)}" for row in order]
    words = f"Of the next attempts, {ends[-1]} succeed at one end and {ends[0]} at the other."
    often = [
        f"{100 * row['retried_share']:.0f} % of the failures that were {_after(row['after'])}"
        for row in known.sort_values("retried_share", kind="stable").to_dict("records")
    ]
    return (
        words if len(ends) > 1 else f"Of the next attempts, {ends[0]} succeed.",
        f"Customers try again after {often[-1]}, and after {often[0]}.",
    )


def _after(value: str) -> str:
    if value in KIND_WORDS:
        return f"declined ({value})"
    return AFTER_WORDS.get(value, value)


def _interval(row: dict[Any, Any]) -> str:
    if pd.isna(row["estimate"]):
        return "an unknown share"
    ends = (row["estimate"], row["ci_low"], row["ci_high"])
    return format_interval(*ends, "proportion", INTERVAL_LEVEL)


def _unknown_caveat(n: int) -> tuple[str, ...]:
    if not n:
        return ()
    return (f"{format_count(n)} declined attempts have no kind and are in no share.",)


def _drawing(table: pd.DataFrame, label: str, title: str, counted: str) -> Any:
    def draw(ax: Axes | None) -> Axes:
        from supportlab import plots

        if table["estimate"].isna().all():
            return plots.words_only(f"{title}: no share can be estimated.", ax=ax)
        return plots.dot_intervals(
            table, label=label, unit="proportion", ax=ax, title=title, counted=counted
        )

    return draw


def _alt(table: pd.DataFrame, label: str, subject: str, counted: str) -> str:
    from supportlab.plots import alt_dots

    if table["estimate"].isna().all():
        return f"No figure: no {subject} can be estimated."
    return alt_dots(table, label=label, subject=subject, unit="proportion", counted=counted)
