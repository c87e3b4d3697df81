"""Numbers in words: units, signs, and no more digits than an interval supports."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supportlab.errors import ParameterError
from supportlab.format import (
    MISSING,
    format_count,
    format_difference,
    format_interval,
    format_month,
    format_p,
    format_range,
    format_share,
    format_value,
)


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (0.7134, "proportion", "71.3 %"),
        (0.0, "proportion", "0.0 %"),
        (-0.00001, "proportion", "0.0 %"),
        (3.21, "hours", "3.2 h"),
        (0.75, "hours", "45 min"),
        (71.9, "hours", "71.9 h"),
        (72.0, "hours", "3.0 days"),
        (90.0, "minutes", "1.5 h"),
        (45.0, "minutes", "45 min"),
        (12345, "count", "12,345"),
        (1.5, "hazard_ratio", "1.50"),
        (-12.34, "score", "−12.3"),
        (4.2, "per_1000", "4.2 per 1,000"),
        (None, "score", MISSING),
        (math.nan, "hours", MISSING),
    ],
)
def test_value_in_words(value, unit, words):
    assert format_value(value, unit) == words


def test_money_names_its_currency():
    assert format_value(1234.5, "money", currency="EUR") == "1,234.50 EUR"


def test_money_has_the_decimals_of_its_currency():
    assert format_value(1234.56, "money", currency="JPY") == "1,235 JPY"
    assert format_value(1.2345, "money", currency="KWD") == "1.234 KWD"
    assert format_value(2.0, "money") == "2.00"


@pytest.mark.parametrize(
    ("numbers", "unit", "words"),
    [
        ((0.7134, 0.6901, 0.7339), "proportion", "71.3 % (95 % interval 69.0 to 73.4)"),
        ((0.7134, 0.51, 0.88), "proportion", "71 % (95 % interval 51 to 88)"),
        ((54.2, 50.1, None), "hours", "54.2 h (95 % interval 50.1 or more)"),
        ((54.2, None, 60.0), "hours", "54.2 h (95 % interval up to 60.0)"),
        ((0.3, 0.28, 0.33), "hours", "18 min (95 % interval 17 to 20)"),
        ((0.5, None, None), "proportion", "50.0 %"),
        ((None, None, None), "proportion", MISSING),
        (
            (0.002, -0.001, 0.005),
            "per_month",
            "+0.20 points a month (95 % interval −0.10 to +0.50)",
        ),
    ],
)
def test_interval_in_words(numbers, unit, words):
    assert format_interval(*numbers, unit) == words


def test_interval_names_the_level_it_was_given():
    assert format_interval(0.5, 0.4, 0.6, "proportion", 0.9) == "50 % (90 % interval 40 to 60)"


def test_an_end_on_one_side_of_zero_is_not_written_as_zero():
    words = format_interval(0.0067, 0.00036, 0.0130, "per_month")
    assert words == "+0.67 points a month (95 % interval +0.04 to +1.30)"


@given(
    st.floats(0.0, 1.0),
    st.floats(0.0, 0.5),
    st.floats(0.0, 0.5),
)
@settings(deadline=None, max_examples=60)
def test_digits_never_outrun_the_interval(estimate, below, above):
    words = format_interval(estimate, estimate - below, estimate + above, "proportion")
    digits = len(words.split(" ")[0].partition(".")[2])
    width = 100 * (below + above)
    assert digits <= 2
    if width >= 10:
        assert digits == 0


def test_differences_have_signs_and_points():
    assert format_difference(0.031, "proportion") == "+3.1 points"
    assert format_difference(-0.031, "proportion") == "−3.1 points"
    assert format_difference(0.0, "proportion") == "0.0 points"
    assert format_difference(12, "count") == "+12"
    assert format_difference(None, "score") == MISSING


def test_shares_and_counts():
    assert format_count(1234567) == "1,234,567"
    assert format_share(120, 480) == "120 of 480 (25.0 %)"
    assert format_share(1, 100_000) == "1 of 100,000 (under 0.1 %)"
    assert format_share(0, 0) == "0 of 0"
    assert format_range(0.1, 0.5, "proportion") == "10.0 to 50.0 %"


@pytest.mark.parametrize(
    ("p_value", "words"),
    [(0.0004, "p < 0.001"), (0.0312, "p = 0.031"), (0.4312, "p = 0.43"), (0.999, "p > 0.99")],
)
def test_p_values(p_value, words):
    assert format_p(p_value) == words


def test_what_is_no_probability_or_month_is_refused():
    with pytest.raises(ParameterError, match="from 0 to 1"):
        format_p(1.2)
    with pytest.raises(ParameterError, match="ISO month"):
        format_month("2026-13")
    assert format_month("2026-02") == "Feb 2026"


def test_small_differences_of_times_are_read_in_the_unit_of_their_interval():
    words = format_interval(0.83, -1.24, 2.89, "hours", is_difference=True)
    assert words == "+0.8 h (95 % interval −1.2 to +2.9)"
    words = format_interval(49.8, -74.0, 173.0, "minutes", is_difference=True)
    assert words == "+0.8 h (95 % interval −1.2 to +2.9)"
    words = format_interval(0.5, 0.3, 0.7, "hours", is_difference=True)
    assert words == "+30 min (95 % interval +18 to +42)"
    assert format_difference(-0.996, "hours") == "−1.0 h"
    assert format_difference(-0.98, "hours") == "−59 min"
