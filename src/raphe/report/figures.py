"""Answer -> figures as SVG text, ready to stand inline in a page. Knows nothing of pages or files.

Each panel is an SVG of its own, so that a page can set panels side by side or one below the other. Equal answers give
equal bytes: no date, a fixed salt for identifiers, and a prefix that keeps them apart in one page.
"""

from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator
from numpy.typing import NDArray

from raphe.analysis.answer import Answer, Band, Comparison, Course, Effect, Interval
from raphe.analysis.wording import (
    amount,
    change,
    duration,
    is_plain,
    number,
    span,
    verdict,
)
from raphe.core.draws import FloatArray

MAX_POINTS = 400  # drawn of one line
_DAYS_FROM = 72.0  # h; longer runs are drawn in days

# Okabe and Ito, "Color universal design" (2008): told apart by color-blind readers.
PEOPLE = "#0072B2"
UNCERTAIN = "#C14F00"  # their vermillion, darker: 4.5 to 1 on white
MISS = "#C14F00"
INK = "#222222"
MUTED = "#767676"
DOSING = "#EDEDED"

_FONT = "Helvetica, Arial, 'DejaVu Sans', sans-serif"
_STYLE: dict[str, object] = {
    "axes.axisbelow": True,
    "axes.edgecolor": "#555555",
    "axes.formatter.use_mathtext": False,
    "axes.labelcolor": INK,
    "axes.labelsize": 10.0,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.unicode_minus": True,
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10.0,
    "hatch.linewidth": 0.6,
    "path.simplify": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "raphe",
    "text.color": INK,
    "text.parse_math": False,
    "text.usetex": False,
    "xtick.color": "#444444",
    "xtick.labelsize": 9.0,
    "ytick.color": "#444444",
    "ytick.labelsize": 9.0,
}
_TAG = re.compile(r"<[^<>]*>")
_OWN_ID = re.compile(r'(\bid=")([^"]*)(")')
_ID_USE = re.compile(r'(url\(#|\bhref="#)([^")]*)')
_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One output in one scenario, drawn."""

    scenario: str
    svg: str
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
    dosed = {effect.scenario for effect in answer.effects if effect.doses}
    figures = []
    for place, output in enumerate(outputs, start=1):
        courses = [course for course in answer.courses if course.output == output]
        shown = [course for course in courses if course.scenario in dosed] or courses
        still = next((course for course in courses if course not in shown), None)
        limits = _limits(shown)
        panels = tuple(
            Panel(
                scenario=course.scenario,
                svg=_draw_course(
                    course,
                    effect=_effect_of(answer, course.scenario),
                    still=still,
                    limits=limits,
                    prefix=f"fig{place}-{k}-",
                ),
                course=course,
            )
            for k, course in enumerate(shown, start=1)
        )
        first = shown[0]
        figures.append(
            OutputFigure(
                output=output,
                title=first.title,
                unit="" if is_plain(first.unit) else first.unit,
                ratio=_is_ratio(first),
                panels=panels,
            )
        )
    return tuple(figures)


def _effect_of(answer: Answer, scenario: str) -> Effect | None:
    return next((effect for effect in answer.effects if effect.scenario == scenario), None)


def _is_ratio(course: Course) -> bool:
    middle = course.people.middle
    return is_plain(course.unit) and len(middle) > 0 and abs(float(middle[0]) - 1.0) < 1e-3


def _limits(courses: Sequence[Course]) -> tuple[float, float]:
    """Limits of the value axis that hold every band of every panel."""
    bands = [band for course in courses for band in (course.people, course.uncertainty)]
    lines = [line for band in bands for line in (band.low, band.middle, band.high)]
    values = np.concatenate([np.asarray(line, dtype=np.float64) for line in lines])
    values = values[np.isfinite(values)]
    if len(values) == 0:
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    if _is_ratio(courses[0]):
        low, high = min(low, 0.98), max(high, 1.02)
    elif low >= 0.0:
        low = 0.0
    room = 0.05 * (high - low) or 0.5
    return (low if low == 0.0 else low - room), high + room


def thinned(course: Course) -> NDArray[np.intp]:
    """Places of at most `MAX_POINTS` times that keep the peaks and troughs of the median.

    Parameters
    ----------
    course
        Of any length.

    Returns
    -------
    array of shape (kept times,)
    """
    count = len(course.hours)
    if count <= MAX_POINTS:
        return np.arange(count, dtype=np.intp)
    middle = np.nan_to_num(course.people.middle)
    buckets = np.array_split(np.arange(count), (MAX_POINTS - 2) // 2)
    places = [0, count - 1]
    for bucket in buckets:
        places += [bucket[np.argmin(middle[bucket])], bucket[np.argmax(middle[bucket])]]
    return np.unique(np.asarray(places, dtype=np.intp))


def _draw_course(
    course: Course,
    *,
    effect: Effect | None,
    still: Course | None,
    limits: tuple[float, float],
    prefix: str,
) -> str:
    with matplotlib.rc_context(_STYLE):
        figure, axes = _figure(4.7, 2.9)
        longest = float(course.hours[-1]) if len(course.hours) else 1.0
        scale = 24.0 if longest > _DAYS_FROM else 1.0
        if effect is not None and effect.doses:
            _dosing(axes, effect, scale)
        if _is_ratio(course):
            axes.axhline(1.0, color="#999999", linewidth=0.9, zorder=1)
        if still is not None:
            _still_line(axes, still, longest, scale)
        kept = thinned(course)
        hours = course.hours[kept] / scale
        _bands(axes, hours, course, kept)
        axes.set_xlim(0.0, max(longest / scale, 1e-9))
        axes.set_ylim(*limits)
        axes.set_xlabel("days after the first dose" if scale > 1.0 else "hours after the first dose")
        axes.set_ylabel(_axis_label(course))
        axes.xaxis.set_major_locator(MaxNLocator(7, steps=[1, 2, 3, 4, 5, 6, 7, 10]))
        axes.yaxis.set_major_locator(MaxNLocator(6))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value)))
        axes.grid(axis="y", color="#E6E6E6", linewidth=0.6)
        if not np.isfinite(course.people.middle).any():
            axes.text(0.5, 0.5, "no finished run", transform=axes.transAxes, ha="center")
        return _svg(
            figure,
            prefix=prefix,
            title=f"{course.title}: {course.scenario}",
            description=_course_words(course),
        )


def _axis_label(course: Course) -> str:
    if not is_plain(course.unit):
        return course.unit
    return "ratio to baseline" if _is_ratio(course) else "fraction"


def _tick(value: float) -> str:
    return number(value, 4).replace("-", "\u2212")


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
            still.hours[kept] / scale, middle, color=MUTED, linewidth=1.1, linestyle=(0, (1, 2.5))
        )


def _finite(values: FloatArray) -> FloatArray:
    return np.where(np.isfinite(values), values, np.nan)


def _bands(axes: Axes, hours: FloatArray, course: Course, kept: NDArray[np.intp]) -> None:
    people, unknown = _taken(course.people, kept), _taken(course.uncertainty, kept)
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


def _taken(band: Band, kept: NDArray[np.intp]) -> Band:
    return Band(
        low=_finite(band.low[kept]), middle=_finite(band.middle[kept]), high=_finite(band.high[kept])
    )


def _course_words(course: Course) -> str:
    middle = _finite(course.people.middle)
    if not np.isfinite(middle).any():
        return "No finished run to draw."
    lowest, highest = int(np.nanargmin(middle)), int(np.nanargmax(middle))
    return (
        f"Median person: lowest {amount(float(middle[lowest]), course.unit)} "
        f"after {duration(float(course.hours[lowest]))}, "
        f"highest {amount(float(middle[highest]), course.unit)} "
        f"after {duration(float(course.hours[highest]))}. The table below has the numbers."
    )


def draw_effects(answer: Answer) -> str:
    """Draw the largest change of the target in every scenario with doses; empty if none has.

    Parameters
    ----------
    answer
        What was found.

    Returns
    -------
    str
        SVG, or nothing.
    """
    effects = [effect for effect in answer.effects if effect.doses]
    if not effects:
        return ""
    with matplotlib.rc_context(_STYLE):
        figure, axes = _figure(6.6, 1.0 + 0.62 * len(effects))
        axes.axvline(0.0, color="#777777", linewidth=1.0, zorder=1)
        for row, effect in enumerate(effects):
            _interval_line(axes, effect.largest_change.people, row - 0.14, PEOPLE, "o")
            _interval_line(axes, effect.largest_change.uncertainty, row + 0.16, UNCERTAIN, "s")
        axes.set_ylim(len(effects) - 0.45, -0.55)
        axes.set_yticks(range(len(effects)), [_short(effect.scenario, 30) for effect in effects])
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.margins(x=0.06)
        axes.xaxis.set_major_locator(MaxNLocator(7))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value)))
        axes.grid(axis="x", color="#E6E6E6", linewidth=0.6)
        axes.set_xlabel("largest change from baseline, %")
        told = [f"{e.scenario}: {change(e.largest_change.people.middle)}" for e in effects]
        return _svg(
            figure,
            prefix="effects-",
            title="Largest change of the target in each scenario",
            description="Median person: " + "; ".join(told) + ".",
        )


def _interval_line(axes: Axes, interval: Interval, row: float, color: str, marker: str) -> None:
    ends = np.asarray([interval.low, interval.middle, interval.high]) * 100.0
    if not np.isfinite(ends).all():
        return
    people = color == PEOPLE
    style = "solid" if people else (0, (3, 1.4))
    axes.plot(ends[[0, 2]], [row, row], color=color, linewidth=4.0 if people else 2.0, linestyle=style)
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
    with matplotlib.rc_context(_STYLE):
        figure, axes = _figure(7.0, 1.25 + 0.3 * len(shown))
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
        figure.legend(
            handles=_comparison_key(shown),
            loc="outside lower center",
            ncols=3,
            frameon=False,
            fontsize=9.0,
            handletextpad=0.4,
            columnspacing=1.4,
        )
        return _svg(
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


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "\u2026"


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    """A figure of a size in inches with one set of axes, laid out without any window."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasSVG(figure)
    return figure, figure.add_subplot()


