"""Nothing goes wrong in silence: faults are told and stay alone, grids and edges change nothing else."""

import hashlib

import numpy as np
import pytest

from raphe.core.units import parse_quantity
from raphe.dosing.regimen import Dose, Entry, Regimen, Steady
from raphe.engine.solve import Options, Samples, settings_of, solve, solve_samples
from raphe.engine.status import Action, Status
from raphe.engine.timeline import Timeline, make_timeline

SUBJECTS = 100_000
BODY = """
species depot : mg;
species level : mg = start;
derivative depot = -absorption * depot;
derivative level = absorption * depot * part / whole + growth * level * level / unit
    - loss * level * (level / unit) ^ power;
quantity shown : dimensionless = ln(1 + level / unit) * zero / zero;
route oral into depot lag wait fraction taken duration long;
"""
NUMBERS = {
    "start": "2 mg",
    "absorption": "1 1/h",
    "part": "1 dimensionless",
    "whole": "1 dimensionless",
    "growth": "0 1/h",
    "unit": "1 mg",
    "loss": "0.3 1/h",
    "power": "0.5 dimensionless",
    "zero": "1 dimensionless",
    "wait": "0.2 h",
    "taken": "0.8 dimensionless",
    "long": "0.7 h",
}
NOT_A_NUMBER, INFINITE = float("nan"), float("inf")
FAULTS = {  # what is done to a subject, and what must be told of it
    "no number": ({"loss": NOT_A_NUMBER}, Status.PARAMETER_NOT_FINITE),
    "infinite": ({"absorption": INFINITE}, Status.PARAMETER_NOT_FINITE),
    "infinite, not used by what is shown": ({"unit": -INFINITE}, Status.PARAMETER_NOT_FINITE),
    "division by 0": ({"whole": 0.0}, Status.NOT_FINITE),
    "power of a negative number": ({"start": -0.1}, Status.NOT_FINITE),
    "a start that overflows": ({"start": 1e300, "growth": 1e10}, Status.NOT_FINITE),
    "an output that is 0 over 0": ({"zero": 0.0}, Status.OUTPUT_NOT_FINITE),
    "a lag before the dose": ({"wait": -0.1}, Status.IMPOSSIBLE_DOSE),
    "a negative fraction": ({"taken": -0.8}, Status.IMPOSSIBLE_DOSE),
    "an infusion over nothing": ({"long": 0.0}, Status.IMPOSSIBLE_DOSE),
    "blow-up": ({"growth": 5.0}, None),  # any status but OK
}
GRID = np.array([0.0, 0.1, 0.9, 2.0, 5.0])
REGIMEN = Regimen.from_text("3 mg every 2 h for 4 h")
LIMITED = Options(max_steps=3000)


@pytest.fixture(scope="module")
def kernel(engine, module):
    return engine.build(module(BODY, **NUMBERS), outputs=("level", "shown"))


def test_among_a_hundred_thousand_subjects_every_fault_is_told_and_stays_alone(engine, kernel):
    generator = np.random.default_rng(3)
    table = engine.parameters(kernel, SUBJECTS)
    table *= np.exp(0.2 * generator.standard_normal(table.shape))
    healthy = table.copy()
    names = kernel.program.layout.parameters
    kinds = list(FAULTS.values())
    chosen = generator.integers(0, len(kinds), SUBJECTS)
    faulty = generator.random(SUBJECTS) < 0.3
    for number, (changes, _) in enumerate(kinds):
        for name, value in changes.items():
            table[faulty & (chosen == number), names.index(name)] = value
    outcome = engine.run(kernel, GRID, parameters=table, regimen=REGIMEN, max_steps=3000)
    assert outcome.values.shape == (SUBJECTS, len(GRID), 2)
    failed = outcome.status != Status.OK
    assert np.array_equal(failed, faulty)
    assert np.array_equal(np.isnan(outcome.values).all(axis=(1, 2)), failed)
    assert np.array_equal(np.isnan(outcome.values).any(axis=(1, 2)), failed)
    for number, (_, status) in enumerate(kinds):
        told = outcome.status[faulty & (chosen == number)]
        assert len(told) > 1000
        assert status is None or np.all(told == status), list(FAULTS)[number]
    assert np.all(outcome.reached[~failed] == GRID[-1])
    assert np.all((outcome.reached >= 0.0) & (outcome.reached <= GRID[-1]))
    alone = engine.run(kernel, GRID, parameters=healthy[~faulty], regimen=REGIMEN, max_steps=3000)
    assert np.array_equal(alone.values, outcome.values[~failed])


