"""Whether agents ask less where a bad answer is to be feared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import expit

from supportlab.errors import NotEstimable
from supportlab.findings import Finding
from supportlab.format import format_count, format_difference, format_value
from supportlab.records import Check
from supportlab.results import Estimate
from supportlab.studies.common.refusals import as_of_text, refused_estimate
from supportlab.studies.common.scope import scope_words
from supportlab.studies.feedback.asked_cells import KIND, asked_cells, covariates, design_of
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.desk import Desk
    from supportlab.stats.selectivity import AskingSlopes
    from supportlab.stats.shrinkage import Shrunken

__all__ = ["invitation_selectivity"]

FINDING_ID = "feedback.invitation.selectivity"
TITLE = "Who is asked, by agent"
ALARM = 0.05
FEWEST_ANSWERS = 100
# The tickets that are compared: a tenth of all are surer to be good, a tenth surer to be bad.
TAIL = 0.1
NUMBERS = ["estimate", "ci_low", "ci_high", "shrunk_rate", "p_value", "p_adjusted"]


def invitation_selectivity(
    desk: Desk,
    *,
    start: str | None = None,
    end: str | None = None,
    level: float = INTERVAL_LEVEL,
) -> Estimate:
    """
    Compare for each agent how often risky and safe tickets are asked about.

    Not proof of intent: a rule of the desk that falls on some agents alone looks the same, and so
    does an agent whose customers cannot be asked just when things went wrong.

    Parameters
    ----------
    desk : Desk
        The data; tickets with their agent, and invitations that were not answered.
    start, end : str, optional
        ISO dates of the ticket's end, end excluded.
    level : float
        Level of the intervals.

    Returns
    -------
    Estimate
        One row an agent, the most selective first: ``agent``, ``n``, ``asked_rate``,
        ``estimate`` (difference of the chance of being asked, risky less safe tickets, beyond what
        the desk does as a whole), ``ci_low``, ``ci_high``, ``shrunk_rate``, ``p_value`` (one-sided:
        asked no less), ``p_adjusted``, ``is_flagged``; findings ``feedback.invitation.selectivity``
        for the desk and for each agent who is flagged.

    Notes
    -----
    The risk is a logistic model of bad answers on kind and course of the ticket, fitted where there
    are answers; who rightly gets asked is one on the kind. Scores as
    `supportlab.stats.selectivity.asking_slopes`; Benjamini and Hochberg (1995) over the agents;
    shrunk by a normal model. Risky and safe are the outer tenths of the predicted risk.
    """
    known = _known(desk, {}, start, end)
    try:
        frame, cells = asked_cells(desk, start, end)
        slopes, span = _slopes(desk, frame)
        shrunk = _shrunk(slopes, level)
    except NotEstimable as refusal:
        finding = Finding.refused(reason=str(refusal), **known)
        return refused_estimate("invitation-selectivity", TITLE, str(refusal), (finding,))
    table = _table(slopes, shrunk, span, level)
    return Estimate(
        "invitation-selectivity",
        TITLE,
        table,
        findings=_findings(desk, table, slopes, shrunk, span, start, end),
        sentences=_sentences(table, slopes, span * (slopes.desk_slope + shrunk.centre)),
        definitions=(cells.definition.with_counts(n=int(frame["n"].sum())),),
        checks=(_check(table),),
        caveats=CAVEATS,
        draw=lambda ax: _draw(table, ax),
        alt=_alt(table),
    )


CAVEATS = (
    (
        "A flagged agent is a reason to look, not a verdict: a rule that falls on some agents "
        "alone looks the same."
    ),
    "An agent with few tickets can withhold invitations and not be seen.",
)


def _slopes(desk: Desk, frame: pd.DataFrame) -> tuple[AskingSlopes, float]:
    from supportlab.stats.cell_models import fit_logistic
    from supportlab.stats.selectivity import asking_slopes
    from supportlab.stats.threads import one_thread

    if not desk.has("tickets", "agent_id"):
        raise NotEstimable("which agent had the ticket is not known: provide tickets.agent_id")
    n = frame["n"].to_numpy(dtype=float)
    answered, hits = (frame[name].to_numpy(dtype=float) for name in ("n_answered", "n_success"))
    if answered.sum() < FEWEST_ANSWERS or (answered - hits).sum() < 10:
        raise NotEstimable(
            f"{int(answered.sum())} answers, {int((answered - hits).sum())} of them bad, are too "
            f"few to learn which tickets are risky; {FEWEST_ANSWERS} with 10 bad are needed"
        )
    if frame["n_asked"].sum() == n.sum():
        raise NotEstimable("every ended ticket was asked about, so nobody was left out")
    with one_thread():
        full = design_of(frame, covariates(desk))
        kind = design_of(frame, tuple(name for name in covariates(desk) if name in KIND))
        risk = _fitted(full, fit_logistic(full, answered, answered - hits))
        chance = _fitted(kind, fit_logistic(kind, n, frame["n_asked"].to_numpy(dtype=float)))
    # Tickets without an agent are nobody's to ask about; they are known by the prefix.
    own = ~frame["cluster"].str.contains(":", regex=False).to_numpy()
    if not own.any():
        raise NotEstimable("no ended ticket has an agent")
    found = asking_slopes(
        frame["cluster"].to_numpy()[own],
        n[own],
        frame["n_asked"].to_numpy()[own],
        np.clip(chance[own], 0.01, 0.99),
        risk[own],
    )
    return found, _span(risk, n)


def _fitted(design: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
    return np.asarray(expit(coefficients[0] + design @ coefficients[1:]))


def _span(risk: np.ndarray, n: np.ndarray) -> float:
    """Return how far the risks of the outer tenths of the tickets lie apart."""
    order = np.argsort(risk, kind="stable")
    share = np.cumsum(n[order]) / n.sum()
    low, high = (risk[order][np.searchsorted(share, at)] for at in (TAIL, 1.0 - TAIL))
    return float(high - low)


def _shrunk(slopes: AskingSlopes, level: float) -> Shrunken:
    from supportlab.stats import normal_shrinkage

    known = np.isfinite(slopes.slope)
    return normal_shrinkage(slopes.slope[known], slopes.error[known], level)


def _table(slopes: AskingSlopes, shrunk: Shrunken, span: float, level: float) -> pd.DataFrame:
    from supportlab.stats import adjust_p
    from supportlab.stats.interval import normal_quantile

    known = np.isfinite(slopes.slope)
    pulled = np.full(known.size, np.nan)
    pulled[known] = shrunk.estimate
    reach = normal_quantile(level) * slopes.error
    adjusted = adjust_p([None if p != p else float(p) for p in slopes.p_value])
    table = pd.DataFrame(
        {
            "agent": slopes.agent,
            "n": slopes.n.astype(int),
            "asked_rate": slopes.n_asked / slopes.n,
            "estimate": span * slopes.slope,
            "ci_low": np.maximum(span * (slopes.slope - reach), -1.0),
            "ci_high": np.minimum(span * (slopes.slope + reach), 1.0),
            "ci_level": level,
            "unit": "proportion",
            "shrunk_rate": span * pulled,
            "p_value": slopes.p_value,
            "p_adjusted": adjusted,
        }
    )
    table[NUMBERS] = table[NUMBERS].astype("float64")
    table["is_flagged"] = table["p_adjusted"] < ALARM
    reason = "too few tickets, or too few that were left out"
    table["reason"] = [None if is_known else reason for is_known in known]
    table = table.loc[table["n"] > 0]
    return table.sort_values(["p_value", "agent"], na_position="last").reset_index(drop=True)


def _known(desk: Desk, group: dict[str, str], start: str | None, end: str | None) -> dict[str, Any]:
    return {
        "id": FINDING_ID,
        "study": "feedback-trends",
        "question": "Are customers asked less where a bad answer is to be feared?",
        "estimand": (
            "difference of the chance that an ended ticket is asked about, tickets with a high "
            "against such with a low predicted risk of a bad answer, at equal channel, market and "
            f"topic, {scope_words(group, desk.slice)}"
        ),
        "unit": "proportion",
        "group": group,
        "as_of": as_of_text(desk),
        "start": start,
        "end": end,
        "design": "adjusted",
    }


METHOD = "efficient score of the predicted risk by agent, saddlepoint tail, Benjamini-Hochberg"


def _findings(
    desk: Desk,
    table: pd.DataFrame,
    slopes: AskingSlopes,
    shrunk: Shrunken,
    span: float,
    start: str | None,
    end: str | None,
) -> tuple[Finding, ...]:
    from supportlab.stats.interval import normal_quantile

    middle = slopes.desk_slope + shrunk.centre
    error = float(np.sqrt(1.0 / np.nansum(1.0 / (slopes.error**2 + shrunk.spread**2))))
    shared: dict[str, Any] = {"checks": (_check(table),), "caveats": CAVEATS}
    whole = Finding(
        **_known(desk, {}, start, end),
        estimate=span * middle,
        ci_low=span * (middle - normal_quantile(INTERVAL_LEVEL) * error),
        ci_high=span * (middle + normal_quantile(INTERVAL_LEVEL) * error),
        ci_level=INTERVAL_LEVEL,
        n=int(slopes.n.sum()),
        n_clusters=int(np.isfinite(slopes.slope).sum()),
        method="mean over agents, as different from each other",
        sensitivity={
            "name": "standard deviation between agents beyond chance",
            "estimate": span * shrunk.spread,
        },
        **shared,
    )
    flagged = table.loc[table["is_flagged"]].to_dict("records")
    return (whole, *(_finding(desk, row, shared, start, end) for row in flagged))


def _finding(
    desk: Desk, row: dict[Any, Any], shared: dict[str, Any], start: str | None, end: str | None
) -> Finding:
    return Finding(
        **_known(desk, {"agent_id": str(row["agent"])}, start, end),
        estimate=row["estimate"],
        ci_low=row["ci_low"],
        ci_high=row["ci_high"],
        ci_level=row["ci_level"],
        n=int(row["n"]),
        method=METHOD,
        p_value=row["p_value"],
        p_adjusted=row["p_adjusted"],
        verdict="lower",
        sensitivity={
            "name": "shrunk towards the other agents (normal empirical Bayes)",
            "estimate": row["shrunk_rate"],
        },
        **shared,
    )


def _check(table: pd.DataFrame) -> Check:
    tested = int(table["p_value"].notna().sum())
    raw = int((table["p_value"] < ALARM).sum())
    detail = (
        f"{tested} agents were looked at, so {ALARM * tested:.0f} would have p below {ALARM:g} by "
        f"chance alone; {raw} have"
    )
    return Check("many agents were looked at", None, detail)


def _sentences(table: pd.DataFrame, slopes: AskingSlopes, whole: float) -> tuple[str, ...]:
    flagged = table.loc[table["is_flagged"]]
    tested = table["p_value"].notna()
    asked = format_value(float(slopes.n_asked.sum() / slopes.n.sum()), "proportion")
    first = (
        f"Of {format_count(int(slopes.n.sum()))} ended tickets with an agent {asked} were asked "
        f"about; between risky and safe tickets the chance differs by "
        f"{format_difference(whole, 'proportion')} on average over the agents."
    )
    if flagged.empty:
        return (first, f"None of {int(tested.sum())} agents stands out once all looks are counted.")
    names = ", ".join(str(name) for name in flagged["agent"].head(10))
    more = f" and {len(flagged) - 10} more" if len(flagged) > 10 else ""
    mean = format_difference(float(flagged["shrunk_rate"].mean()), "proportion")
    return (
        first,
        (
            f"{len(flagged)} of {int(tested.sum())} agents ask clearly less where a bad answer is "
            f"to be feared ({names}{more}): {mean} on average, drawn towards the others."
        ),
    )


def _draw(table: pd.DataFrame, ax: Axes | None) -> Axes:
    from supportlab import plots

    shown = table.loc[table["estimate"].notna()].head(20)
    if shown.empty:
        return plots.words_only(f"{TITLE}: no agent has enough tickets.", ax=ax)
    return plots.dot_intervals(
        shown.assign(label=shown["agent"]),
        label="label",
        unit="proportion",
        title="Risky less safe tickets: chance of being asked",
        counted="tickets",
        second="shrunk_rate",
        reference=0.0,
        reference_label="the desk as a whole",
        is_difference=True,
        ax=ax,
    )


def _alt(table: pd.DataFrame) -> str:
    n = min(20, int(table["estimate"].notna().sum()))
    return (
        f"Dots with intervals for the {n} agents who ask least about risky tickets; "
        f"{int(table['is_flagged'].sum())} of all agents are flagged."
    )
