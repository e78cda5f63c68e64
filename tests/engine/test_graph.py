"""The expression graph: shared nodes, simplifications that keep the value, and exact derivatives."""

import math

import mpmath
import numpy as np
import pytest

from raphe.engine.graph import Graph, Node, Op, dependents, derivatives, needed

ARITHMETIC = [Op.ADD, Op.SUBTRACT, Op.MULTIPLY, Op.DIVIDE]
SYMBOLS = 4


MEANING = {
    Op.ADD: lambda a, b: a + b,
    Op.SUBTRACT: lambda a, b: a - b,
    Op.MULTIPLY: lambda a, b: a * b,
    Op.DIVIDE: lambda a, b: a / b,
    Op.NEGATE: lambda a: -a,
    Op.POWER: mpmath.power,
    Op.EXP: mpmath.exp,
    Op.LN: mpmath.log,
    Op.SQRT: mpmath.sqrt,
    Op.TANH: mpmath.tanh,
    Op.ABS: abs,
    Op.MIN: min,
    Op.MAX: max,
    Op.SELECT_LESS: lambda a, b, yes, no: yes if a < b else no,
    Op.SELECT_LESS_EQUAL: lambda a, b, yes, no: yes if a <= b else no,
}


def value_of(graph, root, symbols):
    """A node's value with many digits."""
    found = {}
    for number in needed(graph.nodes, [root]):
        node = graph.nodes[number]
        if node.op is Op.CONSTANT:
            found[number] = mpmath.mpf(node.value)
        elif node.op is Op.SYMBOL:
            found[number] = mpmath.mpf(symbols[node.symbol])
        else:
            found[number] = MEANING[node.op](*(found[o] for o in node.operands))
    return found[root]


@pytest.fixture(autouse=True)
def many_digits():
    with mpmath.workdps(150):
        yield


