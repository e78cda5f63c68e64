"""Catalog -> what others saw of the target of a study. No number of a run comes in here: nothing of a run is read.

What is nearest to the question comes first: what was asked about, then what acts along most of the same wiring, people
before animals. An observation that no model speaks of counts where its words name the target.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from raphe.analysis.answer import Bearing, Finding
from raphe.analysis.observed import (
    against_words,
    given_words,
    measured_words,
    seen_words,
    when_words,
)
from raphe.core.sources import Evidence, Provenance, Status
from raphe.dosing.regimen import Regimen
from raphe.language.evidence import Unsimulated
from raphe.language.model import Assembly, Observation, Target
from raphe.library.catalog import Catalog
from raphe.study.qualify import arms_of, predictable
from raphe.study.question import Scenario, Study

_AS_ABOVE = "as above"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A finding, and the keys of its sources."""

    finding: Finding
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """What a study is about: routes and parameters, drugs, all their names, and the slots that lie behind them."""

    entries: frozenset[str]
    drugs: frozenset[str]
    names: tuple[str, ...]
    slots: frozenset[str]


def findings_of(study: Study, catalog: Catalog) -> tuple[Found, ...]:
    """Every published observation of the library that is of the target, or tells about it.

    Parameters
    ----------
    study
        What was asked.
    catalog
        Gives models, observations and sources.

    Returns
    -------
    tuple of Found
        Those of the target itself, those of the same module, those that no model speaks of; in each the nearest first.
    """
    assembly = catalog.assemblies[study.model]
    target = next(one for one in assembly.targets if one.name == study.target)
    slot = target.quantity.split(".")[0]
    question, notes = _question(study, assembly), _notes(catalog)
    found: list[tuple[tuple[object, ...], Found]] = []
    for one in predictable(catalog, assembly):
        if one.quantity.split(".")[0] == slot:
            finding = _finding(one, notes[one.name], target, question, assembly, catalog)
            reached = _behind(assembly, {name.split(".")[0] for name in _entries(one, assembly)})
            found.append(_placed(finding, one.provenance, len(reached & question.slots)))
    named = _word(target.name)
    for other in catalog.unsimulated:
        if named.search(other.saw):
            finding = _untold(other, target, question, catalog)
            found.append(_placed(finding, other.provenance, 0))
    return tuple(one for _, one in sorted(found, key=lambda pair: pair[0]))


def _placed(
    finding: Finding, provenance: Provenance | None, shared: int
) -> tuple[tuple[object, ...], Found]:
    """A finding with its place among the others."""
    bearing = tuple(Bearing).index(finding.bearing)
    order = (bearing, not finding.asked, -shared, not finding.in_people)
    cited = () if provenance is None else provenance.citations
    return order, Found(finding=finding, keys=tuple(one.key for one in cited))


def _question(study: Study, assembly: Assembly) -> _Question:
    routes = {drug.name: drug.route for drug in assembly.drugs}
    entries: set[str] = set()
    for scenario in study.scenarios:
        entries |= _routes(scenario.regimen, study.drug, routes) | _set(scenario)
    drugs = [drug.name for drug in assembly.drugs if drug.route in entries]
    names = drugs + [one.name for one in assembly.lifestyles if one.parameter in entries]
    return _Question(
        entries=frozenset(entries),
        drugs=frozenset(drugs),
        names=tuple(name.replace("_", " ") for name in names),
        slots=_behind(assembly, {entry.split(".")[0] for entry in entries}),
    )


def _set(scenario: Scenario) -> set[str]:
    """Parameters that a scenario sets, at the start or later."""
    return set(scenario.settings) | {name for turn in scenario.turns for name in turn.settings}


def _routes(regimen: Regimen, drug: str, routes: Mapping[str, str]) -> set[str]:
    """Routes of all doses."""
    names = {dose.route or drug for dose in regimen.doses}
    return {routes.get(name, name) for name in names}


def _entries(one: Observation, assembly: Assembly) -> set[str]:
    """Where a trial enters the model: routes, parameters that were set, slots that an experiment holds."""
    routes = {drug.name: drug.route for drug in assembly.drugs}
    taken = _routes(Regimen.from_text(one.regimen), one.drug, routes)
    return taken | {name for name, _ in one.settings} | {slot for slot, _ in one.choices}


def _behind(assembly: Assembly, slots: Collection[str]) -> frozenset[str]:
    """The slots that some slots reach along the wiring, and these themselves."""
    found: set[str] = set()
    pending = list(slots)
    while pending:
        slot = pending.pop()
        if slot not in found:
            found.add(slot)
            wires = (one for one in assembly.connections if one.origin.startswith(f"{slot}."))
            pending += [one.goal.split(".")[0] for one in wires]
    return frozenset(found)


