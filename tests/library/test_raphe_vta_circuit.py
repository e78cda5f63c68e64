"""Raphe and VTA: the published rates, and what benzodiazepines did to them in animals."""

import functools

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from raphe.core.draws import Stage, sample, uniforms
from raphe.core.units import parse_quantity
from raphe.dosing.regimen import Regimen
from raphe.population.people import Layer, Population
from raphe.study.experiment import perform, recruit, set_up

PRINTED = {  # Hz: others' integration of the template, to half a unit of the last digit
    "dopamine_rate": (4.8, 0.05),
    "serotonin_rate": (3.0, 0.05),
    "raphe_rate": (21.0, 0.5),
    "vta_rate": (14.0, 0.5),
    "glutamate_rate": (4.1, 0.05),
}
LOW, HIGH = 0.25, 0.77  # occupancy taken for 1 and 10 mg/kg of diazepam
ANESTHESIA = {"circuit.gaba_tone": 0.0, "arousal.fall_max": 0.0, "inhibition.weight": 0.0}
WIRINGS = Population(people=1, draws=400, seed=17)
ASLEEP = {name.replace(".", "__"): value for name, value in ANESTHESIA.items()}
ASLEEP |= {"exchange__entry_weight": 0.0}  # else tryptophan moves serotonin, and that firing


@pytest.fixture(scope="module")
def circuit(alone):
    return alone("raphe_vta_circuit")


def at_rest(runner, name, **numbers):
    table = runner.defaults()
    for parameter, value in numbers.items():
        table[0, runner.names.index(parameter)] = value
    return runner.values(runner.run(table, [0.0]), name)[0, 0]


def template_at_rest():
    """Rates (Hz) of the published template after its own transient, with the fast parts as equations of their own.

    States in ms and uM: dopamine, serotonin, the two autoreceptor currents, excitation by serotonin and by dopamine.
    """

    def response(largest, slope, half, level):
        return largest / (1.0 + np.exp(-slope * (level - half)))

    def rates(x):
        _, _, own_d, own_s, by_s, _ = x
        glutamate = 0.04 * 100.0 / (1.0 - 0.04 * 0.5)
        vta = 0.06 * (20.0 * by_s + 200.0) / (1.0 + 0.06 * 10.0)
        raphe = 0.06 * (250.0 - 10.0 * by_s + 200.0) / (1.0 + 0.06 * 0.5)
        dopamine = 0.019 * (200.0 - 25.0 * vta + 100.0 * glutamate - own_d + 10.0)
        serotonin = 0.033 * (100.0 + 5.0 * glutamate - own_s - 0.13)
        names = ("glutamate_rate", "vta_rate", "raphe_rate", "dopamine_rate", "serotonin_rate")
        values = (glutamate, vta, raphe, max(dopamine, 0.0), max(serotonin, 0.0))
        return dict(zip(names, values, strict=True))

    def slope(_, x):
        d, s, own_d, own_s, by_s, by_d = x
        now = rates(x)
        return [
            0.1 * now["dopamine_rate"] / 1000.0 - 0.004 * d / (0.15 + d),
            0.08 * now["serotonin_rate"] / 1000.0 - 0.0013 * s / (0.17 + s),
            (-own_d + response(80.0, 10.0, 0.1, d)) / 150.0,
            (-own_s + response(80.0, 10.0, 0.1, s)) / 500.0,
            -by_s / 1200.0 + response(0.03, 20.0, 0.1, s),
            -by_d / 1000.0 + response(0.03, 20.0, 0.3, d),
        ]

    end = solve_ivp(slope, (0.0, 2e5), np.zeros(6), method="LSODA", rtol=1e-9, atol=1e-12)
    assert end.success
    return rates(end.y[:, -1])


@pytest.mark.parametrize("name", PRINTED)
def test_the_published_template_has_its_published_rates(circuit, name):
    template = {"threshold_width": 1e-6, "raphe_on_serotonin": 0.0}
    found = at_rest(circuit, name, **template)
    assert found == pytest.approx(template_at_rest()[name], rel=0.02)
    assert found == pytest.approx(PRINTED[name][0], abs=PRINTED[name][1])


