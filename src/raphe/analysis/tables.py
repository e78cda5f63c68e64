"""Answer -> plain-text tables for the terminal. Knows nothing of pages."""

from __future__ import annotations

from itertools import groupby

from raphe.analysis.answer import Answer, Comparison
from raphe.analysis.numerals import amount, number, span
from raphe.analysis.wording import verdict

_HEAD = ("statistic", "n", "observed", "predicted (5th to 95th)", "fold", "", "source")


def comparison_table(answer: Answer) -> str:
    """Published observations against predictions, one block a regimen.

    Parameters
    ----------
    answer
        With its comparisons.

    Returns
    -------
    str
        Calibration points are marked; they are no test of the model. Empty without observations.
    """
    if not answer.comparisons:
        return ""
    rows = [_row(comparison) for comparison in answer.comparisons]
    widths = [max(len(row[i]) for row in (_HEAD, *rows)) for i in range(len(_HEAD))]
    lines = ["Published observations (outside evidence) against predictions (model):"]
    lines.append(_line(_HEAD, widths))
    for regimen, group in groupby(answer.comparisons, key=lambda one: one.regimen):
        lines.append(f"{regimen}")
        lines += [_line(_row(comparison), widths) for comparison in group]
    lines.append("n: persons of the trial; the prediction is for the mean of a trial of that size.")
    return "\n".join(lines)


def _row(comparison: Comparison) -> tuple[str, ...]:
    predicted = amount(comparison.predicted.middle, comparison.unit)
    return (
        comparison.statistic,
        str(comparison.people),
        amount(comparison.observed, comparison.unit),
        f"{predicted} ({span(comparison.predicted, comparison.unit)})",
        number(comparison.fold_error),
        "calibration" if comparison.role == "calibration" else verdict(comparison),
        comparison.citation.split(",")[0],
    )


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
    return ("  " + "  ".join(padded)).rstrip()
