"""The forest plot: what is drawn, on which axis, and what is said of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from supportlab.plots import close_figure, svg_bytes
from supportlab.plots.forest import alt_forest, forest_plot

TABLE = pd.DataFrame(
    {
        "measure": ["reopened", "slow", "silent", "wild"],
        "estimate": [1.8, 1.1, np.nan, 30.0],
        "ci_low": [1.5, 0.9, np.nan, 0.02],
        "ci_high": [2.2, 1.35, np.nan, 900.0],
        "unadjusted": [2.4, 1.2, np.nan, 2.0],
        "unadjusted_low": [2.0, 1.0, np.nan, 1.0],
        "unadjusted_high": [2.8, 1.5, np.nan, 4.0],
        "ci_level": 0.95,
    }
)


def test_ratios_stand_on_a_logarithmic_axis_with_their_numbers() -> None:
    axes = forest_plot(TABLE.iloc[:3], label="measure", second="unadjusted", title="Ratios")
    assert axes.get_xscale() == "log"
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["reopened", "slow", "silent"]
    words = [text.get_text() for text in axes.texts]
    assert words == ["ratio (95 % interval)", "1.80 (1.50–2.20)", "1.10 (0.90–1.35)",
                     "not estimable"]  # fmt: skip
    drawn = {line.get_label(): line.get_xdata() for line in axes.lines}
    assert list(drawn["adjusted"]) == [1.8, 1.1]
    assert list(drawn["unadjusted"]) == [2.4, 1.2]
    marks = [line.get_marker() for line in axes.lines]
    # Colour alone never tells the two apart.
    assert {"o", "D"} <= set(marks)
    close_figure(axes)


def test_a_wild_interval_is_cut_and_does_not_flatten_the_others() -> None:
    axes = forest_plot(TABLE, label="measure")
    assert axes.get_xlim() == (0.1, 10.0)
    assert axes.texts[4].get_text().startswith("30")
    close_figure(axes)


def test_the_same_table_gives_the_same_file() -> None:
    files = set()
    for _ in range(2):
        axes = forest_plot(TABLE, label="measure", second="unadjusted")
        files.add(svg_bytes(axes))
        close_figure(axes)
    assert len(files) == 1


def test_the_words_tell_all_rows() -> None:
    text = alt_forest(TABLE, label="measure", subject="hazard ratios")
    assert "reopened 1.80 (1.50–2.20)" in text
    assert text.endswith("Not estimable: silent.")
    nothing = TABLE.assign(estimate=np.nan)
    assert "no row" in alt_forest(nothing, label="measure", subject="ratios")


@pytest.mark.parametrize("size", [0, 1])
def test_small_tables_are_drawn(size: int) -> None:
    axes = forest_plot(TABLE.iloc[:size], label="measure")
    assert len(axes.get_yticklabels()) == size
    close_figure(axes)
