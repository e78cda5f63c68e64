"""Slopes -> LLVM functions that carry forward sensitivities through a step: its exact derivative, column by column.

The stages k_i of a step solve (I/(h gamma) - J) k_i = f(Y_i) + sum_j (c_ij / h) k_j + h d_i f_t. So their derivatives
by a parameter p, with S the sensitivity of the state, solve with the same factors

    (I/(h gamma) - J) k'_i = J(Y_i) Y'_i + M_i S + b_i + sum_j (c_ij / h) k'_j
    Y'_i = S + sum_j a_ij k'_j
    M_i = sum_c H_c k_i,c + h d_i f_ty             H_c: derivative of the Jacobian by state c
    b_i = f_p(Y_i) + J_p k_i + h d_i f_tp

`slope_matrices` writes J(Y_i), M_i and b_i; `slope_step` goes through the columns. What the other functions do stands
with them. All arrays are arrays of vectors, a column of sensitivities for each chosen parameter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llvmlite import ir

from raphe.engine.control import Control, whole
from raphe.engine.emit import bends, between_states, elimination_of, interpolate
from raphe.engine.rosenbrock import Rosenbrock
from raphe.engine.slopes import SlopeWork, bend_pattern, curve_nodes, side_by_side, slope_work
from raphe.engine.steps import emit_solution, weighted
from raphe.engine.vector import Vector
from raphe.engine.writer import Emitted, Shape, Writer, loop


def emit_slopes(emitted: Emitted, method: Rosenbrock) -> None:
    """Put the functions for sensitivities into a module, if parameters were chosen."""
    if emitted.program.slopes is None:
        return
    writer = Writer(emitted.module, emitted.program, emitted.shape.width)
    _emit_starts(writer)
    _emit_curve(writer)
    _emit_stage(writer, method)
    _emit_bend(writer, method)
    _emit_matrices(writer, method, emitted.shape)
    _emit_column(writer, side_by_side(writer.slopes))
    _emit_step(writer, method, emitted.shape)
    _emit_observe(writer, emitted.shape)
    _emit_affect(writer)


def _emit_starts(writer: Writer) -> None:
    """`start_slopes(p, S)`: derivatives of the initial states."""
    slopes = writer.slopes
    vector, (prepared, columns) = writer.open("start_slopes", 2)
    size = len(writer.program.layout.states)
    for index in range(size * slopes.count):
        vector.store(vector.constant(0.0), columns, index)
    values = writer.formulas(vector, None, None, prepared).emit([n for *_, n in slopes.starts])
    for (state, place, _), value in zip(slopes.starts, values, strict=True):
        vector.store(value, columns, place * size + state)
    vector.builder.ret_void()


def _emit_matrices(writer: Writer, method: Rosenbrock, shape: Shape) -> None:
    """`slope_matrices(t, h, y, p, u, w, ws)`: all that the columns of a step share, from its stages in w."""
    arguments = writer.open("slope_matrices", 7)
    vector, (time, step, states, prepared, inputs, work, own) = arguments
    program, builder = writer.program, vector.builder
    size, layout = len(program.layout.states), _layout(writer, method)
    entries, bends = len(program.jacobian), len(bend_pattern(writer.slopes))
    h, now = vector.load(step, 0), vector.load(time, 0)
    stage = [vector.address(work, shape.stages + i * size) for i in range(len(method.a))]
    trial = vector.address(work, shape.trial)
    stage_time, scaled = vector.address(work, 1), vector.address(work, 2)
    curve = vector.address(own, layout.curve)
    writer.call(vector, "slope_curve", time, states, prepared, curve)
    for i, k in enumerate(stage):
        point = states
        if i > 0:
            point = trial
            _emit_point(vector, method.a[i], (states, trial), stage[:i], size)
        vector.store(vector.fma(vector.constant(method.alpha[i]), h, now), stage_time, 0)
        vector.store(builder.fmul(h, vector.constant(method.slope[i])), scaled, 0)
        matrix = vector.address(own, layout.matrices + i * entries)
        sources = vector.address(own, layout.sources + i * size)
        bend = vector.address(own, layout.bends + i * bends)
        writer.call(vector, "slope_stage", stage_time, point, prepared, inputs, matrix, sources)
        writer.call(vector, "slope_bend", scaled, k, curve, bend, sources)
    builder.ret_void()


def _emit_point(
    vector: Vector,
    row: Sequence[float],
    arrays: tuple[ir.Value, ir.Value],
    stages: Sequence[ir.Value],
    size: int,
) -> None:
    """The state at which a stage is evaluated."""
    states, point = arrays

    def body(index: ir.Value) -> list[ir.Value]:
        held = [vector.load(stage, index) for stage in stages]
        vector.store(weighted(vector, row, held, vector.load(states, index)), point, index)
        return []

    loop(vector, size, [], body)


def _emit_curve(writer: Writer) -> None:
    """`slope_curve(t, y, p, out)`: second derivatives."""
    vector, (time, states, prepared, out) = writer.open("slope_curve", 4)
    formulas = writer.formulas(vector, vector.load(time, 0), states, prepared)
    for index, value in enumerate(formulas.emit(curve_nodes(writer.slopes))):
        vector.store(value, out, index)
    vector.builder.ret_void()


def _layout(writer: Writer, method: Rosenbrock) -> SlopeWork:
    program = writer.program
    return slope_work(
        writer.slopes,
        states=len(program.layout.states),
        stages=len(method.a),
        entries=len(program.jacobian),
    )


def _source_places(writer: Writer, method: Rosenbrock) -> dict[tuple[int, int], int]:
    """Rows and columns in which b_i can be other than 0 -> place, counted from the sources of a stage."""
    program, slopes = writer.program, writer.slopes
    found = {(row, place) for row, place, _ in (*slopes.rates, *slopes.drift)}
    found |= {(row, place) for row, _, place, _ in slopes.jacobian}
    found |= {(state, place) for state in program.inputs for place in range(slopes.count)}
    column = len(method.a) * len(program.layout.states)
    return {(row, place): place * column + row for row, place in sorted(found)}


def _emit_stage(writer: Writer, method: Rosenbrock) -> None:
    """`slope_stage(t, y, p, u, m, b)`: Jacobian and explicit derivatives of the rates at a stage."""
    program, slopes = writer.program, writer.slopes
    vector, (time, states, prepared, inputs, matrix, sources) = writer.open("slope_stage", 6)
    formulas = writer.formulas(vector, vector.load(time, 0), states, prepared)
    for index, value in enumerate(formulas.emit([node for *_, node in program.jacobian])):
        vector.store(value, matrix, index)
    explicit = formulas.emit([node for *_, node in slopes.rates])
    held = {entry[:2]: value for entry, value in zip(slopes.rates, explicit, strict=True)}
    for position, state in enumerate(program.inputs):
        for place in range(slopes.count):
            flow = vector.load(inputs, place * len(program.inputs) + position)
            own = held.get((state, place))
            held[state, place] = flow if own is None else vector.builder.fadd(own, flow)
    zero = vector.constant(0.0)
    for key, index in _source_places(writer, method).items():
        vector.store(held.get(key, zero), sources, index)
    vector.builder.ret_void()


def _emit_bend(writer: Writer, method: Rosenbrock) -> None:
    """`slope_bend(hd, k, curve, m, b)`: second derivatives times a stage, added to the sources of each column."""
    slopes, places = writer.slopes, _source_places(writer, method)
    vector, (scaled, stage, curve, matrix, sources) = writer.open("slope_bend", 5)
    nodes = {node: index for index, node in enumerate(curve_nodes(slopes))}
    drift_weight = vector.load(scaled, 0)
    held: dict[tuple[int, int], ir.Value] = {}
    terms: list[tuple[tuple[int, int], ir.Value, int]] = []
    for row, column, other, node in slopes.curvature:
        terms.append(((row, other), vector.load(stage, column), node))
        if column != other:
            terms.append(((row, column), vector.load(stage, other), node))
    terms += [((row, column), drift_weight, node) for row, column, node in slopes.drift_by_state]
    for key, weight, node in terms:
        value = vector.load(curve, nodes[node])
        old = held.get(key)
        held[key] = (
            vector.builder.fmul(value, weight) if old is None else vector.fma(value, weight, old)
        )
    for index, key in enumerate(bend_pattern(slopes)):
        vector.store(held[key], matrix, index)
    added = [
        ((row, place), vector.load(stage, col), node) for row, col, place, node in slopes.jacobian
    ]
    added += [((row, place), drift_weight, node) for row, place, node in slopes.drift]
    for key, weight, node in added:
        old = vector.load(sources, places[key])
        vector.store(vector.fma(vector.load(curve, nodes[node]), weight, old), sources, places[key])
    vector.builder.ret_void()


def _columns(writer: Writer, name: str, arguments: int) -> tuple[Control, Vector, list[ir.Value]]:
    """A new internal function with control flow, to go through columns."""
    function = writer.declare(name, arguments)
    control = Control(function)
    return control, Vector(control.builder, writer.width), list(function.args)


def _column(vector: Vector, base: ir.Value, place: ir.Value, length: int) -> ir.Value:
    """Address of a column of vectors."""
    offset = vector.builder.mul(place, whole(length))
    return vector.builder.gep(base, [offset], source_etype=vector.type)


def _emit_column(writer: Writer, together: int) -> None:
    """`slope_column(a, m, f, S, y, b, ...)`: each b becomes the solution for b + a y + m S, with the factors f.

    Some columns go side by side, so that the matrices are read once for them, and one works while another waits.
    """
    vector, (matrix, bend, factors, *columns) = writer.open("slope_column", 3 + 3 * together)
    program, pattern = writer.program, bend_pattern(writer.slopes)
    size = len(program.layout.states)
    sides = [columns[3 * side : 3 * side + 3] for side in range(together)]
    held = [[vector.load(values, row) for row in range(size)] for *_, values in sides]
    for column in range(size):  # by columns, so that rows do not wait for each other
        points = [vector.load(point, column) for _, point, _ in sides]
        for index, (row, other, _) in enumerate(program.jacobian):
            if other == column:
                entry = vector.load(matrix, index)
                for total, moved in zip(held, points, strict=True):
                    total[row] = vector.fma(entry, moved, total[row])
        starts = [vector.load(start, column) for start, *_ in sides]
        for index, (row, other) in enumerate(pattern):
            if other == column:
                entry = vector.load(bend, index)
                for total, begun in zip(held, starts, strict=True):
                    total[row] = vector.fma(entry, begun, total[row])
    for total in held:
        emit_solution(vector, elimination_of(program), factors, total)
    for (*_, values), total in zip(sides, held, strict=True):
        for row, value in enumerate(total):
            vector.store(value, values, row)
    vector.builder.ret_void()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sweep:
    """What the parts of `slope_step` share: addresses for one column, and 1 / h."""

    vector: Vector
    method: Rosenbrock
    size: int
    before: ir.Value
    sources: ir.Value
    stages: list[ir.Value]
    point: ir.Value
    inverse: ir.Value


def _emit_step(writer: Writer, method: Rosenbrock, shape: Shape) -> None:
    """`slope_step(h, S, w, ws, after, dense)`: every column of sensitivities through the step just tried.

    The last columns may be done twice, to the same end.
    """
    program, slopes = writer.program, writer.slopes
    control, vector, arguments = _columns(writer, "slope_step", 6)
    builder = control.builder
    step, columns, work, own, after, dense = arguments
    size, layout, count = len(program.layout.states), _layout(writer, method), len(method.a)
    entries, bends = len(program.jacobian), len(bend_pattern(slopes))
    inverse = builder.fdiv(vector.constant(1.0), vector.load(step, 0))
    factors, sources = vector.address(work, shape.factors), vector.address(own, layout.sources)
    together = side_by_side(slopes)
    with control.loop(whole(-(-slopes.count // together))) as block:
        first, last = builder.mul(block, whole(together)), whole(slopes.count - together)
        first = builder.select(builder.icmp_signed("<", first, last), first, last)
        places = [builder.add(first, whole(side)) for side in range(together)]
        sweeps = [
            _Sweep(
                vector=vector,
                method=method,
                size=size,
                before=_column(vector, columns, place, size),
                sources=_column(vector, sources, place, size * count),
                stages=[
                    vector.address(own, layout.stages + (side * (count + 1) + i) * size)
                    for i in range(count)
                ],
                point=vector.address(own, layout.stages + (side * (count + 1) + count) * size),
                inverse=inverse,
            )
            for side, place in enumerate(places)
        ]
        for i in range(count):
            for sweep in sweeps:
                _prepare_column(sweep, i)
            parts = [
                (sweep.before, sweep.before if i == 0 else sweep.point, sweep.stages[i])
                for sweep in sweeps
            ]
            writer.call(
                vector,
                "slope_column",
                vector.address(own, layout.matrices + i * entries),
                vector.address(own, layout.bends + i * bends),
                factors,
                *(part for one in parts for part in one),
            )
        for sweep, place in zip(sweeps, places, strict=True):
            ends = (
                _column(vector, after, place, size),
                _column(vector, dense, place, shape.dense_terms * len(shape.dense)),
            )
            _end_column(sweep, shape, ends)
    builder.ret_void()


def _prepare_column(sweep: _Sweep, number: int) -> None:
    """The point of a stage, and what its equation has besides the matrices."""
    vector, method = sweep.vector, sweep.method
    row, before = method.a[number], method.a[number - 1] if number > 0 else ()

    def body(index: ir.Value) -> list[ir.Value]:
        held = [vector.load(stage, index) for stage in sweep.stages[:number]]
        offset = vector.builder.add(index, whole(number * sweep.size))
        total = vector.load(sweep.sources, offset)
        if number > 0:
            nested = number > 1 and row == (*before, 1.0)
            start = vector.load(sweep.point if nested else sweep.before, index)
            point = weighted(
                vector, (1.0,) if nested else row, held[-1:] if nested else held, start
            )
            vector.store(point, sweep.point, index)
            passed = weighted(vector, method.c[number], held, None)
            total = vector.fma(sweep.inverse, passed, total)
        vector.store(total, sweep.stages[number], index)
        return []

    loop(vector, sweep.size, [], body)


def _end_column(sweep: _Sweep, shape: Shape, ends: tuple[ir.Value, ir.Value]) -> None:
    """Sensitivities at the end of the step, and their dense output."""
    vector, method = sweep.vector, sweep.method
    after, dense = ends

    def body(index: ir.Value) -> list[ir.Value]:
        held = [vector.load(stage, index) for stage in sweep.stages]
        start = vector.load(sweep.before, index)
        vector.store(weighted(vector, method.solution, held, start), after, index)
        return []

    loop(vector, sweep.size, [], body)
    for position, state in enumerate(shape.dense):
        held = [vector.load(stage, state) for stage in sweep.stages]
        for term, coefficients in enumerate(method.dense):
            place = term * len(shape.dense) + position
            vector.store(weighted(vector, coefficients, held, None), dense, place)


def _emit_observe(writer: Writer, shape: Shape) -> None:
    """`observe_slopes(at, t, h, y, u, dense, p, S, Su, Sdense, out)`: slopes of the outputs between steps.

    What comes out is a column of outputs for each chosen parameter, behind the derivatives by the states.
    """
    program, slopes = writer.program, writer.slopes
    control, vector, arguments = _columns(writer, "observe_slopes", 11)
    fraction, time, step, before, after, dense, prepared, *columns, out = arguments
    arrays = (fraction, time, step, before, after, dense)
    now, states = between_states(vector, arrays, shape)
    s = vector.load(fraction, 0)
    formulas = writer.formulas(vector, now, states, prepared)
    direct = formulas.emit([node for *_, node in slopes.outputs_by_state])
    explicit = formulas.emit([node for *_, node in slopes.outputs])
    outputs, size = len(program.outputs), len(program.layout.states)
    dense_size = shape.dense_terms * len(shape.dense)
    for index, value in enumerate(direct):
        vector.store(value, out, slopes.count * outputs + index)
    needed = sorted({state for _, state, _ in slopes.outputs_by_state})
    with control.loop(whole(slopes.count)) as place:
        own, new, bent = (
            _column(vector, base, place, length)
            for base, length in zip(columns, (size, size, dense_size), strict=True)
        )
        found = _column(vector, out, place, outputs)
        held = {}
        for state in needed:
            terms = bends(vector, bent, shape, shape.dense.index(state))
            ends = (vector.load(own, state), vector.load(new, state))
            held[state] = interpolate(vector, s, terms, ends)
        total = [vector.constant(0.0)] * outputs
        for index, (output, state, _) in enumerate(slopes.outputs_by_state):
            slope = vector.load(out, slopes.count * outputs + index)
            total[output] = vector.fma(slope, held[state], total[output])
        for output, value in enumerate(total):
            vector.store(value, found, output)
    for (output, column, _), value in zip(slopes.outputs, explicit, strict=True):
        index = column * outputs + output
        vector.store(vector.builder.fadd(vector.load(out, index), value), out, index)
    vector.builder.ret_void()


def _emit_affect(writer: Writer) -> None:
    """`affect_slopes(t, y, p, S, out)`: slopes of the values that events set, columns; then those by time."""
    program, slopes = writer.program, writer.slopes
    vector, (time, states, prepared, columns, out) = writer.open("affect_slopes", 5)
    count = sum(len(event.values) for event in program.events)
    size = len(program.layout.states)
    formulas = writer.formulas(vector, vector.load(time, 0), states, prepared)
    direct = formulas.emit([node for *_, node in slopes.values_by_state])
    explicit = formulas.emit([node for *_, node in slopes.values])
    by_time = formulas.emit([node for *_, node in slopes.values_by_time])
    total = {
        (value, place): vector.constant(0.0)
        for place in range(slopes.count)
        for value in range(count)
    }
    for (value, place, _), slope in zip(slopes.values, explicit, strict=True):
        total[value, place] = slope
    for (value, state, _), slope in zip(slopes.values_by_state, direct, strict=True):
        for place in range(slopes.count):
            held = vector.load(columns, place * size + state)
            total[value, place] = vector.fma(slope, held, total[value, place])
    for (value, place), slope in total.items():
        vector.store(slope, out, place * count + value)
    moving = {
        value: slope for (value, _), slope in zip(slopes.values_by_time, by_time, strict=True)
    }
    for value in range(count):
        vector.store(moving.get(value, vector.constant(0.0)), out, slopes.count * count + value)
    vector.builder.ret_void()
