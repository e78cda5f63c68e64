"""Named scenarios of dosing records, each equal to the same doses written one by one."""

import numpy as np
import pytest

from raphe.dosing.records import Carry, read_records
from raphe.engine.histories import solve_records
from raphe.engine.solve import Options

TIGHT = Options(relative=1e-11, absolute=1e-14)
WITHIN = 1e-8
BODY = """
species depot : mg;
species central : mg;
species tissue : mg;
species other : mg;
derivative depot = -absorption * depot;
derivative central = absorption * depot - (clearance + flow) / volume * central + flow / room * tissue;
derivative tissue = flow / volume * central - flow / room * tissue;
derivative other = -gone * other;
quantity level : mg/L = (central + other) / volume;
route oral into depot lag wait fraction taken;
route iv into central lag wait fraction taken;
route timed into central lag wait fraction taken duration long;
route paced into central lag wait fraction taken rate speed;
route second into other;
"""
NUMBERS = {
    "absorption": "1.1 1/h",
    "clearance": "4 L/h",
    "volume": "30 L",
    "flow": "6 L/h",
    "room": "20 L",
    "gone": "0.3 1/h",
    "wait": "0 h",
    "taken": "1 dimensionless",
    "long": "2 h",
    "speed": "10 mg/h",
}
ROUTES = {1: "oral", 2: "iv", 3: "timed", 4: "paced", 5: "second"}
COVARIATES = {
    "LAG": ("wait", "h"),
    "F": ("taken", "dimensionless"),
    "D": ("long", "h"),
    "R": ("speed", "mg/h"),
    "CL": ("clearance", "L/h"),
}
DEFAULTS = {"LAG": 0.0, "F": 1.0, "D": 2.0, "R": 10.0, "CL": 4.0}
LOOKS = (0.5, 1.7, 3.0, 5.2, 7.9, 8.3, 11.0, 14.5, 16.2, 23.0, 24.4, 30.0, 41.0)
EVER = 150  # doses that stand for all that were ever given


def dose(time, amount=40.0, cmt=1, **more):
    return {"TIME": time, "EVID": 1, "AMT": amount, "CMT": cmt, **more}


def infusion(time, amount=40.0, rate=8.0, cmt=2, **more):
    return dose(time, amount, cmt, RATE=rate, **more)


def series(one, count, interval):
    return [{**one, "TIME": one["TIME"] + k * interval} for k in range(count)]


def ever(one, interval):
    """Doses one by one, from long before up to the one given."""
    first = {**one, "TIME": one["TIME"] - EVER * interval}
    return series(first, EVER + 1, interval)


def late(rows, lag):
    return [{**row, "TIME": row["TIME"] + lag} for row in rows]


ORAL, IV, LONG = dose(2.0), dose(2.0, cmt=2), infusion(2.0, 80.0, 8.0)
SECOND = dose(1.0, 25.0, cmt=5)
SS = {"SS": 1, "II": 8.0}
SS2 = {"SS": 2, "II": 8.0}

