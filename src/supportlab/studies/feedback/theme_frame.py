"""Comments of surveys and texts from outside them, in one bounded frame without personal data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["MOST_COMMENTS", "SEED", "CommentFrame", "comment_frame"]

# More comments make no theme and no share surer (a standard error under 0.1 points), and this many
# take some 200 MB and two minutes.
MOST_COMMENTS = 200_000
SEED = 20240701
COLUMNS = (
    "at", "text", "stated", "customer", "source", "score", "low", "high", "is_high_good",
    "category", "product",
)  # fmt: skip
# On a form of one to five, three is no satisfied answer; detractors are at most six of ten.
SATISFIED_FROM, DETRACTOR_TO = 0.75, 0.6


@dataclass(frozen=True)
class CommentFrame:
    """
    Cleaned comments of a bounded number.

    Parameters
    ----------
    rows : pandas.DataFrame
        Ordered by time: ``at`` (UTC), ``week`` (its first day, ISO), ``text`` (personal data
        removed), ``language``, ``author`` (a number that says nothing of the customer's id; one of
        its own where the customer is not known), ``is_dissatisfied`` (0, 1 or nan), ``source``,
        ``category``, ``product``.
    n_comments, n_drawn : int
        Comments in the period, and those that were looked at: all, or a seeded sample.
    n_duplicates : int
        Those of them that repeat one (the same words by one customer, or by nobody known from one
        place on one day) and are left out of `rows`.
    n_redacted : int
        Comments in which something was replaced.
    last_week_complete : str
        First day of the last week that was over when the data end.
    """

    rows: pd.DataFrame
    n_comments: int
    n_drawn: int
    n_duplicates: int
    n_redacted: int
    last_week_complete: str

    @property
    def words(self) -> str:
        """Say how many comments came, and how many are looked at."""
        found = f"{self.n_comments:,} comments"
        if self.n_drawn < self.n_comments:
            found += f", of which a seeded sample of {self.n_drawn:,} is looked at"
        found += f"; {self.n_duplicates:,} repeat another and count once"
        return f"{found}; personal data were replaced in {self.n_redacted:,}."


def comment_frame(
    desk: Desk, *, start: str | None = None, end: str | None = None, seed: int = SEED
) -> CommentFrame:
    """
    Bring comments to Python, at most 200,000, with personal data removed.

    Not for scores without words: the metrics count those in the engine.

    Parameters
    ----------
    desk : Desk
        The data.
    start, end : str, optional
        ISO dates of the comment, end excluded.
    seed : int
        Of the sample, where there are more.

    Returns
    -------
    CommentFrame
        From ``surveys.comment`` and ``feedback.text``.

    Raises
    ------
    NotEstimable
        The source has no comments.
    """
    key = f"comment frame {start} {end} {seed}"
    return desk.once(key, lambda: _frame(desk, start, end, seed))


def _frame(desk: Desk, start: str | None, end: str | None, seed: int) -> CommentFrame:
    from supportlab.metrics.periods import between, period

    texts = _texts(desk)
    window = period(start, end)
    if window.start or window.end:
        texts = texts.filter(between(texts.at, window))
    n_comments = int(texts.count().execute())
    if n_comments == 0:
        raise NotEstimable("there is no comment in the period")
    fetched = _drawn(texts, n_comments, seed).execute()
    kept = _without_repeats(_ordered(fetched))
    rows, n_redacted = _cleaned(kept, desk)
    last = _last_complete(desk, window.end)
    n_drawn = min(n_comments, MOST_COMMENTS)
    return CommentFrame(rows, n_comments, n_drawn, n_drawn - len(kept), n_redacted, last)


def _drawn(texts: Any, n: int, seed: int) -> Any:
    """Keep all comments, or a seeded sample of them, chosen in the order of their keys."""
    import ibis

    if n <= MOST_COMMENTS:
        return texts
    numbered = texts.mutate(number=ibis.row_number().over(order_by=[texts.key]).cast("int64"))
    chosen = np.random.default_rng(seed).choice(n, MOST_COMMENTS, replace=False)
    wanted = ibis.memtable(pd.DataFrame({"chosen": np.sort(chosen).astype("int64")}))
    return numbered.inner_join(wanted, numbered.number == wanted.chosen)


def _texts(desk: Desk) -> Any:
    """Return both tables' texts as one expression."""
    parts = []
    if desk.has("surveys", "comment"):
        parts.append(_survey_texts(desk))
    if desk.has("feedback", "text"):
        parts.append(_feedback_texts(desk))
    if not parts:
        raise NotEstimable("the source has neither surveys (comment) nor feedback (text)")
    found = parts[0]
    for other in parts[1:]:
        found = found.union(other)
    return found.filter(found.text.notnull() & (found.text.strip() != "") & found["at"].notnull())


