"""The chain of an answer: from what is done to the target, with sizes that are those of the courses."""

import dataclasses
import warnings

import numpy as np
import pytest

from raphe.dosing.regimen import Regimen
from raphe.library.catalog import load_catalog
from raphe.population.people import Population
from raphe.study.question import Scenario, Study, ask, parse_grid
from raphe.study.session import answer, simulate

FEW = Population(people=12, draws=6, seed=2)


def scenario(text):
    grid = parse_grid("every 2 h for 2 d")
    return Scenario(name=text, regimen=Regimen.from_text(text), grid=grid)


STUDY = Study(
    title="A dose of diazepam",
    model="benzodiazepines",
    drug="diazepam",
    target="serotonin",
    scenarios=(scenario("10 mg once"), scenario("no drug")),
    population=FEW,
)


@pytest.fixture(scope="module")
def diazepam():
    simulation = simulate(STUDY, threads=2)
    return simulation, answer(simulation)


def test_a_chain_goes_from_plasma_over_receptor_and_firing_to_the_target(diazepam):
    stages = [[link.output for link in stage] for stage in diazepam[1].chain.stages]
    order = [output for stage in stages for output in stage]
    assert stages[0] == ["diazepam.plasma"]
    assert stages[-1] == ["terminal.serotonin_change"]
    for earlier, later in zip(
        ("diazepam.plasma", "site.occupancy_alpha1", "gaba.phasic_alpha1"),
        ("site.occupancy_alpha1", "gaba.phasic_alpha1", "circuit.serotonin_firing"),
        strict=True,
    ):
        assert order.index(earlier) < order.index(later)
    assert "seizure.seizures" not in order  # acts on nothing
    assert "anxiety.anxiety" not in order


def test_sizes_of_links_are_the_largest_changes_of_the_courses(diazepam):
    simulation, result = diazepam
    data = simulation.results.dataset("10 mg once", "people")
    for stage in result.chain.stages:
        for link in stage:
            values = data[link.output].values
            assert link.relative == bool(values[:, 0].any())
            change = values / values[:, :1] - 1.0 if link.relative else values
            largest = [row[np.argmax(np.abs(row))] for row in change]
            assert link.size.people.middle == pytest.approx(np.median(largest), rel=1e-12)
            assert link.unit == data[link.output].attrs["units"]


def test_outputs_that_nothing_moves_are_named_and_not_drawn(diazepam):
    drawn = {course.title for course in diazepam[1].courses}
    assert "Plasma diazepam" in drawn
    assert "Plasma clonazepam" not in drawn
    assert drawn.isdisjoint(diazepam[1].unchanged)


def test_a_way_of_living_starts_the_chain_where_it_acts():
    study = dataclasses.replace(ask(load_catalog(), "sleep", "dopamine"), population=FEW)
    result = answer(simulate(study, threads=2))
    assert result.subject == "five hours of sleep a night"
    assert result.chain.scenario == "five hours of sleep a night"
    outputs = [link.output for stage in result.chain.stages for link in stage]
    assert outputs[-1] == "dopamine.dopamine_change"
    assert "site.occupancy_alpha1" not in outputs
    assert "Benzodiazepine sites occupied (alpha1)" in result.unchanged


def test_without_anything_done_there_is_no_chain():
    result = answer(simulate(dataclasses.replace(STUDY, scenarios=STUDY.scenarios[1:]), threads=1))
    assert result.chain is None
    assert result.subject == "no drug"


def test_a_study_that_names_its_outputs_draws_these_and_warns_of_nothing():
    kept = ("diazepam.plasma", "circuit.dopamine_firing", "diazepam.size")
    study = dataclasses.replace(STUDY, outputs=kept)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = answer(simulate(study, threads=1))
    drawn = {course.output for course in result.courses}
    assert drawn == {"diazepam.plasma", "circuit.dopamine_firing"}
    assert result.unchanged == ("diazepam.size",)
