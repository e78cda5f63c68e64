"""Errors tell place, text, expectation and nearest name."""

from raphe.core.errors import InputError, LanguageError, Place, RapheError, nearest
from raphe.core.sources import Source


def test_an_error_is_one_line_with_place_and_advice():
    error = LanguageError("unknown name", place=Place("a.raphe", 14, 9), advice='did you mean "x"?')
    assert str(error) == 'a.raphe:14:9  unknown name; did you mean "x"?'
    assert isinstance(error, InputError)
    assert isinstance(error, RapheError)


def test_a_place_without_a_line_is_the_file():
    assert str(Place("a.raphe")) == "a.raphe"


def test_the_nearest_name_is_offered_or_the_known_ones():
    assert nearest("clonazepan", ["diazepam", "clonazepam"]) == 'did you mean "clonazepam"?'
    assert nearest("zzz", ["b", "a"]) == "known: a, b"
    assert nearest("zzz", [f"n{i:02}" for i in range(20)]).endswith("n07, ...")
    assert nearest("zzz", []) == ""


def test_a_source_prints_a_reference():
    source = Source(
        key="k",
        title="A title.",
        year=2005,
        authors="Doe J",
        journal="J",
        volume="4",
        pages="1-2",
        doi="10.1/x",
        pmid="7",
        place=Place("s"),
    )
    assert source.reference() == "Doe J. A title. (2005). J 4:1-2. doi 10.1/x. PMID 7."
