"""GABA-A receptors: seven-state kinetics and the allosteric scheme, against another integration and closed forms.

The table of expected numbers was computed by others from the published rates (matrix exponentials). It does not say how
long the charge of a synaptic current was counted; 0.58 s gives all five of its values. What is checked beside it needs
no table: sums, eigenvalues, detailed balance, and the exact shift of the equilibrium.
"""

import numpy as np
import pytest
from scipy.optimize import brentq

from raphe.engine.solve import Options
from raphe.language.expression import evaluate

SECOND = 1.0 / 3600.0
COUNTED = 0.581  # s
OPTIONS = Options(relative=1e-9, absolute=1e-12)
STATES = (
    *("free", "bound_one", "bound_two", "open_one"),
    *("open_two", "desensitized_one", "desensitized_two"),
)
# name: changed rates; EC50 of the peak, peak of the synaptic current, its tau in ms, its peak at 30 uM, tonic current
TABLE = {
    "base": ({}, 39.5, 0.594, 83.0, 0.0224, 0.0085),
    "unbinding / 2": (
        {"unbinding_ratio": 2.0},
        39.5 * 0.79,
        0.594 * 1.02,
        83 * 1.57,
        0.0244,
        0.0169,
    ),
    "unbinding / 3": (
        {"unbinding_ratio": 3.0},
        39.5 * 0.72,
        0.594 * 1.03,
        83 * 1.90,
        0.0253,
        0.0237,
    ),
    "opening x 2": ({"opening_two": 2.0}, 39.5 * 0.72, 0.594 * 1.21, 83 * 1.54, 0.0233, 0.01275),
    "binding x 2": ({"binding": 2.0}, 39.5 * 0.50, 0.594 * 1.12, 83 * 1.03, 0.0477, 0.0173),
}


@pytest.fixture(scope="module")
def kinetics(alone):
    return alone("gabaa_jones_westbrook")


def people(runner, changes, **rows):
    """Subjects with changed rates (as factors) and, in each row, an experiment; times of it in ms."""
    count = max(len(np.atleast_1d(values)) for values in rows.values())
    table = np.repeat(runner.defaults(), count, axis=0)
    for name, factor in changes.items():
        table[:, runner.names.index(name)] *= factor
    for name, values in rows.items():
        scale = SECOND / 1000 if name in ("begin", "length") else 1.0
        if name == "concentration":
            scale = table[0, runner.names.index(name)] / 1000.0
        table[:, runner.names.index(name)] = np.asarray(values) * scale
    return table


def opened(runner, table, seconds):
    outcome = runner.run(table, np.asarray(seconds) * SECOND, options=OPTIONS)
    return runner.values(outcome, "open")


@pytest.mark.parametrize("name", TABLE)
def test_synaptic_current_and_tonic_current(kinetics, name):
    changes, _, peak, tau, low_peak, tonic = TABLE[name]
    times = np.concatenate([np.arange(0.0, 0.02, 2e-5), np.geomspace(0.02, 60.0, 3000)])
    table = people(kinetics, changes, concentration=[1000.0, 30.0, 1.0], length=[1.0, 1.0, 1e6])
    synaptic, low, steady = opened(kinetics, table, times)
    assert synaptic.max() == pytest.approx(peak, rel=0.02)
    assert low.max() == pytest.approx(low_peak, rel=0.02)
    counted = times <= COUNTED
    area = np.trapezoid(synaptic[counted], times[counted])
    assert 1000 * area / synaptic.max() == pytest.approx(tau, rel=0.02)
    assert np.interp(1.001, times, steady) == pytest.approx(tonic, rel=0.03)


@pytest.mark.parametrize("name", TABLE)
def test_half_maximal_concentration_of_a_fast_step(kinetics, name):
    changes, half, *_ = TABLE[name]
    levels = np.geomspace(3.0, 3e5, 201)
    table = people(kinetics, changes, concentration=levels, length=100.0)
    peaks = opened(kinetics, table, np.arange(0.0009, 0.1, 1e-4)).max(axis=1)
    found = np.exp(np.interp(0.5 * peaks.max(), peaks, np.log(levels)))
    assert found == pytest.approx(half, rel=0.05)


def rates_of(kinetics, gaba, ratio):
    """Matrix of the scheme at constant GABA, from the formulas of the model: column to row, 1/s."""
    values = {p.name: p.value.base for p in kinetics.model.parameters}
    values |= {"unbinding_ratio": ratio, "time": 0.0}
    values["gaba"] = gaba * values["concentration"] / 1000.0
    matrix = np.empty((7, 7))
    slopes = {one.species: one.rate for one in kinetics.model.derivatives}
    for column in range(7):
        state = {name: float(i == column) for i, name in enumerate(STATES)}
        known = {**values, **state}
        for quantity in kinetics.model.quantities:
            known[quantity.name] = evaluate(quantity.formula, known)
        matrix[:, column] = [evaluate(slopes[name], known) * SECOND for name in STATES]
    return matrix


def equilibrium(kinetics, gaba, ratio):
    """Open fraction after endless time: the null vector of the matrix."""
    matrix = rates_of(kinetics, gaba, ratio)
    matrix[0] = 1.0
    found = np.linalg.solve(matrix, np.eye(7)[0])
    return found[3] + found[4]


