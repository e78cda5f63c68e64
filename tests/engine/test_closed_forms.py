"""Doses into compartments, against the textbook formulas written here (Gabrielsson and Weiner, pharmacokinetics)."""

import numpy as np
import pytest

from raphe.core.errors import DoseError, UnknownNameError
from raphe.core.units import parse_quantity
from raphe.dosing.regimen import Dose, Regimen

DOSE, V, V2, CL, Q = 100.0, 20.0, 35.0, 4.0, 6.0
KA, LAG, FRACTION = 1.3, 0.4, 0.7
K, K12, K21 = CL / V, Q / V, Q / V2
ROOT = np.sqrt((K + K12 + K21) ** 2 - 4.0 * K * K21)
ALPHA, BETA = (K + K12 + K21 + ROOT) / 2.0, (K + K12 + K21 - ROOT) / 2.0
GRID = np.array([0.0, 0.1, 0.5, 1.0, 1.7, 2.0, 3.3, 5.0, 8.0, 12.0, 17.5, 24.0])
DEFAULT = {"rel": 1e-6, "how": {}}
TIGHT = {"rel": 1e-9, "how": {"relative": 1e-11, "absolute": 1e-14}}

BODY = """
substance drug = 250 g/mol { assumed "test"; }
compartment central = volume;
compartment other = second_volume;
species gut : mg of drug;
species plasma : mg in central of drug;
species tissue : mg in other of drug;
species urine : mg of drug;
reaction absorption: gut -> plasma rate ka * gut;
reaction elimination: plasma -> urine rate clearance * [plasma];
reaction out: plasma -> tissue rate flow * [plasma];
reaction back: tissue -> plasma rate flow * [tissue];
quantity concentration : mg/L = [plasma];
route oral into gut lag lag fraction bioavailability;
route bolus into plasma;
route bile into gut;
"""
NUMBERS = {
    "volume": f"{V} L",
    "second_volume": f"{V2} L",
    "clearance": f"{CL} L/h",
    "flow": f"{Q} L/h",
    "ka": f"{KA} 1/h",
    "lag": f"{LAG} h",
    "bioavailability": f"{FRACTION} dimensionless",
}
OUTPUTS = ("gut", "plasma", "tissue", "urine", "concentration")


@pytest.fixture(scope="module")
def kernel(engine, module):
    return engine.build(module(BODY, **NUMBERS), outputs=OUTPUTS)


def one_compartment(engine, kernel, **values):
    """The same model with nothing flowing to the tissue."""
    return engine.parameters(kernel, flow=0.0, **values)


def bolus_one(t, dose=DOSE, k=K):
    return np.where(t > 0.0, dose * np.exp(-k * t), 0.0)


def oral_one(t, dose=FRACTION * DOSE, ka=KA, k=K):
    s = np.maximum(t, 0.0)
    if ka == k:
        return dose * k * s * np.exp(-k * s)
    # e^(-k s) - e^(-ka s) by expm1, so that near rates lose no digits
    return dose * ka / (ka - k) * np.exp(-k * s) * -np.expm1(-(ka - k) * s)


def bolus_two(t):
    share = (ALPHA - K21) / (ALPHA - BETA)
    curve = share * np.exp(-ALPHA * t) + (1.0 - share) * np.exp(-BETA * t)
    return np.where(t > 0.0, DOSE * curve, 0.0)


def tissue_two(t):
    return np.where(
        t > 0.0, DOSE * K12 / (ALPHA - BETA) * (np.exp(-BETA * t) - np.exp(-ALPHA * t)), 0.0
    )


def oral_two(t):
    s = np.maximum(t, 0.0)
    parts = (
        (K21 - KA) / ((ALPHA - KA) * (BETA - KA)) * np.exp(-KA * s)
        + (K21 - ALPHA) / ((KA - ALPHA) * (BETA - ALPHA)) * np.exp(-ALPHA * s)
        + (K21 - BETA) / ((KA - BETA) * (ALPHA - BETA)) * np.exp(-BETA * s)
    )
    return np.where(s > 0.0, FRACTION * DOSE * KA * parts, 0.0)


def agree(found, exact, rel):
    """Relative at every point above a hundredth of the peak; a formula of zero must be answered by zero."""
    assert np.all(found[exact == 0.0] == 0.0)
    size = np.maximum(np.abs(exact), 0.01 * np.abs(exact).max())
    assert np.all(np.abs(found - exact) <= rel * size)


