"""Events and conditions: each jump is met where it is, and none is stepped over."""

import numpy as np
import pytest
from documents import ROOM, event, parameter, reaction, rule, species

NEAR = 1e-8


def integral(sbml, formula, times, *more, **how):
    """What a rate adds up to, from 0."""
    return sbml.courses(parameter("x", 0), rule("rate", "x", formula), *more, times=times, **how)[
        "x"
    ]


def test_a_pulse_far_shorter_than_a_step_is_not_stepped_over(sbml):
    pulse = "piecewise(1000, time >= 500 && time < 500.001, 0)"
    found = integral(sbml, pulse, [499.0, 500.0005, 501.0, 1e6], relative=1e-6)
    assert found == pytest.approx([0.0, 0.5, 1.0, 1.0], rel=1e-7, abs=1e-12)


def test_a_step_in_time_costs_nothing_in_exactness(sbml, times):
    found = integral(sbml, "piecewise(3, time > 5, 1, time > 2, -1)", times)
    first, second = np.clip(times - 2.0, 0.0, 3.0), np.maximum(times - 5.0, 0.0)
    exact = -np.minimum(times, 2.0) + first + 3.0 * second
    assert found == pytest.approx(exact, rel=NEAR)


def test_day_and_night_go_on_for_as_long_as_anybody_looks(sbml):
    light = "piecewise(1, time - 24 * floor(time / 24) < 8, 0)"
    times = np.array([4.0, 12.0, 24.0, 100.0, 2403.5, 24_000.0])
    days, hours = np.divmod(times, 24.0)
    found = integral(sbml, light, times, relative=1e-6)
    assert found == pytest.approx(8.0 * days + np.minimum(hours, 8.0), rel=NEAR)


def test_whole_parts_of_time_climb_and_fall(sbml, times):
    parts = (
        parameter("up"),
        parameter("down"),
        parameter("x", 0),
        rule("assignment", "up", "floor(2 * time + 0.5)"),
        rule("assignment", "down", "ceil(1 - time / 3)"),
        rule("rate", "x", "up"),
    )
    found = sbml.courses(*parts, times=times)
    assert found["up"].tolist() == np.floor(2.0 * times + 0.5).tolist()
    assert found["down"].tolist() == np.ceil(1.0 - times / 3.0).tolist()
    steps = [sum(max(0.0, t - (k - 0.5) / 2.0) for k in range(1, 40)) for t in times]
    assert found["x"] == pytest.approx(steps, rel=NEAR)


def test_sines_and_cosines_of_time_are_followed(sbml, times):
    parts = (
        parameter("period", 3, constant=True),
        parameter("wave"),
        parameter("x", 0),
        rule("assignment", "wave", "sin(2 * pi * (time - 1) / period) + cos(0.5 + time)"),
        rule("rate", "x", "piecewise(1, sin(time) > 0, 0)"),
    )
    found = sbml.courses(*parts, times=times)
    exact = np.sin(2.0 * np.pi * (times - 1.0) / 3.0) + np.cos(0.5 + times)
    assert found["wave"] == pytest.approx(exact, rel=1e-6, abs=1e-7)
    turns, rest = np.divmod(times, 2.0 * np.pi)
    assert found["x"] == pytest.approx(turns * np.pi + np.minimum(rest, np.pi), rel=1e-6)


def test_a_condition_on_a_state_turns_where_the_state_crosses(sbml, times):
    parts = (
        parameter("x", 0),
        parameter("y", 0),
        rule("rate", "x", "piecewise(1, x < 2, 0.25)"),
        rule("rate", "y", "piecewise(0, x <= 1, 1)"),
    )
    found = sbml.courses(*parts, times=times)
    assert found["x"] == pytest.approx(
        np.where(times < 2.0, times, 2.0 + (times - 2.0) / 4.0), rel=NEAR
    )
    assert found["y"] == pytest.approx(np.maximum(times - 1.0, 0.0), rel=NEAR, abs=1e-12)


def test_an_event_happens_at_its_time_and_sees_the_values_before_it(sbml, times):
    parts = (
        parameter("a", 1),
        parameter("b", 2),
        parameter("x", 0),
        rule("rate", "x", "a"),
        event("swap", "time >= 3", a="b", b="a"),
    )
    found = sbml.courses(*parts, times=times)
    assert found["a"].tolist() == np.where(times > 3.0, 2.0, 1.0).tolist()
    assert found["b"].tolist() == np.where(times > 3.0, 1.0, 2.0).tolist()
    assert found["x"] == pytest.approx(times + np.maximum(times - 3.0, 0.0), rel=NEAR)


