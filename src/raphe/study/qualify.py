"""Outside evidence -> rows: every observation of the library beside what the model predicts for a trial like it.

An observation is predicted for the mean of a trial of its size, in each draw of what is not known; so its interval
holds both the chance of a small trial and our uncertainty. Knows nothing of files, tables or pages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from raphe.analysis.answer import Interval
from raphe.analysis.summary import interval, statistic_of, statistic_unit
from raphe.core.draws import FloatArray
from raphe.core.errors import StudyError
from raphe.core.units import Unit
from raphe.dosing.regimen import Regimen
from raphe.language.model import Assembly, Direction, Observation, Statistic
from raphe.library.catalog import Catalog
from raphe.population.people import Layer, Population
from raphe.study.experiment import perform, recruit, set_up
from raphe.study.plan import rivals_of, trial_size
from raphe.study.question import default_grid

MOST_PEOPLE = 24  # of a trial that are drawn; larger ones are taken as so large
DEFAULT_TRIALS = Population(people=1, draws=100, seed=1)
STILL = 0.1  # a change smaller than this part of rest counts as none
_POINTS = 97  # times of a window
_FINE = 0.25  # h

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One observation and its prediction.

    Parameters
    ----------
    observation
        What was seen.
    predicted
        In the unit of the observed value; for a direction, the ratio to rest, or the effect where rest is 0.
    fold_error
        Of the median, 1 or more; None for a direction.
    verdict
        `inside` or `outside` the 90 % interval; for a direction `right`, `open` (both signs are in it) or `wrong`.
    failed
        Subjects that failed; then there is no prediction.
    """

    observation: Observation
    unit: str
    predicted: Interval
    fold_error: float | None
    verdict: str
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RivalRows:
    """What one rival predicts where it predicts something else, beside the model's own module."""

    slot: str
    module: str
    own: tuple[Row, ...]
    rival: tuple[Row, ...]


