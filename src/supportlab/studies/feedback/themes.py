"""Themes of comments: what they are, how often each comes, and whether that has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.findings import Finding
from supportlab.format import format_difference, format_value
from supportlab.results import Check, Estimate
from supportlab.studies.common.refusals import refused_estimate
from supportlab.studies.feedback.codebook import CODEBOOK_FILE, codebook_text
from supportlab.studies.feedback.theme_frame import SEED
from supportlab.studies.feedback.theme_model import ThemeModel, theme_model
from supportlab.studies.feedback.theme_records import (
    FEWEST_SHOWN,
    AskedThemes,
    language_name,
    shares_by_author,
    theme_caveats,
)
from supportlab.vocabulary import INTERVAL_LEVEL, Verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.desk import Desk
    from supportlab.stats import Contrast

__all__ = ["theme_shares", "themes"]

RETURNS_WELL = 0.8
# A share that moves by less than a point is called the same.
SAME_WITHIN = 0.01
MOST_DRAWN = 24


def themes(
    desk: Desk,
    *,
    start: str | None = None,
    end: str | None = None,
    codebook: str | None = None,
    seed: int = SEED,
) -> Estimate:
    """
    Find what customers write about, language by language, and write the codebook.

    Not a reading of each comment: words that come together are counted, irony is not seen.

    Parameters
    ----------
    desk : Desk
        The data.
    start, end : str, optional
        ISO dates of the comment, end excluded.
    codebook : str, optional
        Path of a codebook of an earlier run, whose themes, names and ids are kept.
    seed : int
        Of samples and fits.

    Returns
    -------
    Estimate
        One row a theme: ``theme``, ``name``, ``language``, ``family``, ``words``, ``n``,
        ``n_customers``, ``stability``, ``status``, ``is_new``; ``files`` holds the codebook.

    Notes
    -----
    As `supportlab.stats.text.topics.find_themes`; words by Monroe, Colaresi and Quinn (2008).
    """
    title = "What customers write about"
    try:
        model = theme_model(desk, start=start, end=end, codebook=codebook, seed=seed)
    except NotEstimable as refusal:
        return refused_estimate("themes", title, str(refusal))
    table = _themes_table(model)
    return Estimate(
        "themes",
        title,
        table,
        sentences=_themes_sentences(model, table),
        checks=(_stability_check(model, table),),
        caveats=theme_caveats(model),
        files={CODEBOOK_FILE: codebook_text(model.themes)},
    )


def _themes_table(model: ThemeModel) -> pd.DataFrame:
    authors = model.frame.rows["author"].to_numpy()
    rows = []
    for one in model.shown:
        chosen = model.theme == one.id
        rows.append(
            {
                "theme": one.id,
                "name": one.label,
                "language": one.language,
                "family": model.family.get(one.id, one.id),
                "words": ", ".join(one.words),
                "n": int(chosen.sum()),
                "n_customers": int(np.unique(authors[chosen]).size),
                "stability": model.stability.get(one.id, np.nan),
                "status": one.status,
                "is_new": model.is_new.get(one.id),
            }
        )
    return pd.DataFrame(rows)


def _themes_sentences(model: ThemeModel, table: pd.DataFrame) -> tuple[str, ...]:
    counts = table["language"].value_counts()
    words = ", ".join(f"{language_name(str(one))} {n}" for one, n in counts.items())
    families = table["family"].value_counts()
    n_linked = int((families > 1).sum())
    share = float((model.theme != "").sum() / max(int(model.looked_at.sum()), 1))
    linked = (
        f"{n_linked} families hold themes of several languages; the other themes stand alone."
        if n_linked
        else "No theme could be linked to one of another language; each stands alone."
    )
    found = (
        f"{model.frame.words}",
        f"{len(table)} themes ({words}) hold {format_value(share, 'proportion')} of the comments.",
        linked,
    )
    if not model.is_new:
        return found
    n_new = sum(model.is_new[one] for one in table["theme"])
    return (*found, f"The codebook knew {len(table) - n_new} of them; {n_new} are new.")


def _stability_check(model: ThemeModel, table: pd.DataFrame) -> Check:
    known = table.loc[table["stability"].notna()]
    weak = known.loc[known["stability"] < RETURNS_WELL]
    names = ", ".join(str(one) for one in weak["theme"])
    detail = (
        f"mean cosine with the same theme under other seeds and 80 % of the comments: median "
        f"{known['stability'].median():.2f}; {len(weak)} of {len(known)} below {RETURNS_WELL}"
        + (f" ({names})" if names else "")
    )
    return Check("themes return under other seeds", bool(len(weak) * 4 <= len(known)), detail)


def theme_shares(
    desk: Desk,
    *,
    start: str | None = None,
    end: str | None = None,
    weeks: int = 13,
    codebook: str | None = None,
    seed: int = SEED,
) -> Estimate:
    """
    Estimate each theme's share of its language's comments, and its change between two periods.

    Not a share of customers, and not a cause: who writes may change too.

    Parameters
    ----------
    desk : Desk
        The data.
    start, end : str, optional
        ISO dates of the comment, end excluded.
    weeks : int
        Length of each of the two last periods that are compared.
    codebook : str, optional
        Path of a codebook of an earlier run.
    seed : int
        Of samples and fits.

    Returns
    -------
    Estimate
        One row a theme of at least twenty comments: ``theme``, ``name``, ``language``,
        ``estimate``, ``ci_low``, ``ci_high``, ``n`` (comments of the theme), ``n_language``,
        ``n_clusters``; ``change_difference``, ``change_difference_low``,
        ``change_difference_high``, ``p_value``, ``p_adjusted``, ``change_verdict``, ``reason``.
        Findings ``feedback.theme.share``, for the share and, with
        ``"change"`` in the group, for the change.

    Notes
    -----
    Comments of one customer are alike: cluster-robust Wilson limits, and Newcombe's hybrid with
    shared clusters for the change. P values are adjusted over all themes (Benjamini and Hochberg
    1995).
    """
    asked = AskedThemes(
        desk, "feedback.theme.share", "How often do customers write about it, and has it changed?",
        "theme-shares", "Themes and their share", start, end,
    )  # fmt: skip
    estimand = "share of a language's comments that are about a theme"
    try:
        model = theme_model(desk, start=start, end=end, codebook=codebook, seed=seed)
        rows = _share_rows(model, weeks)
    except NotEstimable as refusal:
        return asked.refused(estimand, str(refusal))
    if not rows:
        return asked.refused(estimand, f"no theme has {FEWEST_SHOWN} comments")
    table = _with_verdicts(pd.DataFrame(rows))
    caveats = theme_caveats(model)
    return Estimate(
        asked.name,
        asked.title,
        _named(table),
        findings=_share_findings(asked, table, weeks, caveats),
        sentences=_share_sentences(table, weeks),
        caveats=caveats,
        draw=lambda ax: _draw_shares(table, asked.title, ax),
        alt=_share_alt(table),
    )


def _share_rows(model: ThemeModel, weeks: int) -> list[dict[str, Any]]:
    from supportlab.stats import clustered_proportion

    frame = model.frame.rows
    authors, language = frame["author"].to_numpy(), frame["language"].to_numpy()
    late, early = _periods(model, weeks)
    rows = []
    for one in model.shown:
        chosen, among = model.theme == one.id, language == one.language
        if chosen.sum() < FEWEST_SHOWN:
            continue
        hits, n = shares_by_author(authors, chosen, among)
        found = clustered_proportion(hits[n > 0], n[n > 0])
        change, reason = _change(authors, chosen, among & late, among & early)
        rows.append(
            {
                "theme": one.id,
                "name": one.label,
                "language": one.language,
                "estimate": found.estimate,
                "ci_low": found.low,
                "ci_high": found.high,
                "n": int(chosen.sum()),
                "n_language": found.n,
                "n_clusters": found.n_clusters,
                "method": found.method,
                "change": change.estimate if change else None,
                "change_low": change.low if change else None,
                "change_high": change.high if change else None,
                "p_value": change.p_value if change else None,
                "change_method": change.method if change else None,
                "n_change": change.n if change else None,
                "reason": reason or None,
            }
        )
    return rows


def _periods(model: ThemeModel, weeks: int) -> tuple[np.ndarray, np.ndarray]:
    """Return which comments lie in the last whole weeks, and in as many before them."""
    last = pd.Timestamp(model.frame.last_week_complete)
    week = pd.to_datetime(model.frame.rows["week"])
    age = ((last - week).dt.days // 7).to_numpy()
    return (age >= 0) & (age < weeks), (age >= weeks) & (age < 2 * weeks)


def _change(
    authors: np.ndarray, chosen: np.ndarray, late: np.ndarray, early: np.ndarray
) -> tuple[Contrast | None, str]:
    from supportlab.stats import difference_of_proportions

    hits_1, n_1 = shares_by_author(authors, chosen, late)
    hits_2, n_2 = shares_by_author(authors, chosen, early)
    if min(n_1.sum(), n_2.sum()) < FEWEST_SHOWN:
        return None, f"a period has fewer than {FEWEST_SHOWN} comments of the language"
    used = (n_1 + n_2) > 0
    try:
        found = difference_of_proportions(
            hits_1[used], n_1[used], hits_2[used], n_2[used], clusters="shared"
        )
    except NotEstimable as refusal:
        return None, str(refusal)
    return found, ""


def _with_verdicts(table: pd.DataFrame) -> pd.DataFrame:
    from supportlab.stats import adjust_p

    numbers = ["change", "change_low", "change_high", "p_value", "n_change"]
    out = table.copy()
    out[numbers] = out[numbers].astype("float64")
    adjusted = adjust_p([None if pd.isna(p) else float(p) for p in out["p_value"]])
    out["p_adjusted"] = np.array([np.nan if p is None else p for p in adjusted], dtype=float)
    out["verdict"] = [_verdict(row) for row in out.to_dict("records")]
    return out


def _named(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table as published: the share is a level, and the rest is of its change."""
    ends = {f"change{end}": f"change_difference{end}" for end in ("", "_low", "_high")}
    return table.assign(unit="proportion").rename(columns={**ends, "verdict": "change_verdict"})