def test_all_ratios_are_one_at_rest_for_every_wiring(circuit):
    table = wirings(circuit, 200)
    outcome = circuit.run(table, [0.0])
    for name in ("serotonin_firing", "dopamine_firing", "interneuron_firing"):
        assert circuit.values(outcome, name) == pytest.approx(1.0, abs=1e-12)


def wirings(runner, count):
    """Draws of every uncertain number."""
    table = np.repeat(runner.defaults(), count, axis=0)
    for parameter in runner.model.parameters:
        if parameter.uncertainty is not None:
            pairs = uniforms(
                seed=5,
                stage=Stage.UNCERTAINTY,
                name=parameter.name,
                replicate=0,
                subjects=range(count),
            )
            centers = np.full(count, parameter.value.value)
            values = sample(parameter.uncertainty, centers, pairs) * parameter.value.unit.factor
            table[:, runner.names.index(parameter.name)] = values
    return table


def firing(fed, port, level, output, **numbers):
    """Ratio to rest with one in-port changed, for each wiring."""
    runner = fed("raphe_vta_circuit", port)
    table = wirings(runner, 300)
    for name, value in numbers.items():
        table[:, runner.names.index(f"terminal.{name}")] = value
    table[:, runner.names.index("step.level")] = level
    return runner.values(runner.run(table, [0.0]), f"terminal.{output}")[:, 0]


def test_drug_on_interneurons_alone_raises_dopamine_firing(fed):
    assert np.all(firing(fed, "phasic_alpha1", 1.3, "dopamine_firing") > 1.0)


def test_drug_on_dopamine_cells_alone_lowers_their_firing(fed):
    lowered = firing(fed, "phasic_alpha3", 1.3, "dopamine_firing", direct_share=1.0)
    assert np.all(lowered < 1.0)
    none = firing(fed, "phasic_alpha3", 1.3, "dopamine_firing", direct_share=0.0)
    assert none == pytest.approx(1.0, abs=1e-12)


@pytest.fixture(scope="module")
def whole(catalog):
    """The whole chain with occupancy set, in many wirings: the value of an output after two hours in each."""
    regimen = Regimen.from_text("no drug")
    outputs = (
        "circuit.serotonin_firing",
        "circuit.dopamine_firing",
        "dopamine.dopamine_change",
        "circuit.serotonin_rate_start",
        "circuit.dopamine_rate_start",
    )
    bench = set_up(
        catalog,
        catalog.assemblies["benzodiazepines"],
        drug="clonazepam",
        regimens=(regimen,),
        outputs=outputs,
        choices={"site": "occupancy_step"},
    )

    @functools.cache
    def run(level, settings):
        fixed = {"site.level": level, **dict(settings)}
        given = {name: parse_quantity(f"{value} dimensionless") for name, value in fixed.items()}
        people = recruit(bench, WIRINGS, Layer.TYPICAL, settings=given)
        values, failed = perform(bench, people, regimen, np.array([0.0, 2.0]), threads=1)
        assert failed == 0
        return values[:, 1, :], people

    def value(output, level, **settings):
        numbers = tuple((name.replace("__", "."), each) for name, each in settings.items())
        return run(level, numbers)[0][:, outputs.index(output)]

    def number(name):
        people = run(LOW, ())[1]
        names = [parameter.name for parameter in bench.model.parameters]
        return people.parameters[:, names.index(name)]

    value.number = number
    return value


def test_awake_a_dose_leaves_the_raphe_and_ten_times_it_silences_it(whole):
    """Cats: none at 1 mg/kg, more than 90 % at 10 mg/kg. The middle wiring, and most, do both."""
    low = whole("circuit.serotonin_firing", LOW)
    high = whole("circuit.serotonin_firing", HIGH)
    assert abs(np.median(low) - 1.0) < 0.02
    assert np.all(np.abs(low - 1.0) < 0.1)
    assert np.median(high) < 0.1
    assert np.mean((high < 0.1) & (np.abs(low - 1.0) < 0.1)) > 0.75


def test_between_the_two_firing_falls_as_in_cats(whole):
    """A fall from 2.5 mg/kg on, not yet silence at 5 mg/kg."""
    fall = [np.median(whole("circuit.serotonin_firing", level)) for level in (0.45, 0.62)]
    assert 0.8 < fall[0] < 0.98
    assert 0.3 < fall[1] < 0.75


