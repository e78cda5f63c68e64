"""The doubt about an answer on a model whose shares, ranking and regions are known in closed form."""

import dataclasses
import math

import numpy as np
import pytest

from raphe.analysis.answer import Event, Part
from raphe.core.units import parse_quantity
from raphe.dosing.regimen import Regimen
from raphe.language.parse import parse
from raphe.library.catalog import load_catalog, make_catalog
from raphe.population.behavior import Behavior
from raphe.population.people import Population
from raphe.study.answering import answer
from raphe.study.deciding import sweep_of
from raphe.study.doubting import doubt_of, ranking_points
from raphe.study.plan import make_plan
from raphe.study.question import Scenario, Study, Turn, check_study, parse_grid
from raphe.study.region import in_whom
from raphe.study.run import run_plan

MODULE = """
source people_study {{ title "of people"; evidence people "volunteers"; }}
source rat_study {{ title "of rats"; evidence animals "rat"; }}
source slice_study {{ title "of slices"; evidence cells "slices of the rat"; }}

module {name} {{
    substance thing = 100 g/mol {{ assumed "test"; }}
    parameter human = 1 dimensionless {{ uncertainty uniform 0 to 2 dimensionless; read people_study "table"; }}
    parameter prior = 1 dimensionless {{ uncertainty uniform 0 to 2 dimensionless; assumed "test"; }}
    parameter animal = 1 dimensionless {{ uncertainty uniform -1 to 3 dimensionless; read rat_study "table"; }}
    parameter mixed = 0 dimensionless {{
        uncertainty uniform -1 to 1 dimensionless;
        derived rat_study "table", people_study "table" because "mean";
    }}
    parameter slice = 0 dimensionless {{ uncertainty uniform -1 to 1 dimensionless; read slice_study "table"; }}
    parameter person = 1 dimensionless {{ people uniform -1 to 3 dimensionless; assumed "test"; }}
    parameter idle = 1 dimensionless {{
        people uniform 0 to 9 dimensionless;
        uncertainty uniform 0 to 9 dimensionless;
        assumed "test";
    }}
    parameter once = 1 mg {{ assumed "test"; }}
    parameter tiny = 0.000000000001 dimensionless {{ assumed "test"; }}
    parameter fading = 1 1/h {{ assumed "test"; }}
    species held : mg of thing;
    derivative held = 0 * fading * held;
    quantity sum : dimensionless = human + prior + animal + mixed + slice + person;
    quantity useless : dimensionless = idle * 2;
    quantity reply : dimensionless = 1 + {factor} * sum * held / once{more};
    route oral into held;
    output reply as reply;
    output useless as uselessness;
}}
"""
ASSEMBLY = """
model small {
    use own as body or rival;
    drug thing by body.oral;
    target reply = body.reply "the reply";
    show body.reply "Reply";
}
"""
# Y = F S with S = human + prior + animal + mixed + slice + person and F = 1 or 3, equally likely.
MEAN = 4.0
NUMBERS = 1.0 / 3.0 + 1.0 / 3.0 + 1.0 / 3.0  # human, prior, mixed
CARRIED = 4.0 / 3.0 + 1.0 / 3.0  # animal, slice
PEOPLE = 4.0 / 3.0
SPREAD = NUMBERS + CARRIED + PEOPLE
FACTOR, FACTOR_SPREAD = 2.0, 1.0
VARIANCE = (SPREAD + MEAN**2) * (FACTOR_SPREAD + FACTOR**2) - MEAN**2 * FACTOR**2


def catalog_of(more=""):
    own = MODULE.format(name="own", factor="1", more=more)
    rival = MODULE.format(name="rival", factor="3", more="")
    rival = rival[rival.index("module") :]
    return make_catalog([parse(own, "own"), parse(rival, "rival"), parse(ASSEMBLY, "small")])


