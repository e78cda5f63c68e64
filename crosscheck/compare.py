"""Firing of serotonin cells against the gain of GABA synapses: spiking network beside the mean field of the library.

In both the rate at rest is the same, serotonin and dopamine outside the cells and arousal are held at rest, and what
changes is the charge of a GABA synapse on serotonin cells. Knows nothing of pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from crosscheck.network import (
    Inhibition,
    Kernel,
    arriving,
    connect,
    fates,
    rates,
    read_cells,
    recruit,
    spikes,
)

from raphe.core.draws import FloatArray, Stage, sample, uniforms
from raphe.language.compose import compose_module
from raphe.language.expression import evaluate
from raphe.language.model import Model
from raphe.library.catalog import load_catalog

SYNAPSE = Kernel(
    rise=1.44, decay=26.0, peak=0.0003
)  # ms, ms, uS: gifnetmod_opts.json of the authors
REVERSAL = -76.7  # mV, likewise
DELAY = 2.0  # ms, likewise
PROBABILITY = 0.02  # that a GABA cell reaches a serotonin cell, likewise


@dataclass(frozen=True, slots=True, kw_only=True)
class Tone:
    """One state of the GABA cells.

    Parameters
    ----------
    name
        For the page.
    gaba
        Current into GABA cells, nA; None where none of them fires.
    serotonin
        Current into serotonin cells, nA: what brings their rate without drug near 3 Hz, that of the mean field.
    """

    name: str
    gaba: float | None
    serotonin: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is simulated: 600 serotonin and 400 GABA cells, as in the network of the authors, or fewer for a test."""

    tones: tuple[Tone, ...] = (
        Tone(name="none", gaba=None, serotonin=0.0507),
        Tone(name="weak", gaba=0.0, serotonin=0.0571),
        Tone(name="middle", gaba=0.02, serotonin=0.0693),
        Tone(name="strong", gaba=0.086, serotonin=0.108),
    )
    stretches: tuple[float, ...] = (1.0, 1.2, 1.45, 1.9)  # decay with drug over that without
    seeds: tuple[int, ...] = (1, 2, 3)
    settle: float = 3000.0  # ms that are not counted
    count: float = 5000.0  # ms
    serotonin_cells: int = 600
    gaba_cells: int = 400


QUICK = Plan(seeds=(1,), settle=1000.0, count=1500.0, serotonin_cells=150)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spiking:
    """What the network did.

    Parameters
    ----------
    plan
        What was simulated.
    gains
        Charge of a synapse over that without drug, for each stretch.
    gaba_rate
        Shape (tones,), Hz: mean of all GABA cells and seeds.
    rate
        Shape (seeds, tones, stretches), Hz: mean of all serotonin cells.
    """

    plan: Plan
    gains: FloatArray
    gaba_rate: FloatArray
    rate: FloatArray

    @property
    def ratio(self) -> FloatArray:
        """Rates over those without drug, of the same seed."""
        return self.rate / self.rate[:, :, :1]


def stretched(factor: float) -> Kernel:
    """The synapse with a longer decay and the same peak."""
    return Kernel(rise=SYNAPSE.rise, decay=SYNAPSE.decay * factor, peak=SYNAPSE.peak)


def simulate(plan: Plan) -> Spiking:
    """Run the network for each seed, tone and stretch; the networks of a seed share cells, synapses and chance."""
    found = [_one_seed(plan, seed) for seed in plan.seeds]
    return Spiking(
        plan=plan,
        gains=np.array([stretched(one).charge for one in plan.stretches]) / SYNAPSE.charge,
        gaba_rate=np.mean([gaba for gaba, _ in found], axis=0),
        rate=np.array([serotonin for _, serotonin in found]),
    )


def _one_seed(plan: Plan, seed: int) -> tuple[FloatArray, FloatArray]:
    """Mean rates of GABA cells, by tone, and of serotonin cells, by tone and stretch."""
    duration = plan.settle + plan.count
    toned = [one for one in plan.tones if one.gaba is not None]
    gaba = recruit(read_cells("gaba"), plan.gaba_cells, seed=seed, name="GABA cell")
    fired = spikes(
        gaba,
        np.array([one.gaba for one in toned]),
        duration,
        due=fates(gaba, duration, seed=seed, name="GABA spike"),
    )
    rate = rates(fired, len(toned), len(gaba), after=plan.settle).mean(axis=1)
    cells = recruit(read_cells("serotonin"), plan.serotonin_cells, seed=seed, name="serotonin cell")
    synapses = connect(len(cells), len(gaba), PROBABILITY, seed=seed)
    arrivals = np.concatenate(
        [
            arriving(fired, synapses, DELAY, conditions=len(toned)),
            np.zeros((1, len(fired), len(cells)), dtype=np.uint8),
        ]
    )
    rows = [toned.index(one) if one in toned else len(toned) for one in plan.tones]
    each = len(plan.stretches)
    inhibition = Inhibition(
        arrivals=arrivals,
        row=np.repeat(rows, each),
        kernels=tuple(stretched(one) for one in plan.stretches) * len(plan.tones),
        reversal=REVERSAL,
    )
    current = np.repeat([one.serotonin for one in plan.tones], each)
    due = fates(cells, duration, seed=seed, name="serotonin spike")
    after = spikes(cells, current, duration, due=due, inhibition=inhibition)
    mean = rates(after, len(current), len(cells), after=plan.settle).mean(axis=1)
    known = iter(rate)
    tones = np.array([0.0 if one.gaba is None else next(known) for one in plan.tones])
    return tones, mean.reshape(len(plan.tones), each)


def circuit() -> Model:
    """The mean field by itself, its in-ports at rest."""
    library = load_catalog().library
    return compose_module(library.modules["raphe_vta_circuit"], library)


def mean_field(model: Model, gain: float, numbers: Mapping[str, float]) -> float:
    """Firing of serotonin cells over that without drug.

    Parameters
    ----------
    model
        From `circuit`.
    gain
        Of the charge of GABA synapses on serotonin cells.
    numbers
        Parameters that are not as in the library, base units.
    """
    values = {one.name: one.value.base for one in model.parameters} | dict(numbers)
    for quantity in model.quantities:
        values[quantity.name] = evaluate(quantity.formula, values)
        if quantity.name == "phasic_alpha2":
            values[quantity.name] = gain
    return values["serotonin_firing"]


def wirings(model: Model, count: int, *, seed: int) -> list[dict[str, float]]:
    """Draws of every number that is not known."""
    drawn: list[dict[str, float]] = [{} for _ in range(count)]
    for one in model.parameters:
        if one.uncertainty is None:
            continue
        pairs = uniforms(
            seed=seed, stage=Stage.UNCERTAINTY, name=one.name, replicate=0, subjects=range(count)
        )
        values = sample(one.uncertainty, np.full(count, one.value.value), pairs)
        for each, value in zip(drawn, values * one.value.unit.factor, strict=True):
            each[one.name] = float(value)
    return drawn


def same_weight(model: Model, gain: float, ratio: float) -> float:
    """Weight (s) of GABA on serotonin cells at which the mean field falls as much as the network at a gain."""
    unit = next(one for one in model.parameters if one.name == "raphe_on_serotonin").value.unit
    low, high = 0.0, 4.0
    for _ in range(40):
        middle = (low + high) / 2.0
        falls = mean_field(model, gain, {"raphe_on_serotonin": middle * unit.factor})
        low, high = (middle, high) if falls > ratio else (low, middle)
    return (low + high) / 2.0
