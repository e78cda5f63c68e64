"""Parse tree -> Observation: what a study saw, of whom, after what."""

from __future__ import annotations

from typing import TypeVar

from raphe.core.errors import LanguageError, nearest
from raphe.core.units import HOUR, Quantity
from raphe.language.model import (
    Direction,
    Observation,
    Role,
    Spread,
    SpreadKind,
    Statistic,
)
from raphe.language.pieces import (
    PROVENANCE,
    number_of,
    provenance_of,
    signed_of,
    text_of,
    unit_in,
    unit_of,
    whole_of,
)
from raphe.language.tree import Leaf, Tree

_Record = TypeVar("_Record")


def parse_observation(tree: Tree) -> Observation:
    """Read one observation.

    Raises
    ------
    LanguageError, UnitError
        If a fact is missing, there twice, or does not read.
    """
    place = tree.leaf().place
    facts: dict[str, Tree] = {}
    several: dict[str, list[Tree]] = {"choose": [], "setting": []}
    for fact in tree.trees():
        if fact.kind in several:
            several[fact.kind].append(fact)
            continue
        kind = "spread" if fact.kind.startswith("spread") else fact.kind
        kind = "the source" if kind in PROVENANCE else kind
        if kind in facts:
            raise LanguageError(f"{kind} is given twice", place=fact.place)
        facts[kind] = fact
    names = ("of_drug", "regimen", "how_many", "statistic", "role")
    words = ("drug", "regimen", "people", "statistic", "role")
    for name, word in zip(names, words, strict=True):
        if name not in facts:
            raise LanguageError(f"{word} is missing", place=place, advice=f"give {word} once")
    if ("value" in facts) == ("direction" in facts):
        message = "an observation has a value or a direction"
        raise LanguageError(message, place=place, advice="give one of the two")
    statistic, quantity = facts["statistic"].leaves()
    origin, sample = facts.get("the source"), facts["how_many"].trees()
    return Observation(
        name=tree.leaf().text,
        drug=facts["of_drug"].leaf().text,
        regimen=" ".join(text_of(facts["regimen"].leaf()).split()),
        people=whole_of(facts["how_many"].leaf()),
        sample=sample[0].leaf().text if sample else None,
        subjects=text_of(facts["subjects"].leaf()) if "subjects" in facts else "",
        choices=tuple((p.leaf(0).text, p.leaf(1).text) for p in several["choose"]),
        settings=tuple(
            (p.leaf(0).text, Quantity(signed_of(p.trees()[0]), unit_in(p)))
            for p in several["setting"]
        ),
        statistic=_choice(statistic, Statistic),
        window=_window(facts["statistic"]),
        quantity=quantity.text,
        value=_value(facts.get("value")),
        direction=_choice(facts["direction"].leaf(), Direction) if "direction" in facts else None,
        spread=_spread(facts.get("spread")),
        role=_choice(facts["role"].leaf(), Role),
        provenance=None if origin is None else provenance_of(origin),
        place=place,
    )


def _value(tree: Tree | None) -> Quantity | None:
    return None if tree is None else Quantity(signed_of(tree.trees()[0]), unit_in(tree))


def _window(statistic: Tree) -> tuple[Quantity, ...]:
    """Times that a statistic is taken at."""
    found: list[Quantity] = []
    for part in statistic.trees():
        leaves = part.leaves()
        for number, unit in zip(leaves[::2], leaves[1::2], strict=True):
            time = Quantity(number_of(number), unit_of(unit))
            if not time.unit.same_dimension(HOUR):
                message = f'"{time}" is no time'
                raise LanguageError(message, place=number.place, advice="write 2 h or 7 d")
            found.append(time)
    if len(found) > 1 and found[0].base >= found[1].base:
        raise LanguageError("the window ends before it begins", place=statistic.place)
    return tuple(found)


def _choice(leaf: Leaf, choices: type[_Record]) -> _Record:
    """A member of an enumeration by its value."""
    known = {member.value: member for member in choices}  # type: ignore[attr-defined]
    if leaf.text not in known:
        message = f'unknown word "{leaf.text}"'
        raise LanguageError(message, place=leaf.place, advice=nearest(leaf.text, known))
    return known[leaf.text]  # type: ignore[no-any-return]


def _spread(tree: Tree | None) -> Spread | None:
    if tree is None:
        return None
    unit = unit_in(tree)
    numbers = [Quantity(signed_of(part), unit) for part in tree.trees()]
    kind = SpreadKind(tree.kind.removeprefix("spread_"))
    return Spread(kind=kind, low=numbers[0], high=numbers[1] if len(numbers) > 1 else None)
