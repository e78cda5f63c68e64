"""Prescriptions: what reads, when the doses are, and what is refused with its place."""

import pytest

from raphe.core.errors import DoseError, InputError, Place
from raphe.dosing.regimen import Dose, Regimen

PLACE = Place("study.yaml", 7, 3)


def times(text):
    return [dose.time for dose in Regimen.from_text(text).doses]


@pytest.mark.parametrize("text", ["no drug", "nothing", "none", " No  Drug ", "NONE"])
def test_no_drug_is_no_dose(text):
    regimen = Regimen.from_text(text)
    assert regimen.doses == ()
    assert regimen.last_dose == 0.0


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2 mg once", [0.0]),
        ("2 mg once at 90 min", [1.5]),
        ("0.5 mg every 8 h for 1 d", [0.0, 8.0, 16.0]),
        ("0.5 mg every 1 d for 3 d", [0.0, 24.0, 48.0]),
        ("1 mg every 30 min for 2 h", [0.0, 0.5, 1.0, 1.5]),
        ("1 mg every 8 h for 8 h", [0.0]),
        ("1 mg every 0.1 h for 0.3 h", pytest.approx([0.0, 0.1, 0.2], abs=1e-15)),
        ("1 mg every 1 week for 3 week", [0.0, 168.0, 336.0]),
        ("2 mg ONCE", [0.0]),
        ("  2   mg \n once ", [0.0]),
    ],
)
def test_a_prescription_gives_its_times(text, wanted):
    assert times(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        # a repeated part lasts for its whole duration
        ("1 mg every 8 h for 1 d, then 2 mg every 12 h for 1 d", [0, 8, 16, 24, 36]),
        ("1 mg every 1 d for 2 d, then 5 mg once", [0, 24, 48]),
        ("1 mg every 1 d for 2 d, then 5 mg once at 6 h", [0, 24, 54]),
        # a single dose lasts for no time: the next part begins with it
        ("4 mg once, then 1 mg every 6 h for 12 h", [0, 0, 6]),
        ("4 mg once at 2 h, then 1 mg every 6 h for 12 h", [2, 2, 8]),
        ("1 mg once at 1 h, then 1 mg once at 1 h, then 1 mg once at 1 h", [1, 2, 3]),
        ("4 mg once at 2 h , THEN 1 mg once", [2, 2]),
    ],
)
def test_parts_follow_each_other(text, wanted):
    assert times(text) == wanted


def test_each_dose_has_its_amount():
    doses = Regimen.from_text("4 mg once, then 500 ug every 6 h for 12 h").doses
    assert [str(dose.amount) for dose in doses] == ["4.0 mg", "500.0 ug", "500.0 ug"]
    assert [dose.amount.base for dose in doses] == pytest.approx([4.0, 0.5, 0.5])


def test_many_doses_do_not_drift():
    doses = Regimen.from_text("1 mg every 0.1 h for 1000 h").doses
    assert len(doses) == 10_000
    assert all(dose.time == n * 0.1 for n, dose in enumerate(doses))


def test_the_last_dose_is_the_latest():
    assert Regimen.from_text("1 mg every 8 h for 2 d").last_dose == 40.0
    assert Regimen.from_text("1 mg every 1 d for 2 d, then 5 mg once at 6 h").last_dose == 54.0


def test_the_text_is_kept_without_its_extra_spaces():
    assert Regimen.from_text("  2  mg   once ").text == "2 mg once"


def test_a_regimen_by_hand_needs_no_order():
    late, early = (Regimen.from_text(f"1 mg once at {t} h").doses[0] for t in (9, 2))
    assert Regimen(text="by hand", doses=(late, early)).last_dose == 9.0
    assert early == Dose(time=2.0, amount=early.amount)


REFUSED = {
    "nothing written": "",
    "no schedule": "2 mg",
    "no amount": "once",
    "no unit": "2 once",
    "unknown unit": "2 pills once",
    "zero": "0 mg once",
    "negative": "-2 mg once",
    "infinite": "1e999 mg once",
    "amount without number": "mg once",
    "interval of zero": "2 mg every 0 h for 1 d",
    "negative interval": "2 mg every -8 h for 1 d",
    "interval that is a mass": "2 mg every 8 mg for 1 d",
    "duration that is a mass": "2 mg every 8 h for 1 g",
    "start that is a mass": "2 mg once at 8 mg",
    "negative start": "2 mg once at -1 h",
    "no duration": "2 mg every 8 h",
    "uneven": "2 mg every 7 h for 1 d",
    "duration below the interval": "2 mg every 8 h for 4 h",
    "too many": "1 mg every 1 s for 100 d",
    "two amounts": "2 mg 3 mg once",
    "a half sentence": "2 mg once, then",
    "then first": ", then 2 mg once",
    "nothing in between": "2 mg once, then , then 2 mg once",
    "no drug in a sequence": "2 mg once, then no drug",
    "other words": "two milligrams at night",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_taken_is_refused_with_its_place(text):
    with pytest.raises(DoseError) as refused:
        Regimen.from_text(text, PLACE)
    assert refused.value.place == PLACE
    assert str(refused.value).startswith("study.yaml:7:3")


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_a_refusal_is_a_mistake_that_the_user_can_mend(text):
    with pytest.raises(InputError) as refused:
        Regimen.from_text(text)
    assert refused.value.message


def test_an_uneven_duration_says_what_to_do():
    with pytest.raises(DoseError) as refused:
        Regimen.from_text("2 mg every 7 h for 1 d")
    assert "whole number of intervals" in refused.value.message
    assert "multiple of the interval" in refused.value.advice


def test_a_text_that_is_no_prescription_shows_how_to_write_one():
    with pytest.raises(DoseError) as refused:
        Regimen.from_text("two milligrams at night")
    assert '"2 mg once"' in refused.value.advice
