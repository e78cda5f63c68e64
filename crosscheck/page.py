"""The comparison as a page and a figure. What could turn out otherwise is computed, and says if it holds."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from crosscheck.compare import (
    SYNAPSE,
    Spiking,
    circuit,
    mean_field,
    same_weight,
    wirings,
)
from matplotlib.figure import Figure

from raphe.core.draws import FloatArray
from raphe.core.units import parse_unit

COMMAND = "python -m crosscheck"
OTHER_WEIGHT = 3.0  # s: the alternative in the published script, module raphe_vta_circuit
_WIRINGS = 400
_COLORS = ("#8a8a8a", "#7fb3d9", "#1b6ca8", "#0b3558")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """The two beside each other.

    Parameters
    ----------
    spiking
        What the network did.
    field
        Shape (stretches,): the mean field with the numbers of the library.
    band
        Shape (2, stretches): 5th and 95th percentile over its wirings.
    other
        Shape (stretches,): the mean field with the weight of the published alternative.
    weights
        Shape (tones, stretches - 1), s: weights at which the mean field falls as much as the network.
    """

    spiking: Spiking
    field: FloatArray
    band: FloatArray
    other: FloatArray
    weights: FloatArray

    @property
    def network(self) -> FloatArray:
        """Shape (tones, stretches): firing over that without drug, mean of the seeds."""
        return np.asarray(self.spiking.ratio.mean(axis=0))


def compare(spiking: Spiking) -> Compared:
    """Ask the mean field for the gains of the network."""
    model = circuit()
    second = parse_unit("s").factor
    gains = [float(one) for one in spiking.gains]
    drawn = wirings(model, _WIRINGS, seed=1)
    spread = [[mean_field(model, gain, numbers) for gain in gains] for numbers in drawn]
    middle = spiking.ratio.mean(axis=0)
    weights = [
        [
            same_weight(model, gain, float(seen))
            for gain, seen in zip(gains[1:], row[1:], strict=True)
        ]
        for row in middle
    ]
    return Compared(
        spiking=spiking,
        field=np.array([mean_field(model, gain, {}) for gain in gains]),
        band=np.quantile(spread, [0.05, 0.95], axis=0),
        other=np.array(
            [
                mean_field(model, gain, {"raphe_on_serotonin": OTHER_WEIGHT * second})
                for gain in gains
            ]
        ),
        weights=np.array(weights),
    )


def findings(one: Compared) -> list[tuple[str, bool]]:
    """What is compared, and whether it is so."""
    network, tones = one.network, one.spiking.plan.tones
    toned = [place for place, tone in enumerate(tones) if tone.gaba is not None]
    still = [place for place, tone in enumerate(tones) if tone.gaba is None]
    inside = [(one.band[0, 1:] <= row[1:]) & (row[1:] <= one.band[1, 1:]) for row in network]
    strongest = network[toned[-1]]
    return [
        (
            "Without GABA tone a longer decay changes no spike of any cell, as the mean field has it under anesthesia",
            bool(np.all(one.spiking.ratio[:, still] == 1.0)),
        ),
        (
            "With tone firing falls, more with each longer decay, as in the mean field",
            bool(np.all(np.diff(network[toned], axis=1) < 0.0)),
        ),
        (
            "It falls more the stronger the tone is",
            bool(np.all(np.diff(network[toned][:, 1:], axis=0) < 0.0)),
        ),
        (
            "At no tone and no decay do synapses alone bring the fall by 90 % of awake cats; a loss of arousal must",
            bool(network.min() > 0.1),
        ),
        (
            "With weak tone the network lies within the wirings of the library (5th to 95th percentile) at all decays",
            bool(np.all(inside[toned[0]])),
        ),
        ("With middle tone too", bool(np.all(inside[toned[1]]))),
        ("With strong tone too", bool(np.all(inside[toned[-1]]))),
        (
            "With strong tone the network bends: the weight that would match it falls as the decay grows",
            bool(np.all(np.diff(one.weights[toned[-1]]) < 0.0)),
        ),
        (
            f"The published alternative of {OTHER_WEIGHT:g} s falls more than the network at its strongest tone",
            bool(np.all(one.other[1:] < strongest[1:])),
        ),
    ]


def page(one: Compared, command: str) -> str:
    """The page in Markdown."""
    lines = [
        "# The raphe as spiking cells, beside the mean field",
        "",
        f"Written by `{command}`. Do not edit. Research and teaching software, not medical advice.",
        "",
        *_INTRODUCTION,
        "",
        *_simulated(one),
        "",
        "![Firing against the gain](circuit-crosscheck.svg)",
        "",
        "## Rest",
        "",
        *_rest_table(one),
        "",
        "## Firing of serotonin cells over that without drug",
        "",
        *_ratio_table(one),
        "",
        "## What agrees and what does not",
        "",
        *_table(
            ("statement", "holds"),
            [(text, "yes" if so else "**no**") for text, so in findings(one)],
        ),
        "",
        *_WHY,
    ]
    return "\n".join(lines) + "\n"


def _simulated(one: Compared) -> list[str]:
    plan = one.spiking.plan
    stretches = ", ".join(f"{each:g}" for each in plan.stretches[1:])
    charges = ", ".join(f"{each:.2f}" for each in one.spiking.gains[1:])
    return [
        f"Simulated: {plan.serotonin_cells} serotonin and {plan.gaba_cells} GABA cells, seeds "
        + ", ".join(map(str, plan.seeds))
        + f"; {plan.count / 1000:g} s counted after {plan.settle / 1000:g} s, in steps of 0.1 ms.",
        f"The decay of {SYNAPSE.decay:g} ms is stretched {stretches} times with the same peak, so that",
        f"the charge of a synapse is {charges} times as large.",
    ]


_INTRODUCTION = (
    "The circuit of the library is a mean field: a rate that is linear above a threshold. Harkin and colleagues",
    "(eLife 2023, 12:e72951) measured cells of the mouse dorsal raphe and fitted spiking models to them: a leak,",
    "two potassium currents, currents and thresholds that spikes move. Here their network is simulated from its",
    "equations, with the cells that they fitted, and a benzodiazepine is a longer decay of its GABA conductance.",
    "The same gain of charge goes into the mean field, at the synapses on serotonin cells. In both, serotonin,",
    "dopamine and arousal are held at rest, and serotonin cells fire near 3 Hz at rest: the current into them was",
    "set for that, by us. Nothing here sets a number of the library.",
)
_WHY = (
    "Why they differ. A synapse of the network has the conductance that the authors gave it. With strong tone it",
    "adds up to more than the leak of a serotonin cell (1.05 nS, median), and across the 25 mV or so to its reversal",
    "it takes away a third or more of the current that drives the cell. In the mean field the weight was set by",
    "what animals showed at low doses, and GABA takes away less than a tenth of the drive. So such a weight stands",
    "for GABA cells that fire at some 2 to 6 Hz in waking, or for few of them; the 21 Hz of the published template",
    "are not rates that serotonin cells of the network could feel in full without falling by a tenth or more at the",
    "low dose, at which cats showed no change. What these cells fire in waking was not read. The network also",
    "bends: a conductance divides, and cells differ, while the mean field runs straight into its threshold. For",
    "strong tone a larger weight would match small gains or large ones, not both.",
    "",
    "Not in the network: receptors for serotonin on its own cells, ambient GABA, GABA cells that inhibit each",
    "other, background noise (1 to 2 pA in the runs of the authors), and all that lies outside the raphe. The cells",
    "are from slices. A longer decay with the same peak is one reading of what the drug does; the module",
    "gabaa_gains tells of others.",
)


def _rest_table(one: Compared) -> list[str]:
    rows = []
    for place, tone in enumerate(one.spiking.plan.tones):
        rate = one.spiking.rate[:, place, 0]
        hertz = one.spiking.gaba_rate[place]
        reached = one.spiking.plan.gaba_cells * 0.02
        conductance = 1000.0 * reached * SYNAPSE.charge * hertz / 1000.0
        rows.append(
            (
                tone.name,
                f"{hertz:.1f} Hz",
                f"{conductance:.2f} nS",
                f"{1000.0 * tone.serotonin:.1f} pA",
                f"{rate.mean():.2f} Hz ({rate.min():.2f} to {rate.max():.2f})",
            )
        )
    head = ("tone", "GABA cells", "mean conductance", "current", "serotonin cells (networks)")
    return _table(head, rows)


def _ratio_table(one: Compared) -> list[str]:
    rows = [
        (
            f"network, tone {tone.name}",
            *(
                f"{seen.mean():.2f} ({seen.min():.2f} to {seen.max():.2f})"
                for seen in one.spiking.ratio[:, place, 1:].T
            ),
            ", ".join(f"{weight:.2f}" for weight in one.weights[place]) + " s",
        )
        for place, tone in enumerate(one.spiking.plan.tones)
    ]
    band = zip(one.field[1:], *one.band[:, 1:], strict=True)
    ours = (f"{middle:.2f} ({low:.2f} to {high:.2f})" for middle, low, high in band)
    rows.append(("mean field (5th to 95th percentile of wirings)", *ours, "0.4 (0.1 to 1) s"))
    other = (f"{middle:.2f}" for middle in one.other[1:])
    rows.append(("mean field, published alternative", *other, f"{OTHER_WEIGHT:g} s"))
    gains = (f"charge x {gain:.2f}" for gain in one.spiking.gains[1:])
    return _table(("", *gains, "weight that matches, at each"), rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]


def draw(one: Compared) -> str:
    """The figure as SVG: the same text for the same numbers."""
    drawing = Figure(figsize=(6.4, 4.2), layout="constrained")
    axes = drawing.subplots()
    gains = one.spiking.gains
    axes.fill_between(
        gains, *one.band, color="#c1440e", alpha=0.15, linewidth=0, label="mean field, wirings"
    )
    axes.plot(gains, one.field, color="#c1440e", label="mean field")
    axes.plot(
        gains, one.other, color="#c1440e", linestyle=":", label=f"mean field, {OTHER_WEIGHT:g} s"
    )
    for place, tone in enumerate(one.spiking.plan.tones):
        color = _COLORS[place % len(_COLORS)]
        name = f"network, tone {tone.name} ({one.spiking.gaba_rate[place]:.0f} Hz)"
        axes.plot(gains, one.network[place], color=color, marker="o", markersize=4, label=name)
        for seen in one.spiking.ratio[:, place]:
            axes.plot(gains, seen, color=color, linewidth=0, marker="_", markersize=8)
    axes.set_xlabel("charge of a GABA synapse over that without drug")
    axes.set_ylabel("firing of serotonin cells over that without drug")
    axes.set_ylim(0.0, 1.08)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8, loc="lower left")
    with mpl.rc_context({"svg.hashsalt": "raphe", "svg.fonttype": "path"}):
        buffer = io.StringIO()
        drawing.savefig(buffer, format="svg", metadata={"Date": None, "Creator": "raphe"})
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines()) + "\n"
