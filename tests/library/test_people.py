"""Modules of people against the tables that they were made from, and against a growth chart that they were not."""

from functools import cache

import numpy as np
import pytest

from raphe.language.compose import compose_module
from raphe.language.expression import evaluate
from raphe.library.catalog import load_catalog
from raphe.population.people import Layer, Population, draw_subjects

LIBRARY = load_catalog().library
COUNT = 60000  # so that chance moves the percentiles of a class by 1 % at most


@cache
def people(name):
    """Age (year), sex, weight (kg) and height (cm) of many."""
    model = compose_module(LIBRARY.modules[name], LIBRARY)
    population = Population(people=COUNT, draws=2, seed=5)
    drawn = draw_subjects(model, population, Layer.PEOPLE, fixed={})
    rows = []
    for row in drawn.parameters.tolist():
        values = dict(zip((one.name for one in model.parameters), row, strict=True))
        for quantity in model.quantities:
            values[quantity.name] = evaluate(quantity.formula, values)
        rows.append(values)
    units = {one.name: one.value.unit.factor for one in model.parameters}
    units |= {one.name: one.unit.factor for one in model.quantities}
    names = ("age", "female", "weight", "height")
    return {key: np.array([row[key] for row in rows]) / units[key] for key in names}


def part(name, *, female, low, high):
    found = people(name)
    rows = (found["female"] == female) & (found["age"] >= low) & (found["age"] < high)
    return {key: values[rows] for key, values in found.items()}


# NHANES August 2021 to August 2023 (Fryar 2025): 5th, 50th and 95th percentile, tables 1, 3, 5 and 7. Medians are off
# by what the modules say of their lines, and one spread stands for both sexes or all ages; wider limits have a reason.
SURVEY = [
    ("elderly", 0, 70, 80, "weight", (60.8, 86.6, 121.3), 0.035),
    ("elderly", 1, 70, 80, "weight", (49.8, 71.7, 103.5), 0.035),
    ("elderly", 0, 70, 80, "height", (159.5, 172.7, 184.1), 0.012),
    ("elderly", 1, 70, 80, "height", (148.6, 157.9, 168.2), 0.012),
    (
        "elderly",
        0,
        80,
        90,
        "weight",
        (58.0, 79.9, 108.5),
        0.06,
    ),  # the heaviest: their spread is 0.19, not 0.21
    ("elderly", 1, 80, 90, "weight", (46.8, 65.7, 94.2), 0.035),
    ("adults", 0, 18, 65, "height", (162.2, 175.2, 187.2), 0.01),
    ("adults", 1, 18, 65, "height", (149.6, 161.2, 172.5), 0.01),
    ("children", 0, 8, 10, "weight", (23.0, 30.5, 53.8), 0.15),  # skewed, as the module says
    ("children", 1, 12, 14, "weight", (36.6, 52.3, 81.4), 0.09),  # likewise
    ("children", 0, 16, 18, "height", (163.2, 174.4, 189.6), 0.013),
]


@pytest.mark.parametrize("row", SURVEY, ids=lambda row: "-".join(map(str, row[:5])))
def test_people_have_the_percentiles_of_the_survey(row):
    name, female, low, high, what, wanted, near = row
    found = np.quantile(part(name, female=female, low=low, high=high)[what], (0.05, 0.5, 0.95))
    assert np.max(np.abs(found / np.array(wanted) - 1.0)) < near


def median_of_children(age, *, female, what):
    module = LIBRARY.modules["children"]
    values = {one.name: one.value.value for one in module.parameters} | {"age": age}
    for quantity in module.quantities:
        values[quantity.name] = evaluate(quantity.formula, values)
    return values[f"median_{what}_{'female' if female else 'male'}"]


# medians of the classes of 2-3, 4-5 ... 18-19 years of the same survey, tables 1 and 5, and how far a curve may be off
MEDIANS = [
    ("weight", 0, (14.6, 19.5, 24.1, 30.5, 40.5, 55.2, 66.2, 74.0, 72.3), 0.037),
    ("weight", 1, (14.5, 19.5, 24.5, 31.4, 43.2, 52.3, 57.1, 59.7, 63.7), 0.051),
    ("height", 0, (95.3, 109.5, 122.7, 134.1, 147.5, 163.0, 171.7, 174.4, 174.4), 0.013),
    ("height", 1, (94.3, 108.5, 122.2, 133.8, 147.4, 157.2, 159.3, 161.1, 162.1), 0.013),
]


