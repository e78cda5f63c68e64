"""People from a seed: the same whatever is asked around them, in layers that never mix."""

import math

import numpy as np
import pytest

from raphe.core.draws import edges
from raphe.core.errors import UnitError, UnknownNameError
from raphe.core.units import parse_quantity
from raphe.language.compose import compose_module
from raphe.language.model import Library
from raphe.language.parse import parse
from raphe.population.people import Layer, Population, draw_subjects, swept_parameters

TEXT = """
module adults {
    parameter clearance = 3 L/h {
        people lognormal cv 40 %; uncertainty lognormal cv 20 %; assumed "test";
    }
    parameter height = 170 cm { people normal sd 8 cm; assumed "test"; }
    parameter affinity = 5 nM { uncertainty loguniform 1 to 25 nM; assumed "test"; }
    parameter fixed = 2 1/h { assumed "test"; }
    parameter carrier = 0 dimensionless { people bernoulli 30 %; assumed "test"; }
    parameter age = 40 year { people uniform 20 to 60 year; assumed "test"; }
    quantity size : dimensionless = height / height;
}
"""

DRAWN = [Layer.PEOPLE, Layer.TYPICAL, Layer.TRIALS]  # the others draw nothing


@pytest.fixture(scope="module")
def model():
    (module,) = parse(TEXT, "adults.raphe").modules
    return compose_module(module, Library(modules={module.name: module}, sources={}))


@pytest.fixture(scope="module")
def column(model):
    names = [parameter.name for parameter in model.parameters]
    return lambda subjects, name: subjects.parameters[:, names.index(name)]


def draw(model, layer, *, people=400, draws=30, seed=11, trial_size=1, **fixed):
    population = Population(people=people, draws=draws, seed=seed)
    given = {name: parse_quantity(text) for name, text in fixed.items()}
    return draw_subjects(model, population, layer, trial_size=trial_size, fixed=given)


def of_draw(subjects, number):
    return subjects.parameters[subjects.draw == number]


@pytest.mark.parametrize("layer", Layer)
def test_the_same_seed_gives_the_same_people(model, layer):
    first, second = (draw(model, layer, trial_size=3) for _ in range(2))
    assert np.array_equal(first.parameters, second.parameters)


@pytest.mark.parametrize("layer", DRAWN)
def test_another_seed_gives_other_people(model, column, layer):
    first = draw(model, layer, trial_size=3)
    second = draw(model, layer, trial_size=3, seed=12)
    assert first.parameters.shape == second.parameters.shape
    clearance = [column(subjects, "clearance") for subjects in (first, second)]
    assert not np.any(clearance[0] == clearance[1])


@pytest.mark.parametrize("people", [1, 2, 7, 399])
def test_fewer_people_are_the_first_of_many(model, people):
    many = draw(model, Layer.PEOPLE)
    few = draw(model, Layer.PEOPLE, people=people)
    assert np.array_equal(few.parameters, many.parameters[:people])


def test_fewer_draws_are_the_first_of_many(model):
    for layer, size in ((Layer.TYPICAL, 1), (Layer.TRIALS, 4)):
        many = draw(model, layer, trial_size=size)
        few = draw(model, layer, draws=5, trial_size=size)
        assert np.array_equal(few.parameters, many.parameters[: 5 * size])


def test_a_smaller_trial_has_the_first_people_of_a_larger_one(model):
    large = draw(model, Layer.TRIALS, trial_size=6)
    small = draw(model, Layer.TRIALS, trial_size=2)
    for number in range(30):
        assert np.array_equal(of_draw(small, number), of_draw(large, number)[:2])


def test_the_numbers_of_one_layer_do_not_depend_on_the_sizes_of_another(model):
    first = draw(model, Layer.PEOPLE, draws=1)
    second = draw(model, Layer.PEOPLE, draws=99, trial_size=9)
    assert np.array_equal(first.parameters, second.parameters)


