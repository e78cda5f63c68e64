"""The one way to run: subjects in chunks through a kernel, on threads, to an Outcome.

A chunk is only a unit of work: a subject's numbers do not depend on it. Knows nothing of names or units.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from raphe.core.draws import FloatArray
from raphe.core.errors import InputError
from raphe.engine.compile import Kernel
from raphe.engine.timeline import IntegerArray, Timeline
from raphe.engine.writer import Shape

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
        Subjects that a thread takes at a time, at most; fewer if there are too few for all threads.
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
_TURNS = 2  # chunks that each thread gets, if there are subjects enough


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """When each subject is looked at, and where it ends.

    Parameters
    ----------
    first, last
        Shape (subjects,): a subject's samples are those from `first` to before `last`; subjects may share them.
    time
        Shape (samples,): h, increasing for each subject. A value at the time of an edge is the one before it.
    row
        Shape (samples,): which of the subject's rows a sample fills.
    row_first
        Shape (subjects + 1,): where each subject's rows begin. Rows that no sample fills are those of `Action.SAMPLE`.
    end
        Shape (subjects,): h, not before any sample.
    """

    first: IntegerArray
    last: IntegerArray
    time: FloatArray
    row: IntegerArray
    row_first: IntegerArray
    end: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came out, subject by subject.

    Parameters
    ----------
    values
        Shape (subjects, times, outputs), or (rows, outputs) from `solve_samples`, base units; not a number if, and
        only if, the status of the subject is not OK.
    slopes
        Shape of `values` and a last axis: derivatives by each parameter chosen for sensitivities, base units.
    status
        Shape (subjects,): `Status`.
    reached
        Shape (subjects,): time at which the subject ended (h).
    accepted, rejected
        Shape (subjects,): steps.
    """

    values: FloatArray
    slopes: FloatArray
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
    options: Options = DEFAULT_OPTIONS,
    progress: Progress | None = None,
    cores: Executor | None = None,
) -> Outcome:
    """Run every subject to the last output time.

    Parameters
    ----------
    kernel
        Compiled program.
    parameters
        Shape (subjects, parameters), base units.
    timeline
        Edges of the same subjects.
    times
        Shape (times,), h, strictly increasing and not before any subject begins. They never touch step control. A
        value at the time of an edge is the one just before the edge.
    options
        Tolerances, limits, threads.
    progress
        Called with the number of subjects that have been finished since the last call, by any thread.
    cores
        Threads that calls at the same time share; by default this call has `options.threads` of its own.

    Returns
    -------
    Outcome

    Raises
    ------
    InputError
        If the output times are not as above, or an array has the wrong shape.
    """
    samples = grid_samples(timeline, times)
    outcome = solve_samples(
        kernel, parameters, timeline, samples, options=options, progress=progress, cores=cores
    )
    return on_grid(outcome, len(samples.time))


def grid_samples(timeline: Timeline, times: FloatArray) -> Samples:
    """The samples of a grid that all subjects share.

    Raises
    ------
    InputError
        If the times are not strictly increasing, or begin before a subject does.
    """
    grid = np.ascontiguousarray(times, dtype=np.float64)
    begin = float(np.max(timeline.begin, initial=-np.inf))
    increasing = bool(np.all(np.diff(grid) > 0.0)) and bool(np.all(np.isfinite(grid)))
    if grid.ndim != 1 or len(grid) == 0 or not increasing or grid[0] < begin:
        advice = f"give at least one, strictly increasing, from {begin!r} h on"
        raise InputError("the output times are not usable", advice=advice)
    subjects, count = len(timeline.begin), len(grid)
    return Samples(
        first=np.zeros(subjects, dtype=np.int64),
        last=np.full(subjects, count),
        time=grid,
        row=np.arange(count),
        row_first=np.arange(subjects + 1) * count,
        end=np.full(subjects, grid[-1]),
    )


def on_grid(outcome: Outcome, times: int) -> Outcome:
    """An outcome of rows, with an axis for the times that all subjects share."""
    subjects = len(outcome.status)
    return replace(
        outcome,
        values=outcome.values.reshape(subjects, times, *outcome.values.shape[1:]),
        slopes=outcome.slopes.reshape(subjects, times, *outcome.slopes.shape[1:]),
    )


