"""Themes that rise beyond their own past, and the week in which that could first be seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.findings import Finding
from supportlab.format import format_interval, format_value
from supportlab.results import Estimate
from supportlab.studies.feedback.theme_frame import SEED
from supportlab.studies.feedback.theme_model import ThemeModel, theme_model
from supportlab.studies.feedback.theme_records import (
    AskedThemes,
    language_name,
    shares_by_author,
    theme_caveats,
)
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.desk import Desk
    from supportlab.stats import Contrast
    from supportlab.stats.emerging import Alarm

__all__ = ["FALSE_ALARM", "emerging_themes"]

FALSE_ALARM = 0.05
PAST_WEEKS = 52
MOST_DRAWN = 4
FINDING_ID = "feedback.theme.emerging"
FIRST_SEEN = (
    "The size is measured from the first week in which the rise could be seen, which is a week in "
    "which it looked large: the first weeks overstate it."
)


@dataclass(frozen=True)
class _Watched:
    """One theme, or a family of themes over languages, week by week."""

    id: str
    name: str
    languages: tuple[str, ...]
    members: tuple[str, ...]
    counts: np.ndarray
    exposure: np.ndarray

    @property
    def group(self) -> dict[str, str]:
        key = "theme" if len(self.members) == 1 else "theme_family"
        return {key: self.id}


def emerging_themes(
    desk: Desk,
    *,
    start: str | None = None,
    end: str | None = None,
    false_alarm: float = FALSE_ALARM,
    codebook: str | None = None,
    seed: int = SEED,
) -> Estimate:
    """
    Find themes that are new or rise beyond chance, with the first week that could have said so.

    Not for slow rises over a quarter, nor for falls: `theme_shares` compares periods both ways.

    Parameters
    ----------
    desk : Desk
        The data.
    start, end : str, optional
        ISO dates of the comment, end excluded.
    false_alarm : float
        Chance that any theme is flagged in any week when none rises.
    codebook : str, optional
        Path of a codebook of an earlier run.
    seed : int
        Of samples and fits.

    Returns
    -------
    Estimate
        One row a theme or family of themes: ``theme``, ``name``, ``languages``, ``is_flagged``,
        ``first_week`` (the first day of the week at whose end it could first be flagged),
        ``window_weeks``, ``past_share``, ``p_value``, ``p_adjusted``, ``n_weeks``, ``n``; where
        flagged ``estimate``, ``ci_low``, ``ci_high`` (share since against the year before).
        Findings ``feedback.theme.emerging`` of those flagged.

    Notes
    -----
    As `supportlab.stats.emerging.scan_rises`: whole weeks only, exposure the comments of the
    theme's languages. The themes themselves are found in all comments, and know no time.
    """
    asked = AskedThemes(
        desk, FINDING_ID, "Which complaint is new or rising?", "emerging-themes",
        "Themes that rise beyond chance", start, end,
    )  # fmt: skip
    estimand = "rise of a theme's share of comments above its own past"
    from supportlab.stats.emerging import scan_rises

    try:
        model = theme_model(desk, start=start, end=end, codebook=codebook, seed=seed)
        weeks = _whole_weeks(model)
        watched = _watched(model, weeks)
        if not watched:
            raise NotEstimable("no theme has a comment in a whole week")
        found = scan_rises(
            np.array([one.counts for one in watched]),
            np.array([one.exposure for one in watched]),
            false_alarm=false_alarm,
        )
    except NotEstimable as refusal:
        return asked.refused(estimand, str(refusal))
    rows = [_row(model, one, alarm, weeks) for one, alarm in zip(watched, found, strict=True)]
    table = _ordered(pd.DataFrame(rows))
    caveats = theme_caveats(model)
    flagged = [one for one, alarm in zip(watched, found, strict=True) if _is_flagged(alarm)]
    return Estimate(
        asked.name,
        asked.title,
        table.assign(unit="proportion", versus="the year before"),
        findings=_findings(asked, table, (*caveats, FIRST_SEEN)),
        sentences=_sentences(table, false_alarm),
        caveats=(*caveats, FIRST_SEEN) if flagged else caveats,
        draw=lambda ax: _draw(table, watched, weeks, asked.title, ax),
        alt=_alt(table, watched, weeks),
    )


def _is_flagged(alarm: Alarm | None) -> bool:
    return alarm is not None and alarm.first_week is not None


def _whole_weeks(model: ThemeModel) -> list[str]:
    """Return the first days of all whole weeks, those without a comment too."""
    first, last = str(model.frame.rows["week"].min()), model.frame.last_week_complete
    # The first week may have begun before the data did.
    days = pd.date_range(pd.Timestamp(first) + pd.Timedelta(days=7), pd.Timestamp(last), freq="7D")
    return [day.strftime("%Y-%m-%d") for day in days]


def _watched(model: ThemeModel, weeks: list[str]) -> list[_Watched]:
    frame = model.frame.rows
    place = {week: at for at, week in enumerate(weeks)}
    week = np.array([place.get(one, -1) for one in frame["week"]])
    language = frame["language"].to_numpy()

    def weekly(chosen: np.ndarray) -> np.ndarray:
        return np.bincount(week[chosen & (week >= 0)], minlength=len(weeks))

    comments = {one.language: weekly(language == one.language) for one in model.themes}
    counts = {one.id: weekly(model.theme == one.id) for one in model.shown}
    spoken = {one.id: one.language for one in model.shown}
    families: dict[str, list[str]] = {}
    for one in model.shown:
        families.setdefault(model.family.get(one.id, one.id), []).append(one.id)
    groups = [(one,) for one in counts] + [tuple(m) for m in families.values() if len(m) > 1]
    found = []
    for members in groups:
        tongues = tuple(spoken[one] for one in members)
        total = sum(counts[one] for one in members)
        among = sum(comments[one] for one in tongues)
        found.append(
            _Watched(
                members[0], model.label(members[0]), tongues, members,
                np.asarray(total), np.asarray(among),
            )
        )  # fmt: skip
    return found


def _row(model: ThemeModel, one: _Watched, alarm: Alarm | None, weeks: list[str]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "theme": one.id,
        "name": one.name,
        "languages": ", ".join(one.languages),
        "members": ", ".join(one.members),
        "is_flagged": _is_flagged(alarm),
        "first_week": None,
        "window_weeks": alarm.window if alarm else None,
        "past_share": alarm.expected if alarm else None,
        "p_value": alarm.p_value if alarm else None,
        "p_adjusted": alarm.p_adjusted if alarm else None,
        "n_weeks": len(weeks),
        "n": int(one.counts.sum()),
        "n_looks": alarm.n_looks if alarm else 0,
        "estimate": None,
        "ci_low": None,
        "ci_high": None,
        "n_compared": None,
        "method": None,
    }
    if alarm is None or alarm.first_week is None:
        return row
    rise = _rise(model, one, weeks, alarm.first_week)
    return row | {
        "first_week": weeks[alarm.first_week],
        "estimate": rise.estimate,
        "ci_low": rise.low,
        "ci_high": rise.high,
        "n_compared": rise.n,
        "method": f"{rise.method}; flagged by beta-binomial scan",
    }


def _rise(model: ThemeModel, one: _Watched, weeks: list[str], first: int) -> Contrast:
    """Return the share since the first flag against the year before its window."""
    from supportlab.stats import difference_of_proportions

    frame = model.frame.rows
    chosen = np.isin(model.theme.astype(str), one.members)
    among = frame["language"].isin(one.languages).to_numpy()
    week, authors = frame["week"].to_numpy().astype(str), frame["author"].to_numpy()
    since = among & (week >= weeks[first]) & (week <= weeks[-1])
    # The weeks of the widest window before the flag may hold the beginning of the rise.
    clear = max(first - 4, 1)
    before = among & (week < weeks[clear]) & (week >= weeks[max(0, clear - PAST_WEEKS)])
    hits_1, n_1 = shares_by_author(authors, chosen, since)
    hits_2, n_2 = shares_by_author(authors, chosen, before)
    used = (n_1 + n_2) > 0
    return difference_of_proportions(
        hits_1[used], n_1[used], hits_2[used], n_2[used], clusters="shared"
    )


def _ordered(table: pd.DataFrame) -> pd.DataFrame:
    numbers = ["window_weeks", "past_share", "p_value", "p_adjusted", "estimate", "ci_low",
               "ci_high", "n_compared"]  # fmt: skip
    table = table.copy()
    table[numbers] = table[numbers].astype("float64")
    by = ["is_flagged", "p_value", "theme", "members"]
    return table.sort_values(by, ascending=[False, True, True, True], ignore_index=True)


def _findings(
    asked: AskedThemes, table: pd.DataFrame, caveats: tuple[str, ...]
) -> tuple[Finding, ...]:
    found = []
    for row in table.loc[table["is_flagged"]].to_dict("records"):
        is_family = "," in row["members"]
        group = {"theme_family" if is_family else "theme": row["theme"]}
        spoken = ", ".join(language_name(one) for one in row["languages"].split(", "))
        words = (
            f"rise of the share of comments about {row['name']} ({row['members']}; {spoken}) since "
            f"the week of {row['first_week']}, the first that could be flagged, against the year "
            "before"
        )
        found.append(
            Finding(
                **asked.known(words, group), estimate=row["estimate"], ci_low=row["ci_low"],
                ci_high=row["ci_high"], ci_level=INTERVAL_LEVEL, n=int(row["n_compared"]),
                method=row["method"], p_value=row["p_value"], p_adjusted=row["p_adjusted"],
                verdict="higher", caveats=caveats,
            )
        )  # fmt: skip
    return tuple(found)


def _sentences(table: pd.DataFrame, false_alarm: float) -> tuple[str, ...]:
    looks = int(table["n_looks"].sum())
    bound = (
        f"{len(table)} themes and families were watched in {looks:,} looks; the chance of any "
        f"false alarm among them is at most {format_value(false_alarm, 'proportion')}."
    )
    flagged = table.loc[table["is_flagged"]]
    if flagged.empty:
        return ("No theme rises beyond what its own past and chance explain.", bound)
    words = []
    for row in flagged.to_dict("records"):
        ends = (row["estimate"], row["ci_low"], row["ci_high"])
        size = format_interval(*ends, "proportion", is_difference=True)
        words.append(
            f"{row['name']} ({row['members']}) could first be flagged at the end of the week of "
            f"{row['first_week']}, from {format_value(row['past_share'], 'proportion')} of "
            f"comments before; since then its share has changed by {size}."
        )
    return (*words, bound)


def _drawn(table: pd.DataFrame, watched: list[_Watched]) -> list[tuple[dict[str, Any], _Watched]]:
    by = {", ".join(one.members): one for one in watched}
    head = table.head(max(1, min(int(table["is_flagged"].sum()), MOST_DRAWN)))
    rows: list[dict[str, Any]] = [
        {str(key): value for key, value in row.items()} for row in head.to_dict("records")
    ]
    return [(row, by[row["members"]]) for row in rows]


def _draw(
    table: pd.DataFrame, watched: list[_Watched], weeks: list[str], title: str, ax: Axes | None
) -> Axes:
    from supportlab.plots.weekly import weekly_lines

    series = []
    for row, one in _drawn(table, watched):
        spoken = "all linked languages" if len(one.members) > 1 else one.languages[0]
        series.append(
            {
                "label": f"{one.name} ({one.id}, {spoken})",
                "otherwise": f"{one.id} ({spoken})",
                "counts": one.counts,
                "exposure": one.exposure,
                "first": weeks.index(row["first_week"]) if row["is_flagged"] else None,
                "expected": row["past_share"],
            }
        )
    return weekly_lines(weeks, series, title=title, ax=ax)


def _alt(table: pd.DataFrame, watched: list[_Watched], weeks: list[str]) -> str:
    words = []
    for row, one in _drawn(table, watched):
        share = one.counts.sum() / max(int(one.exposure.sum()), 1)
        found = f"{one.name}: {format_value(float(share), 'proportion')} of comments over all weeks"
        if row["is_flagged"]:
            found += f", first flagged in the week of {row['first_week']}"
        words.append(found)
    return (
        f"Weekly share of comments by theme, {len(weeks)} whole weeks from {weeks[0]} to "
        f"{weeks[-1]}, with the number of comments below. {'; '.join(words)}."
    )