def test_slower_unbinding_shifts_the_equilibrium_by_exactly_its_factor(kinetics):
    halves = []
    for ratio in (1.0, 2.0):
        most = equilibrium(kinetics, 1e12, ratio)
        halves.append(
            brentq(
                lambda gaba, ratio=ratio, most=most: equilibrium(kinetics, gaba, ratio) - most / 2,
                1e-6,
                1e4,
                xtol=1e-14,
            )
        )
    assert halves[0] / halves[1] == pytest.approx(2.0, abs=1e-6)


@pytest.mark.parametrize("gaba", [0.1, 1.0, 30.0, 1000.0])
def test_states_add_up_and_decay_without_swinging(kinetics, gaba):
    eigenvalues = np.linalg.eigvals(rates_of(kinetics, gaba, 1.0))
    assert np.abs(eigenvalues.imag).max() <= 1e-9 * np.abs(eigenvalues).max()
    assert eigenvalues.real.max() <= 1e-9 * np.abs(eigenvalues).max()
    times = np.geomspace(1e-4, 10.0, 50)
    table = people(kinetics, {}, concentration=[gaba], length=[1000.0])
    outcome = kinetics.run(table, times * SECOND, options=OPTIONS)
    assert kinetics.values(outcome, "all_states") == pytest.approx(1.0, abs=1e-10)


def test_the_engine_follows_the_matrix_exponential(kinetics):
    gaba, stop = 100.0, 0.01
    values, vectors = np.linalg.eig(rates_of(kinetics, gaba, 1.0))
    weights = np.linalg.solve(vectors, np.eye(7)[0])
    state = (vectors @ (weights * np.exp(values * stop))).real
    table = people(kinetics, {}, concentration=[gaba], length=[1e6])
    outcome = kinetics.run(table, [(stop + 0.001) * SECOND], options=OPTIONS)
    mine = [kinetics.values(outcome, name)[0, 0] for name in STATES]
    assert mine == pytest.approx(state, abs=1e-8)


# --- the gains of the chain against the full scheme


@pytest.mark.parametrize("occupancy", [0.0, 0.1, 0.25, 0.5, 1.0])
@pytest.mark.parametrize(("ratio", "phasic", "tonic"), [(2.0, 1.53, 1.99), (3.0, 1.82, 2.79)])
def test_gains_that_are_linear_in_occupancy_follow_the_full_scheme(
    kinetics, occupancy, ratio, phasic, tonic
):
    """A receptor has the drug on it or not, so a mixture is linear; the largest ratios are those of gabaa_gains."""
    times = np.concatenate([np.arange(0.0, 0.02, 2e-5), np.geomspace(0.02, 0.501, 600)])
    table = people(
        kinetics,
        {},
        concentration=[1000.0, 1000.0, 1.0, 1.0],
        length=[1.0, 1.0, 1e6, 1e6],
        unbinding_ratio=[1.0, ratio, 1.0, ratio],
    )
    curves = opened(kinetics, table, np.append(times, 1.001))
    charge = np.trapezoid(curves[:2, :-1], times, axis=1)
    late = curves[2:, -1]
    for (without, drugged), most in ((charge, phasic), (late, tonic)):
        full = ((1.0 - occupancy) * without + occupancy * drugged) / without
        assert full == pytest.approx(1.0 + occupancy * (most - 1.0), rel=0.02)


# --- the allosteric scheme


@pytest.fixture(scope="module")
def allosteric(alone):
    return alone("gabaa_rusch_forman")


def opening(allosteric, gaba, occupancy, stabilization):
    levels = np.atleast_1d(gaba)
    table = np.repeat(allosteric.defaults(), len(levels), axis=0)
    unit = table[0, allosteric.names.index("gaba")]  # 1 uM
    table[:, allosteric.names.index("gaba")] = levels * unit
    table[:, allosteric.names.index("occupancy")] = occupancy
    table[:, allosteric.names.index("stabilization")] = stabilization
    return allosteric.values(allosteric.run(table, [0.0]), "open")[:, 0]


def half_of(allosteric, occupancy, stabilization):
    most = opening(allosteric, 1e9, occupancy, stabilization)[0]
    least = opening(allosteric, 0.0, occupancy, stabilization)[0]
    return brentq(
        lambda gaba: opening(allosteric, gaba, occupancy, stabilization)[0] - (most + least) / 2,
        1e-3,
        1e4,
    ), most


@pytest.mark.parametrize(
    ("stabilization", "shift", "most", "low"),
    [(0.34, 1.87, 1.15, 2.9), (0.30, 2.0, 1.16, 3.3), (0.5, 1.5, 1.11, 2.0)],
)
def test_the_allosteric_scheme_gives_the_table(allosteric, stabilization, shift, most, low):
    half, top = half_of(allosteric, 0.0, 1.0)
    assert half == pytest.approx(48.0, rel=0.02)
    assert top == pytest.approx(0.80, rel=0.01)
    drugged, higher = half_of(allosteric, 1.0, stabilization)
    assert half / drugged == pytest.approx(shift, rel=0.02)
    assert higher / top == pytest.approx(most, rel=0.01)
    little = opening(allosteric, 1e-3, 1.0, stabilization) / opening(allosteric, 1e-3, 0.0, 1.0)
    assert little[0] == pytest.approx(low, rel=0.02)


def test_the_allosteric_scheme_keeps_detailed_balance(allosteric):
    """GABA eases opening by (bound open / bound closed)^2, whether the drug is there or not."""
    levels = np.geomspace(0.1, 1e4, 7)
    ratios = [1.0 / opening(allosteric, levels, share, 0.34) - 1.0 for share in (0.0, 1.0)]
    assert ratios[1] / ratios[0] == pytest.approx(0.34, rel=1e-9)
