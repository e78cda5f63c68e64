"""Outputs of lanes: at samples within the steps just taken, and at samples between edges. Knows nothing of steps."""

from __future__ import annotations

from llvmlite import ir

from raphe.engine.control import number, whole
from raphe.engine.lane_memory import Lanes, between, finish
from raphe.engine.lane_slopes import observe_slopes, store_slopes
from raphe.engine.status import Status
from raphe.engine.vector import INTEGER


def write_outputs(lanes: Lanes) -> None:
    """Outputs at samples in the steps just taken, all lanes at once, as often as any lane has one."""
    control, builder, memory = lanes.control, lanes.control.builder, lanes.vector
    vector = lanes.side_by_side()
    with control.repeat() as stop:
        moved = builder.or_(lanes.mask("accepted"), lanes.mask("fresh"))
        moved = builder.and_(moved, builder.not_(lanes.mask("running_in")))
        when, until = (vector.load(lanes.real[name], 0) for name in ("due", "until"))
        reached = builder.fcmp_ordered("<=", when, until)
        due = builder.and_(reached, builder.and_(moved, lanes.busy()))
        stop(builder.not_(lanes.any_of(due)))
        since = builder.fsub(when, vector.load(memory["time"], 0))
        fraction = builder.fdiv(since, vector.load(memory["step"], 0))
        fraction = vector.select(due, fraction, vector.constant(0.0))
        vector.store(fraction, memory["fraction"], 0)
        control.put(builder.zext(due, vector.integers), lanes.flag["writes"], whole(0))
        between(lanes, "observe")
        observe_slopes(lanes)
        with control.loop(lanes.width()) as lane:
            with builder.if_then(lanes.is_set("writes", lane)):
                sample = control.get(lanes.flag["next_sample"], lane, INTEGER)
                row = control.get(lanes.argument["sample_row"], sample, INTEGER)
                control.put(builder.add(sample, whole(1)), lanes.flag["next_sample"], lane)
                await_sample(lanes, lane)
                _store_output(lanes, lane, row)


def await_sample(lanes: Lanes, lane: ir.Value) -> None:
    """Note when the next sample of a lane is due: never, if there is none."""
    control, builder = lanes.control, lanes.control.builder
    sample = control.get(lanes.flag["next_sample"], lane, INTEGER)
    last = control.get(lanes.flag["last_sample"], lane, INTEGER)
    control.put(number(float("inf")), lanes.real["due"], lane)
    with builder.if_then(builder.icmp_signed("<", sample, last)):
        when = control.get(lanes.argument["sample_time"], sample)
        control.put(when, lanes.real["due"], lane)


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
