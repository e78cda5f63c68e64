"""What ran -> where the spread of the answer comes from: people, numbers, what is carried over, forms of the model.

All four are drawn at once and independently, and the variance of the largest change is split by Sobol' indices of the
four groups; so shares add up, and what only several parts explain together has a share of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from raphe.analysis.answer import Interval, Part, PartShare, Split, Sweep
from raphe.analysis.sobol import Indices, membership, saltelli_design, sobol_indices, sobol_points
from raphe.analysis.summary import interval, largest_change
from raphe.core.draws import FloatArray, Stage, generator
from raphe.core.sources import is_carried_over
from raphe.engine.results import times_of, values_of
from raphe.language.model import Model
from raphe.population.people import Layer
from raphe.population.placed import TABLE_ROW, Column, columns_of
from raphe.study.plan import fixed_in
from raphe.study.probing import Probe, largest_changes
from raphe.study.run import Prepared, Ran

NOTHING = 1e-9  # a difference between forms that is none


@dataclass(frozen=True, slots=True)
class _Forms:
    """The model as it stands and every rival that changes the answer, with the largest change of each."""

    prepared: tuple[Prepared, ...]
    names: tuple[str, ...]
    sizes: tuple[float, ...]


def split_runs(points: int) -> int:
    """Runs that a split takes."""
    return points * (len(Part) + 2) + 2 * points


def split_of(ran: Ran, probe: Probe, sweep: Sweep, *, points: int) -> Split:
    """Split the variance of the largest change.

    Parameters
    ----------
    ran
        What came out; its forms are run again.
    probe
        The scenario that decides, with twice as many persons as points.
    sweep
        The typical answer.
    points
        A power of 2.

    Returns
    -------
    Split
    """
    forms = _forms(ran, probe, sweep)
    columns, parts = _columns(forms, probe)
    seed, name = probe.study.population.seed, f"split of {sweep.scenario}"
    random = generator(seed=seed, stage=Stage.DESIGN, name=name)
    base = sobol_points(points, len(columns) + 1, random)
    first, second = np.split(base, 2, axis=1)
    person = np.arange(2 * points, dtype=np.float64)[:, None]
    base = np.hstack([first, person[:points], second, person[points:]])
    members = [[k for k, part in enumerate(parts) if part is one] for one in Part]
    members[list(Part).index(Part.PEOPLE)].append(len(columns) + 1)  # and who it is
    members[list(Part).index(Part.FORMS)].append(len(columns))
    design = saltelli_design(base, membership(members, len(columns) + 2))
    values = _run(probe, forms, columns, design)
    again = generator(seed=seed, stage=Stage.DESIGN, name=f"resamples, {name}")
    found = sobol_indices(values, points, again)
    own = {
        part: largest_changes(
            probe,
            forms.prepared[0],
            [columns[k] for k in chosen],
            design[:points, chosen],
        )
        for part in (Part.NUMBERS, Part.CARRIED_OVER)
        for chosen in [[k for k, one in enumerate(parts) if one is part]]
    }
    runs = len(values) + 2 * points
    failed = int(np.isnan(values).sum()) + sum(int(np.isnan(one).sum()) for one in own.values())
    ranges = {part: interval(sizes) for part, sizes in own.items()}
    ranges[Part.PEOPLE] = interval(_people(ran, probe, sweep))
    low, high = min(forms.sizes), max(forms.sizes)
    ranges[Part.FORMS] = Interval(low=low, middle=forms.sizes[0], high=high)
    counts = {one: sum(part is one for part in parts) for one in Part}
    counts[Part.FORMS] = len(forms.names)
    drawn = np.concatenate([values[:points], values[-points:]])
    return Split(
        scenario=sweep.scenario,
        whole=interval(drawn[np.isfinite(drawn)]) if found.points else interval(drawn),
        sd=float(np.sqrt(found.variance)),
        parts=_shares(found, ranges, counts),
        together=float(1.0 - found.first.sum()),
        points=found.points,
        lost=found.lost,
        runs=runs,
        failed=failed,
        forms=tuple(zip(forms.names, forms.sizes, strict=True)),
    )


def share_interval(found: Indices, row: int) -> tuple[Interval, Interval]:
    """Both indices of one factor with their intervals."""
    alone, involved = (
        Interval(low=float(ends[row, 0]), middle=float(middle[row]), high=float(ends[row, 1]))
        for middle, ends in ((found.first, found.first_ends), (found.total, found.total_ends))
    )
    return alone, involved


def _shares(
    found: Indices, ranges: Mapping[Part, Interval], counts: Mapping[Part, int]
) -> tuple[PartShare, ...]:
    shares = []
    for row, part in enumerate(Part):
        alone, involved = share_interval(found, row)
        shares.append(
            PartShare(
                part=part,
                alone=alone,
                involved=involved,
                range=ranges[part],
                count=counts[part],
            )
        )
    return tuple(shares)


def _forms(ran: Ran, probe: Probe, sweep: Sweep) -> _Forms:
    """Rivals that give the same answer are no rivals about it, and those that failed are told as failures."""
    names, sizes = [""], [sweep.typical]
    for (module, sample), results in ran.others.items():
        key = (sweep.scenario, Layer.BEST.value)
        if module and not sample and key in results.runs:
            data = results.dataset(*key)
            values = values_of(data, probe.output)
            change = values / values[:, :1] - 1.0 if probe.relative else values - values[:, :1]
            size = float(largest_change(change, times_of(data))[0][0])
            whole = not np.any(data["status"].values)
            if whole and np.isfinite(size) and abs(size - sweep.typical) > NOTHING:
                names.append(module)
                sizes.append(size)
    prepared = tuple(ran.forms[name] for name in names)
    return _Forms(prepared, tuple(names), tuple(sizes))


def _columns(forms: _Forms, probe: Probe) -> tuple[tuple[Column, ...], tuple[Part, ...]]:
    """Every spread of any form, and the part that it belongs to."""
    study = probe.study
    found: dict[Column, Part] = {}
    if study.population.table is not None:
        found[TABLE_ROW] = Part.PEOPLE
    for form in forms.prepared:
        used = form.kernel.program.used_parameters()
        fixed = fixed_in(study, probe.scenario)
        carried = _carried_over(form.model)
        for column in columns_of(form.model, used, fixed):
            part = Part.CARRIED_OVER if column.name in carried else Part.NUMBERS
            found.setdefault(column, Part.PEOPLE if column.stage is Stage.PEOPLE else part)
    return tuple(found), tuple(found.values())


def _carried_over(model: Model) -> frozenset[str]:
    sources = {source.key: source for source in model.sources}
    return frozenset(
        one.name for one in model.parameters if is_carried_over(one.provenance, sources)
    )


def _run(
    probe: Probe, forms: _Forms, columns: tuple[Column, ...], design: FloatArray
) -> FloatArray:
    """Largest changes at the places of a design, each with the form that its place says."""
    count = len(forms.prepared)
    which = np.minimum((design[:, -2] * count).astype(np.int64), count - 1)
    persons = design[:, -1].astype(np.int64)
    values = np.full(len(design), np.nan)
    for number, form in enumerate(forms.prepared):
        rows = np.flatnonzero(which == number)
        places = design[rows, : len(columns)]
        values[rows] = largest_changes(probe, form, columns, places, persons[rows])
    return values


def _people(ran: Ran, probe: Probe, sweep: Sweep) -> FloatArray:
    """The largest changes of the people at best estimates, which are run already."""
    data = ran.results.dataset(sweep.scenario, Layer.PEOPLE.value)
    values = values_of(data, probe.output)[np.asarray(data["status"].values) == 0]
    change = values / values[:, :1] - 1.0 if probe.relative else values - values[:, :1]
    return largest_change(change, times_of(data))[0]
