"""Document -> Findings: names, units, sources, rates, ports, loops. Changes nothing.

A module is checked alone first; an assembly only when its modules are sound, so that a fault is told once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from raphe.core.errors import Place, nearest
from raphe.core.sources import Provenance
from raphe.core.units import Quantity
from raphe.language.check_module import check_module
from raphe.language.findings import Code, Finding, Findings, Severity
from raphe.language.flatten import flatten, flatten_module, names_in
from raphe.language.model import (
    Assembly,
    Document,
    Input,
    Library,
    Model,
    Module,
    Observation,
    Output,
    Use,
)

__all__ = ["Finding", "Severity", "check_assembly", "check_document"]


class _Named(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def place(self) -> Place: ...


def check_document(document: Document, *, library: Library) -> tuple[Finding, ...]:
    """Check everything that one text says.

    Parameters
    ----------
    document
        From `parse`.
    library
        Modules and sources that the text may refer to; its own come first.

    Returns
    -------
    tuple of Finding
        In the order of the text.
    """
    findings = Findings()
    _duplicates(document.modules, "module", findings)
    _duplicates(document.assemblies, "model", findings)
    _duplicates((*document.observations, *document.unsimulated), "observation", findings)
    first: dict[str, Place] = {}
    for source in document.sources:
        _again("source", source.key, source.place, first, findings)
    own = Library(
        modules={**library.modules, **{module.name: module for module in document.modules}},
        sources={**library.sources, **{source.key: source for source in document.sources}},
    )
    for module in document.modules:
        before = len(findings)
        check_module(module, own.sources, findings)
        alone = all(port.rest is not None for port in module.inputs)
        alone = alone and bool(module.quantities or module.species)
        if alone and len(findings) == before:
            _check_flat(flatten_module(module, own), findings)
    for observation in document.observations:
        _check_observation(observation, own, findings)
    for one in document.unsimulated:
        check_provenance(one.name, one.provenance, one.place, own, findings)
    broken = any(finding.severity is Severity.ERROR for finding in findings.sorted())
    for assembly in document.assemblies:
        _check_assembly(assembly, own, {}, findings, flat=not broken)
        for use in assembly.uses:
            for other in use.modules[1:]:
                if not broken:
                    _check_assembly(assembly, own, {use.alias: other}, findings, flat=True)
    return findings.sorted()


def check_assembly(
    assembly: Assembly, library: Library, choices: Mapping[str, str]
) -> tuple[Finding, ...]:
    """Check the wiring of an assembly with some rivals chosen, and the model that it makes."""
    findings = Findings()
    for use in assembly.uses:
        module = library.modules.get(choices.get(use.alias, use.module))
        if module is not None:
            check_module(module, library.sources, findings)
    _check_assembly(assembly, library, choices, findings, flat=True)
    return findings.sorted()


def _duplicates(things: Iterable[_Named], what: str, findings: Findings) -> None:
    first: dict[str, Place] = {}
    for thing in things:
        _again(what, thing.name, thing.place, first, findings)


def _again(what: str, name: str, place: Place, first: dict[str, Place], findings: Findings) -> None:
    if name in first:
        message = f'a second {what} is called "{name}"'
        findings.error(Code.DUPLICATE, message, place, f"the first stands at {first[name]}")
    first.setdefault(name, place)


def _check_observation(observation: Observation, library: Library, findings: Findings) -> None:
    check_provenance(observation.name, observation.provenance, observation.place, library, findings)
    if observation.sample is not None and observation.sample not in library.modules:
        message = f'unknown module "{observation.sample}"'
        advice = nearest(observation.sample, library.modules)
        findings.error(Code.UNKNOWN_MODULE, message, observation.place, advice)


def check_provenance(
    name: str, provenance: Provenance | None, place: Place, library: Library, findings: Findings
) -> None:
    """Report a number without a source, or with one that is not there."""
    if provenance is None:
        advice = 'add read KEY "locator"; or derived ... because "how"; or assumed "reason";'
        findings.error(Code.UNSOURCED_NUMBER, f'"{name}" has no source', place, advice)
        return
    for citation in provenance.citations:
        if citation.key not in library.sources:
            message = f'unknown source "{citation.key}"'
            advice = nearest(citation.key, library.sources)
            findings.error(Code.UNKNOWN_SOURCE, message, citation.place, advice)


# ---- assemblies


def _check_assembly(
    assembly: Assembly,
    library: Library,
    choices: Mapping[str, str],
    findings: Findings,
    *,
    flat: bool,
) -> None:
    trial = Findings()
    for bound in assembly.supports:
        check_provenance(f"support of {bound.name}", bound.provenance, bound.place, library, trial)
    _duplicate_slots(assembly, trial)
    modules = _chosen(assembly, library, choices, trial)
    if not len(trial):
        _check_wires(assembly, modules, library, trial)
        _check_owners(modules, trial)
        _check_names(assembly, modules, trial)
    if not len(trial) and flat:
        _check_flat(flatten(assembly, library, choices), trial)
    for finding in trial.sorted():
        findings.error(finding.code, finding.message, finding.place, finding.advice)


def _duplicate_slots(assembly: Assembly, findings: Findings) -> None:
    first: dict[str, Place] = {}
    for use in assembly.uses:
        _again("slot", use.alias, use.place, first, findings)
    _duplicates(assembly.drugs, "drug", findings)
    _duplicates(assembly.lifestyles, "lifestyle", findings)
    _duplicates(assembly.targets, "target", findings)


def _chosen(
    assembly: Assembly, library: Library, choices: Mapping[str, str], findings: Findings
) -> dict[str, Module]:
    """Slot -> module that stands there."""
    aliases = {use.alias: use for use in assembly.uses}
    for alias, chosen in choices.items():
        if alias not in aliases:
            message = f'the model "{assembly.name}" has no slot "{alias}"'
            findings.error(Code.UNKNOWN_NAME, message, assembly.place, nearest(alias, aliases))
        elif chosen not in aliases[alias].modules:
            _not_a_rival(aliases[alias], chosen, library, findings)
    modules = {}
    for use in assembly.uses:
        for name in use.modules:
            if name not in library.modules:
                message = f'unknown module "{name}"'
                findings.error(
                    Code.UNKNOWN_MODULE, message, use.place, nearest(name, library.modules)
                )
        name = choices.get(use.alias, use.module)
        if name in library.modules:
            modules[use.alias] = library.modules[name]
    return modules


def _not_a_rival(use: Use, chosen: str, library: Library, findings: Findings) -> None:
    known = use.modules
    where = f", defined at {library.modules[chosen].place}" if chosen in library.modules else ""
    message = f'"{chosen}"{where} is not among the modules of slot "{use.alias}"'
    findings.error(Code.BAD_PORT, message, use.place, nearest(chosen, known))


def _split(path: str) -> tuple[str, str]:
    alias, _, name = path.partition(".")
    return alias, name


def _check_wires(
    assembly: Assembly, modules: Mapping[str, Module], library: Library, findings: Findings
) -> None:
    """Each in-port is fed; what goes to an in-port that only another module of the slot has is left aside."""
    ports = {f"{a}.{port.name}": port for a, m in modules.items() for port in m.inputs}
    others = frozenset(
        f"{use.alias}.{port.name}"
        for use in assembly.uses
        for name in use.modules
        for port in library.modules[name].inputs
    ).difference(ports)
    fed: dict[str, Place] = {}
    wires: dict[tuple[str, str], Place] = {}
    for wire in assembly.connections:
        origin = _out_port(wire.origin, wire.place, modules, findings)
        if wire.goal in others:
            continue
        goal = _in_port(wire.goal, wire.place, ports, findings)
        if goal is None:
            continue
        earlier = wires.get((wire.origin, wire.goal)) if goal.sum else fed.get(wire.goal)
        if earlier is not None:
            message = f'the in-port "{wire.goal}" is fed twice'
            findings.error(Code.BAD_PORT, message, wire.place, f"first at {earlier}")
        fed.setdefault(wire.goal, wire.place)
        wires[wire.origin, wire.goal] = wire.place
        if origin is None:
            continue
        module, port = origin
        unit = _unit_of(module, port.name)
        if unit is not None and (unit[0] != goal.unit.dimension or unit[1] != goal.unit.factor):
            message = f'"{wire.origin}" ({unit[2]}, {port.place}) and "{wire.goal}" ({goal.unit}, {goal.place})'
            findings.error(
                Code.BAD_PORT, f"{message} differ in unit", wire.place, "give both one unit"
            )
        if port.meaning != goal.meaning:
            message = (
                f'"{wire.origin}" ({port.meaning}, {port.place}) and '
                f'"{wire.goal}" ({goal.meaning}, {goal.place}) differ in meaning'
            )
            findings.error(Code.BAD_PORT, message, wire.place, "connect ports that mean the same")
    _check_holds(assembly, ports, others, fed, findings)
    for path, need in ports.items():
        if path not in fed:
            message = f'the in-port "{path}" ({need.place}) is not connected'
            advice = f"connect an output that means {need.meaning}"
            if need.rest is not None:
                advice += f", or leave it at rest: hold {path};"
            findings.error(Code.BAD_PORT, message, assembly.place, advice)


def _check_holds(
    assembly: Assembly,
    ports: Mapping[str, Input],
    others: frozenset[str],
    fed: dict[str, Place],
    findings: Findings,
) -> None:
    """In-ports that are left at rest count as fed."""
    for hold in assembly.holds:
        if hold.goal in others:
            continue
        port = _in_port(hold.goal, hold.place, ports, findings)
        if port is None:
            continue
        if hold.goal in fed:
            message = f'the in-port "{hold.goal}" is held and fed, or held twice'
            findings.error(Code.BAD_PORT, message, hold.place, f"first at {fed[hold.goal]}")
        elif port.rest is None:
            message = f'the in-port "{hold.goal}" ({port.place}) has no rest'
            findings.error(Code.BAD_PORT, message, hold.place, "connect it")
        fed.setdefault(hold.goal, hold.place)


def _in_port(
    path: str, place: Place, ports: Mapping[str, Input], findings: Findings
) -> Input | None:
    if path not in ports:
        message = f'no in-port is called "{path}"'
        findings.error(Code.BAD_PORT, message, place, nearest(path, ports))
    return ports.get(path)


def _check_owners(modules: Mapping[str, Module], findings: Findings) -> None:
    """A state that leaves a module belongs to that module alone."""
    owners: dict[str, tuple[str, Place]] = {}
    for alias, module in sorted(modules.items()):
        states = {species.name for species in module.species}
        for port in module.outputs:
            if port.name not in states:
                continue
            path = f"{alias}.{port.name}"
            if port.meaning in owners:
                other, place = owners[port.meaning]
                message = f'"{other}" ({place}) and "{path}" ({port.place}) are both the state {port.meaning}'
                findings.error(Code.BAD_PORT, message, port.place, "use one of the two modules")
            owners.setdefault(port.meaning, (path, port.place))


def _out_port(
    path: str, place: Place, modules: Mapping[str, Module], findings: Findings
) -> tuple[Module, Output] | None:
    alias, name = _split(path)
    ports = {port.name: port for port in modules[alias].outputs} if alias in modules else {}
    if name in ports:
        return modules[alias], ports[name]
    known = [f"{a}.{port.name}" for a, module in modules.items() for port in module.outputs]
    message = f'no out-port is called "{path}"'
    findings.error(Code.BAD_PORT, message, place, nearest(path, known))
    return None


def _unit_of(module: Module, name: str) -> tuple[object, float, str] | None:
    units = {one.name: one.unit for one in module.species}
    units |= {one.name: one.unit for one in module.quantities}
    units |= {one.name: one.value.unit for one in module.parameters}
    unit = units.get(name)
    return None if unit is None else (unit.dimension, unit.factor, unit.text)


def _check_names(assembly: Assembly, modules: Mapping[str, Module], findings: Findings) -> None:
    routes = [f"{a}.{route.name}" for a, module in modules.items() for route in module.routes]
    known = []
    for alias, module in modules.items():
        known += [f"{alias}.{one.name}" for one in module.species]
        known += [f"{alias}.{one.name}" for one in module.quantities]
        known += [f"{alias}.{one.name}" for one in module.parameters]
    for drug in assembly.drugs:
        if drug.route not in routes:
            message = f'no route is called "{drug.route}"'
            findings.error(Code.UNKNOWN_NAME, message, drug.place, nearest(drug.route, routes))
    for lifestyle in assembly.lifestyles:
        if lifestyle.parameter not in known:
            message = f'no parameter is called "{lifestyle.parameter}"'
            advice = nearest(lifestyle.parameter, known)
            findings.error(Code.UNKNOWN_NAME, message, lifestyle.place, advice)
    asked = [(one.quantity, one.place) for one in assembly.targets]
    asked += [(one.quantity, one.place) for one in assembly.shown]
    asked += [(one.level.quantity, one.place) for one in assembly.drugs if one.level is not None]
    for path, place in asked:
        if path not in known:
            message = f'no quantity is called "{path}"'
            findings.error(Code.UNKNOWN_NAME, message, place, nearest(path, known))
    _check_supports(assembly, modules, known, findings)


def _check_supports(
    assembly: Assembly, modules: Mapping[str, Module], known: Sequence[str], findings: Findings
) -> None:
    for bound in assembly.supports:
        alias, name = _split(bound.name)
        if bound.name not in known:
            message = f'no quantity is called "{bound.name}"'
            findings.error(Code.UNKNOWN_NAME, message, bound.place, nearest(bound.name, known))
            continue
        unit = _unit_of(modules[alias], name)
        if unit is not None and unit[0] != bound.unit.dimension:
            message = f'the support of "{bound.name}" is in {bound.unit}'
            findings.error(Code.WRONG_UNIT, message, bound.place, f"expected {unit[2]}")


# ---- flat models


def _check_flat(model: Model, findings: Findings) -> None:
    """Loops among quantities, and states where only constants may stand."""
    formulas = {quantity.name: quantity for quantity in model.quantities}
    needs = {name: names_in(one.formula) & set(formulas) for name, one in formulas.items()}
    loop = find_loop(needs)
    if loop:
        place = formulas[loop[0]].place
        message = "quantities depend on each other in a loop: " + " > ".join(loop)
        findings.error(Code.CYCLE, message, place, "break the loop with a species or a parameter")
        return
    moving = {species.name for species in model.species} | {"time"}
    for quantity in model.quantities:
        if names_in(quantity.formula) & moving:
            moving.add(quantity.name)
    for species in model.species:
        if species.start is not None:
            _constant(names_in(species.start) & moving, "a start", species.place, findings)
    for route in model.routes:
        _constant(set(route.settings) & moving, "a setting of a route", route.place, findings)
    for bound in model.supports:
        _constant({bound.name} & moving, "a support", bound.place, findings)
    for event in model.events:
        if event.at is not None and not isinstance(event.at, Quantity):
            used = names_in(event.at) & moving
            _constant(used, "the time of an event", event.place, findings)


def _constant(moving: set[str], what: str, place: Place, findings: Findings) -> None:
    if moving:
        names = ", ".join(f'"{name}"' for name in sorted(moving))
        advice = "use parameters, and quantities of parameters"
        findings.error(
            Code.NOT_CONSTANT, f"{what} depends on {names}, which changes", place, advice
        )


def find_loop(needs: Mapping[str, set[str]]) -> list[str]:
    """A loop, from its alphabetically first name round to it again; empty if there is none."""
    left = {name: set(others) for name, others in needs.items()}
    while True:
        free = [name for name, others in left.items() if not others & set(left)]
        if not free:
            break
        for name in free:
            del left[name]
    if not left:
        return []
    path = [min(left)]
    while True:
        following = min(left[path[-1]] & set(left))
        if following in path:
            return [*path[path.index(following) :], following]
        path.append(following)
