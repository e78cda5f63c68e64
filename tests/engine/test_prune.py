"""What nothing asks for, and what nothing ever fills, is not integrated; the numbers stay as they were."""

import numpy as np
import pytest

from raphe.core.errors import UnknownNameError
from raphe.engine.compile import compile_program
from raphe.engine.lower import lower
from raphe.engine.solve import Options, solve

BODY = """
species gut : mg;
species blood : mg;
species made : mg;
species other : mg;
species other_blood : mg;
species answer : mg = start;
derivative gut = -rate * gut;
derivative blood = rate * (gut - blood);
derivative made = rate * (blood ^ 2 / start - made);
derivative other = -rate * other;
derivative other_blood = rate * other - rate * other_blood ^ 3 / (start + other_blood) / start;
derivative answer = rate * (start + made + other_blood - answer);
route oral into gut;
route second into other;
"""
NUMBERS = {"rate": "0.2 1/h", "start": "3 mg"}
TIGHT = Options(relative=1e-10, absolute=1e-13)
TIMES = np.linspace(0.0, 48.0, 25)


@pytest.fixture(scope="module")
def model(engine, module):
    return engine.model(module(BODY, **NUMBERS))


@pytest.mark.parametrize(
    ("doses", "states"),
    [
        (None, {"gut", "blood", "made", "other", "other_blood", "answer"}),
        (("oral", "second"), {"gut", "blood", "made", "other", "other_blood", "answer"}),
        (("oral",), {"gut", "blood", "made", "answer"}),
        (("second",), {"other", "other_blood", "answer"}),
        ((), {"answer"}),
    ],
)
def test_only_what_doses_fill_is_a_state(model, doses, states):
    program = lower(model, outputs=("answer", "blood", "other_blood"), doses=doses)
    assert set(program.layout.states) == states
    assert set(program.layout.routes) == ({"oral", "second"} if doses is None else set(doses))


def test_what_an_event_fills_is_a_state(engine, module):
    body = BODY + "event meal at 1 h { other = start; }"
    program = lower(engine.model(module(body, **NUMBERS)), outputs=("answer",), doses=("oral",))
    assert {"other", "other_blood"} <= set(program.layout.states)


def test_numbers_are_those_of_the_whole_model(engine, model):
    outputs = ("answer", "blood", "other_blood")
    found = []
    for doses in (None, ("oral",)):
        kernel = compile_program(lower(model, outputs=outputs, doses=doses), cache=engine.cache)
        table = engine.parameters(kernel, 3)
        timeline = engine.timeline(kernel, table, "2 mg every 12 h for 2 d", "oral")
        found.append(solve(kernel, table, timeline, TIMES, options=TIGHT).values)
    assert found[1] == pytest.approx(found[0], rel=1e-8, abs=1e-12)
    assert not found[0][..., 2].any()
    assert not found[1][..., 2].any()


def test_an_unknown_route_is_refused_with_the_nearest(model):
    with pytest.raises(UnknownNameError, match='did you mean "oral"'):
        lower(model, doses=("orall",))
