"""Forward sensitivities against differences: of the engine at 1,000 random points, and of closed forms."""

import sys
from pathlib import Path

import numpy as np
import pytest

from raphe.core.errors import InputError, UnknownNameError
from raphe.core.units import parse_quantity
from raphe.dosing.regimen import Dose, Entry, Regimen, Steady
from raphe.engine.compile import compile_program
from raphe.engine.lower import lower
from raphe.engine.solve import Options, settings_of, solve
from raphe.engine.status import Status
from raphe.engine.timeline import make_timeline

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "reference"))
import compartments

POINTS = 1000
WITHIN = 1e-6
TIGHT = Options(relative=1e-11, absolute=1e-14)

SATURABLE = """
species depot : mg;
species central : mg;
species response : dimensionless = made / lost;
derivative depot = -absorption * depot;
derivative central = absorption * depot - most * central / (half + central);
derivative response = made * (1 - strength * central / (middle + central)) - lost * response;
event rescue at rescued { response = response + lift * made / lost; }
route oral into depot lag wait fraction taken;
route drip into central lag wait fraction taken duration long;
route pump into central rate speed;
"""
NUMBERS = {
    "absorption": "0.9 1/h",
    "most": "6 mg/h",
    "half": "20 mg",
    "made": "2 1/h",
    "lost": "0.4 1/h",
    "strength": "0.8 dimensionless",
    "middle": "15 mg",
    "rescued": "20.3 h",
    "lift": "0.2 dimensionless",
    "wait": "0.4 h",
    "taken": "0.7 dimensionless",
    "long": "2.6 h",
    "speed": "11 mg/h",
}
OUTPUTS = ("central", "response")


def dose(time, amount, route, **more):
    return Dose(time=time, amount=parse_quantity(f"{amount} mg"), route=route, **more)


REGIMEN = Regimen(
    text="by hand",
    doses=(
        dose(0.0, 30, "oral", interval=8.0, additional=2),
        dose(5.1, 25, "drip"),
        dose(6.0, 10, "pump"),
        dose(12.2, 15, "drip", entry=Entry.RATE, rate=parse_quantity("4 mg/h")),
        dose(13.0, 5, "pump", entry=Entry.AT_ONCE),
    ),
    length=24.0,
)
TIMES = np.array([0.0, 0.3, 1.1, 3.0, 5.0, 6.4, 7.9, 9.3, 12.0, 13.3, 16.0, 17.1, 20.0, 21.0, 30.0])


def kernel_of(engine, text, outputs, chosen):
    program = lower(engine.model(text), outputs=outputs, sensitivities=chosen)
    return compile_program(program, cache=engine.cache)


def run(kernel, parameters, regimen, times, options=TIGHT):
    timeline = make_timeline(
        kernel.program,
        regimen,
        route=None,
        settings=settings_of(kernel, parameters),
        parameters=parameters,
    )
    return solve(kernel, parameters, timeline, times, options=options)


def differences(values_at, parameters, index):
    """Central differences at three steps, extrapolated twice: what is left is of the sixth order in the step."""
    table = []
    for part in (4e-3, 2e-3, 1e-3):
        moved = parameters[:, index] * part
        up, down = parameters.copy(), parameters.copy()
        up[:, index] += moved
        down[:, index] -= moved
        table.append((values_at(up) - values_at(down)) / (2.0 * moved)[:, None, None])
    once = [(4.0 * table[n + 1] - table[n]) / 3.0 for n in range(2)]
    return (16.0 * once[1] - once[0]) / 15.0


def worst(found, wanted, values, parameter, clear=None):
    """Largest error of a slope over its own largest size; slopes that are next to nothing count as a part of y / p."""
    largest = np.abs(wanted).max(axis=1, keepdims=True)
    least = 1e-3 * np.abs(values).max(axis=1, keepdims=True) / np.abs(parameter)[:, None, None]
    error = np.abs(found - wanted) / np.maximum(largest, least)
    return float(np.max(error if clear is None else error[clear]))


