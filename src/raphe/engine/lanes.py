"""Many subjects through one kernel: the driver that gives each lane its own time, step, edges, outputs and status.

A lane that finishes or fails takes the next subject at once. All decisions of a lane use its own numbers only, so a
subject's numbers depend neither on its neighbors nor on W. Knows nothing of formulas (`emit`) or threads (`solve`).

One round of the driver: find events, write outputs, move accepted lanes on, apply edges, refill; then, unless a lane
is fresh (its first outputs and edges come first), choose steps, try them, and judge them.
"""

from __future__ import annotations

from llvmlite import ir

from raphe.engine.control import Control, number, whole
from raphe.engine.edges import apply_edges
from raphe.engine.events import find_events, fire_events, remember_triggers
from raphe.engine.lane_memory import (
    ARGUMENTS,
    KINDS,
    Lanes,
    count,
    finish,
    layout_lanes,
    magnitude,
)
from raphe.engine.lane_slopes import (
    advance_slopes,
    emit_slope_distance,
    start_slopes,
    step_slopes,
)
from raphe.engine.outputs import write_outputs
from raphe.engine.periods import emit_distance
from raphe.engine.rosenbrock import Rosenbrock
from raphe.engine.status import Status
from raphe.engine.vector import DOUBLE, INTEGER
from raphe.engine.writer import Emitted

_SAFETY = 0.9
_SHRINK = 5.0  # a step becomes at most this much smaller
_GROW = 6.0  # or this much larger


def emit_driver(emitted: Emitted, method: Rosenbrock) -> None:
    """Add the function `run` to the module of `emitted`."""
    module = emitted.module
    signature = ir.FunctionType(ir.VoidType(), [KINDS[kind] for _, kind in ARGUMENTS])
    function = ir.Function(module, signature, "run")
    control = Control(function)
    argument = {name: value for (name, _), value in zip(ARGUMENTS, function.args, strict=True)}
    emit_distance(emitted)
    emit_slope_distance(emitted)
    lanes = layout_lanes(control, emitted, argument)
    builder = control.builder
    _initialize(lanes)
    _refill(lanes)
    with control.repeat() as stop:
        find_events(lanes)
        write_outputs(lanes)
        _advance(lanes)
        apply_edges(lanes)
        _refill(lanes)
        stop(
            builder.icmp_signed("==", builder.load(lanes.counter["active"], typ=INTEGER), whole(0))
        )
        fresh = builder.load(lanes.counter["fresh"], typ=INTEGER)
        with builder.if_then(builder.icmp_signed("==", fresh, whole(0))):
            fire_events(lanes)
            _restart(lanes)
            _choose_steps(lanes)
            vector = lanes.vector
            lanes.call(
                "step",
                vector["time"],
                vector["step"],
                vector["states"],
                vector["prepared"],
                vector["tolerance"],
                vector["after"],
                vector["dense"],
                vector["error"],
                vector["work"],
            )
            _judge(lanes, method)
            step_slopes(lanes)
    builder.ret_void()


def _initialize(lanes: Lanes) -> None:
    control, builder = lanes.control, lanes.control.builder
    for counter in lanes.counter.values():
        builder.store(whole(0), counter)
    with control.loop(lanes.width()) as lane:
        for name, flag in lanes.flag.items():
            control.put(whole(-1 if name == "subject" else 0), flag, lane)
        for real in lanes.real.values():
            control.put(number(1.0), real, lane)
        control.put(number(1.0), lanes.vector["step"], lane)
        control.put(number(0.0), lanes.vector["time"], lane)
        for position, name in enumerate(("relative", "absolute")):
            index = lanes.at(whole(position), lane)
            control.put(lanes.argument[name], lanes.vector["tolerance"], index)


