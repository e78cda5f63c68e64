"""Exact amounts in linear compartments after any doses, from closed forms; knows nothing of raphe.

Amounts in mg, volumes in L, clearances in L/h, times in h. Every amount is a sum of exponentials. Their rates and
coefficients are found with 70 digits; a sum in which too many digits cancel is taken with 70 digits as well.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import mpmath
import numpy as np

Side = Literal["left", "before", "after"]
Exact = Any  # mpmath's numbers have no types

EXACT = mpmath.MPContext()  # our own, so that nobody else's precision changes
EXACT.dps = 70
NOTHING = EXACT.mpf("1e-55")  # of its terms; a smaller sum is what rounding left of zero
APART = EXACT.mpf("1e-20")  # relative; nearer rates are moved so far apart
SAME_TIME = 4.0 * 2.0**-52  # relative; what adding times in floating point may lose
ENOUGH = 2e-14  # relative error up to which a sum in floating point is good enough


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """A central compartment, up to any number of (flow, volume) beside it, and perhaps a depot before it."""

    clearance: float
    volume: float
    peripherals: tuple[tuple[float, float], ...] = ()
    absorption: float | None = None

    def __post_init__(self) -> None:
        """Refuse what has no steady state."""
        numbers = [self.clearance, self.volume, *(x for pair in self.peripherals for x in pair)]
        numbers += [] if self.absorption is None else [self.absorption]
        if not all(0.0 < number < math.inf for number in numbers):
            raise ValueError(f"every number of a system must be positive: {self}")

    @property
    def names(self) -> tuple[str, ...]:
        """States in order: depot (if any), central, peripheral1, peripheral2 ..."""
        depot = () if self.absorption is None else ("depot",)
        return (*depot, "central", *(f"peripheral{i + 1}" for i in range(len(self.peripherals))))

    def matrix(self) -> np.ndarray:
        """A of y' = A y, in floating point; for checks by other means, not used here."""
        size, central = len(self.names), self.names.index("central")
        rates = np.zeros((size, size))
        rates[central, central] = -self.clearance / self.volume
        for i, (flow, volume) in enumerate(self.peripherals, start=central + 1):
            rates[central, central] -= flow / self.volume
            rates[i, central] = flow / self.volume
            rates[i, i] = -flow / volume
            rates[central, i] = flow / volume
        if self.absorption is not None:
            rates[0, 0], rates[central, 0] = -self.absorption, self.absorption
        return rates


@dataclass(frozen=True, slots=True, kw_only=True)
class Dose:
    """One dosing record, with the meaning that NONMEM gives it.

    A bolus, unless a rate or a duration is given. The fraction shortens an infusion of given rate and thins one of
    given duration. `steady` 1 replaces all that was before the record by the steady state, 2 adds the steady state.
    A steady record without amount and interval stands for an endless infusion that stops at the record, whatever its
    lag and fraction.
    """

    time: float = 0.0
    amount: float = 0.0
    compartment: str = "central"
    rate: float = 0.0
    duration: float = 0.0
    lag: float = 0.0
    fraction: float = 1.0
    additional: int = 0
    interval: float = 0.0
    steady: Literal[0, 1, 2] = 0

    def __post_init__(self) -> None:
        """Refuse records without a meaning."""
        sizes = (self.amount, self.rate, self.duration, self.lag, self.fraction, self.interval)
        finite = all(map(math.isfinite, (self.time, *sizes)))
        if not finite or min(*sizes, self.additional) < 0.0 or self.steady not in {0, 1, 2}:
            raise ValueError(f"impossible dose: {self}")
        if self.rate and self.duration:
            raise ValueError(f"rate and duration at once: {self}")
        if self.additional and not self.interval:
            raise ValueError(f"additional doses without interval: {self}")
        if self.steady and not self.interval and not self.is_endless:
            raise ValueError(f"a steady state without interval: {self}")

    @property
    def is_endless(self) -> bool:
        """Whether this is a constant infusion to steady state."""
        return bool(self.steady and self.rate and not self.amount and not self.interval)


@dataclass(frozen=True, slots=True)
class _Modes:
    """Response of state j to one unit in state c: sum over i of shares[c][j][i] exp(-rates[i] t)."""

    rates: tuple[Exact, ...]
    shares: tuple[tuple[tuple[Exact, ...], ...], ...]


@dataclass(frozen=True, slots=True)
class _Train:
    """Equal inputs at last, last - period, ... (`count` of them, perhaps infinite), seen from `since` on."""

    into: int
    strength: Exact  # the amount of a bolus, or the rate of an infusion
    duration: Exact | None  # None for a bolus; infinite for an infusion that ends at `last`
    last: Exact
    period: Exact
    count: float
    since: Exact


