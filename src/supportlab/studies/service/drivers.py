"""What moves CSAT, NPS and effort: effects at equal others, and shares of what is explained."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable, ParameterError, did_you_mean
from supportlab.findings import Finding
from supportlab.format import format_interval, format_value
from supportlab.metrics.dimensions import MISSING
from supportlab.results import Estimate
from supportlab.studies.common.refusals import as_of_text, refused_estimate
from supportlab.studies.common.scope import whole_words
from supportlab.studies.service.answering import answer_checks
from supportlab.studies.service.driver_data import OUTCOMES, DriverData, driver_data
from supportlab.studies.service.fits import Fitted, fit_outcome
from supportlab.studies.service.rows import (
    Family,
    family_estimate,
    fitted_row,
    refused_family,
)
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.desk import Desk
    from supportlab.stats.explained_shares import ExplainedShares

__all__ = ["driver_shares", "drivers"]

STUDY = "feedback-trends"
TITLES = {"csat": "CSAT", "ces": "the effort score", "nps": "NPS"}
UNITS = {"csat": "proportion", "ces": "score", "nps": "score"}
CAVEATS = (
    (
        "Each driver is held against tickets that are alike in all the others. Part of what a "
        "driver does runs through others, as a quick answer through a quick solution, and is not "
        "in its bar."
    ),
    "What is not in the data is not held equal; no bar is a promise of what a change would bring.",
    (
        "Customers who answer differ from those who do not: answers are weighted by the inverse of "
        "their chance, as far as the same columns tell it."
    ),
)


def drivers(
    desk: Desk, *, outcome: str = "csat", start: str | None = None, end: str | None = None
) -> Estimate:
    """
    Estimate what goes with CSAT, NPS or effort, each driver at equal others.

    Not a ranking of importance, which also depends on how often a driver occurs: see
    `driver_shares`. Not effects of a change.

    Parameters
    ----------
    desk : Desk
        The data; surveys of the kind.
    outcome : {"csat", "ces", "nps"}
        CSAT as a share; effort as 0 to 100, 100 the least; NPS as -100 to 100.
    start, end : str, optional
        ISO dates of the ticket's creation, of NPS without tickets of the invitation; end excluded.

    Returns
    -------
    Estimate
        One row a driver, the strongest first; p values adjusted as Benjamini and Hochberg do.

    Raises
    ------
    ParameterError
        The outcome is not known.

    Notes
    -----
    One least-squares fit, weighted by the inverse chance of an answer, clustered by team (NPS by
    customer).
    """
    family = _family(outcome)
    words = f"{TITLES[outcome]} with {{}} less {TITLES[outcome]} without, at equal other drivers"
    try:
        data, fitted = _fitted(desk, outcome, start, end)
    except NotEstimable as refusal:
        text = f"{words.format('a driver')}; {whole_words(desk.slice)}"
        return refused_family(
            desk, family, text, str(refusal), group={"outcome": outcome}, start=start, end=end
        )
    held = ", ".join(name.replace("_", " ") for name in data.held)
    rows = [
        fitted_row(
            fitted,
            name,
            {"outcome": outcome, "driver": name},
            data.words[name],
            f"{TITLES[outcome]} of {data.whom}: {data.words[name]}, against not or per halving, at "
            f"equal other drivers, {held}; {whole_words(desk.slice)}",
        )
        for name in data.drivers
    ]
    rows.sort(key=lambda row: -abs(row.contrast.estimate) if row.contrast else 0.0)
    family = replace(family, checks=answer_checks(fitted))
    return family_estimate(desk, family, rows, start=start, end=end, definitions=(data.definition,))


def driver_shares(
    desk: Desk, *, outcome: str = "csat", start: str | None = None, end: str | None = None
) -> Estimate:
    """
    Divide what is explained of CSAT, NPS or effort among drivers and circumstances.

    Not effects: a share says how much of the differences between answers goes with a driver,
    whichever way, and that which never varies explains nothing.

    Parameters
    ----------
    desk : Desk
        The data; surveys of the kind.
    outcome : {"csat", "ces", "nps"}
        As for `drivers`.
    start, end : str, optional
        As for `drivers`.

    Returns
    -------
    Estimate
        One row a group of drivers, the largest first, and ``all together``: ``driver``,
        ``estimate`` (share of the variance of answers, mean over all orders of entering, adjusted
        for the number of columns), ``ci_low``, ``ci_high``, ``naive`` (explained alone),
        ``beside_all``, ``of_explained``, ``n``, ``n_clusters``.

    Raises
    ------
    ParameterError
        The outcome is not known.
    """
    _family(outcome)
    title = f"What explains {TITLES[outcome]}"
    try:
        data, fitted = _fitted(desk, outcome, start, end)
        found = _shares(data, fitted)
    except NotEstimable as refusal:
        finding = Finding.refused(
            reason=str(refusal),
            estimand="share of the variance of answers that drivers explain",
            group={"outcome": outcome},
            **_share_known(desk, outcome, start, end),
        )
        return refused_estimate(f"driver-shares-{outcome}", title, str(refusal), (finding,))
    table = _share_table(found)
    return Estimate(
        f"driver-shares-{outcome}",
        title,
        table,
        findings=_share_findings(desk, data, fitted, table, start, end),
        sentences=_share_sentences(table, outcome),
        definitions=(data.definition,),
        checks=answer_checks(fitted),
        caveats=CAVEATS[1:],
        draw=_share_drawing(table, title),
        alt=_share_alt(table, title),
    )


def _family(outcome: str) -> Family:
    if outcome not in OUTCOMES:
        raise ParameterError(f"outcome came as {outcome!r}. {did_you_mean(str(outcome), OUTCOMES)}")
    counted: Any = UNITS[outcome]
    return Family(
        f"drivers-{outcome}",
        f"What goes with {TITLES[outcome]}",
        "support.driver.effect",
        STUDY,
        f"What moves {TITLES[outcome]}?",
        counted,
        "answers",
        CAVEATS,
        is_screening=True,
    )


def _fitted(
    desk: Desk, outcome: str, start: str | None, end: str | None
) -> tuple[DriverData, Fitted]:
    def fit() -> tuple[DriverData, Fitted]:
        data = driver_data(desk, outcome, start, end)
        found = fit_outcome(data.part, outcome, data.drivers, data.held, beside=data.beside)
        return data, found

    return desk.once(f"drivers {outcome} {start} {end}", fit)


def _shares(data: DriverData, fitted: Fitted) -> ExplainedShares:
    from supportlab.stats.cell_models import design_columns
    from supportlab.stats.explained_shares import explained_shares

    part = data.part
    n = part[data.outcome].notna().to_numpy(dtype=float)
    kept = n > 0
    groups = {}
    for title, names in data.groups.items():
        columns = [data.drivers[name][kept] for name in names if name in data.drivers]
        labels = {
            name: part.loc[kept, name].fillna(MISSING).astype(str).tolist()
            for name in names
            if name not in data.drivers
        }
        parts = [column[:, None] for column in columns]
        if labels:
            parts.append(design_columns(labels, n[kept]).matrix)
        matrix = np.hstack(parts)
        if matrix.shape[1]:
            groups[title] = matrix
    y = part.loc[kept, data.outcome].to_numpy(dtype=float)
    weight = None if fitted.weights is None else fitted.weights.weight[kept]
    cluster = part.loc[kept, "cluster"].to_numpy(dtype=object).astype(str)
    return explained_shares(groups, n[kept], y, y**2, cluster=cluster, weight=weight)


def _share_table(found: ExplainedShares) -> pd.DataFrame:
    rows = [
        {
            "driver": name,
            "estimate": share.estimate,
            "ci_low": share.low,
            "ci_high": share.high,
            "naive": first,
            "beside_all": last,
            "of_explained": share.estimate / found.whole.estimate
            if found.whole.estimate > 0
            else float("nan"),
            "n": share.n,
            "n_clusters": share.n_clusters,
        }
        for name, share, first, last in zip(
            found.names, found.shares, found.first, found.last, strict=True
        )
    ]
    rows.sort(key=lambda row: -float(row["estimate"]))  # type: ignore[arg-type]
    whole = found.whole
    rows.append(
        {
            "driver": "all together",
            "estimate": whole.estimate,
            "ci_low": whole.low,
            "ci_high": whole.high,
            "naive": whole.estimate,
            "beside_all": whole.estimate,
            "of_explained": 1.0,
            "n": whole.n,
            "n_clusters": whole.n_clusters,
        }
    )
    return pd.DataFrame(rows).assign(unit="proportion")


def _share_known(desk: Desk, outcome: str, start: str | None, end: str | None) -> dict[str, Any]:
    return {
        "id": "support.driver.share",
        "study": STUDY,
        "question": f"What explains the differences in {TITLES[outcome]}?",
        "unit": "proportion",
        "design": "adjusted",
        "caveats": CAVEATS[1:],
        "as_of": as_of_text(desk),
        "start": start,
        "end": end,
    }


def _share_findings(
    desk: Desk,
    data: DriverData,
    fitted: Fitted,
    table: pd.DataFrame,
    start: str | None,
    end: str | None,
) -> tuple[Finding, ...]:
    known = _share_known(desk, data.outcome, start, end)
    return tuple(
        Finding(
            **known,
            group={"outcome": data.outcome, "driver": str(row["driver"])},
            estimand=(
                f"share of the variance of {TITLES[data.outcome]} among {data.whom} that goes with "
                f"{row['driver']}, mean over all orders of entering; {whole_words(desk.slice)}"
            ),
            estimate=row["estimate"],
            ci_low=row["ci_low"],
            ci_high=row["ci_high"],
            ci_level=INTERVAL_LEVEL,
            n=int(row["n"]),
            n_clusters=int(row["n_clusters"]),
            method="Shapley value of adjusted R squared, linearised by cluster",
            checks=answer_checks(fitted),
        )
        for row in table.to_dict("records")
    )


def _share_sentences(table: pd.DataFrame, outcome: str) -> tuple[str, ...]:
    whole, first = table.iloc[-1], table.iloc[0]
    text = format_interval(whole["estimate"], whole["ci_low"], whole["ci_high"], "proportion")
    words = [
        (
            f"Together they explain {text} of the differences between answers to "
            f"{TITLES[outcome]}; the rest is what no column tells."
        )
    ]
    if first["estimate"] > 0:
        words.append(
            f"The largest part, {format_value(first['of_explained'], 'proportion')} of what is "
            f"explained, goes with {first['driver']}."
        )
    return tuple(words)


def _share_drawing(table: pd.DataFrame, title: str) -> Any:
    shown = table.iloc[:-1]

    def draw(ax: Axes | None) -> Axes:
        from supportlab import plots

        return plots.dot_intervals(
            shown,
            label="driver",
            unit="proportion",
            ax=ax,
            title=title,
            counted="answers",
            second="naive",
            reference=0.0,
            reference_label="nothing",
            estimate_label="share of the variance with interval",
            second_label="explained alone",
        )

    return draw


def _share_alt(table: pd.DataFrame, title: str) -> str:
    from supportlab.plots.alt import alt_dots

    return alt_dots(
        table.iloc[:-1], label="driver", subject=title, unit="proportion", counted="answers"
    )
