"""Holding a taper: who suffers in a step takes it again before the next. Each person has a course of their own.

A decision looks back only: at the score in the step just taken. So the people are run, the first decision of each
person that asks for another turn is taken, and they are run again, until nobody holds; what came before a decision is
the same in every run.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from raphe.analysis.answer import Interval
from raphe.analysis.summary import interval
from raphe.core.draws import FloatArray
from raphe.core.errors import StudyError
from raphe.dosing.regimen import Regimen
from raphe.engine.doses import Taken
from raphe.study.experiment import perform
from raphe.study.tapering import SAMPLES_A_DAY, WATCHED, Clinic, Schedule

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A schedule, run on people who hold a step when it hurts.

    Parameters
    ----------
    schedule
        Without holds.
    turns
        Shape (people, steps): how often each step was taken; 1 where nobody held.
    peaks, days
        Shape (people,): the highest score, to `WATCHED` days after the own last dose, and the own length.
    """

    schedule: Schedule
    turns: Counts
    peaks: FloatArray
    days: Counts

    @property
    def peak(self) -> Interval:
        """Median, 5th and 95th percentile of the peaks."""
        return interval(self.peaks)

    @property
    def length(self) -> Interval:
        """Median, 5th and 95th percentile of the days."""
        return interval(self.days.astype(np.float64))

    @property
    def share(self) -> float:
        """Part of the people who held at least once."""
        return float(np.mean(np.any(self.turns > 1, axis=1)))


def hold(clinic: Clinic, schedule: Schedule) -> Held:
    """Run a schedule on people who take a step again while its score passes the threshold of the shelf.

    Parameters
    ----------
    clinic
        People who take their doses as told.
    schedule
        What they would do if nothing hurt.

    Returns
    -------
    Held

    Raises
    ------
    StudyError
        If somebody failed.
    """
    rule, steps = clinic.shelf.holding, schedule.steps
    turns = np.ones((len(clinic.people.person), len(steps)), dtype=np.int64)
    lengths = np.array([step.days for step in steps], dtype=np.int64)
    longest = schedule.days + rule.most * int(lengths.max(initial=0))
    while True:
        scores = _scores(clinic, schedule, turns, longest)
        ends = np.cumsum(turns * lengths, axis=1)
        wanting = _wanting(scores, ends, lengths, clinic.shelf.holding.above)
        wanting &= (turns <= rule.again) & (turns.sum(axis=1) - len(steps) < rule.most)[:, None]
        first = np.argmax(wanting, axis=1) if len(steps) else np.zeros(len(turns), dtype=np.int64)
        who = np.flatnonzero(wanting.any(axis=1))
        if not len(who):
            break
        turns[who, first[who]] += 1
    days = (turns * lengths).sum(axis=1)
    last = (days + WATCHED) * SAMPLES_A_DAY
    seen = np.arange(scores.shape[1]) <= last[:, None]
    peaks = np.where(seen, scores, -np.inf).max(axis=1)
    return Held(schedule=schedule, turns=turns, peaks=peaks, days=days)


def _wanting(
    scores: FloatArray, ends: Counts, lengths: Counts, above: float
) -> npt.NDArray[np.bool_]:
    """Shape (people, steps): whether the score passed the threshold in the last turn of a step."""
    moments = np.arange(scores.shape[1])
    found = np.zeros(ends.shape, dtype=np.bool_)
    for step, length in enumerate(lengths.tolist()):
        end = ends[:, step] * SAMPLES_A_DAY
        window = (moments > (end - length * SAMPLES_A_DAY)[:, None]) & (moments <= end[:, None])
        found[:, step] = np.where(window, scores, -np.inf).max(axis=1) > above
    return found


def _scores(clinic: Clinic, schedule: Schedule, turns: Counts, longest: int) -> FloatArray:
    """Score of each person from the first reduced dose on, in its own unit: shape (people, times)."""
    habit = clinic.habit
    begin = habit.days * 24.0
    count = (longest + WATCHED) * SAMPLES_A_DAY + 1
    times = np.concatenate([[0.0], begin + np.arange(count) * 24.0 / SAMPLES_A_DAY])
    drugs = tuple(dict.fromkeys(step.drug for step in schedule.steps))
    regimen = _whole(clinic, drugs, longest)
    shares = _shares(clinic, schedule, turns, regimen)
    courses, failed = perform(
        clinic.bench,
        clinic.people,
        regimen,
        times,
        threads=clinic.threads,
        taken=Taken(share=shares, delay=np.zeros_like(shares)),
    )
    if failed:
        raise StudyError(f'{failed} of {len(courses)} people failed in "{schedule.name}"')
    return np.asarray(courses[:, 1:, 0] / clinic.bench.units[0].factor)


def _whole(clinic: Clinic, drugs: tuple[str, ...], longest: int) -> Regimen:
    """The habit, then 1 mg of each drug at each time of every day: shares of it make the course of a person."""
    habit = clinic.habit
    parts = []
    for number in range(habit.times):
        wait = number * 24.0 / habit.times
        before = "" if number == 0 else f"no drug for {wait!r} h, then "
        usual = f"{habit.dose!r} mg every 24 h for {habit.days} d by {habit.drug}"
        parts.append(f"({before}{usual})")
        later = f"no drug for {habit.days * 24.0 + wait!r} h, then "
        parts += [f"({later}1 mg every 24 h for {longest} d by {drug})" for drug in drugs]
    return Regimen.from_text(" + ".join(parts))


def _shares(clinic: Clinic, schedule: Schedule, turns: Counts, regimen: Regimen) -> FloatArray:
    """mg of each person at each dose of the whole regimen; 1 for the doses of the habit."""
    habit = clinic.habit
    ends = np.cumsum(turns * np.array([step.days for step in schedule.steps]), axis=1)
    doses = regimen.expanded().doses
    shares = np.ones((len(turns), len(doses)))
    amounts: dict[tuple[str | None, int], FloatArray] = {}  # of each step, then of none
    for number in range(habit.times):
        for drug in {step.drug for step in schedule.steps}:
            own = [s.doses[number] if s.drug == drug else 0.0 for s in schedule.steps]
            amounts[drug, number] = np.array([*own, 0.0])
    for place, dose in enumerate(doses):
        day = int(dose.time // 24.0) - habit.days
        if day >= 0:
            number = round((dose.time % 24.0) * habit.times / 24.0)
            step = (ends <= day).sum(axis=1)  # of each person on that day; past the last, none
            shares[:, place] = amounts[dose.route, number][step]
    return shares
