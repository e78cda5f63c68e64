"""What forward sensitivities cost: the full chain with ten of its parameters against the chain alone."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.clock import busy, interleaved
from benchmarks.models import chain, people
from benchmarks.records import Case, FloatArray

from raphe.dosing.regimen import Regimen
from raphe.engine.compile import Kernel, compile_program
from raphe.engine.lower import lower
from raphe.engine.solve import settings_of, solve
from raphe.engine.timeline import Timeline, make_timeline

PARAMETERS = (
    "drug.absorption",
    "drug.bioavailability",
    "drug.lag",
    "drug.reference_clearance",
    "brain.equilibration",
    "brain.half_plasma",
    "arousal.fall_max",
    "terminal.uptake_maximum",
    "terminal.hydroxylase_half",
    "terminal.washout",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Median seconds per subject without and with sensitivities, and the ratios of neighbors in time."""

    parameters: int
    plain: float
    sensitive: float
    ratio: float
    low: float
    high: float


def cost(count: int, rounds: int) -> Cost:
    """Measure both in turns, on one thread."""
    workload = chain()
    case = people(workload, count)
    program = lower(
        workload.model, outputs=workload.program.layout.outputs, sensitivities=PARAMETERS
    )
    sensitive = compile_program(program)
    plain = compile_program(workload.program)
    edges = _timeline(sensitive, case)

    def run(kernel: Kernel, line: Timeline) -> None:
        solve(kernel, case.parameters, line, workload.times)

    alone, both = interleaved(
        [lambda: run(plain, case.timeline), lambda: run(sensitive, edges)], rounds, busy
    )
    ratios = sorted(two / one for one, two in zip(alone, both, strict=True))
    return Cost(
        parameters=len(PARAMETERS),
        plain=sorted(alone)[len(alone) // 2] / count,
        sensitive=sorted(both)[len(both) // 2] / count,
        ratio=ratios[len(ratios) // 2],
        low=ratios[0],
        high=ratios[-1],
    )


def _timeline(kernel: Kernel, case: Case) -> Timeline:
    parameters: FloatArray = case.parameters
    return make_timeline(
        kernel.program,
        Regimen.from_text(case.workload.regimen),
        route=case.workload.route,
        settings=settings_of(kernel, parameters),
        parameters=parameters,
    )