def test_an_event_sets_a_concentration_and_keeps_amounts_when_it_sets_a_size(sbml, times):
    parts = (
        '<compartment id="room" size="2" constant="false" spatialDimensions="3"/>',
        species("S", 3),
        species("T", 3),
        reaction("r", "0.4 * S * room", used=["S"]),
        reaction("s", "0 * T", used=["T"]),
        event("fill", "time >= 1", S="S + 4"),
        event("grow", "time >= 2", room="8", T="7"),
    )
    found = sbml.courses(*parts, times=times)
    added = np.where(times > 1.0, 4.0 * np.exp(-0.4 * (times - 1.0)), 0.0)
    whole = 3.0 * np.exp(-0.4 * times) + added
    assert found["S"] == pytest.approx(np.where(times > 2.0, whole / 4.0, whole), rel=NEAR)
    assert found["T"] == pytest.approx(np.where(times > 2.0, 7.0, 3.0), rel=NEAR)


@pytest.mark.parametrize(("initially", "fired"), [("true", 0.0), ("false", 1.0)])
def test_a_trigger_that_holds_at_the_start_fires_only_if_it_counts_as_false_before(
    sbml, times, initially, fired
):
    parts = (
        parameter("n", 0),
        parameter("x", 0),
        rule("rate", "x", "1"),
        event("first", "x >= 0", initially=initially, n="n + 1"),
        event("never", "x < 0", initially=initially, n="n + 100"),
    )
    found = sbml.courses(*parts, times=times)
    assert found["n"].tolist() == [fired] * 4


def test_an_event_fires_each_time_its_trigger_turns_true(sbml, times):
    parts = (
        parameter("clock", 0),
        parameter("n", 0),
        rule("rate", "clock", "1"),
        event("full", "clock >= 1.5", clock="0", n="n + 1"),
    )
    found = sbml.courses(*parts, times=times)
    assert found["n"].tolist() == np.floor(times / 1.5).tolist()
    assert found["clock"] == pytest.approx(times % 1.5, rel=NEAR, abs=1e-9)


def test_a_trigger_of_several_conditions_is_seen_however_short_it_holds(sbml, times):
    parts = (
        parameter("n", 0),
        parameter("flag", 0),
        event("window", "time > 4 && time < 4.000001", n="n + 1"),
        event("raise", "time >= 1", flag="1"),
        event("after", "flag == 1 && time > 2", n="n + 10"),
        event("chained", "flag == 1", n="n + 100"),
    )
    found = sbml.courses(*parts, times=times)
    assert found["n"].tolist() == [0.0, 100.0, 111.0, 111.0]


def test_a_condition_knows_at_once_what_an_event_has_set(sbml):
    parts = (
        parameter("x", 0),
        parameter("y", 0),
        parameter("z", 0),
        rule("rate", "x", "1"),
        rule("rate", "y", "piecewise(1, double > 4, 0)"),
        parameter("double"),
        rule("assignment", "double", "2 * x"),
        event("up", "time >= 1", x="x + 5"),
        event("down", "time >= 1.25", x="-3"),
        event("back", "time >= 7", x="2", z="1"),
    )
    times = np.array([1.1, 1.5, 6.0, 7.5])
    found = sbml.courses(*parts, times=times, relative=1e-6)
    # x is 6 to 6.25, then -3 to 2.75 at 7, crossing 2 at 6.25, then 2 and rising
    exact = [0.1, 0.25, 0.25, 0.25 + 0.75 + 0.5]
    assert found["y"] == pytest.approx(exact, rel=1e-9)
    assert found["z"].tolist() == [0.0, 0.0, 0.0, 1.0]


def test_events_find_species_that_reactions_change(sbml, times):
    parts = (
        ROOM,
        species("S", 4),
        parameter("low", 0),
        reaction("r", "0.5 * S * room", used=["S"]),
        event("refill", "S < 1", S="4", low="low + 1"),
    )
    found = sbml.courses(*parts, times=times)
    wait = 2.0 * np.log(4.0)
    assert found["S"] == pytest.approx(4.0 * np.exp(-0.5 * (times % wait)), rel=NEAR)
    assert found["low"].tolist() == np.floor(times / wait).tolist()


def test_an_equality_is_seen_although_it_holds_for_no_time_at_all(sbml, times):
    parts = (
        ROOM,
        parameter("n", 0),
        parameter("m", 0),
        parameter("seen", 0),
        species("S", 4),
        reaction("r", "0.5 * S * room", used=["S"]),
        event("three", "time == 0.7 || time == 3.1 || time == 6.9", n="n + 1"),
        event("daily", "time - 1.3 * floor(time / 1.3) == 0", m="m + 1"),
        event("passing", "S == 1.5", seen="seen + 1"),
    )
    found = sbml.courses(*parts, times=times)
    assert found["n"].tolist() == [0.0, 1.0, 2.0, 3.0]
    assert found["m"].tolist() == np.floor(times / 1.3).tolist()
    assert found["seen"].tolist() == [0.0, 0.0, 1.0, 1.0]
