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
)
from raphe.engine.lane_slopes import (
    advance_slopes,
    clear_slope_work,
    emit_slope_distance,
    start_slopes,
    step_slopes,
)
from raphe.engine.outputs import await_sample, write_outputs
from raphe.engine.periods import emit_distance
from raphe.engine.rosenbrock import Rosenbrock
from raphe.engine.status import Status
from raphe.engine.step_control import choose_steps, judge, restart
from raphe.engine.vector import INTEGER
from raphe.engine.writer import Emitted


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
            restart(lanes)
            choose_steps(lanes)
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
            judge(lanes, method)
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
    clear_slope_work(lanes)


def _refill(lanes: Lanes) -> None:
    """Give idle lanes the next subjects; count active and fresh lanes; start the fresh ones."""
    control, builder = lanes.control, lanes.control.builder
    builder.store(lanes.width(), lanes.counter["active"])
    builder.store(whole(0), lanes.counter["fresh"])
    with builder.if_then(lanes.any_of(builder.not_(lanes.busy()))):
        builder.store(whole(0), lanes.counter["active"])
        _load_subjects(lanes)
    fresh = builder.load(lanes.counter["fresh"], typ=INTEGER)
    with builder.if_then(builder.icmp_signed(">", fresh, whole(0))):
        lanes.call("prepare", lanes.vector["prepared"])
        lanes.call("start", lanes.vector["prepared"], lanes.vector["fresh_states"])
        with control.loop(lanes.width()) as lane:
            with builder.if_then(lanes.is_set("fresh", lane)):
                _clear_states(lanes, lane)
                start_slopes(lanes, lane)
        remember_triggers(lanes)


def _load_subjects(lanes: Lanes) -> None:
    control, builder = lanes.control, lanes.control.builder
    with control.loop(lanes.width()) as lane:
        with control.repeat() as stop:
            waiting = builder.load(lanes.counter["next"], typ=INTEGER)
            none_left = builder.icmp_signed(">=", waiting, lanes.argument["count"])
            stop(builder.or_(lanes.active(lane), none_left))
            builder.store(builder.add(waiting, whole(1)), lanes.counter["next"])
            _load_subject(lanes, lane, waiting)
        count(lanes, "active", builder.zext(lanes.active(lane), INTEGER))
        count(lanes, "fresh", control.get(lanes.flag["fresh"], lane, INTEGER))


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
    control.put(number(0.0), lanes.real["opening"], lane)
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
    await_sample(lanes, lane)
    with builder.if_then(builder.icmp_signed("!=", builder.load(wrong, typ=INTEGER), whole(0))):
        finish(lanes, lane, Status.PARAMETER_NOT_FINITE)


def _clear_states(lanes: Lanes, lane: ir.Value) -> None:
    """Start values into the lane, as the state before and after a step of nothing."""
    control, shape = lanes.control, lanes.emitted.shape
    with control.loop(whole(shape.states)) as index:
        place = lanes.at(index, lane)
        value = control.get(lanes.vector["fresh_states"], place)
        for name in ("states", "after", "cut_states"):
            control.put(value, lanes.vector[name], place)
    with control.loop(whole(shape.dense_terms * len(shape.dense))) as index:
        control.put(number(0.0), lanes.vector["dense"], lanes.at(index, lane))


def _advance(lanes: Lanes) -> None:
    """Move accepted lanes to the end of their step, or to the event that cut it."""
    advance_slopes(lanes)
    control, memory, vector = lanes.control, lanes.vector, lanes.side_by_side()
    accepted = lanes.mask("accepted")
    cut = control.builder.and_(accepted, lanes.mask("cut"))
    lanes.change(memory["time"], accepted, vector.load(lanes.real["until"], 0))
    with control.loop(whole(lanes.emitted.shape.states)) as index:
        moved = vector.load(memory["after"], index)
        if lanes.emitted.shape.triggers:
            moved = vector.select(cut, vector.load(memory["cut_states"], index), moved)
        lanes.change(vector.address(memory["states"], index), accepted, moved)
    lanes.change(lanes.flag["accepted"], accepted, vector.integer(0))
    lanes.change(lanes.flag["restart"], cut, vector.integer(1))
