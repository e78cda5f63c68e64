"""In whom: groups of people and doses, told apart by a few of their numbers, in whom something happens or does not.

A small tree: the number and the border that part those in whom it happens from the others best are found, then again in
the part where that gains most. Borders are found in one half of the people and shares are counted in the other, so that
no share flatters the border that was chosen for it; a border must do better than any that shuffled people give. Knows
nothing of models or runs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from raphe.analysis.answer import Bound, Group, Interval
from raphe.analysis.summary import interval
from raphe.core.draws import FloatArray

MOST = 5  # groups
_SHUFFLES = 99  # a border must beat all of them: 1 %
_LEAST = 0.05  # of the people, or 20 of them, on each side of a border between people
_FEW = 20
_NINETY = 1.6448536269514722  # 95th percentile of the standard normal

Integers = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """What may tell people or scenarios apart.

    Parameters
    ----------
    names
        Of the numbers.
    values
        Shape (people, numbers) or (scenarios, numbers).
    """

    names: tuple[str, ...]
    values: FloatArray


@dataclass(frozen=True, slots=True)
class _Node:
    """People and scenarios that some bounds fit; both halves of the people."""

    finders: Integers
    counters: Integers
    scenarios: Integers
    bounds: tuple[Bound, ...]


@dataclass(frozen=True, slots=True)
class _Border:
    of_people: bool
    column: int
    value: float
    gain: float  # fall of the sum of squares


def groups_of(
    people: Features,
    scenarios: Features,
    effect: FloatArray,
    happens: Bools,
    random: np.random.Generator,
) -> tuple[Group, ...]:
    """Part people and scenarios into at most five groups by whether something happens.

    Parameters
    ----------
    people, scenarios
        What may tell them apart.
    effect
        Shape (people, scenarios); people without a number anywhere are left out.
    happens
        Shape (people, scenarios): in whom it happens, after what.
    random
        Shuffles.

    Returns
    -------
    tuple of Group
        One group of all if nothing tells them apart; none if there is nobody.
    """
    sound = np.flatnonzero(np.isfinite(effect).all(axis=1))
    if not len(sound):
        return ()
    every = np.arange(effect.shape[1])
    few = len(sound) < 2 * _FEW
    finders, counters = (sound, sound) if few else (sound[::2], sound[1::2])
    leaves = [_Node(finders, counters, every, ())]
    borders: list[_Border | None] = [
        None if few else _best(leaves[0], people, scenarios, happens, random)
    ]
    while len(leaves) < MOST:
        gains = [0.0 if one is None else one.gain for one in borders]
        place = int(np.argmax(gains))
        border = borders[place]
        if border is None:
            break
        parts = _parted(leaves[place], border, people, scenarios)
        leaves[place : place + 1] = parts
        borders[place : place + 1] = [
            _best(part, people, scenarios, happens, random) for part in parts
        ]
    return tuple(_group(leaf, effect, happens) for leaf in leaves)


def share_of(happens: Bools) -> Interval:
    """The share of people in whom something happens, with the 90 % interval of Wilson (1927, doi 10.2307/2276774).

    Parameters
    ----------
    happens
        Shape (people, scenarios): the scenarios of one person count as one observation, since they are alike.
    """
    count = len(happens)
    if not happens.size:
        return Interval(low=math.nan, middle=math.nan, high=math.nan)
    share, square = float(happens.mean()), _NINETY * _NINETY
    middle = (share + square / (2.0 * count)) / (1.0 + square / count)
    reach = math.sqrt(share * (1.0 - share) / count + square / (4.0 * count * count))
    reach *= _NINETY / (1.0 + square / count)
    return Interval(low=max(middle - reach, 0.0), middle=share, high=min(middle + reach, 1.0))


def _group(leaf: _Node, effect: FloatArray, happens: Bools) -> Group:
    cells = np.ix_(leaf.counters, leaf.scenarios)
    sizes = effect[cells].ravel()
    nothing = Interval(low=math.nan, middle=math.nan, high=math.nan)
    return Group(
        bounds=_tidy(leaf.bounds),
        people=len(leaf.counters),
        effect=interval(sizes) if len(sizes) else nothing,
        share=share_of(happens[cells]),
    )


def _tidy(bounds: tuple[Bound, ...]) -> tuple[Bound, ...]:
    """Of two bounds on one number to one side, only the narrower."""
    kept: dict[tuple[str, bool], Bound] = {}
    for bound in bounds:
        kept[bound.name, bound.above] = bound  # a later one lies inside the earlier
    return tuple(kept.values())


def _parted(
    node: _Node, border: _Border, people: Features, scenarios: Features
) -> tuple[_Node, _Node]:
    """Above the border, then below it."""
    features = people if border.of_people else scenarios
    values = features.values[:, border.column]
    parts = []
    for above in (True, False):
        bound = Bound(name=features.names[border.column], above=above, value=border.value)
        inside = np.flatnonzero((values > border.value) == above)
        finders, counters, here = node.finders, node.counters, node.scenarios
        if border.of_people:
            finders, counters = (rows[np.isin(rows, inside)] for rows in (finders, counters))
        else:
            here = here[np.isin(here, inside)]
        parts.append(_Node(finders, counters, here, (*node.bounds, bound)))
    return parts[0], parts[1]


def _best(
    node: _Node,
    people: Features,
    scenarios: Features,
    happens: Bools,
    random: np.random.Generator,
) -> _Border | None:
    """The border that parts best, if shuffled people or scenarios give none as good."""
    table = happens[np.ix_(node.finders, node.scenarios)].astype(np.float64)
    if len(node.finders) < _FEW or not 0.0 < table.mean() < 1.0:
        return None
    found = []
    for of_people, features, rows, axis in (
        (True, people, node.finders, 0),
        (False, scenarios, node.scenarios, 1),
    ):
        if not features.names or len(rows) < 2:
            continue
        least = max(int(_LEAST * len(rows)), _FEW) if of_people else 1
        ladder = _ladder(features.values[rows], least)
        sums, weight = table.sum(axis=1 - axis), table.shape[1 - axis]
        gain, column, value = ladder.best(sums, weight)
        if gain <= 0.0:
            continue
        shuffled = max(
            ladder.best(_shuffled(table, axis, random), weight)[0] for _ in range(_SHUFFLES)
        )
        if gain > shuffled:
            found.append(_Border(of_people, column, value, gain))
    return max(found, key=lambda border: border.gain, default=None)


def _shuffled(table: FloatArray, axis: int, random: np.random.Generator) -> FloatArray:
    """Sums over people with whole people exchanged, or over scenarios with those of each person exchanged."""
    if axis == 0:
        return random.permutation(table.sum(axis=1))
    return np.asarray(random.permuted(table, axis=1).sum(axis=0))


@dataclass(frozen=True, slots=True)
class _Ladder:
    """The rungs between neighboring values of each number, in order."""

    order: Integers  # (rows, numbers)
    allowed: Bools  # (rows - 1, numbers): between different values, with enough on both sides
    borders: FloatArray  # (rows - 1, numbers)

    def best(self, sums: FloatArray, weight: int) -> tuple[float, int, float]:
        """Fall of the sum of squares at the best rung, its number and its value; a fall of 0 if there is no rung.

        Parameters
        ----------
        sums
            Shape (rows,): how often it happens in each row.
        weight
            How often it could.
        """
        count = len(sums)
        below = np.cumsum(sums[self.order], axis=0)[:-1]
        many = np.arange(1, count)[:, None] * float(weight)
        whole, total = float(count * weight), float(sums.sum())
        apart = below / many - (total - below) / (whole - many)
        gains = np.where(self.allowed, many * (whole - many) / whole * apart**2, 0.0)
        rung, column = np.unravel_index(int(np.argmax(gains)), gains.shape)
        return float(gains[rung, column]), int(column), float(self.borders[rung, column])


def _ladder(values: FloatArray, least: int) -> _Ladder:
    order = np.argsort(values, axis=0, kind="stable")
    ordered = np.take_along_axis(values, order, axis=0)
    low, high = ordered[:-1], ordered[1:]
    places = np.arange(1, len(values))[:, None]
    enough = (places >= least) & (len(values) - places >= least)
    return _Ladder(order, (high > low) & enough, 0.5 * (low + high))


def features(names: Sequence[str], values: FloatArray) -> Features:
    """Features without numbers that are the same for all."""
    kept = [k for k in range(len(names)) if np.ptp(values[:, k]) > 0.0] if len(values) else []
    return Features(names=tuple(names[k] for k in kept), values=values[:, kept])
