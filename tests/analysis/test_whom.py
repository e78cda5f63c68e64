"""Groups of people: a case whose answer is known, and cases with nothing to tell apart."""

import numpy as np
import pytest

from raphe.analysis.whom import groups_of

RANDOM = np.random.default_rng(4)
PEOPLE = 2000
AGE, WEIGHT, NOISE = (
    RANDOM.uniform(20.0, 80.0, PEOPLE),
    RANDOM.uniform(50.0, 100.0, PEOPLE),
    RANDOM.normal(size=PEOPLE),
)
NAMES = ("age", "weight", "noise")
VALUES = np.stack([AGE, WEIGHT, NOISE], axis=1)


def test_the_known_region_is_found():
    """Above 62 years -30 %, below it -10 %, but -20 % below 60 kg."""
    effect = np.where(AGE > 62.0, -0.3, np.where(WEIGHT < 60.0, -0.2, -0.1))
    groups = groups_of(NAMES, VALUES, effect + 0.001 * NOISE, 0.25)
    old = [one for one in groups if one.beyond == 1.0]
    assert (old[0].bounds[0].name, old[0].bounds[0].above) == ("age", True)
    assert old[0].bounds[0].value == pytest.approx(62.0, abs=1.5)  # a decile
    assert sum(one.people for one in groups) == PEOPLE
    middles = sorted(round(one.effect.middle, 1) for one in groups)
    assert middles == [-0.3, -0.2, -0.1]
    light = next(one for one in groups if round(one.effect.middle, 1) == -0.2)
    assert ("weight", False) in [(bound.name, bound.above) for bound in light.bounds]


def test_noise_parts_nobody():
    (group,) = groups_of(NAMES, VALUES, RANDOM.normal(size=PEOPLE), 1.0)
    assert group.bounds == ()
    assert group.people == PEOPLE
    assert group.beyond == pytest.approx(0.317, abs=0.05)


def test_few_people_or_none():
    assert groups_of(NAMES, VALUES[:0], np.zeros(0), 1.0) == ()
    assert len(groups_of(NAMES, VALUES[:10], AGE[:10], 1.0)) == 1


def test_those_without_a_number_are_left_out():
    effect = np.where(AGE > 50.0, np.nan, 1.0)
    groups = groups_of(NAMES, VALUES, effect, 0.5)
    assert sum(one.people for one in groups) == int((AGE <= 50.0).sum())