# name: the records, the same as single doses, and what the covariates are for all rows
SCENARIOS = {
    "oral, additional": ([{**ORAL, "ADDL": 3, "II": 6.0}], series(ORAL, 4, 6.0), {}),
    "bolus, additional": ([{**IV, "ADDL": 3, "II": 6.0}], series(IV, 4, 6.0), {}),
    "infusion, additional": (
        [infusion(2.0, ADDL=2, II=9.0)],
        series(infusion(2.0), 3, 9.0),
        {},
    ),
    "infusions that overlap": (
        [infusion(2.0, 80.0, ADDL=2, II=6.0)],
        series(infusion(2.0, 80.0), 3, 6.0),
        {},
    ),
    "lag": ([ORAL], late([ORAL], 1.3), {"LAG": 1.3}),
    "lag longer than the interval": (
        [{**ORAL, "ADDL": 2, "II": 4.0}],
        late(series(ORAL, 3, 4.0), 9.0),
        {"LAG": 9.0},
    ),
    "lag of an infusion": ([infusion(2.0)], [infusion(3.3)], {"LAG": 1.3}),
    "fraction of a bolus": ([IV], [dose(2.0, 24.0, cmt=2)], {"F": 0.6}),
    "fraction shortens an infusion of given rate": (
        [infusion(2.0)],
        [infusion(2.0, 24.0, 8.0)],
        {"F": 0.6},
    ),
    "fraction thins an infusion of modeled duration": (
        [infusion(2.0, rate=-2, cmt=3)],
        [infusion(2.0, 24.0, 12.0)],
        {"F": 0.6},
    ),
    "modeled rate": ([infusion(2.0, rate=-1, cmt=4)], [infusion(2.0, 40.0, 5.0)], {"R": 5.0}),
    "modeled rate with fraction and lag": (
        [infusion(2.0, rate=-1, cmt=4)],
        [infusion(3.0, 20.0, 5.0)],
        {"R": 5.0, "F": 0.5, "LAG": 1.0},
    ),
    "modeled duration": ([infusion(2.0, rate=-2, cmt=3)], [infusion(2.0, 40.0, 10.0)], {"D": 4.0}),
    "modeled duration, additional": (
        [infusion(2.0, rate=-2, cmt=3, ADDL=2, II=6.0)],
        series(infusion(2.0, 40.0, 10.0), 3, 6.0),
        {"D": 4.0},
    ),
    "rate 0 by a route that models a duration is at once": ([dose(2.0, cmt=3)], [IV], {}),
    "two drugs": ([SECOND, ORAL], [ORAL, SECOND], {}),
    "two drugs at one time": ([dose(2.0, 25.0, cmt=5), ORAL], [ORAL, dose(2.0, 25.0, cmt=5)], {}),
    "oral at steady state": ([{**ORAL, **SS}], ever(ORAL, 8.0), {}),
    "bolus at steady state": ([{**IV, **SS}], ever(IV, 8.0), {}),
    "steady state and additional": (
        [{**ORAL, **SS, "ADDL": 2}],
        ever(ORAL, 8.0) + late(series(ORAL, 2, 8.0), 8.0),
        {},
    ),
    "steady state with fraction": ([{**ORAL, **SS}], ever(dose(2.0, 24.0), 8.0), {"F": 0.6}),
    "steady state with lag": ([{**ORAL, **SS}], late(ever(ORAL, 8.0), 1.3), {"LAG": 1.3}),
    "steady state with a lag of one interval": (
        [{**IV, **SS}],
        late(ever(IV, 8.0), 8.0),
        {"LAG": 8.0},
    ),
    "steady state with a lag longer than the interval": (
        [{**ORAL, **SS}],
        late(ever(ORAL, 8.0), 19.4),
        {"LAG": 19.4},
    ),
    "infusion at steady state": ([infusion(2.0, **SS)], ever(infusion(2.0), 8.0), {}),
    "infusion as long as the interval at steady state": (
        [infusion(2.0, 64.0, **SS)],
        ever(infusion(2.0, 64.0), 8.0),
        {},
    ),
    "infusion longer than the interval at steady state": (
        [infusion(2.0, 80.0, **SS)],
        ever(infusion(2.0, 80.0), 8.0),
        {},
    ),
    "infusion of three intervals and more at steady state": (
        [infusion(2.0, 200.0, **SS)],
        ever(infusion(2.0, 200.0), 8.0),
        {},
    ),
    "long infusion at steady state with lag": (
        [infusion(2.0, 80.0, **SS)],
        late(ever(infusion(2.0, 80.0), 8.0), 11.5),
        {"LAG": 11.5},
    ),
    "long infusion at steady state with fraction": (
        [infusion(2.0, 200.0, **SS)],
        ever(infusion(2.0, 100.0), 8.0),
        {"F": 0.5},
    ),
    "long infusion at steady state with fraction and lag": (
        [infusion(2.0, 200.0, **SS)],
        late(ever(infusion(2.0, 100.0), 8.0), 3.7),
        {"F": 0.5, "LAG": 3.7},
    ),
    "modeled duration longer than the interval at steady state": (
        [infusion(2.0, rate=-2, cmt=3, **SS)],
        ever(infusion(2.0, 40.0, 4.0), 8.0),
        {"D": 10.0},
    ),
    "modeled rate at steady state": (
        [infusion(2.0, rate=-1, cmt=4, **SS)],
        late(ever(infusion(2.0, 28.0, 2.5), 8.0), 2.2),
        {"R": 2.5, "F": 0.7, "LAG": 2.2},
    ),
    "constant infusion at steady state": (
        [infusion(2.0, 0.0, 5.0, SS=1)],
        [infusion(2.0 - 1000.0, 5000.0, 5.0)],
        {},
    ),
    "steady state wipes what was there": (
        [dose(0.0, 70.0, cmt=2), {**ORAL, **SS}],
        ever(ORAL, 8.0),
        {},
    ),
    "steady state ends what flows and what was to follow": (
        [infusion(0.0, 90.0, ADDL=3, II=5.0), {**ORAL, **SS}],
        [*ever(ORAL, 8.0), infusion(0.0, 0.0, 0.0, EVID=0)],
        {},
    ),
    "steady state wipes what is late": (
        [dose(0.0, 70.0, cmt=2), {**ORAL, **SS}],
        late(ever(ORAL, 8.0), 2.5),
        {"LAG": 2.5},
    ),
    "steady state added to a bolus": (
        [dose(0.0, 70.0, cmt=2), {**ORAL, **SS2}],
        [dose(0.0, 70.0, cmt=2), *ever(ORAL, 8.0)],
        {},
    ),
    "steady state added to what flows and follows": (
        [infusion(0.0, 90.0, ADDL=2, II=5.0), {**ORAL, **SS2}],
        [*series(infusion(0.0, 90.0), 3, 5.0), *ever(ORAL, 8.0)],
        {},
    ),
    "long infusion at steady state added to infusions with lag": (
        [infusion(0.0, 90.0, ADDL=2, II=5.0), infusion(2.0, 80.0, **SS2)],
        late([*series(infusion(0.0, 90.0), 3, 5.0), *ever(infusion(2.0, 80.0), 8.0)], 2.6),
        {"LAG": 2.6},
    ),
    "morning and evening at steady state": (
        [dose(2.0, 40.0, SS=1, II=24.0), dose(10.0, 20.0, SS=2, II=24.0)],
        [*ever(dose(2.0), 24.0), *ever(dose(10.0, 20.0), 24.0)],
        {},
    ),
    "two drugs at steady state": (
        [dose(2.0, 25.0, cmt=5, SS=1, II=12.0), {**ORAL, **SS2}],
        [*ever(dose(2.0, 25.0, cmt=5), 12.0), *ever(ORAL, 8.0)],
        {},
    ),
}
# in these the expansion knows no earlier look, since doses had been given before
FROM = {name: 2.0 for name, (rows, *_) in SCENARIOS.items() if any(r.get("SS") for r in rows)}
FROM |= {"morning and evening at steady state": 10.0}


