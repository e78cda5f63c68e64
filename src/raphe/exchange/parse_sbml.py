"""SBML bytes on standard input -> plain JSON on standard output: the child process of `sbml`, and the only libsbml.

It is started as a program of its own, since libsbml is C++ that a malformed file can crash, and it imports nothing of
ours. Formulas go out as flat lists in postfix order, so that no depth of nesting can trouble who reads them. It judges
nothing: what raphe cannot do is refused by `translate`, which knows why.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from typing import Any

import libsbml

if sys.platform != "win32":
    import resource

Data = dict[str, Any]
_PREFIXES = (
    "AST_FUNCTION_",
    "AST_LOGICAL_",
    "AST_RELATIONAL_",
    "AST_CONSTANT_",
    "AST_NAME_",
    "AST_",
)
_NUMBERS = (libsbml.AST_INTEGER, libsbml.AST_REAL, libsbml.AST_REAL_E, libsbml.AST_RATIONAL)
_UNCHECKED = (libsbml.LIBSBML_CAT_MODELING_PRACTICE, libsbml.LIBSBML_CAT_SBO_CONSISTENCY)
_MOST_PROBLEMS = 1000
_LONGEST = 300
_OWN_MATH = "l3v2extendedmath"  # what Level 3 Version 2 added to formulas, which libsbml takes for a package


def _operators() -> dict[int, str]:
    """Type of a syntax tree's node -> its name in MathML."""
    found: dict[int, str] = {}
    for prefix in _PREFIXES:
        for name in dir(libsbml):
            if name.startswith(prefix) and isinstance(getattr(libsbml, name), int):
                found.setdefault(getattr(libsbml, name), name.removeprefix(prefix).lower())
    return found | {libsbml.AST_FUNCTION_POWER: "power", libsbml.AST_CONSTANT_E: "exponentiale"}


_OPERATORS = _operators()


def _number(value: float) -> float | str:
    """A number that JSON can hold; what is not finite goes as text."""
    return value if math.isfinite(value) else repr(value)


def _optional(given: Any, value: float) -> float | str | None:
    return _number(value) if given else None


def _formula(tree: Any) -> list[list[Any]] | None:
    """A formula in postfix order; None if there is none."""
    if tree is None:
        return None
    tokens, pending = [], [tree]
    while pending:
        node = pending.pop()
        count = node.getNumChildren()
        kind = node.getType()
        if kind in _NUMBERS:
            tokens.append(["number", _number(node.getValue())])
        elif kind == libsbml.AST_NAME:
            tokens.append(["name", node.getName()])
        elif kind == libsbml.AST_FUNCTION:
            tokens.append(["call", node.getName(), count])
        else:
            tokens.append(["apply", _OPERATORS.get(kind, f"operator {kind}"), count])
        pending += [node.getChild(position) for position in range(count)]
    return tokens[::-1]


def _each(things: Any) -> Iterator[Any]:
    """The items of a list of libsbml."""
    for position in range(things.size()):
        yield things.get(position)


def _head(thing: Any) -> Data:
    """Identifier, name and place."""
    place = [thing.getLine(), thing.getColumn()]
    return {"id": thing.getIdAttribute(), "name": thing.getName(), "place": place}


def _unit(model: Any, thing: Any) -> str:
    """The unit that is declared for a thing, in words; empty if none is."""
    text = thing.getUnits() if hasattr(thing, "getUnits") else thing.getSubstanceUnits()
    declared = model.getUnitDefinition(text) if text else None
    return str(text if declared is None else libsbml.UnitDefinition.printUnits(declared, True))


def _compartment(model: Any, one: Any) -> Data:
    return {
        **_head(one),
        "size": _optional(one.isSetSize(), one.getSize()),
        "dimensions": _number(one.getSpatialDimensionsAsDouble()),
        "constant": one.getConstant(),
        "unit": _unit(model, one),
    }


def _species(model: Any, one: Any) -> Data:
    return {
        **_head(one),
        "compartment": one.getCompartment(),
        "amount": _optional(one.isSetInitialAmount(), one.getInitialAmount()),
        "concentration": _optional(one.isSetInitialConcentration(), one.getInitialConcentration()),
        "only_substance": one.getHasOnlySubstanceUnits(),
        "boundary": one.getBoundaryCondition(),
        "constant": one.getConstant(),
        "conversion": one.getConversionFactor(),
        "unit": _unit(model, one),
    }


def _parameter(model: Any, one: Any) -> Data:
    value = _optional(one.isSetValue(), one.getValue())
    constant = one.getConstant() if one.getTypeCode() == libsbml.SBML_PARAMETER else True
    return {**_head(one), "value": value, "constant": constant, "unit": _unit(model, one)}


def _function(one: Any) -> Data:
    arguments = [one.getArgument(position).getName() for position in range(one.getNumArguments())]
    return {**_head(one), "arguments": arguments, "formula": _formula(one.getBody())}


def _assigned(symbol: str, one: Any) -> Data:
    """What sets a symbol: an initial assignment, a rule, an assignment of an event."""
    return {**_head(one), "symbol": symbol, "formula": _formula(one.getMath())}


def _rule(one: Any) -> Data:
    kind = "assignment" if one.isAssignment() else "rate" if one.isRate() else "algebraic"
    return {**_assigned(one.getVariable(), one), "kind": kind}


