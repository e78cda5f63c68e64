"""Answer -> a band: which part of the spread comes from where, and how far the answer goes if only that part varied.

Knows nothing of pages.
"""

from __future__ import annotations

import math

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from raphe.analysis.answer import Answer, Part, Split
from raphe.analysis.doubts import split_rows
from raphe.analysis.numerals import is_relative, share
from raphe.report.drawing import INK, MUTED, STYLE, blank_figure, finished_svg, tick_text

# People blue and uncertainty vermillion as elsewhere; hatches tell the parts apart too.
LOOKS = {  # label, color, hatch
    Part.PEOPLE: ("people", "#0072B2", "|||"),
    Part.NUMBERS: ("numbers", "#C14F00", "///"),
    Part.CARRIED_OVER: ("carried over", "#8A6100", "\\\\\\"),
    Part.FORMS: ("forms", "#00734F", "xx"),
}
_PLAIN = ("other", MUTED, "")
_WIDE = 0.08  # of the band: narrower pieces bear no text


def draw_split(answer: Answer) -> str:
    """Draw the shares of the variance as a band, and below it the answer if only one part varied.

    Parameters
    ----------
    answer
        What was found.

    Returns
    -------
    str
        SVG, or nothing if the shares cannot be told.
    """
    split = answer.doubt.split
    if split is None or math.isnan(split.together):
        return ""
    relative = is_relative(answer)
    with mpl.rc_context(STYLE):
        figure, lower = blank_figure(6.4, 3.0)
        lower.remove()
        band, ranges = figure.subplots(2, 1, height_ratios=(1.0, 3.2))
        _draw_band(band, split)
        _draw_ranges(ranges, split, scale=100.0 if relative else 1.0)
        ranges.set_xlabel(f"largest change from baseline{', %' if relative else ''}")
        told = [f"{row.part}: {row.alone} alone, {row.range}" for row in split_rows(answer)]
        told.append(f"only several together: {share(split.together)}")
        return finished_svg(
            figure,
            prefix="split-",
            title="Where the spread of the answer comes from",
            description="; ".join(told) + ".",
        )


def _draw_band(axes: Axes, split: Split) -> None:
    """Shares alone side by side, then what only several explain; cut off at 0 and scaled to fill the band."""
    pieces = [(LOOKS.get(one.part, _PLAIN), max(one.alone.middle, 0.0)) for one in split.parts]
    pieces.append((("together", MUTED, "++"), max(split.together, 0.0)))
    whole, left = sum(size for _, size in pieces), 0.0
    for (label, color, hatch), size in pieces:
        width = size / whole
        axes.barh(
            0, width, left=left, facecolor="white", edgecolor=color, hatch=hatch, linewidth=1.2
        )
        if width >= _WIDE:
            middle = left + 0.5 * width
            axes.text(middle, 0.62, f"{label} {share(size)}", ha="center", va="bottom", color=INK)
        left += width
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(-0.45, 1.5)
    axes.set_axis_off()


def _draw_ranges(axes: Axes, split: Split, *, scale: float) -> None:
    """A line for each part and one for all: 5th to 95th percentile with the median, lowest to highest for forms."""
    looks = [LOOKS.get(one.part, _PLAIN) for one in split.parts]
    rows = [(look[0], look[1], one.range) for look, one in zip(looks, split.parts, strict=True)]
    rows.append(("all at once", INK, split.whole))
    for row, (_, color, ends) in enumerate(rows):
        axes.plot([ends.low * scale, ends.high * scale], [row, row], color=color, linewidth=4.0)
        axes.plot([ends.middle * scale], [row], "o", color="white", markeredgecolor=color)
    axes.axvline(0.0, color=MUTED, linewidth=0.8)
    axes.set_yticks(range(len(rows)), [label for label, *_ in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.xaxis.set_major_locator(MaxNLocator(7, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: tick_text(value)))
    axes.grid(axis="x", color="#E6E6E6", linewidth=0.6)
