"""Parse tree of a formula -> Expression, without recursion. Knows nothing of statements."""

from __future__ import annotations

from raphe.core.errors import LanguageError, Place, nearest
from raphe.language.expression import (
    FUNCTIONS,
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
from raphe.language.tree import Leaf, Tree

MAX_DEPTH = 200
_OPERATORS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/", "raise": "^"}


def formula(tree: Tree) -> Expression:
    """Convert a formula.

    Parameters
    ----------
    tree
        From the parser.

    Returns
    -------
    Expression

    Raises
    ------
    LanguageError
        If a function is unknown or has the wrong number of arguments, or the formula is too deep.
    """
    done: dict[int, Expression] = {}
    depth: dict[int, int] = {}
    order, pending = [], [tree]
    while pending:
        node = pending.pop()
        order.append(node)
        pending.extend(child for child in node.children if isinstance(child, Tree))
    for node in reversed(order):
        inner = [child for child in node.children if isinstance(child, Tree)]
        depth[id(node)] = 1 + max((depth[id(child)] for child in inner), default=0)
        if depth[id(node)] > MAX_DEPTH:
            message = f"a formula is nested deeper than {MAX_DEPTH} levels"
            raise LanguageError(message, place=tree.place, advice="split it into quantities")
        done[id(node)] = _convert(node, [done[id(child)] for child in inner])
    return done[id(tree)]


def _convert(node: Tree, inner: list[Expression]) -> Expression:
    place = node.place
    leaves = [child for child in node.children if isinstance(child, Leaf)]
    match node.kind:
        case "number":
            return Number(float(leaves[0].text), place)
        case "name":
            return Name(leaves[0].text, place)
        case "concentration":
            return Concentration(leaves[0].text, place)
        case "molar_mass":
            return MolarMass(leaves[0].text, place)
        case "negative":
            return Negative(inner[0], place)
        case "comparison":
            return Comparison(leaves[0].text, inner[0], inner[1], place)
        case "conditional":
            condition = inner[0]
            if not isinstance(condition, Comparison):
                raise LanguageError("if() needs a comparison", place=place)
            return Conditional(condition, inner[1], inner[2], place)
        case "call":
            return _call(leaves[0], inner, place)
    return Binary(_OPERATORS[node.kind], inner[0], inner[1], place)


def _call(name: Leaf, arguments: list[Expression], place: Place) -> Call:
    if name.text not in FUNCTIONS:
        known = [*FUNCTIONS, "if", "molar_mass"]
        message = f'unknown function "{name.text}"'
        raise LanguageError(message, place=name.place, advice=nearest(name.text, known))
    count = FUNCTIONS[name.text]
    if len(arguments) != count:
        message = f'"{name.text}" takes {count} argument{"s" * (count > 1)}, not {len(arguments)}'
        raise LanguageError(message, place=name.place)
    return Call(name.text, tuple(arguments), place)
