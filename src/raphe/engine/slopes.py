"""Derivatives of a program with respect to chosen parameters, on the graph: what forward sensitivities are made from.

A step of a Rosenbrock method is differentiated exactly, so second derivatives of the rates are here too. Knows nothing
of steps or kernels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from raphe.engine.graph import Graph, derivatives

_SIDE_BY_SIDE = 2

Entries = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slopes:
    """Nodes of derivatives, zeros left out. A chosen parameter is called by its place among the chosen.

    Parameters
    ----------
    parameters
        Indices of the chosen parameters.
    rates, starts, settings, outputs, values
        (root, chosen, node): by a chosen parameter. Values are those that events set, one event after another.
    outputs_by_state, values_by_state
        (root, state, node).
    values_by_time
        (value, node).
    curvature
        (row, column, other, node): second derivatives of the rates by two states, column <= other.
    jacobian
        (row, column, chosen, node): of the Jacobian by a chosen parameter.
    drift_by_state, drift
        (row, state or chosen, node): of the derivative of the rates by time.
    """

    parameters: tuple[int, ...]
    rates: Entries
    starts: Entries
    settings: Entries
    outputs: Entries
    outputs_by_state: Entries
    values: Entries
    values_by_state: Entries
    values_by_time: tuple[tuple[int, int], ...]
    curvature: tuple[tuple[int, int, int, int], ...]
    jacobian: tuple[tuple[int, int, int, int], ...]
    drift_by_state: Entries
    drift: Entries

    @property
    def count(self) -> int:
        """How many parameters were chosen."""
        return len(self.parameters)

    def moving_nodes(self) -> list[int]:
        """Every node but those of starts and settings, which are computed once."""
        parts = (
            self.rates,
            self.outputs,
            self.outputs_by_state,
            self.values,
            self.values_by_state,
            self.values_by_time,
            self.curvature,
            self.jacobian,
            self.drift_by_state,
            self.drift,
        )
        return [entry[-1] for part in parts for entry in part]


@dataclass(frozen=True, slots=True, kw_only=True)
class SlopeWork:
    """Scratch memory of a step of sensitivities, in vectors: what begins where."""

    curve: int  # second derivatives at the begin of the step
    matrices: int  # the Jacobian at each stage
    bends: int  # second derivatives times each stage
    sources: int  # column, stage, state
    stages: (
        int  # derivatives of the stages and the point of one, of the columns that go side by side
    )
    total: int


def slope_work(slopes: Slopes, *, states: int, stages: int, entries: int) -> SlopeWork:
    """Where in the scratch memory what begins, for a method of so many stages and a Jacobian of so many entries."""
    matrices = len(curve_nodes(slopes))
    bends = matrices + stages * entries
    sources = bends + stages * len(bend_pattern(slopes))
    columns = sources + slopes.count * stages * states
    return SlopeWork(
        curve=0,
        matrices=matrices,
        bends=bends,
        sources=sources,
        stages=columns,
        total=columns + side_by_side(slopes) * (stages + 1) * states,
    )


def side_by_side(slopes: Slopes) -> int:
    """How many columns of sensitivities are worked on at a time."""
    return min(_SIDE_BY_SIDE, slopes.count)


def bend_pattern(slopes: Slopes) -> tuple[tuple[int, int], ...]:
    """Rows and columns of second derivatives times a state, or times the time."""
    found = {(row, column) for row, column, _ in slopes.drift_by_state}
    for row, column, other, _ in slopes.curvature:
        found |= {(row, column), (row, other)}
    return tuple(sorted(found))


def curve_nodes(slopes: Slopes) -> list[int]:
    """Nodes of second derivatives, each once."""
    parts = (slopes.curvature, slopes.jacobian, slopes.drift_by_state, slopes.drift)
    return list(dict.fromkeys(entry[-1] for part in parts for entry in part))


@dataclass(frozen=True, slots=True, kw_only=True)
class Roots:
    """What is differentiated; states are the first symbols."""

    states: int
    first_parameter: int
    time: int
    rates: Sequence[int]
    starts: Sequence[int]
    settings: Sequence[int]
    outputs: Sequence[int]
    values: Sequence[int]
    jacobian: Sequence[tuple[int, int, int]]
    time_slopes: Sequence[tuple[int, int]]


def make_slopes(graph: Graph, roots: Roots, parameters: Sequence[int]) -> Slopes:
    """Differentiate what a kernel computes.

    Parameters
    ----------
    graph
        Grows by the nodes of the derivatives.
    roots
        What is differentiated.
    parameters
        Indices of the chosen parameters.

    Returns
    -------
    Slopes
    """
    states = list(range(roots.states))
    chosen = {roots.first_parameter + index: place for place, index in enumerate(parameters)}

    def by(nodes: Sequence[int], symbols: Sequence[int]) -> Entries:
        found = derivatives(graph, nodes, symbols)
        return tuple(
            (root, chosen.get(symbol, symbol), node)
            for root, slope in enumerate(found)
            for symbol, node in sorted(slope.items())
        )

    entries = [node for *_, node in roots.jacobian]
    curved = [(*roots.jacobian[root][:2], other, node) for root, other, node in by(entries, states)]
    moved = [(*roots.jacobian[r][:2], place, node) for r, place, node in by(entries, list(chosen))]
    drifting = [node for _, node in roots.time_slopes]
    row = [row for row, _ in roots.time_slopes]
    return Slopes(
        parameters=tuple(parameters),
        rates=by(roots.rates, list(chosen)),
        starts=by(roots.starts, list(chosen)),
        settings=by(roots.settings, list(chosen)),
        outputs=by(roots.outputs, list(chosen)),
        outputs_by_state=by(roots.outputs, states),
        values=by(roots.values, list(chosen)),
        values_by_state=by(roots.values, states),
        values_by_time=tuple((root, node) for root, _, node in by(roots.values, [roots.time])),
        curvature=tuple(entry for entry in curved if entry[1] <= entry[2]),
        jacobian=tuple(moved),
        drift_by_state=tuple(
            (row[root], other, node) for root, other, node in by(drifting, states)
        ),
        drift=tuple((row[root], place, node) for root, place, node in by(drifting, list(chosen))),
    )
