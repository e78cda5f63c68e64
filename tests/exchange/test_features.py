"""Each part of SBML that is read, on a small document whose answer is known."""

import math as exact

import numpy as np
import pytest
from documents import ROOM, function, math, parameter, reaction, rule, species, start

NEAR = 1e-8


def test_a_reaction_changes_amounts_and_formulas_see_concentrations(sbml, times):
    parts = (ROOM, parameter("k", 0.4, constant=True), species("S", 3), species("P", 0))
    found = sbml.courses(
        *parts, reaction("r", "k * S * room", used=["S"], made=[("P", "2")]), times=times
    )
    assert found["S"] == pytest.approx(3.0 * np.exp(-0.4 * times), rel=NEAR)
    assert found["P"] == pytest.approx(6.0 * (1.0 - np.exp(-0.4 * times)), rel=NEAR)


@pytest.mark.parametrize(
    ("kind", "only", "first"),
    [
        ("Concentration", "false", 3.0),
        ("Amount", "false", 1.5),
        ("Concentration", "true", 6.0),
        ("Amount", "true", 3.0),
    ],
)
def test_a_start_is_given_and_meant_as_amount_or_concentration(sbml, times, kind, only, first):
    parts = (ROOM, species("S", 3, kind=kind, only=only), parameter("k", 0.4, constant=True))
    law = "k * S" if only == "true" else "k * S * room"
    found = sbml.courses(*parts, reaction("r", law, used=["S"]), times=times)
    assert found["S"] == pytest.approx(first * np.exp(-0.4 * times), rel=NEAR)


def test_a_compartment_that_grows_thins_what_is_in_it(sbml, times):
    parts = (
        '<compartment id="room" size="2" constant="false" spatialDimensions="3"/>',
        species("S", 3),
        species("still", 5, boundary="true"),
        rule("rate", "room", "0.5"),
        reaction("r", "0.4 * S * room", used=["S"]),
    )
    found = sbml.courses(*parts, times=times)
    size = 2.0 + 0.5 * times
    assert found["room"] == pytest.approx(size, rel=NEAR)
    assert found["S"] == pytest.approx(6.0 * np.exp(-0.4 * times) / size, rel=NEAR)
    assert found["still"] == pytest.approx(10.0 / size, rel=NEAR)


def test_a_compartment_may_follow_a_rule(sbml, times):
    parts = (
        '<compartment id="room" constant="false" spatialDimensions="3"/>',
        species("S", 3),
        rule("assignment", "room", "2 + time"),
        reaction("r", "0.4 * S * room", used=["S"]),
    )
    found = sbml.courses(*parts, times=times)
    assert found["S"] == pytest.approx(6.0 * np.exp(-0.4 * times) / (2.0 + times), rel=NEAR)


def test_rules_may_stand_in_any_order_and_name_rates_of_reactions(sbml, times):
    parts = (
        ROOM,
        species("S", 3),
        parameter("twice"),
        parameter("flux"),
        parameter("total", 0),
        rule("assignment", "twice", "2 * flux"),
        rule("rate", "total", "twice"),
        rule("assignment", "flux", "r / room"),
        reaction("r", "0.4 * S * room", used=["S"]),
    )
    found = sbml.courses(*parts, times=times)
    assert found["flux"] == pytest.approx(1.2 * np.exp(-0.4 * times), rel=NEAR)
    assert found["total"] == pytest.approx(6.0 * (1.0 - np.exp(-0.4 * times)), rel=NEAR)


def test_initial_assignments_see_everything_as_it_is_at_the_start(sbml, times):
    parts = (
        ROOM,
        species("S", 3),
        species("Q", 0),
        parameter("moving"),
        parameter("fixed", constant=True),
        parameter("late"),
        rule("assignment", "moving", "S + 10 * time"),
        start("fixed", "2 * moving + late"),
        start("late", "Q + 1"),
        start("Q", "S / 2"),
        rule("rate", "late", "fixed"),
        reaction("r", "0.4 * S * room", used=["S"]),
    )
    found = sbml.courses(*parts, times=times)
    assert found["Q"] == pytest.approx(np.full(4, 1.5), rel=NEAR)
    assert found["late"] == pytest.approx(2.5 + 8.5 * times, rel=NEAR)
    assert found["moving"] == pytest.approx(3.0 * np.exp(-0.4 * times) + 10.0 * times, rel=NEAR)


def test_functions_are_written_out_and_own_parameters_come_first(sbml, times):
    parts = (
        ROOM,
        species("S", 3),
        parameter("k", 77, constant=True),
        function("twice", "x, 2 * x"),
        function("speed", "a, b, twice(a) * b"),
        reaction("r", "speed(k, S) * room", used=["S"], local=[("k", 0.2)]),
    )
    found = sbml.courses(*parts, times=times)
    assert found["S"] == pytest.approx(3.0 * np.exp(-0.4 * times), rel=NEAR)


def test_stoichiometries_may_be_broken_numbers_and_formulas(sbml, times):
    plain = reaction("r", "0.5 * room", made=[("A", "1.5"), "B"])
    varying = plain.replace(
        '<speciesReference species="B" stoichiometry="1" constant="true"/>',
        '<speciesReference id="many" species="B" constant="false"/>',
    )
    parts = (ROOM, species("A", 1), species("B", 1), varying)
    found = sbml.courses(*parts, rule("assignment", "many", "2 * time"), times=times)
    assert found["A"] == pytest.approx(1.0 + 0.75 * times, rel=NEAR)
    assert found["B"] == pytest.approx(1.0 + 0.5 * times**2, rel=NEAR)


