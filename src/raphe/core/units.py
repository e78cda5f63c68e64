"""Units and quantities: text -> dimension and factor. The only file that imports pint; knows nothing of models.

Base units inside raphe: hour, milligram, decimeter (so a liter is 1), nanomole, kelvin, ampere, candela. They keep the
numbers of a drug model near 1. Factors are worked out with rational numbers, so that `mg`, `L`, `h` and `d` are exact.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from fractions import Fraction

import pint

from raphe.core.errors import Place, UnitError

DIMENSIONS = ("time", "mass", "length", "substance", "temperature", "current", "luminosity")
_SI_TO_BASE = {  # how many base units one SI unit is
    "time": Fraction(1, 3600),
    "mass": Fraction(10**6),
    "length": Fraction(10),
    "substance": Fraction(10**9),
    "temperature": Fraction(1),
    "current": Fraction(1),
    "luminosity": Fraction(1),
}
_TERM = re.compile(r"\s*(?P<operator>[*/])?\s*(?P<name>[A-Za-zµμ]+|%|1)(?:\^(?P<power>-?\d{1,2}))?")
_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)\s*(.*?)\s*\Z", re.DOTALL)
_MAX_LENGTH = 64
_MAX_POWER = 12


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: its text, its dimension, and its size in base units.

    Parameters
    ----------
    text
        As written.
    dimension
        Exponents in the order of `DIMENSIONS`.
    factor
        How many base units one of this unit is.
    """

    text: str
    dimension: tuple[Fraction, ...]
    factor: float

    def __str__(self) -> str:
        return self.text

    def same_dimension(self, other: Unit) -> bool:
        """Say whether values of the two units can be added."""
        return self.dimension == other.dimension


NONE = (Fraction(0),) * len(DIMENSIONS)
DIMENSIONLESS = Unit("dimensionless", NONE, 1.0)


def _unit(text: str, factor: float, **exponents: int) -> Unit:
    return Unit(text, tuple(Fraction(exponents.get(name, 0)) for name in DIMENSIONS), factor)


# Units that code needs by name, written out so that importing them asks nothing of pint.
HOUR = _unit("h", 1.0, time=1)
LITER = _unit("L", 1.0, length=3)
MILLIGRAM = _unit("mg", 1.0, mass=1)
NANOMOLE = _unit("nmol", 1.0, substance=1)
PERCENT = _unit("%", 0.01)
GRAM_PER_MOLE = _unit("g/mol", 1e-6, mass=1, substance=-1)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number and its unit.

    Examples
    --------
    >>> parse_quantity("0.5 d").base
    12.0
    """

    value: float
    unit: Unit

    @property
    def base(self) -> float:
        """The value in base units."""
        return self.value * self.unit.factor

    def __str__(self) -> str:
        return f"{self.value!r} {self.unit.text}"


def dimension_text(dimension: tuple[Fraction, ...]) -> str:
    """Words for a dimension, such as `mass/length^3`."""
    above = [_power(n, e) for n, e in zip(DIMENSIONS, dimension, strict=True) if e > 0]
    below = [_power(n, -e) for n, e in zip(DIMENSIONS, dimension, strict=True) if e < 0]
    if not above and not below:
        return "dimensionless"
    return "/".join(["*".join(above) or "1", *below])


def _power(name: str, exponent: Fraction) -> str:
    return name if exponent == 1 else f"{name}^{exponent}"


@functools.cache
def _registry() -> pint.UnitRegistry[Fraction]:
    return pint.UnitRegistry(non_int_type=Fraction, cache_folder=None)


@functools.cache
def _named(name: str) -> tuple[tuple[Fraction, ...], Fraction]:
    """Dimension and exact size in base units of one unit name. Raises KeyError if pint has no such unit."""
    if name == "%":
        return NONE, Fraction(1, 100)
    if name in ("dimensionless", "1"):
        return NONE, Fraction(1)
    registry = _registry()
    try:
        quantity = registry.Quantity(Fraction(1), registry.Unit(name)).to_base_units()
        origin = registry.Quantity(Fraction(0), registry.Unit(name)).to_base_units()
    except Exception as error:
        raise KeyError(name) from error
    exponents = {
        key.strip("[]"): Fraction(str(power)) for key, power in quantity.dimensionality.items()
    }
    if not set(exponents) <= set(DIMENSIONS) or origin.magnitude != 0:  # degrees with an offset
        raise KeyError(name)
    dimension = tuple(exponents.get(key, Fraction(0)) for key in DIMENSIONS)
    size = Fraction(str(quantity.magnitude))
    for key, exponent in exponents.items():
        size *= _SI_TO_BASE[key] ** int(exponent)
    return dimension, size


@functools.lru_cache(maxsize=4096)
def _parse(text: str) -> Unit | str:
    """A unit, or the reason why the text is none."""
    if len(text) > _MAX_LENGTH:
        return f"a unit has at most {_MAX_LENGTH} characters"
    position, size, dimension = 0, Fraction(1), list(NONE)
    while position < len(text):
        match = _TERM.match(text, position)
        if match is None or (match["operator"] is None) != (position == 0):
            return "write names joined by * or /, with whole powers, such as mg/L or L/h/kg"
        power = int(match["power"] or 1)
        if abs(power) > _MAX_POWER:
            return f"powers go up to {_MAX_POWER}"
        try:
            term, factor = _named(match["name"])
        except KeyError:
            return f'no unit is called "{match["name"]}"'
        sign = -power if match["operator"] == "/" else power
        size *= factor**sign
        dimension = [a + sign * b for a, b in zip(dimension, term, strict=True)]
        position = match.end()
    if position == 0 or text[position:].strip():
        return "a unit is missing"
    return Unit(text, tuple(dimension), float(size))


def parse_unit(text: str, place: Place | None = None) -> Unit:
    """Read a unit such as `mg/L`, `1/h` or `dimensionless`.

    Parameters
    ----------
    text
        Names joined by `*` and `/`, with whole powers written `^2`.
    place
        Where the text stands, for the error.

    Returns
    -------
    Unit

    Raises
    ------
    UnitError
        If the text is not a unit.
    """
    unit = _parse(text.strip())
    if isinstance(unit, str):
        raise UnitError(f'"{text[:_MAX_LENGTH]}" is not a unit', place=place, advice=unit)
    return unit


def parse_quantity(text: str, place: Place | None = None) -> Quantity:
    """Read a number with its unit, such as `0.5 mg` or `12 h`.

    Parameters
    ----------
    text
        A decimal number, then a unit; `dimensionless` is written out.
    place
        Where the text stands, for the error.

    Returns
    -------
    Quantity

    Raises
    ------
    UnitError
        If the number or the unit does not read, or the unit is missing.
    """
    match = _NUMBER.match(text)
    if match is None:
        advice = 'write a number and a unit, such as "0.5 mg"'
        raise UnitError(f'"{text[:_MAX_LENGTH]}" is not a quantity', place=place, advice=advice)
    if not match[2]:
        advice = 'write one, such as "0.5 mg", or "dimensionless"'
        raise UnitError(f'"{text.strip()}" has no unit', place=place, advice=advice)
    return Quantity(float(match[1]), parse_unit(match[2], place))
