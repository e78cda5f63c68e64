"""People: a model's parameters drawn for persons and for what we do not know, kept apart.

Differences between persons and uncertainty of the population values come from streams of their own, keyed by seed,
parameter, person and draw; so the same seed gives the same people whatever the order or the number of workers.
Knows nothing of time, doses or solvers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from raphe.core.draws import FloatArray, Stage, edges, sample, uniforms
from raphe.core.errors import UnitError, UnknownNameError, nearest
from raphe.core.units import Quantity
from raphe.language.model import Model, Parameter
from raphe.population.table import PeopleTable


class Layer(StrEnum):
    """Which spreads a group of subjects carries."""

    PEOPLE = "people"  # many persons, every population value at its best estimate
    TYPICAL = "typical"  # the typical person, in many draws of the population values
    TRIALS = "trials"  # in each draw, a trial with persons of its own
    BEST = "best"  # the typical person at best estimates, alone
    SWEPT = "swept"  # the typical person, then with one population value at a time at its 5th and 95th percentile


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """How many subjects to draw.

    Parameters
    ----------
    people
        Persons of the layer PEOPLE.
    draws
        Draws of the population values for TYPICAL and TRIALS.
    seed
        Any whole number; equal seeds give equal people.
    table
        Numbers of the layer PEOPLE that are given and not drawn; person k has row k, from the first again when the rows
        are used up.
    """

    people: int
    draws: int
    seed: int
    table: PeopleTable | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subjects:
    """Subjects as plain arrays.

    Parameters
    ----------
    parameters
        Shape (subjects, parameters), base units, in the order of the model's parameters.
    person, draw
        Shape (subjects,): number of the person and of the draw.
    """

    parameters: FloatArray
    person: npt.NDArray[np.int64]
    draw: npt.NDArray[np.int64]


def draw_subjects(
    model: Model,
    population: Population,
    layer: Layer,
    *,
    trial_size: int = 1,
    fixed: Mapping[str, Quantity],
    only: range | None = None,
) -> Subjects:
    """Draw the subjects of one layer, or some of them.

    Parameters
    ----------
    model
        Its parameters carry the distributions.
    population
        Numbers and seed.
    layer
        Which spreads to draw.
    trial_size
        Persons of each trial of the layer TRIALS.
    fixed
        Parameters that everybody shares: no spread of either kind.
    only
        Which of the layer's subjects, in their order; the same numbers as if all were drawn.

    Returns
    -------
    Subjects
        Draw by draw, person by person.

    Raises
    ------
    UnknownNameError
        If `fixed` names no parameter of the model.
    UnitError
        If a fixed value has the wrong dimension.
    """
    check_fixed(model, fixed)
    if layer is Layer.SWEPT:
        return _part(_swept(model, fixed), only)
    if layer is Layer.BEST:
        return _part(_typical(model, fixed), only)
    if layer is Layer.TRIALS:
        draws, persons = range(population.draws), range(trial_size)
        return _part(_drawn(model, population.seed, layer, draws, persons, fixed), only)
    if layer is Layer.PEOPLE:
        persons = range(population.people) if only is None else only
        drawn = _drawn(model, population.seed, layer, range(1), persons, fixed)
        return drawn if population.table is None else _given(model, drawn, population.table, fixed)
    draws = range(population.draws) if only is None else only
    return _drawn(model, population.seed, layer, draws, range(1), fixed)


def _drawn(
    model: Model,
    seed: int,
    layer: Layer,
    draws: range,
    persons: range,
    fixed: Mapping[str, Quantity],
) -> Subjects:
    """Draw by draw, person by person."""
    columns = []
    for parameter in model.parameters:
        if parameter.name in fixed:
            columns.append(np.full(len(draws) * len(persons), fixed[parameter.name].base))
            continue
        centers = _centers(parameter, seed, layer, draws)
        values = _persons(parameter, seed, layer, centers, draws, persons)
        columns.append(values.ravel() * parameter.value.unit.factor)
    return Subjects(
        parameters=np.ascontiguousarray(np.stack(columns, axis=1)),
        person=np.tile(np.array(persons, dtype=np.int64), len(draws)),
        draw=np.repeat(np.array(draws, dtype=np.int64), len(persons)),
    )


def _given(
    model: Model, subjects: Subjects, table: PeopleTable, fixed: Mapping[str, Quantity]
) -> Subjects:
    """The same people with the numbers of a table in place of those that were drawn."""
    parameters = subjects.parameters.copy()
    places = {one.name: place for place, one in enumerate(model.parameters)}
    rows = np.array(table.rows)[subjects.person % len(table.rows)]
    for column, name in enumerate(table.names):
        if name in places and name not in fixed:  # another module need not have it
            parameters[:, places[name]] = rows[:, column]
    return Subjects(parameters=parameters, person=subjects.person, draw=subjects.draw)


def _part(subjects: Subjects, only: range | None) -> Subjects:
    if only is None:
        return subjects
    rows = slice(only.start, only.stop)
    return Subjects(
        parameters=np.ascontiguousarray(subjects.parameters[rows]),
        person=subjects.person[rows],
        draw=subjects.draw[rows],
    )


def swept_parameters(model: Model, fixed: Mapping[str, Quantity]) -> tuple[Parameter, ...]:
    """The parameters that the layer SWEPT moves: all that are uncertain and that nothing fixes."""
    return tuple(one for one in model.parameters if one.uncertainty and one.name not in fixed)


def _typical(model: Model, fixed: Mapping[str, Quantity]) -> Subjects:
    values = [fixed.get(one.name, one.value).base for one in model.parameters]
    none = np.zeros(1, dtype=np.int64)
    return Subjects(parameters=np.array([values]), person=none, draw=none)


def _swept(model: Model, fixed: Mapping[str, Quantity]) -> Subjects:
    """The typical person, then two for each uncertain value; `draw` counts values from 1, `person` is 0 or 1."""
    values = [fixed.get(one.name, one.value).base for one in model.parameters]
    places = {one.name: place for place, one in enumerate(model.parameters)}
    moved = swept_parameters(model, fixed)
    table = np.tile(values, (1 + 2 * len(moved), 1))
    for number, one in enumerate(moved):
        if one.uncertainty is None:
            continue
        for side, value in enumerate(edges(one.uncertainty, one.value.value)):
            table[1 + 2 * number + side, places[one.name]] = value * one.value.unit.factor
    count = np.arange(2 * len(moved), dtype=np.int64)
    return Subjects(
        parameters=np.ascontiguousarray(table),
        person=np.concatenate([[0], count % 2]),
        draw=np.concatenate([[0], 1 + count // 2]),
    )


def check_fixed(model: Model, fixed: Mapping[str, Quantity]) -> None:
    """Refuse values of parameters that a model does not have, or that are of another dimension.

    Raises
    ------
    UnknownNameError
        If a name is not that of a parameter.
    UnitError
        If a value has the wrong dimension.
    """
    known = {parameter.name: parameter for parameter in model.parameters}
    for name, quantity in fixed.items():
        if name not in known:
            message = f'the model "{model.name}" has no parameter "{name}"'
            raise UnknownNameError(message, advice=nearest(name, known))
        unit = known[name].value.unit
        if not quantity.unit.same_dimension(unit):
            raise UnitError(f'"{name}" cannot be {quantity}', advice=f"give it in {unit}")


def _centers(parameter: Parameter, seed: int, layer: Layer, draws: range) -> FloatArray:
    """The population value in each draw, in the unit of the parameter."""
    centers = np.full(len(draws), parameter.value.value)
    if layer is Layer.PEOPLE or parameter.uncertainty is None:
        return centers
    pairs = uniforms(
        seed=seed,
        stage=Stage.UNCERTAINTY,
        name=parameter.name,
        replicate=0,
        subjects=draws,
    )
    return sample(parameter.uncertainty, centers, pairs)


def _persons(
    parameter: Parameter,
    seed: int,
    layer: Layer,
    centers: FloatArray,
    draws: range,
    persons: range,
) -> FloatArray:
    """Values of the persons of each draw, shape (draws, persons)."""
    table = np.repeat(centers[:, None], len(persons), axis=1)
    if layer is Layer.TYPICAL or parameter.people is None:
        return table
    for row, draw in enumerate(draws):
        pairs = uniforms(
            seed=seed,
            stage=Stage.PEOPLE,
            name=parameter.name,
            replicate=0 if layer is Layer.PEOPLE else draw + 1,
            subjects=persons,
        )
        table[row] = sample(parameter.people, table[row], pairs)
    return table
