"""Model -> SBML level 3 version 2: base units, rate rules, and what depends on parameters alone as constants."""

from __future__ import annotations

from dataclasses import dataclass

import libsbml
import numpy as np
from benchmarks.records import Case, FloatArray, Workload

from raphe.language.expression import (
    Binary,
    Call,
    Comparison,
    Conditional,
    Expression,
    Name,
    Negative,
    Number,
    evaluate,
    walk,
)
from raphe.language.model import TIME, Model

_RELATIONS = {"<": "<", "<=": "<=", ">": ">", ">=": ">="}


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A model as SBML.

    Parameters
    ----------
    text
        The document.
    constants
        Names in the document of everything that differs between subjects.
    states, outputs
        Names in the document, in the order of the program.
    """

    text: str
    constants: tuple[str, ...]
    states: tuple[str, ...]
    outputs: tuple[str, ...]


def identifier(name: str) -> str:
    """A name that SBML allows."""
    return name.replace(".", "__")


def export(workload: Workload) -> Exported:
    """Write a workload's model.

    Quantities that depend on parameters alone become constants, whose values `constants` works out beforehand, so that
    a simulator need not compute them in every step.
    """
    model, layout = workload.model, workload.program.layout
    fixed = _fixed(workload)
    document = libsbml.SBMLDocument(3, 2)
    target = document.createModel()
    target.setId(identifier(model.name))
    for name in fixed:
        _constant(target, name, constant=True)
    used = _used(workload)
    moving = [q for q in model.quantities if q.name in used and q.name not in fixed]
    for name in (*layout.states, *(quantity.name for quantity in moving)):
        _constant(target, name, constant=False)
    for quantity in moving:
        rule = target.createAssignmentRule()
        rule.setVariable(identifier(quantity.name))
        rule.setMath(_math(quantity.formula))
    for derivative in model.derivatives:
        if derivative.species in layout.states:
            rule = target.createRateRule()
            rule.setVariable(identifier(derivative.species))
            rule.setMath(_math(derivative.rate))
    return Exported(
        text=libsbml.writeSBMLToString(document),
        constants=tuple(map(identifier, fixed)),
        states=tuple(map(identifier, layout.states)),
        outputs=tuple(map(identifier, layout.outputs)),
    )


def constants(case: Case) -> tuple[FloatArray, FloatArray]:
    """Values of `Exported.constants` and the initial states of each subject."""
    model, layout = case.workload.model, case.workload.program.layout
    fixed = _fixed(case.workload)
    known = set(_static(model))
    starts = {species.name: species.start for species in model.species}
    table, begin = [], []
    for row in case.parameters:
        values = dict(zip(layout.parameters, map(float, row), strict=True))
        for quantity in model.quantities:
            if quantity.name in known:
                values[quantity.name] = evaluate(quantity.formula, values)
        table.append([values[name] for name in fixed])
        wanted = [starts[name] for name in layout.states]
        begin.append([0.0 if formula is None else evaluate(formula, values) for formula in wanted])
    return np.array(table), np.array(begin)


def _fixed(workload: Workload) -> list[str]:
    """Parameters and quantities that do not move, as far as the program needs them."""
    used = _used(workload)
    return [name for name in _static(workload.model) if name in used]


def _static(model: Model) -> list[str]:
    """Parameters, and quantities that depend on nothing else."""
    found = dict.fromkeys(parameter.name for parameter in model.parameters)
    for quantity in model.quantities:
        names = [node.name for node in walk(quantity.formula) if isinstance(node, Name)]
        if all(name in found for name in names):
            found[quantity.name] = None
    return list(found)


def _used(workload: Workload) -> set[str]:
    """Names that the rates of the program's states, or its outputs, depend on."""
    model, layout = workload.model, workload.program.layout
    formulas = {quantity.name: quantity.formula for quantity in model.quantities}
    rates = {one.species: one.rate for one in model.derivatives if one.species in layout.states}
    pending, found = [*layout.outputs, *layout.states], set()
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            formulas_here = [book[name] for book in (formulas, rates) if name in book]
            pending += [n.name for f in formulas_here for n in walk(f) if isinstance(n, Name)]
    return found


def _constant(target: libsbml.Model, name: str, *, constant: bool) -> None:
    parameter = target.createParameter()
    parameter.setId(identifier(name))
    parameter.setConstant(constant)
    parameter.setValue(0.0)


def _math(expression: Expression) -> libsbml.ASTNode:
    text = formula(expression)
    node = libsbml.parseL3Formula(text)
    if node is None:
        raise ValueError(f"SBML cannot say {text}: {libsbml.getLastParseL3Error()}")
    return node


def formula(expression: Expression) -> str:
    """A formula as SBML level 3 text."""
    match expression:
        case Number(value):
            return repr(value)
        case Name(name):
            return "time" if name == TIME else identifier(name)
        case Negative(operand):
            return f"(-{formula(operand)})"
        case Binary(operator, left, right):
            return f"({formula(left)} {operator} {formula(right)})"
        case Call(function, arguments):
            return f"{function}({', '.join(map(formula, arguments))})"
        case Comparison(operator, left, right):
            return f"({formula(left)} {_RELATIONS[operator]} {formula(right)})"
        case Conditional(condition, yes, no):
            return f"piecewise({formula(yes)}, {formula(condition)}, {formula(no)})"
    raise TypeError(f"composition left {expression!r} in a formula")
