"""Scalar control flow in LLVM: loops, variables and arrays for the lane driver. Knows nothing of subjects."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from llvmlite import ir

from raphe.engine.vector import DOUBLE, INTEGER

_ZERO = ir.Constant(INTEGER, 0)
_ONE = ir.Constant(INTEGER, 1)


class Control:
    """A builder with loops and local variables."""

    def __init__(self, function: ir.Function) -> None:
        self.entry = function.append_basic_block("entry")
        self.builder = ir.IRBuilder(self.entry)

    def local(self, kind: ir.Type, count: int = 1) -> ir.Value:
        """Memory for `count` values, in the frame of the function."""
        with self.builder.goto_entry_block():
            return self.builder.alloca(kind, size=count)

    @contextmanager
    def loop(self, count: ir.Value) -> Iterator[ir.Value]:
        """Run the body for 0, 1, ... count - 1."""
        counter = self.local(INTEGER)
        self.builder.store(_ZERO, counter)
        with self.repeat() as stop:
            index = self.builder.load(counter, typ=INTEGER)
            stop(self.builder.icmp_signed(">=", index, count))
            self.builder.store(self.builder.add(index, _ONE), counter)
            yield index

    @contextmanager
    def repeat(self) -> Iterator[Stop]:
        """Run the body until the value given to `stop(condition)` is true."""
        head = self.builder.append_basic_block("head")
        after = self.builder.append_basic_block("after")
        self.builder.branch(head)
        self.builder.position_at_end(head)
        yield Stop(self.builder, after)
        self.builder.branch(head)
        self.builder.position_at_end(after)

    def item(self, base: ir.Value, index: ir.Value, kind: ir.Type = DOUBLE) -> ir.Value:
        """Address of an item of an array."""
        return self.builder.gep(base, [index], source_etype=kind)

    def get(self, base: ir.Value, index: ir.Value, kind: ir.Type = DOUBLE) -> ir.Value:
        """Item of an array."""
        return self.builder.load(self.item(base, index, kind), typ=kind, align=8)

    def put(self, value: ir.Value, base: ir.Value, index: ir.Value) -> None:
        """Write an item of an array."""
        self.builder.store(value, self.item(base, index, value.type), align=8)

    def finite(self, value: ir.Value) -> ir.Value:
        """True unless the number is infinite or not a number."""
        difference = self.builder.fsub(value, value)
        return self.builder.fcmp_ordered("==", difference, number(0.0))


class Stop:
    """Leaves a loop."""

    def __init__(self, builder: ir.IRBuilder, after: ir.Block) -> None:
        self.builder = builder
        self.after = after

    def __call__(self, condition: ir.Value) -> None:
        """Leave the loop here if the condition is true."""
        more = self.builder.append_basic_block("more")
        self.builder.cbranch(condition, self.after, more)
        self.builder.position_at_end(more)


def number(value: float) -> ir.Value:
    """A double."""
    return ir.Constant(DOUBLE, value)


def whole(value: int) -> ir.Value:
    """A 64-bit whole number."""
    return ir.Constant(INTEGER, value)