def clear_of_edges(kernel, parameters, regimen, times):
    """Where no edge is so near that a difference would see both sides of it: (subjects, times)."""
    settings = settings_of(kernel, parameters)
    line = make_timeline(
        kernel.program, regimen, route=None, settings=settings, parameters=parameters
    )
    clear = np.ones((len(parameters), len(times)), dtype=bool)
    for subject in range(len(parameters)):
        edges = line.time[line.first[subject] : line.first[subject + 1]]
        apart = np.abs(edges[:, None] - times)
        clear[subject] = np.all(apart > 0.01 * np.maximum(edges[:, None], times), axis=0)
    return clear


def drawn(kernel, count, seed, spread=0.25):
    generator = np.random.default_rng(seed)
    center = np.array(kernel.program.defaults)
    return center * np.exp(spread * generator.standard_normal((count, len(center))))


def test_slopes_equal_differences_at_a_thousand_random_points(engine, module):
    text = module(SATURABLE, **NUMBERS)
    names = tuple(NUMBERS)
    sensitive = kernel_of(engine, text, OUTPUTS, names)
    plain = engine.build(text, outputs=OUTPUTS)
    parameters = drawn(plain, POINTS, 1)
    found = run(sensitive, parameters, REGIMEN, TIMES)
    assert not found.status.any()
    options = Options(relative=1e-12, absolute=1e-15)

    def values_at(table):
        outcome = run(plain, table, REGIMEN, TIMES, options)
        assert not outcome.status.any()
        return outcome.values

    clear = clear_of_edges(plain, parameters, REGIMEN, TIMES)
    assert clear.mean() > 0.8
    for place, name in enumerate(names):
        index = plain.program.layout.parameters.index(name)
        wanted = differences(values_at, parameters, index)
        assert np.any(wanted != 0.0), name
        error = worst(found.slopes[..., place], wanted, found.values, parameters[:, index], clear)
        assert error < WITHIN, name


LINEAR = """
species depot : mg;
species central : mg;
species tissue : mg;
derivative depot = -absorption * depot;
derivative central = absorption * depot - (clearance + flow) / volume * central + flow / room * tissue;
derivative tissue = flow / volume * central - flow / room * tissue;
quantity level : mg/L = central / volume;
route oral into depot lag wait fraction taken;
route iv into central lag wait fraction taken;
route drip into central lag wait fraction taken duration long;
"""
LINEAR_NUMBERS = {
    "absorption": "1.1 1/h",
    "clearance": "4 L/h",
    "volume": "30 L",
    "flow": "6 L/h",
    "room": "50 L",
    "wait": "0.7 h",
    "taken": "0.6 dimensionless",
    "long": "2.3 h",
}


@pytest.mark.parametrize("steady", [Steady.NO, Steady.REPLACE, Steady.ADD])
@pytest.mark.parametrize("how", ["oral", "iv", "rate", "drip", "long drip"])
def test_slopes_equal_those_of_closed_forms(engine, module, how, steady):
    numbers = LINEAR_NUMBERS | ({"long": "19 h", "wait": "9 h"} if how == "long drip" else {})
    names = tuple(numbers)
    kernel = kernel_of(engine, module(LINEAR, **numbers), ("level",), names)
    route = {"rate": "iv", "long drip": "drip"}.get(how, how)
    more = {"entry": Entry.RATE, "rate": parse_quantity("13 mg/h")} if how == "rate" else {}
    one = dose(1.0, 40, route, interval=8.0, additional=2, steady=steady, **more)
    regimen = Regimen(text="by hand", doses=(dose(0.0, 25, "oral"), one), length=30.0)
    times = np.array([0.9, 2.5, 5.0, 8.1, 12.0, 18.5, 31.0])
    parameters = drawn(kernel, 3, 2, 0.05)
    order = [kernel.program.layout.parameters.index(name) for name in names]

    def values_at(table):
        return np.array([closed(dict(zip(names, row[order], strict=True))) for row in table])[
            ..., None
        ]

    def closed(values):
        system = compartments.System(
            clearance=values["clearance"],
            volume=values["volume"],
            peripherals=((values["flow"], values["room"]),),
            absorption=values["absorption"],
        )
        own = {"lag": values["wait"], "fraction": values["taken"]}
        given = {"rate": {"rate": 13.0}, "drip": {"duration": values["long"]}}
        given["long drip"] = given["drip"]
        kind = {Steady.NO: 0, Steady.REPLACE: 1, Steady.ADD: 2}[steady]
        doses = [
            compartments.Dose(amount=25.0, compartment="depot", **own),
            compartments.Dose(
                time=1.0,
                amount=40.0,
                compartment="depot" if how == "oral" else "central",
                additional=2,
                interval=8.0,
                steady=kind,
                **own,
                **given.get(how, {}),
            ),
        ]
        return compartments.concentrations(system, doses, times, side="left")

    found = run(kernel, parameters, regimen, times)
    assert not found.status.any()
    for place, name in enumerate(names):
        wanted = differences(values_at, parameters, order[place])
        error = worst(found.slopes[..., place], wanted, found.values, parameters[:, order[place]])
        assert error < WITHIN, name


