"""Outside evidence on a target: which observations, in what order, in what words, and nothing of a run."""

import dataclasses

import pytest

from raphe.analysis.answer import Bearing
from raphe.language.parse import parse
from raphe.library.catalog import load_catalog, make_catalog
from raphe.study.findings import findings_of
from raphe.study.question import ask

MODEL = """
source paper { title "On beta in rats"; journal "None"; evidence animals "rat"; }
source trial { title "A trial of alpha"; journal "None"; evidence people "patients"; }
module kinetics "A drug" {
    parameter rate = 0.1 1/h { meaning "rate"; assumed "a test"; }
    species drug : mg;
    derivative drug = -rate * drug;
    route oral into drug;
    output drug as amount;
}
module effect "An effect" {
    input amount : mg as amount;
    input other : mg as amount;
    input meal : mg as amount;
    parameter slope = 0.1 1/mg { meaning "slope while the experiment lasts"; assumed "a test"; }
    quantity size : dimensionless = 1 + slope * (amount + other + meal);
    quantity trace : dimensionless = 2 * size;
    output size as size_ratio;
    output trace as trace_ratio;
}
model test "A test" {
    use kinetics as alpha;
    use kinetics as beta;
    use kinetics as meal;
    use effect as effect;
    connect alpha.drug -> effect.amount;
    connect beta.drug -> effect.other;
    connect meal.drug -> effect.meal;
    drug alpha by alpha.oral usually "1 mg once";
    drug beta by beta.oral usually "1 mg once";
    drug meal by meal.oral usually "1 mg once";
    target response = effect.size "response, ratio to rest";
    target level = alpha.drug "level of alpha";
}
"""


def observation(name, *, drug="alpha", regimen="1 mg once", of="effect.size", **changed):
    parts = {
        "who": "people 6;",
        "what": f"statistic value at 2 h of {of};",
        "seen": "direction falls;",
        "role": "role prediction;",
        "source": 'read trial "abstract: less of it";',
    } | changed
    body = "\n".join(parts.values())
    return f'observation {name} {{ drug {drug}; regimen "{regimen}"; {body} }}\n'


def found(*texts, drug="alpha", target="response"):
    catalog = make_catalog([parse(MODEL, "model"), parse("".join(texts), "seen")])
    return tuple(one.finding for one in findings_of(ask(catalog, drug, target), catalog))


def test_a_finding_tells_who_what_when_and_where():
    (one,) = found(
        observation(
            "seen",
            who='people 8; subjects "awake rat";',
            what="statistic highest from 1 h to 4 h of effect.size;",
            seen="value 0.8 dimensionless; spread sd 0.1 dimensionless;",
            role="role calibration;",
            source='derived paper "table 1" because "the middle";',
        )
    )
    assert one.bearing is Bearing.ITSELF
    assert (one.subjects, one.count, one.in_people) == ("awake rat", 8, False)
    assert (one.given, one.against, one.when) == ("alpha 1 mg once", "", "highest from 1 h to 4 h")
    assert (one.quantity, one.seen) == ("response", "0.8 (ratio to rest), SD 0.1")
    assert (one.role, one.status) == ("calibration", "derived")
    assert (one.citation, one.note) == ("paper, table 1", "the middle")


def test_what_only_stands_for_the_target_is_not_the_target_itself():
    (one,) = found(observation("seen", who='people 8; measured as "a stain";'))
    assert one.bearing is Bearing.NEAR
    assert one.quantity == "response, measured as a stain"


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        ("direction falls;", "falls"),
        ("direction stays;", "does not change"),
        ("value below 0.5 dimensionless;", "below 0.5 (ratio to rest)"),
        ("share above 1.5 dimensionless; value 40 %;", "in 40 % of them above 1.5 (ratio to rest)"),
        ('against { regimen "2 mg once"; } direction rises;', "higher"),
        ('against { regimen "2 mg once"; } value 1.2 dimensionless;', "1.2 times the other arm"),
    ],
)
def test_what_was_seen_is_told_in_words(seen, words):
    (one,) = found(observation("seen", seen=seen))
    assert one.seen == words
    assert one.against == ("alpha 2 mg once" if "against" in seen else "")


def test_an_arm_at_another_time_is_told_by_its_time():
    arm = "against { statistic value at 9 h of effect.size; }"
    (one,) = found(observation("seen", seen=f"{arm} direction stays;"))
    assert (one.against, one.seen) == ("at 9 h", "no different")


def test_what_was_asked_about_comes_first_then_people_then_animals():
    rats = {"who": 'people 6; subjects "rat";', "source": 'read paper "abstract: less";'}
    told = found(
        observation("beta_rats", drug="beta", **rats),
        observation("beta_people", drug="beta"),
        observation("alpha_rats", **rats),
        observation("alpha_people"),
        observation("near", of="effect.trace"),
    )
    assert [one.observation for one in told] == [
        "alpha_people",
        "alpha_rats",
        "beta_people",
        "beta_rats",
        "near",
    ]
    assert [one.asked for one in told] == [True, True, False, False, True]
    assert told[-1].bearing is Bearing.NEAR
    assert told[-1].quantity == "trace ratio"


