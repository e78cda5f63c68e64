"""Tolerance, dependence and rebound of an effect against closed forms."""

import numpy as np
import pytest

REBOUNDING = {
    "anxiety": "phasic_alpha2",
    "sedation": "phasic_alpha1",
}
TIMES = np.array([0.0, 24.0, 96.0, 240.0, 2400.0])


def of(runner, name):
    return dict(zip(runner.names, runner.defaults()[0], strict=True))[f"terminal.{name}"]


@pytest.mark.parametrize(("name", "port"), REBOUNDING.items())
def test_a_lasting_drive_loses_its_share_and_leaves_no_rebound(fed, name, port):
    runner = fed(name, port)
    outcome = runner.run(runner.defaults(step__level=1.2), TIMES)
    drive = runner.values(outcome, "terminal.drive")[0]
    left = np.exp(-of(runner, "adapting") * TIMES)
    expected = drive * (1.0 - of(runner, "tolerance") * (1.0 - left))
    assert runner.values(outcome, "terminal.net")[0] == pytest.approx(expected, rel=1e-5)
    assert not runner.values(outcome, "terminal.rebound").any()


@pytest.mark.parametrize(("name", "port"), REBOUNDING.items())
def test_a_lasting_lack_is_answered_up_to_the_share_of_dependence(fed, name, port):
    runner = fed(name, port)
    outcome = runner.run(runner.defaults(step__level=0.8), TIMES)
    drive = runner.values(outcome, "terminal.drive")[0]
    left = np.exp(-of(runner, "adapting") * TIMES)
    lack = -drive * (1.0 - of(runner, "dependence") * (1.0 - left))
    downward = (lack / of(runner, "reserve")) ** of(runner, "steepness")
    expected = of(runner, "largest") * downward / (1.0 + downward)
    assert runner.values(outcome, "terminal.rebound")[0] == pytest.approx(expected, rel=1e-4)
    assert not runner.values(outcome, "terminal.effect").any()
