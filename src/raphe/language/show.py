"""Model -> text and tables: formulas as the language writes them, parameters with their sources."""

from __future__ import annotations

from dataclasses import dataclass

from raphe.core.draws import describe
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
    return tuple(_row(parameter) for parameter in model.parameters)


def _row(parameter: Parameter) -> ParameterRow:
    unit, origin = parameter.value.unit.text, parameter.provenance
    citations = () if origin is None else origin.citations
    return ParameterRow(
        name=parameter.name,
        meaning=parameter.meaning,
        value=f"{parameter.value.value:g}",
        unit=unit,
        people="" if parameter.people is None else describe(parameter.people, unit),
        uncertainty="" if parameter.uncertainty is None else describe(parameter.uncertainty, unit),
        status="" if origin is None else origin.status.value,
        citations="; ".join(f"{one.key}, {one.locator}" for one in citations),
        note="" if origin is None else origin.note,
    )


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
