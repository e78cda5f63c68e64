"""What all drawings share: colors, type, a blank figure, and SVG that stands inline. Knows nothing of what is drawn."""

from __future__ import annotations

import io
import warnings
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from raphe.analysis.numerals import number
from raphe.report.svg import inline_svg

# Okabe and Ito, "Color universal design" (2008): told apart by color-blind readers.
PEOPLE = "#0072B2"
UNCERTAIN = "#C14F00"  # their vermillion, darker: 4.5 to 1 on white
MISS = "#C14F00"
INK = "#222222"
MUTED = "#767676"
DOSING = "#EDEDED"

STYLE: dict[Any, Any] = {  # the type of its keys differs between versions of matplotlib
    "axes.axisbelow": True,
    "axes.edgecolor": "#555555",
    "axes.facecolor": "none",
    "axes.formatter.use_mathtext": False,
    "axes.labelcolor": INK,
    "axes.labelsize": 10.0,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.unicode_minus": True,
    "figure.facecolor": "none",
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


def tick_text(value: float) -> str:
    """A number on an axis, with a true minus."""
    return number(value, 4).replace("-", "\u2212")


def blank_figure(width: float, height: float) -> tuple[Figure, Axes]:
    """A figure of a size in inches with one set of axes, laid out without any window."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.add_subplot()


def finished_svg(figure: Figure, *, prefix: str, title: str, description: str) -> str:
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
        canvas: Any = FigureCanvasSVG(figure)
        canvas.print_svg(written, metadata=nothing)  # draws once, savefig twice
    return inline_svg(written.getvalue(), prefix=prefix, title=title, description=description)
