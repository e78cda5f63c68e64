"""What others saw, in words: apart from the model, counted honestly, short in the terminal."""

import dataclasses
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "report"))

import answers as made

from raphe.analysis.answer import Bearing
from raphe.analysis.findings import (
    finding_line,
    finding_lines,
    finding_sentences,
    pointer_sentence,
    treatment,
)
from raphe.analysis.wording import answer_text, comparison_sentences

ANSWER = made.make_answer()


def test_people_and_calibration_are_counted_by_name():
    first, *_ = finding_sentences(ANSWER)
    assert first == (
        "2 published observations set beside extracellular serotonin in forebrain itself, 1 in people and 1 with a "
        "part in setting the model; 1 of what tells about it and 1 that no model speaks of."
    )


def test_a_line_tells_who_what_when_where_and_in_which_role():
    people, rats, near, untold = (finding_line(one) for one in ANSWER.findings)
    assert people == (
        "volunteers (number not read), diazepam 15 mg once, against no drug, highest from 1 h to 4 h: lower "
        "(berlin1975, abstract: lower in dialysate; read, held out; prolactin is taken to follow extracellular "
        "serotonin)."
    )
    assert "awake rat (6)" in rats
    assert "calibration" in rats
    assert "serotonin metabolite: rises" in near
    assert "not simulated" in untold


def test_the_terminal_shows_the_nearest_and_counts_the_others():
    many = tuple(made.finding(observation=f"rat{k}") for k in range(30))
    lines = finding_lines(made.make_answer(findings=many))
    assert sum(line.startswith("  - ") for line in lines) == 5
    assert "  and 25 more in the report." in lines


def test_without_findings_that_is_said_by_name():
    bare = made.make_answer(findings=())
    told = ("The library has no published observation of extracellular serotonin in forebrain.",)
    assert finding_sentences(bare) == finding_lines(bare) == told
    assert told[0] in answer_text(bare)


def test_what_only_tells_about_the_target_is_no_observation_of_it():
    near = tuple(one for one in ANSWER.findings if one.bearing is Bearing.NEAR)
    first, *_ = finding_sentences(made.make_answer(findings=near))
    assert first == (
        "The library has no published observation of extracellular serotonin in forebrain itself; "
        "1 of what tells about it."
    )


def test_a_measurement_among_the_comparisons_needs_no_pointer():
    measured = made.comparison("rat", 0.8, (0.7, 0.8, 0.9), output=ANSWER.target_output)
    told = comparison_sentences(made.make_answer(comparisons=(measured,)))
    assert not any("No measurement" in text for text in told)
    assert "What was seen by others" in pointer_sentence(ANSWER)


def test_a_long_regimen_is_cut_and_its_steps_counted():
    steps = ", then ".join(f"{k} mg once a day for 7 d" for k in range(9, 0, -1))
    long = dataclasses.replace(ANSWER.findings[0], given=steps, against="no drug")
    assert treatment(long) == "9 mg once a day for 7 d, then 8 more steps, against no drug"
    inside = "2 mg once + (no drug for 1 h, then 7 g once)"
    assert treatment(dataclasses.replace(long, given=inside, against="")) == inside


def test_model_numbers_do_not_enter():
    moved = made.make_answer(effects=(made.effect(share_falling=0.5),), comparisons=(), chain=None)
    assert finding_lines(moved) == finding_lines(ANSWER)
