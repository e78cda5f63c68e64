"""Work-precision figures as SVG, the same bytes for the same numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from benchmarks.records import Checked
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# one color for each solver, colors that people with color blindness tell apart
_COLORS = {
    "raphe": "#000000",
    "cvode_bdf_analytic": "#0072B2",
    "cvode_bdf_difference": "#56B4E9",
    "cvode_adams_analytic": "#009E73",
    "scipy": "#CC79A7",
    "roadrunner_bdf": "#D55E00",
    "roadrunner_adams": "#E69F00",
    "diffrax_kvaerno5": "#7F3C8D",
    "diffrax_tsit5": "#A5AA99",
    "diffsol_bdf": "#8C6D31",
    "diffsol_tsit45": "#C9B26B",
}


def draw(checked: Sequence[Checked], path: Path) -> None:
    """Draw time against error, one panel for each workload."""
    columns = min(len(checked), 3 if len(checked) > 2 else 2)
    rows = -(-len(checked) // columns)
    with mpl.rc_context({"svg.hashsalt": "raphe", "font.size": 9}):
        figure = Figure(figsize=(4.6 * columns, 3.6 * rows + 0.9), layout="constrained")
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        known: dict[str, object] = {}
        for panel, one in zip(panels, checked, strict=False):
            _panel(panel, one, known)
        figure.legend(
            known.values(), list(known), loc="outside lower center", ncols=4, frameon=False
        )
        figure.savefig(path, format="svg", metadata={"Date": None})
    # matplotlib ends some lines of path data with a space
    lines = [line.rstrip() for line in path.read_text(encoding="utf-8").splitlines()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _panel(panel: Axes, one: Checked, known: dict[str, object]) -> None:
    for curve in one.curves:
        if not curve.points:
            continue
        points = sorted(curve.points, key=lambda point: point.error)
        (line,) = panel.loglog(
            [point.error for point in points],
            [1e3 * point.seconds for point in points],
            marker="o",
            markersize=3.5,
            linewidth=2.2 if curve.key == "raphe" else 1.2,
            color=_COLORS.get(curve.key, "#666666"),
        )
        known.setdefault(curve.title, line)
    panel.set_title(one.title, fontsize=9)
    panel.set_xlabel("largest relative error")
    panel.set_ylabel("ms per subject and core")
    panel.grid(which="major", color="#DDDDDD", linewidth=0.6)
    panel.spines[["top", "right"]].set_visible(False)
