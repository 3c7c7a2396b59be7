"""What the bench makes of its rounds."""

from math import exp, sqrt

import pytest

from bench import figures


def test_a_ratio_is_the_mean_of_the_rounds_own_ratios():
    found = figures.ratio([(20, 10), (200, 100), (2, 1)])

    assert found.middle == pytest.approx(2.0)
    assert (found.low, found.high) == (pytest.approx(2.0), pytest.approx(2.0))


def test_a_slow_minute_that_hits_both_leaves_the_ratio_as_it_was():
    steady = figures.ratio([(300, 200), (330, 200), (310, 200)])
    drifting = figures.ratio([(300, 200), (165, 100), (620, 400)])

    assert drifting.middle == pytest.approx(steady.middle)
    assert drifting.low == pytest.approx(steady.low)


def test_few_rounds_that_differ_make_a_wide_interval():
    pairs = [(10, 10), (20, 10)]

    few, many = figures.ratio(pairs), figures.ratio(pairs * 10)

    assert few.low < 0.1 < many.low < many.middle < many.high < 10 < few.high


def test_twice_as_fast_and_half_as_fast_make_even():
    found = figures.ratio([(2, 1), (1, 2), (2, 1), (1, 2)])

    assert found.middle == pytest.approx(1.0)
    assert found.low == pytest.approx(1 / found.high)


def test_the_interval_of_ten_rounds_is_students():
    # Logarithms with mean 0 and deviation 1: half the interval is 2.262 / sqrt(10).
    step = sqrt(9 / 10)
    found = figures.ratio([(exp(step), 1), (exp(-step), 1)] * 5)

    assert found.high == pytest.approx(exp(2.262 / sqrt(10)))


def test_one_round_has_no_interval():
    with pytest.raises(ValueError, match="two rounds"):
        figures.ratio([(2, 1)])


def test_a_spread_names_the_extremes():
    assert figures.spread([3, 1, 2]) == figures.Spread(2, 1, 3, 3)
