"""Steady state: periods of dosing repeated until the states do not change. Knows nothing of doses or steps.

A period is run as any other time, without outputs. After each one the largest change of a state, as a part of what the
tolerance allows where that state was largest at an edge, and the ratio of that change to the one of the period before
tell how far the steady state still is. Where the ratio has settled, the rest of the way is taken at once (Aitken 1926,
doi 10.1017/S0370164600022070).
"""

from __future__ import annotations

from llvmlite import ir

from raphe.engine.control import number, whole
from raphe.engine.lane_memory import Lanes, finish, magnitude
from raphe.engine.lane_slopes import (
    add_held_slopes,
    hold_slopes,
    leap_slopes,
    save_slopes,
    slope_change,
    start_slopes,
)
from raphe.engine.status import Status
from raphe.engine.steps import allowed, scale_of
from raphe.engine.vector import INTEGER
from raphe.engine.writer import Emitted, Writer, loop

_MAX_ROUNDS = 10_000
_NEAR = 0.01  # of what the tolerance allows
_CALM_ROUNDS = 3  # as often in a row must the steady state be so near
_EQUAL = 1e-14  # relative change that is none
_SETTLED = 3e-4  # relative change of a ratio of changes that has settled
_MAX_LEAP = 1000.0  # periods


def emit_distance(emitted: Emitted) -> None:
    """Add `distance(y, other, largest, tol, out)`: the largest difference as a part of what is allowed."""
    writer = Writer(emitted.module, emitted.program, emitted.shape.width)
    vector, (states, others, largest, tolerance, out) = writer.open("distance", 5)
    builder = vector.builder
    tolerances = (vector.load(tolerance, 0), vector.load(tolerance, 1))

    def body(index: ir.Value, most: ir.Value) -> list[ir.Value]:
        pair = (vector.load(states, index), vector.load(others, index))
        change = vector.intrinsic("fabs", builder.fsub(*pair))
        size = (vector.load(largest, index),)
        scale = scale_of(vector, emitted.program, index)
        ratio = builder.fdiv(change, allowed(vector, tolerances, scale, size))
        smaller = builder.fcmp_unordered("<", most, ratio)
        return [vector.select(smaller, ratio, most)]

    (most,) = loop(vector, emitted.shape.states, [vector.constant(0.0)], body)
    vector.store(most, out, 0)
    builder.ret_void()


def begin_periods(lanes: Lanes, lane: ir.Value, period: ir.Value) -> None:
    """Hold the states, start anew with inputs of 0, and go back by a period."""
    control, shape, vector = lanes.control, lanes.emitted.shape, lanes.vector
    lanes.call("start", vector["prepared"], vector["fresh_states"])
    hold_slopes(lanes, lane)
    start_slopes(lanes, lane)
    with control.loop(whole(shape.states)) as index:
        place = lanes.at(index, lane)
        control.put(control.get(vector["states"], place), vector["held"], place)
        start = control.get(vector["fresh_states"], place)
        for name in ("states", "saved"):
            control.put(start, vector[name], place)
    with control.loop(whole(shape.inputs)) as index:
        first = whole(shape.prepared - shape.inputs)
        place = lanes.at(control.builder.add(first, index), lane)
        control.put(number(0.0), vector["prepared"], place)
    control.put(whole(1), lanes.flag["running_in"], lane)
    for name in ("rounds", "calm"):
        control.put(whole(0), lanes.flag[name], lane)
    for name in ("old_distance", "old_ratio"):
        control.put(number(0.0), lanes.real[name], lane)
    _go_back(lanes, lane, period)


def _go_back(lanes: Lanes, lane: ir.Value, period: ir.Value) -> None:
    control, now = lanes.control, lanes.control.get(lanes.vector["time"], lane)
    control.put(control.builder.fsub(now, period), lanes.vector["time"], lane)
    with control.loop(whole(lanes.emitted.shape.states)) as index:
        control.put(number(0.0), lanes.vector["largest"], lanes.at(index, lane))


def note_largest(lanes: Lanes, lane: ir.Value) -> None:
    """Keep the largest size of each state at the edges of a period."""
    control, vector = lanes.control, lanes.vector
    with control.builder.if_then(lanes.is_set("running_in", lane)):
        with control.loop(whole(lanes.emitted.shape.states)) as index:
            place = lanes.at(index, lane)
            size = magnitude(lanes, control.get(vector["states"], place))
            known = control.get(vector["largest"], place)
            larger = control.builder.fcmp_ordered(">", size, known)
            control.put(control.builder.select(larger, size, known), vector["largest"], place)


