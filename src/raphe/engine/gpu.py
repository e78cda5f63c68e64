"""Subjects through a program on a graphics card, one thread each: what `solve` does, with the same outcome.

The card is reached through its driver alone; `cuda-bindings` hands the calls to Python, small and without a compiler
of its own. Knows nothing of formulas, steps or LLVM (`ptx`).
"""

from __future__ import annotations

import ctypes
import hashlib
import math
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from raphe.core.draws import FloatArray
from raphe.core.errors import InputError, RapheError
from raphe.engine.emit import shape_of
from raphe.engine.program import Program
from raphe.engine.ptx import ENTRY, GIVEN, emit_ptx, strides
from raphe.engine.rosenbrock import RODAS5P, Rosenbrock
from raphe.engine.solve import (
    DEFAULT_OPTIONS,
    Options,
    Outcome,
    Progress,
    Samples,
    empty_outcome,
    grid_samples,
    on_grid,
    run_arrays,
    run_numbers,
)
from raphe.engine.timeline import Timeline
from raphe.engine.writer import Shape

try:
    from cuda.bindings import driver
except ImportError:  # only who has a card needs it
    driver = None

_OLDEST = (8, 0)  # text for this generation runs on all later ones; an older card gets its own
_BLOCK = 64  # threads that are placed together
_PART = 0.9  # of the free memory of the card that one launch may take
_RESULTS = ("out", "slope_out", "status", "reached", "steps")
_C_TYPES = {"whole": ctypes.c_int64, "number": ctypes.c_double, "array": ctypes.c_void_p}


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A graphics card: its name, the generation of its processors, how many there are, and their clock (Hz)."""

    name: str
    capability: tuple[int, int]
    processors: int
    threads: int  # that a processor can hold
    clock: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuKernel:
    """A program on a card, where it stays until the process ends."""

    program: Program
    method: Rosenbrock
    shape: Shape
    digest: str
    card: Card
    context: Any
    function: Any


def find_card(number: int = 0) -> Card:
    """Look at a card.

    Raises
    ------
    InputError
        If there is none, or the driver or the package that reaches it is missing.
    """
    if driver is None:
        message = "the package that reaches a graphics card is missing"
        raise InputError(message, advice='pip install "raphe[gpu]"')
    try:
        _call(driver.cuInit(0))
        device = _call(driver.cuDeviceGet(number))
    except (RuntimeError, RapheError) as error:  # no driver, or no card
        advice = "the same subjects run without one, through `solve`"
        raise InputError(f"there is no graphics card to run on: {error}", advice=advice) from error

    def read(what: str) -> int:
        kind = getattr(driver.CUdevice_attribute, f"CU_DEVICE_ATTRIBUTE_{what}")
        return int(_call(driver.cuDeviceGetAttribute(kind, device)))

    return Card(
        name=_call(driver.cuDeviceGetName(256, device)).split(b"\0")[0].decode(),
        capability=(read("COMPUTE_CAPABILITY_MAJOR"), read("COMPUTE_CAPABILITY_MINOR")),
        processors=read("MULTIPROCESSOR_COUNT"),
        threads=read("MAX_THREADS_PER_MULTIPROCESSOR"),
        clock=1e3 * read("CLOCK_RATE"),
    )


def load_on_gpu(program: Program, *, method: Rosenbrock = RODAS5P, number: int = 0) -> GpuKernel:
    """Put a program on a card.

    Parameters
    ----------
    program
        What to compute.
    method
        How to step.
    number
        Which card.

    Returns
    -------
    GpuKernel

    Raises
    ------
    InputError
        If there is no card, or the driver or the package that reaches it is missing.
    """
    card = find_card(number)
    major, minor = min(card.capability, _OLDEST)
    text = emit_ptx(program, method=method, processor=f"sm_{major}{minor}")
    context = _call(driver.cuDevicePrimaryCtxRetain(_call(driver.cuDeviceGet(number))))
    _call(driver.cuCtxSetCurrent(context))
    module = _call(driver.cuModuleLoadData(text.encode() + b"\0"))
    return GpuKernel(
        program=program,
        method=method,
        shape=shape_of(program, method, 1),
        digest=hashlib.sha256(text.encode()).hexdigest(),
        card=card,
        context=context,
        function=_call(driver.cuModuleGetFunction(module, ENTRY.encode())),
    )


def solve_on_gpu(
    kernel: GpuKernel,
    parameters: FloatArray,
    timeline: Timeline,
    times: FloatArray,
    *,
    options: Options = DEFAULT_OPTIONS,
    progress: Progress | None = None,
) -> Outcome:
    """Run every subject to the last output time on a card: `solve` for a `GpuKernel`.

    As many subjects as fit into the memory of the card run at a time; `threads` and `chunk` of the options are for
    processors and play no part.
    """
    samples = grid_samples(timeline, times)
    outcome = solve_samples_on_gpu(
        kernel, parameters, timeline, samples, options=options, progress=progress
    )
    return on_grid(outcome, len(samples.time))


def solve_samples_on_gpu(
    kernel: GpuKernel,
    parameters: FloatArray,
    timeline: Timeline,
    samples: Samples,
    *,
    options: Options = DEFAULT_OPTIONS,
    progress: Progress | None = None,
) -> Outcome:
    """Run every subject to its own end, with its own samples: `solve_samples` for a `GpuKernel`."""
    table = np.ascontiguousarray(parameters, dtype=np.float64)
    outcome = empty_outcome(kernel.shape, table, timeline, samples)
    _call(driver.cuCtxSetCurrent(kernel.context))
    room = _room(kernel, timeline, samples)
    for first in range(0, len(table), room):
        rows = slice(first, min(first + room, len(table)))
        steps = np.zeros((rows.stop - rows.start, 2), dtype=np.int64)
        arrays = run_arrays((table, timeline, samples), rows, outcome, steps)
        _launch(kernel, arrays, run_numbers(len(steps), options))
        outcome.accepted[rows], outcome.rejected[rows] = steps[:, 0], steps[:, 1]
        if progress is not None:
            progress(len(steps))
    return outcome


def _room(kernel: GpuKernel, timeline: Timeline, samples: Samples) -> int:
    """How many subjects fit into the free memory of the card, if each has as many edges and rows as the largest."""
    shape, card = kernel.shape, kernel.card
    edges = int(np.max(np.diff(timeline.first), initial=0))
    rows = int(np.max(np.diff(samples.row_first), initial=0))
    items = sum(strides(shape).values()) + edges * (4 + 2 * shape.chosen)
    items += rows * shape.outputs * (1 + shape.chosen)
    own = driver.CUfunction_attribute.CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES
    of_threads = _call(driver.cuFuncGetAttribute(own, kernel.function))
    of_threads *= card.processors * card.threads
    shared = samples.time.nbytes + samples.row.nbytes
    free, _ = _call(driver.cuMemGetInfo())
    return max(1, int((_PART * free - of_threads - shared) // (8 * items)))


def _launch(
    kernel: GpuKernel, arrays: Mapping[str, npt.NDArray[Any]], numbers: Mapping[str, float]
) -> None:
    """Run some subjects: what they need to the card, a thread for each, what came out back."""
    given, copies = dict(numbers), []
    with ExitStack() as held:
        for name, (first, items) in _ranges(kernel.shape, arrays).items():
            here, size = arrays[name].ctypes.data + 8 * first, 8 * items
            place = held.enter_context(_memory(size))
            given[name] = (place - 8 * first) % 2**64
            if name in _RESULTS:  # all bits set are not a number, and no status
                _call(driver.cuMemsetD8(place, 0xFF, max(size, 8)))
                copies.append((here, place, size))
            elif items:
                _call(driver.cuMemcpyHtoD(place, here, size))
        values = tuple(given[name] for name, _ in GIVEN)
        kinds = tuple(_C_TYPES[kind] for _, kind in GIVEN)
        grid, block = (math.ceil(numbers["count"] / _BLOCK), 1, 1), (_BLOCK, 1, 1)
        _call(driver.cuLaunchKernel(kernel.function, *grid, *block, 0, 0, (values, kinds), 0))
        _call(driver.cuCtxSynchronize())
        for here, place, size in copies:
            if size:
                _call(driver.cuMemcpyDtoH(here, place, size))


def _ranges(shape: Shape, arrays: Mapping[str, npt.NDArray[Any]]) -> dict[str, tuple[int, int]]:
    """Which items of each array some subjects use: the first, and how many. All items are 8 bytes."""
    found = {name: (0, array.size) for name, array in arrays.items() if name in strides(shape)}
    edges, rows = arrays["edge_first"], arrays["row_first"]
    for name, width in (
        *((f"edge_{name}", 1) for name in ("time", "action", "index", "value")),
        *((f"edge_{name}_slope", shape.chosen) for name in ("time", "value")),
    ):
        found[name] = (int(edges[0]) * width, int(edges[-1] - edges[0]) * width)
    for name, width in (("out", shape.outputs), ("slope_out", shape.outputs * shape.chosen)):
        found[name] = (int(rows[0]) * width, int(rows[-1] - rows[0]) * width)
    first, last = int(arrays["sample_first"].min()), int(arrays["sample_last"].max())
    for name in ("sample_time", "sample_row"):
        found[name] = (first, max(0, last - first))
    return found


@contextmanager
def _memory(size: int) -> Iterator[int]:
    """Memory of the card, given back at the end."""
    place = _call(driver.cuMemAlloc(max(size, 8)))
    try:
        yield int(place)
    finally:
        driver.cuMemFree(place)  # if it fails, something else has failed before


def _call(answer: tuple[Any, ...]) -> Any:  # noqa: ANN401 what the driver hands back is anything
    """What a call of the driver gave; an error if it failed."""
    status, *values = answer
    if status != driver.CUresult.CUDA_SUCCESS:
        raise RapheError(f"the driver of the graphics card says {status.name}")
    return values[0] if len(values) == 1 else tuple(values)
