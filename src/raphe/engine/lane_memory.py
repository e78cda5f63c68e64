"""What the parts of the lane driver share: its arguments, the memory of the lanes, and the end of a subject.

Knows nothing of step control (`lanes`) or formulas (`emit`).
"""

from __future__ import annotations

from dataclasses import dataclass

from llvmlite import ir

from raphe.engine.control import Control, number, whole
from raphe.engine.status import Status
from raphe.engine.vector import DOUBLE, INTEGER, POINTER, Vector
from raphe.engine.writer import Emitted, Shape

ARGUMENTS = (  # name, whole number | number | array
    ("count", "whole"),  # subjects
    ("parameters", "array"),  # subjects x parameters
    ("begin", "array"),  # subjects
    ("end", "array"),  # subjects
    ("edge_first", "array"),  # subjects + 1, whole
    ("edge_time", "array"),
    ("edge_action", "array"),  # whole
    ("edge_index", "array"),  # whole
    ("edge_value", "array"),
    ("edge_time_slope", "array"),  # edges x chosen parameters
    ("edge_value_slope", "array"),  # edges x chosen parameters
    ("sample_first", "array"),  # subjects, whole: a subject's samples are from here
    ("sample_last", "array"),  # subjects, whole: to before here
    ("sample_time", "array"),
    ("sample_row", "array"),  # whole: which of the subject's rows
    ("row_first", "array"),  # subjects + 1, whole: the subject's rows
    ("relative", "number"),
    ("absolute", "number"),
    ("max_steps", "whole"),
    ("out", "array"),  # rows x outputs
    ("slope_out", "array"),  # rows x outputs x chosen parameters
    ("status", "array"),  # whole
    ("reached", "array"),
    ("steps", "array"),  # subjects x 2, whole: accepted, rejected
    ("memory", "array"),  # vectors
)
REALS = (
    *("old_distance", "old_ratio"),
    *("step", "stop", "end", "until", "due", "old_step", "old_reach", "opening"),
)
FLAGS = (
    *("subject", "edge", "last_edge", "next_sample", "last_sample", "accepted", "fresh", "restart"),
    *(
        "at_stop",
        "cut",
        "rejected",
        "steps",
        "rejects",
        "running_in",
        "rounds",
        "calm",
        "verdict",
        "writes",
        "opens",
    ),
)
KINDS = {"whole": INTEGER, "number": DOUBLE, "array": POINTER}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lanes:
    """What the parts of the driver share: arguments, memory of the lanes, and sizes."""

    control: Control
    emitted: Emitted
    argument: dict[str, ir.Value]
    vector: dict[str, ir.Value]  # arrays of vectors
    real: dict[str, ir.Value]  # W doubles each
    flag: dict[str, ir.Value]  # W whole numbers each
    counter: dict[str, ir.Value]  # one whole number each

    def width(self) -> ir.Value:
        """Number of lanes."""
        return whole(self.emitted.shape.width)

    def at(self, index: ir.Value, lane: ir.Value) -> ir.Value:
        """Index of a lane's number in an array of vectors."""
        return self.control.builder.add(self.control.builder.mul(index, self.width()), lane)

    def call(self, name: str, *arguments: ir.Value) -> None:
        """Call one of the functions of `emit`."""
        self.control.builder.call(self.emitted.module.globals[name], arguments)

    def is_set(self, flag: str, lane: ir.Value) -> ir.Value:
        """True if a lane's flag is not 0."""
        value = self.control.get(self.flag[flag], lane, INTEGER)
        return self.control.builder.icmp_signed("!=", value, whole(0))

    def side_by_side(self) -> Vector:
        """Operations on all lanes at once, where the driver stands."""
        return Vector(self.control.builder, self.emitted.shape.width)

    def flags(self, flag: str) -> ir.Value:
        """A flag of all lanes."""
        return self.control.get(self.flag[flag], whole(0), self.side_by_side().integers)

    def mask(self, flag: str) -> ir.Value:
        """Where a flag is not 0."""
        zero = self.side_by_side().integer(0)
        return self.control.builder.icmp_signed("!=", self.flags(flag), zero)

    def busy(self) -> ir.Value:
        """Where a lane has a subject."""
        zero = self.side_by_side().integer(0)
        return self.control.builder.icmp_signed(">=", self.flags("subject"), zero)

    def any_of(self, condition: ir.Value) -> ir.Value:
        """True if a condition holds in any lane."""
        bits = ir.IntType(self.emitted.shape.width)
        found = self.control.builder.bitcast(condition, bits)
        return self.control.builder.icmp_unsigned("!=", found, ir.Constant(bits, 0))

    def change(self, base: ir.Value, chosen: ir.Value, value: ir.Value) -> None:
        """New values for the chosen lanes."""
        old = self.control.get(base, whole(0), value.type)
        self.control.put(self.control.builder.select(chosen, value, old), base, whole(0))

    def active(self, lane: ir.Value) -> ir.Value:
        """True if a lane has a subject."""
        subject = self.control.get(self.flag["subject"], lane, INTEGER)
        return self.control.builder.icmp_signed(">=", subject, whole(0))


