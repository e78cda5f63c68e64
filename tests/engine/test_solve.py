"""What may be asked of the solver, and what is refused before a step is taken."""

import numpy as np
import pytest

from raphe.core.errors import InputError
from raphe.engine.solve import Options, settings_of, solve

TEXT = "species x : mg = start; derivative x = -rate * x; route oral into x lag late;"
NUMBERS = {"rate": "1 1/h", "start": "3 mg", "late": "2 h"}


@pytest.fixture(scope="module")
def kernel(engine, module):
    return engine.build(module(TEXT, **NUMBERS))


BAD_GRIDS = {
    "empty": [],
    "falling": [1.0, 0.5],
    "twice the same": [0.0, 1.0, 1.0],
    "not a number": [0.0, np.nan, 2.0],
    "only not a number": [np.nan],
    "infinite": [0.0, np.inf],
    "before the beginning": [-1.0, 1.0],
    "a table": [[0.0, 1.0], [2.0, 3.0]],
}


@pytest.mark.parametrize("grid", BAD_GRIDS.values(), ids=BAD_GRIDS)
def test_output_times_that_are_no_grid_are_refused(engine, kernel, grid):
    with pytest.raises(InputError, match="output times"):
        engine.run(kernel, grid)


def test_output_times_before_a_later_beginning_are_refused(engine, kernel):
    with pytest.raises(InputError, match="output times"):
        engine.run(kernel, [1.0, 5.0], begin=2.0)


@pytest.mark.parametrize("begin", [np.nan, -np.inf])
def test_a_beginning_that_is_no_time_is_refused(engine, kernel, begin):
    with pytest.raises(InputError):
        engine.run(kernel, [1.0, 5.0], begin=begin)


def test_parameters_of_another_model_are_refused(engine, kernel):
    parameters = engine.parameters(kernel, 2)
    timeline = engine.timeline(kernel, parameters)
    for wrong in (parameters[:, :2], parameters[:1], parameters[0], np.zeros((2, 4))):
        with pytest.raises(InputError, match="do not fit"):
            solve(kernel, wrong, timeline, np.array([1.0]))


def test_one_output_time_at_the_beginning_is_enough(engine, kernel):
    outcome = engine.run(kernel, [0.0])
    assert outcome.values.ravel().tolist() == [3.0]
    assert outcome.reached.tolist() == [0.0]


def test_nobody_is_an_empty_outcome(engine, kernel):
    nobody = engine.parameters(kernel, 0)
    for threads in (1, 2):
        outcome = engine.run(kernel, [0.0, 1.0], parameters=nobody, threads=threads)
        assert outcome.values.shape == (0, 2, 1)


def test_a_run_may_begin_before_or_after_zero(engine, kernel):
    for begin in (-5.0, 40.0):
        outcome = engine.run(kernel, begin + np.array([0.0, 1.0]), begin=begin)
        exact = [3.0, 3.0 / np.e]
        assert outcome.values[0, :, 0] == pytest.approx(exact, rel=1e-6)


def test_progress_adds_up_to_all_subjects(engine, kernel):
    parameters = engine.parameters(kernel, 50)
    seen = []
    solve(
        kernel,
        parameters,
        engine.timeline(kernel, parameters),
        np.array([1.0]),
        options=Options(threads=3, chunk=8),
        progress=seen.append,
    )
    assert sum(seen) == 50
    assert max(seen) == 8


def test_the_inputs_are_left_alone(engine, kernel):
    parameters = engine.parameters(kernel, 3)
    before = parameters.copy()
    grid = np.array([0.0, 1.0])
    engine.run(kernel, grid, parameters=parameters, regimen="1 mg once")
    assert np.array_equal(parameters, before)
    assert grid.tolist() == [0.0, 1.0]


def test_parameters_in_another_order_of_memory_give_the_same_numbers(engine, kernel):
    parameters = engine.parameters(kernel, 9, rate=np.linspace(0.1, 2.0, 9))
    plain = engine.run(kernel, [1.0], parameters=parameters)
    turned = engine.run(kernel, [1.0], parameters=np.asfortranarray(parameters))
    sliced = engine.run(kernel, [1.0], parameters=np.repeat(parameters, 2, axis=0)[::2])
    assert np.array_equal(plain.values, turned.values)
    assert np.array_equal(plain.values, sliced.values)


@pytest.mark.parametrize("subjects", [0, 1, 7, 8, 9, 100])
def test_settings_are_worked_out_for_any_number_of_subjects(engine, kernel, subjects):
    parameters = engine.parameters(kernel, subjects)
    late = kernel.program.layout.parameters.index("late")
    parameters[:, late] = np.arange(subjects)
    found = settings_of(kernel, parameters)
    assert found.shape == (subjects, 1)
    assert found[:, 0].tolist() == list(range(subjects))


def test_a_tighter_tolerance_takes_more_steps(engine, kernel):
    loose = engine.run(kernel, [5.0], relative=1e-4)
    tight = engine.run(kernel, [5.0], relative=1e-9, absolute=1e-12)
    assert tight.accepted[0] > 3 * loose.accepted[0]


@pytest.mark.parametrize(
    "wrong",
    [
        {"relative": 0.0},
        {"relative": float("nan")},
        {"absolute": -1.0},
        {"absolute": 1.0},
        {"threads": 0},
        {"chunk": 0},
        {"max_steps": 0},
    ],
)
def test_options_that_no_run_could_use_are_refused(wrong):
    with pytest.raises(InputError):
        Options(**wrong)