@dataclass(frozen=True, slots=True)
class _Ages:
    """What a train has become at one time: ages of the infusions that run, and of the newest input that is over."""

    train: _Train
    running: tuple[Exact, ...]
    over: Exact | None
    count: float  # how many are over


def unit_bolus(
    system: System, into: str, times: Sequence[float], *, side: Side = "before"
) -> np.ndarray:
    """Amounts (times x states) after 1 mg into a compartment at time 0."""
    return amounts(system, [Dose(amount=1.0, compartment=into)], times, side=side)


def unit_infusion(system: System, into: str, duration: float, times: Sequence[float]) -> np.ndarray:
    """Amounts (times x states) during and after an infusion of 1 mg/h into a compartment from time 0."""
    one = Dose(amount=duration, compartment=into, duration=duration)
    return amounts(system, [one], times)


def concentrations(
    system: System, doses: Sequence[Dose], times: Sequence[float], *, side: Side = "before"
) -> np.ndarray:
    """Concentrations in the central compartment (mg/L)."""
    central = system.names.index("central")
    return amounts(system, doses, times, side=side)[:, central] / system.volume


def amounts(
    system: System, doses: Sequence[Dose], times: Sequence[float], *, side: Side = "before"
) -> np.ndarray:
    """Amounts (times x states; mg) after all doses.

    Parameters
    ----------
    system
        The compartments.
    doses
        In any order of time; of two at the same time, the one that is earlier here comes first.
    times
        In any order.
    side
        At the time of a record or an arrival: `before` has the steady states of this time and not its arrivals,
        `after` has both, `left` (the limit from the left) neither.
    """
    modes = _modes(system)
    rough = _rounded(system)
    order = sorted(doses, key=lambda dose: dose.time)
    trains = [list(_trains(dose, system)) for dose in order]
    restarts = [(i, EXACT.mpf(dose.time)) for i, dose in enumerate(order) if dose.steady == 1]
    found = np.zeros((len(times), len(system.names)))
    for row, time in enumerate(times):
        now = EXACT.mpf(float(time))
        first = max((i for i, record in restarts if _is_in_force(record, now, side)), default=0)
        ages = [_ages(train, now, side) for some in trains[first:] for train in some]
        met = [one for one in ages if one is not None]
        sums = _rough_sums(rough, met)
        found[row] = _exact_sums(modes, met) if sums is None else sums
    return found


def _trains(dose: Dose, system: System) -> Iterable[_Train]:
    """The steady state that a record asks for, and its own doses."""
    into = system.names.index(dose.compartment)
    time, lag, period = map(EXACT.mpf, (dose.time, dose.lag, dose.interval))
    rate, duration = map(EXACT.mpf, (dose.rate, dose.duration))
    amount = EXACT.mpf(dose.fraction) * EXACT.mpf(dose.amount)
    if dose.is_endless:
        yield _Train(into, rate, EXACT.inf, time, period, 1, time)
        return
    if rate:
        strength, length = rate, amount / rate
    elif duration:
        strength, length = amount / duration, duration
    else:
        strength, length = amount, None
    if dose.steady:
        yield _Train(into, strength, length, time - period + lag, period, math.inf, time)
    last = time + lag + dose.additional * period
    yield _Train(into, strength, length, last, period, dose.additional + 1, time)


def _is_in_force(record: Exact, now: Exact, side: Side) -> bool:
    """Whether a record has been met; one at this very time has been, but for the limit from the left."""
    tiny = SAME_TIME * max(abs(record), abs(now))
    return now > record + tiny if side == "left" else now >= record - tiny


def _ages(train: _Train, now: Exact, side: Side) -> _Ages | None:
    """Ages of the members of a train; None if nothing has come yet."""
    if not _is_in_force(train.since, now, side):
        return None
    age = now - train.last
    if train.duration == EXACT.inf:
        return _Ages(train, (), max(age, EXACT.zero), 1)
    count = train.count
    tiny = SAME_TIME * max(abs(now), abs(train.last))
    if train.period and age < -tiny:  # skip what is still to come
        skipped = min(int(EXACT.floor(-age / train.period)), count)
        age, count = age + skipped * train.period, count - skipped
    while count > 0 and (age < -tiny if side == "after" else age <= tiny):
        age, count = age + train.period, count - 1
    age = max(age, EXACT.zero)
    running = []
    while count > 0 and train.duration is not None and age < train.duration:
        running.append(age)
        age, count = age + train.period, count - 1
    if not running and count <= 0:
        return None
    return _Ages(train, tuple(running), age if count > 0 else None, count)


