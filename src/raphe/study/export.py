"""A run that is whole -> tables and arrays that other programs read: Zarr, NetCDF, Parquet, CSV.

One chunk is in memory at a time. A file appears under its name only when it is whole.
"""

from __future__ import annotations

import csv
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from raphe.analysis.summary import LEVELS
from raphe.core.draws import FloatArray
from raphe.core.errors import FileError, InputError, Place, UnknownNameError, nearest
from raphe.population.people import Layer
from raphe.study.chunks import Keep
from raphe.study.endpoints import Endpoint, EndpointSummary, endpoint_of, summarize
from raphe.study.extras import extra_package
from raphe.study.histograms import Counts, quantiles
from raphe.study.run import SubjectsFailedError
from raphe.study.stored import StoredRun, arrays_of, bins_of

MARKS = ("status", "outside")  # what every subject carries beside its courses


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantiles:
    """Quantiles of all outputs of one job.

    Parameters
    ----------
    values
        Shape (levels, times, outputs), in the units of the outputs.
    within
        Shape (times, outputs): a value is off by less than this; 0 where courses were kept.
    """

    scenario: str
    layer: str
    levels: tuple[float, ...]
    times: FloatArray
    values: FloatArray
    within: FloatArray
    subjects: int
    failed: int
    outside: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many subjects a job has, how many of them failed, and how many lie outside the support of the model."""

    scenario: str
    layer: str
    subjects: int
    failed: int
    outside: int


def check_failures(run: StoredRun) -> tuple[Tally, ...]:
    """Count the subjects of each job.

    Raises
    ------
    SubjectsFailedError
        If more failed in a job than the study allows.
    """
    found = []
    for number, job in enumerate(run.jobs):
        failed = outside = 0
        for _, arrays in arrays_of(run, number):
            failed += int(np.count_nonzero(arrays["status"]))
            outside += int(np.count_nonzero(arrays["outside"]))
        tally = Tally(
            scenario=job.scenario.name,
            layer=job.layer.value,
            subjects=job.subjects,
            failed=failed,
            outside=outside,
        )
        found.append(tally)
        if failed > run.study.failures_allowed * job.subjects:
            message = (
                f'{failed} of {job.subjects} subjects failed in scenario "{job.scenario.name}", layer '
                f"{job.layer.value}; set failures_allowed in the study to summarize the others"
            )
            raise SubjectsFailedError(message)
    return tuple(found)


def quantiles_of(run: StoredRun, levels: tuple[float, ...] = LEVELS) -> tuple[Quantiles, ...]:
    """Quantiles over subjects, for each job; subjects that failed are left out and counted.

    Raises
    ------
    InputError
        If a chunk is missing.
    SubjectsFailedError
        If more subjects failed than the study allows.
    """
    tallies = check_failures(run)
    found = []
    for number, job in enumerate(run.jobs):
        times = run.times(number)
        shape = (len(times), len(run.outputs))
        if run.keep is Keep.QUANTILES:
            counts: Counts = sum(
                (arrays["counts"].astype(np.uint32) for _, arrays in arrays_of(run, number)),
                start=np.zeros((), dtype=np.uint32),
            )
            bins = bins_of(run, number)
            values, within = quantiles(counts, bins, levels), bins[1]
        else:
            values, within = np.full((len(levels), *shape), np.nan), np.zeros(shape)
            for output in range(len(run.outputs)):
                course = _column(run, number, output)
                if len(course):
                    values[:, :, output] = np.quantile(course, levels, axis=0)
        found.append(
            Quantiles(
                scenario=job.scenario.name,
                layer=job.layer.value,
                levels=levels,
                times=times,
                values=values,
                within=within,
                subjects=job.subjects,
                failed=tallies[number].failed,
                outside=tallies[number].outside,
            )
        )
    return tuple(found)


def _column(run: StoredRun, job: int, output: int) -> FloatArray:
    """Courses of one output of those who finished, shape (subjects, times)."""
    parts = [arrays["values"][:, :, output] for _, arrays in arrays_of(run, job)]
    whole = np.concatenate(parts).astype(np.float64)
    return whole[~np.isnan(whole).any(axis=1)]


def endpoint_table(
    run: StoredRun, endpoints: tuple[Endpoint, ...]
) -> Iterator[tuple[str, str, Mapping[str, FloatArray]]]:
    """Endpoints of every subject, chunk by chunk: scenario, layer, columns `subject`, `MARKS`, one an endpoint.

    Raises
    ------
    InputError
        If the run kept no courses, or an endpoint names an output that it did not keep.
    """
    _need_courses(run)
    for endpoint in endpoints:
        if endpoint.output not in run.outputs:
            message = f'the run kept no output "{endpoint.output}"'
            raise UnknownNameError(message, advice=nearest(endpoint.output, run.outputs))
    for number, job in enumerate(run.jobs):
        times = run.times(number)
        for chunk, arrays in arrays_of(run, number):
            columns: dict[str, FloatArray] = {
                "subject": np.arange(chunk.first, chunk.last, dtype=np.float64),
                "status": arrays["status"].astype(np.float64),
                "outside": arrays["outside"].astype(np.float64),
            }
            for endpoint in endpoints:
                place = run.outputs.index(endpoint.output)
                values = arrays["values"][:, :, place].astype(np.float64)
                factor = float(run.factors[place])
                columns[endpoint.name] = endpoint_of(endpoint, values, times, factor)
            yield job.scenario.name, job.layer.value, columns


def endpoint_summaries(
    run: StoredRun, endpoints: tuple[Endpoint, ...]
) -> tuple[EndpointSummary, ...]:
    """Endpoints over the people of each scenario.

    Raises
    ------
    SubjectsFailedError
        If more subjects failed than the study allows.
    """
    tallies = {one.scenario: one for one in check_failures(run) if one.layer == Layer.PEOPLE.value}
    found: dict[tuple[str, str], list[FloatArray]] = {}
    for scenario, layer, columns in endpoint_table(run, endpoints):
        if layer == Layer.PEOPLE.value:
            for endpoint in endpoints:
                found.setdefault((scenario, endpoint.name), []).append(columns[endpoint.name])
    by_name = {endpoint.name: endpoint for endpoint in endpoints}
    return tuple(
        summarize(
            by_name[name],
            np.concatenate(parts),
            scenario=scenario,
            unit=run.units[run.outputs.index(by_name[name].output)],
            outside=tallies[scenario].outside,
        )
        for (scenario, name), parts in found.items()
    )


def export(run: StoredRun, path: Path) -> None:
    """Write the courses of a run to a file of a format that the name tells.

    Parameters
    ----------
    run
        Whole, with courses.
    path
        New: `.zarr` (version 3) and `.nc` are arrays by scenario and layer; `.parquet` and `.csv` have one row for each
        subject and time, with a column for each output.

    Raises
    ------
    InputError
        If the format is unknown, its package is not installed, or the run kept no courses.
    FileError
        If the file is there already or cannot be written.
    """
    writers: dict[str, Callable[[StoredRun, Path], None]] = {
        ".zarr": _zarr,
        ".nc": _netcdf,
        ".parquet": _parquet,
        ".csv": _csv,
    }
    if path.suffix not in writers:
        message = f'no format goes with "{path.name}"'
        raise UnknownNameError(message, advice=f"end the name in {', '.join(writers)}")
    _need_courses(run)
    with _new(path) as part:
        writers[path.suffix](run, part)


def _need_courses(run: StoredRun) -> None:
    if run.keep is not Keep.COURSES:
        advice = "begin a run that keeps courses"
        raise InputError("the run kept quantiles, not courses", advice=advice)


@contextmanager
def _new(path: Path) -> Iterator[Path]:
    if path.exists():
        advice = "name a new file, or take that one away"
        raise FileError("it is there already", place=Place(str(path)), advice=advice)
    part = path.parent / f".{secrets.token_hex(6)}.part{path.suffix}"
    try:
        yield part
        part.replace(path)
    except OSError as error:
        message = f"cannot be written: {error.strerror or type(error).__name__}"
        raise FileError(message, place=Place(str(path))) from error
    finally:
        if part.is_dir():
            shutil.rmtree(part, ignore_errors=True)
        else:
            part.unlink(missing_ok=True)


def _groups(run: StoredRun) -> Iterator[tuple[int, str]]:
    """Number and path of each job: slashes in names of scenarios would make groups of their own."""
    for number, job in enumerate(run.jobs):
        yield number, f"{job.scenario.name.replace('/', ' per ')}/{job.layer.value}"


class _Slices(Protocol):
    """An array of a file: parts of it can be set."""

    def __setitem__(self, key: slice, value: object, /) -> None: ...


def _fill(
    run: StoredRun, job: int, marks: Mapping[str, _Slices], courses: Mapping[str, _Slices]
) -> None:
    """Copy the chunks of a job into arrays of subjects."""
    for chunk, arrays in arrays_of(run, job):
        rows = slice(chunk.first, chunk.last)
        for name, mark in marks.items():
            mark[rows] = arrays[name]
        for place, output in enumerate(run.outputs):
            courses[output][rows] = arrays["values"][:, :, place]


def _zarr(run: StoredRun, path: Path) -> None:
    zarr = extra_package("zarr", "data")
    root = zarr.open_group(store=os.fspath(path), mode="w", zarr_format=3)
    root.attrs.update({"title": run.study.title, "seed": run.study.population.seed})
    for number, name in _groups(run):
        group, job, times = root.create_group(name), run.jobs[number], run.times(number)
        time = group.create_array(
            name="time", shape=times.shape, dtype="float64", dimension_names=["time"]
        )
        time[:] = times
        time.attrs["units"] = "hours"
        marks = {
            mark: group.create_array(
                name=mark, shape=(job.subjects,), dtype="uint32", dimension_names=["subject"]
            )
            for mark in MARKS
        }
        made = {}
        rows = max(chunk.last - chunk.first for chunk in run.chunks if chunk.job == number)
        for output, unit in zip(run.outputs, run.units, strict=True):
            made[output] = group.create_array(
                name=output,
                shape=(job.subjects, len(times)),
                chunks=(rows, len(times)),
                dtype="float64",
                dimension_names=["subject", "time"],
            )
            made[output].attrs["units"] = unit
        _fill(run, number, marks, made)


def _netcdf(run: StoredRun, path: Path) -> None:
    netcdf = extra_package("h5netcdf", "data")
    with netcdf.File(os.fspath(path), "w") as root:
        root.attrs["title"] = run.study.title
        for number, name in _groups(run):
            group, job, times = root.create_group(name), run.jobs[number], run.times(number)
            group.dimensions = {"subject": job.subjects, "time": len(times)}
            time = group.create_variable("time", ("time",), float)
            time[:] = times
            time.attrs["units"] = "hours"
            marks = {mark: group.create_variable(mark, ("subject",), "u4") for mark in MARKS}
            made = {}
            for output, unit in zip(run.outputs, run.units, strict=True):
                made[output] = group.create_variable(output, ("subject", "time"), float)
                made[output].attrs["units"] = unit
            _fill(run, number, marks, made)


def _frames(run: StoredRun) -> Iterator[dict[str, object]]:
    """Chunks as columns: one row for each subject and time."""
    for number, job in enumerate(run.jobs):
        times = run.times(number)
        for chunk, arrays in arrays_of(run, number):
            people, rows = chunk.last - chunk.first, (chunk.last - chunk.first) * len(times)
            columns: dict[str, object] = {
                "scenario": np.full(rows, job.scenario.name),
                "layer": np.full(rows, job.layer.value),
                "subject": np.repeat(np.arange(chunk.first, chunk.last), len(times)),
                **{mark: np.repeat(arrays[mark], len(times)) for mark in MARKS},
                "time_h": np.tile(times, people),
            }
            for place, output in enumerate(run.outputs):
                columns[output] = arrays["values"][:, :, place].ravel()
            yield columns


def _parquet(run: StoredRun, path: Path) -> None:
    arrow, parquet = extra_package("pyarrow", "data"), extra_package("pyarrow.parquet", "data")
    units = dict(zip(run.outputs, run.units, strict=True)) | {"time_h": "h"}
    writer = None
    try:
        for columns in _frames(run):
            table = arrow.table(columns)
            fields = [
                field.with_metadata({"units": units[field.name]}) if field.name in units else field
                for field in table.schema
            ]
            table = table.cast(arrow.schema(fields))
            if writer is None:
                writer = parquet.ParquetWriter(os.fspath(path), table.schema)
            writer.write_table(table)
    finally:
        if writer is not None:
            writer.close()


def _csv(run: StoredRun, path: Path) -> None:
    with path.open("x", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for number, columns in enumerate(_frames(run)):
            if number == 0:
                units = dict(zip(run.outputs, run.units, strict=True))
                writer.writerow([f"{n} ({units[n]})" if units.get(n) else n for n in columns])
            lists = [np.asarray(column).tolist() for column in columns.values()]
            writer.writerows(zip(*lists, strict=True))
