"""Program + method -> LLVM functions on W subjects: rates, factors, one step, outputs between steps.

All arrays are arrays of vectors of W doubles. Knows nothing of time control, doses or memory of subjects (`lanes`).

    prepare(p)                              p holds parameters, derived values (written here) and inputs
    start(p, y)                             initial states
    settings(p, out)                        lags, fractions, times of events
    rates(t, y, p, dy)
    factor(t, y, p, ig, m)                  sparse LU of ig I - J
    solve(m, b)                             in place
    step(t, h, y, p, tol, u, dense, err, w) one attempt: new state, dense output, squared error norm
    first_step(t, y, p, tol, h, w)          a careful first step
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
    _emit_rates(writer)
    _emit_factor(writer, elimination)
    _emit_solve(writer, elimination)
    _emit_step(writer, method, elimination, shape.dense)
    _emit_first_step(writer)
    _emit_between(writer, "observe", program.outputs, shape.dense)
    _emit_between(writer, "triggers", _triggers(program), shape.dense)
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


def _emit_rates(writer: Writer) -> None:
    vector, (time, states, prepared, slopes) = writer.open("rates", 4)
    now = vector.load(time, 0)
    values = writer.formulas(vector, now, states, prepared).emit(writer.program.rates)
    for index, value in enumerate(values):
        vector.store(value, slopes, index)
    vector.builder.ret_void()


def _emit_factor(writer: Writer, elimination: Elimination) -> None:
    """Jacobian and LU in one straight line; pivots are stored as reciprocals."""
    vector, (time, states, prepared, diagonal, factors) = writer.open("factor", 5)
    builder, program = vector.builder, writer.program
    now = vector.load(time, 0)
    formulas = writer.formulas(vector, now, states, prepared)
    slopes = formulas.emit([node for *_, node in program.jacobian])
    shift = vector.load(diagonal, 0)
    matrix: dict[tuple[int, int], ir.Value] = {}
    for (row, column, _), slope in zip(program.jacobian, slopes, strict=True):
        on_diagonal = row == column
        matrix[row, column] = builder.fsub(shift, slope) if on_diagonal else builder.fneg(slope)
    for row in range(len(program.layout.states)):
        matrix.setdefault((row, row), shift)
    one = vector.constant(1.0)
    for pivot, upper, lower in zip(
        elimination.order, elimination.upper, elimination.lower, strict=True
    ):
        matrix[pivot, pivot] = builder.fdiv(one, matrix[pivot, pivot])
        for row in lower:
            matrix[row, pivot] = builder.fmul(matrix[row, pivot], matrix[pivot, pivot])
            minus = builder.fneg(matrix[row, pivot])
            for column in upper:
                held = matrix.get((row, column))
                term = matrix[pivot, column]
                matrix[row, column] = (
                    builder.fmul(minus, term) if held is None else vector.fma(minus, term, held)
                )
    for index, entry in enumerate(elimination.entries):
        vector.store(matrix[entry], factors, index)
    builder.ret_void()


def _emit_solve(writer: Writer, elimination: Elimination) -> None:
    vector, (factors, values) = writer.open("solve", 2)
    held = [vector.load(values, row) for row in range(len(elimination.order))]
    emit_solution(vector, elimination, factors, held)
    for row, value in enumerate(held):
        vector.store(value, values, row)
    vector.builder.ret_void()


def emit_solution(
    vector: Vector, elimination: Elimination, factors: ir.Value, held: list[ir.Value]
) -> None:
    """Solve with the factors for one right-hand side, in place."""
    builder = vector.builder
    place = {entry: index for index, entry in enumerate(elimination.entries)}
    for pivot, lower in zip(elimination.order, elimination.lower, strict=True):
        for row in lower:
            factor = builder.fneg(vector.load(factors, place[row, pivot]))
            held[row] = vector.fma(factor, held[pivot], held[row])
    for pivot, upper in zip(reversed(elimination.order), reversed(elimination.upper), strict=True):
        for column in upper:
            factor = builder.fneg(vector.load(factors, place[pivot, column]))
            held[pivot] = vector.fma(factor, held[column], held[pivot])
        held[pivot] = builder.fmul(held[pivot], vector.load(factors, place[pivot, pivot]))


def weighted(
    vector: Vector,
    coefficients: Sequence[float],
    values: Sequence[ir.Value],
    first: ir.Value | None,
) -> ir.Value:
    """first + sum of coefficient * value, in order; zero coefficients are left out."""
    total = first
    for coefficient, value in zip(coefficients, values, strict=False):
        if coefficient == 0.0:
            continue
        if total is None:
            total = vector.builder.fmul(value, vector.constant(coefficient))
        elif coefficient == 1.0:
            total = vector.builder.fadd(total, value)
        else:
            total = vector.fma(vector.constant(coefficient), value, total)
    return vector.constant(0.0) if total is None else total


def _emit_step(
    writer: Writer, method: Rosenbrock, elimination: Elimination, dense_states: tuple[int, ...]
) -> None:
    """One attempt of a step; scratch memory: 3 vectors, the stages, the factors, the slopes, the stage state."""
    arguments = writer.open("step", 9)
    vector, (time, step, states, prepared, tolerance, after, dense, error, work) = arguments
    builder, program = vector.builder, writer.program
    size, stages = len(program.layout.states), len(method.a)
    stage_time, shift = vector.address(work, 1), vector.address(work, 2)
    stage = [vector.address(work, 3 + i * size) for i in range(stages)]
    factors = vector.address(work, 3 + stages * size)
    trial = vector.address(work, 3 + stages * size + len(elimination.entries))
    h, now = vector.load(step, 0), vector.load(time, 0)
    inverse = builder.fdiv(vector.constant(1.0), h)
    vector.store(builder.fmul(inverse, vector.constant(1.0 / method.gamma)), shift, 0)
    writer.call(vector, "factor", time, states, prepared, shift, factors)
    slopes = dict(
        zip(
            [row for row, _ in program.time_slopes],
            writer.formulas(vector, now, states, prepared).emit(
                [n for _, n in program.time_slopes]
            ),
            strict=True,
        )
    )
    for i in range(stages):
        point = states
        if i > 0:
            point = trial
            for j in range(size):
                held = [vector.load(k, j) for k in stage[:i]]
                value = weighted(vector, method.a[i], held, vector.load(states, j))
                vector.store(value, trial, j)
        vector.store(vector.fma(vector.constant(method.alpha[i]), h, now), stage_time, 0)
        writer.call(vector, "rates", stage_time, point, prepared, stage[i])
        for j in range(size):
            value = vector.load(stage[i], j)
            if i > 0:
                held = [vector.load(k, j) for k in stage[:i]]
                value = vector.fma(inverse, weighted(vector, method.c[i], held, None), value)
            if j in slopes and method.slope[i] != 0.0:
                scaled = builder.fmul(h, vector.constant(method.slope[i]))
                value = vector.fma(scaled, slopes[j], value)
            vector.store(value, stage[i], j)
        writer.call(vector, "solve", factors, stage[i])
    _emit_step_end(
        vector, method, program, (states, tolerance, after, dense, error), stage, dense_states
    )


def _emit_step_end(
    vector: Vector,
    method: Rosenbrock,
    program: Program,
    arrays: tuple[ir.Value, ...],
    stage: list[ir.Value],
    dense_states: tuple[int, ...],
) -> None:
    """New state, dense output and the mean of squared errors over tolerances."""
    states, tolerance, after, dense, error = arrays
    builder, size = vector.builder, len(program.layout.states)
    relative, absolute = vector.load(tolerance, 0), vector.load(tolerance, 1)
    total = vector.constant(0.0)
    for j in range(size):
        held = [vector.load(k, j) for k in stage]
        before = vector.load(states, j)
        new = weighted(vector, method.solution, held, before)
        vector.store(new, after, j)
        ratio = builder.fdiv(
            weighted(vector, method.error, held, None),
            allowed(vector, (relative, absolute), program.scales[j], (before, new)),
        )
        total = vector.fma(ratio, ratio, total)
        if j in dense_states:
            for part, coefficients in enumerate(method.dense):
                index = part * len(dense_states) + dense_states.index(j)
                vector.store(weighted(vector, coefficients, held, None), dense, index)
    vector.store(builder.fmul(total, vector.constant(1.0 / max(size, 1))), error, 0)
    builder.ret_void()


def allowed(
    vector: Vector,
    tolerances: tuple[ir.Value, ir.Value],
    scale: float,
    values: tuple[ir.Value, ...],
) -> ir.Value:
    """What tolerances allow: relative * largest |value| + absolute * natural size."""
    largest = vector.intrinsic("fabs", values[0])
    for value in values[1:]:
        size = vector.intrinsic("fabs", value)
        largest = vector.select(vector.less(largest, size), size, largest)
    floor = vector.builder.fmul(tolerances[1], vector.constant(scale))
    return vector.fma(tolerances[0], largest, floor)


def _emit_first_step(writer: Writer) -> None:
    """A step that moves the state by about a hundredth of its size (Hairer, Norsett and Wanner 1993, II.4)."""
    vector, (time, states, prepared, tolerance, step, work) = writer.open("first_step", 6)
    builder, program = vector.builder, writer.program
    slopes = vector.address(work, 3)
    writer.call(vector, "rates", time, states, prepared, slopes)
    tolerances = (vector.load(tolerance, 0), vector.load(tolerance, 1))
    value_norm, slope_norm = vector.constant(0.0), vector.constant(0.0)
    for j, scale in enumerate(program.scales):
        value = vector.load(states, j)
        weight = allowed(vector, tolerances, scale, (value,))
        ratio = builder.fdiv(value, weight)
        value_norm = vector.fma(ratio, ratio, value_norm)
        ratio = builder.fdiv(vector.load(slopes, j), weight)
        slope_norm = vector.fma(ratio, ratio, slope_norm)
    one = vector.constant(1.0)
    value_norm = vector.select(vector.less(value_norm, one), one, value_norm)
    ratio = vector.intrinsic("sqrt", builder.fdiv(value_norm, slope_norm))
    vector.store(builder.fmul(ratio, vector.constant(0.01)), step, 0)
    builder.ret_void()


def _emit_between(
    writer: Writer, name: str, roots: Sequence[int], dense_states: tuple[int, ...]
) -> None:
    """Formulas at a fraction of a step, on the states that the method's dense output gives there."""
    arguments = writer.open(name, 8)
    vector, (fraction, time, step, before, after, dense, prepared, out) = arguments
    now, states = between_states(
        vector,
        (fraction, time, step, before, after, dense),
        dense_states,
        len(writer.program.layout.states),
    )
    values = writer.formulas(vector, now, states, prepared).emit(roots)
    for index, value in enumerate(values):
        vector.store(value, out, index)
    if name == "triggers":
        for state in dense_states:
            vector.store(states[state], out, len(roots) + state)
    vector.builder.ret_void()


