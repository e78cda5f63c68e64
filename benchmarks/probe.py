"""One measurement in a fresh process: python -m benchmarks.probe compile|people ..., a line of JSON as the answer."""

from __future__ import annotations

import argparse
import json
import resource
from pathlib import Path

import numpy as np
from benchmarks.clock import busy, last_core, now, pin
from benchmarks.models import chain, oral, people, synthetic

from raphe.engine.compile import compile_program
from raphe.engine.solve import Options, solve

TROUGHS = np.arange(0.0, 673.0, 24.0)


def compile_once(states: int, cache: Path) -> dict[str, float | bool]:
    """Processor seconds to lower and to compile, or load, a program; states 0 is the full chain."""
    begin = busy()
    program = synthetic(states) if states else chain().program
    lowered = busy()
    kernel = compile_program(program, cache=cache)
    return {
        "states": len(program.layout.states),
        "lower": lowered - begin,
        "compile": busy() - lowered,
        "compiled": kernel.compiled,
    }


def run_people(name: str, count: int, threads: int) -> dict[str, float]:
    """Seconds to draw people, to make their timelines and to solve; peak memory of the process."""
    times = TROUGHS if name == "oral" else None
    build = {"chain": chain, "oral": oral}[name]
    workload = build() if times is None else build(times)
    compile_program(workload.program)
    begin = now()
    case = people(workload, count)
    drawn = now()
    options = Options(threads=threads)
    outcome = solve(
        compile_program(workload.program),
        case.parameters,
        case.timeline,
        workload.times,
        options=options,
    )
    return {
        "subjects": count,
        "threads": threads,
        "times": len(workload.times),
        "prepare": drawn - begin,
        "solve": now() - drawn,
        "failed": int((outcome.status != 0).sum()),
        "memory": peak_memory(),
        "arrays": float(outcome.values.nbytes + case.parameters.nbytes),
    }


def peak_memory() -> float:
    """Most memory that this process ever had, in bytes; `getrusage` would count what the parent had before it."""
    path = Path("/proc/self/status")
    if not path.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0
    lines = dict(line.split(":", 1) for line in path.read_text(encoding="utf-8").splitlines())
    return 1024.0 * float(lines["VmHWM"].split()[0])


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    one = kinds.add_parser("compile")
    one.add_argument("--states", type=int, required=True)
    one.add_argument("--cache", type=Path, required=True)
    one = kinds.add_parser("people")
    one.add_argument("--workload", required=True)
    one.add_argument("--count", type=int, required=True)
    one.add_argument("--threads", type=int, required=True)
    given = parser.parse_args()
    if given.kind == "compile":
        pin(last_core())
        print(json.dumps(compile_once(given.states, given.cache)))
    else:
        print(json.dumps(run_people(given.workload, given.count, given.threads)))


if __name__ == "__main__":
    main()
