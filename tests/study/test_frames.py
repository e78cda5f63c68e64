"""Frames hold what the results hold, row by row, and nobody is left out."""

import dataclasses

import numpy as np
import pytest

import raphe
from raphe.core.errors import InputError, RapheError
from raphe.population.table import read_people
from raphe.study.schema import parse_study
from raphe.study.session import simulate

TEXT = """
raphe: 1
title: Frames
model: benzodiazepines
drug: clonazepam
target: sedation
people: {count: 3, draws: 2, rows: "person.age (year)\\n30\\n12\\n60\\n"}
outside: flag
outputs: [drug.plasma, person.age]
points: 0
scenarios:
  - {name: once, regimen: 2 mg once, times: every 2 h for 12 h}
  - {name: none, regimen: no drug, times: every 4 h for 12 h}
"""
MARKS = ["scenario", "ID", "time", "status", "outside"]
OUTPUTS = ["sedation.sedation", "drug.plasma", "person.age"]


@pytest.fixture(scope="module")
def results():
    return simulate(parse_study(TEXT, "study.yaml"), threads=1).results


def test_a_frame_is_wide_with_a_row_for_each_subject_and_time(results):
    table = raphe.frame(results, "once")
    assert list(table.columns) == MARKS + OUTPUTS
    assert len(table) == 3 * 7
    data = results.dataset("once")
    for person in range(3):
        rows = table[table["ID"] == person + 1]
        assert rows["time"].tolist() == data["time"].values.tolist()
        for name in OUTPUTS:
            assert np.array_equal(rows[name], data[name].values[person])
    assert table.groupby("ID")["outside"].first().tolist() == [False, True, False]
    assert set(table["status"]) == {"OK"}
    assert table[table["ID"] == 2]["person.age"].tolist() == pytest.approx([12.0] * 7)


def test_units_stand_beside_a_frame(results):
    wanted = {"time": "h", "sedation.sedation": "dimensionless"}
    wanted |= {"drug.plasma": "ng/mL", "person.age": "year"}
    assert raphe.frame(results).attrs["units"] == wanted
    assert raphe.units_of(results, "once") == wanted


def test_all_scenarios_stand_in_one_frame(results):
    table = raphe.frame(results)
    assert table.groupby("scenario")["time"].count().to_dict() == {"once": 21, "none": 12}
    assert len(raphe.frame(results, layer="typical")) == 2 * (7 + 4)


def test_polars_holds_the_same(results):
    pytest.importorskip("polars")
    ours, theirs = raphe.frame(results), raphe.polars_frame(results)
    assert theirs.columns == list(ours.columns)
    for name in theirs.columns:
        assert theirs[name].to_list() == ours[name].tolist()


def ran(rows, **more):
    study = parse_study(TEXT, "study.yaml")
    population = dataclasses.replace(study.population, table=read_people(rows, "people.csv"))
    return simulate(dataclasses.replace(study, population=population, **more), threads=1).results


def test_people_keep_the_names_of_their_table():
    table = raphe.frame(ran("ID,person.age (year)\nK7,30\nK3,12\n0051,60\n"), "once")
    assert table["ID"].tolist() == [name for name in ("K7", "K3", "0051") for _ in range(7)]
    assert table[table["ID"] == "0051"]["person.age"].tolist() == pytest.approx([60.0] * 7)


def test_who_failed_stays_with_the_reason_and_without_numbers():
    rows = "ID,drug.lag (h)\na,0.3\nb,-2\nc,0.3\n"
    table = raphe.frame(ran(rows, failures_allowed=0.5), "once")
    failed = table[table["ID"] == "b"]
    assert len(failed) == 7
    assert set(failed["status"]) == {"IMPOSSIBLE_DOSE"}
    assert failed[OUTPUTS].isna().all(axis=None)
    others = table[table["ID"] != "b"]
    assert set(others["status"]) == {"OK"}
    assert others[OUTPUTS].notna().all(axis=None)
    with pytest.raises(RapheError, match="1 of 3 subjects failed"):
        ran(rows)


def test_what_was_not_run_brings_the_nearest(results):
    with pytest.raises(InputError, match='no layer "peopel"; did you mean "people"'):
        raphe.frame(results, layer="peopel")
    with pytest.raises(InputError, match='no scenario "onze"; did you mean "once"'):
        raphe.frame(results, "onze")
