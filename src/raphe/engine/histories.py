"""Histories of records through a kernel: every row of a table gets its values. Knows nothing of files.

A history begins with everything at its start. A change of a parameter holds from its record on; lag, fraction, duration
and rate of a dose are those at its record, and of a later dose of a series those just before that dose.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from raphe.core.draws import FloatArray
from raphe.core.errors import InputError, UnitError, UnknownNameError, nearest
from raphe.dosing.history import Change, History, Sample
from raphe.dosing.records import Records
from raphe.dosing.regimen import Dose
from raphe.engine.compile import Kernel
from raphe.engine.doses import Epoch, add_dose
from raphe.engine.program import Layout
from raphe.engine.schedule import Column, Schedule, timed_events
from raphe.engine.solve import DEFAULT_OPTIONS, Options, Samples, settings_of, solve_samples
from raphe.engine.status import Action
from raphe.engine.timeline import NEAR, IntegerArray, Timeline, check_begin, sort_columns


@dataclass(frozen=True, slots=True, kw_only=True)
class RowOutcome:
    """What came out, row by row of the table.

    Parameters
    ----------
    values
        Shape (rows, outputs), base units; not a number if, and only if, the status is not OK.
    slopes
        Shape (rows, outputs, chosen): derivatives by each parameter chosen for sensitivities, base units.
    status
        Shape (rows,): `Status` of the history that the row is in.
    reached
        Shape (rows,): time at which that history ended (h).
    """

    values: FloatArray
    slopes: FloatArray
    status: IntegerArray
    reached: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """One history as numbers."""

    history: History
    rows: FloatArray  # epochs x parameters; the first holds at the begin
    times: tuple[float, ...]  # when each epoch begins
    of_item: tuple[int, ...]  # the epoch of each item


def solve_records(
    kernel: Kernel,
    records: Records,
    parameters: FloatArray,
    *,
    route: str | None = None,
    options: Options = DEFAULT_OPTIONS,
) -> RowOutcome:
    """Run every history of a table.

    Parameters
    ----------
    kernel
        Compiled program.
    records
        From `read_records`.
    parameters
        Shape (subjects, parameters), base units, in order of `records.ids`. What the table sets comes from the table.
    route
        For doses that name none.
    options
        Tolerances, limits, threads.

    Returns
    -------
    RowOutcome

    Raises
    ------
    InputError
        If there are not as many rows of parameters as subjects, or if a row has not exactly one sample.
    UnknownNameError
        If a parameter or route is not in the model.
    UnitError
        If a value does not fit its parameter.
    DoseError
        If a dose does not fit its route or the model. The message names the rule.
    """
    layout = kernel.program.layout
    if parameters.shape != (len(records.ids), len(layout.parameters)):
        raise InputError(
            f"the table has {len(records.ids)} subjects: give a row of parameters for each"
        )
    _check_changes(kernel, records)
    number = {name: position for position, name in enumerate(records.ids)}
    pieces = [_piece(layout, one, parameters[number[one.subject]]) for one in records.histories]
    epochs = [len(piece.rows) for piece in pieces]
    settings = settings_of(
        kernel, np.concatenate([np.zeros((0, parameters.shape[1])), *(p.rows for p in pieces)])
    )
    parts = []
    for piece, own in zip(pieces, np.split(settings, np.cumsum(epochs)[:-1]), strict=True):
        parts.append(_edges(kernel, piece, own, route))
    timeline, samples, order = _join(parts, pieces)
    if sorted(order.tolist()) != list(range(records.rows)):
        raise InputError(f"each of the {records.rows} rows needs exactly one sample")
    first = np.array([piece.rows[0] for piece in pieces]).reshape(len(pieces), -1)
    outcome = solve_samples(kernel, first, timeline, samples, options=options)
    values, slopes = np.empty_like(outcome.values), np.empty_like(outcome.slopes)
    values[order], slopes[order] = outcome.values, outcome.slopes
    of_row = np.empty(records.rows, dtype=np.int64)
    of_row[order] = np.repeat(np.arange(len(pieces)), np.diff(samples.row_first))
    return RowOutcome(
        values=values, slopes=slopes, status=outcome.status[of_row], reached=outcome.reached[of_row]
    )


def _check_changes(kernel: Kernel, records: Records) -> None:
    """Refuse sensitivities by a parameter that the table changes: there is not one value to differentiate by."""
    program = kernel.program
    chosen = () if program.slopes is None else program.slopes.parameters
    names = {program.layout.parameters[index] for index in chosen}
    for history in records.histories:
        for item in history.items:
            if isinstance(item, Change) and item.parameter in names:
                message = f'the table of "{history.subject}" changes "{item.parameter}", which was chosen for slopes'
                raise InputError(message, advice="choose other parameters, or leave the column out")


def _piece(layout: Layout, history: History, parameters: FloatArray) -> _Piece:
    """The parameters as the changes of a history make them; those at the begin hold from the start."""
    rows, times, of_item = [parameters.copy()], [history.begin], []
    index = {name: position for position, name in enumerate(layout.parameters)}
    for position, item in enumerate(history.items):
        if isinstance(item, Change):
            value = _value(layout, index, item)
            if not _leads(history, position):
                rows.append(rows[-1].copy())
                times.append(item.time)
            rows[-1][index[item.parameter]] = value
        of_item.append(len(rows) - 1)
    return _Piece(history=history, rows=np.array(rows), times=tuple(times), of_item=tuple(of_item))


def _leads(history: History, position: int) -> bool:
    """True if nothing but changes has happened before an item, and it stands at the begin."""
    before = history.items[: position + 1]
    return all(isinstance(one, Change) and one.time == history.begin for one in before)


def _value(layout: Layout, index: Mapping[str, int], change: Change) -> float:
    if change.parameter not in index:
        message = f'the model has no parameter "{change.parameter}"'
        raise UnknownNameError(message, advice=nearest(change.parameter, index))
    unit = layout.parameter_units[index[change.parameter]]
    if not change.value.unit.same_dimension(unit):
        message = f'"{change.parameter}" is in {unit}, and cannot become {change.value}'
        raise UnitError(message, advice=f"give the value in {unit}")
    return change.value.base


def _edges(
    kernel: Kernel, piece: _Piece, settings: FloatArray, route: str | None
) -> tuple[Timeline, list[tuple[float, int]]]:
    """Edges of one history, and its samples that stand alone: time and which of the samples."""
    program, history = kernel.program, piece.history
    epochs = [
        Epoch(settings=settings[n : n + 1], parameters=piece.rows[n : n + 1])
        for n in range(len(piece.rows))
    ]

    def epoch_at(time: float) -> Epoch:
        return epochs[max(0, int(np.searchsorted(piece.times, time)) - 1)]

    schedule = Schedule(records=len(history.items), chosen=program.chosen)
    looks: list[Column] = []
    for order, item in enumerate(history.items):
        match item:
            case Dose():
                check_begin(item, history.begin)
                epoch = epochs[piece.of_item[order]]
                add_dose(
                    schedule,
                    program,
                    item,
                    order=order,
                    route=route,
                    epoch=epoch,
                    epoch_at=epoch_at,
                )
            case Change():
                if piece.of_item[order] > 0:
                    schedule.put(_change(program.layout, item, order))
            case Sample():
                looks.append(_look(item.time, len(looks), order))
    columns = schedule.finish(program)
    begin = np.array([history.begin])
    columns += timed_events(program, settings[:1], begin, float(schedule.records + 1))
    places = np.sort(np.array([np.max(c.place) for c in columns if np.all(c.present)]))
    tied = [_is_near(places, float(look.time)) for look in looks]
    columns += [look for look, near in zip(looks, tied, strict=True) if near]
    alone = [
        (float(look.time), look.index) for look, near in zip(looks, tied, strict=True) if not near
    ]
    return sort_columns(columns, begin, program.chosen), alone


def _change(layout: Layout, change: Change, order: int) -> Column:
    return Column(
        time=change.time,
        place=change.time,
        rank=float(order),
        position=0,
        action=Action.SET_PARAMETER,
        index=layout.parameters.index(change.parameter),
        value=change.value.base,
    )


def _look(time: float, number: int, order: int) -> Column:
    return Column(
        time=time,
        place=time,
        rank=float(order),
        position=0,
        action=Action.SAMPLE,
        index=number,
        value=0.0,
    )


def _is_near(places: FloatArray, time: float) -> bool:
    """True if an edge is at a time, as far as edges are told apart."""
    position = int(np.searchsorted(places, time))
    near = places[max(0, position - 1) : position + 1]
    return bool(np.any(np.abs(near - time) <= NEAR * np.abs(time)))


def _join(
    parts: Sequence[tuple[Timeline, list[tuple[float, int]]]], pieces: Sequence[_Piece]
) -> tuple[Timeline, Samples, IntegerArray]:
    """One timeline and the samples of all histories, and the row of the table that each of their rows is."""
    looks = [[one for one in p.history.items if isinstance(one, Sample)] for p in pieces]
    counts = [int(line.first[-1]) for line, _ in parts]
    alone = [len(samples) for _, samples in parts]
    bounds = np.concatenate([[0], np.cumsum(alone)]).astype(np.int64)
    none = np.zeros(0, dtype=np.int64)
    timeline = Timeline(
        begin=np.array([piece.history.begin for piece in pieces]),
        first=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        time=np.concatenate([np.zeros(0), *(line.time for line, _ in parts)]),
        action=np.concatenate([none, *(line.action for line, _ in parts)]),
        index=np.concatenate([none, *(line.index for line, _ in parts)]),
        value=np.concatenate([np.zeros(0), *(line.value for line, _ in parts)]),
        time_slope=np.concatenate([line.time_slope for line, _ in parts]),
        value_slope=np.concatenate([line.value_slope for line, _ in parts]),
    )
    ends = [max((i.time for i in p.history.items), default=p.history.begin) for p in pieces]
    samples = Samples(
        first=bounds[:-1],
        last=bounds[1:],
        time=np.array([time for _, part in parts for time, _ in part], dtype=np.float64),
        row=np.array([row for _, part in parts for _, row in part], dtype=np.int64),
        row_first=np.concatenate([[0], np.cumsum([len(part) for part in looks])]).astype(np.int64),
        end=np.array(ends, dtype=np.float64),
    )
    return timeline, samples, np.array([one.row for part in looks for one in part], dtype=np.int64)