def study_of(**changed):
    regimen = Regimen.from_text("1 mg once")
    usual = {
        "title": "A small question",
        "model": "small",
        "drug": "thing",
        "target": "reply",
        "scenarios": (
            Scenario(name="once", regimen=regimen, grid=parse_grid("every 1 h for 4 h")),
        ),
        "population": Population(people=400, draws=1024, seed=1),
    }
    return Study(**(usual | changed))


def doubt(study, catalog, threads=1):
    ran = run_plan(make_plan(study, catalog), catalog, threads=threads)
    sweep = sweep_of(study, ran, "body.reply")
    return ran, sweep, doubt_of(study, ran, "body.reply", sweep, threads=threads)


@pytest.fixture(scope="module")
def catalog():
    return catalog_of()


@pytest.fixture(scope="module")
def found(catalog):
    return doubt(study_of(), catalog)


def test_the_four_parts_have_their_closed_form_shares(found):
    split = found[2].split
    alone = {one.part: one.alone.middle for one in split.parts}
    involved = {one.part: one.involved.middle for one in split.parts}
    sizes = {Part.PEOPLE: PEOPLE, Part.NUMBERS: NUMBERS, Part.CARRIED_OVER: CARRIED}
    for part, size in sizes.items():
        assert alone[part] == pytest.approx(FACTOR**2 * size / VARIANCE, abs=0.02)
        expected = (FACTOR**2 + FACTOR_SPREAD) * size / VARIANCE
        assert involved[part] == pytest.approx(expected, abs=0.02)
    assert alone[Part.FORMS] == pytest.approx(FACTOR_SPREAD * MEAN**2 / VARIANCE, abs=0.02)
    expected = FACTOR_SPREAD * (MEAN**2 + SPREAD) / VARIANCE
    assert involved[Part.FORMS] == pytest.approx(expected, abs=0.02)
    assert split.together == pytest.approx(FACTOR_SPREAD * SPREAD / VARIANCE, abs=0.03)
    assert split.sd**2 == pytest.approx(VARIANCE, rel=0.03)
    assert sum(alone.values()) + split.together == pytest.approx(1.0)


def test_each_part_alone_spans_what_only_it_moves(found):
    parts = {one.part: one for one in found[2].split.parts}
    assert parts[Part.FORMS].range.low == pytest.approx(MEAN)  # the model's own
    assert parts[Part.FORMS].range.high == pytest.approx(3.0 * MEAN)
    people = parts[Part.PEOPLE].range
    assert (people.low, people.high) == (pytest.approx(2.2, abs=0.15), pytest.approx(5.8, abs=0.15))
    assert parts[Part.CARRIED_OVER].range.middle == pytest.approx(MEAN, abs=0.1)


def test_each_part_holds_what_the_answer_depends_on(found):
    counts = {one.part: one.count for one in found[2].split.parts}
    assert counts == {Part.PEOPLE: 1, Part.NUMBERS: 3, Part.CARRIED_OVER: 2, Part.FORMS: 2}


def test_numbers_are_ranked_by_their_closed_form_shares(found):
    ranking = found[2].ranking
    spread = NUMBERS + CARRIED
    shares = {one.name: one.alone.middle for one in ranking.ranked}
    assert ranking.ranked[0].name == "body.animal"
    assert ranking.ranked[0].carried_over
    assert shares["body.animal"] == pytest.approx(4.0 / 3.0 / spread, abs=0.02)
    for name in ("human", "prior", "mixed", "slice"):
        assert shares[f"body.{name}"] == pytest.approx(1.0 / 3.0 / spread, abs=0.02)
    assert ranking.sd**2 == pytest.approx(spread, rel=0.03)
    assert (ranking.screened, ranking.rest, ranking.failed) == (5, None, 0)


