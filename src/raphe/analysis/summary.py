"""Time courses -> bands, effects and the statistics that papers report. Knows nothing of studies or files.

Everything here works on arrays of shape (subjects, times) and gives one number a subject, or percentiles over subjects.
"""

from __future__ import annotations

import math

import numpy as np

from raphe.analysis.answer import Band, Interval
from raphe.core.draws import FloatArray
from raphe.core.units import HOUR, Unit
from raphe.dosing.regimen import Regimen
from raphe.language.model import Statistic

LEVELS = (0.05, 0.5, 0.95)
TERMINAL_WINDOW = (24.0, 120.0)  # h after the last dose: where a terminal slope is read
_DAY = 24.0


def interval(values: FloatArray) -> Interval:
    """The 5th, 50th and 95th percentile; values that are not a number count as beyond the last.

    Parameters
    ----------
    values
        Shape (subjects,).
    """
    filled = np.sort(np.where(np.isnan(values), np.inf, values))
    low, middle, high = (_percentile(filled, level) for level in LEVELS)
    return Interval(low=low, middle=middle, high=high)


def _percentile(ordered: FloatArray, level: float) -> float:
    """Linear interpolation between neighbors; not a number where it would need one that is beyond the last."""
    position = level * (len(ordered) - 1)
    below = math.floor(position)
    share = position - below
    value = float(ordered[below])
    if share > 0.0:
        value += share * (float(ordered[below + 1]) - value)
    return value if math.isfinite(value) else math.nan


def band(values: FloatArray) -> Band:
    """The 5th, 50th and 95th percentile over subjects at each time.

    Parameters
    ----------
    values
        Shape (subjects, times).
    """
    low, middle, high = np.quantile(values, LEVELS, axis=0)
    return Band(low=low, middle=middle, high=high)


def changes(values: FloatArray) -> FloatArray:
    """Change of each subject against the first time: as a fraction of it, or the difference if all begin at 0."""
    return values / values[:, :1] - 1.0 if has_baseline(values) else values - values[:, :1]


def compared(
    first: FloatArray, base: FloatArray, rest: FloatArray | float
) -> tuple[FloatArray, bool]:
    """What is done against something else: the ratio, or the difference where anybody's base or rest is 0.

    Parameters
    ----------
    first, base
        Any one shape.
    rest
        Values of the first before anything is done.

    Returns
    -------
    comparison, relative
        Whether it is the ratio.
    """
    relative = bool(np.all(base != 0.0)) and bool(np.all(rest != 0.0))
    return (first / base if relative else first - base), relative


def has_baseline(values: FloatArray) -> bool:
    """Whether anybody begins at another value than 0."""
    return bool(np.any(values[:, 0] != 0.0))


