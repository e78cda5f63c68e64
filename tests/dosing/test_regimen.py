"""Doses and regimens: what reads, when the doses are, how regimens compose, and what is refused with its place."""

import math
from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raphe.core.errors import DoseError, InputError, Place
from raphe.core.units import HOUR, Quantity, parse_quantity
from raphe.dosing.regimen import Dose, Entry, Regimen, Steady

PLACE = Place("study.yaml", 7, 3)


def times(text):
    return [dose.time for dose in Regimen.from_text(text).expanded().doses]


def only_dose(text):
    (dose,) = Regimen.from_text(text).doses
    return dose


def dose(time=0.0, amount="2 mg", **items):
    if "rate" in items:
        items["rate"] = parse_quantity(items["rate"])
    return Dose(time=time, amount=parse_quantity(amount), **items)


@pytest.mark.parametrize("text", ["no drug", "nothing", "none", " No  Drug ", "NONE"])
def test_no_drug_is_no_dose(text):
    regimen = Regimen.from_text(text)
    assert regimen.doses == ()
    assert regimen.last_dose == 0.0
    assert regimen.length == 0.0


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
        ("1 mg once a day for 2 d", [0.0, 24.0]),
        ("1 mg twice a day for 1 d", [0.0, 12.0]),
        ("1 mg three times a day for 1 d", [0.0, 8.0, 16.0]),
        ("1 mg Four Times A Day for 12 h", [0.0, 6.0]),
        ("1 mg every day for 2 d", [0.0, 24.0]),
        ("1 mg every other day for 1 week, then 1 mg once", None),
        ("1 mg every other day for 6 d", [0.0, 48.0, 96.0]),
        ("2 mg once + 1 mg once at 12 h", [0.0, 12.0]),
        ("1 mg once at 12 h; with 2 mg once", [0.0, 12.0]),
        ("1 mg once at 2 h ; WITH 2 mg once", [0.0, 2.0]),
        # one after the other binds tighter than together
        ("1 mg once at 1 h, then 1 mg once at 1 h + 1 mg once at 9 h", [1.0, 2.0, 9.0]),
        ("(1 mg once at 1 h + 1 mg once at 9 h), then 1 mg once at 1 h", [1.0, 9.0, 10.0]),
        ("1 mg once, then no drug for 7 d, then 1 mg once", [0.0, 168.0]),
        ("(1 mg every 1 d for 2 d) repeated 2 times every 7 d", [0.0, 24.0, 168.0, 192.0]),
        ("((1 mg once))", [0.0]),
    ],
)
def test_a_prescription_gives_its_times(text, wanted):
    if wanted is None:
        with pytest.raises(DoseError, match="whole number of intervals"):
            times(text)
    else:
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
        # an infusion lasts until it ends
        ("100 mg over 2 h once, then 5 mg once", [0, 2]),
        ("100 mg at 10 mg/h once at 1 h, then 5 mg once", [1, 11]),
        ("100 mg over 2 h every 12 h for 1 d, then 5 mg once", [0, 12, 24]),
        ("100 mg over 20 h every 12 h for 1 d, then 5 mg once", [0, 12, 32]),
    ],
)
def test_parts_follow_each_other(text, wanted):
    assert times(text) == wanted


def test_each_dose_has_its_amount():
    doses = Regimen.from_text("4 mg once, then 500 ug every 6 h for 12 h").expanded().doses
    assert [str(dose.amount) for dose in doses] == ["4.0 mg", "500.0 ug", "500.0 ug"]
    assert [dose.amount.base for dose in doses] == pytest.approx([4.0, 0.5, 0.5])