def _participant(one: Any) -> Data:
    formula = one.getStoichiometryMath().getMath() if one.isSetStoichiometryMath() else None
    set_ = one.isSetStoichiometry() or one.getLevel() < 3
    return {
        **_head(one),
        "species": one.getSpecies(),
        "count": _optional(set_, one.getStoichiometry()),
        "constant": one.getConstant() if one.getLevel() > 2 else True,
        "formula": _formula(formula),
    }


def _reaction(model: Any, one: Any) -> Data:
    law = one.getKineticLaw()
    local = [] if law is None else [*_each(law.getListOfParameters())]
    local += [] if law is None else [*_each(law.getListOfLocalParameters())]
    named = {parameter.getIdAttribute(): parameter for parameter in local}
    return {
        **_head(one),
        "fast": bool(one.isSetFast() and one.getFast()),
        "reactants": [_participant(part) for part in _each(one.getListOfReactants())],
        "products": [_participant(part) for part in _each(one.getListOfProducts())],
        "parameters": [_parameter(model, parameter) for parameter in named.values()],
        "formula": None if law is None else _formula(law.getMath()),
    }


def _event(one: Any) -> Data:
    trigger = one.getTrigger()
    delay, priority = one.getDelay(), one.getPriority()
    return {
        **_head(one),
        "trigger": None if trigger is None else _formula(trigger.getMath()),
        "initially": True if trigger is None or one.getLevel() < 3 else trigger.getInitialValue(),
        "delay": None if delay is None else _formula(delay.getMath()),
        "priority": None if priority is None else _formula(priority.getMath()),
        "assignments": [
            _assigned(a.getVariable(), a) for a in _each(one.getListOfEventAssignments())
        ],
    }


def _problems(document: Any) -> list[Data]:
    """What libsbml finds wrong."""
    found = []
    for position in range(min(document.getNumErrors(), _MOST_PROBLEMS)):
        one = document.getError(position)
        *_, detail = one.getMessage().strip().rpartition("Reference:")
        found.append(
            {
                "place": [one.getLine(), one.getColumn()],
                "severity": one.getSeverityAsString(),
                "category": one.getCategoryAsString(),
                "number": one.getErrorId(),
                "message": " ".join(one.getShortMessage().split()),
                "detail": " ".join(detail.split())[:_LONGEST],
            }
        )
    return found


def _packages(document: Any) -> list[str]:
    """Packages without which the document cannot be understood; Level 2 has none."""
    if document.getLevel() < 3:
        return []
    names = [document.getPlugin(k).getPackageName() for k in range(document.getNumPlugins())]
    names = [name for name in names if document.getPackageRequired(name) and name != _OWN_MATH]
    for position in range(document.getNumUnknownPackages()):
        prefix = document.getUnknownPackagePrefix(position)
        if document.getPackageRequired(prefix):
            names.append(prefix)
    return names


def read(text: str) -> Data:
    """Read a document.

    Parameters
    ----------
    text
        SBML.

    Returns
    -------
    dict
        Plain data, as the functions above write it; without "model" if libsbml could not read the document.
    """
    document = libsbml.readSBMLFromString(text)
    data = {"level": document.getLevel(), "version": document.getVersion()}
    model = document.getModel()
    if document.getNumErrors(libsbml.LIBSBML_SEV_FATAL) or model is None:
        return {**data, "problems": _problems(document), "packages": []}
    for category in _UNCHECKED:
        document.setConsistencyChecks(category, False)
    document.checkConsistency()
    return {
        **data,
        "problems": _problems(document),
        "packages": _packages(document),
        "model": {
            **_head(model),
            "time": model.getTimeUnits() if document.getLevel() > 2 else _old_time(model),
            "conversion": model.getConversionFactor(),
            "compartments": [_compartment(model, o) for o in _each(model.getListOfCompartments())],
            "species": [_species(model, one) for one in _each(model.getListOfSpecies())],
            "parameters": [_parameter(model, one) for one in _each(model.getListOfParameters())],
            "functions": [_function(one) for one in _each(model.getListOfFunctionDefinitions())],
            "starts": [
                _assigned(one.getSymbol(), one)
                for one in _each(model.getListOfInitialAssignments())
            ],
            "rules": [_rule(one) for one in _each(model.getListOfRules())],
            "reactions": [_reaction(model, one) for one in _each(model.getListOfReactions())],
            "events": [_event(one) for one in _each(model.getListOfEvents())],
            "constraints": [_head(one) for one in _each(model.getListOfConstraints())],
        },
    }


def _old_time(model: Any) -> str:
    """The unit of time in Level 2, where it is the second unless a definition says otherwise."""
    declared = model.getUnitDefinition("time")
    if declared is None:
        return "second"
    return str(libsbml.UnitDefinition.printUnits(declared, True))


def main() -> None:
    """Read within limits: memory in bytes and processor time in seconds are the two arguments."""
    memory, seconds = int(sys.argv[1]), int(sys.argv[2])
    if sys.platform != "win32":
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    data = read(sys.stdin.buffer.read().decode("utf-8"))
    sys.stdout.write(json.dumps(data, allow_nan=False))


if __name__ == "__main__":
    main()
