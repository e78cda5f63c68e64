"""Statistics of courses against closed forms."""

import math

import numpy as np
import pytest

from raphe.analysis.summary import (
    band,
    changes,
    compared,
    interval,
    largest_change,
    mean_over,
    rebound,
    settling_time,
    statistic_of,
    statistic_of_trials,
    statistic_unit,
)
from raphe.core.units import parse_unit
from raphe.dosing.regimen import Regimen
from raphe.language.model import Statistic

ONCE = Regimen.from_text("2 mg once")
TIMES = np.concatenate([np.arange(0.0, 24.0, 0.05), np.arange(24.0, 500.0, 0.5)])


def oral(absorption, elimination):
    """Unit-dose course of one compartment with first-order absorption, and its closed forms."""
    scale = absorption / (absorption - elimination)
    course = scale * (np.exp(-elimination * TIMES) - np.exp(-absorption * TIMES))
    peak = math.log(absorption / elimination) / (absorption - elimination)
    height = scale * (math.exp(-elimination * peak) - math.exp(-absorption * peak))
    return course, {"peak": peak, "height": height, "area": 1.0 / elimination}


@pytest.mark.parametrize(("absorption", "elimination"), [(1.5, 0.02), (0.7, 0.05)])
def test_the_statistics_of_one_compartment_are_its_closed_forms(absorption, elimination):
    course, known = oral(absorption, elimination)
    rows = np.stack([course, 3.0 * course])

    def of(statistic):
        return statistic_of(statistic, rows, TIMES, ONCE)

    assert of(Statistic.HALF_LIFE) == pytest.approx([math.log(2) / elimination] * 2, rel=1e-6)
    assert of(Statistic.MAXIMUM) == pytest.approx([known["height"], 3 * known["height"]], rel=1e-3)
    assert of(Statistic.TIME_OF_MAXIMUM) == pytest.approx([known["peak"]] * 2, abs=0.05)
    area = of(Statistic.AREA_TO_INFINITY)
    assert area == pytest.approx([known["area"], 3 * known["area"]], rel=1e-3)
    assert of(Statistic.APPARENT_CLEARANCE) == pytest.approx(2.0 / area)


def test_accumulation_of_bolus_doses_is_its_closed_form():
    rate, interval_hours = 0.02, 8.0
    regimen = Regimen.from_text("1 mg every 8 h for 7 d").expanded()
    times = np.arange(0.0, 24.0 * 9, 0.02)
    course = sum(
        np.where(times > dose.time, np.exp(-rate * np.maximum(times - dose.time, 0.0)), 0.0)
        for dose in regimen.doses
    )

    def day(number):  # area of a day by integrating each dose's exponential
        low, high = 24.0 * number, 24.0 * (number + 1)
        total = 0.0
        for dose in regimen.doses:
            begin, end = max(low - dose.time, 0.0), max(high - dose.time, 0.0)
            total += (math.exp(-rate * begin) - math.exp(-rate * end)) / rate
        return total

    assert regimen.doses[1].time == interval_hours
    got = statistic_of(Statistic.ACCUMULATION, course[None, :], times, regimen)
    assert got == pytest.approx([day(6) / day(0)], rel=2e-3)


def test_accumulation_of_a_single_dose_is_no_number():
    course, _ = oral(1.5, 0.02)
    assert np.isnan(statistic_of(Statistic.ACCUMULATION, course[None, :], TIMES, ONCE)).all()


def test_an_interval_counts_what_is_no_number_as_beyond_the_last():
    values = np.array([1.0, 2.0, 3.0, np.nan, np.nan])
    found = interval(values)
    assert found.middle == 3.0
    assert math.isnan(found.high)


def test_a_band_holds_the_percentiles_at_each_time():
    rows = np.arange(101.0)[:, None] * np.array([[1.0, 2.0]])
    found = band(rows)
    assert found.low == pytest.approx([5.0, 10.0])
    assert found.middle == pytest.approx([50.0, 100.0])
    assert found.high == pytest.approx([95.0, 190.0])


