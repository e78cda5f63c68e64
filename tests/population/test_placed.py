"""Subjects at places of their distributions: quantiles against scipy, and the layers of `people` as special cases."""

import math

import numpy as np
import pytest
from scipy import stats

from raphe.core.draws import Bernoulli, LogNormal, LogUniform, Normal, Stage, Uniform, edges
from raphe.core.units import parse_quantity
from raphe.language.compose import compose_module
from raphe.language.parse import parse
from raphe.library.catalog import make_catalog
from raphe.population.people import Layer, Population, draw_subjects
from raphe.population.placed import TABLE_ROW, Column, columns_of, place_subjects, quantile
from raphe.population.table import read_people

PLACES = np.array([0.001, 0.05, 0.3, 0.5, 0.7, 0.95, 0.999])
TEXT = """
module body {
    parameter volume = 20 L { people lognormal cv 30 %; uncertainty lognormal cv 50 %; assumed "test"; }
    parameter age = 40 year { people uniform 20 to 60 year; assumed "test"; }
    parameter rate = 3 1/h { uncertainty normal sd 1 1/h; assumed "test"; }
    parameter still = 5 kg { assumed "test"; }
    quantity speed : L/h = volume * rate;
}
"""


@pytest.fixture(scope="module")
def model():
    catalog = make_catalog([parse(TEXT, "body")])
    return compose_module(catalog.library.modules["body"], catalog.library)


@pytest.mark.parametrize(
    ("distribution", "theirs"),
    [
        (Normal(0.5), stats.norm(2.0, 0.5)),
        (LogNormal(0.4), stats.lognorm(s=math.sqrt(math.log1p(0.16)), scale=2.0)),
        (Uniform(-1.0, 3.0), stats.uniform(-1.0, 4.0)),
        (LogUniform(0.1, 10.0), stats.loguniform(0.1, 10.0)),
    ],
)
def test_quantiles_are_those_of_scipy(distribution, theirs):
    found = quantile(distribution, np.full(len(PLACES), 2.0), PLACES)
    assert found == pytest.approx(theirs.ppf(PLACES), rel=1e-12)
    assert edges(distribution, 2.0) == pytest.approx(theirs.ppf([0.05, 0.95]), rel=1e-12)


def test_a_coin_falls_as_often_as_it_says():
    places = (np.arange(1000) + 0.5) / 1000.0
    assert quantile(Bernoulli(0.3), np.zeros(1000), places).sum() == 300


def test_every_spread_of_a_used_number_is_a_column(model):
    used = {one.name for one in model.parameters}
    age = next(name for name in used if name.endswith("age"))
    volume, rate = (next(name for name in used if name.endswith(w)) for w in ("volume", "rate"))
    assert set(columns_of(model, used, ())) == {
        Column(Stage.PEOPLE, volume),
        Column(Stage.UNCERTAINTY, volume),
        Column(Stage.PEOPLE, age),
        Column(Stage.UNCERTAINTY, rate),
    }
    assert columns_of(model, {rate}, ()) == (Column(Stage.UNCERTAINTY, rate),)
    assert columns_of(model, used, {age, volume, rate}) == ()


def test_the_middle_of_every_number_is_the_typical_person(model):
    columns = columns_of(model, {one.name for one in model.parameters}, ())
    middle = place_subjects(model, columns, np.full((1, len(columns)), 0.5), fixed={})
    none = place_subjects(model, (), np.empty((1, 0)), fixed={})
    typical = draw_subjects(model, Population(people=1, draws=1, seed=1), Layer.BEST, fixed={})
    assert middle.parameters == pytest.approx(typical.parameters)
    assert np.array_equal(none.parameters, typical.parameters)