def between_states(
    vector: Vector, arrays: tuple[ir.Value, ...], dense_states: tuple[int, ...], size: int
) -> tuple[ir.Value, list[ir.Value]]:
    """Time and states at a fraction of a step: from its begin, length, ends and dense output."""
    fraction, time, step, before, after, dense = arrays
    s = vector.load(fraction, 0)
    rest = vector.builder.fsub(vector.constant(1.0), s)
    now = vector.fma(s, vector.load(step, 0), vector.load(time, 0))
    found: dict[int, ir.Value] = {}
    for position, state in enumerate(dense_states):
        bend = (vector.load(dense, position), vector.load(dense, len(dense_states) + position))
        ends = (vector.load(before, state), vector.load(after, state))
        found[state] = interpolate(vector, (s, rest), bend, ends)
    return now, [found.get(state, s) for state in range(size)]


def interpolate(
    vector: Vector,
    parts: tuple[ir.Value, ir.Value],
    bend: tuple[ir.Value, ir.Value],
    ends: tuple[ir.Value, ir.Value],
) -> ir.Value:
    """A value between the ends of a step, by the dense output of the method."""
    s, rest = parts
    inner = vector.fma(rest, vector.fma(s, bend[1], bend[0]), ends[1])
    return vector.fma(s, inner, vector.builder.fmul(rest, ends[0]))


def _emit_affect(writer: Writer, affected: Sequence[int]) -> None:
    vector, (time, states, prepared, out) = writer.open("affect", 4)
    now = vector.load(time, 0)
    values = writer.formulas(vector, now, states, prepared).emit(affected)
    for index, value in enumerate(values):
        vector.store(value, out, index)
    vector.builder.ret_void()