@pytest.fixture(scope="module")
def kernel(engine, module):
    return engine.build(module(BODY, **NUMBERS), outputs=("level",))


def table(rows, values):
    """Rows as text, in order of time; every row has the same covariates unless it says otherwise."""
    names = ["ID", "TIME", "EVID", "AMT", "CMT", "RATE", "ADDL", "II", "SS", *COVARIATES]
    lines = [",".join(names)]
    for row in sorted(rows, key=lambda row: row["TIME"]):
        cells = {"ID": 1, **dict.fromkeys(names[4:9], "."), "AMT": ".", **DEFAULTS, **values, **row}
        if cells["EVID"] in (0, 2, 3):
            cells |= dict.fromkeys(("AMT", "RATE"), ".")
        lines.append(",".join(str(cells[name]) for name in names))
    return "\n".join(lines) + "\n"


def looks(times):
    return [{"TIME": time, "EVID": 0, "CMT": "."} for time in times]


def levels(engine, kernel, text, carry=Carry.FORWARD):
    """Time and level of each row that only looks."""
    records = read_records(
        text,
        routes=ROUTES,
        amount_unit="mg",
        time_unit="h",
        covariates=COVARIATES,
        carry=carry,
    )
    parameters = engine.parameters(kernel, len(records.ids))
    outcome = solve_records(kernel, records, parameters, options=TIGHT)
    assert not outcome.status.any()
    rows = [line.split(",") for line in text.splitlines()[1:]]
    return np.array(
        [[float(r[1]), v] for r, v in zip(rows, outcome.values[:, 0], strict=True) if r[2] == "0"]
    )


@pytest.mark.parametrize("name", SCENARIOS)
def test_records_equal_their_single_doses(engine, kernel, name):
    rows, single, values = SCENARIOS[name]
    plain = {key: value for key, value in values.items() if key == "CL"}
    times = [time for time in LOOKS if time > FROM.get(name, -1.0)]
    found = levels(engine, kernel, table([*rows, *looks(times)], values))
    wanted = levels(engine, kernel, table([*single, *looks(times)], plain))
    wanted = wanted[np.isin(wanted[:, 0], times)]
    assert found[:, 0].tolist() == wanted[:, 0].tolist() == times
    assert wanted[:, 1].max() > 0.1
    error = np.abs(found[:, 1] - wanted[:, 1]).max() / wanted[:, 1].max()
    assert error < WITHIN


def test_there_are_forty_scenarios():
    assert len(SCENARIOS) >= 40
