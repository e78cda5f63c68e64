"""Two arms, shares, bounds: what they say of a model whose answers are known in closed form."""

import dataclasses
import math

import pytest

from raphe.core.errors import StudyError
from raphe.language.parse import parse
from raphe.library.catalog import load_catalog, make_catalog
from raphe.population.people import Population
from raphe.report.qualification import cells, page, summary, unsimulated_page
from raphe.study.qualify import arms_of, predictable, qualify

TRIALS = Population(people=1, draws=200, seed=5)
MODEL = """
source book { title "A book"; journal "None"; }
module body "Decay, with a level that differs between people" {
    parameter rate = 0.1 1/h { meaning "rate"; assumed "a test"; }
    parameter level = 0.5 dimensionless { meaning "level"; people uniform 0 to 1 dimensionless; assumed "a test"; }
    species drug : mg;
    derivative drug = -rate * drug;
    quantity twice : mg = drug + drug;
    quantity score : dimensionless = 1 + level;
    quantity pool : dimensionless = 0 * level;
    route oral into drug;
    output drug as amount;
}
module rival "The same without what is twice" {
    parameter rate = 0.2 1/h { meaning "rate"; assumed "a test"; }
    species drug : mg;
    derivative drug = -rate * drug;
    route oral into drug;
    output drug as amount;
}
model test "A test" {
    use body as body or rival;
    drug example by body.oral;
    target amount = body.drug "amount";
}
"""
ONE = """observation seen {{
    drug example;  regimen "1 mg once";  people 24;
    statistic {statistic};
    {facts}
    role prediction;
    read book "page 1";
}}
"""


def rows_of(statistic, *facts, choices=None):
    text = "\n".join(
        ONE.format(statistic=statistic, facts=fact).replace("seen", f"seen{number}", 1)
        for number, fact in enumerate(facts)
    )
    catalog = make_catalog([parse(MODEL, "model"), parse(text, "seen")])
    model = catalog.assemblies["test"]
    return qualify(catalog, model, trials=TRIALS, threads=1, choices=choices)


def row_of(statistic, facts, **more):
    (row,) = rows_of(statistic, facts, **more)
    return row


AT_5 = "value at 5 h of body.drug"


def test_a_value_without_dimension_is_the_ratio_of_the_two_arms():
    doses, times, places = rows_of(
        AT_5,
        'against { regimen "4 mg once"; } value 0.25 dimensionless;',
        "against { statistic value at 10 h of body.drug; } value 1 dimensionless;",
        "against { statistic value at 5 h of body.twice; } value 50 %;",
    )
    assert doses.predicted.middle == pytest.approx(0.25, rel=1e-6)
    assert doses.fold_error == pytest.approx(1.0, rel=1e-6)
    assert times.predicted.middle == pytest.approx(math.exp(0.5), rel=1e-4)
    assert times.verdict == "outside"
    assert places.predicted.middle == pytest.approx(50.0, rel=1e-6)


def test_a_value_in_the_unit_of_the_statistic_is_the_difference():
    row = row_of(AT_5, 'against { regimen "3 mg once"; } value -2 mg;')
    assert row.predicted.middle == pytest.approx(-2.0 * math.exp(-0.5), rel=1e-4)
    assert row.unit == "mg"


def test_settings_of_the_other_arm_are_its_own():
    row = row_of(AT_5, "against { with body.rate = 0.3 1/h; } value 1 dimensionless;")
    assert row.predicted.middle == pytest.approx(math.exp(1.0), rel=1e-3)


def test_a_direction_is_against_the_other_arm_and_not_against_rest():
    more, less = rows_of(
        "value at 5 h of body.score",
        "against { statistic value at 5 h of body.pool; } direction rises;",
        "against { statistic value at 5 h of body.pool; } direction falls;",
    )
    assert (more.verdict, less.verdict) == ("right", "wrong")
    assert row_of("value at 5 h of body.score", "direction stays;").verdict == "right"


def test_times_are_compared_by_their_difference():
    facts = 'against { regimen "no drug for 7 h, then 1 mg once"; } direction falls;'
    row = row_of("time_of_highest from 0 h to 20 h of body.drug", facts)
    assert row.unit == "h"  # since the last dose, which is 7 h later in the other arm
    assert abs(row.predicted.middle) < 0.5


