"""The doubt about an answer in words: the parts of its spread, and which number to measure next."""

from __future__ import annotations

import math
from dataclasses import dataclass

from raphe.analysis.answer import Answer, Interval, Part, PartShare, Ranked, Ranking, Split
from raphe.analysis.numerals import NO_NUMBER, change_range, is_relative, percent, plural, share

_PARTS = {
    Part.PEOPLE: "people differ",
    Part.NUMBERS: "numbers are not known",
    Part.CARRIED_OVER: "numbers are carried over from animals, cells or models of them",
    Part.FORMS: "forms of the model differ",
}
_UNRANKED = "Which number to measure next was not asked: no points were given for it."
_WEAK = 0.005  # of the variance: a hand in less than that is not listed in words


@dataclass(frozen=True, slots=True, kw_only=True)
class PartRow:
    """One part of the spread in words."""

    part: str
    count: str
    alone: str
    involved: str
    range: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedRow:
    """One ranked number in words."""

    name: str
    meaning: str
    status: str
    carried_over: bool
    alone: str
    involved: str
    citations: str


def share_words(interval: Interval) -> str:
    """A share with its interval, such as `35 % (29 to 42 %)`; what cannot be told is said."""
    if math.isnan(interval.middle):
        return NO_NUMBER
    low, high = share(interval.low), share(interval.high)
    return f"{share(interval.middle)} ({low.removesuffix(' %')} to {high})"


def split_rows(answer: Answer) -> tuple[PartRow, ...]:
    """The parts of the spread, the largest share alone first."""
    split = answer.doubt.split
    if split is None:
        return ()
    relative = is_relative(answer)
    ordered = sorted(split.parts, key=lambda one: -_middle(one.alone))
    return tuple(
        PartRow(
            part=_PARTS.get(one.part, str(one.part)),
            count=_count(one),
            alone=share_words(one.alone),
            involved=share_words(one.involved),
            range=change_range(one.range, relative=relative),
        )
        for one in ordered
    )


def _middle(interval: Interval) -> float:
    return -math.inf if math.isnan(interval.middle) else interval.middle


def _count(one: PartShare) -> str:
    if one.part is Part.FORMS:
        return plural(one.count, "form", "forms")
    return plural(one.count, "number", "numbers")


def split_head(answer: Answer) -> tuple[str, ...]:
    """How far the answer spreads with everything drawn at once, and what the shares mean."""
    split = answer.doubt.split
    if split is None:
        return ()
    relative = is_relative(answer)
    first = (
        f"Where the spread comes from ({split.scenario}): with people, numbers and forms of the model all drawn at "
        f"once, the largest change is {change_range(split.whole, relative=relative)} (5th to 95th percentile), "
        f"standard deviation {percent(split.sd, relative=relative)}."
    )
    meaning = (
        "A share alone is how much of its variance would go if that part were known; with others, how much the part "
        "has a hand in."
    )
    return first, meaning


def split_tail(answer: Answer) -> tuple[str, ...]:
    """What only several parts explain together, and what the shares rest on."""
    split = answer.doubt.split
    if split is None:
        return ()
    together = (
        ""
        if math.isnan(split.together)
        else f"Only several parts together explain {share(split.together)}. "
    )
    forms = [name for name, _ in split.forms if name]
    rivals = f"Forms that change the answer: {', '.join(forms)}. " if forms else ""
    return (f"{together}{rivals}{_runs(split)}",)


def split_sentences(answer: Answer) -> tuple[str, ...]:
    """Where the spread comes from, a line for each part."""
    lines = [
        f"  {row.part} ({row.count}): {row.alone} alone, {row.involved} with others; {row.range} if only this varied."
        for row in split_rows(answer)
    ]
    return (*split_head(answer), *lines, *split_tail(answer))


def _runs(found: Split | Ranking) -> str:
    """How many runs, and what became of those that failed."""
    told = plural(found.runs, "run", "runs")
    if not found.failed:
        return f"From {told}, none of which failed."
    lost = plural(found.lost, "point", "points")
    what = (
        "no share is given" if not found.points or math.isnan(_first(found)) else "the rest is used"
    )
    return f"From {told}, of which {found.failed} failed; {lost} of {found.points + found.lost} left out, {what}."


