"""Tryptophan hydroxylase and what passes between blood and brain, each alone, against closed forms and findings."""

import numpy as np
import pytest

DAY = 24.0


def value(runner, name, when, **changes):
    outcome = runner.run(runner.defaults(**changes), [when])
    return runner.values(outcome, name)[0, 0]


@pytest.mark.parametrize("share", [0.12, 0.25, 0.5])
def test_stimulation_at_ten_times_rest_doubles_synthesis_whatever_needs_impulses(fed, share):
    """Shields 1972, with Sheard 1968 for the rate."""
    runner = fed("hydroxylase_impulses", "firing")
    activity = [
        value(runner, "terminal.activity", 0.0, step__level=level, terminal__share=share)
        for level in (0.0, 1.0, 10.0)
    ]
    assert activity == pytest.approx([1.0 - share, 1.0, 2.0], abs=1e-12)


def test_the_enzyme_rises_by_the_part_of_inhibition_that_has_lasted(fed):
    """Steady inhibition I: ln E goes to ln(largest) I (1 - exp(-onset t)), later by the time the enzyme takes."""
    runner = fed("hydroxylase_inhibition", "gain")
    numbers = {"terminal__largest": 3.0, "terminal__onset": 0.05 / DAY}
    numbers |= {"terminal__following": 50.0 / DAY, "terminal__blur": 1e-6}  # for the closed form
    gain = 1.5
    inhibition = np.log(gain) / np.log(2.0)
    for days in (6.0, 10.0, 22.0):
        lasted = inhibition * (1.0 - np.exp(-0.05 * days))
        enzyme = value(runner, "terminal.enzyme", days * DAY, step__level=gain, **numbers)
        assert enzyme == pytest.approx(3.0**lasted, rel=2e-3)


def test_the_lesser_is_blurred_upward_by_less_than_a_sixth_of_the_blur(fed):
    """(|d| - d^2 / sqrt(d^2 + blur^2)) / 2 is at most 0.15 blur, and 0 where the two are equal, as at rest."""
    runner = fed("hydroxylase_inhibition", "gain")
    blur = runner.defaults()[0, runner.kernel.program.layout.parameters.index("terminal.blur")]
    seen = []
    for gain in (1.02, 1.05, 1.1, 1.3, 1.9):
        for hours in (1.0, 24.0, 200.0, 2000.0):
            names = ("terminal.lesser", "terminal.inhibition", "terminal.lasting")
            lesser, *both = (value(runner, name, hours, step__level=gain) for name in names)
            seen.append((lesser - min(both)) / blur)
    assert min(seen) >= -1e-12
    assert 0.1 < max(seen) < 0.151
    assert value(runner, "terminal.lesser", 0.0) == 0.0


def test_the_enzyme_is_below_rest_when_the_drug_is_gone_and_back_within_weeks(part_of):
    """Agarwal 1977 found it below normal 48 h after 22 days, in rats; lorazepam takes people four days to leave."""
    runner = part_of(("hydroxylase.enzyme",), ("lorazepam.oral",))
    times = np.array([0.0, 21.9, 26.0, 90.0]) * DAY
    outcome = runner.run(
        runner.defaults(), times, regimen="3 mg every 8 h for 22 d by lorazepam.oral"
    )
    before, last, after, back = runner.values(outcome, "hydroxylase.enzyme")[0]
    assert before == 1.0
    assert last > 1.02
    assert after < 1.0
    assert back == pytest.approx(1.0, abs=2e-3)


def test_what_passes_between_blood_and_brain_is_as_at_rest_without_drug_and_takes_both_signs(fed):
    runner = fed("brain_exchange", "phasic_alpha1")
    assert value(runner, "terminal.entry", 0.0) == 1.0
    assert value(runner, "terminal.removal", 0.0) == 1.0
    for weight in (-0.2, 0.3):
        full = {"step__level": 2.0, "terminal__entry_weight": weight}
        full |= {"terminal__removal_weight": weight}
        assert value(runner, "terminal.entry", 0.0, **full) == pytest.approx(np.exp(weight))
        assert value(runner, "terminal.removal", 0.0, **full) == pytest.approx(np.exp(-weight))
