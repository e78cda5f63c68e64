"""Nodes of a program computed with any array library that looks like NumPy. Knows no solver."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from raphe.engine.graph import Node, Op
from raphe.engine.program import Program

_BINARY = {
    Op.ADD: "add",
    Op.SUBTRACT: "subtract",
    Op.MULTIPLY: "multiply",
    Op.DIVIDE: "divide",
    Op.POWER: "power",
    Op.MIN: "minimum",
    Op.MAX: "maximum",
}
_UNARY = {
    Op.NEGATE: "negative",
    Op.EXP: "exp",
    Op.LN: "log",
    Op.SQRT: "sqrt",
    Op.TANH: "tanh",
    Op.ABS: "abs",
}

Values = Callable[[Any, Any, Any, Any], list[Any]]


def needed(program: Program, roots: Sequence[int], known: Sequence[int] = ()) -> list[int]:
    """The nodes that the roots are computed from, in order; what stands behind known ones is left out."""
    pending, found, stop = list(roots), set(), set(known)
    while pending:
        number = pending.pop()
        if number not in found:
            found.add(number)
            if number not in stop:
                pending.extend(program.nodes[number].operands)
    return sorted(found)


def function(
    library: ModuleType, program: Program, roots: Sequence[int], known: Sequence[int] = ()
) -> Values:
    """A function (time, states, parameters, known values) -> values of the roots, in operations of an array library."""
    order, place = needed(program, roots, known), {node: i for i, node in enumerate(known)}
    states = len(program.layout.states)

    def values(t: Any, y: Any, p: Any, q: Any) -> list[Any]:  # noqa: ANN401 arrays of any library
        def symbol(index: int) -> Any:  # noqa: ANN401 likewise
            if index < states:
                return y[index]
            if index < program.time_symbol:
                return p[index - states]
            return t if index == program.time_symbol else 0.0  # no dose is an infusion

        done: dict[int, Any] = {}
        for number in order:
            node = program.nodes[number]
            if number in place:
                done[number] = q[place[number]]
            elif node.op is Op.SYMBOL:
                done[number] = symbol(node.symbol)
            else:
                done[number] = _apply(library, node, [done[operand] for operand in node.operands])
        return [done[root] for root in roots]

    return values


def _apply(library: ModuleType, node: Node, operands: list[Any]) -> Any:  # noqa: ANN401 likewise
    if node.op is Op.CONSTANT:
        return node.value
    name = _UNARY.get(node.op) or _BINARY.get(node.op)
    if name is not None:
        return getattr(library, name)(*operands)
    below = library.less if node.op is Op.SELECT_LESS else library.less_equal
    return library.where(below(*operands[:2]), operands[2], operands[3])
