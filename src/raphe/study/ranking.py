"""What ran -> which uncertain numbers decide the answer when all of them vary at once: screened, then ranked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from raphe.analysis.answer import Interval, Ranked, Ranking
from raphe.analysis.morris import elementary_effects, morris_design
from raphe.analysis.sobol import membership, saltelli_design, sobol_indices, sobol_points
from raphe.analysis.summary import interval
from raphe.core.draws import Stage, generator
from raphe.core.sources import is_carried_over
from raphe.language.model import Model, Parameter
from raphe.language.show import row_of
from raphe.population.placed import Column, columns_of
from raphe.study.plan import fixed_in
from raphe.study.probing import Probe, largest_changes
from raphe.study.run import Prepared
from raphe.study.splitting import share_interval

TRAJECTORIES = 10
LEVELS = 4
MOST = 12  # numbers that get indices of their own
_EDGE = 0.05  # of each distribution that screening leaves out at both ends


def uncertain_columns(form: Prepared, probe: Probe) -> tuple[Column, ...]:
    """The uncertain numbers that the answer depends on."""
    used = form.kernel.program.used_parameters()
    found = columns_of(form.model, used, fixed_in(probe.study, probe.scenario))
    return tuple(column for column in found if column.stage is Stage.UNCERTAINTY)


def ranking_runs(columns: int, points: int) -> int:
    """Runs that a ranking takes at most."""
    return TRAJECTORIES * (columns + 1) + points * (min(columns, MOST) + 3)


def ranking_of(form: Prepared, probe: Probe, *, points: int) -> Ranking | None:
    """Rank the uncertain numbers by their share of the variance of the typical person's largest change.

    Parameters
    ----------
    form
        The model as the study has it, for the target alone.
    probe
        The scenario that decides.
    points
        A power of 2.

    Returns
    -------
    Ranking or None
        None if nothing is uncertain.
    """
    columns = uncertain_columns(form, probe)
    if not columns:
        return None
    seed, scenario = probe.study.population.seed, probe.scenario.name
    random = generator(seed=seed, stage=Stage.DESIGN, name=f"screening of {scenario}")
    walk = morris_design(TRAJECTORIES, len(columns), LEVELS, random)
    places = _EDGE + (1.0 - 2.0 * _EDGE) * walk
    sizes = largest_changes(probe, form, columns, places)
    effects = elementary_effects(walk, sizes)
    order = np.argsort(-np.where(np.isnan(effects.size), np.inf, effects.size), kind="stable")
    chosen, others = order[:MOST].tolist(), order[MOST:].tolist()
    factors = [[column] for column in chosen] + ([others] if others else [])
    random = generator(seed=seed, stage=Stage.DESIGN, name=f"ranking of {scenario}")
    base = sobol_points(points, len(columns), random)
    design = saltelli_design(base, membership(factors, len(columns)))
    values = largest_changes(probe, form, columns, design)
    again = generator(seed=seed, stage=Stage.DESIGN, name=f"resamples, ranking of {scenario}")
    found = sobol_indices(values, points, again)
    shares = [share_interval(found, row) for row in range(len(factors))]
    ranked = _ranked(form.model, [columns[k].name for k in chosen], shares)
    rest = _rest(len(others), *shares[-1]) if others else None
    drawn = np.concatenate([values[:points], values[-points:]])
    return Ranking(
        scenario=scenario,
        whole=interval(drawn[np.isfinite(drawn)]) if found.points else interval(drawn),
        sd=float(np.sqrt(found.variance)),
        ranked=ranked,
        rest=rest,
        screened=len(columns),
        points=found.points,
        lost=found.lost,
        runs=len(sizes) + len(values),
        failed=int(np.isnan(sizes).sum() + np.isnan(values).sum()),
    )


def _ranked(
    model: Model, names: Sequence[str], shares: Sequence[tuple[Interval, Interval]]
) -> tuple[Ranked, ...]:
    """The chosen numbers, the largest share first."""
    parameters = {one.name: one for one in model.parameters}
    found = [
        _one(model, parameters[name], *share)
        for name, share in zip(names, shares[: len(names)], strict=True)
    ]
    found.sort(key=lambda one: (-np.nan_to_num(one.alone.middle, nan=-1.0), one.name))
    return tuple(found)


def _one(model: Model, parameter: Parameter, alone: Interval, involved: Interval) -> Ranked:
    row = row_of(parameter)
    sources = {source.key: source for source in model.sources}
    return Ranked(
        name=row.name,
        meaning=row.meaning,
        status=row.status,
        citations=row.citations,
        carried_over=is_carried_over(parameter.provenance, sources),
        alone=alone,
        involved=involved,
    )


def _rest(count: int, alone: Interval, involved: Interval) -> Ranked:
    return Ranked(
        name=f"the other {count}",
        meaning="all other uncertain numbers together",
        status="",
        citations="",
        carried_over=False,
        alone=alone,
        involved=involved,
    )
