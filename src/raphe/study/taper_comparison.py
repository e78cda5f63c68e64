"""Published tapers and a searched one on the same people: as told, with doses missed, with a rival form, held."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from raphe.library.catalog import Catalog
from raphe.population.behavior import Behavior
from raphe.study.holding import Held, hold
from raphe.study.taper_file import Holding, Rule, Shelf
from raphe.study.tapering import (
    Clinic,
    Habit,
    Progress,
    Schedule,
    Tried,
    open_clinic,
    published,
    search,
    trade_off,
)

_MISSED = Behavior(missed=0.1)
_RIVAL = {"adaptation": "adaptation_downstream"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One schedule, run in four ways; `rule` is None for the one that was searched for."""

    rule: Rule | None
    tried: Tried
    missed: Tried
    rival: Tried
    held: Held


@dataclass(frozen=True, slots=True, kw_only=True)
class TaperReport:
    """All that the page shows."""

    habit: Habit
    least: float
    price: float
    people: int
    compared: tuple[Compared, ...]
    best: Schedule
    front: tuple[Tried, ...]
    holding: Holding
    command: str


def compare_tapers(
    catalog: Catalog,
    shelf: Shelf,
    habit: Habit,
    *,
    people: int,
    seed: int,
    price: float,
    rounds: int,
    threads: int,
    command: str,
    progress: Progress | None = None,
) -> TaperReport:
    """Run published schedules and a search on the same people; then all of them with doses missed, a rival, holds.

    Parameters
    ----------
    catalog, shelf, habit
        The library, its schedules, and what people take.
    people, seed
        How many, and which.
    price
        Score that a week of taper is worth.
    rounds
        Of the search.
    threads
        Worker threads; the numbers do not depend on it.
    command
        How to make it again.
    progress
        Called with rounds done and rounds in all.

    Returns
    -------
    TaperReport
    """

    def clinic(choices: Mapping[str, str] | None, behavior: Behavior | None) -> Clinic:
        return open_clinic(
            catalog,
            shelf,
            habit,
            people=people,
            seed=seed,
            price=price,
            threads=threads,
            choices=choices,
            behavior=behavior,
        )

    plain, missed, rival = clinic(None, None), clinic(None, _MISSED), clinic(_RIVAL, None)
    fixed = published(shelf, habit)
    best = search(plain, [one for _, one in fixed], rounds=rounds, progress=progress)
    shown: list[tuple[Rule | None, Schedule]] = list(fixed)
    if best.schedule.steps not in [one.steps for _, one in fixed]:
        shown.append((None, best.schedule))
    compared = tuple(
        Compared(
            rule=rule,
            tried=plain.attempt(schedule),
            missed=missed.attempt(schedule),
            rival=rival.attempt(schedule),
            held=hold(plain, schedule),
        )
        for rule, schedule in shown
    )
    return TaperReport(
        habit=habit,
        least=shelf.least[habit.drug],
        price=price,
        people=people,
        compared=compared,
        best=best.schedule,
        front=trade_off(plain),
        holding=shelf.holding,
        command=command,
    )
