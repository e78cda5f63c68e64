"""Tapers: what is handed out exists, published rules are followed, the searched way is no worse than any of them."""

import dataclasses
import itertools

import numpy as np
import pytest

from raphe.core.errors import InputError
from raphe.library.catalog import load_catalog
from raphe.report.taper import render_taper, taper_lines
from raphe.study.holding import hold
from raphe.study.taper_comparison import compare_tapers
from raphe.study.taper_file import load_tapers
from raphe.study.tapering import (
    Habit,
    Schedule,
    open_clinic,
    published,
    read_habit,
    regimen_of,
    search,
    shaped,
    trade_off,
)

CATALOG = load_catalog()
SHELF = load_tapers(CATALOG)
HABIT = read_habit("clonazepam", "1 mg twice a day", "6 months")
SHORT = Habit(drug="clonazepam", dose=1.0, times=2, days=60)


def by_name(habit=HABIT):
    return {schedule.name: schedule for _, schedule in published(SHELF, habit)}


def clinic(people, habit=SHORT, **more):
    return open_clinic(CATALOG, SHELF, habit, people=people, seed=3, price=0.01, threads=2, **more)


@pytest.mark.parametrize(
    ("dose", "length", "expected"),
    [
        ("1 mg twice a day", "6 months", (1.0, 2, 180)),
        ("0.5 mg every 8 h", "3 weeks", (0.5, 3, 21)),
        ("2 mg every 24 h", "1 year", (2.0, 1, 365)),
        ("2 mg every 24 h", "90 d", (2.0, 1, 90)),
    ],
)
def test_a_habit_is_read(dose, length, expected):
    habit = read_habit("clonazepam", dose, length)
    assert (habit.dose, habit.times, habit.days) == expected


@pytest.mark.parametrize(
    ("dose", "length"),
    [
        ("1 mg often", "6 months"),
        ("1 mg every 36 h", "6 months"),
        ("1 mg twice a day", "six months"),
        ("1 mg twice a day", "0 days"),
        ("1 mg twice a day", "9 years"),
    ],
)
def test_a_habit_that_does_not_read_is_refused(dose, length):
    with pytest.raises(InputError):
        read_habit("clonazepam", dose, length)


def test_a_dose_that_nobody_can_hand_out_is_refused():
    with pytest.raises(InputError, match="cannot be handed out"):
        clinic(2, Habit(drug="clonazepam", dose=0.3, times=2, days=60))
    with pytest.raises(InputError, match="no forms of"):
        clinic(2, Habit(drug="zolpidem", dose=10.0, times=1, days=60))


def test_published_rules_are_followed():
    found = by_name()
    assert [step.daily for step in found["label"].steps] == [1.75, 1.5, 1.25, 1.0, 0.75, 0.5, 0.25]
    assert {step.days for step in found["label"].steps} == {3}
    nardi = [(step.daily, step.days) for step in found["Nardi 2010"].steps]
    assert nardi == [(1.5, 14), (1.0, 14), (0.75, 7), (0.5, 7), (0.25, 7)]
    first = found["ASAM 2025"].steps[0]
    assert first.daily == pytest.approx(1.8, abs=0.0626)  # a tenth less, rounded to 0.125 mg
    diazepam = found["Ashton with diazepam"].steps
    assert (diazepam[0].drug, diazepam[0].daily) == ("diazepam", 20.0)
    assert found["stop at once"].steps == ()


@pytest.mark.parametrize("drug", sorted(SHELF.least))
def test_every_dose_of_every_schedule_can_be_handed_out_and_goes_down(drug):
    habit = Habit(drug=drug, dose=8.0 * SHELF.least[drug], times=2, days=90)
    schedules = [schedule for _, schedule in published(SHELF, habit)]
    schedules += [shaped(SHELF, habit, steps, 7, bend) for steps in (1, 5, 20) for bend in (0.4, 2)]
    for schedule in schedules:
        daily = [step.daily for step in schedule.steps]
        assert all(later < earlier for earlier, later in itertools.pairwise(daily))
        for step in schedule.steps:
            for dose in step.doses:
                units = dose / SHELF.least[step.drug]
                assert units == pytest.approx(round(units), abs=1e-9)


