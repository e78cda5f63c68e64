"""People from a table: a column for each parameter, a row for each person, units in the head. Draws nothing."""

from __future__ import annotations

import csv
import io
import math
import re
from dataclasses import dataclass

from raphe.core.draws import (
    Bernoulli,
    Distribution,
    LogNormal,
    LogUniform,
    Normal,
    Uniform,
    describe,
)
from raphe.core.errors import Place, StudyError, UnknownNameError, nearest
from raphe.core.units import parse_quantity
from raphe.language.model import Model, Parameter

_HEAD = re.compile(r"\s*(?P<name>[A-Za-z_][\w.]*)\s*(?:\((?P<unit>[^()]+)\))?\s*\Z")
_MOST = 1_000_000  # rows
LABEL = "ID"
_FAR = 6.0  # standard deviations from the middle that nobody lies beyond


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleTable:
    """Numbers of people.

    Parameters
    ----------
    text
        As it was written.
    names
        Parameters of a model.
    rows
        A tuple for each person, base units.
    labels
        What each person is called, if the table says so.
    """

    text: str
    names: tuple[str, ...]
    rows: tuple[tuple[float, ...], ...]
    labels: tuple[str, ...] = ()

    @property
    def before(self) -> int:
        """Columns before the first number."""
        return 1 if self.labels else 0

    def names_of(self, persons: list[int]) -> list[str]:
        """What persons are called; where there are more than lines, those of the second round have `#2` behind it."""
        count = len(self.labels)
        rounds = [divmod(person, count) for person in persons]
        return [self.labels[k] + (f"#{n + 1}" if n else "") for n, k in rounds]


def read_people(text: str, file: str) -> PeopleTable:
    """Read a table such as `person.age (year),person.weight_male (kg)` and a line of numbers for each person.

    The first column may be called ID and say what each person is called.

    Parameters
    ----------
    text
        CSV with a head.
    file
        Its name in errors.

    Returns
    -------
    PeopleTable

    Raises
    ------
    StudyError, UnitError
        If it does not read; the error has line and column.
    """
    lines = list(csv.reader(io.StringIO(text)))
    if len(lines) < 2:
        raise StudyError(
            "a table of people has a head and a line for each person", place=Place(file)
        )
    if len(lines) - 1 > _MOST:
        raise StudyError(f"a table of people has at most {_MOST} lines", place=Place(file))
    before = 1 if lines[0] and lines[0][0].strip() == LABEL else 0
    names, factors = [], []
    for number, cell in enumerate(lines[0][before:], start=before + 1):
        match = _HEAD.match(cell)
        place = Place(file, 1, number)
        if match is None:
            advice = 'write "person.age (year)"'
            raise StudyError(f'"{cell}" is no head of a column', place=place, advice=advice)
        names.append(match["name"])
        factors.append(parse_quantity(f"1 {match['unit'] or 'dimensionless'}", place).base)
    if not names:
        advice = 'give a parameter, such as "person.age (year)"'
        raise StudyError("no column has numbers", place=Place(file, 1, 1), advice=advice)
    if len(set(names)) != len(names):
        raise StudyError("two columns have the same name", place=Place(file, 1, 1))
    rows = []
    for line, cells in enumerate(lines[1:], start=2):
        if len(cells) != len(lines[0]):
            message = f"the line has {len(cells)} values for {len(lines[0])} columns"
            raise StudyError(message, place=Place(file, line, 1))
        numbers = enumerate(zip(cells[before:], factors, strict=True), start=before + 1)
        rows.append(
            tuple(
                _number(cell, Place(file, line, column)) * factor
                for column, (cell, factor) in numbers
            )
        )
    labels = _labels(lines[1:], file) if before else ()
    return PeopleTable(text=text, names=tuple(names), rows=tuple(rows), labels=labels)


def _labels(lines: list[list[str]], file: str) -> tuple[str, ...]:
    """What people are called: each something, and none like another."""
    found: dict[str, int] = {}
    for line, cells in enumerate(lines, start=2):
        label, place = cells[0].strip(), Place(file, line, 1)
        if not label:
            raise StudyError("the person has no ID", place=place, advice="give every line one")
        if label in found:
            message = f'"{label}" is the ID of line {found[label]} as well'
            raise StudyError(message, place=place, advice="a line is a person of its own")
        found[label] = line
    return tuple(found)


def check_columns(table: PeopleTable, model: Model, file: str) -> None:
    """Refuse columns that are no parameters of a model.

    Raises
    ------
    UnknownNameError
        With the place of the column.
    """
    known = {one.name: one for one in model.parameters}
    for column, name in enumerate(table.names):
        if name not in known:
            message = f'the model "{model.name}" has no parameter "{name}"'
            place = Place(file, 1, table.before + column + 1)
            raise UnknownNameError(message, place=place, advice=nearest(name, known))


def refuse_rows(table: PeopleTable, model: Model, file: str) -> None:
    """Refuse people outside the support of a population.

    Raises
    ------
    StudyError
        If a number lies beyond the bounds of a uniform distribution, or six standard deviations from the middle of
        another.
    """
    for row in range(len(table.rows)):
        for column in row_faults(table, model, row):
            name = table.names[column]
            parameter = next(one for one in model.parameters if one.name == name)
            value = table.rows[row][column] / parameter.value.unit.factor
            message = f"{value:g} {parameter.value.unit} is outside the population: {name}"
            spread = parameter.people
            words = "" if spread is None else describe(spread, parameter.value.unit.text)
            advice = f"people are {parameter.value}, {words}; or write outside: flag in the study"
            raise StudyError(
                message, place=Place(file, row + 2, table.before + column + 1), advice=advice
            )


def row_faults(table: PeopleTable, model: Model, row: int) -> tuple[int, ...]:
    """Columns in which a row lies outside the support of the population; see `refuse_rows`."""
    known = {one.name: one for one in model.parameters if one.name in table.names}
    return tuple(
        column
        for column, name in enumerate(table.names)
        if name in known
        and not _supported(known[name], table.rows[row][column] / known[name].value.unit.factor)
    )


def _number(cell: str, place: Place) -> float:
    try:
        value = float(cell)
    except ValueError:
        raise StudyError(f'"{cell}" is no number', place=place) from None
    if not math.isfinite(value):
        raise StudyError(f'"{cell}" is no number of a person', place=place)
    return value


def _supported(parameter: Parameter, value: float) -> bool:
    spread: Distribution | None = parameter.people
    center = parameter.value.value
    match spread:
        case Normal(sd):
            return abs(value - center) <= _FAR * sd
        case LogNormal():
            return value > 0.0 and abs(math.log(value / center)) <= _FAR * spread.log_sd
        case Uniform(low, high) | LogUniform(low, high):
            return low <= value <= high
        case Bernoulli():
            return value in (0.0, 1.0)
    return True
