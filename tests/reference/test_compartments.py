"""The closed forms of compartments.py, against matrix exponentials, explicit doses, textbooks and NONMEM."""

import csv
import math
import os
import sys
from itertools import pairwise
from pathlib import Path

import mpmath
import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

sys.path.insert(0, str(Path(__file__).parent))

import compartments
from compartments import Dose, System, amounts, concentrations, unit_bolus, unit_infusion

ONE = System(clearance=4.0, volume=20.0)
ORAL = System(clearance=1.1, volume=20.0, absorption=1.5)
TWO = System(clearance=4.0, volume=20.0, peripherals=((6.0, 35.0),))
ORAL_TWO = System(clearance=4.0, volume=20.0, peripherals=((6.0, 35.0),), absorption=1.3)
THREE = System(clearance=3.0, volume=12.0, peripherals=((9.0, 18.0), (0.7, 60.0)))
ORAL_THREE = System(
    clearance=3.0, volume=12.0, peripherals=((9.0, 18.0), (0.7, 60.0)), absorption=0.6
)
TWINS = System(clearance=3.0, volume=12.0, peripherals=((2.0, 10.0), (4.0, 20.0)), absorption=0.6)
ALL = {
    "one": ONE,
    "one oral": ORAL,
    "two": TWO,
    "two oral": ORAL_TWO,
    "three": THREE,
    "three oral": ORAL_THREE,
    "three oral with equal peripherals": TWINS,
}
EVERY = pytest.mark.parametrize("system", ALL.values(), ids=ALL)
TIMES = (0.0, 1e-6, 1e-3, 0.1, 1.0, 3.7, 12.0, 40.0, 101.3)
PAST = 3000  # explicit doses in place of a steady state

# Lengths are sums of few powers of 2, so that equal intervals are equal in floating point.
STEADY = {
    "bolus": Dose(amount=100.0, interval=12.0),
    "bolus with fraction": Dose(amount=100.0, interval=12.0, fraction=0.375),
    "bolus with lag": Dose(amount=100.0, interval=12.0, lag=3.25),
    "bolus with lag of one interval": Dose(amount=100.0, interval=12.0, lag=12.0),
    "bolus with lag of many intervals": Dose(amount=100.0, interval=8.0, lag=27.5),
    "infusion of rate": Dose(amount=100.0, interval=12.0, rate=20.0),
    "infusion of rate with fraction": Dose(amount=100.0, interval=12.0, rate=20.0, fraction=0.5),
    "infusion of duration": Dose(amount=100.0, interval=12.0, duration=4.0),
    "infusion of duration with fraction": Dose(
        amount=100.0, interval=12.0, duration=4.0, fraction=0.5
    ),
    "infusion with lag": Dose(amount=100.0, interval=12.0, duration=4.0, lag=3.25),
    "infusion that runs at the record for its lag": Dose(
        amount=100.0, interval=12.0, duration=4.0, lag=10.5
    ),
    "infusion with lag of many intervals": Dose(amount=100.0, interval=8.0, rate=25.0, lag=27.5),
    "infusion as long as the interval": Dose(amount=100.0, interval=12.0, duration=12.0),
    "infusion as long as three intervals": Dose(amount=100.0, interval=8.0, duration=24.0),
    "infusion longer than the interval": Dose(amount=100.0, interval=8.0, duration=29.5),
    "infusion longer than the interval with all": Dose(
        amount=100.0, interval=8.0, rate=2.5, fraction=0.75, lag=21.25
    ),
}
EVERY_STEADY = pytest.mark.parametrize("dose", STEADY.values(), ids=STEADY)


def changed(dose, **new):
    return Dose(**{name: getattr(dose, name) for name in Dose.__dataclass_fields__} | new)


def inputs(dose, past=0):
    """(arrival, end or None, amount or rate) of every single dose of a record, with `past` doses before it."""
    for number in range(-past, dose.additional + 1):
        arrival = dose.time + number * dose.interval + dose.lag
        amount = dose.amount * dose.fraction
        if dose.rate:
            yield arrival, arrival + amount / dose.rate, dose.rate
        elif dose.duration:
            yield arrival, arrival + dose.duration, amount / dose.duration
        else:
            yield arrival, None, amount


