"""Doses, changes and samples -> columns of edges, for many subjects at once. Knows nothing of kernels or sorting.

A column is one edge of every subject; what all subjects share is one number, what differs an array. In which order
edges of one time are applied: first doses that arrive late or follow in a series, then records in order of record,
then infusions that start or stop, then timed events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from raphe.core.draws import FloatArray
from raphe.engine.program import Program
from raphe.engine.status import Action

FIRST = -1.0  # rank of edges before all records of their time

Number = float | FloatArray
Truth = bool | npt.NDArray[np.bool_]


@dataclass(slots=True, kw_only=True)
class Column:
    """One edge of every subject.

    Parameters
    ----------
    time
        When (h).
    place
        Time by which the edge is put in order (h); edges within the periods of a steady state stand where it is.
    rank, position
        Order among edges of the same place, and among those of the same rank.
    action, index, value
        As in `Timeline`.
    present
        Who has this edge.
    time_slope, value_slope
        Derivatives of time and value by the chosen parameters, shape (subjects, chosen).
    """

    time: Number
    place: Number
    rank: Number
    position: int
    action: Action
    index: int
    value: Number
    present: Truth = True
    time_slope: Number = 0.0
    value_slope: Number = 0.0


@dataclass(slots=True, kw_only=True)
class Flow:
    """One infusion of every subject into an input, at a rate (base units per h)."""

    input: int
    start: Number
    stop: Number
    rate: Number
    present: Truth = True
    start_slope: Number = 0.0
    stop_slope: Number = 0.0
    rate_slope: Number = 0.0


@dataclass(slots=True)
class Schedule:
    """Edges as they are collected, record by record."""

    records: int
    chosen: int = 0  # parameters for sensitivities
    columns: list[Column] = field(default_factory=list)
    arrivals: list[Column] = field(
        default_factory=list
    )  # of the columns, those a steady state may wipe
    flows: list[Flow] = field(default_factory=list)
    renewals: list[float] = field(default_factory=list)  # when all inputs are set anew
    impossible: Truth = False

    def put(self, column: Column) -> None:
        """Add a column that nothing wipes."""
        self.columns.append(column)

    def arrive(self, column: Column) -> None:
        """Add the column of an amount that a later steady state may wipe."""
        self.columns.append(column)
        self.arrivals.append(column)

    def wipe(self, time: float) -> None:
        """Take back what was to arrive, and end what was to flow, from a time on."""
        for column in self.arrivals:
            column.present = np.logical_and(column.present, np.less(column.time, time))
        for flow in self.flows:
            flow.present = np.logical_and(flow.present, np.less(flow.start, time))
            flow.stop_slope = where(np.less(flow.stop, time), flow.stop_slope, 0.0)
            flow.stop = np.minimum(flow.stop, time)

    def possible(self, value: Number, *, zero: bool) -> Number:
        """The value, or 1 where it is not finite, negative, or 0 though it must not be: such subjects are marked."""
        sound = np.isfinite(value) & np.greater_equal(value, 0.0)
        if not zero:
            sound &= np.greater(value, 0.0)
        if np.all(sound):
            return value
        self.impossible = np.logical_or(self.impossible, ~sound)
        return np.where(sound, value, 1.0)

    def finish(self, program: Program) -> list[Column]:
        """All columns, with infusions made into edges, and one at the start for whom no dose can be given."""
        found = [column for column in self.columns if np.any(column.present)]
        for position in range(len(program.inputs)):
            found += _input_columns(self, position)
        if np.any(self.impossible):
            nowhere = Column(
                time=np.nan,
                place=-np.inf,
                rank=FIRST,
                position=0,
                action=Action.SAMPLE,
                index=0,
                value=0.0,
                present=self.impossible,
            )
            found.append(nowhere)
        return found


def _input_columns(schedule: Schedule, position: int) -> Iterator[Column]:
    """What flows in through one input, wherever it changes: exactly 0 where nothing does."""
    # when, change of rate, change of how many flow; and the slopes of the first two
    changes: list[tuple[Number, Number, Number]] = []
    slopes: list[tuple[Number, Number]] = []
    for flow in schedule.flows:
        if flow.input == position and np.any(flow.present):
            for when, sign in ((flow.start, 1.0), (flow.stop, -1.0)):
                change = np.where(flow.present, sign * np.asarray(flow.rate), 0.0)
                count = np.where(flow.present, sign, 0.0)
                changes.append((np.where(flow.present, when, np.inf), change, count))
                moved = flow.start_slope if sign > 0.0 else flow.stop_slope
                slopes.append((moved, where(flow.present, sign * np.asarray(flow.rate_slope), 0.0)))
    changes += [(when, 0.0, 0.0) for when in schedule.renewals]
    slopes += [(0.0, 0.0) for _ in schedule.renewals]
    if not changes:
        return
    shape = np.broadcast_shapes(*(np.shape(part) for change in changes for part in change))
    time, change, count = (
        np.stack([np.broadcast_to(part, shape) for part in parts])
        for parts in zip(*changes, strict=True)
    )
    order = np.argsort(time, axis=0, kind="stable")
    time, change, count = (
        np.take_along_axis(part, order, axis=0) for part in (time, change, count)
    )
    rate = np.where(np.cumsum(count, axis=0) < 0.5, 0.0, np.cumsum(change, axis=0))
    columns = _slope_columns(schedule, slopes, order, np.cumsum(count, axis=0) < 0.5)
    for number in range(len(changes)):
        moved, bent = columns(number)
        yield Column(
            time=time[number],
            place=time[number],
            rank=float(schedule.records),
            position=number,
            action=Action.SET_INPUT,
            index=position,
            value=rate[number],
            present=np.isfinite(time[number]),
            time_slope=moved,
            value_slope=bent,
        )


def _slope_columns(
    schedule: Schedule,
    slopes: Sequence[tuple[Number, Number]],
    order: npt.NDArray[np.int64],
    idle: npt.NDArray[np.bool_],
) -> Callable[[int], tuple[Number, Number]]:
    """Slopes of time and rate at each change of an input, in the order of the changes."""
    if schedule.chosen == 0:
        return lambda _: (0.0, 0.0)
    shape = (*idle.shape[1:], schedule.chosen)
    tables = [
        np.stack([np.broadcast_to(part, shape) for part in parts])
        for parts in zip(*slopes, strict=True)
    ]
    moved, bent = (np.take_along_axis(table, order[..., None], axis=0) for table in tables)
    rate = np.where(idle[..., None], 0.0, np.cumsum(bent, axis=0))
    return lambda number: (moved[number], rate[number])


def where(condition: Truth, yes: Number, no: Number) -> Number:
    """As `np.where`, for slopes (subjects, chosen) by a condition of subjects; slopes that are one number are 0."""
    if np.ndim(yes) == np.ndim(no) == 0:
        return 0.0
    return np.where(np.reshape(condition, (-1, 1)), yes, no)


def setting_slope(program: Program, settings: FloatArray, index: int) -> Number:
    """Derivatives of a setting by the chosen parameters, which stand behind the settings."""
    if program.slopes is None or index < 0:
        return 0.0
    first = len(program.settings) + index * program.slopes.count
    return settings[:, first : first + program.slopes.count]


def timed_events(
    program: Program, settings: FloatArray, begin: FloatArray, rank: float
) -> Sequence[Column]:
    """A column for each timed event; one before the begin does not happen, one without a time is impossible."""
    found = []
    for position, event in enumerate(program.events):
        if event.time >= 0:
            when = settings[:, event.time]
            found.append(
                Column(
                    time=when,
                    place=np.where(np.isnan(when), -np.inf, when),
                    rank=rank,
                    position=position,
                    action=Action.RUN_EVENT,
                    index=position,
                    value=0.0,
                    present=~(when < begin),
                    time_slope=setting_slope(program, settings, event.time),
                )
            )
    return found
