"""Questions, grids and the studies that they become."""

from dataclasses import replace

import pytest

from raphe.core.errors import StudyError, UnknownNameError
from raphe.dosing.regimen import Regimen
from raphe.library.catalog import load_catalog
from raphe.study.question import ask, check_answerable, check_study, default_grid, parse_grid
from raphe.study.schema import parse_study, study_text


def test_a_grid_begins_at_zero_and_ends_where_it_says():
    grid = parse_grid("every 15 min for 1 h, then every 2 h for 1 d")
    assert grid.times[:5] == (0.0, 0.25, 0.5, 0.75, 1.0)
    assert grid.times[-1] == 25.0
    assert len(grid.times) == 1 + 4 + 12


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hourly",
        "every 7 min for 1 h",
        "every 0 h for 1 d",
        "every -1 h for 1 d",
        "every 1 mg for 1 d",
        "every 1 s for 1 d",
        "every 1 h for inf d",
        "every 1 h",
    ],
)
def test_a_grid_that_does_not_read_is_refused(text):
    with pytest.raises(StudyError):
        parse_grid(text)


def test_the_default_grid_is_fine_through_dosing_and_a_day_and_coarse_after():
    grid = default_grid(Regimen.from_text("0.5 mg every 8 h for 7 d"))
    assert grid.times[1] == 0.25
    assert grid.times[-1] == 160.0 + 24.0 + 480.0


def test_an_answer_needs_times_that_reach_the_last_dose():
    study = ask(load_catalog(), "clonazepam", "serotonin")
    check_answerable(study)
    first, *others = study.scenarios
    short = replace(
        study, scenarios=(*others, replace(first, grid=parse_grid("every 6 h for 7 d")))
    )
    check_study(short, load_catalog())
    with pytest.raises(StudyError, match="the times end at 168 h, before the last dose at 4308 h"):
        check_answerable(short)


def test_a_bare_question_becomes_the_usual_regimens_of_the_model_and_no_drug():
    study = ask(load_catalog(), "clonazepam", "serotonin")
    texts = [scenario.regimen.text for scenario in study.scenarios]
    assert texts == [
        "1 mg every 12 h for 180 d",
        "0.5 mg every 8 h for 7 d",
        "2 mg once",
        "no drug",
    ]
    check_study(study, load_catalog())


def test_every_drug_of_every_model_can_be_asked_about():
    catalog = load_catalog()
    for assembly in catalog.assemblies.values():
        for drug in assembly.drugs:
            study = ask(catalog, drug.name, assembly.targets[0].name)
            assert len(study.scenarios) > 1, drug.name
            asked = [scenario.regimen.text for scenario in study.scenarios]
            assert sorted(asked) == sorted([*drug.usual, "no drug"])


def test_a_drug_without_usual_regimens_needs_a_study_file():
    catalog = load_catalog()
    (assembly,) = catalog.assemblies.values()
    drugs = tuple(replace(drug, usual=()) for drug in assembly.drugs)
    bare = replace(catalog, assemblies={assembly.name: replace(assembly, drugs=drugs)})
    with pytest.raises(UnknownNameError, match='tells no usual regimen of "clonazepam"'):
        ask(bare, "clonazepam", "serotonin")


def test_months_of_use_have_output_wide_apart():
    grid = default_grid(Regimen.from_text("1 mg every 12 h for 180 d"))
    assert grid.times[1] == 6.0
    assert grid.times[-1] == 201 * 24.0


@pytest.mark.parametrize(
    ("drug", "target", "advice"),
    [
        ("clonazepan", "serotonin", 'did you mean "clonazepam"?'),
        ("clonazepam", "serotonine", 'did you mean "serotonin"?'),
        (
            "aspirin",
            "serotonin",
            "known: alprazolam, carbohydrate, clonazepam, diazepam, exercise, flumazenil, lactalbumin, lorazepam, ...",
        ),
    ],
)
def test_an_unknown_drug_or_target_brings_the_nearest_name(drug, target, advice):
    with pytest.raises(UnknownNameError) as caught:
        ask(load_catalog(), drug, target)
    assert caught.value.advice == advice


@pytest.mark.parametrize(("question", "name"), [("sleep", "five hours"), ("age", "forty years")])
def test_a_way_of_living_can_be_asked_about(question, name):
    study = ask(load_catalog(), question, "serotonin")
    changed, usual = study.scenarios
    assert changed.name.startswith(name)
    assert len(changed.settings) == 1
    assert changed.acts
    assert not usual.acts
    assert parse_study(study_text(study), "x") == study


def test_names_may_have_spaces_and_hyphens():
    study = ask(load_catalog(), "tryptophan-rich meal", "serotonin")
    assert study.title == "How does tryptophan rich meal affect serotonin?"
    assert study.scenarios[0].regimen.text == "40 g once"
