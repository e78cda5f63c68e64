"""The catalog: what is on the shelves, and what two equal names do."""

import pytest

from raphe.core.errors import LanguageError, UnknownNameError
from raphe.dosing.regimen import Regimen
from raphe.language.check import check_document
from raphe.language.model import Library, Role
from raphe.language.parse import parse
from raphe.library.catalog import find_model, load_catalog, make_catalog, observations_of


def test_the_flagship_is_found_by_drug_and_target():
    assert (
        find_model(load_catalog(), drug="clonazepam", target="serotonin").name == "benzodiazepines"
    )


@pytest.mark.parametrize(
    ("drug", "target", "words"),
    [("clonazepan", "serotonin", "clonazepam"), ("clonazepam", "dopamin", "dopamine")],
)
def test_what_is_not_there_brings_the_nearest(drug, target, words):
    with pytest.raises(UnknownNameError, match=words):
        find_model(load_catalog(), drug=drug, target=target)


def test_two_equal_names_are_refused_with_both_places():
    text = 'module m { parameter p = 1 mg { assumed "t"; } quantity q : mg = p; }'
    with pytest.raises(LanguageError) as caught:
        make_catalog([parse(text, "one.raphe"), parse(text, "two.raphe")])
    assert "two.raphe:1:" in str(caught.value)
    assert "one.raphe:1:" in str(caught.value)


def test_what_is_not_simulated_may_not_bear_the_name_of_an_observation():
    rest = 'people 1; assumed "t"; }'
    row = f'observation a {{ drug x; regimen "no drug"; statistic maximum of s.t; value 1 mg; role prediction; {rest}'
    told = f'observation a {{ saw "s"; not simulated "r"; {rest}'
    with pytest.raises(LanguageError, match='second observation is called "a"'):
        make_catalog([parse(row, "one.raphe"), parse(told, "two.raphe")])
    (finding,) = check_document(
        parse(f"{row}\n{told}", "x"), library=Library(modules={}, sources={})
    )
    assert finding.place.line == 2


def test_what_is_not_simulated_names_sources_that_are_there():
    catalog = load_catalog()
    for one in catalog.unsimulated:
        assert one.saw
        assert one.reason
        assert all(citation.key in catalog.library.sources for citation in one.provenance.citations)


def test_every_observation_has_a_source_and_a_role():
    catalog = load_catalog()
    seen = observations_of(catalog, drug="clonazepam")
    assert len(seen) >= 10
    for one in seen:
        assert one.provenance is not None
        assert all(citation.key in catalog.library.sources for citation in one.provenance.citations)
    assert {one.role.value for one in seen} == {"calibration", "prediction"}


def test_every_source_can_be_found_by_others():
    for source in load_catalog().library.sources.values():
        assert source.doi or source.pmid or source.url or source.journal, source.key


def test_calibration_points_stand_in_one_file_and_nothing_else_does():
    for one in load_catalog().observations:
        apart = one.place.file == "observations/calibration.raphe"
        assert apart == (one.role is Role.CALIBRATION), one.name


def test_every_regimen_of_the_library_reads():
    catalog = load_catalog()
    for one in catalog.observations:
        Regimen.from_text(one.regimen)
        if one.against is not None:
            Regimen.from_text(one.against.regimen)
    for assembly in catalog.assemblies.values():
        for drug in assembly.drugs:
            for text in drug.usual:
                Regimen.from_text(text)
