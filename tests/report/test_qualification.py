"""The page of a qualification: what was fitted, set aside or of one person never counts as a held-out group mean."""

import dataclasses

import numpy as np
import pytest

from raphe.analysis.answer import Interval
from raphe.core.units import parse_quantity
from raphe.library.catalog import load_catalog
from raphe.report.qualification import page, summary
from raphe.study.curve_list import CurveNote, CurveRole
from raphe.study.curves import CurveFit, PublishedCurve
from raphe.study.qualify import RivalRows, Row


def fit(study, folds, *, role=CurveRole.PREDICTION, kind="aggregated", inside=(), told=()):
    note = CurveNote(
        drug="midazolam",
        study=study,
        group="",
        role=role,
        person="",
        because=f"{study} has its reason",
        source="smith1981",
    )
    curve = PublishedCurve(
        drug="midazolam",
        study=study,
        group="all",
        kind=kind,
        route="PO",
        weight=None,
        age=None,
        dose=parse_quantity("1 mg"),
        by_weight=False,
        times=np.ones(len(folds)),
        values=np.ones(len(folds)),
        note=note,
    )
    return CurveFit(curve=curve, folds=tuple(folds), inside=tuple(inside), told=tuple(told))


CURVES = (
    fit("Held", (1.0, 1.4, 1.9, 0.4)),
    fit("Fitted", (1.0, 1.0), role=CurveRole.CALIBRATION),
    fit("Doubtful", (9.0,), role=CurveRole.ASIDE),
    fit("Person", (3.0, 0.3), kind="individual", inside=(True, False), told=(1.1, 1.2)),
)


def test_the_spread_of_people_stands_beside_what_single_persons_show():
    person = fit("Person", (3.0, 1.2), kind="individual", inside=(True, False))
    drawn = np.array([[1.0, 1.0], [1.0, 1.7], [1.0, 1.7], [1.7, 3.0]])
    text = "\n".join(summary((), (), (dataclasses.replace(person, drawn=drawn),)))
    assert "as the model draws them: 50% of points within 1.5-fold" in text
    assert "88% within 2-fold" in text
    assert "seen 50% and 50%." in text
    assert "as the model draws them" not in "\n".join(summary((), (), CURVES))


def test_each_kind_of_curve_is_counted_apart():
    text = "\n".join(summary((), (), CURVES))
    assert "Held-out group means: 4 points, within 1.5-fold 50%, within 2-fold 75%" in text
    assert "held-out single persons: 2 points, within 1.5-fold 0%, within 2-fold 0%" in text
    assert "took part in setting the model: 2 points, within 1.5-fold 100%" in text
    assert "set aside: 1 points, within 1.5-fold 0%" in text
    assert "inside the 90 % interval between persons: 2, 50%" in text
    assert "curve is known: 2 points, within 1.5-fold 100%" in text
    assert "Held-out values and points of group means: 4 points" in text
    assert "With the points of single persons: 6 points, within 1.5-fold 33%" in text


def test_a_fitted_curve_that_is_called_held_out_changes_the_shares():
    turned = dataclasses.replace(CURVES[1], curve=dataclasses.replace(CURVES[1].curve, note=None))
    text = "\n".join(summary((), (), (CURVES[0], turned)))
    assert "Held-out group means: 6 points, within 1.5-fold 67%" in text


def test_the_page_tells_role_interval_forecast_and_reason():
    text = page((), (), CURVES, (), title="t", command="c")
    assert (
        "| midazolam | Person | all | individual, PO | prediction | 2 | 0% | 0% | 50% | 100%, 100% |"
        in text
    )
    assert "- Doubtful: aside; Doubtful has its reason." in text
    assert "- Held:" not in text


@pytest.mark.parametrize("curves", [(), CURVES[:1]])
def test_without_curves_or_persons_nothing_is_said_of_them(curves):
    text = "\n".join(summary((), (), curves))
    assert "single persons inside" not in text
    assert ("Published curves" in text) == bool(curves)


def test_a_row_that_misses_stands_beside_the_rivals_that_meet_it_and_no_others():
    observations = {one.name: one for one in load_catalog().observations}
    missed = Row(
        observation=observations["wise1972_repeated"],
        unit="",
        predicted=Interval(low=1.01, middle=1.1, high=1.3),
        fold_error=None,
        verdict="wrong",
        failed=0,
        slots=frozenset(),
    )
    met = dataclasses.replace(
        missed, observation=observations["wise1972_turnover"], verdict="right"
    )
    open_one = dataclasses.replace(
        missed, predicted=Interval(low=0.5, middle=1.15, high=1.6), verdict="open"
    )
    rivals = (
        RivalRows(slot="hydroxylase", module="other", own=(missed, met), rival=(open_one, met)),
        RivalRows(slot="gaba", module="worse", own=(missed,), rival=(missed,)),
    )
    text = page((missed, met), (), (), rivals, title="t", command="c")
    table = text.split("## Rows that miss, with each rival")[1]
    assert (
        "| wise1972_repeated | falls | 1.1 (1.01 to 1.3), wrong | other: 1.15 (0.5 to 1.6), open |"
        in table
    )
    assert "wise1972_turnover" not in table
    assert "worse" not in table
