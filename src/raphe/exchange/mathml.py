"""Formulas of SBML, in postfix order -> Expression: functions inlined, numbers made into parameters.

Truth is 1 or 0 here. `sin`, `cos` and `floor` stay calls, which `clocks` takes away. Knows nothing of species or rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from raphe.core.errors import Place, nearest
from raphe.language.expression import (
    Binary,
    Call,
    Comparison,
    Conditional,
    Expression,
    Name,
    Negative,
    Number,
)
from raphe.language.findings import Code, Findings
from raphe.language.formulas import MAX_DEPTH
from raphe.language.model import TIME

AVOGADRO = 6.02214179e23  # as SBML Level 3 Version 1 defines its symbol (section 3.4.6), not as measured since
PI = 3.141592653589793
E = 2.718281828459045
MAX_NODES = 20_000
_LARGEST_NUMBER = 10.0  # whole numbers up to here may stand in formulas
_MAX_CALLS = 50
_EQUAL = 1e-12  # part of its size by which a number may exceed another and count as equal
_RELATIONS = {"lt": "<", "leq": "<=", "gt": ">", "geq": ">="}
_ARITHMETIC = {"plus": "+", "times": "*", "minus": "-", "divide": "/", "power": "^"}
_SAME = ("exp", "ln", "tanh", "abs", "sin", "cos", "floor")
_NUMBERS = {"pi": PI, "exponentiale": E, "avogadro": AVOGADRO}

Tokens = Sequence[Sequence[Any]]
NameNumber = Callable[[str, float, Place], str]


@dataclass(frozen=True, slots=True)
class Item:
    """A formula under construction, how large it is, and whether it is true or false rather than a number."""

    expression: Expression
    nodes: int = 1
    depth: int = 1
    truth: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function definition."""

    arguments: tuple[str, ...]
    body: Tokens


