"""What a run needs in memory and on the disk, held against what is there before it starts. Runs nothing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from raphe.core.errors import StudyError
from raphe.study.chunks import Cost, memory_at_once, words
from raphe.study.plan import Plan

_ROOT = Path("/")
_GIVEN_BACK = ("inactive_file", "active_file", "slab_reclaimable")  # when others need the room


def check_memory(plan: Plan, memory: int | None) -> None:
    """Refuse a plan that cannot be run at once.

    Parameters
    ----------
    plan
        From `make_plan`.
    memory
        Bytes that are free, from `free_memory`; None if that is not known, and nothing is refused.

    Raises
    ------
    StudyError
        If memory does not suffice; the message has both numbers.
    """
    needed = memory_at_once(plan)
    if memory is not None and needed > memory:
        message = f"the study needs about {words(needed)} of memory and {words(memory)} are free"
        advice = (
            "ask for fewer people, times or outputs, or run it with: raphe store --keep quantiles"
        )
        raise StudyError(message, advice=advice)


def check_cost(cost: Cost, folder: Path, memory: int | None, *, left: float = 1.0) -> None:
    """Refuse a run in a folder that cannot fit.

    Parameters
    ----------
    cost
        From `cost_of`.
    folder
        Where the run goes.
    memory
        Bytes that are free, from `free_memory`; None if that is not known.
    left
        Share of the chunks that are not there yet.

    Raises
    ------
    StudyError
        If disk or memory does not suffice; the message has both numbers.
    """
    existing = folder.absolute()
    while not existing.exists():
        existing = existing.parent
    free, disk = shutil.disk_usage(existing).free, round(cost.disk * left)
    advice = "keep quantiles, or fewer outputs, times or people"
    if disk > free:
        message = f"the run needs about {words(disk)} of disk and {words(free)} are free"
        raise StudyError(message, advice=advice)
    if memory is not None and cost.memory > memory:
        message = f"the run needs about {words(cost.memory)} of memory and {words(memory)} are free"
        raise StudyError(message, advice="fewer workers, smaller chunks, fewer outputs or times")


def free_memory(root: Path = _ROOT) -> int | None:
    """Memory that can still be taken, without pushing out what other programs use.

    Parameters
    ----------
    root
        Where `proc` and `sys` are.

    Returns
    -------
    int or None
        Bytes: what Linux calls available, or less where a container or a batch system allows less (control groups of
        version 2); elsewhere all the memory that the machine has, and None if it does not tell even that.
    """
    available = _available(root / "proc" / "meminfo")
    if available is None:
        return _all_memory()
    return min([available, *_allowed(root)])


def _available(file: Path) -> int | None:
    try:
        lines = file.read_text("ascii").splitlines()
    except OSError:
        return None
    told = dict(line.split(":", 1) for line in lines if ":" in line)
    return int(told["MemAvailable"].split()[0]) * 1024 if "MemAvailable" in told else None


def _all_memory() -> int | None:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows has no such call
        return None


def _allowed(root: Path) -> list[int]:
    """What each control group that this process is in leaves of its limit; files that it read count as free."""
    try:
        lines = (root / "proc" / "self" / "cgroup").read_text("utf-8").splitlines()
    except OSError:
        return []
    groups = root / "sys" / "fs" / "cgroup"
    found = []
    for line in lines:
        if line.startswith("0::"):
            own = groups / line[3:].strip("/")
            for folder in (own, *own.parents):
                if folder.is_relative_to(groups):
                    found += _left_in(folder)
    return found


def _left_in(folder: Path) -> list[int]:
    try:
        limit = (folder / "memory.max").read_text("ascii").strip()
        used = int((folder / "memory.current").read_text("ascii"))
        told = dict(
            line.split() for line in (folder / "memory.stat").read_text("ascii").splitlines()
        )
    except OSError:
        return []
    if limit == "max":
        return []
    kept = sum(int(told.get(name, "0")) for name in _GIVEN_BACK)
    return [max(0, int(limit) - used + kept)]
