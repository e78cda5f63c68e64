"""A model alone: its courses, with other values, and what is refused."""

import numpy as np
import pytest

from raphe.core.errors import InputError, UnknownNameError
from raphe.language.compose import compose_module
from raphe.language.model import Library
from raphe.language.parse import parse
from raphe.study.alone import simulate_model

TEXT = """
module decay "One state" {
    parameter k = 0.5 1/h { meaning "rate"; assumed "test"; }
    parameter first = 3 mg { meaning "start"; assumed "test"; }
    species drug : mg = first;
    derivative drug = -k * drug;
    quantity twice : mg = 2 * drug;
}
"""


@pytest.fixture(scope="module")
def decay():
    (module,) = parse(TEXT, "decay").modules
    return compose_module(module, Library(modules={}, sources={}))


def test_a_model_runs_alone_and_shows_what_it_shows(decay):
    times = [0.0, 1.0, 4.0]
    data = simulate_model(decay, times)
    assert sorted(map(str, data.data_vars)) == ["drug", "twice"]
    assert data["drug"].attrs["units"] == "mg"
    assert data["drug"].values[0] == pytest.approx(3.0 * np.exp(-0.5 * np.array(times)), rel=1e-5)


def test_values_can_be_given_in_their_units(decay):
    data = simulate_model(
        decay, [0.0, 2.0], outputs=("drug",), fixed={"k": "24 1/d", "first": "1 g"}
    )
    assert data["drug"].values[0, 1] == pytest.approx(1000.0 * np.exp(-2.0), rel=1e-5)


def test_unknown_names_and_unusable_times_are_refused(decay):
    with pytest.raises(UnknownNameError, match="drugs"):
        simulate_model(decay, [0.0], outputs=("drugs",))
    with pytest.raises(UnknownNameError, match="kk"):
        simulate_model(decay, [0.0], fixed={"kk": "1 1/h"})
    with pytest.raises(InputError, match="times"):
        simulate_model(decay, [2.0, 1.0])
