"""Doses of every kind in one to three compartments against closed forms, at the default and at a tight tolerance."""

import sys
from pathlib import Path

import numpy as np
import pytest

from raphe.core.units import parse_quantity
from raphe.dosing.regimen import Dose, Entry, Regimen, Steady

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "reference"))
import compartments

TIGHT = {"relative": 1e-10, "absolute": 1e-13}
TIMES = np.array(
    [0.4, 1.1, 2.9, 3.5, 5.5, 7.9, 9.2, 12.0, 16.3, 23.0, 27.5, 31.0, 40.0, 47.5, 60.0]
)
PERIPHERALS = ((6.0, 50.0), (0.7, 90.0))
NUMBERS = {
    "clearance": "4 L/h",
    "volume": "30 L",
    "flow": "6 L/h",
    "room": "50 L",
    "slow_flow": "0.7 L/h",
    "deep_room": "90 L",
    "absorption": "1.1 1/h",
    "wait": "0 h",
    "taken": "1 dimensionless",
    "long": "2 h",
    "speed": "20 mg/h",
}
# fraction and lag of the subjects
VARIANTS = ((1.0, 0.0), (0.6, 0.0), (1.0, 1.7), (0.7, 8.0), (0.7, 19.3))
LONG, SPEED = 2.6, 17.0  # of modeled infusions
KINDS = {  # of a dose: route, entry, rate, and the same for the closed form
    "bolus": ("iv", Entry.AT_ONCE, None, {}),
    "infusion": ("iv", Entry.RATE, "13 mg/h", {"rate": 13.0}),
    "long infusion": ("iv", Entry.RATE, "4 mg/h", {"rate": 4.0}),
    "oral": ("oral", Entry.AT_ONCE, None, {"compartment": "depot"}),
    "zero order": ("timed", Entry.ROUTE, None, {"duration": LONG}),
    "modeled rate": ("paced", Entry.ROUTE, None, {"rate": SPEED}),
}
SCHEDULES = {  # interval, additional, steady
    "single": (0.0, 0, Steady.NO),
    "additional": (8.0, 3, Steady.NO),
    "steady": (8.0, 2, Steady.REPLACE),
    "steady, added": (8.0, 2, Steady.ADD),
}
CASES = [(size, kind, schedule) for size in (1, 2, 3) for kind in KINDS for schedule in SCHEDULES]


def body(size):
    """A depot and one to three compartments, with a route for each way in."""
    tissues = [("tissue", "flow", "room"), ("deep", "slow_flow", "deep_room")][: size - 1]
    rates = ["absorption * depot", "- clearance / volume * central"]
    lines = ["species depot : mg;", "species central : mg;"]
    for name, flow, room in tissues:
        lines.append(f"species {name} : mg;")
        lines.append(f"derivative {name} = {flow} / volume * central - {flow} / {room} * {name};")
        rates.append(f"- {flow} / volume * central + {flow} / {room} * {name}")
    lines.append("derivative depot = -absorption * depot;")
    lines.append(f"derivative central = {' '.join(rates)};")
    lines.append("quantity level : mg/L = central / volume;")
    own = "lag wait fraction taken"
    lines.append(f"route oral into depot {own};")
    lines.append(f"route iv into central {own};")
    lines.append(f"route timed into central {own} duration long;")
    lines.append(f"route paced into central {own} rate speed;")
    return "\n".join(lines)


def kernel_of(engine, module, size):
    return engine.build(module(body(size), **NUMBERS), outputs=("level",))


def system(size):
    return compartments.System(
        clearance=4.0, volume=30.0, peripherals=PERIPHERALS[: size - 1], absorption=1.1
    )


def subjects(engine, kernel, variants):
    table = engine.parameters(kernel, len(variants), long=LONG, speed=SPEED)
    names = kernel.program.layout.parameters
    for row, (fraction, lag) in enumerate(variants):
        table[row, names.index("taken")] = fraction
        table[row, names.index("wait")] = lag
    return table


def worst(engine, kernel, doses, exact, variants, options):
    """Largest relative error over subjects and times; where the exact level is 0, so must be ours."""
    parameters = subjects(engine, kernel, variants)
    regimen = Regimen(text="by hand", doses=tuple(doses), length=1000.0)
    outcome = engine.run(kernel, TIMES, parameters=parameters, regimen=regimen, **options)
    assert not outcome.status.any()
    found = outcome.values[..., 0] / kernel.program.layout.output_units[0].factor
    assert np.all(found[exact == 0.0] == 0.0)
    seen = exact > 0.0
    assert seen.sum() > len(variants)
    return float(np.max(np.abs(found[seen] - exact[seen]) / exact[seen]))


def one_dose(kind, schedule):
    route, entry, rate, known = KINDS[kind]
    interval, additional, steady = SCHEDULES[schedule]
    dose = Dose(
        time=3.0,
        amount=parse_quantity("40 mg"),
        route=route,
        entry=entry,
        rate=None if rate is None else parse_quantity(rate),
        interval=interval,
        additional=additional,
        steady=steady,
    )
    record = {
        "time": 3.0,
        "amount": 40.0,
        "interval": interval,
        "additional": additional,
        "steady": list(Steady).index(steady),
        **known,
    }
    return dose, record


def levels(size, records, variants):
    return np.array(
        [
            compartments.concentrations(
                system(size),
                [compartments.Dose(fraction=part, lag=lag, **record) for record in records],
                TIMES.tolist(),
                side="left",
            )
            for part, lag in variants
        ]
    )


def test_there_are_enough_cases():
    assert len(CASES) * len(VARIANTS) >= 240


@pytest.mark.parametrize(("size", "kind", "schedule"), CASES)
def test_doses_follow_their_closed_form(engine, module, size, kind, schedule):
    kernel = kernel_of(engine, module, size)
    dose, record = one_dose(kind, schedule)
    early = Dose(time=0.5, amount=parse_quantity("25 mg"), route="oral", entry=Entry.AT_ONCE)
    before = {"time": 0.5, "amount": 25.0, "compartment": "depot"}
    exact = levels(size, [before, record], VARIANTS)
    assert worst(engine, kernel, [early, dose], exact, VARIANTS, {}) < 1e-6
    assert worst(engine, kernel, [early, dose], exact, VARIANTS, TIGHT) < 1e-9


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_constant_infusion_to_steady_state_follows_its_closed_form(engine, module, size):
    kernel = kernel_of(engine, module, size)
    dose = Dose(
        time=3.0,
        amount=parse_quantity("0 mg"),
        route="iv",
        entry=Entry.RATE,
        rate=parse_quantity("5 mg/h"),
        steady=Steady.REPLACE,
    )
    exact = levels(size, [{"time": 3.0, "rate": 5.0, "steady": 1}], VARIANTS[:3])
    assert exact[0, 3] == pytest.approx(5.0 / 4.0, rel=0.1)
    assert worst(engine, kernel, [dose], exact, VARIANTS[:3], {}) < 1e-6
    assert worst(engine, kernel, [dose], exact, VARIANTS[:3], TIGHT) < 1e-9


@pytest.mark.parametrize("kind", KINDS)
def test_infusions_that_overlap_follow_their_closed_form(engine, module, kind):
    kernel = kernel_of(engine, module, 2)
    dose, record = one_dose(kind, "additional")
    other, more = one_dose("long infusion", "additional")
    exact = levels(2, [record, more], VARIANTS)
    assert worst(engine, kernel, [dose, other], exact, VARIANTS, TIGHT) < 1e-9
