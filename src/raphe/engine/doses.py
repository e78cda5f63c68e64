"""A dose or series -> arrivals, infusions and the periods of a steady state. Knows nothing of order or kernels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from raphe.core.draws import FloatArray
from raphe.core.errors import DoseError, UnknownNameError, nearest
from raphe.core.units import GRAM_PER_MOLE
from raphe.dosing.regimen import Dose, Entry, Steady
from raphe.engine.program import Program, RouteIndex
from raphe.engine.schedule import FIRST, Column, Flow, Number, Schedule, setting_slope, where
from raphe.engine.status import Action

_CONSTANT_PERIOD = 24.0  # h; how often a constant infusion is asked whether it is steady
_MAX_OVERLAP = 1000  # doses of one series that may be under way at the same time
_OWN_DOSE = 100  # position of a dose behind the periods of its own steady state


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """What holds for all subjects from a time on: settings (subjects, settings) and parameters, in base units."""

    settings: FloatArray
    parameters: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What each subject makes of the doses: share taken, and delay (h); both of shape (subjects, doses)."""

    share: FloatArray
    delay: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """What changes in the subjects at a border between occasions.

    Parameters
    ----------
    time
        When it is due (h).
    doses
        Places of the doses that begin it: it begins with the first that a subject takes, and not at all for one who
        takes none. Without doses it begins at its time.
    index
        Parameters that change.
    values
        Shape (subjects, parameters that change), base units.
    """

    time: float
    doses: tuple[int, ...]
    index: tuple[int, ...]
    values: FloatArray

    def begins(self, taken: Taken | None) -> FloatArray:
        """When it begins for each subject (h); infinite if it does not. Shape (subjects,)."""
        subjects = len(self.values)
        if taken is None or not self.doses:
            return np.full(subjects, self.time)
        doses = list(self.doses)
        begins = np.where(taken.share[:, doses] > 0.0, self.time + taken.delay[:, doses], np.inf)
        return np.asarray(begins.min(axis=1))


@dataclass(frozen=True, slots=True)
class _Varying:
    """A number of each subject, and its derivatives by the chosen parameters (subjects, chosen)."""

    value: Number
    slope: Number = 0.0

    def times(self, other: _Varying) -> _Varying:
        """Product."""
        slope = _outer(other.value, self.slope) + _outer(self.value, other.slope)
        return _Varying(self.value * other.value, slope)

    def over(self, other: _Varying) -> _Varying:
        """Quotient."""
        value = self.value / other.value
        slope = self.slope - _outer(value, other.slope)
        return _Varying(value, _outer(1.0 / other.value, slope))


def _outer(value: Number, slope: Number) -> Number:
    """Slopes of each subject times its value."""
    if np.ndim(slope) == 0:  # nothing depends on a chosen parameter
        return slope
    return np.reshape(value, (-1, 1)) * slope


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """How a dose is given to each subject: at once if the duration is None; rate in base units per h."""

    lag: _Varying
    amount: _Varying
    duration: _Varying | None
    rate: _Varying


def add_dose(
    schedule: Schedule,
    program: Program,
    dose: Dose,
    *,
    order: int,
    route: str | None,
    epoch: Epoch,
    epoch_at: Callable[[float], Epoch],
    taken: Taken | None = None,
) -> None:
    """Add the edges of a dose, or of all doses of a series.

    Parameters
    ----------
    schedule
        Grows.
    program
        Gives the routes.
    dose
        What is given.
    order
        Which record it is.
    route
        For a dose that names none.
    epoch
        What holds at the record.
    epoch_at
        What holds just before a time: for the doses of a series after the first.
    taken
        What subjects make of single doses; the column is `order`.

    Raises
    ------
    UnknownNameError
        If there is no such route.
    DoseError
        If the dose does not fit the route or the model. The message names the rule.
    """
    chosen = _route(program, dose, route)
    given = _given(schedule, program, chosen, dose, epoch)
    if taken is not None:
        share = _Varying(taken.share[:, order])
        delay = _Varying(given.lag.value + taken.delay[:, order], given.lag.slope)
        given = replace(
            given,
            lag=delay,
            amount=given.amount.times(share),
            rate=given.rate.times(share),
        )
    if dose.steady is not Steady.NO:
        _steady(schedule, program, chosen, dose, given, order)
    if dose.amount.base == 0.0:
        return
    for number in range(dose.additional + 1):
        when = dose.time + number * dose.interval
        if number > 0 and (later := epoch_at(when)) is not epoch:
            epoch = later
            given = _given(schedule, program, chosen, dose, epoch)
        rank = (
            np.where(np.equal(given.lag.value, 0.0), float(order), FIRST) if number == 0 else FIRST
        )
        _enter(schedule, chosen, given, np.add(when, given.lag.value), rank)


