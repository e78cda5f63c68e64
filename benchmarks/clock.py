"""The one place of the benchmark that reads the clock, and pins a process to a core."""

from __future__ import annotations

import datetime as dt
import os
import statistics
import time  # noqa: TID251 a benchmark is about time
from collections.abc import Callable, Sequence


def now() -> float:
    """Seconds on a clock that never goes back."""
    return time.perf_counter()


def busy() -> float:
    """Processor seconds of this process, all its threads together; others on the same machine do not count."""
    return time.process_time()


def load() -> float:
    """How many processes wanted a core in the last minute, this one included."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")


def today() -> str:
    """The date here."""
    return dt.datetime.now(tz=dt.UTC).date().isoformat()  # noqa: TID251 a report has a date


def interleaved(
    actions: Sequence[Callable[[], object]], rounds: int, clock: Callable[[], float]
) -> list[list[float]]:
    """Times of each action, all of them once in every round, so that a slow moment of the machine hits all alike."""
    found: list[list[float]] = [[] for _ in actions]
    for _ in range(rounds):
        for times, action in zip(found, actions, strict=True):
            begin = clock()
            action()
            times.append(clock() - begin)
    return found


def median(times: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(times)


def pin(core: int | None) -> None:
    """Keep this process on one core, or let it have all; where the system cannot, nothing happens."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, range(os.cpu_count() or 1) if core is None else {core})


def last_core() -> int:
    """The core that timed parts run on."""
    return (os.cpu_count() or 1) - 1
