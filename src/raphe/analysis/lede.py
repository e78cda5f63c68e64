"""Answer -> its two first sentences: which way and how far, then how sure and for how long. Finds nothing out."""

from __future__ import annotations

import math
from collections.abc import Sequence

from raphe.analysis.answer import Answer, Effect, Interval
from raphe.analysis.numerals import change_range, duration_range, percent, target_noun
from raphe.analysis.wording import STILL, SURE, scenario_label


def lede(answer: Answer) -> tuple[str, ...]:
    """The whole answer in two sentences.

    Parameters
    ----------
    answer
        What was found.

    Returns
    -------
    tuple of str
        Two sentences; none if nothing was done, or no run gave a number.
    """
    told = [one for one in answer.effects if one.acts and not math.isnan(_middle(one))]
    if not told:
        return ()
    told.sort(key=lambda one: abs(_middle(one)))
    return (f"{_way(answer, told)}.", f"{_doubt(told)}{_end(told)}.")


def _middle(effect: Effect) -> float:
    return effect.largest_change.people.middle


def _way(answer: Answer, told: Sequence[Effect]) -> str:
    """Which way the target goes in the median person, and how far at most; the smallest effect first."""
    noun, relative = target_noun(answer), all(one.relative for one in told)
    subject = answer.subject[:1].upper() + answer.subject[1:]
    middles = [_middle(one) for one in told]
    least, most = middles[0], middles[-1]
    if abs(most) < STILL:
        return f"{subject} hardly moves {noun} in the median person"
    if any(abs(one) >= STILL and one * most < 0.0 for one in middles):
        ends = Interval(low=min(middles), middle=most, high=max(middles))
        return (
            f"Whether {answer.subject} raises or lowers {noun} depends on how it is taken: "
            f"the median person's largest change is {change_range(ends, relative=relative)}"
        )
    verb = "lowers" if most < 0.0 else "raises"
    size = percent(abs(most), relative=relative)
    small = percent(abs(least), relative=relative)
    if small != size:
        size = f"{small.removesuffix(' %')} to {size} at most, depending on how it is taken"
    else:
        size += " at most"
    return f"{subject} {verb} {noun} in the median person by {size}"


def _doubt(told: Sequence[Effect]) -> str:
    """How well the largest change is known, and whether its direction is."""
    largest = told[-1]
    ends = change_range(largest.largest_change.uncertainty, relative=largest.relative)
    where = f" ({scenario_label(largest)})" if len(told) > 1 else ""
    if any(max(one.share_falling, one.share_rising) < SURE for one in told):
        return (
            f"Even the direction is not certain, since what is known leaves room for {ends}{where}"
        )
    return f"The model is sure of the direction but not of the size, {ends}{where}"


def _end(told: Sequence[Effect]) -> str:
    """When the target is back after the last dose; empty without doses."""
    dosed = [one for one in told if one.doses]
    if not dosed:
        return ""
    near = f"within {percent(dosed[0].settled_within, relative=dosed[0].relative)} of baseline"
    times = [one.settled.people.middle for one in dosed]
    if any(math.isnan(time) for time in times):
        return f"; when the run ends it is not back {near} everywhere"
    ends = duration_range(Interval(low=min(times), middle=max(times), high=max(times)))
    return f"; it is back {near} {ends} after the last dose"
