"""Raphe and VTA: the published rates, and what benzodiazepines did to them in animals."""

import numpy as np
import pytest

from raphe.core.draws import Stage, sample, uniforms

RATES = {  # Hz: own integration of the template by others, to half a unit of the last digit printed
    "dopamine_rate": (4.8, 0.05),
    "serotonin_rate": (3.0, 0.05),
    "raphe_rate": (21.0, 0.5),
    "vta_rate": (14.0, 0.5),
    "glutamate_rate": (4.1, 0.05),
}


@pytest.fixture(scope="module")
def circuit(alone):
    return alone("raphe_vta_circuit")


def at_rest(runner, name, **numbers):
    table = runner.defaults()
    for parameter, value in numbers.items():
        table[0, runner.names.index(parameter)] = value
    return runner.values(runner.run(table, [0.0]), name)[0, 0]


@pytest.mark.parametrize("name", RATES)
def test_the_published_template_has_its_published_rates(circuit, name):
    template = {"threshold_width": 1e-6, "raphe_on_serotonin": 0.0}
    assert at_rest(circuit, name, **template) == pytest.approx(RATES[name][0], abs=RATES[name][1])


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


def test_under_anesthesia_drug_hardly_changes_raphe_firing(fed):
    """Diazepam up to 8 mg/kg: no change; here the phasic gain at 75 % occupancy, arousal as it was."""
    change = firing(fed, "phasic_alpha2", 1.45, "serotonin_firing")
    assert np.median(change) > 0.9
    assert change.min() > 0.7


def test_without_arousal_the_raphe_falls_silent(fed):
    assert np.all(firing(fed, "arousal", 0.1, "serotonin_firing") < 0.1)


def test_more_serotonin_or_dopamine_brakes_its_own_cells(fed):
    assert np.all(firing(fed, "serotonin", 2.0, "serotonin_firing") < 1.0)
    assert np.all(firing(fed, "dopamine", 2.0, "dopamine_firing") < 1.0)
