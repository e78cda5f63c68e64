"""What a check finds: records, and the list that checks write to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from raphe.core.errors import Place


class Severity(StrEnum):
    """Whether a model may be run."""

    ERROR = "error"
    WARNING = "warning"


class Code(StrEnum):
    """What kind of fault it is."""

    UNKNOWN_NAME = "unknown-name"
    WRONG_UNIT = "wrong-unit"
    CYCLE = "cycle"
    DUPLICATE = "duplicate"
    UNSOURCED_NUMBER = "unsourced-number"
    UNKNOWN_SOURCE = "unknown-source"
    NO_RATE = "no-rate"
    TWO_RATES = "two-rates"
    BAD_PORT = "bad-port"
    UNKNOWN_MODULE = "unknown-module"
    UNUSED = "unused"
    BAD_EVENT = "bad-event"
    NOT_CONSTANT = "not-constant"
    NO_VALUE = "no-value"
    UNSUPPORTED = "unsupported"
    INVALID = "invalid"
    BAD_CORRELATION = "bad-correlation"
    BAD_OCCASION = "bad-occasion"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fault: where, what, and what would be right."""

    severity: Severity
    code: Code
    message: str
    place: Place
    advice: str = ""

    def __str__(self) -> str:
        tail = f"; {self.advice}" if self.advice else ""
        return f"{self.place}  {self.message}{tail} [{self.code.value}]"


class Findings:
    """A list that checks add to; equal findings count once."""

    def __init__(self) -> None:
        self._found: dict[Finding, None] = {}

    def error(self, code: Code, message: str, place: Place, advice: str = "") -> None:
        """Add an error."""
        finding = Finding(
            severity=Severity.ERROR, code=code, message=message, place=place, advice=advice
        )
        self._found[finding] = None

    def warning(self, code: Code, message: str, place: Place, advice: str = "") -> None:
        """Add a warning."""
        finding = Finding(
            severity=Severity.WARNING, code=code, message=message, place=place, advice=advice
        )
        self._found[finding] = None

    def __len__(self) -> int:
        return len(self._found)

    def sorted(self) -> tuple[Finding, ...]:
        """All, in the order of the text."""
        return tuple(sorted(self._found, key=lambda one: (one.place, one.code, one.message)))
