"""Program + method -> one attempt of a step on W subjects, and the careful first one.

    rates(t, y, p, dy)                      where there are sensitivities
    factor(t, y, p, ig, m, dy)              sparse LU of ig I - J, and the rates
    solve(m, b)                             in place
    stage(t, y, p, m, b)                    b becomes the solution for rates + b
    step(t, h, y, p, tol, u, dense, err, w) one attempt: new state, dense output, squared error norm
    first_step(t, y, p, tol, h, w)          a careful first step

Sums over stages run in loops over the states, which keeps the code small: it must stay in the cache of instructions.
Knows nothing of time control, doses or outputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llvmlite import ir

from raphe.engine.program import Program
from raphe.engine.rosenbrock import Rosenbrock
from raphe.engine.sparse import Elimination
from raphe.engine.vector import DOUBLE, INTEGER, Vector
from raphe.engine.writer import Shape, Writer, entry, loop


def emit_steps(writer: Writer, method: Rosenbrock, elimination: Elimination, shape: Shape) -> None:
    """Put these functions into the module of `writer`."""
    _emit_factor(writer, elimination)
    _emit_solve(writer, elimination)
    _emit_stage(writer, elimination)
    _emit_step(writer, method, shape)
    _emit_first_step(writer, shape)
    if shape.chosen:
        _emit_rates(writer)


def _emit_rates(writer: Writer) -> None:
    vector, (time, states, prepared, slopes) = writer.open("rates", 4)
    now = vector.load(time, 0)
    values = writer.formulas(vector, now, states, prepared).emit(writer.program.rates)
    for index, value in enumerate(values):
        vector.store(value, slopes, index)
    vector.builder.ret_void()


def _emit_factor(writer: Writer, elimination: Elimination) -> None:
    """Jacobian, LU and rates in one straight line; pivots are stored as reciprocals."""
    vector, (time, states, prepared, diagonal, factors, rates) = writer.open("factor", 6)
    builder, program = vector.builder, writer.program
    now = vector.load(time, 0)
    formulas = writer.formulas(vector, now, states, prepared)
    nodes = [node for *_, node in program.jacobian]
    found = formulas.emit([*program.rates, *nodes])
    for index, value in enumerate(found[: len(program.rates)]):
        vector.store(value, rates, index)
    slopes = found[len(program.rates) :]
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
    for index, place in enumerate(elimination.entries):
        vector.store(matrix[place], factors, index)
    builder.ret_void()


def _emit_solve(writer: Writer, elimination: Elimination) -> None:
    vector, (factors, values) = writer.open("solve", 2)
    size = len(writer.program.layout.states)
    held = [vector.load(values, row) for row in range(size)]
    emit_solution(vector, elimination, factors, held)
    for row, value in enumerate(held):
        vector.store(value, values, row)
    vector.builder.ret_void()


def _emit_stage(writer: Writer, elimination: Elimination) -> None:
    vector, (time, states, prepared, factors, values) = writer.open("stage", 5)
    now = vector.load(time, 0)
    rates = writer.formulas(vector, now, states, prepared).emit(writer.program.rates)
    held = [vector.builder.fadd(rate, vector.load(values, row)) for row, rate in enumerate(rates)]
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    """What the parts of `step` share."""

    program: Program
    vector: Vector
    method: Rosenbrock
    size: int
    states: ir.Value
    stages: list[ir.Value]
    point: ir.Value  # state at which a stage is evaluated
    step: ir.Value
    inverse: ir.Value  # 1 / h


def _emit_step(writer: Writer, method: Rosenbrock, shape: Shape) -> None:
    """One attempt of a step; scratch memory as in `Shape`."""
    arguments = writer.open("step", 9)
    vector, (time, step, states, prepared, tolerance, after, dense, error, work) = arguments
    builder, program = vector.builder, writer.program
    size, stages = len(program.layout.states), len(method.a)
    stage_time, shift = vector.address(work, 1), vector.address(work, 2)
    factors = vector.address(work, shape.factors)
    h, now = vector.load(step, 0), vector.load(time, 0)
    attempt = _Attempt(
        program=program,
        vector=vector,
        method=method,
        size=size,
        states=states,
        stages=[vector.address(work, shape.stages + i * size) for i in range(stages)],
        point=vector.address(work, shape.trial),
        step=h,
        inverse=builder.fdiv(vector.constant(1.0), h),
    )
    vector.store(builder.fmul(attempt.inverse, vector.constant(1.0 / method.gamma)), shift, 0)
    first = attempt.stages[0]
    writer.call(vector, "factor", time, states, prepared, shift, factors, first)
    rows = [row for row, _ in program.time_slopes]
    nodes = [node for _, node in program.time_slopes]
    slopes = writer.formulas(vector, now, states, prepared).emit(nodes)
    _add_slopes(attempt, 0, rows, slopes)
    writer.call(vector, "solve", factors, first)
    for number in range(1, stages):
        _prepare_stage(attempt, number)
        _add_slopes(attempt, number, rows, slopes)
        vector.store(vector.fma(vector.constant(method.alpha[number]), h, now), stage_time, 0)
        writer.call(
            vector, "stage", stage_time, attempt.point, prepared, factors, attempt.stages[number]
        )
    _emit_error(attempt, (tolerance, after, error))
    _emit_dense(attempt, shape, dense)
    builder.ret_void()


def _add_slopes(attempt: _Attempt, number: int, rows: list[int], slopes: list[ir.Value]) -> None:
    """h d_i f_t, where a rate depends on time."""
    vector, share = attempt.vector, attempt.method.slope[number]
    if share != 0.0 and rows:
        scaled = vector.builder.fmul(attempt.step, vector.constant(share))
        for row, slope in zip(rows, slopes, strict=True):
            value = vector.load(attempt.stages[number], row)
            vector.store(vector.fma(scaled, slope, value), attempt.stages[number], row)


def _prepare_stage(attempt: _Attempt, number: int) -> None:
    """The point of a stage, and what its equation has besides the rates."""
    vector, method = attempt.vector, attempt.method
    row, before = method.a[number], method.a[number - 1]
    stages = attempt.stages

    def body(index: ir.Value) -> list[ir.Value]:
        held = [vector.load(stage, index) for stage in stages[:number]]
        if number > 1 and row == (*before, 1.0):
            point = vector.builder.fadd(vector.load(attempt.point, index), held[-1])
        else:
            point = weighted(vector, row, held, vector.load(attempt.states, index))
        vector.store(point, attempt.point, index)
        others = weighted(vector, method.c[number], held, None)
        vector.store(vector.builder.fmul(attempt.inverse, others), stages[number], index)
        return []

    loop(vector, attempt.size, [], body)


def _emit_error(attempt: _Attempt, arrays: tuple[ir.Value, ...]) -> None:
    """New state and the mean of squared errors over tolerances."""
    tolerance, after, error = arrays
    vector, method, size = attempt.vector, attempt.method, attempt.size
    tolerances = (vector.load(tolerance, 0), vector.load(tolerance, 1))
    nested = method.solution == (*method.a[-1], 1.0)

    def body(index: ir.Value, total: ir.Value) -> list[ir.Value]:
        held = [vector.load(k, index) for k in attempt.stages]
        before = vector.load(attempt.states, index)
        if nested:
            new = vector.builder.fadd(vector.load(attempt.point, index), held[-1])
        else:
            new = weighted(vector, method.solution, held, before)
        vector.store(new, after, index)
        scale = scale_of(vector, attempt.program, index)
        ratio = vector.builder.fdiv(
            weighted(vector, method.error, held, None),
            allowed(vector, tolerances, scale, (before, new)),
        )
        return [vector.fma(ratio, ratio, total)]

    (total,) = loop(vector, size, [vector.constant(0.0)], body)
    vector.store(vector.builder.fmul(total, vector.constant(1.0 / max(size, 1))), error, 0)


def _emit_dense(attempt: _Attempt, shape: Shape, dense: ir.Value) -> None:
    """Coefficients of the dense output of the states that have one."""
    vector, count = attempt.vector, len(shape.dense)

    def body(index: ir.Value) -> list[ir.Value]:
        state = entry(vector, "dense_states", INTEGER, shape.dense, index)
        held = [vector.load(k, state) for k in attempt.stages]
        for term, coefficients in enumerate(attempt.method.dense):
            place = vector.builder.add(index, ir.Constant(INTEGER, term * count))
            vector.store(weighted(vector, coefficients, held, None), dense, place)
        return []

    loop(vector, count, [], body)


def scale_of(vector: Vector, program: Program, index: ir.Value) -> ir.Value:
    """Natural size of a state, in every lane."""
    return vector.spread(entry(vector, "scales", DOUBLE, program.scales, index))


def allowed(
    vector: Vector,
    tolerances: tuple[ir.Value, ir.Value],
    scale: ir.Value,
    values: tuple[ir.Value, ...],
) -> ir.Value:
    """What tolerances allow: relative * largest |value| + absolute * natural size."""
    largest = vector.intrinsic("fabs", values[0])
    for value in values[1:]:
        size = vector.intrinsic("fabs", value)
        largest = vector.select(vector.less(largest, size), size, largest)
    floor = vector.builder.fmul(tolerances[1], scale)
    return vector.fma(tolerances[0], largest, floor)


def _emit_first_step(writer: Writer, shape: Shape) -> None:
    """A step that moves the state by about a hundredth of its size (Hairer, Norsett and Wanner 1993, II.4)."""
    vector, (time, states, prepared, tolerance, step, work) = writer.open("first_step", 6)
    builder, program = vector.builder, writer.program
    slopes, factors = vector.address(work, shape.stages), vector.address(work, shape.factors)
    unused = vector.address(work, 2)
    writer.call(vector, "factor", time, states, prepared, unused, factors, slopes)
    tolerances = (vector.load(tolerance, 0), vector.load(tolerance, 1))

    def body(index: ir.Value, values: ir.Value, rates: ir.Value) -> list[ir.Value]:
        value = vector.load(states, index)
        scale = scale_of(vector, program, index)
        weight = allowed(vector, tolerances, scale, (value,))
        ratio = builder.fdiv(value, weight)
        slope = builder.fdiv(vector.load(slopes, index), weight)
        return [vector.fma(ratio, ratio, values), vector.fma(slope, slope, rates)]

    zero, one = vector.constant(0.0), vector.constant(1.0)
    value_norm, slope_norm = loop(vector, len(program.scales), [zero, zero], body)
    value_norm = vector.select(vector.less(value_norm, one), one, value_norm)
    ratio = vector.intrinsic("sqrt", builder.fdiv(value_norm, slope_norm))
    vector.store(builder.fmul(ratio, vector.constant(0.01)), step, 0)
    builder.ret_void()
