"""Ten thousand random regimens against closed forms, and the balance of what goes in, stays and leaves."""

import sys
from pathlib import Path

import numpy as np
import pytest

from raphe.core.units import parse_quantity
from raphe.dosing.history import History, Sample
from raphe.dosing.records import Records
from raphe.dosing.regimen import Dose, Entry, Regimen, Steady
from raphe.engine.histories import solve_records
from raphe.engine.solve import Options

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "reference"))
import compartments

REGIMENS, SYSTEMS, LOOKS = 10_000, 40, 5
OPTIONS = Options(relative=1e-9, absolute=1e-12)
WITHIN = 1e-7
BODY = """
species depot : mg;
species central : mg;
species tissue : mg;
species deep : mg;
species left : mg;
derivative depot = -absorption * depot;
derivative central = absorption * depot - (clearance + flow + slow_flow) / volume * central
    + flow / room * tissue + slow_flow / deep_room * deep;
derivative tissue = flow / volume * central - flow / room * tissue;
derivative deep = slow_flow / volume * central - slow_flow / deep_room * deep;
derivative left = clearance / volume * central;
quantity level : mg/L = central / volume;
quantity all : mg = depot + central + tissue + deep + left;
route oral into depot lag wait fraction taken;
route iv into central lag wait fraction taken;
route timed into central lag wait fraction taken duration long;
route paced into central lag wait fraction taken rate speed;
"""
NUMBERS = {
    "clearance": "4 L/h",
    "volume": "30 L",
    "flow": "0 L/h",
    "room": "50 L",
    "slow_flow": "0 L/h",
    "deep_room": "90 L",
    "absorption": "1.1 1/h",
    "wait": "0 h",
    "taken": "1 dimensionless",
    "long": "2 h",
    "speed": "20 mg/h",
}
ENTRIES = ("bolus", "oral", "rate", "duration", "modeled duration", "modeled rate")


@pytest.fixture(scope="module")
def kernel(engine, module):
    return engine.build(module(BODY, **NUMBERS), outputs=("level",))


def random_systems(generator):
    """Values of the parameters of each system; one, two or three compartments."""
    found = []
    for number in range(SYSTEMS):
        spread = np.exp(0.5 * generator.standard_normal(6))
        found.append(
            {
                "clearance": 4.0 * spread[0],
                "volume": 30.0 * spread[1],
                "flow": 6.0 * spread[2] if number % 3 > 0 else 0.0,
                "room": 50.0 * spread[3],
                "slow_flow": 1.2 * spread[4] if number % 3 > 1 else 0.0,
                "deep_room": 90.0 * spread[5],
                "absorption": float(generator.uniform(0.4, 2.0)),
                "wait": float(generator.choice([0.0, 0.0, 0.7, 5.3, 14.0])),
                "taken": float(generator.choice([1.0, 0.8, 0.35])),
                "long": float(generator.uniform(0.5, 9.0)),
                "speed": float(generator.uniform(4.0, 40.0)),
            }
        )
    return found


def random_dose(generator, values, time, steady):
    """One dose, and the same for the closed form."""
    entry = str(generator.choice(ENTRIES))
    amount, interval = float(generator.uniform(5.0, 80.0)), float(generator.uniform(3.0, 13.0))
    additional = int(generator.integers(0, 4))
    steady = steady and generator.random() < 0.3
    kind = int(generator.integers(1, 3)) if steady else 0
    if not additional and not kind:
        interval = 0.0
    rate, length = float(generator.uniform(4.0, 40.0)), float(generator.uniform(0.3, 11.0))
    given = {
        "bolus": ("iv", {"entry": Entry.AT_ONCE}, {}),
        "oral": ("oral", {"entry": Entry.AT_ONCE}, {"compartment": "depot"}),
        "rate": (
            "iv",
            {"entry": Entry.RATE, "rate": parse_quantity(f"{rate!r} mg/h")},
            {"rate": rate},
        ),
        "duration": ("iv", {"entry": Entry.DURATION, "duration": length}, {"duration": length}),
        "modeled duration": ("timed", {}, {"duration": values["long"]}),
        "modeled rate": ("paced", {}, {"rate": values["speed"]}),
    }
    route, own, known = given[entry]
    series = {"interval": interval, "additional": additional}
    dose = Dose(
        time=time,
        amount=parse_quantity(f"{amount!r} mg"),
        route=route,
        steady=list(Steady)[kind],
        **series,
        **own,
    )
    record = compartments.Dose(
        time=time,
        amount=amount,
        lag=values["wait"],
        fraction=values["taken"],
        steady=kind,
        **series,
        **known,
    )
    return dose, record


