"""The static LU: executed here step by step, it solves what a dense solver solves."""

import numpy as np
import pytest

from raphe.engine.sparse import eliminate


def factor(matrix, elimination):
    """L and U in one table, touching only the entries that the elimination names."""
    table = {entry: matrix[entry] for entry in elimination.entries}
    steps = zip(elimination.order, elimination.upper, elimination.lower, strict=True)
    for pivot, upper, lower in steps:
        for row in lower:
            table[row, pivot] /= table[pivot, pivot]
            for column in upper:
                table[row, column] -= table[row, pivot] * table[pivot, column]
    return table


def solve(table, elimination, right):
    x = right.copy()
    for pivot, lower in zip(elimination.order, elimination.lower, strict=True):
        for row in lower:
            x[row] -= table[row, pivot] * x[pivot]
    for pivot, upper in zip(reversed(elimination.order), reversed(elimination.upper), strict=True):
        for column in upper:
            x[pivot] -= table[pivot, column] * x[column]
        x[pivot] /= table[pivot, pivot]
    return x


def random_matrix(size, density, seed):
    """Diagonally dominant, as the matrix of a small step is."""
    random = np.random.default_rng(seed)
    matrix = np.where(random.random((size, size)) < density, random.normal(size=(size, size)), 0.0)
    np.fill_diagonal(matrix, 1.0 + np.abs(matrix).sum(axis=1))
    return matrix


def pattern_of(matrix):
    return [(int(row), int(column)) for row, column in np.argwhere(matrix != 0.0)]


@pytest.mark.parametrize("density", [0.0, 0.05, 0.2, 0.6, 1.0])
@pytest.mark.parametrize("size", [1, 2, 5, 17, 40])
def test_it_solves_what_a_dense_solver_solves(size, density):
    for seed in range(4):
        matrix = random_matrix(size, density, seed)
        elimination = eliminate(size, pattern_of(matrix))
        right = np.random.default_rng(seed).normal(size=size)
        found = solve(factor(matrix, elimination), elimination, right)
        assert found == pytest.approx(np.linalg.solve(matrix, right), rel=1e-12, abs=1e-13)


def test_every_row_is_eliminated_once_and_the_diagonal_is_always_there():
    elimination = eliminate(6, [(0, 5), (5, 0), (2, 3)])
    assert sorted(elimination.order) == list(range(6))
    assert {(row, row) for row in range(6)} <= set(elimination.entries)
    assert list(elimination.entries) == sorted(set(elimination.entries))


def test_an_arrow_fills_nothing_because_its_tip_goes_last():
    size = 9
    arrow = [(0, i) for i in range(size)] + [(i, 0) for i in range(size)]
    elimination = eliminate(size, arrow)
    assert len(elimination.entries) == 3 * size - 2
    assert 0 in elimination.order[-2:]


def test_a_chain_fills_nothing():
    size = 12
    chain = [(i + 1, i) for i in range(size - 1)] + [(i, i + 1) for i in range(size - 1)]
    assert len(eliminate(size, chain).entries) == 3 * size - 2


def test_fill_is_listed_where_it_arises():
    # a ring of four must fill one entry pair
    ring = [(0, 1), (1, 2), (2, 3), (3, 0), (1, 0), (2, 1), (3, 2), (0, 3)]
    assert len(eliminate(4, ring).entries) == 4 + 8 + 2


def test_the_order_of_the_pattern_does_not_matter():
    matrix = random_matrix(15, 0.2, 8)
    pattern = pattern_of(matrix)
    assert eliminate(15, pattern) == eliminate(15, reversed(pattern))
    assert eliminate(15, pattern) == eliminate(15, pattern + pattern)


def test_nothing_is_eliminated_from_nothing():
    assert eliminate(0, []).order == ()
