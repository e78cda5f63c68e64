"""Study -> Plan: which model variants, scenarios and groups of subjects are run, with a cost estimate.

Knows nothing of how a job is run (`run`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from raphe.language.model import Assembly, Observation
from raphe.library.catalog import Catalog, observations_of
from raphe.population.people import Layer
from raphe.study.question import Scenario, Study


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One model: which rival stands in which slot, and what is kept of it."""

    name: str
    choices: Mapping[str, str]
    outputs: tuple[str, ...] | None  # None: what the model shows


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One group of subjects in one scenario of one variant."""

    variant: Variant
    scenario: Scenario
    layer: Layer
    subjects: int

    @property
    def cost(self) -> float:
        """Subject-hours."""
        return self.subjects * self.scenario.grid.times[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All jobs of a study, in the order in which they are run."""

    study: Study
    jobs: tuple[Job, ...]

    @property
    def subjects(self) -> int:
        """Subjects of all jobs together."""
        return sum(job.subjects for job in self.jobs)


MAIN = "main"


def make_plan(study: Study, catalog: Catalog) -> Plan:
    """Work out what is to be run.

    Every scenario is run for many people and for the typical person. Scenarios that somebody has observed are also run
    as trials of the observed size, and for the typical person of every rival of the observed slot.

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
    main = Variant(name=MAIN, choices=study.choices, outputs=None)
    counts = {
        Layer.PEOPLE: study.population.people,
        Layer.TYPICAL: study.population.draws,
    }
    jobs = []
    for scenario in study.scenarios:
        for layer, count in counts.items():
            jobs.append(Job(variant=main, scenario=scenario, layer=layer, subjects=count))
        seen = observed(study, scenario, catalog)
        if not seen:
            continue
        outputs = tuple(dict.fromkeys(observation.quantity for observation in seen))
        trials = Variant(name=MAIN, choices=study.choices, outputs=outputs)
        size = trial_size(study, seen)
        count = study.population.draws * size
        jobs.append(Job(variant=trials, scenario=scenario, layer=Layer.TRIALS, subjects=count))
        for rival in _rivals(study, assembly, outputs):
            count = study.population.draws
            jobs.append(Job(variant=rival, scenario=scenario, layer=Layer.TYPICAL, subjects=count))
    return Plan(study=study, jobs=tuple(jobs))


def observed(study: Study, scenario: Scenario, catalog: Catalog) -> tuple[Observation, ...]:
    """The observations that were made after the regimen of a scenario."""
    found = observations_of(catalog, drug=study.drug)
    return tuple(one for one in found if one.regimen == scenario.regimen.text)


def trial_size(study: Study, seen: tuple[Observation, ...]) -> int:
    """Persons of a simulated trial: as many as the largest observed one had, or as the study says."""
    return max([study.population.trial_size, *(observation.people for observation in seen)])


def _rivals(study: Study, assembly: Assembly, outputs: tuple[str, ...]) -> list[Variant]:
    """Variants with another module in a slot that an observed output comes from."""
    slots = {output.split(".")[0] for output in outputs}
    found = []
    for use in assembly.uses:
        here = study.choices.get(use.alias, use.module)
        for module in (use.module, *use.rivals):
            if use.alias in slots and module != here:
                choices = {**study.choices, use.alias: module}
                found.append(Variant(name=module, choices=choices, outputs=outputs))
    return found
