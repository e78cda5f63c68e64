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
    """One line for each scenario and endpoint, with the shares that failed or lie outside the support."""
    lines = []
    for one in summaries:
        spread = one.spread
        text = (
            f"{one.scenario}: {one.endpoint} {amount(spread.middle, one.unit)} "
            f"({number(spread.low)} to {number(spread.high)}, 5th to 95th percentile of {one.people} people)"
        )
        if not math.isnan(one.beyond):
            text += f"; {percent(one.beyond)} beyond the bound"
        text += told_apart(one.failed, one.outside, one.people)
        lines.append(text)
    return tuple(lines)


def told_apart(failed: int, outside: int, people: int) -> str:
    """Subjects that failed and those whom the model was not made for, with their shares; nothing if there are none."""
    told = ((failed, "failed"), (outside, "outside the support of the model"))
    return "".join(
        f"; {count} of {people} {words} ({percent(count / people)})"
        for count, words in told
        if count
    )


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
            whole = [int(value) for value in values[:3]]
            writer.writerow([scenario, layer, *whole, *values[3:]])
    write_report(text.getvalue(), path)
