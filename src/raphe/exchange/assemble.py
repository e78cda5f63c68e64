"""Parts -> flat Model, once everything has its formula: starts settled, order, clocks, switches, sizes."""

from __future__ import annotations

from dataclasses import replace

from raphe.core.errors import Place
from raphe.core.sources import Source
from raphe.core.units import DIMENSIONLESS
from raphe.exchange.clocks import add_clocks
from raphe.exchange.moment import Moment, depending, named
from raphe.exchange.parts import Parts, Symbols, is_wrong
from raphe.exchange.sizes import sized
from raphe.exchange.switches import add_switches
from raphe.language.check import find_loop
from raphe.language.expression import Expression, Name, Number, children
from raphe.language.findings import Code, Findings
from raphe.language.flatten import in_order
from raphe.language.model import TIME, Derivative, Model, Shown, Species

_MAX_CHAIN = (
    300  # levels of formulas in formulas: deeper ones would exhaust the stack of who reads them
)


def assemble(parts: Parts, symbols: Symbols) -> Model | None:
    """The flat model, once everything has its formula."""
    _settle_starts(parts)
    species = [
        Species(name=name, unit=DIMENSIONLESS, start=start, place=parts.places[name])
        for name, start in parts.starts.items()
    ]
    title = parts.data["name"] or parts.key
    source = Source(key=parts.key, title=title, place=Place(parts.file))
    model = Model(
        name=parts.key,
        title=title,
        slots=(),
        parameters=tuple(parts.parameters.values()),
        correlations=(),
        supports=(),
        quantities=tuple(parts.quantities.values()),
        species=tuple(species),
        derivatives=tuple(
            Derivative(species=name, rate=rate, place=parts.places[name])
            for name, rate in parts.rates.items()
        ),
        reactions=(),
        events=tuple(parts.events),
        routes=(),
        drugs=(),
        targets=(),
        shown=_shown(parts, symbols),
        sources=(source,),
    )
    if not _sound(model, parts.findings):
        return None
    model = add_clocks(_in_order(model), parts.findings)
    if is_wrong(parts.findings):
        return None
    starts: dict[str, Expression] = {TIME: Number(0.0, Place(parts.file))}
    starts |= {one.name: one.start for one in model.species if one.start is not None}
    model = _in_order(add_switches(model, starts))
    return sized(model, [*symbols.species], parts.findings)


def _settle_starts(parts: Parts) -> None:
    """Make starts and constants depend on numbers alone: what they name is taken as it is at time 0."""
    for name, start in parts.starts.items():
        if isinstance(start, Name) and start.name in parts.parameters:
            continue
        parts.add_quantity(f"{name}.initially", start, parts.places[name])
        parts.starts[name] = Name(f"{name}.initially", parts.places[name])
    for name, value in parts.constants.items():
        parts.add_quantity(name, value, parts.places[name])
    settled = [
        *parts.constants,
        *(one.name for one in parts.starts.values() if isinstance(one, Name)),
    ]
    begin = Moment(
        {**parts.starts, TIME: Number(0.0, Place(parts.file))},
        {name: one for name, one in parts.quantities.items() if name not in set(settled)},
        "initially",
    )
    for name in settled:
        if name in parts.quantities:
            one = parts.quantities[name]
            parts.quantities[name] = replace(one, formula=begin.formula(one.formula))
    for name, one in begin.made.items():
        parts.quantities.setdefault(name, one)


def _shown(parts: Parts, symbols: Symbols) -> tuple[Shown, ...]:
    """All species, and what else changes in a run, by identifier."""
    moving = depending(
        {name: one.formula for name, one in parts.quantities.items()}, [TIME, *parts.starts]
    )
    shown = []
    for one in (
        *symbols.species.values(),
        *symbols.others.values(),
        *symbols.compartments.values(),
    ):
        name = symbols.names[one["id"]]
        there = name in parts.parameters or name in parts.quantities or name in parts.starts
        if there and (name in moving or one["id"] in symbols.species):
            place = parts.place(one)
            shown.append(Shown(quantity=name, title=one["name"] or name, place=place))
    return tuple(shown)


def _in_order(model: Model) -> Model:
    return replace(model, quantities=in_order(model.quantities))


def _sound(model: Model, findings: Findings) -> bool:
    """Whether every name has one meaning, and no formula needs itself."""
    known = [*(p.name for p in model.parameters), *(s.name for s in model.species)]
    known += [one.name for one in model.quantities]
    for name in (
        sorted({name for name in known if known.count(name) > 1})
        if len(set(known)) < len(known)
        else ()
    ):
        findings.error(
            Code.DUPLICATE, f'"{name}" is there twice', Place(model.sources[0].place.file)
        )
    formulas: list[tuple[str, Expression, Place]] = [
        (one.name, one.formula, one.place) for one in model.quantities
    ]
    formulas += [(one.species, one.rate, one.place) for one in model.derivatives]
    for event in model.events:
        formulas += [(event.name, a.formula, a.place) for a in event.assignments]
        formulas += [(event.name, event.when, event.place)] if event.when is not None else []
    names = {*known, TIME}
    for owner, formula, place in formulas:
        for name in sorted(named(formula) - names):
            message = f'"{name}" has no value, and "{owner}" needs it'
            findings.error(Code.NO_VALUE, message, place, "give it a value or a rule")
    needs = {one.name: named(one.formula) for one in model.quantities}
    loop = find_loop({name: needed & set(needs) for name, needed in needs.items()})
    if loop:
        place = next(one.place for one in model.quantities if one.name == loop[0])
        message = "formulas depend on each other in a loop: " + " > ".join(loop)
        findings.error(Code.CYCLE, message, place, "break the loop")
    if not is_wrong(findings):
        _check_chains(_in_order(model), findings)
    return not is_wrong(findings)


def _check_chains(model: Model, findings: Findings) -> None:
    """Refuse formulas that stand in each other too deep."""
    levels: dict[str, int] = {}
    for one in model.quantities:
        below = max((levels.get(name, 0) for name in named(one.formula)), default=0)
        levels[one.name] = below + _depth(one.formula)
        if levels[one.name] > _MAX_CHAIN:
            message = (
                f'formulas stand in each other deeper than {_MAX_CHAIN} levels in "{one.name}"'
            )
            findings.error(Code.UNSUPPORTED, message, one.place, "break the chain with a state")
            return


def _depth(expression: Expression) -> int:
    return 1 + max((_depth(part) for part in children(expression)), default=0)
