"""Answer -> sentences, shared by terminal and report. Knows nothing of pages, figures or how a run is made."""

from __future__ import annotations

import math
from collections.abc import Iterable

from raphe.analysis.answer import Answer, Comparison, Effect, Failure, Spread
from raphe.analysis.chains import chain_sentences
from raphe.analysis.doubts import failed_sentences, ranking_sentences, split_sentences
from raphe.analysis.findings import finding_lines, pointer_sentence
from raphe.analysis.numerals import (
    amount,
    change,
    change_range,
    duration,
    duration_range,
    is_relative,
    number,
    percent,
    plural,
    span,
    target_noun,
)
from raphe.analysis.regions import whom_sentences

DISCLAIMER = "Research and teaching software. Not medical advice."
STILL = 0.0005  # a change below 0.05 % of baseline is called none
_REST = 0.001  # what a run without doses may stray before it counts as moving
DECISIVE = 0.1  # share of the answer that a number must move to be named
SURE = 0.95  # share of draws from which a direction is called certain enough


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def scenario_label(effect: Effect) -> str:
    """The scenario's name, with its regimen where that says more."""
    if effect.scenario == effect.regimen or not effect.regimen:
        return effect.scenario
    return f"{effect.scenario} ({effect.regimen})"


def _share(fraction: float, noun: str) -> str:
    """`91 % of draws`, never rounding to all or none what is neither."""
    if math.isnan(fraction):
        return f"an unknown share of {noun}"
    if fraction >= 1.0:
        return f"all {noun}"
    if fraction <= 0.0:
        return f"none of the {noun}"
    if fraction > 0.99:
        return f"over 99 % of {noun}"
    return f"under 1 % of {noun}" if fraction < 0.01 else f"{round(100.0 * fraction)} % of {noun}"


def direction_words(effect: Effect) -> str:
    """In how many draws the target falls or rises, and whether that settles the direction."""
    falling, rising = effect.share_falling, effect.share_rising
    if not (falling > 0.0 or rising > 0.0):
        return "no draw moves it either way"
    verb, share, other = ("falls", falling, rising)
    against = "rises"
    if rising > falling:
        verb, share, other, against = "rises", rising, falling, "falls"
    if share >= 1.0:
        return f"it {verb} in every draw"
    if share >= SURE:
        return f"it {verb} in {_share(share, 'draws')}"
    tail = f" and {against} in {_share(other, 'draws')}"
    return f"even the direction is not certain: it {verb} in {_share(share, 'draws')}{tail}"


def headline(effect: Effect, answer: Answer) -> str:
    """Direction, size and time of the largest change in the median person, in one sentence."""
    noun, middle = target_noun(answer), effect.largest_change.people.middle
    if not effect.acts:
        return no_drug_sentence(effect, answer)
    if math.isnan(middle):
        return f"{_capital(noun)} cannot be told: no run gave a number."
    if abs(middle) < STILL:
        return f"{_capital(noun)} hardly moves: {change(middle, relative=effect.relative)} at most (median person)."
    verb = "falls" if middle < 0.0 else "rises"
    when = duration(effect.time_of_largest.people.middle)
    return (
        f"{_capital(noun)} {verb} by {percent(abs(middle), relative=effect.relative)} at most, "
        f"{when} after the {'first dose' if effect.doses else 'change'} (median person)."
    )


def effect_sentences(effect: Effect, answer: Answer) -> tuple[str, ...]:
    """What a scenario does to the target while it lasts.

    Parameters
    ----------
    effect
        One scenario.
    answer
        The answer it belongs to.

    Returns
    -------
    tuple of str
        The headline, the people, the uncertainty, the day after the last dose; for a scenario
        without doses one sentence.
    """
    first = headline(effect, answer)
    if not effect.acts or math.isnan(effect.largest_change.people.middle):
        return (first,)
    largest, when, day = (
        effect.largest_change,
        effect.time_of_largest,
        effect.mean_change_last_day,
    )
    people = (
        f"Between people the largest change is {change_range(largest.people, relative=effect.relative)} "
        f"(5th to 95th percentile), after {duration_range(when.people)}."
    )
    unknown = (
        f"Uncertainty of the typical person: {change_range(largest.uncertainty, relative=effect.relative)} "
        f"(median {change(largest.uncertainty.middle, relative=effect.relative)}); {direction_words(effect)}."
    )
    if effect.doses == 0:
        return (
            first,
            people,
            unknown,
            f"At the end: {spread_words(effect.change_at_end, relative=effect.relative)}.",
        )
    mean = f"Mean over the 24 h after the last dose: {spread_words(day, relative=effect.relative)}."
    return (first, people, unknown, mean)


