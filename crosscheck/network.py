"""Spiking network of the dorsal raphe after Harkin et al. 2023 (eLife 12:e72951): GABA cells inhibit serotonin cells.

Augmented integrate-and-fire cells: a leak, an inactivating and a persistent potassium current, currents and a threshold
that every spike moves, and spikes drawn from a rate that is exponential in the distance to that threshold. Written
from the equations; units are ms, mV, nA, nF and uS. Knows nothing of drugs, of the mean field or of pages.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt

from raphe.core.draws import FloatArray, Stage, uniforms

Fired = npt.NDArray[np.int64]

STEP = 0.1  # ms
ETA = (3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0)  # ms, of the currents that spikes leave
GAMMA = (3.0, 30.0, 300.0, 3000.0)  # ms, of the threshold that spikes move
POTASSIUM = -101.0  # mV
# of A / (1 + exp(-k (V - half))): A, k in 1/mV, half in mV, for the gates of the two potassium currents
ACTIVATION = (1.61, 0.0985, -23.7)
INACTIVATION = (1.03, -0.165, -59.2)
PERSISTENT = (1.55, 0.216, -24.3)
_STEEPEST = 50.0  # where a rate is as good as infinite, and its exponential still a number
_FILE = Path(__file__).parent / "cells.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """Parameters of cells, one entry for each.

    Parameters
    ----------
    capacitance, leak, leak_reversal
        nF, uS, mV.
    reset, refractory
        mV, ms.
    threshold, sharpness
        mV: where the rate is 1 Hz, and the rise that makes it e times larger.
    a_current, a_inactivation
        uS, ms: the inactivating potassium current.
    k_current
        uS: the persistent one.
    eta, gamma
        Shapes (time constants, cells), nA and mV: what one spike adds.
    """

    capacitance: FloatArray
    leak: FloatArray
    leak_reversal: FloatArray
    reset: FloatArray
    refractory: FloatArray
    threshold: FloatArray
    sharpness: FloatArray
    a_current: FloatArray
    a_inactivation: FloatArray
    k_current: FloatArray
    eta: FloatArray
    gamma: FloatArray

    def __len__(self) -> int:
        return len(self.leak)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """Conductance after one spike: a difference of exponentials with a peak of `peak` uS.

    Parameters
    ----------
    rise, decay
        ms, rise shorter than decay.
    peak
        uS.
    """

    rise: float
    decay: float
    peak: float

    @property
    def peak_time(self) -> float:
        """When it peaks, ms."""
        return self.rise * self.decay / (self.decay - self.rise) * math.log(self.decay / self.rise)

    @property
    def amplitude(self) -> float:
        """What either exponential is multiplied by, uS."""
        at = self.peak_time
        return self.peak / (math.exp(-at / self.decay) - math.exp(-at / self.rise))

    @property
    def charge(self) -> float:
        """Time integral of the conductance, uS ms."""
        return self.amplitude * (self.decay - self.rise)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inhibition:
    """Spikes of GABA cells on their way to serotonin cells.

    Parameters
    ----------
    arrivals
        Shape (rows, steps, cells): how many reach each serotonin cell at each step.
    row
        Shape (conditions,): which of them reach the cells of a condition.
    kernels
        One for each condition.
    reversal
        mV.
    """

    arrivals: npt.NDArray[np.uint8]
    row: npt.NDArray[np.int64]
    kernels: tuple[Kernel, ...]
    reversal: float


def read_cells(kind: str) -> Cells:
    """The cells that were fitted, `serotonin` or `gaba`."""
    lines = [line for line in _FILE.read_text("utf-8").splitlines() if not line.startswith("#")]
    rows = [row for row in csv.DictReader(lines) if row["kind"] == kind]

    def column(name: str) -> FloatArray:
        return np.array([float(row[name]) for row in rows])

    plain = [field.name for field in fields(Cells) if field.name not in ("eta", "gamma")]
    return Cells(
        **{name: column(name) for name in plain},
        eta=np.array([column(f"eta_{time:.0f}") for time in ETA]),
        gamma=np.array([column(f"gamma_{time:.0f}") for time in GAMMA]),
    )


def _drawn(name: str, *, seed: int, replicate: int, count: int) -> FloatArray:
    """Uniform numbers, one for each cell, from their key."""
    pairs = uniforms(
        seed=seed, stage=Stage.PEOPLE, name=name, replicate=replicate, subjects=range(count)
    )
    return pairs[:, 0]


def recruit(cells: Cells, count: int, *, seed: int, name: str) -> Cells:
    """Draw `count` cells with replacement."""
    chosen = (_drawn(name, seed=seed, replicate=0, count=count) * len(cells)).astype(int)
    return Cells(**{field.name: getattr(cells, field.name)[..., chosen] for field in fields(Cells)})


def connect(serotonin: int, gaba: int, probability: float, *, seed: int) -> npt.NDArray[np.uint8]:
    """Shape (gaba, serotonin): 1 where a GABA cell reaches a serotonin cell, else 0."""
    name = "synapse"
    rows = [_drawn(name, seed=seed, replicate=one, count=serotonin) for one in range(gaba)]
    return (np.array(rows) < probability).astype(np.uint8)


def fates(cells: Cells, duration: float, *, seed: int, name: str) -> FloatArray:
    """Shape (spikes, cells): the summed rate at which each next spike comes, exponential with mean 1.

    A spike is due when the integral of the rate since the last passes such a number; so each spike has its key, and
    conditions that share it share their chance. As many as the refractory time leaves room for.
    """
    room = int(np.ceil(duration / cells.refractory.min())) + 1
    draws = [_drawn(name, seed=seed, replicate=one, count=len(cells)) for one in range(room)]
    return -np.log(np.array(draws))


def gate(voltage: FloatArray, shape: tuple[float, float, float]) -> FloatArray:
    """Where a gate of a potassium current settles."""
    largest, slope, half = shape
    return largest / (1.0 + np.exp(-slope * (voltage - half)))


def spikes(
    cells: Cells,
    current: FloatArray,
    duration: float,
    *,
    due: FloatArray,
    inhibition: Inhibition | None = None,
) -> list[Fired]:
    """Simulate cells that do not act on one another.

    Parameters
    ----------
    cells
        The cells.
    current
        Shape (conditions,), nA: what all cells are driven by throughout.
    duration
        ms.
    due
        From `fates`; the same for all conditions.
    inhibition
        What reaches them.

    Returns
    -------
    list of arrays
        For each step the numbers of those that fired: condition times cells, plus cell.
    """
    many = _tiled(cells, len(current))
    drive = np.repeat(current, len(cells))
    state = _at_rest(many, due)
    fading = [np.exp(-STEP / np.array(times))[:, None] for times in (ETA, GAMMA)]
    pause = np.round(many.refractory / STEP).astype(int)
    synapses = None if inhibition is None else _Synapses.of(inhibition, len(cells))
    persistent = np.nonzero(many.k_current > 0.0)[0]
    ending: dict[int, FloatArray] = {}
    idle = np.zeros(0, dtype=int)  # those in their refractory time
    found = []
    for now in range(round(duration / STEP)):
        volt = state.voltage
        rate = _rate(many, state)
        push = many.leak * (many.leak_reversal - volt) + drive - state.eta.sum(axis=0)
        push -= many.a_current * gate(volt, ACTIVATION) * state.held * (volt - POTASSIUM)
        few = volt[persistent]
        push[persistent] -= many.k_current[persistent] * gate(few, PERSISTENT) * (few - POTASSIUM)
        if synapses is not None:
            push -= synapses.conductance() * (volt - synapses.reversal)
            synapses.advance(now)
        change = (gate(volt, INACTIVATION) - state.held) * (STEP / many.a_inactivation)
        for one in (push, change, rate):
            one[idle] = 0.0
        state.held += change
        volt += push * (STEP / many.capacitance)
        state.summed += rate * (STEP / 1000.0)
        state.eta *= fading[0]
        state.gamma *= fading[1]
        back = ending.pop(now, None)
        if back is not None:
            state.eta[:, back] += many.eta[:, back]
            state.gamma[:, back] += many.gamma[:, back]
            idle = idle[~np.isin(idle, back)]
        fired = np.nonzero(state.summed > state.due)[0]
        if len(fired):
            state.spike(fired, due, len(cells))
            volt[fired] = many.reset[fired]
            idle = np.concatenate([idle, fired])
            for steps in np.unique(pause[fired]):
                late = fired[pause[fired] == steps]
                before = ending.get(now + steps, np.zeros(0, dtype=int))
                ending[now + steps] = np.concatenate([before, late])
        found.append(fired)
    return found


def _tiled(cells: Cells, conditions: int) -> Cells:
    """The same cells in each condition, one after another."""
    tiled = {}
    for field in fields(Cells):
        value = getattr(cells, field.name)
        tiled[field.name] = np.tile(value, (1,) * (value.ndim - 1) + (conditions,))
    return Cells(**tiled)


@dataclass(slots=True, kw_only=True)
class _State:
    """What changes with time, one entry for each cell of each condition."""

    voltage: FloatArray  # mV
    held: FloatArray  # inactivation gate
    eta: FloatArray  # nA, by time constant
    gamma: FloatArray  # mV, by time constant
    summed: FloatArray  # integral of the rate since the last spike
    due: FloatArray  # where the next spike comes
    count: np.ndarray  # spikes so far

    def spike(self, fired: np.ndarray, due: FloatArray, cells: int) -> None:
        """Start the wait for the next spike of those that fired."""
        self.count[fired] += 1
        self.summed[fired] = 0.0
        self.due[fired] = due[self.count[fired], fired % cells]


def _at_rest(many: Cells, due: FloatArray) -> _State:
    size = len(many)
    return _State(
        voltage=many.leak_reversal.copy(),
        held=gate(many.leak_reversal, INACTIVATION),
        eta=np.zeros((len(ETA), size)),
        gamma=np.zeros((len(GAMMA), size)),
        summed=np.zeros(size),
        due=np.tile(due[0], size // due.shape[1]),
        count=np.zeros(size, dtype=int),
    )


def _rate(many: Cells, state: _State) -> FloatArray:
    """Rate of spikes of those that are not in their refractory time, Hz."""
    level = many.threshold + state.gamma.sum(axis=0)
    return np.asarray(np.exp(np.minimum((state.voltage - level) / many.sharpness, _STEEPEST)))


@dataclass(slots=True, kw_only=True)
class _Synapses:
    """The two exponentials of the conductance of each serotonin cell in each condition."""

    parts: FloatArray  # rise and decay, (2, conditions, cells)
    closing: FloatArray
    size: FloatArray
    arrivals: npt.NDArray[np.uint8]
    row: npt.NDArray[np.int64]
    reversal: float

    @classmethod
    def of(cls, inhibition: Inhibition, cells: int) -> _Synapses:
        times = np.array([[one.rise, one.decay] for one in inhibition.kernels]).T
        return cls(
            parts=np.zeros((2, len(inhibition.kernels), cells)),
            closing=np.exp(-STEP / times)[:, :, None],
            size=np.array([one.amplitude for one in inhibition.kernels])[:, None],
            arrivals=inhibition.arrivals,
            row=inhibition.row,
            reversal=inhibition.reversal,
        )

    def conductance(self) -> FloatArray:
        return np.asarray(self.size * (self.parts[1] - self.parts[0])).ravel()

    def advance(self, now: int) -> None:
        self.parts *= self.closing
        self.parts += self.arrivals[self.row, now]


def rates(fired: list[Fired], conditions: int, cells: int, *, after: float) -> FloatArray:
    """Mean rates (Hz) of shape (conditions, cells), counted from `after` ms on."""
    first = round(after / STEP)
    count = np.bincount(np.concatenate(fired[first:]), minlength=conditions * cells)
    seconds = (len(fired) - first) * STEP / 1000.0
    return count.reshape(conditions, cells) / seconds


def arriving(
    fired: list[Fired], synapses: npt.NDArray[np.uint8], delay: float, *, conditions: int
) -> npt.NDArray[np.uint8]:
    """Spikes of GABA cells that arrive, `delay` ms after they were fired.

    Parameters
    ----------
    fired
        From `spikes`, of so many conditions.
    synapses
        From `connect`.

    Returns
    -------
    array of shape (conditions, steps, serotonin cells)
    """
    late = round(delay / STEP)
    gaba, serotonin = synapses.shape
    counts = np.zeros((conditions, len(fired), serotonin), dtype=np.uint8)
    for now, numbers in enumerate(fired[: len(fired) - late]):
        for number in numbers:
            counts[number // gaba, now + late] += synapses[number % gaba]
    return counts
