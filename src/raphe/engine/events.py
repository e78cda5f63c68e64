"""Events on the state, located on the dense output and fired in the lane driver.

An event fires when its trigger turns from not positive to positive: within a step, where the step is cut at the
crossing, or at an edge that makes it jump. Knows nothing of step control.
"""

from __future__ import annotations

from llvmlite import ir

from raphe.engine.control import number, whole
from raphe.engine.lane_memory import Lanes, between, count, run_event
from raphe.engine.vector import DOUBLE, INTEGER

_BISECTIONS = 60


def find_events(lanes: Lanes) -> None:
    """Cut each accepted step at the first crossing of a trigger in it."""
    if lanes.emitted.shape.triggers == 0:
        return
    control, builder = lanes.control, lanes.control.builder
    crossed = control.local(INTEGER, lanes.emitted.shape.width)
    low = control.local(DOUBLE, lanes.emitted.shape.width)
    high = control.local(DOUBLE, lanes.emitted.shape.width)
    builder.store(whole(0), lanes.counter["any"])
    _set_fractions(lanes, number(1.0))
    between(lanes, "triggers")
    with control.loop(lanes.width()) as lane:
        control.put(number(0.0), low, lane)
        control.put(number(1.0), high, lane)
        crossing = builder.and_(lanes.is_set("accepted", lane), _crossing(lanes, lane))
        control.put(builder.zext(crossing, INTEGER), crossed, lane)
        count(lanes, "any", builder.zext(crossing, INTEGER))
        with builder.if_then(builder.and_(lanes.is_set("accepted", lane), builder.not_(crossing))):
            _remember(lanes, lane)
    pending = builder.load(lanes.counter["any"], typ=INTEGER)
    with builder.if_then(builder.icmp_signed(">", pending, whole(0))):
        with control.loop(whole(_BISECTIONS)):
            _bisect(lanes, crossed, low, high)
        with control.loop(lanes.width()) as lane:
            control.put(control.get(high, lane), lanes.vector["fraction"], lane)
        between(lanes, "triggers")
        with control.loop(lanes.width()) as lane:
            is_cut = builder.icmp_signed("!=", control.get(crossed, lane, INTEGER), whole(0))
            with builder.if_then(is_cut):
                _cut(lanes, lane, control.get(high, lane))


def remember_triggers(lanes: Lanes) -> None:
    """Remember the triggers of fresh lanes as they are before the first edge."""
    if lanes.emitted.shape.triggers == 0:
        return
    _set_fractions(lanes, number(0.0))
    between(lanes, "triggers")
    with lanes.control.loop(lanes.width()) as lane:
        with lanes.control.builder.if_then(lanes.is_set("fresh", lane)):
            _remember(lanes, lane)


def _set_fractions(lanes: Lanes, value: ir.Value) -> None:
    with lanes.control.loop(lanes.width()) as lane:
        lanes.control.put(value, lanes.vector["fraction"], lane)


def _turned(lanes: Lanes, lane: ir.Value, trigger: int) -> ir.Value:
    """True if a trigger was not positive when last remembered and is positive now."""
    control, builder = lanes.control, lanes.control.builder
    place = lanes.at(whole(trigger), lane)
    before = builder.fcmp_ordered(
        "<=", control.get(lanes.vector["last_trigger"], place), number(0.0)
    )
    now = builder.fcmp_ordered(">", control.get(lanes.vector["result"], place), number(0.0))
    return builder.and_(before, now)


def _crossing(lanes: Lanes, lane: ir.Value) -> ir.Value:
    result = _turned(lanes, lane, 0)
    for trigger in range(1, lanes.emitted.shape.triggers):
        result = lanes.control.builder.or_(result, _turned(lanes, lane, trigger))
    return result


def _remember(lanes: Lanes, lane: ir.Value) -> None:
    with lanes.control.loop(whole(lanes.emitted.shape.triggers)) as index:
        place = lanes.at(index, lane)
        value = lanes.control.get(lanes.vector["result"], place)
        lanes.control.put(value, lanes.vector["last_trigger"], place)


