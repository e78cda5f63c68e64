"""People: a model's parameters drawn for persons and for what we do not know, kept apart.

Differences between persons and uncertainty of the population values come from streams of their own, keyed by seed,
parameter, person and draw; so the same seed gives the same people whatever the order or the number of workers.
Knows nothing of time, doses or solvers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from raphe.core.draws import FloatArray, Stage, edges, normals, sample, uniforms
from raphe.core.errors import UnitError, UnknownNameError, nearest
from raphe.core.units import Quantity
from raphe.language.model import Model, Parameter
from raphe.population.correlated import put_together
from raphe.population.support import Flags, outside_of
from raphe.population.table import PeopleTable, row_faults


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
    outside
        Shape (subjects,): who lies outside the support of the model or, coming from a table, of its population.
    seed, layer, fixed
        What they were drawn with: with the numbers of person and draw, the key of all that is drawn of them later.
    """

    parameters: FloatArray
    person: npt.NDArray[np.int64]
    draw: npt.NDArray[np.int64]
    outside: Flags
    seed: int = 0
    layer: Layer = Layer.BEST
    fixed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """Whom to draw: the key of every number, and how many."""

    seed: int
    layer: Layer
    draws: range
    persons: range

    def pairs(self, name: str, draw: int) -> FloatArray:
        """Two uniform numbers of each person of a draw."""
        return uniforms(
            seed=self.seed,
            stage=Stage.PEOPLE,
            name=name,
            replicate=0 if self.layer is Layer.PEOPLE else draw + 1,
            subjects=self.persons,
        )


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
    subjects = _whole(model, population, layer, trial_size, fixed, only)
    return replace(
        subjects,
        outside=subjects.outside | outside_of(model, subjects.parameters),
        seed=population.seed,
        layer=layer,
        fixed=frozenset(fixed),
    )


def _whole(
    model: Model,
    population: Population,
    layer: Layer,
    trial_size: int,
    fixed: Mapping[str, Quantity],
    only: range | None,
) -> Subjects:
    """The subjects of a layer, not yet held against the support of the model."""
    if layer is Layer.SWEPT:
        return _part(_swept(model, fixed), only)
    if layer is Layer.BEST:
        return _part(_typical(model, fixed), only)
    draws, persons, table = range(population.draws), range(1), None
    if layer is Layer.TRIALS:
        persons = range(trial_size)
    elif layer is Layer.PEOPLE:
        draws, table = range(1), population.table
        persons = range(population.people) if only is None else only
    elif only is not None:
        draws = only
    group = _Group(seed=population.seed, layer=layer, draws=draws, persons=persons)
    drawn = _drawn(model, group, fixed, table)
    return _part(drawn, only) if layer is Layer.TRIALS else drawn


def _drawn(
    model: Model, group: _Group, fixed: Mapping[str, Quantity], table: PeopleTable | None
) -> Subjects:
    """Draw by draw, person by person; first as if nothing went together, then what is given, then what follows it."""
    draws, persons = group.draws, group.persons
    columns = []
    for parameter in model.parameters:
        if parameter.name in fixed:
            columns.append(np.full(len(draws) * len(persons), fixed[parameter.name].base))
            continue
        values = _persons(parameter, group, _centers(parameter, group))
        columns.append(values.ravel() * parameter.value.unit.factor)
    subjects = Subjects(
        parameters=np.ascontiguousarray(np.stack(columns, axis=1)),
        person=np.tile(np.array(persons, dtype=np.int64), len(draws)),
        draw=np.repeat(np.array(draws, dtype=np.int64), len(persons)),
        outside=np.zeros(len(draws) * len(persons), dtype=np.bool_),
    )
    if table is not None:
        subjects = _given(model, subjects, table, fixed)
    if group.layer is Layer.TYPICAL or not model.correlations:
        return subjects
    given = {*fixed, *(() if table is None else table.names)}
    return _together(model, subjects, given, group)


def _together(model: Model, subjects: Subjects, given: set[str], group: _Group) -> Subjects:
    """The same people with the parameters that are correlated drawn together."""
    tied = {name for one in model.correlations for name in (one.leader, one.follower)}
    centers = {
        one.name: np.repeat(_centers(one, group), len(group.persons))
        for one in model.parameters
        if one.name in tied
    }

    def normals_of(name: str) -> FloatArray:
        return normals(np.concatenate([group.pairs(name, draw) for draw in group.draws]))

    parameters = put_together(
        model, subjects.parameters, given, centers=centers, normals=normals_of
    )
    return replace(subjects, parameters=parameters)


def _given(
    model: Model, subjects: Subjects, table: PeopleTable, fixed: Mapping[str, Quantity]
) -> Subjects:
    """The same people with the numbers of a table in place of those that were drawn."""
    parameters = subjects.parameters.copy()
    places = {one.name: place for place, one in enumerate(model.parameters)}
    numbers = subjects.person % len(table.rows)
    rows = np.array(table.rows)[numbers]
    for column, name in enumerate(table.names):
        if name in places and name not in fixed:  # another module need not have it
            parameters[:, places[name]] = rows[:, column]
    outside = np.array([bool(row_faults(table, model, row)) for row in numbers.tolist()])
    return replace(subjects, parameters=parameters, outside=outside)


def _part(subjects: Subjects, only: range | None) -> Subjects:
    if only is None:
        return subjects
    rows = slice(only.start, only.stop)
    return Subjects(
        parameters=np.ascontiguousarray(subjects.parameters[rows]),
        person=subjects.person[rows],
        draw=subjects.draw[rows],
        outside=subjects.outside[rows],
    )


def swept_parameters(model: Model, fixed: Mapping[str, Quantity]) -> tuple[Parameter, ...]:
    """The parameters that the layer SWEPT moves: all that are uncertain and that nothing fixes."""
    return tuple(one for one in model.parameters if one.uncertainty and one.name not in fixed)


def _typical(model: Model, fixed: Mapping[str, Quantity]) -> Subjects:
    values = [fixed.get(one.name, one.value).base for one in model.parameters]
    none = np.zeros(1, dtype=np.int64)
    inside = np.zeros(1, dtype=np.bool_)
    return Subjects(parameters=np.array([values]), person=none, draw=none, outside=inside)


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
        outside=np.zeros(len(table), dtype=np.bool_),
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


def _centers(parameter: Parameter, group: _Group) -> FloatArray:
    """The population value in each draw, in the unit of the parameter."""
    centers = np.full(len(group.draws), parameter.value.value)
    if group.layer is Layer.PEOPLE or parameter.uncertainty is None:
        return centers
    pairs = uniforms(
        seed=group.seed,
        stage=Stage.UNCERTAINTY,
        name=parameter.name,
        replicate=0,
        subjects=group.draws,
    )
    return sample(parameter.uncertainty, centers, pairs)


def _persons(parameter: Parameter, group: _Group, centers: FloatArray) -> FloatArray:
    """Values of the persons of each draw, shape (draws, persons)."""
    table = np.repeat(centers[:, None], len(group.persons), axis=1)
    if group.layer is Layer.TYPICAL or parameter.people is None:
        return table
    for row, draw in enumerate(group.draws):
        table[row] = sample(parameter.people, table[row], group.pairs(parameter.name, draw))
    return table