def _verdict(row: dict[Any, Any]) -> Verdict | None:
    if pd.isna(row["change"]):
        return None
    if row["p_adjusted"] < 1.0 - INTERVAL_LEVEL:
        return "higher" if row["change"] > 0 else "lower"
    if row["change_low"] > -SAME_WITHIN and row["change_high"] < SAME_WITHIN:
        return "equivalent"
    return "no_difference_shown"


def _share_findings(
    asked: AskedThemes, table: pd.DataFrame, weeks: int, caveats: tuple[str, ...]
) -> tuple[Finding, ...]:
    found = []
    for row in table.to_dict("records"):
        name = f"{language_name(row['language'])}, {row['name']}"
        words = (
            f"share of comments about the theme {row['theme']} ({name}) among those in the language"
        )
        group = {"theme": row["theme"]}
        found.append(
            Finding(
                **asked.known(words, group), estimate=row["estimate"], ci_low=row["ci_low"],
                ci_high=row["ci_high"], ci_level=INTERVAL_LEVEL, n=int(row["n_language"]),
                n_clusters=int(row["n_clusters"]), method=row["method"], caveats=caveats,
            )
        )  # fmt: skip
        change = asked.known(
            f"{words}, the last {weeks} weeks against the {weeks} before",
            {**group, "change": f"{weeks} weeks"},
        )
        if pd.isna(row["change"]):
            found.append(Finding.refused(reason=row["reason"], **change))
            continue
        found.append(
            Finding(
                **change, estimate=row["change"], ci_low=row["change_low"],
                ci_high=row["change_high"], ci_level=INTERVAL_LEVEL, n=int(row["n_change"]),
                method=row["change_method"], p_value=row["p_value"],
                p_adjusted=row["p_adjusted"], verdict=row["verdict"], caveats=caveats,
            )
        )  # fmt: skip
    return tuple(found)


