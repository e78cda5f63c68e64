"""Study -> Plan: which model variants, scenarios and groups of subjects are run.

Knows nothing of how a job is run (`run`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from raphe.core.sources import Source
from raphe.core.units import Quantity
from raphe.dosing.routes import routed
from raphe.language.compose import compose
from raphe.language.model import Assembly, Model, Observation, Shown
from raphe.library.catalog import Catalog, observations_of
from raphe.population.people import Layer, swept_parameters
from raphe.study.question import Scenario, Study, usual_route

UNKNOWN_SIZE = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One model: which modules stand in which slots, and what is kept of it.

    `rival` names the module that is on trial instead of the study's own, `sample` the module of people that published
    trials drew from; both are empty for the model as the study has it.
    """

    rival: str = ""
    sample: str = ""
    choices: Mapping[str, str]
    outputs: tuple[str, ...]

    @property
    def key(self) -> tuple[str, str]:
        """What results of this variant are found by."""
        return self.rival, self.sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One group of subjects in one scenario of one variant."""

    variant: Variant
    scenario: Scenario
    layer: Layer
    subjects: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All jobs of a study, in the order in which they are run, and how many parameters its model has."""

    study: Study
    jobs: tuple[Job, ...]
    parameters: int

    @property
    def subjects(self) -> int:
        """Subjects of all jobs together."""
        return sum(job.subjects for job in self.jobs)


def make_plan(study: Study, catalog: Catalog) -> Plan:
    """Work out what is to be run.

    Every scenario is run for many people and for the typical person; with doses, also for the typical person with one
    uncertain value at a time. Scenarios that somebody has observed are also run as trials of the observed size, on
    people like those of the trial, and for the typical one of them with every rival of the observed slot.

    Parameters
    ----------
    study
        What is asked.
    catalog
        Gives rivals and observations.

    Returns
    -------
    Plan
    """
    assembly = catalog.assemblies[study.model]
    target = next(one.quantity for one in assembly.targets if one.name == study.target)
    main = Variant(choices=study.choices, outputs=_kept(study, assembly, target))
    alone = Variant(choices=study.choices, outputs=(target,))
    counts = {
        Layer.PEOPLE: study.population.people,
        Layer.TYPICAL: study.population.draws,
    }
    model = compose(assembly, catalog.library, choices=study.choices)
    jobs = []
    for scenario in study.scenarios:
        for layer, count in counts.items():
            jobs.append(Job(variant=main, scenario=scenario, layer=layer, subjects=count))
        if scenario.acts:
            jobs.append(
                Job(
                    variant=alone,
                    scenario=scenario,
                    layer=Layer.SWEPT,
                    subjects=_swept(model, study, scenario),
                )
            )
        seen = observed(study, scenario, catalog)
        for sample in sorted({observation.sample or "" for observation in seen}):
            group = tuple(one for one in seen if (one.sample or "") == sample)
            jobs += _trial_jobs(study, assembly, scenario, sample, group)
    jobs += _rival_jobs(study, catalog, target)
    return Plan(study=study, jobs=tuple(jobs), parameters=len(model.parameters))


def shown_of(study: Study, assembly: Assembly) -> tuple[Shown, ...]:
    """What is drawn for a study: what it names, or the level of what is asked about and what the model shows."""
    taken = any(scenario.regimen.doses for scenario in study.scenarios)
    levels = [drug.level for drug in assembly.drugs if taken and drug.name == study.drug]
    shown = (*(level for level in levels if level is not None), *assembly.shown)
    if study.outputs is None:
        return shown
    known = {one.quantity: one for one in shown}
    return tuple(
        known.get(name, Shown(quantity=name, title=name, place=assembly.place))
        for name in study.outputs
    )


def _kept(study: Study, assembly: Assembly, target: str) -> tuple[str, ...]:
    """Outputs that are kept: the target, what is drawn, and all that can be asked for if the study names none."""
    names = [target, *(one.quantity for one in shown_of(study, assembly))]
    if study.outputs is None:
        names += [one.quantity for one in assembly.targets]
    return tuple(dict.fromkeys(names))


