"""Dopamine terminal of Best, Nijhout and Reed 2009: balances, published constants and what the abstract reports."""

import numpy as np
import pytest

from raphe.engine.solve import Options

DAY = 24.0
OPTIONS = Options(relative=1e-9, absolute=1e-12)
ENCODED = {  # capacities that rest decides, beside the constants of the public encoding, in uM and h
    "hydroxylase_maximum": 125.0 * 0.56 / (1.0 + 126.0 / 160.0),
    "decarboxylase_maximum": 10000.0,
    "filling_maximum": 7082.0,
    "reductase_maximum": 200.0,
    "release_rate": 1.0,
    "pool_start": 945.0,
}


@pytest.fixture(scope="module")
def terminal(alone):
    return alone("dopamine_terminal")


def course(runner, table, name, times):
    return runner.values(runner.run(table, times, options=OPTIONS), name)


def changed(runner, **values):
    """The default terminal with some numbers multiplied."""
    table = runner.defaults()
    for name, factor in values.items():
        table[0, runner.names.index(name)] *= factor
    return table


@pytest.mark.parametrize("name", ENCODED)
def test_capacities_that_rest_decides_are_those_of_the_public_encoding(terminal, name):
    found = course(terminal, terminal.defaults(), name, [0.0])[0, 0]
    assert found == pytest.approx(ENCODED[name], rel=0.04)


def test_fluxes_at_rest_are_those_of_the_public_encoding(terminal):
    start = {
        name: course(terminal, terminal.defaults(), name, [0.0])[0, 0]
        for name in (
            "synthesis",
            "entry_flux",
            "reduction",
            "oxidation",
            "filling_flux",
            "uptake_flux",
        )
    }
    assert start["synthesis"] == pytest.approx(27.9, rel=0.03)
    assert start["entry_flux"] == pytest.approx(241.0, rel=0.02)
    assert start["reduction"] - start["oxidation"] == pytest.approx(27.4, rel=0.02)
    assert start["filling_flux"] == pytest.approx(81.7, rel=0.03)
    assert start["uptake_flux"] == pytest.approx(79.2, rel=0.01)


def test_rest_is_exact_for_a_month(terminal):
    outcome = terminal.run(terminal.defaults(), np.linspace(0.0, 30 * DAY, 31))
    start = outcome.values[:, :1]
    assert np.max(np.abs(outcome.values / start - 1.0)) < 1e-6


def test_matter_is_kept_at_rest(terminal):
    def at(name):
        return course(terminal, terminal.defaults(), name, [0.0])[0, 0]

    removed = 0.2 * (at("tyrosine") + at("tyrosine_pool"))
    assert at("entry_flux") == pytest.approx(at("synthesis") + removed, rel=1e-9)
    outside = at("uptake_flux") + at("outer_flux") + 400.0 * at("extracellular_dopamine")
    assert at("release_flux") == pytest.approx(outside, rel=1e-9)
    assert 3.45 * at("homovanillic_acid") == pytest.approx(
        10.0 * at("cytosolic_dopamine") + at("outer_flux"), rel=1e-9
    )


@pytest.fixture(scope="module")
def settled(fed):
    """Where the terminal comes to rest with one in-port changed and some numbers multiplied."""

    def run(port, level, output, **numbers):
        runner = fed("dopamine_terminal", port)
        table = changed(runner, **{f"terminal.{name}": value for name, value in numbers.items()})
        table[0, runner.names.index("step.level")] = level
        end = course(runner, table, f"terminal.{output}", [30 * DAY, 31 * DAY])[0]
        assert end[1] == pytest.approx(end[0], rel=1e-6)
        return end[1]

    return run


def test_the_autoreceptor_buffers_a_loss_of_hydroxylase(settled):
    with_it = settled("hydroxylase", 0.5, "dopamine_change")
    without = settled("hydroxylase", 0.5, "dopamine_change", autoreceptor_power=0.0)
    assert without < with_it < 1.0


def test_substrate_inhibition_buffers_tyrosine_of_meals(settled):
    for name, start in (("cytosolic_dopamine", 2.65), ("vesicular_dopamine", 81.0)):
        change = settled("tyrosine_supply", 170.0 / 97.0, name) / start - 1.0
        assert abs(change) < 0.1


def test_more_firing_and_less_uptake_raise_dopamine_outside(settled):
    assert settled("firing", 1.5, "dopamine_change") > 1.1
    assert settled("transporter", 0.5, "dopamine_change") > 1.3
    assert settled("release", 0.5, "dopamine_change") < 0.9
