"""What ran -> what decides the answer when uncertain numbers are moved one at a time."""

from __future__ import annotations

import numpy as np

from raphe.analysis.answer import Mover, Sweep
from raphe.analysis.summary import changes, largest_change
from raphe.core.draws import FloatArray
from raphe.engine.results import Dataset, times_of, values_of
from raphe.population.people import swept_parameters
from raphe.study.plan import fixed_in
from raphe.study.question import Scenario, Study
from raphe.study.run import Ran

NOTHING = 1e-9  # a change that is none


def finished(data: Dataset, output: str) -> FloatArray:
    """Courses of the subjects that finished; `Answer.failures` counts the others."""
    values = values_of(data, output)
    return np.asarray(values[np.asarray(data["status"].values) == 0])


def sweep_of(study: Study, ran: Ran, output: str) -> Sweep | None:
    """Largest changes with one uncertain number at a time, in the scenario with the largest change."""
    sizes: dict[str, FloatArray] = {}
    for scenario in study.scenarios:
        if scenario.acts:
            data = ran.results.dataset(scenario.name, "swept")
            if not np.any(data["status"].values):
                change = changes(values_of(data, output))
                sizes[scenario.name] = largest_change(change, times_of(data))[0]
    if not sizes:
        return None
    name = max(sizes, key=lambda name: abs(sizes[name][0]))
    typical, *moved = sizes[name].tolist()
    if abs(typical) < NOTHING:
        return None
    movers = []
    scenario = _named(study, name)
    for number, one in enumerate(swept_parameters(ran.model, fixed_in(study, scenario))):
        low, high = moved[2 * number : 2 * number + 2]
        movers.append(
            Mover(
                name=one.name,
                meaning=one.meaning,
                status="" if one.provenance is None else one.provenance.status.value,
                low=low,
                high=high,
                share=max(abs(low - typical), abs(high - typical)) / abs(typical),
            )
        )
    movers.sort(key=lambda mover: (-mover.share, mover.name))
    return Sweep(scenario=name, typical=typical, movers=tuple(movers))


def _named(study: Study, name: str) -> Scenario:
    return next(one for one in study.scenarios if one.name == name)
