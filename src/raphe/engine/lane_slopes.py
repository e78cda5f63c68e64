"""Sensitivities of lanes: at the start, across edges, through steady states and into outputs. Knows nothing of steps.

An edge at a time that depends on a parameter, tau(p), moves the sensitivity S of the state y at a fixed time: with the
rates f before and f' after the edge, and y' = g(y, p, t),

    S' = g_y (S + f dtau/dp) + g_p + g_t dtau/dp - f' dtau/dp.

Each function does nothing if no parameters were chosen.
"""

from __future__ import annotations

from llvmlite import ir

from raphe.engine.control import number, whole
from raphe.engine.lane_memory import Lanes
from raphe.engine.status import Action
from raphe.engine.steps import allowed
from raphe.engine.vector import INTEGER, Vector
from raphe.engine.writer import Emitted, Writer


def emit_slope_distance(emitted: Emitted) -> None:
    """Add `slope_distance(S, other, largest, p, tol, out)`: as `distance`.

    A slope is measured by the size of its state, and allowed to change by a part of the largest in its column, or of
    one over the parameter if that is more.
    """
    slopes = emitted.program.slopes
    if slopes is None:
        return
    writer = Writer(emitted.module, emitted.program, emitted.shape.width)
    vector, (columns, others, largest, prepared, tolerance, out) = writer.open("slope_distance", 6)
    builder, size = vector.builder, emitted.shape.states
    relative = vector.load(tolerance, 0)
    tolerances = (relative, vector.load(tolerance, 1))
    zero = most = vector.constant(0.0)
    parts = []  # 1 / (relative tolerance * size of the state)
    for j, scale in enumerate(emitted.program.scales):
        weight = allowed(vector, tolerances, vector.constant(scale), (vector.load(largest, j),))
        parts.append(builder.fdiv(vector.constant(1.0), weight))
    for place, parameter in enumerate(slopes.parameters):
        size_of = vector.intrinsic("fabs", vector.load(prepared, parameter))
        least = builder.fdiv(vector.constant(1.0), builder.fmul(relative, size_of))
        norm = vector.select(builder.fcmp_ordered("==", size_of, zero), zero, least)
        change = zero
        for j, part in enumerate(parts):
            now, old = (vector.load(base, place * size + j) for base in (columns, others))
            one = vector.intrinsic("fabs", builder.fmul(now, part))
            norm = vector.select(builder.fcmp_unordered("<", norm, one), one, norm)
            one = vector.intrinsic("fabs", builder.fmul(builder.fsub(now, old), part))
            change = vector.select(builder.fcmp_unordered("<", change, one), one, change)
        ratio = builder.fdiv(change, builder.fmul(relative, norm))
        ratio = vector.select(builder.fcmp_ordered("==", change, zero), zero, ratio)
        most = vector.select(builder.fcmp_unordered("<", most, ratio), ratio, most)
    vector.store(most, out, 0)
    builder.ret_void()


def clear_slope_work(lanes: Lanes) -> None:
    """Zeros where sources that are always 0 are read but never written."""
    with lanes.control.loop(
        whole(lanes.emitted.shape.slope_work * lanes.emitted.shape.width)
    ) as index:
        lanes.control.put(number(0.0), lanes.vector["slope_work"], index)


def start_slopes(lanes: Lanes, lane: ir.Value) -> None:
    """Sensitivities of one lane's start; `prepare` has been called."""
    shape, control = lanes.emitted.shape, lanes.control
    if shape.chosen == 0:
        return
    lanes.call("start_slopes", lanes.vector["prepared"], lanes.vector["fresh_slopes"])
    with control.loop(whole(shape.states * shape.chosen)) as index:
        place = lanes.at(index, lane)
        value = control.get(lanes.vector["fresh_slopes"], place)
        for name in ("slopes", "slopes_after", "saved_slopes"):
            control.put(value, lanes.vector[name], place)
    for name, length in (
        ("slopes_dense", shape.dense_terms * len(shape.dense) * shape.chosen),
        ("input_slopes", shape.inputs * shape.chosen),
    ):
        with control.loop(whole(length)) as index:
            control.put(number(0.0), lanes.vector[name], lanes.at(index, lane))


def step_slopes(lanes: Lanes) -> None:
    """Sensitivities at the end of the steps just tried."""
    if lanes.emitted.shape.chosen == 0:
        return
    shared = ("time", "step", "states", "prepared", "input_slopes", "work", "slope_work")
    lanes.call("slope_matrices", *(lanes.vector[name] for name in shared))
    own = ("step", "slopes", "work", "slope_work", "slopes_after", "slopes_dense")
    lanes.call("slope_step", *(lanes.vector[name] for name in own))


