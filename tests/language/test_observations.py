"""Observations: windows, directions, experiments; and what is refused, with its place."""

import pytest

from raphe.core.errors import LanguageError
from raphe.language.evidence import Side
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


def test_what_was_measured_may_only_stand_for_the_quantity():
    assert read().measured == ""
    assert read(more='measured as "a stain";').measured == "a stain"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"finding": "value 3 ng/mL; direction falls;"}, "a value or a direction"),
        ({"finding": ""}, "a value or a direction"),
        ({"finding": "direction sinks;"}, 'unknown word "sinks"'),
        ({"finding": "value 3 ng/mL; value 4 ng/mL;"}, "value is given twice"),
        ({"more": 'measured as "this"; measured as "that";'}, "measured as is given twice"),
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


def test_the_other_arm_is_as_the_first_but_for_what_it_says():
    other = 'against { regimen "no   drug"; with a.b = 2 h; }'
    one = read(more=f"choose site = step; with a.b = 1 h; with a.c = 3 h; {other}").against
    assert (one.drug, one.regimen, one.quantity) == ("example", "no drug", "drug.plasma")
    assert one.choices == (("site", "step"),)
    assert {path: value.base for path, value in one.settings} == {"a.b": 2.0, "a.c": 3.0}


def test_the_other_arm_may_be_read_off_elsewhere_and_at_another_time():
    one = read(more="against { statistic value at 3 h of other.plasma; }").against
    assert (one.statistic, one.quantity) == (Statistic.VALUE, "other.plasma")
    assert [quantity.base for quantity in one.window] == [3.0]


def test_a_bound_and_a_share():
    one = read(finding="share below -2 mg; value above 30 %;")
    assert (one.bound, one.value.base) == (Side.ABOVE, 0.3)
    assert (one.share.side, one.share.value.value) == (Side.BELOW, -2.0)
    assert read().bound is None
    assert read().share is None


UNSIMULATED = 'observation seen {{ people 3; {facts} read key "table 1"; }}'


def test_what_is_not_simulated_stands_apart_with_its_reason():
    text = UNSIMULATED.format(facts='saw "this"; subjects "cat"; not simulated "that";')
    document = parse(text, "x")
    assert document.observations == ()
    (one,) = document.unsimulated
    assert (one.name, one.saw, one.reason, one.people, one.subjects) == (
        "seen",
        "this",
        "that",
        3,
        "cat",
    )
    assert one.provenance.citations[0].key == "key"


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ('saw "this";', "not simulated is missing"),
        ('not simulated "that";', "saw is missing"),
        ('saw "this"; not simulated "that"; regimen "2 mg once";', "has no experiment"),
        ('saw "this"; not simulated "that"; with a.b = 1 h;', "has no experiment"),
        ('saw "this"; not simulated "that"; measured as "more";', "has no experiment"),
        ('saw "this"; not simulated "that"; saw "more";', "saw is given twice"),
    ],
)
def test_half_told_or_doubly_told_is_refused_with_its_place(facts, words):
    with pytest.raises(LanguageError, match=words) as caught:
        parse(UNSIMULATED.format(facts=facts), "x")
    assert caught.value.place.line == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"more": "against { }"}, "the two arms are the same"),
        ({"more": 'against { regimen "2 mg once"; }'}, "the two arms are the same"),
        ({"more": 'against { regimen "a"; regimen "b"; }'}, "regimen is given twice"),
        ({"more": "against { drug a; } against { drug b; }"}, "against is given twice"),
        ({"more": "against { people 3; }"}, "unexpected"),
        ({"finding": "direction falls; share above 1 mg;"}, "no rest"),
        ({"finding": "value beyond 1 mg;"}, "unexpected"),
    ],
)
def test_a_faulty_comparison_is_refused_with_its_place(change, words):
    with pytest.raises(LanguageError, match=words) as caught:
        read(**change)
    assert caught.value.place.line > 1
