"""Ways to stop a drug: published schedules and one that is searched for, each run on the same people.

A schedule is a list of steps of whole days; each dose in it is a whole number of the least dose that can be handed out.
What is searched is the shape of the way down: how many steps, how long each, how the drops are spread. The search is
differential evolution (Storn and Price 1997, doi 10.1023/A:1008202821328), and the published schedules stand among its
candidates. Knows nothing of pages.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import differential_evolution

from raphe.analysis.answer import Interval
from raphe.analysis.summary import interval
from raphe.core.draws import FloatArray
from raphe.core.errors import InputError, StudyError, UnknownNameError, nearest
from raphe.core.units import parse_quantity
from raphe.dosing.regimen import Regimen
from raphe.library.catalog import Catalog
from raphe.population.behavior import Behavior
from raphe.population.people import Layer, Population, Subjects
from raphe.study.experiment import Bench, perform, recruit, set_up, taking_of
from raphe.study.taper_file import Rule, Shelf

WATCHED = 42  # days after the last dose
SEARCHED = "searched for"
SAMPLES_A_DAY = 2
_STEPS, _DAYS, _BEND = (1, 20), (3, 28), (0.4, 2.5)
_MOST_DAYS = 3 * 365

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """So many days on these doses (mg), one for each time of the day."""

    drug: str
    days: int
    doses: tuple[float, ...]

    @property
    def daily(self) -> float:
        """mg a day."""
        return sum(self.doses)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A way to stop; no steps means at once."""

    name: str
    steps: tuple[Step, ...]

    @property
    def days(self) -> int:
        """From the first reduced dose to the last dose."""
        return sum(step.days for step in self.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """What people take before they stop.

    Parameters
    ----------
    drug
        Of the library.
    dose
        Single dose, mg.
    times
        Doses a day, evenly spread.
    days
        How long.
    """

    drug: str
    dose: float
    times: int
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A schedule, run on people.

    Parameters
    ----------
    peaks
        Shape (people,): the highest score from the first reduced dose to `WATCHED` days after the last.
    objective
        Shape (people,): the peak and the price of the weeks.
    """

    schedule: Schedule
    peaks: FloatArray
    objective: FloatArray

    @property
    def peak(self) -> Interval:
        """Median, 5th and 95th percentile of the peaks."""
        return interval(self.peaks)

    @property
    def mean_objective(self) -> float:
        """What is made small."""
        return float(np.mean(self.objective))


@dataclass(slots=True)
class Clinic:
    """People on a drug, and what has been tried on them; a schedule is run once.

    Parameters
    ----------
    shelf
        Schedules and forms.
    habit
        What the people take.
    price
        Score that a week of taper is worth.
    bench, people, threads
        What a schedule is run with.
    behavior, seed
        What the people make of their doses, and the seed of that.
    tried
        What was run already.
    """

    shelf: Shelf
    habit: Habit
    price: float
    threads: int
    bench: Bench
    people: Subjects
    behavior: Behavior | None = None
    seed: int = 0
    tried: dict[tuple[Step, ...], Tried] = field(default_factory=dict)

    def attempt(self, schedule: Schedule) -> Tried:
        """Run a schedule on all people, or look it up."""
        known = self.tried.get(schedule.steps)
        if known is None:
            known = _run(self, schedule)
            self.tried[schedule.steps] = known
        return Tried(schedule=schedule, peaks=known.peaks, objective=known.objective)


def read_habit(drug: str, dose: str, length: str) -> Habit:
    """Read what people take, such as `1 mg twice a day` for `6 months`.

    Raises
    ------
    InputError
        If it does not read, or the doses are not spread evenly over the day.
    """
    regimen = Regimen.from_text(f"{dose} for 7 d").expanded()
    first_day = [one for one in regimen.doses if one.time < 24.0]
    times, amount = len(first_day), first_day[0].amount.base / parse_quantity("1 mg").base
    if len(regimen.doses) != 7 * times:
        message = f'"{dose}" is not the same every day'
        raise InputError(message, advice='write "1 mg twice a day" or "1 mg every 12 h"')
    days = _days(length)
    if not 1 <= days <= _MOST_DAYS:
        raise InputError(f'"{length}" is not between a day and three years')
    return Habit(drug=drug, dose=amount, times=times, days=days)


def _days(text: str) -> int:
    words = text.split()
    spans = {
        "month": 30.0,
        "months": 30.0,
        "year": 365.0,
        "years": 365.0,
        "weeks": 7.0,
        "days": 1.0,
    }
    if len(words) == 2 and words[1] in spans:
        try:
            return round(float(words[0]) * spans[words[1]])
        except ValueError:
            raise InputError(f'"{text}" is no time', advice='write "6 months"') from None
    return round(parse_quantity(text).base / 24.0)


def open_clinic(
    catalog: Catalog,
    shelf: Shelf,
    habit: Habit,
    *,
    people: int,
    seed: int,
    price: float,
    threads: int,
    choices: Mapping[str, str] | None = None,
    behavior: Behavior | None = None,
) -> Clinic:
    """Gather people of the population, at the best estimate of every number, who take a drug.

    Parameters
    ----------
    catalog, shelf
        The library, and its schedules.
    habit
        What they take.
    people, seed
        How many, and which.
    price
        Score that a week of taper is worth.
    threads
        Worker threads.
    choices
        Slot -> rival module.
    behavior
        What people make of their doses.

    Returns
    -------
    Clinic

    Raises
    ------
    InputError
        If the drug has no forms on the shelf, or the dose cannot be handed out.
    """
    assembly = catalog.assemblies[shelf.model]
    if habit.drug not in shelf.least:
        message = f'no forms of "{habit.drug}" are on the shelf of tapers'
        raise UnknownNameError(message, advice=nearest(habit.drug, shelf.least))
    least = shelf.least[habit.drug]
    if abs(habit.dose / least - round(habit.dose / least)) > 1e-9 or habit.dose < least:
        message = f"{habit.dose:g} mg of {habit.drug} cannot be handed out"
        raise InputError(message, advice=f"give a multiple of {least:g} mg")
    drugs = {habit.drug, *(rule.substitute for rule in shelf.rules if rule.substitute)}
    routes = tuple(Regimen.from_text(f"1 mg once by {drug}") for drug in sorted(drugs))
    bench = set_up(
        catalog,
        assembly,
        drug=habit.drug,
        regimens=routes,
        outputs=(shelf.burden,),
        choices=choices or {},
    )
    if bench is None:
        raise StudyError("the model lacks a route of the schedules")
    population = Population(people=people, draws=2, seed=seed)
    subjects = recruit(bench, population, Layer.PEOPLE, settings={})
    return Clinic(
        shelf=shelf,
        habit=habit,
        price=price,
        threads=threads,
        bench=bench,
        people=subjects,
        behavior=behavior,
        seed=seed,
    )


def published(shelf: Shelf, habit: Habit) -> tuple[tuple[Rule, Schedule], ...]:
    """The schedules of the shelf that go with a drug, worked out for a dose."""
    return tuple(
        (rule, _by_rule(rule, shelf, habit))
        for rule in shelf.rules
        if not rule.drugs or habit.drug in rule.drugs
    )


def _by_rule(rule: Rule, shelf: Shelf, habit: Habit) -> Schedule:
    drug, daily = habit.drug, habit.dose * habit.times
    steps = []
    if rule.substitute:
        drug = rule.substitute
        daily = _rounded(daily * 10.0 / shelf.equal[habit.drug], shelf.least[drug])
        steps.append(_step(drug, 7, daily, shelf, habit))
    least = shelf.least[drug]
    for phase in rule.phases:
        while daily > phase.down_to + 1e-9:
            less = phase.amount if phase.share is None else phase.share * daily
            aim = _rounded(daily - (less or 0.0), least)
            daily = max(min(aim, daily - least), phase.down_to)
            if daily < least - 1e-9:
                break
            steps.append(_step(drug, phase.every, daily, shelf, habit))
    return Schedule(name=rule.name, steps=tuple(steps))


def shaped(shelf: Shelf, habit: Habit, steps: int, days: int, bend: float) -> Schedule:
    """A way down in so many steps of so many days; a bend above 1 drops slowly first, below 1 fast first.

    Doses that rounding makes equal are one longer step.
    """
    first, least = habit.dose * habit.times, shelf.least[habit.drug]
    found: list[Step] = []
    for number in range(1, steps + 1):
        left = 1.0 - (number / (steps + 1)) ** bend
        daily = _rounded(first * left, least)
        if daily < least - 1e-9:
            break
        step = _step(habit.drug, days, daily, shelf, habit)
        if found and found[-1].doses == step.doses:
            found[-1] = Step(drug=step.drug, days=found[-1].days + days, doses=step.doses)
        else:
            found.append(step)
    return Schedule(name=SEARCHED, steps=tuple(found))


def _rounded(daily: float, least: float) -> float:
    return max(0.0, round(daily / least) * least)


def _step(drug: str, days: int, daily: float, shelf: Shelf, habit: Habit) -> Step:
    """Spread a day's dose over the times of the day in whole least doses, what is over to the last of them."""
    least = shelf.least[drug]
    count, times = round(daily / least), habit.times
    each, over = divmod(count, times)
    units = [each + (number >= times - over) for number in range(times)]
    return Step(drug=drug, days=days, doses=tuple(unit * least for unit in units))


def regimen_of(habit: Habit, schedule: Schedule) -> Regimen:
    """The whole history as a prescription: the habit, then the steps."""
    parts = []
    for number in range(habit.times):
        pieces = [f"{habit.dose!r} mg every 24 h for {habit.days} d by {habit.drug}"]
        for step in schedule.steps:
            dose = step.doses[number]
            taken = f"{dose!r} mg every 24 h for {step.days} d by {step.drug}"
            pieces.append(taken if dose > 0.0 else f"no drug for {step.days} d")
        text = ", then ".join(pieces)
        wait = number * 24.0 / habit.times
        parts.append(f"({text})" if number == 0 else f"(no drug for {wait!r} h, then {text})")
    return Regimen.from_text(" + ".join(parts))


def _run(clinic: Clinic, schedule: Schedule) -> Tried:
    begin = clinic.habit.days * 24.0
    end = begin + (schedule.days + WATCHED) * 24.0
    count = (schedule.days + WATCHED) * SAMPLES_A_DAY + 1
    times = np.concatenate([[0.0], np.linspace(begin, end, count)])
    regimen = regimen_of(clinic.habit, schedule)
    taken = taking_of(clinic.behavior, regimen, clinic.people, seed=clinic.seed)
    courses, failed = perform(
        clinic.bench, clinic.people, regimen, times, threads=clinic.threads, taken=taken
    )
    if failed:
        raise StudyError(f'{failed} of {len(courses)} people failed in "{schedule.name}"')
    peaks = courses[:, 1:, 0].max(axis=1) / clinic.bench.units[0].factor
    return Tried(
        schedule=schedule, peaks=peaks, objective=peaks + clinic.price * schedule.days / 7.0
    )


def search(
    clinic: Clinic, start: Iterable[Schedule], *, rounds: int, progress: Progress | None = None
) -> Tried:
    """Look for the schedule with the smallest mean objective.

    Parameters
    ----------
    clinic
        Gives the people; what it has tried already counts.
    start
        Candidates that are tried first.
    rounds
        Generations of the search; 0 tries the candidates alone.
    progress
        Called with rounds done and rounds in all.

    Returns
    -------
    Tried
        No worse than any schedule that was tried.
    """
    for schedule in start:
        clinic.attempt(schedule)
    done = 0

    def value(shape: FloatArray) -> float:
        steps, days, bend = round(shape[0]), round(shape[1]), round(float(shape[2]), 2)
        return clinic.attempt(shaped(clinic.shelf, clinic.habit, steps, days, bend)).mean_objective

    def told(*_: object, **__: object) -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, rounds)

    if rounds:
        differential_evolution(
            value,
            bounds=[_STEPS, _DAYS, _BEND],
            integrality=[True, True, False],
            maxiter=rounds,
            popsize=5,
            tol=0.0,
            polish=False,
            rng=np.random.default_rng(0),
            callback=told,
        )
    return min(clinic.tried.values(), key=lambda one: (one.mean_objective, one.schedule.days))


def trade_off(clinic: Clinic) -> tuple[Tried, ...]:
    """Of all that was tried, what nothing else beats in both length and mean peak, the shortest first."""
    ordered = sorted(clinic.tried.values(), key=lambda t: (t.schedule.days, float(t.peaks.mean())))
    found: list[Tried] = []
    lowest = math.inf
    for one in ordered:
        if float(one.peaks.mean()) < lowest - 1e-12:
            found.append(one)
            lowest = float(one.peaks.mean())
    return tuple(found)
