"""Numbers that go together: as strongly as declared, each with its own distribution, and nothing else moved."""

import math
import re
from statistics import NormalDist

import numpy as np
import pytest

from raphe.core.units import parse_quantity
from raphe.language.compose import compose_module
from raphe.language.model import Library
from raphe.language.parse import parse
from raphe.population.people import Layer, Population, draw_subjects
from raphe.population.table import read_people

TEXT = """
module adults {
    parameter clearance = 3 L/h { people lognormal cv 40 %; uncertainty lognormal cv 20 %; assumed "test"; }
    parameter volume = 100 L { people lognormal cv 25 %; assumed "test"; }
    parameter height = 170 cm { people normal sd 8 cm; assumed "test"; }
    parameter age = 40 year { people uniform 20 to 60 year; assumed "test"; }
    parameter rate = 1 1/h { people loguniform 0.2 to 5 1/h; assumed "test"; }
    parameter alone = 5 nM { people lognormal cv 30 %; assumed "test"; }
    quantity size : dimensionless = height / height;
    correlation clearance with volume = 0.6 dimensionless { assumed "test"; }
    correlation volume with height = 50 % { assumed "test"; }
    correlation age with rate = -0.7 dimensionless { assumed "test"; }
}
"""
COUNT = 20_000
SPREADS = {"clearance": (0.4, 3.0), "volume": (0.25, 100.0)}


def composed(text):
    (module,) = parse(text, "adults.raphe").modules
    return compose_module(module, Library(modules={module.name: module}, sources={}))


MODEL = composed(TEXT)
WITHOUT = composed(re.sub(r"\n *correlation.*", "", TEXT))
NAMES = [one.name for one in MODEL.parameters]
FACTORS = [one.value.unit.factor for one in MODEL.parameters]


def people(model=MODEL, layer=Layer.PEOPLE, *, table=None, only=None, trial_size=1, **fixed):
    population = Population(people=COUNT, draws=20, seed=11, table=table)
    given = {name: parse_quantity(text) for name, text in fixed.items()}
    subjects = draw_subjects(
        model, population, layer, fixed=given, only=only, trial_size=trial_size
    )
    return {name: subjects.parameters[:, k] / FACTORS[k] for k, name in enumerate(NAMES)}


def normal(name, values):
    """The normal numbers behind values, worked out apart from the code that is tested."""
    standard = NormalDist()
    if name in SPREADS:
        cv, middle = SPREADS[name]
        return np.log(values / middle) / math.sqrt(math.log(1.0 + cv * cv))
    if name == "height":
        return (values - 170.0) / 8.0
    share = (values - 20.0) / 40.0 if name == "age" else np.log(values / 0.2) / math.log(25.0)
    return np.array([standard.inv_cdf(one) for one in share])


@pytest.mark.parametrize(
    ("one", "other", "wanted"),
    [
        ("clearance", "volume", 0.6),
        ("volume", "height", 0.5),
        ("age", "rate", -0.7),
        ("clearance", "height", 0.0),
        ("clearance", "age", 0.0),
    ],
)
def test_people_are_correlated_as_declared(one, other, wanted):
    drawn = people()
    seen = np.corrcoef(normal(one, drawn[one]), normal(other, drawn[other]))[0, 1]
    assert abs(seen - wanted) < 4.0 * (1.0 - wanted**2) / math.sqrt(COUNT)


@pytest.mark.parametrize("name", ["clearance", "volume", "height", "age", "rate"])
def test_each_alone_has_its_own_distribution(name):
    scores = np.sort(normal(name, people()[name]))
    share = np.array([NormalDist().cdf(one) for one in scores])
    distance = np.max(np.abs(share - (np.arange(COUNT) + 0.5) / COUNT))
    assert distance < 1.95 / math.sqrt(COUNT)  # Kolmogorov and Smirnov, at one in a thousand
    assert people(WITHOUT)[name].mean() == pytest.approx(people()[name].mean(), rel=0.02)


def test_who_leads_and_who_is_not_correlated_keeps_every_bit():
    together, apart = people(), people(WITHOUT)
    for name in ("clearance", "alone"):
        assert np.array_equal(together[name], apart[name])
    for name in ("volume", "rate"):
        assert not np.any(together[name] == apart[name])


def test_the_order_of_statements_does_not_matter():
    lines = TEXT.strip().splitlines()
    turned = "\n".join([lines[0], *reversed(lines[1:-1]), lines[-1]])
    first, second = people(), people(composed(turned))
    assert all(np.array_equal(first[name], second[name]) for name in NAMES)


def test_some_people_alone_are_the_same_as_among_all():
    whole = people()
    part = people(only=range(500, 700))
    assert all(np.array_equal(part[name], whole[name][500:700]) for name in NAMES)


def test_trials_are_correlated_about_the_typical_person_of_their_draw():
    drawn = people(layer=Layer.TRIALS, trial_size=1000)
    typical = people(layer=Layer.TYPICAL)["clearance"]
    clearance = np.log(drawn["clearance"].reshape(20, 1000) / typical[:, None]).ravel()
    seen = np.corrcoef(clearance, np.log(drawn["volume"]))[0, 1]
    assert abs(seen - 0.6) < 4.0 * 0.64 / math.sqrt(COUNT)
    assert clearance.std() == pytest.approx(math.sqrt(math.log(1.16)), rel=0.03)


def test_a_number_that_is_given_moves_those_that_go_with_it():
    drawn = people(height="190 cm")  # 2.5 standard deviations up
    assert np.all(drawn["height"] == pytest.approx(190.0))
    scores = normal("volume", drawn["volume"])
    assert scores.mean() == pytest.approx(0.5 * 2.5, abs=4.0 / math.sqrt(COUNT))
    assert scores.std() == pytest.approx(math.sqrt(1.0 - 0.25), rel=0.03)
    other = normal("clearance", drawn["clearance"])
    # given height alone, clearance is free: their correlation is 0
    assert other.mean() == pytest.approx(0.0, abs=4.0 / math.sqrt(COUNT))
    assert np.corrcoef(scores, other)[0, 1] == pytest.approx(0.6 / math.sqrt(0.75), abs=0.02)


def test_a_table_moves_those_that_go_with_it_person_by_person():
    table = read_people("height (cm)\n150\n190\n", "people.csv")
    drawn = people(table=table)
    scores = normal("volume", drawn["volume"])
    assert scores[0::2].mean() == pytest.approx(0.5 * -2.5, abs=0.05)
    assert scores[1::2].mean() == pytest.approx(0.5 * 2.5, abs=0.05)


def test_a_person_who_is_given_what_they_have_anyway_changes_nowhere():
    free = people(only=range(1))
    held = people(only=range(1), clearance=f"{float(free['clearance'][0])!r} L/h")
    for name in NAMES:
        assert held[name][0] == pytest.approx(free[name][0], rel=1e-12)
