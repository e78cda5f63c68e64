"""Missed, late and abandoned doses: shares and delays as declared, from keys alone."""

import numpy as np
import pytest

from raphe.core.errors import InputError
from raphe.population.behavior import Behavior, draw_taking

TIMES = [12.0 * number for number in range(56)]


def taking(persons=range(4000), **numbers):
    return draw_taking(Behavior(**numbers), TIMES, seed=3, persons=persons)


def test_who_does_as_told_takes_every_dose_on_time():
    share, delay = taking()
    assert np.all(share == 1.0)
    assert np.all(delay == 0.0)


def test_the_declared_share_is_missed():
    share, _ = taking(missed=0.1)
    assert np.mean(share == 0.0) == pytest.approx(0.1, abs=0.003)
    assert set(np.unique(share)) == {0.0, 1.0}


def test_delays_have_the_declared_mean_and_stay_before_the_next_dose():
    _, delay = taking(late=1.0)
    assert np.mean(delay) == pytest.approx(1.0, abs=0.02)
    assert np.max(delay[:, :-1]) < 12.0


def test_the_declared_share_gives_up_in_a_week_and_nobody_comes_back():
    share, _ = taking(stops=0.2)
    on_day_8 = share[:, 14]  # the dose due a week after the first
    assert np.mean(on_day_8 == 0.0) == pytest.approx(0.2, abs=0.02)
    assert np.all(np.diff(share, axis=1) <= 0.0)
    assert np.all(share[:, 0] == 1.0)


def test_persons_alone_behave_as_among_others():
    everybody, late = taking(missed=0.1, late=2.0, stops=0.05)
    some, some_late = taking(range(100, 120), missed=0.1, late=2.0, stops=0.05)
    assert np.array_equal(some, everybody[100:120])
    assert np.array_equal(some_late, late[100:120])


@pytest.mark.parametrize("wrong", [{"missed": 1.5}, {"stops": 1.0}, {"late": -1.0}])
def test_impossible_numbers_are_refused(wrong):
    with pytest.raises(InputError):
        Behavior(**wrong)