def test_people_carry_no_uncertainty(model, column):
    subjects = draw(model, Layer.PEOPLE)
    assert np.all(subjects.draw == 0)
    assert subjects.person.tolist() == list(range(400))
    assert np.all(column(subjects, "affinity") == parse_quantity("5 nM").base)
    assert len(np.unique(column(subjects, "clearance"))) == 400
    assert np.all(column(subjects, "fixed") == 2.0)


def test_the_typical_person_carries_no_spread_between_people(model, column):
    subjects = draw(model, Layer.TYPICAL)
    assert np.all(subjects.person == 0)
    assert subjects.draw.tolist() == list(range(30))
    for name in ("height", "carrier", "age", "fixed"):
        assert len(np.unique(column(subjects, name))) == 1
    for name in ("clearance", "affinity"):
        assert len(np.unique(column(subjects, name))) == 30


def test_trials_have_new_people_in_each_draw(model, column):
    subjects = draw(model, Layer.TRIALS, trial_size=5)
    assert subjects.parameters.shape[0] == 150
    assert subjects.draw.tolist() == np.repeat(np.arange(30), 5).tolist()
    assert subjects.person.tolist() == np.tile(np.arange(5), 30).tolist()
    assert len(np.unique(column(subjects, "height"))) == 150
    assert len(np.unique(column(subjects, "clearance"))) == 150
    # what is uncertain but not different between people is shared within a trial
    affinity = column(subjects, "affinity").reshape(30, 5)
    assert np.all(affinity == affinity[:, :1])
    assert len(np.unique(affinity)) == 30


def test_the_persons_of_a_trial_are_not_those_of_the_layer_of_people(model, column):
    people = column(draw(model, Layer.PEOPLE), "height")
    trials = column(draw(model, Layer.TRIALS, trial_size=5), "height")
    assert not set(people.tolist()) & set(trials.tolist())


def test_a_trial_lies_about_the_typical_person_of_its_draw(model, column):
    typical = column(draw(model, Layer.TYPICAL), "clearance")
    trials = column(draw(model, Layer.TRIALS, trial_size=500), "clearance").reshape(30, 500)
    logs = np.log(trials / typical[:, None])
    sd = math.sqrt(math.log1p(0.4**2))
    # 15000 independent numbers: mean within 5 standard errors, sd within 5 %
    assert abs(logs.mean()) < 5.0 * sd / math.sqrt(15_000)
    assert logs.std() == pytest.approx(sd, rel=0.05)


def test_people_follow_their_distributions(model, column):
    count = 20_000
    subjects = draw(model, Layer.PEOPLE, people=count)
    root = math.sqrt(count)
    height = column(subjects, "height") / parse_quantity("1 cm").base
    assert abs(height.mean() - 170.0) < 5.0 * 8.0 / root
    assert height.std() == pytest.approx(8.0, rel=5.0 / root)
    clearance = np.log(column(subjects, "clearance"))
    sd = math.sqrt(math.log1p(0.4**2))
    assert abs(clearance.mean() - math.log(3.0)) < 5.0 * sd / root
    assert clearance.std() == pytest.approx(sd, rel=5.0 / root)
    carrier = column(subjects, "carrier")
    assert set(carrier.tolist()) == {0.0, 1.0}
    assert abs(carrier.mean() - 0.3) < 5.0 * math.sqrt(0.3 * 0.7) / root
    age = column(subjects, "age") / parse_quantity("1 year").base
    assert 20.0 <= age.min() < 20.1
    assert 59.9 < age.max() <= 60.0


def test_parameters_are_drawn_independently_of_each_other(model, column):
    subjects = draw(model, Layer.PEOPLE, people=20_000)
    pair = np.corrcoef(column(subjects, "height"), np.log(column(subjects, "clearance")))
    assert abs(pair[0, 1]) < 5.0 / math.sqrt(20_000)


