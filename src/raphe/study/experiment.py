"""One experiment on a model of the library: modules and numbers set, a regimen given, courses of people read off.

What `qualify`, `judge` and `taper` have in common. Knows nothing of observations, claims or tapers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

import numpy as np

from raphe.core.draws import FloatArray
from raphe.core.units import Quantity, Unit
from raphe.dosing.regimen import Regimen
from raphe.dosing.routes import routed
from raphe.engine.compile import Kernel, compile_program
from raphe.engine.doses import Taken
from raphe.engine.lower import lower
from raphe.engine.solve import DEFAULT_OPTIONS, Options, settings_of, solve
from raphe.engine.timeline import make_timeline
from raphe.language.compose import compose
from raphe.language.model import Assembly, Model
from raphe.library.catalog import Catalog
from raphe.population.behavior import Behavior, draw_taking
from raphe.population.people import Layer, Population, Subjects, draw_subjects
from raphe.population.support import refuse_outside
from raphe.study.occasions import occasions_of
from raphe.study.question import Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A model with its kernel, ready for regimens by certain routes.

    Parameters
    ----------
    model, kernel
        Composed, pruned and compiled.
    outputs, units
        What is read off, in base units of `units`.
    route
        Of doses that name none.
    """

    model: Model
    kernel: Kernel
    outputs: tuple[str, ...]
    units: tuple[Unit, ...]
    route: str

    @property
    def slots(self) -> frozenset[str]:
        """The slots that what is read off rests on, by their states and parameters; one with neither does not show."""
        program = self.kernel.program
        names = (*program.layout.states, *program.used_parameters())
        return frozenset(name.partition(".")[0] for name in names)


def set_up(
    catalog: Catalog,
    assembly: Assembly,
    *,
    drug: str,
    regimens: tuple[Regimen, ...],
    outputs: tuple[str, ...],
    choices: Mapping[str, str],
) -> Bench | None:
    """Compose and compile what an experiment needs.

    Parameters
    ----------
    catalog
        Gives the modules.
    assembly
        The model.
    drug
        Whose usual route doses take that name none.
    regimens
        All that will be given.
    outputs
        What will be read off.
    choices
        Slot -> module that stands there, a rival or one that an experiment brings.

    Returns
    -------
    Bench or None
        None if the modules that were chosen lack a route that a regimen needs.
    """
    model = compose(_with_clamps(assembly, choices), catalog.library, choices=dict(choices))
    routes = {one.name: one.route for one in model.drugs}
    doses = [dose for regimen in regimens for dose in routed(regimen, routes).doses]
    taken = tuple(sorted({dose.route or routes[drug] for dose in doses}))
    if choices and not {route.name for route in model.routes}.issuperset(taken):
        return None
    kernel = compile_program(lower(model, outputs=outputs, doses=taken))
    units = tuple(kernel.program.layout.output_units)
    return Bench(model=model, kernel=kernel, outputs=outputs, units=units, route=routes[drug])


def _with_clamps(assembly: Assembly, choices: Mapping[str, str]) -> Assembly:
    """The assembly with the modules that an experiment puts into its slots among those to choose from."""
    uses = tuple(
        replace(use, others=(*use.others, choices[use.alias]))
        if use.alias in choices and choices[use.alias] not in use.modules
        else use
        for use in assembly.uses
    )
    return replace(assembly, uses=uses)


def recruit(
    bench: Bench,
    population: Population,
    layer: Layer,
    *,
    trial_size: int = 1,
    settings: Mapping[str, Quantity],
) -> Subjects:
    """Draw the subjects of an experiment; `settings` are shared by all.

    Raises
    ------
    StudyError
        If somebody lies outside the support of the model.
    """
    subjects = draw_subjects(bench.model, population, layer, trial_size=trial_size, fixed=settings)
    refuse_outside(bench.model, subjects.parameters)
    return subjects


def taking_of(
    behavior: Behavior | None, regimen: Regimen, subjects: Subjects, *, seed: int
) -> Taken | None:
    """What subjects, numbered by `person` without gaps, make of the doses of a regimen; None if they do as told."""
    if behavior is None or not len(subjects.person):
        return None
    persons = range(int(subjects.person[0]), int(subjects.person[-1]) + 1)
    times = [dose.time for dose in regimen.expanded().doses]
    share, delay = draw_taking(behavior, times, seed=seed, persons=persons)
    return Taken(share=share, delay=delay)


def perform(
    bench: Bench,
    subjects: Subjects,
    regimen: Regimen,
    times: FloatArray,
    *,
    threads: int,
    taken: Taken | None = None,
    turns: Sequence[Turn] = (),
    options: Options = DEFAULT_OPTIONS,
    cores: Executor | None = None,
) -> tuple[FloatArray, int]:
    """Give a regimen to subjects.

    Parameters
    ----------
    bench
        From `set_up`.
    subjects
        From `recruit`.
    regimen
        By routes that the bench was set up for.
    times
        h, increasing.
    threads
        Worker threads.
    taken
        What each of the subjects makes of the doses; see `taking_of`.
    turns
        What becomes of parameters at times, for all.
    options
        Tolerances and limits.
    cores
        Threads that experiments at the same time share.

    Returns
    -------
    courses, failed
        Shape (subjects, times, outputs), base units, not a number where a subject failed; how many failed.
    """
    doses = routed(regimen, {one.name: one.route for one in bench.model.drugs})
    parameters, occasions = occasions_of(
        bench.model,
        bench.kernel,
        subjects,
        doses,
        route=bench.route,
        until=float(times[-1]),
        turns=turns,
    )
    timeline = make_timeline(
        bench.kernel.program,
        doses,
        route=bench.route,
        settings=settings_of(bench.kernel, parameters),
        parameters=parameters,
        taken=taken,
        occasions=occasions,
    )
    options = replace(options, threads=threads)
    outcome = solve(bench.kernel, parameters, timeline, times, options=options, cores=cores)
    return outcome.values, int(np.count_nonzero(outcome.status))
