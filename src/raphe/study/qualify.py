"""Outside evidence -> rows: every observation of the library beside what the model predicts for a trial like it.

An observation is predicted for the mean of a trial of its size, in each draw of what is not known; so its interval
holds both the chance of a small trial and our uncertainty. Knows nothing of files, tables or pages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from raphe.analysis.answer import Interval
from raphe.analysis.summary import (
    compared,
    interval,
    statistic_of,
    statistic_of_trials,
    statistic_unit,
)
from raphe.core.draws import FloatArray
from raphe.core.errors import StudyError
from raphe.core.units import DIMENSIONLESS, HOUR, Unit
from raphe.dosing.regimen import Regimen
from raphe.language.evidence import Side
from raphe.language.model import Arm, Assembly, Direction, Observation, Statistic
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
        In the unit of the observed value; for a direction, the ratio to rest or to the other arm, or the difference
        where that is 0.
    fold_error
        Of the median, 1 or more; None for a direction or a bound, and where either is 0 or they differ in sign.
    verdict
        `inside` or `outside` the 90 % interval; for a direction or a bound `right`, `open` (both sides are in it) or
        `wrong`.
    failed
        Subjects that failed; then there is no prediction.
    slots
        Of the model, on which the experiment rests: what the observation can speak of.
    """

    observation: Observation
    unit: str
    predicted: Interval
    fold_error: float | None
    verdict: str
    failed: int
    slots: frozenset[str]


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
        Slot -> rival that stands there; experiments by routes or on quantities that a rival lacks are left out.
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
    wanted, standing = predictable(catalog, assembly), dict(choices or {})
    groups: dict[str, list[_Reading]] = {}
    for one in wanted:
        for place, arm in enumerate(arms_of(one)):
            if not _has(catalog, standing, arm.quantity):
                continue
            key = repr((arm.drug, arm.regimen, one.sample, arm.choices, arm.settings))
            groups.setdefault(key, []).append(_Reading(one, arm, place))
    seen: dict[tuple[str, int], _Seen] = {}
    for number, group in enumerate(groups.values()):
        found = _experiment(catalog, assembly, group, standing, trials, threads)
        seen |= {(x.one.name, x.place): y for x, y in zip(group, found, strict=bool(found))}
        if progress is not None:
            progress(number + 1, len(groups))
    rows = []
    for one in wanted:
        arms = [seen.get((one.name, place)) for place in range(len(arms_of(one)))]
        told = [arm for arm in arms if arm is not None]
        if len(told) == len(arms):
            rows.append(_row(one, told[0], told[1] if len(told) > 1 else None))
    return tuple(rows)


def predictable(catalog: Catalog, assembly: Assembly) -> tuple[Observation, ...]:
    """The observations whose drugs and quantities a model has."""
    drugs = {drug.name for drug in assembly.drugs}
    slots = {use.alias for use in assembly.uses}
    return tuple(
        one
        for one in catalog.observations
        if all(arm.drug in drugs and arm.quantity.split(".")[0] in slots for arm in arms_of(one))
    )


