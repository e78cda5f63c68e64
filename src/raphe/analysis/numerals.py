"""Numbers -> words: amounts, changes and times, short and with their units.

Numbers keep two or three significant digits and their unit; what is not a number is said in words.
"""

from __future__ import annotations

import math

from raphe.analysis.answer import Answer, Interval

NO_NUMBER = "no number"
NOT_REACHED = "not before the run ends"
_DAYS_FROM = 48.0  # h; shorter times are told in hours


def number(value: float, digits: int = 3) -> str:
    """A number with a few significant digits, without trailing zeros.

    Parameters
    ----------
    value
        Any float.
    digits
        Significant digits.

    Returns
    -------
    str
        Never `nan`, `inf` or `-0`.

    Examples
    --------
    >>> number(14.8962), number(0.00123456), number(-0.0), number(3.2e-9), number(float("nan"))
    ('14.9', '0.00123', '0', '3.2e-9', 'no number')
    """
    if math.isnan(value):
        return NO_NUMBER
    if math.isinf(value):
        return "without limit"
    rounded = float(f"{value:.{digits}g}")
    if rounded == 0.0:
        return "0"
    order = math.floor(math.log10(abs(rounded)))
    if -4 <= order < 6:
        text = f"{rounded:.{max(digits - 1 - order, 0)}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    mantissa, _, exponent = f"{rounded:.{digits - 1}e}".partition("e")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{mantissa}e{int(exponent)}"


def amount(value: float, unit: str, digits: int = 3) -> str:
    """A number and its unit; a ratio has none.

    Examples
    --------
    >>> amount(14.8962, "ng/mL"), amount(0.873, "dimensionless")
    ('14.9 ng/mL', '0.873')
    """
    if math.isnan(value) or is_plain(unit):
        return number(value, digits)
    return f"{number(value, digits)} {unit}"


def is_plain(unit: str) -> bool:
    """Whether a unit is that of a ratio, which is not written."""
    return unit.strip() in {"", "1", "dimensionless"}


def _percent_number(fraction: float, *, relative: bool) -> str:
    """Two digits, but nothing below a hundredth of a percent: no change is known so well."""
    digits = 3 if abs(fraction) >= 0.995 else 2
    if not math.isfinite(fraction):
        return number(fraction, digits)
    return number(round(100.0 * fraction, 2) if relative else round(fraction, 4), digits)


def percent(fraction: float, *, relative: bool = True) -> str:
    """A fraction as percent, with a sign only if negative; the number itself if it is not relative to a baseline.

    Examples
    --------
    >>> percent(0.1843), percent(-0.0042), percent(1.234), percent(-1e-12), percent(0.41, relative=False)
    ('18 %', '-0.42 %', '123 %', '0 %', '0.41')
    """
    return (
        NO_NUMBER
        if math.isnan(fraction)
        else _percent_number(fraction, relative=relative) + _mark(relative=relative)
    )


def _mark(*, relative: bool) -> str:
    return " %" if relative else ""


def _signed(fraction: float, *, relative: bool) -> str:
    text = _percent_number(fraction, relative=relative)
    return f"+{text}" if fraction > 0.0 and text != "0" and math.isfinite(fraction) else text


def change(fraction: float, *, relative: bool = True) -> str:
    """A change as percent, or as the number itself if it is not relative, always with its sign.

    Examples
    --------
    >>> change(0.06), change(-0.41), change(-0.0)
    ('+6 %', '-41 %', '0 %')
    """
    return (
        NO_NUMBER
        if math.isnan(fraction)
        else _signed(fraction, relative=relative) + _mark(relative=relative)
    )


def change_range(interval: Interval, *, relative: bool = True) -> str:
    """The 5th and 95th percentile of a change.

    Examples
    --------
    >>> change_range(Interval(low=-0.41, middle=-0.2, high=0.06))
    '-41 to +6 %'
    """
    if math.isnan(interval.low) and math.isnan(interval.high):
        return NO_NUMBER
    if math.isnan(interval.low) or math.isnan(interval.high):
        return f"{change(interval.low, relative=relative)} to {change(interval.high, relative=relative)}"
    low, high = _signed(interval.low, relative=relative), _signed(interval.high, relative=relative)
    return (low if low == high else f"{low} to {high}") + _mark(relative=relative)


def duration(hours: float, digits: int = 2) -> str:
    """A time: hours below 48 h, days above.

    Examples
    --------
    >>> duration(1.75), duration(100.8), duration(float("nan"))
    ('1.8 h', '4.2 d', 'not before the run ends')
    """
    if math.isnan(hours):
        return NOT_REACHED
    if abs(hours) < _DAYS_FROM:
        return f"{number(hours, digits)} h"
    days = hours / 24.0
    return f"{number(days, max(digits, 3) if days >= 99.5 else digits)} d"


def duration_range(interval: Interval) -> str:
    """The 5th and 95th percentile of a time.

    Examples
    --------
    >>> duration_range(Interval(low=96.0, middle=100.0, high=120.0))
    '4 to 5 d'
    >>> duration_range(Interval(low=40.0, middle=100.0, high=float("nan")))
    '40 h to not before the run ends'
    """
    low, high = duration(interval.low), duration(interval.high)
    if low == high:
        return low
    if not math.isnan(interval.high) and low[-2:] == high[-2:]:
        return f"{low[:-2]} to {high}"
    return f"{low} to {high}"


def span(interval: Interval, unit: str) -> str:
    """The 5th and 95th percentile of an amount, with the unit once.

    Examples
    --------
    >>> span(Interval(low=10.22, middle=12.0, high=14.04), "ng/mL")
    '10.2 to 14 ng/mL'
    """
    if math.isnan(interval.low) or math.isnan(interval.high):
        return f"{amount(interval.low, unit)} to {amount(interval.high, unit)}"
    return f"{number(interval.low)} to {amount(interval.high, unit)}"


def plural(count: int, one: str, many: str) -> str:
    """A count with its noun."""
    return f"{count} {one if count == 1 else many}"


def share(fraction: float) -> str:
    """A share as whole percent; what estimates say below 0 or above 1 is cut off there.

    Examples
    --------
    >>> share(0.354), share(-0.01), share(1.2), share(0.002), share(float("nan"))
    ('35 %', '0 %', '100 %', '0 %', 'no number')
    """
    return NO_NUMBER if math.isnan(fraction) else f"{round(100.0 * min(max(fraction, 0.0), 1.0))} %"


def is_relative(answer: Answer) -> bool:
    """Whether changes are told as parts of a baseline."""
    return all(effect.relative for effect in answer.effects)


def target_noun(answer: Answer) -> str:
    """What the target is, in a few words: its meaning up to the first comma."""
    return answer.target_meaning.partition(",")[0].strip() or answer.target
