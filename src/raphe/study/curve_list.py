"""What is known of published curves beyond their points: their part in setting the model, and whose they are.

The list is data of the library (observations/curves.csv); the points themselves are not part of raphe. A curve that the
list does not name is a prediction for the mean of a group.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources

from raphe.core.errors import Place, StudyError, nearest

_FILE = "observations/curves.csv"
_COLUMNS = ("drug", "study", "group", "role", "person", "because", "source")


class CurveRole(StrEnum):
    """What a published curve is to the model."""

    PREDICTION = "prediction"
    CALIBRATION = "calibration"  # it, or numbers of its trial, set the model
    ASIDE = "aside"  # it contradicts its own paper, and counts as neither


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveNote:
    """One row of the list.

    Parameters
    ----------
    drug, study, group
        As in the table of points; an empty group means all groups of the study.
    role
        What it is to the model.
    person
        Whose curve it is, if it is of one person; curves of one study and person belong together.
    because, source
        Why, and the key of the source that says so.
    """

    drug: str
    study: str
    group: str
    role: CurveRole
    person: str
    because: str
    source: str


def load_notes(sources: Collection[str]) -> tuple[CurveNote, ...]:
    """Read the shipped list.

    Parameters
    ----------
    sources
        Keys of the library's sources.

    Returns
    -------
    tuple of CurveNote

    Raises
    ------
    StudyError
        If a row does not read; the error has its place.
    """
    text = resources.files("raphe.library").joinpath(_FILE).read_text("utf-8")
    return read_notes(text, sources)


def read_notes(text: str, sources: Collection[str]) -> tuple[CurveNote, ...]:
    """Read a list of notes; see `load_notes`."""
    found = []
    for number, row in enumerate(csv.DictReader(text.splitlines())):
        place = Place(_FILE, number + 2, 1)
        if any(row.get(column) is None for column in _COLUMNS):
            raise StudyError("a row of the list of curves is not complete", place=place)
        roles = [role.value for role in CurveRole]
        if row["role"] not in roles:
            message = f'unknown role "{row["role"]}"'
            raise StudyError(message, place=place, advice=nearest(row["role"], roles))
        if row["source"] not in sources:
            message = f'no source has the key "{row["source"]}"'
            raise StudyError(message, place=place, advice=nearest(row["source"], sources))
        facts = {column: row[column] for column in _COLUMNS if column != "role"}
        found.append(CurveNote(role=CurveRole(row["role"]), **facts))
    return tuple(found)


def note_of(notes: Sequence[CurveNote], *, drug: str, study: str, group: str) -> CurveNote | None:
    """The note on a curve, if there is one; the drug in small letters."""
    for note in notes:
        if (note.drug, note.study) == (drug, study) and note.group in ("", group):
            return note
    return None