def solve_samples(
    kernel: Kernel,
    parameters: FloatArray,
    timeline: Timeline,
    samples: Samples,
    *,
    options: Options = DEFAULT_OPTIONS,
    progress: Progress | None = None,
    cores: Executor | None = None,
) -> Outcome:
    """Run every subject to its own end, with its own samples; otherwise as `solve`.

    Returns
    -------
    Outcome
        With values of shape (rows, outputs).
    """
    table = np.ascontiguousarray(parameters, dtype=np.float64)
    subjects = len(table)
    outcome = empty_outcome(kernel.shape, table, timeline, samples)

    width = kernel.shape.width
    fair = -(-subjects // (_TURNS * options.threads * width)) * width
    chunk = max(1, min(options.chunk, fair))

    def work(first: int) -> None:
        rows = slice(first, min(first + chunk, subjects))
        _run_chunk(kernel, (table, timeline, samples), rows, outcome, options)
        if progress is not None:
            progress(rows.stop - rows.start)

    starts = range(0, subjects, chunk)
    if cores is not None:
        list(cores.map(work, starts))
    elif options.threads == 1 or len(starts) == 1:
        for first in starts:
            work(first)
    else:
        with ThreadPoolExecutor(options.threads) as pool:
            list(pool.map(work, starts))
    return outcome


def empty_outcome(
    shape: Shape, parameters: FloatArray, timeline: Timeline, samples: Samples
) -> Outcome:
    """Where a run is written; `run_arrays` sets it to not-a-number before the run of a subject.

    Raises
    ------
    InputError
        If the arrays do not fit together.
    """
    subjects = len(timeline.begin)
    fits = parameters.shape == (subjects, shape.parameters)
    fits = fits and timeline.time_slope.shape[1] == shape.chosen
    fits = fits and len(timeline.first) == len(samples.row_first) == subjects + 1
    if not (fits and len(samples.first) == len(samples.last) == len(samples.end) == subjects):
        raise InputError(
            f"parameters, edges and samples of {subjects} subjects do not fit together"
        )
    if not (np.all(np.isfinite(timeline.begin)) and np.all(samples.end >= timeline.begin)):
        raise InputError("a subject must begin at a finite time, and not end before it begins")
    size = (int(samples.row_first[-1]), shape.outputs)
    return Outcome(
        values=np.empty(size),
        slopes=np.empty((*size, shape.chosen)),
        status=np.zeros(subjects, dtype=np.int64),
        reached=np.zeros(subjects),
        accepted=np.zeros(subjects, dtype=np.int64),
        rejected=np.zeros(subjects, dtype=np.int64),
    )


def _run_chunk(
    kernel: Kernel,
    inputs: tuple[FloatArray, Timeline, Samples],
    rows: slice,
    outcome: Outcome,
    options: Options,
) -> None:
    steps = np.zeros((rows.stop - rows.start, 2), dtype=np.int64)
    arrays = run_arrays(inputs, rows, outcome, steps)
    arrays["memory"] = _aligned(kernel.memory_vectors * kernel.shape.width)
    numbers = run_numbers(rows.stop - rows.start, options)
    kernel.run(numbers | {name: array.ctypes.data for name, array in arrays.items()})
    outcome.accepted[rows], outcome.rejected[rows] = steps[:, 0], steps[:, 1]


def run_numbers(subjects: int, options: Options) -> dict[str, float]:
    """The arguments of a kernel that are numbers."""
    return {
        "count": subjects,
        "relative": options.relative,
        "absolute": options.absolute,
        "max_steps": options.max_steps,
    }


def run_arrays(
    inputs: tuple[FloatArray, Timeline, Samples], rows: slice, outcome: Outcome, steps: IntegerArray
) -> dict[str, npt.NDArray[np.float64] | npt.NDArray[np.int64]]:
    """The arguments of a kernel that are arrays, for some subjects whose results are emptied; but for its memory."""
    parameters, timeline, samples = inputs
    following = slice(rows.start, rows.stop + 1)
    own = slice(samples.row_first[rows.start], samples.row_first[rows.stop])
    outcome.values[own] = np.nan  # here, where a thread of its own touches them first
    outcome.slopes[own] = np.nan
    return {
        "parameters": parameters[rows],
        "begin": timeline.begin[rows],
        "end": samples.end[rows],
        "edge_first": timeline.first[following],
        "edge_time": timeline.time,
        "edge_action": timeline.action,
        "edge_index": timeline.index,
        "edge_value": timeline.value,
        "edge_time_slope": timeline.time_slope,
        "edge_value_slope": timeline.value_slope,
        "sample_first": samples.first[rows],
        "sample_last": samples.last[rows],
        "sample_time": samples.time,
        "sample_row": samples.row,
        "row_first": samples.row_first[following],
        "out": outcome.values,
        "slope_out": outcome.slopes,
        "status": outcome.status[rows],
        "reached": outcome.reached[rows],
        "steps": steps,
    }


def _aligned(count: int) -> FloatArray:
    """Zeros that begin on a 64-byte line."""
    raw = np.zeros(count + 8)
    skip = (-raw.ctypes.data // 8) % 8
    return raw[skip : skip + count]
