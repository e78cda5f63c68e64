"""Dimensions of formulas, checked operation by operation; a fault is reported once, where it stands.

An unknown dimension (None) fits everything, so that one fault does not bring others after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from raphe.core.errors import Place
from raphe.core.units import DIMENSIONS, NONE, dimension_text
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
from raphe.language.findings import Code, Findings
from raphe.language.model import TIME

Dimension = tuple[Fraction, ...]
TIME_DIMENSION: Dimension = tuple(Fraction(int(name == "time")) for name in DIMENSIONS)
_LARGEST_NUMBER = 10.0


class DimensionCheck:
    """Infers dimensions in one scope of names.

    Parameters
    ----------
    names, concentrations, masses
        Dimensions of names, of `[species]` and of `molar_mass(substance)`; names that are missing are unknown.
    findings
        Takes the faults.
    """

    def __init__(
        self,
        names: Mapping[str, Dimension | None],
        concentrations: Mapping[str, Dimension | None],
        masses: Mapping[str, Dimension],
        findings: Findings,
    ) -> None:
        self._names = names
        self._concentrations = concentrations
        self._masses = masses
        self._findings = findings

    def expect(self, expression: Expression, wanted: Dimension | None, what: str) -> None:
        """Report a formula whose dimension is not the wanted one."""
        found = self.infer(expression)
        if found is not None and wanted is not None and found != wanted:
            message = f"{what} is in {dimension_text(found)}"
            advice = f"expected {dimension_text(wanted)}"
            self._findings.error(Code.WRONG_UNIT, message, expression.place, advice)

    def infer(self, expression: Expression) -> Dimension | None:
        """Dimension of a formula; None if it is unknown or fits everything."""
        match expression:
            case Number(value, place):
                return self._number(value, place)
            case Name(name):
                return TIME_DIMENSION if name == TIME else self._names.get(name)
            case Concentration(name):
                return self._concentrations.get(name)
            case MolarMass(name):
                return self._masses.get(name)
            case Negative(operand):
                return self.infer(operand)
            case Binary():
                return self._binary(expression)
            case Call():
                return self._call(expression)
            case Comparison(operator, left, right, place):
                self._same(left, right, f'"{operator}"', place)
                return NONE
            case Conditional(condition, yes, no, place):
                self.infer(condition)
                return self._same(yes, no, '"if"', place)

    def _number(self, value: float, place: Place) -> Dimension | None:
        if value != round(value) or not 0.0 <= value <= _LARGEST_NUMBER:
            advice = "make it a parameter with a source; formulas hold whole numbers from 0 to 10"
            self._findings.error(
                Code.UNSOURCED_NUMBER, f"the number {value!r} has no source", place, advice
            )
        return None if value == 0.0 else NONE

    def _same(
        self, left: Expression, right: Expression, what: str, place: Place
    ) -> Dimension | None:
        one, other = self.infer(left), self.infer(right)
        if one is None or other is None:
            return one if other is None else other
        if one != other:
            message = f"{what} joins {dimension_text(one)} and {dimension_text(other)}"
            advice = "both sides need the same dimension"
            if {one[1] - other[1], one[3] - other[3]} == {Fraction(1), Fraction(-1)}:
                advice = "mass and substance meet only through molar_mass(...)"
            self._findings.error(Code.WRONG_UNIT, message, place, advice)
            return None
        return one

    def _binary(self, one: Binary) -> Dimension | None:
        if one.operator in "+-":
            return self._same(one.left, one.right, f'"{one.operator}"', one.place)
        if one.operator == "^":
            return self._power(one)
        left, right = self.infer(one.left), self.infer(one.right)
        if left is None or right is None:
            return None
        sign = 1 if one.operator == "*" else -1
        return tuple(a + sign * b for a, b in zip(left, right, strict=True))

    def _power(self, one: Binary) -> Dimension | None:
        base = self.infer(one.left)
        exponent = one.right.operand if isinstance(one.right, Negative) else one.right
        if isinstance(exponent, Number) and exponent.value == round(exponent.value):
            self._number(exponent.value, exponent.place)
            sign = -1 if isinstance(one.right, Negative) else 1
            return None if base is None else tuple(a * int(sign * exponent.value) for a in base)
        self.expect(one.right, NONE, "the exponent")
        if base is not None and base != NONE:
            message = f'"^" raises {dimension_text(base)} to a power that is not a whole number'
            self._findings.error(Code.WRONG_UNIT, message, one.place, "divide by a reference first")
        return NONE

    def _call(self, one: Call) -> Dimension | None:
        if one.function in ("min", "max"):
            return self._same(one.arguments[0], one.arguments[1], f'"{one.function}"', one.place)
        if one.function == "abs":
            return self.infer(one.arguments[0])
        if one.function == "sqrt":
            inner = self.infer(one.arguments[0])
            return None if inner is None else tuple(a / 2 for a in inner)
        self.expect(one.arguments[0], NONE, f'the argument of "{one.function}"')
        return NONE
