"""What the sentences promise: direction, size, time, honesty about both, and never a bare "nan"."""

import dataclasses
import math
import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "report"))

import answers as made

from raphe.analysis.answer import Interval, Strangers
from raphe.analysis.numerals import (
    change,
    change_range,
    duration,
    duration_range,
    number,
    percent,
    span,
)
from raphe.analysis.wording import (
    DISCLAIMER,
    after_sentence,
    answer_text,
    comparison_sentences,
    direction_words,
    effect_sentences,
    failure_sentences,
    headline,
    known_sentence,
    scenario_label,
    spread_sentence,
    stranger_sentences,
    sweep_sentences,
    verdict,
)

NAN = math.nan


ANSWER = made.make_answer()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1e-320, "1e-320"),
        (14.8962, "14.9"),
        (9.999, "10"),
        (0.0099996, "0.01"),
        (123456.0, "123000"),
        (-3.2e-9, "-3.2e-9"),
        (1e300, "1e300"),
        (NAN, "no number"),
        (math.inf, "without limit"),
    ],
)
def test_a_number_keeps_three_digits_and_never_prints_nan(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-1e-9, "0 %"),
        (-4e-5, "0 %"),
        (6e-5, "0.01 %"),
        (0.0996, "10 %"),
        (0.995, "99.5 %"),
        (-0.996, "-99.6 %"),
        (3.0, "300 %"),
    ],
)
def test_percent_has_no_negative_zero(value, text):
    assert percent(value) == text


def test_a_change_has_its_sign():
    assert [change(x) for x in (0.06, -0.41, -1e-12, NAN)] == ["+6 %", "-41 %", "0 %", "no number"]


def test_a_range_names_its_unit_once_and_an_open_end_in_words():
    assert change_range(Interval(low=-0.31, middle=-0.2, high=0.0)) == "-31 to 0 %"
    assert change_range(Interval(low=0.0, middle=0.0, high=0.0)) == "0 %"
    assert change_range(Interval(low=NAN, middle=NAN, high=NAN)) == "no number"
    assert change_range(Interval(low=-0.3, middle=0.1, high=NAN)) == "-30 % to no number"
    assert duration_range(Interval(low=96.0, middle=NAN, high=NAN)) == (
        "4 d to not before the run ends"
    )
    assert span(Interval(low=1.0, middle=2.0, high=NAN), "h") == "1 h to no number"


def test_hours_stand_below_two_days_and_days_above():
    assert [duration(h) for h in (0.0, 47.0, 48.0, 3000.0)] == ["0 h", "47 h", "2 d", "125 d"]


def test_a_fall_is_told_with_size_time_people_and_uncertainty():
    first, people, unknown, mean = effect_sentences(made.effect(), ANSWER)
    assert first == (
        "Extracellular serotonin in forebrain falls by 18 % at most, "
        "4.2 d after the first dose (median person)."
    )
    assert "-31 to -9 % (5th to 95th percentile)" in people
    assert "-41 to +6 % (median -17 %)" in unknown
    assert "even the direction is not certain: it falls in 91 % of draws" in unknown
    assert "-15 % (people -27 to -7 %; uncertainty -36 to +5 %)" in mean


def test_a_rise_is_told_as_a_rise():
    rise = made.spread((0.1, 0.25, 0.5), (0.05, 0.24, 0.6))
    effect = made.effect(largest_change=rise, share_falling=0.0, share_rising=1.0)
    first, people, unknown, _ = effect_sentences(effect, ANSWER)
    assert "rises by 25 % at most" in first
    assert "+10 to +50 %" in people
    assert unknown.endswith("it rises in every draw.")
    assert "not certain" not in unknown


def test_a_share_of_draws_is_never_rounded_to_all_or_none():
    assert direction_words(made.effect(share_falling=0.999, share_rising=0.001)) == (
        "it falls in over 99 % of draws"
    )
    assert "rises in 30 % of draws" in direction_words(
        made.effect(share_falling=0.7, share_rising=0.3)
    )


