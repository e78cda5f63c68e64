"""Quantiles over subjects -> lines for the terminal and a table. Works nothing out."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from raphe.analysis.numerals import amount, number
from raphe.report.endpoints import told_apart
from raphe.report.page import write_report
from raphe.study.export import Quantiles
from raphe.study.stored import StoredRun


def quantile_lines(run: StoredRun, found: Sequence[Quantiles]) -> tuple[str, ...]:
    """For each scenario, layer and output quantiles at the last time, and the shares that failed or lie outside."""
    lines = []
    for one in found:
        who = f"{one.subjects} subjects{told_apart(one.failed, one.outside, one.subjects)}"
        lines.append(f"{one.scenario}, {one.layer} ({who}), at {number(one.times[-1])} h:")
        for place, (output, unit) in enumerate(zip(run.outputs, run.units, strict=True)):
            low, middle, high = one.values[:, -1, place].tolist()
            lines.append(
                f"  {output}: {amount(middle, unit)} ({number(low)} to {number(high)}, 5th to 95th percentile)"
            )
    return tuple(lines)


def write_quantiles(run: StoredRun, found: Sequence[Quantiles], path: Path) -> None:
    """Write quantiles as CSV, whole or not at all: a row for each scenario, layer, output, time and level.

    The column `within` is how far a value may be off, in its unit; 0 where courses were kept.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    head = ("scenario", "layer", "output", "unit", "time_h", "level", "value", "within")
    writer.writerow([*head, "subjects", "failed", "outside"])
    for one in found:
        for place, (output, unit) in enumerate(zip(run.outputs, run.units, strict=True)):
            for moment, time in enumerate(one.times.tolist()):
                within = float(one.within[moment, place])
                for rank, level in enumerate(one.levels):
                    value = float(one.values[rank, moment, place])
                    row = [one.scenario, one.layer, output, unit, time, level, value, within]
                    writer.writerow([*row, one.subjects, one.failed, one.outside])
    write_report(text.getvalue(), path)
