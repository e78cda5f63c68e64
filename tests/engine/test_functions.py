"""The functions of formulas as machine code: within 2 units in the last place of mpmath, for every width.

They are called through the settings of a kernel, which hand back whatever comes out.
"""

import math

import mpmath
import numpy as np
import pytest

from raphe.engine.solve import settings_of

FORMULAS = {
    "f_exp": "exp(x)",
    "f_ln": "ln(x)",
    "f_tanh": "tanh(x)",
    "f_power": "x ^ z",
    "f_two": "2 ^ x",
    "f_sqrt": "sqrt(x)",
    "f_root": "x ^ half",
    "f_cube": "x ^ 3",
    "f_abs": "abs(x)",
    "f_min": "min(x, z)",
    "f_max": "max(x, z)",
    "f_less": "if(x < z, 1, 2)",
    "f_less_equal": "if(x <= z, 1, 2)",
    "f_more": "if(x > z, 1, 2)",
    "f_more_equal": "if(x >= z, 1, 2)",
}
WIDTHS = [1, 2, 4, 8]
POINTS = 5000
INF, NAN = math.inf, math.nan
TINY = 5e-324
SMALLEST_NORMAL = 2.0**-1022
LARGEST = np.finfo(float).max
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -2.0, 3.0, TINY, -TINY, SMALLEST_NORMAL, 1e-310, LARGEST]
SPECIAL += [-LARGEST, INF, -INF, NAN, 709.782712893384, 709.7827128933841, -745.13, -745.14, 1e300]


@pytest.fixture(scope="module")
def call(engine, module):
    """Value of a formula at many points."""
    body = "species depot : mg; derivative depot = -rate * depot;\n"
    for name, formula in FORMULAS.items():
        body += f"quantity {name} : dimensionless = {formula};\n"
        body += f"route by_{name} into depot fraction {name};\n"
    numbers = {"rate": "1 1/h", "x": "1 dimensionless", "z": "1 dimensionless"}
    text = module(body, half="0.5 dimensionless", **numbers)

    def evaluate(name, x, z=1.0, width=8):
        kernel = engine.build(text, outputs=("depot",), width=width)
        x = np.asarray(x, dtype=float)
        parameters = engine.parameters(kernel, len(x), x=x, z=z)
        settings = settings_of(kernel, parameters)
        return settings[:, kernel.program.layout.settings.index(name)]

    return evaluate


def units_off(found, exact):
    """Largest distance from exact values (mpmath), in units in the last place of the nearest double."""
    worst = 0.0
    for one, true in zip(found.tolist(), exact, strict=True):
        nearest = float(true)
        if math.isinf(nearest):
            assert one == nearest
            continue
        assert math.isfinite(one)
        worst = max(worst, float(abs(mpmath.mpf(one) - true) / math.ulp(nearest)))
    return worst


def random_points(kind):
    random = np.random.default_rng(2026)
    x, z = np.empty(POINTS), random.normal(0.0, 5.0, POINTS)
    half = POINTS // 2
    if kind == "exp":
        x[:half] = random.uniform(-746.0, 709.7, half)
        x[half:] = random.normal(0.0, 1.0, half) * 10.0 ** random.uniform(-300, 0, half)
    elif kind == "two":
        x[:half] = random.uniform(-1075.0, 1023.99, half)
        x[half:] = random.normal(0.0, 1.0, half) * 10.0 ** random.uniform(-300, 0, half)
    elif kind == "tanh":
        x[:half] = random.uniform(-2.0, 2.0, half)
        x[half:] = random.normal(0.0, 6.0, half) * random.choice([1.0, 1e-3, 1e-200], half)
    elif kind == "ln":
        x[:half] = 10.0 ** random.uniform(-323.0, 308.0, half)
        # where the series is longest, and where the result is small
        x[half:] = 1.0 + random.uniform(-0.3, 0.45, half) * random.choice([1.0, 1e-2, 1e-9], half)
    else:
        x[:half] = np.exp(random.uniform(-5.0, 5.0, half))
        x[half:] = 10.0 ** random.uniform(-320.0, 308.0, half)
        z[half:] = random.uniform(-330.0, 308.0, half) / np.log10(x[half:])
    return x, z


EXACT = {
    "exp": lambda x, z: mpmath.exp(x),
    "ln": lambda x, z: mpmath.log(x),
    "tanh": lambda x, z: mpmath.tanh(x),
    "two": lambda x, z: mpmath.power(2, x),
    "power": mpmath.power,
}


@pytest.mark.parametrize("name", EXACT)
def test_a_function_is_within_two_units_of_the_exact_value(call, name):
    x, z = random_points(name)
    found = call(f"f_{name}", x, z)
    with mpmath.workprec(160):
        pairs = zip(x.tolist(), z.tolist(), strict=True)
        exact = [EXACT[name](mpmath.mpf(a), mpmath.mpf(b)) for a, b in pairs]
        assert units_off(found, exact) <= 2.0


@pytest.mark.parametrize("name", FORMULAS)
def test_every_width_gives_the_same_bits(call, name):
    x = np.concatenate([np.repeat(SPECIAL, len(SPECIAL)), *(random_points(k)[0] for k in EXACT)])
    z = np.resize(np.concatenate([SPECIAL, random_points("power")[1]]), len(x))
    bits = []
    for width in WIDTHS:
        found = call(name, x, z, width)
        bits.append(np.where(np.isnan(found), NAN, found).tobytes())  # one NaN for all
    assert len(set(bits)) == 1


