"""Answer -> sentences, shared by terminal and report. Knows nothing of pages, figures or how a run is made.

Numbers keep two or three significant digits and their unit; what is not a number is said in words.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from raphe.analysis.answer import Answer, Comparison, Effect, Failure, Interval, Spread

DISCLAIMER = "Research and teaching software. Not medical advice."
NO_NUMBER = "no number"
NOT_REACHED = "not before the run ends"
_DAYS_FROM = 48.0  # h; shorter times are told in hours
_STILL = 0.0005  # a change below 0.05 % of baseline is called none
_REST = 0.001  # what a run without doses may stray before it counts as moving
_SURE = 0.95  # share of draws from which a direction is called certain enough


def number(value: float, digits: int = 3) -> str:
    """A number with a few significant digits, without trailing zeros.

    Parameters
    ----------
    value
        Any float.
    digits
        Significant digits.

    Returns
    -------
    str
        Never `nan`, `inf` or `-0`.

    Examples
    --------
    >>> number(14.8962), number(0.00123456), number(-0.0), number(3.2e-9), number(float("nan"))
    ('14.9', '0.00123', '0', '3.2e-9', 'no number')
    """
    if math.isnan(value):
        return NO_NUMBER
    if math.isinf(value):
        return "without limit"
    rounded = float(f"{value:.{digits}g}")
    if rounded == 0.0:
        return "0"
    order = math.floor(math.log10(abs(rounded)))
    if -4 <= order < 6:
        text = f"{rounded:.{max(digits - 1 - order, 0)}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    mantissa, _, exponent = f"{rounded:.{digits - 1}e}".partition("e")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{mantissa}e{int(exponent)}"


def amount(value: float, unit: str, digits: int = 3) -> str:
    """A number and its unit; a ratio has none.

    Examples
    --------
    >>> amount(14.8962, "ng/mL"), amount(0.873, "dimensionless")
    ('14.9 ng/mL', '0.873')
    """
    if math.isnan(value) or is_plain(unit):
        return number(value, digits)
    return f"{number(value, digits)} {unit}"


def is_plain(unit: str) -> bool:
    """Whether a unit is that of a ratio, which is not written."""
    return unit.strip() in {"", "1", "dimensionless"}


def _percent_number(fraction: float) -> str:
    """Two digits, but nothing below a hundredth of a percent: no change is known so well."""
    digits = 3 if abs(fraction) >= 0.995 else 2
    return number(round(100.0 * fraction, 2) if math.isfinite(fraction) else fraction, digits)


def percent(fraction: float) -> str:
    """A fraction as percent, with a sign only if negative.

    Examples
    --------
    >>> percent(0.1843), percent(-0.0042), percent(1.234), percent(-1e-12)
    ('18 %', '-0.42 %', '123 %', '0 %')
    """
    return NO_NUMBER if math.isnan(fraction) else f"{_percent_number(fraction)} %"


def _signed(fraction: float) -> str:
    text = _percent_number(fraction)
    return f"+{text}" if fraction > 0.0 and text != "0" and math.isfinite(fraction) else text


def change(fraction: float) -> str:
    """A change as percent, always with its sign.

    Examples
    --------
    >>> change(0.06), change(-0.41), change(-0.0)
    ('+6 %', '-41 %', '0 %')
    """
    return NO_NUMBER if math.isnan(fraction) else f"{_signed(fraction)} %"


def change_range(interval: Interval) -> str:
    """The 5th and 95th percentile of a change.

    Examples
    --------
    >>> change_range(Interval(low=-0.41, middle=-0.2, high=0.06))
    '-41 to +6 %'
    """
    if math.isnan(interval.low) and math.isnan(interval.high):
        return NO_NUMBER
    if math.isnan(interval.low) or math.isnan(interval.high):
        return f"{change(interval.low)} to {change(interval.high)}"
    low, high = _signed(interval.low), _signed(interval.high)
    return f"{low} %" if low == high else f"{low} to {high} %"


def duration(hours: float, digits: int = 2) -> str:
    """A time: hours below 48 h, days above.

    Examples
    --------
    >>> duration(1.75), duration(100.8), duration(float("nan"))
    ('1.8 h', '4.2 d', 'not before the run ends')
    """
    if math.isnan(hours):
        return NOT_REACHED
    if abs(hours) < _DAYS_FROM:
        return f"{number(hours, digits)} h"
    days = hours / 24.0
    return f"{number(days, max(digits, 3) if days >= 99.5 else digits)} d"


def duration_range(interval: Interval) -> str:
    """The 5th and 95th percentile of a time.

    Examples
    --------
    >>> duration_range(Interval(low=96.0, middle=100.0, high=120.0))
    '4 to 5 d'
    >>> duration_range(Interval(low=40.0, middle=100.0, high=float("nan")))
    '40 h to not before the run ends'
    """
    low, high = duration(interval.low), duration(interval.high)
    if low == high:
        return low
    if not math.isnan(interval.high) and low[-2:] == high[-2:]:
        return f"{low[:-2]} to {high}"
    return f"{low} to {high}"


def span(interval: Interval, unit: str) -> str:
    """The 5th and 95th percentile of an amount, with the unit once.

    Examples
    --------
    >>> span(Interval(low=10.22, middle=12.0, high=14.04), "ng/mL")
    '10.2 to 14 ng/mL'
    """
    if math.isnan(interval.low) or math.isnan(interval.high):
        return f"{amount(interval.low, unit)} to {amount(interval.high, unit)}"
    return f"{number(interval.low)} to {amount(interval.high, unit)}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _plural(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def target_noun(answer: Answer) -> str:
    """What the target is, in a few words: its meaning up to the first comma."""
    return answer.target_meaning.partition(",")[0].strip() or answer.target


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
    if share >= _SURE:
        return f"it {verb} in {_share(share, 'draws')}"
    tail = f" and {against} in {_share(other, 'draws')}"
    return f"even the direction is not certain: it {verb} in {_share(share, 'draws')}{tail}"


def headline(effect: Effect, answer: Answer) -> str:
    """Direction, size and time of the largest change in the median person, in one sentence."""
    noun, middle = target_noun(answer), effect.largest_change.people.middle
    if effect.doses == 0:
        return no_drug_sentence(effect, answer)
    if math.isnan(middle):
        return f"{_capital(noun)} cannot be told: no run gave a number."
    if abs(middle) < _STILL:
        return f"{_capital(noun)} hardly moves: {change(middle)} at most (median person)."
    verb = "falls" if middle < 0.0 else "rises"
    when = duration(effect.time_of_largest.people.middle)
    return (
        f"{_capital(noun)} {verb} by {percent(abs(middle))} at most, "
        f"{when} after the first dose (median person)."
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
    if effect.doses == 0 or math.isnan(effect.largest_change.people.middle):
        return (first,)
    largest, when, day = (
        effect.largest_change,
        effect.time_of_largest,
        effect.mean_change_last_day,
    )
    people = (
        f"Between people the largest change is {change_range(largest.people)} "
        f"(5th to 95th percentile), after {duration_range(when.people)}."
    )
    unknown = (
        f"Uncertainty of the typical person: {change_range(largest.uncertainty)} "
        f"(median {change(largest.uncertainty.middle)}); {direction_words(effect)}."
    )
    mean = f"Mean over the 24 h after the last dose: {spread_words(day)}."
    return (first, people, unknown, mean)


def spread_words(spread: Spread) -> str:
    """A change in the median person, with both kinds of spread."""
    return (
        f"{change(spread.people.middle)} (people {change_range(spread.people)}; "
        f"uncertainty {change_range(spread.uncertainty)})"
    )


def no_drug_sentence(effect: Effect, answer: Answer) -> str:
    """What happens without a dose: nothing, and by how much at most."""
    noun, largest = target_noun(answer), effect.largest_change
    ends = (largest.people, largest.uncertainty)
    moves = max(abs(value) for one in ends for value in (one.low, one.high))
    if math.isnan(moves):
        return f"Without a dose {noun} cannot be told: no run gave a number."
    bound = "less than 0.01 %" if moves < 0.0001 else f"at most {percent(moves)}"
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
    if effect.doses == 0 or math.isnan(middle) or abs(middle) < _STILL:
        return ""
    return f"On the way it passes baseline to the other side, at most by {spread_words(effect.rebound)}."


def after_sentence(effect: Effect) -> str:
    """What happens after the last dose; empty for a scenario without doses."""
    if effect.doses == 0 or math.isnan(effect.largest_change.people.middle):
        return ""
    near = f"within {percent(effect.settled_within)} of baseline"
    settled, left = effect.settled, effect.until - effect.last_dose
    if math.isnan(settled.people.middle):
        return (
            f"Not back {near} when the run ends, {duration(left)} after the last dose: "
            f"still {spread_words(effect.change_at_end)}."
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
    return f"Of {_plural(total, 'number', 'numbers')} in the model: {', '.join(parts)}."


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
        return ("No published observation is compared with this run.",)
    held = held_out(answer)
    used = len(answer.comparisons) - len(held)
    calibration = _plural(used, "calibration point", "calibration points")
    calibration += " is" if used == 1 else " are"
    if not held:
        first = f"No held-out observation is compared; {calibration} no test of the model."
    else:
        hits = sum(one.inside for one in held)
        seen = _plural(len(held), "held-out observation", "held-out observations")
        first = f"{hits} of {seen} {'lies' if hits == 1 else 'lie'} inside the 90 % interval"
        first += f"; {calibration} not counted." if used else "."
    errors = _errors_sentence(held)
    untested = (
        ""
        if any(one.output == answer.target_output for one in answer.comparisons)
        else f"No measurement of {target_noun(answer)} itself is among them: "
        "that end of the chain is not tested here."
    )
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
    return tuple(failure_sentence(one) for one in answer.failures)


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
    blocks.append((spread_sentence(answer),))
    blocks.append(comparison_sentences(answer))
    blocks.append((known_sentence(answer),))
    blocks.append(failure_sentences(answer))
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"
