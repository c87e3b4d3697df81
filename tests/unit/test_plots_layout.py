"""Figures measured as they are drawn: nothing touches, nothing is squeezed, signs and names."""

from __future__ import annotations

import matplotlib as mpl
import pandas as pd
import pytest

mpl.use("agg")

from matplotlib import pyplot as plt

from supportlab import plots
from supportlab.plots.at_risk import retention_curves
from supportlab.plots.changes import change_steps
from supportlab.plots.style import spoken, unit_axis

LONG = "CSAT of tickets that were resolved at the first contact, against all of the others"
NAMES = ["fcr", "per halving, also at equal first contact resolution"]


@pytest.fixture(autouse=True)
def _no_figure_is_left():
    yield
    plt.close("all")


def _drawn(names, title):
    rows = len(names)
    table = pd.DataFrame(
        {
            "row": names,
            "estimate": [0.05 * row - 0.1 for row in range(rows)],
            "ci_low": [0.05 * row - 0.2 for row in range(rows)],
            "ci_high": [0.05 * row for row in range(rows)],
            "naive": [0.05 * row - 0.05 for row in range(rows)],
            "n": [1_234_567 + row for row in range(rows)],
        }
    )
    axes = plots.dot_intervals(
        table,
        label="row",
        unit="proportion",
        title=title,
        counted="customer-months",
        second="naive",
        reference=0.0,
        reference_label="no difference",
        estimate_label="adjusted difference with interval",
        second_label="naive difference",
        is_difference=True,
    )
    axes.figure.canvas.draw()
    return axes


@pytest.mark.parametrize("names", [NAMES, ["DE", "JP"], [*NAMES, *"abcdefgh"]])
@pytest.mark.parametrize("title", ["Short", LONG])
def test_no_part_of_a_dot_figure_touches_or_squeezes_another(names, title):
    axes = _drawn(names, title)
    figure = axes.figure
    width, height = figure.canvas.get_width_height()
    heading = figure._suptitle
    counted = next(text for text in axes.texts if text.get_text() == "customer-months")
    box = heading.get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= width
    assert not box.overlaps(counted.get_window_extent())
    for text in [*axes.texts, *axes.get_yticklabels()]:
        box = text.get_window_extent()
        assert -1 <= box.x0 < box.x1 <= width + 1, text.get_text()
        assert -1 <= box.y0 < box.y1 <= height + 1, text.get_text()
    # No row has less than a line of its own, whatever else the figure holds.
    row_points = axes.get_window_extent().height / len(names) / figure.dpi * 72
    assert row_points > 16
    # Counts stand beside the axes, not in them.
    numbers = [text for text in axes.texts if text.get_text().startswith("1,234")]
    assert len(numbers) == len(names)
    edge = axes.get_window_extent().x1
    assert min(text.get_window_extent().x0 for text in numbers) > edge


def test_rows_are_named_as_people_say_them():
    axes = _drawn(["in_app", "csat", "A_1"], "")
    assert [text.get_text() for text in axes.get_yticklabels()] == ["in app", "CSAT", "A_1"]
    assert spoken("device_setup") == "device setup"


def test_axes_write_minus_signs_and_every_mark_as_it_is():
    axes = plt.figure().subplots()
    axes.set_xlim(0, 12.4)
    unit_axis(axes, "count", "x")
    axes.figure.canvas.draw()
    shown = [text.get_text() for text in axes.get_xticklabels() if text.get_text()]
    marks = list(axes.get_xticks())
    assert [float(text) for text in shown] == marks[: len(shown)]
    axes.set_xlim(-0.4, 0.2)
    unit_axis(axes, "proportion", "x")
    axes.figure.canvas.draw()
    assert "−20 %" in [text.get_text() for text in axes.get_xticklabels()]


def test_steps_of_a_change_are_points_on_axis_and_bars():
    table = pd.DataFrame({"step": ["mix: in_app", "within"], "change": [-0.01, 0.03]})
    axes = change_steps(table)
    axes.figure.canvas.draw()
    assert axes.get_xlabel() == "points"
    assert "+1" in [text.get_text() for text in axes.get_xticklabels()]


def test_numbers_at_risk_are_named_in_words_and_not_by_colour_alone():
    table = pd.DataFrame(
        {"plan": ["a", "a", "b_c", "b_c"], "time": [0.0, 12.0] * 2, "survival": [1.0, 0.8] * 2}
    )
    numbers = table.assign(n_at_risk=[9, 8, 7, 6])
    axes = retention_curves(table, numbers, series="plan")
    words = [text.get_text() for text in axes.texts]
    assert words == ["at risk", "a", "9", "8", "b c", "7", "6"]
