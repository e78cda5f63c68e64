"""Results -> wide frames as mrgsolve has them: a row for each subject and time, a column for each output."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from raphe.core.errors import UnknownNameError, nearest
from raphe.engine.results import Dataset, Results
from raphe.engine.status import Status
from raphe.study.extras import extra_package

_STATUSES = np.array([status.name for status in Status], dtype=object)


def frame(results: Results, scenario: str | None = None, *, layer: str = "people") -> pd.DataFrame:
    """Put courses into a pandas frame.

    Parameters
    ----------
    results
        Such as `simulation.results`.
    scenario
        One of them; by default all, one below the other.
    layer
        `people`, or `typical` for the typical person in each draw of what is not known.

    Returns
    -------
    DataFrame
        Columns `scenario`, `ID` (that of the table that the people come from, or a number from 1), `time` (h), `status`
        (`OK`, or why a subject has no numbers: nobody is left out), `outside` (true for whom the model was not made),
        and one for each output in its own unit. `frame.attrs["units"]` has the units.

    Raises
    ------
    UnknownNameError
        If there is no such scenario or layer.
    """
    made = pd.DataFrame(_columns(results, scenario, layer))
    made.attrs["units"] = units_of(results, scenario, layer=layer)
    return made


def polars_frame(results: Results, scenario: str | None = None, *, layer: str = "people") -> Any:  # noqa: ANN401 - polars is an extra
    """Put courses into a polars frame.

    Parameters
    ----------
    results, scenario, layer
        As for `frame`.

    Returns
    -------
    DataFrame
        Columns as those of `frame`; `units_of` tells their units.

    Raises
    ------
    UnknownNameError
        If there is no such scenario or layer.
    InputError
        If polars is not installed.
    """
    return extra_package("polars", "data").DataFrame(_columns(results, scenario, layer))


def units_of(
    results: Results, scenario: str | None = None, *, layer: str = "people"
) -> dict[str, str]:
    """Units of the columns of a frame: of `time`, and of each output.

    Parameters
    ----------
    results, scenario, layer
        As for `frame`.

    Returns
    -------
    dict
        Column -> unit.

    Raises
    ------
    UnknownNameError
        If there is no such scenario or layer.
    """
    _, data = next(_runs(results, scenario, layer))
    return {"time": "h"} | {str(name): str(data[name].attrs["units"]) for name in data.data_vars}


def _runs(results: Results, scenario: str | None, layer: str) -> Iterator[tuple[str, Dataset]]:
    """Scenarios of one layer, or one of them."""
    found = {name: data for (name, own), data in results.runs.items() if own == layer}
    if not found:
        layers = {own for _, own in results.runs}
        raise UnknownNameError(f'there is no layer "{layer}"', advice=nearest(layer, layers))
    if scenario is not None and scenario not in found:
        message = f'there is no scenario "{scenario}"'
        raise UnknownNameError(message, advice=nearest(scenario, found))
    yield from ((name, data) for name, data in found.items() if scenario in (None, name))


def _columns(
    results: Results, scenario: str | None, layer: str
) -> dict[str, npt.NDArray[np.generic]]:
    """Columns of all runs, one below the other."""
    parts = [_part(name, data) for name, data in _runs(results, scenario, layer)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _part(scenario: str, data: Dataset) -> dict[str, npt.NDArray[np.generic]]:
    """Columns of one run: subject by subject, time by time."""
    subjects, times = data.sizes["subject"], data.sizes["time"]
    labels = data["ID"].values if "ID" in data.coords else np.arange(1, subjects + 1)
    columns = {
        "scenario": np.full(subjects * times, scenario, dtype=object),
        "ID": np.repeat(labels, times),
        "time": np.tile(data["time"].values, subjects),
        "status": np.repeat(_STATUSES[data["status"].values], times),
        "outside": np.repeat(data["outside"].values, times),
    }
    outputs = {str(name): one.transpose("subject", "time") for name, one in data.data_vars.items()}
    return columns | {name: one.values.ravel() for name, one in outputs.items()}
