"""The spiking network beside the mean field: closed forms of cells and synapses; a short run against the page."""

import re
from pathlib import Path

import numpy as np
import pytest
from crosscheck.compare import (
    SYNAPSE,
    Plan,
    circuit,
    mean_field,
    same_weight,
    simulate,
    stretched,
)
from crosscheck.network import (
    ACTIVATION,
    ETA,
    GAMMA,
    STEP,
    Cells,
    Inhibition,
    arriving,
    connect,
    fates,
    gate,
    rates,
    read_cells,
    recruit,
    spikes,
)
from crosscheck.page import compare, draw, findings, page

PAGE = Path(__file__).parents[1] / "docs" / "circuit-crosscheck.md"
SHORT = Plan(stretches=(1.0, 1.45, 1.9), seeds=(5,), settle=400.0, count=800.0, serotonin_cells=100)


def plain_cells(count, **numbers):
    """Leaky cells without potassium currents or memory of spikes."""
    numbers = {
        "capacitance": 0.09,
        "leak": 0.001,
        "leak_reversal": -65.0,
        "reset": -65.0,
        "refractory": 5.0,
        "threshold": -50.0,
        "sharpness": 1e-3,
        "a_current": 0.0,
        "a_inactivation": 30.0,
        "k_current": 0.0,
    } | numbers
    same = {name: np.full(count, value) for name, value in numbers.items()}
    eta, gamma = np.zeros((len(ETA), count)), np.zeros((len(GAMMA), count))
    return Cells(**same, eta=eta, gamma=gamma)


def test_a_leaky_cell_reaches_a_sharp_threshold_when_its_time_constant_says():
    """tau ln(IR / (IR - theta)) from rest, and the refractory time more between spikes."""
    cells = plain_cells(1)
    fired = spikes(cells, np.array([0.02]), 400.0, due=fates(cells, 400.0, seed=1, name="x"))
    times = np.array([now * STEP for now, who in enumerate(fired) if len(who)])
    wait = 90.0 * np.log(20.0 / (20.0 - 15.0))  # ms: C / g, I / g and the way to the threshold
    assert times[0] == pytest.approx(wait, abs=0.5)
    assert np.diff(times) == pytest.approx(wait + 5.0, abs=0.5)


def test_a_spike_that_leaves_a_current_delays_the_next_as_its_size_says():
    """A current that hardly fades, over the time of a spike, is taken off the drive."""
    cells = plain_cells(1, refractory=0.1)
    cells.eta[ETA.index(3000.0)] = 0.004
    fired = spikes(cells, np.array([0.024]), 400.0, due=fates(cells, 400.0, seed=1, name="x"))
    times = [now * STEP for now, who in enumerate(fired) if len(who)]
    first, second = 90.0 * np.log(24.0 / 9.0), 90.0 * np.log(20.0 / 5.0)
    assert times[0] == pytest.approx(first, abs=0.5)
    assert times[1] - times[0] == pytest.approx(second, rel=0.05)
    assert times[1] - times[0] < second  # it fades a little


def test_without_input_cells_fire_at_the_rate_of_their_threshold_and_dead_time():
    """1 / (1 / lambda + refractory) for lambda = exp((V - threshold) / sharpness) Hz."""
    cells = plain_cells(300, threshold=-68.0, sharpness=1.0, refractory=20.0)
    fired = spikes(cells, np.array([0.0]), 2500.0, due=fates(cells, 2500.0, seed=2, name="x"))
    found = rates(fired, 1, 300, after=500.0)
    assert found.mean() == pytest.approx(1.0 / (np.exp(-3.0) + 0.02), rel=0.02)
    silent = plain_cells(3)
    assert not any(
        len(who)
        for who in spikes(silent, np.zeros(1), 200.0, due=fates(silent, 200.0, seed=1, name="x"))
    )


@pytest.mark.parametrize("factor", [1.0, 1.9])
def test_a_synapse_peaks_when_and_as_high_as_its_exponentials_say(factor):
    kernel = stretched(factor)
    time = np.arange(0.0, 600.0, 0.001)
    course = kernel.amplitude * (np.exp(-time / kernel.decay) - np.exp(-time / kernel.rise))
    assert time[course.argmax()] == pytest.approx(kernel.peak_time, abs=0.002)
    assert course.max() == pytest.approx(0.0003, rel=1e-6)
    assert course.sum() * 0.001 == pytest.approx(kernel.charge, rel=1e-3)


