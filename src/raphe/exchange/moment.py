"""Formulas as they stand at one moment: states and time replaced by what they are then. Knows nothing of SBML."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from raphe.language.expression import (
    Binary,
    Call,
    Comparison,
    Conditional,
    Expression,
    Name,
    Negative,
    Number,
    walk,
)
from raphe.language.model import AssignedQuantity, Derivative


def mapped(expression: Expression, change: Callable[[Expression], Expression | None]) -> Expression:
    """A formula in which some parts are replaced: where `change` gives one, its parts are not looked at."""
    replaced = change(expression)
    if replaced is not None:
        return replaced
    match expression:
        case Negative(operand, place):
            return Negative(mapped(operand, change), place)
        case Binary(operator, left, right, place):
            return Binary(operator, mapped(left, change), mapped(right, change), place)
        case Call(function, arguments, place):
            return Call(function, tuple(mapped(one, change) for one in arguments), place)
        case Comparison():
            return mapped_comparison(expression, change)
        case Conditional(condition, yes, no, place):
            inner = mapped_comparison(condition, change)
            return Conditional(inner, mapped(yes, change), mapped(no, change), place)
    return expression


def mapped_comparison(
    one: Comparison, change: Callable[[Expression], Expression | None]
) -> Comparison:
    """A comparison in which some parts are replaced."""
    return Comparison(one.operator, mapped(one.left, change), mapped(one.right, change), one.place)


def named(expression: Expression) -> set[str]:
    """Names that a formula refers to, time too."""
    return {node.name for node in walk(expression) if isinstance(node, Name)}


def depending(formulas: Mapping[str, Expression], names: Collection[str]) -> set[str]:
    """Some names, and all those whose formulas refer to them, directly or not."""
    readers: dict[str, list[str]] = {}
    for name, formula in formulas.items():
        for one in named(formula):
            readers.setdefault(one, []).append(name)
    found: set[str] = set()
    pending = list(names)
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += readers.get(name, ())
    return found


def resting(derivatives: Iterable[Derivative]) -> set[str]:
    """States that only events change."""
    return {
        one.species for one in derivatives if isinstance(one.rate, Number) and one.rate.value == 0.0
    }


class Moment:
    """Rewrites formulas for one moment.

    Parameters
    ----------
    values
        Name of a state, or time -> what it is then.
    quantities
        By name. Those that depend on the states get a twin, which `made` holds, named by a suffix.
    suffix
        Of the twins.
    """

    def __init__(
        self,
        values: Mapping[str, Expression],
        quantities: Mapping[str, AssignedQuantity],
        suffix: str,
    ) -> None:
        self.made: dict[str, AssignedQuantity] = {}
        self._values = values
        self._quantities = quantities
        self._suffix = suffix
        formulas = {name: one.formula for name, one in quantities.items()}
        self._moving = depending(formulas, values)

    def formula(self, expression: Expression) -> Expression:
        """A formula as it stands at the moment."""
        return mapped(expression, self._change)

    def comparison(self, one: Comparison) -> Comparison:
        """A comparison as it stands at the moment."""
        return mapped_comparison(one, self._change)

    def _change(self, node: Expression) -> Expression | None:
        if not isinstance(node, Name) or node.name not in self._moving:
            return None
        if node.name in self._values:
            return self._values[node.name]
        twin = f"{node.name}.{self._suffix}"
        if twin not in self.made and twin not in self._quantities:
            quantity = self._quantities[node.name]
            kept = AssignedQuantity(
                name=twin, unit=quantity.unit, formula=quantity.formula, place=quantity.place
            )
            self.made[twin] = (
                kept  # first, so that a loop ends; it is found when all are put in order
            )
            self.made[twin] = AssignedQuantity(
                name=twin,
                unit=quantity.unit,
                formula=self.formula(quantity.formula),
                place=quantity.place,
            )
        return Name(twin, node.place)
