"""Model -> the part of it that a run needs: without states that nothing asks for, or that nothing ever fills."""

from __future__ import annotations

from dataclasses import replace

from raphe.core.errors import UnknownNameError, nearest
from raphe.engine.nodes import Nodes
from raphe.language.expression import Name, Number, walk
from raphe.language.model import TIME, AssignedQuantity, Model, Species
from raphe.language.paths import behind, reads


def prune(model: Model, kept: tuple[str, ...], doses: tuple[str, ...] | None) -> Model:
    """Leave out what a run does not need.

    Parameters
    ----------
    model
        As composition makes it.
    kept
        Names of the outputs.
    doses
        Names of the routes that doses will take; None for all.

    Returns
    -------
    Model
        Species that stay at 0 are quantities of 0 in it.

    Raises
    ------
    UnknownNameError
        If a route is not in the model.
    """
    if doses is not None:
        known = [route.name for route in model.routes]
        for name in doses:
            if name not in known:
                message = f'the model "{model.name}" has no route "{name}"'
                raise UnknownNameError(message, advice=nearest(name, known))
        model = replace(model, routes=tuple(r for r in model.routes if r.name in doses))
    return _needed(_without(model, _idle(model)), kept)


def _without(model: Model, idle: set[str]) -> Model:
    """The model with some species written as quantities of 0."""
    gone = [species for species in model.species if species.name in idle]
    zeros = tuple(
        AssignedQuantity(name=s.name, unit=s.unit, formula=Number(0.0, s.place), place=s.place)
        for s in gone
    )
    return replace(
        model,
        species=tuple(species for species in model.species if species.name not in idle),
        derivatives=tuple(one for one in model.derivatives if one.species not in idle),
        quantities=(*zeros, *model.quantities),
    )


def _idle(model: Model) -> set[str]:
    """Species that start at 0 and stay there: nothing fills them while all of them are 0."""
    filled = {route.species for route in model.routes}
    filled |= {one.species for event in model.events for one in event.assignments}
    idle = {s.name for s in model.species if _starts_empty(s) and s.name not in filled}
    rates = {derivative.species: derivative.rate for derivative in model.derivatives}
    while True:
        rest = _without(model, idle)
        names = [species.name for species in rest.species]
        names += [parameter.name for parameter in rest.parameters]
        nodes = Nodes(rest, {name: index for index, name in enumerate([*names, TIME])})
        moving = {name for name in idle if nodes.graph.value(nodes.node(rates[name])) != 0.0}
        if not moving:
            return idle
        idle -= moving


def _starts_empty(species: Species) -> bool:
    start = species.start
    return start is None or (isinstance(start, Number) and start.value == 0.0)


def _needed(model: Model, kept: tuple[str, ...]) -> Model:
    """The model without species that nothing asked for depends on."""
    pending = [*kept, *(route.species for route in model.routes)]
    for event in model.events:
        pending += [assignment.species for assignment in event.assignments]
        roots = [assignment.formula for assignment in event.assignments]
        roots += [] if event.when is None else [event.when]
        pending += [n.name for root in roots for n in walk(root) if isinstance(n, Name)]
    found = behind(reads(model), pending)
    return replace(
        model,
        species=tuple(species for species in model.species if species.name in found),
        derivatives=tuple(one for one in model.derivatives if one.species in found),
    )
