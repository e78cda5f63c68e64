"""The one way to run: subjects in chunks through a kernel, on threads, to an Outcome.

A chunk is only a unit of work: a subject's numbers do not depend on it. Knows nothing of names or units.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from raphe.core.draws import FloatArray
from raphe.core.errors import InputError
from raphe.engine.compile import Kernel
from raphe.engine.timeline import IntegerArray, Timeline

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How exactly and how long to try.

    Parameters
    ----------
    relative
        Relative tolerance of each state in each step.
    absolute
        Absolute tolerance, as a part of the natural size of each state.
    max_steps
        Steps, accepted or not, that one subject may take.
    threads
        Worker threads.
    chunk
        Subjects that a thread takes at a time.
    """

    relative: float = 1e-6
    absolute: float = 1e-9
    max_steps: int = 1_000_000
    threads: int = 1
    chunk: int = 128

    def __post_init__(self) -> None:
        """Refuse options that no run could use."""
        if not (0.0 < self.relative < 1.0 and 0.0 < self.absolute < 1.0):
            raise InputError("tolerances must lie between 0 and 1", advice="such as 1e-6 and 1e-9")
        if min(self.max_steps, self.threads, self.chunk) < 1:
            raise InputError("steps, threads and chunk must be at least 1")


DEFAULT_OPTIONS = Options()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came out, subject by subject.

    Parameters
    ----------
    values
        Shape (subjects, times, outputs), base units; not a number if, and only if, the status is not OK.
    status
        Shape (subjects,): `Status`.
    reached
        Shape (subjects,): time at which the subject ended (h).
    accepted, rejected
        Shape (subjects,): steps.
    """

    values: FloatArray
    status: IntegerArray
    reached: FloatArray
    accepted: IntegerArray
    rejected: IntegerArray


def settings_of(kernel: Kernel, parameters: FloatArray) -> FloatArray:
    """Lags, fractions and times of events of each subject.

    Parameters
    ----------
    kernel
        Compiled program.
    parameters
        Shape (subjects, parameters), base units.

    Returns
    -------
    array of shape (subjects, settings), base units
    """
    parameters = np.ascontiguousarray(parameters, dtype=np.float64)
    out = np.zeros((len(parameters), kernel.shape.settings))
    if out.size:
        kernel.run_settings(len(parameters), parameters.ctypes.data, out.ctypes.data)
    return out


def solve(
    kernel: Kernel,
    parameters: FloatArray,
    timeline: Timeline,
    times: FloatArray,
    *,
    begin: float = 0.0,
    options: Options = DEFAULT_OPTIONS,
    progress: Progress | None = None,
) -> Outcome:
    """Run every subject from `begin` to the last output time.

    Parameters
    ----------
    kernel
        Compiled program.
    parameters
        Shape (subjects, parameters), base units.
    timeline
        Edges of the same subjects.
    times
        Shape (times,), h, strictly increasing and not before `begin`. They never touch step control. A value at the
        time of an edge is the one just before the edge.
    begin
        Where subjects start, h.
    options
        Tolerances, limits, threads.
    progress
        Called with the number of subjects that have been finished since the last call, by any thread.

    Returns
    -------
    Outcome

    Raises
    ------
    InputError
        If the output times are not as above, or an array has the wrong shape.
    """
    grid = np.ascontiguousarray(times, dtype=np.float64)
    table = np.ascontiguousarray(parameters, dtype=np.float64)
    _check(kernel, table, timeline, grid, begin)
    subjects = len(table)
    outcome = Outcome(
        values=np.empty((subjects, len(grid), kernel.shape.outputs)),
        status=np.zeros(subjects, dtype=np.int64),
        reached=np.zeros(subjects),
        accepted=np.zeros(subjects, dtype=np.int64),
        rejected=np.zeros(subjects, dtype=np.int64),
    )

    def work(first: int) -> None:
        rows = slice(first, min(first + options.chunk, subjects))
        _run_chunk(kernel, (table, timeline, grid), rows, outcome, begin=begin, options=options)
        if progress is not None:
            progress(rows.stop - rows.start)

    starts = range(0, subjects, options.chunk)
    if options.threads == 1 or len(starts) == 1:
        for first in starts:
            work(first)
    else:
        with ThreadPoolExecutor(options.threads) as pool:
            list(pool.map(work, starts))
    return outcome


def _check(
    kernel: Kernel, parameters: FloatArray, timeline: Timeline, times: FloatArray, begin: float
) -> None:
    shape = (len(parameters), kernel.shape.parameters)
    if parameters.shape != shape or len(timeline.first) != len(parameters) + 1:
        raise InputError(f"parameters and edges of {shape[0]} subjects do not fit the model")
    increasing = bool(np.all(np.diff(times) > 0.0)) and bool(
        np.all(np.isfinite([begin, *times.flat]))
    )
    if times.ndim != 1 or len(times) == 0 or not increasing or times[0] < begin:
        advice = f"give at least one, strictly increasing, from {begin!r} h on"
        raise InputError("the output times are not usable", advice=advice)


def _run_chunk(
    kernel: Kernel,
    inputs: tuple[FloatArray, Timeline, FloatArray],
    rows: slice,
    outcome: Outcome,
    *,
    begin: float,
    options: Options,
) -> None:
    parameters, timeline, times = inputs
    memory = _aligned(kernel.memory_vectors * kernel.shape.width)
    steps = np.zeros((rows.stop - rows.start, 2), dtype=np.int64)
    arrays: list[npt.NDArray[np.float64] | npt.NDArray[np.int64]] = [
        parameters[rows],
        timeline.first[rows.start : rows.stop + 1],
        timeline.time,
        timeline.action,
        timeline.index,
        timeline.value,
        times,
        outcome.values[rows],
        outcome.status[rows],
        outcome.reached[rows],
        steps,
        memory,
    ]
    address = [array.ctypes.data for array in arrays]
    kernel.run(
        rows.stop - rows.start,
        *address[:7],
        len(times),
        begin,
        options.relative,
        options.absolute,
        options.max_steps,
        *address[7:],
    )
    outcome.accepted[rows], outcome.rejected[rows] = steps[:, 0], steps[:, 1]


def _aligned(count: int) -> FloatArray:
    """Zeros that begin on a 64-byte line."""
    raw = np.zeros(count + 8)
    skip = (-raw.ctypes.data // 8) % 8
    return raw[skip : skip + count]