class Twin:
    """Builds the same random formula twice: simplified in a graph, and as a plain function."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.graph = Graph()

    def formula(self, depth):
        """Node number and function of the symbols."""
        if depth == 0:
            return self._leaf()
        kind = self.random.integers(0, 8)
        left = self.formula(depth - 1)
        if kind < 4:
            op = ARITHMETIC[self.random.integers(0, 4)]
            return self._binary(op, left, self.formula(depth - 1))
        if kind == 4:
            return self._unary(depth, left)
        if kind == 5:
            exponent = float(self.random.choice([-3.0, -1.0, 0.5, 1.0, 2.0, 5.0, 20.0, 2.5]))
            node = self.graph.constant(exponent)
            positive = self._positive(left)
            return self._binary(Op.POWER, positive, (node, lambda s: mpmath.mpf(exponent)))
        if kind == 6:
            op = Op.MIN if self.random.random() < 0.5 else Op.MAX
            return self._binary(op, left, self.formula(depth - 1))
        return self._select(depth, left)

    def _leaf(self):
        if self.random.random() < 0.3:
            value = float(self.random.choice([0.0, 1.0, -1.0, 2.0, 0.75, -3.0]))
            return self.graph.constant(value), lambda s: mpmath.mpf(value)
        index = int(self.random.integers(0, SYMBOLS))
        return self.graph.symbol(index), lambda s: mpmath.mpf(s[index])

    def _binary(self, op, left, right):
        (a, f), (b, g) = left, right
        return self.graph.binary(op, a, b), lambda s: MEANING[op](f(s), g(s))

    def _positive(self, inner):
        """1 + inner^2"""
        square = self._binary(Op.MULTIPLY, inner, inner)
        return self._binary(Op.ADD, (self.graph.constant(1.0), lambda s: mpmath.mpf(1)), square)

    def _unary(self, depth, inner):
        op = [Op.NEGATE, Op.EXP, Op.LN, Op.SQRT, Op.TANH, Op.ABS][self.random.integers(0, 6)]
        if op in (Op.LN, Op.SQRT):
            inner = self._positive(inner)
        if op is Op.EXP:  # of something between -1 and 1
            tame, bare = inner
            inner = self.graph.unary(Op.TANH, tame), lambda s: mpmath.tanh(bare(s))
        node, f = inner
        return self.graph.unary(op, node), lambda s: MEANING[op](f(s))

    def _select(self, depth, left):
        op = Op.SELECT_LESS if self.random.random() < 0.5 else Op.SELECT_LESS_EQUAL
        parts = [left, *(self.formula(depth - 1) for _ in range(3))]
        nodes, functions = zip(*parts, strict=True)
        node = self.graph.select(op, nodes[:2], *nodes[2:])
        return node, lambda s: MEANING[op](*(f(s) for f in functions))


def points(seed):
    return np.random.default_rng(seed).uniform(0.3, 2.0, SYMBOLS).tolist()


def close(found, exact):
    """To 12 digits: operations on constants are folded in doubles, the rest of the formula is not rounded."""
    return abs(found - exact) <= mpmath.mpf(10) ** -12 * (1 + abs(exact))


@pytest.mark.parametrize("seed", range(150))
def test_simplification_keeps_the_value(seed):
    twin = Twin(seed)
    root, function = twin.formula(4)
    at = points(seed)
    try:
        exact = function(at)
    except ZeroDivisionError:
        return  # 1/0 stays for run time, or is 0/x = 0
    assert close(value_of(twin.graph, root, at), exact)


@pytest.mark.parametrize("seed", range(150))
def test_derivatives_agree_with_differences(seed):
    twin = Twin(1000 + seed)
    root, _ = twin.formula(4)
    (slopes,) = derivatives(twin.graph, [root], range(SYMBOLS))
    at, step = points(seed), mpmath.mpf(10) ** -20
    for index in range(SYMBOLS):
        low, high = list(map(mpmath.mpf, at)), list(map(mpmath.mpf, at))
        low[index] -= step
        high[index] += step
        try:
            ends = [value_of(twin.graph, root, s) for s in (low, high)]
        except ZeroDivisionError:
            return
        difference = (ends[1] - ends[0]) / (2 * step)
        found = value_of(twin.graph, slopes[index], at) if index in slopes else mpmath.mpf(0)
        # the error of a central difference is of the order of step^2 times a third derivative
        assert abs(found - difference) <= mpmath.mpf(10) ** -15 * (1 + abs(difference))


def test_a_power_is_differentiated_by_base_and_exponent():
    graph = Graph()
    x, y = graph.symbol(0), graph.symbol(1)
    inner = graph.binary(Op.MULTIPLY, x, y)
    root = graph.binary(Op.POWER, graph.binary(Op.ADD, x, inner), inner)
    (slopes,) = derivatives(graph, [root], [0, 1])

    def power(a, b):
        return (a + a * b) ** (a * b)

    at = [mpmath.mpf(1.7), mpmath.mpf(0.6)]
    for index, order in enumerate([(1, 0), (0, 1)]):
        exact = mpmath.diff(power, tuple(at), order)
        assert abs(value_of(graph, slopes[index], at) / exact - 1) < mpmath.mpf(10) ** -40


def test_the_random_formulas_are_worth_differentiating():
    moving = 0
    ops = set()
    for seed in range(150):
        twin = Twin(1000 + seed)
        root, _ = twin.formula(4)
        moving += bool(derivatives(twin.graph, [root], range(SYMBOLS))[0])
        ops |= {node.op for node in twin.graph.nodes}
    assert moving > 100
    assert ops == set(Op)


def test_equal_formulas_are_one_node():
    graph = Graph()
    x, y = graph.symbol(0), graph.symbol(1)
    one = graph.unary(Op.EXP, graph.binary(Op.MULTIPLY, x, y))
    size = len(graph.nodes)
    two = graph.unary(Op.EXP, graph.binary(Op.MULTIPLY, y, x))
    assert one == two
    assert len(graph.nodes) == size


def test_operands_come_before_the_node_that_uses_them():
    twin = Twin(3)
    twin.formula(5)
    for number, node in enumerate(twin.graph.nodes):
        assert all(operand < number for operand in node.operands)


@pytest.mark.parametrize(
    ("op", "left", "right", "wanted"),
    [
        (Op.ADD, "x", 0.0, "x"),
        (Op.ADD, 0.0, "x", "x"),
        (Op.SUBTRACT, "x", 0.0, "x"),
        (Op.MULTIPLY, "x", 1.0, "x"),
        (Op.MULTIPLY, 0.0, "x", 0.0),
        (Op.DIVIDE, "x", 1.0, "x"),
        (Op.DIVIDE, 0.0, "x", 0.0),
        (Op.POWER, "x", 1.0, "x"),
        (Op.POWER, "x", 0.0, 1.0),
        (Op.ADD, 2.0, 3.0, 5.0),
        (Op.DIVIDE, 1.0, 4.0, 0.25),
    ],
)
def test_arithmetic_that_does_nothing_leaves_no_node(op, left, right, wanted):
    graph = Graph()
    nodes = [graph.symbol(0) if v == "x" else graph.constant(v) for v in (left, right, wanted)]
    assert graph.binary(op, *nodes[:2]) == nodes[2]


def test_a_division_by_zero_waits_for_run_time():
    graph = Graph()
    one, zero = graph.constant(1.0), graph.constant(0.0)
    assert graph.nodes[graph.binary(Op.DIVIDE, one, zero)].op is Op.DIVIDE


def test_double_negation_is_none():
    graph = Graph()
    x = graph.symbol(0)
    assert graph.unary(Op.NEGATE, graph.unary(Op.NEGATE, x)) == x


def test_a_choice_between_equals_is_no_choice():
    graph = Graph()
    x, y = graph.symbol(0), graph.symbol(1)
    assert graph.select(Op.SELECT_LESS, (x, y), y, y) == y


def test_small_whole_powers_are_products_and_large_ones_are_powers():
    graph = Graph()
    x = graph.symbol(0)
    graph.binary(Op.POWER, x, graph.constant(16.0))
    assert Op.POWER not in {node.op for node in graph.nodes}
    large = graph.binary(Op.POWER, x, graph.constant(17.0))
    assert graph.nodes[large].op is Op.POWER


def test_a_constant_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="not a number"):
        Graph().constant(math.nan)


def test_a_derivative_that_is_zero_is_left_out():
    graph = Graph()
    x, y = graph.symbol(0), graph.symbol(1)
    roots = [graph.unary(Op.EXP, x), graph.binary(Op.MULTIPLY, x, y), graph.constant(2.0)]
    found = derivatives(graph, roots, [0, 1])
    assert [sorted(slopes) for slopes in found] == [[0], [0, 1], []]
    assert found[0][0] == roots[0]


def test_dependents_follow_a_symbol_through_every_operand():
    graph = Graph()
    x, y = graph.symbol(0), graph.symbol(1)
    constant = graph.constant(2.0)
    inside = graph.unary(Op.EXP, x)
    chosen = graph.select(Op.SELECT_LESS, (inside, y), y, constant)
    assert dependents(graph.nodes, [0]) == {x, inside, chosen}
    assert dependents(graph.nodes, [1]) == {y, chosen}


def test_a_node_is_the_same_whatever_its_sign_of_zero():
    graph = Graph()
    assert graph.put(Node(Op.CONSTANT, value=-0.0)) == graph.constant(0.0)