def test_uncertainty_that_points_the_other_way_is_told():
    words = direction_words(made.effect(share_falling=0.4, share_rising=0.6))
    assert words == (
        "even the direction is not certain: it rises in 60 % of draws and falls in 40 % of draws"
    )


def test_an_effect_too_small_to_matter_has_no_direction():
    tiny = made.spread((-2e-4, 1e-4, 3e-4), (-1e-4, 1e-4, 2e-4))
    assert "hardly moves: +0.01 % at most" in headline(made.effect(largest_change=tiny), ANSWER)


def test_no_drug_moves_nothing_and_says_by_how_little():
    (only,) = effect_sentences(made.rest(), ANSWER)
    assert only == (
        "Nothing moves: without a dose extracellular serotonin in forebrain "
        "strays by less than 0.01 % in 28 d."
    )
    assert after_sentence(made.rest()) == ""


def test_a_model_that_is_not_at_rest_is_told():
    moving = made.spread((-0.04, -0.01, 0.0), (-0.05, 0.0, 0.01))
    (only,) = effect_sentences(dataclasses.replace(made.rest(), largest_change=moving), ANSWER)
    assert only.startswith("Not at rest: ")
    assert "at most 5 %" in only


def test_the_return_to_baseline_is_told_with_both_spreads():
    back = (
        "Back within 1 % of baseline 9.3 d after the last dose "
        "(people 5 to 14 d; uncertainty 2.5 d to not before the run ends)."
    )
    swing = (
        "On the way it passes baseline to the other side, at most by +1.2 % "
        "(people +0.1 to +3 %; uncertainty -0.2 to +4 %)."
    )
    assert after_sentence(made.effect()) == f"{back} {swing}"
    none = made.spread((0.0, 0.0, 0.0), (0.0, 0.0, 0.0))
    assert after_sentence(dataclasses.replace(made.effect(), rebound=none)) == back


def test_an_effect_that_never_settles_says_so():
    never = made.spread((200.0, NAN, NAN), (100.0, NAN, NAN))
    left = made.spread((-0.06, -0.032, 0.0), (-0.1, -0.03, 0.0))
    text = after_sentence(made.effect(settled=never, change_at_end=left))
    assert text.startswith("Not back within 1 % of baseline when the run ends, 21 d after the last")
    assert "still -3.2 % (people -6 to 0 %; uncertainty -10 to 0 %)" in text


def test_an_effect_that_stays_near_baseline_says_so():
    zero = made.spread((0.0, 0.0, 30.0), (0.0, 0.0, 40.0))
    assert after_sentence(made.effect(settled=zero)).startswith("Stays within 1 % of baseline")


def test_a_scenario_without_numbers_is_told_in_words():
    nothing = made.spread((NAN, NAN, NAN), (NAN, NAN, NAN))
    for effect in (made.effect(largest_change=nothing), made.rest()):
        empty = dataclasses.replace(effect, largest_change=nothing)
        (only,) = effect_sentences(empty, ANSWER)
        assert "no run gave a number" in only
        assert after_sentence(empty) == ""


def test_a_named_scenario_shows_its_regimen():
    assert scenario_label(made.effect(scenario="low dose")) == (
        "low dose (0.5 mg every 8 h for 7 d)"
    )
    assert scenario_label(made.effect()) == "0.5 mg every 8 h for 7 d"


def test_people_and_uncertainty_are_explained():
    text = spread_sentence(ANSWER)
    assert "kept apart" in text
    assert "1000 simulated persons" in text
    assert "200 draws" in text


