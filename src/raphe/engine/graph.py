"""One expression graph with shared nodes: built up, simplified and differentiated here.

A node is a small integer, and its operands have smaller ones, so the order of the numbers is an order of evaluation.
Equal nodes are one node. Knows nothing of names beyond symbols, and nothing of units or subjects.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum


class Op(StrEnum):
    """What a node does with its operands."""

    CONSTANT = "constant"
    SYMBOL = "symbol"
    ADD = "add"
    SUBTRACT = "subtract"
    MULTIPLY = "multiply"
    DIVIDE = "divide"
    NEGATE = "negate"
    POWER = "power"
    EXP = "exp"
    LN = "ln"
    SQRT = "sqrt"
    TANH = "tanh"
    ABS = "abs"
    MIN = "min"
    MAX = "max"
    SELECT_LESS = "select_less"  # a < b ? c : d
    SELECT_LESS_EQUAL = "select_less_equal"  # a <= b ? c : d


@dataclass(frozen=True, slots=True)
class Node:
    """An operation on earlier nodes; `value` of a constant, `symbol` index of a symbol."""

    op: Op
    operands: tuple[int, ...] = ()
    value: float = 0.0
    symbol: int = -1


_MAX_UNROLLED_POWER = 16


class Graph:
    """A growing graph; every method returns the number of a node, new or already there."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._known: dict[Node, int] = {}

    def put(self, node: Node) -> int:
        """Number of this node; equal nodes share it. The sign of zero counts, NaN is refused."""
        if math.isnan(node.value):
            raise ValueError("a constant is not a number")
        if node.op is Op.CONSTANT and node.value == 0.0:
            node = Node(Op.CONSTANT, value=0.0)
        number = self._known.get(node)
        if number is None:
            number = len(self.nodes)
            self.nodes.append(node)
            self._known[node] = number
        return number

    def constant(self, value: float) -> int:
        """A number."""
        return self.put(Node(Op.CONSTANT, value=value))

    def symbol(self, index: int) -> int:
        """A state, a parameter or time, by index."""
        return self.put(Node(Op.SYMBOL, symbol=index))

    def value(self, number: int) -> float | None:
        """The number that a node is, or None if it is not a constant."""
        node = self.nodes[number]
        return node.value if node.op is Op.CONSTANT else None

    def binary(self, op: Op, left: int, right: int) -> int:
        """Simplified `left op right` for the four arithmetic operations and POWER."""
        folded = _fold(op, self.value(left), self.value(right))
        if folded is not None:
            return self.constant(folded)
        match op:
            case Op.ADD:
                return _add(self, left, right)
            case Op.SUBTRACT:
                return _subtract(self, left, right)
            case Op.MULTIPLY:
                return _multiply(self, left, right)
            case Op.DIVIDE:
                return _divide(self, left, right)
            case Op.POWER:
                return _power(self, left, right)
        return self.put(Node(op, (left, right)))

    def unary(self, op: Op, operand: int) -> int:
        """Simplified `op(operand)`."""
        folded = _fold(op, self.value(operand), 0.0)
        if folded is not None:
            return self.constant(folded)
        node = self.nodes[operand]
        if op is Op.NEGATE and node.op is Op.NEGATE:
            return node.operands[0]
        return self.put(Node(op, (operand,)))

    def select(self, op: Op, condition: tuple[int, int], yes: int, no: int) -> int:
        """One of two nodes, by comparing two others."""
        if yes == no:
            return yes
        return self.put(Node(op, (*condition, yes, no)))


def _add(graph: Graph, left: int, right: int) -> int:
    if graph.value(left) == 0.0:
        return right
    if graph.value(right) == 0.0:
        return left
    if graph.nodes[right].op is Op.NEGATE:
        return _subtract(graph, left, graph.nodes[right].operands[0])
    if graph.nodes[left].op is Op.NEGATE:
        return _subtract(graph, right, graph.nodes[left].operands[0])
    return graph.put(Node(Op.ADD, (min(left, right), max(left, right))))


def _subtract(graph: Graph, left: int, right: int) -> int:
    if graph.value(right) == 0.0:
        return left
    if graph.value(left) == 0.0:
        return graph.unary(Op.NEGATE, right)
    if graph.nodes[right].op is Op.NEGATE:
        return _add(graph, left, graph.nodes[right].operands[0])
    return graph.put(Node(Op.SUBTRACT, (left, right)))


