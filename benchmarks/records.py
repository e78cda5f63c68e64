"""The nouns of the benchmark: workloads, cases, points, curves. Knows no solver."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from raphe.engine.program import Program
from raphe.engine.timeline import Timeline
from raphe.language.model import Model

FloatArray = npt.NDArray[np.float64]


class UnavailableError(Exception):
    """A peer that cannot run here, with the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A model and what is asked of it.

    Parameters
    ----------
    name, title
        For files, for people.
    model, program
        The same model, as written and as numbers.
    regimen
        Prescription text.
    route
        Which route the doses take.
    times
        Output times, h.
    floor
        Absolute tolerance over relative tolerance, as a part of the natural size of each state.
    stiff
        False where a method for problems that are not stiff is a fair choice.
    """

    name: str
    title: str
    model: Model
    program: Program
    regimen: str
    route: str | None
    times: FloatArray
    floor: float
    stiff: bool

    def tolerances(self, relative: float) -> FloatArray:
        """Absolute tolerance of each state, the same for every solver."""
        return relative * self.floor * np.array(self.program.scales)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A workload for given subjects: parameters in base units and the edges of each subject."""

    workload: Workload
    parameters: FloatArray
    timeline: Timeline

    @property
    def subjects(self) -> int:
        """How many."""
        return len(self.parameters)

    def first(self, count: int) -> Case:
        """The same for the first subjects."""
        if count >= self.subjects:
            return self
        line = self.timeline
        edges = int(line.first[count])
        shorter = Timeline(
            begin=line.begin[:count],
            first=line.first[: count + 1],
            time=line.time[:edges],
            action=line.action[:edges],
            index=line.index[:edges],
            value=line.value[:edges],
            time_slope=line.time_slope[:edges],
            value_slope=line.value_slope[:edges],
        )
        return replace(self, parameters=self.parameters[:count], timeline=shorter)


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A stretch between two edges of one subject: the doses at its start, and the output times in (start, stop]."""

    start: float
    stop: float
    doses: tuple[tuple[int, float], ...]
    first: int  # of the output times
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One tolerance of one solver.

    Parameters
    ----------
    relative
        Tolerance that was asked for.
    error
        Error that was achieved.
    seconds
        Median time per subject.
    low, high
        Shortest and longest time per subject.
    """

    relative: float
    error: float
    seconds: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """All points of one solver on one workload.

    Parameters
    ----------
    key, title
        Which solver.
    how
        How it was set up.
    subjects
        Subjects of each timed run.
    setup
        Seconds until it was ready: compiling, loading.
    points
        Those whose answer agreed with the reference.
    note
        Why points are missing; empty if all is well.
    """

    key: str
    title: str
    how: str
    subjects: int
    setup: float
    points: tuple[Point, ...]
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The curves of one workload, and how well its reference is known."""

    name: str
    title: str
    states: int
    outputs: int
    times: int
    doses: int
    reference: str
    reference_gap: float
    curves: tuple[Curve, ...]
