"""Study files: what reads, and what is refused, where."""

import dataclasses
from pathlib import Path

import pytest

from raphe.core.errors import FileError, InputError
from raphe.library.catalog import load_catalog
from raphe.study.question import ask
from raphe.study.schema import parse_study, read_study, study_text

EXAMPLE = Path(__file__).parents[2] / "examples" / "clonazepam-serotonin.yaml"
GOOD = """\
raphe: 1
title: A question
model: benzodiazepines
drug: clonazepam
target: serotonin
scenarios:
  - name: one
    regimen: 2 mg once
"""


def test_the_example_is_the_study_that_the_bare_question_becomes():
    study = read_study(EXAMPLE)
    asked = ask(load_catalog(), "clonazepam", "serotonin")
    for scenario, other in zip(study.scenarios, asked.scenarios, strict=True):
        assert scenario.name == other.name
        assert scenario.regimen == other.regimen
        assert scenario.grid.times == other.grid.times
    same = {"scenarios": asked.scenarios}
    assert dataclasses.replace(study, **same) == asked


def test_a_short_study_reads_with_defaults():
    study = parse_study(GOOD, "study.yaml")
    assert study.population.people == 1000
    assert study.options.relative == 1e-6
    assert len(study.scenarios[0].regimen.doses) == 1


def test_numbers_in_yaml_1_2_read_as_numbers():
    study = parse_study(GOOD + "tolerance:\n  relative: 1e-4\n", "study.yaml")
    assert study.options.relative == 1e-4


FAULTS = [  # what is added or replaced, line of the fault, words of the message
    (("title:", "titel:"), 2, 'unknown key "titel"; did you mean "title"?'),
    (("drug: clonazepam\n", ""), 0, 'the key "drug" is missing'),
    (("regimen: 2 mg once", "regimen: 2 mg onze"), 8, "is not a prescription"),
    (("regimen: 2 mg once", "regimen: -2 mg once"), 8, "is impossible"),
    (("regimen: 2 mg once", "regimen: 0 mg once"), 8, "is impossible"),
    (("regimen: 2 mg once", "regimen: 2 once"), 8, "is not an amount"),
    (("regimen: 2 mg once", "regimen: 2 mg every 7 h for 1 d"), 8, "whole number of intervals"),
    (("regimen: 2 mg once", "regimen: 2 mg every 1 s for 9 d"), 8, "more than"),
    (("regimen: 2 mg once", "regimen: 2 mg every 2 mg for 1 d"), 8, "is no time"),
    (("regimen: 2 mg once", "regime: 2 mg once"), 8, 'did you mean "regimen"?'),
    (("raphe: 1", "raphe: 2"), 1, '"raphe" is wrong (found 2)'),
    (("raphe: 1", "raphe: one"), 1, '"raphe" is wrong'),
    (("raphe: 1", "raphe: 1\nseed: -1"), 2, '"seed" is wrong (found -1)'),
    (("raphe: 1", "raphe: 1\nseed: 1.5"), 2, '"seed" is wrong (found 1.5)'),
    (("raphe: 1", "raphe: 1\nraphe: 1"), 2, "duplicate key"),
    (("raphe: 1", "raphe: 1\npeople: {count: 0}"), 2, '"people.count" is wrong'),
    (("raphe: 1", "raphe: 1\npeople: {counts: 5}"), 2, 'did you mean "count"?'),
    (("raphe: 1", "raphe: 1\nfixed: {person.age: 30}"), 2, "fixed.person.age"),
    (("raphe: 1", "raphe: 1\nfixed: {person.age: 30 years old}"), 2, "is not a unit"),
    (("raphe: 1", "raphe: &a 1"), 1, "an anchor is not allowed"),
    (("raphe: 1", "raphe: !!python/object:os.system 1"), 1, "a tag is not allowed"),
    (("raphe: 1", "raphe: [[[["), 0, ""),
    (("raphe: 1", "raphe: 1\nx: " + "[" * 200), 2, "nested deeper"),
    (("raphe: 1", "\x00"), 0, ""),
    (
        (
            "    regimen: 2 mg once\n",
            "    regimen: 2 mg once\n  - name: one\n    regimen: no drug\n",
        ),
        9,
        "a second",
    ),
]


@pytest.mark.parametrize(("change", "line", "words"), FAULTS)
def test_a_fault_is_refused_with_its_place(change, line, words):
    text = GOOD.replace(*change)
    assert text != GOOD
    with pytest.raises(InputError) as caught:
        parse_study(text, "study.yaml")
    error = caught.value
    assert words in str(error)
    assert error.place is not None
    assert error.place.file == "study.yaml"
    if line:
        assert error.place.line == line


def test_an_alias_bomb_is_refused_at_once():
    bomb = 'a: &a ["x", "x"]\n' + "".join(f"b{i}: [*a, *a]\n" for i in range(50))
    with pytest.raises(InputError):
        parse_study(bomb, "study.yaml")


def test_a_missing_file_is_one_clear_error(tmp_path):
    with pytest.raises(FileError) as caught:
        read_study(tmp_path / "nothing.yaml")
    assert "cannot read the study" in str(caught.value)


def test_a_huge_file_is_refused(tmp_path):
    path = tmp_path / "huge.yaml"
    path.write_text("#" * 1_100_000)
    with pytest.raises(InputError):
        read_study(path)


MORE = """
behavior: {missed: 10 %, late: 30 min, stops: 5 %}
outputs: [drug.plasma]
endpoints:
  - {name: peak, statistic: highest, of: drug.plasma, beyond: 20}
  - {name: above, statistic: time_above, of: drug.plasma, limit: 10 ng/mL, begin: 1 d, end: 2 d}
"""


def with_more(text):
    return parse_study(GOOD + text, "x")


def test_behavior_outputs_and_endpoints_are_read():
    study = with_more(MORE)
    assert (study.behavior.missed, study.behavior.late, study.behavior.stops) == (0.1, 0.5, 0.05)
    assert study.outputs == ("drug.plasma",)
    peak, above = study.endpoints
    assert (peak.name, peak.kind.value, peak.beyond) == ("peak", "highest", 20.0)
    assert (above.begin, above.end, above.limit.base) == (24.0, 48.0, above.limit.base)
    assert parse_study(study_text(study), "x") == study


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("behavior: {missed: 10 mg}", "another kind"),
        ("behavior: {mised: 10 %}", "unknown key"),
        ("endpoints: [{name: a, statistic: higest, of: b}]", "no endpoint statistic"),
        ("endpoints: [{name: a, statistic: time_above, of: b}]", "a limit goes with"),
        ("endpoints: [{name: a, statistic: mean, of: b, limit: 1 mg}]", "a limit goes with"),
        ("endpoints: [{name: a, statistic: mean, of: b, begin: 2 d, end: 1 d}]", "ends before"),
        ("endpoints: [{name: a, statistic: mean}]", "is missing"),
    ],
)
def test_wrong_behavior_and_endpoints_are_refused_with_their_place(wrong, words):
    with pytest.raises(InputError, match=words) as caught:
        with_more("\n" + wrong + "\n")
    assert caught.value.place.line > 1 or "is missing" in words


def test_people_may_come_from_a_table(tmp_path):
    (tmp_path / "people.csv").write_text("person.age (year)\n30\n40\n")
    (tmp_path / "study.yaml").write_text(GOOD + "people: {table: people.csv}\n")
    study = read_study(tmp_path / "study.yaml")
    assert study.population.people == 2
    assert study.population.table.names == ("person.age",)
    assert parse_study(study_text(study), "x") == study
