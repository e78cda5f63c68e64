"""Parameters that go together between people, drawn by a Gaussian copula; all others are none of its business.

A number that is given for a person (fixed, or from a table) moves those that are correlated with it: they are drawn as
people with that number have them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np

from raphe.core.copula import correlation_matrix, groups_of, lower_root, mix
from raphe.core.draws import Continuous, FloatArray, normal_at, sample_at
from raphe.core.errors import InputError
from raphe.language.model import Model

Normals = Callable[[str], FloatArray]


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What is known of each person, and what the numbers lie about.

    Parameters
    ----------
    centers
        Parameter -> population value of each subject, in its unit; of all that differ between people.
    values
        Parameter -> value of each subject, in its unit; of those that are given.
    """

    centers: Mapping[str, FloatArray]
    values: Mapping[str, FloatArray]


def draw_correlated(model: Model, given: Given, normals: Normals) -> dict[str, FloatArray]:
    """Draw the parameters of a model that are correlated with others.

    Parameters
    ----------
    model
        Gives distributions and correlations.
    given
        What is known of the subjects.
    normals
        Parameter -> a standard normal number of each subject, by its key.

    Returns
    -------
    dict
        Parameter -> value of each subject, in its unit; only of those that are in a correlation and not given.

    Raises
    ------
    InputError
        If the correlations of a group cannot all hold; a model that was checked has none.
    """
    spreads = {
        one.name: one.people for one in model.parameters if isinstance(one.people, Continuous)
    }
    values = {(one.leader, one.follower): one.value for one in model.correlations}
    found: dict[str, FloatArray] = {}
    for group in groups_of(tuple(values)):
        known = [name for name in group if name in given.values]
        names = [*known, *(name for name in group if name not in known)]
        root = lower_root(correlation_matrix(names, values))
        if root is None:
            raise InputError(f"the correlations of {', '.join(names)} cannot all hold")
        own = np.stack([normals(name) for name in names], axis=1)
        fixed = [normal_at(spreads[n], given.centers[n], given.values[n]) for n in known]
        mixed = mix(root, own, np.stack(fixed, axis=1) if fixed else own[:, :0])
        for place, name in enumerate(names[len(known) :], start=len(known)):
            found[name] = sample_at(spreads[name], given.centers[name], mixed[:, place])
    return found


def put_together(
    model: Model,
    parameters: FloatArray,
    given: Collection[str],
    *,
    centers: Mapping[str, FloatArray],
    normals: Normals,
) -> FloatArray:
    """The same people with the parameters that are correlated drawn together.

    Parameters
    ----------
    model
        Gives distributions and correlations.
    parameters
        Shape (subjects, parameters), base units: the people as if nothing went together.
    given
        Parameters whose values stay as they are.
    centers, normals
        Parameter -> population value of each subject, in its unit; and a standard normal number of each. A correlation
        with a parameter that neither has a center nor is given is left out.

    Returns
    -------
    array of the shape of `parameters`
    """
    known = {*centers, *given}
    together = tuple(
        one for one in model.correlations if one.leader in known and one.follower in known
    )
    tied = {name for one in together for name in (one.leader, one.follower)}
    own = {place: one for place, one in enumerate(model.parameters) if one.name in tied}
    values = {
        one.name: parameters[:, place] / one.value.unit.factor
        for place, one in own.items()
        if one.name in given
    }
    middles = {
        one.name: centers.get(one.name, np.full(len(parameters), one.value.value))
        for one in own.values()
    }
    drawn = draw_correlated(
        replace(model, correlations=together), Given(centers=middles, values=values), normals
    )
    found = parameters.copy()
    for place, one in own.items():
        if one.name in drawn:
            found[:, place] = drawn[one.name] * one.value.unit.factor
    return found