def test_the_border_between_people_is_where_it_must_be(catalog, found):
    """The largest change is at least the typical one, 4, where `person` is at least 1; `idle` tells nothing."""
    ran, sweep, _ = found
    whom = in_whom(study_of(), ran, "body.reply", sweep)
    far = next(one for one in whom.regions if one.event is Event.FAR)
    above, below = far.groups
    assert [(one.name, one.above) for one in above.bounds] == [("body.person", True)]
    assert above.bounds[0].value == pytest.approx(1.0, abs=0.1)
    assert above.share.low > 0.9
    assert below.share.high < 0.1
    other = next(one for one in whom.regions if one.event is Event.OTHER_SIDE)
    assert other.everybody.middle == 0.0
    assert len(other.groups) == 1


def test_dose_and_duration_tell_scenarios_apart(catalog):
    texts = ("1 mg once", "2 mg once", "1 mg every 1 d for 5 d")
    scenarios = tuple(
        Scenario(name=text, regimen=Regimen.from_text(text), grid=parse_grid("every 6 h for 6 d"))
        for text in texts
    )
    study = study_of(scenarios=scenarios, population=Population(people=200, draws=8, seed=1))
    ran, sweep, _ = doubt(study, catalog)
    assert sweep.scenario == "1 mg every 1 d for 5 d"  # what is held adds up to 5 mg
    whom = in_whom(study, ran, "body.reply", sweep)
    far = next(one for one in whom.regions if one.event is Event.FAR)
    names = {bound.name for group in far.groups for bound in group.bounds}
    assert "days of use" in names
    assert "body.person" in names
    units = {name: unit for name, _, unit in whom.units}
    assert units["days of use"] == "d"


def test_numbers_do_not_depend_on_threads(catalog, found):
    again = doubt(study_of(), catalog, threads=3)[2]
    assert again == found[2]


def test_another_seed_gives_other_points_and_the_same_truth(catalog, found):
    study = study_of(population=Population(people=400, draws=1024, seed=7))
    other = doubt(study, catalog)[2]
    assert other != found[2]
    assert other.split.sd == pytest.approx(found[2].split.sd, rel=0.05)


def test_what_is_fixed_takes_no_part(catalog):
    one = parse_grid("every 1 h for 4 h")
    parameter = next(p for p in catalog.library.modules["own"].parameters if p.name == "animal")
    study = study_of(
        scenarios=(Scenario(name="once", regimen=Regimen.from_text("1 mg once"), grid=one),),
        fixed={"body.animal": parameter.value},
        population=Population(people=20, draws=64, seed=1),
    )
    split = doubt(study, catalog)[2].split
    counts = {part.part: part.count for part in split.parts}
    assert counts[Part.CARRIED_OVER] == 1


def test_failed_runs_are_counted_and_told(catalog):
    """One form has no value where `human` is below 0.05: a part in 40 of its draws fails, and nothing hides that."""
    broken = catalog_of(more=" + tiny * ln(human * 10 - 1 / 2)")
    study = study_of(population=Population(people=20, draws=256, seed=1), failures_allowed=0.5)
    ran, sweep, told = doubt(study, broken)
    split, ranking = told.split, told.ranking
    assert 0.005 < split.failed / split.runs < 0.025
    assert 0 < split.lost < 0.1 * 256
    assert split.points + split.lost == 256
    assert ranking.failed > 0
    made = answer(study, ran, told, broken, command="test")
    from_text = {one.part: one.alone.middle for one in made.doubt.split.parts}
    assert all(math.isfinite(share) for share in from_text.values())
    assert sweep.scenario == split.scenario


def test_where_nothing_moves_there_is_no_doubt(catalog):
    study = study_of(
        scenarios=(
            Scenario(
                name="nothing",
                regimen=Regimen.from_text("no drug"),
                grid=parse_grid("every 1 h for 4 h"),
            ),
        ),
        population=Population(people=4, draws=4, seed=1),
    )
    _, sweep, told = doubt(study, catalog)
    assert sweep is None
    assert (told.split, told.ranking) == (None, None)


