"""People from a table: taken as they are, checked against the population, the same in any chunk."""

import numpy as np
import pytest

from raphe.core.errors import InputError
from raphe.language.compose import compose
from raphe.library.catalog import load_catalog
from raphe.population.people import Layer, Population, draw_subjects
from raphe.population.table import check_columns, read_people, refuse_rows

CATALOG = load_catalog()
MODEL = compose(CATALOG.assemblies["benzodiazepines"], CATALOG.library)
TEXT = "person.age (year),person.weight_male (kg)\n30,70\n65,82.5\n41,90\n"


def column(subjects, name, factor=1.0):
    place = [one.name for one in MODEL.parameters].index(name)
    return subjects.parameters[:, place] / factor


def test_people_have_the_numbers_of_their_rows_and_draw_the_others():
    table = read_people(TEXT, "people.csv")
    population = Population(people=5, draws=2, seed=1, table=table)
    people = draw_subjects(MODEL, population, Layer.PEOPLE, fixed={})
    years = next(one.value.unit.factor for one in MODEL.parameters if one.name == "person.age")
    assert column(people, "person.age", years) == pytest.approx([30, 65, 41, 30, 65])
    drawn = draw_subjects(MODEL, Population(people=5, draws=2, seed=1), Layer.PEOPLE, fixed={})
    name = "drug.reference_clearance"
    assert np.array_equal(column(people, name), column(drawn, name))
    part = draw_subjects(MODEL, population, Layer.PEOPLE, fixed={}, only=range(2, 4))
    assert np.array_equal(part.parameters, people.parameters[2:4])


def test_the_typical_person_is_not_touched():
    table = read_people(TEXT, "people.csv")
    with_table = Population(people=5, draws=2, seed=1, table=table)
    without = Population(people=5, draws=2, seed=1)
    first, second = (
        draw_subjects(MODEL, one, Layer.TYPICAL, fixed={}).parameters
        for one in (with_table, without)
    )
    assert np.array_equal(first, second)


@pytest.mark.parametrize(
    ("text", "words", "line"),
    [
        ("", "a head and a line", 0),
        ("person.age (year)\n", "a head and a line", 0),
        ("person.age (year)\nold\n", '"old" is no number', 2),
        ("person.age (year)\nnan\n", "no number of a person", 2),
        ("person.age (year)\n30,70\n", "2 values for 1 columns", 2),
        ("age in years!\n30\n", "no head of a column", 1),
        ("person.age (yeer)\n30\n", "yeer", 1),
        ("a,a\n1,2\n", "the same name", 1),
        ("ID\na\nb\n", "no column has numbers", 1),
        ("ID,person.age (year)\na,30\n,31\n", "the person has no ID", 3),
        ("ID,person.age (year)\na,30\nb,31\na,32\n", '"a" is the ID of line 2 as well', 4),
        ("ID,person.age (year)\na,30\nb\n", "1 values for 2 columns", 3),
    ],
)
def test_what_does_not_read_is_refused_with_its_line(text, words, line):
    with pytest.raises(InputError, match=words) as caught:
        read_people(text, "people.csv")
    assert caught.value.place.line == line


def test_the_first_column_may_say_what_people_are_called():
    table = read_people("ID,person.age (year)\nK7,30\n0051,65\n", "people.csv")
    assert table.labels == ("K7", "0051")
    assert table.names == ("person.age",)
    assert table.rows == read_people("person.age (year)\n30\n65\n", "people.csv").rows
    with pytest.raises(InputError, match='"old" is no number') as caught:
        read_people("ID,person.age (year)\nK7,old\n", "people.csv")
    assert caught.value.place.column == 2
    with pytest.raises(InputError, match="agee") as caught:
        check_columns(read_people("ID,agee (year)\nK7,3\n", "people.csv"), MODEL, "people.csv")
    assert caught.value.place.column == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("person.agee (year)\n30\n", 'did you mean "person.age"'),
        ("person.weight_deviation\n40\n", "outside the population"),
    ],
)
def test_people_outside_the_population_are_refused(text, words):
    table = read_people(text, "people.csv")
    with pytest.raises(InputError, match=words) as caught:  # noqa: PT012 - either may refuse
        check_columns(table, MODEL, "people.csv")
        refuse_rows(table, MODEL, "people.csv")
    assert caught.value.place.line in (1, 2)


def test_people_of_a_second_round_have_names_of_their_own():
    table = read_people("ID,person.age (year)\n3,30\n1,60\n", "people.csv")
    assert table.names_of([0, 1, 2, 3, 4]) == ["3", "1", "3#2", "1#2", "3#3"]