def test_a_covariate_that_turns_into_no_number_fails_the_subject(engine, kernel):
    parameters = engine.parameters(kernel, 3)
    index = kernel.program.layout.parameters.index("loss")
    value = np.array([0.2, NOT_A_NUMBER, 0.2])
    timeline = Timeline(
        begin=np.zeros(3),
        first=np.arange(4),
        time=np.full(3, 1.0),
        action=np.full(3, int(Action.SET_PARAMETER)),
        index=np.full(3, index),
        value=value,
        time_slope=np.zeros((3, 0)),
        value_slope=np.zeros((3, 0)),
    )
    outcome = solve(kernel, parameters, timeline, GRID, options=LIMITED)
    assert outcome.status.tolist() == [Status.OK, Status.NOT_FINITE, Status.OK]
    assert np.isnan(outcome.values).any(axis=(1, 2)).tolist() == [False, True, False]
    assert outcome.reached[1] == 1.0


def test_a_steady_state_that_does_not_exist_fails_its_subject_alone(engine, module):
    body = """
    species amount : mg;
    derivative amount = -most * amount / (half + amount);
    route iv into amount;
    """
    numbers = {"most": "10 mg/h", "half": "3 mg"}
    kernel = engine.build(module(body, **numbers), outputs=("amount",))
    parameters = engine.parameters(kernel, 3, most=[10.0, 1.0, 11.0])
    dose = Dose(
        time=0.0, amount=parse_quantity("40 mg"), interval=8.0, steady=Steady.REPLACE, route="iv"
    )
    regimen = Regimen(text="by hand", doses=(dose,), length=8.0)
    outcome = engine.run(kernel, [7.9], parameters=parameters, regimen=regimen)
    assert outcome.status.tolist() == [Status.OK, Status.NO_STEADY_STATE, Status.OK]
    many = Regimen(
        text="by hand",
        doses=(Dose(time=0.0, amount=dose.amount, interval=8.0, additional=200, route="iv"),),
        length=2000.0,
    )
    long = engine.run(kernel, [1607.9], parameters=parameters[[0, 2]], regimen=many)
    assert outcome.values[[0, 2]] == pytest.approx(long.values, rel=1e-6)


SMOOTH = """
species depot : mg;
species level : mg;
derivative depot = -absorption * depot;
derivative level = absorption * depot - loss * level / (1 + level / unit);
route oral into depot lag wait;
route iv into level;
"""
SMOOTH_NUMBERS = {
    "absorption": "1.3 1/h",
    "loss": "0.4 1/h",
    "unit": "3 mg",
    "wait": "0.3 h",
}
COMMON = np.array([0.0, 1.0, 3.3, 8.0, 12.0])
GRIDS = {
    "ends and common": COMMON,
    "dense": np.union1d(COMMON, np.linspace(0.0, 12.0, 4801)),
    "hourly": np.union1d(COMMON, np.arange(13.0)),
    "irregular": np.union1d(COMMON, np.random.default_rng(5).uniform(0.0, 12.0, 700)),
    "at edges": np.union1d(COMMON, [0.3, 4.3, 8.3, np.nextafter(4.3, 0.0), np.nextafter(4.3, 9.0)]),
    "near edges": np.union1d(COMMON, [4.3 * (1.0 - 1e-13), 4.3 * (1.0 + 1e-13), 8.3 - 1e-9]),
    "crowded": np.union1d(COMMON, 3.3 + 1e-12 * np.arange(2000)),
}


@pytest.fixture(scope="module")
def smooth(engine, module):
    return engine.build(module(SMOOTH, **SMOOTH_NUMBERS), outputs=("depot", "level"))


def digest(*arrays):
    found = hashlib.sha256()
    for array in arrays:
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def test_no_grid_touches_a_step(engine, smooth):
    parameters = engine.parameters(smooth, 20)
    parameters *= np.exp(0.1 * np.random.default_rng(1).standard_normal(parameters.shape))
    parameters[:, smooth.program.layout.parameters.index("wait")] = 0.3
    regimen = "5 mg every 4 h for 12 h"
    seen = set()
    for grid in GRIDS.values():
        outcome = engine.run(smooth, grid, parameters=parameters, regimen=regimen)
        common = outcome.values[:, np.searchsorted(grid, COMMON)]
        seen.add(digest(common, outcome.accepted, outcome.rejected))
        assert len(np.unique(grid)) == len(grid)
    assert len(seen) == 1
    assert len(GRIDS) == 7


