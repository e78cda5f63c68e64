"""What raphe cannot do with an SBML document, by name and place; and what libsbml finds in it. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

from raphe.core.errors import Place
from raphe.language.findings import Code, Findings

Data = Mapping[str, Any]
_LEVELS = (2, 3)
_MISPLACED = (10102, 10103)  # libsbml's numbers for an element that should not be there
_DRAWING = ("package 'layout", "package 'render", "Package layout", "Package render")
_NO_DELAY = [["number", 0.0]]


def refuse(data: Data, file: str, findings: Findings) -> None:
    """Report all that stands in the way of a translation.

    Parameters
    ----------
    data
        As `parse_sbml` writes it.
    file
        Its name, for places.
    findings
        Takes what is found.
    """
    _take_over(data, file, findings)
    if "model" not in data:
        if not len(findings):
            findings.error(Code.INVALID, "there is no model in the document", Place(file))
        return
    if data["level"] not in _LEVELS:
        message = f"SBML Level {data['level']} is not supported"
        findings.error(Code.UNSUPPORTED, message, Place(file), "convert it to Level 2 or 3")
    for package in data["packages"]:
        message = f'the document needs the package "{package}", which is not supported'
        findings.error(Code.UNSUPPORTED, message, Place(file))
    model = data["model"]
    for what, thing in _unsupported(model):
        findings.error(Code.UNSUPPORTED, f"{what} not supported", Place(file, *thing["place"]))
    for one in model["constraints"]:
        place = Place(file, *one["place"])
        findings.warning(Code.UNSUPPORTED, "the constraint is not watched", place)
    _references(model, file, findings)
    _together(model, file, findings)


def _take_over(data: Data, file: str, findings: Findings) -> None:
    """What libsbml found: errors are errors, but for those of units, of which the first of each kind is told."""
    told: set[int] = set()
    for one in data["problems"]:
        place = Place(file, *one["place"])
        about_units = one["category"] == "SBML unit consistency" or "'units'" in one["message"]
        if about_units and one["number"] not in told:
            count = sum(other["number"] == one["number"] for other in data["problems"])
            more = f" ({count} times)" if count > 1 else ""
            advice = "numbers are taken as they are, and nothing is converted"
            findings.warning(Code.WRONG_UNIT, one["message"] + more, place, advice)
            told.add(one["number"])
        elif not about_units and not _about_drawing(one) and one["severity"] in ("Error", "Fatal"):
            findings.error(Code.INVALID, one["message"], place, one["detail"])


def _about_drawing(problem: Data) -> bool:
    """Whether a problem lies in a package that only draws the model, which nothing here reads."""
    return problem["number"] in _MISPLACED and any(name in problem["detail"] for name in _DRAWING)


def _unsupported(model: Data) -> list[tuple[str, Data]]:
    found: list[tuple[str, Data]] = []
    found += [("an algebraic rule is", o) for o in model["rules"] if o["kind"] == "algebraic"]
    for one in model["reactions"]:
        if one["fast"]:
            found.append((f'the fast reaction "{one["id"]}" is', one))
    for one in model["events"]:
        if one["delay"] is not None and one["delay"] != _NO_DELAY:
            found.append((f'the delay of the event "{one["id"]}" is', one))
        if one["priority"] is not None:
            found.append((f'the priority of the event "{one["id"]}" is', one))
    return found


def _references(model: Data, file: str, findings: Findings) -> None:
    """Compartments and species that are named but not there; things that two rules set."""
    compartments = {one["id"] for one in model["compartments"]}
    species = {one["id"] for one in model["species"]}
    for one in model["species"]:
        if one["compartment"] not in compartments:
            message = (
                f'"{one["id"]}" is in the compartment "{one["compartment"]}", which is not there'
            )
            findings.error(Code.UNKNOWN_NAME, message, Place(file, *one["place"]))
    for one in model["reactions"]:
        for part in (*one["reactants"], *one["products"]):
            if part["species"] not in species:
                message = f'"{one["id"]}" names the species "{part["species"]}", which is not there'
                findings.error(Code.UNKNOWN_NAME, message, Place(file, *part["place"]))
    seen: set[str] = set()
    for one in model["rules"]:
        if one["symbol"] in seen and one["kind"] != "algebraic":
            message = f'a second rule for "{one["symbol"]}"'
            findings.error(Code.TWO_RATES, message, Place(file, *one["place"]))
        seen.add(one["symbol"])


def _together(model: Data, file: str, findings: Findings) -> None:
    """Events that fire at the same moment and touch the same things, whose order SBML leaves open."""
    for one, other in combinations(model["events"], 2):
        if one["trigger"] != other["trigger"]:
            continue
        sets = [{a["symbol"] for a in event["assignments"]} for event in (one, other)]
        reads = [_read(event) for event in (one, other)]
        if sets[0] & sets[1] or sets[0] & reads[1] or sets[1] & reads[0]:
            message = (
                f'the events "{one["id"]}" and "{other["id"]}" fire together, and one touches what the other sets; '
                "their order is"
            )
            place = Place(file, *other["place"])
            findings.error(Code.UNSUPPORTED, f"{message} not supported", place)


def _read(event: Data) -> set[str]:
    """Names in the assignments of an event."""
    return {
        token[1]
        for assigned in event["assignments"]
        for token in assigned["formula"] or ()
        if token[0] == "name"
    }