def _survey_texts(desk: Desk) -> Any:
    import ibis

    surveys = desk.table("surveys")
    if desk.has("tickets", "ticket_id") and desk.has("surveys", "ticket_id"):
        tickets = desk.table("tickets").select(
            about="ticket_id", category="category", product="product"
        )
        joined = surveys.left_join(tickets, surveys.ticket_id == tickets.about)
    else:
        nothing = ibis.null().cast("string")
        joined = surveys.mutate(category=nothing, product=nothing)
    return joined.select(
        key=joined.survey_id,
        at=ibis.coalesce(joined.responded_at, joined.sent_at),
        text=joined.comment,
        stated=joined.language,
        customer=joined.customer_id,
        source=joined.kind,
        score=joined.score,
        low=joined.scale_min,
        high=joined.scale_max,
        is_high_good=joined.high_is_good,
        category=joined.category,
        product=joined.product,
    )


def _feedback_texts(desk: Desk) -> Any:
    import ibis

    table = desk.table("feedback")
    return table.select(
        key=table.feedback_id,
        at=table["at"],
        text=table.text,
        stated=table.language,
        customer=table.customer_id,
        source=table.source,
        score=table.rating,
        low=table.rating_min,
        high=table.rating_max,
        is_high_good=ibis.literal(True),
        category=ibis.null().cast("string"),
        product=table["product"],
    )


def _ordered(fetched: pd.DataFrame) -> pd.DataFrame:
    """Sort by everything that tells rows apart, so that the engine's order is of no effect."""
    frame = fetched[list(COLUMNS)].copy()
    frame["at"] = pd.to_datetime(frame["at"], utc=True)
    for name in ("stated", "customer", "source", "category", "product"):
        frame[name] = frame[name].astype(object).where(frame[name].notna(), "")
    names = ["at", "customer", "source", "text", "score", "stated", "category", "product"]
    return frame.sort_values(names, kind="stable", ignore_index=True)


def _without_repeats(frame: pd.DataFrame) -> pd.DataFrame:
    same = frame["text"].str.casefold().str.split().str.join(" ")
    day = frame["at"].dt.strftime("%Y-%m-%d") + " " + frame["source"].astype(str)
    who = frame["customer"].where(frame["customer"] != "", "nobody " + day)
    repeats = pd.DataFrame({"same": same, "who": who}).duplicated()
    kept: pd.DataFrame = frame.loc[~repeats].reset_index(drop=True)
    return kept


def _cleaned(frame: pd.DataFrame, desk: Desk) -> tuple[pd.DataFrame, int]:
    from supportlab.stats.text.language import identify_languages
    from supportlab.stats.text.redact import redact

    raw = frame["text"].astype(str).tolist()
    clean_of = {text: redact(text) for text in dict.fromkeys(raw)}
    clean = [clean_of[text] for text in raw]
    n_redacted = sum("[" in new and new != old for old, new in zip(raw, clean, strict=True))
    spoken = identify_languages(clean, [one or None for one in frame["stated"]])
    known = (frame["customer"] != "").to_numpy()
    author = pd.factorize(frame["customer"])[0].astype("int64")
    author[~known] = author.max(initial=0) + 1 + np.arange(int((~known).sum()))
    out = pd.DataFrame(
        {
            "at": frame["at"],
            "week": _weeks(frame["at"], desk.config.week_start),
            "text": clean,
            "language": [one.language for one in spoken],
            "author": author,
            "is_dissatisfied": _dissatisfied(frame),
            "source": frame["source"],
            "category": frame["category"],
            "product": frame["product"],
        }
    )
    return out, n_redacted


def _weeks(at: pd.Series, first_day: str) -> pd.Series:
    from supportlab.metrics.periods import WEEKDAYS

    back = (at.dt.day_of_week - WEEKDAYS.index(first_day)) % 7
    days: pd.Series = (at.dt.normalize() - pd.to_timedelta(back, unit="D")).dt.strftime("%Y-%m-%d")
    return days


def _last_complete(desk: Desk, end: Any) -> str:
    """Return the last week that lies wholly before the end of the data."""
    moment = pd.Timestamp(desk.as_of, tz="UTC")
    if end is not None:
        moment = min(moment, pd.Timestamp(end.isoformat(), tz="UTC"))
    begun = _weeks(pd.Series([moment]), desk.config.week_start).iloc[0]
    return (pd.Timestamp(begun) - pd.Timedelta(days=7)).strftime("%Y-%m-%d")


def _dissatisfied(frame: pd.DataFrame) -> np.ndarray:
    score, low, high = (
        frame[name].astype("float64").to_numpy() for name in ("score", "low", "high")
    )
    good = frame["is_high_good"].astype(object).where(frame["is_high_good"].notna(), True)
    with np.errstate(invalid="ignore", divide="ignore"):
        place = (score - low) / (high - low)
    place = np.where(good.to_numpy(dtype=bool), place, 1.0 - place)
    is_nps = (frame["source"] == "nps").to_numpy()
    bad = np.where(is_nps, place <= DETRACTOR_TO + 1e-9, place < SATISFIED_FROM - 1e-9)
    return np.where(np.isfinite(place), bad.astype(float), np.nan)
