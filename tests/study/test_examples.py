"""Every example reads, checks, runs with a few people, and says what it is there to say."""

import dataclasses
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from raphe.analysis.wording import answer_text
from raphe.library.catalog import load_catalog
from raphe.population.people import Layer
from raphe.study.plan import make_plan
from raphe.study.question import check_study
from raphe.study.run import run_plan
from raphe.study.schema import parse_study, read_study, study_text
from raphe.study.session import answer, simulate

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.yaml"))
WANTED = {  # one for each kind of question
    "age-dopamine",
    "clonazepam-dopamine",
    "clonazepam-elderly",
    "clonazepam-serotonin",
    "co-medication",
    "exercise-serotonin",
    "meal-serotonin",
    "missed-doses",
    "sleep-serotonin",
    "stopping-clonazepam",
    "two-drugs",
}


LAYERS = (Layer.PEOPLE, Layer.TYPICAL)


def few(name, **changes):
    study = read_study(next(path for path in EXAMPLES if path.stem == name))
    population = dataclasses.replace(study.population, people=3, draws=2)
    return dataclasses.replace(study, population=population, **changes)


def run(study):
    """People and the typical person, without what the answer tries beside them."""
    catalog = load_catalog()
    plan = make_plan(study, catalog)
    jobs = tuple(job for job in plan.jobs if job.layer in LAYERS and job.variant.key == ("", ""))
    return run_plan(dataclasses.replace(plan, jobs=jobs), catalog, threads=1).results


@cache
def ran(name):
    return run(few(name))


def course(name, scenario, output, layer="people"):
    data = ran(name).dataset(scenario, layer)
    return data["time"].values, data[output].values


def test_there_is_an_example_for_every_kind_of_question():
    assert {path.stem for path in EXAMPLES} == WANTED


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_checks_and_runs(path):
    study = read_study(path)
    check_study(study, load_catalog())
    assert parse_study(study_text(study), "again") == study
    for scenario in study.scenarios:
        for layer in LAYERS:
            data = ran(path.stem).dataset(scenario.name, layer.value)
            assert not data["status"].values.any()
            assert not data["outside"].values.any()


@pytest.mark.parametrize("name", ["meal-serotonin", "sleep-serotonin"])
def test_an_example_is_answered_in_words(name):
    study = few(name)
    text = answer_text(answer(simulate(study, threads=1)))
    assert text.startswith(study.title)
    assert all(scenario.name in text for scenario in study.scenarios)


def test_an_inducer_lowers_levels_while_it_is_there_and_an_inhibitor_raises_them():
    times, alone = course("co-medication", "alone", "drug.plasma")
    _, induced = course("co-medication", "an inducer for three weeks", "drug.plasma")
    _, inhibited = course("co-medication", "an inhibitor for three weeks", "drug.plasma")
    before, during, after = times <= 480.0, (times > 800.0) & (times <= 984.0), times == times[-1]
    assert induced[:, before] == pytest.approx(alone[:, before], rel=1e-5, abs=1e-9)
    assert np.all(induced[:, during] < 0.8 * alone[:, during])
    assert np.all(inhibited[:, during] > 1.2 * alone[:, during])
    assert np.all(np.abs(induced[:, after] / alone[:, after] - 1.0) < 0.1)


def test_the_usual_anxiety_is_where_people_begin():
    _, level = course("co-medication", "alone", "anxiety.level")
    assert level[:, 0] == pytest.approx(1.6)
    assert np.all(level[:, -1] < 1.6)


def test_long_nights_bring_serotonin_back_sooner():
    times, short = course("sleep-serotonin", "five hours a night", "terminal.serotonin_change")
    name = "a week of short nights, then long ones"
    _, turned = course("sleep-serotonin", name, "terminal.serotonin_change")
    week = times <= 168.0
    assert turned[:, week] == pytest.approx(short[:, week], rel=1e-5)
    assert np.all(np.abs(turned[:, -1] - 1.0) < 0.2 * np.abs(short[:, -1] - 1.0))


def test_the_elderly_are_heavier_hit_than_adults_by_their_clearance():
    name, scenario = "clonazepam-elderly", "1 mg twice a day"
    last = [
        run(few(name, choices=choices)).dataset(scenario, "typical")["drug.plasma"].values[:, -1]
        for choices in ({"person": "elderly"}, {})
    ]
    assert np.all(last[0] > last[1])
    _, lean = course(name, scenario, "body.lean_mass")
    assert np.all((lean > 25.0) & (lean < 90.0))


def test_flumazenil_takes_sites_back_and_zolpidem_fills_more():
    times, alone = course("two-drugs", "clonazepam", "site.occupancy_alpha1")
    _, more = course("two-drugs", "with zolpidem at night", "site.occupancy_alpha1")
    _, less = course("two-drugs", "with flumazenil once", "site.occupancy_alpha1")
    soon = (times > 98.2) & (times < 99.5)
    assert np.all(less[:, soon] < alone[:, soon])
    assert np.all(more[:, times == 98.0] > alone[:, times == 98.0])


def test_who_misses_doses_has_lower_levels():
    name, scenario = "missed-doses", "twice a day"
    told = run(few(name, behavior=None)).dataset(scenario)["drug.plasma"].values
    _, missed = course(name, scenario, "drug.plasma")
    assert missed.mean() < told.mean()