def same(found, wanted):
    for one, other in zip(found.tolist(), wanted, strict=True):
        assert (math.isnan(one) and math.isnan(other)) or one == other


@pytest.mark.parametrize(
    ("name", "x", "wanted"),
    [
        (
            "f_exp",
            [0.0, -0.0, INF, -INF, NAN, 710.0, -746.0, 1e308],
            [1, 1, INF, 0, NAN, INF, 0, INF],
        ),
        ("f_ln", [1.0, 0.0, -0.0, INF, -1.0, -TINY, -INF, NAN], [0, -INF, -INF, INF] + [NAN] * 4),
        ("f_tanh", [0.0, INF, -INF, NAN, 1e308, -30.0, TINY], [0, 1, -1, NAN, 1, -1, TINY]),
        (
            "f_two",
            [0.0, -0.0, 10.0, -1074.0, INF, -INF, NAN, 1024.0, -1076.0, 1e308],
            [1, 1, 1024, TINY, INF, 0, NAN, INF, 0, INF],
        ),
        ("f_sqrt", [0.0, 4.0, INF, -1.0, -INF, NAN], [0, 2, INF, NAN, NAN, NAN]),
        ("f_abs", [0.0, -3.0, -INF, NAN, -TINY], [0, 3, INF, NAN, TINY]),
        ("f_cube", [2.0, -3.0, INF, -INF, NAN, 1e-120], [8, -27, INF, -INF, NAN, 0]),
    ],
)
def test_the_edges_of_a_function_of_one_number_are_exact(call, name, x, wanted):
    for width in WIDTHS:
        same(call(name, x, width=width), wanted)


def test_the_sign_of_a_zero_survives_tanh(call):
    assert np.signbit(call("f_tanh", [0.0, -0.0])).tolist() == [False, True]


@pytest.mark.parametrize(
    ("x", "z", "wanted"),
    [
        (0.0, 0.0, 1.0),
        (0.0, 2.5, 0.0),
        (0.0, -2.5, INF),
        (1.0, 1e308, 1.0),
        (1.0, INF, NAN),
        (INF, 0.0, 1.0),
        (INF, 0.5, INF),
        (INF, -0.5, 0.0),
        (0.5, INF, 0.0),
        (0.5, -INF, INF),
        (2.0, INF, INF),
        (2.0, -INF, 0.0),
        (2.0, 1023.0, 2.0**1023),
        (2.0, 1024.0, INF),
        (2.0, -1074.0, TINY),
        (2.0, -1080.0, 0.0),
        (TINY, 1.0, TINY),
        (LARGEST, 1.0, LARGEST),
        (10.0, 5.0, 1e5),
        (-1.0, 2.0, 1.0),
        (-2.0, 3.0, -8.0),
        (-2.0, -3.0, -0.125),
        (-10.0, 4.0, 1e4),
        (-2.0, 0.0, 1.0),
        (-INF, 3.0, -INF),
        (-INF, -2.0, 0.0),
        (-TINY, 1.0, -TINY),
        (-2.0, 0.5, NAN),
        (-2.0, 1e-300, NAN),
        (-1.0, 2.0**50 + 0.5, NAN),
        (-INF, 0.5, NAN),
        (-1.0, INF, NAN),
        (-1.0, NAN, NAN),
        (NAN, 1.0, NAN),
        (2.0, NAN, NAN),
    ],
)
def test_the_edges_of_a_power_are_exact(call, x, z, wanted):
    for width in WIDTHS:
        same(call("f_power", [x], z, width), [wanted])


def test_square_roots_are_correctly_rounded(call):
    x = 10.0 ** np.random.default_rng(1).uniform(-323.0, 308.0, POINTS)
    assert np.array_equal(call("f_sqrt", x), np.sqrt(x))


def test_a_subnormal_number_has_its_logarithm(call):
    x = [TINY, 1e-310, SMALLEST_NORMAL, 3 * TINY]
    with mpmath.workprec(160):
        assert units_off(call("f_ln", x), [mpmath.log(mpmath.mpf(one)) for one in x]) <= 2.0


X, Z = (part.ravel() for part in np.meshgrid([-1.0, 0.0, 2.0, INF, -INF], [-1.0, 0.0, 2.0, INF]))


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("f_min", np.minimum(X, Z)),
        ("f_max", np.maximum(X, Z)),
        ("f_less", np.where(X < Z, 1.0, 2.0)),
        ("f_less_equal", np.where(X <= Z, 1.0, 2.0)),
        ("f_more", np.where(X > Z, 1.0, 2.0)),
        ("f_more_equal", np.where(X >= Z, 1.0, 2.0)),
    ],
)
def test_comparisons_choose_as_they_say(call, name, wanted):
    for width in WIDTHS:
        assert np.array_equal(call(name, X, Z, width), wanted)


@pytest.mark.parametrize("name", ["f_min", "f_max"])
@pytest.mark.parametrize(("x", "z"), [(NAN, 1.0), (1.0, NAN), (NAN, NAN), (NAN, INF), (-INF, NAN)])
def test_the_smaller_and_the_larger_hand_on_what_is_no_number(call, name, x, z):
    assert np.isnan(call(name, [x], z)).all()


@pytest.mark.parametrize("name", ["f_less", "f_less_equal", "f_more", "f_more_equal"])
@pytest.mark.parametrize(("x", "z"), [(NAN, 1.0), (1.0, NAN), (NAN, NAN)])
def test_a_comparison_with_what_is_no_number_is_false(call, name, x, z):
    assert call(name, [x], z)[0] == 2.0
