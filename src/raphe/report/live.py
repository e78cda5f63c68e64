"""A course -> the numbers of its chart in a browser, and the one script that draws them all. Draws nothing.

The script is uPlot (`vendor/`, MIT) with `charts.js`; both stand in the page, and the page's policy lets exactly these
bytes run. Without them, and in print, the drawing beside the numbers is what is seen.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

import numpy as np

from raphe.analysis.answer import Band, Course, Effect
from raphe.analysis.numerals import is_plain
from raphe.core.draws import FloatArray
from raphe.report.courses import is_ratio, scale_of, taken, thinned

UPLOT = "1.6.32"
MOST_LIVE = 400  # times of one chart; a chart can be zoomed
_DIGITS = 5  # of the largest number of a chart; what is told under it has three
_TIME_DECIMALS = 4  # of hours
_LOCKED = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What stands in a page so that its charts move: license, style, program, and the policy that allows it alone."""

    license: str
    style: str
    text: str
    policy: str


def policy_without_script() -> str:
    """The content security policy of a page that runs nothing."""
    return _LOCKED


def chart_script() -> Script:
    """The program of all charts, the same for every page.

    Returns
    -------
    Script
        `policy` names the SHA-256 of `text` and allows no other script.
    """
    folder = resources.files("raphe.report")
    vendor = folder.joinpath("vendor")
    library = vendor.joinpath(f"uplot-{UPLOT}.min.js").read_text(encoding="utf-8")
    own = folder.joinpath("charts.js").read_text(encoding="utf-8")
    text = f"{library}\n{own}"
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return Script(
        license=vendor.joinpath("uplot-LICENSE.txt").read_text(encoding="utf-8").strip(),
        style=vendor.joinpath(f"uplot-{UPLOT}.min.css").read_text(encoding="utf-8"),
        text=text,
        policy=f"{_LOCKED}; script-src 'sha256-{digest}'",
    )


def course_numbers(
    course: Course,
    *,
    effect: Effect | None,
    still: Course | None,
    around: tuple[float, float],
) -> str:
    """The numbers of one chart as JSON that may stand in a `script` element.

    Parameters
    ----------
    course
        What is charted.
    effect
        Of its scenario, for the time of dosing.
    still
        The same output without a dose, if that was run.
    around
        Limits of the value axis.

    Returns
    -------
    str
        Empty where there is nothing to chart: fewer than two times, or no finished run.
    """
    if len(course.hours) < 2 or not np.isfinite(course.people.middle).any():
        return ""
    kept = thinned(course, MOST_LIVE)
    hours = course.hours[kept]
    people, doubt = taken(course.people, kept), taken(course.uncertainty, kept)
    lines = [*_lines(people), *_lines(doubt)]
    decimals = _decimals(lines)
    numbers = {
        "kind": "course",
        "name": f"{course.title}, {course.scenario}",
        "sync": course.scenario,
        "x": _steps(hours, _TIME_DECIMALS),
        "xdecimals": _TIME_DECIMALS,
        "hours": scale_of(course),
        "unit": "" if is_plain(course.unit) else course.unit,
        "ratio": is_ratio(course),
        "y": [float(f"{end:.6g}") for end in around],
        "decimals": decimals,
        "lines": [_steps(line, decimals) for line in lines],
        "rest": None if still is None else _rest(still, hours, decimals),
        "dosing": effect.last_dose if effect is not None and effect.doses > 0 else None,
    }
    return as_data(numbers)


def as_data(numbers: object) -> str:
    """JSON that no page can mistake for markup."""
    text = json.dumps(numbers, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _lines(band: Band) -> tuple[FloatArray, FloatArray, FloatArray]:
    return band.low, band.middle, band.high


def _rest(still: Course, hours: FloatArray, decimals: int) -> list[int | None] | None:
    """The median without a dose at the times of another course; nothing if it is zero throughout, or not known."""
    middle = still.people.middle
    if len(middle) < 2 or not np.isfinite(middle).all() or not np.any(middle):
        return None
    line = np.interp(hours, still.hours, middle)
    return _steps(np.where(hours <= still.hours[-1], line, np.nan), decimals)


def _decimals(lines: Sequence[FloatArray]) -> int:
    """Digits after the point that give the largest of all numbers five digits."""
    values = np.abs(np.concatenate(lines))
    largest = float(np.max(values[np.isfinite(values)], initial=0.0))
    return 0 if largest == 0.0 else _DIGITS - 1 - math.floor(math.log10(largest))


def _steps(values: FloatArray, decimals: int) -> list[int | None]:
    """Numbers as steps from one to the next, in units of the last digit; what is not a number is null.

    A number is rounded before the step is taken, so that errors do not add up.
    """
    found: list[int | None] = []
    last = 0
    for value in values.tolist():
        if not math.isfinite(value):
            found.append(None)
            continue
        place = round(value * 10.0**decimals)
        found.append(place - last)
        last = place
    return found
