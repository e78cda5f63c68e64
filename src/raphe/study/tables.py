"""A table of dosing records -> a value for every row of it. Knows nothing of studies, pages or the terminal."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from raphe.core.errors import UnknownNameError, nearest
from raphe.core.units import Quantity, parse_quantity
from raphe.dosing.records import Records
from raphe.dosing.regimen import Dose
from raphe.engine.compile import compile_program
from raphe.engine.histories import solve_records
from raphe.engine.lower import lower
from raphe.engine.results import Dataset, rows_to_dataset
from raphe.engine.solve import DEFAULT_OPTIONS, Options
from raphe.language.compose import compose
from raphe.library.catalog import load_catalog
from raphe.population.people import check_fixed


def simulate_records(
    model: str,
    records: Records,
    *,
    outputs: tuple[str, ...] | None = None,
    fixed: Mapping[str, str | Quantity] | None = None,
    sensitivities: tuple[str, ...] = (),
    options: Options = DEFAULT_OPTIONS,
) -> Dataset:
    """Run a model of the library over a table of dosing records.

    Every subject is the typical person of the model, but for what the table and `fixed` say.

    Parameters
    ----------
    model
        Name of a model in the library.
    records
        From `read_records`; its routes are those of the model, such as `drug.oral`.
    outputs
        Names of species, quantities or parameters; by default levels of what is taken, and what the model shows.
    fixed
        Values of parameters for all subjects, such as `{"person.age": "70 year"}`.
    sensitivities
        Names of parameters by which the outputs are differentiated.
    options
        Tolerances, limits, threads.

    Returns
    -------
    Dataset
        One value of each output for each row of the table; see `rows_to_dataset`.

    Raises
    ------
    InputError
        If a name is unknown, or a value, dose or record does not fit the model.
    """
    catalog = load_catalog()
    if model not in catalog.assemblies:
        advice = nearest(model, catalog.assemblies)
        raise UnknownNameError(f'no model is called "{model}"', advice=advice)
    assembly = catalog.assemblies[model]
    flat = compose(assembly, catalog.library, choices={})
    known = {
        name: parse_quantity(value) if isinstance(value, str) else value
        for name, value in (fixed or {}).items()
    }
    check_fixed(flat, known)
    routes = {drug.route for drug in flat.drugs}
    default = routes.pop() if len(routes) == 1 else None
    taken = {
        item.route or default
        for history in records.histories
        for item in history.items
        if isinstance(item, Dose)
    }
    doses = tuple(route.name for route in flat.routes if route.name in taken)
    program = lower(flat, outputs=outputs, doses=doses, sensitivities=sensitivities)
    typical = np.array(program.defaults)
    for name, value in known.items():
        typical[program.layout.parameters.index(name)] = value.base
    outcome = solve_records(
        compile_program(program),
        records,
        np.tile(typical, (len(records.ids), 1)),
        route=default,
        options=options,
    )
    return rows_to_dataset(outcome, program, records)