def test_nothing_is_found_for_a_target_that_nobody_saw():
    assert found(observation("seen"), target="level") == ()


def test_a_setting_of_an_experiment_is_told_by_its_meaning():
    setting = "with effect.slope = 0 1/mg; statistic value at 2 h of effect.size;"
    (one,) = found(observation("seen", regimen="no drug", what=setting))
    assert one.given == "slope while the experiment lasts: 0 1/mg"


def test_an_experiment_without_doses_is_of_the_drug_that_its_source_names():
    experiment = {
        "regimen": "no drug",
        "what": "with effect.slope = 0 1/mg; statistic value at 2 h of effect.size;",
    }
    told = found(
        observation("of_beta", **experiment, source='read paper "abstract: less";'),
        observation("of_alpha", **experiment, source='read paper "abstract: Alpha, less";'),
    )
    assert [(one.observation, one.asked) for one in told] == [
        ("of_alpha", True),
        ("of_beta", False),
    ]


def test_what_no_model_speaks_of_counts_if_it_names_the_target():
    unsimulated = 'observation {} {{ saw "{}"; people 0; not simulated "no place"; assumed "as remembered"; }}\n'
    told = found(
        unsimulated.format("named", "the response to alpha is smaller"),
        unsimulated.format("other", "irresponsible"),
    )
    (one,) = told
    assert (one.observation, one.bearing, one.asked) == ("named", Bearing.UNTOLD, True)
    assert (one.seen, one.note, one.role) == (
        "the response to alpha is smaller",
        "no place",
        "",
    )


def test_a_note_as_above_is_that_of_the_row_before():
    told = found(
        observation("first", source='read trial "abstract" because "the dose is ours";'),
        observation("second", drug="beta", source='read trial "abstract" because "as above";'),
    )
    assert [one.note for one in told] == ["the dose is ours"] * 2


@pytest.fixture(scope="module")
def serotonin():
    catalog = load_catalog()
    return findings_of(ask(catalog, "clonazepam", "serotonin"), catalog)


def test_serotonin_itself_was_seen_in_animals_and_what_stands_for_it_in_people(serotonin):
    told = [one.finding for one in serotonin]
    itself = [one for one in told if one.bearing is Bearing.ITSELF]
    assert not any(one.in_people for one in itself)
    assert {one.role for one in itself} == {"prediction", "calibration"}
    assert all("serotonin" in one.quantity for one in itself)
    (near,) = (one for one in told if one.observation == "nutt1987_acute")
    assert near.bearing is Bearing.NEAR
    assert near.in_people
    assert near.quantity.endswith("measured as the response of prolactin to tryptophan")


def test_an_occupancy_that_stands_for_a_dose_is_no_drug(serotonin):
    given = {one.finding.observation: one.finding.given for one in serotonin}
    assert given["mcpp_after"] == (
        "a dose taken for 77 % of benzodiazepine sites, stopped after 10 d"
    )
    assert given["pei1989_antagonist"].endswith("an antagonist at 95 % of them from 0 h on")
    assert "clonazepam" not in given["mcpp_after"]


def test_every_source_of_a_finding_is_in_the_library(serotonin):
    sources = load_catalog().library.sources
    assert all(
        key in sources and key in one.finding.citation for one in serotonin for key in one.keys
    )


@pytest.mark.parametrize("way", ["age", "exercise", "sleep"])
def test_a_way_of_living_has_its_own_findings_first(way):
    catalog = load_catalog()
    told = [one.finding for one in findings_of(ask(catalog, way, "serotonin"), catalog)]
    for bearing in Bearing:
        asked = [one.asked for one in told if one.bearing is bearing]
        assert asked == sorted(asked, reverse=True)
    own = {one.observation for one in told if one.asked}
    expected = {
        "age": {"blennow1993_metabolite", "hartikainen1991_metabolite"},
        "exercise": {"meeusen1996_serotonin", "running_metabolite", "exercise_in_people"},
        "sleep": set(),
    }[way]
    assert expected <= own


def test_every_target_of_the_library_has_findings_that_read_or_none():
    catalog = load_catalog()
    (model,) = catalog.assemblies.values()
    for target in model.targets:
        for one in findings_of(ask(catalog, "clonazepam", target.name), catalog):
            told = dataclasses.asdict(one.finding)
            assert told["seen"]
            assert told["status"] in ("read", "derived", "assumed")
            assert told["given"] or told["bearing"] is Bearing.UNTOLD
    (only,) = findings_of(ask(catalog, "clonazepam", "GABA"), catalog)
    assert only.finding.observation == "hitchcott1990_gaba"
