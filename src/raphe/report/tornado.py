"""Answer -> a tornado: how far each uncertain number alone moves the answer. Knows nothing of pages."""

from __future__ import annotations

import matplotlib as mpl
from matplotlib.ticker import FuncFormatter, MaxNLocator

from raphe.analysis.answer import Answer, Mover
from raphe.analysis.numerals import change, is_relative
from raphe.report.drawing import STYLE, blank_figure, finished_svg, tick_text
from raphe.report.svg import printable

MOST = 12  # bars; the others are weaker than these
COLORS = {"read": "#14633b", "derived": "#4a4a8c", "assumed": "#8a4b00"}


def strongest(answer: Answer) -> tuple[Mover, ...]:
    """The numbers that the tornado shows."""
    return () if answer.sweep is None else answer.sweep.movers[:MOST]


def draw_tornado(answer: Answer) -> str:
    """Draw the largest change with each of the strongest numbers at both ends of its 90 % interval.

    Parameters
    ----------
    answer
        What was found.

    Returns
    -------
    str
        SVG, or nothing if no number moves the answer.
    """
    movers, sweep = strongest(answer), answer.sweep
    if sweep is None or not movers:
        return ""
    relative = is_relative(answer)
    scale = 100.0 if relative else 1.0
    with mpl.rc_context(STYLE):
        figure, axes = blank_figure(6.4, 0.8 + 0.27 * len(movers))
        for row, mover in enumerate(movers):
            for value, filled in ((mover.low, False), (mover.high, True)):
                color = COLORS.get(mover.status, "#767676")
                axes.barh(
                    row,
                    (value - sweep.typical) * scale,
                    left=sweep.typical * scale,
                    height=0.62,
                    facecolor=color if filled else "white",
                    edgecolor=color,
                    linewidth=1.2,
                )
        axes.axvline(sweep.typical * scale, color="#222222", linewidth=1.0)
        axes.set_yticks(range(len(movers)), [printable(mover.name) for mover in movers])
        axes.set_ylim(len(movers) - 0.4, -0.6)
        axes.xaxis.set_major_locator(MaxNLocator(7, steps=[1, 2, 2.5, 5, 10]))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: tick_text(value)))
        axes.grid(axis="x", color="#E6E6E6", linewidth=0.6)
        axes.set_xlabel(f"largest change from baseline{', %' if relative else ''}")
        told = [
            f"{one.name} {change(one.low, relative=relative)} to {change(one.high, relative=relative)}"
            for one in movers
        ]
        return finished_svg(
            figure,
            prefix="tornado-",
            title="How far each uncertain number moves the answer",
            description="; ".join(told) + ".",
        )
