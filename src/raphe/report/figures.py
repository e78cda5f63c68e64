"""Answer -> figures as SVG text, ready to stand inline in a page. Knows nothing of pages or files.

Each panel is an SVG of its own, so that a page can set panels side by side or one below the other. Equal answers give
equal bytes: no date, a fixed salt for identifiers, and a prefix that keeps them apart in one page.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator
from numpy.typing import NDArray

from raphe.analysis.answer import Answer, Comparison, Course, Effect, Interval
from raphe.analysis.numerals import amount, change, is_plain, number, span
from raphe.analysis.wording import verdict
from raphe.core.draws import FloatArray
from raphe.report.courses import (
    axis_label,
    course_words,
    is_ratio,
    limits,
    scale_of,
    taken,
    thinned,
)
from raphe.report.drawing import (
    DOSING,
    INK,
    MISS,
    MUTED,
    PEOPLE,
    STYLE,
    UNCERTAIN,
    blank_figure,
    finished_svg,
    tick_text,
)
from raphe.report.live import course_numbers
from raphe.report.svg import printable

_STEPS = [1, 2, 2.5, 5, 10]  # between ticks


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One output in one scenario, drawn."""

    scenario: str
    svg: str
    live: str  # its numbers as JSON, for the script of the page; empty if there are none
    course: Course


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFigure:
    """One output in every scenario that has doses; in all scenarios if none has."""

    output: str
    title: str
    unit: str
    ratio: bool  # to baseline, which is then 1
    panels: tuple[Panel, ...]


def draw_outputs(answer: Answer) -> tuple[OutputFigure, ...]:
    """Draw every output over time, in the order of the answer.

    Parameters
    ----------
    answer
        What was found.

    Returns
    -------
    tuple of OutputFigure
    """
    outputs = dict.fromkeys(course.output for course in answer.courses)
    dosed = {effect.scenario for effect in answer.effects if effect.acts}
    figures = []
    for place, output in enumerate(outputs, start=1):
        courses = [course for course in answer.courses if course.output == output]
        shown = [course for course in courses if course.scenario in dosed] or courses
        still = next((course for course in courses if course.scenario not in dosed), None)
        around = limits(shown)
        panels = tuple(
            _panel(answer, course, still=still, around=around, prefix=f"fig{place}-{k}-")
            for k, course in enumerate(shown, start=1)
        )
        first = shown[0]
        figures.append(
            OutputFigure(
                output=output,
                title=first.title,
                unit="" if is_plain(first.unit) else first.unit,
                ratio=is_ratio(first),
                panels=panels,
            )
        )
    return tuple(figures)


def _panel(
    answer: Answer,
    course: Course,
    *,
    still: Course | None,
    around: tuple[float, float],
    prefix: str,
) -> Panel:
    effect = next((one for one in answer.effects if one.scenario == course.scenario), None)
    return Panel(
        scenario=course.scenario,
        svg=_draw_course(course, effect=effect, still=still, around=around, prefix=prefix),
        live=course_numbers(course, effect=effect, still=still, around=around),
        course=course,
    )


def _draw_course(
    course: Course,
    *,
    effect: Effect | None,
    still: Course | None,
    around: tuple[float, float],
    prefix: str,
) -> str:
    with mpl.rc_context(STYLE):
        figure, axes = _course_figure(around)
        longest = float(course.hours[-1]) if len(course.hours) else 1.0
        scale = scale_of(course)
        if effect is not None and effect.doses:
            _dosing(axes, effect, scale)
        if is_ratio(course):
            axes.axhline(1.0, color="#AAAAAA", linewidth=0.9, zorder=1)
        if still is not None:
            _still_line(axes, still, longest, scale)
        kept = thinned(course)
        hours = course.hours[kept] / scale
        _bands(axes, hours, course, kept)
        axes.set_xlim(0.0, max(longest / scale, 1e-9))
        axes.set_ylim(*around)
        axes.set_xlabel(
            "days after the first dose" if scale > 1.0 else "hours after the first dose"
        )
        axes.set_ylabel(_short(axis_label(course), 40))
        axes.xaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 7, 10]))
        axes.grid(axis="y", color="#E6E6E6", linewidth=0.6)
        if not np.isfinite(course.people.middle).any():
            axes.text(0.5, 0.5, "no finished run", transform=axes.transAxes, ha="center")
        return finished_svg(
            figure,
            prefix=prefix,
            title=f"{course.title}: {course.scenario}",
            description=course_words(course),
        )


def _dosing(axes: Axes, effect: Effect, scale: float) -> None:
    """Shade from the first dose to the last, and mark the first."""
    if effect.last_dose > 0.0:
        axes.axvspan(0.0, effect.last_dose / scale, color=DOSING, linewidth=0.0, zorder=0)
    axes.plot(
        [0.0],
        [0.0],
        marker="^",
        markersize=6.0,
        color=INK,
        transform=axes.get_xaxis_transform(),
        clip_on=False,
        zorder=6,
    )


