"""Elementary effects against closed forms, Morris' own test function, and SALib on the same samples."""

import numpy as np
import pytest
from SALib.analyze import morris as salib
from SALib.test_functions import Sobol_G

from raphe.analysis.morris import elementary_effects, morris_design, step_of
from raphe.core.draws import Stage, generator

LEVELS = 4


def stream(seed=1):
    return generator(seed=seed, stage=Stage.DESIGN, name="test")


def screen(function, columns, *, trajectories=10, levels=LEVELS):
    design = morris_design(trajectories, columns, levels, stream())
    return elementary_effects(design, function(design)), design


def test_a_walk_moves_every_input_once_by_one_step_on_the_grid():
    design = morris_design(7, 5, LEVELS, stream())
    walks = design.reshape(7, 6, 5)
    steps = np.abs(np.diff(walks, axis=1))
    assert (steps > 1e-12).sum(axis=2).tolist() == [[1] * 5] * 7
    assert steps.sum(axis=1) == pytest.approx(np.full((7, 5), step_of(LEVELS)))
    assert set(np.round(design * (LEVELS - 1), 9).ravel()) == {0.0, 1.0, 2.0, 3.0}


def test_a_linear_model_has_its_slopes_for_effects_and_no_spread():
    slopes = np.array([1.0, -2.0, 3.0, 0.0])
    found, _ = screen(lambda u: u @ slopes, 4)
    assert found.middle == pytest.approx(slopes, abs=1e-12)
    assert found.size == pytest.approx(np.abs(slopes), abs=1e-12)
    assert found.spread == pytest.approx(np.zeros(4), abs=1e-12)
    assert found.lost == 0


def test_a_product_has_the_mean_and_the_spread_of_the_other_input():
    """y = x1 x2: the effect of x1 is x2 at that step, uniform on four levels: mean 1/2, variance 5/36."""
    found, _ = screen(lambda u: u[:, 0] * u[:, 1], 2, trajectories=4000)
    assert found.middle == pytest.approx([0.5, 0.5], abs=0.02)
    assert found.spread == pytest.approx([np.sqrt(5.0 / 36.0)] * 2, rel=0.03)


def morris_function(u, first, second):
    """The function of 20 inputs of Morris (1991), section 5."""
    w = 2.0 * (u - 0.5)
    for column in (2, 4, 6):
        w[:, column] = 2.0 * (1.1 * u[:, column] / (u[:, column] + 0.1) - 0.5)
    y = w @ first
    for i in range(20):
        for j in range(i + 1, 20):
            y = y + second[i, j] * w[:, i] * w[:, j]
    for i in range(5):
        for j in range(i + 1, 5):
            for k in range(j + 1, 5):
                y = y - 10.0 * w[:, i] * w[:, j] * w[:, k]
    for i in range(4):
        for j in range(i + 1, 4):
            for k in range(j + 1, 4):
                for m in range(k + 1, 4):
                    y = y + 5.0 * w[:, i] * w[:, j] * w[:, k] * w[:, m]
    return y


def test_morris_own_function_shows_the_groups_that_he_reports():
    """Of 20 inputs the first ten matter; 8, 9 and 10 act straight, 1 to 7 with a large spread; the rest is small."""
    random = np.random.default_rng(20)
    first = np.where(np.arange(20) < 10, 20.0, random.normal(size=20))
    second = random.normal(size=(20, 20))
    second[:6, :6] = -15.0
    found, _ = screen(lambda u: morris_function(u, first, second), 20, trajectories=40)
    assert found.size[:10].min() > 2.0 * found.size[10:].max()
    assert found.middle[7:10] == pytest.approx([40.0] * 3, rel=0.15)  # 20 times the slope 2 of w
    assert found.spread[7:10].max() < 0.5 * found.spread[:6].min()
    levels = np.repeat(np.linspace(0.0, 1.0, LEVELS)[:, None], 20, axis=1)
    w = 2.0 * (levels - 0.5)
    w[:, [2, 4, 6]] = 2.0 * (1.1 * levels[:, [2, 4, 6]] / (levels[:, [2, 4, 6]] + 0.1) - 0.5)
    both = np.triu(second, 1) + np.triu(second, 1).T  # for 11 to 20 nothing of higher order
    middle = 2.0 * (first + both @ w.mean(axis=0))
    spread = 2.0 * np.sqrt(both**2 @ w.var(axis=0))
    assert np.abs((found.middle - middle)[10:] / spread[10:] * np.sqrt(40)).max() < 4.0
    assert found.spread[10:] == pytest.approx(spread[10:], rel=0.35)


@pytest.mark.parametrize("trajectories", [4, 25])
def test_salib_finds_the_same_in_the_same_samples(trajectories):
    found, design = screen(Sobol_G.evaluate, 8, trajectories=trajectories)
    problem = {
        "num_vars": 8,
        "names": [f"x{k}" for k in range(8)],
        "bounds": [[0.0, 1.0]] * 8,
    }
    values = Sobol_G.evaluate(design)
    told = salib.analyze(problem, design, values, num_levels=LEVELS, num_resamples=2, seed=1)
    assert found.middle == pytest.approx(np.array(told["mu"]), abs=1e-12)
    assert found.size == pytest.approx(np.array(told["mu_star"]), abs=1e-12)
    assert found.spread == pytest.approx(np.array(told["sigma"]), abs=1e-12)


def test_failed_runs_are_counted_and_take_only_their_own_steps():
    slopes = np.array([1.0, -2.0, 3.0])
    design = morris_design(10, 3, LEVELS, stream())
    values = design @ slopes
    values[5] = np.nan  # an inner row: the step to it and the one from it
    found = elementary_effects(design, values)
    assert found.lost == 2
    assert found.middle == pytest.approx(slopes, abs=1e-12)


def test_where_every_run_fails_there_is_no_effect():
    design = morris_design(2, 2, LEVELS, stream())
    found = elementary_effects(design, np.full(len(design), np.nan))
    assert found.lost == 4
    assert np.isnan(found.size).all()
