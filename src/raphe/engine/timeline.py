"""Regimen + subjects -> for each subject a sorted row of edges. Knows nothing of people or solvers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from raphe.core.draws import FloatArray
from raphe.core.errors import DoseError, UnknownNameError, nearest
from raphe.core.units import GRAM_PER_MOLE, Quantity
from raphe.dosing.regimen import Regimen
from raphe.engine.program import Program
from raphe.engine.status import Action

IntegerArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Edges of all subjects, one after another, each subject's sorted by time.

    Parameters
    ----------
    first
        Shape (subjects + 1,): where each subject's edges begin.
    time, action, index, value
        Shape (edges,): when (h), what (`Action`), on which state or parameter, and how much (base units).
    """

    first: IntegerArray
    time: FloatArray
    action: IntegerArray
    index: IntegerArray
    value: FloatArray


def make_timeline(
    program: Program,
    regimen: Regimen,
    *,
    route: str | None,
    settings: FloatArray,
    parameters: FloatArray,
) -> Timeline:
    """Work out when what happens to each subject.

    Parameters
    ----------
    program
        Gives routes, timed events and the layout.
    regimen
        Doses; each takes the route.
    route
        `alias.name` of the route; None only for a regimen without doses.
    settings
        Shape (subjects, settings): lags (h), fractions, times of events (h).
    parameters
        Shape (subjects, parameters), base units: molar masses are taken from here.

    Returns
    -------
    Timeline

    Raises
    ------
    UnknownNameError
        If the route is not in the program.
    DoseError
        If an amount does not fit the species it is added to.
    """
    subjects = len(settings)
    times: list[FloatArray] = []
    rows: list[tuple[int, int]] = []
    values: list[FloatArray] = []
    if regimen.doses:
        names = program.layout.routes
        if route not in names:
            raise UnknownNameError(
                f'no route is called "{route}"', advice=nearest(str(route), names)
            )
        chosen = program.routes[names.index(route)]
        zero, one = np.zeros(subjects), np.ones(subjects)
        lag = zero if chosen.lag < 0 else settings[:, chosen.lag]
        fraction = one if chosen.fraction < 0 else settings[:, chosen.fraction]
        for dose in regimen.doses:
            amount = _amount(program, chosen.state, chosen.molar_mass, dose.amount, parameters)
            times.append(dose.time + lag)
            rows.append((Action.ADD_STATE, chosen.state))
            values.append(amount * fraction)
    for position, event in enumerate(program.events):
        if event.time >= 0:
            times.append(settings[:, event.time])
            rows.append((Action.RUN_EVENT, position))
            values.append(np.zeros(subjects))
    return _sort(subjects, times, rows, values)


def _amount(
    program: Program, state: int, molar_mass: int, amount: Quantity, parameters: FloatArray
) -> FloatArray:
    """Amount of a dose in base units of its species, for each subject; mass and substance through the molar mass."""
    unit, ones = program.layout.state_units[state], np.ones(len(parameters))
    if amount.unit.same_dimension(unit):
        return amount.base * ones
    if molar_mass >= 0:
        mass_per_substance = parameters[:, molar_mass]
        one = tuple(a + b for a, b in zip(unit.dimension, GRAM_PER_MOLE.dimension, strict=True))
        other = tuple(a - b for a, b in zip(unit.dimension, GRAM_PER_MOLE.dimension, strict=True))
        if amount.unit.dimension == one:
            return np.asarray(amount.base / mass_per_substance)
        if amount.unit.dimension == other:
            return np.asarray(amount.base * mass_per_substance)
    name = program.layout.states[state]
    message = f'a dose of {amount} cannot be added to "{name}", which is in {unit}'
    raise DoseError(message, advice=f"give the dose in {unit}")


def _sort(
    subjects: int, times: list[FloatArray], rows: list[tuple[int, int]], values: list[FloatArray]
) -> Timeline:
    """Subject by subject, by time; edges of equal time keep the order in which they were given."""
    count = len(times)
    table = np.stack(times, axis=1) if times else np.zeros((subjects, 0))
    amounts = np.stack(values, axis=1) if values else np.zeros((subjects, 0))
    first = np.where(np.isnan(table), -np.inf, table)  # the driver refuses what has no time
    order = np.argsort(first, axis=1, kind="stable")
    what = np.array(rows, dtype=np.int64).reshape(count, 2)[order]
    return Timeline(
        first=np.arange(subjects + 1, dtype=np.int64) * count,
        time=np.take_along_axis(table, order, axis=1).ravel(),
        action=np.ascontiguousarray(what[..., 0]).ravel(),
        index=np.ascontiguousarray(what[..., 1]).ravel(),
        value=np.take_along_axis(amounts, order, axis=1).ravel(),
    )
