"""What the files that emit functions share: sizes, and a writer that opens functions. Knows nothing of methods."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from llvmlite import ir

from raphe.engine.formulas import Formulas
from raphe.engine.program import Program
from raphe.engine.slopes import Slopes
from raphe.engine.vector import INTEGER, POINTER, Vector


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Sizes that the driver needs to lay out its memory, in vectors."""

    width: int
    states: int
    parameters: int
    inputs: int
    prepared: int  # parameters, derived values and inputs
    outputs: int
    triggers: int
    affected: int
    settings: int  # and their slopes
    dense: tuple[int, ...]  # states that have dense output
    dense_terms: int  # vectors of dense output of such a state
    work: int  # vectors of scratch memory that `step` and `first_step` need: 3, then
    stages: int  # the stages begin here,
    factors: int  # the factors here,
    trial: int  # and two states here
    chosen: int  # parameters for sensitivities
    slope_work: int  # vectors of scratch memory for them
    slope_result: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Emitted:
    """What was put into a module."""

    module: ir.Module
    shape: Shape
    program: Program


class Writer:
    """Opens functions in a module."""

    def __init__(self, module: ir.Module, program: Program, width: int) -> None:
        self.module = module
        self.program = program
        self.width = width

    def open(self, name: str, arguments: int) -> tuple[Vector, list[ir.Value]]:
        """A new function in one straight line."""
        function = self.declare(name, arguments)
        builder = ir.IRBuilder(function.append_basic_block("entry"))
        return Vector(builder, self.width), list(function.args)

    def declare(self, name: str, arguments: int) -> ir.Function:
        """A new internal function that takes pointers that do not overlap."""
        signature = ir.FunctionType(ir.VoidType(), [POINTER] * arguments)
        function = ir.Function(self.module, signature, name)
        function.linkage = "internal"
        function.attributes.add("noinline")
        for argument in function.args:
            argument.add_attribute("noalias")
        return function

    @property
    def slopes(self) -> Slopes:
        """What there is to differentiate; for functions that are emitted only if parameters were chosen."""
        if self.program.slopes is None:
            raise ValueError("no parameters were chosen for sensitivities")
        return self.program.slopes

    def formulas(
        self,
        vector: Vector,
        time: ir.Value | None,
        states: ir.Value | Sequence[ir.Value] | None,
        prepared: ir.Value,
    ) -> Formulas:
        """Formulas whose symbols are loaded from memory when used; derived values too, if states are given."""
        count = len(self.program.layout.states)
        first_input = len(self.program.layout.parameters) + len(self.program.derived)

        def symbol(index: int) -> ir.Value:
            if index == self.program.time_symbol and time is not None:
                return time
            if index > self.program.time_symbol:
                return vector.load(prepared, first_input + index - self.program.time_symbol - 1)
            if index >= count:
                return vector.load(prepared, index - count)
            if isinstance(states, Sequence):
                return states[index]
            return vector.load(states, index)

        formulas = Formulas(vector, self.program, symbol)
        if states is not None:
            formulas.known(prepared)
        return formulas

    def call(self, vector: Vector, name: str, *arguments: ir.Value) -> None:
        """Call a function that was opened before."""
        vector.builder.call(self.module.globals[name], arguments)


def loop(
    vector: Vector, count: int, first: Sequence[ir.Value], body: Callable[..., list[ir.Value]]
) -> list[ir.Value]:
    """Run `body(index, *values)` for 0, 1, ... count - 1; it turns the values, at first `first`, into the next."""
    if count == 0:
        return list(first)
    builder = vector.builder
    before = builder.block
    inside, after = builder.append_basic_block("loop"), builder.append_basic_block("after")
    builder.branch(inside)
    builder.position_at_end(inside)
    index = builder.phi(INTEGER)
    index.add_incoming(ir.Constant(INTEGER, 0), before)
    held = [builder.phi(value.type) for value in first]
    results = body(index, *held)
    following = builder.add(index, ir.Constant(INTEGER, 1))
    index.add_incoming(following, builder.block)
    for slot, begin, result in zip(held, first, results, strict=True):
        slot.add_incoming(begin, before)
        slot.add_incoming(result, builder.block)
    more = builder.icmp_signed("<", following, ir.Constant(INTEGER, count))
    builder.cbranch(more, inside, after)
    builder.position_at_end(after)
    return results


def entry(
    vector: Vector, name: str, kind: ir.Type, values: Sequence[float], index: ir.Value
) -> ir.Value:
    """One of some constants, which are kept in memory once for the module, under a name."""
    module = vector.builder.module
    if name not in module.globals:
        array = ir.ArrayType(kind, len(values))
        table = ir.GlobalVariable(module, array, name)
        table.initializer = ir.Constant(array, list(values))
        table.global_constant, table.linkage = True, "internal"
    place = vector.builder.gep(module.globals[name], [index], source_etype=kind)
    return vector.builder.load(place, typ=kind, align=8)
