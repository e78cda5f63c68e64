"""The benchmark: python -m benchmarks [--quick] [--to FOLDER]. `make bench` sets up what it needs and runs it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks import (
    card,
    flops,
    machine,
    models,
    report,
    scaling,
    sensitivities,
    targets,
    workprecision,
)
from benchmarks.clock import last_core, load, now, pin, today
from benchmarks.records import Checked

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Measure everything and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two minutes instead of fifteen")
    parser.add_argument("--to", type=Path, default=HERE, help="folder of the report")
    given = parser.parse_args()
    begin, others = now(), load()
    quick: bool = given.quick
    rounds = 2 if quick else 5
    dosed = [
        # Peers take minutes for a few people of the whole chain: fewer of them, fewer rounds.
        curves(
            models.people(models.chain(), 64 if quick else 512),
            min(rounds, 3),
            quick=quick,
            checked=2,
        ),
        curves(models.people(models.oral(), 128 if quick else 512), rounds, quick=quick),
    ]
    stiff = [
        curves(models.spread(models.stiff(name), 64), rounds, quick=quick) for name in models.STIFF
    ]
    say("operations per second")
    pin(last_core())
    speed = flops.speed(models.people(models.chain(), 64 if quick else 512), rounds)
    say("sensitivities")
    slopes = sensitivities.cost(64 if quick else 512, rounds)
    pin(None)
    say("threads")
    threads = scaling.thread_gain(3 if quick else 7, quick=quick)
    say("starts")
    starts = scaling.starts(1 if quick else 5)
    say("graphics card")
    on_card = card.measure(
        models.people(models.chain(), 1024 if quick else 32768),
        models.people(models.chain(), 64 if quick else 512),
        speed,
        rounds,
    )
    say("people")
    crowds = scaling.crowds(quick=quick)
    report.write(
        report.Everything(
            date=today(),
            command="make bench QUICK=1" if quick else "make bench",
            quick=quick,
            minutes=(now() - begin) / 60.0,
            load=others,
            machine=machine.describe(),
            targets=targets.all_targets(dosed, threads, starts, speed, slopes),
            dosed=dosed,
            stiff=stiff,
            threads=threads,
            crowds=crowds,
            starts=starts,
            speed=speed,
            sensitivities=slopes,
            card=on_card,
        ),
        given.to,
    )
    say(f"wrote {given.to.name}/RESULTS.md")


def curves(
    case: workprecision.Case, rounds: int, *, quick: bool, checked: int | None = None
) -> Checked:
    """Work-precision curves of one case; `checked` people are run by all solvers."""
    say(f"{case.workload.name}: {case.workload.title}")
    checked = checked or (4 if quick else 8)
    return workprecision.measure(case, checked=checked, rounds=rounds, quick=quick)


def say(text: str) -> None:
    """Progress for whoever waits."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