def _route(program: Program, dose: Dose, route: str | None) -> RouteIndex:
    name, names = dose.route or route, program.layout.routes
    if name not in names:
        raise UnknownNameError(f'no route is called "{name}"', advice=nearest(str(name), names))
    return program.routes[names.index(name)]


def _given(
    schedule: Schedule, program: Program, route: RouteIndex, dose: Dose, epoch: Epoch
) -> _Given:
    def setting(index: int, otherwise: float, *, zero: bool = True) -> _Varying:
        value = otherwise if index < 0 else epoch.settings[:, index]
        slope = setting_slope(program, epoch.settings, index)
        return _Varying(schedule.possible(value, zero=zero), slope)

    size = _size(program, route, dose, epoch.parameters)
    amount = size.times(_Varying(dose.amount.base)).times(setting(route.fraction, 1.0))
    duration: _Varying | None = None
    rate = _Varying(0.0)
    match _entry(program, route, dose):
        case Entry.RATE if dose.rate is not None:
            rate = size.times(_Varying(dose.rate.base))
            duration = amount.over(rate)
        case Entry.DURATION if dose.duration is not None:
            duration = _Varying(dose.duration)
            rate = amount.over(duration)
        case Entry.MODELED_DURATION:
            duration = setting(route.duration, 1.0, zero=False)
            rate = amount.over(duration)
        case Entry.MODELED_RATE:
            rate = setting(route.rate, 1.0, zero=False)
            duration = amount.over(rate)
    return _Given(lag=setting(route.lag, 0.0), amount=amount, duration=duration, rate=rate)


def _entry(program: Program, route: RouteIndex, dose: Dose) -> Entry:
    """How a dose enters; refused if the route does not model what the dose asks for."""
    if dose.entry is Entry.ROUTE:
        if route.duration >= 0:
            return Entry.MODELED_DURATION
        return Entry.MODELED_RATE if route.rate >= 0 else Entry.AT_ONCE
    modeled = {Entry.MODELED_DURATION: route.duration, Entry.MODELED_RATE: route.rate}
    if modeled.get(dose.entry, 0) < 0:
        name = program.layout.routes[program.routes.index(route)]
        word = "duration" if dose.entry is Entry.MODELED_DURATION else "rate"
        message = f'a dose at {dose.time!r} h asks for the {word} that "{name}" models, but it models none'
        raise DoseError(f"{message} (rule ENTRY-MODELED)", advice=f"give the route a {word}")
    return dose.entry


def _size(program: Program, route: RouteIndex, dose: Dose, parameters: FloatArray) -> _Varying:
    """What an amount in base units is multiplied by: mass and substance go through the molar mass."""
    unit, amount = program.layout.state_units[route.state], dose.amount.unit
    if amount.same_dimension(unit):
        return _Varying(1.0)
    if route.molar_mass >= 0:
        mass_per_substance = _Varying(parameters[:, route.molar_mass])
        if program.slopes is not None and route.molar_mass in program.slopes.parameters:
            slope = np.zeros((len(parameters), program.slopes.count))
            slope[:, program.slopes.parameters.index(route.molar_mass)] = 1.0
            mass_per_substance = _Varying(mass_per_substance.value, slope)
        pairs = list(zip(unit.dimension, GRAM_PER_MOLE.dimension, strict=True))
        if amount.dimension == tuple(a + b for a, b in pairs):
            return _Varying(1.0).over(mass_per_substance)
        if amount.dimension == tuple(a - b for a, b in pairs):
            return mass_per_substance
    name = program.layout.states[route.state]
    message = f'a dose of {dose.amount} cannot be added to "{name}", which is in {unit}'
    raise DoseError(f"{message} (rule AMT-UNIT)", advice=f"give the dose in {unit}")


def _enter(
    schedule: Schedule,
    route: RouteIndex,
    given: _Given,
    when: Number,
    rank: Number,
    *,
    since: float = -np.inf,
) -> None:
    """Add one dose that arrives at a time; only what is left of it from `since` on."""
    if given.duration is None:
        column = Column(
            time=when,
            place=when,
            rank=rank,
            position=_OWN_DOSE,
            action=Action.ADD_STATE,
            index=route.state,
            value=given.amount.value,
            present=np.greater_equal(when, since),
            time_slope=given.lag.slope,
            value_slope=given.amount.slope,
        )
        schedule.arrive(column)
        return
    stop = np.add(when, given.duration.value)
    flow = Flow(
        input=route.input,
        start=np.maximum(when, since),
        stop=stop,
        rate=given.rate.value,
        present=np.greater(stop, since),
        start_slope=where(np.greater(when, since), given.lag.slope, 0.0),
        stop_slope=given.lag.slope + given.duration.slope,
        rate_slope=given.rate.slope,
    )
    schedule.flows.append(flow)