def march(system, singles, times, into, side="before"):
    """Amounts by one matrix exponential after the other, from one change to the next."""
    into = system.names.index(into)
    size = len(system.names)
    changes = []  # time, order at that time, what happens, how much
    for arrival, end, strength in singles:
        changes.append((arrival, 1, "amount" if end is None else "rate", strength))
        if end is not None:
            changes.append((end, 1, "rate", -strength))
    changes += [
        (time, 0 if side == "before" else 2, "look", place) for place, time in enumerate(times)
    ]
    matrix = np.zeros((size + 1, size + 1))
    matrix[:size, :size] = system.matrix()
    steps, state, found = {}, np.zeros(size), np.zeros((len(times), size))
    changes.sort()
    running, before = [], changes[0][0]
    for time, _, what, value in changes:
        rate = math.fsum(running)
        if (key := (time - before, rate)) not in steps:
            matrix[into, size] = rate
            steps[key] = expm(matrix * key[0])
        state = (steps[key] @ [*state, 1.0])[:size]
        before = time
        if what == "look":
            found[value] = state
        elif what == "amount":
            state[into] += value
        elif value > 0.0:
            running.append(value)
        else:
            running.remove(-value)
    return found


def exact_matrix(system, into):
    """The matrix with all digits, built from the numbers; a constant input is one more state."""
    size, central = len(system.names), system.names.index("central")
    volume = mpmath.mpf(system.volume)
    a = mpmath.zeros(size + 1)
    a[central, central] = -system.clearance / volume
    for i, (flow, other) in enumerate(system.peripherals, start=central + 1):
        a[central, central] -= flow / volume
        a[i, central] = flow / volume
        a[i, i] = -flow / mpmath.mpf(other)
        a[central, i] = flow / mpmath.mpf(other)
    if system.absorption is not None:
        a[0, 0], a[central, 0] = -mpmath.mpf(system.absorption), mpmath.mpf(system.absorption)
    a[system.names.index(into), size] = 1
    return a


def exponential(system, into, time):
    """exp(A t) by Taylor and squaring, with so many digits that none is lost."""
    return mpmath.expm(exact_matrix(system, into) * time, method="taylor")


def agree(found, expected, relative, floor=0.0):
    """Relative to each number, or to `floor` of the largest one in its column."""
    found, expected = np.asarray(found), np.asarray(expected)
    size = np.maximum(np.abs(expected), floor * np.abs(expected).max(axis=0))
    assert np.all(np.abs(found - expected) <= relative * size)


def explicit(system, dose, times, past=PAST, side="before"):
    return march(system, inputs(dose, past), times, dose.compartment, side)


@EVERY
def test_a_bolus_is_a_matrix_exponential_to_13_digits(system):
    for index, name in enumerate(system.names):
        with mpmath.workdps(120):
            whole = [exponential(system, name, mpmath.mpf(time)) for time in TIMES]
        expected = [[float(one[i, index]) for i in range(len(system.names))] for one in whole]
        agree(unit_bolus(system, name, TIMES, side="after"), expected, 1e-13)


@EVERY
@pytest.mark.parametrize("duration", [0.3, 5.0])
def test_an_infusion_is_a_matrix_exponential_to_13_digits(system, duration):
    size = len(system.names)
    for name in system.names:
        expected = []
        with mpmath.workdps(120):
            for time in map(mpmath.mpf, TIMES):
                whole = exponential(system, name, time)
                rest = exponential(system, name, max(mpmath.mpf(0), time - mpmath.mpf(duration)))
                expected.append([float(whole[i, size] - rest[i, size]) for i in range(size)])
        agree(unit_infusion(system, name, duration, TIMES), expected, 1e-13)


