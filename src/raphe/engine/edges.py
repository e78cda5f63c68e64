"""Edges of lanes: doses, inputs, changes, events and samples, when their time has come. Knows nothing of steps."""

from __future__ import annotations

from llvmlite import ir

from raphe.engine.control import number, whole
from raphe.engine.lane_memory import Lanes, finish, magnitude, run_event
from raphe.engine.lane_slopes import act_on_slopes, event_slopes, shift_slopes
from raphe.engine.outputs import write_sample
from raphe.engine.periods import add_held, begin_periods, note_largest, repeat_period
from raphe.engine.status import Action, Status
from raphe.engine.vector import INTEGER

_NEAR = 1e-13  # edges closer than this part of their time are one edge
_SHIFTING = (
    Action.ADD_STATE,
    Action.SET_INPUT,
    Action.RUN_EVENT,
)  # their time may depend on parameters


def apply_edges(lanes: Lanes) -> None:
    """Everything whose time has come; then where each lane must stop next, or that its subject is done."""
    builder = lanes.control.builder
    arrived = builder.or_(
        lanes.mask("at_stop"), builder.or_(lanes.mask("fresh"), lanes.mask("cut"))
    )
    with builder.if_then(lanes.any_of(builder.and_(arrived, lanes.busy()))):
        _visit_lanes(lanes)


def _visit_lanes(lanes: Lanes) -> None:
    control, builder = lanes.control, lanes.control.builder
    with control.loop(lanes.width()) as lane:
        arrived = builder.or_(lanes.is_set("at_stop", lane), lanes.is_set("fresh", lane))
        arrived = builder.or_(arrived, lanes.is_set("cut", lane))
        with builder.if_then(builder.and_(arrived, lanes.active(lane))):
            for name in ("at_stop", "fresh", "cut"):
                control.put(whole(0), lanes.flag[name], lane)
            end = control.get(lanes.real["end"], lane)
            with control.repeat() as stop:
                stop(builder.not_(lanes.active(lane)))
                edge = control.get(lanes.flag["edge"], lane, INTEGER)
                control.put(end, lanes.real["stop"], lane)
                last = control.get(lanes.flag["last_edge"], lane, INTEGER)
                stop(builder.icmp_signed(">=", edge, last))
                when = control.get(lanes.argument["edge_time"], edge)
                with builder.if_then(builder.fcmp_unordered("uno", when, when)):
                    finish(lanes, lane, Status.IMPOSSIBLE_DOSE)
                early = builder.fcmp_ordered("<", when, end)
                control.put(builder.select(early, when, end), lanes.real["stop"], lane)
                stop(builder.fcmp_unordered(">", when, _reach(lanes, lane)))
                control.put(builder.add(edge, whole(1)), lanes.flag["edge"], lane)
                _apply_edge(lanes, lane, edge)
            note_largest(lanes, lane)
            now = control.get(lanes.vector["time"], lane)
            ended = builder.fcmp_ordered(">=", now, end)
            with builder.if_then(builder.and_(ended, lanes.active(lane))):
                finish(lanes, lane, Status.OK)


def _reach(lanes: Lanes, lane: ir.Value) -> ir.Value:
    """Edges up to here are due now."""
    builder = lanes.control.builder
    now = lanes.control.get(lanes.vector["time"], lane)
    return builder.fadd(now, builder.fmul(magnitude(lanes, now), number(_NEAR)))


def _apply_edge(lanes: Lanes, lane: ir.Value, edge: ir.Value) -> None:
    control, builder, argument = lanes.control, lanes.control.builder, lanes.argument
    action = control.get(argument["edge_action"], edge, INTEGER)
    index = control.get(argument["edge_index"], edge, INTEGER)
    value = control.get(argument["edge_value"], edge)
    cases = {chosen: builder.append_basic_block(chosen.name.lower()) for chosen in Action}
    after = builder.append_basic_block("after_edge")
    switch = builder.switch(action, after)
    for chosen, block in cases.items():
        switch.add_case(whole(chosen), block)
        builder.position_at_end(block)
        if chosen in _SHIFTING:
            shift_slopes(lanes, lane, edge, 1.0)
        if chosen is Action.RUN_EVENT:
            event_slopes(lanes)
        _act(lanes, lane, chosen, index, value)
        if chosen in _SHIFTING:
            act_on_slopes(lanes, lane, chosen, index, edge)
            shift_slopes(lanes, lane, edge, -1.0)
        builder.branch(after)
    builder.position_at_end(after)


def _act(lanes: Lanes, lane: ir.Value, action: Action, index: ir.Value, value: ir.Value) -> None:
    control, builder, vector = lanes.control, lanes.control.builder, lanes.vector
    place = lanes.at(index, lane)
    if action is not Action.SAMPLE:
        control.put(whole(1), lanes.flag["restart"], lane)
    match action:
        case Action.ADD_STATE:
            old = control.get(vector["states"], place)
            control.put(builder.fadd(old, value), vector["states"], place)
        case Action.SET_INPUT:
            first = lanes.emitted.shape.prepared - lanes.emitted.shape.inputs
            place = lanes.at(builder.add(index, whole(first)), lane)
            control.put(value, vector["prepared"], place)
        case Action.SET_PARAMETER:
            control.put(value, vector["prepared"], place)
            lanes.call("prepare", vector["prepared"])
        case Action.RUN_EVENT:
            _run_timed_event(lanes, lane, index)
        case Action.SAMPLE:
            write_sample(lanes, lane, index)
        case Action.BEGIN_PERIODS:
            begin_periods(lanes, lane, value)
        case Action.REPEAT:
            repeat_period(lanes, lane, index, value)
        case Action.ADD_HELD:
            add_held(lanes, lane)


def _run_timed_event(lanes: Lanes, lane: ir.Value, index: ir.Value) -> None:
    builder = lanes.control.builder
    for position, event in enumerate(lanes.emitted.program.events):
        if event.time >= 0:
            with builder.if_then(builder.icmp_signed("==", index, whole(position))):
                run_event(lanes, lane, position)
