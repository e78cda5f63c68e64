"""One module alone: names, units, sources, rates, events, and what nothing uses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from raphe.core.errors import Place, nearest
from raphe.core.sources import Source
from raphe.core.units import (
    GRAM_PER_MOLE,
    LITER,
    MILLIGRAM,
    NANOMOLE,
    NONE,
    Quantity,
    dimension_text,
)
from raphe.language.check_people import check_correlations
from raphe.language.dimensions import TIME_DIMENSION, Dimension, DimensionCheck
from raphe.language.expression import Concentration, Expression, MolarMass, Name, walk
from raphe.language.findings import Code, Findings
from raphe.language.model import (
    TIME,
    Correlation,
    Event,
    Module,
    Occasion,
    Parameter,
    Reaction,
    Route,
    Support,
)

_AMOUNTS = (MILLIGRAM.dimension, NANOMOLE.dimension)


def check_module(module: Module, sources: Mapping[str, Source], findings: Findings) -> None:
    """Add all faults of a module to the findings.

    Parameters
    ----------
    module
        From `parse`.
    sources
        Known sources by key.
    findings
        Grows.
    """
    scope = _Scope(module)
    _check_duplicates(module, findings)
    for parameter in (*module.parameters, *(s.molar_mass for s in module.substances)):
        _check_origin(parameter.name, parameter, sources, findings)
    for one in module.correlations:
        name = f"{one.leader} with {one.follower}"
        _check_origin(name, one, sources, findings)
    for bound in module.supports:
        _check_origin(f"support of {bound.name}", bound, sources, findings)
    check_correlations(module, findings)
    for substance in module.substances:
        if substance.molar_mass.value.unit.dimension != GRAM_PER_MOLE.dimension:
            message = (
                f'the molar mass of "{substance.name}" is in {substance.molar_mass.value.unit}'
            )
            findings.error(Code.WRONG_UNIT, message, substance.place, "expected g/mol")
    for expression in _formulas(module):
        _check_names(expression, scope, findings)
    _check_references(module, scope, findings)
    _check_rates(module, scope, findings)
    _check_dimensions(module, scope, findings)
    _check_unused(module, findings)


class _Scope:
    """What names mean in a module."""

    def __init__(self, module: Module) -> None:
        species = {one.name: one.unit.dimension for one in module.species}
        self.species = species
        self.compartments = {one.name for one in module.compartments}
        self.masses = {one.name: GRAM_PER_MOLE.dimension for one in module.substances}
        self.names: dict[str, Dimension | None] = dict(species)
        self.names |= {one.name: one.unit.dimension for one in module.quantities}
        self.names |= {one.name: one.unit.dimension for one in module.inputs}
        for parameter in module.parameters:
            self.names[parameter.name] = parameter.value.unit.dimension
        homes = {one.name: one.compartment for one in module.species}
        self.concentrations: dict[str, Dimension | None] = {
            name: tuple(a - b for a, b in zip(dimension, LITER.dimension, strict=True))
            for name, dimension in species.items()
            if homes[name] is not None and dimension in _AMOUNTS
        }
        self.homes = homes


def _check_duplicates(module: Module, findings: Findings) -> None:
    values: list[tuple[str, Place]] = [(one.name, one.place) for one in module.substances]
    values += [(one.name, one.place) for one in module.inputs]
    values += [(one.name, one.place) for one in module.parameters]
    values += [(one.name, one.place) for one in module.quantities]
    values += [(one.name, one.place) for one in module.species]
    groups: tuple[tuple[str, Iterable[tuple[str, Place]]], ...] = (
        ("name", sorted(values, key=lambda one: one[1])),
        ("compartment", [(one.name, one.place) for one in module.compartments]),
        ("reaction", [(one.name, one.place) for one in module.reactions]),
        ("event", [(one.name, one.place) for one in module.events]),
        ("route", [(one.name, one.place) for one in module.routes]),
        ("output", [(one.name, one.place) for one in module.outputs]),
    )
    for what, things in groups:
        first: dict[str, Place] = {}
        for name, place in things:
            if name in first:
                message = f'"{name}" is defined twice as a {what}'
                findings.error(Code.DUPLICATE, message, place, f"the first stands at {first[name]}")
            if name in (TIME, "nothing", "if"):
                message = f'"{name}" cannot be defined: the language uses it'
                findings.error(Code.DUPLICATE, message, place, "choose another name")
            first.setdefault(name, place)


def _check_origin(
    name: str,
    number: Parameter | Correlation | Support,
    sources: Mapping[str, Source],
    findings: Findings,
) -> None:
    origin = number.provenance
    if origin is None:
        advice = 'add read KEY "locator"; or derived ... because "how"; or assumed "reason";'
        message = f'"{name}" has no source'
        findings.error(Code.UNSOURCED_NUMBER, message, number.place, advice)
        return
    if origin.status == "assumed" and not origin.note.strip():
        message = f'"{name}" is assumed without a reason'
        findings.error(Code.UNSOURCED_NUMBER, message, number.place, "say why")
    for citation in origin.citations:
        if citation.key not in sources:
            message = f'unknown source "{citation.key}"'
            findings.error(
                Code.UNKNOWN_SOURCE, message, citation.place, nearest(citation.key, sources)
            )


def _formulas(module: Module) -> Iterator[Expression]:
    yield from (one.formula for one in module.quantities)
    yield from (one.volume for one in module.compartments)
    yield from (one.start for one in module.species if one.start is not None)
    yield from (one.rate for one in module.reactions)
    yield from (one.rate for one in module.derivatives)
    for event in module.events:
        if event.at is not None and not isinstance(event.at, Quantity):
            yield event.at
        if event.when is not None:
            yield event.when
        yield from (one.formula for one in event.assignments)


def _check_names(expression: Expression, scope: _Scope, findings: Findings) -> None:
    for node in walk(expression):
        if isinstance(node, Name) and node.name != TIME and node.name not in scope.names:
            advice = nearest(node.name, scope.names)
            findings.error(Code.UNKNOWN_NAME, f'unknown name "{node.name}"', node.place, advice)
        if isinstance(node, Concentration) and node.name not in scope.concentrations:
            if node.name in scope.species:
                message = f'"{node.name}" has no concentration'
                advice = "only an amount in a compartment has one"
                findings.error(Code.WRONG_UNIT, message, node.place, advice)
            else:
                advice = nearest(node.name, scope.concentrations)
                message = f'unknown species "{node.name}"'
                findings.error(Code.UNKNOWN_NAME, message, node.place, advice)
        if isinstance(node, MolarMass) and node.name not in scope.masses:
            advice = nearest(node.name, scope.masses)
            message = f'unknown substance "{node.name}"'
            findings.error(Code.UNKNOWN_NAME, message, node.place, advice)


def _check_references(module: Module, scope: _Scope, findings: Findings) -> None:
    def known(name: str | None, names: Iterable[str], what: str, place: Place) -> None:
        known_names = list(names)
        if name is not None and name not in known_names:
            advice = nearest(name, known_names)
            findings.error(Code.UNKNOWN_NAME, f'unknown {what} "{name}"', place, advice)

    for species in module.species:
        known(species.compartment, scope.compartments, "compartment", species.place)
        known(species.substance, scope.masses, "substance", species.place)
    for reaction in module.reactions:
        for participant in (*reaction.reactants, *reaction.products):
            known(participant.species, scope.species, "species", participant.place)
    for derivative in module.derivatives:
        known(derivative.species, scope.species, "species", derivative.place)
    for event in module.events:
        for assignment in event.assignments:
            known(assignment.species, scope.species, "species", assignment.place)
    for route in module.routes:
        known(route.species, scope.species, "species", route.place)
        for name in route.settings:
            known(name, scope.names, "name", route.place)
    for bound in module.supports:
        known(bound.name, scope.names, "name", bound.place)
    for parameter in module.parameters:
        occasions = parameter.occasions
        if occasions is not None and occasions.each is Occasion.DOSE and not module.routes:
            message = (
                f'"{parameter.name}" differs from dose to dose, but no dose enters "{module.name}"'
            )
            findings.error(Code.BAD_OCCASION, message, parameter.place, "write: each day")
    own = set(scope.names) - {port.name for port in module.inputs}
    for output in module.outputs:
        known(output.name, own, "species, quantity or parameter", output.place)


def _check_rates(module: Module, scope: _Scope, findings: Findings) -> None:
    touched = {
        participant.species: participant.place
        for reaction in module.reactions
        for participant in (*reaction.reactants, *reaction.products)
    }
    written: dict[str, Place] = {}
    for derivative in module.derivatives:
        name = derivative.species
        other = written.get(name) or touched.get(name)
        if other is not None:
            message = f'"{name}" has two rates of change'
            findings.error(
                Code.TWO_RATES, message, derivative.place, f"the other stands at {other}"
            )
        written.setdefault(name, derivative.place)
    for species in module.species:
        if species.name not in touched and species.name not in written:
            message = f'nothing changes the species "{species.name}"'
            advice = "add a reaction or a derivative, or make it a parameter"
            findings.error(Code.NO_RATE, message, species.place, advice)
    for reaction in module.reactions:
        _check_homes(reaction, scope, findings)


def _check_homes(reaction: Reaction, scope: _Scope, findings: Findings) -> None:
    """Concentrations may react only inside one compartment; amounts may move."""
    homes = {
        scope.homes.get(p.species)
        for p in (*reaction.reactants, *reaction.products)
        if scope.species.get(p.species) not in (None, *_AMOUNTS)
    }
    if len(homes) > 1:
        message = f'the reaction "{reaction.name}" joins concentrations of different compartments'
        findings.error(Code.WRONG_UNIT, message, reaction.place, "use amounts")


def _check_dimensions(module: Module, scope: _Scope, findings: Findings) -> None:
    check = DimensionCheck(scope.names, scope.concentrations, scope.masses, findings)
    for quantity in module.quantities:
        check.expect(quantity.formula, quantity.unit.dimension, f'"{quantity.name}"')
    for compartment in module.compartments:
        check.expect(compartment.volume, LITER.dimension, f'the volume of "{compartment.name}"')
    for species in module.species:
        if species.start is not None:
            check.expect(species.start, species.unit.dimension, f'the start of "{species.name}"')
    for derivative in module.derivatives:
        wanted = _per_time(scope.species.get(derivative.species))
        check.expect(derivative.rate, wanted, f'the rate of "{derivative.species}"')
    for reaction in module.reactions:
        for participant in (*reaction.reactants, *reaction.products):
            wanted = _per_time(scope.species.get(participant.species))
            what = f'the rate of "{reaction.name}" (for "{participant.species}")'
            check.expect(reaction.rate, wanted, what)
    for event in module.events:
        _check_event(event, scope, check, findings)
    for route in module.routes:
        _check_route(route, scope, findings)
    for bound in module.supports:
        wanted = scope.names.get(bound.name)
        if wanted is not None and wanted != bound.unit.dimension:
            message = f'the support of "{bound.name}" is in {bound.unit}'
            advice = f"expected {dimension_text(wanted)}"
            findings.error(Code.WRONG_UNIT, message, bound.place, advice)


def _per_time(dimension: Dimension | None) -> Dimension | None:
    if dimension is None:
        return None
    return tuple(a - b for a, b in zip(dimension, TIME_DIMENSION, strict=True))


def _check_event(event: Event, scope: _Scope, check: DimensionCheck, findings: Findings) -> None:
    if not event.assignments:
        message = f'the event "{event.name}" does nothing'
        findings.error(Code.BAD_EVENT, message, event.place, "assign a species in it")
    if isinstance(event.at, Quantity):
        if event.at.unit.dimension != TIME_DIMENSION:
            message = f'the time of "{event.name}" is in {event.at.unit}'
            findings.error(Code.WRONG_UNIT, message, event.place, "expected a time")
    elif event.at is not None:
        check.expect(event.at, TIME_DIMENSION, f'the time of "{event.name}"')
    if event.when is not None:
        check.infer(event.when)
    seen: set[str] = set()
    for assignment in event.assignments:
        if assignment.species in seen:
            message = f'the event "{event.name}" assigns "{assignment.species}" twice'
            findings.error(Code.BAD_EVENT, message, assignment.place, "assign it once")
        seen.add(assignment.species)
        wanted = scope.species.get(assignment.species)
        check.expect(assignment.formula, wanted, f'"{assignment.species}"')


def _check_route(route: Route, scope: _Scope, findings: Findings) -> None:
    dosed = scope.species.get(route.species)
    for name, wanted, what in (
        (route.lag, TIME_DIMENSION, "the lag"),
        (route.fraction, NONE, "the fraction"),
        (route.duration, TIME_DIMENSION, "the duration"),
        (route.rate, None if dosed is None else _per_time(dosed), "the rate"),
    ):
        found = None if name is None else scope.names.get(name)
        if found is not None and wanted is not None and found != wanted:
            message = f'{what} "{name}" of route "{route.name}" is in {dimension_text(found)}'
            advice = f"expected {dimension_text(wanted)}"
            findings.error(Code.WRONG_UNIT, message, route.place, advice)


def _check_unused(module: Module, findings: Findings) -> None:
    used = {node.name for f in _formulas(module) for node in walk(f) if isinstance(node, Name)}
    used |= {output.name for output in module.outputs}
    used |= {bound.name for bound in module.supports}
    for route in module.routes:
        used |= set(route.settings)
    if not module.outputs:  # a module without ports is read as a whole
        used |= {quantity.name for quantity in module.quantities}
    given = [(one.name, one.place) for one in module.inputs]
    given += [(one.name, one.place) for one in module.parameters]
    for name, place in given:
        if name not in used:
            findings.warning(Code.UNUSED, f'nothing uses "{name}"', place, "remove it")
