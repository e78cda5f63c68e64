"""People from a NONMEM table: one for each ID, with its covariates, and nothing guessed."""

import dataclasses

import numpy as np
import pytest

from raphe.core.errors import InputError
from raphe.core.units import parse_quantity
from raphe.language.compose import compose
from raphe.library.catalog import load_catalog
from raphe.population.people import Layer, draw_subjects
from raphe.study.question import check_study
from raphe.study.record_people import Varying, people_of_records
from raphe.study.schema import parse_study, read_study, study_text

TABLE = """ID,TIME,AMT,DV,AGE,WT
1,0,2,.,30,70
1,6,.,12.5,30,70
2,0,2,.,61,.
2,12,.,9.1,.,82.5
3,0,4,.,45,64
1.0,24,.,7.7,30,70
"""
COLUMNS = {"AGE": "person.age (year)", "WT": "person.weight_male (kg)"}
PEOPLE = "{records: trial.csv, covariates: {AGE: person.age (year), WT: person.weight_male (kg)}}"
STUDY = f"""raphe: 1
title: People of a trial
model: benzodiazepines
drug: clonazepam
target: sedation
people: {PEOPLE}
scenarios: [{{name: once, regimen: 2 mg once}}]
"""


def test_every_subject_is_a_person_with_its_covariates():
    table = people_of_records(TABLE, COLUMNS)
    year, kilogram = (parse_quantity(f"1 {unit}").base for unit in ("year", "kg"))
    assert table.names == ("person.age", "person.weight_male")
    wanted = np.array([[30, 70], [61, 82.5], [45, 64]]) * [year, kilogram]
    assert np.array(table.rows) == pytest.approx(wanted)
    assert table.labels == ("1", "2", "3")


def test_columns_in_memory_and_files_say_the_same(tmp_path):
    (tmp_path / "trial.csv").write_text(TABLE)
    lines = [line.split(",") for line in TABLE.strip().splitlines()]
    columns = {name: list(cells) for name, *cells in zip(*lines, strict=True)}
    first = people_of_records(TABLE, COLUMNS)
    assert people_of_records(tmp_path / "trial.csv", COLUMNS).rows == first.rows
    assert people_of_records(columns, COLUMNS).rows == first.rows


def test_subjects_are_called_as_they_are_written():
    text = TABLE.replace("\n2,", '\n"Doe, J",').replace("\n3,", "\n007,")
    table = people_of_records(text, COLUMNS)
    assert table.labels == ("1", "Doe, J", "007")
    study = parse_study(STUDY.replace(f"people: {PEOPLE}\n", ""), "s")
    kept = dataclasses.replace(study, population=dataclasses.replace(study.population, table=table))
    assert parse_study(study_text(kept), "s").population.table == table


def test_a_covariate_that_changes_is_refused_or_taken_first():
    text = TABLE.replace("1.0,24,.,7.7,30,70", "1,24,.,7.7,31,70")
    with pytest.raises(InputError, match="COVARIATE-VARYING") as refused:
        people_of_records(text, COLUMNS)
    assert refused.value.place.line == 7
    assert refused.value.place.column == 5
    taken = people_of_records(text, COLUMNS, varying=Varying.FIRST)
    assert taken.rows == people_of_records(TABLE, COLUMNS).rows


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("AGE", "AEG", 'no column is called "AGE"; did you mean "AEG"'),
        ("3,0,4,.,45,64", "3,0,4,.,.,64", 'subject "3" has no number in column AGE'),
        ("3,0,4,.,45,64", "3,0,4,.,old,64", '"old" is no number'),
        ("3,0,4,.,45,64", ".,0,4,.,45,64", "no subject"),
    ],
)
def test_what_does_not_read_is_refused(old, new, words):
    with pytest.raises(InputError, match=words):
        people_of_records(TABLE.replace(old, new), COLUMNS)


def test_a_study_runs_the_people_of_its_table(tmp_path):
    (tmp_path / "trial.csv").write_text(TABLE)
    (tmp_path / "study.yaml").write_text(STUDY)
    study = read_study(tmp_path / "study.yaml")
    assert study.population.people == 3
    catalog = load_catalog()
    check_study(study, catalog)
    model = compose(catalog.assemblies["benzodiazepines"], catalog.library)
    people = draw_subjects(model, study.population, Layer.PEOPLE, fixed={})
    place = [one.name for one in model.parameters].index("person.age")
    assert people.parameters[:, place] / parse_quantity("1 year").base == pytest.approx(
        [30, 61, 45]
    )
    again = parse_study(study_text(study), "elsewhere/study.yaml")  # carries its people with it
    assert again.population.table.rows == study.population.table.rows


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (", covariates: {AGE: person.age (year), WT: person.weight_male (kg)}", "", "go together"),
        ("records: trial.csv", "count: 4", "go together"),
        (
            "records: trial.csv",
            "records: trial.csv, table: people.csv",
            "not from table and records",
        ),
        ("records: trial.csv", "records: trial.csv, varying: mean", "varying"),
    ],
)
def test_a_study_that_says_it_wrongly_is_refused(tmp_path, old, new, words):
    (tmp_path / "study.yaml").write_text(STUDY.replace(old, new))
    with pytest.raises(InputError, match=words):
        read_study(tmp_path / "study.yaml")
