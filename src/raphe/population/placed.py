"""Places in the unit cube -> subjects, by the inverse of each distribution: where a sensitivity analysis wants them.

`people` draws subjects from keys; here every number that varies is a column that somebody else fills.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from raphe.core.draws import (
    Bernoulli,
    Distribution,
    FloatArray,
    LogNormal,
    LogUniform,
    Normal,
    Stage,
    Uniform,
)
from raphe.core.units import Quantity
from raphe.language.model import Model
from raphe.population.correlated import put_together
from raphe.population.people import Subjects
from raphe.population.support import outside_of
from raphe.population.table import PeopleTable


@dataclass(frozen=True, slots=True, order=True)
class Column:
    """One spread of one parameter: between people, or of what is not known of its value."""

    stage: Stage
    name: str


TABLE_ROW = Column(Stage.PEOPLE, "row of the table of people")


def quantile(distribution: Distribution, center: FloatArray, place: FloatArray) -> FloatArray:
    """The value below which a share of a distribution lies.

    Parameters
    ----------
    distribution
        Its numbers in the unit of `center`.
    center
        Shape (subjects,): the value that it lies about (not used by uniform ones).
    place
        Shape (subjects,): shares, inside (0, 1).

    Returns
    -------
    array of shape (subjects,)

    Examples
    --------
    >>> quantile(Uniform(0.0, 10.0), np.array([3.0]), np.array([0.25])).tolist()
    [2.5]
    """
    match distribution:
        case Normal(sd):
            return np.asarray(center + sd * ndtri(place))
        case LogNormal():
            return np.asarray(center * np.exp(distribution.log_sd * ndtri(place)))
        case Uniform(low, high):
            return np.asarray(low + (high - low) * place)
        case LogUniform(low, high):
            return np.asarray(low * np.exp(math.log(high / low) * place))
        case Bernoulli(probability):
            return (place < probability).astype(np.float64)


def columns_of(model: Model, used: Collection[str], fixed: Collection[str]) -> tuple[Column, ...]:
    """Every spread of the parameters of a model that a run depends on and nothing fixes, in the model's order."""
    columns = []
    for one in model.parameters:
        if one.name in used and one.name not in fixed:
            if one.people is not None:
                columns.append(Column(Stage.PEOPLE, one.name))
            if one.uncertainty is not None:
                columns.append(Column(Stage.UNCERTAINTY, one.name))
    return tuple(columns)


def place_subjects(
    model: Model,
    columns: Sequence[Column],
    places: FloatArray,
    *,
    fixed: Mapping[str, Quantity],
    table: PeopleTable | None = None,
) -> Subjects:
    """Subjects at given places of their distributions.

    Parameters
    ----------
    model
        Its parameters carry the distributions.
    columns
        What varies; a spread that is not among them stays at its middle: the typical person, the best estimate.
    places
        Shape (subjects, columns), inside (0, 1).
    fixed
        Parameters that everybody shares.
    table
        People whose numbers are given; the column `TABLE_ROW` picks the row.

    Returns
    -------
    Subjects
        Numbered from 0.
    """
    at = {column: places[:, number] for number, column in enumerate(columns)}
    found, centers = [], {}
    for one in model.parameters:
        if one.name in fixed:
            found.append(np.full(len(places), fixed[one.name].base))
            continue
        values = np.full(len(places), one.value.value)
        for stage, spread in ((Stage.UNCERTAINTY, one.uncertainty), (Stage.PEOPLE, one.people)):
            place = at.get(Column(stage, one.name))
            centers[one.name] = values
            if place is not None and spread is not None:
                values = quantile(spread, values, place)
        found.append(values * one.value.unit.factor)
    parameters = np.ascontiguousarray(np.stack(found, axis=1))
    given = set(fixed)
    if table is not None and TABLE_ROW in at:
        rows = np.array(table.rows)[(at[TABLE_ROW] * len(table.rows)).astype(np.int64)]
        numbers = {one.name: number for number, one in enumerate(model.parameters)}
        for column, name in enumerate(table.names):
            if name in numbers and name not in fixed:
                parameters[:, numbers[name]] = rows[:, column]
                given.add(name)
    varied = {column.name for column in at if column.stage is Stage.PEOPLE}

    def normals_of(name: str) -> FloatArray:
        place = at.get(Column(Stage.PEOPLE, name))
        return np.zeros(len(places)) if place is None else np.asarray(ndtri(place))

    parameters = put_together(
        model,
        parameters,
        given,
        centers={name: centers[name] for name in varied if name in centers},
        normals=normals_of,
    )
    count = np.arange(len(places), dtype=np.int64)
    return Subjects(
        parameters=parameters,
        person=count,
        draw=np.zeros_like(count),
        outside=outside_of(model, parameters),
    )
