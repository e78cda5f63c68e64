"""Histories: time never goes back, and every number is finite."""

import math

import pytest

from raphe.core.errors import DoseError
from raphe.core.units import parse_quantity
from raphe.dosing.history import Change, History, Sample
from raphe.dosing.regimen import Dose

DOSE = Dose(time=1.0, amount=parse_quantity("2 mg"))
CHANGE = Change(time=1.0, parameter="weight", value=parse_quantity("70 kg"))


def test_items_of_one_time_keep_their_order():
    items = (Sample(time=1.0, row=0), DOSE, CHANGE, Sample(time=1.0, row=1))
    history = History(subject="1", begin=1.0, items=items)
    assert history.items == items
    assert hash(history) == hash(History(subject="1", begin=1.0, items=items))


@pytest.mark.parametrize(
    ("begin", "items"),
    [
        (2.0, (DOSE,)),
        (0.0, (Sample(time=2.0, row=0), DOSE)),
        (0.0, (DOSE, CHANGE, Sample(time=0.5, row=0))),
    ],
)
def test_time_that_goes_back_is_refused(begin, items):
    with pytest.raises(DoseError, match="rule TIME-BACK") as refused:
        History(subject="S-7", begin=begin, items=items)
    assert '"S-7"' in refused.value.message
    assert "reset" in refused.value.advice


@pytest.mark.parametrize("time", [math.nan, math.inf, -math.inf])
def test_every_time_is_finite(time):
    with pytest.raises(DoseError, match="rule TIME-FINITE"):
        Sample(time=time, row=0)
    with pytest.raises(DoseError, match="rule TIME-FINITE"):
        Change(time=time, parameter="weight", value=parse_quantity("70 kg"))
    with pytest.raises(DoseError, match="rule TIME-FINITE"):
        History(subject="1", begin=time, items=())


def test_a_change_is_to_a_finite_value_and_a_row_is_counted_from_0():
    with pytest.raises(DoseError, match="rule VALUE-FINITE"):
        Change(time=0.0, parameter="weight", value=parse_quantity("1e999 kg"))
    with pytest.raises(DoseError, match="rule ROW-SIGN"):
        Sample(time=0.0, row=-1)
