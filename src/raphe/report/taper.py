"""Schedules that were tried -> one HTML page, and lines for the terminal. Tries nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata

import matplotlib as mpl
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from raphe.analysis.answer import Interval
from raphe.analysis.numerals import number, percent
from raphe.analysis.wording import DISCLAIMER
from raphe.core.sources import Source
from raphe.report.drawing import STYLE, blank_figure, finished_svg, tick_text
from raphe.report.live import UPLOT, as_data, chart_script
from raphe.report.page import template_environment
from raphe.report.svg import printable
from raphe.study.taper_comparison import Compared, TaperReport
from raphe.study.tapering import WATCHED, Habit, Schedule

PRESCRIBER = "A research model. Nobody should change a dose because of it: a prescriber decides."
_TEMPLATE = "taper.html.j2"


def title_of(habit: Habit) -> str:
    """What is stopped, in words."""
    times = {1: "once a day", 2: "twice a day"}.get(habit.times, f"{habit.times} times a day")
    return f"Stopping {habit.drug} {habit.dose:g} mg {times} after {habit.days} days"


def calendar_lines(schedule: Schedule) -> tuple[tuple[str, str, tuple[str, ...], str], ...]:
    """Days, drug, doses and daily dose of each step; then the end."""
    lines, day = [], 1
    for step in schedule.steps:
        days = f"{day} to {day + step.days - 1}"
        doses = tuple(f"{dose:g} mg" if dose else "none" for dose in step.doses)
        lines.append((days, step.drug, doses, f"{step.daily:g} mg"))
        day += step.days
    width = len(schedule.steps[0].doses) if schedule.steps else 1
    lines.append((f"from {day}", "none", ("none",) * width, "0 mg"))
    return tuple(lines)


def taper_lines(report: TaperReport) -> tuple[str, ...]:
    """The comparison, the calendar and the trade-off, for the terminal."""
    lines = [title_of(report.habit), DISCLAIMER, PRESCRIBER, ""]
    lines += [_line(one) for one in report.compared]
    lines += ["", *_sentences(report), "", f"Calendar of the schedule {report.best.name}:"]
    for days, drug, doses, daily in calendar_lines(report.best):
        told = "none" if drug == "none" else f"{drug} {' + '.join(doses)} ({daily} a day)"
        lines.append(f"  days {days}: {told}")
    lines += ["", "Length against mean peak:"]
    lines += [f"  {one.schedule.days} d: {number(float(one.peaks.mean()))}" for one in report.front]
    return tuple(lines)


def _line(one: Compared) -> str:
    schedule = one.tried.schedule
    return (
        f"{schedule.name}: {schedule.days} d, peak withdrawal score {_spread(one.tried.peak)}; "
        f"a tenth of doses missed {_spread(one.missed.peak)}; "
        f"rival adaptation {_spread(one.rival.peak)}; {_held(one)}; objective {number(one.tried.mean_objective)}"
    )


def _held(one: Compared) -> str:
    held = one.held
    if not held.share:
        return "nobody holds"
    return (
        f"{percent(held.share)} hold a step, then {_spread(held.peak)} in "
        f"{number(held.length.middle)} d ({number(held.length.low)} to {number(held.length.high)})"
    )


def _spread(peak: Interval) -> str:
    return f"{number(peak.middle)} ({number(peak.low)} to {number(peak.high)})"


def _sentences(report: TaperReport) -> tuple[str, ...]:
    best = min(report.compared, key=lambda one: one.tried.mean_objective)
    worst = max(report.compared, key=lambda one: float(one.tried.peaks.mean()))
    shape, top = best.tried.schedule, worst.tried
    found = number(float(best.tried.peaks.mean()))
    first = f"The smallest objective has: {shape.name}, {shape.days} days, mean peak {found}."
    second = f"The highest mean peak has: {top.schedule.name}, {number(float(top.peaks.mean()))}."
    third = f"The price of a week, {report.price:g}, is a choice: a higher one makes the way shorter and harder."
    return (first, second, third)


def render_taper(report: TaperReport, sources: Mapping[str, Source]) -> str:
    """One self-contained page, the same for equal reports.

    Parameters
    ----------
    report
        What was tried.
    sources
        Of the library, by key.

    Returns
    -------
    str
    """
    keys = sorted({one.rule.source for one in report.compared if one.rule is not None})
    times = report.habit.times
    points = _points(report)
    environment = template_environment(_TEMPLATE)
    text = environment.get_template(_TEMPLATE).render(
        title=title_of(report.habit),
        disclaimer=DISCLAIMER,
        prescriber=PRESCRIBER,
        people=report.people,
        price=f"{report.price:g}",
        watched=WATCHED,
        holding=report.holding,
        sentences=_sentences(report),
        rows=[_row(one) for one in report.compared],
        figure=_figure(report),
        points=points,
        numbers=_numbers(points),
        number=number,
        script=chart_script(),
        uplot=UPLOT,
        heads=[f"dose {number_ + 1}" for number_ in range(times)],
        calendar=[
            {"days": days, "drug": drug, "doses": doses, "daily": daily}
            for days, drug, doses, daily in calendar_lines(report.best)
        ],
        least=f"{report.least:g} mg of {report.habit.drug}",
        references=[f"{key}: {sources[key].reference()}" for key in keys],
        command=report.command,
        version=metadata.version("raphe"),
    )
    return printable(text)


def _row(one: Compared) -> dict[str, str | int]:
    rule = one.rule
    return {
        "name": one.tried.schedule.name,
        "days": one.tried.schedule.days,
        "steps": len(one.tried.schedule.steps),
        "peak": _spread(one.tried.peak),
        "missed": _spread(one.missed.peak),
        "rival": _spread(one.rival.peak),
        "held": _held(one),
        "objective": number(one.tried.mean_objective),
        "source": "found by search" if rule is None else f"{rule.source}, {rule.locator}",
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A length and the mean peak that it costs: a schedule of the table, or the best found for the length."""

    weeks: float
    peak: float
    name: str


