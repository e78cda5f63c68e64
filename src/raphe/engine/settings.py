"""The settings of many subjects (lags, fractions, times of events) as compiled code. Knows nothing of time."""

from __future__ import annotations

from llvmlite import ir

from raphe.engine.control import Control, whole
from raphe.engine.vector import DOUBLE, INTEGER, POINTER
from raphe.engine.writer import Emitted


def emit_settings_driver(emitted: Emitted) -> None:
    """Add `run_settings(count, parameters, out)` to the module: W subjects at a time, the last ones repeated."""
    shape = emitted.shape
    signature = ir.FunctionType(ir.VoidType(), [INTEGER, POINTER, POINTER])
    function = ir.Function(emitted.module, signature, "run_settings")
    control = Control(function)
    builder = control.builder
    count, parameters, out = function.args
    prepared = control.local(DOUBLE, max(shape.prepared, 1) * shape.width)
    values = control.local(DOUBLE, max(shape.settings, 1) * shape.width)
    width = whole(shape.width)
    groups = builder.sdiv(builder.add(count, whole(shape.width - 1)), width)
    with control.loop(groups) as group:
        with control.loop(width) as lane:
            subject = _subject(control, group, lane, count, shape.width)
            with control.loop(whole(shape.parameters)) as index:
                place = builder.add(builder.mul(subject, whole(shape.parameters)), index)
                value = control.get(parameters, place)
                control.put(value, prepared, builder.add(builder.mul(index, width), lane))
        builder.call(emitted.module.globals["settings"], [prepared, values])
        with control.loop(width) as lane:
            subject = _subject(control, group, lane, count, shape.width)
            with control.loop(whole(shape.settings)) as index:
                value = control.get(values, builder.add(builder.mul(index, width), lane))
                place = builder.add(builder.mul(subject, whole(shape.settings)), index)
                control.put(value, out, place)
    builder.ret_void()


def _subject(
    control: Control, group: ir.Value, lane: ir.Value, count: ir.Value, width: int
) -> ir.Value:
    builder = control.builder
    subject = builder.add(builder.mul(group, whole(width)), lane)
    last = builder.sub(count, whole(1))
    return builder.select(builder.icmp_signed("<", subject, count), subject, last)
