"""A NONMEM table -> people: for each ID the covariates that stand in its rows. Reads no doses and no observations."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from enum import StrEnum

from raphe.core.errors import Place, StudyError, nearest
from raphe.dosing.table import Row, Source, identity, read_table
from raphe.population.table import LABEL, PeopleTable, read_people


class Varying(StrEnum):
    """What happens with a covariate that is not the same in all rows of a subject."""

    REFUSE = "refuse"
    """The table is refused: a person of a study has one number."""
    FIRST = "first"
    """The first number of the subject is taken."""


def people_of_records(
    source: Source, covariates: Mapping[str, str], *, varying: Varying = Varying.REFUSE
) -> PeopleTable:
    """Make people out of a table of records, as NONMEM reads it.

    Parameters
    ----------
    source
        Path of a CSV file, the text of one, or columns in memory, with ID and TIME; "." and empty cells are missing.
    covariates
        For a column the parameter that it gives, with its unit: `{"AGE": "person.age (year)"}`.
    varying
        What happens with a covariate that changes within a subject.

    Returns
    -------
    PeopleTable
        A row for each ID, called by it, in the order of the table; rows of one ID need not stand together.

    Raises
    ------
    FileError
        If the file cannot be read.
    InputError
        If it is no such table, a column is not there, or a subject has no number or several; the error has the place.
    """
    table = read_table(source)
    line = 1 if table.lines else 0
    columns = ("ID", *covariates)
    positions = {name: table.position(name) for name in columns}
    for name, position in positions.items():
        if position < 0:
            message = f'no column is called "{name}"'
            advice = nearest(name, filter(None, table.names))
            raise StudyError(message, place=Place(table.file, line, 1), advice=advice)
    found: dict[float | str, dict[str, str]] = {}
    labels: dict[float | str, str] = {}
    for index in range(len(table.rows)):
        row = Row(table=table, positions=positions, index=index)
        written = _subject(row)
        label = labels.setdefault(identity(written), written)
        _read_row(row, covariates, label, found.setdefault(identity(written), {}), varying)
    for subject, numbers in found.items():
        for column in covariates:
            if column not in numbers:
                message = f'subject "{labels[subject]}" has no number in column {column}'
                advice = "give every subject one, or leave the column out"
                raise StudyError(message, place=Place(table.file), advice=advice)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((LABEL, *covariates.values()))
    for subject, numbers in found.items():
        writer.writerow((labels[subject], *(numbers[column] for column in covariates)))
    return read_people(text.getvalue(), f"people of {table.file}")


def _subject(row: Row) -> str:
    """The ID of a row, as it is written."""
    subject = row.text("ID")
    if not subject:
        raise row.error("ID-MISSING", "ID", "the row has no subject", "give every row an ID")
    return subject


def _read_row(
    row: Row,
    covariates: Mapping[str, str],
    subject: str,
    numbers: dict[str, str],
    varying: Varying,
) -> None:
    """Add what a row says of its subject."""
    for column in covariates:
        if not row.text(column):
            continue
        value = repr(row.number(column))
        if numbers.setdefault(column, value) != value and varying is Varying.REFUSE:
            what = f'subject "{subject}" had {numbers[column]} before, and now {value}'
            advice = (
                "a person of a study has one number: write varying: first, or simulate the records"
            )
            raise row.error("COVARIATE-VARYING", column, what, advice)
