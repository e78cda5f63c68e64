"""Where a number comes from: sources, and the provenance of one number. Knows nothing of models."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from raphe.core.errors import Place


class Status(StrEnum):
    """How a number came here."""

    READ = "read"  # somebody of the project saw it in the source
    DERIVED = "derived"  # computed from read numbers; the note says how
    ASSUMED = "assumed"  # a choice; the note gives the reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A published thing that numbers are read from."""

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