@pytest.mark.parametrize("level", [DEFAULT, TIGHT], ids=["default", "tight"])
def test_a_bolus_in_one_compartment_decays_exponentially(engine, kernel, level):
    outcome = engine.run(
        kernel,
        GRID,
        parameters=one_compartment(engine, kernel),
        regimen="100 mg once",
        route="bolus",
        **level["how"],
    )
    agree(engine.curve(kernel, outcome, "plasma"), bolus_one(GRID), level["rel"])
    agree(engine.curve(kernel, outcome, "concentration"), bolus_one(GRID) / V, level["rel"])


@pytest.mark.parametrize("level", [DEFAULT, TIGHT], ids=["default", "tight"])
@pytest.mark.parametrize(
    "ka", [KA, K, K * (1.0 + 1e-7), 0.05], ids=["fast", "equal", "near", "slow"]
)
def test_an_oral_dose_follows_the_curve_of_bateman(engine, kernel, level, ka):
    outcome = engine.run(
        kernel,
        GRID,
        parameters=one_compartment(engine, kernel, ka=ka),
        regimen="100 mg once",
        **level["how"],
    )
    agree(engine.curve(kernel, outcome, "plasma"), oral_one(GRID - LAG, ka=ka), level["rel"])


@pytest.mark.parametrize("level", [DEFAULT, TIGHT], ids=["default", "tight"])
@pytest.mark.parametrize("ka", [KA, K], ids=["fast", "equal"])
def test_repeated_oral_doses_add_up(engine, kernel, level, ka):
    grid = np.arange(0.0, 72.5, 0.5)
    outcome = engine.run(
        kernel,
        grid,
        parameters=one_compartment(engine, kernel, ka=ka),
        regimen="100 mg every 8 h for 2 d",
        **level["how"],
    )
    exact = sum(oral_one(grid - 8.0 * n - LAG, ka=ka) for n in range(6))
    agree(engine.curve(kernel, outcome, "plasma"), exact, level["rel"])


@pytest.mark.parametrize("level", [DEFAULT, TIGHT], ids=["default", "tight"])
def test_a_bolus_in_two_compartments_is_a_sum_of_two_exponentials(engine, kernel, level):
    outcome = engine.run(kernel, GRID, regimen="100 mg once", route="bolus", **level["how"])
    agree(engine.curve(kernel, outcome, "plasma"), bolus_two(GRID), level["rel"])
    agree(engine.curve(kernel, outcome, "tissue"), tissue_two(GRID), level["rel"])


@pytest.mark.parametrize("level", [DEFAULT, TIGHT], ids=["default", "tight"])
def test_an_oral_dose_in_two_compartments_is_a_sum_of_three_exponentials(engine, kernel, level):
    outcome = engine.run(kernel, GRID, regimen="100 mg once", **level["how"])
    agree(engine.curve(kernel, outcome, "plasma"), oral_two(GRID - LAG), level["rel"])


@pytest.mark.parametrize("route", ["oral", "bolus", "bile"])
def test_what_goes_in_is_found_again(engine, kernel, route):
    grid = np.linspace(0.0, 400.0, 81)
    outcome = engine.run(kernel, grid, regimen="100 mg every 12 h for 5 d", route=route)
    total = sum(engine.curve(kernel, outcome, name) for name in OUTPUTS[:4])
    lag, fraction = (LAG, FRACTION) if route == "oral" else (0.0, 1.0)
    given = fraction * DOSE * sum(grid > 12.0 * n + lag for n in range(10))
    assert np.abs(total - given).max() <= 1e-8 * DOSE


def test_a_value_at_the_time_of_a_dose_is_the_one_just_before(engine, kernel):
    parameters = one_compartment(engine, kernel)
    grid = [0.0, 1e-9, 12.0, 12.000001, 24.0]
    outcome = engine.run(
        kernel, grid, parameters=parameters, regimen="100 mg every 12 h for 2 d", route="bolus"
    )
    found = engine.curve(kernel, outcome, "plasma")
    assert found[0] == 0.0
    assert found[1] == pytest.approx(DOSE, rel=1e-6)
    assert found[2] == pytest.approx(DOSE * np.exp(-K * 12.0), rel=1e-6)
    assert found[3] == pytest.approx(DOSE * (1.0 + np.exp(-K * 12.0)), rel=1e-6)
    twice = np.exp(-K * 12.0) + np.exp(-K * 24.0)
    assert found[4] == pytest.approx(DOSE * twice, rel=1e-6)


def test_a_dose_at_or_after_the_end_changes_nothing(engine, kernel):
    grid = np.linspace(0.0, 12.0, 13)
    alone = engine.run(kernel, grid, regimen="100 mg once", route="bolus")
    for later in ("100 mg once at 12 h", "100 mg once at 12.5 h", "100 mg once at 40 d"):
        outcome = engine.run(kernel, grid, regimen=f"100 mg once, then {later}", route="bolus")
        assert np.array_equal(outcome.values, alone.values)


