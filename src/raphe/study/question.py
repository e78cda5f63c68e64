"""Study: a question with its scenarios, people and seed, as a record; and the study that a bare question becomes.

Knows nothing of files (`schema`) or of how a study is run (`run`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from raphe.core.errors import InputError, Place, StudyError, UnknownNameError, nearest
from raphe.core.units import HOUR, Quantity, parse_quantity
from raphe.dosing.regimen import Regimen
from raphe.engine.solve import DEFAULT_OPTIONS, Options
from raphe.language.compose import compose
from raphe.language.model import Assembly, Lifestyle, Model, Observation
from raphe.library.catalog import Catalog, find_model
from raphe.population.behavior import Behavior
from raphe.population.people import Layer, Population, check_fixed, draw_subjects
from raphe.population.support import Outside, refuse_outside
from raphe.population.table import check_columns, refuse_rows
from raphe.study.endpoints import Endpoint

NO_DRUG = "no drug"
DEFAULT_POPULATION = Population(people=1000, draws=200, seed=1)
_MAX_TIMES = 20_000
_LOOKED_AT = 1000  # people that are drawn before a study starts; all others are looked at when their turn comes
_GRID = re.compile(r"every\s+(?P<step>.+?)\s+for\s+(?P<length>.+)\Z", re.IGNORECASE)
_FINE, _COARSE, _LONG = "15 min", "2 h", "6 h"
_AFTER_LAST_DOSE = 24.0  # h with fine output
_WASHOUT = 20 * 24.0  # h with coarse output after that
_LONG_USE = 31 * 24.0  # h of dosing from which on all output is wide apart


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Output times (h), and the text they were read from."""

    text: str
    times: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What becomes of parameters at a time (h), for all: a second drug begun or stopped, other nights."""

    time: float
    settings: Mapping[str, Quantity]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One thing that is done to the people: what they take, and how they live (parameter -> value, for all).

    `settings` hold from the start, and rest is worked out with them; `turns` come later, in the order of their times.
    """

    name: str
    regimen: Regimen
    grid: Grid
    settings: Mapping[str, Quantity] = field(default_factory=dict)
    turns: tuple[Turn, ...] = ()

    @property
    def acts(self) -> bool:
        """Whether anything is done at all."""
        return bool(self.regimen.doses or self.settings or self.turns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """A question that can be run.

    Parameters
    ----------
    title
        In words.
    model, drug, target
        Names from the catalog.
    scenarios
        In the order of the report.
    population
        How many people and draws, and the seed.
    choices
        Slot -> rival module that stands there instead of the first.
    fixed
        Parameter -> value that everybody shares.
    options
        Tolerances and limits.
    failures_allowed
        Share of the subjects of a run that may fail before the study refuses to be summarized.
    behavior
        What people make of their doses; None if they take them as written.
    outputs
        What is kept of the model beside the target; None for what the model shows.
    endpoints
        Numbers of each person that are worked out from the courses.
    outside
        What happens with people whom the model or its population was not made for.
    points
        Of the ranking of uncertain numbers, a power of 2, or 0 for none; None for as many as take seconds.
    """

    title: str
    model: str
    drug: str
    target: str
    scenarios: tuple[Scenario, ...]
    population: Population = DEFAULT_POPULATION
    choices: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, Quantity] = field(default_factory=dict)
    options: Options = DEFAULT_OPTIONS
    failures_allowed: float = 0.0
    behavior: Behavior | None = None
    outputs: tuple[str, ...] | None = None
    endpoints: tuple[Endpoint, ...] = ()
    outside: Outside = Outside.REFUSE
    points: int | None = None