def test_samples_of_each_subject_equal_the_grid(engine, smooth):
    parameters = engine.parameters(smooth, 3, wait=[0.3, 0.5, 0.0])
    timeline = engine.timeline(smooth, parameters, "5 mg every 4 h for 12 h")
    whole = solve(smooth, parameters, timeline, COMMON)
    picked = [[1, 4], [0, 2, 3, 4], [4]]
    counts = np.array([len(one) for one in picked])
    samples = Samples(
        first=np.cumsum(counts) - counts,
        last=np.cumsum(counts),
        time=np.concatenate([COMMON[one] for one in picked]),
        row=np.concatenate([np.arange(len(one))[::-1] for one in picked]),
        row_first=np.concatenate([[0], np.cumsum(counts)]),
        end=np.full(3, 12.0),
    )
    ragged = solve_samples(smooth, parameters, timeline, samples)
    expected = [whole.values[n, one][::-1] for n, one in enumerate(picked)]
    assert np.array_equal(ragged.values, np.concatenate(expected))


def doses(*rows):
    """(time, amount) or (time, amount, duration) by vein."""
    found = []
    for time, amount, *duration in rows:
        how = {"entry": Entry.DURATION, "duration": duration[0]} if duration else {}
        found.append(Dose(time=time, amount=parse_quantity(f"{amount} mg"), route="iv", **how))
    return Regimen(text="by hand", doses=tuple(found), length=1e5)


def levels(engine, kernel, regimen, times):
    outcome = engine.run(kernel, times, regimen=regimen)
    assert outcome.status.tolist() == [Status.OK]
    return outcome.values[0, :, kernel.program.layout.outputs.index("level")]


def test_edges_next_to_each_other_are_both_seen(engine, smooth):
    near = np.nextafter(2.0, 3.0)
    assert 0.0 < near - 2.0 < 1e-15
    split = levels(engine, smooth, doses((2.0, 3.0), (near, 4.0)), [2.5, 9.0])
    whole = levels(engine, smooth, doses((2.0, 7.0)), [2.5, 9.0])
    assert split == pytest.approx(whole, rel=1e-12)
    many = [(5.0, 0.001)] * 5000
    crowd = levels(engine, smooth, doses(*many), [5.5])
    assert crowd == pytest.approx(levels(engine, smooth, doses((5.0, 5.0)), [5.5]), rel=1e-9)


def test_pulses_of_a_second_in_a_year_are_all_seen(engine, module):
    body = "species held : mg;\nderivative held = 0 * held * slow;\nroute iv into held;"
    kernel = engine.build(module(body, slow="1 1/h"), outputs=("held",))
    times = np.sort(np.random.default_rng(2).uniform(1.0, 8700.0, 400))
    pulses = doses(*((float(time), 2.5, 1.0 / 3600.0) for time in times))
    found = engine.run(kernel, [8760.0], regimen=pulses).values[0, 0, 0]
    assert found == pytest.approx(1000.0, rel=1e-8)


def test_doses_at_the_begin_at_an_output_at_the_end_and_after_it(engine, smooth):
    grid = [0.0, 4.0, 6.0]
    alone = levels(engine, smooth, doses((0.0, 3.0)), grid)
    assert alone[0] == 0.0
    at_output = levels(engine, smooth, doses((0.0, 3.0), (4.0, 3.0)), grid)
    assert at_output[1] == pytest.approx(alone[1], rel=1e-6)
    assert at_output[2] > alone[2] + 1.0
    for late in ((6.0, 3.0), (6.0, 3.0, 1.0), (7.0, 3.0), (5e4, 3.0, 2.0)):
        assert np.array_equal(levels(engine, smooth, doses((0.0, 3.0), late), grid), alone)
    going_on = levels(engine, smooth, doses((0.0, 300.0, 100.0)), grid)
    assert np.all(np.diff(going_on) > 0.0)


def test_one_hash_for_all_ways_to_run(engine, smooth):
    parameters = engine.parameters(smooth, 150)
    parameters *= np.exp(0.2 * np.random.default_rng(9).standard_normal(parameters.shape))
    steady = Dose(
        time=0.0,
        amount=parse_quantity("1 mg"),
        route="oral",
        interval=6.0,
        additional=1,
        steady=Steady.REPLACE,
    )
    regimen = Regimen(text="by hand", doses=(steady,), length=12.0) + doses((1.0, 2.0, 5.0))
    order = np.random.default_rng(4).permutation(len(parameters))
    settings = settings_of(smooth, parameters)
    seen = set()
    for threads in (1, 2, 3, 7):
        for chunk in (1, 7, 64, 1000):
            for rows in (slice(None), order):
                timeline = make_timeline(
                    smooth.program,
                    regimen,
                    route=None,
                    settings=settings[rows],
                    parameters=parameters[rows],
                )
                options = Options(threads=threads, chunk=chunk)
                found = solve(smooth, parameters[rows], timeline, COMMON, options=options)
                assert not found.status.any()
                back = slice(None) if isinstance(rows, slice) else np.argsort(order)
                parts = (found.values, found.status, found.reached, found.accepted, found.rejected)
                seen.add(digest(*(part[back] for part in parts)))
    assert len(seen) == 1
