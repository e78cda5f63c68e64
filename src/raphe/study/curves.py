"""Published plasma curves in a table -> how far the model is from each point, for the typical person and for persons.

The table is not part of raphe: points that others digitized, with columns drug, study, group, data_type, route (PO or
IV), dose ("0.5 mg" or "0.05 mg/kg"), dose_times_h, time (h), value and value_unit. Knows nothing of pages.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from raphe.core.draws import FloatArray
from raphe.core.errors import FileError, Place, StudyError
from raphe.core.units import Quantity, parse_quantity
from raphe.dosing.regimen import Regimen
from raphe.engine.doses import Taken
from raphe.language.model import Assembly
from raphe.library.catalog import Catalog
from raphe.population.people import Layer, Population, Subjects
from raphe.study.curve_list import CurveNote, CurveRole, load_notes, note_of
from raphe.study.experiment import Bench, perform, recruit, set_up

FILE = "pk-observed.csv"
SAMPLE = "volunteers"  # the module of people that trials of curves drew from
PERSONS = Population(people=4000, draws=1, seed=1)  # drawn for the curves of single persons
MISFIT = 0.2  # spread of a point about its person's curve, on the logarithm: assay, digitizing, structure
_FREEDOM = (
    4.0  # of Student's distribution of that misfit, so that a rounded last point decides nothing
)
_SINGLE = ("individual", "typical representative")  # kinds of curves that are of one person
_PEOPLE = "body_weight"  # what the module of people gives to the others
_ROUTES = {"PO": "oral", "IV": "intravenous"}
_WEIGHT, _AGE = re.compile(r"(\d+)\s?kg"), re.compile(r"(\d+)\s?y\b")
_USUAL_WEIGHT = 70.0  # kg
_USUAL_AGE = 30.0  # years


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedCurve:
    """A curve as the table has it.

    Parameters
    ----------
    drug, study, group, kind, route
        As in the table; the drug in small letters.
    weight, age
        kg and years, if the name of the group tells them.
    dose, by_weight
        Amount in the text of the table; whether it is for a kg.
    times, values
        Shape (points,): h since the dose, and levels in base units. What was below detection (0) is left out.
    note
        What the library knows of it.
    """

    drug: str
    study: str
    group: str
    kind: str
    route: str
    weight: float | None
    age: float | None
    dose: Quantity
    by_weight: bool
    times: FloatArray
    values: FloatArray
    note: CurveNote | None

    @property
    def role(self) -> CurveRole:
        """What it is to the model."""
        return CurveRole.PREDICTION if self.note is None else self.note.role

    @property
    def single(self) -> bool:
        """Whether it is of one person."""
        return self.kind in _SINGLE


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveFit:
    """One published curve and its prediction.

    Parameters
    ----------
    curve
        What was seen.
    folds
        Of each point, predicted for the typical person over observed.
    inside
        Of each point of a single person, whether it is within the 90 % interval between persons; else empty.
    told
        Folds of each point when the intravenous curve of the same person is known; empty if there is none.
    drawn
        Shape (persons, points): what each drawn person shows over the typical person; None unless of a single person.
    """

    curve: PublishedCurve
    folds: tuple[float, ...]
    inside: tuple[bool, ...] = ()
    told: tuple[float, ...] = ()
    drawn: FloatArray | None = field(default=None, repr=False, compare=False)

    def within(self, fold: float) -> float:
        """Share of the points within a fold."""
        return share_within(self.folds, fold)


def share_within(folds: Sequence[float], fold: float) -> float:
    """Share of some folds that are within one; not a number without any."""
    errors = np.abs(np.log(np.array(folds)))
    return float(np.mean(errors <= np.log(fold))) if len(errors) else float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedShare:
    """Share of points within a fold of the typical curve, if people are as the model draws them.

    Parameters
    ----------
    mean
        Of all sets of so many persons.
    low, high
        Nine in ten such sets lie between them.
    """

    low: float
    mean: float
    high: float


def expected_within(fits: Sequence[CurveFit], fold: float) -> ExpectedShare | None:
    """What share of the points of single persons a right model has within a fold of its typical curve.

    Parameters
    ----------
    fits
        From one call of `compare_curves`; those that are not of a single person are left out.
    fold
        Above 1.

    Returns
    -------
    ExpectedShare or None
        None without a single person. Errors of the assay are not in it: a right model has a little less.
    """
    counts: dict[object, FloatArray] = {}
    points = 0
    for place, fit in enumerate(fits):
        if fit.drawn is None:
            continue
        near = np.abs(np.log(fit.drawn)) <= np.log(fold)
        key = _whose(fit.curve) or place
        counts[key] = counts.get(key, np.zeros(len(near))) + near.sum(axis=1)
        points += near.shape[1]
    if not counts:
        return None
    # drawn persons are alike and independent: as many sets as persons, in each another of them for each real one
    persons = len(next(iter(counts.values())))
    steps = [number * persons // len(counts) for number in range(len(counts))]
    of_set = [np.roll(one, step) for one, step in zip(counts.values(), steps, strict=True)]
    shares = np.sum(of_set, axis=0) / points
    low, high = np.quantile(shares, (0.05, 0.95))
    return ExpectedShare(low=float(low), mean=float(shares.mean()), high=float(high))


def compare_curves(
    folder: Path,
    catalog: Catalog,
    assembly: Assembly,
    *,
    persons: Population = PERSONS,
    threads: int = 1,
) -> tuple[CurveFit, ...]:
    """Predict every curve of a drug that the model has, after a single dose.

    Parameters
    ----------
    folder
        Where the table is.
    catalog
        Gives the modules.
    assembly
        The model.
    persons
        How many persons are drawn for curves of single persons, and the seed.
    threads
        Worker threads; the numbers do not depend on it.

    Returns
    -------
    tuple of CurveFit
        In the order of the table. The typical person weighs and is as old as the group says, or 70 kg and 30 years;
        drawn persons are volunteers of the library.

    Raises
    ------
    FileError
        If the table cannot be read.
    StudyError
        If a row does not read, or the model failed.
    """
    field = _Field(catalog=catalog, assembly=assembly, persons=persons, threads=threads, benches={})
    fits, levels = [], []
    for curve in read_curves(folder, load_notes(catalog.library.sources)):
        bench = field.bench(curve)
        if bench is None:
            continue
        (typical,) = _predict(field, bench, curve, Layer.BEST)
        fit = CurveFit(curve=curve, folds=tuple((typical / curve.values).tolist()))
        drawn = _predict(field, bench, curve, Layer.PEOPLE) if curve.single else None
        if drawn is not None:
            low, high = np.quantile(drawn, (0.05, 0.95), axis=0)
            within = (low <= curve.values) & (curve.values <= high)
            fit = replace(fit, inside=tuple(within.tolist()), drawn=drawn / typical)
        fits.append(fit)
        levels.append(drawn)
    return _told(fits, levels)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    """What all predictions share; `benches` keeps those that are set up, None where the model lacks the route."""

    catalog: Catalog
    assembly: Assembly
    persons: Population
    threads: int
    benches: dict[tuple[str, str], Bench | None]

    @property
    def slot_of_people(self) -> str:
        """The slot whose module tells body weights: there the sample stands."""
        modules = self.catalog.library.modules
        for use in self.assembly.uses:
            if any(port.meaning == _PEOPLE for port in modules[use.module].outputs):
                return use.alias
        return ""

    def route(self, curve: PublishedCurve) -> str:
        """The route of a curve in the model."""
        slots = {drug.name: drug.route.split(".")[0] for drug in self.assembly.drugs}
        return f"{slots.get(curve.drug, '')}.{_ROUTES.get(curve.route, '')}"

    def bench(self, curve: PublishedCurve) -> Bench | None:
        """The model, ready for the drug and the route of a curve; None if it has them not."""
        key = (curve.drug, curve.route)
        if key not in self.benches:
            slot, kind = self.route(curve).split(".")
            modules = {use.alias: use.module for use in self.assembly.uses}
            known = self.catalog.library.modules.get(modules.get(slot, ""))
            has = known is not None and kind in {route.name for route in known.routes}
            self.benches[key] = self._set_up(curve, slot) if has else None
        return self.benches[key]

    def _set_up(self, curve: PublishedCurve, slot: str) -> Bench | None:
        people = self.slot_of_people
        return set_up(
            self.catalog,
            self.assembly,
            drug=curve.drug,
            regimens=(self.regimen(curve, 1.0),),
            outputs=(f"{slot}.plasma",),
            choices={people: SAMPLE} if people else {},
        )

    def regimen(self, curve: PublishedCurve, weight: float) -> Regimen:
        """The dose of a curve for a weight (kg)."""
        value = curve.dose.value * (weight if curve.by_weight else 1.0)
        return Regimen.from_text(f"{value!r} {curve.dose.unit.text} once by {self.route(curve)}")


def _predict(field: _Field, bench: Bench, curve: PublishedCurve, layer: Layer) -> FloatArray:
    """Levels of the subjects of a layer at the times of a curve, shape (subjects, points), base units."""
    slot = field.slot_of_people
    weight, age = curve.weight, curve.age
    if layer is Layer.BEST:
        weight = _USUAL_WEIGHT if weight is None else weight
        age = _USUAL_AGE if age is None else age
    known = {}
    if weight is not None and slot:
        known[f"{slot}.weight"] = parse_quantity(f"{weight!r} kg")
    if age is not None and slot:
        known[f"{slot}.age"] = parse_quantity(f"{age!r} year")
    subjects = recruit(bench, field.persons, layer, settings=known)
    standard = _USUAL_WEIGHT if weight is None else weight
    grid, back = np.unique(curve.times, return_inverse=True)
    courses, failed = perform(
        bench,
        subjects,
        field.regimen(curve, standard),
        grid,
        threads=field.threads,
        taken=_by_weight(curve, bench, subjects, slot, standard),
    )
    if failed:
        message = f'the prediction of "{curve.study}" failed in {failed} of {len(courses)} persons'
        raise StudyError(message, place=Place(FILE))
    return np.maximum(courses[:, back, 0], np.finfo(float).tiny)


def _by_weight(
    curve: PublishedCurve, bench: Bench, subjects: Subjects, slot: str, standard: float
) -> Taken | None:
    """Doses by the weight of each drawn person, as shares of the dose for the standard weight (kg)."""
    if not curve.by_weight or curve.weight is not None or len(subjects.person) == 1 or not slot:
        return None
    names = [parameter.name for parameter in bench.model.parameters]
    weights = subjects.parameters[:, names.index(f"{slot}.weight")]
    share = weights[:, None] / parse_quantity(f"{standard!r} kg").base
    return Taken(share=share, delay=np.zeros_like(share))


def _told(fits: Sequence[CurveFit], levels: Sequence[FloatArray | None]) -> tuple[CurveFit, ...]:
    """Add what is predicted when the intravenous curve of the same person is known.

    The drawn persons stay the same for all curves of a study, so each is weighted by how well it meets that curve, and
    the weighted median of the others' levels is the forecast.
    """
    known: dict[tuple[str, str, str], FloatArray] = {}
    for fit, drawn in zip(fits, levels, strict=True):
        if drawn is not None and fit.curve.route == "IV" and (key := _whose(fit.curve)):
            known[key] = person_weights(drawn, fit.curve.values)
    found = []
    for fit, drawn in zip(fits, levels, strict=True):
        weights = known.get(_whose(fit.curve) or ("", "", ""))
        if drawn is None or weights is None or fit.curve.route == "IV":
            found.append(fit)
            continue
        told = weighted_median(drawn, weights) / fit.curve.values
        found.append(replace(fit, told=tuple(told.tolist())))
    return tuple(found)


def _whose(curve: PublishedCurve) -> tuple[str, str, str] | None:
    note = curve.note
    return (curve.drug, curve.study, note.person) if note is not None and note.person else None


def person_weights(levels: FloatArray, seen: FloatArray) -> FloatArray:
    """How probable each of some drawn persons is, given the curve of one person.

    Parameters
    ----------
    levels
        Shape (persons, points): what each would show, positive.
    seen
        Shape (points,): what was seen, positive.

    Returns
    -------
    array of shape (persons,)
        They add up to 1. Misfits of the logarithm have Student's distribution.
    """
    misfit = (np.log(levels) - np.log(seen)) / MISFIT
    log_likelihood = -0.5 * (_FREEDOM + 1.0) * np.log1p(misfit**2 / _FREEDOM).sum(axis=1)
    weights = np.exp(log_likelihood - log_likelihood.max())
    return np.asarray(weights / weights.sum())


def weighted_median(levels: FloatArray, weights: FloatArray) -> FloatArray:
    """The level at each point below which half of the weight is; shapes (persons, points) and (persons,)."""
    order = np.argsort(levels, axis=0)
    summed = np.cumsum(weights[order], axis=0)
    place = np.argmax(summed >= 0.5 * summed[-1], axis=0)
    points = np.arange(levels.shape[1])
    return np.asarray(levels[order[place, points], points])


def read_curves(folder: Path, notes: Sequence[CurveNote]) -> tuple[PublishedCurve, ...]:
    """Read the table; curves without a point above detection are left out.

    Raises
    ------
    FileError
        If the table cannot be read.
    StudyError
        If a row does not read.
    """
    found = []
    for rows in _groups(folder / FILE):
        first = rows[0]
        times, values = _points(rows)
        if not len(times):
            continue
        drug, study, group = first["drug"].lower(), first["study"], first["group"]
        number, unit = first["dose"].split()
        found.append(
            PublishedCurve(
                drug=drug,
                study=study,
                group=group,
                kind=first["data_type"],
                route=first["route"],
                weight=_about(group, _WEIGHT),
                age=_about(group, _AGE),
                dose=parse_quantity(f"{number} {unit.removesuffix('/kg')}"),
                by_weight=unit.endswith("/kg"),
                times=times,
                values=values,
                note=note_of(notes, drug=drug, study=study, group=group),
            )
        )
    return tuple(found)


def _groups(path: Path) -> list[list[dict[str, str]]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        message = f"cannot read the curves: {error.strerror or type(error).__name__}"
        raise FileError(
            message, place=Place(str(path)), advice="give the folder that holds it"
        ) from error
    keys = ("drug", "study", "group", "route", "dose", "dose_times_h")
    groups: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for number, row in enumerate(rows):
        if any(row.get(key) is None for key in (*keys, "time", "value", "value_unit", "data_type")):
            message = "a row of the curves is not complete"
            raise StudyError(message, place=Place(str(path), number + 2, 1))
        groups.setdefault(tuple(row[key] for key in keys), []).append(row)
    return list(groups.values())


def _about(group: str, what: re.Pattern[str]) -> float | None:
    """A number that the name of a group tells of its people."""
    match = what.search(group)
    return None if match is None else float(match.group(1))


def _points(rows: Sequence[dict[str, str]]) -> tuple[FloatArray, FloatArray]:
    """Hours since the dose, and levels in base units."""
    begin = float(rows[0]["dose_times_h"])
    pairs = [(float(row["time"]) - begin, row) for row in rows]
    kept = [(time, row) for time, row in pairs if time > 0.0 and float(row["value"]) > 0.0]
    units = {
        row["value_unit"]: parse_quantity(f"1 {row['value_unit'].replace('l', 'L')}").base
        for row in rows
    }
    times = np.array([time for time, _ in kept])
    return times, np.array([float(row["value"]) * units[row["value_unit"]] for _, row in kept])