def _multiply(graph: Graph, left: int, right: int) -> int:
    for one, other in ((left, right), (right, left)):
        value = graph.value(one)
        if value == 0.0:
            return one
        if value == 1.0:
            return other
        if value == -1.0:
            return graph.unary(Op.NEGATE, other)
        if graph.nodes[one].op is Op.NEGATE:
            return graph.unary(Op.NEGATE, _multiply(graph, graph.nodes[one].operands[0], other))
    return graph.put(Node(Op.MULTIPLY, (min(left, right), max(left, right))))


def _divide(graph: Graph, left: int, right: int) -> int:
    if graph.value(left) == 0.0 or graph.value(right) == 1.0:
        return left
    if graph.nodes[left].op is Op.NEGATE:
        return graph.unary(Op.NEGATE, _divide(graph, graph.nodes[left].operands[0], right))
    one = graph.constant(1.0)
    inverse = graph.put(Node(Op.DIVIDE, (one, right)))
    return inverse if left == one else _multiply(graph, left, inverse)


def _power(graph: Graph, base: int, exponent: int) -> int:
    value = graph.value(exponent)
    if value == 0.5:
        return graph.unary(Op.SQRT, base)
    if value is None or value != round(value) or abs(value) > _MAX_UNROLLED_POWER:
        return graph.put(Node(Op.POWER, (base, exponent)))
    result, square, bits = graph.constant(1.0), base, int(abs(value))
    while bits:
        if bits & 1:
            result = graph.binary(Op.MULTIPLY, result, square)
        bits >>= 1
        if bits:
            square = graph.binary(Op.MULTIPLY, square, square)
    return result if value >= 0 else graph.binary(Op.DIVIDE, graph.constant(1.0), result)


def _fold(op: Op, left: float | None, right: float | None) -> float | None:
    """The value of an operation on constants, or None if it is to be left to run time."""
    if left is None or right is None:
        return None
    match op:
        case Op.ADD:
            result = left + right
        case Op.SUBTRACT:
            result = left - right
        case Op.MULTIPLY:
            result = left * right
        case Op.DIVIDE if right != 0.0:
            result = left / right
        case Op.NEGATE:
            result = -left
        case Op.SQRT if left >= 0.0:
            result = math.sqrt(left)
        case _:
            return None
    return result if math.isfinite(result) else None


def dependents(nodes: Sequence[Node], symbols: Iterable[int]) -> set[int]:
    """The nodes of a graph that depend on any of the symbols (indices)."""
    wanted = set(symbols)
    found: set[int] = set()
    for number, node in enumerate(nodes):
        if node.symbol in wanted or any(operand in found for operand in node.operands):
            found.add(number)
    return found


def needed(nodes: Sequence[Node], roots: Iterable[int]) -> list[int]:
    """The nodes that the roots are computed from, themselves included, in order of evaluation."""
    found: set[int] = set()
    pending = list(roots)
    while pending:
        number = pending.pop()
        if number not in found:
            found.add(number)
            pending.extend(nodes[number].operands)
    return sorted(found)


def without(nodes: Sequence[Node], roots: Sequence[int], symbols: Iterable[int]) -> list[bool]:
    """Whether each root is something other than 0 once the symbols (indices) are 0."""
    graph, gone = Graph(), set(symbols)
    place: dict[int, int] = {}
    for number in needed(nodes, roots):
        node = nodes[number]
        operands = tuple(place[operand] for operand in node.operands)
        if node.symbol in gone:
            place[number] = graph.constant(0.0)
        elif len(operands) == 2:
            place[number] = graph.binary(node.op, operands[0], operands[1])
        elif len(operands) == 1:
            place[number] = graph.unary(node.op, operands[0])
        else:
            place[number] = graph.put(replace(node, operands=operands))
    return [graph.value(place[root]) != 0.0 for root in roots]