def parse_grid(text: str, place: Place | None = None) -> Grid:
    """Read output times such as `every 15 min for 24 h, then every 2 h for 20 d`.

    Parameters
    ----------
    text
        Parts joined by `, then`; time 0 is always an output time.
    place
        Where the text stands, for the error.

    Returns
    -------
    Grid

    Raises
    ------
    StudyError
        If the text does not read or gives too many times.
    """
    clean = " ".join(text.split())
    times, begin = [0.0], 0.0
    for part in re.split(r",\s*then\s+", clean, flags=re.IGNORECASE):
        match = _GRID.match(part)
        if match is None:
            advice = 'write "every 15 min for 24 h, then every 2 h for 20 d"'
            raise StudyError(f'"{part}" is not a series of times', place=place, advice=advice)
        step, length = (_hours(match[name], place) for name in ("step", "length"))
        count = round(length / step)
        if count < 1 or abs(length / step - count) > 1e-9 * count:
            message = f'"{part}" does not hold a whole number of steps'
            raise StudyError(message, place=place, advice="make the length a multiple of the step")
        if len(times) + count > _MAX_TIMES:
            message = f'"{clean}" gives more than {_MAX_TIMES} output times'
            raise StudyError(message, place=place, advice="use a wider step")
        times += [begin + (k + 1) * step for k in range(count)]
        begin += length
    return Grid(text=clean, times=tuple(times))


def _hours(text: str, place: Place | None) -> float:
    try:
        quantity = parse_quantity(text, place)
    except InputError as error:
        raise StudyError(error.message, place=place, advice=error.advice) from error
    if not quantity.unit.same_dimension(HOUR):
        raise StudyError(f'"{text}" is no time', place=place, advice='write "15 min" or "20 d"')
    if not 0.0 < quantity.base < float("inf"):
        raise StudyError(f'"{text}" is not a usable time', place=place, advice="it must be above 0")
    return quantity.base


def default_grid(regimen: Regimen) -> Grid:
    """Fine output to a day after the last dose, coarse output through the washout; wide apart for months of use."""
    fine = regimen.last_dose + _AFTER_LAST_DOSE
    if regimen.last_dose > _LONG_USE:
        whole = math.ceil((fine + _WASHOUT) / 24.0) * 24.0
        return parse_grid(f"every {_LONG} for {whole!r} h")
    return parse_grid(f"every {_FINE} for {fine!r} h, then every {_COARSE} for {_WASHOUT!r} h")


def ask(catalog: Catalog, drug: str, target: str) -> Study:
    """The study that a bare question becomes: the regimens that the model calls usual, and no drug.

    Parameters
    ----------
    catalog
        Gives the models.
    drug, target
        As people say them.

    Returns
    -------
    Study

    Raises
    ------
    UnknownNameError
        If no model answers, or the model tells no usual regimen.
    """
    drug = re.sub(r"[\s-]+", "_", drug.strip())
    for assembly in catalog.assemblies.values():
        for lifestyle in assembly.lifestyles:
            if lifestyle.name == drug:
                return _ask_lifestyle(catalog, assembly, lifestyle, target)
    assembly = find_model(catalog, drug=drug, target=target)
    usual = next(one.usual for one in assembly.drugs if one.name == drug)
    if not usual:
        message = f'the model "{assembly.name}" tells no usual regimen of "{drug}"'
        raise UnknownNameError(message, advice="write a study file with the regimen you mean")
    regimens = [Regimen.from_text(text) for text in usual]
    regimens.sort(key=lambda regimen: -len(regimen.expanded().doses))
    regimens.append(Regimen.from_text(NO_DRUG))
    longest = max(regimen.last_dose for regimen in regimens)
    scenarios = []
    for regimen in regimens:
        last = regimen if regimen.doses else next(r for r in regimens if r.last_dose == longest)
        scenarios.append(Scenario(name=regimen.text, regimen=regimen, grid=default_grid(last)))
    return Study(
        title=f"How does {drug.replace('_', ' ')} affect {target}?",
        model=assembly.name,
        drug=drug,
        target=target,
        scenarios=tuple(scenarios),
    )


