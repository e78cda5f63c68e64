"""Text -> Document: statements to records, each with its place. Knows nothing of what fits together (`check`)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from raphe.core.draws import Bernoulli, Distribution, LogNormal, LogUniform, Normal, Uniform
from raphe.core.errors import LanguageError, Place, nearest
from raphe.core.sources import Citation, Provenance, Source, Status
from raphe.core.units import PERCENT, Quantity, Unit, parse_unit
from raphe.language.expression import Comparison
from raphe.language.formulas import formula
from raphe.language.model import (
    Assembly,
    AssignedQuantity,
    Assignment,
    Compartment,
    Connection,
    Derivative,
    Document,
    Drug,
    Event,
    Hold,
    Input,
    Module,
    Observation,
    Output,
    Parameter,
    Participant,
    Reaction,
    Role,
    Route,
    Shown,
    Species,
    Spread,
    SpreadKind,
    Statistic,
    Substance,
    Target,
    Use,
)
from raphe.language.tree import Leaf, Tree, read_tree

_Record = TypeVar("_Record")
_PROVENANCE = ("read", "derived", "assumed")


def parse(text: str, file: str) -> Document:
    """Read a model text.

    Parameters
    ----------
    text
        The whole file.
    file
        Its name in places and errors.

    Returns
    -------
    Document
        Duplicates and unknown names are still in it; `check` finds them.

    Raises
    ------
    LanguageError, UnitError
        At the first thing that does not read.
    """
    items = read_tree(text, file).trees()
    return Document(
        file=file,
        sources=tuple(_source(item) for item in items if item.kind == "source"),
        modules=tuple(_module(item) for item in items if item.kind == "module"),
        assemblies=tuple(_assembly(item) for item in items if item.kind == "model"),
        observations=tuple(_observation(item) for item in items if item.kind == "observation"),
    )


def _text(leaf: Leaf) -> str:
    return leaf.text[1:-1]


def _number(leaf: Leaf) -> float:
    value = float(leaf.text)
    if not math.isfinite(value):
        raise LanguageError(f'"{leaf.text[:20]}" is too large', place=leaf.place)
    return value


def _whole(leaf: Leaf) -> int:
    if not leaf.text.isdigit() or len(leaf.text) > 9:
        message = f'"{leaf.text[:20]}" is not a whole number'
        raise LanguageError(message, place=leaf.place, advice="write digits only")
    return int(leaf.text)


def _signed(tree: Tree) -> float:
    leaves = tree.leaves()
    value = _number(leaves[-1])
    return -value if leaves[0].text == "-" else value


def _unit(leaf: Leaf) -> Unit:
    return parse_unit(leaf.text, leaf.place)


def _units(tree: Tree) -> Unit:
    return _unit(next(leaf for leaf in tree.leaves() if leaf.kind == "UNIT"))


def _only(found: list[_Record], what: str, place: Place) -> _Record:
    """The one thing that must be there."""
    if len(found) != 1:
        message = f"{what} is missing" if not found else f"{what} is given {len(found)} times"
        raise LanguageError(message, place=place, advice=f"give {what} once")
    return found[0]


def _at_most_one(found: list[_Record], what: str, place: Place) -> _Record | None:
    return _only(found, what, place) if found else None


# ---- sources and what a number carries


def _source(tree: Tree) -> Source:
    fields: dict[str, str] = {}
    years = [f.leaf() for f in tree.trees() if f.kind == "source_year"]
    year = _at_most_one(years, "year", tree.place)
    for part in tree.trees():
        if part.kind == "source_text":
            name, value = part.leaves()
            if name.text in fields:
                raise LanguageError(f"{name.text} is given twice", place=name.place)
            fields[name.text] = _text(value)
    if "title" not in fields:
        raise LanguageError("title is missing", place=tree.place, advice='add: title "...";')
    return Source(
        key=tree.leaf().text,
        year=None if year is None else _whole(year),
        place=tree.place,
        **fields,
    )


def _provenance(tree: Tree) -> Provenance:
    citations = tuple(
        Citation(key=part.leaf(0).text, locator=_text(part.leaf(1)), place=part.place)
        for part in tree.trees()
        if part.kind == "citation"
    )
    note = "".join(_text(part.leaf()) for part in tree.trees() if part.kind == "because")
    if tree.kind == "assumed":
        note = _text(tree.leaf())
    return Provenance(status=Status(tree.kind), citations=citations, note=note)


def _distribution(tree: Tree, value_unit: Unit) -> Distribution:
    numbers = [_signed(part) for part in tree.trees()]
    unit = _units(tree)
    fraction = tree.kind in ("lognormal", "bernoulli")
    wanted = PERCENT if fraction else value_unit
    if not unit.same_dimension(wanted):
        message = f'"{unit}" does not fit: the distribution is in units of {wanted}'
        raise LanguageError(message, place=tree.place, advice=f"write it in {wanted}")
    scale = unit.factor if fraction else unit.factor / value_unit.factor
    scaled = [number * scale for number in numbers]
    ordered = len(scaled) < 2 or scaled[0] < scaled[1]
    positive = scaled[0] > 0.0 or tree.kind in ("uniform", "bernoulli")
    if not ordered or not positive or (tree.kind == "bernoulli" and not 0.0 <= scaled[0] <= 1.0):
        advice = "a spread is above 0, and ranges go from the lower to the higher number"
        raise LanguageError("the distribution is impossible", place=tree.place, advice=advice)
    match tree.kind:
        case "normal":
            return Normal(scaled[0])
        case "lognormal":
            return LogNormal(scaled[0])
        case "uniform":
            return Uniform(scaled[0], scaled[1])
        case "loguniform":
            return LogUniform(scaled[0], scaled[1])
    return Bernoulli(scaled[0])


def _parameter(tree: Tree, name: Leaf, value: float) -> Parameter:
    parts, place = tree.trees(), name.place
    quantity = Quantity(value, _units(tree))

    def texts(kind: str) -> list[str]:
        return [_text(part.leaf()) for part in parts if part.kind == kind]

    def spread(kind: str) -> Distribution | None:
        found = [part.trees()[0] for part in parts if part.kind == kind]
        chosen = _at_most_one(found, kind, place)
        if chosen is None:
            return None
        distribution = _distribution(chosen, quantity.unit)
        if isinstance(distribution, LogNormal) and value <= 0.0:
            message = f'"{name.text}" is not above 0 and cannot be lognormal'
            raise LanguageError(message, place=chosen.place)
        return distribution

    origins = [_provenance(part) for part in parts if part.kind in _PROVENANCE]
    return Parameter(
        name=name.text,
        value=quantity,
        meaning=_at_most_one(texts("meaning"), "meaning", place) or "",
        people=spread("people"),
        uncertainty=spread("uncertainty"),
        population=_at_most_one(texts("population"), "population", place) or "",
        provenance=_at_most_one(origins, "the source", place),
        place=place,
    )


# ---- modules


def _module(tree: Tree) -> Module:
    found: dict[str, list[Tree]] = {}
    for statement in tree.trees():
        found.setdefault(statement.kind, []).append(statement)

    def every(kind: str, convert: Callable[[Tree], _Record]) -> tuple[_Record, ...]:
        return tuple(convert(statement) for statement in found.get(kind, []))

    leaves = tree.leaves()
    return Module(
        name=leaves[0].text,
        title=_text(leaves[1]) if len(leaves) > 1 else "",
        substances=every("substance", _substance),
        inputs=every("input", _input),
        outputs=every("output", _output),
        parameters=every("parameter", lambda t: _parameter(t, t.leaf(), _signed(t.trees()[0]))),
        quantities=every("quantity", _quantity),
        compartments=every("compartment", _compartment),
        species=every("species", _species),
        reactions=every("reaction", _reaction),
        derivatives=every("derivative", _derivative),
        events=every("event", _event),
        routes=every("route", _route),
        place=leaves[0].place,
    )


def _substance(tree: Tree) -> Substance:
    name, value = tree.leaves()[:2]
    mass = _parameter(tree, name, _number(value))
    if not mass.meaning:
        mass = replace(mass, meaning=f"molar mass of {name.text}")
    return Substance(name=name.text, molar_mass=mass, place=name.place)


def _input(tree: Tree) -> Input:
    name, unit, meaning = tree.leaves()
    parts = {part.kind: part for part in tree.trees()}
    rest = parts.get("input_rest")
    return Input(
        name=name.text,
        unit=_unit(unit),
        meaning=meaning.text,
        sum="input_sum" in parts,
        rest=None if rest is None else _small(rest.leaf()),
        place=name.place,
    )


def _small(leaf: Leaf) -> float:
    """A number that needs no source."""
    value = _number(leaf)
    if value not in range(11):
        advice = "a rest is a whole number from 0 to 10; anything else is a parameter with a source"
        raise LanguageError(f'"{leaf.text}" cannot be a rest', place=leaf.place, advice=advice)
    return value


def _output(tree: Tree) -> Output:
    name, meaning = tree.leaves()
    return Output(name=name.text, meaning=meaning.text, place=name.place)


def _quantity(tree: Tree) -> AssignedQuantity:
    name, unit = tree.leaves()
    return AssignedQuantity(
        name=name.text, unit=_unit(unit), formula=formula(tree.trees()[0]), place=name.place
    )


def _compartment(tree: Tree) -> Compartment:
    name = tree.leaf()
    return Compartment(name=name.text, volume=formula(tree.trees()[0]), place=name.place)


def _species(tree: Tree) -> Species:
    name, unit = tree.leaves()
    parts = {part.kind: part for part in tree.trees()}
    start, inside, made = (parts.get(f"species_{k}") for k in ("start", "in", "of"))
    return Species(
        name=name.text,
        unit=_unit(unit),
        start=None if start is None else formula(start.trees()[0]),
        compartment=None if inside is None else inside.leaf().text,
        substance=None if made is None else made.leaf().text,
        place=name.place,
    )


def _reaction(tree: Tree) -> Reaction:
    left, right, rate = tree.trees()
    name = tree.leaf()
    return Reaction(
        name=name.text,
        reactants=_side(left),
        products=_side(right),
        rate=formula(rate),
        place=name.place,
    )


def _side(tree: Tree) -> tuple[Participant, ...]:
    found = []
    for part in tree.trees():
        leaves = part.leaves()
        count = _whole(leaves[0]) if len(leaves) > 1 else 1
        if not 1 <= count <= 1000:
            message = f"{count} of a species cannot take part"
            raise LanguageError(message, place=part.place, advice="write 1 to 1000")
        found.append(Participant(species=leaves[-1].text, count=count, place=leaves[-1].place))
    return tuple(found)


def _derivative(tree: Tree) -> Derivative:
    name = tree.leaf()
    return Derivative(species=name.text, rate=formula(tree.trees()[0]), place=name.place)


def _event(tree: Tree) -> Event:
    name, (trigger, *rest) = tree.leaf(), tree.trees()
    at: Quantity | None = None
    expression = comparison = None
    if trigger.kind == "at_quantity":
        at = Quantity(_number(trigger.leaf(0)), _unit(trigger.leaf(1)))
    elif trigger.kind == "at_expression":
        expression = formula(trigger.trees()[0])
    else:
        comparison = formula(trigger.trees()[0])
    assignments = tuple(
        Assignment(
            species=part.leaf().text, formula=formula(part.trees()[0]), place=part.leaf().place
        )
        for part in rest
    )
    return Event(
        name=name.text,
        at=expression if at is None else at,
        when=comparison if isinstance(comparison, Comparison) else None,
        assignments=assignments,
        place=name.place,
    )


def _route(tree: Tree) -> Route:
    name, species = tree.leaves()
    parts = {part.kind: part.leaf().text for part in tree.trees()}
    return Route(
        name=name.text,
        species=species.text,
        lag=parts.get("route_lag"),
        fraction=parts.get("route_fraction"),
        duration=parts.get("route_duration"),
        rate=parts.get("route_rate"),
        place=name.place,
    )


# ---- models


def _assembly(tree: Tree) -> Assembly:
    found: dict[str, list[Tree]] = {}
    for statement in tree.trees():
        found.setdefault(statement.kind, []).append(statement)
    leaves = tree.leaves()
    return Assembly(
        name=leaves[0].text,
        title=_text(leaves[1]) if len(leaves) > 1 else "",
        uses=tuple(_use(part) for part in found.get("use", [])),
        connections=tuple(
            Connection(origin=p.leaf(0).text, goal=p.leaf(1).text, place=p.leaf(0).place)
            for p in found.get("connect", [])
        ),
        holds=tuple(Hold(goal=p.leaf().text, place=p.leaf().place) for p in found.get("hold", [])),
        drugs=tuple(
            Drug(name=p.leaf(0).text, route=p.leaf(1).text, place=p.leaf(0).place)
            for p in found.get("drug", [])
        ),
        targets=tuple(
            Target(
                name=p.leaf(0).text,
                quantity=p.leaf(1).text,
                meaning=_text(p.leaf(2)),
                place=p.leaf(0).place,
            )
            for p in found.get("target", [])
        ),
        shown=tuple(_shown(part) for part in found.get("show", [])),
        place=leaves[0].place,
    )


def _use(tree: Tree) -> Use:
    module, alias, *rivals = tree.leaves()
    return Use(
        alias=alias.text,
        module=module.text,
        rivals=tuple(rival.text for rival in rivals),
        place=module.place,
    )


def _shown(tree: Tree) -> Shown:
    path, *title = tree.leaves()
    name = _text(title[0]) if title else path.text
    return Shown(quantity=path.text, title=name, place=path.place)


# ---- observations


def _observation(tree: Tree) -> Observation:
    place = tree.leaf().place
    facts: dict[str, Tree] = {}
    for fact in tree.trees():
        kind = "spread" if fact.kind.startswith("spread") else fact.kind
        kind = "the source" if kind in _PROVENANCE else kind
        if kind in facts:
            raise LanguageError(f"{kind} is given twice", place=fact.place)
        facts[kind] = fact
    names = ("of_drug", "regimen", "how_many", "statistic", "value", "role")
    words = ("drug", "regimen", "people", "statistic", "value", "role")
    for name, word in zip(names, words, strict=True):
        if name not in facts:
            raise LanguageError(f"{word} is missing", place=place, advice=f"give {word} once")
    statistic, quantity = facts["statistic"].leaves()
    origin, sample = facts.get("the source"), facts["how_many"].trees()
    return Observation(
        name=tree.leaf().text,
        drug=facts["of_drug"].leaf().text,
        regimen=" ".join(_text(facts["regimen"].leaf()).split()),
        people=max(1, _whole(facts["how_many"].leaf())),
        sample=sample[0].leaf().text if sample else None,
        statistic=_choice(statistic, Statistic),
        quantity=quantity.text,
        value=Quantity(_signed(facts["value"].trees()[0]), _units(facts["value"])),
        spread=_spread(facts.get("spread")),
        role=_choice(facts["role"].leaf(), Role),
        provenance=None if origin is None else _provenance(origin),
        place=place,
    )


def _choice(leaf: Leaf, choices: type[_Record]) -> _Record:
    """A member of an enumeration by its value."""
    known = {member.value: member for member in choices}  # type: ignore[attr-defined]
    if leaf.text not in known:
        message = f'unknown word "{leaf.text}"'
        raise LanguageError(message, place=leaf.place, advice=nearest(leaf.text, known))
    return known[leaf.text]  # type: ignore[no-any-return]


def _spread(tree: Tree | None) -> Spread | None:
    if tree is None:
        return None
    unit = _units(tree)
    numbers = [Quantity(_signed(part), unit) for part in tree.trees()]
    kind = SpreadKind(tree.kind.removeprefix("spread_"))
    return Spread(kind=kind, low=numbers[0], high=numbers[1] if len(numbers) > 1 else None)