def derivatives(graph: Graph, roots: Iterable[int], symbols: Iterable[int]) -> list[dict[int, int]]:
    """Partial derivatives of each root with respect to each symbol, zeros left out.

    Parameters
    ----------
    graph
        Grows by the nodes of the derivatives.
    roots
        Nodes.
    symbols
        Indices of symbols.

    Returns
    -------
    list of dictionaries
        One for each root: index of the symbol -> node of the derivative.
    """
    wanted, roots = set(symbols), list(roots)
    partial: dict[int, dict[int, int]] = {}
    for number in needed(graph.nodes, roots):
        node = graph.nodes[number]
        if node.op is Op.SYMBOL:
            one = {node.symbol: graph.constant(1.0)} if node.symbol in wanted else {}
            partial[number] = one
            continue
        touched = sorted({key for operand in node.operands for key in partial[operand]})
        result: dict[int, int] = {}
        for key in touched:
            slopes = tuple(partial[operand].get(key) for operand in node.operands)
            slope = _chain(graph, number, slopes)
            if graph.value(slope) != 0.0:
                result[key] = slope
        partial[number] = result
    return [partial[root] for root in roots]


def _chain(graph: Graph, number: int, slopes: tuple[int | None, ...]) -> int:
    """Derivative of one node from the derivatives of its operands (None: zero)."""
    node, zero = graph.nodes[number], graph.constant(0.0)
    filled = [zero if slope is None else slope for slope in slopes]
    match node.op:
        case Op.ADD | Op.SUBTRACT:
            return graph.binary(node.op, filled[0], filled[1])
        case Op.NEGATE:
            return graph.unary(Op.NEGATE, filled[0])
        case Op.MULTIPLY:
            left, right = node.operands
            one = graph.binary(Op.MULTIPLY, filled[0], right)
            return graph.binary(Op.ADD, one, graph.binary(Op.MULTIPLY, left, filled[1]))
        case Op.DIVIDE:
            bottom = node.operands[1]
            drop = graph.binary(Op.MULTIPLY, number, filled[1])
            return graph.binary(Op.DIVIDE, graph.binary(Op.SUBTRACT, filled[0], drop), bottom)
        case Op.POWER:
            return _chain_power(graph, number, slopes)
        case Op.MIN | Op.MAX:
            left, right = node.operands
            yes, no = (filled[0], filled[1]) if node.op is Op.MIN else (filled[1], filled[0])
            return graph.select(Op.SELECT_LESS, (left, right), yes, no)
        case Op.SELECT_LESS | Op.SELECT_LESS_EQUAL:
            condition = (node.operands[0], node.operands[1])
            return graph.select(node.op, condition, filled[2], filled[3])
    return _chain_function(graph, number, filled[0])


def _chain_power(graph: Graph, number: int, slopes: tuple[int | None, ...]) -> int:
    """d(b^e) = e b^(e-1) db + b^e ln(b) de; the second term only where the exponent moves."""
    base, exponent = graph.nodes[number].operands
    total = graph.constant(0.0)
    if slopes[0] is not None:
        less = graph.binary(Op.SUBTRACT, exponent, graph.constant(1.0))
        outer = graph.binary(Op.MULTIPLY, exponent, graph.binary(Op.POWER, base, less))
        total = graph.binary(Op.MULTIPLY, outer, slopes[0])
    if slopes[1] is not None:
        outer = graph.binary(Op.MULTIPLY, number, graph.unary(Op.LN, base))
        total = graph.binary(Op.ADD, total, graph.binary(Op.MULTIPLY, outer, slopes[1]))
    return total


def _chain_function(graph: Graph, number: int, slope: int) -> int:
    """Derivative of a function of one operand."""
    node = graph.nodes[number]
    operand, one = node.operands[0], graph.constant(1.0)
    match node.op:
        case Op.EXP:
            return graph.binary(Op.MULTIPLY, number, slope)
        case Op.LN:
            return graph.binary(Op.DIVIDE, slope, operand)
        case Op.SQRT:
            twice = graph.binary(Op.MULTIPLY, graph.constant(2.0), number)
            return graph.binary(Op.DIVIDE, slope, twice)
        case Op.TANH:
            square = graph.binary(Op.MULTIPLY, number, number)
            return graph.binary(Op.MULTIPLY, graph.binary(Op.SUBTRACT, one, square), slope)
        case Op.ABS:
            other = graph.unary(Op.NEGATE, slope)
            return graph.select(Op.SELECT_LESS, (operand, graph.constant(0.0)), other, slope)
    raise ValueError(f"no derivative of {node.op}")