def failed_sentences(answer: Answer) -> tuple[str, ...]:
    """Runs of the doubt that did not finish; none if all did."""
    found = (("split", answer.doubt.split), ("ranking", answer.doubt.ranking))
    return tuple(
        f'{one.failed} of {one.runs} runs of "{one.scenario}" ({name} of the spread) did not finish; {one.lost} of '
        f"{one.points + one.lost} points are left out."
        for name, one in found
        if one is not None and one.failed
    )


def _first(found: Split | Ranking) -> float:
    parts = found.parts if isinstance(found, Split) else found.ranked
    return parts[0].alone.middle if parts else math.nan


def ranking_rows(answer: Answer) -> tuple[RankedRow, ...]:
    """The ranked numbers, and all others together."""
    ranking = answer.doubt.ranking
    if ranking is None:
        return ()
    rest = () if ranking.rest is None else (ranking.rest,)
    return tuple(_row(one) for one in (*ranking.ranked, *rest))


def _row(one: Ranked) -> RankedRow:
    return RankedRow(
        name=one.name,
        meaning=one.meaning,
        status=one.status,
        carried_over=one.carried_over,
        alone=share_words(one.alone),
        involved=share_words(one.involved),
        citations=one.citations,
    )


def next_sentence(answer: Answer) -> str:
    """Which number to measure next, and what that would bring; empty without a ranking."""
    ranking = answer.doubt.ranking
    if ranking is None:
        return ""
    if not ranking.ranked or math.isnan(ranking.ranked[0].alone.middle):
        return "Measure this next: the runs do not tell; too many failed, or nothing varies."
    relative = is_relative(answer)
    best, *others = ranking.ranked
    if best.alone.low <= 0.0:
        return (
            "Measure this next: no number alone would narrow the answer for certain; what doubt there is comes from "
            f"several together, most of all with a hand of {_strongest(ranking).name}."
        )
    left = ranking.sd * math.sqrt(max(1.0 - best.alone.middle, 0.0))
    origin = f"{best.status}, carried over" if best.carried_over else best.status
    told = (
        f"Measure this next: {best.name} ({best.meaning}; {origin}). Known exactly, it would take "
        f"{share_words(best.alone)} off the variance of the typical person's answer, and its standard deviation from "
        f"{percent(ranking.sd, relative=relative)} to {percent(left, relative=relative)}."
    )
    rivals = [one.name for one in others if one.alone.high >= best.alone.low]
    if rivals:
        told += f" These runs do not tell it from {', '.join(rivals)}."
    return told


def _strongest(ranking: Ranking) -> Ranked:
    return max(ranking.ranked, key=lambda one: _middle(one.involved))


def ranking_sentences(answer: Answer) -> tuple[str, ...]:
    """What to measure next, a line for each number that has a hand in it, and what that rests on."""
    ranking = answer.doubt.ranking
    if ranking is None:
        return () if answer.doubt.split is None else (_UNRANKED,)
    rest = () if ranking.rest is None else (ranking.rest,)
    lines = []
    for one in (*ranking.ranked, *rest):
        if one.involved.middle < _WEAK and one.alone.middle < _WEAK:
            continue
        words = _row(one)
        origin = (
            f" ({one.status}{', carried over' if one.carried_over else ''})" if one.status else ""
        )
        lines.append(f"  {one.name}{origin}: {words.alone} alone, {words.involved} with others")
    return (next_sentence(answer), *lines, ranking_tail(answer))


def ranking_tail(answer: Answer) -> str:
    """What the ranking rests on; empty without one."""
    ranking = answer.doubt.ranking
    if ranking is None:
        return ""
    return (
        f"Of the variance in {ranking.scenario} for the typical person, all uncertain numbers drawn at once: "
        f"{plural(ranking.screened, 'number', 'numbers')} screened by elementary effects, {len(ranking.ranked)} of "
        f"them with shares of their own. {_runs(ranking)} More points (--points, or points in a study file) make the "
        "intervals narrower."
    )