def _refill(lanes: Lanes) -> None:
    """Give idle lanes the next subjects; count active and fresh lanes; start the fresh ones."""
    control, builder = lanes.control, lanes.control.builder
    builder.store(whole(0), lanes.counter["active"])
    builder.store(whole(0), lanes.counter["fresh"])
    with control.loop(lanes.width()) as lane:
        with control.repeat() as stop:
            waiting = builder.load(lanes.counter["next"], typ=INTEGER)
            none_left = builder.icmp_signed(">=", waiting, lanes.argument["count"])
            stop(builder.or_(lanes.active(lane), none_left))
            builder.store(builder.add(waiting, whole(1)), lanes.counter["next"])
            _load_subject(lanes, lane, waiting)
        count(lanes, "active", builder.zext(lanes.active(lane), INTEGER))
        count(lanes, "fresh", control.get(lanes.flag["fresh"], lane, INTEGER))
    fresh = builder.load(lanes.counter["fresh"], typ=INTEGER)
    with builder.if_then(builder.icmp_signed(">", fresh, whole(0))):
        lanes.call("prepare", lanes.vector["prepared"])
        lanes.call("start", lanes.vector["prepared"], lanes.vector["fresh_states"])
        with control.loop(lanes.width()) as lane:
            with builder.if_then(lanes.is_set("fresh", lane)):
                _clear_states(lanes, lane)
                start_slopes(lanes, lane)
        remember_triggers(lanes)


def _load_subject(lanes: Lanes, lane: ir.Value, subject: ir.Value) -> None:
    control, builder, argument = lanes.control, lanes.control.builder, lanes.argument
    count = whole(lanes.emitted.shape.parameters)
    wrong = control.local(INTEGER)
    builder.store(whole(0), wrong)
    row = builder.mul(subject, count)
    with control.loop(count) as index:
        value = control.get(argument["parameters"], builder.add(row, index))
        control.put(value, lanes.vector["prepared"], lanes.at(index, lane))
        with builder.if_then(builder.not_(control.finite(value))):
            builder.store(whole(1), wrong)
    control.put(subject, lanes.flag["subject"], lane)
    with control.loop(whole(lanes.emitted.shape.inputs)) as index:
        first = whole(lanes.emitted.shape.prepared - lanes.emitted.shape.inputs)
        place = lanes.at(builder.add(first, index), lane)
        control.put(number(0.0), lanes.vector["prepared"], place)
    begin = control.get(argument["begin"], subject)
    control.put(begin, lanes.vector["time"], lane)
    control.put(begin, lanes.real["until"], lane)
    control.put(control.get(argument["end"], subject), lanes.real["end"], lane)
    control.put(number(1.0), lanes.vector["step"], lane)
    for name in ("accepted", "cut", "rejected", "steps", "rejects", "at_stop", "running_in"):
        control.put(whole(0), lanes.flag[name], lane)
    for name in ("fresh", "restart"):
        control.put(whole(1), lanes.flag[name], lane)
    after = builder.add(subject, whole(1))
    for flag, name, position in (
        ("edge", "edge_first", subject),
        ("last_edge", "edge_first", after),
        ("next_sample", "sample_first", subject),
        ("last_sample", "sample_last", subject),
    ):
        control.put(control.get(argument[name], position, INTEGER), lanes.flag[flag], lane)
    with builder.if_then(builder.icmp_signed("!=", builder.load(wrong, typ=INTEGER), whole(0))):
        finish(lanes, lane, Status.PARAMETER_NOT_FINITE)


def _clear_states(lanes: Lanes, lane: ir.Value) -> None:
    """Start values into the lane, as the state before and after a step of nothing."""
    control = lanes.control
    with control.loop(whole(lanes.emitted.shape.states)) as index:
        place = lanes.at(index, lane)
        value = control.get(lanes.vector["fresh_states"], place)
        for name in ("states", "after", "cut_states"):
            control.put(value, lanes.vector[name], place)
    with control.loop(whole(2 * len(lanes.emitted.shape.dense))) as index:
        control.put(number(0.0), lanes.vector["dense"], lanes.at(index, lane))


def _advance(lanes: Lanes) -> None:
    """Move accepted lanes to the end of their step, or to the event that cut it."""
    control, builder, vector = lanes.control, lanes.control.builder, lanes.vector
    advance_slopes(lanes)
    with control.loop(lanes.width()) as lane:
        with builder.if_then(lanes.is_set("accepted", lane)):
            cut = lanes.is_set("cut", lane)
            control.put(control.get(lanes.real["until"], lane), vector["time"], lane)
            with control.loop(whole(lanes.emitted.shape.states)) as index:
                place = lanes.at(index, lane)
                one = control.get(vector["cut_states"], place)
                other = control.get(vector["after"], place)
                control.put(builder.select(cut, one, other), vector["states"], place)
            control.put(whole(0), lanes.flag["accepted"], lane)
            with builder.if_then(cut):
                control.put(whole(1), lanes.flag["restart"], lane)


