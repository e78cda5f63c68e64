"""Markdown and JSON hold what the page holds."""

import dataclasses
import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import answers as made

from raphe.report.formats import answer_json, answer_markdown


@pytest.fixture(scope="module")
def answer():
    return made.make_answer()


def test_markdown_has_every_scenario_observation_assumption_and_reference(answer):
    text = answer_markdown(answer)
    assert text.startswith(f"# {answer.title}\n")
    assert "Not medical advice" in text
    for effect in answer.effects:
        assert effect.scenario in text
    for one in answer.comparisons:
        assert one.observation in text
    for words in answer.assumptions:
        assert words in text
    for source in answer.references:
        assert source.key in text
    assert answer.provenance.command in text


def test_what_others_saw_stands_whole_in_markdown_and_json(answer):
    text, tree = answer_markdown(answer), json.loads(answer_json(answer))
    own = text[text.index("## What was seen by others") : text.index("## Assumptions")]
    for one, read in zip(answer.findings, tree["findings"], strict=True):
        assert f"| {one.observation} |" in own
        assert one.seen in own
        assert read == dataclasses.asdict(one)


def test_json_reads_back_and_has_no_nan(answer):
    tree = json.loads(answer_json(answer), parse_constant=pytest.fail)
    assert tree["title"] == answer.title
    assert len(tree["courses"]) == len(answer.courses)
    assert tree["courses"][0]["people"]["middle"] == answer.courses[0].people.middle.tolist()
    assert tree["sweep"]["movers"][0]["name"] == answer.sweep.movers[0].name


def test_what_is_no_number_is_null():
    changed = made.make_answer(effects=(made.effect(share_falling=float("nan")),))
    assert json.loads(answer_json(changed))["effects"][0]["share_falling"] is None
