"""Outcome + layout -> labeled arrays with units and statuses: names return here, once.

The only file that imports xarray. Knows nothing of how the numbers were made.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray

from raphe.core.draws import FloatArray
from raphe.core.errors import UnknownNameError, nearest
from raphe.dosing.history import Sample
from raphe.dosing.records import Records
from raphe.engine.histories import RowOutcome
from raphe.engine.program import Layout, Program
from raphe.engine.solve import Outcome
from raphe.engine.status import Status
from raphe.population.people import Subjects

Dataset = xarray.Dataset
_AT_A_TIME = 1 << 16  # values that a core keeps at hand


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """All runs of a study: one dataset for each scenario and layer.

    Parameters
    ----------
    title
        Of the study.
    runs
        (scenario, layer) -> dataset with dimensions `subject` and `time`; every output carries its unit in
        `attrs["units"]`, every subject its status.
    attributes
        Seed, versions, digests: what the runs were made with.
    """

    title: str
    runs: Mapping[tuple[str, str], Dataset]
    attributes: Mapping[str, str | int | float]

    def dataset(self, scenario: str, layer: str = "people") -> Dataset:
        """One run.

        Raises
        ------
        UnknownNameError
            If there is no such scenario or layer.
        """
        found = self.runs.get((scenario, layer))
        if found is None:
            known = [f"{one}/{other}" for one, other in self.runs]
            name = f"{scenario}/{layer}"
            raise UnknownNameError(f'there is no run "{name}"', advice=nearest(name, known))
        return found

    def tree(self) -> xarray.DataTree:
        """All runs as one tree: /scenario/layer."""
        nodes = {f"/{scenario}/{layer}": data for (scenario, layer), data in self.runs.items()}
        tree = xarray.DataTree.from_dict(nodes, name=self.title)
        tree.attrs.update(self.attributes)
        return tree

    def _repr_html_(self) -> str:
        """Table for a notebook: what ran, how many subjects, how many failed or lie outside the support."""
        rows = "".join(
            f"<tr><td>{html.escape(scenario)}</td><td>{layer}</td>"
            f"<td>{data.sizes['subject']}</td><td>{data.sizes['time']}</td>"
            f"<td>{int((data['status'] != 0).sum())}</td><td>{int(data['outside'].sum())}</td>"
            f"<td>{html.escape(', '.join(map(str, data.data_vars)))}</td></tr>"
            for (scenario, layer), data in self.runs.items()
        )
        head = "<tr><th>scenario</th><th>layer</th><th>subjects</th><th>times</th><th>failed</th>"
        head += "<th>outside the support</th><th>outputs</th></tr>"
        return f"<h4>{html.escape(self.title)}</h4><table>{head}{rows}</table>"


def to_dataset(outcome: Outcome, layout: Layout, subjects: Subjects, times: FloatArray) -> Dataset:
    """Give an outcome its names and units back.

    Parameters
    ----------
    outcome
        Values in base units.
    layout
        Names and units of the outputs.
    subjects
        Who they are.
    times
        Output times, h.

    Returns
    -------
    Dataset
        Dimensions `subject` and `time`; outputs in their own units; coordinates `person`, `draw`, `status`,
        `reached` (h) and `outside` (true for whom the model was not made) along `subject`.
    """
    variables = {}
    arrays = _by_output(outcome.values, [unit.factor for unit in layout.output_units])
    for name, unit, values in zip(layout.outputs, layout.output_units, arrays, strict=True):
        variables[name] = (("subject", "time"), values, {"units": unit.text, "factor": unit.factor})
    status_names = {status.value: status.name for status in Status}
    return xarray.Dataset(
        data_vars=variables,
        coords={
            "time": ("time", times, {"units": "h"}),
            "person": ("subject", subjects.person),
            "draw": ("subject", subjects.draw),
            "status": ("subject", outcome.status, {"meaning": repr(status_names)}),
            "reached": ("subject", outcome.reached, {"units": "h"}),
            "outside": (
                "subject",
                subjects.outside,
                {"meaning": "outside the support of the model"},
            ),
        },
        attrs={
            "accepted_steps": int(np.sum(outcome.accepted)),
            "rejected_steps": int(np.sum(outcome.rejected)),
        },
    )


def _by_output(values: FloatArray, factors: list[float]) -> list[FloatArray]:
    """An array for each output, in its unit; a few subjects at a time, so that each value is fetched once."""
    arrays = [np.empty(values.shape[:2]) for _ in factors]
    few = max(1, _AT_A_TIME // max(1, values[:1].size))
    for first in range(0, len(values), few):
        rows = slice(first, first + few)
        for index, (array, factor) in enumerate(zip(arrays, factors, strict=True)):
            np.divide(values[rows, :, index], factor, out=array[rows])
    return arrays


def rows_to_dataset(outcome: RowOutcome, program: Program, records: Records) -> Dataset:
    """Give the outcome of a table its names and units back.

    Parameters
    ----------
    outcome
        Values in base units, row by row.
    program
        Names and units of outputs and parameters, and which parameters were chosen for sensitivities.
    records
        The table that was run.

    Returns
    -------
    Dataset
        Dimension `row`, in the order of the table; outputs in their own units; coordinates `subject`, `time` (h),
        `status` and `reached` (h). With sensitivities also a dimension `parameter`, and for each output a variable
        `slope of <output>`: its derivative by the parameter, in the unit of the one over that of the other.
    """
    layout = program.layout
    subject = np.empty(records.rows, dtype=object)
    time = np.zeros(records.rows)
    for history in records.histories:
        for item in history.items:
            if isinstance(item, Sample):
                subject[item.row], time[item.row] = history.subject, item.time
    variables: dict[str, tuple[tuple[str, ...], FloatArray, dict[str, str | float]]] = {}
    chosen = () if program.slopes is None else program.slopes.parameters
    units = [layout.parameter_units[index] for index in chosen]
    for index, (name, unit) in enumerate(zip(layout.outputs, layout.output_units, strict=True)):
        attributes: dict[str, str | float] = {"units": unit.text, "factor": unit.factor}
        variables[name] = (("row",), outcome.values[:, index] / unit.factor, attributes)
        if chosen:
            factors = np.array([one.factor for one in units]) / unit.factor
            slopes = outcome.slopes[:, index] * factors
            words = ", ".join(f"({unit.text})/({one.text})" for one in units)
            variables[f"slope of {name}"] = (("row", "parameter"), slopes, {"units": words})
    coordinates = {
        "subject": ("row", subject.astype(str)),
        "time": ("row", time, {"units": "h"}),
        "status": ("row", outcome.status, {"meaning": repr({s.value: s.name for s in Status})}),
        "reached": ("row", outcome.reached, {"units": "h"}),
        "parameter": ("parameter", [layout.parameters[index] for index in chosen]),
    }
    return xarray.Dataset(data_vars=variables, coords=coordinates)


def values_of(data: Dataset, output: str) -> FloatArray:
    """Array of one output, shape (subjects, times), in its own unit.

    Raises
    ------
    UnknownNameError
        If the dataset has no such output.
    """
    if output not in data.data_vars:
        names = [str(name) for name in data.data_vars]
        raise UnknownNameError(f'there is no output "{output}"', advice=nearest(output, names))
    return np.asarray(data[output].values, dtype=np.float64)


def times_of(data: Dataset) -> FloatArray:
    """Output times (h), shape (times,)."""
    return np.asarray(data["time"].values, dtype=np.float64)
