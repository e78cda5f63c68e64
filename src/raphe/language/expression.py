"""Syntax trees of formulas: immutable nodes with their places. Knows nothing of units or models.

The engine turns these trees into one graph with shared nodes (`raphe.engine.graph`); derivatives are taken there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from raphe.core.errors import Place

FUNCTIONS = {"exp": 1, "ln": 1, "sqrt": 1, "tanh": 1, "abs": 1, "min": 2, "max": 2}


@dataclass(frozen=True, slots=True)
class Number:
    """A bare whole number; dimensionless, and zero fits any dimension."""

    value: float
    place: Place


@dataclass(frozen=True, slots=True)
class Name:
    """A parameter, species, quantity, in-port, `alias.name` or `time`."""

    name: str
    place: Place


@dataclass(frozen=True, slots=True)
class Concentration:
    """`[species]`: its amount over the volume of its compartment."""

    name: str
    place: Place


@dataclass(frozen=True, slots=True)
class MolarMass:
    """`molar_mass(substance)`."""

    name: str
    place: Place


@dataclass(frozen=True, slots=True)
class Negative:
    """Unary minus."""

    operand: Expression
    place: Place


@dataclass(frozen=True, slots=True)
class Binary:
    """`left operator right`; the operator is one of + - * / ^."""

    operator: str
    left: Expression
    right: Expression
    place: Place


@dataclass(frozen=True, slots=True)
class Call:
    """A call of one of `FUNCTIONS`."""

    function: str
    arguments: tuple[Expression, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Comparison:
    """`left operator right`; the operator is one of < <= > >=."""

    operator: str
    left: Expression
    right: Expression
    place: Place


@dataclass(frozen=True, slots=True)
class Conditional:
    """`if(condition, yes, no)`."""

    condition: Comparison
    yes: Expression
    no: Expression
    place: Place


Expression = (
    Number | Name | Concentration | MolarMass | Negative | Binary | Call | Comparison | Conditional
)


def children(expression: Expression) -> tuple[Expression, ...]:
    """The operands of a node, left to right."""
    match expression:
        case Negative(operand):
            return (operand,)
        case Binary(_, left, right) | Comparison(_, left, right):
            return (left, right)
        case Call(_, arguments):
            return arguments
        case Conditional(condition, yes, no):
            return (condition, yes, no)
        case _:
            return ()


def walk(expression: Expression) -> Iterator[Expression]:
    """Every node, parents before children."""
    pending = [expression]
    while pending:
        node = pending.pop()
        yield node
        pending.extend(reversed(children(node)))


def evaluate(expression: Expression, values: Mapping[str, float]) -> float:
    """The number that a formula gives, in plain floating point; the reference for the engine's kernels.

    Parameters
    ----------
    expression
        A tree without `Concentration` or `MolarMass` (composition resolves those).
    values
        In base units, by name.

    Returns
    -------
    float
        NaN where the formula has no real value.

    Raises
    ------
    KeyError
        If a name has no value.
    """
    match expression:
        case Number(value):
            return value
        case Name(name):
            return values[name]
        case Negative(operand):
            return -evaluate(operand, values)
        case Binary(operator, left, right):
            return _binary(operator, evaluate(left, values), evaluate(right, values))
        case Call(function, arguments):
            return _call(function, [evaluate(argument, values) for argument in arguments])
        case Conditional(condition, yes, no):
            return evaluate(yes if _holds(condition, values) else no, values)
    raise KeyError(str(expression))


def _holds(comparison: Comparison, values: Mapping[str, float]) -> bool:
    left, right = evaluate(comparison.left, values), evaluate(comparison.right, values)
    match comparison.operator:
        case "<":
            return left < right
        case "<=":
            return left <= right
        case ">":
            return left > right
    return left >= right


def _binary(operator: str, left: float, right: float) -> float:
    try:
        match operator:
            case "+":
                return left + right
            case "-":
                return left - right
            case "*":
                return left * right
            case "/":
                return left / right
        return math.pow(left, right)
    except (ZeroDivisionError, ValueError):
        return math.nan
    except OverflowError:
        return math.inf


def _call(function: str, arguments: list[float]) -> float:
    try:
        match function:
            case "exp":
                return math.exp(arguments[0])
            case "ln":
                return math.log(arguments[0])
            case "sqrt":
                return math.sqrt(arguments[0])
            case "tanh":
                return math.tanh(arguments[0])
            case "abs":
                return abs(arguments[0])
            case "min":
                return min(arguments)
        return max(arguments)
    except ValueError:
        return math.nan
    except OverflowError:
        return math.inf
