"""The tableau meets the order conditions of its paper, by elementary weights over rooted trees."""

import itertools
from math import prod

import numpy as np
import pytest

from raphe.engine.rosenbrock import RODAS5P

METHODS = [RODAS5P]


def trees(nodes):
    """All rooted trees with that many nodes, each as the sorted tuple of its branches."""
    if nodes == 1:
        return [()]
    found = set()
    for sizes in partitions(nodes - 1, nodes - 1):
        found |= {tuple(sorted(branches)) for branches in itertools.product(*map(trees, sizes))}
    return sorted(found)


def partitions(total, largest):
    if total == 0:
        yield ()
    for size in range(min(total, largest), 0, -1):
        for rest in partitions(total - size, size):
            yield (size, *rest)


def size(tree):
    return 1 + sum(map(size, tree))


def density(tree):
    return size(tree) * prod(map(density, tree))


def square(rows):
    matrix = np.zeros((len(rows), len(rows)))
    for number, row in enumerate(rows):
        matrix[number, : len(row)] = row
    return matrix


class Classic:
    """A method with stages h (f(...) + h J sum gamma_ij k_j), from the form that saves products with J."""

    def __init__(self, method):
        stages = len(method.a)
        self.turn = np.linalg.inv(np.eye(stages) / method.gamma - square(method.c))
        self.alpha = square(method.a) @ self.turn
        self.beta = self.alpha + self.turn
        self.method = method

    def weight(self, tree):
        matrix = self.beta if len(tree) == 1 else self.alpha
        return prod((matrix @ self.weight(branch) for branch in tree), start=np.ones(len(matrix)))

    def lacks(self, weights, order, part=1.0):
        """By how much the conditions of an order are missed after a part of a step."""
        values = np.array(weights) @ self.turn
        return [values @ self.weight(t) - part**order / density(t) for t in trees(order)]

    def dense(self, part):
        method = self.method
        bend = sum(part**n * np.array(row) for n, row in enumerate(method.dense))
        return part * (np.array(method.solution) + (1.0 - part) * bend)


def test_there_are_as_many_trees_as_known():
    assert [len(trees(nodes)) for nodes in range(1, 7)] == [1, 1, 2, 4, 9, 20]


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.name)
def test_the_solution_has_its_order_and_no_more(method):
    classic = Classic(method)
    for order in range(1, method.order + 1):
        assert np.abs(classic.lacks(method.solution, order)).max() < 1e-13
    assert np.abs(classic.lacks(method.solution, method.order + 1)).max() > 1e-4


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.name)
def test_the_other_solution_has_the_order_of_the_error_estimate(method):
    classic = Classic(method)
    other = np.array(method.solution) - np.array(method.error)
    for order in range(1, method.error_order + 1):
        assert np.abs(classic.lacks(other, order)).max() < 1e-13
    assert np.abs(classic.lacks(other, method.error_order + 1)).max() > 1e-5


@pytest.mark.parametrize("part", [0.1, 0.25, 0.5, 0.75, 0.9])
@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.name)
def test_dense_output_has_an_order_less_than_the_solution(method, part):
    classic = Classic(method)
    for order in range(1, method.order):
        assert np.abs(classic.lacks(classic.dense(part), order, part)).max() < 1e-13


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.name)
def test_times_and_slopes_of_stages_are_the_sums_of_their_rows(method):
    classic = Classic(method)
    assert np.allclose(classic.alpha.sum(axis=1), method.alpha, rtol=0.0, atol=1e-12)
    assert np.allclose(classic.turn.sum(axis=1), method.slope, rtol=0.0, atol=1e-12)


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.name)
def test_what_is_infinitely_stiff_is_gone_after_a_step(method):
    classic = Classic(method)
    weights = np.array(method.solution) @ classic.turn
    left = 1.0 - weights @ np.linalg.solve(classic.beta, np.ones(len(weights)))
    assert abs(left) < 1e-11
