"""Random numbers depend on their key alone, and distributions are what they are called."""

import math

import numpy as np
import pytest
from scipy import stats

from raphe.core.draws import (
    Bernoulli,
    LogNormal,
    LogUniform,
    Normal,
    Stage,
    Uniform,
    describe,
    edges,
    sample,
    uniforms,
)

COUNT = 100_000


def pairs(subjects=range(COUNT), *, seed=1, stage=Stage.PEOPLE, name="x", replicate=0):
    return uniforms(seed=seed, stage=stage, name=name, replicate=replicate, subjects=subjects)


@pytest.mark.parametrize("subject", [0, 1, 7, 999])
def test_a_subject_alone_draws_what_it_draws_among_others(subject):
    alone = pairs(range(subject, subject + 1))
    assert np.array_equal(alone[0], pairs(range(1000))[subject])


def test_every_part_of_the_key_matters():
    first = pairs(range(5))
    others = [
        pairs(range(5), seed=0),
        pairs(range(5), stage=Stage.UNCERTAINTY),
        pairs(range(5), name="y"),
        pairs(range(5), replicate=1),
        pairs(range(1, 6)),
    ]
    for other in others:
        assert not np.any(first == other)


def test_the_numbers_of_this_key_never_change():
    found = uniforms(seed=1, stage=Stage.PEOPLE, name="x", replicate=0, subjects=range(2))
    again = uniforms(seed=1, stage=Stage.PEOPLE, name="x", replicate=0, subjects=range(2))
    assert found.tobytes() == again.tobytes()
    assert np.all((found > 0.0) & (found < 1.0))


CASES = [
    (Normal(2.0), stats.norm(10.0, 2.0)),
    (LogNormal(0.5), stats.lognorm(s=math.sqrt(math.log(1.25)), scale=10.0)),
    (Uniform(3.0, 5.0), stats.uniform(3.0, 2.0)),
    (LogUniform(0.1, 10.0), stats.loguniform(0.1, 10.0)),
]


@pytest.mark.parametrize(("distribution", "expected"), CASES)
def test_a_sample_follows_its_distribution(distribution, expected):
    values = sample(distribution, np.full(COUNT, 10.0), pairs())
    assert stats.kstest(values, expected.cdf).pvalue > 1e-3


def test_a_bernoulli_sample_has_its_share_of_ones():
    values = sample(Bernoulli(0.25), np.zeros(COUNT), pairs())
    assert set(np.unique(values)) == {0.0, 1.0}
    assert values.mean() == pytest.approx(0.25, abs=0.006)


def test_the_coefficient_of_variation_is_that_of_the_lognormal():
    values = sample(LogNormal(0.3), np.full(COUNT, 5.0), pairs())
    assert values.std() / values.mean() == pytest.approx(0.3, rel=0.02)
    assert np.median(values) == pytest.approx(5.0, rel=0.01)


def test_the_two_numbers_of_a_subject_are_independent():
    found = pairs()
    assert abs(np.corrcoef(found[:, 0], found[:, 1])[0, 1]) < 0.01


def test_a_distribution_has_words():
    assert describe(LogNormal(0.3), "mg") == "lognormal cv 30 %"
    assert describe(Uniform(1.0, 2.0), "h") == "uniform 1.0 to 2.0 h"
    assert describe(Normal(0.1), "dimensionless") == "normal sd 0.1"


@pytest.mark.parametrize(
    "distribution", [Normal(0.5), LogNormal(0.3), Uniform(1.0, 4.0), LogUniform(1.0, 9.0)]
)
def test_edges_are_the_percentiles_of_a_large_sample(distribution):
    pairs = uniforms(seed=5, stage=Stage.PEOPLE, name="edges", replicate=0, subjects=range(200_000))
    values = sample(distribution, np.full(200_000, 2.0), pairs)
    assert edges(distribution, 2.0) == pytest.approx(np.percentile(values, [5, 95]), rel=0.01)
