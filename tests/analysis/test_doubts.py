"""The doubt about an answer in words: parts that add up, what to measure next, what is said when it cannot be told."""

import dataclasses
import importlib.util
import math
import re
from pathlib import Path

import pytest

from raphe.analysis.answer import Doubt, Interval, Part
from raphe.analysis.doubts import (
    failed_sentences,
    next_sentence,
    ranking_rows,
    ranking_sentences,
    share_words,
    split_rows,
    split_sentences,
)
from raphe.analysis.wording import answer_text, failure_sentences

_spec = importlib.util.spec_from_file_location(
    "doubtful_answers", Path(__file__).parents[1] / "report" / "answers.py"
)
made = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(made)
ANSWER = made.make_answer()
DOUBT = made.doubt()


def with_ranking(**changed):
    ranking = dataclasses.replace(DOUBT.ranking, **changed)
    return made.make_answer(doubt=dataclasses.replace(DOUBT, ranking=ranking))


def with_split(**changed):
    split = dataclasses.replace(DOUBT.split, **changed)
    return made.make_answer(doubt=dataclasses.replace(DOUBT, split=split))


def test_shares_alone_and_together_make_up_everything():
    lines = split_sentences(ANSWER)
    alone = [int(x) for line in lines for x in re.findall(r": (\d+) % \([^)]*\) alone", line)]
    (together,) = (int(x) for x in re.findall(r"together explain (\d+) %", " ".join(lines)))
    assert len(alone) == 4
    assert sum(alone) + together == pytest.approx(100, abs=2)


def test_the_largest_part_stands_first_with_its_range():
    first, *_ = split_rows(ANSWER)
    assert first.part.startswith("numbers are carried over")
    assert (first.count, first.alone) == ("20 numbers", "60 % (50 to 70 %)")
    assert first.range == "-41 to +6 %"


def test_an_estimate_below_nothing_is_told_as_nothing():
    forms = next(row for row in split_rows(ANSWER) if row.part.startswith("forms"))
    assert (forms.count, forms.alone) == ("2 forms", "0 % (0 to 1 %)")


def test_rivals_that_change_the_answer_are_named():
    assert any("rival" in line for line in split_sentences(ANSWER))


def test_what_to_measure_next_says_what_it_would_bring():
    text = next_sentence(ANSWER)
    assert "site.scale" in text
    assert "51 % (45 to 57 %)" in text
    left = 0.16 * math.sqrt(1.0 - 0.51)
    assert f"from 16 % to {100 * left:.0f} %" in text
    assert "do not tell it from" not in text


def test_numbers_that_the_runs_cannot_tell_apart_are_named_together():
    first, second, last = DOUBT.ranking.ranked
    near = dataclasses.replace(second, alone=Interval(low=0.4, middle=0.44, high=0.48))
    text = next_sentence(with_ranking(ranked=(first, near, last)))
    assert "do not tell it from terminal.release_brake" in text


def test_where_no_number_alone_matters_for_certain_it_is_said():
    weak = tuple(
        dataclasses.replace(one, alone=Interval(low=-0.05, middle=0.02, high=0.09))
        for one in DOUBT.ranking.ranked
    )
    assert "no number alone" in next_sentence(with_ranking(ranked=weak))


def test_weak_numbers_are_left_out_of_the_text_but_not_of_the_table():
    lines = ranking_sentences(ANSWER)
    assert any("firing.weight" in line for line in lines)
    rows = ranking_rows(ANSWER)
    assert [row.name for row in rows] == [
        "site.scale",
        "terminal.release_brake",
        "firing.weight",
        "the other 72",
    ]
    assert [row.carried_over for row in rows] == [False, True, False, False]


def test_without_a_ranking_it_is_said_and_with_one_the_way_to_a_finer_one():
    (text,) = ranking_sentences(made.make_answer(doubt=Doubt(split=DOUBT.split, ranking=None)))
    assert "not asked" in text
    assert "--points" in ranking_sentences(ANSWER)[-1]


def test_where_nothing_moves_nothing_is_said():
    answer = made.make_answer(doubt=Doubt(split=None, ranking=None))
    assert split_sentences(answer) == ()
    assert ranking_sentences(answer) == ()
    assert next_sentence(answer) == ""
    assert failed_sentences(answer) == ()


def test_failed_runs_are_told_with_the_doubt_and_among_the_failures():
    answer = with_split(failed=7, lost=5, points=251)
    assert "of which 7 failed; 5 points of 256 left out" in " ".join(split_sentences(answer))
    assert any("7 of 2048 runs" in text for text in failure_sentences(answer))


def test_too_many_failures_give_no_share_and_no_advice():
    nothing = Interval(low=math.nan, middle=math.nan, high=math.nan)
    parts = tuple(
        dataclasses.replace(one, alone=nothing, involved=nothing) for one in DOUBT.split.parts
    )
    answer = with_split(parts=parts, together=math.nan, failed=900, lost=200, points=56)
    text = " ".join(split_sentences(answer))
    assert "no number alone" in text
    assert "no share is given" in text
    assert "together explain" not in text
    ranked = tuple(
        dataclasses.replace(one, alone=nothing, involved=nothing) for one in DOUBT.ranking.ranked
    )
    assert "do not tell" in next_sentence(with_ranking(ranked=ranked, failed=9))
    assert "nan" not in answer_text(answer)


def test_a_share_has_its_interval():
    assert share_words(Interval(low=-0.1, middle=0.351, high=1.4)) == "35 % (0 to 100 %)"


def test_every_part_has_words():
    assert not {row.part for row in split_rows(ANSWER)} & {part.value for part in Part}
    assert len(split_rows(ANSWER)) == len(Part)
