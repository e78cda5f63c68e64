"""Names, units and statuses on the numbers that come out."""

import numpy as np
import pytest

from raphe.core.errors import UnknownNameError
from raphe.engine.results import Results, to_dataset, values_of
from raphe.engine.status import ADVICE, Status
from raphe.population.people import Subjects

BODY = """
compartment blood = volume;
species drug : g = start in blood;
derivative drug = -rate * drug;
quantity level : ng/mL = [drug];
quantity part : % = drug / start;
quantity tested : dimensionless = ln(rate * volume / rate / volume);
"""
NUMBERS = {"volume": "5 L", "start": "2 g", "rate": "1 1/d"}
GRID = np.array([0.0, 24.0, 48.0])


@pytest.fixture(scope="module")
def data(engine, module):
    kernel = engine.build(module(BODY, **NUMBERS))
    parameters = engine.parameters(kernel, 3)
    parameters[1] = np.nan
    outcome = engine.run(kernel, GRID, parameters=parameters)
    subjects = Subjects(
        parameters=parameters,
        person=np.array([0, 1, 0]),
        draw=np.array([0, 0, 1]),
        outside=np.array([False, True, False]),
    )
    return to_dataset(outcome, kernel.program.layout, subjects, GRID)


def test_outputs_are_in_their_own_units(data):
    assert data["drug"].attrs["units"] == "g"
    assert values_of(data, "drug")[0] == pytest.approx(2.0 * np.exp([0.0, -1.0, -2.0]), rel=1e-6)
    assert data["level"].attrs["units"] == "ng/mL"
    # 2 g in 5 L is 0.4 g/L, or 400000 ng/mL
    assert values_of(data, "level")[0] == pytest.approx(4e5 * np.exp([0.0, -1.0, -2.0]), rel=1e-6)
    assert values_of(data, "part")[0] == pytest.approx(100 * np.exp([0.0, -1.0, -2.0]), rel=1e-6)


def test_every_subject_has_a_status_and_the_time_it_reached(data):
    assert data["status"].dims == ("subject",)
    expected = [Status.OK, Status.PARAMETER_NOT_FINITE, Status.OK]
    assert data["status"].values.tolist() == expected
    assert data["reached"].values.tolist() == [48.0, 0.0, 48.0]
    assert data["reached"].attrs["units"] == "h"
    assert "PARAMETER_NOT_FINITE" in data["status"].attrs["meaning"]
    for name in data.data_vars:
        blank = np.isnan(data[name].values).all(axis=1).tolist()
        assert blank == [False, True, False]


def test_subjects_and_times_are_labeled(data):
    assert dict(data.sizes) == {"subject": 3, "time": 3}
    assert data["time"].values.tolist() == GRID.tolist()
    assert data["person"].values.tolist() == [0, 1, 0]
    assert data["draw"].values.tolist() == [0, 0, 1]
    assert data.attrs["accepted_steps"] > 0


def test_an_unknown_output_is_refused_with_the_nearest(data):
    with pytest.raises(UnknownNameError) as refused:
        values_of(data, "levle")
    assert refused.value.advice == 'did you mean "level"?'


def test_runs_are_found_by_scenario_and_layer(data):
    results = Results(title="a <b>", runs={("dosed", "people"): data}, attributes={"seed": 7})
    assert results.dataset("dosed") is data
    with pytest.raises(UnknownNameError):
        results.dataset("dosed", "trials")
    tree = results.tree()
    assert tree["dosed/people"]["drug"].attrs["units"] == "g"
    assert tree.attrs["seed"] == 7


def test_the_table_of_a_notebook_counts_failures_and_escapes_text(data):
    results = Results(title="a <b>", runs={("<x>", "people"): data}, attributes={})
    table = results._repr_html_()
    assert "a &lt;b&gt;" in table
    assert "&lt;x&gt;" in table
    assert "<td>3</td><td>3</td><td>1</td>" in table


def test_every_status_has_advice():
    assert set(ADVICE) == set(Status)
