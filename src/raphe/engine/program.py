"""Program: a model as numbers, one graph in base units. Names and units end here. How it is made: `lower`."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from raphe.core.units import Unit
from raphe.engine.graph import Node, Op, dependents, needed, without
from raphe.engine.slopes import Slopes


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What stands at which index, in which unit; read by those who put names back, never in a step."""

    states: tuple[str, ...]
    state_units: tuple[Unit, ...]
    parameters: tuple[str, ...]
    parameter_units: tuple[Unit, ...]
    outputs: tuple[str, ...]
    output_units: tuple[Unit, ...]
    settings: tuple[str, ...]
    routes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteIndex:
    """A route by index: the state and input that doses enter, and the settings that it was given (-1: none)."""

    state: int
    input: int
    lag: int
    fraction: int
    duration: int
    rate: int
    molar_mass: (
        int  # parameter in base units, to turn a mass into a substance amount or back; -1: none
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EventIndex:
    """An event by index: its trigger node or the setting that holds its time, and what it sets."""

    trigger: int  # node that turns positive; -1 for a timed event
    time: int  # setting; -1 for a triggered event
    states: tuple[int, ...]
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A model as numbers: one graph and the nodes that matter in it.

    Symbols are numbered: states, parameters, time, inputs. An input is what flows into a state from outside (base units
    per h), constant between edges. `derived` are the nodes that depend on parameters alone and that the rest of the
    graph uses; a kernel computes them once a subject. `slopes` are there if parameters were chosen for sensitivities.
    """

    layout: Layout
    nodes: tuple[Node, ...]
    rates: tuple[int, ...]
    starts: tuple[int, ...]
    outputs: tuple[int, ...]
    settings: tuple[int, ...]
    jacobian: tuple[tuple[int, int, int], ...]  # row, column, node
    time_slopes: tuple[tuple[int, int], ...]  # row, node
    derived: tuple[int, ...]
    inputs: tuple[int, ...]  # the state of each
    events: tuple[EventIndex, ...]
    routes: tuple[RouteIndex, ...]
    scales: tuple[float, ...]  # natural size of each state, for the absolute tolerance
    defaults: tuple[float, ...]  # parameters
    slopes: Slopes | None

    @property
    def time_symbol(self) -> int:
        """Index of the symbol for time."""
        return len(self.layout.states) + len(self.layout.parameters)

    @property
    def chosen(self) -> int:
        """How many parameters are chosen for sensitivities."""
        return 0 if self.slopes is None else self.slopes.count

    def used_parameters(self) -> frozenset[str]:
        """The parameters that anything in a run depends on; the others change no bit of it."""
        places = self.stepped_parameters() | self._parameters_of(self.settings)
        places |= {route.molar_mass for route in self.routes if route.molar_mass >= 0}
        return frozenset(self.layout.parameters[place] for place in places)

    def stepped_parameters(self) -> frozenset[int]:
        """The parameters that states and outputs depend on once doses are on their way, by index."""
        roots = [*self.rates, *self.starts, *self.outputs]
        roots += [one.trigger for one in self.events if one.trigger >= 0]
        roots += [value for one in self.events for value in one.values]
        return self._parameters_of(roots)

    def _parameters_of(self, roots: Sequence[int]) -> frozenset[int]:
        """The parameters that nodes depend on."""
        first, count = len(self.layout.states), len(self.layout.parameters)
        symbols = {
            self.nodes[number].symbol - first
            for number in needed(self.nodes, roots)
            if self.nodes[number].op is Op.SYMBOL
        }
        return frozenset(place for place in symbols if 0 <= place < count)

    @property
    def repeats(self) -> bool:
        """True if equal doses can lead to a steady state: no rate knows the time, and there are no events."""
        knowing = dependents(self.nodes, [self.time_symbol])
        return not self.events and not knowing.intersection(needed(self.nodes, self.rates))

    @property
    def superposes(self) -> bool:
        """True if the effects of doses on the states add up: linear rates, and nothing there without a dose."""
        states = range(len(self.layout.states))
        changing = dependents(self.nodes, [*states, self.time_symbol])
        bent = {Op.SELECT_LESS, Op.SELECT_LESS_EQUAL, Op.MIN, Op.MAX, Op.ABS}
        used = changing.intersection(needed(self.nodes, self.rates))
        if not self.repeats or any(self.nodes[number].op in bent for number in used):
            return False
        outside = [self.time_symbol + 1 + position for position in range(len(self.inputs))]
        left = without(self.nodes, self.rates, [*states, *outside])
        nothing = all(self.nodes[start] == Node(Op.CONSTANT) for start in self.starts)
        return nothing and not any(left) and not any(n in changing for *_, n in self.jacobian)

    def digest(self) -> str:
        """Hash of everything that a kernel is made from."""
        parts = (
            len(self.layout.states),
            len(self.layout.parameters),
            [(n.op.value, n.operands, n.value.hex(), n.symbol) for n in self.nodes],
            (self.rates, self.starts, self.outputs, self.settings, self.jacobian),
            (self.time_slopes, self.derived, self.inputs, [s.hex() for s in self.scales]),
            [(e.trigger, e.time, e.states, e.values) for e in self.events],
            repr(self.slopes),
        )
        return hashlib.sha256(repr(parts).encode()).hexdigest()
