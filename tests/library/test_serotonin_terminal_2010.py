"""The rival serotonin terminal: rest, balances, and what sets it apart from the one of 2020."""

import numpy as np
import pytest

from raphe.engine.solve import Options

OPTIONS = Options(relative=1e-9, absolute=1e-14)


@pytest.fixture(scope="module")
def rest(alone):
    runner = alone("serotonin_terminal_2010")
    outcome = runner.run(runner.defaults(), [0.0, 720.0], options=OPTIONS)
    return runner, outcome


def at(rest, name, when=0):
    runner, outcome = rest
    return runner.values(outcome, name)[0, when]


def test_serotonin_at_rest_is_the_published_level_and_the_autoreceptor_neutral(rest):
    assert at(rest, "extracellular_serotonin") * 1000.0 == pytest.approx(0.768, rel=0.01)
    assert at(rest, "autoreceptor_factor") == pytest.approx(1.0, rel=1e-12)


def number(rest, name):
    return next(one.value.value for one in rest[0].model.parameters if one.name == name)


def test_rest_lasts(rest):
    for name in ("serotonin_change", "metabolite_change", "synthesis_change"):
        assert at(rest, name, 1) == pytest.approx(1.0, abs=1e-9)


def test_balances_close_at_rest(rest):
    release = at(rest, "release_flux")
    outside = number(rest, "washout") * at(rest, "extracellular_serotonin")
    assert release == pytest.approx(at(rest, "uptake_flux") + outside, rel=1e-9)
    pools = at(rest, "tryptophan") + at(rest, "tryptophan_pool")
    loss = number(rest, "tryptophan_loss") * pools
    assert at(rest, "entry_flux") == pytest.approx(at(rest, "synthesis") + loss, rel=1e-9)


def test_little_of_the_tryptophan_becomes_serotonin(rest):
    assert at(rest, "synthesis") / at(rest, "entry_flux") == pytest.approx(0.02, abs=0.02)


def test_the_transporter_is_far_from_full_so_serotonin_follows_release(fed):
    """Elasticity about 1 with vesicles held, against 2 in the model of 2020."""
    runner = fed("serotonin_terminal_2010", "release")
    table = runner.defaults(step__level=1.1, terminal__release_braked=0.0)
    outcome = runner.run(table, [30.0 / 3600.0], options=OPTIONS)  # vesicles take an hour to follow
    assert runner.values(outcome, "terminal.serotonin_change")[0, 0] == pytest.approx(1.1, abs=0.01)


def test_the_autoreceptor_damps_a_rise(fed):
    runner = fed("serotonin_terminal_2010", "firing")
    rises = []
    for braked in (0.0, 1.0):
        table = runner.defaults(step__level=1.5, terminal__release_braked=braked)
        outcome = runner.run(table, np.array([0.1]), options=OPTIONS)
        rises.append(runner.values(outcome, "terminal.serotonin_change")[0, 0])
    assert 1.0 < rises[1] < rises[0]


def test_synthesis_follows_tryptophan_and_less_than_in_proportion(fed):
    runner = fed("serotonin_terminal_2010", "tryptophan_supply")
    outcome = runner.run(runner.defaults(step__level=2.0), [240.0], options=OPTIONS)
    assert 1.1 < runner.values(outcome, "terminal.synthesis_change")[0, 0] < 2.0


def test_vesicles_fill_with_the_published_maximum(rest):
    assert at(rest, "filling_maximum") == pytest.approx(3500.0, rel=0.01)