def _bisect(lanes: Lanes, crossed: ir.Value, low: ir.Value, high: ir.Value) -> None:
    control, builder = lanes.control, lanes.control.builder
    with control.loop(lanes.width()) as lane:
        total = builder.fadd(control.get(low, lane), control.get(high, lane))
        control.put(builder.fmul(total, number(0.5)), lanes.vector["fraction"], lane)
    between(lanes, "triggers")
    with control.loop(lanes.width()) as lane:
        with builder.if_then(
            builder.icmp_signed("!=", control.get(crossed, lane, INTEGER), whole(0))
        ):
            middle = control.get(lanes.vector["fraction"], lane)
            hit = _crossing(lanes, lane)
            control.put(builder.select(hit, control.get(low, lane), middle), low, lane)
            control.put(builder.select(hit, middle, control.get(high, lane)), high, lane)


def _cut(lanes: Lanes, lane: ir.Value, fraction: ir.Value) -> None:
    """End the step of a lane at a fraction of it."""
    control, builder, vector = lanes.control, lanes.control.builder, lanes.vector
    shape = lanes.emitted.shape
    with control.loop(whole(shape.states)) as index:
        place = lanes.at(builder.add(index, whole(shape.triggers)), lane)
        control.put(
            control.get(vector["result"], place), vector["cut_states"], lanes.at(index, lane)
        )
    whole_step = builder.fcmp_ordered(">=", fraction, number(1.0))
    moved = builder.fmul(fraction, control.get(vector["step"], lane))
    moved = builder.fadd(control.get(vector["time"], lane), moved)
    until = control.get(lanes.real["until"], lane)
    control.put(builder.select(whole_step, until, moved), lanes.real["until"], lane)
    with builder.if_then(builder.not_(whole_step)):
        control.put(whole(0), lanes.flag["at_stop"], lane)
    control.put(whole(1), lanes.flag["cut"], lane)


def fire_events(lanes: Lanes) -> None:
    """Run the events whose triggers have turned positive in lanes that were cut or have passed an edge."""
    if lanes.emitted.shape.triggers == 0:
        return
    control, builder = lanes.control, lanes.control.builder
    fired = [control.local(INTEGER) for _ in range(lanes.emitted.shape.triggers)]
    triggered = [p for p, event in enumerate(lanes.emitted.program.events) if event.trigger >= 0]
    with control.loop(lanes.width()) as lane:
        with builder.if_then(lanes.is_set("restart", lane)):
            _set_fractions(lanes, number(0.0))
            between(lanes, "triggers")
            for trigger, memory in enumerate(fired):
                builder.store(builder.zext(_turned(lanes, lane, trigger), INTEGER), memory)
            for memory, position in zip(fired, triggered, strict=True):
                turned = builder.icmp_signed("!=", builder.load(memory, typ=INTEGER), whole(0))
                with builder.if_then(turned):
                    run_event(lanes, lane, position)
            between(lanes, "triggers")
            for trigger, memory in enumerate(fired):
                _settle(lanes, lane, trigger, builder.load(memory, typ=INTEGER))


def _settle(lanes: Lanes, lane: ir.Value, trigger: int, fired: ir.Value) -> None:
    """Remember a trigger after events; one that another event turned positive stays due for the next step."""
    control, builder = lanes.control, lanes.control.builder
    place = lanes.at(whole(trigger), lane)
    now = control.get(lanes.vector["result"], place)
    old = control.get(lanes.vector["last_trigger"], place)
    was_low = builder.fcmp_ordered("<=", old, number(0.0))
    keep = builder.and_(was_low, builder.icmp_signed("==", fired, whole(0)))
    keep = builder.and_(keep, builder.fcmp_ordered(">", now, number(0.0)))
    control.put(builder.select(keep, old, now), lanes.vector["last_trigger"], place)
