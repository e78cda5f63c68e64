"""raphe itself, through its public functions."""

from __future__ import annotations

from collections.abc import Callable
from importlib import metadata

from benchmarks.records import Case, FloatArray

from raphe.engine.compile import compile_program
from raphe.engine.solve import Options, solve


def make(case: Case) -> Callable[[float, Case], FloatArray]:
    """A runner: tolerance and subjects to values of shape (subjects, times, outputs)."""
    kernel = compile_program(case.workload.program)

    def run(relative: float, some: Case) -> FloatArray:
        work = some.workload
        options = Options(relative=relative, absolute=relative * work.floor)
        outcome = solve(kernel, some.parameters, some.timeline, work.times, options=options)
        if outcome.status.any():
            raise RuntimeError(f"{int((outcome.status != 0).sum())} subjects failed")
        return outcome.values

    return run


def version() -> str:
    """What runs."""
    return f"raphe {metadata.version('raphe')}, llvmlite {metadata.version('llvmlite')}"
