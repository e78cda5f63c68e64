"""Doses and regimens, and the prescription text they are read from. Knows nothing of models or people."""

from __future__ import annotations

import re
from dataclasses import dataclass

from raphe.core.errors import DoseError, InputError, Place
from raphe.core.units import HOUR, Quantity, parse_quantity

_MAX_DOSES = 100_000
_NONE = re.compile(r"(no drug|nothing|none)\Z", re.IGNORECASE)
_ONCE = re.compile(r"(?P<amount>.+?)\s+once(?:\s+at\s+(?P<start>.+))?\Z", re.IGNORECASE)
_REPEATED = re.compile(
    r"(?P<amount>.+?)\s+every\s+(?P<interval>.+?)\s+for\s+(?P<duration>.+)\Z", re.IGNORECASE
)
_FORMS = 'write "2 mg once", "0.5 mg every 8 h for 7 d", parts joined by ", then", or "no drug"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Dose:
    """An amount at a time (h after the start)."""

    time: float
    amount: Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Regimen:
    """Doses in order of time, and the text they were read from."""

    text: str
    doses: tuple[Dose, ...]

    @classmethod
    def from_text(cls, text: str, place: Place | None = None) -> Regimen:
        """Read a prescription.

        Parameters
        ----------
        text
            `2 mg once`, `0.5 mg every 8 h for 7 d`, such parts joined by `, then`, or `no drug`.
        place
            Where the text stands, for the error.

        Returns
        -------
        Regimen

        Raises
        ------
        DoseError
            If the text does not read, or an amount or a time is impossible.
        UnitError
            If a quantity does not read.

        Examples
        --------
        >>> len(Regimen.from_text("0.5 mg every 8 h for 7 d").doses)
        21
        """
        clean = " ".join(text.split())
        if _NONE.match(clean):
            return cls(text=clean, doses=())
        doses: list[Dose] = []
        begin = 0.0
        for part in re.split(r",\s*then\s+", clean, flags=re.IGNORECASE):
            new, begin = _read_part(part, begin, place)
            doses += new
        return cls(text=clean, doses=tuple(doses))

    @property
    def last_dose(self) -> float:
        """Time of the last dose (h); 0 without doses."""
        return max((dose.time for dose in self.doses), default=0.0)


def _read_part(part: str, begin: float, place: Place | None) -> tuple[list[Dose], float]:
    """Doses of one part that begins at `begin`, and the time at which the next part begins."""
    match = _REPEATED.match(part)
    if match is not None:
        amount = _positive(match["amount"], "a dose", place)
        interval = _time(match["interval"], "an interval", place)
        duration = _time(match["duration"], "a duration", place)
        count = duration / interval
        if count > _MAX_DOSES:
            raise DoseError(f'"{part}" has more than {_MAX_DOSES} doses', place=place)
        whole = round(count)
        if whole < 1 or abs(count - whole) > 1e-9 * count:
            message = f'"{part}" does not hold a whole number of intervals'
            raise DoseError(
                message, place=place, advice="make the duration a multiple of the interval"
            )
        return [
            Dose(time=begin + k * interval, amount=amount) for k in range(whole)
        ], begin + duration
    match = _ONCE.match(part)
    if match is not None:
        amount = _positive(match["amount"], "a dose", place)
        start = begin
        if match["start"] is not None:
            start = begin + _time(match["start"], "a start", place)
        return [Dose(time=start, amount=amount)], start
    raise DoseError(f'"{part}" is not a prescription', place=place, advice=_FORMS)


def _positive(text: str, what: str, place: Place | None) -> Quantity:
    try:
        quantity = parse_quantity(text, place)
    except InputError as error:
        message = f'"{text}" is not an amount: {error.message}'
        raise DoseError(message, place=place, advice=error.advice or _FORMS) from error
    if not 0.0 < quantity.value < float("inf"):
        raise DoseError(
            f'{what} of "{text}" is impossible', place=place, advice="it must be above 0"
        )
    return quantity


def _time(text: str, what: str, place: Place | None) -> float:
    quantity = _positive(text, what, place)
    if not quantity.unit.same_dimension(HOUR):
        raise DoseError(
            f'{what} of "{text}" is no time', place=place, advice='write "8 h" or "7 d"'
        )
    return quantity.base
