"""A model alone -> the courses of its outputs for the typical person, without doses. Knows nothing of studies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from raphe.core.units import Quantity, parse_quantity
from raphe.dosing.regimen import Regimen
from raphe.engine.compile import compile_program
from raphe.engine.lower import lower
from raphe.engine.results import Dataset, to_dataset
from raphe.engine.solve import DEFAULT_OPTIONS, Options, settings_of, solve
from raphe.engine.timeline import make_timeline
from raphe.language.model import Model
from raphe.population.people import Layer, Population, draw_subjects


def simulate_model(
    model: Model,
    times: Sequence[float],
    *,
    outputs: tuple[str, ...] | None = None,
    fixed: Mapping[str, str | Quantity] | None = None,
    options: Options = DEFAULT_OPTIONS,
) -> Dataset:
    """Run a model as it is, such as one from `read_sbml`.

    Parameters
    ----------
    model
        Flat.
    times
        Shape (times,), h, increasing from 0 on; the hours of an SBML document are its own units of time.
    outputs
        Names of species, quantities or parameters; by default what the model shows.
    fixed
        Other values of parameters, such as `{"k1": "0.2 dimensionless"}`.
    options
        Tolerances, limits, threads.

    Returns
    -------
    Dataset
        Dimensions `subject` (one) and `time`; the values are not a number if, and only if, the status is not 0.

    Raises
    ------
    InputError
        If a name is unknown, or a value or the times do not fit.
    """
    known = {
        name: parse_quantity(value) if isinstance(value, str) else value
        for name, value in (fixed or {}).items()
    }
    program = lower(model, outputs=outputs, doses=())
    nobody = Population(people=1, draws=1, seed=0)
    subjects = draw_subjects(model, nobody, Layer.BEST, fixed=known)
    kernel = compile_program(program)
    timeline = make_timeline(
        program,
        Regimen.from_text("no drug"),
        route=None,
        settings=settings_of(kernel, subjects.parameters),
        parameters=subjects.parameters,
    )
    grid = np.asarray(times, dtype=np.float64)
    outcome = solve(kernel, subjects.parameters, timeline, grid, options=options)
    return to_dataset(outcome, program.layout, subjects, grid)
