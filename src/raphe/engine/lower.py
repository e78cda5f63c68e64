"""Model -> Program: names to indices, formulas to one graph, everything in base units."""

from __future__ import annotations

from collections.abc import Mapping

from raphe.core.errors import InputError, UnknownNameError, nearest
from raphe.core.units import HOUR, Quantity, Unit
from raphe.engine.graph import Graph, Op, dependents, derivatives, needed
from raphe.engine.nodes import Nodes
from raphe.engine.program import EventIndex, Layout, Program, RouteIndex
from raphe.engine.prune import prune
from raphe.engine.slopes import Roots, make_slopes
from raphe.language.expression import (
    Expression,
    Name,
    evaluate,
)
from raphe.language.model import TIME, Event, Model


def lower(
    model: Model,
    *,
    outputs: tuple[str, ...] | None = None,
    doses: tuple[str, ...] | None = None,
    sensitivities: tuple[str, ...] = (),
) -> Program:
    """Turn a flat model into a program; species that nothing asked for needs, or that nothing ever fills, are left out.

    Parameters
    ----------
    model
        As composition makes it.
    outputs
        Names of species, quantities or parameters to keep; by default those that the model shows or is asked for.
    doses
        Names of the routes that doses will take; by default all routes of the model. What only the others would fill
        costs nothing.
    sensitivities
        Names of parameters by which the outputs are to be differentiated.

    Returns
    -------
    Program

    Raises
    ------
    UnknownNameError
        If an output, route or parameter is not in the model.
    InputError
        If sensitivities are asked of a model with events that wait for a condition.
    """
    kept = _kept(model, outputs, doses)
    model = prune(model, kept, doses)
    states = [species.name for species in model.species]
    parameters = [parameter.name for parameter in model.parameters]
    symbols = {name: index for index, name in enumerate([*states, *parameters, TIME])}
    lowering = Nodes(model, symbols)
    inputs = tuple(dict.fromkeys(states.index(route.species) for route in model.routes))
    rates = _rates(model, lowering, inputs)
    zero = lowering.graph.constant(0.0)
    starts = [zero if s.start is None else lowering.node(s.start) for s in model.species]
    settings = _settings(model)
    setting_nodes = [lowering.node(formula) for formula in settings.values()]
    output_nodes = [lowering.name(name) for name in kept]
    events = tuple(_event(event, lowering, symbols, list(settings)) for event in model.events)
    jacobian, time_slopes = _jacobian(lowering.graph, rates, symbols[TIME])
    used = [*rates, *output_nodes, *(n for *_, n in jacobian), *(n for _, n in time_slopes)]
    used += [n for e in events for n in (*e.values, *((e.trigger,) if e.trigger >= 0 else ()))]
    slopes = None
    if sensitivities:
        roots = Roots(
            states=len(states),
            first_parameter=len(states),
            time=symbols[TIME],
            rates=rates,
            starts=starts,
            settings=setting_nodes,
            outputs=output_nodes,
            values=[value for event in events for value in event.values],
            jacobian=jacobian,
            time_slopes=time_slopes,
        )
        slopes = make_slopes(lowering.graph, roots, _chosen(model, sensitivities))
        used += slopes.moving_nodes()
    moving = [*range(len(states)), *range(symbols[TIME], len(symbols) + len(inputs))]
    return Program(
        layout=_layout(model, kept, list(settings)),
        nodes=tuple(lowering.graph.nodes),
        rates=tuple(rates),
        starts=tuple(starts),
        outputs=tuple(output_nodes),
        settings=tuple(setting_nodes),
        jacobian=jacobian,
        time_slopes=time_slopes,
        derived=_derived(lowering.graph, used, moving),
        inputs=inputs,
        events=events,
        routes=_routes(model, (states, parameters, list(settings)), inputs),
        scales=_scales(model),
        defaults=tuple(parameter.value.base for parameter in model.parameters),
        slopes=slopes,
    )


def _rates(model: Model, lowering: Nodes, inputs: tuple[int, ...]) -> list[int]:
    """Rate of each state, with what flows in from outside."""
    formulas = {derivative.species: derivative.rate for derivative in model.derivatives}
    rates = [lowering.node(formulas[species.name]) for species in model.species]
    for position, state in enumerate(inputs):
        flow = lowering.graph.symbol(len(lowering.symbols) + position)
        rates[state] = lowering.graph.binary(Op.ADD, rates[state], flow)
    return rates


def _chosen(model: Model, names: tuple[str, ...]) -> list[int]:
    """Indices of the parameters that sensitivities are asked of."""
    known = [parameter.name for parameter in model.parameters]
    for name in names:
        if name not in known:
            message = f'the model "{model.name}" has no parameter "{name}"'
            raise UnknownNameError(message, advice=nearest(name, known))
        if names.count(name) > 1:
            raise InputError(f'sensitivities by "{name}" are asked twice')
    waiting = [event.name for event in model.events if event.when is not None]
    if waiting:
        message = f'no sensitivities across "{waiting[0]}", an event that waits for a condition'
        raise InputError(message, advice="give the event a time")
    return [known.index(name) for name in names]


