"""What happened to one subject between two resets, in order of record. Knows nothing of tables, models or engines."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

from raphe.core.errors import DoseError
from raphe.core.units import Quantity
from raphe.dosing.regimen import Dose


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A covariate or parameter takes a new value.

    Parameters
    ----------
    time
        When (h).
    parameter
        Name of the parameter.
    value
        The new value, which holds until the next change.
    """

    time: float
    parameter: str
    value: Quantity

    def __post_init__(self) -> None:
        if not math.isfinite(self.time):
            raise DoseError(f"a change at {self.time!r} h has no time (rule TIME-FINITE)")
        if not math.isfinite(self.value.value):
            message = f'"{self.parameter}" cannot become {self.value} (rule VALUE-FINITE)'
            raise DoseError(message, advice="give a finite number")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A row of the table that wants a value, seen after everything that stands before it at the same time.

    Parameters
    ----------
    time
        When (h).
    row
        Which row of the table, counted from 0 over all subjects.
    """

    time: float
    row: int

    def __post_init__(self) -> None:
        if not math.isfinite(self.time):
            raise DoseError(f"a sample at {self.time!r} h has no time (rule TIME-FINITE)")
        if self.row < 0:
            raise DoseError(f"{self.row} is no row (rule ROW-SIGN)", advice="count rows from 0")


Item = Dose | Change | Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Doses, changes and samples of one subject between two resets.

    Parameters
    ----------
    subject
        Who.
    begin
        When everything is at its start (h): the time of the first record, or of the reset.
    items
        In order of record; times never decrease. What stands first happens first.

    Raises
    ------
    DoseError
        If a time goes back.
    """

    subject: str
    begin: float
    items: tuple[Item, ...]

    def __post_init__(self) -> None:
        times = [self.begin, *(item.time for item in self.items)]
        if not math.isfinite(self.begin):
            raise DoseError(f"a history at {self.begin!r} h has no begin (rule TIME-FINITE)")
        for earlier, later in itertools.pairwise(times):
            if later < earlier:
                message = (
                    f"time goes back from {earlier!r} h to {later!r} h in the history of "
                    f'"{self.subject}" (rule TIME-BACK)'
                )
                raise DoseError(message, advice="a reset begins a new history")
