"""Published plasma curves in a table -> how far the model's typical person is from each point.

The table is not part of raphe: points that others digitized, with columns drug, study, group, data_type, route (PO or
IV), dose ("0.5 mg" or "0.05 mg/kg"), dose_times_h, time (h), value and value_unit. Knows nothing of pages.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from raphe.core.draws import FloatArray
from raphe.core.errors import FileError, Place, StudyError
from raphe.core.units import Quantity, parse_quantity
from raphe.dosing.regimen import Regimen
from raphe.engine.compile import compile_program
from raphe.engine.lower import lower
from raphe.engine.solve import settings_of, solve
from raphe.engine.timeline import make_timeline
from raphe.language.compose import compose
from raphe.language.model import Assembly
from raphe.library.catalog import Catalog

FILE = "pk-observed.csv"
_ROUTES = {"PO": "oral", "IV": "intravenous"}
_WEIGHT, _AGE = re.compile(r"(\d+)\s?kg"), re.compile(r"(\d+)\s?y\b")
_USUAL_WEIGHT = 70.0  # kg
_USUAL_AGE = 30.0  # years


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveFit:
    """One published curve.

    Parameters
    ----------
    drug, study, group, kind, route
        As in the table.
    folds
        Of each point, predicted over observed.
    """

    drug: str
    study: str
    group: str
    kind: str
    route: str
    folds: tuple[float, ...]

    def within(self, fold: float) -> float:
        """Share of the points within a fold."""
        return share_within((self,), fold)


def share_within(curves: Sequence[CurveFit], fold: float) -> float:
    """Share of all points of some curves within a fold; not a number without points."""
    errors = np.abs(np.log(np.array([f for curve in curves for f in curve.folds])))
    return float(np.mean(errors <= np.log(fold))) if len(errors) else float("nan")


def compare_curves(folder: Path, catalog: Catalog, assembly: Assembly) -> tuple[CurveFit, ...]:
    """Predict every curve of a drug that the model has, after a single dose.

    Parameters
    ----------
    folder
        Where the table is.
    catalog
        Gives the modules.
    assembly
        The model.

    Returns
    -------
    tuple of CurveFit
        In the order of the table. The typical person weighs and is as old as the group says, or 70 kg and 30 years.

    Raises
    ------
    FileError
        If the table cannot be read.
    StudyError
        If a row does not read.
    """
    model = compose(assembly, catalog.library)
    drugs = {drug.name: drug.route.split(".")[0] for drug in model.drugs}
    routes = {route.name for route in model.routes}
    kernels = {}
    found = []
    for rows in _groups(folder / FILE):
        first = rows[0]
        slot = drugs.get(first["drug"].lower())
        route = f"{slot}.{_ROUTES.get(first['route'], '')}"
        if route not in routes:
            continue
        output = f"{slot}.plasma"
        if route not in kernels:
            kernels[route] = compile_program(lower(model, outputs=(output,), doses=(route,)))
        kernel = kernels[route]
        weight, age = (
            _about(first["group"], _WEIGHT, _USUAL_WEIGHT),
            _about(first["group"], _AGE, _USUAL_AGE),
        )
        known = {"person.weight_male": f"{weight!r} kg", "person.age": f"{age!r} year"}
        row = np.array([kernel.program.defaults])
        for name, text in known.items():
            row[0, kernel.program.layout.parameters.index(name)] = parse_quantity(text).base
        regimen = Regimen.from_text(f"{_amount(first, weight)} once")
        timeline = make_timeline(
            kernel.program, regimen, route=route, settings=settings_of(kernel, row), parameters=row
        )
        times, values = _points(rows)
        if not len(times):
            continue
        grid, back = np.unique(times, return_inverse=True)
        outcome = solve(kernel, row, timeline, grid)
        if outcome.status.any():
            message = f'the prediction of "{first["study"]}" failed'
            raise StudyError(message, place=Place(str(folder / FILE)))
        predicted = outcome.values[0, back, 0]
        folds = np.maximum(predicted, np.finfo(float).tiny) / values
        found.append(
            CurveFit(
                drug=first["drug"].lower(),
                study=first["study"],
                group=first["group"],
                kind=first["data_type"],
                route=first["route"],
                folds=tuple(folds.tolist()),
            )
        )
    return tuple(found)


def _groups(path: Path) -> list[list[dict[str, str]]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        message = f"cannot read the curves: {error.strerror or type(error).__name__}"
        raise FileError(
            message, place=Place(str(path)), advice="give the folder that holds it"
        ) from error
    keys = ("drug", "study", "group", "route", "dose", "dose_times_h")
    groups: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for number, row in enumerate(rows):
        if any(row.get(key) is None for key in (*keys, "time", "value", "value_unit", "data_type")):
            message = "a row of the curves is not complete"
            raise StudyError(message, place=Place(str(path), number + 2, 1))
        groups.setdefault(tuple(row[key] for key in keys), []).append(row)
    return list(groups.values())


def _about(group: str, what: re.Pattern[str], usual: float) -> float:
    """A number that the name of a group tells of its people."""
    match = what.search(group)
    return usual if match is None else float(match.group(1))


def _amount(row: dict[str, str], weight: float) -> Quantity:
    number, unit = row["dose"].split()
    per_weight = unit.endswith("/kg")
    value = float(number) * (weight if per_weight else 1.0)
    return parse_quantity(f"{value!r} {unit.removesuffix('/kg')}")


def _points(rows: Sequence[dict[str, str]]) -> tuple[FloatArray, FloatArray]:
    """Hours since the dose, and levels in base units; what was below detection (0) is left out."""
    begin = float(rows[0]["dose_times_h"])
    pairs = [(float(row["time"]) - begin, row) for row in rows]
    kept = [(time, row) for time, row in pairs if time > 0.0 and float(row["value"]) > 0.0]
    units = {
        row["value_unit"]: parse_quantity(f"1 {row['value_unit'].replace('l', 'L')}").base
        for row in rows
    }
    times = np.array([time for time, _ in kept])
    return times, np.array([float(row["value"]) * units[row["value_unit"]] for _, row in kept])
