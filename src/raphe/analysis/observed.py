"""Published observations -> words: what was given, against what, when, and what was seen. Knows no predictions."""

from __future__ import annotations

import re
from collections.abc import Mapping

from raphe.core.units import Quantity
from raphe.dosing.regimen import Regimen
from raphe.language.model import Arm, Direction, Observation, SpreadKind, Statistic

_OCCUPANCY = (
    "site.level"  # and what follows: the experiment in which an occupancy stands for a dose
)
_END = "site.end"
_ANTAGONIST = ("site.antagonist_level", "site.antagonist_begin", "site.antagonist_end")
_ROUTE = re.compile(r" by (\w+)\.(\w+)")
_TIMES = (Statistic.TIME_OF_HIGHEST, Statistic.TIME_OF_MAXIMUM)
_AGAINST_REST = {
    Direction.FALLS: "falls",
    Direction.RISES: "rises",
    Direction.STAYS: "does not change",
}
_AGAINST_AN_ARM = {
    Direction.FALLS: "lower",
    Direction.RISES: "higher",
    Direction.STAYS: "no different",
}
_EARLIER = {Direction.FALLS: "earlier", Direction.RISES: "later", Direction.STAYS: "no different"}


def given_words(
    arm: Observation | Arm, *, routes: Mapping[str, str], meanings: Mapping[str, str]
) -> str:
    """What people or animals were given, or what an experiment set in its place.

    Parameters
    ----------
    arm
        Of a trial.
    routes
        Drug -> the route that its doses take.
    meanings
        Parameter -> what it means.

    Returns
    -------
    str
        Such as `a dose taken for 62 % of benzodiazepine sites`.
    """
    settings = dict(arm.settings)
    told = [_taken(arm, routes)]
    occupied, end = settings.pop(_OCCUPANCY, None), settings.pop(_END, None)
    if occupied is not None:
        told.append(f"a dose taken for {_percent(occupied)} of benzodiazepine sites")
    if end is not None:
        told.append(f"stopped after {_text(end)}")
    held, begin, over = (settings.pop(name, None) for name in _ANTAGONIST)
    if held is not None:
        during = "" if begin is None else f" from {_text(begin)} on"
        if begin is not None and over is not None:
            during = f" from {_text(begin)} to {_text(over)}"
        told.append(f"an antagonist at {_percent(held)} of them{during}")
    told += [_setting(meanings.get(name, name), value) for name, value in settings.items()]
    return ", ".join(part for part in told if part) or "nothing"


def _taken(arm: Observation | Arm, routes: Mapping[str, str]) -> str:
    """Doses with the name of their drug; empty where there are none."""
    own = routes.get(arm.drug, "").split(".")[0]
    ways = [dose.route for dose in Regimen.from_text(arm.regimen).doses]
    if not ways:
        return ""

    def way(match: re.Match[str]) -> str:
        return "" if match.group(0) == f" by {routes.get(arm.drug)}" else f" by {match.group(2)}"

    text = _ROUTE.sub(way, arm.regimen)
    named = any(route is None or route.split(".")[0] == own for route in ways)
    return f"{arm.drug.replace('_', ' ')} {text}" if named else text


def _setting(meaning: str, value: Quantity) -> str:
    """What was set, without the unit where the meaning names it."""
    return (
        f"{meaning}: {value.value:g}"
        if value.unit.text in meaning
        else f"{meaning}: {_text(value)}"
    )


def against_words(
    one: Observation, *, routes: Mapping[str, str], meanings: Mapping[str, str]
) -> str:
    """What the other arm had of its own: what was given, or another time; empty without another arm."""
    if one.against is None:
        return ""
    own, other = (given_words(arm, routes=routes, meanings=meanings) for arm in (one, one.against))
    return other if other != own else when_words(one.against)


def when_words(arm: Observation | Arm) -> str:
    """The time that was read off, and how."""
    times = [_text(time) for time in arm.window]
    if not times:
        return arm.statistic.value.replace("_", " ")
    if len(times) == 1:
        return f"at {times[0]}"
    span = f"from {times[0]} to {times[1]}"
    return span if arm.statistic in _TIMES else f"{arm.statistic.value} {span}"


def measured_words(words: str, one: Observation) -> str:
    """What an observation is of, with what was measured where that only stands for it."""
    return f"{words}, measured as {one.measured}" if one.measured else words


def seen_words(one: Observation, scale: str) -> str:
    """A direction, or a value with its unit.

    Parameters
    ----------
    one
        What was seen.
    scale
        What a number without unit is, such as `ratio to rest`; may be empty.

    Returns
    -------
    str
    """
    if one.direction is not None:
        words = _AGAINST_REST if one.against is None else _AGAINST_AN_ARM
        return (_EARLIER if one.statistic in _TIMES else words)[one.direction]
    if one.value is None:
        return ""
    value = f"{'' if one.bound is None else f'{one.bound.value} '}{_text(one.value)}"
    if one.share is not None:
        return f"in {value} of them {one.share.side.value} {_scaled(one.share.value, scale)}"
    spread = spread_text(one)
    tail = f", {spread}" if spread else ""
    if one.against is not None:
        ratio = one.value.unit.text == "dimensionless"
        return f"{value} times the other arm{tail}" if ratio else f"{value} of difference{tail}"
    if one.statistic is Statistic.TIME_OF_HIGHEST:
        return f"highest {value} after the last dose{tail}"
    side = "" if one.bound is None else f"{one.bound.value} "
    return f"{side}{_scaled(one.value, scale)}{tail}"


def spread_text(one: Observation) -> str:
    """The spread that was told, such as `SD 3` or `range 1 to 4`; empty without one."""
    spread = one.spread
    if spread is None:
        return ""
    if spread.kind is SpreadKind.RANGE and spread.high is not None:
        return f"range {spread.low.value:g} to {spread.high.value:g}"
    return f"{spread.kind.value.upper()} {spread.low.value:g}"


def _text(value: Quantity) -> str:
    unit = value.unit.text
    return f"{value.value:g}" if unit == "dimensionless" else f"{value.value:g} {unit}"


def _scaled(value: Quantity, scale: str) -> str:
    """A number without unit says what it is."""
    bare = value.unit.text == "dimensionless" and scale
    return f"{_text(value)} ({scale})" if bare else _text(value)


def _percent(value: Quantity) -> str:
    return f"{100.0 * value.base:g} %"
