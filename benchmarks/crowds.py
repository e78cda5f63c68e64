"""Runs of many people, whole processes: python -m benchmarks.crowds [--quick] [--to FOLDER]. `make crowds` runs it.

The whole chain for 28 days, quantiles kept: time, largest memory and disk against the number of people.
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import machine
from benchmarks.clock import load, now, today

HERE = Path(__file__).resolve().parent
COUNTS, QUICK_COUNTS = (10_000, 100_000, 1_000_000), (1_000, 10_000)
CHUNK = 1024
MEMORY_RATIO, MEMORY, MINUTES, LINEAR = 1.2, 2.0e9, 5.0, 0.10
STUDY = """raphe: 1
title: Clonazepam in a crowd
model: benzodiazepines
drug: clonazepam
target: serotonin
seed: 3
people: {{count: {count}, draws: 2}}
scenarios:
  - {{name: month, regimen: 1 mg every 12 h for 28 d, times: every 6 h for 28 d}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """Medians over rounds for one number of people: s, bytes, bytes."""

    people: int
    times: tuple[float, ...]
    memory: int
    disk: int

    @property
    def time(self) -> float:
        """Median wall time (s)."""
        return statistics.median(self.times)


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a minute: 1,000 and 10,000 people")
    parser.add_argument("--to", type=Path, default=HERE, help="folder of the table")
    given = parser.parse_args()
    counts = QUICK_COUNTS if given.quick else COUNTS
    others = load()
    run(counts[0])  # compiles
    rounds = {count: max(1, min(5, 200_000 // count)) for count in counts}
    found: dict[int, list[tuple[float, int, int]]] = {count: [] for count in counts}
    for number in range(max(rounds.values())):
        for count in counts:
            if number < rounds[count]:
                found[count].append(run(count))
                print(count, found[count][-1], file=sys.stderr, flush=True)
    crowds = [
        Crowd(
            people=count,
            times=tuple(time for time, _, _ in results),
            memory=max(memory for _, memory, _ in results),
            disk=results[0][2],
        )
        for count, results in found.items()
    ]
    text = page(crowds, others, quick=given.quick)
    (given.to / "CROWDS.md").write_text(text, encoding="utf-8")


def run(count: int) -> tuple[float, int, int]:
    """One process from start to end: wall time (s), largest resident memory and disk (bytes)."""
    with tempfile.TemporaryDirectory() as folder:
        study = Path(folder) / "crowd.yaml"
        study.write_text(STUDY.format(count=count), encoding="utf-8")
        command = [sys.executable, "-m", "raphe.cli", "store", str(study), f"{folder}/run"]
        command += ["--keep", "quantiles", "--chunk", str(CHUNK)]
        begin = now()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603 our own command
        _, status, used = os.wait4(process.pid, 0)
        wall = now() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise SystemExit(f"the run of {count} people ended with {process.returncode}")
        disk = sum(file.stat().st_size for file in Path(folder, "run").rglob("*") if file.is_file())
    return wall, used.ru_maxrss * 1024, disk


def targets(crowds: Sequence[Crowd]) -> list[tuple[str, str, str, bool]]:
    """What was promised of memory and time, what was seen, and whether it is met."""
    first, last = crowds[0], crowds[-1]
    ratio = last.memory / first.memory
    rows = [
        (
            f"memory with {last.people:,} people over that with {first.people:,}",
            f"at most {MEMORY_RATIO:g} times, and {MEMORY / 1e9:g} GB",
            f"{ratio:.2f} times, {last.memory / 1e9:.2f} GB",
            ratio <= MEMORY_RATIO and last.memory <= MEMORY,
        )
    ]
    # the start of the process belongs to no person: time per person from the differences
    slopes = [(b.time - a.time) / (b.people - a.people) for a, b in itertools.pairwise(crowds)]
    if len(slopes) > 1:
        off = max(slopes) / min(slopes) - 1.0
        rows.append(
            (
                "time per further person, largest over smallest",
                f"within {LINEAR:.0%}",
                f"{off:.1%} apart: " + ", ".join(f"{1e6 * slope:.0f} us" for slope in slopes),
                off <= LINEAR,
            )
        )
    for one in crowds:
        if one.people == 100_000:
            wanted = f"at most {MINUTES:g} min"
            rows.append(("100,000 people", wanted, f"{one.time:.0f} s", one.time <= 60 * MINUTES))
    return rows


def page(crowds: Sequence[Crowd], others: float, *, quick: bool) -> str:
    """The table as Markdown."""
    here = machine.describe()
    command = "make crowds QUICK=1" if quick else "make crowds"
    lines = [
        "# Many people",
        "",
        f"Written by `{command}` on {today()}. Do not edit.",
        "",
        f"- Processor: {here.cpu}, {here.cores} cores; load before the run: {others:.1f} processes",
        f"- System: {here.system}; raphe from commit {here.source}",
        "- The whole chain, clonazepam 1 mg every 12 h for 28 days, 23 outputs every 6 h, quantiles; whole processes",
        f"  of `raphe store --keep quantiles --chunk {CHUNK}`, kernels cached, medians of the rounds, largest memory",
        "",
        "| people | wall time | rounds | largest memory | disk |",
        "| ---: | ---: | ---: | ---: | ---: |",
    ]
    for one in crowds:
        spread = f" ({min(one.times):.1f} to {max(one.times):.1f})" if len(one.times) > 1 else ""
        lines.append(
            f"| {one.people:,} | {one.time:.1f} s{spread} | {len(one.times)} | {one.memory / 1e6:.0f} MB "
            f"| {one.disk / 1e6:.0f} MB |"
        )
    lines += ["", "| target | wanted | measured | |", "| --- | ---: | ---: | ---: |"]
    for what, wanted, seen, met in targets(crowds):
        lines.append(f"| {what} | {wanted} | {seen} | {'met' if met else 'missed'} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
