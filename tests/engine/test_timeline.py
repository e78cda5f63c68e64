"""Edges: what happens to whom, when, and in which order; and what each action of an edge does."""

import numpy as np
import pytest

from raphe.core.errors import DoseError, UnknownNameError
from raphe.core.units import parse_quantity
from raphe.dosing.regimen import Dose, Regimen
from raphe.engine.solve import settings_of, solve
from raphe.engine.status import Action
from raphe.engine.timeline import Timeline, make_timeline

BODY = """
species depot : mg;
species other : mg = start;
derivative depot = -rate * depot;
derivative other = -rate * other * double;
quantity double : dimensionless = rate * 2 / rate * factor;
event z_wash at washed { depot = 0; }
event a_fill at filled { other = start; }
route oral into depot lag lag fraction part;
route plain into other;
"""
NUMBERS = {
    "rate": "1 1/h",
    "factor": "0.5 dimensionless",
    "start": "3 mg",
    "washed": "4 h",
    "filled": "2 h",
    "lag": "0.5 h",
    "part": "0.25 dimensionless",
}


@pytest.fixture(scope="module")
def kernel(engine, module):
    return engine.build(module(BODY, **NUMBERS), outputs=("depot", "other"))


def rows(timeline, subject):
    part = slice(timeline.first[subject], timeline.first[subject + 1])
    columns = (timeline.time, timeline.action, timeline.index, timeline.value)
    return [tuple(row) for row in zip(*(c[part].tolist() for c in columns), strict=True)]


def test_doses_and_timed_events_stand_in_order_of_time(engine, kernel):
    timeline = engine.timeline(kernel, engine.parameters(kernel), "8 mg every 2 h for 6 h")
    depot = kernel.program.layout.states.index("depot")
    names = ["a_fill", "z_wash"]
    assert rows(timeline, 0) == [
        (0.5, Action.ADD_STATE, depot, 2.0),
        (2.0, Action.RUN_EVENT, names.index("a_fill"), 0.0),
        (2.5, Action.ADD_STATE, depot, 2.0),
        (4.0, Action.RUN_EVENT, names.index("z_wash"), 0.0),
        (4.5, Action.ADD_STATE, depot, 2.0),
    ]


def test_each_subject_has_edges_of_its_own(engine, kernel):
    parameters = engine.parameters(kernel, 3)
    names = kernel.program.layout.parameters
    parameters[:, names.index("lag")] = [0.0, 5.0, 1.0]
    parameters[:, names.index("part")] = [1.0, 0.5, 0.0]
    timeline = engine.timeline(kernel, parameters, "8 mg once")
    assert timeline.first.tolist() == [0, 3, 6, 9]
    found = [
        [row for row in rows(timeline, subject) if row[1] == Action.ADD_STATE]
        for subject in range(3)
    ]
    assert [(one[0][0], one[0][3]) for one in found] == [(0.0, 8.0), (5.0, 4.0), (1.0, 0.0)]
    for subject in range(3):
        times = [row[0] for row in rows(timeline, subject)]
        assert times == sorted(times)


def test_edges_of_one_time_keep_their_order(engine, kernel):
    parameters = engine.parameters(kernel, lag=0.0, washed=2.0)
    timeline = engine.timeline(kernel, parameters, "8 mg once, then 4 mg once at 2 h")
    assert [row[1:2] + row[2:3] for row in rows(timeline, 0)][1:] == [
        (Action.ADD_STATE, 0),
        (Action.RUN_EVENT, 0),
        (Action.RUN_EVENT, 1),
    ]


def test_many_doses_of_one_time_keep_their_order(engine, kernel):
    doses = [Dose(time=float(n % 3), amount=parse_quantity(f"{n + 1} mg")) for n in range(300)]
    regimen = Regimen(text="by hand", doses=tuple(doses))
    timeline = engine.timeline(kernel, engine.parameters(kernel), regimen, "plain")
    given = timeline.value[timeline.action == Action.ADD_STATE]
    assert given.tolist() == [float(n + 1) for k in range(3) for n in range(k, 300, 3)]


def test_no_drug_needs_no_route(kernel, engine):
    parameters = engine.parameters(kernel, 2)
    timeline = make_timeline(
        kernel.program,
        Regimen.from_text("no drug"),
        route=None,
        settings=settings_of(kernel, parameters),
        parameters=parameters,
    )
    assert timeline.first.tolist() == [0, 2, 4]
    assert set(timeline.action.tolist()) == {Action.RUN_EVENT}


@pytest.mark.parametrize("route", [None, "iv", "m.oral", ""])
def test_a_dose_without_a_known_route_is_refused(engine, kernel, route):
    with pytest.raises(UnknownNameError):
        engine.timeline(kernel, engine.parameters(kernel), "8 mg once", route)


def test_an_amount_of_another_kind_is_refused(engine, kernel):
    with pytest.raises(DoseError):
        engine.timeline(kernel, engine.parameters(kernel), "8 nmol once")


def run_edges(engine, kernel, edges, times):
    """Run one subject through edges written by hand: (time, action, index, value)."""
    columns = list(zip(*edges, strict=True))
    timeline = Timeline(
        begin=np.zeros(1),
        first=np.array([0, len(edges)]),
        time=np.array(columns[0]),
        action=np.array(columns[1], dtype=np.int64),
        index=np.array(columns[2], dtype=np.int64),
        value=np.array(columns[3]),
        time_slope=np.zeros((len(edges), 0)),
        value_slope=np.zeros((len(edges), 0)),
    )
    return solve(kernel, engine.parameters(kernel), timeline, np.array(times)).values[0]


def test_a_state_can_be_added_to(engine, kernel):
    edges = [(0.0, Action.ADD_STATE, 0, 5.0), (1.0, Action.ADD_STATE, 0, 7.0)]
    found = run_edges(engine, kernel, edges, [1.0, 2.0])
    assert found[:, 0] == pytest.approx([5.0 / np.e, (7.0 + 5.0 / np.e) / np.e], rel=1e-6)


def test_an_input_flows_until_it_is_set_again(engine, kernel):
    edges = [(0.0, Action.SET_INPUT, 0, 5.0), (1.0, Action.SET_INPUT, 0, 0.0)]
    found = run_edges(engine, kernel, edges, [1.0, 2.0])
    full = 5.0 * (1.0 - 1.0 / np.e)
    assert found[:, 0] == pytest.approx([full, full / np.e], rel=1e-6)


def test_a_parameter_can_be_set_and_what_follows_from_it_follows(engine, kernel):
    factor = kernel.program.layout.parameters.index("factor")
    edges = [(1.0, Action.SET_PARAMETER, factor, 1.0), (2.0, Action.SET_PARAMETER, factor, 0.0)]
    found = run_edges(engine, kernel, edges, [1.0, 2.0, 9.0])
    # decay at rate 1, then at rate 2, then not at all
    exact = 3.0 * np.exp([-1.0, -3.0, -3.0])
    assert found[:, 1] == pytest.approx(exact, rel=1e-6)


def test_a_dose_before_the_begin_is_refused(engine, kernel):
    with pytest.raises(DoseError, match="rule TIME-BEGIN"):
        engine.run(kernel, [3.0, 3.5], regimen="8 mg once", begin=3.0)


def test_an_event_before_the_begin_does_not_happen(engine, kernel):
    timeline = engine.timeline(kernel, engine.parameters(kernel), begin=3.0)
    assert [row[:3] for row in rows(timeline, 0)] == [(4.0, Action.RUN_EVENT, 1)]
