"""Nodes of a program's graph -> LLVM values in one function, each computed once.

A product that one sum alone uses is rounded together with it (a fused multiply-add); this depends on the graph only,
never on W. Knows nothing of methods or memory layout.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from llvmlite import ir

from raphe.engine.graph import Node, Op
from raphe.engine.program import Program
from raphe.engine.vector import (
    Vector,
    exponential,
    hyperbolic_tangent,
    logarithm,
    power,
    power_of_two,
)

_FUNCTIONS = {Op.EXP: exponential, Op.LN: logarithm, Op.TANH: hyperbolic_tangent}


@dataclass(frozen=True, slots=True)
class Late:
    """A value in memory that is loaded when first used."""

    base: ir.Value
    index: int


class Formulas:
    """Emits nodes of a program's graph into one function, each once."""

    def __init__(
        self, vector: Vector, program: Program, symbols: Callable[[int], ir.Value]
    ) -> None:
        self.vector = vector
        self.program = program
        self.symbols = symbols
        self.values: dict[int, ir.Value | Late] = {}

    def known(self, prepared: ir.Value) -> None:
        """Take the derived values from memory instead of computing them."""
        first = len(self.program.layout.parameters)
        for position, number in enumerate(self.program.derived):
            self.values[number] = Late(prepared, first + position)

    def emit(self, roots: Sequence[int]) -> list[ir.Value]:
        """Values of the roots."""
        order = self._missing(roots)
        uses: dict[int, int] = {}
        for number in [*roots, *(o for n in order for o in self.program.nodes[n].operands)]:
            uses[number] = uses.get(number, 0) + 1
        fused = {
            operand
            for number in order
            if self.program.nodes[number].op in (Op.ADD, Op.SUBTRACT)
            for operand in self._fusible(number, uses, order)
        }
        for number in order:
            if number not in fused:
                self.values[number] = self._node(self.program.nodes[number], fused)
        return [self._value(root) for root in roots]

    def _missing(self, roots: Sequence[int]) -> list[int]:
        found: set[int] = set()
        pending = list(roots)
        while pending:
            number = pending.pop()
            if number not in found and number not in self.values:
                found.add(number)
                pending.extend(self.program.nodes[number].operands)
        return sorted(found)

    def _fusible(self, number: int, uses: dict[int, int], order: list[int]) -> list[int]:
        """A product that is used by this sum alone (the right one, if both are), to be rounded with it."""
        nodes, fresh = self.program.nodes, set(order)
        for operand in reversed(nodes[number].operands):
            if nodes[operand].op is Op.MULTIPLY and uses[operand] == 1 and operand in fresh:
                return [operand]
        return []

    def _value(self, number: int) -> ir.Value:
        value = self.values[number]
        if isinstance(value, Late):
            value = self.vector.load(value.base, value.index)
            self.values[number] = value
        return value

    def _node(self, node: Node, fused: set[int]) -> ir.Value:
        vector, builder = self.vector, self.vector.builder
        if node.op is Op.CONSTANT:
            return vector.constant(node.value)
        if node.op is Op.SYMBOL:
            return self.symbols(node.symbol)
        if node.op in (Op.ADD, Op.SUBTRACT):
            return self._sum(node, fused)
        values = [self._value(operand) for operand in node.operands]
        match node.op:
            case Op.MULTIPLY:
                return builder.fmul(*values)
            case Op.DIVIDE:
                return builder.fdiv(*values)
            case Op.NEGATE:
                return builder.fneg(*values)
            case Op.SQRT:
                return vector.intrinsic("sqrt", *values)
            case Op.ABS:
                return vector.intrinsic("fabs", *values)
            case Op.POWER if self.program.nodes[node.operands[0]].value == 2.0:
                return power_of_two(vector, values[1])
            case Op.POWER:
                return power(vector, *values)
            case Op.MIN:
                return self._extreme(">", *values)
            case Op.MAX:
                return self._extreme("<", *values)
            case Op.SELECT_LESS:
                return vector.select(vector.less(*values[:2]), *values[2:])
            case Op.SELECT_LESS_EQUAL:
                return vector.select(builder.fcmp_ordered("<=", *values[:2]), *values[2:])
        return _FUNCTIONS[node.op](vector, values[0])

    def _extreme(self, worse: str, left: ir.Value, right: ir.Value) -> ir.Value:
        """The right one if the left one is worse; not a number if either is not."""
        builder, select = self.vector.builder, self.vector.select
        chosen = select(builder.fcmp_unordered(worse, left, right), right, left)
        return select(builder.fcmp_unordered("uno", left, left), left, chosen)

    def _sum(self, node: Node, fused: set[int]) -> ir.Value:
        builder, (left, right) = self.vector.builder, node.operands
        minus = node.op is Op.SUBTRACT
        if right in fused:
            one, other = (self._value(o) for o in self.program.nodes[right].operands)
            one = builder.fneg(one) if minus else one
            return self.vector.fma(one, other, self._value(left))
        if left in fused:
            one, other = (self._value(o) for o in self.program.nodes[left].operands)
            addend = self._value(right)
            return self.vector.fma(one, other, builder.fneg(addend) if minus else addend)
        operation = builder.fsub if minus else builder.fadd
        return operation(self._value(left), self._value(right))
