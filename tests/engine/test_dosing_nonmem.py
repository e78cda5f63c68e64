"""Dosing records through the engine against what NONMEM 7.5 printed, to its last digit; skipped without the data."""

import csv
import os
from pathlib import Path

import pytest

from raphe.dosing.records import Carry, read_records
from raphe.engine.histories import solve_records
from raphe.engine.solve import Options

TIGHT = Options(relative=1e-10, absolute=1e-13)
BODY = """
species depot : mg;
species central : mg;
derivative depot = -absorption * depot;
derivative central = absorption * depot - clearance / volume * central;
quantity level : ug/L = central / volume;
route one into depot;
route two into central lag wait fraction taken;
route timed into central lag wait fraction taken duration long;
route paced into central lag wait fraction taken rate speed;
"""
NUMBERS = {
    "absorption": "1.5 1/h",
    "clearance": "1.1 L/h",
    "volume": "20 L",
    "wait": "0 h",
    "taken": "1 dimensionless",
    "long": "2 h",
    "speed": "10 mg/h",
}
COVARIATES = {
    "LAGT": ("wait", "h"),
    "BIOAV": ("taken", "dimensionless"),
    "DUR2": ("long", "h"),
    "RAT2": ("speed", "mg/h"),
}


def data(name):
    """A file of outside data, or a skip that says which is missing."""
    root = Path(__file__).resolve().parents[2]
    folder = Path(os.environ.get("RAPHE_DATA") or root.parent / "shared" / "data")
    if not (folder / name).is_file():
        pytest.skip(f"outside data: no {name} in RAPHE_DATA or ../shared/data")
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def kernel(engine, module):
    return engine.build(module(BODY, **NUMBERS), outputs=("level",))


def as_table(rows):
    """Rows as text; a modeled duration or rate goes to the route that models it."""
    names = ["ID", "TIME", "EVID", "AMT", "CMT", "SS", "II", "ADDL", "RATE", *COVARIATES]
    lines = [",".join(names)]
    for row in rows:
        cells = {"ID": row["ID"], "TIME": row["time"], "EVID": row["evid"], "AMT": row["amt"]}
        dosed = row["evid"] == "1"
        for name in ("ss", "ii", "addl", "rate"):
            cells[name.upper()] = row[name] if dosed else "0"
        cells["CMT"] = {"-1": "4", "-2": "3"}.get(cells["RATE"], row["cmt"])
        cells |= {name: row[name] for name in COVARIATES}
        lines.append(",".join(cells[name] for name in names))
    return "\n".join(lines) + "\n"


def test_every_row_is_what_nonmem_printed(engine, kernel):
    rows = data("dosing-records.csv")
    printed = [row["CP"] for row in data("dosing-nonmem.csv")]
    routes = {1: "one", 2: "two", 3: "timed", 4: "paced"}
    records = read_records(
        as_table(rows),
        routes=routes,
        amount_unit="mg",
        time_unit="h",
        covariates=COVARIATES,
        carry=Carry.FORWARD,
    )
    assert records.rows == len(printed) == len(rows) > 1800
    parameters = engine.parameters(kernel, len(records.ids))
    outcome = solve_records(kernel, records, parameters, options=TIGHT)
    assert not outcome.status.any()
    levels = outcome.values[:, 0] / kernel.program.layout.output_units[0].factor
    wrong = [
        (row["ID"], row["time"], level, text)
        for row, text, level in zip(rows, printed, levels, strict=True)
        if float(f"{level:.5g}") != float(text)
    ]
    assert not wrong
