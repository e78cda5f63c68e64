"""What people make of a prescription: doses missed, taken late, or given up. Knows nothing of models or solvers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from raphe.core.draws import FloatArray, Stage, uniforms
from raphe.core.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Behavior:
    """How doses are taken; the same for all groups of subjects of a study.

    Parameters
    ----------
    missed
        Chance that a dose is not taken, 0 to 1; each dose on its own.
    late
        Mean delay of a dose that is taken (h), exponential, cut off before the next dose is due.
    stops
        Chance to give up for good within a week of use, 0 to 1, at a constant rate.
    """

    missed: float = 0.0
    late: float = 0.0
    stops: float = 0.0

    def __post_init__(self) -> None:
        """Refuse numbers that are no chances or no times."""
        if not (0.0 <= self.missed <= 1.0 and 0.0 <= self.stops < 1.0):
            raise InputError("chances lie between 0 and 1", advice="write 10 % as 0.1")
        if not 0.0 <= self.late < np.inf:
            raise InputError("a delay is not below 0")


def draw_taking(
    behavior: Behavior, times: Sequence[float], *, seed: int, persons: range
) -> tuple[FloatArray, FloatArray]:
    """Which doses are taken, and how late.

    Parameters
    ----------
    behavior
        Chances and delays.
    times
        When doses are due (h), in order.
    seed, persons
        With the number of the dose, the key of every draw.

    Returns
    -------
    share, delay
        Shape (persons, doses): 1 for a dose that is taken and 0 for one that is not; hours after it was due.
    """
    due = np.asarray(times, dtype=np.float64)
    share, delay = np.ones((len(persons), len(due))), np.zeros((len(persons), len(due)))
    room = np.append(np.diff(due), np.inf)
    for number in range(len(due)):
        pairs = uniforms(
            seed=seed, stage=Stage.BEHAVIOR, name="dose", replicate=number, subjects=persons
        )
        share[:, number] = pairs[:, 0] >= behavior.missed
        if behavior.late > 0.0:
            wait = -behavior.late * np.log(pairs[:, 1])
            delay[:, number] = np.minimum(wait, 0.99 * room[number])
    if behavior.stops > 0.0 and len(due):
        pairs = uniforms(
            seed=seed, stage=Stage.BEHAVIOR, name="stops", replicate=0, subjects=persons
        )
        weeks = np.log(pairs[:, 0]) / np.log1p(-behavior.stops)
        share *= due[None, :] < due[0] + 168.0 * weeks[:, None]
    return share, delay
