"""Sleep, years, meals and exercise: closed forms, published bands and signs."""

from pathlib import Path

import numpy as np
import pytest

from raphe.dosing.regimen import Regimen
from raphe.engine.compile import compile_program
from raphe.engine.lower import lower
from raphe.engine.solve import settings_of, solve
from raphe.engine.timeline import make_timeline
from raphe.language.compose import compose
from raphe.language.parse import parse
from raphe.library.catalog import make_catalog

REFERENCE = Path(__file__).parents[1] / "reference" / "two_process.raphe"


def value(runner, name, when, **changes):
    outcome = runner.run(runner.defaults(**changes), [when])
    return runner.values(outcome, name)[0, 0]


@pytest.fixture(scope="module")
def awake(cache):
    """Hours, and whether the two-process model is awake, in its third and fourth week."""
    catalog = make_catalog([parse(REFERENCE.read_text(), "two_process")])
    model = compose(catalog.assemblies["two_process_alone"], catalog.library)
    kernel = compile_program(lower(model), cache=cache)
    hours = np.linspace(0.0, 28 * 24.0, 28 * 240 + 1)
    table = np.array([kernel.program.defaults])
    timeline = make_timeline(
        kernel.program,
        Regimen.from_text("no drug"),
        route=None,
        settings=settings_of(kernel, table),
        parameters=table,
    )
    outcome = solve(kernel, table, timeline, hours)
    assert not outcome.status.any()
    late = hours >= 14 * 24.0
    return hours[late], outcome.values[0, late, 1]


def test_the_two_process_model_sleeps_once_a_day_for_a_third_of_it(awake):
    hours, states = awake
    falls = hours[1:][np.diff(states) < -0.5]
    assert np.diff(falls) == pytest.approx(24.0, abs=0.5)
    assert 24.0 * np.mean(states < 0.5) == pytest.approx(8.0, abs=0.5)


def test_sleep_need_is_the_periodic_solution_of_the_two_processes(alone):
    runner = alone("sleep")
    need = 0.5
    for _ in range(200):  # days of 18 h awake and 6 h asleep
        evening = 1.0 - (1.0 - need) * np.exp(-18.0 / 18.2)
        need = evening * np.exp(-6.0 / 4.2)
    short, need = evening, 0.5
    for _ in range(200):
        evening = 1.0 - (1.0 - need) * np.exp(-16.0 / 18.2)
        need = evening * np.exp(-8.0 / 4.2)
    assert value(runner, "need", 2400.0, hours=6.0) == pytest.approx(short / evening, rel=1e-6)


def test_short_sleep_lowers_wakefulness_and_long_sleep_does_not(alone):
    runner = alone("sleep")
    assert value(runner, "wakefulness", 240.0, hours=4.0) < 1.0
    assert value(runner, "wakefulness", 240.0, hours=8.0) == pytest.approx(1.0, abs=1e-12)


def test_fifty_years_take_the_published_share_of_dopamine_transporters(alone):
    left = value(alone("ageing"), "dopamine_transporter", 0.0, years=50.0 * 8766.0)
    assert (1 - 0.14) ** 5 <= left <= (1 - 0.037) ** 5  # 3.7 to 14 % a decade, compound
    assert 1.0 - left == pytest.approx(0.35, abs=0.18)  # 17 to 53 %


def test_spinal_fluid_shows_the_metabolite_over_a_flow_that_falls_with_years(alone, fed):
    forty = {"years": 40.0 * 8766.0}
    flow = [value(alone("ageing"), "flow", 0.0, **forty, flow_loss=loss) for loss in (0.0, 0.1)]
    assert flow == pytest.approx([1.0, 0.9**4])
    for name in ("serotonin_terminal", "serotonin_terminal_2010"):
        runner, slow = fed(name, "flow"), {"step__level": flow[1]}
        assert value(runner, "terminal.fluid_metabolite", 0.0, **slow) == 1.0
        late = value(runner, "terminal.fluid_metabolite", 720.0, **slow)
        assert late == pytest.approx(0.9**-4, rel=1e-6)


