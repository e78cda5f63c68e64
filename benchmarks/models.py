"""Workloads and their subjects: raphe models, doses, output times. Knows no peer."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
from benchmarks.records import Case, FloatArray, Segment, Workload

from raphe.dosing.regimen import Regimen
from raphe.engine.compile import compile_program
from raphe.engine.lower import lower
from raphe.engine.program import Program
from raphe.engine.prune import prune
from raphe.engine.solve import settings_of
from raphe.engine.status import Action
from raphe.engine.timeline import make_timeline
from raphe.language.compose import compose, compose_module
from raphe.language.model import Library, Model
from raphe.language.parse import parse
from raphe.library.catalog import load_catalog
from raphe.population.people import Layer, Population, draw_subjects

HERE = Path(__file__).resolve().parent
REFERENCE = HERE.parent / "tests" / "reference"
HOURLY = np.arange(673.0)
SEED = 20_26

# problem: end (h), floor of the tolerances, first output time
STIFF = {
    "robertson": (1e11, 1e-7, 1e-2),
    "hires": (321.8122, 1e-4, 1e-1),
    "oregonator": (360.0, 1e-6, 1e0),
    "van_der_pol": (2.0, 1e-3, 1e-2),
    "e5": (1e13, 1e-20, 1e-2),
    "pollution": (60.0, 1e-9, 1e-3),
}


def chain(times: FloatArray = HOURLY) -> Workload:
    """The library's full chain: clonazepam by mouth to monoamines, effects and withdrawal."""
    catalog = load_catalog()
    whole = compose(catalog.assemblies["benzodiazepines"], catalog.library)
    route = "drug.oral"
    outputs = tuple(dict.fromkeys(one.quantity for one in (*whole.shown, *whole.targets)))
    outputs = ("drug.plasma", *outputs)
    model = prune(whole, outputs, (route,))  # for the peers: without the drugs that nobody takes
    return Workload(
        name="chain",
        title="the whole chain from clonazepam on, 0.5 mg every 12 h for 28 days",
        model=model,
        program=lower(model, outputs=outputs),
        regimen="0.5 mg every 12 h for 28 d",
        route=route,
        times=times,
        floor=1e-3,
        stiff=True,
    )


def oral(times: FloatArray = HOURLY) -> Workload:
    """Two compartments by mouth with a direct effect."""
    model = module_model((HERE / "two_compartment.raphe").read_text(encoding="utf-8"))
    return Workload(
        name="oral",
        title="two compartments by mouth with a direct effect, twice a day for 28 days",
        model=model,
        program=lower(model, outputs=("plasma", "effect")),
        regimen="10 mg every 12 h for 28 d",
        route="oral",
        times=times,
        floor=1e-3,
        stiff=False,
    )


def stiff(name: str) -> Workload:
    """One of the published stiff problems, at 40 times that grow tenfold and at its end."""
    texts = [REFERENCE / "sources.raphe", REFERENCE / f"{name}.raphe"]
    model = module_model(*(file.read_text(encoding="utf-8") for file in texts))
    end, floor, first = STIFF[name]
    return Workload(
        name=name,
        title=model.title,
        model=model,
        program=lower(model, outputs=tuple(s.name for s in model.species)),
        regimen="no drug",
        route=None,
        times=np.geomspace(first, end, 40),
        floor=floor,
        stiff=True,
    )


def module_model(*texts: str) -> Model:
    """The model of the one module that some texts hold."""
    documents = [parse(text, f"text {index}") for index, text in enumerate(texts)]
    modules = {module.name: module for one in documents for module in one.modules}
    sources = {source.key: source for one in documents for source in one.sources}
    (module,) = modules.values()
    return compose_module(module, Library(modules=modules, sources=sources))


def people(workload: Workload, count: int) -> Case:
    """Persons drawn from the distributions of the model."""
    population = Population(people=count, draws=1, seed=SEED)
    drawn = draw_subjects(workload.model, population, Layer.PEOPLE, fixed={})
    return case_of(workload, drawn.parameters)


def spread(workload: Workload, count: int) -> Case:
    """Subjects whose parameters all differ by about 5 % from those of the text, which the first subject has."""
    generator = np.random.default_rng(SEED)
    center = np.array(workload.program.defaults)
    factors = np.exp(0.05 * generator.standard_normal((count, len(center))))
    factors[0] = 1.0
    return case_of(workload, center * factors)


def case_of(workload: Workload, parameters: FloatArray) -> Case:
    """A workload for given parameters."""
    kernel = compile_program(workload.program)
    timeline = make_timeline(
        workload.program,
        Regimen.from_text(workload.regimen),
        route=workload.route,
        settings=settings_of(kernel, parameters),
        parameters=parameters,
    )
    return Case(workload=workload, parameters=parameters, timeline=timeline)


def segments(case: Case, subject: int) -> list[Segment]:
    """The stretches between the edges of one subject; a value at an edge belongs to the stretch before it."""
    line, times = case.timeline, case.workload.times
    begin, end = 0.0, float(times[-1])
    rows = range(int(line.first[subject]), int(line.first[subject + 1]))
    doses: dict[float, list[tuple[int, float]]] = {begin: []}
    for row in rows:
        if line.action[row] != Action.ADD_STATE:
            raise ValueError("the peers know doses only")
        if line.time[row] < end:
            dose = (int(line.index[row]), float(line.value[row]))
            doses.setdefault(float(line.time[row]), []).append(dose)
    starts = sorted(doses)
    found = []
    for start, stop in zip(starts, [*starts[1:], end], strict=True):
        first, last = np.searchsorted(times, [start, stop], side="right")
        found.append(
            Segment(
                start=start, stop=stop, doses=tuple(doses[start]), first=int(first), last=int(last)
            )
        )
    return found


@functools.cache
def synthetic(states: int) -> Program:
    """A made-up network to measure compiling: a ring of saturable reactions in blocks of ten around a hub."""
    lines = ['module synthetic "A made-up network" {']
    assumed = '{ assumed "made up for the benchmark"; }'
    for i in range(states):
        lines.append(f"parameter v{i} = {1 + i % 7} 1/h {assumed}")
        lines.append(f"parameter k{i} = {2 + i % 5} dimensionless {assumed}")
        lines.append(f"parameter d{i} = 0.{1 + i % 9} 1/h {assumed}")
        lines.append(f"species y{i} : dimensionless = 1;")
    for i in range(states):
        before, hub = (i - 1) % states, i - i % 10
        lines.append(f"quantity flow{i} : 1/h = v{i} * y{before} / (k{i} + y{before} + y{hub});")
        lines.append(f"quantity brake{i} : dimensionless = 1 / (1 + exp(-y{hub}));")
        lines.append(f"derivative y{i} = flow{i} * brake{i} - d{i} * y{i};")
    return lower(module_model("\n".join([*lines, "}"])))