def _svg(figure: Figure, *, prefix: str, title: str, description: str) -> str:
    """Write a figure as SVG that may stand inline in a page beside others.

    Parameters
    ----------
    figure
        Drawn.
    prefix
        Put before every identifier.
    title, description
        For those who do not see the picture.

    Returns
    -------
    str
        Without prolog, metadata and style sheet; it scales with its frame.
    """
    written = io.StringIO()
    nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph", category=UserWarning)
        figure.savefig(written, format="svg", metadata=nothing, transparent=True)
    text = _CONTROL.sub("", written.getvalue())
    text = text[text.index("<svg") :].rstrip()
    opening, body = text[: text.index(">") + 1], text[text.index(">") + 1 :]
    body = re.sub(r"<metadata>.*?</metadata>\s*", "", body, flags=re.DOTALL)
    body = re.sub(r"<defs>\s*<style[^>]*>.*?</style>\s*</defs>\s*", "", body, count=1, flags=re.DOTALL)
    body = _TAG.sub(lambda tag: _kept_apart(tag.group(), prefix), body)
    box = re.search(r'viewBox="([^"]*)"', opening)
    size = "0 0 100 100" if box is None else box.group(1)
    names = f'aria-labelledby="{prefix}title {prefix}desc"'
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{size}" role="img" {names} '
        'style="stroke-linejoin:round;stroke-linecap:butt">\n'
        f'<title id="{prefix}title">{_plain(title)}</title>\n'
        f'<desc id="{prefix}desc">{_plain(description)}</desc>'
    )
    return head + body


def _plain(text: str) -> str:
    return escape(_CONTROL.sub("", text))


def _kept_apart(tag: str, prefix: str) -> str:
    """A tag with its own identifiers and those it uses prefixed, and its numbers shortened."""
    tag = tag.replace("xlink:href=", "href=").replace("'DejaVu Sans', sans-serif", _FONT)
    tag = _OWN_ID.sub(rf"\g<1>{prefix}\g<2>\g<3>", tag)
    tag = _ID_USE.sub(rf"\g<1>{prefix}\g<2>", tag)
    return _LONG_NUMBER.sub(lambda found: f"{float(found.group()):.2f}", tag)