def _weight(rate: Any, ages: _Ages, tools: Any) -> Any:
    """What a train has left in one mode: an exponential or its integral for each input, all of them positive."""
    train, to = ages.train, tools.mpf if tools is EXACT else float
    strength, period = to(train.strength), to(train.period)
    running = [-tools.expm1(-rate * to(age)) / rate for age in ages.running]
    if ages.over is None:
        return strength * sum(running)
    one = to(1)
    if train.duration is None:
        left = tools.exp(-rate * to(ages.over))
    elif train.duration == EXACT.inf:
        left = tools.exp(-rate * to(ages.over)) / rate
    else:
        after = to(ages.over - train.duration)
        left = tools.exp(-rate * after) * -tools.expm1(-rate * to(train.duration)) / rate
    if ages.count > 1:
        top = one if ages.count == math.inf else -tools.expm1(-rate * int(ages.count) * period)
        left *= top / -tools.expm1(-rate * period)
    return strength * (sum(running) + left)


def _exact_sums(modes: _Modes, met: Sequence[_Ages]) -> list[float]:
    """Amounts in all states, with all digits."""
    terms: list[list[Exact]] = [[] for _ in modes.rates]
    for ages in met:
        weights = [_weight(rate, ages, EXACT) for rate in modes.rates]
        for state, shares in enumerate(modes.shares[ages.train.into]):
            terms[state] += [share * w for share, w in zip(shares, weights, strict=True)]
    sums = [(EXACT.fsum(some), EXACT.fsum(some, absolute=True)) for some in terms]
    return [float(total) if abs(total) > NOTHING * size else 0.0 for total, size in sums]


def _rough_sums(modes: _Modes, met: Sequence[_Ages]) -> list[float] | None:
    """Amounts in all states in floating point; None where they could be wrong by more than ENOUGH."""
    terms: list[list[float]] = [[] for _ in modes.rates]
    doubts = [0.0] * len(modes.rates)
    for ages in met:
        age = 0.0 if ages.over is None else float(ages.over)
        for i, rate in enumerate(modes.rates):
            weight = _weight(rate, ages, math)
            doubt = (8.0 + 2.0 * rate * age) * 2.0**-53
            for state, shares in enumerate(modes.shares[ages.train.into]):
                term = shares[i] * weight
                terms[state].append(term)
                doubts[state] += abs(term) * doubt
    sums = [math.fsum(some) for some in terms]
    good = all(doubt <= ENOUGH * abs(total) for doubt, total in zip(doubts, sums, strict=True))
    return sums if good else None


@lru_cache(maxsize=1024)
def _modes(system: System) -> _Modes:
    """Rates and coefficients with all digits.

    Amounts divided by the roots of the volumes obey a symmetric matrix, so the rates without the depot are real and
    distinct and nothing cancels. The depot adds its own rate. Should that equal another, it is moved by APART, which
    changes a result by as little and leaves 50 digits.
    """
    volumes = [EXACT.mpf(float(v)) for v in (system.volume, *(v for _, v in system.peripherals))]
    size = len(volumes)
    flows = EXACT.zeros(size)
    flows[0, 0] = EXACT.mpf(float(system.clearance)) / volumes[0]
    for i, (flow, _) in enumerate(system.peripherals, start=1):
        exchange = EXACT.mpf(float(flow))
        flows[0, 0] += exchange / volumes[0]
        flows[i, i] = exchange / volumes[i]
        flows[0, i] = flows[i, 0] = -exchange / EXACT.sqrt(volumes[0] * volumes[i])
    values, vectors = EXACT.eigsy(flows)
    rates = [values[i] for i in range(size)]
    shares = [
        [
            [
                EXACT.sqrt(volumes[j] / volumes[c]) * vectors[j, i] * vectors[c, i]
                for i in range(size)
            ]
            for j in range(size)
        ]
        for c in range(size)
    ]
    if system.absorption is not None:
        rates, shares = _with_depot(EXACT.mpf(float(system.absorption)), rates, shares)
    return _Modes(tuple(rates), tuple(tuple(tuple(row) for row in table) for table in shares))


def _with_depot(
    absorption: Exact, rates: list[Exact], shares: list[list[list[Exact]]]
) -> tuple[list[Exact], list[list[list[Exact]]]]:
    """The same with a depot as first state and its rate as first mode."""
    for rate in rates:
        if abs(absorption - rate) < APART * rate:
            absorption = rate * (1 + APART)
    fed = [
        [absorption * share / (absorption - rate) for share, rate in zip(row, rates, strict=True)]
        for row in shares[0]
    ]
    nothing = [EXACT.zero] * len(rates)
    depot = [[EXACT.one, *nothing], *([-EXACT.fsum(row), *row] for row in fed)]
    others = [[[EXACT.zero, *row] for row in [nothing, *table]] for table in shares]
    return [absorption, *rates], [depot, *others]


@lru_cache(maxsize=1024)
def _rounded(system: System) -> _Modes:
    """Rates and coefficients in floating point."""
    modes = _modes(system)
    return _Modes(
        tuple(map(float, modes.rates)),
        tuple(tuple(tuple(map(float, row)) for row in table) for table in modes.shares),
    )
