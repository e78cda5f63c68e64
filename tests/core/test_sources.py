"""Sources: what a reference says, and which numbers are carried over from animals, cells or models of them."""

import pytest

from raphe.core.errors import LanguageError, Place
from raphe.core.sources import Citation, Evidence, Provenance, Source, Status, is_carried_over
from raphe.language.parse import parse

HERE = Place(file="test")


def source(key, evidence):
    return Source(key=key, title=key, evidence=evidence, looked_at="words", place=HERE)


SOURCES = {
    "people": source("people", Evidence.PEOPLE),
    "rats": source("rats", Evidence.ANIMALS),
    "slices": source("slices", Evidence.CELLS),
    "model": source("model", Evidence.MODELS),
    "silent": source("silent", None),
}


def number(*keys, status=Status.READ):
    cited = tuple(Citation(key=key, locator="table", place=HERE) for key in keys)
    return Provenance(status=status, citations=cited)


@pytest.mark.parametrize(
    ("keys", "carried"),
    [
        (("rats",), True),
        (("slices",), True),
        (("model",), True),
        (("rats", "slices"), True),
        (("rats", "silent"), True),
        (("people",), False),
        (("rats", "people"), False),
        (("silent",), False),
        ((), False),
        (("unknown",), False),
    ],
)
def test_a_number_is_carried_over_if_nobody_looked_at_people(keys, carried):
    assert is_carried_over(number(*keys), SOURCES) is carried


def test_a_number_without_provenance_is_not_carried_over():
    assert is_carried_over(None, SOURCES) is False


def test_evidence_is_read_from_the_text():
    text = 'source s { title "t"; evidence animals "rat, dialysis"; }'
    (found,) = parse(text, "test").sources
    assert (found.evidence, found.looked_at) == (Evidence.ANIMALS, "rat, dialysis")
    assert found.evidence_words() == "Evidence: animals (rat, dialysis)."


def test_a_source_may_be_silent_about_its_evidence():
    (found,) = parse('source s { title "t"; }', "test").sources
    assert (found.evidence, found.looked_at, found.evidence_words()) == (None, "", "")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('source s { title "t"; evidence animal "rat"; }', "animals"),
        ('source s { title "t"; evidence people "a"; evidence cells "b"; }', "evidence"),
    ],
)
def test_evidence_of_another_kind_or_twice_is_refused_with_its_place(text, words):
    with pytest.raises(LanguageError, match=words) as error:
        parse(text, "test")
    assert error.value.place.line == 1
