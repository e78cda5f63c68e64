"""Doses and regimens, and how regimens are put together. Knows nothing of models or people."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

from raphe.core.errors import DoseError, Place
from raphe.core.units import HOUR, Quantity
from raphe.dosing.prescription import (
    MAX_DOSES,
    Course,
    Group,
    Pause,
    Prescription,
    Sequence,
    Together,
    is_chain,
    is_course,
    is_together,
    read_prescription,
)

_NAME = re.compile(r"[^\s(),;+]+\Z")


class Entry(Enum):
    """How an amount enters the body."""

    ROUTE = "route"
    """As the route says: at once, or over the route's own modeled duration or rate."""
    AT_ONCE = "at once"
    """At once, whatever the route says (NONMEM: RATE 0)."""
    RATE = "rate"
    """At the rate of the dose (NONMEM: RATE above 0)."""
    DURATION = "duration"
    """Over the duration of the dose."""
    MODELED_RATE = "modeled rate"
    """At the rate that the route models (NONMEM: RATE -1)."""
    MODELED_DURATION = "modeled duration"
    """Over the duration that the route models (NONMEM: RATE -2)."""


class Steady(Enum):
    """Whether a dose is given at the steady state of its own series."""

    NO = "no"
    """It is not."""
    REPLACE = "replace"
    """The steady state replaces all that was there before (NONMEM: SS 1)."""
    ADD = "add"
    """The steady state is added to what was there before (NONMEM: SS 2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dose:
    """An amount at a time, or a series of equal doses.

    Parameters
    ----------
    time
        When it is given (h); any finite number.
    amount
        How much; 0 only for a constant infusion to steady state.
    route
        Name of the route, such as `drug.oral`; None for the route of the drug that is asked about.
    rate
        With `Entry.RATE`: amount per time, above 0.
    duration
        With `Entry.DURATION`: how long the infusion lasts (h), above 0.
    entry
        How the amount enters.
    interval
        Time between the doses of a series, or of the steady state (h); 0 for a single dose.
    additional
        How many doses of the series follow this one.
    steady
        Whether the dose is given at the steady state of endless equal doses before it. A constant infusion has
        amount 0, `Entry.RATE`, interval 0 and nothing additional.

    Raises
    ------
    DoseError
        If no such dose can be given. The message names the rule.
    """

    time: float
    amount: Quantity
    route: str | None = None
    rate: Quantity | None = None
    duration: float | None = None
    entry: Entry = Entry.ROUTE
    interval: float = 0.0
    additional: int = 0
    steady: Steady = Steady.NO

    def __post_init__(self) -> None:
        _check_amount(self)
        _check_entry(self)
        _check_series(self)


def _check_amount(dose: Dose) -> None:
    if not math.isfinite(dose.time):
        raise _broken("TIME-FINITE", f"a dose at {dose.time!r} h", "give a finite time")
    if not 0.0 <= dose.amount.base < math.inf:
        raise _broken("AMT-SIGN", f"a dose of {dose.amount}", "it must be above 0 and finite")
    if dose.route is not None and not _NAME.match(dose.route):
        advice = 'write one word, such as "iv" or "drug.oral"'
        raise _broken("ROUTE-NAME", f'the route "{dose.route}"', advice)
    if dose.amount.base == 0.0 and (dose.steady is Steady.NO or dose.entry is not Entry.RATE):
        advice = "only a constant infusion to steady state, with a rate, has amount 0"
        raise _broken("AMT-ZERO", f"a dose of {dose.amount}", advice)


def _check_entry(dose: Dose) -> None:
    if (dose.rate is not None) != (dose.entry is Entry.RATE):
        advice = "a rate is given with Entry.RATE, and only then"
        raise _broken("RATE-ENTRY", f"the rate {dose.rate} with {dose.entry}", advice)
    if (dose.duration is not None) != (dose.entry is Entry.DURATION):
        advice = "a duration is given with Entry.DURATION, and only then"
        raise _broken("DURATION-ENTRY", f"{dose.duration} h with {dose.entry}", advice)
    advice = "it must be above 0 and finite"
    if dose.duration is not None and not 0.0 < dose.duration < math.inf:
        raise _broken("DURATION-SIGN", f"an infusion over {dose.duration!r} h", advice)
    if dose.rate is None:
        return
    if not 0.0 < dose.rate.base < math.inf:
        raise _broken("RATE-SIGN", f"an infusion at {dose.rate}", advice)
    per_time = zip(dose.amount.unit.dimension, HOUR.dimension, strict=True)
    if dose.rate.unit.dimension != tuple(a - b for a, b in per_time):
        what = f"a dose of {dose.amount} at {dose.rate}"
        advice = f'a rate is an amount per time, such as "{dose.amount.unit}/h"'
        raise _broken("RATE-UNIT", what, advice)


def _check_series(dose: Dose) -> None:
    interval, more = f"an interval of {dose.interval!r} h", f"{dose.additional} additional doses"
    if not 0.0 <= dose.interval < math.inf:
        raise _broken("II-SIGN", interval, "it must not be negative, and finite")
    if dose.additional < 0:
        raise _broken("ADDL-SIGN", more, "give 0 or more")
    if dose.additional >= MAX_DOSES:
        raise _broken("ADDL-LIMIT", more, f"a series has at most {MAX_DOSES} doses")
    if dose.amount.base == 0.0:
        if dose.interval != 0.0 or dose.additional != 0:
            what = f"a constant infusion every {dose.interval!r} h"
            raise _broken("SS-CONSTANT", what, "it has neither an interval nor additional doses")
        return
    if dose.additional > 0 and dose.interval == 0.0:
        raise _broken(
            "ADDL-NEEDS-II", f"{more} without an interval", "give the interval between them"
        )
    if dose.steady is not Steady.NO and dose.interval == 0.0:
        what = f"{dose.steady} without an interval"
        raise _broken("SS-NEEDS-II", what, "give the interval between the doses at steady state")
    if dose.interval > 0.0 and dose.additional == 0 and dose.steady is Steady.NO:
        advice = "say how many doses follow, or that it is at steady state"
        raise _broken("II-ALONE", f"{interval} for a single dose", advice)
    if not math.isfinite(_last(dose)):
        raise _broken("TIME-FINITE", "a series without an end", "give a shorter interval")


def _broken(rule: str, what: str, advice: str) -> DoseError:
    return DoseError(f"{what} is impossible (rule {rule})", advice=advice)


def _last(dose: Dose) -> float:
    """Time of the last dose of a series (h)."""
    return dose.time + dose.additional * dose.interval


def _end(dose: Dose) -> float:
    """When the last infusion of a series ends (h), were all of its amount taken up; for others the last dose."""
    if dose.duration is not None:
        return _last(dose) + dose.duration
    if dose.rate is not None:
        return _last(dose) + dose.amount.base / dose.rate.base
    return _last(dose)


@dataclass(frozen=True, slots=True, kw_only=True)
class Regimen:
    """Doses in order of time, and the text they were read from.

    Parameters
    ----------
    text
        The prescription. What is put together from regimens that were read has a text that reads back the same.
    doses
        In any order; kept sorted by time, equal times in the order given.
    length
        Where a following part begins (h); never before the last dose, or before the nominal end of an infusion.

    Raises
    ------
    DoseError
        If the length is negative or not finite.
    """

    text: str
    doses: tuple[Dose, ...]
    length: float = 0.0

    def __post_init__(self) -> None:
        length = max((self.length, *map(_end, self.doses)))
        if not 0.0 <= self.length <= length < math.inf:
            what = f"a regimen of {self.length!r} h"
            raise _broken("LENGTH", what, "it must be finite, and not below 0")
        object.__setattr__(self, "doses", tuple(sorted(self.doses, key=lambda dose: dose.time)))
        object.__setattr__(self, "length", length)

    @classmethod
    def from_text(cls, text: str, place: Place | None = None) -> Regimen:
        """Read a prescription.

        Parameters
        ----------
        text
            `2 mg once`, `0.5 mg every 8 h for 7 d`, `1 mg twice a day for 2 week from steady state`,
            `100 mg over 2 h by iv once`; such parts joined by `, then` (one after the other) or ` + ` (both),
            with parentheses; or `no drug`.
        place
            Where the text stands, for the error.

        Returns
        -------
        Regimen

        Raises
        ------
        DoseError
            If the text does not read, or an amount or a time is impossible.

        Examples
        --------
        >>> Regimen.from_text("0.5 mg every 8 h for 7 d").last_dose
        160.0
        """
        clean = " ".join(text.split())
        read = read_prescription(clean, place)
        try:
            return replace(_build(read), text=clean)
        except DoseError as error:
            message = f'"{clean}": {error.message}'
            raise DoseError(message, place=place, advice=error.advice) from error

    def __add__(self, other: Regimen) -> Regimen:
        """Both regimens, from the same start on; the longer one says where a following part begins."""
        if not isinstance(other, Regimen):
            return NotImplemented
        if _is_empty(self) or _is_empty(other):
            return other if _is_empty(self) else self
        text = f"{self.text} + {other.text}"
        length = max(self.length, other.length)
        return _regimen(text, self.doses + other.doses, length)

    def then(self, other: Regimen) -> Regimen:
        """One regimen after the other.

        Parameters
        ----------
        other
            Starts where this one ends, which is at its `length`.

        Returns
        -------
        Regimen
        """
        if _is_empty(self) or _is_empty(other):
            return other if _is_empty(self) else self
        left = f"({self.text})" if is_together(self.text) else self.text
        # Without parentheses the lengths would be added in another order, and times differ in the last place.
        right = f"({other.text})" if is_chain(other.text) else other.text
        both = _in_turn((self, other))
        return _regimen(f"{left}, then {right}", both.doses, both.length)

    def repeated(self, times: int, every: Quantity) -> Regimen:
        """The regimen several times.

        Parameters
        ----------
        times
            How often in all, at least once.
        every
            Time from one start to the next; if it is shorter than the regimen, the repetitions overlap.

        Returns
        -------
        Regimen
            Its length is that of `times` such periods, or more where the last repetition is longer than one.

        Raises
        ------
        DoseError
            If the number or the time is impossible.
        """
        period = _time(every)
        if times < 1 or period <= 0.0:
            what = f"repeating {times} times every {every}"
            raise _broken("REPEAT", what, "repeat at least once, every time above 0")
        if times * max(1, len(self.doses)) > MAX_DOSES:
            what = f"repeating {len(self.doses)} doses {times} times"
            raise _broken("REPEAT", what, f"that would be more than {MAX_DOSES} doses")
        doses = [one for k in range(times) for one in _shifted(self.doses, k * period)]
        length = max(times * period, (times - 1) * period + self.length)
        text = f"({self.text}) repeated {times} times every {every}"
        return _regimen(text, doses, length)

    def delayed(self, by: Quantity) -> Regimen:
        """The regimen, begun later.

        Parameters
        ----------
        by
            A time, not negative.

        Returns
        -------
        Regimen

        Raises
        ------
        DoseError
            If it is no such time.
        """
        wait = _time(by)
        if wait < 0.0:
            raise _broken("DELAY", f"a delay by {by}", "it must not be negative")
        return Regimen(text=f"no drug for {by}", doses=(), length=wait).then(self)

    def by(self, route: str) -> Regimen:
        """The regimen with a route for the doses that have none.

        Parameters
        ----------
        route
            Name of the route.

        Returns
        -------
        Regimen

        Raises
        ------
        DoseError
            If the name is empty.
        """
        if all(dose.route is not None for dose in self.doses):
            return self
        doses = [replace(dose, route=route) if dose.route is None else dose for dose in self.doses]
        text = self.text if is_course(self.text) else f"({self.text})"
        return _regimen(f"{text} by {route}", doses, self.length)

    def entered(self, entry: Entry) -> Regimen:
        """The regimen with a way of entry for the doses that leave it to the route.

        Parameters
        ----------
        entry
            At once, or over the modeled duration, or at the modeled rate.

        Returns
        -------
        Regimen

        Raises
        ------
        DoseError
            If the entry needs a number of each dose, its rate or duration.
        """
        if entry is Entry.ROUTE or all(dose.entry is not Entry.ROUTE for dose in self.doses):
            return self
        doses = [
            replace(dose, entry=entry) if dose.entry is Entry.ROUTE else dose for dose in self.doses
        ]
        return _regimen(f"({self.text}) entered {_WORDS[entry]}", doses, self.length)

    @property
    def last_dose(self) -> float:
        """Time of the last dose, those that follow in a series counted (h); 0 without doses."""
        return max(map(_last, self.doses), default=0.0)

    def expanded(self) -> Regimen:
        """The regimen with every series as single doses, and the same text.

        Raises
        ------
        DoseError
            If a dose is at steady state, which is no sum of single doses.
        """
        for dose in self.doses:
            if dose.steady is not Steady.NO:
                message = f'"{self.text}" has a dose at steady state (rule EXPAND-STEADY)'
                raise DoseError(message, advice="it cannot be written as single doses")
        return self.parted()

    def parted(self) -> Regimen:
        """The regimen with every series as single doses, but for one that begins at steady state."""
        parts = ((dose,) if dose.steady is not Steady.NO else _singles(dose) for dose in self.doses)
        return replace(self, doses=tuple(one for part in parts for one in part))


_WORDS = {
    Entry.AT_ONCE: "at once",
    Entry.MODELED_RATE: "at the modeled rate",
    Entry.MODELED_DURATION: "over the modeled duration",
}
_ENTRIES = {words: entry for entry, words in _WORDS.items()}


def _regimen(text: str, doses: Iterable[Dose], length: float) -> Regimen:
    regimen = Regimen(text=text, doses=tuple(doses), length=length)
    if regimen.doses:
        return regimen
    return replace(regimen, text=f"no drug for {length!r} h" if length > 0.0 else "no drug")


def _in_turn(parts: Iterable[Regimen]) -> Regimen:
    """One after the other; lengths are added from the left."""
    doses: list[Dose] = []
    length = 0.0
    for part in parts:
        new = _shifted(part.doses, length)
        length = max((length + part.length, *map(_end, new)))
        doses += new
    return _regimen("in turn", doses, length)


def _is_empty(regimen: Regimen) -> bool:
    return not regimen.doses and regimen.length == 0.0


def _shifted(doses: tuple[Dose, ...], by: float) -> tuple[Dose, ...]:
    return tuple(replace(dose, time=by + dose.time) for dose in doses)


def _singles(dose: Dose) -> list[Dose]:
    if dose.additional == 0:
        return [dose]
    return [
        replace(dose, time=dose.time + k * dose.interval, interval=0.0, additional=0)
        for k in range(1 + dose.additional)
    ]


def _time(quantity: Quantity) -> float:
    if not quantity.unit.same_dimension(HOUR) or not math.isfinite(quantity.value):
        raise _broken("TIME-UNIT", f"the time {quantity}", 'write a time, such as "8 h"')
    return quantity.base


def _build(read: Prescription) -> Regimen:
    """What was read, put together just as the operations of regimens do it, so that their texts read back the same."""
    match read:
        case Pause():
            return _regimen("", (), read.length)
        case Course():
            return _course(read)
        case Sequence():
            return _in_turn(map(_build, read.items))
        case Together():
            parts = [_build(item) for item in read.items]
            doses = [dose for part in parts for dose in part.doses]
            return _regimen("together", doses, max(part.length for part in parts))
        case Group():
            return _group(read)


def _group(read: Group) -> Regimen:
    regimen = _build(read.inner)
    if read.every is not None:
        regimen = regimen.repeated(read.times, read.every)
    if read.entry is not None:
        regimen = regimen.entered(_ENTRIES[read.entry])
    if read.route is not None:
        regimen = regimen.by(read.route)
    return regimen


def _course(read: Course) -> Regimen:
    entry = Entry.ROUTE if read.duration is None else Entry.DURATION
    series = read.count > 1 or read.steady
    dose = Dose(
        time=read.start,
        amount=read.amount,
        route=read.route,
        rate=read.rate,
        duration=read.duration,
        entry=entry if read.rate is None else Entry.RATE,
        interval=read.interval if series else 0.0,
        additional=read.count - 1,
        steady=Steady.REPLACE if read.steady else Steady.NO,
    )
    return Regimen(text="course", doses=(dose,), length=read.length)
