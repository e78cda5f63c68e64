"""Sobol' indices against closed forms, and against SALib on the same samples."""

import math

import numpy as np
import pytest
from SALib.analyze import sobol as salib

from raphe.analysis.sobol import membership, saltelli_design, sobol_indices, sobol_points
from raphe.core.draws import Stage, generator


def stream(name="test", seed=1):
    return generator(seed=seed, stage=Stage.DESIGN, name=name)


def indices(function, columns, *, factors=None, points=4096, name="test"):
    base = sobol_points(points, columns, stream(name))
    members = membership(factors or [[k] for k in range(columns)], columns)
    values = function(saltelli_design(base, members))
    return sobol_indices(values, points, stream("resamples")), values


def ishigami(u, a=7.0, b=0.1):
    x = math.pi * (2.0 * u - 1.0)
    return np.sin(x[:, 0]) + a * np.sin(x[:, 1]) ** 2 + b * x[:, 2] ** 4 * np.sin(x[:, 0])


def ishigami_shares(a=7.0, b=0.1):
    """Ishigami and Homma (1990)."""
    alone = [0.5 * (1.0 + b * math.pi**4 / 5.0) ** 2, a * a / 8.0, 0.0]
    both = b * b * math.pi**8 * (1.0 / 18.0 - 1.0 / 50.0)
    variance = sum(alone) + both
    total = [alone[0] + both, alone[1], both]
    return np.array(alone) / variance, np.array(total) / variance


G_WEIGHTS = np.array([0.0, 1.0, 4.5, 9.0, 99.0, 99.0, 99.0, 99.0])


def g_function(u):
    return np.prod((np.abs(4.0 * u - 2.0) + G_WEIGHTS) / (1.0 + G_WEIGHTS), axis=1)


def g_shares():
    """Sobol' (1993): V_i = 1 / (3 (1 + a_i)^2), V = prod(1 + V_i) - 1, T_i = V_i prod_{j != i} (1 + V_j)."""
    alone = 1.0 / (3.0 * (1.0 + G_WEIGHTS) ** 2)
    variance = np.prod(1.0 + alone) - 1.0
    total = alone * np.prod(1.0 + alone) / (1.0 + alone)
    return alone / variance, total / variance


SLOPES = np.array([1.0, 2.0, 3.0, 0.0])


def additive(u):
    return u @ SLOPES


def additive_shares():
    share = SLOPES**2 / np.sum(SLOPES**2)
    return share, share


@pytest.mark.parametrize(
    ("function", "shares"),
    [(ishigami, ishigami_shares), (g_function, g_shares), (additive, additive_shares)],
)
def test_closed_forms_are_met(function, shares):
    first, total = shares()
    found, _ = indices(function, len(first))
    assert found.first == pytest.approx(first, abs=0.01)
    assert found.total == pytest.approx(total, abs=0.01)
    assert (found.points, found.lost) == (4096, 0)


def test_moments_of_an_additive_model():
    found, _ = indices(additive, 4)
    assert found.mean == pytest.approx(0.5 * SLOPES.sum(), rel=1e-3)
    assert found.variance == pytest.approx(np.sum(SLOPES**2) / 12.0, rel=1e-2)


def test_intervals_hold_the_truth_as_often_as_they_say():
    """Of the intervals of 90 % from 40 designs, at least 80 % hold the closed form: they are not too narrow."""
    first, total = g_shares()
    inside = []
    for number in range(40):
        found, _ = indices(g_function, 8, points=256, name=f"design {number}")
        for ends, truth in ((found.first_ends, first), (found.total_ends, total)):
            inside += list((ends[:2, 0] <= truth[:2]) & (truth[:2] <= ends[:2, 1]))
    assert np.mean(inside) >= 0.8


@pytest.mark.parametrize(("function", "columns"), [(ishigami, 3), (g_function, 8), (additive, 4)])
def test_salib_finds_the_same_in_the_same_samples(function, columns):
    points = 512
    found, values = indices(function, columns, points=points)
    theirs = values.reshape(columns + 2, points).T.ravel()  # point by point: A, mixed, B
    problem = {
        "num_vars": columns,
        "names": [f"x{k}" for k in range(columns)],
        "bounds": [[0.0, 1.0]] * columns,
    }
    told = salib.analyze(problem, theirs, calc_second_order=False, num_resamples=2, seed=1)
    assert found.first == pytest.approx(told["S1"], abs=1e-12)
    assert found.total == pytest.approx(told["ST"], abs=1e-12)


def test_factors_of_many_columns():
    """Ishigami with x1 and x3 as one factor: alone and in total what x2 leaves over."""
    found, _ = indices(ishigami, 3, factors=[[0, 2], [1]])
    share = ishigami_shares()[0][1]
    assert found.first == pytest.approx([1.0 - share, share], abs=0.01)
    assert found.total == pytest.approx([1.0 - share, share], abs=0.01)


def test_a_shift_of_the_values_changes_no_index():
    near, values = indices(g_function, 8, points=256)
    far = sobol_indices(values + 1e6, 256, stream("resamples"))
    assert far.first == pytest.approx(near.first, abs=1e-8)
    assert far.total == pytest.approx(near.total, abs=1e-8)


def test_failed_runs_are_counted_and_their_points_left_out():
    whole, values = indices(additive, 4, points=1024)
    values[[3, 1024 + 3, 5]] = np.nan  # two runs of point 3, one of point 5
    found = sobol_indices(values, 1024, stream("resamples"))
    assert (found.lost, found.points) == (2, 1022)
    assert found.first == pytest.approx(whole.first, abs=0.02)


def test_too_many_failures_give_no_index():
    _, values = indices(additive, 4, points=64)
    values[:7] = np.nan
    found = sobol_indices(values, 64, stream("resamples"))
    assert (found.lost, found.points) == (7, 57)
    assert np.isnan(found.first).all()
    assert np.isnan(found.total_ends).all()


@pytest.mark.parametrize("value", [0.0, 0.1, 1e9])
def test_a_constant_has_no_shares(value):
    found = sobol_indices(np.full(6 * 64, value), 64, stream())
    assert np.isnan(found.first).all()
    assert found.mean == pytest.approx(value)


def test_equal_streams_give_equal_points_and_other_seeds_others():
    assert np.array_equal(sobol_points(64, 5, stream()), sobol_points(64, 5, stream()))
    assert not np.array_equal(sobol_points(64, 5, stream()), sobol_points(64, 5, stream(seed=2)))


def test_points_lie_inside_the_cube():
    points = sobol_points(1024, 300, stream())
    assert 0.0 < points.min() < points.max() < 1.0


@pytest.mark.parametrize("count", [0, 3, 100])
def test_only_powers_of_two_make_a_balanced_sequence(count):
    with pytest.raises(ValueError, match="power of 2"):
        sobol_points(count, 2, stream())
