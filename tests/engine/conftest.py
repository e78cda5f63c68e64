"""From a model text to a kernel and from a kernel to numbers, in one call each."""

from pathlib import Path

import numpy as np
import pytest

from raphe.dosing.regimen import Regimen
from raphe.engine.compile import compile_program
from raphe.engine.lower import lower
from raphe.engine.solve import Options, settings_of, solve
from raphe.engine.timeline import make_timeline
from raphe.language.compose import compose_module
from raphe.language.model import Library
from raphe.language.parse import parse

REFERENCE = Path(__file__).resolve().parents[1] / "reference"


class Engine:
    """Builds kernels in a cache folder of their own and runs them."""

    def __init__(self, cache):
        self.cache = cache
        self.kernels = {}

    def model(self, *texts):
        """The flat model of the one module that the texts hold."""
        documents = [parse(text, f"text {index}") for index, text in enumerate(texts)]
        modules = {module.name: module for one in documents for module in one.modules}
        sources = {source.key: source for one in documents for source in one.sources}
        (module,) = modules.values()
        return compose_module(module, Library(modules=modules, sources=sources))

    def program(self, *texts, outputs=None):
        return lower(self.model(*texts), outputs=outputs)

    def build(self, *texts, outputs=None, width=None):
        """The kernel of a module; each is made once in a run of the tests."""
        key = (texts, outputs, width)
        if key not in self.kernels:
            program = self.program(*texts, outputs=outputs)
            self.kernels[key] = compile_program(program, width=width, cache=self.cache)
        return self.kernels[key]

    def reference(self, name):
        """The kernel of a published problem."""
        files = [REFERENCE / "sources.raphe", REFERENCE / f"{name}.raphe"]
        return self.build(*(file.read_text(encoding="utf-8") for file in files))

    def parameters(self, kernel, subjects=1, **values):
        """A row for each subject: the values of the text, but for those given here."""
        table = np.tile(np.array([kernel.program.defaults]), (subjects, 1))
        for name, value in values.items():
            table[:, kernel.program.layout.parameters.index(name)] = value
        return table

    def timeline(self, kernel, parameters, regimen="no drug", route="oral", begin=0.0):
        read = regimen if isinstance(regimen, Regimen) else Regimen.from_text(regimen)
        settings = settings_of(kernel, parameters)
        return make_timeline(
            kernel.program,
            read,
            route=route,
            settings=settings,
            parameters=parameters,
            begin=begin,
        )

    def run(
        self, kernel, times, *, parameters=None, regimen="no drug", route="oral", begin=0.0, **how
    ):
        """An outcome; `how` are options of the solver."""
        table = self.parameters(kernel) if parameters is None else parameters
        timeline = self.timeline(kernel, table, regimen, route, begin)
        grid = np.asarray(times, dtype=float)
        return solve(kernel, table, timeline, grid, options=Options(**how))

    def curve(self, kernel, outcome, output, subject=0):
        """One output of one subject, over time."""
        return outcome.values[subject, :, kernel.program.layout.outputs.index(output)]


def module_text(body, **parameters):
    """A module with parameters given as `name="1.5 1/h"`."""
    lines = [f'parameter {n} = {v} {{ assumed "test"; }}' for n, v in parameters.items()]
    return "module m {\n" + "\n".join(lines) + "\n" + body + "\n}"


@pytest.fixture(scope="session")
def engine(tmp_path_factory):
    return Engine(tmp_path_factory.mktemp("kernels"))


@pytest.fixture(scope="session")
def module():
    return module_text
