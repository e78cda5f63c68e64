"""libRoadRunner: SBML compiled by its own LLVM back end, one call of `simulate` for each dose interval."""

from __future__ import annotations

from collections.abc import Callable
from importlib import metadata

import numpy as np
import roadrunner
from benchmarks.models import segments
from benchmarks.records import Case, FloatArray, Segment
from benchmarks.sbml import constants, export


def make(case: Case, *, stiff: bool) -> Callable[[float, Case], FloatArray]:
    """A runner: tolerance and subjects to values of shape (subjects, times, outputs)."""
    roadrunner.Logger.setLevel(roadrunner.Logger.LOG_ERROR)
    exported = export(case.workload)
    simulator = roadrunner.RoadRunner(exported.text)
    simulator.integrator.stiff = stiff
    simulator.integrator.maximum_num_steps = 1_000_000
    simulator.timeCourseSelections = list(exported.outputs)
    names = [*exported.constants, *exported.states]
    inputs: dict[int, tuple[list[list[float]], list[list[Segment]]]] = {}

    def prepared(some: Case) -> tuple[list[list[float]], list[list[Segment]]]:
        if some.subjects not in inputs:  # once, outside the timed repeats
            table = np.hstack(constants(some)).tolist()
            inputs[some.subjects] = table, [segments(some, i) for i in range(some.subjects)]
        return inputs[some.subjects]

    def run(relative: float, some: Case) -> FloatArray:
        times = some.workload.times
        table, stretches = prepared(some)
        simulator.integrator.relative_tolerance = relative
        for state, absolute in zip(
            exported.states, some.workload.tolerances(relative), strict=True
        ):
            simulator.integrator.setIndividualTolerance(state, absolute)
        values = np.empty((some.subjects, len(times), len(exported.outputs)))
        for subject in range(some.subjects):
            simulator.reset()
            for name, value in zip(names, table[subject], strict=True):
                simulator.setValue(name, value)
            if times[0] <= stretches[subject][0].start:
                values[subject, 0] = simulator.getSelectedValues()
            for one in stretches[subject]:
                for state, amount in one.doses:
                    name = exported.states[state]
                    simulator.setValue(name, simulator.getValue(name) + amount)
                inner = times[one.first : one.last]
                grid = [one.start, *inner] if one.last > one.first else [one.start]
                grid += [one.stop] if grid[-1] < one.stop else []
                found = simulator.simulate(times=grid)
                values[subject, one.first : one.last] = found[1 : 1 + len(inner)]
        return values

    return run


def version() -> str:
    """What runs."""
    return f"libRoadRunner {metadata.version('libroadrunner')}"
