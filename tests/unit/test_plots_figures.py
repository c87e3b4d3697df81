"""Figures: what is drawn, in which order, the same bytes each time, and in words."""

from __future__ import annotations

import matplotlib as mpl
import pandas as pd
import pytest

mpl.use("agg")

from matplotlib import pyplot as plt

from supportlab import plots


@pytest.fixture(autouse=True)
def _no_figure_is_left():
    yield
    plt.close("all")


def _months(values, counts=None):
    months = [f"2025-{number:02d}" for number in range(1, len(values) + 1)]
    series = pd.Series(values, dtype="float64")
    return pd.DataFrame(
        {
            "month": months,
            "estimate": series,
            "ci_low": series - 0.05,
            "ci_high": series + 0.05,
            "n": counts or [100] * len(values),
        }
    )


def _groups():
    return pd.DataFrame(
        {
            "market": ["DE", "JP", "LU"],
            "estimate": [0.8, 0.7, None],
            "ci_low": [0.75, 0.6, None],
            "ci_high": [0.85, 0.8, None],
            "n": [400, 80, 3],
            "shrunk_rate": [0.79, 0.72, None],
        }
    )


def test_a_missing_month_leaves_a_gap_and_keeps_its_place():
    table = _months([0.7, None, 0.8, 0.75]).drop(index=2)
    axes = plots.line_with_interval(table, unit="proportion")
    x, y = axes.lines[-1].get_data()
    assert list(x - x[0]) == [0, 1, 2, 3]
    assert [value == value for value in y] == [True, False, False, True]


def test_counts_are_drawn_below_the_line():
    axes = plots.line_with_interval(_months([0.7, 0.8], [120, 80]), unit="proportion")
    (strip,) = axes.child_axes
    assert [bar.get_height() for bar in strip.patches] == [120, 80]
    assert strip.get_ylabel() == "answers"


def test_dots_stand_in_the_order_of_the_table_with_their_counts():
    axes = plots.dot_intervals(_groups(), label="market", unit="proportion", second="shrunk_rate")
    assert [text.get_text() for text in axes.get_yticklabels()] == ["DE", "JP", "LU"]
    low, high = axes.get_ylim()
    assert low > high
    words = [text.get_text() for text in axes.texts]
    assert {"400", "80", "3", "cannot be estimated"} <= set(words)


def test_panels_share_one_scale():
    table = pd.concat(
        [
            _months([0.1, 0.2, 0.1]).assign(market="DE"),
            _months([0.9, 0.8, 0.9]).assign(market="JP"),
        ]
    )
    axes = plots.small_multiples(table, panel="market", unit="proportion")
    limits = {panel.get_ylim() for panel in axes.figure.axes if panel.get_visible()}
    assert len(limits) == 1
    assert next(iter(limits))[0] < 0.1


def test_panels_can_take_the_place_of_given_axes():
    _, given = plt.subplots()
    table = _months([0.1, 0.2, 0.1]).assign(market="DE")
    axes = plots.small_multiples(table, panel="market", unit="proportion", ax=given)
    assert axes.figure is given.figure


def test_curves_are_steps_on_one_scale():
    table = pd.DataFrame({"time": [0.0, 1.0, 4.0], "survival": [1.0, 0.6, 0.2]})
    axes = plots.step_curves(table, is_log_time=True)
    assert axes.lines[0].get_drawstyle() == "steps-post"
    assert axes.get_ylim()[0] == 0


def test_strips_keep_months_without_rows_apart_from_empty_ones():
    table = pd.DataFrame(
        {"column": ["a", "a"], "month": ["2025-01", "2025-03"], "share": [1.0, 0.0]}
    )
    axes = plots.coverage_strips(table, row="column")
    (mesh,) = axes.collections
    assert mesh.get_array().mask.ravel().tolist() == [False, True, False]


@pytest.mark.parametrize("to_bytes", [plots.svg_bytes, plots.png_bytes])
def test_the_same_drawing_has_the_same_bytes(to_bytes):
    first, second = (
        to_bytes(plots.dot_intervals(_groups(), label="market", unit="proportion"))
        for _ in range(2)
    )
    assert first == second
    assert b"matplotlib" not in first.lower()[:600]


def test_a_name_with_markup_is_drawn_as_it_is():
    axes = plots.words_only("no $x^2$ <b>market</b>")
    assert plots.svg_bytes(axes)
    assert axes.texts[0].get_text() == "no $x^2$ <b>market</b>"


def test_the_look_does_not_leak_into_the_caller():
    before = dict(mpl.rcParams)
    plots.line_with_interval(_months([0.7, 0.8]), unit="proportion")
    assert dict(mpl.rcParams) == before


def test_words_of_a_line_come_from_the_data():
    words = plots.alt_lines(
        _months([0.7, 0.9, 0.8], [10, 20, 30]), subject="CSAT", unit="proportion"
    )
    assert "70.0 % in Jan 2025" in words
    assert "highest 90.0 % in Feb 2025" in words
    assert "10 to 30 answers" in words


def test_words_of_dots_name_ends_and_what_is_missing():
    words = plots.alt_dots(_groups(), label="market", subject="CSAT", unit="proportion")
    assert "from DE at 80" in words
    assert "to JP at 70" in words
    assert "1 more cannot be estimated" in words


def test_words_of_strips_name_gaps():
    table = pd.DataFrame(
        {
            "column": ["a", "a", "b", "b", "c", "c"],
            "month": ["2025-01", "2025-02"] * 3,
            "share": [1.0, 1.0, 0.2, 0.6, 0.0, 0.0],
        }
    )
    words = plots.alt_coverage(table, row="column")
    assert "Always filled: a." in words
    assert "b (20.0 % to 60.0 %)" in words
    assert "Always empty: c." in words


def test_no_month_at_all_is_said():
    assert "no month can be estimated" in plots.alt_lines(
        _months([None, None]), subject="CSAT", unit="proportion"
    )


def test_differences_are_drawn_in_points_and_said_with_signs():
    table = _groups().assign(estimate=[0.05, -0.1, None], ci_low=[0.01, -0.2, None],
                             ci_high=[0.09, -0.01, None])  # fmt: skip
    axes = plots.dot_intervals(
        table, label="market", unit="proportion", reference=0.0, reference_label="none",
        is_difference=True,
    )  # fmt: skip
    axes.figure.canvas.draw()
    ticks = {text.get_text() for text in axes.get_xticklabels()}
    assert {"−20", "−10", "0", "+10"} <= ticks
    assert axes.get_xlabel() == "points"
    assert "none" in axes.get_legend_handles_labels()[1]
    words = plots.alt_dots(
        table, label="market", subject="x", unit="proportion", is_difference=True
    )
    assert "DE at +5.0 points" in words
    assert "JP at −10 points" in words
