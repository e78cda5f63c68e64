"""Resets, changes of covariates, and the order of what happens at one time, row by row of a table."""

import numpy as np
import pytest

from raphe.core.errors import DoseError, InputError, UnknownNameError
from raphe.dosing.records import Carry, read_records
from raphe.engine.compile import compile_program
from raphe.engine.histories import solve_records
from raphe.engine.lower import lower
from raphe.engine.solve import Options
from raphe.engine.status import Status

TIGHT = Options(relative=1e-11, absolute=1e-14)
BODY = """
species amount : mg = start;
derivative amount = -rate * amount;
route iv into amount lag wait fraction taken;
route timed into amount lag wait duration long;
"""
NUMBERS = {
    "rate": "0.1 1/h",
    "start": "0 mg",
    "wait": "0 h",
    "taken": "1 dimensionless",
    "long": "2 h",
}
COVARIATES = {
    "K": ("rate", "1/h"),
    "F": ("taken", "dimensionless"),
    "LAG": ("wait", "h"),
    "START": ("start", "mg"),
}


@pytest.fixture(scope="module")
def kernel(engine, module):
    return engine.build(module(BODY, **NUMBERS), outputs=("amount",))


def read(text, carry=Carry.FORWARD, **columns):
    wanted = {name: COVARIATES[name] for name in columns.get("covariates", ())}
    return read_records(
        text,
        routes={1: "iv", 2: "timed"} if "CMT" in text else {1: "iv"},
        amount_unit="mg",
        time_unit="h",
        covariates=wanted,
        carry=carry,
    )


def amounts(engine, kernel, text, carry=Carry.FORWARD, covariates=()):
    records = read(text, carry, covariates=covariates)
    parameters = engine.parameters(kernel, len(records.ids))
    outcome = solve_records(kernel, records, parameters, options=TIGHT)
    assert not outcome.status.any()
    factor = kernel.program.layout.output_units[0].factor
    return outcome.values[:, 0] / factor


def decay(hours, rate=0.1):
    return np.exp(-rate * hours)


def test_a_row_sees_all_that_stands_before_it(engine, kernel):
    text = "ID,TIME,EVID,AMT\n1,0,0,.\n1,0,1,10\n1,0,0,.\n1,0,1,5\n1,0,0,.\n1,2,0,.\n"
    found = amounts(engine, kernel, text)
    assert found == pytest.approx([0, 10, 10, 15, 15, 15 * decay(2)], rel=1e-9)


def test_a_later_dose_of_a_series_comes_before_the_rows_of_its_time(engine, kernel):
    text = "ID,TIME,EVID,AMT,ADDL,II\n1,0,1,10,1,4\n1,4,0,.,.,.\n1,4,1,1,.,.\n1,4,0,.,.,.\n"
    found = amounts(engine, kernel, text)
    two = 10 * decay(4) + 10
    assert found == pytest.approx([10, two, two + 1, two + 1], rel=1e-9)


def test_a_late_dose_comes_before_the_rows_of_its_time(engine, kernel):
    text = "ID,TIME,EVID,AMT,LAG\n1,0,1,10,3\n1,3,0,.,3\n1,3,1,1,0\n1,3,0,.,0\n"
    found = amounts(engine, kernel, text, covariates=("LAG",))
    assert found == pytest.approx([0, 10, 11, 11], rel=1e-9)


def test_sums_of_times_that_miss_by_a_rounding_are_one_time(engine, kernel):
    assert 0.1 + 2 * 0.1 != 0.3
    text = "ID,TIME,EVID,AMT,ADDL,II\n1,0.1,1,10,2,0.1\n1,0.3,0,.,.,.\n"
    found = amounts(engine, kernel, text)
    assert found[1] == pytest.approx(10 * (1 + decay(0.1) + decay(0.2)), rel=1e-9)


def test_a_reset_puts_all_to_the_start_and_ends_what_is_under_way(engine, kernel):
    text = (
        "ID,TIME,EVID,AMT,CMT,ADDL,II,START\n1,0,1,10,1,9,2,7\n1,1,1,10,2,.,.,7\n1,3,3,.,.,.,.,7\n1,3,0,.,.,.,.,7\n"
        "1,9,0,.,.,.,.,7\n"
    )
    found = amounts(engine, kernel, text, covariates=("START",))
    assert found[0] == pytest.approx(17.0)
    assert found[2:] == pytest.approx([7, 7, 7 * decay(6)], rel=1e-9)


def test_after_a_reset_time_may_go_back_and_a_dose_may_come_with_it(engine, kernel):
    text = "ID,TIME,EVID,AMT\n1,50,1,10\n1,55,0,.\n1,-2,4,20\n1,8,0,.\n"
    found = amounts(engine, kernel, text)
    assert found == pytest.approx([10, 10 * decay(5), 20, 20 * decay(10)], rel=1e-9)


def test_another_kind_of_row_changes_nothing_but_its_covariates(engine, kernel):
    text = "ID,TIME,EVID,AMT,K\n1,0,1,10,0.1\n1,2,2,.,0.5\n1,5,0,.,0.5\n"
    found = amounts(engine, kernel, text, covariates=("K",))
    expected = [10, 10 * decay(2), 10 * decay(2) * decay(3, 0.5)]
    assert found == pytest.approx(expected, rel=1e-9)