def test_under_anesthesia_without_gaba_tone_no_dose_changes_the_raphe(whole):
    """Diazepam up to 8 mg/kg, and ten times the first dose."""
    for level in (LOW, 0.73, HIGH):
        still = whole("circuit.serotonin_firing", level, **ASLEEP)
        assert still == pytest.approx(1.0, abs=1e-9)
        moved = whole(
            "circuit.serotonin_firing", level, **ASLEEP | {"exchange__entry_weight": 0.25}
        )
        assert moved == pytest.approx(1.0, abs=5e-3)
    toned = whole("circuit.serotonin_firing", HIGH, **ASLEEP | {"circuit__gaba_tone": 1.0})
    assert np.all(toned < 1.0)  # it is the tone that makes the difference
    assert 0.01 < 1.0 - np.median(toned) < 0.1


@pytest.mark.parametrize("rival", [0.0, 1.0])
def test_either_wiring_of_arousal_does_all_three(whole, rival):
    """Less drive, or more GABA: each alone."""
    low = whole("circuit.serotonin_firing", LOW, circuit__sleep_by_gaba=rival)
    high = whole("circuit.serotonin_firing", HIGH, circuit__sleep_by_gaba=rival)
    still = whole("circuit.serotonin_firing", HIGH, **ASLEEP, circuit__sleep_by_gaba=rival)
    assert np.all(np.abs(low - 1.0) < 0.1)
    assert np.median(high) < 0.1
    assert np.mean(high < 0.1) > 0.5
    assert still == pytest.approx(1.0, abs=1e-9)


def test_the_same_holds_whatever_the_drug_adds_to_a_current(whole):
    """Where the drug adds little to a synaptic current, as where it adds much."""
    high = whole("circuit.serotonin_firing", HIGH)
    ratio = whole.number("gaba.phasic_ratio")
    for part in (ratio < 1.5, ratio > 1.8):
        assert part.sum() > 50
        assert np.median(high[part]) < 0.1


def test_dopamine_has_both_signs_unless_a_wiring_is_chosen(whole):
    for level in (LOW, 0.45):
        low, high = np.quantile(whole("dopamine.dopamine_change", level), [0.05, 0.95])
        assert low < 1.0 < high
    upward = {"circuit__direct_share": 0.0, "inhibition__weight": 0.0}
    up = whole("dopamine.dopamine_change", LOW, **upward, dopamine_inhibition__weight=0.0)
    assert np.all(up > 1.0)
    down = whole("dopamine.dopamine_change", LOW, dopamine_inhibition__weight=1.5)
    assert np.quantile(down, 0.95) < 1.0


def test_wirings_with_the_same_rates_at_rest_answer_differently(whole):
    """Degeneracy: rates at rest do not tell the weights, nor what a drug will do."""
    alike = np.ones(WIRINGS.draws, dtype=bool)
    for name, band in (("serotonin", 0.03), ("dopamine", 0.2)):
        rate = whole(f"circuit.{name}_rate_start", LOW)
        alike &= np.abs(rate / np.median(rate) - 1.0) < band
    assert alike.sum() >= 20
    for weight, factor in (("vta_self", 1.5), ("raphe_self", 4.0), ("raphe_on_serotonin", 2.0)):
        among = whole.number(f"circuit.{weight}")[alike]
        assert among.max() > factor * among.min()
    dopamine = whole("circuit.dopamine_firing", 0.5)[alike]
    assert dopamine.min() < 1.0 < dopamine.max()
    serotonin = whole("circuit.serotonin_firing", 0.62)[alike]
    assert serotonin.max() > serotonin.min() + 0.3


def test_without_arousal_the_raphe_falls_silent(fed):
    assert np.all(firing(fed, "arousal", 0.1, "serotonin_firing") < 0.1)


def test_more_serotonin_or_dopamine_brakes_its_own_cells(fed):
    assert np.all(firing(fed, "serotonin", 2.0, "serotonin_firing") < 1.0)
    assert np.all(firing(fed, "dopamine", 2.0, "dopamine_firing") < 1.0)
