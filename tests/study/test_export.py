"""Exports against what the run holds, read back by the programs that others use."""

import csv
import dataclasses

import numpy as np
import pytest

from raphe.core.errors import FileError, InputError
from raphe.dosing.regimen import Regimen
from raphe.population.people import Population
from raphe.study.chunks import Keep
from raphe.study.executors import drive, make_executor
from raphe.study.export import export
from raphe.study.question import Scenario, Study, parse_grid
from raphe.study.stored import arrays_of, begin_run

STUDY = Study(
    title="A tiny run",
    model="benzodiazepines",
    drug="clonazepam",
    target="serotonin",
    scenarios=(
        Scenario(
            name="2 mg/once",
            regimen=Regimen.from_text("2 mg once"),
            grid=parse_grid("every 2 h for 12 h"),
        ),
    ),
    population=Population(people=10, draws=3, seed=5),
    outputs=("drug.plasma",),
)
ROWS = 7 * (10 + 3)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    run = begin_run(STUDY, tmp_path_factory.mktemp("runs") / "a", keep=Keep.COURSES, size=4)
    drive(run, make_executor("threads", 2), workers=2)
    return run


@pytest.fixture(scope="module")
def plasma(run):
    place = run.outputs.index("drug.plasma")
    return np.concatenate([arrays["values"][:, :, place] for _, arrays in arrays_of(run, 0)])


def test_zarr_is_read_by_xarray(run, plasma, tmp_path):
    xarray = pytest.importorskip("xarray")
    pytest.importorskip("zarr")
    export(run, tmp_path / "run.zarr")
    data = xarray.open_zarr(tmp_path / "run.zarr", group="2 mg per once/people", consolidated=False)
    assert dict(data.sizes) == {"subject": 10, "time": 7}
    assert np.array_equal(data["drug.plasma"].values, plasma)
    assert data["drug.plasma"].attrs["units"] == "ng/mL"
    assert data["status"].values.tolist() == [0] * 10


def test_netcdf_is_read_by_xarray(run, plasma, tmp_path):
    xarray = pytest.importorskip("xarray")
    pytest.importorskip("h5netcdf")
    export(run, tmp_path / "run.nc")
    with xarray.open_dataset(
        tmp_path / "run.nc", group="2 mg per once/people", engine="h5netcdf", decode_timedelta=False
    ) as data:
        assert np.array_equal(data["drug.plasma"].values, plasma)
        assert data["drug.plasma"].attrs["units"] == "ng/mL"
        assert data["time"].values.tolist() == [0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0]


def test_parquet_is_read_by_pandas_and_polars(run, plasma, tmp_path):
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    export(run, tmp_path / "run.parquet")
    frame = pandas.read_parquet(tmp_path / "run.parquet")
    assert len(frame) == ROWS
    people = frame[frame["layer"] == "people"]
    assert np.array_equal(people["drug.plasma"].to_numpy().reshape(10, 7), plasma)
    other = polars.read_parquet(tmp_path / "run.parquet")
    assert other.columns == list(frame.columns)
    assert other.height == ROWS


def test_csv_has_units_in_its_head(run, plasma, tmp_path):
    export(run, tmp_path / "run.csv")
    with (tmp_path / "run.csv").open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    place = head.index("drug.plasma (ng/mL)")
    assert len(rows) == ROWS
    assert [float(row[place]) for row in rows[:70]] == plasma.ravel().tolist()


def test_what_is_there_is_not_overwritten(run, tmp_path):
    (tmp_path / "run.csv").write_text("mine")
    with pytest.raises(FileError, match="there already"):
        export(run, tmp_path / "run.csv")
    assert (tmp_path / "run.csv").read_text() == "mine"


def test_an_unknown_format_names_the_known_ones(run, tmp_path):
    with pytest.raises(InputError, match="no format") as caught:
        export(run, tmp_path / "run.xlsx")
    assert ".zarr" in caught.value.advice


def test_quantiles_are_not_courses(tmp_path):
    run = begin_run(
        dataclasses.replace(STUDY, title="b"), tmp_path / "b", keep=Keep.QUANTILES, size=4
    )
    with pytest.raises(InputError, match="quantiles, not courses"):
        export(run, tmp_path / "run.csv")


def test_a_failure_in_the_middle_leaves_nothing(run, tmp_path, monkeypatch):
    def broken(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("raphe.study.export._frames", broken)
    with pytest.raises(FileError, match="No space left"):
        export(run, tmp_path / "run.csv")
    assert list(tmp_path.iterdir()) == []
