"""Plans and runs: what is run, that nothing depends on threads, and that failures cannot hide."""

import dataclasses
import hashlib
import threading

import numpy as np
import pytest

from raphe.analysis.wording import answer_text
from raphe.core.units import parse_quantity
from raphe.engine import solve as solving
from raphe.engine.solve import Options
from raphe.library.catalog import load_catalog
from raphe.population.people import Layer, Population
from raphe.report.page import render_page
from raphe.study.plan import make_plan
from raphe.study.run import SubjectsFailedError, run_plan
from raphe.study.schema import parse_study
from raphe.study.session import Simulation, answer, simulate

TEXT = """\
raphe: 1
title: A small question
model: benzodiazepines
drug: clonazepam
target: serotonin
people: {count: 20, draws: 6}
scenarios:
  - name: dosed
    regimen: 2 mg once
    times: every 30 min for 12 h, then every 4 h for 10 d
  - name: free
    regimen: no drug
    times: every 1 d for 30 d
"""

RIVALS = (
    "clonazepam_kruizinga",
    "clonazepam_dos_santos",
    "clonazepam_yukawa",
    "gabaa_gains_allosteric",
    "adaptation_downstream",
    "serotonin_terminal_2010",
    "hydroxylase_release",
)


@pytest.fixture(scope="module")
def study():
    return parse_study(TEXT, "study.yaml")


@pytest.fixture(scope="module")
def simulation(study):
    return simulate(study, threads=2)


def digest(ran):
    found = hashlib.sha256()
    for results in (ran.results, *(ran.others[key] for key in sorted(ran.others))):
        for key in sorted(results.runs):
            for name in sorted(map(str, results.runs[key].data_vars)):
                found.update(results.runs[key][name].values.tobytes())
    return found.hexdigest()


def test_a_plan_runs_people_the_typical_person_trials_and_rivals(study):
    jobs = make_plan(study, load_catalog()).jobs
    kinds = [(job.scenario.name, job.layer, job.variant.rival, job.variant.sample) for job in jobs]
    assert kinds == [
        ("dosed", Layer.PEOPLE, "", ""),
        ("dosed", Layer.TYPICAL, "", ""),
        ("dosed", Layer.SWEPT, "", ""),
        ("dosed", Layer.TRIALS, "", "volunteers"),
        ("dosed", Layer.TYPICAL, "clonazepam_kruizinga", "volunteers"),
        ("dosed", Layer.TYPICAL, "clonazepam_dos_santos", "volunteers"),
        ("dosed", Layer.TYPICAL, "clonazepam_yukawa", "volunteers"),
        ("free", Layer.PEOPLE, "", ""),
        ("free", Layer.TYPICAL, "", ""),
        *(("dosed", Layer.BEST, rival, "") for rival in RIVALS),
    ]


@pytest.mark.parametrize("threads", [1, 3, 7])
def test_numbers_do_not_depend_on_threads(study, simulation, threads):
    assert digest(simulate(study, threads=threads).ran) == digest(simulation.ran)


def test_more_people_begin_with_the_same_people(study, simulation):
    larger = dataclasses.replace(study, population=Population(people=33, draws=6, seed=1))
    few = simulation.results.dataset("dosed")["terminal.serotonin_change"].values
    many = simulate(larger, threads=2).results.dataset("dosed")["terminal.serotonin_change"].values
    assert np.array_equal(many[:20], few)


def test_another_seed_gives_other_people(study, simulation):
    other = dataclasses.replace(study, population=Population(people=20, draws=6, seed=0))
    assert digest(simulate(other, threads=2).ran) != digest(simulation.ran)


def test_progress_counts_every_subject_once(study):
    seen = []
    plan = make_plan(study, load_catalog())
    run_plan(
        plan, load_catalog(), threads=2, progress=lambda done, total: seen.append((done, total))
    )
    assert seen[-1] == (plan.subjects, plan.subjects)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_a_failed_subject_stops_the_study_unless_it_allows_failures(study):
    strict = dataclasses.replace(study, options=Options(max_steps=30))
    with pytest.raises(SubjectsFailedError, match="too many steps"):
        simulate(strict, threads=2)


def test_allowed_failures_are_counted_in_the_answer(study):
    options = Options(max_steps=106)  # enough for some of each layer, not for all
    allowed = dataclasses.replace(study, options=options, failures_allowed=0.99)
    result = answer(simulate(allowed, threads=2))
    assert result.failures
    assert all(failure.status == "MAX_STEPS" for failure in result.failures)
    layers = {failure.layer for failure in result.failures}
    assert "best of hydroxylase_release" in layers  # a rival does not vanish
    assert "MAX_STEPS" in answer_text(result) or "too many steps" in answer_text(result)


def test_a_fixed_parameter_is_the_same_for_everybody(study):
    fixed = dataclasses.replace(study, fixed={"drug.lag": parse_quantity("1 h")})
    data = simulate(fixed, threads=2).results.dataset("dosed")
    assert not data["drug.plasma"].sel(time=slice(0.0, 1.0)).values.any()
    assert (data["drug.plasma"].sel(time=1.5).values > 0.0).all()


def test_results_carry_units_and_statuses(simulation):
    data = simulation.results.dataset("dosed")
    assert data["drug.plasma"].attrs["units"] == "ng/mL"
    assert data["time"].attrs["units"] == "h"
    assert (data["status"] == 0).all()
    tree = simulation.results.tree()
    assert set(tree.children) == {"dosed", "free"}
    assert "dosed" in simulation._repr_html_()


def test_answer_and_page_are_the_same_every_time(study, simulation):
    again = simulate(study, threads=1)
    first, second = answer(simulation), answer(again)
    assert answer_text(first) == answer_text(second)
    assert render_page(first) == render_page(second)


def test_sources_of_what_others_saw_are_references_of_the_answer(simulation):
    told = answer(simulation)
    keys = {source.key for source in told.references}
    cited = {
        part.split(",")[0] for one in told.findings for part in one.citation.split("; ") if part
    }
    assert told.findings
    assert "nutt1987" in keys & cited


def test_the_answer_tells_what_was_asked(simulation):
    result = answer(simulation)
    dosed, free = result.effects
    assert dosed.largest_change.people.middle < -0.05
    assert dosed.largest_change.uncertainty.low < dosed.largest_change.uncertainty.high
    assert abs(free.largest_change.people.middle) < 1e-6
    assert len(result.courses) == 21 * 2
    assert {one.role for one in result.comparisons} == {"calibration", "prediction"}
    assert all(one.fold_error >= 1.0 for one in result.comparisons)
    assert dict(result.statuses)["read"] > 0
    assert isinstance(simulation, Simulation)


@pytest.mark.parametrize("threads", [1, 2])
def test_no_more_kernels_run_at_a_time_than_threads(study, threads, monkeypatch):
    lock, at_once, most = threading.Lock(), 0, 0
    run = solving._run_chunk

    def counted(*arguments):
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        run(*arguments)
        with lock:
            at_once -= 1

    monkeypatch.setattr(solving, "_run_chunk", counted)
    simulate(study, threads=threads)
    assert 1 <= most <= threads