def test_responses_are_nothing_before_time_zero_and_in_what_is_not_fed():
    assert not unit_bolus(ORAL_THREE, "depot", [-3.0, -1e-9, 0.0]).any()
    assert not unit_infusion(ORAL_THREE, "depot", 2.0, [-3.0, -1e-9, 0.0]).any()
    assert not unit_bolus(ORAL_THREE, "central", [0.5, 7.0])[:, 0].any()
    assert unit_bolus(ORAL_THREE, "depot", [0.0], side="after").tolist() == [[1.0, 0.0, 0.0, 0.0]]


def test_the_numerical_solution_of_the_differential_equations_agrees():
    doses = [
        Dose(time=0.0, amount=100.0, compartment="depot", lag=0.5, additional=2, interval=6.0),
        Dose(time=2.0, amount=50.0, duration=7.0),
        Dose(time=5.0, amount=30.0, rate=10.0, fraction=0.8, compartment="peripheral1"),
    ]
    steps = [(0.5, (0.0, 0.0)), (2.0, (50.0 / 7.0, 0.0)), (5.0, (50.0 / 7.0, 10.0)), (6.5, None)]
    steps += [(7.4, (50.0 / 7.0, 0.0)), (9.0, (0.0, 0.0)), (12.5, None), (20.0, None)]
    matrix, state, rates = ORAL_TWO.matrix(), np.zeros(3), (0.0, 0.0)
    for begin, end in pairwise([(0.0, (0.0, 0.0)), *steps]):
        rates = begin[1] or rates
        constant = np.array([0.0, *rates])
        state = solve_ivp(
            lambda _, y, constant=constant: matrix @ y + constant,
            (begin[0], end[0]),
            state,
            method="DOP853",
            rtol=1e-13,
            atol=1e-14,
        ).y[:, -1]
        agree(amounts(ORAL_TWO, doses, [end[0]])[0], state, 1e-10)
        if end[0] in {0.5, 6.5, 12.5}:
            state[0] += 100.0


@pytest.mark.parametrize("k", [0.2, 0.75])
def test_the_curve_of_bateman_holds_for_a_single_and_for_a_steady_oral_dose(k):
    ka, interval = 1.5, 8.0
    system = System(clearance=20.0 * k, volume=20.0, absorption=ka)
    t = np.array([0.25, 1.0, 2.5, 7.0])
    single = amounts(system, [Dose(amount=100.0, fraction=0.7, compartment="depot")], t)[:, 1]
    agree(single, 70.0 * ka / (ka - k) * (np.exp(-k * t) - np.exp(-ka * t)), 1e-13)
    dose = Dose(amount=70.0, compartment="depot", interval=interval, steady=1)
    parts = [np.exp(-rate * t) / (1.0 - np.exp(-rate * interval)) for rate in (k, ka)]
    steady = amounts(system, [dose], t)[:, 1]
    agree(steady, 70.0 * ka / (ka - k) * (parts[0] - parts[1]), 1e-13)


@pytest.mark.parametrize("nearness", [0.0, 1e-15, 1e-12, 1e-7, -1e-7])
def test_absorption_as_fast_as_elimination_loses_no_digits(nearness):
    k = 0.25
    ka = k * (1.0 + nearness)
    system = System(clearance=20.0 * k, volume=20.0, absorption=ka)
    t = np.array([1e-3, 0.25, 1.0, 2.5, 7.0, 60.0])
    found = unit_bolus(system, "depot", t)[:, 1]
    # (e^(-k t) - e^(-ka t)) / (ka - k) = t e^(-(k + ka) t / 2) sinhc((ka - k) t / 2)
    half = (ka - k) * t / 2.0
    agree(found, ka * t * np.exp(-(k + ka) / 2.0 * t) * (1.0 + half**2 / 6.0), 1e-13)


@pytest.mark.parametrize("into", ["depot", "central"])
def test_absorption_as_fast_as_a_rate_of_two_compartments_loses_no_digits(into):
    root = -np.linalg.eigvals(TWO.matrix()).max()
    times = (1e-5, 0.5, 3.0, 50.0)
    system = System(clearance=4.0, volume=20.0, peripherals=((6.0, 35.0),), absorption=root)
    with mpmath.workdps(120):
        whole = [exponential(system, into, mpmath.mpf(time)) for time in times]
    index = system.names.index(into)
    expected = [[float(one[i, index]) for i in range(3)] for one in whole]
    agree(unit_bolus(system, into, times), expected, 1e-13)


