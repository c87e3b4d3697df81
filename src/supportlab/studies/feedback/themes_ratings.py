"""How dissatisfied those are who name a theme, and two typical comments of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable, ParameterError
from supportlab.findings import Finding
from supportlab.format import format_value
from supportlab.results import Estimate
from supportlab.studies.common.refusals import refused_estimate
from supportlab.studies.feedback.theme_frame import SEED
from supportlab.studies.feedback.theme_model import ThemeModel, theme_model
from supportlab.studies.feedback.theme_records import (
    FEWEST_SHOWN,
    AskedThemes,
    shares_by_author,
    theme_caveats,
)
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["theme_ratings", "typical_comments"]

# A quoted comment's words have to be those of several customers.
FEWEST_SAYERS = 3
LONGEST_QUOTED = 200
NOT_A_CAUSE = (
    "The contribution is arithmetic: what dissatisfaction among comments would be if those about "
    "the theme were like the others. Solving the matter need not change it by as much."
)


def theme_ratings(
    desk: Desk,
    *,
    start: str | None = None,
    end: str | None = None,
    codebook: str | None = None,
    seed: int = SEED,
) -> Estimate:
    """
    Estimate dissatisfaction among those who write about each theme, and what it adds to the whole.

    Not an effect of the theme: who complains of it may be dissatisfied for other reasons too.

    Parameters
    ----------
    desk : Desk
        The data.
    start, end : str, optional
        ISO dates of the comment, end excluded.
    codebook : str, optional
        Path of a codebook of an earlier run.
    seed : int
        Of samples and fits.

    Returns
    -------
    Estimate
        One row a theme with twenty rated comments, largest contribution first: ``theme``,
        ``name``, ``language``, ``n``, ``dissatisfied_rate`` with ``dissatisfied_rate_low`` and
        ``dissatisfied_rate_high``, ``others_rate`` (the same among the language's other rated
        comments),
        ``estimate``, ``ci_low``, ``ci_high`` (contribution, a share of the language's rated
        comments), ``p_value``, ``p_adjusted``. Findings ``feedback.theme.contribution``.

    Notes
    -----
    Dissatisfied: not among the two best of five, a detractor, or the like of it on other scales.
    Contribution: the theme's share of rated comments times the difference of dissatisfaction
    between it and the others; linearised, comments of one customer together.
    """
    asked = AskedThemes(
        desk, "feedback.theme.contribution", "Which themes go with dissatisfaction?",
        "theme-ratings", "Themes and dissatisfaction", start, end,
    )  # fmt: skip
    estimand = "a theme's contribution to the share of dissatisfied comments"
    try:
        model = theme_model(desk, start=start, end=end, codebook=codebook, seed=seed)
        rows = _rating_rows(model)
        if not rows:
            raise NotEstimable(f"no theme has {FEWEST_SHOWN} comments with a score")
    except NotEstimable as refusal:
        return asked.refused(estimand, str(refusal))
    table = _adjusted(pd.DataFrame(rows))
    caveats = (*theme_caveats(model), NOT_A_CAUSE)
    return Estimate(
        asked.name,
        asked.title,
        _named(table),
        findings=_findings(asked, table, caveats),
        sentences=_sentences(table),
        caveats=caveats,
    )


def _named(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table as published: what a theme adds is a difference, the rest are shares."""
    told = table.assign(unit="proportion", versus="other comments")
    return told.rename(
        columns={
            "dissatisfied": "dissatisfied_rate",
            "dissatisfied_low": "dissatisfied_rate_low",
            "dissatisfied_high": "dissatisfied_rate_high",
            "others": "others_rate",
        }
    )