def _ask_lifestyle(
    catalog: Catalog, assembly: Assembly, lifestyle: Lifestyle, target: str
) -> Study:
    """A way of living against the usual one; nobody takes anything."""
    drug = assembly.drugs[0].name
    find_model(catalog, drug=drug, target=target)
    regimen = Regimen.from_text(NO_DRUG)
    grid = parse_grid(f"every {_COARSE} for {lifestyle.hours!r} h")
    setting = {lifestyle.parameter: lifestyle.value}
    return Study(
        title=f"How does {lifestyle.name} affect {target}?",
        model=assembly.name,
        drug=drug,
        target=target,
        scenarios=(
            Scenario(name=lifestyle.meaning, regimen=regimen, grid=grid, settings=setting),
            Scenario(name="as usual", regimen=regimen, grid=grid),
        ),
    )


def usual_route(observation: Observation) -> bool:
    """Whether people took a drug by its usual route, and nothing else of the model was changed."""
    if observation.choices or observation.settings:
        return False
    doses = Regimen.from_text(observation.regimen).doses
    return bool(doses) and all(dose.route is None for dose in doses)


def check_study(study: Study, catalog: Catalog) -> None:
    """Refuse a study whose names are not in the catalog, or whose people its model was not made for.

    Raises
    ------
    UnknownNameError
        For the model, the drug, the target, a parameter that is set, or a column of a table of people.
    StudyError
        If the study refuses people outside the support, and there are some among its first thousand, or for points
        that are no power of 2.
    """
    points = study.points or 1
    if points < 1 or points.bit_count() != 1:
        message = f"{study.points} points are no power of 2"
        near = 1 << max(points, 1).bit_length()
        raise StudyError(message, advice=f"Sobol' points come in powers of 2: write {near}, or 0")
    if study.model not in catalog.assemblies:
        message = f'no model is called "{study.model}"'
        raise UnknownNameError(message, advice=nearest(study.model, catalog.assemblies))
    assembly = catalog.assemblies[study.model]
    for what, name, known in (
        ("drug", study.drug, [drug.name for drug in assembly.drugs]),
        ("target", study.target, [target.name for target in assembly.targets]),
    ):
        if name not in known:
            message = f'the model "{study.model}" has no {what} "{name}"'
            raise UnknownNameError(message, advice=nearest(name, known))
    model = compose(assembly, catalog.library, choices=study.choices)
    table = study.population.table
    if table is not None:
        check_columns(table, model, "people")
        if study.outside is Outside.REFUSE:
            refuse_rows(table, model, "people")
    for scenario in study.scenarios:
        _check_turns(scenario, model)
    settings = {repr(one.settings): one.settings for one in study.scenarios}
    first = replace(study.population, people=min(study.population.people, _LOOKED_AT))
    for own in settings.values():
        people = draw_subjects(model, first, Layer.PEOPLE, fixed={**study.fixed, **own})
        if study.outside is Outside.REFUSE:
            refuse_outside(model, people.parameters)


def check_answerable(study: Study) -> None:
    """Refuse a study that can be run but not answered.

    Raises
    ------
    StudyError
        If the times of a scenario end before its last dose: an answer tells what comes after it.
    """
    for scenario in study.scenarios:
        end, last = scenario.grid.times[-1], scenario.regimen.last_dose
        if end < last:
            message = f'scenario "{scenario.name}": the times end at {end:g} h, before the last dose at {last:g} h'
            advice = "let them go on, or give fewer doses; raphe store and raphe.simulate take it as it is"
            raise StudyError(message, advice=advice)


def _check_turns(scenario: Scenario, model: Model) -> None:
    """Refuse turns of what the model does not have, or of what differs from occasion to occasion anyway."""
    changing = {one.name for one in model.parameters if one.occasions is not None}
    for turn in scenario.turns:
        check_fixed(model, turn.settings)
        for name in changing & set(turn.settings):
            message = f'"{name}" differs from occasion to occasion and cannot be turned'
            raise StudyError(
                f'scenario "{scenario.name}": {message}', advice="set it from the start"
            )