def test_hits_and_misses_are_counted_without_calibration():
    first, errors, untested, *misses = comparison_sentences(ANSWER)
    assert first == (
        "5 of 8 held-out observations lie inside the 90 % interval; "
        "4 calibration points are not counted."
    )
    assert errors == "Held-out fold error: median 1.14, largest 1.71."
    assert untested == (
        "No measurement of extracellular serotonin in forebrain itself is compared with the regimens of this "
        'question; for 2 published observations set beside it see "What was seen by others".'
    )
    assert len(misses) == 3
    assert misses[0] == (
        "Miss: genisnajera2024_time (2 mg once, time of maximum): observed 3 h, "
        "predicted 1.75 h (1.4 to 2.2 h), 1.71-fold."
    )


def test_calibration_alone_is_no_test():
    used = tuple(one for one in ANSWER.comparisons if one.role == "calibration")
    first, *_ = comparison_sentences(made.make_answer(comparisons=used))
    assert first == (
        "No held-out observation is compared; 4 calibration points are no test of the model."
    )


def test_no_observation_is_told():
    first, untested = comparison_sentences(made.make_answer(comparisons=(), findings=()))
    assert first == "No published observation is compared with this run."
    assert untested.endswith("and the library has none: that end of the chain is not tested.")


def test_a_prediction_without_a_number_is_no_hit():
    lost = made.comparison("x2000_maximum", 3.0, (NAN, NAN, NAN))
    answer = made.make_answer(comparisons=(lost,))
    first, *_, last = comparison_sentences(answer)
    assert verdict(lost) == "no prediction"
    assert first == "0 of 1 held-out observation lie inside the 90 % interval."
    assert last.startswith("No prediction for x2000_maximum")


def test_a_target_that_was_measured_is_not_called_untested():
    one = made.comparison("x2000", 1.0, (0.9, 1.0, 1.1), output="terminal.serotonin_change")
    assert "not tested" not in " ".join(comparison_sentences(made.make_answer(comparisons=(one,))))


def test_failures_are_named():
    answer = made.make_answer(failures=(made.failure(),))
    (only,) = failure_sentences(answer)
    assert only == (
        '3 of 1000 subjects of "2 mg once" (people) did not finish: step too small; '
        "loosen the tolerances."
    )
    assert only in answer_text(answer)


def test_the_numbers_of_the_model_are_counted_by_status():
    assert known_sentence(ANSWER) == (
        "Of 9 numbers in the model: 4 read in a source, 2 derived from such numbers, 3 assumed."
    )


def test_the_text_holds_every_scenario_and_the_warning():
    text = answer_text(ANSWER)
    assert DISCLAIMER in text
    for effect in ANSWER.effects:
        assert f"\n{effect.scenario}:\n" in text
    assert not re.search(r"\bnan\b|\binf\b|-0\b(?!\.)", text)
    assert text.endswith("\n")
    assert "\n\n\n" not in text


def test_what_decides_the_answer_is_named_and_assumed_numbers_are_listed():
    first, second = sweep_sentences(ANSWER)
    assert "site.scale" in first
    assert "-40 %" in first
    assert "+5 %" in first
    assert second.endswith(
        ": site.scale."
    )  # the other assumed number moves it by less than a tenth
    assert "1 assumed number moves it by more than 10 %" in second


def test_without_a_sweep_nothing_is_said_of_it():
    assert sweep_sentences(made.make_answer(sweep=None)) == ()


def test_an_answer_without_a_baseline_is_told_in_its_own_measure():
    effects = tuple(dataclasses.replace(one, relative=False) for one in ANSWER.effects)
    text = "\n".join(effect_sentences(effects[0], ANSWER))
    assert "%" not in text.replace("% of draws", "")


def test_people_beyond_the_model_are_named_with_their_share():
    one = Strangers(scenario=made.ONCE, layer="people", count=30, of=1000)
    answer = made.make_answer(strangers=(one,))
    (only,) = stranger_sentences(answer)
    assert only == (
        '30 of 1000 subjects of "2 mg once" (people; 3 %) lie outside what the model was made for '
        "(person.age from 18 to 100 year); they are in all numbers above."
    )
    assert only in answer_text(answer)
    assert stranger_sentences(made.make_answer()) == ()
