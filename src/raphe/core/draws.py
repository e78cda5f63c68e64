"""Distributions as records, and random numbers that depend on their key alone.

A number is drawn from the key (seed, stage, name, subject, replicate), never from a running stream: the same person
gets the same numbers whatever the order, the chunk or the number of workers. Knows nothing of models.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


class Stage(StrEnum):
    """What a random number is for; part of its key, so that the two never share numbers."""

    PEOPLE = "people"  # differences between persons
    UNCERTAINTY = "uncertainty"  # what we do not know of the population value
    BEHAVIOR = "behavior"  # what persons make of a prescription
    OCCASIONS = "occasions"  # differences between the occasions of one person
    DESIGN = "design"  # where a sensitivity analysis looks


@dataclass(frozen=True, slots=True)
class Normal:
    """Normal about the value; `sd` in the unit of the parameter."""

    sd: float


@dataclass(frozen=True, slots=True)
class LogNormal:
    """Log-normal with the value as median; `cv` is the coefficient of variation as a fraction."""

    cv: float

    @property
    def log_sd(self) -> float:
        """Standard deviation of the logarithm: sqrt(ln(1 + cv^2))."""
        return math.sqrt(math.log1p(self.cv * self.cv))


@dataclass(frozen=True, slots=True)
class Uniform:
    """Uniform from `low` to `high`, in the unit of the parameter."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class LogUniform:
    """Uniform on the logarithmic scale from `low` to `high`, in the unit of the parameter."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Bernoulli:
    """One with `probability`, else zero."""

    probability: float


Continuous = Normal | LogNormal | Uniform | LogUniform
Distribution = Continuous | Bernoulli


def describe(distribution: Distribution, unit: str) -> str:
    """Words for a distribution, as the model language writes them."""
    suffix = "" if unit == "dimensionless" else f" {unit}"
    match distribution:
        case Normal(sd):
            return f"normal sd {sd!r}{suffix}"
        case LogNormal(cv):
            return f"lognormal cv {100 * cv:.6g} %"
        case Uniform(low, high):
            return f"uniform {low!r} to {high!r}{suffix}"
        case LogUniform(low, high):
            return f"loguniform {low!r} to {high!r}{suffix}"
        case Bernoulli(probability):
            return f"bernoulli {100 * probability:.6g} %"


_STANDARD = NormalDist()
_FAR_OUT = 6.22e-16  # of a standard normal number beyond 8
_NINETY = 1.6448536269514722  # 95th percentile of the standard normal


def edges(distribution: Distribution, center: float) -> tuple[float, float]:
    """The 5th and the 95th percentile of a distribution about `center`.

    Parameters
    ----------
    distribution
        Its numbers in the unit of `center`.
    center
        The value that it lies about (not used by uniform ones).

    Returns
    -------
    tuple of two floats

    Examples
    --------
    >>> edges(Uniform(0.0, 10.0), 3.0)
    (0.5, 9.5)
    """
    match distribution:
        case Normal(sd):
            return center - _NINETY * sd, center + _NINETY * sd
        case LogNormal():
            factor = math.exp(_NINETY * distribution.log_sd)
            return center / factor, center * factor
        case Uniform(low, high):
            return low + 0.05 * (high - low), high - 0.05 * (high - low)
        case LogUniform(low, high):
            return low * (high / low) ** 0.05, low * (high / low) ** 0.95
        case Bernoulli():
            return 0.0, 1.0


def uniforms(*, seed: int, stage: Stage, name: str, replicate: int, subjects: range) -> FloatArray:
    """Two uniform numbers in (0, 1) for every subject, from the key alone.

    Parameters
    ----------
    seed, stage, name, replicate
        With the subject's number, the key.
    subjects
        A contiguous range of subject numbers.

    Returns
    -------
    array of shape (subjects, 2)

    Notes
    -----
    Philox is counter-based (Salmon 2011, doi 10.1145/2063384.2063405): one counter value is one subject, so that a
    subject's numbers can be had without drawing those of the others.
    """
    digest = hashlib.sha256(f"{seed}\0{stage.value}\0{name}\0{replicate}".encode()).digest()
    key = np.frombuffer(digest[:16], dtype="<u8")
    generator = np.random.Philox(key=key, counter=[subjects.start, 0, 0, 0])
    words = generator.random_raw(4 * len(subjects)).reshape(len(subjects), 4)[:, :2]
    return np.asarray(((words >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53)


def generator(*, seed: int, stage: Stage, name: str) -> np.random.Generator:
    """A stream of random numbers of its own for each key, for designs and resampling.

    Parameters
    ----------
    seed, stage, name
        The key.

    Returns
    -------
    numpy.random.Generator

    Examples
    --------
    >>> first, again = (generator(seed=1, stage=Stage.DESIGN, name="x") for _ in range(2))
    >>> bool(first.random() == again.random())
    True
    """
    digest = hashlib.sha256(f"{seed}\0{stage.value}\0{name}".encode()).digest()
    sequence = np.random.SeedSequence(int.from_bytes(digest[:16], "little"))
    return np.random.Generator(np.random.Philox(sequence))


def sample(distribution: Distribution, center: FloatArray, pair: FloatArray) -> FloatArray:
    """Values of a parameter about `center`, one for each pair of uniform numbers.

    Parameters
    ----------
    distribution
        Its numbers in the unit of `center`.
    center
        Shape (subjects,): the value that the distribution lies about (not used by uniform ones).
    pair
        Shape (subjects, 2), from `uniforms`.

    Returns
    -------
    array of shape (subjects,)
    """
    if isinstance(distribution, Normal | LogNormal):
        return sample_at(distribution, center, normals(pair))
    return _spread_evenly(distribution, pair[:, 0])


def sample_at(distribution: Continuous, center: FloatArray, normal: FloatArray) -> FloatArray:
    """Values of a parameter about `center`, each where a standard normal number lies in its own distribution.

    Parameters
    ----------
    distribution
        Its numbers in the unit of `center`.
    center, normal
        Shape (subjects,).

    Returns
    -------
    array of shape (subjects,)
    """
    match distribution:
        case Normal(sd):
            return center + sd * normal
        case LogNormal():
            return center * np.exp(distribution.log_sd * normal)
    below = [0.5 * math.erfc(-one / math.sqrt(2.0)) for one in normal.tolist()]
    return _spread_evenly(distribution, np.array(below, dtype=np.float64))


def normal_at(distribution: Continuous, center: FloatArray, value: FloatArray) -> FloatArray:
    """The standard normal number that lies where a value lies in its distribution; undoes `sample_at`.

    Values at or beyond the bounds of a uniform distribution count as those 8 standard deviations out.

    Returns
    -------
    array of shape (subjects,)
    """
    match distribution:
        case Normal(sd):
            return np.asarray((value - center) / sd)
        case LogNormal():
            return np.asarray(np.log(value / center) / distribution.log_sd)
    low, high = distribution.low, distribution.high
    share = (value - low) / (high - low)
    if isinstance(distribution, LogUniform):
        share = np.log(value / low) / math.log(high / low)
    inside = np.clip(share, _FAR_OUT, 1.0 - _FAR_OUT).tolist()
    return np.array([_STANDARD.inv_cdf(one) for one in inside], dtype=np.float64)


def _spread_evenly(distribution: Uniform | LogUniform | Bernoulli, share: FloatArray) -> FloatArray:
    """Values at shares, 0 to 1, of distributions that need no normal number."""
    match distribution:
        case Uniform(low, high):
            return low + (high - low) * share
        case LogUniform(low, high):
            return low * np.exp(math.log(high / low) * share)
        case Bernoulli(probability):
            return (share < probability).astype(np.float64)


def normals(pair: FloatArray) -> FloatArray:
    """Standard normal numbers by Box and Muller (1958, doi 10.1214/aoms/1177706645)."""
    radius = np.sqrt(-2.0 * np.log(pair[:, 0]))
    return np.asarray(radius * np.cos(2.0 * math.pi * pair[:, 1]))
