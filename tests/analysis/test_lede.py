"""What the two first sentences promise: direction, size, doubt and end, whatever was found."""

import math
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "report"))

import answers as made

from raphe.analysis.lede import lede


def effects(*changes, **other):
    """One scenario for each median change."""
    return tuple(
        made.effect(
            largest_change=made.spread((x - 0.1, x, x + 0.1), (x - 0.3, x, x + 0.2)), **other
        )
        for x in changes
    )


def told(*found, **changed):
    return lede(made.make_answer(effects=found, **changed))


def test_two_sentences_hold_direction_size_doubt_and_end():
    first, second = lede(made.make_answer())
    assert first == (
        "Clonazepam lowers extracellular serotonin in forebrain in the median person "
        "by 12 to 18 % at most, depending on how it is taken."
    )
    assert second == (
        "Even the direction is not certain, since what is known leaves room for -41 to +6 % "
        "(0.5 mg every 8 h for 7 d); it is back within 1 % of baseline 6.2 to 9.3 d after the last dose."
    )


def test_a_direction_that_every_draw_gives_is_called_sure_but_not_the_size():
    (one,) = effects(0.4, share_falling=0.01, share_rising=0.99)
    first, second = told(one)
    assert (
        "raises extracellular serotonin in forebrain in the median person by 40 % at most." in first
    )
    assert second.startswith(
        "The model is sure of the direction but not of the size, +10 to +60 %;"
    )


def test_effects_of_both_signs_are_not_averaged():
    first, _ = told(*effects(-0.2, 0.1))
    assert first.startswith("Whether clonazepam raises or lowers")
    assert "-20 to +10 %" in first


def test_what_does_not_come_back_is_told():
    (one,) = effects(-0.2, settled=made.spread((math.nan,) * 3, (math.nan,) * 3))
    assert told(one)[1].endswith(
        "when the run ends it is not back within 1 % of baseline everywhere."
    )


def test_without_doses_there_is_no_last_dose():
    assert "last dose" not in " ".join(told(*effects(-0.2, doses=0)))


def test_next_to_nothing_is_called_that():
    assert told(*effects(0.0001))[0].startswith("Clonazepam hardly moves extracellular serotonin")


@pytest.mark.parametrize("found", [(), (made.rest(),), effects(math.nan)])
def test_with_nothing_to_tell_nothing_is_told(found):
    assert told(*found) == ()
