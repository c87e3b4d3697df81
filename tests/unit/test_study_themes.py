"""Themes of the sample: the planted complaint, shares that add up, codebooks, privacy, refusals."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from supportlab import Desk, feedback, open_desk
from supportlab.errors import ParameterError
from supportlab.plots import close_figure, png_bytes
from supportlab.studies.feedback.theme_frame import comment_frame
from supportlab.studies.feedback.theme_model import theme_model
from supportlab.studies.feedback.themes_ratings import contribution

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "data" / "sample"
# The world's complaint begins here and takes three weeks to its size (data/sample/truth.json).
PLANTED = "2026-03-02"


@pytest.fixture(scope="module")
def desk(sample_desk: Desk) -> Desk:
    return sample_desk.where(language=("en", "ja"))


def test_the_planted_complaint_is_found_and_nothing_else(desk: Desk) -> None:
    found = feedback.emerging_themes(desk)
    flagged = found.table[found.table["is_flagged"]]
    assert len(flagged) >= 1
    assert all("hub" in name for name in flagged["name"])
    assert flagged["first_week"].between(PLANTED, "2026-04-06").all()
    assert (flagged["p_adjusted"] <= 0.05).all()
    assert {item.id for item in found.findings} == {"feedback.theme.emerging"}
    for item in found.findings:
        assert 0.05 < item.estimate < 0.3  # type: ignore[operator]
        assert item.verdict == "higher"


def test_shares_are_those_of_the_comments_and_only_the_planted_one_moves(desk: Desk) -> None:
    model, found = theme_model(desk), feedback.theme_shares(desk)
    rows = model.frame.rows
    for row in found.table.to_dict("records"):
        among = (rows["language"] == row["language"]).to_numpy()
        assert row["estimate"] == pytest.approx((model.theme[among] == row["theme"]).mean())
        assert row["ci_low"] < row["estimate"] < row["ci_high"]
    total = found.table.groupby("language")["estimate"].sum()
    assert (total <= 1.0).all()
    moved = found.table[found.table["change_verdict"].isin(["higher", "lower"])]
    assert [name.split(" ")[0] for name in moved["name"]] == ["hub"]


def test_stability_is_said_and_names_are_words(desk: Desk) -> None:
    found = feedback.themes(desk)
    assert found.table["stability"].median() > 0.85
    assert found.checks[0].passed is True
    assert (found.table["n_customers"] <= found.table["n"]).all()
    assert set(found.table["language"]) == {"en", "ja"}
    linked = found.table[found.table["family"].duplicated(keep=False)]
    together = linked.groupby("family")["language"].agg(list)
    assert all(len(set(one)) == len(one) for one in together)


def test_contribution_is_what_a_comparison_without_the_theme_gives(desk: Desk) -> None:
    rng = np.random.default_rng(0)
    authors = np.arange(400)
    chosen = rng.random(400) < 0.3
    bad = (rng.random(400) < np.where(chosen, 0.8, 0.2)).astype(float)
    estimate, error, n = contribution(authors, chosen, bad)
    assert estimate == pytest.approx(bad.mean() - bad[~chosen].mean())
    draws = [rng.integers(0, 400, 400) for _ in range(400)]
    again = [bad[one].mean() - bad[one][~chosen[one]].mean() for one in draws]
    assert error == pytest.approx(np.std(again), rel=0.15)
    assert n == 400
    # Each customer twice: no more is known than with one comment each.
    twice = contribution(np.repeat(authors, 2), np.repeat(chosen, 2), np.repeat(bad, 2))
    assert twice[1] == pytest.approx(error, rel=0.01)
    table = feedback.theme_ratings(desk).table
    assert table["dissatisfied_rate"].between(0, 1).all()
    assert table["estimate"].is_monotonic_decreasing


def test_a_codebook_keeps_names_merges_and_ignores(desk: Desk, tmp_path: Path) -> None:
    small = desk.where(language="ja")
    first = feedback.themes(small)
    text = first.files["codebook.toml"]
    ids = list(first.table["theme"])
    text = text.replace('name = ""', 'name = "配送"', 1)
    blocks = text.split("[[theme]]")
    place = {re.search(r'id = "(.+?)"', one).group(1): at for at, one in enumerate(blocks) if at}  # type: ignore[union-attr]
    named = next(one for one, at in place.items() if at == 1)
    others = [one for one in ids if one != named]
    merged, ignored = others[0], others[1]
    at = place[merged]
    blocks[at] = blocks[at].replace('merge_into = ""', f'merge_into = "{named}"')
    at = place[ignored]
    blocks[at] = blocks[at].replace('status = "found"', 'status = "ignored"')
    path = tmp_path / "codebook.toml"
    path.write_text("[[theme]]".join(blocks), encoding="utf-8")
    second = feedback.themes(small, codebook=str(path))
    table = second.table.set_index("theme")
    assert table.loc[named, "name"] == "配送"
    assert merged not in table.index
    assert ignored not in table.index
    n = first.table.set_index("theme")["n"]
    assert table.loc[named, "n"] >= 0.9 * (n[named] + n[merged])
    assert not table["is_new"].any()
    # The file is written on with its edits, and read again gives the same.
    path.write_text(second.files["codebook.toml"], encoding="utf-8")
    third = feedback.themes(small, codebook=str(path))
    pd.testing.assert_frame_equal(third.table, second.table)
    with pytest.raises(ParameterError, match="cannot be read"):
        feedback.themes(small, codebook=str(tmp_path / "none.toml"))


def test_pages_and_files_hold_no_personal_data(desk: Desk) -> None:
    hold = re.compile(r"@|\d{5,}|\+1 555|4471-")
    raw = desk.table("feedback").text.execute()
    assert raw.str.contains(hold).any()
    quoted = feedback.typical_comments(desk).table
    assert not quoted["comment"].str.contains(hold).any()
    assert quoted.groupby("theme").size().max() == 2
    assert not hold.search(feedback.themes(desk).files["codebook.toml"])
    hidden = feedback.typical_comments(desk, show=False)
    assert list(hidden.table.columns) == ["status", "reason"]


def test_rows_in_any_order_give_the_same_frame(desk: Desk, tmp_path: Path) -> None:
    frame = pd.read_parquet(SAMPLE / "feedback.parquet")
    frame = frame[frame["language"] == "el"]
    rows = []
    for seed, name in ((None, "a"), (3, "b")):
        folder = tmp_path / name
        folder.mkdir()
        part = frame if seed is None else frame.sample(frac=1.0, random_state=seed)
        part.assign(extra=1).to_parquet(folder / "feedback.parquet", index=False)
        config = {"reporting_currency": "USD", "timezone": "UTC", "as_of": "2026-07-01"}
        other = open_desk(folder, as_of="2026-07-01", config=config, strict=False)
        rows.append(comment_frame(other).rows)
    pd.testing.assert_frame_equal(rows[0], rows[1])


def test_where_there_is_no_text_it_is_said(desk: Desk, tmp_path: Path) -> None:
    tickets = pd.read_parquet(SAMPLE / "tickets.parquet").head(50)
    tickets.to_parquet(tmp_path / "tickets.parquet", index=False)
    bare = open_desk(tmp_path, as_of="2026-07-01", strict=False)
    for call in (feedback.theme_shares, feedback.emerging_themes, feedback.theme_ratings):
        found = call(bare)
        assert found.findings[0].status == "not_estimable"
        assert "comment" in str(found.findings[0].reason)
    assert "cannot be given" in feedback.themes(bare).summary()
    found = feedback.theme_shares(desk, start="2026-06-28")
    assert found.findings[0].status == "not_estimable"


def test_labels_of_any_script_are_drawn(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    for found in (feedback.theme_shares(desk), feedback.emerging_themes(desk)):
        axes = found.plot()
        # A letter that no font has is a warning, which makes the test fail.
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert len(png_bytes(axes)) > 10_000
        close_figure(axes)
        assert found.alt
    assert "Glyph" not in caplog.text
