"""The numbers of midazolam_first_pass that are called fitted are those that the script finds in the curves."""

import os
import runpy
from pathlib import Path

import pytest

from raphe.library.catalog import load_catalog
from raphe.study.curves import FILE

ROOT = Path(__file__).parents[2]


def test_the_fitted_numbers_are_those_of_the_script():
    folder = Path(os.environ.get("RAPHE_DATA") or ROOT.parent / "shared" / "data")
    if not (folder / FILE).is_file():
        pytest.skip(f"outside data: no {FILE} in RAPHE_DATA or ../shared/data")
    found = runpy.run_path(str(ROOT / "scripts" / "fit_midazolam.py"))["fit"](folder)
    module = load_catalog().library.modules["midazolam_first_pass"]
    values = {one.name: one.value.value for one in module.parameters}
    for name, (value, _) in found.items():
        assert values[name] == pytest.approx(value, rel=0.006), name
    called = {
        one.name
        for one in module.parameters
        if one.provenance is not None and "fitted" in one.provenance.note
    }
    assert called == set(found)