def test_a_fall_and_its_time_are_found():
    times = np.array([0.0, 1.0, 2.0, 3.0])
    change = changes(np.array([[2.0, 1.0, 1.5, 2.2], [4.0, 4.0, 5.0, 4.0]]))
    size, when = largest_change(change, times)
    assert size == pytest.approx([-0.5, 0.25])
    assert when == pytest.approx([1.0, 2.0])


def test_a_rebound_is_the_farthest_to_the_other_side_after_the_last_dose():
    times = np.arange(5.0)
    change = np.array(
        [
            [0.0, 0.9, -1.0, 0.2, 0.1],  # the rise at 1 h is before the last dose
            [0.0, 0.5, 0.2, -0.1, 0.0],
            [0.0, -0.5, -0.2, -0.1, 0.0],
        ]
    )
    assert rebound(change, times, 2.0) == pytest.approx([0.2, -0.1, 0.0])


def test_settling_counts_from_the_last_dose_and_knows_never():
    times = np.arange(6.0)
    change = np.array(
        [
            [0.0, 0.5, 0.5, 0.001, 0.0, 0.0],
            [0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            [0.0, 0.5, 0.5, 0.5, 0.5, 0.5],
            [0.0, 0.5, 0.0, 0.0, 0.0, 0.0],
        ]
    )
    found = settling_time(change, times, last_dose=2.0, within=0.01)
    assert found[:2] == pytest.approx([1.0, 0.0])
    assert math.isnan(found[2])
    assert found[3] == 0.0


def test_a_mean_over_time_weighs_by_time():
    times = np.array([0.0, 1.0, 3.0])
    assert mean_over(np.array([[0.0, 2.0, 2.0]]), times, 0.0, 3.0) == pytest.approx([5.0 / 3.0])
    assert np.isnan(mean_over(np.array([[0.0, 2.0, 2.0]]), times, 4.0, 9.0)).all()


@pytest.mark.parametrize(
    ("statistic", "unit"),
    [
        (Statistic.MAXIMUM, "ng/mL"),
        (Statistic.TIME_OF_MAXIMUM, "h"),
        (Statistic.HALF_LIFE, "d"),
        (Statistic.AREA_TO_INFINITY, "ng/mL*h"),
        (Statistic.APPARENT_CLEARANCE, "mL/min"),
        (Statistic.ACCUMULATION, "dimensionless"),
    ],
)
def test_every_statistic_has_the_dimension_of_its_kind(statistic, unit):
    found = statistic_unit(statistic, parse_unit("ng/mL"), parse_unit("mg"))
    assert found == parse_unit(unit).dimension


def test_what_is_compared_is_a_ratio_unless_something_is_0():
    first, base = np.array([2.0, 3.0]), np.array([4.0, 2.0])
    ratio, relative = compared(first, base, np.array([1.0, 1.0]))
    assert relative
    assert ratio.tolist() == [0.5, 1.5]
    for others in ((np.array([0.0, 2.0]), 1.0), (base, np.array([1.0, 0.0]))):
        difference, relative = compared(first, *others)
        assert not relative
        assert difference.tolist() == (first - others[0]).tolist()


def test_the_time_of_the_highest_of_a_trial_is_that_of_its_mean_course():
    times = np.arange(0.0, 12.0, 0.01)
    early, late = (
        size * np.exp(-((times - peak) ** 2)) for size, peak in ((1.0, 2.0), (0.01, 9.0))
    )
    courses = np.stack([[early, late, late], [late, late, late]])
    found = statistic_of_trials(Statistic.TIME_OF_HIGHEST, courses, times, ONCE)
    assert found.shape == (2, 1)
    assert found[:, 0] == pytest.approx([2.0, 9.0], abs=0.011)  # the mean of each one's is 6.7 h
    whole = statistic_of_trials(Statistic.MAXIMUM, courses, times, ONCE)
    assert whole == pytest.approx(np.array([[1.0, 0.01, 0.01], [0.01, 0.01, 0.01]]), rel=1e-3)


def test_a_trial_with_a_gap_has_no_time_of_its_highest():
    times = np.arange(0.0, 5.0, 1.0)
    courses = np.ones((2, 3, 5))
    courses[1, 2, 3] = np.nan
    found = statistic_of_trials(Statistic.TIME_OF_HIGHEST, courses, times, ONCE)
    assert np.isnan(found[:, 0]).tolist() == [False, True]
