"""What ran -> the doubt about the answer: where its spread comes from, and which number to measure next."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from raphe.analysis.answer import Doubt, Sweep
from raphe.study.probing import make_probe
from raphe.study.question import Study
from raphe.study.ranking import ranking_of, ranking_runs, uncertain_columns
from raphe.study.run import Progress, Ran, tally
from raphe.study.splitting import split_of, split_runs

FEW_DOSES = 28  # up to which a run takes a millisecond or less
NONE = Doubt(split=None, ranking=None)


def doubt_of(
    study: Study,
    ran: Ran,
    output: str,
    sweep: Sweep | None,
    *,
    threads: int,
    progress: Progress | None = None,
) -> Doubt:
    """Run what it takes to say where the spread of an answer comes from.

    Parameters
    ----------
    study
        What was asked.
    ran
        What came out; its forms of the model are run again.
    output
        The target.
    sweep
        The scenario that decides, None if nothing moves.
    threads
        Worker threads; the numbers do not depend on it.
    progress
        Called with runs done and runs in all.

    Returns
    -------
    Doubt
    """
    if sweep is None:
        return NONE
    points, ranked = split_points(study, sweep.scenario), ranking_points(study, sweep.scenario)
    own = ran.forms[""]
    probe = make_probe(study, ran, output, sweep, persons=2 * points, threads=threads)
    total = split_runs(points)
    if ranked:
        total += ranking_runs(len(uncertain_columns(own, probe)), ranked)
    with ThreadPoolExecutor(threads) as cores, ThreadPoolExecutor(2) as pool:
        # the one runs while the other thinks
        probe = replace(probe, report=tally(progress, total), cores=cores)
        split = pool.submit(split_of, ran, probe, sweep, points=points)
        ranking = None
        if ranked:
            ranking = pool.submit(ranking_of, own, probe, points=ranked).result()
        return Doubt(split=split.result(), ranking=ranking)


def split_points(study: Study, name: str) -> int:
    """Points of the split: one a draw where doses are few and half a draw where many."""
    draws = _power(study.population.draws)
    return draws if _has_few_doses(study, name) else max(draws // 2, 1)


def ranking_points(study: Study, name: str) -> int:
    """Points of the ranking: what the study says, or two a draw where doses are few and half a draw where many."""
    if study.points is not None:
        return study.points
    draws = _power(study.population.draws)
    return 2 * draws if _has_few_doses(study, name) else max(draws // 2, 1)


def _has_few_doses(study: Study, name: str) -> bool:
    regimen = next(one.regimen for one in study.scenarios if one.name == name)
    return len(regimen.expanded().doses) <= FEW_DOSES


def _power(count: int) -> int:
    """The first power of 2 that is not smaller."""
    return 1 << max(count - 1, 0).bit_length()
