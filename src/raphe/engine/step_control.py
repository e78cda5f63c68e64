"""The step of each lane: the first after a jump, the next to try, and whether one was good enough.

All lanes at once, element by element, so that a lane's steps depend on its own numbers only. Knows nothing of
formulas or edges.
"""

from __future__ import annotations

from llvmlite import ir

from raphe.engine.control import whole
from raphe.engine.lane_memory import Lanes, finish
from raphe.engine.rosenbrock import Rosenbrock
from raphe.engine.status import Status
from raphe.engine.vector import INTEGER, Vector, inverse_root

_SAFETY = 0.9
_SHRINK = 0.2  # a step becomes at least this part of the one before
_GROW = 6.0  # and at most this many times as long
_OPENING = 0.5  # of the second step after a jump: the length of the first after the next jump
_OLD_ERROR = 0.01  # an older error counts as at least this
_SMALL, _LARGE = 1e-12, 1e12  # squared errors beyond these change nothing


def restart(lanes: Lanes) -> None:
    """The first step of lanes that have just jumped: as was good after their last jump, or else a careful one.

    In the periods that lead to a steady state it is the careful one: a period must not depend on those before it but
    through the states, or the states would never settle.
    """
    builder, vector, memory = lanes.control.builder, lanes.side_by_side(), lanes.vector
    jumped, zero = lanes.mask("restart"), vector.constant(0.0)
    with builder.if_then(lanes.any_of(jumped)):
        opening = vector.load(lanes.real["opening"], 0)
        known = builder.and_(vector.less(zero, opening), builder.not_(lanes.mask("running_in")))
        with builder.if_then(lanes.any_of(builder.and_(jumped, builder.not_(known)))):
            names = ("time", "states", "prepared", "tolerance", "first", "work")
            lanes.call("first_step", *(memory[name] for name in names))
        first = vector.select(known, opening, vector.load(memory["first"], 0))
        left = builder.fsub(vector.load(lanes.real["stop"], 0), vector.load(memory["time"], 0))
        sound = builder.and_(vector.less(zero, first), vector.less(first, left))
        lanes.change(lanes.real["step"], jumped, vector.select(sound, first, left))
        lanes.change(lanes.real["old_step"], jumped, zero)
        for name, value in (("restart", 0), ("rejected", 0), ("opens", 1)):
            lanes.change(lanes.flag[name], jumped, vector.integer(value))


def choose_steps(lanes: Lanes) -> None:
    """The step each lane tries: what control wants, but never past the next stop."""
    builder, vector = lanes.control.builder, lanes.side_by_side()
    wanted = vector.load(lanes.real["step"], 0)
    now = vector.load(lanes.vector["time"], 0)
    left = builder.fsub(vector.load(lanes.real["stop"], 0), now)
    last = builder.fcmp_ordered(">=", builder.fmul(wanted, vector.constant(1.0 + 1e-9)), left)
    step = vector.select(last, left, wanted)
    busy = lanes.busy()
    vector.store(vector.select(busy, step, vector.constant(1.0)), lanes.vector["step"], 0)
    lanes.change(lanes.flag["at_stop"], busy, builder.zext(last, vector.integers))


def judge(lanes: Lanes, method: Rosenbrock) -> None:
    """Accept or reject each lane's step and choose the next (Gustafsson 1991, doi 10.1145/210232.210242)."""
    builder, vector = lanes.control.builder, lanes.side_by_side()
    busy = lanes.busy()
    squared = vector.load(lanes.vector["error"], 0)
    small, large = vector.constant(_SMALL), vector.constant(_LARGE)
    tame = vector.select(vector.less(squared, small), small, squared)
    tame = vector.select(vector.less(squared, large), tame, large)
    reach = inverse_root(vector, tame, 2 * (method.error_order + 1))
    growth = _clamp(vector, builder.fmul(reach, vector.constant(_SAFETY)))
    good = builder.fcmp_ordered("<=", squared, vector.constant(1.0))
    accepted = builder.and_(busy, good)
    verdict = _reject(lanes, builder.and_(busy, builder.not_(good)), growth)
    late = _accept(lanes, accepted, (reach, growth), method.error_order + 1)
    spent = vector.integer(Status.MAX_STEPS)
    verdict = vector.select(late, spent, verdict)
    with builder.if_then(lanes.any_of(builder.icmp_signed("!=", verdict, vector.integer(0)))):
        _finish(lanes, verdict)


