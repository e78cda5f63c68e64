"""diffsol through pydiffsol: DiffSL text written from the program, compiled by its LLVM back end, one call an interval.

Its absolute tolerance is one number, so states are divided by their natural size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import metadata

import numpy as np
import pydiffsol
from benchmarks.models import segments
from benchmarks.nodes import function, needed
from benchmarks.records import Case, FloatArray, UnavailableError

from raphe.engine.graph import Node, Op
from raphe.engine.program import Program

_INFIX = {Op.ADD: "+", Op.SUBTRACT: "-", Op.MULTIPLY: "*", Op.DIVIDE: "/"}
_CALLS = {
    Op.POWER: "pow",
    Op.EXP: "exp",
    Op.LN: "log",
    Op.SQRT: "sqrt",
    Op.TANH: "tanh",
    Op.ABS: "abs",
    Op.MIN: "min",
    Op.MAX: "max",
}


def make(case: Case, *, method: str) -> Callable[[float, Case], FloatArray]:
    """A runner: tolerance and subjects to values of shape (subjects, times, outputs)."""
    program, floor = case.workload.program, case.workload.floor
    if program.time_slopes:
        raise UnavailableError("rates that know the time were not written for it")
    solver = pydiffsol.Ode(
        source(program),
        matrix_type=pydiffsol.nalgebra_dense,
        ode_solver=getattr(pydiffsol, method),
    )
    solver.options.min_timestep = 0.0
    derived = function(np, program, program.derived)
    start = function(np, program, program.starts)
    scales, count = np.array(program.scales), len(program.layout.states)

    def run(relative: float, some: Case) -> FloatArray:
        times = some.workload.times
        solver.rtol, solver.atol = relative, relative * floor
        values = np.empty((some.subjects, len(times), len(program.outputs)))
        for subject, p in enumerate(some.parameters):
            state = np.array(start(0.0, [0.0] * count, p, []), dtype=float)
            given = np.concatenate([p, derived(0.0, [0.0] * count, p, []), state])
            for one in segments(some, subject):
                for index, amount in one.doses:
                    state[index] += amount
                given[-count:] = state / scales
                inner = times[one.first : one.last]
                grid = np.append(inner, one.stop) - one.start
                if one.first == 1 and one.start == times[0]:
                    grid = np.insert(grid, 0, 0.0)
                grid = np.unique(grid)
                found = solver.solve_dense(given, grid).ys
                outputs, state = found[:-count].T, found[-count:, -1] * scales
                if len(grid) > len(inner) and grid[0] == 0.0:
                    values[subject, 0], outputs = outputs[0], outputs[1:]
                values[subject, one.first : one.last] = outputs[: len(inner)]
        return values

    return run


def source(program: Program) -> str:
    """DiffSL: inputs are parameters, derived values and the scaled states at the start; outputs, then scaled states."""
    layout, known = program.layout, list(program.derived)
    roots = [*program.rates, *program.outputs]
    inputs = [f"p{i}" for i in range(len(layout.parameters))]
    inputs += [f"q{i}" for i in range(len(known))]
    inputs += [f"s{i}" for i in range(len(layout.states))]
    states = [f"z{i} = s{i}" for i in range(len(layout.states))]
    lines = [_block("in_i", [f"{name} = 1.0" for name in inputs]), _block("u_i", states)]
    lines += [f"y{i} {{ z{i} * {scale!r} }}" for i, scale in enumerate(program.scales)]
    for number in needed(program, roots, known):
        held = known.index(number) if number in known else -1
        text = f"q{held}" if held >= 0 else _expression(program, program.nodes[number])
        lines.append(f"v{number} {{ {text} }}")
    rates = [f"v{n} / {scale!r}" for n, scale in zip(program.rates, program.scales, strict=True)]
    outputs = [f"v{n}" for n in program.outputs] + [f"z{i}" for i in range(len(layout.states))]
    return "\n".join([*lines, _block("F_i", rates), _block("out_i", outputs)])


def _block(name: str, rows: Sequence[str]) -> str:
    return "\n".join([f"{name} {{", *(f"  {row}," for row in rows), "}"])


def _expression(program: Program, node: Node) -> str:
    operands = [f"v{number}" for number in node.operands]
    states = len(program.layout.states)
    match node.op:
        case Op.CONSTANT:
            return repr(node.value)
        case Op.SYMBOL if node.symbol < states:
            return f"y{node.symbol}"
        case Op.SYMBOL if node.symbol < program.time_symbol:
            return f"p{node.symbol - states}"
        case Op.SYMBOL:
            return "0.0"
        case Op.NEGATE:
            return f"-{operands[0]}"
        case _ if node.op in _INFIX:
            return f"{operands[0]} {_INFIX[node.op]} {operands[1]}"
        case _ if node.op in _CALLS:
            return f"{_CALLS[node.op]}({', '.join(operands)})"
    less, more, yes, no = operands
    return f"{no} + ({yes} - {no}) * heaviside({more} - {less})"


def version() -> str:
    """What runs."""
    return f"pydiffsol {metadata.version('pydiffsol')}"
