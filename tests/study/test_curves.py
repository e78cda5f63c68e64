"""Published curves: a table that the model itself made fits it exactly; a table that does not read is refused."""

import numpy as np
import pytest

from raphe.core.errors import FileError, StudyError
from raphe.library.catalog import load_catalog
from raphe.study.curves import compare_curves, share_within

HEAD = "drug,study,group,data_type,route,dose,dose_times_h,time,value,value_unit\n"


def fits(folder, *lines):
    (folder / "pk-observed.csv").write_text(HEAD + "".join(f"{line}\n" for line in lines))
    catalog = load_catalog()
    return compare_curves(folder, catalog, catalog.assemblies["benzodiazepines"])


def line(time, value, drug="Alprazolam", route="PO", group="70kg 30y", dose="1 mg"):
    return f"{drug},someone,{group},aggregated,{route},{dose},0,{time},{value},ng/ml"


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
    assert share_within([curve], 1e9) == 1.0
    assert share_within([curve], 1.0) == 0.0


def test_a_missing_or_broken_table_is_refused(tmp_path):
    catalog = load_catalog()
    with pytest.raises(FileError, match="cannot read the curves"):
        compare_curves(tmp_path, catalog, catalog.assemblies["benzodiazepines"])
    with pytest.raises(StudyError, match="not complete"):
        fits(tmp_path, "alprazolam,someone")
