"""Claims: files read strictly, rules applied as written, verdicts that a seed does not change."""

import dataclasses
import json
from pathlib import Path

import pytest

from raphe.core.errors import InputError
from raphe.library.catalog import load_catalog
from raphe.report.judgment import judgments_json, judgments_markdown, render_judgments
from raphe.study.claim_file import parse_claims, read_claims
from raphe.study.claims import Evidence, EvidenceState, ModelState, Side, Strength, Verdict
from raphe.study.judging import judge, weigh

ARTICLE = Path(__file__).parents[2] / "claims" / "clonazepam-article.yaml"
CATALOG = load_catalog()
SMALL = """\
raphe: 1
title: One claim
about: a test
model: benzodiazepines
draws: 60
rule:
  - {evidence: [for], model: [agrees], verdict: supported}
  - {model: [disagrees], verdict: contradicted}
  - {verdict: not identifiable}
claims:
  - id: one
    statement: Two milligrams reach the blood.
    reading: plasma rises
    experiment:
      {drug: clonazepam, regimen: 2 mg once, output: drug.plasma, statistic: highest, direction: rises, smallest: 5.0}
    evidence:
      - {source: crevoisier2003, locator: abstract, side: for, subjects: people, strength: strong, finding: 15 ng/mL}
    would_change: nothing
"""


def read(text=SMALL):
    return parse_claims(text, "claims.yaml", CATALOG)


def one_judged(text, **more):
    return judge(read(text), CATALOG, threads=2, **more)[0]


def test_a_claim_that_holds_everywhere_is_supported():
    found = one_judged(SMALL)
    assert (found.evidence, found.model, found.verdict) == (
        EvidenceState.FOR,
        ModelState.AGREES,
        Verdict.SUPPORTED,
    )
    assert found.forms[0].form == "as it stands"
    assert {form.form for form in found.forms[1:]} == {
        "clonazepam_kruizinga",
        "clonazepam_dos_santos",
        "clonazepam_yukawa",
    }  # rivals of other slots have no part in plasma
    assert not found.forms[0].relative
    assert 8.0 < found.forms[0].change.middle < 25.0
    assert found.decides[0].startswith("drug.")


def test_the_opposite_claim_is_contradicted_and_a_fine_one_left_open():
    assert one_judged(SMALL.replace("direction: rises", "direction: falls")).verdict is (
        Verdict.CONTRADICTED
    )
    middle = one_judged(SMALL.replace("smallest: 5.0", "smallest: 11.0"))
    assert middle.model is ModelState.OPEN
    assert middle.verdict is Verdict.NOT_IDENTIFIABLE


def test_an_arm_can_be_compared_with_another():
    text = SMALL.replace(
        "direction: rises, smallest: 5.0",
        "direction: rises, smallest: 2.0, than: {regimen: 1 mg once, statistic: highest}",
    )
    found = one_judged(text)
    whole = one_judged(SMALL).forms[0].change.middle
    assert found.forms[0].change.middle == pytest.approx(whole / 2.0, rel=0.01)


def test_without_an_experiment_the_model_is_silent():
    start, end = SMALL.index("    experiment:"), SMALL.index("    evidence:")
    found = one_judged(SMALL[:start] + "    silent: nothing to run\n" + SMALL[end:])
    assert found.model is ModelState.SILENT
    assert found.forms == ()
    assert found.verdict is Verdict.NOT_IDENTIFIABLE


@pytest.mark.parametrize(
    ("sides", "state"),
    [
        ([], "none"),
        ([("for", "weak")], "for"),
        ([("for", "strong"), ("against", "weak")], "for"),
        ([("for", "moderate"), ("against", "moderate")], "mixed"),
        ([("against", "strong"), ("mixed", "moderate")], "mixed"),
        ([("against", "strong"), ("against", "weak"), ("mixed", "moderate")], "against"),
    ],
)
def test_one_side_needs_twice_the_weight_of_the_others(sides, state):
    evidence = tuple(
        Evidence(
            source="x",
            locator="x",
            side=Side(side),
            subjects="x",
            strength=Strength(strength),
            finding="x",
        )
        for side, strength in sides
    )
    assert weigh(evidence).value == state


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("crevoisier2003", "crevoisier2004", 'no source is called "crevoisier2004"'),
        ("side: for", "side: pro", 'unknown word "pro"'),
        ("statistic: highest", "statistic: hihgest", 'did you mean "highest"'),
        ("  - {verdict: not identifiable}\n", "", "leaves cases open"),
        ("verdict: supported", "verdict: proven", 'unknown word "proven"'),
        ("regimen: 2 mg once", "regimen: 2 mg often", "2 mg often"),
        ("would_change", "would_chance", "unknown key"),
        ("model: benzodiazepines", "model: benzodiazepine", 'did you mean "benzodiazepines"'),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(old, new, words):
    with pytest.raises(InputError, match=words) as caught:
        read(SMALL.replace(old, new))
    assert caught.value.place.file == "claims.yaml"
    assert caught.value.place.line > 1


def test_an_unknown_drug_or_output_is_refused():
    with pytest.raises(InputError, match='no drug "clonazepan"'):
        one_judged(SMALL.replace("drug: clonazepam", "drug: clonazepan"))
    with pytest.raises(InputError, match=r"drug\.plasm"):
        one_judged(SMALL.replace("output: drug.plasma", "output: drug.plasm"))


@pytest.fixture(scope="module")
def article():
    file = read_claims(ARTICLE, CATALOG)
    return file, judge(file, CATALOG, threads=2)


def test_every_statement_of_the_article_has_an_entry_and_a_verdict(article):
    file, found = article
    assert [claim.id.split()[0] for claim in file.claims] == [str(n) for n in range(1, 19)]
    assert len(found) == 18


def test_ten_seeds_change_no_verdict(article):
    file, found = article
    first = [one.verdict for one in found]
    benches = {}
    for seed in range(2, 11):
        again = judge(file, CATALOG, threads=2, seed=seed, benches=benches)
        assert [one.verdict for one in again] == first, seed


def test_a_verdict_follows_from_its_entry_alone(article):
    file, found = article
    one = dataclasses.replace(file, claims=file.claims[3:4])
    (alone,) = judge(one, CATALOG, threads=1)
    assert alone == found[3]


def test_page_markdown_and_json_hold_every_statement(article):
    file, found = article
    sources = CATALOG.library.sources
    page = render_judgments(file, found, sources, seed=1, command="raphe judge x")
    assert page == render_judgments(file, found, sources, seed=1, command="raphe judge x")
    text = judgments_markdown(file, found, sources)
    tree = json.loads(judgments_json(file, found, seed=1))
    for one, item in zip(found, tree["claims"], strict=True):
        assert one.claim.statement in page
        assert one.claim.statement in text
        assert item["verdict"] == one.verdict.value
    assert "src=" not in page
    assert "<script" not in page
    assert "Not medical advice" in page


def test_hostile_text_in_a_claim_comes_out_as_text(article):
    file, found = article
    claim = dataclasses.replace(found[0].claim, statement="<script>alert(1)</script>")
    bad = dataclasses.replace(found[0], claim=claim)
    page = render_judgments(file, [bad], CATALOG.library.sources, seed=1, command="<b>")
    assert "<script" not in page
    assert "<b>x" not in page
