"""Tables of dosing records, as NONMEM writes them <-> histories and regimens. Knows nothing of models or engines."""

from __future__ import annotations

import csv
import io
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from raphe.core.errors import DoseError, Place, nearest
from raphe.core.units import HOUR, Quantity, Unit, parse_unit
from raphe.dosing.history import Change, History, Item, Sample
from raphe.dosing.regimen import Dose, Entry, Regimen, Steady
from raphe.dosing.table import MISSING, Row, Source, Table, identity, read_table

_RESETS = (3, 4)
_DOSES = (1, 4)
_MODELED = {-1.0: Entry.MODELED_RATE, -2.0: Entry.MODELED_DURATION}
_STEADY = (Steady.NO, Steady.REPLACE, Steady.ADD)
_COLUMNS = ("ID", "TIME", "EVID", "AMT", "RATE", "ADDL", "II", "SS", "CMT")


class Carry(Enum):
    """For which times the value of a covariate in a row holds."""

    FORWARD = "forward"
    """From the time of the row on (the last observation is carried forward); an empty cell keeps the last value."""
    BACKWARD = "backward"
    """For the interval that ends with the row (NONMEM's habit); no cell may be empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """A table that was read.

    Parameters
    ----------
    histories
        In order of the table; a reset begins a new one of the same subject.
    rows
        How many rows of data the table has; each is the row of exactly one `Sample`.
    ids
        The subjects in order of the table.
    """

    histories: tuple[History, ...]
    rows: int
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    """The items of one row, as numbers; time and interval in h."""

    time: float
    evid: int
    amount: float
    rate: float
    additional: int
    interval: float
    steady: int
    compartment: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """What the caller says of a table."""

    table: Table
    positions: Mapping[str, int]
    routes: Mapping[int, str]
    amount: Unit
    rate: Unit
    time: Unit
    covariates: tuple[tuple[str, str, Unit], ...]
    carry: Carry

    def row(self, index: int) -> Row:
        return Row(table=self.table, positions=self.positions, index=index)


def read_records(
    source: Source,
    *,
    routes: Mapping[int, str],
    amount_unit: Unit | str,
    time_unit: Unit | str,
    covariates: Mapping[str, tuple[str, str]] | None = None,
    carry: Carry = Carry.FORWARD,
) -> Records:
    """Read a table of dosing records.

    Every row is a sample, so that values come back row by row: of a dose after the dose, of a reset after the reset.

    Parameters
    ----------
    source
        Path of a CSV file, the text of one (any text with a line break), or columns in memory. Read are ID, TIME,
        EVID, AMT, RATE, ADDL, II, SS and CMT, in any letter case and order, and the covariates; other columns are
        ignored. "." and empty cells are missing.
    routes
        The route of each number in CMT.
    amount_unit, time_unit
        Units of AMT, and of TIME and II; RATE is in the one per the other.
    covariates
        For a column the parameter that it sets, and the unit it is in.
    carry
        For which times the value of a covariate holds.

    Returns
    -------
    Records

    Raises
    ------
    FileError
        If the file cannot be read.
    DoseError
        If a record is impossible or ambiguous. It has row, column and the name of the rule. In a CSV file the place is
        the line, the header being line 1, and the number of the column.
    UnitError
        If a unit does not read.
    """
    table = read_table(source)
    amount, rate, time = _units(amount_unit, time_unit)
    _check_routes(routes)
    wanted = _covariates(table, covariates or {})
    reading = _Reading(
        table=table,
        positions={name: table.position(name) for name in (*_COLUMNS, *(w[0] for w in wanted))},
        routes=routes,
        amount=amount,
        rate=rate,
        time=time,
        covariates=wanted,
        carry=carry,
    )
    histories: list[History] = []
    ids: dict[float | str, str] = {}
    rows = (reading.row(index) for index in range(len(table.rows)))
    for subject, group in itertools.groupby(rows, key=lambda row: row.text("ID")):
        found = list(group)
        _check_subject(subject, found[0], ids)
        ids[identity(subject)] = subject
        histories += _histories(reading, subject, found)
    return Records(histories=tuple(histories), rows=len(table.rows), ids=tuple(ids.values()))


def _check_subject(subject: str, row: Row, ids: Mapping[float | str, str]) -> None:
    if not subject:
        raise row.error("ID-MISSING", "ID", "no subject", "write the subject in every row")
    known = ids.get(identity(subject))
    if known == subject:
        what = f'"{subject}" comes back after another subject'
        advice = "put all rows of a subject together, or give it another ID"
        raise row.error("ID-RETURNS", "ID", what, advice)
    if known is not None:
        what = f'"{subject}" and "{known}" are the same number'
        raise row.error("ID-TWO-WAYS", "ID", what, "write a subject the same way in every row")


def _histories(reading: _Reading, subject: str, rows: Sequence[Row]) -> list[History]:
    """Histories of one subject; what a reset ends is dropped with the history that it stands in."""
    done: list[History] = []
    items: list[Item] = []
    begin = before = -math.inf
    last: dict[str, Quantity] = {}  # as the rows say
    active: dict[str, Quantity] = {}  # as the items of this history say
    for row in rows:
        record = _record(reading, row)
        if row is rows[0] or record.evid in _RESETS:
            if items:
                done.append(History(subject=subject, begin=begin, items=tuple(items)))
            items, active, begin, before = [], {}, record.time, record.time
        if record.time < before:
            what = f"{record.time!r} h after {before!r} h"
            raise row.error(
                "TIME-BACK", "TIME", what, "only at a reset, EVID 3 or 4, may time go back"
            )
        last = _values(reading, row, last)
        change_time = before if reading.carry is Carry.BACKWARD else record.time
        for parameter, value in last.items():
            if active.get(parameter) != value:
                items.append(Change(time=change_time, parameter=parameter, value=value))
        active = last
        if record.evid in _DOSES:
            items.append(_dose(reading, row, record))
        items.append(Sample(time=record.time, row=row.index))
        before = record.time
    done.append(History(subject=subject, begin=begin, items=tuple(items)))
    return done


def _values(reading: _Reading, row: Row, last: Mapping[str, Quantity]) -> dict[str, Quantity]:
    """What the covariates of a row are; an empty cell keeps the last value if values are carried forward."""
    values = {}
    for column, parameter, unit in reading.covariates:
        if row.text(column):
            values[parameter] = Quantity(row.number(column), unit)
        elif parameter in last and reading.carry is Carry.FORWARD:
            values[parameter] = last[parameter]
        else:
            advice = "give one in every row"
            if reading.carry is Carry.FORWARD:
                advice = "give one in the first row of the subject"
            raise row.error("COVARIATE-MISSING", column, f'no value for "{parameter}"', advice)
    return values


def _record(reading: _Reading, row: Row) -> _Record:
    """The items of a row, each checked for itself and for whether they agree."""
    if not row.text("TIME"):
        raise row.error("TIME-MISSING", "TIME", "no time", "every record needs its time")
    record = _Record(
        time=row.number("TIME", reading.time.factor),
        evid=row.whole("EVID"),
        amount=row.number("AMT"),
        rate=row.number("RATE"),
        additional=row.whole("ADDL"),
        interval=row.number("II", reading.time.factor),
        steady=row.whole("SS"),
        compartment=row.whole("CMT"),
    )
    if row.positions["EVID"] < 0 and record.amount > 0:
        record = replace(record, evid=1)
    _check_items(row, record)
    if record.evid in _DOSES:
        _check_dose(row, record)
    else:
        _check_other(row, record)
    return record


def _check_items(row: Row, record: _Record) -> None:
    if record.evid not in range(5):
        what = f"{record.evid} is no kind of event"
        raise row.error(
            "EVID-UNKNOWN", "EVID", what, "0 observation, 1 dose, 2 other, 3 reset, 4 both"
        )
    if record.steady not in range(3):
        what = f"{record.steady} is no kind of steady state"
        raise row.error("SS-UNKNOWN", "SS", what, "0 no, 1 replaces, 2 adds")
    if record.rate < 0 and record.rate not in _MODELED:
        what = f"{record.rate!r} is no rate"
        advice = "above 0 a rate, 0 at once, -1 modeled rate, -2 modeled duration"
        raise row.error("RATE-UNKNOWN", "RATE", what, advice)
    signed = {"AMT": record.amount, "II": record.interval, "ADDL": record.additional}
    for column, value in signed.items():
        if value < 0:
            raise row.error(f"{column}-SIGN", column, f"{value!r} is negative", "give 0 or more")
    if record.compartment < 0:
        what = f"{record.compartment} would turn a compartment off"
        raise row.error("CMT-SIGN", "CMT", what, "this cannot be done; give the number of a route")


def _check_other(row: Row, record: _Record) -> None:
    if record.amount > 0:
        rule = {0: "AMT-ON-OBSERVATION", 2: "AMT-ON-OTHER", 3: "RESET-WITH-AMT"}[record.evid]
        what = f"an amount with EVID {record.evid}"
        raise row.error(rule, "AMT", what, "a dose has EVID 1, or 4 with a reset")
    items = {"RATE": record.rate, "SS": record.steady, "II": record.interval}
    for column, value in {**items, "ADDL": record.additional}.items():
        if value != 0:
            what = f"{row.text(column)} with EVID {record.evid}"
            raise row.error(f"{column}-ON-NON-DOSE", column, what, 'only a dose has it; write "."')


def _check_dose(row: Row, record: _Record) -> None:
    if record.amount == 0:
        if record.steady == 0 or record.rate <= 0:
            advice = "only a constant infusion to steady state, with SS and RATE, has no amount"
            raise row.error("AMT-ZERO", "AMT", f"no amount with EVID {record.evid}", advice)
        for column, value in {"II": record.interval, "ADDL": record.additional}.items():
            if value != 0:
                what = f"{row.text(column)} with a constant infusion"
                raise row.error("SS-CONSTANT", column, what, "it has neither II nor ADDL")
        return
    if record.interval == 0 and record.additional > 0:
        what = f"{record.additional} more doses without II"
        raise row.error("ADDL-NEEDS-II", "ADDL", what, "give the interval between them")
    if record.interval == 0 and record.steady > 0:
        what = f"SS {record.steady} without II"
        raise row.error("SS-NEEDS-II", "SS", what, "give the interval of the doses before")
    if record.interval > 0 and record.additional == 0 and record.steady == 0:
        advice = "give the number of further doses in ADDL, or SS"
        raise row.error("II-ALONE", "II", "an interval without ADDL or SS", advice)


def _dose(reading: _Reading, row: Row, record: _Record) -> Dose:
    entry = Entry.RATE if record.rate > 0 else _MODELED.get(record.rate, Entry.AT_ONCE)
    route = _route(reading, row, record.compartment)
    try:
        return Dose(
            time=record.time,
            amount=Quantity(record.amount, reading.amount),
            route=route,
            rate=Quantity(record.rate, reading.rate) if record.rate > 0 else None,
            entry=entry,
            interval=record.interval,
            additional=record.additional,
            steady=_STEADY[record.steady],
        )
    except DoseError as error:
        message = f"row {1 + row.index}: {error.message}"
        raise DoseError(message, place=row.place("TIME"), advice=error.advice) from error


def _route(reading: _Reading, row: Row, compartment: int) -> str:
    known = reading.routes
    if compartment == 0:
        if len(known) == 1:
            return next(iter(known.values()))
        what = f"no compartment, with {len(known)} routes to choose from"
        raise row.error("CMT-MISSING", "CMT", what, "give the number of one")
    if compartment not in known:
        what = f"no route belongs to {compartment}"
        close = min(known, key=lambda number: abs(number - compartment), default=None)
        advice = f"the nearest is {close}, {known[close]}" if close is not None else "map one"
        raise row.error("CMT-UNKNOWN", "CMT", what, advice)
    return known[compartment]


def _covariates(
    table: Table, covariates: Mapping[str, tuple[str, str]]
) -> tuple[tuple[str, str, Unit], ...]:
    found: list[tuple[str, str, Unit]] = []
    for column, (parameter, unit) in covariates.items():
        if table.position(column) < 0:
            message = f'no column is called "{column}" (rule COVARIATE-COLUMN)'
            advice = nearest(column, filter(None, table.names))
            raise DoseError(message, place=Place(table.file), advice=advice)
        if parameter in [other[1] for other in found]:
            message = f'two columns set "{parameter}" (rule COVARIATE-TWICE)'
            raise DoseError(message, place=Place(table.file), advice="one column sets a parameter")
        found.append((column, parameter, parse_unit(unit)))
    return tuple(found)


def _check_routes(routes: Mapping[int, str]) -> None:
    for number, name in routes.items():
        if number < 1 or not name.strip():
            message = f'"{name}" with the number {number} is no route (rule ROUTES)'
            raise DoseError(message, advice="a number from 1 on, and a name")


def _units(amount: Unit | str, time: Unit | str) -> tuple[Unit, Unit, Unit]:
    """Units of amounts, of rates and of times."""
    amounts = parse_unit(amount) if isinstance(amount, str) else amount
    times = parse_unit(time) if isinstance(time, str) else time
    if not times.same_dimension(HOUR) or not times.text.isalpha():
        message = f'"{times}" is no unit of time (rule TIME-UNIT)'
        raise DoseError(message, advice='give one name, such as "h" or "d"')
    return amounts, parse_unit(f"{amounts.text}/{times.text}"), times


def write_records(
    regimens: Mapping[str, Regimen],
    *,
    routes: Mapping[str, int],
    amount_unit: Unit | str,
    time_unit: Unit | str,
    samples: Mapping[str, Sequence[float]] | None = None,
) -> str:
    """Write regimens as a table that reads back to the same doses.

    Parameters
    ----------
    regimens
        One for each subject.
    routes
        The number in CMT of each route.
    amount_unit, time_unit
        Units of AMT, and of TIME and II; RATE is in the one per the other. An amount in another unit of the same
        dimension is converted if that changes nothing, and comes back in this one.
    samples
        Times of rows without a dose (h), for each subject. A sample stands before a dose of the same time.

    Returns
    -------
    str
        A CSV table.

    Raises
    ------
    DoseError
        If a dose cannot be written so that it reads back. The message names the rule.
    UnitError
        If a unit does not read.
    """
    amount, rate, time = _units(amount_unit, time_unit)
    _check_routes({number: name for name, number in routes.items()})
    if len({*routes.values()}) < len(routes):
        message = f"{dict(routes)} gives two routes one number (rule ROUTES)"
        raise DoseError(message, advice="a table could not tell them apart")
    writing = _Writing(routes=routes, amount=amount, rate=rate, time=time)
    asked = samples or {}
    for subject in asked:
        if subject not in regimens:
            message = f'samples of "{subject}", who has no regimen (rule SAMPLES-SUBJECT)'
            raise DoseError(message, advice=nearest(subject, regimens))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    seen: dict[float | str, str] = {}
    for subject, regimen in regimens.items():
        _check_name(subject, seen)
        events: list[tuple[float, Dose | None]] = [(one, None) for one in asked.get(subject, ())]
        events += [(dose.time, dose) for dose in regimen.doses]
        if not events:
            message = f'"{subject}" has neither doses nor samples (rule ROWS-NONE)'
            raise DoseError(message, advice="a subject without rows would be lost; give samples")
        for when, dose in sorted(events, key=lambda event: event[0]):
            writer.writerow([subject, *_cells(writing, subject, when, dose)])
    return text.getvalue()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Writing:
    """What the caller says of the table to be written."""

    routes: Mapping[str, int]
    amount: Unit
    rate: Unit
    time: Unit


def _check_name(subject: str, seen: dict[float | str, str]) -> None:
    if subject != subject.strip() or subject in MISSING or not subject.isprintable():
        message = f"{subject!r} is no name that a table can hold (rule ID-NAME)"
        raise DoseError(message, advice="write a word or a number")
    if identity(subject) in seen:
        message = (
            f'"{subject}" and "{seen[identity(subject)]}" are the same number (rule ID-TWO-WAYS)'
        )
        raise DoseError(message, advice="give every subject its own")
    seen[identity(subject)] = subject


def _cells(writing: _Writing, subject: str, when: float, dose: Dose | None) -> list[str]:
    """TIME to CMT of one row."""
    time = _exact(Quantity(when, HOUR), writing.time, subject)
    if dose is None:
        return [time, "0", *["."] * 6]
    route = dose.route or ""
    if route not in writing.routes:
        message = f'"{subject}": a dose by "{route}" has no compartment (rule ROUTE-UNKNOWN)'
        advice = nearest(route, writing.routes) if route else "say by which route: regimen.by(...)"
        raise DoseError(message, advice=advice)
    return [
        time,
        "1",
        _exact(dose.amount, writing.amount, subject),
        _rate(writing, subject, dose),
        str(dose.additional),
        _exact(Quantity(dose.interval, HOUR), writing.time, subject),
        str(_STEADY.index(dose.steady)),
        str(writing.routes[route]),
    ]


def _rate(writing: _Writing, subject: str, dose: Dose) -> str:
    if dose.rate is not None:
        return _exact(dose.rate, writing.rate, subject)
    written = {Entry.AT_ONCE: "0", Entry.MODELED_RATE: "-1", Entry.MODELED_DURATION: "-2"}
    if dose.entry in written:
        return written[dose.entry]
    rule, advice = (
        "ENTRY-ROUTE",
        "say how: regimen.entered(Entry.AT_ONCE), or by a modeled duration",
    )
    if dose.entry is Entry.DURATION:
        rule = "ENTRY-DURATION"
        advice = (
            "a table has rates, and the part of the amount that is taken up then changes the duration; "
            "give the dose a rate"
        )
    message = f'"{subject}": a dose with {dose.entry} cannot be written (rule {rule})'
    raise DoseError(message, advice=advice)


def _exact(quantity: Quantity, unit: Unit, subject: str) -> str:
    """The number that reads back to the same quantity."""
    if not math.isfinite(quantity.value):
        raise DoseError(f'"{subject}": {quantity} is no number for a table (rule NUMBER)')
    if quantity.unit == unit:
        return repr(quantity.value)
    if quantity.unit.same_dimension(unit):
        near = quantity.base / unit.factor
        for value in (near, math.nextafter(near, -math.inf), math.nextafter(near, math.inf)):
            if value * unit.factor == quantity.base:
                return repr(value)
    message = f'"{subject}": {quantity} cannot be written in {unit} without a change (rule UNIT)'
    raise DoseError(message, advice=f"write the table in {quantity.unit}")