def arms_of(one: Observation) -> tuple[Arm, ...]:
    """The arm that was observed, and the one that it is against."""
    own = Arm(
        drug=one.drug,
        regimen=one.regimen,
        choices=one.choices,
        settings=one.settings,
        statistic=one.statistic,
        window=one.window,
        quantity=one.quantity,
    )
    return (own,) if one.against is None else (own, one.against)


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
        own_module = catalog.library.modules[
            next(u.module for u in assembly.uses if u.alias == slot)
        ]
        bare = not (own_module.parameters or own_module.species)  # nothing tells who rests on it
        touched = tuple(row.observation for row in rows if bare or slot in row.slots)
        theirs = qualify(
            replace(catalog, observations=touched),
            assembly,
            trials=trials,
            threads=threads,
            choices={slot: module},
        )
        pairs = [(by_name[row.observation.name], row) for row in theirs]
        changed = [(own, row) for own, row in pairs if own.predicted != row.predicted]
        own, rival = (tuple(pair[side] for pair in changed) for side in (0, 1))
        found.append(RivalRows(slot=slot, module=module, own=own, rival=rival))
        if progress is not None:
            progress(number + 1, len(rivals))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Reading:
    """One arm of an observation."""

    one: Observation
    arm: Arm
    place: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What an arm gave, in base units, shape (draws, people): the statistic, and the quantity at the first time."""

    arm: Arm
    each: FloatArray
    rest: FloatArray
    unit: Unit  # of the quantity
    dose: Unit
    failed: int
    slots: frozenset[str]


def _experiment(
    catalog: Catalog,
    assembly: Assembly,
    group: list[_Reading],
    standing: dict[str, str],
    trials: Population,
    threads: int,
) -> list[_Seen]:
    """Run the people of one experiment, and read off everything that was observed in it."""
    first, sample = group[0].arm, group[0].one.sample
    choices = {**standing, **dict(first.choices)}
    for use in assembly.uses:
        if sample in use.modules:
            choices[use.alias] = sample or ""
    regimen = Regimen.from_text(first.regimen)
    outputs = tuple(dict.fromkeys(reading.arm.quantity for reading in group))
    bench = set_up(
        catalog, assembly, drug=first.drug, regimens=(regimen,), outputs=outputs, choices=choices
    )
    if bench is None:
        return []
    sizes = [min(MOST_PEOPLE, trial_size(reading.one)) for reading in group]
    size = max(sizes)
    people = recruit(bench, trials, Layer.TRIALS, trial_size=size, settings=dict(first.settings))
    times = _times(group, regimen)
    values, failed = perform(bench, people, regimen, times, threads=threads)
    found = []
    for reading, trial in zip(group, sizes, strict=True):
        place = outputs.index(reading.arm.quantity)
        courses = values[:, :, place].reshape(trials.draws, size, -1)[:, :trial]
        each = _statistics(reading, courses, times, regimen)
        unit = bench.units[place]
        found.append(
            _Seen(
                arm=reading.arm,
                each=each,
                rest=courses[:, :, 0],
                unit=unit,
                dose=regimen.doses[0].amount.unit if regimen.doses else unit,
                failed=failed,
                slots=bench.slots,
            )
        )
    return found


def _statistics(
    reading: _Reading, courses: FloatArray, times: FloatArray, regimen: Regimen
) -> FloatArray:
    """Courses of shape (draws, people, times) -> the statistic of each person, or of each trial if papers tell that."""
    statistic = reading.arm.statistic
    window = tuple(quantity.base for quantity in reading.arm.window)
    if reading.one.share is None:
        return statistic_of_trials(statistic, courses, times, regimen, window)
    flat = statistic_of(statistic, courses.reshape(-1, len(times)), times, regimen, window)
    return flat.reshape(courses.shape[:2])


def _has(catalog: Catalog, standing: dict[str, str], quantity: str) -> bool:
    """Whether a rival that stands in the slot of a quantity has it too."""
    slot, name = quantity.split(".")
    if slot not in standing:
        return True
    module = catalog.library.modules[standing[slot]]
    known = {one.name for one in module.quantities} | {one.name for one in module.species}
    return name in known | {one.name for one in module.parameters}


def _times(group: list[_Reading], regimen: Regimen) -> FloatArray:
    """All times that the statistics need."""
    times = {0.0}
    for one, arm in ((reading.one, reading.arm) for reading in group):
        window = [quantity.base for quantity in arm.window]
        if arm.statistic is Statistic.VALUE and len(window) != 1:
            message = f'"{one.name}": the statistic "value" is taken at one time'
            advice = "write: statistic value at 2 h of ..."
            raise StudyError(message, place=one.place, advice=advice)
        if len(window) == 2:
            count = max(_POINTS, min(2000, round((window[1] - window[0]) / _FINE) + 1))
            times |= set(np.linspace(window[0], window[1], count).tolist())
        elif window:
            times |= {window[0]}
        else:
            times |= set(default_grid(regimen).times)
    return np.array(sorted(times))


def _row(one: Observation, own: _Seen, other: _Seen | None) -> Row:
    """The prediction of one observation, from what its arms gave."""
    failed = own.failed + (0 if other is None else other.failed)
    slots = own.slots | (frozenset() if other is None else other.slots)
    fold = None
    if one.value is None:
        predicted, words, still = _change(one, own, other)
        verdict = _sign(one.direction, predicted, still)
    else:
        numbers = _in_the_unit_of_the_value(one, own, other)
        predicted, words, seen = interval(numbers), one.value.unit.text, one.value.value
        if one.bound is not None:
            verdict = _beyond(one.bound, predicted, seen)
        else:
            quotient = predicted.middle / seen if seen else 0.0
            fold = max(quotient, 1.0 / quotient) if quotient > 0.0 else None
            verdict = "inside" if predicted.low <= seen <= predicted.high else "outside"
    return Row(
        observation=one,
        unit=words,
        predicted=predicted,
        fold_error=fold,
        verdict="failed" if failed else verdict,
        failed=failed,
        slots=slots,
    )


def _of_trials(one: Observation, arm: _Seen, numbers: FloatArray) -> FloatArray:
    """Numbers of people, shape (draws, people) -> what a trial reports of them in each draw."""
    if one.share is not None:
        limit, unknown = one.share.value, np.isnan(numbers)
        if limit.unit.dimension != statistic_unit(arm.arm.statistic, arm.unit, arm.dose):
            message = f'"{one.name}": {arm.arm.statistic.value} of {arm.arm.quantity} is not in {limit.unit}'
            raise StudyError(message, place=one.place, advice="give the limit in a unit that fits")
        above = one.share.side is Side.ABOVE
        beyond = numbers > limit.base if above else numbers < limit.base
        numbers = np.where(unknown, np.nan, beyond.astype(np.float64))
    middle = np.nanmedian if arm.arm.statistic is Statistic.TIME_OF_MAXIMUM else np.nanmean
    return np.asarray(middle(numbers, axis=1))


def _dimension(one: Observation, arm: _Seen) -> tuple[object, ...]:
    if one.share is not None:
        return DIMENSIONLESS.dimension
    return statistic_unit(arm.arm.statistic, arm.unit, arm.dose)


def _in_the_unit_of_the_value(one: Observation, own: _Seen, other: _Seen | None) -> FloatArray:
    """What the observed value is compared with, in each draw, in its unit."""
    unit = DIMENSIONLESS if one.value is None else one.value.unit
    numbers, fits = _of_trials(one, own, own.each), _dimension(one, own)
    what = f"{one.statistic.value} of {one.quantity}"
    if other is not None:
        base = _of_trials(one, other, other.each)
        if _dimension(one, other) != fits:
            message = f'"{one.name}": the two arms are not of one kind'
            raise StudyError(message, place=one.place, advice="compare like with like")
        if unit.dimension == DIMENSIONLESS.dimension:
            with np.errstate(divide="ignore", invalid="ignore"):
                ratio = np.where(base == 0.0, np.nan, numbers / base)
            return np.asarray(ratio / unit.factor)
        numbers, what = numbers - base, f"the difference in {what}"
    if fits != unit.dimension:
        message = f'"{one.name}": {what} is not in {unit}'
        raise StudyError(message, place=one.place, advice="give a unit that fits")
    return numbers / unit.factor


def _change(one: Observation, own: _Seen, other: _Seen | None) -> tuple[Interval, str, float]:
    """What has a direction, its unit in words, and its value where nothing has changed."""
    if other is None:
        changes, ratio = compared(own.each, own.rest, own.rest)
        numbers = _of_trials(one, own, changes)
    else:
        first, base = (_of_trials(one, arm, arm.each) for arm in (own, other))
        if _dimension(one, own) == HOUR.dimension:
            return interval(first - base), HOUR.text, 0.0
        numbers, ratio = compared(first, base, 0.0 if one.share is not None else own.rest)
    if ratio:
        return interval(numbers), "of rest" if other is None else "of the other arm", 1.0
    unit = DIMENSIONLESS if one.share is not None else own.unit
    return interval(numbers / unit.factor), unit.text, 0.0


def _sign(direction: Direction | None, predicted: Interval, still: float) -> str:
    low, middle, high = (x - still for x in (predicted.low, predicted.middle, predicted.high))
    if direction is Direction.STAYS:
        return "right" if low <= 0.0 <= high or abs(middle) < STILL else "wrong"
    if direction is Direction.FALLS:
        low, high = -high, -low
    if low > 0.0:
        return "right"
    return "open" if high > 0.0 else "wrong"


def _beyond(side: Side, predicted: Interval, limit: float) -> str:
    low, high = predicted.low - limit, predicted.high - limit
    if side is Side.BELOW:
        low, high = -high, -low
    if low >= 0.0:
        return "right"
    return "open" if high >= 0.0 else "wrong"
