"""Places in the unit cube -> largest changes of the target: what the sensitivity analyses of a study have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from raphe.analysis.answer import Sweep
from raphe.analysis.summary import has_baseline, largest_change
from raphe.core.draws import FloatArray
from raphe.engine.doses import Taken
from raphe.engine.results import values_of
from raphe.population.behavior import draw_taking
from raphe.population.people import Layer
from raphe.population.placed import Column, place_subjects
from raphe.study.experiment import Bench, perform
from raphe.study.plan import fixed_in
from raphe.study.question import Scenario, Study
from raphe.study.run import Prepared, Ran, exploring

PROBED = 2048  # run at a time: courses are large, and only one number of each is kept

Report = Callable[[int], None]


def _silent(_: int) -> None:
    """Nobody waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One scenario of a study, of which only the largest change of the target is wanted.

    Parameters
    ----------
    study, scenario, output
        What is asked.
    relative
        Whether changes are fractions of baseline, as in the answer.
    persons
        How many there are that may do other things with their doses.
    threads
        Worker threads; the numbers do not depend on it.
    report
        Called with the number of runs done since the last call.
    cores
        Threads that probes at the same time share.
    """

    study: Study
    scenario: Scenario
    output: str
    relative: bool
    persons: int
    threads: int
    report: Report = _silent
    cores: Executor | None = None


def make_probe(
    study: Study,
    ran: Ran,
    output: str,
    sweep: Sweep,
    *,
    persons: int,
    threads: int,
) -> Probe:
    """Probe the scenario that decides the answer."""
    scenario = next(one for one in study.scenarios if one.name == sweep.scenario)
    typical = ran.results.dataset(scenario.name, Layer.TYPICAL.value)
    return Probe(
        study=study,
        scenario=scenario,
        output=output,
        relative=has_baseline(values_of(typical, output)),
        persons=persons,
        threads=threads,
    )


def largest_changes(
    probe: Probe,
    form: Prepared,
    columns: Sequence[Column],
    places: FloatArray,
    persons: npt.NDArray[np.int64] | None = None,
) -> FloatArray:
    """Run a form of the model at places of its distributions.

    Parameters
    ----------
    probe
        The scenario.
    form
        Model and kernel that give the target alone.
    columns, places
        What varies, and where: shape (runs, columns), inside (0, 1).
    persons
        Shape (runs,): whose way with doses each has; None for doses as written.

    Returns
    -------
    array of shape (runs,)
        Largest change; not a number for a run that failed.
    """
    study, model = probe.study, form.model
    known = {one.name for one in model.parameters}
    fixed = {k: v for k, v in fixed_in(study, probe.scenario).items() if k in known}
    route = {drug.name: drug.route for drug in model.drugs}[study.drug]
    units = tuple(form.kernel.program.layout.output_units)
    bench = Bench(
        model=model, kernel=form.kernel, outputs=(probe.output,), units=units, route=route
    )
    times = np.array(probe.scenario.grid.times)
    taken = None if persons is None else _taken(probe)
    options = exploring(study.options)
    found = np.full(len(places), np.nan)
    for begin in range(0, len(places), PROBED):
        rows = slice(begin, begin + PROBED)
        subjects = place_subjects(
            model, columns, places[rows], fixed=fixed, table=study.population.table
        )
        own = None
        if taken is not None and persons is not None:
            own = Taken(share=taken.share[persons[rows]], delay=taken.delay[persons[rows]])
        courses, _ = perform(
            bench,
            subjects,
            probe.scenario.regimen,
            times,
            threads=probe.threads,
            taken=own,
            turns=probe.scenario.turns,
            options=options,
            cores=probe.cores,
        )
        found[rows] = _largest(courses[:, :, 0], times, relative=probe.relative)
        probe.report(len(subjects.person))
    return found


def _taken(probe: Probe) -> Taken | None:
    """What everybody makes of the doses; None if they do as told."""
    behavior = probe.study.behavior
    if behavior is None:
        return None
    times = [dose.time for dose in probe.scenario.regimen.expanded().doses]
    seed = probe.study.population.seed
    share, delay = draw_taking(behavior, times, seed=seed, persons=range(probe.persons))
    return Taken(share=share, delay=delay)


def _largest(courses: FloatArray, times: FloatArray, *, relative: bool) -> FloatArray:
    first = courses[:, :1]
    with np.errstate(divide="ignore", invalid="ignore"):
        change = courses / first - 1.0 if relative else courses - first
    size = largest_change(change, times)[0]
    return np.where(np.isfinite(size), size, np.nan)