def test_a_parameter_keeps_its_numbers_when_another_one_comes_or_goes(model, column):
    shorter = TEXT.replace("parameter age", "parameter zeal").replace(
        "parameter fixed", "parameter b"
    )
    (module,) = parse(shorter, "adults.raphe").modules
    other = compose_module(module, Library(modules={module.name: module}, sources={}))
    names = [parameter.name for parameter in other.parameters]
    found = draw(other, Layer.PEOPLE).parameters[:, names.index("clearance")]
    assert np.array_equal(found, column(draw(model, Layer.PEOPLE), "clearance"))


@pytest.mark.parametrize("layer", DRAWN)
def test_a_fixed_parameter_is_the_same_for_all_and_moves_nothing_else(model, column, layer):
    free = draw(model, layer, trial_size=3)
    held = draw(model, layer, trial_size=3, clearance="50 mL/min", height="1.8 m")
    assert np.all(column(held, "clearance") == parse_quantity("50 mL/min").base)
    assert column(held, "height") == pytest.approx(18.0)  # dm
    for name in ("affinity", "carrier", "age", "fixed"):
        assert np.array_equal(column(held, name), column(free, name))


def test_an_unknown_fixed_parameter_is_refused_with_the_nearest(model):
    with pytest.raises(UnknownNameError) as refused:
        draw(model, Layer.PEOPLE, clearence="3 L/h")
    assert refused.value.advice == 'did you mean "clearance"?'


@pytest.mark.parametrize("text", ["3 L", "3 kg", "3 dimensionless", "3 1/h"])
def test_a_fixed_value_in_a_wrong_unit_is_refused(model, text):
    with pytest.raises(UnitError) as refused:
        draw(model, Layer.TYPICAL, clearance=text)
    assert "L/h" in refused.value.advice


def test_values_are_in_base_units(model, column):
    subjects = draw(model, Layer.TYPICAL, draws=1)
    assert column(subjects, "height")[0] == pytest.approx(17.0)  # dm
    assert column(subjects, "fixed")[0] == 2.0


@pytest.mark.parametrize("layer", Layer)
def test_the_array_is_ready_for_the_engine(model, layer):
    parameters = draw(model, layer, trial_size=3).parameters
    assert parameters.dtype == np.float64
    assert parameters.flags.c_contiguous
    assert np.isfinite(parameters).all()
    assert parameters.shape[1] == len(model.parameters)


def test_a_sweep_moves_one_uncertain_number_at_a_time_to_both_ends(model):
    population = Population(people=7, draws=5, seed=1)
    subjects = draw_subjects(model, population, Layer.SWEPT, fixed={})
    moved = swept_parameters(model, {})
    typical = [one.value.base for one in model.parameters]
    assert len(subjects.parameters) == 1 + 2 * len(moved)
    assert subjects.parameters[0].tolist() == typical
    for row, number, side in zip(
        subjects.parameters[1:], subjects.draw[1:], subjects.person[1:], strict=True
    ):
        parameter = moved[number - 1]
        changed = [one for one, a, b in zip(model.parameters, row, typical, strict=True) if a != b]
        assert changed == [parameter]
        place = model.parameters.index(parameter)
        ends = edges(parameter.uncertainty, parameter.value.value)
        assert row[place] == pytest.approx(ends[side] * parameter.value.unit.factor)


def test_a_sweep_leaves_fixed_numbers_alone(model):
    name = swept_parameters(model, {})[0].name
    fixed = {name: next(one.value for one in model.parameters if one.name == name)}
    assert name not in [one.name for one in swept_parameters(model, fixed)]


@pytest.mark.parametrize("layer", Layer)
def test_some_subjects_alone_are_the_same_as_among_all(model, layer):
    population = Population(people=9, draws=5, seed=4)
    whole = draw_subjects(model, population, layer, trial_size=3, fixed={})
    end = len(whole.parameters)
    for part in (range(2), range(1, end), range(end - 1, end)):
        some = draw_subjects(model, population, layer, trial_size=3, fixed={}, only=part)
        rows = slice(part.start, part.stop)
        assert np.array_equal(some.parameters, whole.parameters[rows])
        assert np.array_equal(some.person, whole.person[rows])
        assert np.array_equal(some.draw, whole.draw[rows])
