"""What the numbers should be, and whether they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.flops import Speed
from benchmarks.records import Checked
from benchmarks.scaling import Start, Threads
from benchmarks.sensitivities import Cost
from benchmarks.workprecision import LEVELS, ratios

HEADLINE = (1e-5, 1e-4, 1e-6)  # the first error at which both solvers have an answer
FAMILIES = {"libRoadRunner": 25.0, "CVODE": 60.0, "diffrax": 1000.0}
THREADS, COLD, PART_OF_PEAK = 1.9, 0.5, 0.40
MOST_FOR_SLOPES = 4.0
MOST = 2.02  # two threads, and 1 % for the clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One line of the table of targets; `met` is None if there is no number."""

    what: str
    wanted: str
    found: str
    met: bool | None


def all_targets(
    checked: Sequence[Checked],
    threads: Threads,
    starts: Sequence[Start],
    speed: Speed | str,
    slopes: Cost,
) -> list[Target]:
    """The targets, in the order of the report."""
    chain = next(one for one in checked if one.name == "chain")
    found = [against(chain, family, wanted) for family, wanted in FAMILIES.items()]
    found.append(_threads(threads))
    cold = starts[0]
    found.append(
        Target(
            what=f"cold compile, {cold.states} states",
            wanted=f"at most {COLD} s",
            found=f"{cold.cold:.2f} s",
            met=cold.cold <= COLD,
        )
    )
    again = [one.name for one in starts if one.warm_compiles]
    found.append(
        Target(
            what="warm start compiles",
            wanted="nothing",
            found=", ".join(again) if again else f"nothing; {1e3 * cold.warm:.0f} ms to load",
            met=not again,
        )
    )
    if isinstance(speed, Speed):
        part = speed.kernel / speed.peak
        text, met = f"{part:.0%}", part >= PART_OF_PEAK
    else:
        text, met = speed, None
    wanted = f"at least {PART_OF_PEAK:.0%}"
    found.append(Target(what="kernel against peak of the core", wanted=wanted, found=text, met=met))
    found.append(
        Target(
            what=f"sensitivities by {slopes.parameters} parameters against none",
            wanted=f"at most {MOST_FOR_SLOPES:.0f} times the time",
            found=f"{slopes.ratio:.1f} times ({slopes.low:.1f} to {slopes.high:.1f})",
            met=slopes.ratio <= MOST_FOR_SLOPES,
        )
    )
    return found


def _threads(threads: Threads) -> Target:
    """A gain above two cannot be: it says that the machine was not quiet, and decides nothing."""
    possible = threads.gain <= MOST
    text = f"{threads.gain:.2f} times ({threads.low:.2f} to {threads.high:.2f})"
    return Target(
        what="two threads against one",
        wanted=f"at least {THREADS} times",
        found=text if possible else f"{text}: more than two threads can give, so noise",
        met=threads.gain >= THREADS if possible else None,
    )


def against(one: Checked, family: str, wanted: float) -> Target:
    """raphe against the fastest variant of a solver, at the first error of HEADLINE that both reach."""
    keys = [curve.key for curve in one.curves if curve.title.startswith(family)]
    goal = f"at least {wanted:.0f} times faster"
    for error in HEADLINE:
        ratio = ratios(one.curves, keys, error)
        if ratio is not None:
            return Target(
                what=f"{family}, error {error:.0e}",
                wanted=goal,
                found=f"{ratio:.0f} times",
                met=ratio >= wanted,
            )
    return Target(what=family, wanted=goal, found="no common error", met=None)


def ratio_rows(one: Checked) -> list[tuple[str, list[float | None]]]:
    """Time of each solver over that of raphe at each error of LEVELS."""
    return [
        (curve.title, [ratios(one.curves, [curve.key], error) for error in LEVELS])
        for curve in one.curves[1:]
    ]