def _still_line(axes: Axes, still: Course, longest: float, scale: float) -> None:
    """The median without a dose; a level of zero throughout is not worth a line."""
    kept = thinned(still)
    kept = kept[still.hours[kept] <= longest]
    middle = still.people.middle[kept]
    if np.isfinite(middle).any() and np.nanmax(np.abs(middle)) > 0.0:
        axes.plot(
            still.hours[kept] / scale, middle, color=MUTED, linewidth=1.5, linestyle=(0, (1, 2))
        )


def _bands(axes: Axes, hours: FloatArray, course: Course, kept: NDArray[np.intp]) -> None:
    people, unknown = taken(course.people, kept), taken(course.uncertainty, kept)
    axes.fill_between(
        hours,
        unknown.low,
        unknown.high,
        facecolor="none",
        edgecolor=UNCERTAIN,
        hatch="////",
        linewidth=0.0,
        alpha=0.45,
        zorder=2,
    )
    axes.fill_between(
        hours, people.low, people.high, color=PEOPLE, alpha=0.28, linewidth=0.0, zorder=3
    )
    for edge in (unknown.low, unknown.high):
        axes.plot(hours, edge, color=UNCERTAIN, linewidth=1.0, linestyle=(0, (4, 2)), zorder=4)
    axes.plot(hours, people.middle, color=PEOPLE, linewidth=1.9, zorder=5)


def draw_effects(answer: Answer) -> str:
    """Draw the largest change of the target in every scenario in which something is done; empty if there is none.

    Parameters
    ----------
    answer
        What was found.

    Returns
    -------
    str
        SVG, or nothing.
    """
    effects = [effect for effect in answer.effects if effect.acts]
    if not effects:
        return ""
    with mpl.rc_context(STYLE):
        figure, axes = blank_figure(5.0, 0.75 + 0.72 * len(effects))
        axes.axvline(0.0, color="#777777", linewidth=1.0, zorder=1)
        for row, effect in enumerate(effects):
            label = _short(effect.scenario, 48)
            place = axes.get_yaxis_transform()
            axes.text(0.0, row - 0.3, label, transform=place, fontsize=9.5, zorder=6)
            scale = 100.0 if effect.relative else 1.0
            _interval_line(axes, effect.largest_change.people, scale, row, PEOPLE, "o")
            _interval_line(
                axes, effect.largest_change.uncertainty, scale, row + 0.28, UNCERTAIN, "s"
            )
        axes.set_ylim(len(effects) - 0.4, -0.65)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.margins(x=0.06)
        axes.xaxis.set_major_locator(MaxNLocator(7, steps=_STEPS))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: tick_text(value)))
        axes.grid(axis="x", color="#E6E6E6", linewidth=0.6)
        percent = ", %" if all(effect.relative for effect in effects) else ""
        axes.set_xlabel(f"largest change from baseline{percent}")
        told = [
            f"{e.scenario}: {change(e.largest_change.people.middle, relative=e.relative)}"
            for e in effects
        ]
        return finished_svg(
            figure,
            prefix="effects-",
            title="Largest change of the target in each scenario",
            description="Median person: " + "; ".join(told) + ".",
        )


def _interval_line(
    axes: Axes, interval: Interval, scale: float, row: float, color: str, marker: str
) -> None:
    ends = np.asarray([interval.low, interval.middle, interval.high]) * scale
    if not np.isfinite(ends).all():
        return
    people = color == PEOPLE
    style = "solid" if people else (0, (3, 1.4))
    axes.plot(
        ends[[0, 2]], [row, row], color=color, linewidth=4.0 if people else 2.0, linestyle=style
    )
    if not people:
        axes.plot(ends[[0, 2]], [row, row], color=color, linestyle="none", marker="|", markersize=8)
    axes.plot(
        ends[1],
        row,
        color="white",
        marker=marker,
        markersize=7.0,
        markeredgecolor=color,
        markeredgewidth=1.8,
        zorder=5,
    )


def draw_comparisons(answer: Answer) -> str:
    """Draw predicted over observed for every published observation; empty if there is none.

    Parameters
    ----------
    answer
        What was found.

    Returns
    -------
    str
        SVG, or nothing.
    """
    shown = [one for one in answer.comparisons if _is_drawable(one)]
    if not shown:
        return ""
    shown.sort(key=lambda one: one.role == "calibration")
    with mpl.rc_context(STYLE):
        figure, axes = blank_figure(7.0, 1.25 + 0.3 * len(shown))
        ends = [end for one in shown for end in _ratios(one.predicted, one.observed)]
        ends += [value for one in shown for value in _rival_ratios(one)]
        wide = max(2.2, *(max(end, 1.0 / end) for end in ends)) * 1.12
        axes.set_xscale("log")
        axes.set_xlim(1.0 / wide, wide)
        _guides(axes)
        for row, one in enumerate(shown):
            _comparison_row(axes, one, row)
        axes.set_ylim(len(shown) - 0.4, -0.6)
        names = [_short(one.observation.replace("_", " "), 34) for one in shown]
        axes.set_yticks(range(len(shown)), names)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("predicted / observed (log scale)")
        _fold_axis(axes, wide)
        key = _comparison_key(shown)
        figure.legend(
            handles=key,
            loc="outside lower center",
            ncols=len(key) if len(key) < 5 else 3,
            frameon=False,
            fontsize=9.0,
            handletextpad=0.4,
            columnspacing=1.4,
        )
        return finished_svg(
            figure,
            prefix="comparisons-",
            title="Predicted over observed for every published observation",
            description="; ".join(f"{one.observation}: {_fold_words(one)}" for one in shown) + ".",
        )


