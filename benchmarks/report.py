"""Everything that was measured -> RESULTS.md and results.json. Measures nothing."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.card import CardRow
from benchmarks.figures import draw
from benchmarks.flops import Speed
from benchmarks.machine import Machine
from benchmarks.peers.registry import ABSENT
from benchmarks.records import Checked, Curve
from benchmarks.scaling import Crowd, Start, Threads
from benchmarks.sensitivities import Cost
from benchmarks.targets import Target, ratio_rows
from benchmarks.workprecision import DOUBT, FLOOR, LEVELS, WRONG


@dataclass(frozen=True, slots=True, kw_only=True)
class Everything:
    """All results of one run of the benchmark."""

    date: str
    command: str
    quick: bool
    minutes: float
    load: float
    machine: Machine
    targets: Sequence[Target]
    dosed: Sequence[Checked]
    stiff: Sequence[Checked]
    threads: Threads
    crowds: Sequence[Crowd]
    starts: Sequence[Start]
    speed: Speed | str
    sensitivities: Cost
    card: CardRow | str


def write(results: Everything, folder: Path) -> None:
    """Write the report, the numbers and the figures."""
    draw(results.dosed, folder / "work_precision.svg")
    draw(results.stiff, folder / "stiff_problems.svg")
    text = "\n".join(_lines(results))
    (folder / "RESULTS.md").write_text(text + "\n", encoding="utf-8")
    numbers = json.dumps(dataclasses.asdict(results), indent=1)
    (folder / "results.json").write_text(numbers + "\n", encoding="utf-8")


def _lines(results: Everything) -> Iterable[str]:
    yield from _head(results)
    yield from ["", "## Targets", "", *_targets(results.targets)]
    yield from ["", "## Time against error", "", *_method(results)]
    yield from ["", "![Time against error](work_precision.svg)"]
    for one in results.dosed:
        yield from ["", f"### {one.title}", "", *_checked(one)]
    yield from ["", "## Published stiff problems", ""]
    yield "Parameters of subjects differ by about 5 %; 40 output times on a logarithmic scale; all states are outputs."
    yield from ["", "![Stiff problems](stiff_problems.svg)"]
    for one in results.stiff:
        yield from ["", f"### {one.title}", "", *_checked(one)]
    yield from ["", "## How each solver was set up", "", *_setups(results)]
    yield from ["", "## More threads, more people", "", *_crowds(results)]
    yield from ["", "## Compiling", "", *_starts(results.starts)]
    yield from ["", "## Operations per second", "", *_speed(results.speed)]
    yield from ["", "## GPU", "", *_card(results.card)]
    yield from ["", "## Sensitivities", ""]
    yield from _sensitivities(results.sensitivities)


def _sensitivities(cost: Cost) -> list[str]:
    return [
        f"The full chain with the derivatives of all outputs by {cost.parameters} parameters, lag and bioavailability",
        f"among them: {1e3 * cost.sensitive:.2f} ms per subject against {1e3 * cost.plain:.2f} ms without,",
        f"{cost.ratio:.1f} times the time",
        f"({cost.low:.1f} to {cost.high:.1f}; turns on one core, a relative tolerance of 1e-6).",
    ]


def _card(card: CardRow | str) -> list[str]:
    if isinstance(card, str):
        return [f"{card[0].upper()}{card[1:]}."]
    return [
        f"""\
{card.name}: the full chain for {card.people:,} people at {card.card:,.0f} people per second, copies included, against
{card.core:,.0f} on one core: {card.card / card.core:.0f} times as many. The program is on the card after
{card.ready:.1f} s. Outputs differ by {card.gap:.0e} at most. {card.kernel / 1e9:,.0f} billion operations a second are
{card.kernel / card.peak:.0%} of the {card.peak / 1e9:,.0f} billion of a loop of independent fused multiply-adds on all
of the card."""
    ]


def _head(results: Everything) -> list[str]:
    machine = results.machine
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    kind = "a short run, good for a glance only" if results.quick else "the full run"
    return [
        "# Benchmark",
        "",
        f"Written by `{results.command}` on {results.date}: {kind}, {results.minutes:.0f} minutes. Do not edit.",
        "",
        f"- Processor: {machine.cpu}, {machine.cores} cores, {machine.width} doubles in a register",
        f"- Memory: {machine.memory:.0f} GB; load before the run: {results.load:.1f} processes",
        f"- System: {machine.system}; C compiler: {machine.compiler}",
        f"- raphe from commit {machine.source}",
        f"- Versions: {versions}",
    ]


def _targets(targets: Sequence[Target]) -> list[str]:
    words = {True: "met", False: "missed", None: "no number"}
    rows = [[one.what, one.wanted, one.found, words[one.met]] for one in targets]
    note = "Peers: the full chain, their fastest variant, at equal achieved error."
    return [*table(["raphe against, or of raphe itself", "target", "measured", ""], rows), "", note]


def _method(results: Everything) -> list[str]:
    short = " This short run takes every second tolerance of the peers." if results.quick else ""
    return [
        f"""\
Each solver runs in a process of its own, all on the same core, and they take turns: every tolerance of every solver
once in each round. Times are processor time per subject, medians of the rounds, so that others on the machine count
little; compiling and loading are told apart, not counted. Absolute tolerances are the same multiple of the relative
one, state by state, for every solver.

