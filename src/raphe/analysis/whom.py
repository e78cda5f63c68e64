"""In whom: groups of people, told apart by a few of their numbers, in whom an effect differs most.

A small tree: the number and the bound that part people best are found, then the same in each half. Bounds are deciles,
so that a group is never a handful. Knows nothing of models or runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from raphe.analysis.answer import Bound, Group
from raphe.analysis.summary import interval
from raphe.core.draws import FloatArray

_DEPTH = 2
_FEW = 20  # people that are not parted any more
_LEVELS = tuple(0.1 * number for number in range(1, 10))
_LEAST = 0.05  # of the spread that a split must explain


@dataclass(frozen=True, slots=True)
class _Split:
    column: int
    bound: float
    gain: float


def groups_of(
    names: Sequence[str], values: FloatArray, effect: FloatArray, threshold: float
) -> tuple[Group, ...]:
    """Part people into at most four groups by what decides their effect.

    Parameters
    ----------
    names
        Of the numbers of a person.
    values
        Shape (people, numbers).
    effect
        Shape (people,); people without a number are left out.
    threshold
        Of each group it is told in what share of people the effect is at least so large, on either side.

    Returns
    -------
    tuple of Group
        One group of all people if nothing tells them apart.
    """
    sound = np.isfinite(effect)
    values, effect = values[sound], effect[sound]
    if not len(effect):
        return ()
    least = _LEAST * float(np.var(effect))
    found: list[Group] = []
    waiting: list[tuple[npt.NDArray[np.int64], tuple[Bound, ...]]] = [(np.arange(len(effect)), ())]
    while waiting:
        here, bounds = waiting.pop()
        split = None
        if len(bounds) < _DEPTH and len(here) >= _FEW:
            split = _best(values[here], effect[here])
        if split is None or split.gain < least * len(here):
            far = np.abs(effect[here]) >= threshold
            found.append(
                Group(
                    bounds=bounds,
                    people=len(here),
                    effect=interval(effect[here]),
                    beyond=float(np.mean(far)),
                )
            )
            continue
        below = values[here, split.column] <= split.bound
        for side, above in ((~below, True), (below, False)):
            bound = Bound(name=names[split.column], above=above, value=split.bound)
            waiting.append((here[side], (*bounds, bound)))
    return tuple(found)


def _best(values: FloatArray, effect: FloatArray) -> _Split | None:
    """The split that lowers the sum of squares most."""
    best: _Split | None = None
    for column in range(values.shape[1]):
        for bound in np.unique(np.quantile(values[:, column], _LEVELS)):
            below: npt.NDArray[np.bool_] = values[:, column] <= bound
            count = int(below.sum())
            if not 0 < count < len(effect):
                continue
            first, second = effect[below], effect[~below]
            gain = count * (len(effect) - count) / len(effect)
            gain *= float(first.mean() - second.mean()) ** 2
            if best is None or gain > best.gain:
                best = _Split(column, float(bound), gain)
    return best