def _points(report: TaperReport) -> tuple[Point, ...]:
    """Every schedule of the figure, the shortest first; one that is both named and best stands there once."""
    named = [(one.tried, one.tried.schedule.name) for one in report.compared]
    known = {tried.schedule.steps for tried, _ in named}
    rest = [(one, "") for one in report.front if one.schedule.steps not in known]
    points = [
        Point(weeks=one.schedule.days / 7.0, peak=float(one.peaks.mean()), name=name)
        for one, name in [*named, *rest]
    ]
    return tuple(sorted(points, key=lambda point: (point.weeks, point.peak)))


def _numbers(points: Sequence[Point]) -> str:
    """The numbers of the figure for the script of the page."""
    best, lowest = [], math.inf
    for point in points:
        lowest = min(lowest, point.peak)
        best.append(lowest)
    peaks = [point.peak for point in points]
    numbers = {
        "kind": "front",
        "name": "Length of a taper against the peak of withdrawal",
        "x": [float(f"{point.weeks:.5g}") for point in points],
        "best": [float(f"{peak:.4g}") for peak in best],
        "named": [float(f"{point.peak:.4g}") if point.name else None for point in points],
        "labels": [point.name for point in points],
        "y": [_round_end(min(peaks), up=False), _round_end(max(peaks), up=True)],
    }
    return as_data(numbers)


def _round_end(value: float, *, up: bool) -> float:
    """The next 1, 2 or 5 times a power of ten, below or above."""
    if value <= 0.0:
        return 1e-6
    power = 10.0 ** math.floor(math.log10(value))
    ends = [float(f"{step * power:.4g}") for step in (0.5, 1.0, 2.0, 5.0, 10.0, 20.0)]
    return (
        min(end for end in ends if end > value) if up else max(end for end in ends if end < value)
    )


def _figure(report: TaperReport) -> str:
    with mpl.rc_context(STYLE):
        figure, axes = blank_figure(6.2, 4.0)
        weeks = [one.schedule.days / 7.0 for one in report.front]
        peaks = [float(one.peaks.mean()) for one in report.front]
        axes.step(weeks, peaks, where="post", color="#0072B2", linewidth=1.8)
        for one in report.compared:
            place = one.tried.schedule.days / 7.0, float(one.tried.peaks.mean())
            found = one.rule is None
            axes.plot(
                *place, marker="*" if found else "o", color="#C14F00", markersize=10 if found else 6
            )
            axes.annotate(
                printable(one.tried.schedule.name),
                place,
                textcoords="offset points",
                xytext=(7, 5),
                fontsize=9,
            )
        axes.set_xlabel("weeks from the first reduced dose to the last dose")
        axes.set_ylabel("mean peak of the withdrawal score")
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: tick_text(value)))
        axes.yaxis.set_minor_locator(NullLocator())
        longest = max(weeks + [one.tried.schedule.days / 7.0 for one in report.compared])
        axes.set_xlim(-0.03 * max(longest, 1.0), 1.2 * max(longest, 1.0))
        axes.margins(y=0.1)
        told = [
            f"{one.tried.schedule.name} {one.tried.schedule.days} days {number(float(one.tried.peaks.mean()))}"
            for one in report.compared
        ]
        return finished_svg(
            figure,
            prefix="taper-",
            title="Length of a taper against the peak of withdrawal",
            description="; ".join(told) + ".",
        )
