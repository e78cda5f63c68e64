"""Courses -> one number for each person: peaks, areas, times, and shares of people beyond a limit.

Endpoints are worked out from courses that are already there, so that a new one never runs the solver again.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from raphe.analysis.answer import Interval
from raphe.analysis.summary import interval, mean_over
from raphe.core.draws import FloatArray
from raphe.core.units import Quantity


class Kind(StrEnum):
    """What is read off a course, within its window."""

    HIGHEST = "highest"
    LOWEST = "lowest"
    MEAN = "mean"
    AREA = "area"
    """Under the course, in its unit times h."""
    AREA_OF_EFFECT = "area_of_effect"
    """Between the course and its value at the first time, in its unit times h; falls count as negative."""
    TIME_OF_HIGHEST = "time_of_highest"
    """Hours since the begin of the window."""
    TIME_OF_LOWEST = "time_of_lowest"
    """Hours since the begin of the window."""
    LAST = "last"
    TIME_ABOVE = "time_above"
    """Hours above the limit."""
    TIME_BELOW = "time_below"
    """Hours below the limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A number of each person.

    Parameters
    ----------
    name
        In the tables.
    kind
        What is read off.
    output
        Of which output.
    begin, end
        Window (h); the whole run if None.
    limit
        For `time_above` and `time_below`.
    beyond
        If given, the share of people whose number is above this is told as well, in the unit of the number.
    """

    name: str
    kind: Kind
    output: str
    begin: float | None = None
    end: float | None = None
    limit: Quantity | None = None
    beyond: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSummary:
    """An endpoint over the people of one scenario.

    Parameters
    ----------
    spread
        Median, 5th and 95th percentile of those who finished.
    beyond
        Share of them above the endpoint's bound; not a number without one.
    people, failed, outside
        How many, how many of them did not finish, and how many lie outside the support of the model.
    """

    scenario: str
    endpoint: str
    unit: str
    spread: Interval
    beyond: float
    people: int
    failed: int
    outside: int


def endpoint_unit(endpoint: Endpoint, unit: str) -> str:
    """The unit of an endpoint of an output in a unit."""
    plain = unit in ("", "dimensionless")
    match endpoint.kind:
        case Kind.AREA | Kind.AREA_OF_EFFECT:
            return "h" if plain else f"h*{unit}"
        case Kind.TIME_OF_HIGHEST | Kind.TIME_OF_LOWEST | Kind.TIME_ABOVE | Kind.TIME_BELOW:
            return "h"
    return "" if plain else unit


def endpoint_of(
    endpoint: Endpoint, values: FloatArray, times: FloatArray, factor: float
) -> FloatArray:
    """Work out an endpoint of each subject.

    Parameters
    ----------
    endpoint
        What is asked.
    values
        Shape (subjects, times), in the output's own unit; not a number where a subject failed.
    times
        h.
    factor
        Base units in one of the output's own; the limit is given in any unit of the same kind.

    Returns
    -------
    array of shape (subjects,)
        In the unit of `endpoint_unit`; not a number where a subject failed.
    """
    begin = times[0] if endpoint.begin is None else endpoint.begin
    end = times[-1] if endpoint.end is None else endpoint.end
    inside = (times >= begin) & (times <= end)
    if not inside.any():
        return np.full(len(values), np.nan)
    window, course = times[inside], values[:, inside]
    match endpoint.kind:
        case Kind.HIGHEST:
            return np.asarray(course.max(axis=1))
        case Kind.LOWEST:
            return np.asarray(course.min(axis=1))
        case Kind.LAST:
            return np.asarray(course[:, -1])
        case Kind.MEAN:
            return mean_over(values, times, begin, end)
        case Kind.AREA:
            return np.asarray(np.trapezoid(course, window, axis=1))
        case Kind.AREA_OF_EFFECT:
            return np.asarray(np.trapezoid(course - values[:, :1], window, axis=1))
        case Kind.TIME_OF_HIGHEST:
            return _at(np.argmax(course, axis=1), course, window)
        case Kind.TIME_OF_LOWEST:
            return _at(np.argmin(course, axis=1), course, window)
        case Kind.TIME_ABOVE | Kind.TIME_BELOW:
            limit = 0.0 if endpoint.limit is None else endpoint.limit.base / factor
            side = 1.0 if endpoint.kind is Kind.TIME_ABOVE else -1.0
            return _time_beyond(side * (course - limit), window)


def _at(places: np.ndarray, course: FloatArray, window: FloatArray) -> FloatArray:
    return np.where(np.isnan(course).any(axis=1), np.nan, window[places] - window[0])


def _time_beyond(height: FloatArray, window: FloatArray) -> FloatArray:
    """Hours with the height above 0, straight lines between the times."""
    left, right = height[:, :-1], height[:, 1:]
    up, down = np.maximum(left, 0.0), np.maximum(right, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.where((left > 0.0) & (right > 0.0), 1.0, (up + down) / np.abs(left - right))
    part = np.where((left <= 0.0) & (right <= 0.0), 0.0, part)
    part = np.where(np.isnan(left) | np.isnan(right), np.nan, part)
    return np.asarray((part * np.diff(window)).sum(axis=1))


def summarize(
    endpoint: Endpoint, numbers: FloatArray, *, scenario: str, unit: str, outside: int
) -> EndpointSummary:
    """The spread of an endpoint over people; those who failed are counted, never dropped in silence."""
    failed = np.isnan(numbers)
    kept = numbers[~failed]
    beyond = np.nan
    if endpoint.beyond is not None and len(kept):
        beyond = float(np.mean(kept > endpoint.beyond))
    return EndpointSummary(
        scenario=scenario,
        endpoint=endpoint.name,
        unit=endpoint_unit(endpoint, unit),
        spread=interval(kept),
        beyond=beyond,
        people=len(numbers),
        failed=int(failed.sum()),
        outside=outside,
    )