def test_a_share_is_the_part_of_the_people_beyond_the_limit():
    above, below, trial = rows_of(
        "value at 1 h of body.score",
        "share above 1.3 dimensionless; value 70 %;",
        "share below 1.3 dimensionless; value 0.3 dimensionless;",
        "share above 1.3 dimensionless; against { with body.level = 1 dimensionless; } value 70 %;",
    )
    assert above.predicted.middle == pytest.approx(70.0, abs=3.0)
    half = 1.645 * math.sqrt(0.7 * 0.3 / 24)  # of a binomial share of 24
    assert above.predicted.high - above.predicted.low == pytest.approx(200.0 * half, rel=0.25)
    assert below.predicted.middle == pytest.approx(1.0 - above.predicted.middle / 100.0)
    assert trial.predicted == above.predicted  # all of the other arm are above it
    assert above.verdict == "inside"


def test_nobody_beyond_a_limit_is_a_value_without_a_fold():
    row = row_of("value at 1 h of body.score", "share above 3 dimensionless; value 0 %;")
    assert (row.predicted.middle, row.fold_error, row.verdict) == (0.0, None, "inside")


def test_a_bound_is_right_open_or_wrong():
    verdicts = [
        row.verdict
        for row in rows_of(
            "value at 1 h of body.score",
            *(
                f"share above 1.5 dimensionless; value {bound};"
                for bound in ("below 90 %", "above 90 %", "below 50 %")
            ),
        )
    ]
    assert verdicts == ["right", "wrong", "open"]


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ("share above 1 mg; value 30 %;", "is not in mg"),
        ("share above 1 dimensionless; value 3 mg;", "is not in mg"),
        (
            "against { statistic value at 1 h of body.drug; } value 1 dimensionless;",
            "not of one kind",
        ),
        ('against { regimen "no drug"; } value 1 mg;', "is not in mg"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_its_place(facts, words):
    with pytest.raises(StudyError, match=words) as caught:
        row_of("value at 1 h of body.score", facts)
    assert caught.value.place.file == "seen"


def test_a_rival_that_lacks_a_quantity_has_no_row_for_it_and_keeps_the_others():
    facts = ('against { regimen "2 mg once"; } value 0.5 dimensionless;', "value 1 mg;")
    assert len(rows_of(AT_5, *facts, choices={"body": "rival"})) == 2
    assert rows_of("value at 5 h of body.twice", *facts, choices={"body": "rival"}) == ()


def test_every_observation_of_the_library_has_a_row_in_its_model():
    catalog = load_catalog()
    model = catalog.assemblies["benzodiazepines"]
    assert predictable(catalog, model) == catalog.observations
    for one in catalog.observations:
        for arm in arms_of(one):
            slot, name = arm.quantity.split(".")
            used = {use.alias: use.module for use in model.uses} | dict(arm.choices)
            module = catalog.library.modules[used[slot]]
            known = [*module.quantities, *module.species, *module.parameters]
            assert name in {thing.name for thing in known}, one.name


def test_every_source_of_what_is_not_simulated_is_there_and_its_reason_is_told():
    catalog = load_catalog()
    text = unsimulated_page(catalog.unsimulated, catalog.library.sources)
    assert len(catalog.unsimulated) > 60
    for one in catalog.unsimulated:
        assert f"| {one.name} | {one.saw} |" in text
        assert one.reason in text
        for citation in one.provenance.citations:
            assert f"- {citation.key}: {catalog.library.sources[citation.key].reference()}" in text


def test_a_row_in_words_tells_both_arms_the_share_and_the_bound():
    row = row_of(
        "value at 1 h of body.score",
        'share above 1.5 dimensionless; against { regimen "2 mg once"; } value below 150 %;',
    )
    name, who, after, what, seen, *_ = cells(row)
    assert (name, who) == ("seen0", "24 people")
    assert after == "example 1 mg once; against example 2 mg once"
    assert what == "share above 1.5 dimensionless, value of body.score (1.0 h)"
    assert seen == "below 150 %"


def test_what_has_no_row_is_counted_beside_the_rows_and_bounds_count_as_directions():
    bound = row_of("value at 1 h of body.score", "value above 1 dimensionless;")
    value = dataclasses.replace(row_of(AT_5, "value 1 mg;"), verdict="outside")
    unsimulated = load_catalog().unsimulated
    lines = summary([bound, value], unsimulated, ())
    assert any(f"{len(unsimulated)} more published observations have no row" in x for x in lines)
    assert any("All held-out values: 1;" in x for x in lines)
    assert any("directions and bounds: 1; right 1" in x for x in lines)
    text = page([bound, value], unsimulated, (), (), title="T", command="raphe qualify")
    assert all(line in text for line in lines)
