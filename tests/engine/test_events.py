"""Events: located exactly, fired once, at times, at conditions, at edges, and by each other."""

import numpy as np
import pytest

BALL = """
species height : m = start;
species speed : m/h;
derivative height = speed;
derivative speed = -gravity;
event bounce when height < 0 { speed = -kept * speed; height = 0; }
"""
BALL_NUMBERS = {"start": "1 m", "gravity": "9.81 m/h/h", "kept": "0.8 dimensionless"}


def height_of_ball(t, start=1.0, gravity=9.81, kept=0.8):
    fall = np.sqrt(2.0 * start / gravity)
    if t <= fall:
        return start - gravity * t * t / 2.0
    begin, speed = fall, kept * gravity * fall
    while t > begin + 2.0 * speed / gravity:
        begin += 2.0 * speed / gravity
        speed *= kept
    since = t - begin
    return speed * since - gravity * since * since / 2.0


def in_base(kernel, outcome, output, subject=0):
    """An output in its own unit."""
    layout = kernel.program.layout
    index = layout.outputs.index(output)
    return outcome.values[subject, :, index] / layout.output_units[index].factor


def test_a_ball_bounces_as_its_closed_form_says(engine, module):
    kernel = engine.build(module(BALL, **BALL_NUMBERS))
    # after 9 bounces, still 0.13 of the first speed
    grid = np.linspace(0.0, 3.2, 129)
    outcome = engine.run(kernel, grid)
    exact = [height_of_ball(t) for t in grid]
    assert in_base(kernel, outcome, "height") == pytest.approx(exact, rel=1e-9, abs=1e-9)


def test_each_subject_has_bounces_of_its_own(engine, module):
    kernel = engine.build(module(BALL, **BALL_NUMBERS))
    parameters = engine.parameters(kernel, 23)
    kept = np.linspace(0.5, 0.9, 23)
    parameters[:, kernel.program.layout.parameters.index("kept")] = kept
    grid = np.linspace(0.0, 1.2, 25)
    outcome = engine.run(kernel, grid, parameters=parameters)
    for subject, one in enumerate(kept):
        exact = [height_of_ball(t, kept=one) for t in grid]
        found = in_base(kernel, outcome, "height", subject)
        assert found == pytest.approx(exact, rel=1e-8, abs=1e-8)


TIMED = """
species x : dimensionless = 1;
derivative x = -rate * x;
event add at when_added { x = x + 1; }
event fixed at 150 min { x = 3 * x; }
"""


def test_events_at_times_happen_exactly_then(engine, module):
    kernel = engine.build(module(TIMED, rate="1 1/h", when_added="1 h"))
    parameters = engine.parameters(kernel, 20)
    added = np.linspace(0.1, 6.0, 20)
    parameters[:, kernel.program.layout.parameters.index("when_added")] = added
    grid = np.linspace(0.0, 4.0, 33)
    outcome = engine.run(kernel, grid, parameters=parameters, relative=1e-9, absolute=1e-12)
    for subject, when in enumerate(added):
        exact = np.exp(-grid) + np.where(grid > when, np.exp(-(grid - when)), 0.0)
        # tripling what is there at 2.5 h
        there = np.exp(-2.5) + (np.exp(-(2.5 - when)) if when < 2.5 else 0.0)
        exact += np.where(grid > 2.5, 2.0 * there * np.exp(-(grid - 2.5)), 0.0)
        assert engine.curve(kernel, outcome, "x", subject) == pytest.approx(exact, rel=1e-7)


def test_an_event_at_the_start_comes_after_the_first_output(engine, module):
    text = module(
        "species x : dimensionless = 1; derivative x = -rate * x;"
        "event begin at 0 h { x = 5; } event last at 2 h { x = 7; }",
        rate="1 1/h",
    )
    kernel = engine.build(text)
    outcome = engine.run(kernel, [0.0, 1.0, 2.0])
    exact = [1.0, 5.0 * np.exp(-1.0), 5.0 * np.exp(-2.0)]
    assert engine.curve(kernel, outcome, "x") == pytest.approx(exact, rel=1e-6)


CLOCK = """
species clock : dimensionless;
species count : dimensionless;
derivative clock = rate;
derivative count = 0 * rate;
"""


def test_a_condition_that_holds_at_the_start_does_not_fire(engine, module):
    body = CLOCK + "event early when clock < 3 { count = count + 1; }"
    kernel = engine.build(module(body, rate="1 1/h"))
    outcome = engine.run(kernel, np.linspace(0.0, 9.0, 10))
    assert np.all(engine.curve(kernel, outcome, "count") == 0.0)


def test_a_condition_fires_each_time_it_turns_true(engine, module):
    body = CLOCK + "event full when clock >= 2 { clock = 0; count = count + 1; }"
    kernel = engine.build(module(body, rate="1 1/h"))
    grid = np.arange(0.25, 20.0, 0.5)
    outcome = engine.run(kernel, grid)
    assert engine.curve(kernel, outcome, "clock") == pytest.approx(grid % 2.0, abs=1e-9)
    assert engine.curve(kernel, outcome, "count").tolist() == np.floor(grid / 2.0).tolist()


