"""Parts of outside evidence: bounds, and what has no prediction. Knows nothing of models."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from raphe.core.errors import Place
from raphe.core.sources import Provenance
from raphe.core.units import Quantity


class Side(StrEnum):
    """On which side of a number."""

    ABOVE = "above"
    BELOW = "below"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A number and one side of it."""

    side: Side
    value: Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsimulated:
    """Outside evidence that the models of the library do not speak of: what was seen, in whom, and why not."""

    name: str
    saw: str
    reason: str
    people: int
    subjects: str
    provenance: Provenance | None
    place: Place
