"""What is shown of a course: few points with every peak, limits that hold all bands, plain words."""

import dataclasses
import math
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

import answers as made

from raphe.report.courses import (
    MAX_POINTS,
    axis_label,
    course_words,
    is_ratio,
    limits,
    taken,
    thinned,
)

ANSWER = made.make_answer()
PLASMA, OCCUPIED, TARGET = ANSWER.courses[0], ANSWER.courses[3], ANSWER.courses[-3]


def test_a_long_line_keeps_its_peaks_in_few_points():
    hours = np.linspace(0.0, 1000.0, 50_001)
    middle = np.sin(hours)
    middle[31_234] = 9.0
    band = dataclasses.replace(PLASMA.people, low=middle, middle=middle, high=middle)
    course = dataclasses.replace(PLASMA, hours=hours, people=band, uncertainty=band)
    kept = thinned(course)
    assert len(kept) <= MAX_POINTS
    assert {0, 31_234, 50_000} <= set(kept.tolist())
    assert np.all(np.diff(kept) > 0)


def test_only_a_plain_number_that_begins_at_one_is_a_ratio():
    assert [is_ratio(course) for course in (PLASMA, OCCUPIED, TARGET)] == [False, False, True]
    labels = [axis_label(course) for course in (PLASMA, OCCUPIED, TARGET)]
    assert labels == ["ng/mL", "fraction", "ratio to baseline"]


def test_limits_hold_every_band_and_a_level_begins_at_zero():
    low, high = limits([PLASMA, ANSWER.courses[1]])
    assert low == 0.0
    assert high > max(PLASMA.people.high.max(), PLASMA.uncertainty.high.max())
    low, high = limits([TARGET])
    assert low < TARGET.uncertainty.low.min()
    assert high > 1.0


def test_limits_of_nothing_are_numbers():
    empty = np.full_like(PLASMA.hours, math.nan)
    band = dataclasses.replace(PLASMA.people, low=empty, middle=empty, high=empty)
    lost = dataclasses.replace(PLASMA, people=band, uncertainty=band)
    assert limits([lost]) == (0.0, 1.0)
    assert course_words(lost) == "No finished run to draw."


def test_the_words_name_lowest_and_highest():
    words = course_words(TARGET)
    assert words.startswith("Median person: lowest 0.8")
    assert "highest 1 after 0 h" in words


def test_what_is_infinite_is_not_drawn():
    band = dataclasses.replace(PLASMA.people, high=np.full_like(PLASMA.hours, math.inf))
    kept = taken(band, thinned(PLASMA))
    assert np.isnan(kept.high).all()
    assert np.isfinite(kept.low).all()