def test_textbook_steady_states_of_one_compartment_hold():
    k = 4.0 / 20.0
    bolus = Dose(amount=100.0, interval=6.0, steady=1)
    trough = 100.0 * math.exp(-k * 6.0) / (1.0 - math.exp(-k * 6.0))
    agree(amounts(ONE, [bolus], [0.0, 6.0]), [[trough], [trough]], 1e-13)
    agree(amounts(ONE, [bolus], [0.0], side="after"), [[trough + 100.0]], 1e-13)
    infusion = Dose(amount=100.0, duration=2.0, interval=6.0, steady=1)
    peak = 50.0 / k * (1.0 - math.exp(-k * 2.0)) / (1.0 - math.exp(-k * 6.0))
    agree(amounts(ONE, [infusion], [2.0])[:, 0], [peak], 1e-13)


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize(
    ("system", "into"),
    [(ONE, "central"), (ORAL_TWO, "depot"), (ORAL_TWO, "peripheral1"), (THREE, "central")],
    ids=["one", "two oral", "two beside", "three"],
)
@EVERY_STEADY
def test_a_steady_state_equals_many_explicit_doses(system, into, dose, side):
    times = [24.0, 24.25, 26.0, 28.0, 31.75, 36.0, 37.5, 48.0, 52.0, 66.5, 150.0]
    for additional in (0, 3):
        record = changed(dose, time=24.0, compartment=into, steady=1, additional=additional)
        expected = explicit(system, record, times, side=side)
        agree(amounts(system, [record], times, side=side), expected, 2e-11)


