"""What others saw of a target -> sentences, lines and rows. Outside evidence alone: no number of a run stands here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from raphe.analysis.answer import Answer, Bearing, Finding
from raphe.analysis.numerals import plural, target_noun

TITLE = "What was seen by others"
_LINES = {Bearing.ITSELF: 5, Bearing.NEAR: 3, Bearing.UNTOLD: 0}  # of each kind, at most
_ROLES = {"prediction": "held out", "calibration": "calibration", "": "not simulated"}
FINDING_HEADS = (
    "observation",
    "in whom (n)",
    "what was given",
    "when",
    "what was seen",
    "role",
    "status",
    "source",
    "taken for it, or why it is not simulated",
)
_APART = "Nothing here comes from a run."
_ANIMALS = (
    "Doses of animals are told as the share of receptor sites that they are taken for, which is assumed; drug and "
    "dose, where they were noted, stand in the words of the source."
)
_PREDICTIONS = (
    "Predictions beside these observations: raphe qualify and docs/qualification.md; why some have none: "
    "docs/not-simulated.md."
)
_LONG = 3  # steps of a regimen that are told before the rest is counted
_STEP = re.compile(r", then (?![^(]*\))")  # not within parentheses


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingGroup:
    """Findings of one kind, under their head."""

    bearing: Bearing
    head: str
    findings: tuple[Finding, ...]


def finding_groups(answer: Answer) -> tuple[FindingGroup, ...]:
    """What was seen, by what it has to do with the target; no group is empty."""
    noun = target_noun(answer)
    heads = {
        Bearing.ITSELF: f"Set beside {noun} itself",
        Bearing.NEAR: f"Set beside what tells about {noun}",
        Bearing.UNTOLD: f"About {answer.target}, and not simulated",
    }
    groups = (
        FindingGroup(bearing=bearing, head=head, findings=_of(answer, bearing))
        for bearing, head in heads.items()
    )
    return tuple(group for group in groups if group.findings)


def _of(answer: Answer, bearing: Bearing) -> tuple[Finding, ...]:
    return tuple(one for one in answer.findings if one.bearing == bearing)


def finding_sentences(answer: Answer) -> tuple[str, ...]:
    """How much was published on the target, and how it stands to the model.

    Returns
    -------
    tuple of str
        One sentence if there is nothing; else the count, what stands for what, and where predictions are.
    """
    noun, itself = target_noun(answer), _of(answer, Bearing.ITSELF)
    near, untold = _of(answer, Bearing.NEAR), _of(answer, Bearing.UNTOLD)
    if not answer.findings:
        return (f"The library has no published observation of {noun}.",)
    first = f"The library has no published observation of {noun} itself"
    if itself:
        people = sum(one.in_people for one in itself)
        count = plural(len(itself), "published observation", "published observations")
        first = f"{count} set beside {noun} itself"
        first += f", {people or 'none'} in people"
        used = sum(one.role == "calibration" for one in itself)
        first += f" and {used} with a part in setting the model" if used else ""
    also = [f"{len(near)} of what tells about it"] if near else []
    also += [f"{len(untold)} that no model speaks of"] if untold else []
    tail = f"; {' and '.join(also)}" if also else ""
    animals = any(not one.in_people for one in (*itself, *near))
    return (f"{first}{tail}.", f"{_APART} {_ANIMALS}" if animals else _APART, _PREDICTIONS)


def pointer_sentence(answer: Answer) -> str:
    """Whether others measured the target, where no regimen of the question has a measurement of it."""
    noun, itself = target_noun(answer), _of(answer, Bearing.ITSELF)
    first = f"No measurement of {noun} itself is compared with the regimens of this question"
    if not itself:
        return f"{first}, and the library has none: that end of the chain is not tested."
    count = plural(len(itself), "published observation", "published observations")
    return f'{first}; for {count} set beside it see "{TITLE}".'


def finding_lines(answer: Answer) -> tuple[str, ...]:
    """The nearest findings, one a line, and how many more there are."""
    first, *more = finding_sentences(answer)
    if not answer.findings:
        return (first,)
    lines, told = [f"{TITLE}: {first}"], 0
    for group in finding_groups(answer):
        shown = group.findings[: _LINES[group.bearing]]
        told += len(shown)
        lines += [f"  {group.head}:"] if shown else []
        lines += [f"  - {finding_line(one)}" for one in shown]
    left = len(answer.findings) - told
    lines += [f"  and {left} more in the report."] if left else []
    return (*lines, *more)


def finding_line(one: Finding) -> str:
    """Who, what, when, what was seen, and where that stands, in one line."""
    done = ", ".join(part for part in (treatment(one), one.when) if part)
    note = f"; {one.note}" if one.note else ""
    what = f"{who(one)}, {done}: {seen(one)}" if done else f"{who(one)}: {seen(one)}"
    return f"{what} ({one.citation or 'paper not read'}; {one.status}, {role_words(one)}{note})."


def who(one: Finding) -> str:
    """Whom was looked at, and how many of them."""
    return f"{one.subjects} ({one.count or 'number not read'})"


def seen(one: Finding) -> str:
    """What was seen; with its name where that is not the target."""
    return f"{one.quantity}: {one.seen}" if one.bearing == Bearing.NEAR else one.seen


def treatment(one: Finding) -> str:
    """What was given, and against what; of a long regimen the first step and how many follow."""
    own, other = _short(one.given), _short(one.against)
    return f"{own}, against {other}" if other else own


def _short(text: str) -> str:
    first, *steps = _STEP.split(text)
    return f"{first}, then {len(steps)} more steps" if len(steps) > _LONG else text


def role_words(one: Finding) -> str:
    """Whether an observation was held out, or took part in setting the model."""
    return _ROLES.get(one.role, one.role)


def finding_cells(one: Finding) -> Sequence[str]:
    """One row of a table."""
    return (
        one.observation,
        who(one),
        ", against ".join(part for part in (one.given, one.against) if part),
        one.when,
        f"{one.quantity}: {one.seen}",
        role_words(one),
        one.status,
        one.citation,
        one.note,
    )