def test_level_2_has_formulas_in_stoichiometries_and_numbers_in_laws(sbml, times):
    law = reaction("r", "0.5 * S * room", used=["S"], made=["P"])
    law = law.replace(
        '<speciesReference species="P" stoichiometry="1" constant="true"/>',
        f'<speciesReference species="P"><stoichiometryMath>{math("k + 1")}</stoichiometryMath></speciesReference>',
    ).replace(' constant="true"', "")
    parts = (
        ROOM,
        species("S", 3),
        species("P", 0),
        parameter("k", 1.5, constant=True),
        law,
    )
    found = sbml.courses(*parts, times=times, level=2, version=4)
    assert found["P"] == pytest.approx(7.5 * (1.0 - np.exp(-0.5 * times)), rel=NEAR)


def test_conversion_factors_turn_extents_into_amounts(sbml, times):
    parts = (
        ROOM,
        parameter("thousand", 1000, constant=True),
        parameter("ten", 10, constant=True),
        species("A", 0),
        species("B", 0, extra=' conversionFactor="ten"'),
        reaction("r", "0.5", made=["A", "B"]),
    )
    found = sbml.courses(*parts, times=times, model=' conversionFactor="thousand"')
    assert found["A"] == pytest.approx(250.0 * times, rel=NEAR)
    assert found["B"] == pytest.approx(2.5 * times, rel=NEAR)


def test_boundary_species_are_not_used_up_but_may_follow_rules(sbml, times):
    parts = (
        ROOM,
        species("fed", 2, boundary="true"),
        species("driven", 1, boundary="true"),
        species("P", 0),
        rule("rate", "driven", "0.5 * driven"),
        reaction("r", "room * fed * driven", used=["fed", "driven"], made=["P"]),
    )
    found = sbml.courses(*parts, times=times)
    assert found["fed"] == pytest.approx(np.full(4, 2.0), rel=NEAR)
    assert found["P"] == pytest.approx(4.0 * np.expm1(0.5 * times), rel=NEAR)


def test_a_thing_may_be_called_time(sbml, times):
    parts = (parameter("time", 5, constant=True), parameter("x", 0), rule("rate", "x", "2"))
    text = rule("rate", "x", "time")
    named = text[: text.index("<csymbol")] + "<ci>time</ci>" + text[text.index("</csymbol>") + 10 :]
    found = sbml.courses(parts[0], parts[1], named, times=times)
    assert found["x"] == pytest.approx(5.0 * times, rel=NEAR)


def test_amounts_in_moles_are_as_exact_as_any_at_usual_tolerances(sbml, times):
    parts = (
        ROOM,
        species("S", 2e-21),
        species("P", 0),
        reaction("r", "0.4 * S * room", used=["S"], made=["P"]),
    )
    found = sbml.courses(*parts, times=times, relative=1e-6)
    assert found["P"] == pytest.approx(2e-21 * (1.0 - np.exp(-0.4 * times)), rel=1e-5, abs=0.0)


FORMULAS = {
    "(-x)^n + (-x)^(n - 1)": lambda x: -(x**3) + x**2,
    "root(3, x)": lambda x: x ** (1.0 / 3.0),
    "sqrt(x) + x^2.5 - x^12 / 1e6": lambda x: exact.sqrt(x) + x**2.5 - x**12 / 1e6,
    "log10(x) + log(3, x) + ln(x)": lambda x: exact.log10(x) + exact.log(x, 3) + exact.log(x),
    "sinh(x) + cosh(x) + tanh(x)": lambda x: exact.sinh(x) + exact.cosh(x) + exact.tanh(x),
    "sech(x) + csch(x) + coth(x)": lambda x: (
        1 / exact.cosh(x) + 1 / exact.sinh(x) + 1 / exact.tanh(x)
    ),
    "floor(7.5) + ceil(7.5) + floor(-0.5)": lambda x: 14.0,
    "sin(0.5) + cos(0.5) + tan(0.5)": lambda x: exact.sin(0.5) + exact.cos(0.5) + exact.tan(0.5),
    "abs(-x) + max(x, 1, 2) + min(4, x)": lambda x: x + max(x, 2.0) + min(4.0, x),
    "pi + exponentiale + avogadro / 1e23": lambda x: exact.pi + exact.e + 6.02214179,
    "plus() + times() - -3e-2": lambda x: 1.03,
    "piecewise(1, x > 2 && x < 3, 2, x >= 3 || x < 1, 4)": lambda x: (
        1 if 2 < x < 3 else 2 if x >= 3 or x < 1 else 4
    ),
    "piecewise(1, xor(x > 1, x > 2, x > 3), 0)": lambda x: (x > 1) ^ (x > 2) ^ (x > 3),
    "piecewise(1, !(x == 2.5), 2, x != 1, 3)": lambda x: 1 if x != 2.5 else 2,
    "piecewise(1, lt(1, x, 3), 5)": lambda x: 1.0 if 1 < x < 3 else 5.0,
    "piecewise(1, implies(x > 1, x > 3), 0)": lambda x: x <= 1 or x > 3,
}


@pytest.mark.parametrize("value", [0.7, 1.5, 2.5, 3.5])
def test_a_formula_has_the_value_that_mathematics_gives_it(sbml, value):
    parts = [parameter("x", value, constant=True), parameter("n", 3, constant=True)]
    parts += [parameter("z", 0), rule("rate", "z", "1")]
    for number, formula in enumerate(FORMULAS):
        parts += [parameter(f"y{number}"), rule("assignment", f"y{number}", f"{formula} + 0 * z")]
    found = sbml.courses(*parts, times=[1.0], version=2)
    for number, answer in enumerate(FORMULAS.values()):
        assert found[f"y{number}"][0] == pytest.approx(float(answer(value)), rel=1e-12)