def several(*doses):
    amounts = [Dose(time=time, amount=parse_quantity(amount)) for time, amount in doses]
    return Regimen(text="by hand", doses=tuple(amounts))


@pytest.mark.parametrize("apart", [0.0, 1e-13, 3e-13])
def test_two_doses_at_one_time_are_one_dose_of_both(engine, kernel, apart):
    grid = np.linspace(0.0, 24.0, 25)
    both = several((1.0, "60 mg"), (1.0 + apart, "40 mg"))
    one = engine.run(kernel, grid, regimen=several((1.0, "100 mg")), route="bolus")
    outcome = engine.run(kernel, grid, regimen=both, route="bolus")
    assert outcome.status[0] == 0
    exact = engine.curve(kernel, one, "plasma")
    assert engine.curve(kernel, outcome, "plasma") == pytest.approx(exact, rel=1e-6, abs=1e-12)


def test_doses_a_nanohour_apart_are_two_doses(engine, kernel):
    regimen = several((1.0, "60 mg"), (1.0 + 1e-9, "40 mg"))
    grid = [1.0, 1.0 + 5e-10, 1.0 + 2e-9]
    outcome = engine.run(kernel, grid, regimen=regimen, route="bolus")
    found = engine.curve(kernel, outcome, "plasma")
    assert found == pytest.approx([0.0, 60.0, 100.0], rel=1e-6)


def test_the_order_in_which_doses_are_written_does_not_matter(engine, kernel):
    grid = np.linspace(0.0, 24.0, 25)
    doses = [(9.0, "10 mg"), (0.0, "20 mg"), (4.0, "30 mg")]
    first = engine.run(kernel, grid, regimen=several(*doses), route="bolus")
    second = engine.run(kernel, grid, regimen=several(*sorted(doses)), route="bolus")
    assert np.array_equal(first.values, second.values)


def test_a_dose_as_substance_enters_a_mass_through_the_molar_mass(engine, kernel):
    mass = engine.run(kernel, GRID, regimen="100 mg once")
    substance = engine.run(kernel, GRID, regimen="400 umol once")  # 250 g/mol
    assert substance.values == pytest.approx(mass.values, rel=1e-12, abs=1e-12)


def test_a_dose_as_mass_enters_a_substance_through_the_molar_mass(engine, module):
    text = module(
        'substance drug = 250 g/mol { assumed "test"; }'
        "species depot : nmol of drug; derivative depot = -k * depot; route oral into depot;",
        k="1 1/h",
    )
    kernel = engine.build(text)
    outcome = engine.run(kernel, [0.0, 1.0], regimen="0.5 mg once")
    # 0.5 mg / (250 g/mol) = 2000 nmol, and nmol is the base unit
    assert engine.curve(kernel, outcome, "depot")[1] == pytest.approx(2000.0 / np.e, rel=1e-6)


def test_each_subject_has_its_own_lag_fraction_and_molar_mass(engine, kernel):
    parameters = one_compartment(engine, kernel)
    parameters = np.repeat(parameters, 3, axis=0)
    names = kernel.program.layout.parameters
    parameters[:, names.index("lag")] = [0.0, 1.0, 6.5]
    parameters[:, names.index("bioavailability")] = [1.0, 0.5, 0.0]
    outcome = engine.run(kernel, GRID, parameters=parameters, regimen="100 mg once")
    for subject, (lag, fraction) in enumerate([(0.0, 1.0), (1.0, 0.5), (6.5, 0.0)]):
        exact = oral_one(GRID - lag, dose=fraction * DOSE)
        agree(engine.curve(kernel, outcome, "plasma", subject), exact, 1e-6)


@pytest.mark.parametrize("amount", ["1 h", "1 L", "5 mg/kg", "2 dimensionless"])
def test_an_amount_that_is_no_amount_is_refused(engine, kernel, amount):
    with pytest.raises(DoseError) as refused:
        engine.run(kernel, GRID, regimen=f"{amount} once")
    assert "gut" in str(refused.value)
    assert "mg" in refused.value.advice


def test_a_substance_dose_without_a_molar_mass_is_refused(engine, module):
    text = module("species x : mg; derivative x = -k * x; route oral into x;", k="1 1/h")
    with pytest.raises(DoseError):
        engine.run(engine.build(text), [1.0], regimen="5 nmol once")


def test_an_unknown_route_is_refused_with_the_nearest(engine, kernel):
    with pytest.raises(UnknownNameError) as refused:
        engine.run(kernel, GRID, regimen="100 mg once", route="orall")
    assert refused.value.advice == 'did you mean "oral"?'