@EVERY
@pytest.mark.parametrize("duration", [None, 0.5, 4.0, 12.0, 24.0, 29.5])
def test_a_steady_state_is_a_geometric_series_of_matrices_to_13_digits(system, duration):
    interval, size = 12.0, len(system.names)
    for index, name in enumerate(system.names):
        with mpmath.workdps(120):
            length = duration or 0.0
            whole = int(length // interval)  # the last that may still run
            decay = exponential(system, name, (whole + 1) * interval - length)[:size, :size]
            one = exponential(system, name, length)[:size, index if duration is None else size]
            period = exponential(system, name, interval)[:size, :size]
            total = mpmath.lu_solve(mpmath.eye(size) - period, decay * one)
            for number in range(1, whole + 1):
                total += exponential(system, name, number * interval)[:size, size]
        dose = Dose(
            amount=duration or 1.0,
            duration=duration or 0.0,
            compartment=name,
            interval=interval,
            steady=1,
        )
        expected = [float(total[i]) for i in range(size)]
        agree(amounts(system, [dose], [0.0])[0], expected, 1e-13)


@EVERY_STEADY
def test_a_steady_state_repeats_itself(dose):
    record = changed(dose, steady=1, additional=40, compartment="depot")
    offsets = np.array([0.125, 1.0, 3.0, 3.75, 5.5, 7.875])
    late = amounts(ORAL_THREE, [record], offsets + 30 * dose.interval)
    agree(amounts(ORAL_THREE, [record], offsets), late, 1e-13)


@EVERY_STEADY
def test_a_steady_state_has_the_mean_that_clearance_gives(dose):
    record = changed(dose, steady=1, additional=5)
    arrived = dose.amount * dose.fraction
    edges = {0.0, dose.interval}
    for arrival, end, _ in inputs(record, past=20):
        edges |= {x for x in (arrival, end) if x is not None and 0.0 < x < dose.interval}
    area = sum(integral(TWO, [record], a, b) for a, b in pairwise(sorted(edges)))
    agree(area, arrived / TWO.clearance, 1e-12)


def integral(system, doses, begin, end):
    """Area under the concentration where it is smooth, by many points of Gauss."""
    nodes, weights = np.polynomial.legendre.leggauss(24)
    half = (end - begin) / 2.0
    times = begin + half * (1.0 + nodes)
    return half * float(weights @ concentrations(system, doses, times))


def test_what_went_in_is_still_there_or_has_been_cleared():
    doses = [
        Dose(time=0.0, amount=100.0, compartment="depot", lag=0.5, additional=2, interval=6.0),
        Dose(time=2.0, amount=50.0, duration=7.0),
        Dose(time=5.0, amount=30.0, rate=10.0, fraction=0.8, compartment="peripheral2"),
    ]
    edges = [0.0, 0.5, 2.0, 5.0, 6.5, 7.4, 9.0, 12.5, 16.0, 20.0]
    arrived = [0.0, 0.0, 100.0, 100.0 + 50.0 * 3.0 / 7.0, 115.0 + 50.0 * 4.5 / 7.0]
    arrived += [224.0 + 50.0 * 5.4 / 7.0, 274.0, 274.0, 374.0, 374.0]
    cleared = 0.0
    for (begin, end), total in zip(pairwise(edges), arrived[1:], strict=True):
        cleared += ORAL_THREE.clearance * integral(ORAL_THREE, doses, begin, end)
        agree(amounts(ORAL_THREE, doses, [end]).sum() + cleared, total, 1e-12)


def test_a_steady_record_wipes_what_was_there_running_and_pending():
    before = [
        Dose(time=0.0, amount=70.0, compartment="depot"),
        Dose(time=1.0, amount=60.0, additional=9, interval=5.0),
        Dose(time=2.0, amount=90.0, duration=40.0),
        Dose(time=3.0, amount=80.0, lag=30.0),
        Dose(time=4.0, amount=10.0, duration=30.0, interval=8.0, steady=2),
        Dose(time=20.0, amount=30.0),
    ]
    steady = Dose(time=20.0, amount=100.0, compartment="depot", interval=12.0, steady=1, lag=1.5)
    after = [Dose(time=20.0, amount=25.0), Dose(time=26.0, amount=35.0, rate=5.0)]
    late = [20.0, 21.0, 25.0, 33.0, 34.0, 50.0]
    found = amounts(ORAL_TWO, [*before, steady, *after], late)
    assert np.array_equal(found, amounts(ORAL_TWO, [steady, *after], late))
    early = [0.0, 1.0, 7.0, 19.9]
    found = amounts(ORAL_TWO, [*before, steady, *after], early)
    assert np.array_equal(found, amounts(ORAL_TWO, before, early))


def test_a_steady_state_of_kind_2_is_added_and_wipes_nothing():
    before = [
        Dose(time=0.0, amount=70.0, compartment="depot", additional=9, interval=5.0),
        Dose(time=2.0, amount=90.0, duration=40.0),
    ]
    for dose in STEADY.values():
        steady = changed(dose, time=20.0, steady=2, additional=2)
        late = np.array([20.0, 20.5, 21.0, 25.0, 33.0, 34.0, 50.0])
        alone = explicit(ORAL_TWO, steady, late)
        agree(
            amounts(ORAL_TWO, [*before, steady], late),
            amounts(ORAL_TWO, before, late) + alone,
            1e-11,
        )
        early = [0.0, 1.0, 7.0, 19.9]
        found = amounts(ORAL_TWO, [*before, steady], early)
        assert np.array_equal(found, amounts(ORAL_TWO, before, early))


def random_dose(draw, system, time, steady):
    """Any dose; lengths are multiples of 1/4, so that times are exact in floating point."""
    interval = float(draw.integers(16, 49)) / 4.0
    kind = draw.integers(3)
    return Dose(
        time=time,
        amount=float(draw.integers(1, 100)),
        compartment=str(draw.choice(system.names)),
        rate=2.0 if kind == 1 else 0.0,
        duration=float(draw.integers(1, 120)) / 4.0 if kind == 2 else 0.0,
        lag=float(draw.integers(0, 80)) / 4.0 * float(draw.integers(2)),
        fraction=float(draw.integers(1, 9)) / 8.0,
        additional=int(draw.integers(5)),
        interval=interval,
        steady=steady,
    )


@pytest.mark.parametrize("seed", range(20))
def test_any_regimen_equals_its_explicit_doses(seed):
    draw = np.random.default_rng(seed)
    system = list(ALL.values())[seed % len(ALL)]
    records = np.sort(draw.integers(0, 160, 6)) / 4.0
    kinds = draw.choice([0, 0, 1, 2], 6).tolist()
    doses = [
        random_dose(draw, system, float(t), kind) for t, kind in zip(records, kinds, strict=True)
    ]
    times = np.sort(draw.integers(0, 400, 60)) / 4.0
    for side in ("before", "after"):
        expected = np.zeros((len(times), len(system.names)))
        for number, dose in enumerate(doses):
            later = [other.time for other in doses[number + 1 :] if other.steady == 1]
            here = (times >= dose.time) & (times < min(later, default=math.inf))
            past = PAST if dose.steady else 0
            expected += here[:, None] * explicit(system, dose, times, past=past, side=side)
        agree(amounts(system, doses, times, side=side), expected, 1e-11, floor=1e-9)


@pytest.mark.parametrize("steady", [1, 2])
def test_an_endless_infusion_has_reached_its_plateau_and_stops_at_the_record(steady):
    record = Dose(time=10.0, rate=12.0, steady=steady)
    times = [9.9, 10.0, 10.5, 14.0, 60.0]
    found = amounts(THREE, [record], times)
    assert not found[0].any()
    plateau = 12.0 / THREE.clearance
    volumes = np.array([12.0, 18.0, 60.0])
    agree(found[1], plateau * volumes, 1e-13)
    after = [expm(THREE.matrix() * (time - 10.0)) @ (plateau * volumes) for time in times[1:]]
    agree(found[1:], after, 1e-12)
    long = [Dose(time=10.0 - 20000.0, amount=12.0 * 20000.0, rate=12.0)]
    agree(found[1:], amounts(THREE, long, times[1:]), 1e-13)


def test_additional_doses_are_doses_of_their_own():
    shapes = [{}, {"rate": 3.0}, {"duration": 30.0}, {"duration": 8.0}]
    times = np.linspace(0.0, 130.0, 53)
    for shape in shapes:
        one = Dose(time=1.5, amount=90.0, lag=2.25, fraction=0.8, compartment="depot", **shape)
        many = changed(one, additional=9, interval=8.0)
        singles = [changed(one, time=1.5 + 8.0 * number) for number in range(10)]
        for side in ("before", "after"):
            expected = amounts(ORAL_THREE, singles, times, side=side)
            agree(amounts(ORAL_THREE, [many], times, side=side), expected, 1e-13)
        marched = explicit(ORAL_THREE, many, times, past=0)
        agree(amounts(ORAL_THREE, [many], times), marched, 1e-12, floor=1e-9)


def test_a_fraction_shortens_an_infusion_of_rate_and_thins_one_of_duration():
    times = np.linspace(0.0, 30.0, 31)
    by_rate = Dose(amount=100.0, rate=10.0, fraction=0.5)
    by_duration = Dose(amount=100.0, duration=10.0, fraction=0.5)
    shorter = amounts(TWO, [Dose(amount=50.0, rate=10.0)], times)
    thinner = amounts(TWO, [Dose(amount=50.0, duration=10.0)], times)
    assert np.array_equal(amounts(TWO, [by_rate], times), shorter)
    assert np.array_equal(amounts(TWO, [by_duration], times), thinner)
    assert not amounts(TWO, [changed(by_rate, fraction=0.0)], times).any()


def test_a_value_at_an_arrival_is_the_one_before_it_unless_asked_otherwise():
    dose = Dose(time=0.1, amount=100.0, lag=0.2, additional=29, interval=0.7)
    for number in range(30):
        arrival = 0.1 + number * 0.7 + 0.2  # rounded in its own way
        before = amounts(ONE, [dose], [arrival])[0, 0]
        after = amounts(ONE, [dose], [arrival], side="after")[0, 0]
        agree(after - before, 100.0, 1e-12)
    steady = Dose(time=12.0, amount=100.0, interval=12.0, steady=1)
    values = [amounts(ONE, [steady], [12.0], side=x)[0, 0] for x in ("left", "before", "after")]
    assert values[0] == 0.0 < values[1] < values[2]
    agree(values[2] - values[1], 100.0, 1e-13)


def test_the_order_of_doses_and_times_does_not_matter():
    doses = [Dose(time=float(n), amount=10.0 + n, rate=3.0 * (n % 2), lag=0.3) for n in range(9)]
    times = np.linspace(0.0, 20.0, 41)
    straight = amounts(ORAL_TWO, doses, times)
    assert np.array_equal(amounts(ORAL_TWO, doses[::-1], times), straight)
    assert np.array_equal(amounts(ORAL_TWO, doses, times[::-1]), straight[::-1])


def test_floating_point_and_all_digits_give_the_same(monkeypatch):
    times = np.linspace(0.05, 150.0, 60)
    doses = [changed(dose, time=5.0, steady=2, compartment="depot") for dose in STEADY.values()]
    rough = amounts(ORAL_THREE, doses, times)
    monkeypatch.setattr(compartments, "_rough_sums", lambda *_: None)
    agree(amounts(ORAL_THREE, doses, times), rough, 5e-14)


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": -1.0},
        {"amount": math.nan},
        {"time": math.inf},
        {"rate": 1.0, "duration": 1.0},
        {"additional": 2},
        {"amount": 1.0, "steady": 1},
        {"steady": 3, "interval": 1.0},
    ],
)
def test_a_dose_without_a_meaning_is_refused(wrong):
    with pytest.raises(ValueError, match=r"dose|rate|interval"):
        Dose(**wrong)


