"""A model as it is put together from an SBML document: what its symbols are, and what is known of them so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from raphe.core.errors import Place
from raphe.core.sources import Citation, Provenance, Status
from raphe.core.units import DIMENSIONLESS, Quantity
from raphe.language.expression import Expression
from raphe.language.findings import Findings, Severity
from raphe.language.model import TIME, AssignedQuantity, Event, Parameter

Data = Mapping[str, Any]


class Change(StrEnum):
    """What changes a symbol."""

    NOTHING = "nothing"
    ASSIGNMENT = "assignment"
    RATE = "rate"
    REACTIONS = "reactions"  # or events, or both


@dataclass(slots=True)
class Parts:
    """A model as it is put together. Starts are formulas that may still name states, as they are at time 0."""

    data: Data
    file: str
    key: str
    findings: Findings
    parameters: dict[str, Parameter] = field(default_factory=dict)
    quantities: dict[str, AssignedQuantity] = field(default_factory=dict)
    starts: dict[str, Expression] = field(default_factory=dict)  # of each state
    constants: dict[str, Expression] = field(default_factory=dict)  # what is set once, at time 0
    rates: dict[str, Expression] = field(default_factory=dict)  # of each state
    events: list[Event] = field(default_factory=list)
    places: dict[str, Place] = field(default_factory=dict)

    def place(self, thing: Data) -> Place:
        """Where a thing of the document stands."""
        return Place(self.file, *thing["place"])

    def add_parameter(
        self, name: str, value: float, place: Place, meaning: str, where: str
    ) -> None:
        """Add a number of the document."""
        citation = Citation(key=self.key, locator=where, place=place)
        origin = Provenance(status=Status.READ, citations=(citation,))
        quantity = Quantity(value, DIMENSIONLESS)
        self.parameters[name] = Parameter(
            name=name, value=quantity, meaning=meaning, provenance=origin, place=place
        )

    def number(self, owner: str, value: float, place: Place) -> str:
        """A parameter for a number in a formula; equal numbers of one owner share it."""
        count = 1
        while (name := f"{owner}.number_{count}") in self.parameters:
            if self.parameters[name].value.value == value:
                return name
            count += 1
        self.add_parameter(name, value, place, "", f"a number in a formula of {owner}")
        return name

    def add_quantity(self, name: str, formula: Expression, place: Place) -> None:
        """Add a named formula."""
        self.quantities[name] = AssignedQuantity(
            name=name, unit=DIMENSIONLESS, formula=formula, place=place
        )

    def add_state(self, name: str, start: Expression, rate: Expression, place: Place) -> None:
        """Add a state."""
        self.starts[name], self.rates[name], self.places[name] = start, rate, place


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbols:
    """What the identifiers of a document are, and what sets them."""

    compartments: Mapping[str, Data]
    species: Mapping[str, Data]
    others: Mapping[str, Data]  # parameters, and stoichiometries with an identifier
    starts: Mapping[str, Data]
    assigned: Mapping[str, Data]
    rates: Mapping[str, Data]
    jumping: frozenset[str]  # set by events
    reacting: Mapping[
        str, tuple[tuple[Data, Data, int], ...]
    ]  # species -> reaction, participant, sign
    names: Mapping[str, str]

    def change(self, symbol: str) -> Change:
        """What changes a symbol."""
        if symbol in self.assigned:
            return Change.ASSIGNMENT
        if symbol in self.rates:
            return Change.RATE
        return (
            Change.REACTIONS
            if symbol in self.jumping or symbol in self.reacting
            else Change.NOTHING
        )

    def is_concentration(self, species: Data) -> bool:
        """Whether a species stands for its concentration in formulas."""
        home = self.compartments[species["compartment"]]
        return not species["only_substance"] and home["dimensions"] != 0.0


def sort_symbols(document: Data) -> Symbols:
    """Sort out what sets what."""
    species = {one["id"]: one for one in document["species"]}
    others = {one["id"]: one for one in document["parameters"]}
    compartments = {one["id"]: one for one in document["compartments"]}
    reacting: dict[str, list[tuple[Data, Data, int]]] = {}
    for reaction in document["reactions"]:
        for side, sign in (("reactants", -1), ("products", 1)):
            for part in reaction[side]:
                if part["id"]:
                    others[part["id"]] = {**part, "value": part["count"], "unit": ""}
                one = species[part["species"]]
                if not one["boundary"] and not one["constant"]:
                    reacting.setdefault(part["species"], []).append((reaction, part, sign))
    ids = [*compartments, *species, *others, *(one["id"] for one in document["reactions"])]
    names = {one: one for one in ids}
    if TIME in names:
        names[TIME] = next(n for k in range(1, len(ids) + 2) if (n := f"{TIME}_{k}") not in names)
    rules = document["rules"]
    return Symbols(
        compartments=compartments,
        species=species,
        others=others,
        starts={one["symbol"]: one for one in document["starts"]},
        assigned={one["symbol"]: one for one in rules if one["kind"] == "assignment"},
        rates={one["symbol"]: one for one in rules if one["kind"] == "rate"},
        jumping=frozenset(a["symbol"] for e in document["events"] for a in e["assignments"]),
        reacting={name: tuple(found) for name, found in reacting.items()},
        names=names,
    )


def is_wrong(findings: Findings) -> bool:
    """Whether any finding is an error."""
    return any(finding.severity is Severity.ERROR for finding in findings.sorted())