def _restart(lanes: Lanes) -> None:
    """A careful first step for lanes that have just jumped."""
    control, builder, vector = lanes.control, lanes.control.builder, lanes.vector
    builder.store(whole(0), lanes.counter["any"])
    with control.loop(lanes.width()) as lane:
        count(lanes, "any", control.get(lanes.flag["restart"], lane, INTEGER))
    pending = builder.load(lanes.counter["any"], typ=INTEGER)
    with builder.if_then(builder.icmp_signed(">", pending, whole(0))):
        names = ("time", "states", "prepared", "tolerance", "first", "work")
        lanes.call("first_step", *(vector[name] for name in names))
        with control.loop(lanes.width()) as lane:
            with builder.if_then(lanes.is_set("restart", lane)):
                first = control.get(vector["first"], lane)
                left = builder.fsub(
                    control.get(lanes.real["stop"], lane), control.get(vector["time"], lane)
                )
                sound = builder.fcmp_ordered(">", first, number(0.0))
                sound = builder.and_(sound, builder.fcmp_ordered("<", first, left))
                control.put(builder.select(sound, first, left), lanes.real["step"], lane)
                control.put(number(0.0), lanes.real["old_step"], lane)
                for name in ("restart", "rejected"):
                    control.put(whole(0), lanes.flag[name], lane)


def _choose_steps(lanes: Lanes) -> None:
    """The step each lane tries: what control wants, but never past the next stop."""
    control, builder, vector = lanes.control, lanes.control.builder, lanes.vector
    with control.loop(lanes.width()) as lane:
        control.put(number(1.0), vector["step"], lane)
        with builder.if_then(lanes.active(lane)):
            wanted = control.get(lanes.real["step"], lane)
            now = control.get(vector["time"], lane)
            left = builder.fsub(control.get(lanes.real["stop"], lane), now)
            last = builder.fcmp_ordered(">=", builder.fmul(wanted, number(1.0 + 1e-9)), left)
            control.put(builder.select(last, left, wanted), vector["step"], lane)
            control.put(builder.zext(last, INTEGER), lanes.flag["at_stop"], lane)


def _judge(lanes: Lanes, method: Rosenbrock) -> None:
    """Accept or reject each lane's step and choose the next (Gustafsson 1991, doi 10.1145/210232.210242)."""
    control, builder, vector = lanes.control, lanes.control.builder, lanes.vector
    if method.error_order != 3:
        raise ValueError("step control takes fourth roots: the error estimate must be of order 3")
    with control.loop(lanes.width()) as lane:
        with builder.if_then(lanes.active(lane)):
            error = builder.call(_square_root(lanes), [control.get(vector["error"], lane)])
            step = control.get(vector["step"], lane)
            ratio = _clamp(lanes, builder.fdiv(_fourth_root(lanes, error), number(_SAFETY)))
            good = builder.fcmp_ordered("<=", error, number(1.0))
            with builder.if_else(good) as (yes, no):
                with yes:
                    _accept(lanes, lane, error, ratio)
                with no:
                    known = control.finite(error)
                    smaller = builder.fdiv(step, builder.select(known, ratio, number(_SHRINK)))
                    control.put(smaller, lanes.real["step"], lane)
                    _increase(lanes, "rejects", lane)
                    for name, value in (("rejected", 1), ("at_stop", 0)):
                        control.put(whole(value), lanes.flag[name], lane)
                    _give_up(lanes, lane, smaller, known)


