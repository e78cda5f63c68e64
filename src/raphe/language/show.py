"""Model -> text and tables: formulas as the language writes them, parameters with their sources."""

from __future__ import annotations

from dataclasses import dataclass

from raphe.core.draws import describe
from raphe.core.sources import Provenance
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
)
from raphe.language.model import Model, Parameter

_STRENGTH = {"+": 1, "-": 1, "*": 2, "/": 2, "^": 4}
_NEGATIVE = 3
_ATOM = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterRow:
    """A parameter in words, for a table."""

    name: str
    meaning: str
    value: str
    unit: str
    people: str
    uncertainty: str
    status: str
    citations: str
    note: str


def parameter_rows(model: Model) -> tuple[ParameterRow, ...]:
    """A row for each parameter of a model, in the order of their names."""
    return tuple(row_of(parameter) for parameter in model.parameters)


def row_of(parameter: Parameter) -> ParameterRow:
    """A parameter in words."""
    unit, origin = parameter.value.unit.text, parameter.provenance
    return ParameterRow(
        name=parameter.name,
        meaning=parameter.meaning,
        value=f"{parameter.value.value:g}",
        unit=unit,
        people=_between(parameter, unit),
        uncertainty="" if parameter.uncertainty is None else describe(parameter.uncertainty, unit),
        status="" if origin is None else origin.status.value,
        citations=_citations(origin),
        note="" if origin is None else origin.note,
    )


def _between(parameter: Parameter, unit: str) -> str:
    """How people differ, and one person from occasion to occasion."""
    people, changes = parameter.people, parameter.occasions
    told = [] if people is None else [describe(people, unit)]
    if changes is not None:
        told.append(f"within a person {describe(changes.spread, unit)} each {changes.each.value}")
    return ", ".join(told)


def origin_of(origin: Provenance | None) -> tuple[str, str]:
    """Where a number comes from: its status, and its citations with the reason."""
    if origin is None:
        return "", ""
    parts = (_citations(origin), origin.note)
    return origin.status.value, "; ".join(part for part in parts if part)


def _citations(origin: Provenance | None) -> str:
    citations = () if origin is None else origin.citations
    return "; ".join(f"{one.key}, {one.locator}" for one in citations)


def expression_text(expression: Expression) -> str:
    """A formula as the language writes it, with no more brackets than it needs.

    Parameters
    ----------
    expression
        Any formula.

    Returns
    -------
    str
        Reads back to an equal formula.
    """
    return _text(expression)[0]


def expression_latex(expression: Expression) -> str:
    """A formula in LaTeX, with names upright."""
    return _latex(expression)[0]


def _latex(node: Expression) -> tuple[str, int]:
    """LaTeX and how strongly it holds together."""

    def inside(part: Expression, least: int) -> str:
        text, strength = _latex(part)
        return text if strength >= least else rf"\left({text}\right)"

    match node:
        case Number(value):
            return (str(int(value)) if value == int(value) else repr(value)), _ATOM
        case Name(name):
            return latex_name(name), _ATOM
        case Concentration(name):
            return rf"\left[{latex_name(name)}\right]", _ATOM
        case MolarMass(name):
            return rf"M_{{{latex_name(name)}}}", _ATOM
        case Negative(operand):
            return "-" + inside(operand, _NEGATIVE), _NEGATIVE
        case Binary("/", left, right):
            return rf"\frac{{{_latex(left)[0]}}}{{{_latex(right)[0]}}}", _ATOM
        case Binary("^", left, right):
            return f"{inside(left, _ATOM)}^{{{_latex(right)[0]}}}", _STRENGTH["^"]
        case Binary("*", left, right):
            strength = _STRENGTH["*"]
            return rf"{inside(left, strength)} \cdot {inside(right, strength)}", strength
        case Binary(operator, left, right):
            strength = _STRENGTH[operator]
            return f"{inside(left, strength)} {operator} {inside(right, strength + 1)}", strength
        case Call(function, arguments):
            parts = ", ".join(_latex(argument)[0] for argument in arguments)
            return rf"\operatorname{{{function}}}\left({parts}\right)", _ATOM
        case Comparison(operator, left, right):
            sign = {"<=": r"\le", ">=": r"\ge"}.get(operator, operator)
            return f"{_latex(left)[0]} {sign} {_latex(right)[0]}", 0
        case Conditional(condition, yes, no):
            chosen, other = _latex(yes)[0], _latex(no)[0]
            cases = rf"{chosen} & {_latex(condition)[0]} \\ {other} & \text{{else}}"
            return rf"\begin{{cases}} {cases} \end{{cases}}", _ATOM


def latex_name(name: str) -> str:
    """A name, upright, with its underscores."""
    return rf"\mathrm{{{name.replace('_', chr(92) + '_')}}}"


def _text(node: Expression) -> tuple[str, int]:
    """Text and how strongly it holds together."""
    match node:
        case Number(value):
            return (str(int(value)) if value == int(value) else repr(value)), _ATOM
        case Name(name):
            return name, _ATOM
        case Concentration(name):
            return f"[{name}]", _ATOM
        case MolarMass(name):
            return f"molar_mass({name})", _ATOM
        case Negative(operand):
            return "-" + _inside(operand, _NEGATIVE), _NEGATIVE
        case Binary(operator, left, right):
            return _binary(operator, left, right)
        case Call(function, arguments):
            return f"{function}({', '.join(expression_text(a) for a in arguments)})", _ATOM
        case Comparison(operator, left, right):
            return f"{expression_text(left)} {operator} {expression_text(right)}", 0
        case Conditional(condition, yes, no):
            parts = ", ".join(expression_text(part) for part in (condition, yes, no))
            return f"if({parts})", _ATOM


def _inside(node: Expression, least: int) -> str:
    text, strength = _text(node)
    return text if strength >= least else f"({text})"


def _binary(operator: str, left: Expression, right: Expression) -> tuple[str, int]:
    strength = _STRENGTH[operator]
    if operator == "^":
        return f"{_inside(left, _ATOM)} ^ {_inside(right, _NEGATIVE)}", strength
    return f"{_inside(left, strength)} {operator} {_inside(right, strength + 1)}", strength
