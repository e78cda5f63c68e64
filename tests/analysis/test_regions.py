"""In whom, in words: the likeliest group first, and nothing left out when nothing tells people apart."""

import dataclasses
import importlib.util
from pathlib import Path

from raphe.analysis.answer import Interval
from raphe.analysis.regions import whom_sentences, whom_words

_spec = importlib.util.spec_from_file_location(
    "regional_answers", Path(__file__).parents[1] / "report" / "answers.py"
)
made = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(made)
ANSWER = made.make_answer()
WHOM = made.whom()


def test_the_likeliest_group_stands_first():
    head, first, second, *_ = whom_sentences(ANSWER)
    assert "A fall of at least 20 % happens in 45 % of people (42 to 48 %)" in head
    assert first.startswith("  person.weight at most 70 kg: in 80 % (76 to 83 %) of 250 people")
    assert "above 70 kg" in second


def test_that_nobody_goes_to_the_other_side_is_said():
    *_, other, how = whom_sentences(ANSWER)
    assert other.startswith(
        "In whom: A largest change to the other side, a rise, happens to nobody"
    )
    assert "one half" in how


def test_where_nothing_tells_people_apart_it_is_said():
    region = dataclasses.replace(WHOM.regions[0], groups=(WHOM.regions[1].groups[0],))
    whom = dataclasses.replace(WHOM, regions=(region,))
    (text,) = whom_sentences(made.make_answer(whom=whom))
    assert text.endswith("none of the 27 numbers tried tells in whom.")


def test_a_change_of_sign_is_told_with_its_share():
    region = dataclasses.replace(
        WHOM.regions[1], everybody=Interval(low=0.16, middle=0.18, high=0.2)
    )
    whom = dataclasses.replace(WHOM, regions=(WHOM.regions[0], region))
    words = whom_words(made.make_answer(whom=whom))[1]
    assert "a rise, happens in 18 % of people (16 to 20 %)" in words.sentence


def test_without_groups_nothing_is_said():
    assert whom_sentences(made.make_answer(whom=None)) == ()
