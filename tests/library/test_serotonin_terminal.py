"""The serotonin terminal alone: conservation, gain, feedback, burst, tryptophan; checks of the paper's behavior."""

import numpy as np
import pytest
from scipy.optimize import brentq

from raphe.language.expression import evaluate

SECOND = 1.0 / 3600.0
PUBLISHED = {"terminal__vesicle_leak": 1.0}  # 1/h, as in the code of 2020


@pytest.fixture(scope="module")
def resting(terminal, at_start):
    return at_start(terminal.model)


def column(runner, outcome, name):
    return outcome.values[0, :, list(runner.program.layout.outputs).index(name)]


def test_rest_is_a_steady_state_by_the_formulas_alone(terminal, resting):
    for derivative in terminal.model.derivatives:
        rate = evaluate(derivative.rate, resting)
        assert abs(rate) < 1e-9 * max(abs(resting[derivative.species]), 1.0), derivative.species


def test_tryptophan_and_serotonin_close_their_balances_at_rest(resting):
    synthesis = resting["terminal.synthesis"]
    pool = resting["terminal.pool_loss"] * resting["terminal.tryptophan_pool"]
    loss = resting["terminal.tryptophan_loss"] * resting["terminal.tryptophan"]
    assert resting["terminal.entry_flux"] == pytest.approx(synthesis + pool + loss, rel=1e-6)
    extracellular = resting["terminal.extracellular_serotonin"]
    leak = resting["terminal.exchange"] * (extracellular - resting["terminal.cytosolic_serotonin"])
    glia = resting["terminal.glial_exchange"] * (
        extracellular - resting["terminal.glial_serotonin"]
    )
    removal = resting["terminal.washout"] * extracellular
    uptake = resting["terminal.uptake_flux"]
    assert resting["terminal.release_flux"] == pytest.approx(
        uptake + removal + leak + glia, rel=1e-6
    )


def test_the_start_is_the_published_one(resting):
    published = {  # start vector of the authors' model, uM
        "tryptophan": 20.16,
        "tryptophan_pool": 113.4,
        "tetrahydrobiopterin": 0.901,
        "hydroxytryptophan": 1.609,
        "cytosolic_serotonin": 0.0373,
        "ready_vesicles": 63.0,
        "extracellular_serotonin": 0.0603,
        "active_regulator": 1.011,
        "bound_autoreceptor": 0.979,
    }
    micromolar = 1000.0  # nM
    for name, value in published.items():
        assert resting[f"terminal.{name}"] / micromolar == pytest.approx(value, rel=0.02), name


def extracellular_at(terminal, resting, with_quantities, release, *, second_uptake):
    """Extracellular serotonin at which its rate is 0, all other states held at rest."""
    rates = {derivative.species: derivative.rate for derivative in terminal.model.derivatives}
    name = "terminal.extracellular_serotonin"
    species = {one.name for one in terminal.model.species}
    held = {p.name: resting[p.name] for p in terminal.model.parameters}
    held |= {one: resting[one] for one in species} | {"time": 0.0, "driver.drive": release}
    if not second_uptake:
        held["terminal.glial_share"] = 0.0

    def rate(level):
        values = with_quantities(terminal.model, {**held, name: level})
        return evaluate(rates[name], values)

    return brentq(rate, 0.2 * resting[name], 5.0 * resting[name]) / resting[name]


def test_ten_percent_more_release_gives_the_published_open_loop_rise(
    terminal, resting, with_quantities
):
    with_second = extracellular_at(terminal, resting, with_quantities, 1.1, second_uptake=True)
    without = extracellular_at(terminal, resting, with_quantities, 1.1, second_uptake=False)
    assert with_second == pytest.approx(1.18, abs=0.01)
    assert without == pytest.approx(1.22, abs=0.01)


def test_the_autoreceptor_damps_a_rise(terminal, resting, with_quantities):
    open_loop = extracellular_at(terminal, resting, with_quantities, 1.1, second_uptake=True)
    outcome = terminal.run(terminal.defaults(driver__level=1.1), [0.0, 2.0])
    ratio = column(terminal, outcome, "terminal.serotonin_change")[-1]
    assert 1.0 < ratio < open_loop


def test_after_a_burst_serotonin_dips_below_rest_within_half_a_minute(terminal):
    begin = 0.1
    values = {"driver__begin": begin, "driver__end": begin + 2 * SECOND, "driver__pulse": 8.0}
    times = np.concatenate([[0.0], begin + np.arange(0.0, 61.0) * SECOND])
    outcome = terminal.run(terminal.defaults(**values), times)
    ratio = column(terminal, outcome, "terminal.serotonin_change")[1:]
    assert ratio.max() > 1.2
    assert ratio[:31].min() < 1.0
    assert np.argmax(ratio) < np.argmin(ratio)