def _steady(
    schedule: Schedule,
    program: Program,
    route: RouteIndex,
    dose: Dose,
    given: _Given,
    order: int,
) -> None:
    """Periods until the states do not change, as if the dose had been given at this interval for ever."""
    _check_steady(program, dose)
    if dose.steady is Steady.REPLACE:
        schedule.wipe(dose.time)
    period = dose.interval or _CONSTANT_PERIOD
    edges = _period_edges(route, dose, given, period)
    before = _Edge(Action.BEGIN_PERIODS, 0, _Varying(period), _Varying(dose.time))
    after = _Edge(Action.REPEAT, len(edges), _Varying(period), _Varying(dose.time))
    edges = [before, *edges, after]
    if dose.steady is Steady.ADD:
        edges.append(_Edge(Action.ADD_HELD, 0, _Varying(0.0), _Varying(dose.time)))
    for position, edge in enumerate(edges):
        column = Column(
            time=edge.time.value,
            place=dose.time,
            rank=float(order),
            position=position,
            action=edge.action,
            index=edge.index,
            value=edge.amount.value,
            time_slope=edge.time.slope,
            value_slope=edge.amount.slope,
        )
        schedule.put(column)
    schedule.renewals.append(dose.time)
    if dose.amount.base > 0.0:
        _earlier_doses(schedule, route, dose, given, order)


def _check_steady(program: Program, dose: Dose) -> None:
    where = f"a dose at {dose.time!r} h is at steady state"
    if not program.repeats:
        message = f"{where}, but the model has events or knows the time (rule SS-MODEL)"
        raise DoseError(message, advice="give the doses before it one by one")
    if dose.steady is Steady.ADD and not program.superposes:
        message = f"{where} that is added, but in this model the effects of doses do not add up"
        advice = "let the steady state replace what was there, or give the doses before it"
        raise DoseError(f"{message} (rule SS-ADD)", advice=advice)


@dataclass(frozen=True, slots=True)
class _Edge:
    """An edge of a period."""

    action: Action
    index: int
    amount: _Varying
    time: _Varying


def _period_edges(route: RouteIndex, dose: Dose, given: _Given, period: float) -> list[_Edge]:
    """Edges of the period before a dose at steady state."""
    begin = dose.time - period
    if dose.amount.base == 0.0:
        return [_Edge(Action.SET_INPUT, route.input, given.rate, _Varying(begin))]
    phase = np.mod(given.lag.value, period)
    if given.duration is None:
        when = _Varying(begin + phase, given.lag.slope)
        return [_Edge(Action.ADD_STATE, route.state, given.amount, when)]
    end = np.mod(phase + given.duration.value, period)
    end_slope = given.lag.slope + given.duration.slope
    first, second = np.minimum(phase, end), np.maximum(phase, end)
    early = np.less_equal(phase, end)
    slopes = (
        0.0,
        where(early, given.lag.slope, end_slope),
        where(early, end_slope, given.lag.slope),
    )
    edges = []
    for start, stop, slope in zip(
        (0.0, first, second), (first, second, period), slopes, strict=True
    ):
        middle = np.multiply(0.5, np.add(start, stop))
        flowing = np.floor((middle - phase) / period)
        flowing = flowing - np.floor((middle - phase - given.duration.value) / period)
        rate, when = _Varying(flowing).times(given.rate), _Varying(np.add(begin, start), slope)
        edges.append(_Edge(Action.SET_INPUT, route.input, rate, when))
    return edges


def _earlier_doses(
    schedule: Schedule, route: RouteIndex, dose: Dose, given: _Given, order: int
) -> None:
    """Doses before one at steady state that have not arrived yet, or still flow."""
    duration = 0.0 if given.duration is None else given.duration.value
    reach = np.add(given.lag.value, duration) / dose.interval
    schedule.impossible = np.logical_or(schedule.impossible, reach > _MAX_OVERLAP)
    whole, phase = np.divmod(given.lag.value, dose.interval)
    most = int(np.max(np.floor(np.minimum(reach, _MAX_OVERLAP))))
    for number in range(1, most + 2):
        when = dose.time + phase + (whole - number) * dose.interval
        rank = np.where(np.equal(when, dose.time), float(order), FIRST)
        _enter(schedule, route, given, when, rank, since=dose.time)