def largest_change(change: FloatArray, times: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The change that is farthest from 0, and its time (h), for each subject."""
    place = np.argmax(np.abs(change), axis=1)
    rows = np.arange(len(change))
    return change[rows, place], times[place]


def rebound(change: FloatArray, times: FloatArray, last_dose: float) -> FloatArray:
    """After the last dose, the change farthest to the side opposite to the largest change; 0 if there is none."""
    side = -np.sign(largest_change(change, times)[0])
    after = change[:, times >= last_dose] * side[:, None]
    return np.asarray(side * np.maximum(after.max(axis=1), 0.0))


def mean_over(change: FloatArray, times: FloatArray, begin: float, end: float) -> FloatArray:
    """Time average between two times (h), by the trapezoid rule on the output times."""
    inside = (times >= begin) & (times <= end)
    window = times[inside]
    if len(window) < 2:
        return np.full(len(change), np.nan)
    area = np.trapezoid(change[:, inside], window, axis=1)
    return np.asarray(area / (window[-1] - window[0]))


def settling_time(
    change: FloatArray, times: FloatArray, *, last_dose: float, within: float
) -> FloatArray:
    """Hours after the last dose from which a subject stays within a fraction of baseline.

    Returns
    -------
    array of shape (subjects,)
        0 if it never left; not a number if it is still outside at the last time.
    """
    outside = np.abs(change) >= within
    last = len(times) - 1 - np.argmax(outside[:, ::-1], axis=1)
    settled = np.where(last < len(times) - 1, times[np.minimum(last + 1, len(times) - 1)], np.nan)
    settled = np.where(outside.any(axis=1), settled, last_dose)
    return np.asarray(np.maximum(settled - last_dose, 0.0))


def statistic_unit(statistic: Statistic, output: Unit, dose: Unit) -> tuple[object, ...]:
    """Dimension of a statistic of an output after doses of a unit."""
    area = tuple(a + b for a, b in zip(output.dimension, HOUR.dimension, strict=True))
    match statistic:
        case Statistic.MAXIMUM:
            return output.dimension
        case Statistic.VALUE | Statistic.MEAN | Statistic.LOWEST | Statistic.HIGHEST:
            return output.dimension
        case Statistic.TIME_OF_MAXIMUM | Statistic.HALF_LIFE | Statistic.TIME_OF_HIGHEST:
            return HOUR.dimension
        case Statistic.AREA_TO_INFINITY:
            return area
        case Statistic.APPARENT_CLEARANCE:
            return tuple(a - b for a, b in zip(dose.dimension, area, strict=True))
    return tuple(a - a for a in output.dimension)


def statistic_of(
    statistic: Statistic,
    values: FloatArray,
    times: FloatArray,
    regimen: Regimen,
    window: tuple[float, ...] = (),
) -> FloatArray:
    """A statistic of each subject's course.

    Parameters
    ----------
    statistic
        What the paper reports.
    values
        Shape (subjects, times), base units.
    times
        h.
    regimen
        What was given.
    window
        Time, or first and last time (h), of a statistic that is taken at one; by default all times.

    Returns
    -------
    array of shape (subjects,), base units; times are since the last dose where the statistic says so
    """
    if statistic is Statistic.VALUE:
        return np.array([np.interp(window[0], times, course) for course in values])
    begin, end = window if len(window) == 2 else (times[0], times[-1])
    inside = (times >= begin) & (times <= end)
    match statistic:
        case Statistic.MEAN:
            return mean_over(values, times, begin, end)
        case Statistic.LOWEST:
            return np.asarray(values[:, inside].min(axis=1))
        case Statistic.HIGHEST:
            return np.asarray(values[:, inside].max(axis=1))
        case Statistic.TIME_OF_HIGHEST:
            place = np.argmax(values[:, inside], axis=1)
            return np.asarray(times[inside][place] - regimen.last_dose)
        case Statistic.MAXIMUM:
            return np.asarray(values.max(axis=1))
        case Statistic.TIME_OF_MAXIMUM:
            return np.asarray(times[np.argmax(values, axis=1)])
        case Statistic.HALF_LIFE:
            return np.asarray(math.log(2.0) / _terminal_slope(values, times, regimen))
        case Statistic.AREA_TO_INFINITY:
            return _area(values, times, regimen)
        case Statistic.APPARENT_CLEARANCE:
            given = sum(dose.amount.base for dose in regimen.expanded().doses)
            return given / _area(values, times, regimen)
        case Statistic.ACCUMULATION:
            return _accumulation(values, times, regimen)


def statistic_of_trials(
    statistic: Statistic,
    courses: FloatArray,
    times: FloatArray,
    regimen: Regimen,
    window: tuple[float, ...] = (),
) -> FloatArray:
    """A statistic of each person of each trial, as a paper on that trial would take it.

    Of the time of the highest there is one a trial, that of its mean course: papers tell when a group was worst, not
    the mean of when each was, to which people who hardly change add times by chance.

    Parameters
    ----------
    statistic, times, regimen, window
        As for `statistic_of`.
    courses
        Shape (trials, people, times), base units.

    Returns
    -------
    array of shape (trials, people), or (trials, 1), base units
        Not a number where a course has a gap.
    """
    trials, people, count = courses.shape
    if statistic is Statistic.TIME_OF_HIGHEST:
        mean = courses.mean(axis=1)
        when = statistic_of(statistic, mean, times, regimen, window)
        return np.where(np.isnan(mean).any(axis=1), np.nan, when)[:, None]
    flat = courses.reshape(trials * people, count)
    return statistic_of(statistic, flat, times, regimen, window).reshape(trials, people)


def _terminal_slope(values: FloatArray, times: FloatArray, regimen: Regimen) -> FloatArray:
    """Slope of the logarithm by least squares in `TERMINAL_WINDOW` after the last dose."""
    since = times - regimen.last_dose
    inside = (since >= TERMINAL_WINDOW[0]) & (since <= TERMINAL_WINDOW[1])
    if inside.sum() < 3:
        return np.full(len(values), np.nan)
    centered = times[inside] - times[inside].mean()
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(values[:, inside])
    return np.asarray(-(logs @ centered) / (centered @ centered))


def _area(values: FloatArray, times: FloatArray, regimen: Regimen) -> FloatArray:
    """Area under the curve: trapezoids to the last time, then the terminal slope to infinity."""
    seen = np.trapezoid(values, times, axis=1)
    return np.asarray(seen + values[:, -1] / _terminal_slope(values, times, regimen))


def _accumulation(values: FloatArray, times: FloatArray, regimen: Regimen) -> FloatArray:
    """Mean level over the last day of dosing over the mean level of the first day."""
    doses = regimen.expanded().doses
    if len(doses) < 2:
        return np.full(len(values), np.nan)
    end = regimen.last_dose + doses[1].time - doses[0].time
    first = mean_over(values, times, 0.0, _DAY)
    return mean_over(values, times, end - _DAY, end) / first