def test_doubled_tryptophan_raises_synthesis_within_the_clamped_band(
    fed, at_start, with_quantities
):
    """Plasma tryptophan x2 with pterins and autoreceptor held: 1.30 to 1.40 times the synthesis."""
    model = fed("serotonin_terminal", "tryptophan_supply").model
    resting = at_start(model)
    rates = {derivative.species: derivative.rate for derivative in model.derivatives}
    species = {one.name for one in model.species}
    held = {p.name: resting[p.name] for p in model.parameters}
    held |= {one: resting[one] for one in species} | {"time": 0.0, "step.level": 2.0}

    def settled(level):
        pool = level / resting["terminal.tryptophan"] * resting["terminal.tryptophan_pool"]
        return {**held, "terminal.tryptophan": level, "terminal.tryptophan_pool": pool}

    def rate(level):
        return evaluate(rates["terminal.tryptophan"], with_quantities(model, settled(level)))

    level = brentq(rate, 0.5 * held["terminal.tryptophan"], 4.0 * held["terminal.tryptophan"])
    values = with_quantities(model, settled(level))
    assert 1.30 <= values["terminal.synthesis"] / resting["terminal.synthesis"] <= 1.40


def test_vesicles_of_a_silent_terminal_fill_to_what_they_hold_and_not_further(terminal):
    silent = {"driver__level": 0.0, "driver__begin": 1e6, "driver__end": 1e6 + 1} | PUBLISHED
    ready = {}
    for capacity in (5.0, 6.7, 1e6):
        values = terminal.defaults(terminal__vesicle_capacity=capacity, **silent)
        course = column(terminal, terminal.run(values, [0.0, 30 * 24.0]), "terminal.ready_vesicles")
        ready[capacity] = course[1] / course[0]
    assert 0.75 * 5.0 < ready[5.0] < 5.0
    assert 0.75 * 6.7 < ready[6.7] < 6.7
    assert ready[1e6] > 6.0  # the published law, still filling


def test_what_vesicles_hold_changes_nothing_before_they_are_three_quarters_full(terminal):
    low = {"driver__level": 0.5, "driver__begin": 1e6, "driver__end": 1e6 + 1} | PUBLISHED
    times = np.linspace(0.0, 240.0, 25)
    held, free = (
        terminal.run(terminal.defaults(terminal__vesicle_capacity=capacity, **low), times).values
        for capacity in (6.7, 1e6)
    )
    assert np.array_equal(held, free)


@pytest.mark.parametrize(
    ("level", "expected"),
    [  # hours: ratio to rest, from another program (implicit Runge-Kutta at 1e-10)
        (0.8, {0.1: 0.8357910, 1: 0.8428614, 6: 0.8680655, 24: 0.9214716, 240: 0.9641289}),
        (1.2, {0.1: 1.1320456, 1: 1.1312807, 6: 1.1312788, 72: 1.1175265, 240: 1.0813719}),
    ],
)
def test_the_closed_loop_follows_an_independent_program(terminal, level, expected):
    drive_stays = {"driver__begin": 1e6, "driver__end": 1e6 + 1} | PUBLISHED
    outcome = terminal.run(terminal.defaults(driver__level=level, **drive_stays), [0.0, *expected])
    ratio = column(terminal, outcome, "terminal.serotonin_change")[1:]
    assert ratio == pytest.approx(list(expected.values()), rel=2e-6)


def test_plasma_has_what_diet_makes_of_it(fed):
    """A tenth of supply is a tenth of plasma tryptophan, and less than a fifth of synthesis."""
    runner = fed("serotonin_terminal", "tryptophan_supply")
    outcome = runner.run(runner.defaults(step__level=0.1), [24.0])
    assert runner.values(outcome, "terminal.plasma_tryptophan")[0, 0] == pytest.approx(9.6)
    assert runner.values(outcome, "terminal.synthesis_change")[0, 0] < 0.2


@pytest.mark.parametrize(("leak", "band"), [(1.0, (0.2, 0.6)), (40.0, (0.9, 1.0))])
def test_the_metabolite_falls_with_firing_only_if_vesicles_leak_slowly(fed, leak, band):
    """The two published leaks. In voltammetry it does not fall when firing stops (1990)."""
    runner = fed("serotonin_terminal", "firing")
    table = runner.defaults(step__level=0.0, terminal__vesicle_leak=leak)
    metabolite = runner.values(runner.run(table, [2.0]), "terminal.metabolite_change")[0, 0]
    assert band[0] < metabolite < band[1]