def test_a_series_is_one_dose_with_an_interval():
    assert only_dose("0.5 mg every 8 h for 7 d") == dose(
        amount="0.5 mg", interval=8.0, additional=20
    )
    assert only_dose("0.5 mg every 8 h for 8 h") == dose(amount="0.5 mg")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2 mg over 2 h once", {"entry": Entry.DURATION, "duration": 2.0}),
        ("2 mg over 90 min by iv once", {"entry": Entry.DURATION, "duration": 1.5, "route": "iv"}),
        ("2 mg by iv over 90 min once", {"entry": Entry.DURATION, "duration": 1.5, "route": "iv"}),
        (
            "2 mg at 10 mg/h every 12 h for 3 d",
            {"entry": Entry.RATE, "rate": "10 mg/h", "interval": 12.0, "additional": 5},
        ),
        ("2 mg at 4 ug/min once at 3 h", {"time": 3.0, "entry": Entry.RATE, "rate": "4 ug/min"}),
        ("2 mg by iv once", {"route": "iv"}),
        ("2 mg by Drug.Oral once at 1 h", {"time": 1.0, "route": "Drug.Oral"}),
        ("2 mg once at 1 h by iv", {"time": 1.0, "route": "iv"}),
        ("2 mg every day for 1 d by iv", {"route": "iv"}),
        (
            "2 mg every 8 h for 7 d from steady state",
            {"interval": 8.0, "additional": 20, "steady": Steady.REPLACE},
        ),
        (
            "2 mg twice a day for 12 h From Steady State by iv",
            {"interval": 12.0, "steady": Steady.REPLACE, "route": "iv"},
        ),
        ("(2 mg once) by iv", {"route": "iv"}),
        ("(2 mg by sc once) by iv", {"route": "sc"}),
        ("(2 mg once) entered at once", {"entry": Entry.AT_ONCE}),
        (
            "(2 mg once at 1 h) repeated 1 times every 1 d entered over the modeled duration by iv",
            {"time": 1.0, "entry": Entry.MODELED_DURATION, "route": "iv"},
        ),
    ],
)
def test_a_prescription_says_how_a_dose_is_given(text, wanted):
    assert only_dose(text) == dose(**wanted)


def test_many_doses_do_not_drift():
    doses = Regimen.from_text("1 mg every 0.1 h for 1000 h").expanded().doses
    assert len(doses) == 10_000
    assert all(dose.time == n * 0.1 for n, dose in enumerate(doses))


def test_the_last_dose_is_the_latest_of_all_series():
    assert Regimen.from_text("1 mg every 8 h for 2 d").last_dose == 40.0
    assert Regimen.from_text("1 mg every 1 d for 2 d, then 5 mg once at 6 h").last_dose == 54.0
    assert Regimen.from_text("1 mg every 1 d for 9 d + 5 mg once at 6 h").last_dose == 192.0


def test_the_text_is_kept_without_its_extra_spaces():
    assert Regimen.from_text("  2  mg   once ").text == "2 mg once"


def test_a_regimen_by_hand_is_sorted_and_lasts_until_its_last_dose():
    late, early, first = dose(9.0), dose(2.0, "1 mg"), dose(2.0, "3 mg")
    regimen = Regimen(text="by hand", doses=(late, early, first))
    assert regimen.doses == (early, first, late)
    assert regimen.last_dose == regimen.length == 9.0
    assert Regimen(text="by hand", doses=(dose(-5.0),)).length == 0.0
    assert Regimen(text="by hand", doses=(late,), length=24.0).length == 24.0


def test_a_regimen_and_a_dose_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        dose().time = 1.0
    with pytest.raises(FrozenInstanceError):
        Regimen.from_text("2 mg once").length = 1.0


