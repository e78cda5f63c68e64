"""Text -> Document: statements to records, each with its place. Knows nothing of what fits together (`check`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from raphe.core.draws import Bernoulli, Distribution, LogNormal, LogUniform, Normal, Uniform
from raphe.core.errors import LanguageError, nearest
from raphe.core.sources import Evidence, Source
from raphe.core.units import HOUR, PERCENT, Quantity, Unit
from raphe.language.evidence import Unsimulated
from raphe.language.expression import Comparison
from raphe.language.formulas import formula
from raphe.language.model import (
    Assembly,
    AssignedQuantity,
    Assignment,
    Compartment,
    Connection,
    Correlation,
    Derivative,
    Document,
    Drug,
    Event,
    Hold,
    Input,
    Lifestyle,
    Module,
    Observation,
    Occasion,
    Occasions,
    Output,
    Parameter,
    Participant,
    Reaction,
    Route,
    Shown,
    Species,
    Substance,
    Support,
    Target,
    Use,
)
from raphe.language.parse_observation import parse_observation
from raphe.language.pieces import (
    PROVENANCE,
    at_most_one,
    number_of,
    provenance_of,
    signed_of,
    text_of,
    unit_in,
    unit_of,
    whole_of,
)
from raphe.language.tree import Leaf, Tree, read_tree

_Record = TypeVar("_Record")


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
    seen = [parse_observation(item) for item in items if item.kind == "observation"]
    return Document(
        file=file,
        sources=tuple(_source(item) for item in items if item.kind == "source"),
        modules=tuple(_module(item) for item in items if item.kind == "module"),
        assemblies=tuple(_assembly(item) for item in items if item.kind == "model"),
        observations=tuple(one for one in seen if isinstance(one, Observation)),
        unsimulated=tuple(one for one in seen if isinstance(one, Unsimulated)),
    )


# ---- sources and what a number carries


def _source(tree: Tree) -> Source:
    fields: dict[str, str] = {}
    years = [f.leaf() for f in tree.trees() if f.kind == "source_year"]
    year = at_most_one(years, "year", tree.place)
    kinds = [f for f in tree.trees() if f.kind == "source_evidence"]
    evidence, looked_at = _evidence(at_most_one(kinds, "evidence", tree.place))
    for part in tree.trees():
        if part.kind == "source_text":
            name, value = part.leaves()
            if name.text in fields:
                raise LanguageError(f"{name.text} is given twice", place=name.place)
            fields[name.text] = text_of(value)
    if "title" not in fields:
        raise LanguageError("title is missing", place=tree.place, advice='add: title "...";')
    return Source(
        key=tree.leaf().text,
        year=None if year is None else whole_of(year),
        evidence=evidence,
        looked_at=looked_at,
        place=tree.place,
        **fields,
    )


def _evidence(tree: Tree | None) -> tuple[Evidence | None, str]:
    """What a source looked at, and species and assay in words."""
    if tree is None:
        return None, ""
    kind, words = tree.leaves()
    known = [one.value for one in Evidence]
    if kind.text not in known:
        message = f'"{kind.text}" is no kind of evidence'
        raise LanguageError(message, place=kind.place, advice=nearest(kind.text, known))
    return Evidence(kind.text), text_of(words)


def _distribution(tree: Tree, value_unit: Unit) -> Distribution:
    numbers = [signed_of(part) for part in tree.trees()]
    unit = unit_in(tree)
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
    quantity = Quantity(value, unit_in(tree))

    def texts(kind: str) -> list[str]:
        return [text_of(part.leaf()) for part in parts if part.kind == kind]

    def spread(kind: str) -> Distribution | None:
        found = [part.trees()[0] for part in parts if part.kind == kind]
        chosen = at_most_one(found, kind, place)
        if chosen is None:
            return None
        distribution = _distribution(chosen, quantity.unit)
        if isinstance(distribution, LogNormal) and value <= 0.0:
            message = f'"{name.text}" is not above 0 and cannot be lognormal'
            raise LanguageError(message, place=chosen.place)
        return distribution

    changes = [_occasions(part, quantity) for part in parts if part.kind == "occasions"]
    origins = [provenance_of(part) for part in parts if part.kind in PROVENANCE]
    return Parameter(
        name=name.text,
        value=quantity,
        meaning=at_most_one(texts("meaning"), "meaning", place) or "",
        people=spread("people"),
        uncertainty=spread("uncertainty"),
        occasions=at_most_one(changes, "occasions", place),
        population=at_most_one(texts("population"), "population", place) or "",
        provenance=at_most_one(origins, "the source", place),
        place=place,
    )


def _occasions(tree: Tree, value: Quantity) -> Occasions:
    part = tree.trees()[0]
    spread = _distribution(part, value.unit)
    if not isinstance(spread, Normal | LogNormal):
        advice = "write lognormal cv 15 %, or normal sd with a unit"
        message = "what differs between occasions is normal or lognormal about the person's value"
        raise LanguageError(message, place=part.place, advice=advice)
    if isinstance(spread, LogNormal) and value.value <= 0.0:
        message = f"{value} is not above 0 and cannot be lognormal"
        raise LanguageError(message, place=part.place)
    return Occasions(spread=spread, each=Occasion(tree.leaf().text))


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
        title=text_of(leaves[1]) if len(leaves) > 1 else "",
        substances=every("substance", _substance),
        inputs=every("input", _input),
        outputs=every("output", _output),
        parameters=every("parameter", lambda t: _parameter(t, t.leaf(), signed_of(t.trees()[0]))),
        correlations=every("correlation", _correlation),
        supports=every("support", _support),
        quantities=every("quantity", _quantity),
        compartments=every("compartment", _compartment),
        species=every("species", _species),
        reactions=every("reaction", _reaction),
        derivatives=every("derivative", _derivative),
        events=every("event", _event),
        routes=every("route", _route),
        place=leaves[0].place,
    )


def _correlation(tree: Tree) -> Correlation:
    leader, follower = tree.leaves()[:2]
    value, *origins = tree.trees()
    unit = unit_in(tree)
    if not unit.same_dimension(PERCENT):
        message = f'a correlation is in no "{unit}"'
        raise LanguageError(message, place=value.place, advice="write 0.5 dimensionless, or 50 %")
    size = signed_of(value) * unit.factor
    if not -1.0 < size < 1.0:
        message = f"a correlation of {size:g} is impossible"
        raise LanguageError(message, place=value.place, advice="it lies between -1 and 1")
    return Correlation(
        leader=leader.text,
        follower=follower.text,
        value=size,
        provenance=at_most_one([provenance_of(one) for one in origins], "the source", tree.place),
        place=leader.place,
    )


def _support(tree: Tree) -> Support:
    name, bounds = tree.leaf(), tree.trees()[0]
    low, high, *origins = bounds.trees()
    if signed_of(low) >= signed_of(high):
        message = f'the support of "{name.text}" is empty'
        advice = "it goes from the lower to the higher number"
        raise LanguageError(message, place=low.place, advice=advice)
    return Support(
        name=name.text,
        low=signed_of(low),
        high=signed_of(high),
        unit=unit_in(bounds),
        provenance=at_most_one([provenance_of(one) for one in origins], "the source", tree.place),
        place=name.place,
    )


def _substance(tree: Tree) -> Substance:
    name, value = tree.leaves()[:2]
    mass = _parameter(tree, name, number_of(value))
    if not mass.meaning:
        mass = replace(mass, meaning=f"molar mass of {name.text}")
    return Substance(name=name.text, molar_mass=mass, place=name.place)


def _input(tree: Tree) -> Input:
    name, unit, meaning = tree.leaves()
    parts = {part.kind: part for part in tree.trees()}
    rest = parts.get("input_rest")
    return Input(
        name=name.text,
        unit=unit_of(unit),
        meaning=meaning.text,
        sum="input_sum" in parts,
        rest=None if rest is None else _small(rest.leaf()),
        place=name.place,
    )


def _small(leaf: Leaf) -> float:
    """A number that needs no source."""
    value = number_of(leaf)
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
        name=name.text, unit=unit_of(unit), formula=formula(tree.trees()[0]), place=name.place
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
        unit=unit_of(unit),
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
        count = whole_of(leaves[0]) if len(leaves) > 1 else 1
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
        at = Quantity(number_of(trigger.leaf(0)), unit_of(trigger.leaf(1)))
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
        title=text_of(leaves[1]) if len(leaves) > 1 else "",
        uses=tuple(_use(part) for part in found.get("use", [])),
        connections=tuple(
            Connection(origin=p.leaf(0).text, goal=p.leaf(1).text, place=p.leaf(0).place)
            for p in found.get("connect", [])
        ),
        holds=tuple(Hold(goal=p.leaf().text, place=p.leaf().place) for p in found.get("hold", [])),
        drugs=tuple(
            Drug(
                name=p.leaf(0).text,
                route=p.leaf(1).text,
                level=next((_shown(part) for part in p.trees()), None),
                usual=tuple(text_of(leaf) for leaf in p.leaves()[2:]),
                place=p.leaf(0).place,
            )
            for p in found.get("drug", [])
        ),
        lifestyles=tuple(_lifestyle(part) for part in found.get("lifestyle", [])),
        targets=tuple(
            Target(
                name=p.leaf(0).text,
                quantity=p.leaf(1).text,
                meaning=text_of(p.leaf(2)),
                place=p.leaf(0).place,
            )
            for p in found.get("target", [])
        ),
        shown=tuple(_shown(part) for part in found.get("show", [])),
        supports=tuple(_support(part) for part in found.get("model_support", [])),
        place=leaves[0].place,
    )


def _lifestyle(tree: Tree) -> Lifestyle:
    name, parameter, unit, number, time_unit, meaning = tree.leaves()
    length = Quantity(number_of(number), unit_of(time_unit))
    if not length.unit.same_dimension(HOUR):
        raise LanguageError(f'"{length}" is no time', place=number.place, advice="write 14 d")
    return Lifestyle(
        name=name.text,
        parameter=parameter.text,
        value=Quantity(signed_of(tree.trees()[0]), unit_of(unit)),
        hours=length.base,
        meaning=text_of(meaning),
        place=name.place,
    )


def _use(tree: Tree) -> Use:
    module, alias = tree.leaves()
    named = {part.kind: tuple(leaf.text for leaf in part.leaves()) for part in tree.trees()}
    return Use(
        alias=alias.text,
        module=module.text,
        rivals=named.get("rivals", ()),
        others=named.get("others", ()),
        place=module.place,
    )


def _shown(tree: Tree) -> Shown:
    path, *title = tree.leaves()
    name = text_of(title[0]) if title else path.text
    return Shown(quantity=path.text, title=name, place=path.place)
