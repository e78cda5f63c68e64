"""Observations: windows, directions, experiments; and what is refused, with its place."""

import pytest

from raphe.core.errors import LanguageError
from raphe.language.model import Direction, Statistic
from raphe.language.parse import parse

TEXT = """observation seen {{
    drug example;  regimen "2 mg once";  people 12 of volunteers;
    {statistic}
    {finding}
    role prediction;
    assumed "a test";
    {more}
}}
"""


def read(statistic="statistic maximum of drug.plasma;", finding="value 3 ng/mL;", more=""):
    return parse(TEXT.format(statistic=statistic, finding=finding, more=more), "x").observations[0]


def test_a_value_at_one_time():
    one = read("statistic value at 2 h of drug.plasma;")
    assert one.statistic is Statistic.VALUE
    assert [quantity.base for quantity in one.window] == [2.0]


def test_a_window():
    one = read("statistic mean from 6 d to 7 d of drug.plasma;")
    assert [quantity.base for quantity in one.window] == [144.0, 168.0]


def test_a_direction_in_place_of_a_value():
    one = read(finding="direction falls;")
    assert one.direction is Direction.FALLS
    assert one.value is None


def test_what_an_experiment_sets():
    one = read(more='choose site = step;  with site.level = 0.5 dimensionless;  subjects "rat";')
    assert one.choices == (("site", "step"),)
    assert [(path, quantity.base) for path, quantity in one.settings] == [("site.level", 0.5)]
    assert one.subjects == "rat"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"finding": "value 3 ng/mL; direction falls;"}, "a value or a direction"),
        ({"finding": ""}, "a value or a direction"),
        ({"finding": "direction sinks;"}, 'unknown word "sinks"'),
        ({"finding": "value 3 ng/mL; value 4 ng/mL;"}, "value is given twice"),
        ({"statistic": ""}, "statistic is missing"),
        ({"statistic": "statistic maximun of drug.plasma;"}, 'unknown word "maximun"'),
        ({"statistic": "statistic mean from 7 d to 6 d of drug.plasma;"}, "ends before it begins"),
        ({"statistic": "statistic value at 2 mg of drug.plasma;"}, "is no time"),
    ],
)
def test_what_does_not_read_is_refused_with_its_place(change, words):
    with pytest.raises(LanguageError, match=words) as caught:
        read(**change)
    assert caught.value.place.line >= 1