def test_a_covariate_is_carried_forward_or_backward(engine, kernel):
    text = "ID,TIME,EVID,AMT,K\n1,0,1,10,0.1\n1,2,0,.,0.5\n1,5,0,.,0.2\n1,6,0,.,0.3\n"
    forward = amounts(engine, kernel, text, covariates=("K",))
    one = 10 * decay(2, 0.1)
    two = one * decay(3, 0.5)
    assert forward == pytest.approx([10, one, two, two * decay(1, 0.2)], rel=1e-9)
    backward = amounts(engine, kernel, text, Carry.BACKWARD, covariates=("K",))
    one = 10 * decay(2, 0.5)
    two = one * decay(3, 0.2)
    assert backward == pytest.approx([10, one, two, two * decay(1, 0.3)], rel=1e-9)


def test_the_first_values_of_covariates_hold_from_the_start(engine, kernel):
    text = "ID,TIME,EVID,AMT,START\n1,5,0,.,8\n1,6,0,.,8\n"
    found = amounts(engine, kernel, text, covariates=("START",))
    assert found == pytest.approx([8, 8 * decay(1)], rel=1e-9)


def test_fraction_and_lag_are_those_at_the_record_and_just_before_later_doses(engine, kernel):
    text = (
        "ID,TIME,EVID,AMT,ADDL,II,F,LAG\n1,0,1,10,3,4,1,0\n1,3,0,.,.,.,0.5,0\n1,8,0,.,.,.,0.25,1\n"
        "1,10,0,.,.,.,0.25,1\n1,20,0,.,.,.,0.25,1\n"
    )
    found = amounts(engine, kernel, text, covariates=("F", "LAG"))
    eight = 10 * decay(8) + 5 * decay(4) + 5
    last = 10 * decay(20) + 5 * decay(16) + 5 * decay(12) + 2.5 * decay(7)
    assert found[[2, 4]] == pytest.approx([eight, last], rel=1e-9)


def test_subjects_do_not_see_each_other(engine, kernel):
    one = "1,0,1,10,3,0.1\n1,7,0,.,.,0.1\n"
    other = "2,3,1,20,.,0.4\n2,4,0,.,.,0.4\n2,9,0,.,.,0.4\n"
    head = "ID,TIME,EVID,AMT,LAG,K\n"
    names = ("LAG", "K")
    other = other.replace(",.,.,", ",.,0,").replace("20,.,", "20,0,")
    one = one.replace(",.,.,", ",.,3,")
    alone = [amounts(engine, kernel, head + part, covariates=names) for part in (one, other)]
    both = amounts(engine, kernel, head + one + other, covariates=names)
    assert np.array_equal(both, np.concatenate(alone))


def test_rows_that_meet_no_edge_do_not_touch_the_steps(engine, kernel):
    head, rows = "ID,TIME,EVID,AMT,ADDL,II\n", "1,0,1,10,3,4\n1,20,0,.,.,.\n"
    few = amounts(engine, kernel, head + rows)
    extra = "".join(f"1,{time},0,.,.,.\n" for time in np.arange(0.05, 19.9, 0.1).round(3))
    many = amounts(engine, kernel, head + rows.replace("1,20", extra + "1,20"))
    assert many[-1] == few[-1]
    assert many[0] == few[0]


def test_one_bad_subject_fails_alone(engine, kernel):
    text = "ID,TIME,EVID,AMT,LAG\n1,0,1,10,0\n1,2,0,.,0\n2,0,1,10,-1\n2,2,0,.,-1\n3,0,1,10,0\n3,2,0,.,0\n"
    records = read(text, covariates=("LAG",))
    outcome = solve_records(kernel, records, engine.parameters(kernel, 3), options=TIGHT)
    bad = Status.IMPOSSIBLE_DOSE
    assert outcome.status.tolist() == [0, 0, bad, bad, 0, 0]
    assert np.isnan(outcome.values[:, 0]).tolist() == [False, False, True, True, False, False]
    assert np.array_equal(outcome.values[:2], outcome.values[4:])


def test_what_does_not_fit_the_model_is_refused(engine, module, kernel):
    text = "ID,TIME,EVID,AMT,K\n1,0,1,10,0.1\n1,2,0,.,0.2\n"
    with pytest.raises(InputError, match="1 subjects"):
        solve_records(kernel, read(text), engine.parameters(kernel, 2))
    wrong = read_records(text, routes={1: "sc"}, amount_unit="mg", time_unit="h")
    with pytest.raises(UnknownNameError, match="sc"):
        solve_records(kernel, wrong, engine.parameters(kernel, 1))
    modeled = "ID,TIME,EVID,AMT,RATE\n1,0,1,10,-2\n"
    with pytest.raises(DoseError, match="rule ENTRY-MODELED"):
        solve_records(kernel, read(modeled), engine.parameters(kernel, 1))
    chosen = lower(engine.model(module(BODY, **NUMBERS)), sensitivities=("rate",))
    sensitive = compile_program(chosen, cache=engine.cache)
    with pytest.raises(InputError, match="chosen for slopes"):
        solve_records(sensitive, read(text, covariates=("K",)), engine.parameters(sensitive, 1))