def _accept(
    lanes: Lanes, accepted: ir.Value, measure: tuple[ir.Value, ir.Value], root: int
) -> ir.Value:
    """Move accepted lanes on; true where one has used up its steps before the end."""
    builder, vector = lanes.control.builder, lanes.side_by_side()
    reach, growth = measure
    step, old_step = vector.load(lanes.vector["step"], 0), vector.load(lanes.real["old_step"], 0)
    old = builder.fmul(old_step, vector.load(lanes.real["old_reach"], 0))
    trend = builder.fdiv(builder.fmul(step, vector.constant(_SAFETY)), old)
    trend = _clamp(vector, builder.fmul(trend, builder.fmul(reach, reach)))
    slower = builder.and_(vector.less(vector.constant(0.0), old_step), vector.less(trend, growth))
    growth = vector.select(slower, trend, growth)
    one = vector.constant(1.0)
    hasty = builder.and_(lanes.mask("rejected"), vector.less(one, growth))
    growth = vector.select(hasty, one, growth)
    farthest = vector.constant(_OLD_ERROR ** (-1.0 / root))
    reach = vector.select(vector.less(farthest, reach), farthest, reach)
    stop = vector.load(lanes.real["stop"], 0)
    moved = builder.fadd(vector.load(lanes.vector["time"], 0), step)
    until = vector.select(lanes.mask("at_stop"), stop, moved)
    wanted = builder.fmul(step, growth)
    grows = builder.fcmp_ordered(">=", growth, vector.constant(_GROW))
    opened = builder.and_(accepted, lanes.mask("opens"))
    opened = builder.and_(opened, builder.not_(builder.or_(grows, lanes.mask("at_stop"))))
    opening = builder.fmul(wanted, vector.constant(_OPENING))
    lanes.change(lanes.real["opening"], opened, opening)
    lanes.change(lanes.flag["opens"], opened, vector.integer(0))
    for name, value in (
        ("step", wanted),
        ("old_step", step),
        ("old_reach", reach),
        ("until", until),
    ):
        lanes.change(lanes.real[name], accepted, value)
    lanes.change(lanes.flag["rejected"], accepted, vector.integer(0))
    lanes.change(lanes.flag["accepted"], accepted, vector.integer(1))
    spent = _count(lanes, "steps", accepted)
    short = vector.less(until, vector.load(lanes.real["end"], 0))
    return builder.and_(accepted, builder.and_(spent, short))


def _reject(lanes: Lanes, rejected: ir.Value, growth: ir.Value) -> ir.Value:
    """Try again with a smaller step; the status of lanes that give up, 0 where there is none."""
    builder, vector = lanes.control.builder, lanes.side_by_side()
    squared = vector.load(lanes.vector["error"], 0)
    known = builder.fcmp_ordered("==", builder.fsub(squared, squared), vector.constant(0.0))
    factor = vector.select(known, growth, vector.constant(_SHRINK))
    smaller = builder.fmul(vector.load(lanes.vector["step"], 0), factor)
    lanes.change(lanes.real["step"], rejected, smaller)
    lanes.change(lanes.flag["rejected"], rejected, vector.integer(1))
    lanes.change(lanes.flag["at_stop"], rejected, vector.integer(0))
    spent = _count(lanes, "rejects", rejected)
    now = vector.intrinsic("fabs", vector.load(lanes.vector["time"], 0))
    least = builder.fadd(now, vector.constant(1e-12))
    least = builder.fmul(least, vector.constant(4e-16))
    tiny = builder.fcmp_unordered("<=", smaller, least)
    none = vector.integer(0)
    status = vector.select(
        known, vector.integer(Status.STEP_TOO_SMALL), vector.integer(Status.NOT_FINITE)
    )
    out = vector.select(spent, vector.integer(Status.MAX_STEPS), none)
    return vector.select(rejected, vector.select(tiny, status, out), none)


def _count(lanes: Lanes, name: str, chosen: ir.Value) -> ir.Value:
    """Count a step of the chosen lanes; true where a lane has used up its steps."""
    builder, vector = lanes.control.builder, lanes.side_by_side()
    total = builder.add(lanes.flags(name), builder.zext(chosen, vector.integers))
    lanes.control.put(total, lanes.flag[name], whole(0))
    taken = builder.add(lanes.flags("steps"), lanes.flags("rejects"))
    most = vector.spread(lanes.argument["max_steps"])
    return builder.icmp_signed(">=", taken, most)


def _finish(lanes: Lanes, verdict: ir.Value) -> None:
    control, builder = lanes.control, lanes.control.builder
    control.put(verdict, lanes.flag["verdict"], whole(0))
    with control.loop(lanes.width()) as lane:
        for status in (Status.STEP_TOO_SMALL, Status.NOT_FINITE, Status.MAX_STEPS):
            found = control.get(lanes.flag["verdict"], lane, INTEGER)
            with builder.if_then(builder.icmp_signed("==", found, whole(status))):
                finish(lanes, lane, status)


def _clamp(vector: Vector, growth: ir.Value) -> ir.Value:
    """New step over old step, kept between _SHRINK and _GROW."""
    low, high = vector.constant(_SHRINK), vector.constant(_GROW)
    growth = vector.select(vector.less(growth, low), low, growth)
    return vector.select(vector.less(growth, high), growth, high)