def memory_vectors(shape: Shape) -> int:
    """How many vectors of memory the driver needs."""
    return sum(_memory(shape).values())


def _memory(shape: Shape) -> dict[str, int]:
    columns = shape.states * shape.chosen
    return {
        "time": 1,
        "step": 1,
        "fraction": 1,
        "tolerance": 2,
        "error": 1,
        "first": 1,
        "prepared": shape.prepared,
        "states": shape.states,
        "after": shape.states,
        "fresh_states": shape.states,
        "cut_states": shape.states,
        "held": shape.states,
        "saved": shape.states,
        "largest": shape.states,
        "distance": 1,
        "dense": shape.dense_terms * len(shape.dense),
        "last_trigger": shape.triggers,
        "result": max(shape.outputs, shape.triggers + shape.states, shape.affected, 1),
        "work": shape.work,
        "slopes": columns,
        "slopes_after": columns,
        "fresh_slopes": columns,
        "saved_slopes": columns,
        "held_slopes": columns,
        "slopes_dense": shape.dense_terms * len(shape.dense) * shape.chosen,
        "input_slopes": shape.inputs * shape.chosen,
        "edge_rates": shape.states if shape.chosen else 0,
        "slope_result": shape.slope_result,
        "slope_work": shape.slope_work,
        **{f"real {name}": 1 for name in REALS},
        **{f"flag {name}": 1 for name in FLAGS},
    }


def layout_lanes(control: Control, emitted: Emitted, argument: dict[str, ir.Value]) -> Lanes:
    """Divide the driver's memory among its arrays."""
    width, place, vector = emitted.shape.width, 0, {}
    for name, count in _memory(emitted.shape).items():
        vector[name] = control.item(argument["memory"], whole(place * width))
        place += count
    return Lanes(
        control=control,
        emitted=emitted,
        argument=argument,
        vector=vector,
        real={name: vector[f"real {name}"] for name in REALS},
        flag={name: vector[f"flag {name}"] for name in FLAGS},
        counter={name: control.local(INTEGER) for name in ("next", "active", "fresh", "any")},
    )


def finish(lanes: Lanes, lane: ir.Value, status: Status) -> None:
    """Record how a lane's subject ended, blank its outputs unless it is OK, and free the lane."""
    control, builder, argument = lanes.control, lanes.control.builder, lanes.argument
    subject = control.get(lanes.flag["subject"], lane, INTEGER)
    control.put(whole(status), argument["status"], subject)
    control.put(control.get(lanes.vector["time"], lane), argument["reached"], subject)
    for position, name in enumerate(("steps", "rejects")):
        index = builder.add(builder.mul(subject, whole(2)), whole(position))
        control.put(control.get(lanes.flag[name], lane, INTEGER), argument["steps"], index)
    if status is not Status.OK:
        shape = lanes.emitted.shape
        row = control.get(argument["row_first"], subject, INTEGER)
        end = control.get(argument["row_first"], builder.add(subject, whole(1)), INTEGER)
        for name, size in (("out", shape.outputs), ("slope_out", shape.outputs * shape.chosen)):
            first = builder.mul(row, whole(size))
            with control.loop(builder.mul(builder.sub(end, row), whole(size))) as position:
                control.put(number(float("nan")), argument[name], builder.add(first, position))
    control.put(whole(-1), lanes.flag["subject"], lane)
    for name in ("accepted", "restart", "cut", "fresh"):
        control.put(whole(0), lanes.flag[name], lane)


def count(lanes: Lanes, counter: str, value: ir.Value) -> None:
    """Add to one of the counters."""
    builder = lanes.control.builder
    total = builder.add(builder.load(lanes.counter[counter], typ=INTEGER), value)
    builder.store(total, lanes.counter[counter])


def magnitude(lanes: Lanes, value: ir.Value) -> ir.Value:
    """|value|."""
    builder = lanes.control.builder
    minus = builder.fneg(value)
    return builder.select(builder.fcmp_ordered("<", value, number(0.0)), minus, value)


def between(lanes: Lanes, name: str) -> None:
    """Call `observe` or `triggers` at the fraction that each lane holds."""
    vector = lanes.vector
    names = ("fraction", "time", "step", "states", "after", "dense", "prepared", "result")
    lanes.call(name, *(vector[part] for part in names))


def run_event(lanes: Lanes, lane: ir.Value, position: int) -> None:
    """Set the states of one lane that an event assigns, all from the values before it."""
    control, program, vector = lanes.control, lanes.emitted.program, lanes.vector
    lanes.call("affect", vector["time"], vector["states"], vector["prepared"], vector["result"])
    first = sum(len(event.values) for event in program.events[:position])
    for offset, state in enumerate(program.events[position].states):
        value = control.get(vector["result"], lanes.at(whole(first + offset), lane))
        control.put(value, vector["states"], lanes.at(whole(state), lane))