def test_people_lie_about_the_value_that_is_drawn(model):
    names = [one.name for one in model.parameters]
    volume = next(name for name in names if name.endswith("volume"))
    columns = (Column(Stage.UNCERTAINTY, volume), Column(Stage.PEOPLE, volume))
    places = np.array([[0.9, 0.2]])
    found = place_subjects(model, columns, places, fixed={}).parameters[0, names.index(volume)]
    center = 20.0 * math.exp(LogNormal(0.5).log_sd * stats.norm.ppf(0.9))
    person = center * math.exp(LogNormal(0.3).log_sd * stats.norm.ppf(0.2))
    unit = model.parameters[names.index(volume)].value.unit
    assert found == pytest.approx(person * unit.factor)


def test_places_spread_like_draws(model):
    """Moments of the same parameter from evenly spread places and from keyed draws."""
    columns = columns_of(model, {one.name for one in model.parameters}, ())
    random = np.random.default_rng(3)
    placed = place_subjects(model, columns, random.random((20_000, len(columns))), fixed={})
    drawn = draw_subjects(
        model,
        Population(people=1, draws=20_000, seed=2),
        Layer.TRIALS,
        trial_size=1,
        fixed={},
    )
    assert placed.parameters.mean(axis=0) == pytest.approx(drawn.parameters.mean(axis=0), rel=0.03)
    assert placed.parameters.std(axis=0) == pytest.approx(drawn.parameters.std(axis=0), rel=0.06)


def test_what_is_fixed_stays(model):
    names = [one.name for one in model.parameters]
    rate = next(name for name in names if name.endswith("rate"))
    columns = (Column(Stage.UNCERTAINTY, rate),)
    fixed = {rate: parse_quantity("7 1/h")}
    found = place_subjects(model, columns, PLACES[:, None], fixed=fixed)
    assert set(found.parameters[:, names.index(rate)]) == {fixed[rate].base}


def test_a_table_gives_whole_rows(model):
    names = [one.name for one in model.parameters]
    age = next(name for name in names if name.endswith("age"))
    table = read_people(f"{age} (year)\n30\n70\n", "people.csv")
    places = np.array([[0.1], [0.49], [0.51], [0.9999]])
    found = place_subjects(model, (TABLE_ROW,), places, fixed={}, table=table)
    factor = model.parameters[names.index(age)].value.unit.factor
    assert found.parameters[:, names.index(age)] / factor == pytest.approx([30.0, 30.0, 70.0, 70.0])


def tied():
    line = 'correlation volume with mass = 0.6 dimensionless { assumed "test"; }'
    mass = 'parameter mass = 70 kg { people normal sd 9 kg; assumed "test"; }'
    catalog = make_catalog([parse(TEXT.replace("quantity", f"{mass} {line} quantity"), "body")])
    return compose_module(catalog.library.modules["body"], catalog.library)


def column(model, subjects, name):
    return subjects.parameters[:, [one.name for one in model.parameters].index(name)]


def test_numbers_that_go_together_between_people_do_so_at_places_too():
    model = tied()
    columns = [Column(Stage.PEOPLE, "volume"), Column(Stage.PEOPLE, "mass")]
    places = stats.qmc.Sobol(2, seed=1).random(4096)
    subjects = place_subjects(model, columns, places, fixed={})
    volume, mass = (column(model, subjects, name) for name in ("volume", "mass"))
    assert np.corrcoef(np.log(volume), mass)[0, 1] == pytest.approx(0.6, abs=0.01)
    assert np.std(mass) / np.mean(mass) == pytest.approx(9.0 / 70.0, rel=0.01)
    assert np.std(np.log(volume)) == pytest.approx(math.sqrt(math.log1p(0.09)), rel=0.01)


def test_a_number_that_is_given_moves_the_one_that_goes_with_it():
    model = tied()
    columns, places = [Column(Stage.PEOPLE, "volume")], np.full((1, 1), 0.5)
    heavy = place_subjects(model, columns, places, fixed={"mass": parse_quantity("79 kg")})
    alone = place_subjects(model, columns, places, fixed={})
    sd = math.sqrt(math.log1p(0.09))
    ratio = column(model, heavy, "volume") / column(model, alone, "volume")
    assert np.log(ratio) == pytest.approx(0.6 * sd)  # one standard deviation heavier
