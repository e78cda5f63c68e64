"""Model -> Program: names to indices, formulas to one graph, everything in base units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from raphe.core.errors import InputError, UnknownNameError, nearest
from raphe.core.units import HOUR, Quantity, Unit
from raphe.engine.graph import Graph, Op, dependents, derivatives, needed
from raphe.engine.program import EventIndex, Layout, Program, RouteIndex
from raphe.engine.slopes import Roots, make_slopes
from raphe.language.expression import (
    Binary,
    Call,
    Comparison,
    Conditional,
    Expression,
    Name,
    Negative,
    Number,
    evaluate,
    walk,
)
from raphe.language.model import TIME, Event, Model

_BINARY = {
    "+": Op.ADD,
    "-": Op.SUBTRACT,
    "*": Op.MULTIPLY,
    "/": Op.DIVIDE,
    "^": Op.POWER,
    "min": Op.MIN,
    "max": Op.MAX,
}
_UNARY = {"exp": Op.EXP, "ln": Op.LN, "sqrt": Op.SQRT, "tanh": Op.TANH, "abs": Op.ABS}


class _Lowering:
    """Formulas to nodes of one graph."""

    def __init__(self, model: Model, symbols: Mapping[str, int]) -> None:
        self.graph = Graph()
        self.symbols = symbols
        self.formulas = {quantity.name: quantity.formula for quantity in model.quantities}
        self._named: dict[str, int] = {}

    def name(self, name: str) -> int:
        """Node of a state, parameter, quantity or time."""
        if name in self.symbols:
            return self.graph.symbol(self.symbols[name])
        if name not in self._named:
            self._named[name] = self.node(self.formulas[name])
        return self._named[name]

    def node(self, expression: Expression | Quantity) -> int:
        """Node of a formula."""
        match expression:
            case Quantity():
                return self.graph.constant(expression.base)
            case Number(value):
                return self.graph.constant(value)
            case Name(name):
                return self.name(name)
            case Negative(operand):
                return self.graph.unary(Op.NEGATE, self.node(operand))
            case Binary(operator, left, right):
                return self.graph.binary(_BINARY[operator], self.node(left), self.node(right))
            case Call(function, arguments) if function in _UNARY:
                return self.graph.unary(_UNARY[function], self.node(arguments[0]))
            case Call(function, arguments):
                pair = [self.node(argument) for argument in arguments]
                return self.graph.binary(_BINARY[function], pair[0], pair[1])
            case Conditional(condition, yes, no):
                return self._conditional(condition, self.node(yes), self.node(no))
        raise TypeError(f"composition left {expression!r} in a formula")

    def _conditional(self, condition: Comparison, yes: int, no: int) -> int:
        left, right = self.node(condition.left), self.node(condition.right)
        op = Op.SELECT_LESS if condition.operator in ("<", ">") else Op.SELECT_LESS_EQUAL
        pair = (left, right) if condition.operator in ("<", "<=") else (right, left)
        return self.graph.select(op, pair, yes, no)

    def trigger(self, condition: Comparison) -> int:
        """A node that is positive where the condition holds."""
        left, right = self.node(condition.left), self.node(condition.right)
        pair = (right, left) if condition.operator in ("<", "<=") else (left, right)
        return self.graph.binary(Op.SUBTRACT, *pair)


def lower(
    model: Model, *, outputs: tuple[str, ...] | None = None, sensitivities: tuple[str, ...] = ()
) -> Program:
    """Turn a flat model into a program; species that no output, event or route needs are left out.

    Parameters
    ----------
    model
        As composition makes it.
    outputs
        Names of species, quantities or parameters to keep; by default those that the model shows or is asked for.
    sensitivities
        Names of parameters by which the outputs are to be differentiated.

    Returns
    -------
    Program

    Raises
    ------
    UnknownNameError
        If an output or parameter is not in the model.
    InputError
        If sensitivities are asked of a model with events that wait for a condition.
    """
    kept = _default_outputs(model) if outputs is None else outputs
    units = _units(model)
    for name in kept:
        if name not in units:
            message = f'the model "{model.name}" has no quantity "{name}"'
            raise UnknownNameError(message, advice=nearest(name, units))
    model = _pruned(model, kept)
    states = [species.name for species in model.species]
    parameters = [parameter.name for parameter in model.parameters]
    symbols = {name: index for index, name in enumerate([*states, *parameters, TIME])}
    lowering = _Lowering(model, symbols)
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


def _rates(model: Model, lowering: _Lowering, inputs: tuple[int, ...]) -> list[int]:
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


def _default_outputs(model: Model) -> tuple[str, ...]:
    names = [shown.quantity for shown in model.shown]
    names += [target.quantity for target in model.targets]
    return tuple(dict.fromkeys(names))


def _pruned(model: Model, kept: tuple[str, ...]) -> Model:
    """The model without species that nothing asked for depends on."""
    formulas = {quantity.name: quantity.formula for quantity in model.quantities}
    formulas |= {derivative.species: derivative.rate for derivative in model.derivatives}
    pending = [*kept, *(route.species for route in model.routes)]
    for event in model.events:
        pending += [assignment.species for assignment in event.assignments]
        roots = [assignment.formula for assignment in event.assignments]
        roots += [] if event.when is None else [event.when]
        pending += [n.name for root in roots for n in walk(root) if isinstance(n, Name)]
    found: set[str] = set()
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            if name in formulas:
                pending += [n.name for n in walk(formulas[name]) if isinstance(n, Name)]
    return replace(
        model,
        species=tuple(species for species in model.species if species.name in found),
        derivatives=tuple(one for one in model.derivatives if one.species in found),
    )


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
    event: Event, lowering: _Lowering, symbols: Mapping[str, int], settings: list[str]
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
    """Size of each state: where it starts for the typical person, or one of its unit if it starts at 0."""
    values = {parameter.name: parameter.value.base for parameter in model.parameters}
    for quantity in model.quantities:
        try:
            values[quantity.name] = evaluate(quantity.formula, values)
        except KeyError:  # depends on states
            continue
    scales = []
    for species in model.species:
        start = 0.0 if species.start is None else abs(evaluate(species.start, values))
        scales.append(start if 0.0 < start < float("inf") else species.unit.factor)
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
