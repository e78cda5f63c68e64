"""Plan -> Results: every job through the engine, with progress through one callback.

Knows nothing of files, the terminal or what the results will be used for.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib import metadata
from threading import Lock

import numpy as np

from raphe.core.draws import FloatArray
from raphe.core.errors import RapheError
from raphe.dosing.regimen import Regimen
from raphe.dosing.routes import routed
from raphe.engine.compile import Kernel, compile_program
from raphe.engine.lower import lower
from raphe.engine.results import Dataset, Results, to_dataset
from raphe.engine.solve import Options, Outcome, settings_of, solve
from raphe.engine.status import ADVICE, Status
from raphe.engine.timeline import make_timeline
from raphe.language.compose import compose
from raphe.language.model import Model
from raphe.library.catalog import Catalog
from raphe.population.people import Layer, Subjects, draw_subjects
from raphe.population.support import Outside, refuse_outside
from raphe.study.experiment import taking_of
from raphe.study.occasions import occasions_of
from raphe.study.plan import Job, Plan, fixed_in
from raphe.study.question import Study

Progress = Callable[[int, int], None]
AT_ONCE = 2  # jobs: while the engine runs one, people of the next are drawn and results of the last are sorted
_PACKAGES = ("numpy", "llvmlite", "pint", "xarray", "lark", "matplotlib")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A model and its kernel."""

    model: Model
    kernel: Kernel


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A finished plan.

    Parameters
    ----------
    model
        The main variant.
    results
        Runs of the model as the study has it, by scenario and layer.
    others
        Trials and rivals, by `Variant.key`.
    forms
        The model as the study has it ("") and each rival, by its module, prepared to give the target alone.
    compiled
        Kernels that had to be compiled; the others came from the cache.
    """

    model: Model
    results: Results
    others: Mapping[tuple[str, str], Results]
    forms: Mapping[str, Prepared]
    compiled: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSubjects:
    """Subjects of a job, and what came out for them."""

    subjects: Subjects
    outcome: Outcome
    times: FloatArray


class SubjectsFailedError(RapheError):
    """More subjects of a run failed than the study allows."""


def run_plan(
    plan: Plan, catalog: Catalog, *, threads: int, progress: Progress | None = None
) -> Ran:
    """Run all jobs of a plan.

    Parameters
    ----------
    plan
        From `make_plan`.
    catalog
        Gives the modules.
    threads
        Worker threads; the numbers do not depend on it.
    progress
        Called with subjects done and subjects in all.

    Returns
    -------
    Ran

    Raises
    ------
    SubjectsFailedError
        If more subjects of a run failed than the study allows.
    """
    prepared = prepare(plan, catalog, threads)
    report = tally(progress, plan.subjects)
    runs: dict[tuple[str, str], dict[tuple[str, str], Dataset]] = {}
    with ThreadPoolExecutor(threads) as cores, ThreadPoolExecutor(AT_ONCE) as pool:

        def work(position: int) -> Dataset:
            return _run_job(plan, plan.jobs[position], prepared[position], threads, report, cores)

        for job, data in zip(plan.jobs, pool.map(work, range(len(plan.jobs))), strict=True):
            runs.setdefault(job.variant.key, {})[job.scenario.name, job.layer.value] = data
    main = prepared[0]
    attributes = _attributes(plan, main)
    results = {
        key: Results(title=plan.study.title, runs=found, attributes=attributes)
        for key, found in runs.items()
    }
    return Ran(
        model=main.model,
        results=results.pop(("", "")),
        others=results,
        forms={
            job.variant.rival: one
            for job, one in zip(plan.jobs, prepared, strict=True)
            if job.layer in (Layer.SWEPT, Layer.BEST)
        },
        compiled=len({p.kernel.digest for p in prepared if p.kernel.compiled}),
    )


def tally(progress: Progress | None, total: int) -> Callable[[int], None]:
    """A counter that several threads may call with what they have done; it tells `progress` the sum so far."""
    lock, done = Lock(), 0

    def report(count: int) -> None:
        nonlocal done
        with lock:
            done += count
            if progress is not None:
                progress(min(done, total), total)

    return report


def prepare(plan: Plan, catalog: Catalog, threads: int) -> list[Prepared]:
    """Model and kernel of each job; equal variants share theirs, and several compile at a time."""
    assembly = catalog.assemblies[plan.study.model]
    keys = [(repr(sorted(j.variant.choices.items())), j.variant.outputs) for j in plan.jobs]
    unique = {key: job.variant for key, job in zip(keys, plan.jobs, strict=True)}

    def make(key: tuple[str, tuple[str, ...]]) -> Prepared:
        variant = unique[key]
        model = compose(assembly, catalog.library, choices=variant.choices)
        doses = {r for job in plan.jobs for r in _routes(job.scenario.regimen, plan.study, model)}
        program = lower(model, outputs=variant.outputs, doses=tuple(sorted(doses)))
        return Prepared(model, compile_program(program))

    with ThreadPoolExecutor(threads) as pool:
        made = dict(zip(unique, pool.map(make, unique), strict=True))
    return [made[key] for key in keys]


def _routes(regimen: Regimen, study: Study, model: Model) -> set[str]:
    """Routes that the doses of a regimen take: by default that of the drug that is asked about."""
    routes = {drug.name: drug.route for drug in model.drugs}
    taken = {dose.route or routes[study.drug] for dose in routed(regimen, routes).doses}
    return taken | {routes[study.drug]}


def exploring(options: Options) -> Options:
    """Options for runs that ask what decides: how far numbers move an answer is told in percents, not in millionths.

    They take less than half the steps.
    """
    return replace(
        options, relative=max(options.relative, 1e-4), absolute=max(options.absolute, 1e-7)
    )


def run_subjects(
    study: Study,
    job: Job,
    prepared: Prepared,
    *,
    threads: int,
    only: range | None = None,
    report: Callable[[int], None] | None = None,
    cores: Executor | None = None,
) -> RunSubjects:
    """Run the subjects of a job, or some of them; their numbers are the same either way.

    Parameters
    ----------
    study
        What is asked.
    job
        Which layer in which scenario.
    prepared
        Model and kernel of the job's variant.
    threads
        Worker threads.
    only
        Which of the job's subjects.
    report
        Called with the number of subjects finished since the last call.
    cores
        Threads that jobs at the same time share.

    Returns
    -------
    RunSubjects
    """
    kernel = prepared.kernel
    known = {parameter.name for parameter in prepared.model.parameters}
    fixed = fixed_in(study, job.scenario)
    if any(job.variant.key):  # another module need not have a parameter that the study fixes
        fixed = {name: value for name, value in fixed.items() if name in known}
    subjects = draw_subjects(
        prepared.model,
        study.population,
        job.layer,
        trial_size=job.subjects // study.population.draws,
        fixed=fixed,
        only=only,
    )
    if study.outside is Outside.REFUSE:
        refuse_outside(prepared.model, subjects.parameters)
    routes = {drug.name: drug.route for drug in prepared.model.drugs}
    regimen = routed(job.scenario.regimen, routes)
    times = np.array(job.scenario.grid.times)
    parameters, occasions = occasions_of(
        prepared.model,
        kernel,
        subjects,
        regimen,
        route=routes[study.drug],
        until=float(times[-1]),
        turns=job.scenario.turns,
    )
    behavior = (
        study.behavior if job.layer is Layer.PEOPLE else None
    )  # the typical person does as told
    timeline = make_timeline(
        kernel.program,
        regimen,
        route=routes[study.drug],
        settings=settings_of(kernel, parameters),
        parameters=parameters,
        taken=taking_of(behavior, regimen, subjects, seed=study.population.seed),
        occasions=occasions,
    )
    options = exploring(study.options) if job.layer is Layer.SWEPT else study.options
    options = replace(options, threads=threads)
    outcome = solve(
        kernel, parameters, timeline, times, options=options, progress=report, cores=cores
    )
    return RunSubjects(subjects=subjects, outcome=outcome, times=times)


def _run_job(
    plan: Plan,
    job: Job,
    prepared: Prepared,
    threads: int,
    report: Callable[[int], None],
    cores: Executor,
) -> Dataset:
    study = plan.study
    ran = run_subjects(study, job, prepared, threads=threads, report=report, cores=cores)
    outcome = ran.outcome
    data = to_dataset(outcome, prepared.kernel.program.layout, ran.subjects, ran.times)
    table = study.population.table
    if table is not None and job.layer is Layer.PEOPLE and table.labels:
        data = data.assign_coords(ID=("subject", table.names_of(ran.subjects.person.tolist())))
    failed = np.flatnonzero(outcome.status)
    allowed = study.failures_allowed * job.subjects
    if job.layer is Layer.BEST and study.failures_allowed > 0.0:
        allowed = 1.0  # a rival that fails is told as one that failed
    if len(failed) > allowed:
        first = Status(int(outcome.status[failed[0]]))
        share = f"{len(failed)} of {job.subjects} subjects failed"
        where = f'in scenario "{job.scenario.name}", layer {job.layer.value}'
        reason = f"the first at {outcome.reached[failed[0]]:.6g} h: {ADVICE[first]}"
        advice = "set failures_allowed in the study to summarize the others"
        raise SubjectsFailedError(f"{share} {where}; {reason}; {advice}")
    return data


def _attributes(plan: Plan, main: Prepared) -> dict[str, str | int | float]:
    study = plan.study
    attributes: dict[str, str | int | float] = {
        "raphe": metadata.version("raphe"),
        "python": platform.python_version(),
        "model": study.model,
        "drug": study.drug,
        "seed": study.population.seed,
        "relative tolerance": study.options.relative,
        "absolute tolerance": study.options.absolute,
        "method": main.kernel.method.name,
        "kernel": main.kernel.digest,
    }
    return attributes | {name: metadata.version(name) for name in _PACKAGES}
