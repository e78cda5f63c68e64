"""What the figures promise: SVG that can stand inline, the same every time, and readable."""

import dataclasses
import math
import re
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import answers as made

from raphe.report.figures import draw_comparisons, draw_effects, draw_outputs

ANSWER = made.make_answer()


def drawings(answer=ANSWER):
    panels = [panel.svg for figure in draw_outputs(answer) for panel in figure.panels]
    return [*panels, draw_effects(answer), draw_comparisons(answer)]


@pytest.fixture(scope="module")
def drawn():
    return drawings()


def test_one_figure_an_output_and_one_panel_a_scenario_with_doses():
    figures = draw_outputs(ANSWER)
    assert [figure.output for figure in figures] == list(
        dict.fromkeys(course.output for course in ANSWER.courses)
    )
    for figure in figures:
        assert [panel.scenario for panel in figure.panels] == [made.REPEATED, made.ONCE]
    assert [figure.ratio for figure in figures] == [False, False, True, True]
    assert figures[0].unit == "ng/mL"
    assert figures[1].unit == ""


def test_without_any_dose_the_run_itself_is_drawn():
    courses = tuple(course for course in ANSWER.courses if course.scenario == made.NONE)
    answer = made.make_answer(effects=(made.rest(),), courses=courses)
    assert all(len(figure.panels) == 1 for figure in draw_outputs(answer))
    assert draw_effects(answer) == ""


def test_nothing_to_draw_draws_nothing():
    answer = made.make_answer(effects=(), courses=(), comparisons=())
    assert draw_outputs(answer) == ()
    assert draw_effects(answer) == draw_comparisons(answer) == ""


def test_a_drawing_stands_inline_and_has_words(drawn):
    for svg in drawn:
        assert svg.startswith("<svg ")
        assert svg.endswith("</svg>")
        assert 'role="img"' in svg
        assert re.search(r'<title id="[^"]+">[^<]+</title>\s*<desc id="[^"]+">[^<]+</desc>', svg)
        for unwanted in ("<?xml", "<!DOCTYPE", "<metadata", "<style", "<script", "<image"):
            assert unwanted not in svg
        assert svg.count("http") == 1
        assert 'xmlns="http://www.w3.org/2000/svg"' in svg


def test_text_stays_text(drawn):
    assert all("<text" in svg for svg in drawn)
    assert all("'DejaVu Sans',sans-serif" in svg for svg in drawn)


def test_the_run_without_a_dose_is_a_line_of_the_others():
    alone = tuple(course for course in ANSWER.courses if course.scenario != made.NONE)
    with_rest, without = draw_outputs(ANSWER), draw_outputs(made.make_answer(courses=alone))
    assert with_rest[-1].panels[0].svg.count("<path") > without[-1].panels[0].svg.count("<path")
    assert with_rest[0].panels[0].svg == without[0].panels[0].svg  # a level of 0 is no line


def test_drawing_twice_gives_the_same_bytes(drawn):
    assert drawings() == drawn


def test_identifiers_are_unique_across_drawings_and_every_use_has_one(drawn):
    ids = [name for svg in drawn for name in re.findall(r'\bid="([^"]*)"', svg)]
    assert len(ids) == len(set(ids))
    for svg in drawn:
        own = set(re.findall(r'\bid="([^"]*)"', svg))
        used = set(re.findall(r'(?:url\(#|href="#)([^")]*)', svg))
        assert used
        assert used <= own


def test_drawing_changes_no_setting_of_matplotlib():
    before = dict(mpl.rcParams)
    drawings()
    assert dict(mpl.rcParams) == before


def test_a_miss_has_another_marker_and_another_color(drawn):
    svg = drawn[-1]
    assert "held out, MISS" in svg
    assert "genisnajera2024_time: predicted 1.75 (1.4 to 2.2 h), observed 3 h, MISS" in svg
    hits = tuple(one for one in ANSWER.comparisons if one.inside)
    assert "MISS" not in draw_comparisons(made.make_answer(comparisons=hits))


def test_what_has_no_number_is_left_out_of_the_drawing_not_fatal():
    nan = math.nan
    lost = made.comparison("x2000_maximum", 3.0, (nan, nan, nan))
    assert draw_comparisons(made.make_answer(comparisons=(lost,))) == ""
    course = ANSWER.courses[0]
    empty = np.full_like(course.hours, nan)
    band = dataclasses.replace(course.people, low=empty, middle=empty, high=empty)
    course = dataclasses.replace(course, people=band, uncertainty=band)
    (figure,) = draw_outputs(made.make_answer(courses=(course,)))
    assert "no finished run" in figure.panels[0].svg
    assert not re.search(r"\bnan\b", figure.panels[0].svg, re.IGNORECASE)


def test_one_time_or_no_time_can_be_drawn():
    course = ANSWER.courses[0]
    for count in (0, 1):
        cut = dataclasses.replace(
            course.people, low=np.ones(count), middle=np.ones(count), high=np.ones(count)
        )
        short = dataclasses.replace(course, hours=course.hours[:count], people=cut, uncertainty=cut)
        assert draw_outputs(made.make_answer(courses=(short,)))[0].panels[0].svg


def test_formulas_and_strange_letters_in_text_are_only_text():
    course = dataclasses.replace(ANSWER.courses[0], title="$\\frac{1}$ \x00 薬", unit="$x_")
    (figure,) = draw_outputs(made.make_answer(courses=(course,)))
    assert "$x_" in figure.panels[0].svg
    assert "\x00" not in figure.panels[0].svg
