"""Small pieces of parse trees: numbers, units, texts, and where a number comes from."""

from __future__ import annotations

import math
from typing import TypeVar

from raphe.core.errors import LanguageError, Place
from raphe.core.sources import Citation, Provenance, Status
from raphe.core.units import Unit, parse_unit
from raphe.language.tree import Leaf, Tree

_Record = TypeVar("_Record")
PROVENANCE = ("read", "derived", "assumed")


def text_of(leaf: Leaf) -> str:
    """What stands between the quotes."""
    return leaf.text[1:-1]


def number_of(leaf: Leaf) -> float:
    """A finite number without a sign."""
    value = float(leaf.text)
    if not math.isfinite(value):
        raise LanguageError(f'"{leaf.text[:20]}" is too large', place=leaf.place)
    return value


def whole_of(leaf: Leaf) -> int:
    """A whole number of at most nine digits."""
    if not leaf.text.isdigit() or len(leaf.text) > 9:
        message = f'"{leaf.text[:20]}" is not a whole number'
        raise LanguageError(message, place=leaf.place, advice="write digits only")
    return int(leaf.text)


def signed_of(tree: Tree) -> float:
    """A number that may have a sign."""
    leaves = tree.leaves()
    value = number_of(leaves[-1])
    return -value if leaves[0].text == "-" else value


def unit_of(leaf: Leaf) -> Unit:
    """The unit that a token names."""
    return parse_unit(leaf.text, leaf.place)


def unit_in(tree: Tree) -> Unit:
    """The first unit directly below."""
    return unit_of(next(leaf for leaf in tree.leaves() if leaf.kind == "UNIT"))


def the_one(found: list[_Record], what: str, place: Place) -> _Record:
    """The one thing that must be there."""
    if len(found) != 1:
        message = f"{what} is missing" if not found else f"{what} is given {len(found)} times"
        raise LanguageError(message, place=place, advice=f"give {what} once")
    return found[0]


def at_most_one(found: list[_Record], what: str, place: Place) -> _Record | None:
    """The one thing that may be there, or None."""
    return the_one(found, what, place) if found else None


def provenance_of(tree: Tree) -> Provenance:
    """Where a number comes from."""
    citations = tuple(
        Citation(key=part.leaf(0).text, locator=text_of(part.leaf(1)), place=part.place)
        for part in tree.trees()
        if part.kind == "citation"
    )
    note = "".join(text_of(part.leaf()) for part in tree.trees() if part.kind == "because")
    if tree.kind == "assumed":
        note = text_of(tree.leaf())
    return Provenance(status=Status(tree.kind), citations=citations, note=note)
