"""Endpoints against closed forms."""

import numpy as np
import pytest

from raphe.core.units import parse_quantity
from raphe.study.endpoints import Endpoint, Kind, endpoint_of, endpoint_unit, summarize

TIMES = np.linspace(0.0, 20.0, 2001)
WAVE = np.stack([np.sin(TIMES * np.pi / 10.0), 2.0 * np.sin(TIMES * np.pi / 10.0)])


def read(kind, *, values=WAVE, **more):
    endpoint = Endpoint(name="x", kind=Kind(kind), output="a.b", **more)
    return endpoint_of(endpoint, values, TIMES, 1.0)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("highest", [1.0, 2.0]),
        ("lowest", [-1.0, -2.0]),
        ("time_of_highest", [5.0, 5.0]),
        ("time_of_lowest", [15.0, 15.0]),
        ("mean", [0.0, 0.0]),
        ("last", [0.0, 0.0]),
        ("area", [0.0, 0.0]),
    ],
)
def test_of_a_sine(kind, expected):
    assert read(kind) == pytest.approx(expected, abs=1e-4)


def test_in_a_window():
    assert read("area", begin=0.0, end=10.0) == pytest.approx([20 / np.pi, 40 / np.pi], rel=1e-4)
    assert read("time_of_highest", begin=2.0, end=10.0) == pytest.approx([3.0, 3.0], abs=0.01)


def test_area_of_effect_is_measured_from_the_first_time():
    assert read("area_of_effect", values=WAVE + 7.0, end=10.0) == pytest.approx(
        [20 / np.pi, 40 / np.pi], rel=1e-4
    )


def test_time_above_a_limit_in_any_unit():
    half = parse_quantity("50 %")
    assert read("time_above", limit=half) == pytest.approx(
        [20 / 3, 10 - 2 * np.arcsin(0.25) * 10 / np.pi], abs=1e-3
    )
    assert read("time_below", limit=half) == pytest.approx(20.0 - read("time_above", limit=half))


def test_units():
    area = Endpoint(name="x", kind=Kind.AREA, output="a.b")
    assert endpoint_unit(area, "ng/mL") == "h*ng/mL"
    assert endpoint_unit(Endpoint(name="x", kind=Kind.TIME_ABOVE, output="a.b"), "ng/mL") == "h"


def test_those_who_failed_are_counted_and_not_dropped():
    values = np.vstack([WAVE, np.full((1, len(TIMES)), np.nan)])
    for kind in Kind:
        assert np.isnan(read(kind, values=values)).tolist() == [False, False, True], kind
    endpoint = Endpoint(name="x", kind=Kind.HIGHEST, output="a.b", beyond=1.5)
    numbers = endpoint_of(endpoint, values, TIMES, 1.0)
    told = summarize(endpoint, numbers, scenario="s", unit="", outside=2)
    assert (told.people, told.failed, told.outside, told.beyond) == (3, 1, 2, 0.5)
