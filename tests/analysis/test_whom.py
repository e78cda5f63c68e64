"""Groups of people: cases whose answer is known, and cases with nothing to tell apart."""

import numpy as np
import pytest

from raphe.analysis.whom import MOST, features, groups_of, share_of
from raphe.core.draws import Stage, generator

RANDOM = np.random.default_rng(4)
PEOPLE = 2000
AGE, WEIGHT, NOISE = (
    RANDOM.uniform(20.0, 80.0, PEOPLE),
    RANDOM.uniform(50.0, 100.0, PEOPLE),
    RANDOM.normal(size=PEOPLE),
)
NAMES = ("age", "weight", "noise")
VALUES = np.stack([AGE, WEIGHT, NOISE], axis=1)
ONE = features((), np.empty((1, 0)))


def groups(effect, happens, *, values=VALUES, scenarios=ONE, name="shuffles"):
    random = generator(seed=1, stage=Stage.DESIGN, name=name)
    table = effect if effect.ndim == 2 else effect[:, None]
    event = happens if happens.ndim == 2 else happens[:, None]
    return groups_of(features(NAMES, values), scenarios, table, event, random)


def bounds(group):
    return {(bound.name, bound.above): bound.value for bound in group.bounds}


def test_the_border_of_a_sign_change_is_found():
    """Effect 0.01 age - 0.5: the sign changes at 50 years."""
    effect = 0.01 * AGE - 0.5
    old, young = groups(effect, effect > 0.0)
    assert bounds(old) == {("age", True): pytest.approx(50.0, abs=0.3)}  # neighbors of 1000 people
    assert bounds(young)["age", False] == bounds(old)["age", True]
    assert (old.share.middle, young.share.middle) == (
        pytest.approx(1.0, abs=0.01),
        pytest.approx(0.0, abs=0.01),
    )
    assert old.effect.low > -0.01
    assert young.effect.high < 0.01


def test_a_noisy_border_is_found_within_sampling_error():
    """With noise of 0.1 the chance of a rise crosses one half at 50 years, ten years wide."""
    effect = 0.01 * AGE - 0.5 + 0.1 * NOISE
    found = groups(effect, effect > 0.0, values=VALUES[:, [0, 1, 1]])
    borders = [value for one in found for (name, _), value in bounds(one).items() if name == "age"]
    assert min(abs(border - 50.0) for border in borders) < 5.0
    shares = sorted((bounds(one).get(("age", True), 0.0), one.share.middle) for one in found)
    assert [share for _, share in shares] == sorted(share for _, share in shares)  # rises with age


def test_a_region_of_two_numbers_is_found():
    """It happens above 62 years, and below 60 kg at any age."""
    happens = (AGE > 62.0) | (WEIGHT < 60.0)
    found = groups(np.where(happens, -0.3, -0.1), happens)
    assert {round(one.share.middle, 2) for one in found} <= {0.0, 0.01, 0.99, 1.0}
    assert sum(one.people for one in found) == PEOPLE // 2
    last = next(one for one in found if one.share.middle < 0.1)
    assert bounds(last) == {
        ("age", False): pytest.approx(62.0, abs=0.5),
        ("weight", True): pytest.approx(60.0, abs=0.5),
    }


def test_dose_and_person_make_a_region_together():
    """It happens above 1 mg, and there below 70 kg."""
    doses = np.array([0.5, 1.0, 2.0])
    happens = (doses[None, :] > 1.0) & (WEIGHT < 70.0)[:, None]
    effect = np.where(happens, -0.3, -0.1)
    found = groups(effect, happens, scenarios=features(("dose",), doses[:, None]))
    light = next(one for one in found if one.share.middle > 0.9)
    assert bounds(light) == {
        ("dose", True): pytest.approx(1.5),
        ("weight", False): pytest.approx(70.0, abs=0.3),
    }
    assert len(found) == 3


def test_where_nothing_matters_there_is_one_group_of_all():
    effect = RANDOM.normal(size=PEOPLE)
    (group,) = groups(effect, np.abs(effect) >= 1.0)
    assert group.bounds == ()
    assert group.people == PEOPLE // 2
    assert group.share.low < 0.3173 < group.share.high


def test_chance_parts_people_as_seldom_as_promised():
    """Borders must beat 99 shuffles: among 60 worlds without any effect at most 3 have one (1 % each, p < 0.003)."""
    parted = 0
    for number in range(60):
        world = np.random.default_rng(100 + number)
        values, effect = world.normal(size=(300, 3)), world.normal(size=300)
        parted += len(groups(effect, effect > 0.5, values=values, name=f"{number}")) > 1
    assert parted <= 3


def test_equal_people_after_equal_doses_are_not_parted_by_repeats():
    """The same person in ten alike scenarios is one observation: no border between people comes from that."""
    parted = 0
    for number in range(30):
        world = np.random.default_rng(500 + number)
        values, event = world.normal(size=(200, 3)), world.random(200) < 0.3
        table = np.repeat(event[:, None], 10, axis=1)
        effect = table.astype(float)
        parted += len(groups(effect, table, values=values, name=f"{number}")) > 1
    assert parted <= 2


def test_shares_are_counted_in_people_who_did_not_find_the_border():
    """Where nothing matters, the best border flatters itself where it was found; the shares told are honest."""
    misses = []
    for number in range(40):
        world = np.random.default_rng(900 + number)
        values, event = world.normal(size=(400, 3)), world.random(400) < 0.5
        found = groups(event * 1.0, event, values=values, name=f"{number}")
        misses += [not one.share.low <= 0.5 <= one.share.high for one in found]
    assert np.mean(misses) < 0.25


def test_groups_stay_few():
    effect = np.sin(AGE)
    assert len(groups(effect, effect > 0.0)) <= MOST


def test_few_people_or_none():
    nobody = groups(np.zeros(0), np.zeros(0, dtype=bool), values=VALUES[:0])
    assert nobody == ()
    ten = groups(AGE[:10], AGE[:10] > 50.0, values=VALUES[:10])
    assert [one.people for one in ten] == [10]


def test_those_without_a_number_are_left_out():
    effect = np.where(AGE > 50.0, np.nan, 1.0)
    found = groups(effect, effect > 0.5)
    assert sum(one.people for one in found) == int((AGE <= 50.0).sum()) // 2


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [(0, 100, 0.0, 0.02634), (50, 100, 0.4188, 0.5812), (100, 100, 0.97366, 1.0)],
)
def test_intervals_of_shares_are_those_of_wilson(hits, of, low, high):
    found = share_of((np.arange(of) < hits)[:, None])
    assert (found.low, found.high) == (
        pytest.approx(low, abs=1e-4),
        pytest.approx(high, abs=1e-4),
    )
    assert found.middle == hits / of


def test_equal_streams_give_equal_groups():
    effect = 0.01 * AGE - 0.5 + 0.1 * NOISE
    assert groups(effect, effect > 0.0) == groups(effect, effect > 0.0)
