"""Study file -> Study, strictly checked: unknown keys, missing keys and wrong values are refused with their place.

Knows nothing of what a study is run with.
"""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Literal

import pydantic
import ruamel.yaml

from raphe.core.errors import Place, StudyError, nearest
from raphe.core.units import Quantity, parse_quantity
from raphe.dosing.regimen import Regimen
from raphe.engine.solve import DEFAULT_OPTIONS, Options
from raphe.population.behavior import Behavior
from raphe.population.people import Population
from raphe.population.support import Outside
from raphe.population.table import read_people
from raphe.study.endpoints import Endpoint, Kind
from raphe.study.plain_yaml import PathKey, load_yaml, place_in, read_text
from raphe.study.question import (
    DEFAULT_POPULATION,
    Scenario,
    Study,
    Turn,
    default_grid,
    parse_grid,
)
from raphe.study.record_people import Varying, people_of_records


class Strict(pydantic.BaseModel):
    """No unknown keys, no silent conversions."""

    model_config = pydantic.ConfigDict(extra="forbid", strict=True, frozen=True)


class _Turn(Strict):
    at: str
    settings: dict[str, str] = pydantic.Field(min_length=1)


class _Scenario(Strict):
    name: str = pydantic.Field(min_length=1, max_length=80)
    regimen: str
    times: str | None = None
    settings: dict[str, str] = pydantic.Field(default_factory=dict)
    turns: list[_Turn] = []


class _People(Strict):
    count: int | None = pydantic.Field(None, ge=1, le=10_000_000)
    table: str | None = None
    rows: str | None = None
    records: str | None = None
    covariates: dict[str, str] = {}
    varying: Literal["refuse", "first"] = Varying.REFUSE.value
    draws: int = pydantic.Field(DEFAULT_POPULATION.draws, ge=2, le=100_000)


class _Tolerance(Strict):
    relative: float = pydantic.Field(DEFAULT_OPTIONS.relative, ge=1e-12, le=1e-2)
    absolute: float = pydantic.Field(DEFAULT_OPTIONS.absolute, ge=1e-15, le=1e-2)


class _Behavior(Strict):
    missed: str = "0 %"
    late: str = "0 h"
    stops: str = "0 %"


class _Endpoint(Strict):
    name: str = pydantic.Field(min_length=1, max_length=80)
    statistic: str
    of: str
    begin: str | None = None
    end: str | None = None
    limit: str | None = None
    beyond: float | None = None


class _Study(Strict):
    raphe: int = pydantic.Field(ge=1, le=1)
    title: str = pydantic.Field(min_length=1, max_length=200)
    model: str
    drug: str
    target: str
    seed: int = pydantic.Field(DEFAULT_POPULATION.seed, ge=0, le=2**63 - 1)
    people: _People = _People()
    scenarios: list[_Scenario] = pydantic.Field(min_length=1, max_length=100)
    choices: dict[str, str] = {}
    fixed: dict[str, str] = {}
    tolerance: _Tolerance = _Tolerance()
    failures_allowed: float = pydantic.Field(0.0, ge=0.0, lt=1.0)
    behavior: _Behavior | None = None
    outputs: list[str] | None = None
    endpoints: list[_Endpoint] = []
    outside: Literal["refuse", "flag"] = Outside.REFUSE.value
    points: int | None = pydantic.Field(None, ge=0, le=2**16)


_PARTS: dict[str, type[Strict]] = {
    "scenarios": _Scenario,
    "turns": _Turn,
    "people": _People,
    "tolerance": _Tolerance,
    "behavior": _Behavior,
    "endpoints": _Endpoint,
}


def read_study(path: Path) -> Study:
    """Read a study file.

    Parameters
    ----------
    path
        A YAML file.

    Returns
    -------
    Study

    Raises
    ------
    FileError
        If the file cannot be read.
    StudyError, DoseError, UnitError
        If its content is not a study; the error has the place.
    """
    return parse_study(read_text(path), str(path))


def parse_study(text: str, file: str) -> Study:
    """Read the text of a study file; `file` is its name in errors. See `read_study`."""
    tree, places = load_yaml(text, file)
    try:
        raw = _Study.model_validate(tree)
    except pydantic.ValidationError as error:
        raise first_fault(error, places, Place(file), _Study, _PARTS) from None
    scenarios = []
    for index, item in enumerate(raw.scenarios):
        here = place_in(places, ("scenarios", index, "regimen"), Place(file))
        regimen = Regimen.from_text(item.regimen, here)
        grid = default_grid(regimen)
        if item.times is not None:
            grid = parse_grid(
                item.times, place_in(places, ("scenarios", index, "times"), Place(file))
            )
        inside = ("scenarios", index)
        scenario = Scenario(
            name=item.name,
            regimen=regimen,
            grid=grid,
            settings=_settings(item.settings, inside, places, Place(file)),
            turns=_turns(item, inside, places, Place(file)),
        )
        scenarios.append(scenario)
    _check_names(raw, places, Place(file))
    fixed = {
        name: parse_quantity(value, place_in(places, ("fixed", name), Place(file)))
        for name, value in raw.fixed.items()
    }
    return Study(
        title=raw.title,
        model=raw.model,
        drug=raw.drug,
        target=raw.target,
        scenarios=tuple(scenarios),
        population=_population(raw, places, Place(file)),
        choices=raw.choices,
        fixed=fixed,
        options=Options(relative=raw.tolerance.relative, absolute=raw.tolerance.absolute),
        failures_allowed=raw.failures_allowed,
        behavior=_behavior(raw, places, Place(file)),
        outputs=None if raw.outputs is None else tuple(raw.outputs),
        endpoints=tuple(
            _endpoint(item, index, places, Place(file)) for index, item in enumerate(raw.endpoints)
        ),
        outside=Outside(raw.outside),
        points=raw.points,
    )