REFUSED = {
    "nothing written": "",
    "no schedule": "2 mg",
    "no amount": "once",
    "no amount in a series": "twice a day for 1 d",
    "no unit": "2 once",
    "unknown unit": "2 pills once",
    "zero": "0 mg once",
    "as good as zero": "1e-323 ng once",
    "an interval as good as zero": "1 mg every 1e-323 ms for 1 d",
    "a rate as good as zero": "1 mg at 1e-323 ng/d once",
    "a duration as good as infinite": "1 mg over 1e308 week once",
    "an infusion without end": "1e200 mg at 1e-200 mg/h once",
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
    "no duration of days": "2 mg twice a day",
    "uneven": "2 mg every 7 h for 1 d",
    "duration below the interval": "2 mg every 8 h for 4 h",
    "too many": "1 mg every 1 s for 100 d",
    "two amounts": "2 mg 3 mg once",
    "words after the amount": "2 mg for 3 d every 8 h for 1 d",
    "a half sentence": "2 mg once, then",
    "then first": ", then 2 mg once",
    "nothing in between": "2 mg once, then , then 2 mg once",
    "no drug in a sequence": "2 mg once, then no drug",
    "no drug together": "2 mg once + no drug",
    "a half sum": "2 mg once + ",
    "a sum of amounts": "2 mg + 1 mg once",
    "other words": "two milligrams at night",
    "a duration and a rate": "2 mg over 2 h at 1 mg/h once",
    "two durations": "2 mg over 2 h over 3 h once",
    "nothing after over": "2 mg over once",
    "nothing after by": "2 mg by once",
    "a route that is a keyword": "2 mg once by every",
    "two routes": "2 mg by iv once by oral",
    "a route of two words": "2 mg by the mouth once",
    "a rate without time": "2 mg at 1 mg once",
    "a rate of a volume": "2 mg at 1 mL/h once",
    "a rate of zero": "2 mg at 0 mg/h once",
    "an infusion over a mass": "2 mg over 2 mg once",
    "steady state of one dose": "2 mg once from steady state",
    "steady state of nothing": "from steady state",
    "an open parenthesis": "(2 mg once",
    "a closed parenthesis": "2 mg once)",
    "an empty parenthesis": "()",
    "an amount in parentheses": "(2 mg) once",
    "too deep": "(" * 21 + "2 mg once" + ")" * 21,
    "very deep": "(" * 100_000,
    "repeated zero times": "(2 mg once) repeated 0 times every 1 d",
    "repeated too often": "(2 mg once) repeated 100001 times every 1 d",
    "repeated every nothing": "(2 mg once) repeated 3 times every 0 h",
    "repeated every mass": "(2 mg once) repeated 3 times every 2 mg",
    "entered somehow": "(2 mg once) entered at will",
    "said of a group": "(2 mg once) maybe",
    "a pause of a mass": "no drug for 2 mg",
    "a calendar": "1 mg at 8:00",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_taken_is_refused_with_its_place(text):
    with pytest.raises(DoseError) as refused:
        Regimen.from_text(text, PLACE)
    assert refused.value.place == PLACE
    assert str(refused.value).startswith("study.yaml:7:3")
    assert len(str(refused.value)) < 600


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_a_refusal_is_a_mistake_that_the_user_can_mend(text):
    with pytest.raises(InputError) as refused:
        Regimen.from_text(text)
    assert refused.value.message


@pytest.mark.parametrize(
    ("text", "message", "advice"),
    [
        ("2 mg every 7 h for 1 d", "whole number of intervals", "multiple of the interval"),
        ("two milligrams at night", '"two milligrams at night"', '"2 mg once"'),
        ("2 mg every 8 h", '"2 mg every 8 h"', "for how long"),
        ("2 mg at 1 mL/h once", "RATE-UNIT", '"mg/h"'),
        ("(2 mg once) entered at oncee", '"entered at oncee"', 'did you mean "at once"?'),
        ("2 mg once from steady state", "no steady state", "every 8 h for 7 d from steady state"),
        ("(2 mg once", "not closed", "2 mg once"),
    ],
)
def test_a_refusal_says_what_was_read_and_what_to_do(text, message, advice):
    with pytest.raises(DoseError) as refused:
        Regimen.from_text(text)
    assert message in refused.value.message
    assert advice in refused.value.advice


IMPOSSIBLE = [
    ("TIME-FINITE", {"time": math.nan}),
    ("TIME-FINITE", {"time": -math.inf}),
    ("TIME-FINITE", {"interval": 1e305, "additional": 90_000}),
    ("AMT-SIGN", {"amount": "-1 mg"}),
    ("AMT-SIGN", {"amount": "1e308 kg"}),
    ("AMT-ZERO", {"amount": "1e-323 ng"}),
    ("RATE-SIGN", {"rate": "1e-323 ng/d", "entry": Entry.RATE}),
    ("AMT-SIGN", {"amount": "1e999 mg"}),
    ("AMT-ZERO", {"amount": "0 mg"}),
    ("AMT-ZERO", {"amount": "0 mg", "rate": "1 mg/h", "entry": Entry.RATE}),
    ("AMT-ZERO", {"amount": "0 mg", "steady": Steady.ADD, "interval": 8.0}),
    (
        "AMT-ZERO",
        {"amount": "0 mg", "steady": Steady.ADD, "entry": Entry.DURATION, "duration": 1.0},
    ),
    ("ROUTE-NAME", {"route": ""}),
    ("ROUTE-NAME", {"route": "two words"}),
    ("ROUTE-NAME", {"route": "iv)"}),
    ("RATE-ENTRY", {"rate": "1 mg/h"}),
    ("RATE-ENTRY", {"rate": "1 mg/h", "entry": Entry.MODELED_RATE}),
    ("RATE-ENTRY", {"entry": Entry.RATE}),
    ("RATE-ENTRY", {"rate": "1 mg/h", "duration": 2.0, "entry": Entry.DURATION}),
    ("RATE-SIGN", {"rate": "0 mg/h", "entry": Entry.RATE}),
    ("RATE-SIGN", {"rate": "-1 mg/h", "entry": Entry.RATE}),
    ("RATE-SIGN", {"rate": "1e999 mg/h", "entry": Entry.RATE}),
    ("RATE-UNIT", {"rate": "1 mg", "entry": Entry.RATE}),
    ("RATE-UNIT", {"rate": "1 nmol/h", "entry": Entry.RATE}),
    ("DURATION-ENTRY", {"duration": 1.0}),
    ("DURATION-ENTRY", {"entry": Entry.DURATION}),
    ("DURATION-ENTRY", {"rate": "1 mg/h", "duration": 2.0, "entry": Entry.RATE}),
    ("DURATION-SIGN", {"duration": 0.0, "entry": Entry.DURATION}),
    ("DURATION-SIGN", {"duration": -1.0, "entry": Entry.DURATION}),
    ("DURATION-SIGN", {"duration": math.nan, "entry": Entry.DURATION}),
    ("II-SIGN", {"interval": -8.0, "additional": 2}),
    ("II-SIGN", {"interval": math.inf, "additional": 2}),
    ("II-SIGN", {"interval": math.nan, "additional": 2}),
    ("II-ALONE", {"interval": 8.0}),
    ("ADDL-SIGN", {"interval": 8.0, "additional": -1}),
    ("ADDL-LIMIT", {"interval": 8.0, "additional": 100_000}),
    ("ADDL-NEEDS-II", {"additional": 1}),
    ("SS-NEEDS-II", {"steady": Steady.REPLACE}),
    ("SS-NEEDS-II", {"steady": Steady.ADD, "rate": "1 mg/h", "entry": Entry.RATE}),
]
CONSTANT = {"amount": "0 mg", "rate": "1 mg/h", "entry": Entry.RATE, "steady": Steady.REPLACE}


@pytest.mark.parametrize(
    ("rule", "items"),
    [
        *IMPOSSIBLE,
        ("SS-CONSTANT", {**CONSTANT, "interval": 8.0}),
        ("SS-CONSTANT", {**CONSTANT, "interval": 8.0, "additional": 1}),
        ("SS-CONSTANT", {**CONSTANT, "additional": 1}),
    ],
)
def test_an_impossible_dose_does_not_exist_and_its_rule_is_named(rule, items):
    with pytest.raises(DoseError) as refused:
        dose(**items)
    assert f"(rule {rule})" in refused.value.message
    assert refused.value.advice


@pytest.mark.parametrize(
    "items",
    [
        CONSTANT,
        {**CONSTANT, "steady": Steady.ADD},
        {"time": -1e300},
        {"interval": 8.0, "additional": 99_999},
        {"interval": 8.0, "steady": Steady.ADD},
        {"rate": "1 ug/min", "entry": Entry.RATE},
        {"entry": Entry.MODELED_RATE, "route": "drug.oral"},
    ],
)
def test_a_possible_dose_exists(items):
    made = dose(**items)
    assert made == replace(made)
    assert hash(made) == hash(replace(made))


@pytest.mark.parametrize("length", [-1.0, math.nan, math.inf])
def test_a_regimen_has_a_finite_length(length):
    with pytest.raises(DoseError, match="rule LENGTH"):
        Regimen(text="by hand", doses=(), length=length)


# Composition


def test_both_regimens_are_taken_together():
    one = Regimen.from_text("1 mg every 8 h for 1 d by iv")
    other = Regimen.from_text("5 mg once at 3 h")
    both = one + other
    assert both.doses == (one.doses[0], other.doses[0])
    assert both.length == 24.0
    assert both.text == "1 mg every 8 h for 1 d by iv + 5 mg once at 3 h"


def test_a_regimen_is_added_to_nothing_else():
    with pytest.raises(TypeError):
        Regimen.from_text("1 mg once") + "1 mg once"


def test_one_regimen_follows_the_other():
    one = Regimen.from_text("1 mg every 8 h for 1 d")
    both = one.then(Regimen.from_text("5 mg once at 3 h"))
    assert [dose.time for dose in both.doses] == [0.0, 27.0]
    assert both.length == 27.0


def test_a_regimen_is_repeated_with_its_series_as_they_are():
    week = Regimen.from_text("1 mg every 1 d for 5 d")
    four = week.repeated(4, parse_quantity("1 week"))
    assert [(dose.time, dose.additional) for dose in four.doses] == [
        (0.0, 4),
        (168.0, 4),
        (336.0, 4),
        (504.0, 4),
    ]
    assert four.length == 4 * 168.0
    assert four.last_dose == 3 * 168.0 + 96.0
    # repetitions may overlap; the last one then ends last
    assert week.repeated(2, parse_quantity("1 d")).length == 24.0 + 5 * 24.0


def test_a_regimen_is_delayed():
    late = Regimen.from_text("1 mg every 8 h for 1 d").delayed(parse_quantity("2 d"))
    assert [dose.time for dose in late.doses] == [48.0]
    assert late.length == 72.0
    assert late.text == "no drug for 2.0 d, then 1 mg every 8 h for 1 d"


def test_a_route_goes_to_the_doses_without_one():
    mixed = Regimen.from_text("1 mg once + 1 mg by sc once at 1 h").by("iv")
    assert [dose.route for dose in mixed.doses] == ["iv", "sc"]
    assert mixed.by("oral") == mixed


def test_a_way_of_entry_goes_to_the_doses_without_one():
    mixed = Regimen.from_text("1 mg once + 1 mg over 2 h once at 1 h").entered(Entry.AT_ONCE)
    assert [dose.entry for dose in mixed.doses] == [Entry.AT_ONCE, Entry.DURATION]
    assert mixed.entered(Entry.MODELED_RATE) == mixed
    assert mixed.entered(Entry.ROUTE) == mixed


@pytest.mark.parametrize("entry", [Entry.RATE, Entry.DURATION])
def test_an_entry_that_needs_a_number_is_refused_for_all_doses(entry):
    with pytest.raises(DoseError, match=r"rule (RATE|DURATION)-ENTRY"):
        Regimen.from_text("1 mg once").entered(entry)


def test_no_drug_changes_nothing_in_a_composition():
    none, some = Regimen.from_text("no drug"), Regimen.from_text("1 mg once at 3 h")
    assert none + some == some + none == none.then(some) == some.then(none) == some
    assert some.delayed(Quantity(0.0, HOUR)) == some
    assert none.by("iv") == none.entered(Entry.AT_ONCE) == none
    washout = none.delayed(parse_quantity("7 d"))
    assert (washout.doses, washout.length) == ((), 168.0)


WRONG = {
    "never": lambda one: one.repeated(0, parse_quantity("1 d")),
    "every zero": lambda one: one.repeated(2, parse_quantity("0 d")),
    "backward": lambda one: one.repeated(2, parse_quantity("-1 d")),
    "every mass": lambda one: one.repeated(2, parse_quantity("1 mg")),
    "every infinity": lambda one: one.repeated(2, parse_quantity("1e999 h")),
    "too often": lambda one: one.repeated(100_001, parse_quantity("1 d")),
    "earlier": lambda one: one.delayed(parse_quantity("-1 h")),
    "later by a mass": lambda one: one.delayed(parse_quantity("1 mg")),
    "nowhere": lambda one: one.by(""),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_an_impossible_composition_is_refused(wrong):
    with pytest.raises(DoseError, match="rule "):
        wrong(Regimen.from_text("1 mg once"))


def test_steady_state_is_no_sum_of_single_doses():
    with pytest.raises(DoseError, match="rule EXPAND-STEADY"):
        Regimen.from_text("1 mg every 8 h for 1 d from steady state").expanded()


def test_expanding_gives_single_doses_in_order_and_keeps_the_rest():
    regimen = Regimen.from_text("1 mg by iv every 8 h for 1 d + 2 mg over 1 h every 12 h for 2 d")
    single = regimen.expanded()
    assert [dose.time for dose in single.doses] == [0.0, 0.0, 8.0, 12.0, 16.0, 24.0, 36.0]
    assert {(dose.interval, dose.additional) for dose in single.doses} == {(0.0, 0)}
    assert [dose.route for dose in single.doses].count("iv") == 3
    assert (single.text, single.length) == (regimen.text, regimen.length)
    assert single.expanded() == single


ATOMS = [
    "2 mg once",
    "2 mg once at 0.1 h",
    "no drug",
    "no drug for 0.7 h",
    "0.5 mg every 0.1 h for 0.3 h",
    "500 ug twice a day for 7 d",
    "100 mg over 0.3 h by iv once",
    "100 mg at 3 mg/min every 12 h for 3 d",
    "1 mg every other day for 8 d from steady state",
]
LENGTHS = ["0 h", "0.1 h", "7 min", "0.3 d", "1 week"]


def composed(parts):
    """Regimens made of regimens with every operation."""
    lengths = st.sampled_from(LENGTHS).map(parse_quantity)
    periods = st.sampled_from(LENGTHS[1:]).map(parse_quantity)
    return st.one_of(
        st.builds(lambda a, b: a + b, parts, parts),
        st.builds(lambda a, b: a.then(b), parts, parts),
        st.builds(lambda a, n, t: a.repeated(n, t), parts, st.integers(1, 3), periods),
        st.builds(lambda a, t: a.delayed(t), parts, lengths),
        st.builds(lambda a, r: a.by(r), parts, st.sampled_from(["iv", "drug.oral"])),
        st.builds(
            lambda a, e: a.entered(e),
            parts,
            st.sampled_from([Entry.AT_ONCE, Entry.MODELED_RATE, Entry.MODELED_DURATION]),
        ),
    )


REGIMENS = st.recursive(st.sampled_from(ATOMS).map(Regimen.from_text), composed, max_leaves=8)


@settings(max_examples=500, deadline=None, database=None)
@given(REGIMENS)
def test_the_text_of_a_composed_regimen_reads_back_to_it_bit_by_bit(regimen):
    assert Regimen.from_text(regimen.text) == regimen


@settings(max_examples=300, deadline=None, database=None)
@given(REGIMENS, REGIMENS, REGIMENS)
def test_together_has_no_grouping(one, two, three):
    left, right = (one + two) + three, one + (two + three)
    assert left.doses == right.doses
    assert left.length == right.length


@settings(max_examples=500, deadline=None, database=None)
@given(st.text(alphabet="2 mghdonce,tviry()+;0.-wf", max_size=60))
def test_any_text_is_read_or_refused_and_nothing_else(text):
    try:
        regimen = Regimen.from_text(text)
    except InputError:
        return
    assert Regimen.from_text(regimen.text) == regimen


def test_a_long_prescription_reads_in_reasonable_time():
    text = ", then ".join(["1 mg every 8 h for 1 d"] * 20_000)
    regimen = Regimen.from_text(text)
    assert len(regimen.doses) == 20_000
    assert regimen.length == 20_000 * 24.0
