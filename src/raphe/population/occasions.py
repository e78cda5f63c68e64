"""What differs from occasion to occasion within a person, by key: seed, name, person, draw, time of the occasion."""

from __future__ import annotations

import numpy as np

from raphe.core.draws import FloatArray, Stage, normals, sample_at, uniforms
from raphe.language.model import Model, Parameter
from raphe.population.people import Layer, Subjects


def varying(model: Model, subjects: Subjects) -> tuple[tuple[int, Parameter], ...]:
    """The parameters that differ between occasions of these subjects, with their places in the model.

    Nothing differs in the typical person, nor what everybody shares.
    """
    if subjects.layer not in (Layer.PEOPLE, Layer.TRIALS):
        return ()
    return tuple(
        (place, one)
        for place, one in enumerate(model.parameters)
        if one.occasions is not None and one.name not in subjects.fixed
    )


def vary(parameter: Parameter, values: FloatArray, subjects: Subjects, number: int) -> FloatArray:
    """A parameter of each subject in one occasion.

    Parameters
    ----------
    parameter
        Has a spread between occasions.
    values
        Shape (subjects,): the persons' own values, base units.
    subjects
        Who they are; persons of one draw are numbered without gaps.
    number
        Of the occasion: the second at which it is due.

    Returns
    -------
    array of shape (subjects,), base units
    """
    if parameter.occasions is None:
        return values
    factor = parameter.value.unit.factor
    return (
        sample_at(
            parameter.occasions.spread, values / factor, _normals(parameter.name, subjects, number)
        )
        * factor
    )


def _normals(name: str, subjects: Subjects, number: int) -> FloatArray:
    """A standard normal number of each subject."""
    found = np.empty(len(subjects.person))
    for draw in np.unique(subjects.draw).tolist():
        rows = np.flatnonzero(subjects.draw == draw)
        first = int(subjects.person[rows[0]])
        pairs = uniforms(
            seed=subjects.seed,
            stage=Stage.OCCASIONS,
            name=f"{name}@{number}",
            replicate=0 if subjects.layer is Layer.PEOPLE else draw + 1,
            subjects=range(first, first + len(rows)),
        )
        found[rows] = normals(pairs)
    return found