def test_no_years_change_nothing(alone):
    runner = alone("ageing")
    assert value(runner, "flow", 0.0) == 1.0
    assert value(runner, "dopamine_transporter", 0.0) == 1.0
    assert value(runner, "serotonin_transporter", 0.0) == 1.0


@pytest.fixture(scope="module")
def eaten(alone):
    """Plasma tryptophan over rest after grams of a protein with parts of tryptophan and of its competitors."""
    runner = alone("meals")

    def course(grams, hours, tryptophan=0.0, competitors=0.28):
        numbers = {"tryptophan_in_protein": tryptophan, "competitors_in_protein": competitors}
        table = runner.defaults(**numbers)
        outcome = runner.run(table, hours, regimen=f"{grams} g once by protein")
        return runner.values(outcome, "tryptophan")[0]

    return course


@pytest.mark.parametrize("tryptophan", [0.0, 0.012])
def test_tryptophan_that_a_meal_brings_and_takes_closes_its_balance(alone, eaten, tryptophan):
    """All that tissues build in comes out of plasma: the area under the fall is what was built in over the pool."""
    number = {
        one.name: one.value.value
        for one in alone("meals").model.parameters
        if one.value is not None
    }
    hours = np.linspace(0.0, 72.0, 7201)
    course = eaten(40.0, hours, tryptophan)
    pool = number["space"] * number["tryptophan_start"] * number["tryptophan_mass"] / 1e6  # g
    built = number["building"] * number["needed"] * 0.28 * 40.0
    brought = number["arriving"] * tryptophan * 40.0
    area = np.trapezoid(1.0 - course, hours)
    assert number["clearing"] * area * pool == pytest.approx(built - brought, rel=1e-3)


def test_plasma_tryptophan_falls_in_proportion_to_what_was_eaten_and_for_hours(eaten):
    """Moja 1988: seven amino acids, 61 % of them competitors; the largest drink, 36.6 g, leaves 35 %."""
    lowest = [
        eaten(grams, np.linspace(0.0, 6.0, 61), competitors=0.606).min()
        for grams in (12.2, 24.4, 36.6)
    ]
    assert lowest[0] > lowest[1] > lowest[2]
    assert lowest[2] == pytest.approx(0.35, rel=0.35)
    assert eaten(36.6, [6.0], competitors=0.606)[0] < 0.8


@pytest.fixture(scope="module")
def life(part_of):
    doses = ("exercise.bout", "meals.carbohydrate", "meals.protein", "meals.tryptophan")
    return part_of(("terminal.synthesis_change",), doses)


@pytest.mark.parametrize(
    ("regimen", "sign"),
    [
        ("1 h once by exercise.bout", 1.0),
        ("70 g once by meals.carbohydrate", 1.0),
        ("30 g once by meals.protein", -1.0),
        ("1 g once by meals.tryptophan", 1.0),
    ],
)
def test_what_moves_synthesis_and_that_it_fades(life, regimen, sign):
    outcome = life.run(life.defaults(), [0.0, 2.0, 72.0], regimen=regimen)
    before, during, after = life.values(outcome, "terminal.synthesis_change")[0]
    assert before == pytest.approx(1.0, abs=1e-12)
    assert sign * (during - 1.0) > 0.001
    assert abs(after - 1.0) < 0.1 * abs(during - 1.0)


def test_serotonin_synthesis_follows_meals_three_times_as_much_as_dopamine_synthesis(fed):
    serotonin = fed("serotonin_terminal", "tryptophan_supply")
    dopamine = fed("dopamine_terminal", "tyrosine_supply")
    swings = []
    for runner in (serotonin, dopamine):
        low, high = (
            value(runner, "terminal.synthesis_change", 24.0, step__level=level)
            for level in (0.59, 2.0)  # fasting and fed, in the published schedule of meals
        )
        swings.append(high - low)
    assert swings[0] > 3.0 * abs(swings[1])
