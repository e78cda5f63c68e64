"""The flagship model, its kernels, and an independent reference for both."""

import functools

import numpy as np
import pytest

from raphe.dosing.regimen import Regimen
from raphe.dosing.routes import routed
from raphe.engine.compile import compile_program
from raphe.engine.lower import lower
from raphe.engine.solve import Options, settings_of, solve
from raphe.engine.timeline import make_timeline
from raphe.language.compose import compose, compose_module
from raphe.language.expression import evaluate
from raphe.language.parse import parse
from raphe.library.catalog import load_catalog, make_catalog
from raphe.population.people import Layer, Population, draw_subjects

DRIVER = """
module driver {
    parameter level = 1 dimensionless { assumed "test"; }
    parameter pulse = 1 dimensionless { assumed "test"; }
    parameter begin = 100 h { assumed "test"; }
    parameter end = 101 h { assumed "test"; }
    parameter rest = 1 dimensionless { assumed "test"; }
    parameter slow = 1 1/h { assumed "test"; }
    species drive : dimensionless = level;
    derivative drive = 0 * slow;
    event on at begin { drive = pulse; }
    event off at end { drive = rest; }
    output drive as firing_ratio;
    output rest as serotonin_release_ratio;
}
model alone {
    use driver as driver;
    use serotonin_terminal as terminal;
    connect driver.drive -> terminal.firing;
    connect driver.rest -> terminal.release;
    hold terminal.tryptophan_supply;
    hold terminal.competition;
    hold terminal.entry;
    hold terminal.removal;
    hold terminal.flow;
    hold terminal.hydroxylase;
    hold terminal.transporter;
}
"""


class Runner:
    """A model and its kernel, run for arrays of parameters."""

    def __init__(self, model, outputs, cache, doses=None):
        self.model = model
        self.program = lower(model, outputs=tuple(outputs), doses=doses)
        self.kernel = compile_program(self.program, cache=cache)
        self.names = self.program.layout.parameters

    def defaults(self, **values):
        row = np.array([self.program.defaults])
        for name, value in values.items():
            row[0, self.names.index(name.replace("__", "."))] = value
        return row

    def values(self, outcome, name):
        """Courses of an output, in its own unit, shape (subjects, times)."""
        index = self.program.layout.outputs.index(name)
        assert not outcome.status.any()
        return outcome.values[:, :, index] / self.program.layout.output_units[index].factor

    def run(self, parameters, times, regimen="no drug", options=None):
        routes = {drug.name: drug.route for drug in self.model.drugs}
        settings = settings_of(self.kernel, parameters)
        timeline = make_timeline(
            self.program,
            routed(Regimen.from_text(regimen), routes),
            route=routes.get("clonazepam"),
            settings=settings,
            parameters=parameters,
        )
        grid = np.asarray(times, dtype=float)
        return solve(self.kernel, parameters, timeline, grid, options=options or Options())


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("kernels")


@pytest.fixture(scope="session")
def catalog():
    return load_catalog()


@pytest.fixture(scope="session")
def flagship(catalog):
    return compose(catalog.assemblies["benzodiazepines"], catalog.library)


@pytest.fixture(scope="session")
def everything(flagship, cache):
    """The flagship with every species and quantity kept."""
    names = [species.name for species in flagship.species]
    names += [quantity.name for quantity in flagship.quantities]
    return Runner(flagship, names, cache, doses=("drug.oral",))


@pytest.fixture(scope="session")
def terminal(catalog, cache):
    """The serotonin terminal alone, driven by a constant or a pulse."""
    extra = make_catalog([parse(DRIVER, "driver")])
    library = type(catalog.library)(
        modules={**catalog.library.modules, **extra.library.modules},
        sources=catalog.library.sources,
    )
    model = compose(extra.assemblies["alone"], library)
    names = [species.name for species in model.species]
    names += [quantity.name for quantity in model.quantities]
    return Runner(model, names, cache)


@pytest.fixture(scope="session")
def alone(catalog, cache):
    """A module of the library by itself, its in-ports at rest, every species and quantity kept."""

    @functools.cache
    def make(name):
        model = compose_module(catalog.library.modules[name], catalog.library)
        return Runner(model, [shown.quantity for shown in model.shown], cache)

    return make


@pytest.fixture(scope="session")
def part_of(flagship, cache):
    """The flagship with chosen outputs and routes."""

    @functools.cache
    def make(outputs, doses):
        return Runner(flagship, outputs, cache, doses)

    return make


FED = """
module step {{
    parameter level = 1 dimensionless {{ assumed "test"; }}
    output level as {meaning};
}}
model fed {{
    use step as step;
    use {module} as terminal;
    connect step.level -> terminal.{port};
    {holds}
}}
"""


@pytest.fixture(scope="session")
def fed(catalog, cache):
    """A module with one in-port set by the parameter `step.level`, the others at rest."""

    @functools.cache
    def make(name, port):
        ports = {one.name: one for one in catalog.library.modules[name].inputs}
        holds = " ".join(f"hold terminal.{other};" for other in ports if other != port)
        text = FED.format(module=name, port=port, meaning=ports[port].meaning, holds=holds)
        extra = make_catalog([parse(text, "fed")])
        library = type(catalog.library)(
            modules={**catalog.library.modules, **extra.library.modules},
            sources=catalog.library.sources,
        )
        model = compose(extra.assemblies["fed"], library)
        names = [species.name for species in model.species]
        return Runner(model, names + [quantity.name for quantity in model.quantities], cache)

    return make


@pytest.fixture(scope="session")
def random_people(flagship):
    """Parameters of 64 persons, each in a draw of its own."""
    population = Population(people=1, draws=64, seed=20261123)
    return draw_subjects(flagship, population, Layer.TRIALS, trial_size=1, fixed={}).parameters


def quantities_at(model, values):
    """All quantities of a model from its parameters and states, in plain Python."""
    values = dict(values)
    for quantity in model.quantities:
        values[quantity.name] = evaluate(quantity.formula, values)
    return values


def values_at_start(model):
    """Parameters, starts and quantities of the typical person."""
    values = {parameter.name: parameter.value.base for parameter in model.parameters}
    values["time"] = 0.0
    for quantity in model.quantities:
        try:
            values[quantity.name] = evaluate(quantity.formula, values)
        except KeyError:
            continue
    for species in model.species:
        values[species.name] = 0.0 if species.start is None else evaluate(species.start, values)
    return quantities_at(model, values)


@pytest.fixture(scope="session")
def at_start():
    return values_at_start


@pytest.fixture(scope="session")
def with_quantities():
    return quantities_at
