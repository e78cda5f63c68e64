"""Program + method -> LLVM functions on W subjects: rates, factors, one step, outputs between steps.

All arrays are arrays of vectors of W doubles. Knows nothing of time control, doses or memory of subjects (`lanes`).

    prepare(p)                              p holds parameters, derived values (written here) and inputs
    start(p, y)                             initial states
    settings(p, out)                        lags, fractions, times of events
    observe(at, t, y, u, dense, p, out)     outputs at the fraction `at` of a step that began at t with h in w[0]
    triggers(...)                           likewise, the triggers of events
    affect(t, y, p, out)                    the values that events set
"""

from __future__ import annotations

from collections.abc import Sequence

from llvmlite import ir

from raphe.engine.graph import Op
from raphe.engine.program import Program
from raphe.engine.rosenbrock import Rosenbrock
from raphe.engine.slopes import Slopes, slope_work
from raphe.engine.sparse import Elimination, eliminate
from raphe.engine.steps import emit_steps
from raphe.engine.vector import Vector
from raphe.engine.writer import Emitted, Shape, Writer


def shape_of(program: Program, method: Rosenbrock, width: int) -> Shape:
    """Sizes of what `emit` makes, without making it."""
    layout = program.layout
    size = len(layout.states)
    slopes = program.slopes
    chosen = 0 if slopes is None else slopes.count
    triggers = len(_triggers(program))
    stages = 3
    factors = stages + len(method.a) * size
    trial = factors + len(elimination_of(program).entries)
    return Shape(
        width=width,
        states=size,
        parameters=len(layout.parameters),
        inputs=len(program.inputs),
        prepared=len(layout.parameters) + len(program.derived) + len(program.inputs),
        outputs=len(layout.outputs),
        triggers=triggers,
        affected=len(_affected(program)),
        settings=len(layout.settings) * (1 + chosen),
        dense=tuple(range(size)) if triggers else _observed_states(program),
        work=trial + 2 * size,
        stages=stages,
        factors=factors,
        trial=trial,
        dense_terms=len(method.dense),
        chosen=chosen,
        slope_work=0 if slopes is None else _slope_total(program, slopes, method),
        slope_result=0
        if slopes is None
        else max(
            chosen * len(layout.outputs) + len(slopes.outputs_by_state),
            (chosen + 1) * len(_affected(program)),
        ),
    )


def _slope_total(program: Program, slopes: Slopes, method: Rosenbrock) -> int:
    states, entries = len(program.layout.states), len(program.jacobian)
    return slope_work(slopes, states=states, stages=len(method.a), entries=entries).total


def emit(program: Program, method: Rosenbrock, shape: Shape, module: ir.Module) -> Emitted:
    """Put all functions of a program into a module.

    Parameters
    ----------
    program
        What to compute.
    method
        How to step.
    shape
        From `shape_of`.
    module
        Grows.

    Returns
    -------
    Emitted
    """
    elimination = elimination_of(program)
    writer = Writer(module, program, shape.width)
    _emit_prepare(writer)
    _emit_settings(writer)
    emit_steps(writer, method, elimination, shape)
    _emit_between(writer, "observe", program.outputs, shape)
    if shape.triggers:
        _emit_between(writer, "triggers", _triggers(program), shape)
    _emit_affect(writer, _affected(program))
    return Emitted(module=module, shape=shape, program=program)


def elimination_of(program: Program) -> Elimination:
    """How the matrix of a program's steps is factored."""
    pattern = [(row, column) for row, column, _ in program.jacobian]
    return eliminate(len(program.layout.states), pattern)


def _triggers(program: Program) -> list[int]:
    return [event.trigger for event in program.events if event.trigger >= 0]


def _affected(program: Program) -> list[int]:
    return [value for event in program.events for value in event.values]


def _observed_states(program: Program) -> tuple[int, ...]:
    pending, found = list(program.outputs), set()
    stop = set(program.derived)
    while pending:
        number = pending.pop()
        if number in found or number in stop:
            continue
        found.add(number)
        pending.extend(program.nodes[number].operands)
    symbols = {program.nodes[n].symbol for n in found if program.nodes[n].op is Op.SYMBOL}
    return tuple(sorted(s for s in symbols if s < len(program.layout.states)))


