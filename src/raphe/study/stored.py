"""A run in a folder: begun once, computed chunk by chunk by whoever has the folder, read when it is whole.

A folder holds `study.yaml`, `run.json`, `chunks/` and `log`. What a chunk holds depends on these files alone; so any
process that sees the folder may compute it, and a killed run goes on where it was. Knows nothing of executors.
"""

from __future__ import annotations

import functools
import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

import numpy as np

from raphe.core.draws import FloatArray
from raphe.core.errors import FileError, InputError, Place
from raphe.library.catalog import library_digest, load_catalog
from raphe.study import journal
from raphe.study.chunks import Chunk, Keep, cost_of, make_chunks, stored_jobs
from raphe.study.histograms import Counts, count, set_bins
from raphe.study.plan import Job, Plan, make_plan
from raphe.study.question import Study, check_study
from raphe.study.room import check_cost, free_memory
from raphe.study.run import Prepared, prepare, run_subjects
from raphe.study.schema import parse_study, study_text

PILOT = 1024  # subjects that set the bins of a job
_STUDY, _RUN = "study.yaml", "run.json"
_opening = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """A run and where it is.

    Parameters
    ----------
    folder
        Of the run.
    study
        As it was when the run was begun.
    plan, jobs
        What is computed.
    chunks
        All of them, finished or not.
    keep
        Courses or quantiles.
    """

    folder: Path
    study: Study
    plan: Plan
    jobs: tuple[Job, ...]
    chunks: tuple[Chunk, ...]
    keep: Keep
    prepared: Prepared

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names, in the order of the arrays."""
        return self.prepared.kernel.program.layout.outputs

    @property
    def units(self) -> tuple[str, ...]:
        """Of the outputs; courses and bins are in them."""
        return tuple(unit.text for unit in self.prepared.kernel.program.layout.output_units)

    @property
    def factors(self) -> FloatArray:
        """Base units in one unit of each output."""
        return np.array([one.factor for one in self.prepared.kernel.program.layout.output_units])

    @property
    def size(self) -> int:
        """Subjects of the largest chunk."""
        return max(chunk.last - chunk.first for chunk in self.chunks)

    def times(self, job: int) -> FloatArray:
        """Output times of a job (h)."""
        return np.array(self.jobs[job].scenario.grid.times)

    def missing(self) -> tuple[Chunk, ...]:
        """Chunks that are not there yet."""
        there = journal.finished(self.folder)
        return tuple(chunk for chunk in self.chunks if chunk.name not in there)


def begin_run(study: Study, folder: Path, *, keep: Keep, size: int, workers: int = 1) -> StoredRun:
    """Begin a run, or open the one that was begun with the same study.

    Parameters
    ----------
    study
        What is asked.
    folder
        New, empty, or that of a run of the same study.
    keep
        Courses or quantiles.
    size
        Subjects of a chunk; a run that is there keeps its own.
    workers
        How many chunks will be under way on this machine.

    Returns
    -------
    StoredRun

    Raises
    ------
    InputError
        If the folder holds something else, the study does not fit the library, or memory or disk do not suffice for
        what is to be done; nothing has been written then.
    """
    catalog = load_catalog()
    check_study(study, catalog)
    text = study_text(study)
    facts = {
        "raphe": metadata.version("raphe"),
        "library": library_digest(),
        "study": hashlib.sha256(text.encode()).hexdigest(),
        "keep": keep.value,
    }
    if (folder / _RUN).exists():
        there = _facts(_read(folder / _RUN, "there is no run"), folder)
        different = [name for name, value in facts.items() if there.get(name) != value]
        if different:
            message = f"the folder holds a run of another {' and '.join(different)}"
            advice = "name a new folder, or run the study that this one was begun with"
            raise InputError(message, place=Place(str(folder)), advice=advice)
        run = open_run(folder)
        missing = len(run.missing())
        if missing:
            cost = cost_of(run.plan, keep=keep, size=run.size, workers=workers)
            check_cost(cost, folder, free_memory(), left=missing / len(run.chunks))
        return run
    if folder.exists() and not _is_begun(folder):
        message = "the folder holds something that is no run"
        raise InputError(message, place=Place(str(folder)), advice="name a new folder")
    cost = cost_of(make_plan(study, catalog), keep=keep, size=size, workers=workers)
    check_cost(cost, folder, free_memory())
    journal.begin(folder)
    journal.write_whole(folder / _STUDY, text.encode())
    body = json.dumps({**facts, "chunk": size}, indent=1) + "\n"
    journal.write_whole(folder / _RUN, body.encode())
    return open_run(folder)


def _is_begun(folder: Path) -> bool:
    """Whether a folder is empty but for what `begin_run` leaves when it is killed on its way."""
    if not folder.is_dir():
        return False
    names = {file.name for file in folder.iterdir() if not file.name.endswith(".part")}
    chunks = folder / "chunks"
    return names <= {"lock", "chunks", _STUDY} and not (chunks.is_dir() and any(chunks.iterdir()))


def open_run(folder: Path) -> StoredRun:
    """Open a run; a process reads and compiles it once.

    Raises
    ------
    InputError
        If there is none, or it was begun with another version of raphe or of the library.
    """
    with _opening:
        text = _read(folder / _RUN, "there is no run")
        return _opened(folder.resolve(), text, _read(folder / _STUDY, "the run has no study"))


@functools.lru_cache(maxsize=8)
def _opened(folder: Path, described: str, text: str) -> StoredRun:
    """The run of a folder with these two texts: a folder may be taken away and made anew."""
    facts = _facts(described, folder)
    for name, here in (("raphe", metadata.version("raphe")), ("library", library_digest())):
        if facts.get(name) != here:
            message = f"the run was begun with another {name}: {facts.get(name)}, here {here}"
            raise InputError(message, place=Place(str(folder)), advice="begin a new run")
    if hashlib.sha256(text.encode()).hexdigest() != facts.get("study"):
        message = "the study of the run was changed after it was begun"
        raise InputError(message, place=Place(str(folder / _STUDY)), advice="begin a new run")
    study, catalog = parse_study(text, str(folder / _STUDY)), load_catalog()
    check_study(study, catalog)
    plan = make_plan(study, catalog)
    jobs = stored_jobs(plan)
    main = replace(plan, jobs=jobs)
    return StoredRun(
        folder=folder,
        study=study,
        plan=main,
        jobs=jobs,
        chunks=make_chunks(main, int(str(facts["chunk"]))),
        keep=Keep(str(facts["keep"])),
        prepared=prepare(main, catalog, 1)[0],
    )


def _read(file: Path, missing: str) -> str:
    try:
        return file.read_text("utf-8")
    except FileNotFoundError:
        advice = "name the folder that a run was sent to"
        raise InputError(missing, place=Place(str(file.parent)), advice=advice) from None
    except (OSError, UnicodeDecodeError) as error:
        raise FileError("the file of the run cannot be read", place=Place(str(file))) from error


def _facts(text: str, folder: Path) -> dict[str, object]:
    try:
        return dict(json.loads(text))
    except (TypeError, ValueError) as error:
        message = "the description of the run cannot be read"
        raise FileError(message, place=Place(str(folder / _RUN))) from error


def set_all_bins(run: StoredRun) -> None:
    """Compute the bins of every job that has none: the pilot is the same whoever computes it."""
    if run.keep is not Keep.QUANTILES:
        return
    there = journal.finished(run.folder)
    for number, job in enumerate(run.jobs):
        name = f"bins-{number:03d}"
        if name in there:
            try:
                journal.digest_of(run.folder, name)
                continue
            except journal.BrokenChunkError:
                journal.remove_chunk(run.folder, name)
        values, _, _ = _values(run, number, range(min(PILOT, job.subjects)))
        journal.write_chunk(run.folder, name, {"bins": set_bins(values)})


def compute(folder: str, name: str) -> str:
    """Compute one chunk of a run and put it into the folder; the unit of work of every executor.

    Parameters
    ----------
    folder, name
        Of the run and of the chunk.

    Returns
    -------
    str
        The name.
    """
    run = open_run(Path(folder))
    chunk = next(one for one in run.chunks if one.name == name)
    values, status, outside = _values(run, chunk.job, range(chunk.first, chunk.last))
    arrays: dict[str, journal.Array] = {"status": status, "outside": outside}
    if run.keep is Keep.COURSES:
        arrays["values"] = values
    else:
        arrays["counts"] = count(values, bins_of(run, chunk.job))
    journal.write_chunk(run.folder, name, arrays)
    return name


def bins_of(run: StoredRun, job: int) -> FloatArray:
    """Bins of a job; see `set_bins`."""
    return journal.read_chunk(run.folder, f"bins-{job:03d}")["bins"].astype(np.float64)


def _values(run: StoredRun, job: int, only: range) -> tuple[FloatArray, Counts, Counts]:
    """Courses in the units of the outputs, statuses, and 1 for who lies outside the support of the model."""
    ran = run_subjects(run.study, run.jobs[job], run.prepared, threads=1, only=only)
    status, outside = ran.outcome.status, ran.subjects.outside
    return ran.outcome.values / run.factors, status.astype(np.uint32), outside.astype(np.uint32)


def broken_chunks(run: StoredRun) -> dict[str, journal.BrokenChunkError]:
    """Read every finished chunk: names of those that are not sound, and why."""
    found, there = {}, journal.finished(run.folder)
    for chunk in run.chunks:
        if chunk.name in there:
            try:
                journal.digest_of(run.folder, chunk.name)
            except journal.BrokenChunkError as error:
                found[chunk.name] = error
    return found


def arrays_of(run: StoredRun, job: int) -> Iterator[tuple[Chunk, dict[str, journal.Array]]]:
    """The chunks of a job, in the order of the subjects, one in memory at a time.

    Raises
    ------
    InputError
        If a chunk is missing.
    """
    if run.missing():
        message = f"{len(run.missing())} of {len(run.chunks)} chunks are missing"
        advice = "run the study again with the same folder: it goes on where it was"
        raise InputError(message, place=Place(str(run.folder)), advice=advice)
    for chunk in run.chunks:
        if chunk.job == job:
            yield chunk, journal.read_chunk(run.folder, chunk.name)


def run_digest(run: StoredRun) -> str:
    """SHA-256 of all numbers of a run: the same whatever the chunks, the workers and the interruptions were."""
    total = hashlib.sha256()
    for job in range(len(run.jobs)):
        statuses = hashlib.sha256()
        counts: Counts | None = None
        for _, arrays in arrays_of(run, job):
            statuses.update(arrays["status"].tobytes())
            if run.keep is Keep.COURSES:
                total.update(arrays["values"].tobytes())
            else:
                part = arrays["counts"].astype(np.uint32)
                counts = part if counts is None else counts + part
        if counts is not None:
            total.update(counts.tobytes())
        total.update(statuses.digest())
    return total.hexdigest()