def _is_drawable(one: Comparison) -> bool:
    ends = (one.predicted.low, one.predicted.middle, one.predicted.high, one.observed)
    return all(math.isfinite(end) and end > 0.0 for end in ends)


def _ratios(predicted: Interval, observed: float) -> tuple[float, float, float]:
    return predicted.low / observed, predicted.middle / observed, predicted.high / observed


def _rival_ratios(one: Comparison) -> list[float]:
    ratios = [rival.predicted.middle / one.observed for rival in one.rivals]
    return [ratio for ratio in ratios if math.isfinite(ratio) and ratio > 0.0]


def _fold_words(one: Comparison) -> str:
    return (
        f"predicted {number(one.predicted.middle)} ({span(one.predicted, one.unit)}), "
        f"observed {amount(one.observed, one.unit)}, {verdict(one)}, {one.role}"
    )


def _guides(axes: Axes) -> None:
    axes.axvspan(1.0 / 1.5, 1.5, color="#F0F0F0", linewidth=0.0, zorder=0)
    for fold, style in ((1.0, "solid"), (1.5, (0, (4, 2))), (2.0, (0, (1, 2)))):
        for place in {fold, 1.0 / fold}:
            axes.axvline(place, color="#888888", linewidth=0.9, linestyle=style, zorder=1)


def _fold_axis(axes: Axes, wide: float) -> None:
    """Ticks at round folds, as many as the axis holds."""
    folds = (1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 100.0, 1000.0)
    inside = [fold for fold in folds if fold <= wide]
    places = sorted({place for fold in inside for place in (fold, 1.0 / fold)})
    axes.xaxis.set_major_locator(FixedLocator(places))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value, 2)))


def _comparison_row(axes: Axes, one: Comparison, row: int) -> None:
    low, middle, high = _ratios(one.predicted, one.observed)
    calibration = one.role == "calibration"
    color = PEOPLE if one.inside else MISS
    axes.plot(
        [low, high], [row, row], color=color, linewidth=1.6, alpha=0.55 if calibration else 1.0
    )
    for rival in _rival_ratios(one):
        axes.plot(rival, row, color=MUTED, marker="x", markersize=5.0, markeredgewidth=1.1)
    axes.plot(
        middle,
        row,
        color="white" if calibration else color,
        marker="o" if one.inside else "D",
        markersize=7.0,
        markeredgecolor=color,
        markeredgewidth=1.5,
        zorder=5,
    )


def _comparison_key(shown: Sequence[Comparison]) -> list[Line2D]:
    def handle(marker: str, face: str, edge: str, label: str) -> Line2D:
        return Line2D(
            [],
            [],
            linestyle="none",
            marker=marker,
            markersize=7.0,
            markerfacecolor=face,
            markeredgecolor=edge,
            markeredgewidth=1.5,
            label=label,
        )

    key = []
    for calibration, word in ((False, "held out"), (True, "calibration")):
        for inside, end in ((True, "inside"), (False, "MISS")):
            if any((c.role == "calibration") == calibration and c.inside == inside for c in shown):
                color = PEOPLE if inside else MISS
                face = "white" if calibration else color
                key.append(handle("o" if inside else "D", face, color, f"{word}, {end}"))
    if any(_rival_ratios(one) for one in shown):
        key.append(handle("x", MUTED, MUTED, "rival module"))
    return key


def _course_figure(around: tuple[float, float]) -> tuple[Figure, Axes]:
    """A frame that is the same for all courses, so that they line up on a page; wider at the left for long numbers."""
    locator = MaxNLocator(6, steps=_STEPS)
    longest = max(len(tick_text(value)) for value in locator.tick_values(*around))
    left = 0.145 + 0.018 * max(longest - 4, 0)
    figure = Figure(figsize=(4.7, 2.9))
    axes = figure.add_axes((left, 0.165, 0.98 - left, 0.805))
    axes.yaxis.set_major_locator(locator)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: tick_text(value)))
    return figure, axes


def _short(text: str, most: int) -> str:
    text = printable(text)
    return text if len(text) <= most else text[: most - 1].rstrip() + "\u2026"