def contribution(
    authors: np.ndarray, chosen: np.ndarray, bad: np.ndarray
) -> tuple[float, float, int]:
    """
    Return share of the chosen times the difference of the bad between them and the others.

    Not for groups of which one is empty.

    Parameters
    ----------
    authors : array of int
        Cluster of each row.
    chosen, bad : array of 0 and 1
        Whether a row is of the theme, and whether it is dissatisfied.

    Returns
    -------
    tuple of (float, float, int)
        Estimate, standard error over clusters, number of clusters.
    """
    chosen, bad = chosen.astype(float), bad.astype(float)
    share = chosen.mean()
    in_it, others = bad[chosen == 1].mean(), bad[chosen == 0].mean()
    gap = in_it - others
    influence = (
        (chosen - share) * gap
        + chosen * (bad - in_it)
        - share / (1.0 - share) * (1.0 - chosen) * (bad - others)
    )
    total = np.bincount(authors, weights=influence)
    n_clusters = int(np.unique(authors).size)
    factor = n_clusters / max(n_clusters - 1, 1)
    return float(share * gap), float(np.sqrt(factor * (total**2).sum()) / len(bad)), n_clusters


def _rating_rows(model: ThemeModel) -> list[dict[str, Any]]:
    from supportlab.stats import clustered_proportion
    from supportlab.stats.interval import normal_quantile

    frame = model.frame.rows
    rated = frame["is_dissatisfied"].notna().to_numpy()
    bad, authors = frame["is_dissatisfied"].fillna(0.0).to_numpy(), frame["author"].to_numpy()
    language = frame["language"].to_numpy()
    rows = []
    for one in model.shown:
        among = rated & (language == one.language)
        chosen = model.theme == one.id
        n = int((chosen & among).sum())
        if n < FEWEST_SHOWN or n == int(among.sum()):
            continue
        hits, sizes = shares_by_author(authors, bad == 1.0, among & chosen)
        own = clustered_proportion(hits[sizes > 0], sizes[sizes > 0])
        estimate, error, n_clusters = contribution(authors[among], chosen[among], bad[among])
        half = normal_quantile(INTERVAL_LEVEL) * error
        rows.append(
            {
                "theme": one.id,
                "name": one.label,
                "language": one.language,
                "n": n,
                "n_language": int(among.sum()),
                "n_clusters": n_clusters,
                "dissatisfied": own.estimate,
                "dissatisfied_low": own.low,
                "dissatisfied_high": own.high,
                "others": float(bad[among & ~chosen].mean()),
                "estimate": estimate,
                "ci_low": estimate - half,
                "ci_high": estimate + half,
                "p_value": _two_sided(estimate, error),
            }
        )
    return rows


def _two_sided(estimate: float, error: float) -> float:
    from scipy.stats import norm

    if error <= 0.0:
        return 1.0 if estimate == 0.0 else 0.0
    return float(2.0 * norm.sf(abs(estimate) / error))


def _adjusted(table: pd.DataFrame) -> pd.DataFrame:
    from supportlab.stats import adjust_p

    adjusted = adjust_p([float(p) for p in table["p_value"]])
    out = table.assign(p_adjusted=np.array(adjusted, dtype=float))
    return out.sort_values(["estimate", "theme"], ascending=[False, True], ignore_index=True)


def _findings(
    asked: AskedThemes, table: pd.DataFrame, caveats: tuple[str, ...]
) -> tuple[Finding, ...]:
    found = []
    for row in table.to_dict("records"):
        words = (
            f"share of the rated comments about {row['theme']} ({row['name']}) times how much more "
            "often they are dissatisfied than the language's others"
        )
        is_clear = row["p_adjusted"] < 1.0 - INTERVAL_LEVEL
        verdict = (
            ("higher" if row["estimate"] > 0 else "lower") if is_clear else "no_difference_shown"
        )
        found.append(
            Finding(
                **asked.known(words, {"theme": row["theme"]}), estimate=row["estimate"],
                ci_low=row["ci_low"], ci_high=row["ci_high"], ci_level=INTERVAL_LEVEL,
                n=int(row["n_language"]), n_clusters=int(row["n_clusters"]),
                method="share times difference, linearised, clustered by customer",
                p_value=row["p_value"], p_adjusted=row["p_adjusted"], verdict=verdict,  # type: ignore[arg-type]
                caveats=caveats,
            )
        )  # fmt: skip
    return tuple(found)


