"""The five lines of a notebook: load a study, simulate it, answer it. Knows nothing of pages or the terminal."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from raphe.analysis.answer import Answer, Doubt
from raphe.engine.results import Results
from raphe.library.catalog import Catalog, load_catalog
from raphe.study.answering import answer as make_answer
from raphe.study.deciding import sweep_of
from raphe.study.doubting import doubt_of
from raphe.study.plan import make_plan
from raphe.study.question import Study, ask, check_study
from raphe.study.room import check_memory, free_memory
from raphe.study.run import Progress, Ran, run_plan
from raphe.study.schema import read_study


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """A study that has been run.

    Parameters
    ----------
    study
        What was asked.
    catalog
        The models it was asked of.
    ran
        What came out, rivals included.
    doubt
        Where the spread of the answer comes from.
    """

    study: Study
    catalog: Catalog
    ran: Ran
    doubt: Doubt

    @property
    def results(self) -> Results:
        """Labeled arrays of the main model."""
        return self.ran.results

    def _repr_html_(self) -> str:
        """What ran, for a notebook."""
        return self.ran.results._repr_html_()


def load(question: str | Path) -> Study:
    """Load a study file, or the study that a bare question becomes.

    Parameters
    ----------
    question
        Path of a study file, or a drug and a target such as `"clonazepam serotonin"`.

    Returns
    -------
    Study

    Raises
    ------
    InputError
        If the file or the question does not read.

    Examples
    --------
    >>> load("clonazepam serotonin").title
    'How does clonazepam affect serotonin?'
    """
    words = str(question).split()
    if isinstance(question, str) and len(words) == 2 and not Path(question).exists():
        return ask(load_catalog(), words[0], words[1])
    return read_study(Path(question))


def simulate(
    study: Study, *, threads: int | None = None, progress: Progress | None = None
) -> Simulation:
    """Run a study.

    Parameters
    ----------
    study
        From `load`.
    threads
        Worker threads; by default as many as the processor has cores. The numbers do not depend on it.
    progress
        Called with subjects done and subjects in all, first of the study, then of what tells its doubt.

    Returns
    -------
    Simulation
        `simulation.results.dataset(scenario)` is an xarray dataset.

    Raises
    ------
    InputError
        If the study names things that are not in the library, or memory does not suffice for it.
    SubjectsFailedError
        If more subjects failed than the study allows.
    """
    catalog = load_catalog()
    check_study(study, catalog)
    workers = (os.cpu_count() or 1) if threads is None else threads
    plan = make_plan(study, catalog)
    check_memory(plan, free_memory())
    ran = run_plan(plan, catalog, threads=workers, progress=progress)
    output = next(one.quantity for one in ran.model.targets if one.name == study.target)
    sweep = sweep_of(study, ran, output)
    doubt = doubt_of(study, ran, output, sweep, threads=workers, progress=progress)
    return Simulation(study=study, catalog=catalog, ran=ran, doubt=doubt)


def answer(simulation: Simulation, *, command: str = "raphe.answer") -> Answer:
    """Put together what a simulation says about its target.

    Parameters
    ----------
    simulation
        From `simulate`.
    command
        How to make it again, for the provenance.

    Returns
    -------
    Answer
    """
    one = simulation
    return make_answer(one.study, one.ran, one.doubt, one.catalog, command=command)
