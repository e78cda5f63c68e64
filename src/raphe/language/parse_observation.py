"""Parse tree -> Observation or Unsimulated: what a study saw, of whom, after what."""

from __future__ import annotations

from typing import TypeVar

from raphe.core.errors import LanguageError, nearest
from raphe.core.units import HOUR, Quantity
from raphe.language.evidence import Limit, Side, Unsimulated
from raphe.language.model import Arm, Direction, Observation, Role, Spread, SpreadKind, Statistic
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
_SIMULATED = {  # kinds of facts -> words, of which each stands once
    "of_drug": "drug",
    "regimen": "regimen",
    "how_many": "people",
    "statistic": "statistic",
    "role": "role",
}
_UNSIMULATED = {"saw": "saw", "how_many": "people", "not_simulated": "not simulated"}
_TOLD = {*_UNSIMULATED, "subjects", "the source"}  # all that an unsimulated one may say
_SIDES = ("above", "below")


def parse_observation(tree: Tree) -> Observation | Unsimulated:
    """Read one observation.

    Raises
    ------
    LanguageError, UnitError
        If a fact is missing, there twice, or does not read.
    """
    facts, several = _facts(tree)
    if "not_simulated" in facts or "saw" in facts:
        return _unsimulated(tree, facts, several)
    _need(_SIMULATED, facts, tree)
    if ("value" in facts) == ("direction" in facts):
        message = "an observation has a value or a direction"
        raise LanguageError(message, place=tree.leaf().place, advice="give one of the two")
    own, value = _arm(facts, several), facts.get("value")
    against = None if "against" not in facts else _against(facts["against"], own)
    share = facts.get("share")
    if share is not None and value is None and against is None:
        message = "a share has no rest that it could rise from"
        raise LanguageError(message, place=share.place, advice="give a value, or against { ... }")
    origin, sample = facts.get("the source"), facts["how_many"].trees()
    return Observation(
        name=tree.leaf().text,
        drug=own.drug,
        regimen=own.regimen,
        people=whole_of(facts["how_many"].leaf()),
        sample=sample[0].leaf().text if sample else None,
        subjects=text_of(facts["subjects"].leaf()) if "subjects" in facts else "",
        choices=own.choices,
        settings=own.settings,
        statistic=own.statistic,
        window=own.window,
        quantity=own.quantity,
        measured=text_of(facts["measured_as"].leaf()) if "measured_as" in facts else "",
        share=None if share is None else _limit(share),
        against=against,
        value=None if value is None else _number(value),
        bound=None if value is None else _side(value),
        direction=_choice(facts["direction"].leaf(), Direction) if "direction" in facts else None,
        spread=_spread(facts.get("spread")),
        role=_choice(facts["role"].leaf(), Role),
        provenance=None if origin is None else provenance_of(origin),
        place=tree.leaf().place,
    )


def _unsimulated(tree: Tree, facts: dict[str, Tree], several: dict[str, list[Tree]]) -> Unsimulated:
    _need(_UNSIMULATED, facts, tree)
    for fact in (*facts.values(), *several["choose"], *several["setting"]):
        if fact.kind not in _TOLD and fact.kind not in PROVENANCE:
            message = "what is not simulated has no experiment in the model"
            advice = "say in words what was seen: saw ...;"
            raise LanguageError(message, place=fact.place, advice=advice)
    origin = facts.get("the source")
    return Unsimulated(
        name=tree.leaf().text,
        saw=text_of(facts["saw"].leaf()),
        reason=text_of(facts["not_simulated"].leaf()),
        people=whole_of(facts["how_many"].leaf()),
        subjects=text_of(facts["subjects"].leaf()) if "subjects" in facts else "",
        provenance=None if origin is None else provenance_of(origin),
        place=tree.leaf().place,
    )


def _facts(tree: Tree) -> tuple[dict[str, Tree], dict[str, list[Tree]]]:
    """Facts that stand once, by kind, and those that may be repeated."""
    facts: dict[str, Tree] = {}
    several: dict[str, list[Tree]] = {"choose": [], "setting": []}
    for fact in tree.trees():
        if fact.kind in several:
            several[fact.kind].append(fact)
            continue
        kind = "spread" if fact.kind.startswith("spread") else fact.kind
        kind = "the source" if kind in PROVENANCE else kind
        if kind in facts:
            raise LanguageError(f"{kind.replace('_', ' ')} is given twice", place=fact.place)
        facts[kind] = fact
    return facts, several


def _need(kinds: dict[str, str], facts: dict[str, Tree], tree: Tree) -> None:
    for kind, word in kinds.items():
        if kind not in facts:
            place, advice = tree.leaf().place, f"give {word} once"
            raise LanguageError(f"{word} is missing", place=place, advice=advice)


def _arm(facts: dict[str, Tree], several: dict[str, list[Tree]]) -> Arm:
    statistic, quantity = facts["statistic"].leaves()
    return Arm(
        drug=facts["of_drug"].leaf().text,
        regimen=" ".join(text_of(facts["regimen"].leaf()).split()),
        choices=tuple((p.leaf(0).text, p.leaf(1).text) for p in several["choose"]),
        settings=tuple((p.leaf(0).text, _number(p)) for p in several["setting"]),
        statistic=_choice(statistic, Statistic),
        window=_window(facts["statistic"]),
        quantity=quantity.text,
    )


def _against(tree: Tree, own: Arm) -> Arm:
    """The other arm: what it does not say is as in the first."""
    facts, several = _facts(tree)
    drug, regimen, statistic = (facts.get(kind) for kind in ("of_drug", "regimen", "statistic"))
    choices = {p.leaf(0).text: p.leaf(1).text for p in several["choose"]}
    settings = {p.leaf(0).text: _number(p) for p in several["setting"]}
    found = Arm(
        drug=own.drug if drug is None else drug.leaf().text,
        regimen=own.regimen if regimen is None else " ".join(text_of(regimen.leaf()).split()),
        choices=tuple((dict(own.choices) | choices).items()),
        settings=tuple((dict(own.settings) | settings).items()),
        statistic=own.statistic if statistic is None else _choice(statistic.leaf(), Statistic),
        window=own.window if statistic is None else _window(statistic),
        quantity=own.quantity if statistic is None else statistic.leaves()[1].text,
    )
    if found == own:
        message = "the two arms are the same"
        raise LanguageError(message, place=tree.place, advice="say what differs in the other arm")
    return found


def _number(tree: Tree) -> Quantity:
    """The one signed number below, in the unit below."""
    (number,) = (part for part in tree.trees() if part.kind not in _SIDES)
    return Quantity(signed_of(number), unit_in(tree))


def _side(tree: Tree) -> Side | None:
    found = [Side(part.kind) for part in tree.trees() if part.kind in _SIDES]
    return found[0] if found else None


def _limit(tree: Tree) -> Limit:
    (side,) = (Side(part.kind) for part in tree.trees() if part.kind in _SIDES)
    return Limit(side=side, value=_number(tree))


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
