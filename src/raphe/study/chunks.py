"""Plan -> parts of a run that can be computed on their own, and what the whole will cost. Runs nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from raphe.population.people import Layer
from raphe.study.plan import Job, Plan
from raphe.study.probing import PROBED
from raphe.study.run import AT_ONCE

DEFAULT_CHUNK = 1024
BINS = 1024  # of a histogram, and two for what lies beyond
_STORED = (Layer.PEOPLE, Layer.TYPICAL)
_NUMBER = 8  # bytes
_COUNT = 4  # bytes
_COMPRESSED = 12  # times smaller counts become; 15 were measured
_DRAWING = 4  # copies of the numbers of people while they are drawn: 3.4 were measured
_RUNNING = 3  # and while they are run, with occasions
_DOSE = 160  # bytes for each person and dose while edges are put in order: 115 were measured, 150 with occasions


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


def cost_of(plan: Plan, *, keep: Keep, size: int, workers: int) -> Cost:
    """Work out what a run will take.

    Parameters
    ----------
    plan
        From `make_plan`.
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
    longest, outputs = max(times), len(jobs[0].variant.outputs)
    courses = sum(job.subjects * count for job, count in zip(jobs, times, strict=True))
    one = longest * outputs * (BINS + 2) * _COUNT
    histograms = sum(times[chunk.job] * outputs * (BINS + 2) * _COUNT for chunk in chunks)
    at_work = max(_at_work(plan, job, min(size, job.subjects), copies=3) for job in jobs)
    kept = keep is Keep.COURSES
    return Cost(
        subjects=sum(job.subjects for job in jobs),
        chunks=len(chunks),
        disk=courses * outputs * _NUMBER if kept else histograms // _COMPRESSED,
        memory=workers * (at_work + (0 if kept else 3 * one)),
    )


def memory_at_once(plan: Plan) -> int:
    """Bytes of memory that a plan takes if all courses of all its jobs are held, as `run_plan` does.

    An upper bound for the arrays, not for Python itself.
    """
    held = sum(_courses(job, job.subjects) for job in plan.jobs)
    working = sorted(_at_work(plan, job, job.subjects, copies=1) for job in plan.jobs)
    # split and ranking run at the same time, each a rival or the model alone at many places
    alone = [job for job in plan.jobs if job.layer is Layer.BEST]
    probes = max((_at_work(plan, job, PROBED, copies=1) for job in alone), default=0)
    return held + max(sum(working[-AT_ONCE:]), 2 * probes)


def _courses(job: Job, subjects: int) -> int:
    """Bytes of all courses of so many subjects of a job."""
    return subjects * len(job.scenario.grid.times) * len(job.variant.outputs) * _NUMBER


def _at_work(plan: Plan, job: Job, subjects: int, *, copies: int) -> int:
    """Bytes while subjects of a job are drawn, or while they are run and copies of their courses are made."""
    people = subjects * plan.parameters * _NUMBER
    doses = subjects * len(job.scenario.regimen.expanded().doses) * _DOSE
    return max(_DRAWING * people, _RUNNING * people + doses + copies * _courses(job, subjects))


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
