"""Plan -> parts of a run that can be computed on their own, and what the whole will cost. Runs nothing."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from raphe.core.errors import StudyError
from raphe.population.people import Layer
from raphe.study.plan import Job, Plan

DEFAULT_CHUNK = 1024
BINS = 1024  # of a histogram, and two for what lies beyond
_STORED = (Layer.PEOPLE, Layer.TYPICAL)
_NUMBER = 8  # bytes
_COUNT = 4  # bytes


class Keep(StrEnum):
    """What a run keeps of the courses of its subjects."""

    COURSES = "courses"
    """Every course: endpoints can be worked out afterwards."""
    QUANTILES = "quantiles"
    """How many subjects lie in each of many bins, for each output and time: memory does not grow with subjects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Subjects `first` to before `last` of the job at a place of `stored_jobs`."""

    job: int
    first: int
    last: int

    @property
    def name(self) -> str:
        """Name of its file."""
        return f"{self.job:03d}-{self.first:010d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a run takes: bytes on disk and in memory are upper bounds for the arrays, not for Python itself."""

    subjects: int
    chunks: int
    outputs: int
    times: int
    disk: int
    memory: int


def stored_jobs(plan: Plan) -> tuple[Job, ...]:
    """The jobs that a run in a folder computes: people and the typical person, of the study's own model."""
    return tuple(job for job in plan.jobs if job.layer in _STORED and job.variant.key == ("", ""))


def make_chunks(plan: Plan, size: int) -> tuple[Chunk, ...]:
    """Cut the jobs of a plan into chunks of at most so many subjects."""
    return tuple(
        Chunk(job=number, first=first, last=min(first + size, job.subjects))
        for number, job in enumerate(stored_jobs(plan))
        for first in range(0, job.subjects, size)
    )


def cost_of(plan: Plan, *, outputs: int, keep: Keep, size: int, workers: int) -> Cost:
    """Work out what a run will take.

    Parameters
    ----------
    plan
        From `make_plan`.
    outputs
        How many outputs are kept.
    keep
        Courses or quantiles.
    size
        Subjects of a chunk.
    workers
        Chunks under way at the same time.

    Returns
    -------
    Cost
    """
    jobs = stored_jobs(plan)
    chunks = make_chunks(plan, size)
    times = [len(job.scenario.grid.times) for job in jobs]
    longest = max(times)
    courses = sum(job.subjects * count for job, count in zip(jobs, times, strict=True))
    one = longest * outputs * (BINS + 2) * _COUNT
    histograms = sum(times[chunk.job] * outputs * (BINS + 2) * _COUNT for chunk in chunks)
    under_way = min(size, max(job.subjects for job in jobs)) * longest * outputs * _NUMBER
    kept = keep is Keep.COURSES
    return Cost(
        subjects=sum(job.subjects for job in jobs),
        chunks=len(chunks),
        outputs=outputs,
        times=max(times),
        disk=courses * outputs * _NUMBER if kept else histograms // 4,  # counts are compressed
        memory=workers * 3 * under_way + (0 if kept else 3 * one * workers),
    )


def check_cost(cost: Cost, folder: Path, memory: int) -> None:
    """Refuse a run that cannot fit.

    Parameters
    ----------
    cost
        From `cost_of`.
    folder
        Where the run goes.
    memory
        Bytes of memory that are free.

    Raises
    ------
    StudyError
        If disk or memory does not suffice; the message has both numbers.
    """
    existing = folder
    while not existing.exists():
        existing = existing.parent
    free = shutil.disk_usage(existing).free
    advice = "keep quantiles, or fewer outputs, times or people"
    if cost.disk > free:
        message = f"the run needs about {words(cost.disk)} of disk and {words(free)} are free"
        raise StudyError(message, advice=advice)
    if cost.memory > memory:
        message = f"the run needs about {words(cost.memory)} of memory and {words(memory)} are free"
        raise StudyError(message, advice=f"{advice}, or smaller chunks")


def words(count: int) -> str:
    """Bytes in words.

    Examples
    --------
    >>> words(950), words(2_500_000), words(3_000_000_000_000)
    ('950 B', '2.5 MB', '3 TB')
    """
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000.0:
            return f"{size:.3g} {unit}"
        size /= 1000.0
    return f"{size:.3g} TB"
