"""What ran -> what decides it: numbers moved alone, where the doubt comes from, in whom the effect is large."""

from __future__ import annotations

import numpy as np

from raphe.analysis.answer import InWhom, Mover, Split, Sweep
from raphe.analysis.summary import changes, largest_change
from raphe.analysis.whom import groups_of
from raphe.core.draws import FloatArray
from raphe.engine.results import Dataset, times_of, values_of
from raphe.population.people import Layer, draw_subjects, swept_parameters
from raphe.study.plan import fixed_in
from raphe.study.question import Scenario, Study
from raphe.study.run import Ran

NOTHING = 1e-9  # a change that is none


def finished(data: Dataset, output: str) -> FloatArray:
    """Courses of the subjects that finished; `Answer.failures` counts the others."""
    values = values_of(data, output)
    return np.asarray(values[np.asarray(data["status"].values) == 0])


def _sizes(data: Dataset, output: str) -> FloatArray:
    """Largest change of each subject; not a number for those who failed."""
    values = values_of(data, output)
    sizes = largest_change(changes(values), times_of(data))[0]
    return np.where(np.asarray(data["status"].values) == 0, sizes, np.nan)


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


def split_of(ran: Ran, output: str, sweep: Sweep | None) -> Split | None:
    """Standard deviations of the largest change: between people, over draws, over forms of the model."""
    if sweep is None:
        return None
    name = sweep.scenario
    forms = [("", sweep.typical)]
    for (module, sample), results in ran.others.items():
        if module and not sample and (name, Layer.BEST.value) in results.runs:
            size = _sizes(results.dataset(name, Layer.BEST.value), output)[0]
            forms.append((module, float(size)))
    people = _sizes(ran.results.dataset(name, "people"), output)
    typical = _sizes(ran.results.dataset(name, "typical"), output)
    return Split(
        scenario=name,
        people=float(np.nanstd(people)),
        parameters=float(np.nanstd(typical)),
        structure=float(np.nanstd([size for _, size in forms])),
        forms=tuple(forms),
    )


def in_whom(study: Study, ran: Ran, output: str, sweep: Sweep | None) -> InWhom | None:
    """Groups of people by what parts their largest changes best; the threshold is that of the typical person."""
    if sweep is None:
        return None
    scenario = _named(study, sweep.scenario)
    sizes = _sizes(ran.results.dataset(scenario.name, "people"), output)
    fixed = fixed_in(study, scenario)
    people = draw_subjects(ran.model, study.population, Layer.PEOPLE, fixed=fixed)
    columns = [
        (place, one)
        for place, one in enumerate(ran.model.parameters)
        if one.people is not None and one.name not in fixed
    ]
    factors = np.array([one.value.unit.factor for _, one in columns])
    values = people.parameters[:, [place for place, _ in columns]] / factors
    threshold = abs(sweep.typical)
    groups = groups_of([one.name for _, one in columns], values, sizes, threshold)
    used = {bound.name for group in groups for bound in group.bounds}
    units = tuple(
        (one.name, one.meaning, one.value.unit.text) for _, one in columns if one.name in used
    )
    return InWhom(scenario=scenario.name, threshold=threshold, groups=groups, units=units)


def _named(study: Study, name: str) -> Scenario:
    return next(one for one in study.scenarios if one.name == name)