def test_a_system_without_a_steady_state_is_refused():
    with pytest.raises(ValueError, match="positive"):
        System(clearance=0.0, volume=1.0)
    with pytest.raises(ValueError, match="positive"):
        System(clearance=1.0, volume=1.0, peripherals=((1.0, math.inf),))


def data(name):
    """Rows of a file of outside data; skips without it."""
    root = Path(__file__).resolve().parents[2]
    folder = Path(os.environ.get("RAPHE_DATA") or root.parent / "shared" / "data")
    if not (folder / name).is_file():
        pytest.skip(f"outside data: no {name} in RAPHE_DATA or ../shared/data")
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def nonmem_dose(row):
    """The dose of an event record; MODE says where rate or duration come from."""
    modeled = {
        "0": {"rate": float(row["rate"])},
        "1": {"rate": float(row["RAT2"])},
        "2": {"duration": float(row["DUR2"])},
    }
    into = {"1": "depot", "2": "central"}[row["cmt"]]
    central = into == "central"
    return Dose(
        time=float(row["time"]),
        amount=float(row["amt"]),
        compartment=into,
        lag=float(row["LAGT"]) if central else 0.0,
        fraction=float(row["BIOAV"]) if central else 1.0,
        additional=int(row["addl"]),
        interval=float(row["ii"]),
        steady=int(row["ss"]),
        **modeled[row["MODE"]],
    )


@pytest.mark.parametrize("scenario", range(1, 15))
def test_every_number_that_nonmem_printed_is_met_to_its_last_digit(scenario):
    rows = [row for row in data("dosing-records.csv") if row["ID"] == str(scenario)]
    printed = [row for row in data("dosing-nonmem.csv") if row["ID"] == str(scenario)]
    assert [row["time"] for row in rows] == [row["TIME"] for row in printed]
    assert len(rows) > 100
    doses = [nonmem_dose(row) for row in rows if row["evid"] == "1"]
    times = [float(row["time"]) for row in rows]
    found = 1000.0 * concentrations(ORAL, doses, times, side="after")
    wrong = [
        (row["TIME"], row["CP"], value)
        for row, value in zip(printed, found, strict=True)
        if float(f"{value:.5g}") != float(row["CP"])
    ]
    assert not wrong