def _accept(lanes: Lanes, lane: ir.Value, error: ir.Value, ratio: ir.Value) -> None:
    control, builder, vector = lanes.control, lanes.control.builder, lanes.vector
    step = control.get(vector["step"], lane)
    old_step = control.get(lanes.real["old_step"], lane)
    old_error = control.get(lanes.real["old_error"], lane)
    trend = _fourth_root(lanes, builder.fdiv(builder.fmul(error, error), old_error))
    trend = builder.fmul(builder.fdiv(old_step, step), builder.fdiv(trend, number(_SAFETY)))
    trend = _clamp(lanes, trend)
    has_past = builder.fcmp_ordered(">", old_step, number(0.0))
    larger = builder.fcmp_ordered(">", trend, ratio)
    ratio = builder.select(builder.and_(has_past, larger), trend, ratio)
    after_rejection = builder.and_(
        lanes.is_set("rejected", lane), builder.fcmp_ordered("<", ratio, number(1.0))
    )
    ratio = builder.select(after_rejection, number(1.0), ratio)
    control.put(builder.fdiv(step, ratio), lanes.real["step"], lane)
    control.put(step, lanes.real["old_step"], lane)
    small = builder.fcmp_ordered("<", error, number(0.01))
    control.put(builder.select(small, number(0.01), error), lanes.real["old_error"], lane)
    for name, value in (("rejected", 0), ("accepted", 1)):
        control.put(whole(value), lanes.flag[name], lane)
    _increase(lanes, "steps", lane)
    moved = builder.fadd(control.get(vector["time"], lane), step)
    at_stop = lanes.is_set("at_stop", lane)
    until = builder.select(at_stop, control.get(lanes.real["stop"], lane), moved)
    control.put(until, lanes.real["until"], lane)
    taken = builder.add(
        control.get(lanes.flag["steps"], lane, INTEGER),
        control.get(lanes.flag["rejects"], lane, INTEGER),
    )
    with builder.if_then(builder.icmp_signed(">=", taken, lanes.argument["max_steps"])):
        short = builder.fcmp_ordered("<", until, control.get(lanes.real["end"], lane))
        with builder.if_then(short):
            finish(lanes, lane, Status.MAX_STEPS)


def _give_up(lanes: Lanes, lane: ir.Value, smaller: ir.Value, known: ir.Value) -> None:
    """End a subject whose step has shrunk to nothing, or that has used up its steps."""
    control, builder = lanes.control, lanes.control.builder
    now = magnitude(lanes, control.get(lanes.vector["time"], lane))
    least = builder.fmul(builder.fadd(now, number(1e-12)), number(4e-16))
    tiny = builder.fcmp_unordered("<=", smaller, least)
    with builder.if_then(builder.and_(tiny, known)):
        finish(lanes, lane, Status.STEP_TOO_SMALL)
    with builder.if_then(builder.and_(tiny, builder.not_(known))):
        finish(lanes, lane, Status.NOT_FINITE)
    taken = builder.add(
        control.get(lanes.flag["steps"], lane, INTEGER),
        control.get(lanes.flag["rejects"], lane, INTEGER),
    )
    spent = builder.icmp_signed(">=", taken, lanes.argument["max_steps"])
    with builder.if_then(builder.and_(spent, lanes.active(lane))):
        finish(lanes, lane, Status.MAX_STEPS)


def _increase(lanes: Lanes, name: str, lane: ir.Value) -> None:
    control = lanes.control
    value = control.builder.add(control.get(lanes.flag[name], lane, INTEGER), whole(1))
    control.put(value, lanes.flag[name], lane)


def _square_root(lanes: Lanes) -> ir.Function:
    module = lanes.emitted.module
    name = "llvm.sqrt.f64"
    if name in module.globals:
        return module.globals[name]
    return ir.Function(module, ir.FunctionType(DOUBLE, [DOUBLE]), name)


def _fourth_root(lanes: Lanes, value: ir.Value) -> ir.Value:
    root = _square_root(lanes)
    return lanes.control.builder.call(root, [lanes.control.builder.call(root, [value])])


def _clamp(lanes: Lanes, ratio: ir.Value) -> ir.Value:
    """Old step over new step, kept between 1 / _GROW and _SHRINK."""
    builder = lanes.control.builder
    low, high = number(1.0 / _GROW), number(_SHRINK)
    ratio = builder.select(builder.fcmp_ordered("<", ratio, low), low, ratio)
    return builder.select(builder.fcmp_unordered(">", ratio, high), high, ratio)