def qualify(
    catalog: Catalog,
    assembly: Assembly,
    *,
    trials: Population = DEFAULT_TRIALS,
    threads: int,
    choices: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> tuple[Row, ...]:
    """Predict every observation that a model has the quantity for.

    Parameters
    ----------
    catalog
        Gives modules and observations.
    assembly
        The model.
    trials
        How many draws, and the seed.
    threads
        Worker threads; the numbers do not depend on it.
    choices
        Slot -> rival that stands there; experiments by routes that a rival lacks are left out.
    progress
        Called with experiments done and experiments in all.

    Returns
    -------
    tuple of Row
        In the order of the files.

    Raises
    ------
    StudyError
        If an observation does not fit the model; the error has its place.
    """
    drugs = {drug.name for drug in assembly.drugs}
    slots = {use.alias for use in assembly.uses}
    groups: dict[str, list[Observation]] = {}
    for one in catalog.observations:
        if one.drug in drugs and one.quantity.split(".")[0] in slots:
            key = repr((one.drug, one.regimen, one.sample, one.choices, one.settings))
            groups.setdefault(key, []).append(one)
    found: dict[str, Row] = {}
    for number, group in enumerate(groups.values()):
        for row in _experiment(catalog, assembly, group, dict(choices or {}), trials, threads):
            found[row.observation.name] = row
        if progress is not None:
            progress(number + 1, len(groups))
    return tuple(found[one.name] for one in catalog.observations if one.name in found)


def compare_rivals(
    catalog: Catalog,
    assembly: Assembly,
    rows: tuple[Row, ...],
    *,
    trials: Population = DEFAULT_TRIALS,
    threads: int,
    progress: Progress | None = None,
) -> tuple[RivalRows, ...]:
    """Predict the same observations with each rival in its slot.

    Parameters
    ----------
    rows
        From `qualify`, with the same trials.

    Returns
    -------
    tuple of RivalRows
        Only the rows in which the two predictions differ.
    """
    rivals = rivals_of(assembly)
    by_name = {row.observation.name: row for row in rows}
    found = []
    for number, (slot, module) in enumerate(rivals):
        theirs = qualify(catalog, assembly, trials=trials, threads=threads, choices={slot: module})
        pairs = [(by_name[row.observation.name], row) for row in theirs]
        changed = [(own, row) for own, row in pairs if own.predicted != row.predicted]
        own, rival = (tuple(pair[side] for pair in changed) for side in (0, 1))
        found.append(RivalRows(slot=slot, module=module, own=own, rival=rival))
        if progress is not None:
            progress(number + 1, len(rivals))
    return tuple(found)


def _experiment(
    catalog: Catalog,
    assembly: Assembly,
    group: list[Observation],
    standing: dict[str, str],
    trials: Population,
    threads: int,
) -> list[Row]:
    """Run the people of one experiment, and read off everything that was observed in it."""
    first = group[0]
    choices = {**standing, **dict(first.choices)}
    for use in assembly.uses:
        if first.sample in use.modules:
            choices[use.alias] = first.sample or ""
    regimen = Regimen.from_text(first.regimen)
    outputs = tuple(dict.fromkeys(one.quantity for one in group))
    bench = set_up(
        catalog, assembly, drug=first.drug, regimens=(regimen,), outputs=outputs, choices=choices
    )
    if bench is None:
        return []
    size = min(MOST_PEOPLE, max(trial_size(one) for one in group))
    people = recruit(bench, trials, Layer.TRIALS, trial_size=size, settings=dict(first.settings))
    times = _times(group, regimen)
    values, failed = perform(bench, people, regimen, times, threads=threads)
    ran = _Ran(
        times=times,
        regimen=regimen,
        units=dict(zip(outputs, bench.units, strict=True)),
        failed=failed,
    )
    rows = []
    for one in group:
        course = values[:, :, outputs.index(one.quantity)]
        seen = min(MOST_PEOPLE, trial_size(one))
        rows.append(_row(one, course.reshape(trials.draws, size, -1)[:, :seen], ran))
    return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ran:
    """What all observations of an experiment share."""

    times: FloatArray
    regimen: Regimen
    units: dict[str, Unit]
    failed: int


def _times(group: list[Observation], regimen: Regimen) -> FloatArray:
    """All times that the statistics need."""
    times = {0.0}
    for one in group:
        window = [quantity.base for quantity in one.window]
        if len(window) == 2:
            count = max(_POINTS, min(2000, round((window[1] - window[0]) / _FINE) + 1))
            times |= set(np.linspace(window[0], window[1], count).tolist())
        elif window:
            times |= {window[0]}
        else:
            times |= set(default_grid(regimen).times)
    return np.array(sorted(times))


def _row(one: Observation, courses: FloatArray, ran: _Ran) -> Row:
    """The prediction of one observation, from courses of shape (draws, people, times)."""
    draws, people, count = courses.shape
    window = tuple(quantity.base for quantity in one.window)
    unit = ran.units[one.quantity]
    if one.statistic is Statistic.VALUE and len(window) != 1:
        message = f'"{one.name}": the statistic "value" is taken at one time'
        raise StudyError(message, place=one.place, advice="write: statistic value at 2 h of ...")
    flat = courses.reshape(draws * people, count)
    each = statistic_of(one.statistic, flat, ran.times, ran.regimen, window)
    each = each.reshape(draws, people)
    middle = np.nanmedian if one.statistic is Statistic.TIME_OF_MAXIMUM else np.nanmean
    if one.value is None:
        rest = courses[:, :, 0]
        ratio = bool(np.all(rest != 0.0))
        change = each / rest if ratio else each / unit.factor
        predicted = interval(np.asarray(middle(change, axis=1)))
        still = 1.0 if ratio else 0.0
        verdict, words, fold = _sign(one.direction, predicted, still), "of rest", None
        if not ratio:
            words = unit.text
    else:
        dose = ran.regimen.doses[0].amount.unit if ran.regimen.doses else unit
        words, factor, seen = one.value.unit.text, one.value.unit.factor, one.value.value
        if statistic_unit(one.statistic, unit, dose) != one.value.unit.dimension:
            message = f'"{one.name}": {one.statistic.value} of {one.quantity} is not in {words}'
            raise StudyError(message, place=one.place, advice="give a unit that fits")
        predicted = interval(np.asarray(middle(each, axis=1)) / factor)
        quotient = predicted.middle / seen
        fold = max(quotient, 1.0 / quotient) if quotient > 0.0 else None
        verdict = "inside" if predicted.low <= seen <= predicted.high else "outside"
    return Row(
        observation=one,
        unit=words,
        predicted=predicted,
        fold_error=fold,
        verdict="failed" if ran.failed else verdict,
        failed=ran.failed,
    )


def _sign(direction: Direction | None, predicted: Interval, still: float) -> str:
    low, middle, high = (x - still for x in (predicted.low, predicted.middle, predicted.high))
    if direction is Direction.STAYS:
        return "right" if low <= 0.0 <= high or abs(middle) < STILL else "wrong"
    if direction is Direction.FALLS:
        low, high = -high, -low
    if low > 0.0:
        return "right"
    return "open" if high > 0.0 else "wrong"