@pytest.mark.parametrize("row", MEDIANS, ids=lambda row: f"{row[0]}-{row[1]}")
def test_children_grow_along_the_medians_of_the_survey_as_near_as_the_module_says(row):
    what, female, wanted, near = row
    found = [median_of_children(age, female=female, what=what) for age in range(3, 21, 2)]
    assert np.max(np.abs(np.array(found) / wanted - 1.0)) == pytest.approx(near, abs=5e-4)
    provenance = next(
        one.provenance
        for one in LIBRARY.modules["children"].parameters
        if one.name == f"{what}_{'female' if female else 'male'}"
    )
    assert f"off by at most {100.0 * near:.1f} %" in provenance.note


# M of stature for age of the CDC growth charts of 2000 (Kuczmarski 2002), at half a month past whole years
CHART = {
    (0, 4): 102.51, (0, 6): 115.66, (0, 8): 128.12, (0, 10): 138.82, (0, 12): 149.31, (0, 14): 164.14,
    (0, 16): 173.61, (1, 4): 101.03, (1, 6): 115.01, (1, 8): 127.83, (1, 10): 138.21, (1, 12): 151.49,
    (1, 14): 160.48, (1, 16): 162.57,
}  # fmt: skip
AHEAD = (0, 12)  # where the survey itself is further from the chart


@pytest.mark.parametrize(("female", "age"), [one for one in CHART if one != AHEAD])
def test_children_are_as_tall_as_a_growth_chart_that_nothing_was_fitted_to(female, age):
    found = median_of_children(age + 1.0 / 24.0, female=female, what="height")
    assert found == pytest.approx(CHART[female, age], rel=0.03)


def test_boys_of_twelve_are_ahead_of_the_chart_as_those_of_the_survey_are():
    survey = np.sqrt(147.5 * 163.0)  # between the classes of 10-11 and 12-13 years
    assert survey / CHART[AHEAD] == pytest.approx(1.0385, abs=1e-4)
    assert median_of_children(12.0, female=0, what="height") == pytest.approx(survey, rel=0.003)


@pytest.mark.parametrize("name", ["adults", "elderly", "children", "volunteers"])
def test_every_module_of_people_gives_what_the_others_give(name):
    ports = {port.meaning for port in LIBRARY.modules[name].outputs}
    assert ports == {"body_weight", "body_height", "age", "female_sex"}
    found = people(name)
    assert set(np.unique(found["female"])) == {0.0, 1.0}
    assert found["height"].min() > 60.0
    assert found["weight"].min() > 5.0


def test_the_tall_are_heavier_as_declared():
    for name, wanted in (("adults", 0.35), ("elderly", 0.4)):
        old = part(name, female=0, low=70 if name == "elderly" else 18, high=80)
        seen = np.corrcoef(np.log(old["weight"]), np.log(old["height"]))[0, 1]
        assert seen == pytest.approx(wanted, abs=0.08)


def lean(weight, height, female, age):
    model = LIBRARY.modules["lean_mass"]
    values = {one.name: one.value.value for one in model.parameters}
    values |= {"weight": weight, "height": height, "female": female, "age": age}
    for quantity in model.quantities:
        values[quantity.name] = evaluate(quantity.formula, values)
    return values["lean_mass"]


def test_lean_mass_is_that_of_the_published_equation():
    # weight in kg and height in m: 9270 W / (6680 + 216 BMI) for men, 9270 W / (8780 + 244 BMI) for women
    assert lean(70.0, 1.75, 0.0, 40.0) == pytest.approx(648900.0 / (6680.0 + 216.0 * 22.857142857))
    assert lean(70.0, 1.75, 1.0, 40.0) == pytest.approx(648900.0 / (8780.0 + 244.0 * 22.857142857))
    man = lean(30.0, 1.35, 0.0, 40.0)
    assert lean(30.0, 1.35, 0.0, 6.0) == pytest.approx(0.88 * man, rel=1e-3)
    assert lean(30.0, 1.35, 0.0, 13.4) == pytest.approx(0.94 * man, rel=1e-3)
    assert lean(60.0, 1.7, 0.0, 17.99) == pytest.approx(lean(60.0, 1.7, 0.0, 18.01), rel=0.01)