def _jacobian(
    graph: Graph, rates: list[int], time: int
) -> tuple[tuple[tuple[int, int, int], ...], tuple[tuple[int, int], ...]]:
    """Derivatives of the rates with respect to the states and to time."""
    slopes = derivatives(graph, rates, [*range(len(rates)), time])
    jacobian = tuple(
        (row, column, node)
        for row, slope in enumerate(slopes)
        for column, node in sorted(slope.items())
        if column != time
    )
    return jacobian, tuple((row, slope[time]) for row, slope in enumerate(slopes) if time in slope)


def _layout(model: Model, kept: tuple[str, ...], settings: list[str]) -> Layout:
    units = _units(model)
    return Layout(
        states=tuple(species.name for species in model.species),
        state_units=tuple(species.unit for species in model.species),
        parameters=tuple(parameter.name for parameter in model.parameters),
        parameter_units=tuple(parameter.value.unit for parameter in model.parameters),
        outputs=kept,
        output_units=tuple(units[name] for name in kept),
        settings=tuple(settings),
        routes=tuple(route.name for route in model.routes),
    )


def _kept(
    model: Model, outputs: tuple[str, ...] | None, doses: tuple[str, ...] | None
) -> tuple[str, ...]:
    """Names of the outputs that are kept; by default levels of what is taken, what is shown, what can be asked for."""
    if outputs is None:
        taken = [one for one in model.drugs if doses is None or one.route in doses]
        names = [one.level.quantity for one in taken if one.level is not None]
        names += [one.quantity for one in model.shown]
        names += [one.quantity for one in model.targets]
        outputs = tuple(dict.fromkeys(names))
    units = _units(model)
    for name in outputs:
        if name not in units:
            message = f'the model "{model.name}" has no quantity "{name}"'
            raise UnknownNameError(message, advice=nearest(name, units))
    return outputs


def _units(model: Model) -> dict[str, Unit]:
    units = {species.name: species.unit for species in model.species}
    units |= {quantity.name: quantity.unit for quantity in model.quantities}
    units |= {parameter.name: parameter.value.unit for parameter in model.parameters}
    units[TIME] = HOUR
    return units


def _settings(model: Model) -> dict[str, Expression | Quantity]:
    """What a run must know of a subject beforehand: the settings of routes, the times of events."""
    wanted: dict[str, Expression | Quantity] = {}
    for route in model.routes:
        for name in route.settings:
            wanted[name] = Name(name, route.place)
    for event in model.events:
        if event.at is not None:
            wanted[f"time of {event.name}"] = event.at
    return wanted


def _event(
    event: Event, lowering: Nodes, symbols: Mapping[str, int], settings: list[str]
) -> EventIndex:
    return EventIndex(
        trigger=-1 if event.when is None else lowering.trigger(event.when),
        time=-1 if event.at is None else settings.index(f"time of {event.name}"),
        states=tuple(symbols[assignment.species] for assignment in event.assignments),
        values=tuple(lowering.node(assignment.formula) for assignment in event.assignments),
    )


def _routes(
    model: Model, names: tuple[list[str], list[str], list[str]], inputs: tuple[int, ...]
) -> tuple[RouteIndex, ...]:
    states, parameters, settings = names
    substances = {species.name: species.substance for species in model.species}

    def setting(name: str | None) -> int:
        return -1 if name is None else settings.index(name)

    found = []
    for route in model.routes:
        substance = substances[route.species]
        state = states.index(route.species)
        found.append(
            RouteIndex(
                state=state,
                input=inputs.index(state),
                lag=setting(route.lag),
                fraction=setting(route.fraction),
                duration=setting(route.duration),
                rate=setting(route.rate),
                molar_mass=-1 if substance is None else parameters.index(substance),
            )
        )
    return tuple(found)


def _scales(model: Model) -> tuple[float, ...]:
    """Size of each state: where it starts for the typical person, or if that is 0 its own, or one of its unit."""
    values = {parameter.name: parameter.value.base for parameter in model.parameters}
    for quantity in model.quantities:
        try:
            values[quantity.name] = evaluate(quantity.formula, values)
        except KeyError:  # depends on states
            continue
    scales = []
    for species in model.species:
        start = 0.0 if species.start is None else abs(evaluate(species.start, values))
        small = species.unit.factor if species.size is None else species.size
        scales.append(start if 0.0 < start < float("inf") else small)
    return tuple(scales)


def _derived(graph: Graph, used: list[int], moving: list[int]) -> tuple[int, ...]:
    """Nodes of parameters alone that the moving part of the graph, or its roots, use."""
    changing = dependents(graph.nodes, moving)
    kept = set()
    for number in needed(graph.nodes, used):
        fixed = [o for o in graph.nodes[number].operands if o not in changing]
        if number in changing:
            kept.update(fixed)
    kept.update(root for root in used if root not in changing)
    trivial = (Op.CONSTANT, Op.SYMBOL)
    return tuple(sorted(n for n in kept if graph.nodes[n].op not in trivial))
