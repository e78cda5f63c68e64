"""Regimens and histories -> for each subject a sorted row of edges. Knows nothing of people or solvers."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from raphe.core.draws import FloatArray
from raphe.core.errors import DoseError
from raphe.dosing.regimen import Dose, Regimen
from raphe.engine.doses import Epoch, Occasion, Taken, add_dose
from raphe.engine.program import Program
from raphe.engine.schedule import FIRST, Column, Schedule, timed_events
from raphe.engine.status import Action

IntegerArray = npt.NDArray[np.int64]
NEAR = 1e-13  # edges closer than this part of their time are one edge
_BLOCK = 1 << 22  # edges that are put in order at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasions:
    """All borders between occasions, and how settings follow from parameters.

    Parameters
    ----------
    borders
        In the order of their times, and of the doses that begin them.
    settings_of
        Parameters of all subjects -> their settings.
    """

    borders: tuple[Occasion, ...]
    settings_of: Callable[[FloatArray], FloatArray]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Edges of all subjects, one after another, each subject's in the order in which they are applied.

    Parameters
    ----------
    begin
        Shape (subjects,): where each subject starts (h).
    first
        Shape (subjects + 1,): where each subject's edges begin.
    time, action, index, value
        Shape (edges,): when (h), what (`Action`), on which state, input or parameter, and how much (base units).
    time_slope, value_slope
        Shape (edges, chosen): derivatives of time and value by the parameters chosen for sensitivities.
    """

    begin: FloatArray
    first: IntegerArray
    time: FloatArray
    action: IntegerArray
    index: IntegerArray
    value: FloatArray
    time_slope: FloatArray
    value_slope: FloatArray


def make_timeline(
    program: Program,
    regimen: Regimen,
    *,
    route: str | None,
    settings: FloatArray,
    parameters: FloatArray,
    begin: float = 0.0,
    taken: Taken | None = None,
    occasions: Occasions | None = None,
) -> Timeline:
    """Work out when what happens to each subject.

    Parameters
    ----------
    program
        Gives routes, timed events and the layout.
    regimen
        Doses, the same for all.
    route
        `alias.name` of the route of doses that name none.
    settings
        Shape (subjects, settings): lags (h), fractions, durations (h), rates, times of events (h).
    parameters
        Shape (subjects, parameters), base units: molar masses are taken from here.
    begin
        Where subjects start (h).
    taken
        What subjects make of the doses of the expanded regimen; None if they take them as written.
    occasions
        Numbers that differ from occasion to occasion; the doses are then those of the parted regimen.

    Returns
    -------
    Timeline

    Raises
    ------
    UnknownNameError
        If a route is not in the program.
    DoseError
        If a dose stands before the begin or does not fit its route or the model. The message names the rule.
    """
    subjects = len(settings)
    changing = parameters if occasions is None else parameters.copy()
    epoch, stepped = Epoch(settings=settings, parameters=changing), program.stepped_parameters()
    doses = regimen.doses if taken is None else regimen.expanded().doses
    doses = doses if occasions is None else regimen.parted().doses
    schedule = Schedule(records=len(doses), chosen=program.chosen)
    waiting = [] if occasions is None else list(occasions.borders)
    numbered = list(enumerate(doses))
    if occasions is not None:  # what holds at a dose hangs on all that came before it
        numbered.sort(key=lambda pair: pair[1].time)
    for order, dose in numbered:
        check_begin(dose, begin)
        while occasions is not None and waiting and _due(waiting[0], order, dose):
            epoch = _cross(schedule, waiting.pop(0), occasions, epoch, stepped, taken)
        add_dose(
            schedule,
            program,
            dose,
            order=order,
            route=route,
            epoch=epoch,
            epoch_at=functools.partial(_always, epoch),
            taken=taken,
        )
    for border in waiting:
        _put_border(schedule, border, border.begins(taken), stepped)
    begins = np.full(subjects, begin)
    columns = schedule.finish(program)
    columns += timed_events(program, settings, begins, float(schedule.records + 1))
    return sort_columns(columns, begins, program.chosen)


def _always(epoch: Epoch, _: float) -> Epoch:
    """What holds at the later doses of a series: what held at its first."""
    return epoch


def _due(border: Occasion, order: int, dose: Dose) -> bool:
    """Whether an occasion begins with a dose, or before it."""
    if border.time == dose.time and border.doses:
        return order >= min(border.doses)
    return border.time <= dose.time


def _cross(
    schedule: Schedule,
    border: Occasion,
    occasions: Occasions,
    epoch: Epoch,
    stepped: frozenset[int],
    taken: Taken | None,
) -> Epoch:
    """Add the edges of a border; what holds behind it, for the doses that follow.

    The parameters are written where they are: their copies at each border took more time than the run.
    """
    begins = border.begins(taken)
    _put_border(schedule, border, begins, stepped)
    crossed = np.isfinite(begins)
    for place, index in enumerate(border.index):
        epoch.parameters[crossed, index] = border.values[crossed, place]
    return Epoch(settings=occasions.settings_of(epoch.parameters), parameters=epoch.parameters)