def spread_words(spread: Spread, *, relative: bool = True) -> str:
    """A change in the median person, with both kinds of spread."""
    return (
        f"{change(spread.people.middle, relative=relative)} (people {change_range(spread.people, relative=relative)}; "
        f"uncertainty {change_range(spread.uncertainty, relative=relative)})"
    )


def no_drug_sentence(effect: Effect, answer: Answer) -> str:
    """What happens without a dose: nothing, and by how much at most."""
    noun, largest = target_noun(answer), effect.largest_change
    ends = (largest.people, largest.uncertainty)
    moves = max(abs(value) for one in ends for value in (one.low, one.high))
    if math.isnan(moves):
        return f"Without a dose {noun} cannot be told: no run gave a number."
    least = percent(0.0001, relative=effect.relative)
    bound = (
        f"less than {least}"
        if moves < 0.0001
        else f"at most {percent(moves, relative=effect.relative)}"
    )
    length = duration(effect.until)
    if moves < _REST:
        return f"Nothing moves: without a dose {noun} strays by {bound} in {length}."
    return (
        f"Not at rest: {noun} moves by {bound} in {length} without any dose, "
        "so that much of every other change is not the drug's."
    )


def rebound_sentence(effect: Effect) -> str:
    """How far the target swings to the other side once the drug goes; empty without a swing."""
    middle = effect.rebound.people.middle
    if effect.doses == 0 or math.isnan(middle) or abs(middle) < STILL:
        return ""
    swing = spread_words(effect.rebound, relative=effect.relative)
    return f"On the way it passes baseline to the other side, at most by {swing}."


def after_sentence(effect: Effect) -> str:
    """What happens after the last dose; empty for a scenario without doses."""
    if effect.doses == 0 or math.isnan(effect.largest_change.people.middle):
        return ""
    near = f"within {percent(effect.settled_within, relative=effect.relative)} of baseline"
    settled, left = effect.settled, effect.until - effect.last_dose
    if math.isnan(settled.people.middle):
        return (
            f"Not back {near} when the run ends, {duration(left)} after the last dose: "
            f"still {spread_words(effect.change_at_end, relative=effect.relative)}."
        )
    ranges = (
        f"(people {duration_range(settled.people)}; "
        f"uncertainty {duration_range(settled.uncertainty)})"
    )
    swing = rebound_sentence(effect)
    told = f"Back {near} {duration(settled.people.middle)} after the last dose {ranges}."
    if settled.people.middle == 0.0:
        told = f"Stays {near} from the last dose on in the median person {ranges}."
    return f"{told} {swing}" if swing else told


def spread_sentence(answer: Answer) -> str:
    """That the two kinds of spread are kept apart, and what each is."""
    made = answer.provenance
    return (
        "People and uncertainty are kept apart: people means how persons differ, the 5th to 95th "
        f"percentile of {made.people} simulated persons at the best estimate of every population "
        "value; uncertainty means how well those values are known, the 5th to 95th percentile of "
        f"{made.draws} draws of them for one typical person."
    )


def known_sentence(answer: Answer) -> str:
    """How many numbers were read, derived or assumed."""
    total = sum(count for _, count in answer.statuses)
    if total == 0:
        return "The model has no numbers of its own."
    verbs = {"read": "read in a source", "derived": "derived from such numbers"}
    parts = [f"{count} {verbs.get(status, status)}" for status, count in answer.statuses]
    return f"Of {plural(total, 'number', 'numbers')} in the model: {', '.join(parts)}."


def sweep_sentences(answer: Answer) -> tuple[str, ...]:
    """What decides the answer, and which assumed numbers move it by more than a tenth."""
    sweep = answer.sweep
    if sweep is None or not sweep.movers:
        return ()
    first = sweep.movers[0]
    relative = is_relative(answer)
    low, high, typical = (
        change(value, relative=relative) for value in (first.low, first.high, sweep.typical)
    )
    told = (
        f"Moved one at a time ({sweep.scenario}), all others at their best estimates, {first.name} ({first.meaning}, "
        f"{first.status}) goes farthest: it takes the largest change from {low} to {high}; typical {typical}."
    )
    lines = [told]
    assumed = [one.name for one in sweep.movers if one.status == "assumed" and one.share > DECISIVE]
    if assumed:
        count = plural(len(assumed), "assumed number moves", "assumed numbers move")
        lines.append(
            f"{count} it by more than {percent(DECISIVE)} of itself: {', '.join(assumed)}."
        )
    else:
        lines.append(
            f"No assumed number alone moves it by more than {percent(DECISIVE)} of itself."
        )
    return tuple(lines)


def held_out(answer: Answer) -> tuple[Comparison, ...]:
    """Observations that took no part in setting the model."""
    return tuple(one for one in answer.comparisons if one.role != "calibration")


