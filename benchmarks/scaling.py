"""More threads, more people, cold and warm starts: each in fresh processes."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.clock import median, now, pin
from benchmarks.models import HERE, chain, people

from raphe.engine.compile import compile_program
from raphe.engine.solve import Options, solve

PATIENCE = 240.0  # seconds that one number of people may take; beyond it is projected
MEMORY = 0.5  # of the free memory that one number of people may take
SIZES = (100, 1_000, 10_000, 100_000, 1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """One number of people; `projected` if it was worked out from the one before."""

    workload: str
    subjects: int
    times: int
    threads: int
    prepare: float
    solve: float
    memory: float
    failed: int
    projected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Threads:
    """Median seconds with one thread and with two, and the ratios of neighbors in time: median, least, most."""

    subjects: int
    one: float
    two: float
    gain: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Compiling or loading one program; medians, in seconds."""

    name: str
    states: int
    lower: float
    cold: float
    warm: float
    warm_compiles: bool


def thread_gain(rounds: int, *, quick: bool) -> Threads:
    """The chain with one thread and with two, in turns."""
    workload = chain()
    case = people(workload, 1024 if quick else 4096)
    kernel = compile_program(workload.program)
    pin(None)

    def run(threads: int) -> None:
        options = Options(threads=threads)
        solve(kernel, case.parameters, case.timeline, workload.times, options=options)

    run(2)
    one: list[float] = []
    two: list[float] = []
    for number in range(
        rounds
    ):  # who comes first alternates, so that a drift of the clock rate favors neither
        order = ((1, one), (2, two)) if number % 2 else ((2, two), (1, one))
        for threads, times in order:
            begin = now()
            run(threads)
            times.append(now() - begin)
    gains = [single / double for single, double in zip(one, two, strict=True)]
    return Threads(
        subjects=case.subjects,
        one=median(one),
        two=median(two),
        gain=median(gains),
        low=min(gains),
        high=max(gains),
    )


def starts(rounds: int) -> list[Start]:
    """Cold and warm starts of the synthetic network and of the chain."""
    found = []
    for name, states in (("synthetic network", 60), ("clonazepam to serotonin", 0)):
        cold, warm = [], []
        for _ in range(rounds):
            with tempfile.TemporaryDirectory() as cache:
                arguments = ("compile", "--states", str(states), "--cache", cache)
                cold.append(probe(*arguments))
                warm.append(probe(*arguments))
        found.append(
            Start(
                name=name,
                states=int(cold[0]["states"]),
                lower=median([one["lower"] for one in cold]),
                cold=median([one["compile"] for one in cold]),
                warm=median([one["compile"] for one in warm]),
                warm_compiles=any(one["compiled"] for one in warm),
            )
        )
    return found


def crowds(*, quick: bool) -> list[Crowd]:
    """Growing numbers of people: the chain with hourly outputs, the small model with daily ones."""
    found = []
    for workload, last in (
        ("chain", 1_000 if quick else 10_000),
        ("oral", 10_000 if quick else SIZES[-1]),
    ):
        before: Crowd | None = None
        for size in (one for one in SIZES if one <= last):
            if before is not None and _too_much(before, size / before.subjects):
                before = _projected(before, size)
            else:
                print(f"  {size} people, {workload}", file=sys.stderr, flush=True)
                before = _crowd(workload, size)
            found.append(before)
    return found


def _crowd(workload: str, size: int) -> Crowd:
    seen = probe("people", "--workload", workload, "--count", str(size), "--threads", "2")
    return Crowd(
        workload=workload,
        subjects=size,
        times=int(seen["times"]),
        threads=int(seen["threads"]),
        prepare=seen["prepare"],
        solve=seen["solve"],
        memory=seen["memory"],
        failed=int(seen["failed"]),
        projected=False,
    )


def _too_much(before: Crowd, growth: float) -> bool:
    slow = (before.prepare + before.solve) * growth > PATIENCE
    return slow or before.projected or before.memory * growth > MEMORY * free_memory()


def _projected(before: Crowd, size: int) -> Crowd:
    growth = size / before.subjects
    return Crowd(
        workload=before.workload,
        subjects=size,
        times=before.times,
        threads=before.threads,
        prepare=before.prepare * growth,
        solve=before.solve * growth,
        memory=before.memory * growth,
        failed=0,
        projected=True,
    )


def probe(*arguments: str) -> dict[str, float]:
    """Run `benchmarks.probe` in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.probe", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=HERE.parent)  # noqa: S603 our own module
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


def free_memory() -> float:
    """Bytes that are free; without a system that says so, 4 GB."""
    path = Path("/proc/meminfo")
    if not path.exists():
        return 4e9
    lines = dict(line.split(":", 1) for line in path.read_text(encoding="ascii").splitlines())
    return 1024.0 * float(lines["MemAvailable"].split()[0])