def _emit_prepare(writer: Writer) -> None:
    vector, (prepared,) = writer.open("prepare", 1)
    values = writer.formulas(vector, None, None, prepared).emit(writer.program.derived)
    first = len(writer.program.layout.parameters)
    for position, value in enumerate(values):
        vector.store(value, prepared, first + position)
    vector.builder.ret_void()
    vector, (prepared, states) = writer.open("start", 2)
    values = writer.formulas(vector, None, None, prepared).emit(writer.program.starts)
    for index, value in enumerate(values):
        vector.store(value, states, index)
    vector.builder.ret_void()


def _emit_settings(writer: Writer) -> None:
    vector, (prepared, out) = writer.open("settings", 2)
    formulas, program = writer.formulas(vector, None, None, prepared), writer.program
    settings = formulas.emit(program.settings)
    for index, value in enumerate(settings):
        vector.store(value, out, index)
    if program.slopes is not None:
        count = program.slopes.count
        for index in range(len(settings) * count):
            vector.store(vector.constant(0.0), out, len(settings) + index)
        slopes = formulas.emit([node for *_, node in program.slopes.settings])
        for (setting, place, _), slope in zip(program.slopes.settings, slopes, strict=True):
            vector.store(slope, out, len(settings) + setting * count + place)
    vector.builder.ret_void()


def _emit_between(writer: Writer, name: str, roots: Sequence[int], shape: Shape) -> None:
    """Formulas at a fraction of a step, on the states that the method's dense output gives there."""
    arguments = writer.open(name, 8)
    vector, (fraction, time, step, before, after, dense, prepared, out) = arguments
    arrays = (fraction, time, step, before, after, dense)
    now, states = between_states(vector, arrays, shape)
    values = writer.formulas(vector, now, states, prepared).emit(roots)
    for index, value in enumerate(values):
        vector.store(value, out, index)
    if name == "triggers":
        for state in shape.dense:
            vector.store(states[state], out, len(roots) + state)
    vector.builder.ret_void()


def between_states(
    vector: Vector, arrays: tuple[ir.Value, ...], shape: Shape
) -> tuple[ir.Value, list[ir.Value]]:
    """Time and states at a fraction of a step: from its begin, length, ends and dense output."""
    fraction, time, step, before, after, dense = arrays
    s = vector.load(fraction, 0)
    now = vector.fma(s, vector.load(step, 0), vector.load(time, 0))
    found: dict[int, ir.Value] = {}
    for position, state in enumerate(shape.dense):
        ends = (vector.load(before, state), vector.load(after, state))
        found[state] = interpolate(vector, s, bends(vector, dense, shape, position), ends)
    return now, [found.get(state, s) for state in range(shape.states)]


def bends(vector: Vector, dense: ir.Value, shape: Shape, position: int) -> list[ir.Value]:
    """The dense output of one state, or of one of its sensitivities."""
    count = len(shape.dense)
    return [vector.load(dense, term * count + position) for term in range(shape.dense_terms)]


def interpolate(
    vector: Vector, s: ir.Value, bend: Sequence[ir.Value], ends: tuple[ir.Value, ir.Value]
) -> ir.Value:
    """A value between the ends of a step, by the dense output of the method."""
    one = vector.constant(1.0)
    total = bend[-1]
    for term in reversed(bend[:-1]):
        total = vector.fma(s, total, term)
    rest, rise = vector.builder.fsub(one, s), vector.builder.fsub(ends[1], ends[0])
    between = vector.fma(s, vector.fma(rest, total, rise), ends[0])
    ended = vector.builder.fcmp_ordered(">=", s, one)
    return vector.select(ended, ends[1], between)


def _emit_affect(writer: Writer, affected: Sequence[int]) -> None:
    vector, (time, states, prepared, out) = writer.open("affect", 4)
    now = vector.load(time, 0)
    values = writer.formulas(vector, now, states, prepared).emit(affected)
    for index, value in enumerate(values):
        vector.store(value, out, index)
    vector.builder.ret_void()