def test_values_do_not_change_when_slopes_are_asked(engine, module):
    text = module(SATURABLE, **NUMBERS)
    sensitive = kernel_of(engine, text, OUTPUTS, ("wait", "most"))
    plain = engine.build(text, outputs=OUTPUTS)
    parameters = drawn(plain, 37, 3)
    one, other = (
        run(kernel, parameters, REGIMEN, TIMES, Options()) for kernel in (sensitive, plain)
    )
    assert np.array_equal(one.values, other.values)
    assert np.array_equal(one.accepted, other.accepted)
    assert one.slopes.shape == (37, len(TIMES), 2, 2)
    assert other.slopes.shape == (37, len(TIMES), 2, 0)


def test_slopes_depend_neither_on_neighbors_nor_threads_nor_grid(engine, module):
    kernel = kernel_of(engine, module(SATURABLE, **NUMBERS), OUTPUTS, ("wait", "long", "half"))
    parameters = drawn(kernel, 50, 4)
    whole = run(kernel, parameters, REGIMEN, TIMES).slopes
    threaded = run(
        kernel,
        parameters,
        REGIMEN,
        TIMES,
        Options(relative=1e-11, absolute=1e-14, threads=3, chunk=7),
    )
    assert np.array_equal(threaded.slopes, whole)
    assert np.array_equal(run(kernel, parameters[::-1], REGIMEN, TIMES).slopes[::-1], whole)
    assert np.array_equal(run(kernel, parameters[9:10], REGIMEN, TIMES).slopes[0], whole[9])
    dense = np.unique(np.concatenate([TIMES, np.linspace(0.0, 30.0, 501)]))
    every = run(kernel, parameters, REGIMEN, dense).slopes
    assert np.array_equal(every[:, np.searchsorted(dense, TIMES)], whole)


def test_a_slope_that_is_no_number_fails_the_subject(engine, module):
    body = """
    species depot : mg = start;
    derivative depot = -rate * depot;
    quantity shown : dimensionless = sqrt(depot / start - depot / start * edge);
    """
    numbers = {"rate": "1 1/h", "start": "1 mg", "edge": "0.5 dimensionless"}
    kernel = kernel_of(engine, module(body, **numbers), ("shown",), ("edge",))
    parameters = np.tile(np.array(kernel.program.defaults), (3, 1))
    parameters[1, kernel.program.layout.parameters.index("edge")] = 1.0
    outcome = run(kernel, parameters, Regimen.from_text("no drug"), np.array([0.0, 1.0]))
    assert outcome.status.tolist() == [Status.OK, Status.OUTPUT_NOT_FINITE, Status.OK]
    for values in (outcome.values, outcome.slopes):
        assert np.all(np.isnan(values[1]))
        assert np.all(np.isfinite(values[[0, 2]]))


def test_what_cannot_be_differentiated_is_refused(engine, module):
    model = engine.model(module(SATURABLE, **NUMBERS))
    with pytest.raises(UnknownNameError, match="halff"):
        lower(model, outputs=OUTPUTS, sensitivities=("halff",))
    with pytest.raises(InputError, match="twice"):
        lower(model, outputs=OUTPUTS, sensitivities=("half", "half"))
    waiting = SATURABLE + "\nevent low when response < 1 { depot = 0; }"
    with pytest.raises(InputError, match="waits for a condition"):
        lower(engine.model(module(waiting, **NUMBERS)), outputs=OUTPUTS, sensitivities=("half",))