def _share_sentences(table: pd.DataFrame, weeks: int) -> tuple[str, ...]:
    moved = table.loc[table["verdict"].isin(["higher", "lower"])].sort_values("p_value")
    tested = int(table["p_value"].notna().sum())
    if moved.empty:
        none = (
            f"Of {tested} themes none has changed its share between the last {weeks} weeks and the "
            f"{weeks} before, beyond what chance explains among so many."
        )
        return (none,)
    words = [
        f"{row['name']} ({row['theme']}) {format_difference(row['change'], 'proportion')}"
        for row in moved.to_dict("records")
    ]
    some = (
        f"Of {tested} themes {len(moved)} changed their share of the language's comments between "
        f"the {weeks} weeks before and the last {weeks}: {', '.join(words)}."
    )
    return (some,)


def _top(table: pd.DataFrame) -> pd.DataFrame:
    """Return the largest themes of each language, languages with most comments first."""
    ordered = table.sort_values(
        ["n_language", "language", "n", "theme"], ascending=[False, True, False, True]
    )
    each = max(2, MOST_DRAWN // ordered["language"].nunique())
    return ordered.groupby("language", sort=False).head(each).head(MOST_DRAWN)


def _draw_shares(table: pd.DataFrame, title: str, ax: Axes | None) -> Axes:
    from supportlab.plots import dot_intervals
    from supportlab.plots.scripts import drawable, script_families

    shown = _top(table)
    names = [
        f"{drawable(row['name'], row['theme'])} ({row['language']})"
        for row in shown.to_dict("records")
    ]
    axes = dot_intervals(
        shown.assign(label=names), label="label", unit="proportion", ax=ax, title=title,
        counted="comments",
    )  # fmt: skip
    for label in axes.get_yticklabels():
        label.set_fontfamily(list(script_families()))
    return axes


def _share_alt(table: pd.DataFrame) -> str:
    from supportlab.plots import alt_dots

    words = alt_dots(
        _top(table), label="theme", subject="the share of comments", unit="proportion",
        counted="comments",
    )  # fmt: skip
    rest = len(table) - min(len(table), MOST_DRAWN)
    return f"{words} {rest} smaller themes are in the table." if rest else words
