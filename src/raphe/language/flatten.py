"""Modules + wiring -> one flat Model; the order of definitions never matters. Checks nothing (`check` does)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from raphe.core.errors import Place
from raphe.core.units import Quantity
from raphe.language.expression import (
    Binary,
    Call,
    Comparison,
    Concentration,
    Conditional,
    Expression,
    MolarMass,
    Name,
    Negative,
    Number,
    walk,
)
from raphe.language.model import (
    TIME,
    Assembly,
    AssignedQuantity,
    Assignment,
    Correlation,
    Derivative,
    Event,
    Input,
    Library,
    Model,
    Module,
    Parameter,
    Participant,
    Reaction,
    Route,
    Shown,
    Species,
    Support,
)


def flatten(assembly: Assembly, library: Library, choices: Mapping[str, str]) -> Model:
    """Write all modules of an assembly out into one model.

    Parameters
    ----------
    assembly
        Must have passed the checks of its wiring.
    library
        Has all its modules.
    choices
        Slot -> rival module.

    Returns
    -------
    Model
    """
    modules = {
        use.alias: library.modules[choices.get(use.alias, use.module)] for use in assembly.uses
    }
    wires: dict[str, list[str]] = {hold.goal: [] for hold in assembly.holds}
    for connection in assembly.connections:
        wires.setdefault(connection.goal, []).append(connection.origin)
    parts = [_Part(alias, module, wires) for alias, module in sorted(modules.items())]
    return _model(
        parts,
        name=assembly.name,
        title=assembly.title,
        slots=tuple((alias, module.name) for alias, module in sorted(modules.items())),
        assembly=assembly,
        library=library,
    )


def flatten_module(module: Module, library: Library) -> Model:
    """One module alone as a model: its own names, in-ports at rest; every quantity and species is shown."""
    names = [species.name for species in module.species]
    names += [quantity.name for quantity in module.quantities]
    shown = tuple(Shown(quantity=name, title=name, place=module.place) for name in sorted(names))
    alone = Assembly(name=module.name, title=module.title, shown=shown, place=module.place)
    return _model(
        [_Part("", module, {port.name: [] for port in module.inputs})],
        name=module.name,
        title=module.title,
        slots=(),
        assembly=alone,
        library=library,
    )


class _Part:
    """A module in its slot: its names and formulas as they stand in the flat model."""

    def __init__(self, alias: str, module: Module, wires: Mapping[str, Sequence[str]]) -> None:
        self.module = module
        self.prefix = f"{alias}." if alias else ""
        self.inputs: dict[str, str] = {}
        self.made: list[AssignedQuantity] = []  # in-ports that are no copy of an out-port
        for port in module.inputs:
            goal = self.prefix + port.name
            origins = sorted(wires.get(goal, ()))
            single = bool(origins) and not port.sum
            self.inputs[port.name] = origins[0] if single else goal
            if goal in wires and not single:
                self.made.append(_fed(port, goal, origins))
        self.volumes = {compartment.name: compartment.volume for compartment in module.compartments}
        self.homes = {species.name: species.compartment for species in module.species}

    def name(self, name: str) -> str:
        """Flat name."""
        return self.inputs.get(name, self.prefix + name)

    def maybe(self, name: str | None) -> str | None:
        """Flat name, if there is one."""
        return None if name is None else self.name(name)

    def formula(self, expression: Expression) -> Expression:
        """A formula with flat names, concentrations and molar masses written out."""
        match expression:
            case Number():
                return expression
            case Name(name, place):
                return Name(name if name == TIME else self.name(name), place)
            case MolarMass(name, place):
                return Name(self.prefix + name, place)
            case Concentration(name, place):
                volume = self.volumes[self.homes[name] or ""]
                return Binary("/", Name(self.name(name), place), self.formula(volume), place)
            case Negative(operand, place):
                return Negative(self.formula(operand), place)
            case Binary(operator, left, right, place):
                return Binary(operator, self.formula(left), self.formula(right), place)
            case Call(function, arguments, place):
                return Call(function, tuple(self.formula(a) for a in arguments), place)
            case Comparison():
                return self.comparison(expression)
            case Conditional(condition, yes, no, place):
                chosen = self.comparison(condition)
                return Conditional(chosen, self.formula(yes), self.formula(no), place)

    def comparison(self, one: Comparison) -> Comparison:
        """A comparison with flat names."""
        return Comparison(one.operator, self.formula(one.left), self.formula(one.right), one.place)

    def parameters(self) -> list[Parameter]:
        """Parameters, and molar masses as parameters."""
        own = [*self.module.parameters, *(s.molar_mass for s in self.module.substances)]
        return [replace(parameter, name=self.prefix + parameter.name) for parameter in own]

    def species(self) -> list[Species]:
        """Species with flat names and starts."""
        return [
            replace(
                one,
                name=self.prefix + one.name,
                start=None if one.start is None else self.formula(one.start),
                compartment=None if one.compartment is None else self.prefix + one.compartment,
                substance=None if one.substance is None else self.prefix + one.substance,
            )
            for one in self.module.species
        ]

    def reactions(self) -> list[Reaction]:
        """Reactions with flat names."""

        def side(participants: tuple[Participant, ...]) -> tuple[Participant, ...]:
            return tuple(replace(p, species=self.prefix + p.species) for p in participants)

        return [
            replace(
                one,
                name=self.prefix + one.name,
                reactants=side(one.reactants),
                products=side(one.products),
                rate=self.formula(one.rate),
            )
            for one in self.module.reactions
        ]

    def derivatives(self) -> list[Derivative]:
        """One rate of change for each species, from its reactions or as written."""
        written = {one.species: self.formula(one.rate) for one in self.module.derivatives}
        reactions = sorted(self.reactions(), key=lambda reaction: reaction.name)
        found = []
        for species in self.module.species:
            rate = written.get(species.name)
            if rate is None:
                rate = _net_rate(self.prefix + species.name, reactions, species.place)
            found.append(
                Derivative(species=self.prefix + species.name, rate=rate, place=species.place)
            )
        return found

    def events(self) -> list[Event]:
        """Events with flat names."""
        found = []
        for one in self.module.events:
            at = one.at
            if at is not None and not isinstance(at, Quantity):
                at = self.formula(at)
            assignments = tuple(
                Assignment(
                    species=self.prefix + a.species, formula=self.formula(a.formula), place=a.place
                )
                for a in one.assignments
            )
            found.append(
                Event(
                    name=self.prefix + one.name,
                    at=at,
                    when=None if one.when is None else self.comparison(one.when),
                    assignments=assignments,
                    place=one.place,
                )
            )
        return found

    def routes(self) -> list[Route]:
        """Routes with flat names."""
        return [
            Route(
                name=self.prefix + one.name,
                species=self.prefix + one.species,
                lag=self.maybe(one.lag),
                fraction=self.maybe(one.fraction),
                duration=self.maybe(one.duration),
                rate=self.maybe(one.rate),
                place=one.place,
            )
            for one in self.module.routes
        ]


def _correlations(part: _Part) -> list[Correlation]:
    """Correlations with flat names."""
    return [
        replace(one, leader=part.prefix + one.leader, follower=part.prefix + one.follower)
        for one in part.module.correlations
    ]


def _supports(part: _Part) -> list[Support]:
    """Supports with flat names: that of an in-port is that of what feeds it."""
    return [replace(one, name=part.name(one.name)) for one in part.module.supports]


def _fed(port: Input, goal: str, origins: Sequence[str]) -> AssignedQuantity:
    """The sum of what is connected to an in-port, or its rest if that is nothing."""
    formula: Expression = Number(port.rest or 0.0, port.place)
    for position, origin in enumerate(origins):
        term = Name(origin, port.place)
        formula = term if position == 0 else Binary("+", formula, term, port.place)
    return AssignedQuantity(name=goal, unit=port.unit, formula=formula, place=port.place)


def _net_rate(species: str, reactions: Iterable[Reaction], place: Place) -> Expression:
    """Sum over reactions of net count times rate, in the order of their names."""
    total: Expression | None = None
    for reaction in reactions:
        made = sum(p.count for p in reaction.products if p.species == species)
        used = sum(p.count for p in reaction.reactants if p.species == species)
        net = made - used
        if net == 0:
            continue
        term = reaction.rate
        if abs(net) != 1:
            term = Binary("*", Number(float(abs(net)), place), term, place)
        if total is None:
            total = term if net > 0 else Negative(term, place)
        else:
            total = Binary("+" if net > 0 else "-", total, term, place)
    return Number(0.0, place) if total is None else total


def _model(
    parts: list[_Part],
    *,
    name: str,
    title: str,
    slots: tuple[tuple[str, str], ...],
    assembly: Assembly,
    library: Library,
) -> Model:
    quantities = [
        replace(one, name=part.prefix + one.name, formula=part.formula(one.formula))
        for part in parts
        for one in part.module.quantities
    ]
    quantities += [quantity for part in parts for quantity in part.made]
    parameters = _gather(parts, _Part.parameters)
    correlations = _gather(parts, _correlations, key=lambda one: f"{one.leader} {one.follower}")
    bounds = (*_gather(parts, _supports), *sorted(assembly.supports, key=lambda one: one.name))
    numbers: tuple[Parameter | Correlation | Support, ...] = (*parameters, *correlations, *bounds)
    keys = {c.key for one in numbers if one.provenance for c in one.provenance.citations}
    return Model(
        name=name,
        title=title,
        slots=slots,
        parameters=parameters,
        correlations=correlations,
        supports=bounds,
        quantities=in_order(quantities),
        species=_gather(parts, _Part.species),
        derivatives=_gather(parts, _Part.derivatives, key=lambda one: one.species),
        reactions=_gather(parts, _Part.reactions),
        events=_gather(parts, _Part.events),
        routes=_gather(parts, _Part.routes),
        drugs=tuple(sorted(assembly.drugs, key=lambda one: one.name)),
        targets=tuple(sorted(assembly.targets, key=lambda one: one.name)),
        shown=assembly.shown,
        sources=tuple(library.sources[key] for key in sorted(keys) if key in library.sources),
    )


_Record = TypeVar("_Record")


def _gather(
    parts: Iterable[_Part],
    each: Callable[[_Part], list[_Record]],
    key: Callable[[_Record], str] = lambda one: str(one.name),  # type: ignore[attr-defined]
) -> tuple[_Record, ...]:
    return tuple(sorted((record for part in parts for record in each(part)), key=key))


def names_in(expression: Expression) -> set[str]:
    """Names that a formula refers to, `time` left out."""
    return {node.name for node in walk(expression) if isinstance(node, Name)} - {TIME}


def in_order(quantities: Iterable[AssignedQuantity]) -> tuple[AssignedQuantity, ...]:
    """By dependency, ties by name; what hangs in a loop comes last (`check` refuses it)."""
    left = {quantity.name: quantity for quantity in sorted(quantities, key=lambda one: one.name)}
    needs = {name: names_in(quantity.formula) & set(left) for name, quantity in left.items()}
    placed: list[AssignedQuantity] = []
    done: set[str] = set()
    while left:
        ready = [name for name in left if needs[name] <= done]
        for name in ready or list(left):
            placed.append(left.pop(name))
            done.add(name)
    return tuple(placed)
