"""Formulas of a flat model -> nodes of one graph, in base units. Knows nothing of programs."""

from __future__ import annotations

from collections.abc import Mapping

from raphe.core.units import Quantity
from raphe.engine.graph import Graph, Op
from raphe.language.expression import (
    Binary,
    Call,
    Comparison,
    Conditional,
    Expression,
    Name,
    Negative,
    Number,
)
from raphe.language.model import Model

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


class Nodes:
    """The formulas of a model as nodes of one graph, in which `symbols` numbers states, parameters and time."""

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
