"""A CSV file or columns in memory -> rows of text with their places. Knows nothing of doses."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from pathlib import Path

from raphe.core.errors import DoseError, FileError, Place, nearest

Source = Path | str | Mapping[str, Sequence[object]]

NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?\Z", re.ASCII)
MISSING = ("", ".")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Cells as text; `lines` is empty for a table in memory."""

    file: str
    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]

    def position(self, column: str) -> int:
        """Where a column stands, in any letter case; -1 without it."""
        upper = [name.upper() for name in self.names]
        return upper.index(column.upper()) if column.upper() in upper else -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of data and where the columns that are read stand."""

    table: Table
    positions: Mapping[str, int]
    index: int

    def text(self, column: str) -> str:
        """A cell; empty if it is missing."""
        position = self.positions[column]
        cell = "" if position < 0 else self.table.rows[self.index][position]
        return "" if cell in MISSING else cell

    def number(self, column: str, unit: float = 1.0) -> float:
        """The number in a cell times the size of its unit; 0 if it is missing."""
        text = self.text(column)
        if not text:
            return 0.0
        if not NUMBER.match(text):
            raise self.error("NUMBER", column, f'"{text[:40]}" is no number', 'write "." for none')
        value = float(text) * unit
        if not math.isfinite(value):
            raise self.error("NUMBER", column, f'"{text[:40]}" is too large', "")
        return value

    def whole(self, column: str) -> int:
        """The whole number in a cell."""
        value = self.number(column)
        if not value.is_integer():
            what = f'"{self.text(column)}" is no whole number'
            raise self.error(f"{column}-WHOLE", column, what, "")
        return int(value)

    def error(self, rule: str, column: str, what: str, advice: str) -> DoseError:
        """A broken rule, with row and column."""
        message = f"row {1 + self.index}, column {column}: {what} (rule {rule})"
        return DoseError(message, place=self.place(column), advice=advice)

    def place(self, column: str) -> Place:
        """Where a cell stands; in memory only the table has a place."""
        if not self.table.lines:
            return Place(self.table.file)
        number = max(1, 1 + self.positions[column])
        return Place(self.table.file, self.table.lines[self.index], number)


def read_table(source: Source) -> Table:
    """Read the cells of a table.

    Parameters
    ----------
    source
        Path of a CSV file, the text of one (any text with a line break), or columns in memory.

    Returns
    -------
    Table
        With columns ID and TIME, and at least one row.

    Raises
    ------
    FileError
        If the file cannot be read.
    DoseError
        If it is no such table.
    """
    table = _cells(source)
    _check_header(table)
    return table


def identity(subject: str) -> float | str:
    """The number that a subject's name writes, or else the name: 1 and 1.0 are the same subject."""
    return float(subject) if NUMBER.match(subject) else subject


def _cells(source: Source) -> Table:
    if isinstance(source, Mapping):
        return _memory_table(source)
    if isinstance(source, str) and "\n" in source:
        return _csv_table("table", source)
    try:
        text = Path(source).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError) as error:
        advice = "give the path of a CSV file in UTF-8"
        raise FileError(f'"{source}" cannot be read: {error}', advice=advice) from error
    return _csv_table(str(source), text)


def _memory_table(columns: Mapping[str, Sequence[object]]) -> Table:
    lengths = {name: len(column) for name, column in columns.items()}
    if len({*lengths.values()}) > 1:
        message = f"columns differ in length: {lengths} (rule COLUMN-LENGTH)"
        raise DoseError(message, place=Place("table"), advice="give every row a cell")
    rows = zip(*columns.values(), strict=True)
    return Table(
        file="table",
        names=tuple(columns),
        rows=tuple(tuple(map(_cell, row)) for row in rows),
        lines=(),
    )


def _cell(value: object) -> str:
    """A value in memory as the text that a file would have."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value)
    if not isinstance(value, Real):
        return str(value).strip()
    number = float(value)
    return str(int(number)) if number.is_integer() else repr(number)


def _csv_table(file: str, text: str) -> Table:
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    names: tuple[str, ...] = ()
    rows: list[tuple[str, ...]] = []
    lines: list[int] = []
    line = 1
    try:
        for cells in reader:
            row = tuple(cell.strip() for cell in cells)
            if row in ((), ("",)):
                pass  # an empty line
            elif not names:
                names = row
            else:
                if len(row) != len(names):
                    message = f"{len(row)} cells under {len(names)} columns (rule CELL-COUNT)"
                    advice = "write one cell for each column"
                    raise DoseError(message, place=Place(file, line, 1), advice=advice)
                rows.append(row)
                lines.append(line)
            line = reader.line_num + 1
    except csv.Error as error:
        message = f"the table does not read: {error} (rule CSV)"
        raise DoseError(
            message, place=Place(file, line, 1), advice="write comma separated values"
        ) from error
    return Table(file=file, names=names, rows=tuple(rows), lines=tuple(lines))


def _check_header(table: Table) -> None:
    if not table.rows:
        message = "the table has no rows of data (rule ROWS-NONE)"
        raise DoseError(message, place=Place(table.file), advice="write one row for each record")
    line = 1 if table.lines else 0
    seen: dict[str, str] = {}
    for number, name in enumerate(table.names, start=1):
        if name and name.upper() in seen:
            message = f'"{name}" and "{seen[name.upper()]}" are the same column (rule COLUMN-TWICE)'
            raise DoseError(
                message, place=Place(table.file, line, number), advice="keep one of them"
            )
        seen[name.upper()] = name
    for name in ("ID", "TIME"):
        if table.position(name) < 0:
            message = f'no column is called "{name}" (rule {name}-COLUMN)'
            advice = nearest(name, filter(None, table.names))
            raise DoseError(message, place=Place(table.file, line, 1), advice=advice)
