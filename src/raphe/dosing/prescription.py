"""Prescription text -> what it says, part by part. Knows neither doses nor regimens.

together:  sequence { " + " sequence }, where "; with " may stand for " + "
sequence:  item { ", then " item }
item:      course, or "no drug for" TIME,
           or "(" together ")" [repeated N times every TIME] [entered HOW] [by ROUTE]
course:    AMOUNT [over TIME | at RATE] [by ROUTE] schedule [from steady state] [by ROUTE]
schedule:  once [at TIME], or (every TIME | every day | every other day | N times a day) for TIME
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

from raphe.core.errors import DoseError, InputError, Place, nearest
from raphe.core.units import HOUR, Quantity, parse_quantity

MAX_DOSES = 100_000
_MAX_DEPTH = 20
_MAX_SHOWN = 80
_NONE = re.compile(r"(no drug|nothing|none)\Z", re.IGNORECASE)
_PAUSE = re.compile(r"(?:no drug|nothing|none) for (?P<length>.+)\Z", re.IGNORECASE)
_SIGN = re.compile(r"[()]|,\s*then(?=\s)|;\s*with(?=\s)|(?<=\s)\+(?=\s)", re.IGNORECASE)
_OPEN, _CLOSE, _THEN, _WITH, _WORDS = "(", ")", ", then", " + ", "words"
_FORMS = (
    'write "2 mg once", "0.5 mg every 8 h for 7 d", "1 mg twice a day for 7 d", "100 mg over 2 h once", '
    'parts joined by ", then" or " + ", or "no drug"'
)
_REPEATED = re.compile(r"repeated (?P<times>\d{1,6}) times every (?P<every>.+)\Z", re.IGNORECASE)
_ENTERED = "entered "
_ENTRIES = ("at once", "at the modeled rate", "over the modeled duration")
_A_DAY = {"once": 1, "twice": 2, "three times": 3, "four times": 4}
_STEADY = ("from", "steady", "state")
_KEYWORDS = ("over", "at", "by", "once", "twice", "three", "four", "every", "for", "from")


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One amount and when it is taken; times in h."""

    amount: Quantity
    rate: Quantity | None
    duration: float | None
    route: str | None
    start: float
    interval: float
    count: int
    steady: bool
    length: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """No drug for so many h."""

    length: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """One after the other."""

    items: tuple[Prescription, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """All of them from the same start on."""

    items: tuple[Prescription, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What stands in parentheses, and what is said of it."""

    inner: Prescription
    times: int
    every: Quantity | None
    entry: str | None
    route: str | None


Prescription = Course | Pause | Sequence | Together | Group


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    kind: str
    text: str


@dataclass(slots=True, kw_only=True)
class _Reader:
    """The tokens of one text, read from the left."""

    tokens: list[_Token]
    text: str
    place: Place | None
    position: int = field(default=0)

    def kind(self) -> str:
        return self.tokens[self.position].kind if self.position < len(self.tokens) else ""

    def take(self, kind: str) -> str | None:
        if self.kind() != kind:
            return None
        self.position += 1
        return self.tokens[self.position - 1].text


def read_prescription(text: str, place: Place | None = None) -> Prescription:
    """Read a prescription.

    Parameters
    ----------
    text
        As at the top of this file; letter case does not matter but in units and routes.
    place
        Where the text stands, for the error.

    Returns
    -------
    Prescription
        `no drug` is a pause of no length.

    Raises
    ------
    DoseError
        If the text does not read, or an amount or a time is impossible.
    """
    clean = " ".join(text.split())
    if _NONE.match(clean):
        return Pause(length=0.0)
    reader = _Reader(tokens=_tokens(clean), text=clean, place=place)
    read = _read_together(reader, 0)
    if reader.kind():
        raise _refused(reader, "a parenthesis is closed that was not opened")
    return read


def is_course(text: str) -> bool:
    """Say whether a prescription is one course, without parentheses or joined parts."""
    return [token.kind for token in _tokens(text)] == [_WORDS]


def is_chain(text: str) -> bool:
    """Say whether a prescription consists of joined parts."""
    return _joined(text, (_THEN, _WITH))


def is_together(text: str) -> bool:
    """Say whether a prescription consists of parts from the same start on."""
    return _joined(text, (_WITH,))


def _joined(text: str, kinds: tuple[str, ...]) -> bool:
    depth = 0
    for token in _tokens(text):
        depth += (token.kind == _OPEN) - (token.kind == _CLOSE)
        if depth == 0 and token.kind in kinds:
            return True
    return False


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    begin = 0
    for match in _SIGN.finditer(text):
        _add_words(tokens, text[begin : match.start()])
        sign = match[0]
        kind = {"(": _OPEN, ")": _CLOSE, ",": _THEN}.get(sign[0], _WITH)
        tokens.append(_Token(kind=kind, text=sign))
        begin = match.end()
    _add_words(tokens, text[begin:])
    return tokens


def _add_words(tokens: list[_Token], text: str) -> None:
    if text.strip():
        tokens.append(_Token(kind=_WORDS, text=text.strip()))


def _read_together(reader: _Reader, depth: int) -> Prescription:
    items = [_read_sequence(reader, depth)]
    while reader.take(_WITH) is not None:
        items.append(_read_sequence(reader, depth))
    return items[0] if len(items) == 1 else Together(items=tuple(items))


def _read_sequence(reader: _Reader, depth: int) -> Prescription:
    items = [_read_item(reader, depth)]
    while reader.take(_THEN) is not None:
        items.append(_read_item(reader, depth))
    return items[0] if len(items) == 1 else Sequence(items=tuple(items))


def _read_item(reader: _Reader, depth: int) -> Prescription:
    words = reader.take(_WORDS)
    if words is not None:
        pause = _PAUSE.match(words)
        if pause is not None:
            return Pause(length=_time(pause["length"], "a pause", reader.place))
        return _read_course(words, reader.place)
    if reader.take(_OPEN) is None:
        raise _refused(reader, "a part is missing")
    if depth == _MAX_DEPTH:
        raise _refused(reader, f"parentheses are more than {_MAX_DEPTH} deep")
    inner = _read_together(reader, depth + 1)
    if reader.take(_CLOSE) is None:
        raise _refused(reader, "a parenthesis is not closed")
    return _read_suffix(inner, reader.take(_WORDS) or "", reader.place)


def _read_suffix(inner: Prescription, words: str, place: Place | None) -> Group:
    """What is said of a group: `repeated 3 times every 7 d`, `entered at once`, `by iv`, in this order."""
    rest, route = _split_route(words)
    rest, mark, manner = rest.partition(_ENTERED)
    if mark and manner not in _ENTRIES:
        advice = nearest(manner, _ENTRIES)
        raise DoseError(
            f'"entered {_shown(manner)}" is no way to enter', place=place, advice=advice
        )
    repeated = _REPEATED.match(rest.strip())
    if rest.strip() and repeated is None:
        advice = 'write "(...) repeated 3 times every 7 d" or "(...) by iv"'
        raise DoseError(f'"{_shown(words)}" says nothing of a group', place=place, advice=advice)
    every = None
    if repeated is not None:
        every = _positive(repeated["every"], "an interval", place)
    return Group(
        inner=inner,
        times=1 if repeated is None else int(repeated["times"]),
        every=every,
        entry=manner or None,
        route=route,
    )


def _split_route(words: str) -> tuple[str, str | None]:
    """Words without `by ROUTE` at their end, and the route."""
    parts = words.split()
    if len(parts) >= 2 and parts[-2].lower() == "by" and parts[-1].lower() not in _KEYWORDS:
        return " ".join(parts[:-2]), parts[-1]
    return words, None


def _read_course(text: str, place: Place | None) -> Course:
    words, late_route = _split_route(text)
    parts = words.split()
    steady = tuple(word.lower() for word in parts[-3:]) == _STEADY
    if steady:
        parts = parts[:-3]
    begin = next((k for k, word in enumerate(parts) if word.lower() in _KEYWORDS), len(parts))
    amount_text = " ".join(parts[:begin])
    manner, schedule = _split_manner(parts[begin:])
    if not amount_text or not schedule:
        raise DoseError(f'"{_shown(text)}" is not a prescription', place=place, advice=_FORMS)
    amount = _positive(amount_text, "a dose", place)
    rate, duration, route = _read_manner(manner, text, place)
    if route is not None and late_route is not None:
        raise DoseError(f'"{_shown(text)}" has two routes', place=place, advice="write one")
    start, interval, count, length = _read_schedule(schedule, text, place)
    if steady and interval == 0.0:
        advice = 'write "0.5 mg every 8 h for 7 d from steady state"'
        raise DoseError(f'"{_shown(text)}" has no steady state', place=place, advice=advice)
    return Course(
        amount=amount,
        rate=rate,
        duration=duration,
        route=route if late_route is None else late_route,
        start=start,
        interval=interval,
        count=count,
        steady=steady,
        length=length,
    )


def _split_manner(parts: list[str]) -> tuple[list[str], str]:
    """Words before the schedule (over, at, by ...), and the schedule."""
    for k, word in enumerate(parts):
        here = word.lower()
        if here in ("once", "twice", "every"):
            return parts[:k], " ".join(parts[k:])
        if here in ("three", "four") and k + 1 < len(parts) and parts[k + 1].lower() == "times":
            return parts[:k], " ".join(parts[k:])
    return parts, ""


def _read_manner(
    parts: list[str], text: str, place: Place | None
) -> tuple[Quantity | None, float | None, str | None]:
    """Rate, duration and route from `over TIME`, `at RATE` and `by ROUTE`, each at most once."""
    if parts and parts[0].lower() not in ("over", "at", "by"):
        raise DoseError(f'"{_shown(text)}" is not a prescription', place=place, advice=_FORMS)
    said: dict[str, list[str]] = {}
    current: list[str] = []
    for word in parts:
        here = word.lower()
        if here not in ("over", "at", "by"):
            current.append(word)
            continue
        if here in said:
            raise DoseError(
                f'"{_shown(text)}" says "{here}" twice', place=place, advice="say it once"
            )
        current = said.setdefault(here, [])
    for here, operand in said.items():
        if not operand:
            message = f'"{_shown(text)}" says "{here}" and then nothing'
            raise DoseError(
                message, place=place, advice='write "over 2 h", "at 10 mg/h" or "by iv"'
            )
    if "over" in said and "at" in said:
        message = f'"{_shown(text)}" has a duration and a rate'
        raise DoseError(
            message, place=place, advice="one of them follows from the amount; write one"
        )
    route = said.get("by")
    if route is not None and len(route) != 1:
        message = f'"{" ".join(route)}" is no name of a route'
        raise DoseError(message, place=place, advice='write one word, such as "by iv"')
    rate = _rate(" ".join(said["at"]), place) if "at" in said else None
    duration = _time(" ".join(said["over"]), "an infusion", place) if "over" in said else None
    return rate, duration, route[0] if route is not None else None


def _read_schedule(text: str, whole: str, place: Place | None) -> tuple[float, float, int, float]:
    """Start, interval, number of doses and length of a schedule; the interval of a single dose is 0."""
    once = re.match(r"once(?: at (?P<start>.+))?\Z", text, re.IGNORECASE)
    if once is not None:
        start = 0.0 if once["start"] is None else _time(once["start"], "a start", place)
        return start, 0.0, 1, start
    series = re.match(
        r"(?:every (?P<every>.+?)|(?P<often>once|twice|three times|four times) a day) for (?P<span>.+)\Z",
        text,
        re.IGNORECASE,
    )
    if series is None:
        advice = _FORMS
        if " for " not in f"{text} ":
            advice = 'say for how long, such as "every 8 h for 7 d"'
        raise DoseError(f'"{_shown(whole)}" is not a prescription', place=place, advice=advice)
    if series["often"] is not None:
        interval = 24.0 / _A_DAY[series["often"].lower()]
    else:
        days = {"day": 24.0, "other day": 48.0}.get(series["every"].lower())
        interval = _time(series["every"], "an interval", place) if days is None else days
    length = _time(series["span"], "a duration", place)
    count = length / interval
    if count > MAX_DOSES:
        raise DoseError(f'"{_shown(whole)}" has more than {MAX_DOSES} doses', place=place)
    number = round(count)
    if number < 1 or abs(count - number) > 1e-9 * count:
        message = f'"{_shown(whole)}" does not hold a whole number of intervals'
        advice = "make the duration a multiple of the interval"
        raise DoseError(message, place=place, advice=advice)
    return 0.0, interval, number, length


def _positive(text: str, what: str, place: Place | None) -> Quantity:
    try:
        quantity = parse_quantity(text, place)
    except InputError as error:
        message = f'"{_shown(text)}" is not an amount: {error.message}'
        raise DoseError(message, place=place, advice=error.advice or _FORMS) from error
    if not 0.0 < quantity.base < math.inf:
        message = f'{what} of "{_shown(text)}" is impossible'
        raise DoseError(message, place=place, advice="it must be above 0 and finite")
    return quantity


def _time(text: str, what: str, place: Place | None) -> float:
    quantity = _positive(text, what, place)
    if not quantity.unit.same_dimension(HOUR):
        message = f'{what} of "{_shown(text)}" is no time'
        raise DoseError(message, place=place, advice='write "8 h" or "7 d"')
    return quantity.base


def _rate(text: str, place: Place | None) -> Quantity:
    quantity = _positive(text, "a rate", place)
    if quantity.unit.dimension[0] != -1:
        message = f'a rate of "{_shown(text)}" is no amount per time'
        raise DoseError(
            message, place=place, advice='write "10 mg/h", or "over 2 h" for a duration'
        )
    return quantity


def _refused(reader: _Reader, why: str) -> DoseError:
    message = f'"{_shown(reader.text)}" is not a prescription: {why}'
    return DoseError(message, place=reader.place, advice=_FORMS)


def _shown(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."