def _sentences(table: pd.DataFrame) -> tuple[str, ...]:
    worst = table.loc[(table["estimate"] > 0) & (table["p_adjusted"] < 1.0 - INTERVAL_LEVEL)].head(
        3
    )
    if worst.empty:
        return ("No theme goes with more dissatisfaction than the others, beyond chance.",)
    words = [
        f"{row['name']} ({row['theme']}: {format_value(row['dissatisfied'], 'proportion')} of its "
        f"comments are dissatisfied, which adds {100 * row['estimate']:.1f} points)"
        for row in worst.to_dict("records")
    ]
    return (f"Most dissatisfaction among comments goes with {'; '.join(words)}.",)


def typical_comments(
    desk: Desk,
    *,
    start: str | None = None,
    end: str | None = None,
    most: int = 2,
    show: bool = True,
    codebook: str | None = None,
    seed: int = SEED,
) -> Estimate:
    """
    Show the comments nearest to each theme, with personal data removed.

    Not evidence: two comments were chosen because they are typical.

    Parameters
    ----------
    desk : Desk
        The data.
    start, end : str, optional
        ISO dates of the comment, end excluded.
    most : int
        Comments a theme.
    show : bool
        False leaves every comment out, where pages may not quote customers.
    codebook : str, optional
        Path of a codebook of an earlier run.
    seed : int
        Of samples and fits.

    Returns
    -------
    Estimate
        One row a comment: ``theme``, ``name``, ``language``, ``comment``.

    Notes
    -----
    Comments of at most 200 letters in which every distinctive word is used by three customers or
    more; those in which nothing had to be replaced come first.
    """
    title = "Typical comments"
    if most < 1:
        raise ParameterError(f"most came as {most}; give 1 or more.")
    if not show:
        return refused_estimate("typical-comments", title, "comments are not to be quoted here")
    try:
        model = theme_model(desk, start=start, end=end, codebook=codebook, seed=seed)
    except NotEstimable as refusal:
        return refused_estimate("typical-comments", title, str(refusal))
    rows = [
        row for one in model.shown for row in _typical(model, one.id, one.label, one.language, most)
    ]
    if not rows:
        return refused_estimate("typical-comments", title, "no comment is like enough to others")
    table = pd.DataFrame(rows)
    n = table["theme"].nunique()
    words = f"Up to {most} comments nearest to each of {n} themes; names and numbers are replaced."
    caveat = "Removal of personal data misses what no pattern can know; read before passing on."
    return Estimate("typical-comments", title, table, sentences=(words,), caveats=(caveat,))


def _typical(
    model: ThemeModel, theme: str, name: str, language: str, most: int
) -> list[dict[str, Any]]:
    frame = model.frame.rows
    places = np.flatnonzero(model.theme == theme)
    texts = frame["text"].to_numpy()[places]
    words = {text: frozenset(str(text).lower().split()) for text in texts}
    sayers: dict[str, set[int]] = {}
    for text, author in zip(texts, frame["author"].to_numpy()[places], strict=True):
        for word in words[text]:
            sayers.setdefault(word, set()).add(int(author))
    common = [
        place for place, text in zip(places, texts, strict=True)
        if len(text) <= LONGEST_QUOTED
        and all(len(sayers[word]) >= FEWEST_SAYERS for word in words[text])
    ]  # fmt: skip
    # What nothing had to be replaced in comes first, then the nearest to the theme.
    told = frame["text"].to_numpy()
    common.sort(key=lambda at: ("[" in str(told[at]), -round(float(model.strength[at]), 6), at))
    chosen = list(dict.fromkeys(str(told[at]) for at in common))[:most]
    return [
        {"theme": theme, "name": name, "language": language, "comment": text} for text in chosen
    ]
