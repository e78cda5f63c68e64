"""Elementary effects: a cheap look at many inputs, to find those that are worth a closer one.

Morris (1991), doi 10.1080/00401706.1991.10484804; the mean of absolute effects is that of Campolongo et al. (2007), doi
10.1016/j.envsoft.2006.10.004. Inputs are columns of the unit cube on a grid. Pure functions on arrays; knows nothing of
models.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from raphe.core.draws import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """What moving each input by one step does.

    Parameters
    ----------
    middle
        Shape (columns,): mean effect.
    size
        Shape (columns,): mean of the absolute effect.
    spread
        Shape (columns,): standard deviation; large where the effect depends on where the others stand.
    lost
        Effects that were left out because a run gave no number.
    """

    middle: FloatArray
    size: FloatArray
    spread: FloatArray
    lost: int


def step_of(levels: int) -> float:
    """How far an input moves: half the grid, rounded up to a whole number of levels."""
    return levels / (2.0 * (levels - 1))


def morris_design(
    trajectories: int, columns: int, levels: int, random: np.random.Generator
) -> FloatArray:
    """Random walks through the grid that move every input once.

    Parameters
    ----------
    trajectories, columns
        Walks, and inputs.
    levels
        Of the grid; even, so that every level is as likely as any other.
    random
        Draws starts, orders and directions.

    Returns
    -------
    array of shape (trajectories * (columns + 1), columns)
        Walk by walk; neighbors differ in one column by `step_of(levels)`.
    """
    step, free = step_of(levels), levels // 2
    walks = np.empty((trajectories, columns + 1, columns))
    for walk in walks:
        start = random.integers(0, free, size=columns) / (levels - 1)
        upward = random.random(columns) < 0.5
        walk[:] = np.where(upward, start, start + step)
        for row, column in enumerate(random.permutation(columns)):
            walk[row + 1 :, column] += step if upward[column] else -step
    return walks.reshape(-1, columns)


def elementary_effects(design: FloatArray, values: FloatArray) -> Screening:
    """Effects of the steps of a design.

    Parameters
    ----------
    design
        Shape (trajectories * (columns + 1), columns), from `morris_design`.
    values
        Shape (trajectories * (columns + 1),); what is not a number is a failed run.

    Returns
    -------
    Screening
        Not a number for a column whose effects are all lost; the spread needs two of them.
    """
    columns = design.shape[1]
    moves = np.diff(design.reshape(-1, columns + 1, columns), axis=1)
    changes = np.diff(values.reshape(-1, columns + 1), axis=1)
    moved = np.abs(moves).argmax(axis=2)
    steps = np.take_along_axis(moves, moved[:, :, None], axis=2)[:, :, 0]
    effects = np.empty_like(changes)
    np.put_along_axis(effects, moved, changes / steps, axis=1)
    sound = np.isfinite(effects)
    counts: npt.NDArray[np.int64] = sound.sum(axis=0)
    clean = np.where(sound, effects, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        middle = clean.sum(axis=0) / counts
        size = np.abs(clean).sum(axis=0) / counts
        squares = np.where(sound, (effects - middle) ** 2, 0.0).sum(axis=0)
        spread = np.sqrt(squares / (counts - 1))
    return Screening(middle=middle, size=size, spread=spread, lost=int(sound.size - counts.sum()))
