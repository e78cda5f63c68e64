"""People whom a model was not made for: refused with the reason, or marked in all that comes out, as the study says."""

import csv
import dataclasses

import numpy as np
import pytest

from raphe.analysis.wording import answer_text
from raphe.core.errors import InputError
from raphe.library.catalog import load_catalog
from raphe.report.endpoints import summary_lines, write_table
from raphe.report.quantiles import quantile_lines
from raphe.study.chunks import Keep
from raphe.study.executors import drive, make_executor
from raphe.study.export import (
    check_failures,
    endpoint_summaries,
    endpoint_table,
    export,
    quantiles_of,
)
from raphe.study.question import check_study
from raphe.study.schema import parse_study, study_text
from raphe.study.session import answer, simulate
from raphe.study.stored import begin_run

TEXT = """
raphe: 1
title: People of all ages
model: benzodiazepines
drug: clonazepam
target: sedation
people: {count: 4, draws: 2, rows: "person.age (year)\\n30\\n12\\n60\\n9\\n"}
outside: flag
outputs: [drug.plasma]
endpoints: [{name: peak, statistic: highest, of: drug.plasma}]
scenarios: [{name: once, regimen: 2 mg once, times: every 2 h for 24 h}]
"""
CHILDREN = TEXT.replace(', rows: "person.age (year)\\n30\\n12\\n60\\n9\\n"', "") + (
    "choices: {person: children}\n"
)
CATALOG = load_catalog()


def study(text=TEXT):
    return parse_study(text, "study.yaml")


def finished(one, folder, keep=Keep.COURSES):
    run = begin_run(one, folder, keep=keep, size=3)
    drive(run, make_executor("threads", 1), workers=1)
    return run


def test_the_choice_is_read_and_written():
    assert study().outside.value == "flag"
    assert study(TEXT.replace("outside: flag\n", "")).outside.value == "refuse"
    assert parse_study(study_text(study()), "again").outside.value == "flag"
    with pytest.raises(InputError, match="outside"):
        study(TEXT.replace("outside: flag", "outside: drop"))


def test_children_are_refused_with_the_reason():
    with pytest.raises(InputError) as refused:
        check_study(study(CHILDREN.replace("outside: flag\n", "")), CATALOG)
    assert "4 of 4 people are outside the support of the model" in refused.value.message
    assert "person.age from 18 to 100 year" in refused.value.message
    assert "none knows growth" in refused.value.advice
    check_study(study(CHILDREN), CATALOG)


def test_rows_outside_are_refused_with_their_line():
    with pytest.raises(InputError, match="12 year is outside the population") as refused:
        check_study(study(TEXT.replace("outside: flag\n", "")), CATALOG)
    assert refused.value.place.line == 3


def test_a_scenario_that_makes_people_strangers_is_refused():
    text = TEXT.replace("outside: flag\n", "").replace(
        'people: {count: 4, draws: 2, rows: "person.age (year)\\n30\\n12\\n60\\n9\\n"}',
        "people: {count: 4, draws: 2}",
    )
    check_study(study(text), CATALOG)
    with pytest.raises(InputError, match="outside the support"):
        check_study(study(text.replace("24 h}", "24 h, settings: {person.age: 12 year}}")), CATALOG)


def test_strangers_are_marked_and_told_with_their_share():
    simulation = simulate(study(), threads=1)
    data = simulation.results.dataset("once")
    assert data["outside"].values.tolist() == [False, True, False, True]
    assert np.isfinite(data["drug.plasma"].values).all()
    text = answer_text(answer(simulation))
    assert (
        '2 of 4 subjects of "once" (people; 50 %) lie outside what the model was made for' in text
    )
    assert "<td>2</td>" in simulation.results._repr_html_()


def test_strangers_travel_through_stored_runs_and_their_tables(tmp_path):
    run = finished(study(), tmp_path / "run")
    (people, typical) = check_failures(run)
    assert (people.outside, people.failed, people.subjects) == (2, 0, 4)
    assert typical.outside == 0
    (summary,) = endpoint_summaries(run, run.study.endpoints)
    assert summary.outside == 2
    (line,) = summary_lines((summary,))
    assert "2 of 4 outside the support of the model (50 %)" in line
    assert "(50 %)" in quantile_lines(run, quantiles_of(run))[0]
    write_table(endpoint_table(run, run.study.endpoints), tmp_path / "peaks.csv")
    export(run, tmp_path / "run.csv")
    rows = list(csv.DictReader((tmp_path / "peaks.csv").read_text("utf-8").splitlines()))
    assert [row["outside"] for row in rows if row["layer"] == "people"] == ["0", "1", "0", "1"]
    rows = list(csv.DictReader((tmp_path / "run.csv").read_text("utf-8").splitlines()))
    marked = {row["subject"] for row in rows if row["outside"] == "1"}
    assert marked == {"1", "3"}


def test_quantiles_tell_strangers_as_well(tmp_path):
    run = finished(study(), tmp_path / "run", keep=Keep.QUANTILES)
    assert quantiles_of(run)[0].outside == 2


def test_a_flag_changes_no_number():
    inside = study(TEXT.replace("30\\n12\\n60\\n9", "30\\n20\\n60\\n40"))
    flagged = simulate(inside, threads=1).results.dataset("once")
    refusing = dataclasses.replace(inside, outside=type(inside.outside).REFUSE)
    refused = simulate(refusing, threads=1).results.dataset("once")
    assert np.array_equal(flagged["drug.plasma"].values, refused["drug.plasma"].values)
