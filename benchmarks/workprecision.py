"""Time against achieved error: every solver, every tolerance, interleaved repeats, each answer checked first."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from benchmarks.clock import median
from benchmarks.peers.registry import Peer, peers_for
from benchmarks.records import Case, Checked, Curve, FloatArray, Point
from benchmarks.worker import Failed, Worker

FLOOR = 1e-3  # of the largest value of an output
WRONG = 0.1  # an answer with a larger error is not timed
LEVELS = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7)
REFERENCE = 1e-12
DOUBT = 1e-6  # by which the reference and another solver may differ at most


class NoReferenceError(Exception):
    """raphe at its tightest and another solver at its tightest do not agree: there is nothing to measure against."""


@dataclass(slots=True)
class _Running:
    """A solver while it is measured."""

    peer: Peer
    worker: Worker
    setup: float = 0.0
    errors: dict[float, float] = field(default_factory=dict)
    times: dict[float, list[float]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def measure(case: Case, *, checked: int, rounds: int, quick: bool) -> Checked:
    """Work-precision curves of all solvers of a case.

    Parameters
    ----------
    case
        Workload and as many subjects as the largest run takes.
    checked
        Subjects whose values are compared with the reference.
    rounds
        Timed repeats of each tolerance.
    quick
        Fewer subjects and tolerances.
    """
    work = case.workload
    running = [_start(peer, case, checked) for peer in peers_for(work, quick=quick)]
    try:
        for one in running:
            _wait(one)
        reference, gap, source = _reference(running)
        for one in running:
            _first_runs(one, reference, quick=quick)
        for number in range(rounds):
            print(f"  {work.name}: round {number + 1} of {rounds}", file=sys.stderr, flush=True)
            for one in running:
                _timed_runs(one, number)
    finally:
        for one in running:
            one.worker.close()
    line = case.timeline
    return Checked(
        name=work.name,
        title=work.title,
        states=len(work.program.layout.states),
        outputs=len(work.program.layout.outputs),
        times=len(work.times),
        doses=int(line.first[1] - line.first[0]),
        reference=source,
        reference_gap=gap,
        curves=tuple(map(_curve, running)),
    )


def error_of(values: FloatArray, reference: FloatArray) -> float:
    """Largest |x - ref| / (|ref| + floor) over subjects, times and outputs."""
    floor = FLOOR * np.abs(reference).max(axis=(0, 1))
    count = len(values)
    part = reference[:count]
    found = float(np.max(np.abs(values - part) / (np.abs(part) + floor + 1e-300)))
    return found if math.isfinite(found) else math.inf


def seconds_at(curve: Curve, error: float) -> float | None:
    """Time per subject at an error: log-log between the best points; None outside of them."""
    best: list[Point] = []
    for point in sorted(curve.points, key=lambda p: (p.error, p.seconds)):
        while best and best[-1].seconds >= point.seconds and best[-1].error >= point.error:
            best.pop()
        if not best or point.seconds < best[-1].seconds:
            best.append(point)
    for tight, loose in pairwise(best):
        if tight.error <= error <= loose.error:
            share = math.log(error / tight.error) / math.log(loose.error / tight.error)
            return tight.seconds * (loose.seconds / tight.seconds) ** share
    return None


def ratios(curves: Sequence[Curve], family: Iterable[str], error: float) -> float | None:
    """Time of the fastest of some solvers over that of raphe, at equal error."""
    wanted = set(family)
    own = seconds_at(curves[0], error)
    others = [seconds_at(curve, error) for curve in curves if curve.key in wanted]
    known = [one for one in others if one is not None]
    return min(known) / own if known and own is not None else None


def _start(peer: Peer, case: Case, checked: int) -> _Running:
    worker = Worker(peer, case.first(peer.subjects), checked, patience=240.0)
    return _Running(peer, worker)


def _wait(one: _Running) -> None:
    answer = one.worker.ready()
    if isinstance(answer, Failed):
        one.notes.append(answer.reason)
    else:
        one.setup = answer.seconds


def _reference(running: list[_Running]) -> tuple[FloatArray, float, str]:
    """raphe at a tolerance of 1e-12, and how far another solver at its tightest is from it."""
    own = running[0].worker.run(REFERENCE)
    if isinstance(own, Failed):
        raise NoReferenceError(f"raphe has no reference: {own.reason}")
    for one in running[1:]:
        if one.notes:
            continue
        for relative in (1e-12, 1e-11, 1e-10):
            other = one.worker.run(relative)
            if not isinstance(other, Failed):
                gap = error_of(other.values, own.values)
                if gap > DOUBT:
                    raise NoReferenceError(f"raphe and {one.peer.title} differ by {gap:.2g}")
                return own.values, gap, f"{one.peer.title} at {relative:.0e}"
    return own.values, math.inf, "no other solver"


def _first_runs(one: _Running, reference: FloatArray, *, quick: bool) -> None:
    """One untimed run of each tolerance: it warms up, and its answer is checked."""
    if one.notes:
        return
    step = 2 if quick and one.peer.key != "raphe" else 1
    for power in range(-2 if one.peer.key == "raphe" else -3, one.peer.tightest - 1, -step):
        relative = 10.0**power
        answer = one.worker.run(relative)
        if isinstance(answer, Failed):
            one.notes.append(f"tolerance {relative:.0e}: {answer.reason}")
            continue
        error = error_of(answer.values, reference)
        if error > WRONG:
            one.notes.append(f"tolerance {relative:.0e}: wrong by {error:.2g}, not timed")
            continue
        one.errors[relative], one.times[relative] = error, []


def _timed_runs(one: _Running, number: int) -> None:
    if number >= one.peer.rounds:
        return
    for relative, times in one.times.items():
        answer = one.worker.run(relative)
        if not isinstance(answer, Failed):
            times.append(answer.seconds / one.peer.subjects)


def _curve(one: _Running) -> Curve:
    points = tuple(
        Point(
            relative=relative,
            error=one.errors[relative],
            seconds=median(times),
            low=min(times),
            high=max(times),
        )
        for relative, times in one.times.items()
        if times
    )
    return Curve(
        key=one.peer.key,
        title=one.peer.title,
        how=one.peer.how,
        subjects=one.peer.subjects,
        setup=one.setup,
        points=points,
        note="; ".join(one.notes),
    )
