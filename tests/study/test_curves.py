"""Published curves: a table that the model itself made fits it exactly; a table that does not read is refused."""

import math

import numpy as np
import pytest
from scipy.special import ndtri

from raphe.core.errors import FileError, StudyError
from raphe.library.catalog import load_catalog
from raphe.population.people import Population
from raphe.study.curve_list import CurveRole, load_notes, note_of, read_notes
from raphe.study.curves import (
    CurveFit,
    compare_curves,
    expected_within,
    person_weights,
    read_curves,
    share_within,
    weighted_median,
)

HEAD = "drug,study,group,data_type,route,dose,dose_times_h,time,value,value_unit\n"
NOTES = "drug,study,group,role,person,because,source\n"
FEW = Population(people=400, draws=1, seed=5)


def fits(folder, *lines):
    (folder / "pk-observed.csv").write_text(HEAD + "".join(f"{line}\n" for line in lines))
    catalog = load_catalog()
    model = catalog.assemblies["benzodiazepines"]
    return compare_curves(folder, catalog, model, persons=FEW)


def line(
    time,
    value,
    *,
    drug="Alprazolam",
    route="PO",
    group="70kg 30y",
    dose="1 mg",
    study="someone",
    kind="aggregated",
):
    return f"{drug},{study},{group},{kind},{route},{dose},0,{time},{value},ng/ml"


def test_folds_are_predicted_over_observed(tmp_path):
    (first,) = fits(tmp_path, line(2, 10), line(4, 10))
    (second,) = fits(tmp_path, line(2, 20), line(4, 5))
    assert np.array(first.folds) / np.array(second.folds) == pytest.approx([2.0, 0.5], rel=1e-12)
    assert 5.0 < first.folds[0] * 10 < 25.0  # ng/mL, 1 mg of alprazolam at 2 h


def test_a_dose_by_weight_and_the_weight_of_the_group_are_used(tmp_path):
    (light,) = fits(tmp_path, line(2, 10, group="50kg 30y"))
    (by_weight,) = fits(tmp_path, line(2, 10, group="50kg 30y", dose="0.02 mg/kg"))
    (heavy,) = fits(tmp_path, line(2, 10, group="100kg 30y"))
    assert by_weight.folds == pytest.approx(light.folds, rel=1e-12)
    assert heavy.folds[0] < light.folds[0]


def test_drugs_and_routes_that_the_model_lacks_are_left_out(tmp_path):
    assert fits(tmp_path, line(2, 10, drug="aspirin"), line(2, 10, route="rectal")) == ()


def test_shares(tmp_path):
    (curve,) = fits(tmp_path, line(2, 10))
    assert curve.within(1e9) == 1.0
    assert curve.within(1.0) == 0.0
    assert share_within((1.0, 1.4, 1.6, 0.4), 1.5) == 0.5
    assert np.isnan(share_within((), 2.0))


def test_a_missing_or_broken_table_is_refused(tmp_path):
    catalog = load_catalog()
    with pytest.raises(FileError, match="cannot read the curves"):
        compare_curves(tmp_path, catalog, catalog.assemblies["benzodiazepines"])
    with pytest.raises(StudyError, match="not complete"):
        fits(tmp_path, "alprazolam,someone")


def test_only_curves_of_one_person_have_an_interval_between_persons(tmp_path):
    (mean,) = fits(tmp_path, line(2, 14))
    (person,) = fits(tmp_path, line(2, 14, kind="individual"))
    (odd,) = fits(tmp_path, line(2, 90, kind="individual"))
    assert mean.inside == ()
    assert (person.inside, odd.inside) == ((True,), (False,))


def test_what_drawn_persons_show_is_told_against_the_typical_person(tmp_path):
    (mean,) = fits(tmp_path, line(2, 14))
    (person,) = fits(tmp_path, line(2, 14, kind="individual"), line(4, 7, kind="individual"))
    assert mean.drawn is None
    assert person.drawn.shape == (FEW.people, 2)
    assert np.median(person.drawn, axis=0) == pytest.approx([1.0, 1.0], abs=0.15)
    assert expected_within([mean], 1.5) is None


@pytest.mark.parametrize("sigma", [0.2, 0.4, 0.8])
@pytest.mark.parametrize("fold", [1.5, 2.0])
def test_the_expected_share_is_that_of_a_lognormal_spread(tmp_path, sigma, fold):
    """P(|ln x| < ln f) = erf(ln f / (sigma sqrt 2)); in sets of 40 persons it scatters as a binomial count does."""
    table = tmp_path / "table"
    table.mkdir()
    (one,) = fits(table, line(2, 14, kind="individual"))
    random = np.random.default_rng(7)
    evenly = np.exp(sigma * ndtri((np.arange(4000) + 0.5) / 4000))
    people = [
        CurveFit(curve=one.curve, folds=(1.0,), drawn=random.permutation(evenly)[:, None])
        for _ in range(40)
    ]
    share = math.erf(math.log(fold) / (sigma * math.sqrt(2.0)))
    wide = 1.645 * math.sqrt(share * (1.0 - share) / 40)
    found = expected_within(people, fold)
    assert found.mean == pytest.approx(share, abs=1e-3)
    assert found.low == pytest.approx(share - wide, abs=0.025)
    assert found.high == pytest.approx(min(share + wide, 1.0), abs=0.025)