The error of a tolerance is the largest |x - ref| / (|ref| + {FLOOR:g} of the largest |ref| of that output) over
outputs, times and the subjects that all solvers run. The reference is raphe at a relative tolerance of 1e-12; how far
another solver at its tightest is from it stands with each table, and the benchmark stops if that is more than
{DOUBT:.0e}. An answer with an error above {WRONG:g} counts as wrong and is not timed. Ratios are at equal error,
interpolated between points on logarithmic scales; a dash means that one of the two has no points around that
error.{short}"""
    ]


def _checked(one: Checked) -> list[str]:
    doses = f"{one.doses} doses, " if one.doses else ""
    lines = [
        f"""\
{one.states} states, {one.outputs} outputs at {one.times} times, {doses}{one.curves[0].subjects} subjects for raphe.
The reference and {one.reference} differ by {one.reference_gap:.0e}.

Time of each solver over that of raphe, at equal error:
"""
    ]
    heads = ["solver", *(f"{level:.0e}" for level in LEVELS)]
    rows = [
        [title, *("–" if value is None else f"{value:.3g}" for value in values)]
        for title, values in ratio_rows(one)
    ]
    lines += [*table(heads, rows), "", "<details><summary>Every point</summary>", ""]
    for curve in one.curves:
        lines += [*_points(curve), ""]
    return [*lines, "</details>"]


def _points(curve: Curve) -> list[str]:
    ready = f"ready after {curve.setup:.1f} s" if curve.points else "no points"
    note = f" Left out: {curve.note}." if curve.note else ""
    lines = [f"{curve.title}: {curve.subjects} subjects, {ready}.{note}"]
    if not curve.points:
        return lines
    rows = [
        [f"{p.relative:.0e}", f"{p.error:.1e}", ms(p.seconds), f"{ms(p.low)} to {ms(p.high)}"]
        for p in curve.points
    ]
    return [*lines, "", *table(["tolerance", "error", "ms per subject", "range"], rows)]


def _setups(results: Everything) -> list[str]:
    seen: dict[str, list[str]] = {}
    for one in [*results.dosed, *results.stiff]:
        for curve in one.curves:
            titles = seen.setdefault(curve.how, [])
            if curve.title not in titles:
                titles.append(curve.title)
    lines = [f"- **{'; '.join(titles)}**: {how}." for how, titles in seen.items()]
    lines += ["", "Not here:", ""]
    return [*lines, *(f"- **{name}**: {reason}." for name, reason in ABSENT.items())]


def _crowds(results: Everything) -> list[str]:
    threads = results.threads
    text = f"""\
The full chain, {threads.subjects:,} subjects: {threads.one:.2f} s with one thread and {threads.two:.2f} s with two,
medians on the clock, all cores free to both. The two take turns, and the ratio of neighbors in time is
{threads.gain:.2f} at the median, {threads.low:.2f} to {threads.high:.2f} in all. Ratios above 2 show how far the
machine was from quiet.

Fresh processes, two threads, relative tolerance 1e-6. The chain has hourly outputs (673); the small model has daily
ones (29), so that a million people fit into memory. Preparing is drawing people and making timelines; memory is the
most that the process ever had.
"""
    names = {"chain": "clonazepam to serotonin", "oral": "two compartments"}
    rows = [
        [
            names[crowd.workload],
            f"{crowd.subjects:,}",
            f"{crowd.prepare:.2f}",
            f"{crowd.solve:.2f}",
            f"{crowd.memory / 1e6:,.0f}",
            "projected" if crowd.projected else (f"{crowd.failed} failed" if crowd.failed else ""),
        ]
        for crowd in results.crowds
    ]
    return [text, *table(["model", "people", "prepare, s", "solve, s", "memory, MB", ""], rows)]


def _starts(starts: Sequence[Start]) -> list[str]:
    rows = [
        [
            one.name,
            str(one.states),
            f"{one.lower:.2f}",
            f"{one.cold:.2f}",
            f"{1e3 * one.warm:.0f}",
            "yes" if one.warm_compiles else "no",
        ]
        for one in starts
    ]
    heads = ["model", "states", "text to program, s", "cold, s", "warm, ms", "warm compiles"]
    text = """\
Fresh processes, with an empty cache and then with that cache; medians of processor time. Imports are not counted.
"""
    return [text, *table(heads, rows)]


def _speed(speed: Speed | str) -> list[str]:
    if isinstance(speed, str):
        return [f"{speed[0].upper()}{speed[1:]}."]
    return [
        f"""\
A step of the full chain takes {speed.step:,} operations for one subject, an output time {speed.output:,}. They are
counted in the LLVM text of the kernel before optimization: add, subtract, multiply, divide, negate and square root 1
each, a fused multiply-add 2, all else 0, functions such as exp by their instructions. With {speed.steps:,.0f} steps a
subject at a tolerance of 1e-6 the kernel does {speed.kernel / 1e9:.1f} billion operations a second on one core. A
loop of independent fused multiply-adds on full registers does at best {speed.peak / 1e9:.0f} billion: the kernel
reaches {speed.kernel / speed.peak:.0%} of it. Lanes that wait and the work of the driver count as nothing."""
    ]


def ms(seconds: float) -> str:
    """Milliseconds with three digits."""
    value = 1e3 * seconds
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A Markdown table; all columns but the first to the right."""
    align = ["---", *(["---:"] * (len(heads) - 1))]
    return [f"| {' | '.join(cells)} |" for cells in [heads, align, *rows]]