def study_text(study: Study) -> str:
    """Write a study as the text of a study file, which reads back as an equal study.

    Parameters
    ----------
    study
        Any study.

    Returns
    -------
    str
    """
    population, options = study.population, study.options
    tree: dict[str, object] = {
        "raphe": 1,
        "title": study.title,
        "model": study.model,
        "drug": study.drug,
        "target": study.target,
        "seed": population.seed,
        "people": {
            "count": population.people,
            "draws": population.draws,
            **({} if population.table is None else {"rows": population.table.text}),
        },
        "scenarios": [
            {
                "name": one.name,
                "regimen": one.regimen.text,
                "times": one.grid.text,
                "settings": _texts(one.settings),
                "turns": [
                    {"at": f"{turn.time!r} h", "settings": _texts(turn.settings)}
                    for turn in one.turns
                ],
            }
            for one in study.scenarios
        ],
        "choices": dict(study.choices),
        "fixed": _texts(study.fixed),
        "tolerance": {"relative": options.relative, "absolute": options.absolute},
        "failures_allowed": study.failures_allowed,
        "outside": study.outside.value,
    }
    if study.behavior is not None:
        one = study.behavior
        tree["behavior"] = {
            "missed": f"{one.missed!r} dimensionless",
            "late": f"{one.late!r} h",
            "stops": f"{one.stops!r} dimensionless",
        }
    if study.outputs is not None:
        tree["outputs"] = list(study.outputs)
    if study.endpoints:
        tree["endpoints"] = [_endpoint_tree(one) for one in study.endpoints]
    if study.points is not None:
        tree["points"] = study.points
    text = StringIO()
    writer = ruamel.yaml.YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.width = 10_000
    writer.dump(tree, text)
    return text.getvalue()


def _settings(
    texts: Mapping[str, str], inside: PathKey, places: Mapping[PathKey, Place], whole: Place
) -> dict[str, Quantity]:
    return {
        name: parse_quantity(text, place_in(places, (*inside, "settings", name), whole))
        for name, text in texts.items()
    }


def _turns(
    item: _Scenario, inside: PathKey, places: Mapping[PathKey, Place], whole: Place
) -> tuple[Turn, ...]:
    """Turns in the order of their times, which must be after the start."""
    found = []
    for number, one in enumerate(item.turns):
        path = (*inside, "turns", number)
        place = place_in(places, (*path, "at"), whole)
        time = _number(one.at, "14 d", place)
        if time <= 0.0:
            message = f'a turn at "{one.at}" is no turn'
            raise StudyError(message, place=place, advice="what holds from the start is a setting")
        found.append(Turn(time=time, settings=_settings(one.settings, path, places, whole)))
    return tuple(sorted(found, key=lambda one: one.time))


def _population(raw: _Study, places: Mapping[PathKey, Place], whole: Place) -> Population:
    """How many people; with a table, as many as it has lines unless a count is given."""
    people, table = raw.people, None
    given = [one for one in ("table", "rows", "records") if getattr(people, one) is not None]
    if len(given) > 1:
        place = place_in(places, ("people", given[1]), whole)
        message = f"people come from one of table, rows and records, not from {' and '.join(given)}"
        raise StudyError(message, place=place)
    if bool(people.covariates) != (people.records is not None):
        place = place_in(places, ("people", given[0] if given else "covariates"), whole)
        advice = 'write covariates: {AGE: "person.age (year)"}'
        raise StudyError("records and covariates go together", place=place, advice=advice)
    if people.records is not None:
        path = Path(whole.file).parent / people.records
        table = people_of_records(path, people.covariates, varying=Varying(people.varying))
    elif people.table is not None:
        path = Path(whole.file).parent / people.table
        table = read_people(read_text(path), str(path))
    elif people.rows is not None:
        table = read_people(people.rows, f"{whole.file}, rows of people")
    count = people.count
    if count is None:
        count = DEFAULT_POPULATION.people if table is None else len(table.rows)
    return Population(people=count, draws=people.draws, seed=raw.seed, table=table)


def _texts(values: Mapping[str, Quantity]) -> dict[str, str]:
    return {name: f"{one.value!r} {one.unit.text}" for name, one in values.items()}


def study_json_schema() -> dict[str, object]:
    """The JSON Schema of study files, for editors."""
    return _Study.model_json_schema()