def test_points_of_one_person_stand_or_fall_together(tmp_path):
    """Ten points of one person with the same error scatter as one point does, not as ten."""
    (one,) = fits(tmp_path, line(2, 14, kind="individual"))
    evenly = np.exp(0.4 * ndtri((np.arange(4000) + 0.5) / 4000))
    drawn = np.repeat(evenly[:, None], 10, axis=1)
    found = expected_within([CurveFit(curve=one.curve, folds=(1.0,) * 10, drawn=drawn)], 1.5)
    assert (found.low, found.high) == (0.0, 1.0)


def test_a_dose_by_weight_goes_by_the_weight_of_each_drawn_person(tmp_path):
    """Right after an intravenous dose for each kg, persons differ by their volume for each kg alone."""
    levels = np.geomspace(5.0, 50.0, 400)  # ng/mL; 1 mg in about 60 L

    def width(dose):
        facts = {"route": "IV", "kind": "individual", "group": "Mr", "dose": dose}
        (fit,) = fits(tmp_path, *(line(0.01, level, **facts) for level in levels))
        return sum(fit.inside)

    assert width(f"{1 / 70!r} mg/kg") < 0.95 * width("1 mg")


def person(route, times, values, name="E.Sch."):
    group = f"{'iv 0.15 mg/kg' if route == 'IV' else 'po 20 mg'} - Indiv. {name}"
    dose = "0.15 mg/kg" if route == "IV" else "20 mg"
    facts = {"drug": "Midazolam", "route": route, "group": group, "dose": dose}
    facts |= {"study": "Heizmann 1983", "kind": "individual"}
    return [line(t, v, **facts) for t, v in zip(times, values, strict=True)]


def test_a_person_who_clears_slowly_in_the_vein_is_expected_to_have_more_by_mouth(tmp_path):
    times = (0.25, 1.0, 2.0, 4.0, 6.0)
    oral = person("PO", times, [50.0] * 5)
    typical = fits(tmp_path, *person("IV", times, [50.0] * 5), *oral)[0].folds
    usual = 50.0 * np.array(typical)
    slow, quick = (
        fits(tmp_path, *person("IV", times, usual * np.exp(side * 0.15 * np.array(times))), *oral)[
            1
        ]
        for side in (1.0, -1.0)
    )
    assert np.mean(np.array(slow.told) / np.array(quick.told)) > 1.3
    assert slow.folds == quick.folds  # the typical person knows nothing of it


def test_weights_of_persons_and_their_median_are_those_of_the_textbook():
    levels = np.array([[1.0], [2.0], [4.0]])
    weights = person_weights(levels, np.array([2.0]))
    far = (
        1.0 + (np.log(2.0) / 0.2) ** 2 / 4.0
    ) ** -2.5  # Student's density with 4 degrees, over its top
    assert weights == pytest.approx(np.array([far, 1.0, far]) / (1.0 + 2.0 * far), rel=1e-12)
    assert weighted_median(levels, np.array([0.2, 0.2, 0.6])) == pytest.approx([4.0])
    assert weighted_median(levels, np.array([0.3, 0.4, 0.3])) == pytest.approx([2.0])


def test_the_list_of_curves_names_sources_of_the_library_and_one_role_for_each():
    sources = load_catalog().library.sources
    notes = load_notes(sources)
    fitted = {note.study for note in notes if note.role is CurveRole.CALIBRATION}
    assert {"Smith 1981", "Link 2008"} <= fitted
    keys = [(note.drug, note.study, note.group) for note in notes]
    assert len(keys) == len(set(keys))
    some = note_of(notes, drug="midazolam", study="Smith 1981", group="iv 5 mg")
    assert some is not None
    assert some.role is CurveRole.CALIBRATION
    assert note_of(notes, drug="midazolam", study="Darwish 2008", group="iv") is None


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("midazolam,x,,fitted,,why,smith1981", 'unknown role "fitted"'),
        ("midazolam,x,,aside,,why,nobody", 'no source has the key "nobody"'),
        ("midazolam,x", "not complete"),
    ],
)
def test_a_broken_list_is_refused(row, message):
    with pytest.raises(StudyError, match=message):
        read_notes(NOTES + row, {"smith1981"})


def test_what_the_list_says_reaches_the_curve(tmp_path):
    (tmp_path / "pk-observed.csv").write_text(
        HEAD
        + line(1, 30, drug="Midazolam", study="Allonen 1981", group="oral", dose="15 mg")
        + "\n"
    )
    (curve,) = read_curves(tmp_path, load_notes(load_catalog().library.sources))
    assert curve.role is CurveRole.ASIDE
    assert not curve.single
