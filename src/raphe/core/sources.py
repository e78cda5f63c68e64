"""Where a number comes from: sources, and the provenance of one number. Knows nothing of models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from raphe.core.errors import Place


class Status(StrEnum):
    """How a number came here."""

    READ = "read"  # somebody of the project saw it in the source
    DERIVED = "derived"  # computed from read numbers; the note says how
    ASSUMED = "assumed"  # a choice; the note gives the reason


class Evidence(StrEnum):
    """What a source looked at."""

    PEOPLE = "people"
    ANIMALS = "animals"
    CELLS = "cells"  # slices, membranes, expressed receptors: anything in vitro
    MODELS = (
        "models"  # a mathematical model, whose numbers others measured, most of them not in people
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A published thing that numbers are read from; `looked_at` tells species and assay."""

    key: str
    title: str
    year: int | None = None
    authors: str = ""
    journal: str = ""
    volume: str = ""
    pages: str = ""
    doi: str = ""
    pmid: str = ""
    url: str = ""
    evidence: Evidence | None = None  # None where there is nothing living in it
    looked_at: str = ""
    place: Place

    def reference(self) -> str:
        """One line of a reference list: authors, title, journal, numbers to find it by."""
        where = " ".join(part for part in (self.journal, self.volume) if part)
        if self.pages:
            where = f"{where}:{self.pages}" if where else self.pages
        parts = [self.authors, f"{self.title} ({self.year or 'no year'})", where]
        if self.doi:
            parts.append(f"doi {self.doi}")
        if self.pmid:
            parts.append(f"PMID {self.pmid}")
        if self.url and not (self.doi or self.pmid):
            parts.append(self.url)
        return ". ".join(part.rstrip(".") for part in parts if part) + "."

    def evidence_words(self) -> str:
        """What it looked at, as a sentence; empty where that is not told."""
        if self.evidence is None:
            return ""
        return f"Evidence: {self.evidence.value} ({self.looked_at})."


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """One source and the place in it: a table, a figure, the abstract."""

    key: str
    locator: str
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """How one number came here: its status, its citations, and the reason or the derivation."""

    status: Status
    citations: tuple[Citation, ...] = ()
    note: str = ""


def is_carried_over(provenance: Provenance | None, sources: Mapping[str, Source]) -> bool:
    """Whether a number rests on animals, cells or models of them alone.

    Parameters
    ----------
    provenance
        Of the number.
    sources
        By key; a source that says nothing of its evidence counts for neither side.

    Returns
    -------
    bool
        False for a number that is assumed without a source: nothing is carried over there.
    """
    if provenance is None:
        return False
    cited = [sources[one.key].evidence for one in provenance.citations if one.key in sources]
    return any(cited) and Evidence.PEOPLE not in cited
