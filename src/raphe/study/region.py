"""What ran -> in whom, and after what, the effect goes far or changes its sign."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from raphe.analysis.answer import Event, InWhom, Region, Sweep
from raphe.analysis.summary import changes, largest_change
from raphe.analysis.whom import Features, features, groups_of, share_of
from raphe.core.draws import FloatArray, Stage, generator
from raphe.core.units import Quantity
from raphe.engine.results import Dataset, times_of, values_of
from raphe.language.expression import evaluate
from raphe.language.model import AssignedQuantity, Model
from raphe.language.paths import reads
from raphe.population.people import Layer, draw_subjects
from raphe.study.plan import fixed_in
from raphe.study.question import Scenario, Study
from raphe.study.run import Ran

DOSE, DAYS = "dose a day", "days of use"
_WORDS = {
    DOSE: "amount taken on a day of use",
    DAYS: "days from the first to the last dose, both counted",
}

Described = dict[str, tuple[str, str]]  # meaning and unit
Reads = Mapping[str, frozenset[str]]  # what each formula reads


def in_whom(study: Study, ran: Ran, output: str, sweep: Sweep | None) -> InWhom | None:
    """Groups of people and scenarios in which the largest change goes far, and in which it is to the other side.

    Parameters
    ----------
    study
        What was asked.
    ran
        What came out.
    output
        The target.
    sweep
        The typical answer: how far is far, and which side is the other one. None if nothing moves.

    Returns
    -------
    InWhom or None
    """
    if sweep is None:
        return None
    acting = [one for one in study.scenarios if one.acts]
    sizes = np.stack(
        [_sizes(ran.results.dataset(one.name, Layer.PEOPLE.value), output) for one in acting],
        axis=1,
    )
    people, described = _people(study, ran, acting)
    scenarios, told = _scenarios(acting)
    events = {
        Event.FAR: (sweep.typical, sizes * np.sign(sweep.typical) >= abs(sweep.typical)),
        Event.OTHER_SIDE: (0.0, sizes * np.sign(sweep.typical) < 0.0),
    }
    sound = np.isfinite(sizes).all(axis=1)
    regions = []
    for event, (threshold, happens) in events.items():
        random = generator(seed=study.population.seed, stage=Stage.DESIGN, name=f"{event} groups")
        regions.append(
            Region(
                event=event,
                threshold=threshold,
                everybody=share_of(happens[sound]),
                groups=groups_of(people, scenarios, sizes, happens, random),
            )
        )
    used = {bound.name for region in regions for group in region.groups for bound in group.bounds}
    units = {name: words for name, words in (described | told).items() if name in used}
    return InWhom(
        scenarios=tuple(one.name for one in acting),
        tried=len(people.names) + len(scenarios.names),
        regions=tuple(regions),
        units=tuple((name, *words) for name, words in sorted(units.items())),
    )


def _sizes(data: Dataset, output: str) -> FloatArray:
    """Largest change of each person; not a number for those who failed."""
    sizes = largest_change(changes(values_of(data, output)), times_of(data))[0]
    return np.where(np.asarray(data["status"].values) == 0, sizes, np.nan)


def _people(study: Study, ran: Ran, acting: list[Scenario]) -> tuple[Features, Described]:
    """Numbers of a person that the target depends on; what they make of each other where only that matters."""
    model, used = ran.model, ran.forms[""].kernel.program.used_parameters()
    fixed: dict[str, Quantity] = {}
    for scenario in acting:  # what any of them sets for all is no number of a person
        fixed |= fixed_in(study, scenario)
    subjects = draw_subjects(model, study.population, Layer.PEOPLE, fixed=fixed)
    own = [one for one in model.parameters if one.people is not None and one.name not in fixed]
    table = study.population.table
    given = () if table is None else table.names
    own += [one for one in model.parameters if one.name in given and one not in own]
    read = reads(model)
    derived = _derived(model, read, {one.name for one in own})
    hidden = _only_inside(read, {quantity.name for quantity in derived})
    places = {one.name: place for place, one in enumerate(model.parameters)}
    columns, described = [], {}
    for quantity in derived:
        if read[quantity.name] <= used:
            needed = [(name, places[name]) for name in sorted(read[quantity.name])]
            columns.append((quantity.name, _values(quantity, needed, subjects.parameters)))
            described[quantity.name] = (quantity.name.partition(".")[2], quantity.unit.text)
    for one in own:
        if one.name in used and one.name not in hidden:
            unit = one.value.unit
            columns.append((one.name, subjects.parameters[:, places[one.name]] / unit.factor))
            described[one.name] = (one.meaning, unit.text)
    values = [column for _, column in columns]
    count = len(subjects.person)
    table_of = np.stack(values, axis=1) if values else np.empty((count, 0))
    return features([name for name, _ in columns], table_of), described


def _derived(model: Model, read: Reads, own: set[str]) -> tuple[AssignedQuantity, ...]:
    """Quantities that parameters of one module make, a person's among them, such as body weight."""
    parameters = {one.name for one in model.parameters}
    moving = {species.name.partition(".")[0] for species in model.species}
    found = []
    for quantity in model.quantities:
        slot, behind = quantity.name.partition(".")[0], read[quantity.name]
        inside = all(name in parameters and name.partition(".")[0] == slot for name in behind)
        if slot not in moving and inside and len(behind) > 1 and behind & own:
            found.append(quantity)
    return tuple(found)


def _only_inside(read: Reads, derived: set[str]) -> frozenset[str]:
    """Parameters that act through derived quantities alone."""
    inside = frozenset(name for one in derived for name in read[one])
    outside = frozenset(name for key, group in read.items() if key not in derived for name in group)
    return inside - outside


def _values(
    quantity: AssignedQuantity, needed: list[tuple[str, int]], parameters: FloatArray
) -> FloatArray:
    """A derived quantity of each person, in its own unit."""
    found = [
        evaluate(quantity.formula, {name: float(row[place]) for name, place in needed})
        for row in parameters
    ]
    return np.array(found) / quantity.unit.factor


def _scenarios(acting: list[Scenario]) -> tuple[Features, Described]:
    """Dose a day, days of use, and what each scenario sets."""
    described: Described = {}
    columns: dict[str, list[float]] = {}
    doses = [one.regimen.expanded().doses for one in acting]
    units = {dose.amount.unit for group in doses for dose in group}
    if len(units) == 1:
        unit = units.pop()
        days = [math.floor(one.regimen.last_dose / 24.0) + 1 for one in acting]
        columns[DAYS] = [
            float(day) if group else 0.0 for day, group in zip(days, doses, strict=True)
        ]
        columns[DOSE] = [
            sum(dose.amount.base for dose in group) / unit.factor / day
            for day, group in zip(days, doses, strict=True)
        ]
        described[DOSE] = (_WORDS[DOSE], unit.text)
        described[DAYS] = (_WORDS[DAYS], "d")
    names = {name for one in acting for name in one.settings}
    for name in sorted(names):
        if all(name in one.settings for one in acting):
            own = acting[0].settings[name].unit
            columns[name] = [one.settings[name].base / own.factor for one in acting]
            described[name] = ("as the scenarios set it", own.text)
    values = np.array(list(columns.values())).T if columns else np.empty((len(acting), 0))
    return features(list(columns), values), described