def test_a_schedule_becomes_the_doses_that_it_names():
    schedule = by_name()["Nardi 2010"]
    doses = regimen_of(HABIT, schedule).expanded().doses
    days = np.array([dose.time // 24.0 for dose in doses])
    milligrams = np.array([dose.amount.value for dose in doses])
    begin = HABIT.days
    assert milligrams[days < begin].sum() == pytest.approx(2.0 * begin)
    for step in schedule.steps:
        for day in (begin, begin + step.days - 1):
            assert milligrams[days == day].sum() == pytest.approx(step.daily)
        begin += step.days
    assert days.max() == begin - 1


@pytest.fixture(scope="module")
def crowd():
    clinic_ = clinic(200)
    fixed = [schedule for _, schedule in published(SHELF, SHORT)]
    best = search(clinic_, fixed, rounds=1)
    return clinic_, fixed, best


def test_for_200_people_the_searched_way_is_no_worse_than_any_published_one(crowd):
    clinic_, fixed, best = crowd
    assert len(best.objective) == 200
    for schedule in fixed:
        assert best.mean_objective <= clinic_.attempt(schedule).mean_objective
    own = np.min([tried.objective for tried in clinic_.tried.values()], axis=0)
    for schedule in fixed:
        assert np.all(own <= clinic_.attempt(schedule).objective)


def test_stopping_at_once_is_worse_than_every_taper(crowd):
    clinic_, fixed, _ = crowd
    peaks = {one.name: float(clinic_.attempt(one).peaks.mean()) for one in fixed}
    assert max(peaks, key=peaks.get) == "stop at once"
    assert peaks["ASAM 2025"] < peaks["label"]


def test_the_front_only_gets_longer_and_lower(crowd):
    front = trade_off(crowd[0])
    days = [one.schedule.days for one in front]
    peaks = [float(one.peaks.mean()) for one in front]
    assert days == sorted(set(days))
    assert peaks == sorted(peaks, reverse=True)
    assert front[0].schedule.days == 0


def test_a_higher_price_makes_the_way_shorter():
    lengths = []
    for price in (0.001, 0.1):
        clinic_ = open_clinic(CATALOG, SHELF, SHORT, people=10, seed=3, price=price, threads=2)
        fixed = [schedule for _, schedule in published(SHELF, SHORT)]
        lengths.append(search(clinic_, fixed, rounds=1).schedule.days)
    assert lengths[1] < lengths[0]


@pytest.fixture(scope="module")
def report():
    return compare_tapers(
        CATALOG,
        SHELF,
        SHORT,
        people=6,
        seed=1,
        price=0.01,
        rounds=1,
        threads=2,
        command="raphe taper",
    )


def test_who_holds_has_the_course_of_the_longer_steps():
    clinic_ = clinic(30)
    schedule = by_name(SHORT)["label"]
    held = hold(clinic_, schedule)
    rule = SHELF.holding
    assert 0.0 < held.share < 1.0
    assert held.turns.max() <= 1 + rule.again
    assert (held.turns.sum(axis=1) - len(schedule.steps)).max() <= rule.most
    for person in (int(np.argmax(held.days)), int(np.argmin(held.days))):
        steps = tuple(
            dataclasses.replace(step, days=step.days * int(turns))
            for step, turns in zip(schedule.steps, held.turns[person], strict=True)
        )
        own = clinic_.attempt(Schedule(name="own", steps=steps))
        assert held.days[person] == own.schedule.days
        assert held.peaks[person] == pytest.approx(own.peaks[person], rel=1e-4, abs=1e-6)


def test_who_does_not_suffer_does_not_hold():
    clinic_ = clinic(10)
    calm = dataclasses.replace(SHELF.holding, above=1e9)
    clinic_.shelf = dataclasses.replace(SHELF, holding=calm)
    for schedule in by_name(SHORT).values():  # one of them through another drug
        held, plain = hold(clinic_, schedule), clinic_.attempt(schedule)
        assert held.share == 0.0
        assert np.allclose(held.peaks, plain.peaks, rtol=1e-4, atol=1e-6)


def test_liquid_makes_smaller_steps_that_can_be_handed_out():
    drops = load_tapers(CATALOG, liquid=True)
    assert drops.least["clonazepam"] == pytest.approx(0.1)
    assert drops.least["temazepam"] == SHELF.least["temazepam"]
    steps = {s.name: s for _, s in published(drops, SHORT)}["Ashton"].steps
    assert len(steps) > len(by_name(SHORT)["Ashton"].steps)
    for step in steps:
        assert all(dose / 0.1 == pytest.approx(round(dose / 0.1), abs=1e-9) for dose in step.doses)


def test_the_report_says_what_it_is_and_has_every_schedule(report):
    page, text = render_taper(report, CATALOG.library.sources), "\n".join(taper_lines(report))
    assert page == render_taper(report, CATALOG.library.sources)
    for words in ("a prescriber decides", "Not medical advice", *by_name(SHORT)):
        assert words in page
        assert words in text
    assert "src=" not in page
    assert page.count("<script>") == page.count("script-src 'sha256-") == 1
    assert page.count("<script ") == page.count('<script type="application/json"') == 1
    assert "mathdefault" not in page


def test_doses_missed_and_the_rival_form_are_beside_each_schedule(report):
    for one in report.compared:
        assert len(one.missed.peaks) == len(one.rival.peaks) == 6
    assert any(not np.array_equal(one.tried.peaks, one.missed.peaks) for one in report.compared)