def test_a_condition_that_stays_true_fires_once(engine, module):
    body = CLOCK + "event once when clock > 2 { count = count + 1; }"
    kernel = engine.build(module(body, rate="1 1/h"))
    outcome = engine.run(kernel, [1.9, 2.1, 50.0])
    assert engine.curve(kernel, outcome, "count").tolist() == [0.0, 1.0, 1.0]


def test_a_dose_that_makes_a_condition_true_fires_its_event_at_once(engine, module):
    body = """
    species drug : mg;
    species seen : dimensionless;
    derivative drug = -rate * drug;
    derivative seen = 0 * rate;
    event high when drug > limit { seen = seen + 1; drug = drug / 2; }
    route oral into drug;
    """
    kernel = engine.build(module(body, rate="0.1 1/h", limit="7 mg"))
    outcome = engine.run(kernel, [3.0, 3.0001, 6.0], regimen="10 mg once at 3 h")
    assert engine.curve(kernel, outcome, "seen").tolist() == [0.0, 1.0, 1.0]
    drug = engine.curve(kernel, outcome, "drug")
    assert drug[0] == 0.0
    assert drug[1:] == pytest.approx(5.0 * np.exp([-0.1 * 0.0001, -0.3]), rel=1e-6)


def test_a_dose_at_the_start_can_fire_an_event(engine, module):
    body = """
    species drug : mg;
    species seen : dimensionless;
    derivative drug = -rate * drug;
    derivative seen = 0 * rate;
    event high when drug > limit { seen = seen + 1; }
    route oral into drug;
    """
    kernel = engine.build(module(body, rate="0.1 1/h", limit="7 mg"))
    outcome = engine.run(kernel, [0.0, 1.0], regimen="10 mg once")
    assert engine.curve(kernel, outcome, "seen").tolist() == [0.0, 1.0]


def test_an_event_can_make_another_one_fire(engine, module):
    body = """
    species clock : dimensionless;
    species first : dimensionless;
    species second : dimensionless;
    species third : dimensionless;
    derivative clock = rate;
    derivative first = 0 * rate;
    derivative second = 0 * rate;
    derivative third = 0 * rate;
    event z_first when clock > 2 { first = 1; }
    event m_second when first > half { second = 1; }
    event a_third when second > half { third = third + 1; }
    """
    kernel = engine.build(module(body, rate="1 1/h", half="0.5 dimensionless"))
    outcome = engine.run(kernel, [1.99, 2.5, 9.0])
    for name in ("first", "second", "third"):
        assert engine.curve(kernel, outcome, name).tolist() == [0.0, 1.0, 1.0]


def test_assignments_of_one_event_all_see_the_values_before_it(engine, module):
    body = """
    species a : dimensionless = 1;
    species b : dimensionless = 2;
    derivative a = 0 * rate;
    derivative b = 0 * rate;
    event swap at 1 h { a = b; b = a; }
    """
    kernel = engine.build(module(body, rate="1 1/h"))
    outcome = engine.run(kernel, [1.0, 2.0])
    assert engine.curve(kernel, outcome, "a").tolist() == [1.0, 2.0]
    assert engine.curve(kernel, outcome, "b").tolist() == [2.0, 1.0]


def test_two_conditions_in_one_step_both_fire_in_their_order(engine, module):
    body = """
    species clock : dimensionless;
    species log : dimensionless;
    derivative clock = rate;
    derivative log = 0 * rate;
    event b_early when clock > 2 { log = 10 * log + 1; }
    event a_late when clock > near { log = 10 * log + 2; }
    """
    kernel = engine.build(module(body, rate="1 1/h", near="2.000001 dimensionless"))
    outcome = engine.run(kernel, [1.0, 2.0000005, 3.0])
    assert engine.curve(kernel, outcome, "log").tolist() == [0.0, 1.0, 12.0]


def test_an_output_in_a_step_that_an_event_cuts_is_taken_on_the_right_side(engine, module):
    body = CLOCK + "event jump when clock > 5 { clock = clock + 10; }"
    kernel = engine.build(module(body, rate="1 1/h"))
    grid = np.array([4.999999, 5.000001, 7.5])
    outcome = engine.run(kernel, grid)
    exact = [4.999999, 15.000001, 17.5]
    assert engine.curve(kernel, outcome, "clock") == pytest.approx(exact, rel=1e-9)


def test_an_event_on_time_itself_fires(engine, module):
    body = CLOCK + "event noon when time > twelve { count = count + 1; }"
    kernel = engine.build(module(body, rate="1 1/h", twelve="12 h"))
    outcome = engine.run(kernel, [11.9, 12.1, 20.0])
    assert engine.curve(kernel, outcome, "count").tolist() == [0.0, 1.0, 1.0]