def rivals_of(assembly: Assembly) -> tuple[tuple[str, str], ...]:
    """Slot and module of every rival."""
    return tuple((use.alias, module) for use in assembly.uses for module in use.rivals)


def _rival_jobs(study: Study, catalog: Catalog, target: str) -> list[Job]:
    """The typical person at best estimates with each rival, in each scenario whose routes the rival has."""
    assembly = catalog.assemblies[study.model]
    names = {one.name: one.route for one in assembly.drugs}
    jobs = []
    for slot, module in rivals_of(assembly):
        own = {f"{slot}.{route.name}" for route in catalog.library.modules[module].routes}
        choices = {**study.choices, slot: module}
        variant = Variant(rival=module, choices=choices, outputs=(target,))
        for scenario in study.scenarios:
            doses = routed(scenario.regimen, names).doses
            taken = {dose.route or names[study.drug] for dose in doses}
            here = {route for route in taken if route.startswith(f"{slot}.")}
            if scenario.acts and here <= own:
                job = Job(variant=variant, scenario=scenario, layer=Layer.BEST, subjects=1)
                jobs.append(job)
    return jobs


def fixed_in(study: Study, scenario: Scenario) -> dict[str, Quantity]:
    """What everybody shares in a scenario."""
    return {**study.fixed, **scenario.settings}


def _swept(model: Model, study: Study, scenario: Scenario) -> int:
    return 1 + 2 * len(swept_parameters(model, fixed_in(study, scenario)))


def observed(study: Study, scenario: Scenario, catalog: Catalog) -> tuple[Observation, ...]:
    """The values of whole courses that were observed after the regimen of a scenario, with nothing else changed."""
    found = observations_of(catalog, drug=study.drug)
    return tuple(
        one
        for one in found
        if one.regimen == scenario.regimen.text
        and not scenario.settings
        and not scenario.turns
        and one.value is not None
        and one.bound is None
        and one.share is None
        and one.against is None
        and not one.window
        and usual_route(one)
    )


def references(
    study: Study, model: Model, catalog: Catalog, *, also: Collection[str] = ()
) -> tuple[Source, ...]:
    """The sources of a study's numbers: those of its model, and those of the observations set beside it.

    Parameters
    ----------
    study
        What is asked.
    model
        Composed as the study has it.
    catalog
        Gives observations and sources.
    also
        Keys of more sources.

    Returns
    -------
    tuple of Source
        By key.
    """
    keys = {source.key for source in model.sources} | set(also)
    for scenario in study.scenarios:
        for observation in observed(study, scenario, catalog):
            if observation.provenance is not None:
                keys |= {one.key for one in observation.provenance.citations}
    return tuple(catalog.library.sources[key] for key in sorted(keys))


def trial_size(observation: Observation) -> int:
    """How many people a trial had; where that was not read, so many that chance plays no great part."""
    return observation.people or UNKNOWN_SIZE


def _trial_jobs(
    study: Study, assembly: Assembly, scenario: Scenario, sample: str, seen: tuple[Observation, ...]
) -> list[Job]:
    """Trials of the study's own model, then the typical person of each rival, on people of one sample."""
    draws = study.population.draws
    outputs = tuple(dict.fromkeys(observation.quantity for observation in seen))
    choices = {**study.choices}
    for use in assembly.uses:
        if sample in use.modules:
            choices[use.alias] = sample
    own = Variant(sample=sample, choices=choices, outputs=outputs)
    size = max(trial_size(observation) for observation in seen)
    jobs = [Job(variant=own, scenario=scenario, layer=Layer.TRIALS, subjects=draws * size)]
    slots = {output.split(".")[0] for output in outputs}
    for use in assembly.uses:
        here = choices.get(use.alias, use.module)
        for module in (use.module, *use.rivals):
            if use.alias in slots and module != here:
                rival = Variant(
                    rival=module,
                    sample=sample,
                    choices={**choices, use.alias: module},
                    outputs=outputs,
                )
                jobs.append(
                    Job(variant=rival, scenario=scenario, layer=Layer.TYPICAL, subjects=draws)
                )
    return jobs