def _endpoint_tree(one: Endpoint) -> dict[str, object]:
    limit = None if one.limit is None else f"{one.limit.value!r} {one.limit.unit.text}"
    tree: dict[str, object | None] = {
        "name": one.name,
        "statistic": one.kind.value,
        "of": one.output,
        "begin": None if one.begin is None else f"{one.begin!r} h",
        "end": None if one.end is None else f"{one.end!r} h",
        "limit": limit,
        "beyond": one.beyond,
    }
    return {name: value for name, value in tree.items() if value is not None}


def _behavior(raw: _Study, places: Mapping[PathKey, Place], whole: Place) -> Behavior | None:
    if raw.behavior is None:
        return None

    def number(name: str, text: str, like: str) -> float:
        return _number(text, like, place_in(places, ("behavior", name), whole))

    return Behavior(
        missed=number("missed", raw.behavior.missed, "10 %"),
        late=number("late", raw.behavior.late, "1 h"),
        stops=number("stops", raw.behavior.stops, "5 %"),
    )


def _endpoint(
    item: _Endpoint, index: int, places: Mapping[PathKey, Place], whole: Place
) -> Endpoint:
    def here(name: str) -> Place:
        return place_in(places, ("endpoints", index, name), whole)

    kinds = {kind.value: kind for kind in Kind}
    if item.statistic not in kinds:
        message = f'no endpoint statistic is called "{item.statistic}"'
        advice = nearest(item.statistic, kinds)
        raise StudyError(message, place=here("statistic"), advice=advice)
    kind = kinds[item.statistic]
    if (kind in (Kind.TIME_ABOVE, Kind.TIME_BELOW)) != (item.limit is not None):
        message = (
            f'"{item.name}": a limit goes with time_above and time_below, and with nothing else'
        )
        raise StudyError(message, place=here("statistic"), advice='write limit: "20 ng/mL"')
    begin = None if item.begin is None else _number(item.begin, "24 h", here("begin"))
    end = None if item.end is None else _number(item.end, "24 h", here("end"))
    if begin is not None and end is not None and begin >= end:
        raise StudyError(f'"{item.name}": the window ends before it begins', place=here("end"))
    return Endpoint(
        name=item.name,
        kind=kind,
        output=item.of,
        begin=begin,
        end=end,
        limit=None if item.limit is None else parse_quantity(item.limit, here("limit")),
        beyond=item.beyond,
    )


def _number(text: str, like: str, place: Place) -> float:
    """A quantity of the same kind as an example, in base units."""
    quantity = parse_quantity(text, place)
    if not quantity.unit.same_dimension(parse_quantity(like).unit):
        raise StudyError(f'"{text}" is of another kind', place=place, advice=f'write "{like}"')
    return quantity.base


def _check_names(raw: _Study, places: Mapping[PathKey, Place], whole: Place) -> None:
    seen: dict[str, int] = {}
    for index, item in enumerate(raw.scenarios):
        if item.name in seen:
            here = place_in(places, ("scenarios", index, "name"), whole)
            there = place_in(places, ("scenarios", seen[item.name], "name"), whole)
            message = f'a second scenario is called "{item.name}"'
            raise StudyError(message, place=here, advice=f"the first stands at {there}")
        seen[item.name] = index


def first_fault(
    error: pydantic.ValidationError,
    places: Mapping[PathKey, Place],
    whole: Place,
    root: type[Strict],
    parts: Mapping[str, type[Strict]],
) -> StudyError:
    """The first fault in the order of the text, in our words; what is missing comes after what is wrong."""
    faults = error.errors()
    located = [(place_in(places, fault["loc"], whole), fault) for fault in faults]
    place, fault = min(located, key=lambda pair: (pair[1]["type"] == "missing", pair[0]))
    key = ".".join(str(part) for part in fault["loc"]) or "the study"
    match fault["type"]:
        case "extra_forbidden":
            name = str(fault["loc"][-1])
            inner = [str(part) for part in fault["loc"][:-1] if str(part) in parts]
            known = parts[inner[-1]] if inner else root
            advice = nearest(name, known.model_fields)
            return StudyError(f'unknown key "{name}"', place=place, advice=advice)
        case "missing":
            return StudyError(f'the key "{key}" is missing', place=place, advice=_example(key))
    given = fault.get("input")
    shown = f" (found {given!r})" if isinstance(given, str | int | float | bool) else ""
    return StudyError(f'"{key}" is wrong{shown}', place=place, advice=_expected(fault["msg"]))


def _expected(message: str) -> str:
    if "instance of" in message:
        return "expected: keys with values, as in the examples"
    return "expected: " + message.removeprefix("Input should be ").strip()


def _example(key: str) -> str:
    examples = {
        "raphe": "begin with: raphe: 1",
        "title": "add: title: How does clonazepam affect serotonin?",
        "model": "add: model: benzodiazepines",
        "drug": "add: drug: clonazepam",
        "target": "add: target: serotonin",
        "scenarios": "add a list of scenarios, each with name and regimen",
    }
    return examples.get(key, "add it")
