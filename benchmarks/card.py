"""The full chain on a graphics card: people per second against one core, and operations per second against the card's.

Where there is no card, the report says so.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass

import numpy as np
from benchmarks.clock import interleaved, median, now
from benchmarks.flops import Speed
from benchmarks.records import Case

from raphe.core.errors import InputError
from raphe.engine.compile import compile_program
from raphe.engine.gpu import Card, find_card, load_on_gpu, solve_on_gpu
from raphe.engine.solve import solve

NO_CARD = "no GPU here"
_CHAINS = 8
_LOOPS = 200_000
_BLOCK = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class CardRow:
    """What a card reaches.

    Parameters
    ----------
    name
        Of the card.
    people
        How many ran.
    ready
        Seconds until the card had the program.
    card, core
        People per second, copies to the card and back included; of the card and of one core.
    gap
        Largest difference of an output to that of the core, over |x| + 1e-6 of the largest |x| of that output.
    kernel, peak
        Operations per second: of the program, and of independent fused multiply-adds on the card.
    """

    name: str
    people: int
    ready: float
    card: float
    core: float
    gap: float
    kernel: float
    peak: float


def measure(crowd: Case, some: Case, speed: Speed | str, rounds: int) -> CardRow | str:
    """The crowd on the card, some of its people on one core; or why there is no number."""
    try:
        card = find_card()
    except InputError as error:
        return f"{NO_CARD} ({error.message})"
    times = crowd.workload.times
    begin = now()
    loaded = load_on_gpu(crowd.workload.program)
    ready = now() - begin
    kernel = compile_program(crowd.workload.program)

    def on_card() -> None:
        solve_on_gpu(loaded, crowd.parameters, crowd.timeline, times)

    def on_core() -> None:
        solve(kernel, some.parameters, some.timeline, times)

    fast, slow = interleaved([on_card, on_core], rounds, now)
    here = solve(kernel, some.parameters, some.timeline, times).values
    there = solve_on_gpu(loaded, some.parameters, some.timeline, times).values
    floor = 1e-6 * np.abs(here).max(axis=(0, 1))
    per_second = crowd.subjects / median(fast)
    own = 0.0
    if isinstance(speed, Speed):
        own = (speed.step * speed.steps + speed.output * len(times)) * per_second
    return CardRow(
        name=card.name,
        people=crowd.subjects,
        ready=ready,
        card=per_second,
        core=some.subjects / median(slow),
        gap=float(np.max(np.abs(there - here) / (np.abs(here) + floor))),
        kernel=own,
        peak=_peak(card, rounds),
    )


def peak_text() -> str:
    """A loop of independent fused multiply-adds, for every thread."""
    chains = range(_CHAINS)
    start = [f"mov.f64 %a{i}, 0d3FF{i:X}000000000000;" for i in chains]
    work = [f"fma.rn.f64 %a{i}, %a{i}, %half, %half;" for i in chains]
    total = [f"add.rn.f64 %a0, %a0, %a{i};" for i in chains if i > 0]
    return "\n".join(
        [
            ".version 7.0\n.target sm_80\n.address_size 64",
            ".visible .entry peak(.param .u64 given_out, .param .u32 given_loops)\n{",
            f".reg .f64 %a<{_CHAINS}>;\n.reg .f64 %half;\n.reg .u32 %n;\n.reg .u64 %out;\n.reg .pred %go;",
            "ld.param.u64 %out, [given_out];\nld.param.u32 %n, [given_loops];",
            "mov.f64 %half, 0d3FE0000000000000;",
            *start,
            "again:",
            *work,
            "sub.u32 %n, %n, 1;\nsetp.ne.u32 %go, %n, 0;\n@%go bra again;",
            *total,
            "cvta.to.global.u64 %out, %out;\nst.global.f64 [%out], %a0;\nret;\n}",
        ]
    )


def _peak(card: Card, rounds: int) -> float:
    """Operations per second of the loop, the best of the rounds."""
    from cuda.bindings import driver

    def call(answer: tuple[object, ...]) -> object:
        if answer[0] != driver.CUresult.CUDA_SUCCESS:
            raise RuntimeError(f"the card refused: {answer[0]}")
        return answer[1] if len(answer) > 1 else None

    module = call(driver.cuModuleLoadData(peak_text().encode() + b"\0"))
    function = call(driver.cuModuleGetFunction(module, b"peak"))
    place = call(driver.cuMemAlloc(8))
    blocks = card.processors * card.threads // _BLOCK
    given = ((place, _LOOPS), (ctypes.c_void_p, ctypes.c_uint32))

    def run() -> None:
        call(driver.cuLaunchKernel(function, blocks, 1, 1, _BLOCK, 1, 1, 0, 0, given, 0))
        call(driver.cuCtxSynchronize())

    (seconds,) = interleaved([run], rounds, now)
    call(driver.cuMemFree(place))
    return 2.0 * _CHAINS * _LOOPS * blocks * _BLOCK / min(seconds)