def test_a_shunted_cell_settles_where_conductances_balance():
    """Steady arrivals: the mean conductance is their rate times the charge, which current must outdo."""
    every = 20  # steps
    arrivals = np.zeros((1, 8000, 1), dtype=np.uint8)
    arrivals[0, ::every] = 1
    mean = SYNAPSE.charge / (every * STEP)  # uS
    needed = 0.001 * 15.0 + mean * (-50.0 + 76.7)  # nA that hold the cell at its threshold

    def fires(current):
        cells = plain_cells(1)
        inhibition = Inhibition(
            arrivals=arrivals, row=np.array([0]), kernels=(SYNAPSE,), reversal=-76.7
        )
        due = fates(cells, 800.0, seed=1, name="x")
        fired = spikes(cells, np.array([current]), 800.0, due=due, inhibition=inhibition)
        return any(len(who) for who in fired[4000:])

    assert fires(1.04 * needed)
    assert not fires(0.96 * needed)


def test_gates_are_half_open_at_their_half():
    assert gate(np.array([ACTIVATION[2]]), ACTIVATION)[0] == pytest.approx(ACTIVATION[0] / 2.0)


def test_spikes_arrive_after_the_delay_at_the_cells_they_reach():
    synapses = np.array([[1, 0], [1, 1]], dtype=np.uint8)
    none = np.zeros(0, dtype=int)
    fired = [
        none,
        np.array([1, 2]),
        none,
        none,
        none,
    ]  # cell 1 of condition 0, cell 0 of condition 1
    counts = arriving(fired, synapses, 0.2, conditions=2)
    wanted = np.zeros((2, 5, 2))
    wanted[0, 3] = [1, 1]
    wanted[1, 3] = [1, 0]
    assert np.array_equal(counts, wanted)


def test_chance_comes_from_keys_alone():
    cells = read_cells("serotonin")
    assert len(cells) == 18
    assert len(read_cells("gaba")) == 14
    few = recruit(cells, 20, seed=3, name="a")
    many = recruit(cells, 200, seed=3, name="a")
    assert np.array_equal(few.leak, many.leak[:20])
    assert not np.array_equal(recruit(cells, 20, seed=4, name="a").leak, few.leak)
    short = fates(few, 200.0, seed=3, name="b")
    long = fates(many, 400.0, seed=3, name="b")
    assert np.array_equal(short, long[: len(short), :20])
    assert connect(600, 400, 0.02, seed=3).mean() == pytest.approx(0.02, rel=0.05)


def test_the_mean_field_is_that_of_the_library_and_its_weight_can_be_read_back():
    model = circuit()
    assert mean_field(model, 1.0, {}) == pytest.approx(1.0, abs=1e-12)
    assert mean_field(model, 1.5, {"gaba_tone": 0.0}) == pytest.approx(1.0, abs=1e-12)
    assert mean_field(model, 1.5, {}) < 0.99
    second = next(p for p in model.parameters if p.name == "raphe_on_serotonin").value.unit.factor
    falls = mean_field(model, 1.4, {"raphe_on_serotonin": 0.7 * second})
    assert same_weight(model, 1.4, falls) == pytest.approx(0.7, rel=1e-6)


@pytest.fixture(scope="module")
def short():
    return simulate(SHORT)


def test_a_short_run_falls_with_tone_and_not_without(short):
    assert [tone.name for tone in SHORT.tones] == ["none", "weak", "middle", "strong"]
    none, _, middle, strong = short.ratio[0]
    assert np.array_equal(none, np.ones(3))
    assert np.all(np.diff(strong) < 0.0)
    assert 0.2 < strong[-1] < middle[-1] < 1.0
    assert np.all(short.rate[0, :, 0] > 1.0)
    assert 15.0 < short.gaba_rate[-1] < 27.0


def test_page_and_figure_are_the_same_each_time(short):
    one, again = compare(short), compare(short)
    assert page(one, "x") == page(again, "x")
    assert draw(one) == draw(again)


def test_the_page_says_what_a_short_run_says(short):
    """Which way, and that synapses alone do not silence the cells; sizes need the whole run."""
    rows = re.findall(r"^\| (.+?) \| (yes|\*\*no\*\*) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    found = findings(compare(short))
    assert [text for text, _ in rows] == [text for text, _ in found]
    assert [told for _, told in rows[:4]] == ["yes"] * 4
    assert found[0][1]
    assert found[3][1]