def test_a_model_without_rivals_has_no_doubt_about_its_form(catalog):
    alone = ASSEMBLY.replace(" or rival", "")
    own = MODULE.format(name="own", factor="1", more="")
    small = make_catalog([parse(own, "own"), parse(alone, "small")])
    study = study_of(population=Population(people=20, draws=64, seed=1))
    split = doubt(study, small)[2].split
    forms = next(one for one in split.parts if one.part is Part.FORMS)
    assert (forms.alone.middle, forms.involved.middle, forms.count) == (0.0, 0.0, 1)


def test_what_people_do_with_doses_is_part_of_how_they_differ(catalog):
    """Half of all single doses missed: Y = T S, T = 0 or 1; who misses is a matter of people."""
    study = study_of(behavior=Behavior(missed=0.5))
    split = doubt(study, catalog)[2].split
    involved = {one.part: one.involved.middle for one in split.parts}
    alone = {one.part: one.alone.middle for one in split.parts}
    taken, spread = 0.5, 0.25
    square = (FACTOR_SPREAD + FACTOR**2) * (SPREAD + MEAN**2)
    variance = (spread + taken**2) * square - (taken * MEAN * FACTOR) ** 2
    people = FACTOR**2 * ((spread + taken**2) * (PEOPLE + MEAN**2) - taken**2 * MEAN**2) / variance
    assert alone[Part.PEOPLE] == pytest.approx(people, abs=0.04)
    assert involved[Part.PEOPLE] > alone[Part.PEOPLE]


@pytest.mark.parametrize(
    ("points", "regimen", "expected"),
    [
        (None, "1 mg once", 512),
        (None, "1 mg every 12 h for 100 d", 128),
        (0, "1 mg once", 0),
        (64, "1 mg every 12 h for 100 d", 64),
    ],
)
def test_points_are_as_many_as_take_seconds_unless_they_are_given(points, regimen, expected):
    scenario = Scenario(
        name="x", regimen=Regimen.from_text(regimen), grid=parse_grid("every 1 d for 120 d")
    )
    study = study_of(
        scenarios=(scenario,), points=points, population=Population(people=1, draws=200, seed=1)
    )
    assert ranking_points(study, "x") == expected


@pytest.mark.parametrize("points", [3, 500, -4])
def test_points_that_are_no_power_of_two_are_refused(points, catalog):
    with pytest.raises(Exception, match="power of 2"):
        check_study(study_of(points=points), catalog)


def test_every_source_of_an_uncertain_number_tells_what_it_looked_at():
    library = load_catalog().library
    cited = {
        citation.key
        for module in library.modules.values()
        for one in module.parameters
        if one.uncertainty is not None and one.provenance is not None
        for citation in one.provenance.citations
    }
    assert sorted(key for key in cited if library.sources[key].evidence is None) == []


def test_evidence_of_animals_is_carried_over_and_that_of_people_is_not():
    library = load_catalog().library
    kinds = {
        key: library.sources[key].evidence for key in ("pei1989", "best2020", "greenblatt2005")
    }
    assert {key: kind.value for key, kind in kinds.items()} == {
        "pei1989": "animals",
        "best2020": "models",
        "greenblatt2005": "people",
    }
    assert all(source.looked_at for source in library.sources.values() if source.evidence)


def test_a_split_can_be_compared_and_copied(found):
    split = found[2].split
    assert dataclasses.replace(split) == split
    assert np.isfinite(split.whole.low)


def test_what_is_turned_in_the_middle_of_a_scenario_is_turned_in_its_doubt_too(catalog):
    turn = Turn(time=2.0, settings={"body.animal": parse_quantity("100 dimensionless")})
    (once,) = study_of().scenarios
    study = study_of(scenarios=(dataclasses.replace(once, turns=(turn,)),), points=0)
    split = doubt(study, catalog)[2].split
    carried = next(one for one in split.parts if one.part is Part.CARRIED_OVER)
    # from 2 h on S = human 1 + prior 1 + animal 100 + slice + person 1, and of these only the slice is carried over
    assert carried.range.middle == pytest.approx(103.0, abs=0.05)
    assert 102.0 < carried.range.low < carried.range.high < 104.0