def _put_border(
    schedule: Schedule, border: Occasion, begins: FloatArray, stepped: frozenset[int]
) -> None:
    """A column for each parameter that changes: before the dose that begins the occasion, behind what came before.

    What acts on nothing but how doses enter needs none: the solver does not stop for it.
    """
    crossed = np.isfinite(begins)
    rank = float(min(border.doses)) if border.doses else FIRST
    for place, index in enumerate(border.index):
        if index not in stepped:
            continue
        column = Column(
            time=begins,
            place=begins,
            rank=rank,
            position=place - len(border.index),
            action=Action.SET_PARAMETER,
            index=index,
            value=border.values[:, place],
            present=crossed,
        )
        schedule.put(column)


def check_begin(dose: Dose, begin: float) -> None:
    """Refuse a dose before the begin."""
    if dose.time < begin:
        message = f"a dose at {dose.time!r} h stands before the begin at {begin!r} h"
        raise DoseError(f"{message} (rule TIME-BEGIN)", advice="begin earlier")


def sort_columns(columns: Sequence[Column], begin: FloatArray, chosen: int) -> Timeline:
    """Put the edges of each subject in order.

    Parameters
    ----------
    columns
        Edges, in any order.
    begin
        Shape (subjects,).
    chosen
        How many parameters are chosen for sensitivities.

    Returns
    -------
    Timeline
    """
    subjects, count = len(begin), len(columns)
    if count == 0:
        empty, slopes = np.zeros(0, dtype=np.int64), np.zeros((0, chosen))
        return Timeline(
            begin=begin,
            first=np.zeros(subjects + 1, dtype=np.int64),
            time=np.zeros(0),
            action=empty,
            index=empty,
            value=np.zeros(0),
            time_slope=slopes,
            value_slope=slopes,
        )
    action = np.array([column.action for column in columns], dtype=np.int64)
    index = np.array([column.index for column in columns], dtype=np.int64)
    shared = all(
        np.ndim(part) == 0 for c in columns for part in (c.place, c.rank, c.present, c.time)
    )
    once = _order(columns, slice(0, 1), 1) if shared else None
    rows = max(1, _BLOCK // (count * (1 + chosen)))
    parts = []
    for start in range(0, subjects, rows):
        block = slice(start, min(start + rows, subjects))
        order, kept = _order(columns, block, subjects) if once is None else once
        size = (block.stop - block.start, count)
        order, kept = np.broadcast_to(order, size), np.broadcast_to(kept, size)
        numbers = [
            np.take_along_axis(_table(columns, name, block, subjects), order, axis=1)[kept]
            for name in ("time", "value")
        ]
        slopes_of = [
            np.take_along_axis(
                _slope_table(columns, name, block, (subjects, chosen)), order[..., None], axis=1
            )[kept]
            for name in ("time_slope", "value_slope")
        ]
        parts.append((order[kept], kept.sum(axis=1), *numbers, *slopes_of))
    chosen_columns, counts, times, values, time_slopes, value_slopes = (
        np.concatenate(part) for part in zip(*parts, strict=True)
    )
    return Timeline(
        begin=begin,
        first=np.concatenate([[0], np.cumsum(counts)]),
        time=times,
        action=action[chosen_columns],
        index=index[chosen_columns],
        value=values,
        time_slope=time_slopes,
        value_slope=value_slopes,
    )


def _slope_table(
    columns: Sequence[Column], name: str, rows: slice, shape: tuple[int, int]
) -> FloatArray:
    """Slopes of each column for some subjects, shape (subjects, columns, chosen)."""
    parts = [np.broadcast_to(getattr(column, name), shape)[rows] for column in columns]
    return np.stack(parts, axis=1).astype(np.float64)


def _table(columns: Sequence[Column], name: str, rows: slice, subjects: int) -> FloatArray:
    """One item of each column for some subjects, shape (subjects, columns)."""
    parts = [np.broadcast_to(getattr(column, name), subjects)[rows] for column in columns]
    return np.stack(parts, axis=1).astype(np.float64)


def _order(
    columns: Sequence[Column], rows: slice, subjects: int
) -> tuple[IntegerArray, npt.NDArray[np.bool_]]:
    """Columns of some subjects in order, and whether each is present there."""
    present = _table(columns, "present", rows, subjects) != 0.0
    place = np.where(present, _table(columns, "place", rows, subjects), np.inf)
    order = np.argsort(place, axis=1, kind="stable")
    ordered = np.take_along_axis(place, order, axis=1)
    with np.errstate(invalid="ignore"):
        apart = np.diff(ordered, axis=1) > NEAR * np.abs(ordered[:, 1:])
    group = np.zeros(place.shape)
    group[:, 1:] = np.cumsum(apart, axis=1)
    keys = [
        np.take_along_axis(_table(columns, name, rows, subjects), order, axis=1)
        for name in ("position", "rank")
    ]
    order = np.take_along_axis(order, np.lexsort((*keys, group), axis=1), axis=1)
    return order, np.take_along_axis(present, order, axis=1)