def advance_slopes(lanes: Lanes) -> None:
    """Move the sensitivities of accepted lanes to the end of their step."""
    shape, builder = lanes.emitted.shape, lanes.control.builder
    if shape.chosen == 0:
        return
    vector = Vector(builder, shape.width)
    flags = builder.load(lanes.flag["accepted"], typ=vector.integers, align=8)
    accepted = builder.icmp_signed("!=", flags, vector.integer(0))
    with lanes.control.loop(whole(shape.states * shape.chosen)) as index:
        new, old = (
            builder.gep(lanes.vector[name], [index], source_etype=vector.type)
            for name in ("slopes_after", "slopes")
        )
        pair = [builder.load(place, typ=vector.type, align=8) for place in (new, old)]
        builder.store(builder.select(accepted, *pair), old, align=8)


def hold_slopes(lanes: Lanes, lane: ir.Value) -> None:
    """Keep the sensitivities from before the periods of a steady state."""
    _copy(lanes, lane, "slopes", "held_slopes")


def save_slopes(lanes: Lanes, lane: ir.Value) -> None:
    """Keep the sensitivities at the begin of a period."""
    _copy(lanes, lane, "slopes", "saved_slopes")


def _copy(lanes: Lanes, lane: ir.Value, source: str, target: str) -> None:
    shape, control = lanes.emitted.shape, lanes.control
    if shape.chosen > 0:
        with control.loop(whole(shape.states * shape.chosen)) as index:
            place = lanes.at(index, lane)
            control.put(control.get(lanes.vector[source], place), lanes.vector[target], place)


def add_held_slopes(lanes: Lanes, lane: ir.Value) -> None:
    """Add what was held when the periods began."""
    shape, control, vector = lanes.emitted.shape, lanes.control, lanes.vector
    if shape.chosen > 0:
        with control.loop(whole(shape.states * shape.chosen)) as index:
            place = lanes.at(index, lane)
            held = control.get(vector["held_slopes"], place)
            total = control.builder.fadd(control.get(vector["slopes"], place), held)
            control.put(total, vector["slopes"], place)


def slope_change(lanes: Lanes, lane: ir.Value, change: ir.Value) -> ir.Value:
    """The larger of a change of the states over a period and that of their sensitivities."""
    if lanes.emitted.shape.chosen == 0:
        return change
    builder, vector = lanes.control.builder, lanes.vector
    names = ("slopes", "saved_slopes", "largest", "prepared", "tolerance", "distance")
    lanes.call("slope_distance", *(vector[name] for name in names))
    own = lanes.control.get(vector["distance"], lane)
    return builder.select(builder.fcmp_unordered("<", change, own), own, change)


def leap_slopes(lanes: Lanes, lane: ir.Value, far: ir.Value) -> None:
    """Add to each sensitivity its last change, so many times."""
    shape, control, vector = lanes.emitted.shape, lanes.control, lanes.vector
    if shape.chosen > 0:
        builder = control.builder
        with control.loop(whole(shape.states * shape.chosen)) as index:
            place = lanes.at(index, lane)
            now = control.get(vector["slopes"], place)
            moved = builder.fsub(now, control.get(vector["saved_slopes"], place))
            control.put(builder.fadd(now, builder.fmul(moved, far)), vector["slopes"], place)


def shift_slopes(lanes: Lanes, lane: ir.Value, edge: ir.Value, sign: float) -> None:
    """Add the rates times the derivative of the edge's time (sign 1), or take them off (-1)."""
    shape, control, vector = lanes.emitted.shape, lanes.control, lanes.vector
    if shape.chosen == 0:
        return
    builder = control.builder
    with builder.if_then(_moves(lanes, edge)):
        names = ("time", "states", "prepared", "edge_rates")
        lanes.call("rates", *(vector[name] for name in names))
        first = builder.mul(edge, whole(shape.chosen))
        with control.loop(whole(shape.chosen)) as chosen:
            moved = control.get(lanes.argument["edge_time_slope"], builder.add(first, chosen))
            moved = builder.fmul(moved, number(sign))
            with control.loop(whole(shape.states)) as state:
                rate = control.get(vector["edge_rates"], lanes.at(state, lane))
                index = builder.add(builder.mul(chosen, whole(shape.states)), state)
                place = lanes.at(index, lane)
                total = builder.fadd(
                    control.get(vector["slopes"], place), builder.fmul(rate, moved)
                )
                control.put(total, vector["slopes"], place)


