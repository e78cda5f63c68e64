"""The shelf of tapers -> records: what can be handed out, equal doses, published schedules with their sources."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

import pydantic

from raphe.core.errors import Place, StudyError
from raphe.core.units import parse_quantity
from raphe.library.catalog import Catalog
from raphe.study.plain_yaml import load_yaml
from raphe.study.schema import Strict, first_fault

_FILE = "tapers/benzodiazepines.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """Steps of one kind; `share` of the current dose or `amount` (mg a day), every so many days, down to a dose."""

    share: float | None
    amount: float | None
    every: int
    down_to: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A published way to stop, for some drugs or for all."""

    name: str
    drugs: tuple[str, ...]
    substitute: str | None
    phases: tuple[Phase, ...]
    source: str
    locator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A step is taken again while its burden passes `above`: at most `again` times in a row, `most` times in all."""

    above: float
    again: int
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """All of the file.

    Parameters
    ----------
    model, burden
        What is run, and which output tells how bad it is.
    least
        Drug -> least single dose (mg); every dose is a whole number of them.
    equal
        Drug -> dose (mg) equal to 10 mg of diazepam.
    rules
        Published schedules.
    holding
        When a person stays on a step.
    """

    model: str
    burden: str
    least: dict[str, float]
    equal: dict[str, float]
    rules: tuple[Rule, ...]
    holding: Holding


class _Form(Strict):
    drug: str
    strengths: list[str]
    halves: bool
    liquid: str | None = None
    assumed: str


class _Equivalent(Strict):
    drug: str
    dose: str
    source: str
    locator: str


class _Phase(Strict):
    reduce: str
    of: str = "current"
    every: str
    down_to: str = "0 mg"


class _Schedule(Strict):
    name: str
    drugs: list[str]
    substitute: str | None = None
    phases: list[_Phase]
    source: str
    locator: str


class _Holding(Strict):
    above: float = pydantic.Field(gt=0.0)
    again: int = pydantic.Field(ge=1, le=10)
    most: int = pydantic.Field(ge=1, le=10)
    assumed: str
    source: str
    locator: str


class _File(Strict):
    raphe: int = pydantic.Field(ge=1, le=1)
    model: str
    burden: str
    forms: list[_Form]
    equivalents: list[_Equivalent]
    schedules: list[_Schedule]
    holding: _Holding


_PARTS: dict[str, type[Strict]] = {
    "forms": _Form,
    "equivalents": _Equivalent,
    "phases": _Phase,
    "schedules": _Schedule,
    "holding": _Holding,
}


def load_tapers(catalog: Catalog, *, liquid: bool = False) -> Shelf:
    """Read the shipped schedules.

    Parameters
    ----------
    catalog
        Whose sources the file cites.
    liquid
        Whether drops and solutions are handed out as well, where a drug has them.

    Returns
    -------
    Shelf

    Raises
    ------
    StudyError
        If the file does not fit the library.
    """
    text = resources.files("raphe.library").joinpath(_FILE).read_text("utf-8")
    tree, places = load_yaml(text, _FILE)
    try:
        raw = _File.model_validate(tree)
    except pydantic.ValidationError as error:
        raise first_fault(error, places, Place(_FILE), _File, _PARTS) from None
    cited = [one.source for one in raw.equivalents] + [one.source for one in raw.schedules]
    cited.append(raw.holding.source)
    unknown = [key for key in cited if key not in catalog.library.sources]
    if unknown:
        raise StudyError(f'no source is called "{unknown[0]}"', place=Place(_FILE))
    return Shelf(
        model=raw.model,
        burden=raw.burden,
        least={one.drug: _least(one, liquid=liquid) for one in raw.forms},
        equal={one.drug: _milligrams(one.dose) for one in raw.equivalents},
        rules=tuple(
            Rule(
                name=one.name,
                drugs=tuple(one.drugs),
                substitute=one.substitute,
                phases=tuple(_phase(phase) for phase in one.phases),
                source=one.source,
                locator=one.locator,
            )
            for one in raw.schedules
        ),
        holding=Holding(above=raw.holding.above, again=raw.holding.again, most=raw.holding.most),
    )


def _least(form: _Form, *, liquid: bool) -> float:
    if liquid and form.liquid is not None:
        return _milligrams(form.liquid)
    return min(_milligrams(text) for text in form.strengths) / (2.0 if form.halves else 1.0)


def _phase(raw: _Phase) -> Phase:
    part = parse_quantity(raw.reduce)
    share = part.base if "%" in raw.reduce else None
    return Phase(
        share=share,
        amount=None if share is not None else _milligrams(raw.reduce),
        every=round(parse_quantity(raw.every).base / 24.0),
        down_to=_milligrams(raw.down_to),
    )


def _milligrams(text: str) -> float:
    return parse_quantity(text).base / parse_quantity("1 mg").base
