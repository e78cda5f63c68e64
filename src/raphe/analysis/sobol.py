"""Sobol' indices: which share of the variance of a number comes from which of its inputs, alone and with others.

Inputs are columns of the unit cube, put together into factors; a factor may be one column or many. The design is that
of Saltelli (2002): two matrices A and B of scrambled Sobol' points, and for each factor A with the columns of that
factor from B. Pure functions on arrays; knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import qmc

from raphe.core.draws import FloatArray

RESAMPLES = 500
LEVELS = (0.05, 0.95)
MOST_LOST = 0.1  # of the points; beyond that the rest is another population, and no index is given
_CONSTANT = 1e-24  # of the square of the values: variance that is rounding

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Indices:
    """Indices of some factors with their bootstrap intervals.

    Parameters
    ----------
    first
        Shape (factors,): share of the variance that a factor explains alone, V(E(y|x)) / V(y).
    total
        Shape (factors,): share that it has a part in, E(V(y|all others)) / V(y); at least the first.
    first_ends, total_ends
        Shape (factors, 2): 5th and 95th percentile over resampled points.
    mean, variance
        Of the number itself.
    points, lost
        Points that were used, and those that were left out because one of their runs gave no number.
    """

    first: FloatArray
    total: FloatArray
    first_ends: FloatArray
    total_ends: FloatArray
    mean: float
    variance: float
    points: int
    lost: int


def sobol_points(count: int, columns: int, random: np.random.Generator) -> FloatArray:
    """Scrambled Sobol' points, twice as wide as the inputs: the left half is A, the right half B.

    Parameters
    ----------
    count
        Points, a power of 2.
    columns
        Inputs.
    random
        Scrambles; equal streams give equal points.

    Returns
    -------
    array of shape (count, 2 * columns), strictly inside the unit cube

    Notes
    -----
    Sobol' (1967), doi 10.1016/0041-5553(67)90144-9; scrambled after Owen (1998), as scipy does.
    """
    exponent = count.bit_length() - 1
    if count < 1 or count != 2**exponent:
        message = f"{count} is not a power of 2"
        raise ValueError(message)
    sequence = qmc.Sobol(2 * columns, scramble=True, rng=random)
    tiny = np.finfo(np.float64).eps
    return np.asarray(np.clip(sequence.random_base2(exponent), tiny, 1.0 - tiny))


def membership(factors: Sequence[Sequence[int]], columns: int) -> Bools:
    """Which columns each factor holds, shape (factors, columns)."""
    table = np.zeros((len(factors), columns), dtype=np.bool_)
    for row, members in enumerate(factors):
        table[row, list(members)] = True
    return table


def saltelli_design(points: FloatArray, factors: Bools) -> FloatArray:
    """The places where a model is to be run.

    Parameters
    ----------
    points
        Shape (points, 2 * columns), from `sobol_points`.
    factors
        Shape (factors, columns), from `membership`.

    Returns
    -------
    array of shape (points * (factors + 2), columns)
        Block by block: all points of A, then A with each factor from B in turn, then B.
    """
    first, second = np.split(points, 2, axis=1)
    mixed = [np.where(members, second, first) for members in factors]
    return np.concatenate([first, *mixed, second])


def sobol_indices(values: FloatArray, points: int, random: np.random.Generator) -> Indices:
    """Indices from the values at the places of a design.

    Parameters
    ----------
    values
        Shape (points * (factors + 2),), in the order of `saltelli_design`; what is not a number is a failed run.
    points
        Of the design.
    random
        Resamples.

    Returns
    -------
    Indices
        Not a number throughout where the values do not vary or more than a tenth of the points is lost.

    Notes
    -----
    First order by the estimator of Saltelli et al. (2010), doi 10.1016/j.cpc.2009.09.018, total order by that of Jansen
    (1999), doi 10.1016/S0010-4655(98)00154-4, both on values with their mean taken off. Points of a Sobol' sequence are
    spread more evenly than independent ones, so that bootstrap intervals are rather too wide.
    """
    table = values.reshape(-1, points)
    sound = np.isfinite(table).all(axis=0)
    lost = int(points - sound.sum())
    kept = table[:, sound]
    count = kept.shape[1]
    nothing = np.full(len(table) - 2, np.nan)
    ends = np.full((len(table) - 2, 2), np.nan)
    mean = float(kept.mean()) if count else float("nan")
    centered = kept - mean
    variance = float(np.var(centered[[0, -1]])) if count else float("nan")
    if lost > MOST_LOST * points or not variance > _CONSTANT * mean * mean:
        return Indices(
            first=nothing,
            total=nothing,
            first_ends=ends,
            total_ends=ends,
            mean=mean,
            variance=variance,
            points=count,
            lost=lost,
        )
    first, total = _estimate(centered)
    drawn = random.integers(0, count, size=(RESAMPLES, count))
    again = [_estimate(centered[:, rows]) for rows in drawn]
    firsts, totals = (np.array(part) for part in zip(*again, strict=True))
    return Indices(
        first=first,
        total=total,
        first_ends=np.quantile(firsts, LEVELS, axis=0).T,
        total_ends=np.quantile(totals, LEVELS, axis=0).T,
        mean=mean,
        variance=variance,
        points=count,
        lost=lost,
    )


def _estimate(centered: FloatArray) -> tuple[FloatArray, FloatArray]:
    """First and total order from values of shape (factors + 2, points)."""
    first, mixed, second = centered[0], centered[1:-1], centered[-1]
    variance = np.var(centered[[0, -1]])
    with np.errstate(divide="ignore", invalid="ignore"):
        alone = np.mean(second * (mixed - first), axis=1) / variance
        shared = 0.5 * np.mean((first - mixed) ** 2, axis=1) / variance
    return alone, shared
