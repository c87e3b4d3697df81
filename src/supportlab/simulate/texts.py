"""What customers write: sentences by language and theme, put together at random."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from supportlab.simulate.arrays import Array
from supportlab.simulate.markets import LANGUAGES

__all__ = ["NEGATIVE", "POSITIVE", "THEMES", "compose"]

NEGATIVE = (
    "slow", "unresolved", "charge", "refund", "delivery", "app", "currency", "bot", "sync",
)  # fmt: skip
POSITIVE = ("kind", "fast", "solved", "easy")
THEMES = NEGATIVE + POSITIVE
SECOND_SHARE, TAIL_SHARE, DETAIL_SHARE = 0.22, 0.45, 0.035
# Written without spaces between sentences.
UNSPACED = ("ja",)
# Invented particulars, such as people put into comments; none belongs to anybody.
DETAILS = (
    "(order 4471-{:06d})",
    "#{:08d}",
    "client{:05d}@example.com",
    "+1 555 01{:02d} {:04d}",
)


@dataclass(frozen=True)
class _Bank:
    sentences: pa.Array
    first: Array
    count: Array
    tail_first: Array
    tail_count: Array


def compose(rng: np.random.Generator, language: Array, theme: Array) -> pa.Array:
    """Return one text per row in its language about its theme."""
    bank, n = _bank(), len(language)
    positive = theme >= len(NEGATIVE)
    parts = [_sentence(bank, rng, language, theme, np.ones(n, dtype=bool))]
    parts.append(_sentence(bank, rng, language, theme, rng.random(n) < SECOND_SHARE))
    has_tail = rng.random(n) < TAIL_SHARE
    kind = positive.astype(int)
    place = bank.tail_first[language, kind] + (
        rng.random(n) * bank.tail_count[language, kind]
    ).astype(int)
    parts.append(_chosen(bank.sentences, place, has_tail))
    parts.append(_details(rng, n))
    same = pc.equal(parts[0], parts[1])
    parts[1] = pc.if_else(pc.fill_null(same, False), pa.scalar("", pa.string()), parts[1])
    return _joined(parts, np.isin(language, [LANGUAGES.index(tag) for tag in UNSPACED]))


def _joined(parts: list[pa.Array], unspaced: Array) -> pa.Array:
    gap = pa.array(np.where(unspaced, "", " ").astype(object), pa.string())
    text = parts[0]
    for part in parts[1:]:
        space = pc.if_else(pc.equal(part, ""), pa.scalar("", pa.string()), gap)
        text = pc.binary_join_element_wise(text, space, part, "")
    return text


def _sentence(
    bank: _Bank, rng: np.random.Generator, language: Array, theme: Array, chosen: Array
) -> pa.Array:
    pick = (rng.random(len(language)) * bank.count[language, theme]).astype(int)
    return _chosen(bank.sentences, bank.first[language, theme] + pick, chosen)


def _chosen(sentences: pa.Array, place: Array, chosen: Array) -> pa.Array:
    blank = len(sentences) - 1
    return sentences.take(pa.array(np.where(chosen, place, blank)))


def _details(rng: np.random.Generator, n: int) -> pa.Array:
    """Return mostly nothing, and here and there a number or address to be redacted."""
    where = np.flatnonzero(rng.random(n) < DETAIL_SHARE)
    kind, number = rng.integers(0, len(DETAILS), len(where)), rng.integers(0, 10_000, len(where))
    pool = np.array(
        [
            DETAILS[k].format(v % 100, v) if k == 3 else DETAILS[k].format(v * 7)
            for k, v in zip(kind, number, strict=True)
        ],
        dtype=object,
    )
    place = np.full(n, len(where))
    place[where] = np.arange(len(where))
    texts = pa.array([*pool.tolist(), ""], pa.string())
    return texts.take(pa.array(place))


@cache
def _bank() -> _Bank:
    sentences: list[str] = []
    first = np.zeros((len(LANGUAGES), len(THEMES)), dtype=np.int64)
    count = np.zeros_like(first)
    tails = np.zeros((len(LANGUAGES), 2), dtype=np.int64)
    tail_count = np.zeros_like(tails)
    for row, tag in enumerate(LANGUAGES):
        source = files("supportlab.simulate").joinpath("phrases", f"{tag}.toml")
        phrases = tomllib.loads(source.read_text(encoding="utf-8"))
        for column, theme in enumerate(THEMES):
            first[row, column], count[row, column] = len(sentences), len(phrases[theme])
            sentences += phrases[theme]
        for column, name in enumerate(("tail_negative", "tail_positive")):
            tails[row, column], tail_count[row, column] = len(sentences), len(phrases[name])
            sentences += phrases[name]
    return _Bank(pa.array([*sentences, ""], pa.string()), first, count, tails, tail_count)