class MathError(Exception):
    """A formula that cannot be taken over: code, what is wrong, advice."""

    def __init__(self, code: Code, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.advice = advice


@dataclass(frozen=True, slots=True, kw_only=True)
class Formulas:
    """Makes formulas in one document.

    Parameters
    ----------
    names
        Identifier -> name in the model, for everything that formulas may name.
    functions
        Function definitions by identifier.
    number
        Makes a parameter of (owner, value, place), and tells its name.
    findings
        Takes what is wrong.
    """

    names: Mapping[str, str]
    functions: Mapping[str, Function]
    number: NameNumber
    findings: Findings

    def make(
        self,
        tokens: Tokens | None,
        owner: str,
        place: Place,
        local: Mapping[str, str] | None = None,
    ) -> Expression:
        """Make a formula.

        Parameters
        ----------
        tokens
            In postfix order; None for a formula that the document lacks.
        owner
            What the formula belongs to; its numbers are named after it.
        place
            Where that stands.
        local
            Identifier -> name, for what only this formula can name.

        Returns
        -------
        Expression
            0 if something is wrong with it, which is then among the findings.
        """
        scope = {**self.names, **(local or {})}
        try:
            return self._build(tokens, _Scope(owner, place, scope, {}, ())).expression
        except MathError as error:
            message = f'in "{owner}": {error.message}'
            self.findings.error(error.code, message, place, error.advice)
            return Number(0.0, place)

    def constant(self, value: float, owner: str, place: Place) -> Expression:
        """A number: written out if it is whole and small, else a parameter."""
        if value < 0.0:
            return Negative(self.constant(-value, owner, place), place)
        if value == round(value) and value <= _LARGEST_NUMBER:
            return Number(value, place)
        return Name(self.number(owner, value, place), place)

    def _build(self, tokens: Tokens | None, scope: _Scope) -> Item:
        if tokens is None:
            raise MathError(Code.NO_VALUE, "the formula is missing")
        stack: list[Item] = []
        for token in tokens:
            match token:
                case ["number", value]:
                    if isinstance(value, str):
                        raise MathError(Code.UNSUPPORTED, f'"{value}" is not a finite number')
                    stack.append(Item(self.constant(float(value), scope.owner, scope.place)))
                case ["name", name]:
                    stack.append(self._name(name, scope))
                case [("call" | "apply") as kind, name, count]:
                    arguments = stack[len(stack) - count :]
                    del stack[len(stack) - count :]
                    make = self._call if kind == "call" else self._apply
                    stack.append(_bounded(make(name, arguments, scope), arguments))
                case _:
                    raise MathError(Code.UNSUPPORTED, f"an unknown token {token!r}")
        if len(stack) != 1:
            raise MathError(Code.UNSUPPORTED, "the formula is incomplete")
        return stack[0]

    def _name(self, name: str, scope: _Scope) -> Item:
        if name in scope.arguments:
            return scope.arguments[name]
        if scope.calls:
            message = f'the function "{scope.calls[-1]}" names "{name}", which is not its argument'
            raise MathError(Code.UNKNOWN_NAME, message, nearest(name, scope.arguments))
        if name not in scope.names:
            raise MathError(Code.UNKNOWN_NAME, f'unknown name "{name}"', nearest(name, scope.names))
        return Item(Name(scope.names[name], scope.place))

    def _call(self, name: str, arguments: Sequence[Item], scope: _Scope) -> Item:
        function = self.functions.get(name)
        if function is None:
            advice = nearest(name, self.functions)
            raise MathError(Code.UNKNOWN_NAME, f'unknown function "{name}"', advice)
        if name in scope.calls or len(scope.calls) >= _MAX_CALLS:
            path = (
                " > ".join([*scope.calls[scope.calls.index(name) :], name])
                if name in scope.calls
                else name
            )
            raise MathError(Code.CYCLE, f"functions call each other without end: {path}")
        if len(function.arguments) != len(arguments):
            count = len(function.arguments)
            message = f'"{name}" takes {count} arguments, not {len(arguments)}'
            raise MathError(Code.UNSUPPORTED, message)
        inner = replace(
            scope,
            arguments=dict(zip(function.arguments, arguments, strict=True)),
            calls=(*scope.calls, name),
        )
        return self._build(function.body, inner)

    def _apply(self, name: str, given: Sequence[Item], scope: _Scope) -> Item:
        place = scope.place
        if name in _NUMBERS and not given:
            return Item(self.constant(_NUMBERS[name], scope.owner, place))
        if name == "time":
            return Item(Name(TIME, place))
        logic = _logic(name, given, place)
        if logic is not None:
            return Item(logic, truth=True)
        if name == "piecewise":
            truth = all(item.truth for item in given)
            return Item(_piecewise(given, place), truth=truth)
        made = _arithmetic(name, [item.expression for item in given], place)
        if made is None:
            raise MathError(
                Code.UNSUPPORTED, f'"{name}" with {len(given)} arguments is not supported'
            )
        return Item(made)


@dataclass(frozen=True, slots=True)
class _Scope:
    """Where a formula stands: what may be named, the arguments of the function it is in, the functions around it."""

    owner: str
    place: Place
    names: Mapping[str, str]
    arguments: Mapping[str, Item]
    calls: tuple[str, ...]


def _bounded(made: Item, arguments: Sequence[Item]) -> Item:
    """An item with its size, from what it was made of; refused if it is too large."""
    nodes = max(made.nodes, 1 + sum(item.nodes for item in arguments))
    levels = max(1, len(arguments)).bit_length()
    depth = max(made.depth, levels + max((item.depth for item in arguments), default=0))
    if nodes > MAX_NODES:
        raise MathError(Code.UNSUPPORTED, f"the formula grows to more than {MAX_NODES} terms")
    if depth > MAX_DEPTH:
        raise MathError(Code.UNSUPPORTED, f"the formula is nested deeper than {MAX_DEPTH} levels")
    return replace(made, nodes=nodes, depth=depth)


def joined(operator: str, terms: Sequence[Expression], place: Place) -> Expression:
    """Terms added up, or multiplied, as a tree that is no deeper than it must be."""
    if not terms:
        return Number(0.0 if operator == "+" else 1.0, place)
    if len(terms) == 1:
        return terms[0]
    middle = (len(terms) + 1) // 2
    left = joined(operator, terms[:middle], place)
    return Binary(operator, left, joined(operator, terms[middle:], place), place)


def choose(condition: Expression, yes: Expression, no: Expression, place: Place) -> Expression:
    """`yes` where a condition is 1, `no` where it is 0."""
    match condition:
        case Number(value):
            return yes if value == 1.0 else no
        case Conditional(comparison, Number(1.0), Number(0.0)):
            return Conditional(comparison, yes, no, place)
    return Conditional(Comparison(">", condition, Number(0.0, place), place), yes, no, place)


def truth_of(comparison: Comparison) -> Conditional:
    """1 where a comparison holds, 0 where it does not."""
    place = comparison.place
    return Conditional(comparison, Number(1.0, place), Number(0.0, place), place)


def _piecewise(given: Sequence[Item], place: Place) -> Expression:
    """Values, each with its condition, and what holds otherwise: without it, not a number."""
    pairs = list(zip(given[0::2], given[1::2], strict=False))
    result: Expression = Call("ln", (Negative(Number(1.0, place), place),), place)
    if len(given) % 2:
        result = given[-1].expression
    for value, condition in reversed(pairs):
        if not condition.truth:
            raise MathError(Code.UNSUPPORTED, "a number stands where a condition belongs")
        result = choose(condition.expression, value.expression, result, place)
    return result


def _logic(name: str, given: Sequence[Item], place: Place) -> Expression | None:
    """A condition as a formula that is 1 or 0; None if the operation gives a number."""
    one, zero = Number(1.0, place), Number(0.0, place)
    parts = [item.expression for item in given]
    if name in ("true", "false"):
        return one if name == "true" else zero
    if name in _RELATIONS and len(parts) > 1:
        pairs = [
            truth_of(Comparison(_RELATIONS[name], left, right, place))
            for left, right in pairwise(parts)
        ]
        return joined("*", pairs, place)
    if name in ("eq", "neq") and len(parts) > 1:
        equal = joined("*", [_equal(*pair, place) for pair in pairwise(parts)], place)
        return equal if name == "eq" else Binary("-", one, equal, place)
    if name not in ("and", "or", "xor", "not", "implies"):
        return None
    if not all(item.truth for item in given):
        raise MathError(Code.UNSUPPORTED, f'a number stands in "{name}", where a condition belongs')
    return _joined_logic(name, parts, place)


def _equal(left: Expression, right: Expression, place: Place) -> Expression:
    """Whether two numbers are equal, or the left one larger by no more than rounding makes it.

    A moving number passes through another in no time at all; through this window it cannot pass unseen, since each of
    its edges stops the solver.
    """
    one = Number(1.0, place)
    size = Binary("+", one, Call("abs", (right,), place), place)
    end = Binary("+", right, Binary("*", Number(_EQUAL, place), size, place), place)
    edges = [Comparison(">=", left, right, place), Comparison("<=", left, end, place)]
    return joined("*", [truth_of(edge) for edge in edges], place)


def _joined_logic(name: str, parts: Sequence[Expression], place: Place) -> Expression:
    one = Number(1.0, place)
    match name, parts:
        case "and", _:
            return joined("*", parts, place)
        case "or", _:
            return _nested("max", parts, place) if parts else Number(0.0, place)
        case "not", [part]:
            return Binary("-", one, part, place)
        case "implies", [left, right]:
            return Call("max", (Binary("-", one, left, place), right), place)
        case "xor", _:
            result: Expression = Number(0.0, place)
            for part in parts:
                result = Call("abs", (Binary("-", result, part, place),), place)
            return result
    raise MathError(Code.UNSUPPORTED, f'"{name}" with {len(parts)} arguments is not supported')


def _nested(function: str, parts: Sequence[Expression], place: Place) -> Expression:
    """The smallest or the largest of some terms."""
    if len(parts) == 1:
        return parts[0]
    middle = (len(parts) + 1) // 2
    left = _nested(function, parts[:middle], place)
    return Call(function, (left, _nested(function, parts[middle:], place)), place)


def _arithmetic(name: str, parts: Sequence[Expression], place: Place) -> Expression | None:
    """An operation on numbers; None if it is not supported."""
    match name, parts:
        case (("plus" | "times"), _):
            return joined(_ARITHMETIC[name], parts, place)
        case (("min" | "max"), [_, *_]):
            return _nested(name, parts, place)
        case "minus", [part]:
            return Negative(part, place)
        case (("minus" | "divide" | "power"), [left, right]):
            return Binary(_ARITHMETIC[name], left, right, place)
        case "root", [part] | [Number(2.0), part]:
            return Call("sqrt", (part,), place)
        case "root", [degree, part]:
            return Binary("^", part, Binary("/", Number(1.0, place), degree, place), place)
        case "log", [*base, part]:
            bottom = base[0] if base else Number(10.0, place)
            return Binary("/", Call("ln", (part,), place), Call("ln", (bottom,), place), place)
        case _, [part]:
            return _function(name, part, place)
    return None


def _function(name: str, part: Expression, place: Place) -> Expression | None:
    """A function of one number; None if it is not supported."""

    def call(function: str) -> Expression:
        return Call(function, (part,), place)

    def over(top: Expression, bottom: Expression) -> Expression:
        return Binary("/", top, bottom, place)

    one, two = Number(1.0, place), Number(2.0, place)
    if name in ("sinh", "cosh", "sech", "csch"):
        sign = "-" if name in ("sinh", "csch") else "+"
        ends = Binary(sign, call("exp"), Call("exp", (Negative(part, place),), place), place)
        return over(ends, two) if name in ("sinh", "cosh") else over(two, ends)
    match name:
        case "ceiling":
            return Negative(Call("floor", (Negative(part, place),), place), place)
        case "coth":
            return over(one, call("tanh"))
        case "tan":
            return over(call("sin"), call("cos"))
        case "cot":
            return over(call("cos"), call("sin"))
        case "sec":
            return over(one, call("cos"))
        case "csc":
            return over(one, call("sin"))
    return call(name) if name in _SAME else None
