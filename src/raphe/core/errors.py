"""The error tree and the words an error is made of. Knows nothing of models, studies or engines.

RapheError                  everything raphe raises on purpose
+-- InputError              the user can mend it; the command line prints it and exits with 2
    +-- LanguageError       a model text does not read, check or compose
    +-- UnitError           a unit or a quantity does not read, or dimensions differ
    +-- StudyError          a study file is not as the schema wants it
    +-- DoseError           a regimen is impossible or ambiguous
    +-- UnknownNameError    a drug, target, output or parameter that is not there
    +-- FileError           a file is missing, unreadable or unwritable
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a thing stands in a text; lines and columns count from 1.

    Parameters
    ----------
    file
        The name of the text as the user gave it.
    line, column
        Position, counted from 1; 0 means that the whole file is meant.
    """

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if self.line == 0:
            return self.file
        return f"{self.file}:{self.line}:{self.column}"


class RapheError(Exception):
    """Root of all errors that raphe raises on purpose."""


class InputError(RapheError):
    """A mistake that the user can mend: place, what is wrong, what would be right.

    Parameters
    ----------
    message
        What is wrong, with the offending text.
    place
        Where it stands, if it stands in a file.
    advice
        What was expected, or the nearest good answer.
    """

    def __init__(self, message: str, *, place: Place | None = None, advice: str = "") -> None:
        self.message = message
        self.place = place
        self.advice = advice
        super().__init__(message)

    def __str__(self) -> str:
        head = f"{self.place}  " if self.place is not None else ""
        tail = f"; {self.advice}" if self.advice else ""
        return f"{head}{self.message}{tail}"


class LanguageError(InputError):
    """A model text does not read, check or compose."""


class UnitError(InputError):
    """A unit or quantity does not read, or two dimensions differ."""


class StudyError(InputError):
    """A study file is not as the schema wants it."""


class DoseError(InputError):
    """A regimen is impossible or ambiguous."""


class UnknownNameError(InputError):
    """A name that is not there."""


class FileError(InputError):
    """A file is missing, unreadable or unwritable."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Advice with the known name nearest to `name`, or the known names if none is near.

    Parameters
    ----------
    name
        What was written.
    known
        What could have been written.

    Returns
    -------
    str
        `did you mean "..."?`, or a list of at most eight names, or nothing.

    Examples
    --------
    >>> nearest("clonazepan", ["clonazepam", "diazepam"])
    'did you mean "clonazepam"?'
    """
    names = sorted(set(known))
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f'did you mean "{close[0]}"?'
    if not names:
        return ""
    shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
    return f"known: {shown}"
