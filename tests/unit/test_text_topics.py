"""Themes from words: planted ones come back, labels by the published formula, codebooks by file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from benchmarks.calibration.themes import planted_comments
from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.text.features import Tokens, tokens_of, weighted_terms
from supportlab.stats.text.labels import distinctive_terms, log_odds_z
from supportlab.stats.text.topics import Part, ThemeParts, assign, find_themes
from supportlab.studies.feedback.codebook import BookTheme, codebook_text, read_codebook


@pytest.fixture(scope="module")
def planted() -> tuple[list[Tokens], np.ndarray, ThemeParts]:
    comments, truth = planted_comments(np.random.default_rng(4), 500, 0.3)
    return comments, truth, find_themes(weighted_terms(comments))


def test_planted_themes_come_back(planted: tuple[list[Tokens], np.ndarray, ThemeParts]) -> None:
    comments, truth, found = planted
    member, cosine = assign(weighted_terms(comments), found.themes)
    assert adjusted_rand_score(truth, member) > 0.6
    # Fifty phrases are joined to fewer themes, if not to the ten that there are.
    assert found.n_parts >= 16
    assert 10 <= len(found.themes) <= 30
    assert found.tried[-1][1] >= 0.7
    assert cosine[member >= 0].min() >= 0.25


def test_no_joining_would_miss_what_is_said_in_many_ways(
    planted: tuple[list[Tokens], np.ndarray, ThemeParts],
) -> None:
    comments, truth, found = planted
    parts = [(part,) for theme in found.themes for part in theme]
    split, _ = assign(weighted_terms(comments), parts)
    joined, _ = assign(weighted_terms(comments), found.themes)
    assert adjusted_rand_score(truth, split) < adjusted_rand_score(truth, joined) - 0.2


def test_same_comments_same_themes_and_order_does_not_matter_to_theme_of_a_comment(
    planted: tuple[list[Tokens], np.ndarray, ThemeParts],
) -> None:
    comments, _, found = planted
    assert find_themes(weighted_terms(comments)) == found
    order = np.random.default_rng(1).permutation(len(comments))
    member, _ = assign(weighted_terms(comments), found.themes)
    mixed, _ = assign(weighted_terms([comments[one] for one in order]), found.themes)
    assert (mixed == member[order]).all()


def test_noise_alone_has_no_themes_that_hold_comments() -> None:
    few = [Tokens((chr(0x4E00 + one),), (chr(0x4E00 + one),)) for one in range(200)]
    with pytest.raises(NotEstimable, match="at least 60"):
        find_themes(weighted_terms(few))


def test_log_odds_are_those_of_the_published_formula() -> None:
    # Monroe, Colaresi and Quinn (2008), equation 22, written out for one word.
    y_i, y_j, a = np.array([12.0, 88.0]), np.array([30.0, 870.0]), np.array([2.0, 48.0])
    first = np.log(14 / (100 + 50 - 14)) - np.log(32 / (900 + 50 - 32))
    assert log_odds_z(y_i, y_j, a)[0] == pytest.approx(first / np.sqrt(1 / 14 + 1 / 32))


def test_labels_are_words_of_three_customers_and_not_those_of_all() -> None:
    texts = ["refund refused again"] * 16 + ["hub disconnects again"] * 16 + ["zebra refund"] * 2
    tokens = [tokens_of(text, "en") for text in texts]
    member = np.array([0] * 16 + [1] * 16 + [0] * 2)
    authors = np.array([*range(32), 40, 40])
    found = distinctive_terms(tokens, member, authors, 2)
    first, second = ([word for word, _ in one] for one in found)
    assert "refund" in first
    assert {"hub", "disconnects"} <= set(second)
    # One customer's word, said twice, tells who wrote it.
    assert "zebra" not in first


def _theme(number: int, **more: object) -> BookTheme:
    part = Part(("refund", "~re", 'odd "quote" \\'), (0.8, 0.5, 0.3))
    plain = BookTheme(f"en-{number:02d}", "en", "", "found", "", ("refund", "زيت"), (part,))
    return replace(plain, **more)  # type: ignore[arg-type]


def test_a_codebook_comes_back_as_it_was_written(tmp_path: Path) -> None:
    book = (
        _theme(1, name="Refund — spät"),
        _theme(2, status="pinned"),
        _theme(3, merge_into="en-01"),
    )
    (tmp_path / "c.toml").write_text(codebook_text(book), encoding="utf-8")
    assert read_codebook(tmp_path / "c.toml") == book


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("en-02", "en-01"), "more than once"),
        (('status = "found"', 'status = "fuond"'), "Did you mean 'found'"),
        (('merge_into = ""', 'merge_into = "en-2"'), "Did you mean 'en-02'"),
        (('name = ""', "nmae = 1"), "Did you mean 'name'"),
        (("weights = [0.8000, ", "weights = ["), "as many weights as terms"),
        (("[[theme]]", "[[teme]]"), "no \\[\\[theme"),
        (("language", "= language"), "cannot be read"),
    ],
)
def test_a_broken_codebook_says_what_is_wrong(
    tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    text = codebook_text((_theme(1), _theme(2))).split("# words and parts", 1)[1]
    (tmp_path / "c.toml").write_text("#" + text.replace(*change), encoding="utf-8")
    with pytest.raises(ParameterError, match=message):
        read_codebook(tmp_path / "c.toml")


def test_merges_are_followed_and_circles_refused(tmp_path: Path) -> None:
    chain = (_theme(1, merge_into="en-02"), _theme(2, merge_into="en-03"), _theme(3))
    (tmp_path / "c.toml").write_text(codebook_text(chain), encoding="utf-8")
    assert [one.merge_into for one in read_codebook(tmp_path / "c.toml")] == ["en-03", "en-03", ""]
    circle = (_theme(1, merge_into="en-02"), _theme(2, merge_into="en-01"))
    (tmp_path / "c.toml").write_text(codebook_text(circle), encoding="utf-8")
    with pytest.raises(ParameterError, match=r"circle|itself"):
        read_codebook(tmp_path / "c.toml")
