"""Outside evidence without a prediction, as a record. Knows nothing of models."""

from __future__ import annotations

from dataclasses import dataclass

from raphe.core.errors import Place
from raphe.core.sources import Provenance


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
