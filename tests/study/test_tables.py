"""A table of dosing records through a model of the library, from text to labeled rows."""

import numpy as np
import pytest

import raphe
from raphe.core.errors import DoseError, UnitError, UnknownNameError
from raphe.dosing.regimen import Regimen
from raphe.engine.compile import compile_program
from raphe.engine.lower import lower
from raphe.engine.solve import Options, settings_of, solve
from raphe.engine.timeline import make_timeline
from raphe.language.compose import compose
from raphe.library.catalog import load_catalog

MODEL = "benzodiazepines"
TABLE = """ID,TIME,EVID,AMT,ADDL,II,CMT,WT
7,0,1,1,3,12,1,70
7,6,0,.,.,.,.,70
7,48,0,.,.,.,.,70
8,0,1,0.5,.,.,1,55
8,6,0,.,.,.,.,55
"""
TIGHT = Options(relative=1e-9, absolute=1e-12)


def records(text=TABLE, **columns):
    return raphe.read_records(
        text,
        routes={1: "drug.oral"},
        amount_unit="mg",
        time_unit="h",
        covariates=columns,
    )


def test_rows_are_what_the_same_regimen_gives():
    data = raphe.simulate_records(MODEL, records(), outputs=("drug.plasma",), options=TIGHT)
    assert data["subject"].values.tolist() == ["7", "7", "7", "8", "8"]
    assert data["time"].values.tolist() == [0.0, 6.0, 48.0, 0.0, 6.0]
    catalog = load_catalog()
    model = compose(catalog.assemblies[MODEL], catalog.library, choices={})
    kernel = compile_program(lower(model, outputs=("drug.plasma",)))
    parameters = np.array([kernel.program.defaults])
    found = []
    for text, times in (
        ("1 mg every 12 h for 48 h", [0.0, 6.0, 48.0]),
        ("0.5 mg once", [0.0, 6.0]),
    ):
        timeline = make_timeline(
            kernel.program,
            Regimen.from_text(text),
            route="drug.oral",
            settings=settings_of(kernel, parameters),
            parameters=parameters,
        )
        outcome = solve(kernel, parameters, timeline, np.array(times), options=TIGHT)
        found += (outcome.values[0, :, 0] / kernel.program.layout.output_units[0].factor).tolist()
    assert data["drug.plasma"].values == pytest.approx(found, rel=1e-7, abs=1e-12)
    assert data["drug.plasma"].attrs["units"] == str(kernel.program.layout.output_units[0])


def test_what_is_fixed_holds_for_all_and_what_the_table_says_goes_before():
    age = {"person.age": "80 year"}
    old = raphe.simulate_records(MODEL, records(), fixed=age)
    young = raphe.simulate_records(MODEL, records(), fixed={"person.age": "20 year"})
    text = TABLE.replace("WT", "AGE").replace(",70\n", ",80\n").replace(",55\n", ",20\n")
    both = raphe.simulate_records(
        MODEL, records(text, AGE=("person.age", "year")), fixed={"person.age": "50 year"}
    )
    for name in old.data_vars:
        mixed = np.concatenate([old[name].values[:3], young[name].values[3:]])
        assert np.array_equal(both[name].values, mixed), name


def test_slopes_have_the_unit_of_output_over_parameter():
    step = 1e-4
    names = ("drug.bioavailability", "drug.absorption")
    data = raphe.simulate_records(
        MODEL, records(), outputs=("drug.plasma",), sensitivities=names, options=TIGHT
    )
    assert data["parameter"].values.tolist() == list(names)
    slopes = data["slope of drug.plasma"]
    assert slopes.attrs["units"].count("(ng/mL)/(") == 2
    catalog = load_catalog()
    model = compose(catalog.assemblies[MODEL], catalog.library, choices={})
    for place, name in enumerate(names):
        value = next(p.value for p in model.parameters if p.name == name)
        ends = []
        for sign in (1.0, -1.0):
            moved = f"{value.value * (1.0 + sign * step)!r} {value.unit}"
            ends.append(
                raphe.simulate_records(
                    MODEL,
                    records(),
                    outputs=("drug.plasma",),
                    fixed={name: moved},
                    options=TIGHT,
                )["drug.plasma"].values
            )
        wanted = (ends[0] - ends[1]) / (2.0 * step * value.value)
        assert slopes.values[:, place] == pytest.approx(wanted, rel=1e-4, abs=1e-6)


def test_names_and_units_that_do_not_fit_are_refused():
    with pytest.raises(UnknownNameError, match="benzodiazepines"):
        raphe.simulate_records("benzodiazepine", records())
    with pytest.raises(UnknownNameError, match=r"person\.age"):
        raphe.simulate_records(MODEL, records(), fixed={"person.ages": "3 year"})
    with pytest.raises(UnitError):
        raphe.simulate_records(MODEL, records(), fixed={"person.age": "3 kg"})
    with pytest.raises(UnknownNameError, match="no parameter"):
        raphe.simulate_records(MODEL, records(WT=("person.weight", "kg")))
    with pytest.raises(UnitError):
        raphe.simulate_records(MODEL, records(WT=("person.age", "kg")))
    wrong = raphe.read_records(TABLE, routes={1: "drug.oral"}, amount_unit="mL", time_unit="h")
    with pytest.raises(DoseError, match="rule AMT-UNIT"):
        raphe.simulate_records(MODEL, wrong)
