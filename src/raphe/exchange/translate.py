"""Data of an SBML document -> flat Model, and findings: what its symbols are, and what changes them.

A species stands in formulas as its concentration or its amount, as the document says; where reactions or events change
a concentration, the state is the amount, `S.amount`, and `S` is that over the size of the compartment. Every number is
dimensionless, and one unit of the document's time is one hour of the engine's: nothing is converted. Knows nothing of
XML.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from raphe.core.errors import Place
from raphe.core.units import HOUR, Quantity
from raphe.exchange.assemble import assemble
from raphe.exchange.mathml import Formulas, Function, choose, joined
from raphe.exchange.parts import Change, Parts, Symbols, is_wrong, sort_symbols
from raphe.exchange.refuse import refuse
from raphe.language.expression import Binary, Comparison, Expression, Name, Negative, Number
from raphe.language.findings import Code, Findings
from raphe.language.model import Assignment, Event, Model

Data = Mapping[str, Any]
Value = float | str | None  # text for what is not finite


def translate(data: Data, file: str) -> tuple[Model | None, Findings]:
    """Make a model of a document.

    Parameters
    ----------
    data
        As `parse_sbml` writes it.
    file
        Its name, for places.

    Returns
    -------
    model, findings
        The model is None if any finding is an error.
    """
    findings = Findings()
    refuse(data, file, findings)
    if is_wrong(findings):
        return None, findings
    document = data["model"]
    parts = Parts(document, file, document["id"] or "document", findings)
    symbols = sort_symbols(document)
    functions = {
        one["id"]: Function(arguments=tuple(one["arguments"]), body=one["formula"] or ())
        for one in document["functions"]
    }
    make = Formulas(
        names=symbols.names, functions=functions, number=parts.number, findings=findings
    )
    for one in symbols.compartments.values():
        _add_plain(parts, symbols, make, one, one["size"])
    for one in symbols.others.values():
        _add_plain(parts, symbols, make, one, one["value"])
    for one in document["reactions"]:
        _add_reaction(parts, make, one, symbols)
    for one in symbols.species.values():
        _add_species(parts, symbols, make, one)
    for position, one in enumerate(document["events"], start=1):
        _add_event(parts, symbols, make, one, position)
    if is_wrong(findings):
        return None, findings
    model = assemble(parts, symbols)
    return (None if is_wrong(findings) else model), findings


# ---- compartments, parameters, stoichiometries


def _add_plain(parts: Parts, symbols: Symbols, make: Formulas, one: Data, value: Value) -> None:
    """Add a thing that is one number: a parameter, a size, a stoichiometry."""
    name, place = symbols.names[one["id"]], parts.place(one)
    change = symbols.change(one["id"])
    if change is Change.ASSIGNMENT:
        rule = symbols.assigned[one["id"]]
        parts.add_quantity(name, make.make(rule["formula"], name, parts.place(rule)), place)
        return
    start = symbols.starts.get(one["id"])
    if change is Change.NOTHING and start is None:
        if value is not None:
            _add_value(parts, name, value, one, name)
        return  # without a value it is missed where a formula names it
    first: Expression
    if start is not None:
        first = make.make(start["formula"], name, parts.place(start))
    elif value is None:
        _no_value(parts, one["id"], place)
        return
    else:
        first = _add_value(parts, f"{name}.start", value, one, name)
    if change is Change.NOTHING:
        parts.constants[name] = first
        parts.places[name] = place
        return
    rate: Expression = Number(0.0, place)
    if change is Change.RATE:
        rule = symbols.rates[one["id"]]
        rate = make.make(rule["formula"], name, parts.place(rule))
    parts.add_state(name, first, rate, place)


def _add_value(parts: Parts, name: str, value: float | str, one: Data, where: str) -> Expression:
    """Add the value of an attribute as a parameter."""
    place = parts.place(one)
    if isinstance(value, str):
        message = f'the value of "{one["id"]}" is "{value}"'
        parts.findings.error(Code.NO_VALUE, message, place, "give it a finite number")
        return Number(0.0, place)
    unit = f" ({one['unit']})" if one["unit"] else ""
    parts.add_parameter(name, value, place, f"{one['name']}{unit}".strip(), where)
    return Name(name, place)


def _no_value(parts: Parts, name: str, place: Place) -> None:
    message = f'"{name}" has no value'
    advice = "give it a value, an initial assignment or an assignment rule"
    parts.findings.error(Code.NO_VALUE, message, place, advice)


# ---- reactions and species


def _add_reaction(parts: Parts, make: Formulas, one: Data, symbols: Symbols) -> None:
    """Add the rate of a reaction as a quantity, with its own parameters."""
    name, place = symbols.names[one["id"]], parts.place(one)
    local = {}
    for parameter in one["parameters"]:
        local[parameter["id"]] = f"{name}.{parameter['id']}"
        if parameter["value"] is None:
            _no_value(parts, local[parameter["id"]], parts.place(parameter))
        else:
            _add_value(parts, local[parameter["id"]], parameter["value"], parameter, name)
    if one["formula"] is None:
        if one["reactants"] or one["products"]:
            parts.findings.error(Code.NO_RATE, f'the reaction "{name}" has no kinetic law', place)
        return
    parts.add_quantity(name, make.make(one["formula"], name, place, local), place)


def _add_species(parts: Parts, symbols: Symbols, make: Formulas, one: Data) -> None:
    """Add a species by what changes it."""
    name, place = symbols.names[one["id"]], parts.place(one)
    match symbols.change(one["id"]):
        case Change.ASSIGNMENT:
            rule = symbols.assigned[one["id"]]
            parts.add_quantity(name, make.make(rule["formula"], name, parts.place(rule)), place)
        case Change.RATE:
            _add_ruled_species(parts, symbols, make, one)
        case Change.REACTIONS:
            amount = _start(parts, symbols, make, one, is_amount=True)
            rate = _net_rate(parts, symbols, make, one)
            if symbols.is_concentration(one):
                parts.add_state(f"{name}.amount", amount, rate, place)
                parts.add_quantity(name, _over_size(symbols, one, f"{name}.amount", place), place)
            else:
                parts.add_state(name, amount, rate, place)
        case Change.NOTHING:
            _add_fixed_species(parts, symbols, make, one)


def _add_ruled_species(parts: Parts, symbols: Symbols, make: Formulas, one: Data) -> None:
    name, place = symbols.names[one["id"]], parts.place(one)
    rule = symbols.rates[one["id"]]
    if symbols.is_concentration(one) and one["compartment"] in symbols.jumping:
        message = f'a rate rule for the concentration "{name}" in a compartment that events change'
        parts.findings.error(Code.UNSUPPORTED, message, parts.place(rule))
    start = _start(parts, symbols, make, one, is_amount=not symbols.is_concentration(one))
    parts.add_state(name, start, make.make(rule["formula"], name, parts.place(rule)), place)


def _add_fixed_species(parts: Parts, symbols: Symbols, make: Formulas, one: Data) -> None:
    """A species whose amount nothing changes; its concentration moves if the compartment does."""
    name, place = symbols.names[one["id"]], parts.place(one)
    home = one["compartment"]
    moves = symbols.is_concentration(one) and symbols.change(home) is not Change.NOTHING
    start = symbols.starts.get(one["id"])
    given = one["amount"] if one["amount"] is not None else one["concentration"]
    if start is None and given is None:
        return  # missed where a formula names it
    if moves:
        amount = _start(parts, symbols, make, one, is_amount=True)
        parts.constants[f"{name}.amount"] = amount
        parts.places[f"{name}.amount"] = place
        parts.add_quantity(name, _over_size(symbols, one, f"{name}.amount", place), place)
        return
    as_given = (one["concentration"] is not None) == symbols.is_concentration(one)
    if start is None and as_given:
        _add_value(parts, name, given, one, name)
        return
    value = _start(parts, symbols, make, one, is_amount=not symbols.is_concentration(one))
    parts.constants[name], parts.places[name] = value, place


def _over_size(symbols: Symbols, one: Data, amount: str, place: Place) -> Expression:
    return Binary("/", Name(amount, place), Name(symbols.names[one["compartment"]], place), place)


def _start(
    parts: Parts, symbols: Symbols, make: Formulas, one: Data, *, is_amount: bool
) -> Expression:
    """Where a species starts, as an amount or as a concentration."""
    name, place = symbols.names[one["id"]], parts.place(one)
    size = Name(symbols.names[one["compartment"]], place)
    start = symbols.starts.get(one["id"])
    if start is not None:
        value = make.make(start["formula"], name, parts.place(start))
        given_amount = not symbols.is_concentration(one)
    else:
        given = one["amount"] if one["amount"] is not None else one["concentration"]
        if given is None:
            _no_value(parts, one["id"], place)
            return Number(0.0, place)
        value = _add_value(parts, f"{name}.start", given, one, name)
        given_amount = one["amount"] is not None
    if given_amount == is_amount:
        return value
    return Binary("*" if is_amount else "/", value, size, place)


def _net_rate(parts: Parts, symbols: Symbols, make: Formulas, one: Data) -> Expression:
    """What all reactions together make of a species, in amount per time."""
    place = parts.place(one)
    terms = []
    for reaction, part, sign in symbols.reacting.get(one["id"], ()):
        owner = symbols.names[reaction["id"]]
        rate: Expression = Name(owner, place)
        count = _count(parts, symbols, make, owner, part)
        if not (isinstance(count, Number) and count.value == 1.0):
            rate = Binary("*", count, rate, place)
        terms.append(rate if sign > 0 else Negative(rate, place))
    total = joined("+", terms, place)
    factor = one["conversion"] or parts.data["conversion"]
    if factor and terms:
        return Binary("*", Name(symbols.names[factor], place), total, place)
    return total


def _count(parts: Parts, symbols: Symbols, make: Formulas, owner: str, part: Data) -> Expression:
    """How many of a species take part."""
    place = parts.place(part)
    if part["formula"] is not None:
        return make.make(part["formula"], owner, place)
    if part["id"]:
        return Name(symbols.names[part["id"]], place)
    if part["count"] is None or isinstance(part["count"], str):
        message = f'the stoichiometry of "{part["species"]}" in "{owner}" has no value'
        parts.findings.error(Code.NO_VALUE, message, place)
        return Number(0.0, place)
    return make.constant(part["count"], owner, place)


# ---- events


def _add_event(parts: Parts, symbols: Symbols, make: Formulas, one: Data, position: int) -> None:
    """Add an event, and its twin at the beginning if its trigger counts as false before."""
    name, place = one["id"] or f"event.{position}", parts.place(one)
    trigger = make.make(one["trigger"], name, place)
    new_sizes = {
        a["symbol"]: make.make(a["formula"], name, parts.place(a))
        for a in one["assignments"]
        if a["symbol"] in symbols.compartments
    }
    assignments = []
    for assigned in one["assignments"]:
        symbol, where = assigned["symbol"], parts.place(assigned)
        if symbol not in symbols.names or symbols.change(symbol) is Change.ASSIGNMENT:
            message = f'the event "{name}" sets "{symbol}", which it cannot change'
            parts.findings.error(Code.BAD_EVENT, message, where)
            continue
        formula = make.make(assigned["formula"], name, where)
        state = symbols.names[symbol]
        species = symbols.species.get(symbol)
        is_amount = species is not None and symbols.change(symbol) is Change.REACTIONS
        if species is not None and is_amount and symbols.is_concentration(species):
            home = species["compartment"]
            size = new_sizes.get(home, Name(symbols.names[home], where))
            state, formula = f"{state}.amount", Binary("*", formula, size, where)
        assignments.append(Assignment(species=state, formula=formula, place=where))
    zero = Number(0.0, place)
    parts.events.append(
        Event(
            name=name,
            when=Comparison(">", trigger, zero, place),
            assignments=tuple(assignments),
            place=place,
        )
    )
    if not one["initially"]:
        first = tuple(
            replace(a, formula=choose(trigger, a.formula, Name(a.species, place), place))
            for a in assignments
        )
        begin = Quantity(0.0, HOUR)
        parts.events.append(Event(name=f"{name}.first", at=begin, assignments=first, place=place))
