"""Sines, cosines and whole parts of time -> states, since formulas of raphe have no such functions.

sin(a t + b) and cos(a t + b) turn as one pair of states, so that the step of the solver follows them; floor(a t + b) is
a state that an event moves by 1 whenever it must, so that no such moment is stepped over. Of anything but time in a
straight line they are refused. Knows nothing of SBML.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from raphe.core.errors import Place
from raphe.core.sources import Provenance, Status
from raphe.core.units import DIMENSIONLESS, Quantity
from raphe.exchange.mathml import truth_of
from raphe.exchange.moment import depending, mapped, mapped_comparison, named
from raphe.language.expression import (
    Binary,
    Call,
    Comparison,
    Expression,
    Name,
    Negative,
    Number,
    evaluate,
    walk,
)
from raphe.language.findings import Code, Findings
from raphe.language.model import (
    TIME,
    Assignment,
    Derivative,
    Event,
    Model,
    Parameter,
    Species,
)
from raphe.language.show import expression_text

_FUNCTIONS: dict[str, Callable[[float], float]] = {
    "sin": math.sin,
    "cos": math.cos,
    "floor": math.floor,
}


@dataclass(frozen=True, slots=True)
class _Line:
    """rate * time + offset."""

    rate: Expression
    offset: Expression


@dataclass(slots=True)
class _Clocks:
    """What has been made so far."""

    model: Model
    moving: set[str]
    findings: Findings
    names: dict[tuple[str, str], str] = field(default_factory=dict)  # function, argument -> name
    parameters: list[Parameter] = field(default_factory=list)
    species: list[Species] = field(default_factory=list)
    derivatives: list[Derivative] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)


def add_clocks(model: Model, findings: Findings) -> Model:
    """Put states in the place of sines, cosines and whole parts of time.

    Parameters
    ----------
    model
        Flat, but for calls of `sin`, `cos` and `floor`.
    findings
        Takes what cannot be done.

    Returns
    -------
    Model
        Without such calls, unless there are findings.
    """
    formulas = {one.name: one.formula for one in model.quantities}
    moving = depending(formulas, [TIME, *(one.name for one in model.species)])
    clocks = _Clocks(model, moving, findings)

    def changed(expression: Expression) -> Expression:
        return mapped(expression, lambda node: _replaced(clocks, node))

    quantities = tuple(replace(o, formula=changed(o.formula)) for o in model.quantities)
    derivatives = tuple(replace(o, rate=changed(o.rate)) for o in model.derivatives)
    events = tuple(_changed_event(one, changed, clocks) for one in model.events)
    species = tuple(
        one if one.start is None else replace(one, start=changed(one.start))
        for one in model.species
    )
    return replace(
        model,
        parameters=(*model.parameters, *clocks.parameters),
        quantities=quantities,
        species=(*species, *clocks.species),
        derivatives=(*derivatives, *clocks.derivatives),
        events=(*clocks.events, *events),
    )


def _changed_event(
    one: Event, changed: Callable[[Expression], Expression], clocks: _Clocks
) -> Event:
    assignments = tuple(replace(a, formula=changed(a.formula)) for a in one.assignments)
    when = one.when
    if when is not None:
        when = mapped_comparison(when, lambda node: _replaced(clocks, node))
    return replace(one, assignments=assignments, when=when)


def _replaced(clocks: _Clocks, node: Expression) -> Expression | None:
    """What stands for a sine, cosine or whole part; None for anything else."""
    if not isinstance(node, Call) or node.function not in _FUNCTIONS:
        return None
    argument = mapped(node.arguments[0], lambda inner: _replaced(clocks, inner))
    line = _line(clocks, argument)
    if line is None:
        message = f'"{node.function}({expression_text(argument)})" is not supported'
        advice = "its argument must be a constant, or time times a constant plus a constant"
        clocks.findings.error(Code.UNSUPPORTED, message, node.place, advice)
        return Number(0.0, node.place)
    key = (node.function, expression_text(argument))
    if key not in clocks.names:
        _make(clocks, node.function, key[1], line, node.place)
    return Name(clocks.names[key], node.place)


def _line(clocks: _Clocks, expression: Expression) -> _Line | None:
    """An argument as a straight line in time; None if it is none."""
    place = expression.place
    if not named(expression) & clocks.moving:
        return _Line(Number(0.0, place), expression)
    match expression:
        case Name(name) if name == TIME:
            return _Line(Number(1.0, place), Number(0.0, place))
        case Name(name):
            formulas = {one.name: one.formula for one in clocks.model.quantities}
            return _line(clocks, formulas[name]) if name in formulas else None
        case Negative(operand):
            inner = _line(clocks, operand)
            return None if inner is None else _scaled(inner, lambda one: Negative(one, place))
        case Binary(("+" | "-") as operator, left, right):
            one, other = _line(clocks, left), _line(clocks, right)
            if one is None or other is None:
                return None
            return _Line(
                Binary(operator, one.rate, other.rate, place),
                Binary(operator, one.offset, other.offset, place),
            )
        case Binary("*", left, right) if not named(left) & clocks.moving:
            inner = _line(clocks, right)
            return None if inner is None else _scaled(inner, lambda o: Binary("*", left, o, place))
        case Binary(("*" | "/") as operator, left, right) if not named(right) & clocks.moving:
            inner = _line(clocks, left)
            if inner is None:
                return None
            return _scaled(inner, lambda one: Binary(operator, one, right, place))
    return None


def _scaled(line: _Line, change: Callable[[Expression], Expression]) -> _Line:
    return _Line(change(line.rate), change(line.offset))


def _make(clocks: _Clocks, function: str, argument: str, line: _Line, place: Place) -> None:
    """Make the states, or the number, that stand for a function of an argument."""
    number = 1 + len(clocks.names)
    fixed = expression_text(line.rate) == "0"
    if fixed or function == "floor":
        name = f"{function}.{number}"
        start = _number(clocks, f"{name}.start" if not fixed else name, function, line, place)
        clocks.names[function, argument] = name
        if not fixed:
            _add_steps(clocks, name, start, line)
        return
    sine, cosine = f"sin.{number}", f"cos.{number}"
    clocks.names["sin", argument], clocks.names["cos", argument] = sine, cosine
    for name, rate, called in (
        (sine, Binary("*", line.rate, Name(cosine, place), place), "sin"),
        (cosine, Negative(Binary("*", line.rate, Name(sine, place), place), place), "cos"),
    ):
        start = _number(clocks, f"{name}.start", called, line, place)
        clocks.species.append(
            Species(name=name, unit=DIMENSIONLESS, start=start, size=1.0, place=place)
        )
        clocks.derivatives.append(Derivative(species=name, rate=rate, place=place))


def _number(clocks: _Clocks, name: str, function: str, line: _Line, place: Place) -> Expression:
    """A function of the offset of a line, worked out from the numbers of the document."""
    value = float(_FUNCTIONS[function](evaluate(line.offset, _values(clocks.model))))
    if value in (0.0, 1.0):
        return Number(value, place)
    text = f"{function}({expression_text(line.offset)})"
    note = f"{text}, worked out once: it does not follow when a parameter in it is changed"
    provenance = Provenance(status=Status.DERIVED, note=note)
    quantity = Quantity(value, DIMENSIONLESS)
    clocks.parameters.append(
        Parameter(name=name, value=quantity, meaning=text, provenance=provenance, place=place)
    )
    named_ones = {parameter.name for parameter in clocks.model.parameters}
    if any(isinstance(n, Name) and n.name in named_ones for n in walk(line.offset)):
        clocks.findings.warning(Code.UNUSED, note, place, "change it together with them")
    return Name(name, place)


def _values(model: Model) -> dict[str, float]:
    """Numbers of the parameters, and of the quantities that depend on nothing else."""
    values = {one.name: one.value.base for one in model.parameters}
    for one in model.quantities:
        try:
            values[one.name] = evaluate(one.formula, values)
        except KeyError:  # depends on states, on time, or on a function that evaluate has not
            continue
    return values


def _add_steps(clocks: _Clocks, name: str, start: Expression, line: _Line) -> None:
    """A state that is a whole number, and the events that move it up or down by 1."""
    place = start.place
    one = Number(1.0, place)
    time = Name(TIME, place)
    value = Binary("+", Binary("*", line.rate, time, place), line.offset, place)
    state = Name(name, place)
    above = Binary("+", state, one, place)
    clocks.species.append(
        Species(name=name, unit=DIMENSIONLESS, start=start, size=1.0, place=place)
    )
    clocks.derivatives.append(Derivative(species=name, rate=Number(0.0, place), place=place))
    for direction, comparison, changed in (
        ("up", Comparison(">=", value, above, place), above),
        ("down", Comparison("<", value, state, place), Binary("-", state, one, place)),
    ):
        clocks.events.append(
            Event(
                name=f"{name}.{direction}",
                when=Comparison(">", truth_of(comparison), Number(0.0, place), place),
                assignments=(Assignment(species=name, formula=changed, place=place),),
                place=place,
            )
        )
