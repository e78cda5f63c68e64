"""A course -> what a figure shows of it: its places, limits and words. Knows nothing of drawing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from raphe.analysis.answer import Band, Course
from raphe.analysis.numerals import amount, duration, is_plain
from raphe.core.draws import FloatArray

MAX_POINTS = 240  # drawn of one line
_DAYS_FROM = 72.0  # h; longer runs are drawn in days


def scale_of(course: Course) -> float:
    """Hours in a unit of the time axis: 1, or 24 for a long run."""
    longest = float(course.hours[-1]) if len(course.hours) else 1.0
    return 24.0 if longest > _DAYS_FROM else 1.0


def is_ratio(course: Course) -> bool:
    """Whether a course is told as a ratio to its baseline, so that it begins at 1."""
    middle = course.people.middle
    return is_plain(course.unit) and len(middle) > 0 and abs(float(middle[0]) - 1.0) < 1e-3


def limits(courses: Sequence[Course]) -> tuple[float, float]:
    """Limits of the value axis that hold every band of every panel."""
    bands = [band for course in courses for band in (course.people, course.uncertainty)]
    lines = [line for band in bands for line in (band.low, band.middle, band.high)]
    values = np.concatenate([np.asarray(line, dtype=np.float64) for line in lines])
    values = values[np.isfinite(values)]
    if len(values) == 0:
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    if is_ratio(courses[0]):
        low, high = min(low, 0.98), max(high, 1.02)
    elif low >= 0.0:
        low = 0.0
    room = 0.05 * (high - low) or 0.5
    return (low if low == 0.0 else low - room), high + room


def thinned(course: Course, most: int = MAX_POINTS) -> NDArray[np.intp]:
    """Places of a few times that keep the peaks and troughs of the median.

    Parameters
    ----------
    course
        Of any length.
    most
        Times that are kept.

    Returns
    -------
    array of shape (kept times,)
    """
    count = len(course.hours)
    if count <= most:
        return np.arange(count, dtype=np.intp)
    middle = np.nan_to_num(course.people.middle)
    buckets = np.array_split(np.arange(count), (most - 2) // 2)
    places = [0, count - 1]
    for bucket in buckets:
        places += [bucket[np.argmin(middle[bucket])], bucket[np.argmax(middle[bucket])]]
    return np.unique(np.asarray(places, dtype=np.intp))


def axis_label(course: Course) -> str:
    """The unit of a course, or what its number is where it has none."""
    if not is_plain(course.unit):
        return course.unit
    return "ratio to baseline" if is_ratio(course) else "fraction"


def course_words(course: Course) -> str:
    """Lowest and highest level of the median person, for those who do not see the figure."""
    middle = finite(course.people.middle)
    if not np.isfinite(middle).any():
        return "No finished run to draw."
    lowest, highest = int(np.nanargmin(middle)), int(np.nanargmax(middle))
    return (
        f"Median person: lowest {amount(float(middle[lowest]), course.unit)} "
        f"after {duration(float(course.hours[lowest]))}, "
        f"highest {amount(float(middle[highest]), course.unit)} "
        f"after {duration(float(course.hours[highest]))}. The table below has the numbers."
    )


def finite(values: FloatArray) -> FloatArray:
    """The values with every infinite one made not a number, as drawing wants it."""
    return np.where(np.isfinite(values), values, np.nan)


def taken(band: Band, kept: NDArray[np.intp]) -> Band:
    """A band at some of its times, with what is infinite left out."""
    return Band(
        low=finite(band.low[kept]),
        middle=finite(band.middle[kept]),
        high=finite(band.high[kept]),
    )
