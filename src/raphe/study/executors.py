"""The chunks of a run, on any `concurrent.futures.Executor`: threads, processes, Dask, MPI, or what a user brings.

A worker that dies costs its chunk: the executor is made anew and the chunk is computed again. Knows nothing of what a
chunk holds.
"""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from contextlib import contextmanager
from pathlib import Path

import filelock

from raphe.core.errors import InputError, Place, RapheError, UnknownNameError, nearest
from raphe.study import journal
from raphe.study.extras import extra_package
from raphe.study.stored import StoredRun, broken_chunks, compute, open_run, set_all_bins

Maker = Callable[[], Executor]
Progress = Callable[[int, int], None]
_ATTEMPTS = 3
_AHEAD = 2  # chunks handed out for each worker


class RunStoppedError(RapheError):
    """A run was asked to stop; what was finished is kept."""


class WorkerLostError(RapheError):
    """Workers died again and again at the same work."""


def make_executor(name: str, workers: int) -> Maker:
    """What makes an executor of a kind.

    Parameters
    ----------
    name
        `threads`, `processes`, `dask`, `dask=ADDRESS` or `mpi`.
    workers
        How many at a time; Dask with an address and MPI bring their own.

    Returns
    -------
    callable
        Makes a new executor each time; raises InputError if its package is not installed.

    Raises
    ------
    UnknownNameError
        If there is no such kind.
    """
    kind, _, address = name.partition("=")
    kinds: dict[str, Maker] = {
        "threads": lambda: ThreadPoolExecutor(workers),
        "processes": lambda: ProcessPoolExecutor(
            workers, mp_context=multiprocessing.get_context("spawn")
        ),
        "dask": lambda: _dask(address, workers),
        "mpi": lambda: _mpi(workers),
    }
    if kind not in kinds:
        raise UnknownNameError(f'no executor is called "{kind}"', advice=nearest(kind, kinds))
    return kinds[kind]


def _dask(address: str, workers: int) -> Executor:
    distributed = extra_package("distributed", "dask")
    client = distributed.Client(address) if address else distributed.Client(n_workers=workers)
    executor: Executor = client.get_executor(pure=False, retries=_ATTEMPTS)
    shutdown = executor.shutdown

    def close(*arguments: object, **named: object) -> None:
        shutdown(*arguments, **named)  # type: ignore[arg-type]
        client.close()

    executor.shutdown = close  # type: ignore[method-assign]
    return executor


def _mpi(workers: int) -> Executor:
    futures = extra_package("mpi4py.futures", "mpi")
    executor: Executor = futures.MPIPoolExecutor(max_workers=workers)
    return executor


@contextmanager
def owned(run: StoredRun) -> Iterator[None]:
    """Hold a run: nobody else may drive it meanwhile.

    Raises
    ------
    InputError
        If another process holds it.
    FileError
        If the folder may not be written.
    """
    lock = filelock.FileLock(run.folder / "lock", timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout:
        message = "another process is computing this run"
        advice = "wait for it, or name another folder"
        raise InputError(message, place=Place(str(run.folder)), advice=advice) from None
    except OSError as error:
        raise journal.failed(error, run.folder / "lock", "cannot be written") from error
    try:
        yield
    finally:
        lock.release()


def drive(
    run: StoredRun,
    make: Maker,
    *,
    workers: int,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> tuple[journal.BrokenChunkError, ...]:
    """Compute what is missing of a run.

    Parameters
    ----------
    run
        From `begin_run` or `open_run`.
    make
        Makes an executor; called again when one is broken.
    workers
        How many chunks are under way; twice as many are handed out.
    progress
        Called with chunks done and chunks in all.
    stop
        When it is set no chunk is begun, and the run ends when those under way are done.

    Returns
    -------
    tuple of BrokenChunkError
        Chunks that were there but not sound; they have been computed anew.

    Raises
    ------
    InputError
        If another process drives the run.
    RunStoppedError
        If it was stopped before its end.
    WorkerLostError
        If workers died at the same chunk again and again.
    """
    stop = threading.Event() if stop is None else stop
    with owned(run):
        journal.clean(run.folder)
        broken = broken_chunks(run)
        for name in broken:
            journal.remove_chunk(run.folder, name)
        set_all_bins(run)
        waiting = [chunk.name for chunk in run.missing()]
        attempts = dict.fromkeys(waiting, 0)
        total = len(run.chunks)
        while waiting and not stop.is_set():
            with make() as executor:
                waiting = _drain(
                    executor,
                    str(run.folder),
                    waiting,
                    attempts,
                    ahead=_AHEAD * workers,
                    told=lambda left: progress and progress(total - left, total),
                    stop=stop,
                )
        if waiting:
            message = f"stopped with {len(waiting)} of {total} chunks left; what is done is kept"
            raise RunStoppedError(message)
    return tuple(broken.values())


def _drain(
    executor: Executor,
    folder: str,
    names: list[str],
    attempts: dict[str, int],
    *,
    ahead: int,
    told: Callable[[int], object],
    stop: threading.Event,
) -> list[str]:
    """Hand out chunks until none is left, the executor breaks or a stop is asked for; what is left comes back."""
    waiting, flying = list(names), dict[Future[str], str]()
    try:
        while (waiting and not stop.is_set()) or flying:
            while waiting and len(flying) < ahead and not stop.is_set():
                name = waiting.pop(0)
                attempts[name] += 1
                if attempts[name] > _ATTEMPTS:
                    message = f"the worker of chunk {name} died {_ATTEMPTS} times"
                    raise WorkerLostError(message)
                flying[executor.submit(compute, folder, name)] = name
            if stop.is_set():
                taken_back = [future for future in flying if future.cancel()]
                waiting += [flying.pop(future) for future in taken_back]
            done, _ = wait(flying, timeout=0.2, return_when=FIRST_COMPLETED)
            for future in done:
                name = flying[future]
                future.result()
                del flying[future]
                told(len(waiting) + len(flying))
                attempts[name] = 0
    except BrokenExecutor:
        pass  # a worker died, perhaps while a chunk was handed out: what is on disk tells what is left
    there = journal.finished(Path(folder))
    return [name for name in names if name not in there]


def work(folder: Path, *, part: int, of: int, stop: threading.Event | None = None) -> int:
    """Compute a share of the chunks of a run beside other processes that see only the same files.

    A chunk is claimed by a lock on a file of its own, so that a process that dies gives its claim back. When its own
    share is done, a process helps with what others have not begun.

    Parameters
    ----------
    folder
        Of a run that was begun; the bins must be there (`raphe run --only-begin`).
    part, of
        Which share, counted from 0, of how many.
    stop
        When it is set no further chunk is begun.

    Returns
    -------
    int
        Chunks that this process computed.

    Raises
    ------
    FileError
        If the folder may not be written.
    """
    run = open_run(folder)
    claims = run.folder / "claims"
    try:
        claims.mkdir(exist_ok=True)
    except OSError as error:
        raise journal.failed(error, claims, "cannot be written") from error
    count = 0
    mine = [chunk for number, chunk in enumerate(run.chunks) if number % of == part]
    others = [chunk for number, chunk in enumerate(run.chunks) if number % of != part]
    for chunk in [*mine, *others]:
        if stop is not None and stop.is_set():
            break
        if chunk.name in journal.finished(run.folder):
            continue
        lock = filelock.FileLock(claims / chunk.name, timeout=0)
        try:
            with lock:
                if chunk.name not in journal.finished(run.folder):
                    compute(str(run.folder), chunk.name)
                    count += 1
        except filelock.Timeout:
            continue
    return count
