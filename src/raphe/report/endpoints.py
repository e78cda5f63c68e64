"""Endpoints -> lines for the terminal and a table of subjects. Works nothing out."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from raphe.analysis.numerals import amount, number, percent
from raphe.core.draws import FloatArray
from raphe.report.page import write_report
from raphe.study.endpoints import EndpointSummary


def summary_lines(summaries: Sequence[EndpointSummary]) -> tuple[str, ...]:
    """One line for each scenario and endpoint, with the share of subjects that failed if there are any."""
    lines = []
    for one in summaries:
        spread = one.spread
        text = (
            f"{one.scenario}: {one.endpoint} {amount(spread.middle, one.unit)} "
            f"({number(spread.low)} to {number(spread.high)}, 5th to 95th percentile of {one.people} people)"
        )
        if not math.isnan(one.beyond):
            text += f"; {percent(one.beyond)} beyond the bound"
        if one.failed:
            text += f"; {one.failed} of {one.people} failed"
        lines.append(text)
    return tuple(lines)


def write_table(rows: Iterable[tuple[str, str, Mapping[str, FloatArray]]], path: Path) -> None:
    """Write endpoints of subjects as CSV, whole or not at all.

    Parameters
    ----------
    rows
        From `endpoint_table`.
    path
        The file.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    first = True
    for scenario, layer, columns in rows:
        if first:
            writer.writerow(["scenario", "layer", *columns])
            first = False
        for values in zip(*(column.tolist() for column in columns.values()), strict=True):
            writer.writerow([scenario, layer, int(values[0]), int(values[1]), *values[2:]])
    write_report(text.getvalue(), path)
