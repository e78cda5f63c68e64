"""Outputs of lanes: at samples within the steps just taken, and at samples between edges. Knows nothing of steps."""

from __future__ import annotations

from llvmlite import ir

from raphe.engine.control import number, whole
from raphe.engine.lane_memory import Lanes, between, count, finish
from raphe.engine.lane_slopes import observe_slopes, store_slopes
from raphe.engine.status import Status
from raphe.engine.vector import INTEGER


def write_outputs(lanes: Lanes) -> None:
    """Outputs at samples in the steps just taken, all lanes at once, as often as any lane has one."""
    control, builder, vector = lanes.control, lanes.control.builder, lanes.vector
    due = control.local(INTEGER, lanes.emitted.shape.width)
    with control.repeat() as stop:
        builder.store(whole(0), lanes.counter["any"])
        with control.loop(lanes.width()) as lane:
            sample = control.get(lanes.flag["next_sample"], lane, INTEGER)
            last = control.get(lanes.flag["last_sample"], lane, INTEGER)
            moved = builder.or_(lanes.is_set("accepted", lane), lanes.is_set("fresh", lane))
            moved = builder.and_(moved, builder.not_(lanes.is_set("running_in", lane)))
            moved = builder.and_(moved, lanes.active(lane))
            control.put(whole(0), due, lane)
            control.put(number(0.0), vector["fraction"], lane)
            left = builder.icmp_signed("<", sample, last)
            with builder.if_then(builder.and_(left, moved)):
                when = control.get(lanes.argument["sample_time"], sample)
                until = control.get(lanes.real["until"], lane)
                with builder.if_then(builder.fcmp_ordered("<=", when, until)):
                    since = builder.fsub(when, control.get(vector["time"], lane))
                    fraction = builder.fdiv(since, control.get(vector["step"], lane))
                    control.put(fraction, vector["fraction"], lane)
                    control.put(whole(1), due, lane)
                    count(lanes, "any", whole(1))
        pending = builder.load(lanes.counter["any"], typ=INTEGER)
        stop(builder.icmp_signed("==", pending, whole(0)))
        between(lanes, "observe")
        observe_slopes(lanes)
        with control.loop(lanes.width()) as lane:
            is_due = builder.icmp_signed("!=", control.get(due, lane, INTEGER), whole(0))
            with builder.if_then(is_due):
                sample = control.get(lanes.flag["next_sample"], lane, INTEGER)
                control.put(builder.add(sample, whole(1)), lanes.flag["next_sample"], lane)
                row = control.get(lanes.argument["sample_row"], sample, INTEGER)
                _store_output(lanes, lane, row)


def write_sample(lanes: Lanes, lane: ir.Value, row: ir.Value) -> None:
    """Outputs of one lane's state as it is now, in one of its subject's rows."""
    with lanes.control.loop(lanes.width()) as other:
        lanes.control.put(number(0.0), lanes.vector["fraction"], other)
    between(lanes, "observe")
    observe_slopes(lanes)
    _store_output(lanes, lane, row)


def _store_output(lanes: Lanes, lane: ir.Value, row: ir.Value) -> None:
    control, builder = lanes.control, lanes.control.builder
    outputs = whole(lanes.emitted.shape.outputs)
    wrong = control.local(INTEGER)
    builder.store(whole(0), wrong)
    subject = control.get(lanes.flag["subject"], lane, INTEGER)
    row = builder.add(control.get(lanes.argument["row_first"], subject, INTEGER), row)
    first = builder.mul(row, outputs)
    with control.loop(outputs) as index:
        value = control.get(lanes.vector["result"], lanes.at(index, lane))
        control.put(value, lanes.argument["out"], builder.add(first, index))
        with builder.if_then(builder.not_(control.finite(value))):
            builder.store(whole(1), wrong)
    store_slopes(lanes, lane, row, wrong)
    with builder.if_then(builder.icmp_signed("!=", builder.load(wrong, typ=INTEGER), whole(0))):
        finish(lanes, lane, Status.OUTPUT_NOT_FINITE)