def exact_levels(values, records, times):
    peripherals = [
        (values[flow], values[room])
        for flow, room in (("flow", "room"), ("slow_flow", "deep_room"))
        if values[flow] > 0.0
    ]
    system = compartments.System(
        clearance=values["clearance"],
        volume=values["volume"],
        peripherals=tuple(peripherals),
        absorption=values["absorption"],
    )
    return compartments.concentrations(system, records, times, side="after")


def test_ten_thousand_random_regimens_follow_their_closed_forms(engine, kernel):
    generator = np.random.default_rng(20261123)
    systems = random_systems(generator)
    histories, exact, table = [], [], []
    names = kernel.program.layout.parameters
    for number in range(REGIMENS):
        values = systems[number % SYSTEMS]
        starts = np.sort(generator.uniform(0.0, 20.0, int(generator.integers(1, 4)))).tolist()
        pairs = [random_dose(generator, values, time, steady=True) for time in starts]
        times = np.sort(generator.uniform(starts[-1], 45.0, LOOKS)).tolist()
        looks = [Sample(time=time, row=number * LOOKS + place) for place, time in enumerate(times)]
        items = (*(dose for dose, _ in pairs), *looks)
        histories.append(History(subject=str(number), begin=0.0, items=items))
        exact.append(exact_levels(values, [record for _, record in pairs], times))
        table.append([values[name] for name in names])
    records = Records(
        histories=tuple(histories),
        rows=REGIMENS * LOOKS,
        ids=tuple(history.subject for history in histories),
    )
    factors = [unit.factor for unit in kernel.program.layout.parameter_units]
    outcome = solve_records(kernel, records, np.array(table) * factors, options=OPTIONS)
    assert not outcome.status.any()
    found = outcome.values[:, 0].reshape(REGIMENS, LOOKS)
    found = found / kernel.program.layout.output_units[0].factor
    wanted = np.array(exact)
    error = np.abs(found - wanted) / np.maximum(wanted.max(axis=1, keepdims=True), 1e-3)
    assert wanted.max(axis=1).mean() > 0.1
    assert float(error.max()) < WITHIN


def test_what_was_given_is_in_the_body_or_has_left(engine, module):
    kernel = engine.build(module(BODY, **NUMBERS), outputs=("all",))
    generator = np.random.default_rng(7)
    times = np.linspace(0.0, 60.0, 241)
    for system in random_systems(generator)[:30]:
        pairs = [
            random_dose(generator, system, time, steady=False)
            for time in np.sort(generator.uniform(0.0, 20.0, 4)).tolist()
        ]
        regimen = Regimen(text="by hand", doses=tuple(dose for dose, _ in pairs), length=100.0)
        parameters = engine.parameters(kernel, 1, **system)
        outcome = engine.run(kernel, times, parameters=parameters, regimen=regimen)
        assert not outcome.status.any()
        given = sum(arrived(record, times) for _, record in pairs)
        found = outcome.values[0, :, 0] / kernel.program.layout.output_units[0].factor
        assert np.max(np.abs(found - given)) <= 1e-8 * given[-1]


def arrived(record, times):
    """How much of a dose and its series has entered before each time."""
    total = np.zeros(len(times))
    for number in range(record.additional + 1):
        start = record.time + number * record.interval + record.lag
        amount = record.amount * record.fraction
        if record.rate or record.duration:
            length = record.duration or amount / record.rate
            total += amount * np.clip((times - start) / length, 0.0, 1.0)
        else:
            total += np.where(times > start, amount, 0.0)
    return total
