"""The chain of an answer in words: each link with how far it moves, for the terminal, the page and Markdown."""

from __future__ import annotations

from dataclasses import dataclass

from raphe.analysis import numerals
from raphe.analysis.answer import Answer, Interval, Link


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkWords:
    """One link: what it is, how far it moves in the median person, in people, and how surely."""

    title: str
    size: str
    people: str
    doubt: str


def chain_words(answer: Answer) -> tuple[tuple[LinkWords, ...], ...]:
    """The stages of the chain; none if nothing moves."""
    if answer.chain is None:
        return ()
    return tuple(tuple(_words(link) for link in stage) for stage in answer.chain.stages)


def chain_sentences(answer: Answer) -> tuple[str, ...]:
    """How to read the chain, then a line for each stage."""
    if answer.chain is None:
        return ()
    head = (
        f"The chain after {answer.chain.scenario}: the largest change of each link in the median person, in 90 % of "
        "people, and within the uncertainty of the typical person. The formulas of the model tell what acts on what; "
        "feedbacks are computed but not drawn."
    )
    lines = [head]
    for stage in chain_words(answer):
        told = [f"{w.title} {w.size} (people {w.people}; uncertainty {w.doubt})" for w in stage]
        lines.append("-> " + " | ".join(told))
    return tuple(lines)


def _words(link: Link) -> LinkWords:
    return LinkWords(
        title=link.title,
        size=_size(link),
        people=_range(link, link.size.people),
        doubt=_range(link, link.size.uncertainty),
    )


def _size(link: Link) -> str:
    middle = link.size.people.middle
    if link.relative or numerals.is_plain(link.unit):
        return numerals.change(middle, relative=link.relative)
    return numerals.amount(middle, link.unit)


def _range(link: Link, interval: Interval) -> str:
    if link.relative or numerals.is_plain(link.unit):
        return numerals.change_range(interval, relative=link.relative)
    return numerals.span(interval, link.unit)