def _notes(catalog: Catalog) -> dict[str, str]:
    """What was noted of each observation; one that says only `as above` has the note of the one before it."""
    found: dict[str, str] = {}
    before = ""
    for one in catalog.observations:
        note = "" if one.provenance is None else one.provenance.note
        before = found[one.name] = before if note == _AS_ABOVE else note
    return found


def _finding(
    one: Observation,
    note: str,
    target: Target,
    question: _Question,
    assembly: Assembly,
    catalog: Catalog,
) -> Finding:
    routes = {drug.name: drug.route for drug in assembly.drugs}
    meanings = _meanings(one, assembly, catalog)
    quantity, _, scale = _noun(one.quantity, assembly, catalog).partition(", ")
    if Regimen.from_text(one.regimen).doses:
        asked = one.drug in question.drugs
    else:
        asked = _names(question, one.provenance, note, catalog)
    return Finding(
        observation=one.name,
        bearing=Bearing.NEAR if one.measured or one.quantity != target.quantity else Bearing.ITSELF,
        asked=asked or bool(question.entries & _entries(one, assembly)),
        subjects=one.subjects or one.sample or "people",
        count=one.people,
        in_people=_in_people(one, catalog),
        given=given_words(one, routes=routes, meanings=meanings),
        against=against_words(one, routes=routes, meanings=meanings),
        when=when_words(one),
        quantity=measured_words(quantity, one),
        seen=seen_words(one, scale),
        role=one.role.value,
        status=_status(one.provenance),
        citation=_citation(one.provenance),
        note=note,
    )


def _untold(one: Unsimulated, target: Target, question: _Question, catalog: Catalog) -> Finding:
    return Finding(
        observation=one.name,
        bearing=Bearing.UNTOLD,
        asked=_names(question, one.provenance, one.saw, catalog),
        subjects=one.subjects or "people",
        count=one.people,
        in_people=_in_people(one, catalog),
        given="",
        against="",
        when="",
        quantity=target.name,
        seen=one.saw,
        role="",
        status=_status(one.provenance),
        citation=_citation(one.provenance),
        note=one.reason,
    )


def _names(question: _Question, provenance: Provenance | None, text: str, catalog: Catalog) -> bool:
    """Whether the words of a source, its title or what was noted of it name what the question is about."""
    cited = () if provenance is None else provenance.citations
    sources = catalog.library.sources
    told = " ".join((text, *(f"{one.locator} {sources[one.key].title}" for one in cited)))
    return any(_word(name).search(told) for name in question.names)


def _word(name: str) -> re.Pattern[str]:
    return re.compile(rf"\b{re.escape(name)}\b", re.IGNORECASE)


def _meanings(one: Observation, assembly: Assembly, catalog: Catalog) -> dict[str, str]:
    """What the parameters that an experiment sets mean."""
    modules = {use.alias: use.module for use in assembly.uses}
    found: dict[str, str] = {}
    for arm in arms_of(one):
        standing = modules | dict(arm.choices)
        for name, _ in arm.settings:
            slot, own = name.split(".")
            parameters = catalog.library.modules[standing[slot]].parameters
            found[name] = next((each.meaning for each in parameters if each.name == own), name)
    return found


def _noun(quantity: str, assembly: Assembly, catalog: Catalog) -> str:
    """What a quantity is called: as a target, as something that is drawn, as an out-port, or by its name."""
    slot, name = quantity.split(".")
    modules = {use.alias: use.module for use in assembly.uses}
    ports = catalog.library.modules[modules[slot]].outputs
    told = [one.meaning for one in assembly.targets if one.quantity == quantity]
    told += [
        one.title[:1].lower() + one.title[1:] for one in assembly.shown if one.quantity == quantity
    ]
    told += [one.meaning.replace("_", " ") for one in ports if one.name == name]
    return (*told, name.replace("_", " "))[0]


def _in_people(one: Observation | Unsimulated, catalog: Catalog) -> bool:
    """Whether people were looked at: nobody else is named, or a source says so."""
    cited = () if one.provenance is None else one.provenance.citations
    looked_at: Iterable[Evidence | None] = (
        catalog.library.sources[each.key].evidence for each in cited
    )
    return not one.subjects or Evidence.PEOPLE in looked_at


def _status(provenance: Provenance | None) -> str:
    return (Status.ASSUMED if provenance is None else provenance.status).value


def _citation(provenance: Provenance | None) -> str:
    cited = () if provenance is None else provenance.citations
    return "; ".join(f"{one.key}, {one.locator}" for one in cited)