def repeat_period(lanes: Lanes, lane: ir.Value, edges: ir.Value, period: ir.Value) -> None:
    """Go on if the states are as a period ago; else go back, after a leap if it is clear where to."""
    control, builder, vector = lanes.control, lanes.control.builder, lanes.vector
    note_largest(lanes, lane)
    names = ("states", "saved", "largest", "tolerance", "distance")
    lanes.call("distance", *(vector[name] for name in names))
    change = slope_change(lanes, lane, control.get(vector["distance"], lane))
    ratio = builder.fdiv(change, control.get(lanes.real["old_distance"], lane))
    rounds = builder.add(control.get(lanes.flag["rounds"], lane, INTEGER), whole(1))
    control.put(rounds, lanes.flag["rounds"], lane)
    calm = _calm_rounds(lanes, lane, change, ratio)
    relative = builder.fmul(change, lanes.argument["relative"])
    equal = builder.fcmp_ordered("<=", relative, number(_EQUAL))
    done = builder.or_(builder.icmp_signed(">=", calm, whole(_CALM_ROUNDS)), equal)
    with builder.if_else(done) as (yes, no):
        with yes:
            control.put(whole(0), lanes.flag["running_in"], lane)
        with no:
            _leap(lanes, lane, change, ratio)
            _save(lanes, lane)
            _go_back(lanes, lane, period)
            edge = control.get(lanes.flag["edge"], lane, INTEGER)
            # the cursor stands behind this edge
            first = builder.sub(builder.sub(edge, edges), whole(1))
            control.put(first, lanes.flag["edge"], lane)
            sound = builder.fcmp_ordered("==", builder.fsub(change, change), number(0.0))
            spent = builder.icmp_signed(">=", rounds, whole(_MAX_ROUNDS))
            with builder.if_then(builder.or_(spent, builder.not_(sound))):
                finish(lanes, lane, Status.NO_STEADY_STATE)


def _calm_rounds(lanes: Lanes, lane: ir.Value, change: ir.Value, ratio: ir.Value) -> ir.Value:
    """In how many rounds, up to this one, what is left of the way was next to nothing."""
    control, builder = lanes.control, lanes.control.builder
    rest = builder.fdiv(builder.fmul(change, ratio), builder.fsub(number(1.0), ratio))
    near = builder.fcmp_ordered("<=", rest, number(_NEAR))
    near = builder.and_(near, builder.fcmp_ordered("<", ratio, number(1.0)))
    calm = builder.add(control.get(lanes.flag["calm"], lane, INTEGER), whole(1))
    calm = builder.select(near, calm, whole(0))
    control.put(calm, lanes.flag["calm"], lane)
    return calm


def _leap(lanes: Lanes, lane: ir.Value, change: ir.Value, ratio: ir.Value) -> None:
    """Where the ratio has settled, add to each state what all further rounds would add at that ratio."""
    control, builder, vector = lanes.control, lanes.control.builder, lanes.vector
    old = control.get(lanes.real["old_ratio"], lane)
    drift = builder.fsub(ratio, old)
    bound = builder.fmul(ratio, number(_SETTLED))
    settled = builder.and_(
        builder.fcmp_ordered("<=", drift, bound),
        builder.fcmp_ordered(">=", drift, builder.fneg(bound)),
    )
    far = builder.fdiv(ratio, builder.fsub(number(1.0), ratio))
    settled = builder.and_(settled, builder.fcmp_ordered(">", far, number(0.0)))
    settled = builder.and_(settled, builder.fcmp_ordered("<", far, number(_MAX_LEAP)))
    idle = builder.icmp_signed("==", control.get(lanes.flag["calm"], lane, INTEGER), whole(0))
    leaps = builder.and_(settled, idle)
    control.put(builder.select(leaps, number(0.0), change), lanes.real["old_distance"], lane)
    control.put(builder.select(leaps, number(0.0), ratio), lanes.real["old_ratio"], lane)
    with builder.if_then(leaps):
        with control.loop(whole(lanes.emitted.shape.states)) as index:
            place = lanes.at(index, lane)
            now = control.get(vector["states"], place)
            moved = builder.fsub(now, control.get(vector["saved"], place))
            there = builder.fadd(now, builder.fmul(moved, far))
            crossed = builder.fcmp_ordered("<", builder.fmul(there, now), number(0.0))
            control.put(builder.select(crossed, now, there), vector["states"], place)
        leap_slopes(lanes, lane, far)


def _save(lanes: Lanes, lane: ir.Value) -> None:
    control = lanes.control
    with control.loop(whole(lanes.emitted.shape.states)) as index:
        place = lanes.at(index, lane)
        control.put(control.get(lanes.vector["states"], place), lanes.vector["saved"], place)
    save_slopes(lanes, lane)


def add_held(lanes: Lanes, lane: ir.Value) -> None:
    """Add what was held when the periods began."""
    control, builder, vector = lanes.control, lanes.control.builder, lanes.vector
    with control.loop(whole(lanes.emitted.shape.states)) as index:
        place = lanes.at(index, lane)
        total = builder.fadd(
            control.get(vector["states"], place), control.get(vector["held"], place)
        )
        control.put(total, vector["states"], place)
    add_held_slopes(lanes, lane)