def verdict(comparison: Comparison) -> str:
    """`inside`, `MISS`, or `no prediction` if the model gave no number; the last is no hit."""
    if comparison.inside:
        return "inside"
    if math.isnan(comparison.predicted.low) or math.isnan(comparison.predicted.high):
        return "no prediction"
    return "MISS"


def comparison_sentences(answer: Answer) -> tuple[str, ...]:
    """Hits and misses against published observations, counted without the calibration points.

    Parameters
    ----------
    answer
        With its comparisons.

    Returns
    -------
    tuple of str
        The count, the size of the errors, what is not tested, and one sentence for each miss.
    """
    if not answer.comparisons:
        return ("No published observation is compared with this run.", pointer_sentence(answer))
    held = held_out(answer)
    used = len(answer.comparisons) - len(held)
    calibration = plural(used, "calibration point", "calibration points")
    calibration += " is" if used == 1 else " are"
    if not held:
        first = f"No held-out observation is compared; {calibration} no test of the model."
    else:
        hits = sum(one.inside for one in held)
        seen = plural(len(held), "held-out observation", "held-out observations")
        first = f"{hits} of {seen} {'lies' if hits == 1 else 'lie'} inside the 90 % interval"
        first += f"; {calibration} not counted." if used else "."
    errors = _errors_sentence(held)
    tested = any(one.output == answer.target_output for one in answer.comparisons)
    untested = "" if tested else pointer_sentence(answer)
    misses = (miss_sentence(one) for one in held if not one.inside)
    return tuple(text for text in (first, errors, untested, *misses) if text)


def _errors_sentence(held: Iterable[Comparison]) -> str:
    errors = sorted(one.fold_error for one in held if math.isfinite(one.fold_error))
    if not errors:
        return ""
    half = len(errors) // 2
    middle = errors[half] if len(errors) % 2 else 0.5 * (errors[half - 1] + errors[half])
    return f"Held-out fold error: median {number(middle)}, largest {number(errors[-1])}."


def miss_sentence(comparison: Comparison) -> str:
    """One observation that the prediction does not hold, with both numbers."""
    name = f"{comparison.observation} ({comparison.regimen}, {comparison.statistic})"
    seen = f"observed {amount(comparison.observed, comparison.unit)}"
    if verdict(comparison) == "no prediction":
        return f"No prediction for {name}: {seen}; it counts as no hit."
    return (
        f"Miss: {name}: {seen}, predicted {amount(comparison.predicted.middle, comparison.unit)} "
        f"({span(comparison.predicted, comparison.unit)}), {number(comparison.fold_error)}-fold."
    )


def failure_sentence(failure: Failure) -> str:
    """How many subjects of a run did not finish, why, and what to do."""
    reason = failure.status.replace("_", " ").lower()
    who = f"{failure.count} of {failure.of} subjects"
    advice = f"; {failure.advice}" if failure.advice else ""
    return f'{who} of "{failure.scenario}" ({failure.layer}) did not finish: {reason}{advice}.'


def failure_sentences(answer: Answer) -> tuple[str, ...]:
    """One sentence for each kind of failure; none if every subject finished."""
    return (*(failure_sentence(one) for one in answer.failures), *failed_sentences(answer))


def stranger_sentences(answer: Answer) -> tuple[str, ...]:
    """For each scenario the share of its people whom the model was not made for; none if there are no such people."""
    bounds = "; ".join(answer.supports) or "the population"
    return tuple(
        f'{one.count} of {one.of} subjects of "{one.scenario}" ({one.layer}; {percent(one.count / one.of)}) '
        f"lie outside what the model was made for ({bounds}); they are in all numbers above."
        for one in answer.strangers
    )


def answer_text(answer: Answer) -> str:
    """The whole answer as plain text: blocks parted by empty lines, one sentence a line.

    Parameters
    ----------
    answer
        What was found.

    Returns
    -------
    str
        Not wrapped; ends with a line feed.
    """
    blocks: list[tuple[str, ...]] = [(answer.title, DISCLAIMER)]
    for effect in answer.effects:
        told = [*effect_sentences(effect, answer), after_sentence(effect)]
        blocks.append((f"{scenario_label(effect)}:", *(f"  {text}" for text in told if text)))
    blocks.append(chain_sentences(answer))
    blocks.append((spread_sentence(answer),))
    blocks.append(comparison_sentences(answer))
    blocks.append(finding_lines(answer))
    blocks.append(whom_sentences(answer))
    blocks.append(split_sentences(answer))
    blocks.append(ranking_sentences(answer))
    blocks.append((known_sentence(answer), *sweep_sentences(answer)))
    blocks.append((*failure_sentences(answer), *stranger_sentences(answer)))
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"
