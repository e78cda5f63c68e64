"""In whom an effect goes far or changes its sign, in words."""

from __future__ import annotations

from dataclasses import dataclass

from raphe.analysis.answer import Answer, Event, Group, Interval, InWhom, Region
from raphe.analysis.numerals import amount, change, change_range, is_relative, percent, share


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRow:
    """One group of people in words."""

    who: str
    share: str
    share_range: str
    people: int
    middle: str
    range: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionWords:
    """One question in words: what happens, in how many, and in whom."""

    sentence: str
    groups: tuple[GroupRow, ...]


def whom_words(answer: Answer) -> tuple[RegionWords, ...]:
    """In whom the effect goes far, and in whom it is to the other side; the likeliest group first."""
    whom = answer.whom
    if whom is None:
        return ()
    return tuple(
        RegionWords(sentence=_sentence(region, answer), groups=_rows(region, whom, answer))
        for region in whom.regions
        if region.groups
    )


def _sentence(region: Region, answer: Answer) -> str:
    whom, relative = answer.whom, is_relative(answer)
    if whom is None:
        return ""
    far = next((one.threshold for one in whom.regions if one.event is Event.FAR), 0.0)
    verb = "fall" if far < 0.0 else "rise"
    if region.event is Event.FAR:
        what = f"A {verb} of at least {percent(abs(far), relative=relative)}"
    else:
        what = f"A largest change to the other side, a {'rise' if far < 0.0 else 'fall'},"
    after = " or ".join(whom.scenarios)
    if region.everybody.middle <= 0.0:
        return f"{what} happens to nobody after {after}."
    often = f"{share(region.everybody.middle)} of people ({_ends(region.everybody)}) after {after}"
    if len(region.groups) > 1:
        return f"{what} happens in {often}."
    return f"{what} happens in {often}; none of the {whom.tried} numbers tried tells in whom."


def _ends(interval: Interval) -> str:
    return f"{share(interval.low).removesuffix(' %')} to {share(interval.high)}"


def _rows(region: Region, whom: InWhom, answer: Answer) -> tuple[GroupRow, ...]:
    if len(region.groups) < 2:
        return ()
    relative = is_relative(answer)
    units = {name: unit for name, _, unit in whom.units}
    ordered = sorted(region.groups, key=lambda one: -one.share.middle)
    return tuple(
        GroupRow(
            who=_who(one, units),
            share=share(one.share.middle),
            share_range=_ends(one.share),
            people=one.people,
            middle=change(one.effect.middle, relative=relative),
            range=change_range(one.effect, relative=relative),
        )
        for one in ordered
    )


def _who(group: Group, units: dict[str, str]) -> str:
    """The bounds of a group, those on one number together."""
    words = []
    for name in dict.fromkeys(bound.name for bound in group.bounds):
        ends = sorted(
            (one for one in group.bounds if one.name == name), key=lambda one: not one.above
        )
        told = [
            f"{'above' if one.above else 'at most'} {amount(one.value, units[name])}"
            for one in ends
        ]
        words.append(f"{name} {' and '.join(told)}")
    return "; ".join(words)


def whom_sentences(answer: Answer) -> tuple[str, ...]:
    """In whom, group by group."""
    lines = []
    for region in whom_words(answer):
        lines.append(f"In whom: {region.sentence}")
        lines += [
            f"  {row.who}: in {row.share} ({row.share_range}) of {row.people} people; {row.middle} ({row.range})"
            for row in region.groups
        ]
    if any(line.startswith("  ") for line in lines):
        words = (
            []
            if answer.whom is None
            else [f"{n}: {meaning}" for n, meaning, _ in answer.whom.units]
        )
        lines.append(
            "Borders were found in one half of the people and shares counted in the other, at best estimates. "
            f"Here {'; '.join(words)}."
        )
    return tuple(lines)