def _moves(lanes: Lanes, edge: ir.Value) -> ir.Value:
    """True if the time of an edge depends on a chosen parameter."""
    control, builder = lanes.control, lanes.control.builder
    found = control.local(INTEGER)
    builder.store(whole(0), found)
    chosen = whole(lanes.emitted.shape.chosen)
    with control.loop(chosen) as index:
        place = builder.add(builder.mul(edge, chosen), index)
        moved = control.get(lanes.argument["edge_time_slope"], place)
        with builder.if_then(builder.fcmp_unordered("!=", moved, number(0.0))):
            builder.store(whole(1), found)
    return builder.icmp_signed("!=", builder.load(found, typ=INTEGER), whole(0))


def event_slopes(lanes: Lanes) -> None:
    """Slopes of what events would set now; before the event."""
    if lanes.emitted.shape.chosen > 0:
        names = ("time", "states", "prepared", "slopes", "slope_result")
        lanes.call("affect_slopes", *(lanes.vector[name] for name in names))


def act_on_slopes(
    lanes: Lanes, lane: ir.Value, action: Action, index: ir.Value, edge: ir.Value
) -> None:
    """What an edge does to the sensitivities beyond the shift."""
    shape, control, vector = lanes.emitted.shape, lanes.control, lanes.vector
    if shape.chosen == 0:
        return
    builder = control.builder
    first = builder.mul(edge, whole(shape.chosen))
    with control.loop(whole(shape.chosen)) as chosen:
        change = control.get(lanes.argument["edge_value_slope"], builder.add(first, chosen))
        if action is Action.ADD_STATE:
            place = builder.add(builder.mul(chosen, whole(shape.states)), index)
            place = lanes.at(place, lane)
            total = builder.fadd(control.get(vector["slopes"], place), change)
            control.put(total, vector["slopes"], place)
        if action is Action.SET_INPUT:
            place = builder.add(builder.mul(chosen, whole(shape.inputs)), index)
            control.put(change, vector["input_slopes"], lanes.at(place, lane))
        if action is Action.RUN_EVENT:
            moved = control.get(lanes.argument["edge_time_slope"], builder.add(first, chosen))
            _set_by_event(lanes, lane, index, chosen, moved)


def _set_by_event(
    lanes: Lanes, lane: ir.Value, event: ir.Value, chosen: ir.Value, moved: ir.Value
) -> None:
    """One column of the states that an event has set."""
    shape, control, vector = lanes.emitted.shape, lanes.control, lanes.vector
    builder, value = control.builder, 0
    count = sum(len(one.values) for one in lanes.emitted.program.events)
    for position, one in enumerate(lanes.emitted.program.events):
        with builder.if_then(builder.icmp_signed("==", event, whole(position))):
            for offset, state in enumerate(one.states, start=value):
                place = builder.add(builder.mul(chosen, whole(count)), whole(offset))
                slope = control.get(vector["slope_result"], lanes.at(place, lane))
                place = whole(shape.chosen * count + offset)
                by_time = control.get(vector["slope_result"], lanes.at(place, lane))
                total = builder.fadd(slope, builder.fmul(by_time, moved))
                place = builder.add(builder.mul(chosen, whole(shape.states)), whole(state))
                control.put(total, vector["slopes"], lanes.at(place, lane))
        value += len(one.values)


def observe_slopes(lanes: Lanes) -> None:
    """Slopes of the outputs of all lanes, at the fraction that each holds."""
    if lanes.emitted.shape.chosen > 0:
        names = "fraction time step states after dense prepared slopes slopes_after slopes_dense slope_result"
        lanes.call("observe_slopes", *(lanes.vector[name] for name in names.split()))


def store_slopes(lanes: Lanes, lane: ir.Value, row: ir.Value, wrong: ir.Value) -> None:
    """Slopes of the outputs of a lane into a row of all rows; `wrong` becomes 1 if one is not finite."""
    shape, control = lanes.emitted.shape, lanes.control
    if shape.chosen == 0:
        return
    builder, outputs = control.builder, whole(shape.outputs)
    first = builder.mul(builder.mul(row, outputs), whole(shape.chosen))
    with control.loop(whole(shape.chosen)) as chosen:
        with control.loop(outputs) as output:
            source = lanes.at(builder.add(builder.mul(chosen, outputs), output), lane)
            value = control.get(lanes.vector["slope_result"], source)
            place = builder.add(builder.mul(output, whole(shape.chosen)), chosen)
            control.put(value, lanes.argument["slope_out"], builder.add(first, place))
            with builder.if_then(builder.not_(control.finite(value))):
                builder.store(whole(1), wrong)
