"""SVG as matplotlib writes it -> SVG that stands inline in a page beside others. Knows nothing of what is drawn.

Colors become variables of the page's style, so that a drawing follows light and dark; paths become short.
"""

from __future__ import annotations

import re
from html import escape
from itertools import pairwise

_TAG = re.compile(r"<[^<>]*>")
_OWN_ID = re.compile(r'(\bid=")([^"]*)(")')
_ID_USE = re.compile(r'(url\(#|\bhref="#)([^")]*)')
_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_PATH = re.compile(r'\bd="([^"]*)"')
_TOKEN = re.compile(r"[A-Za-z]|-?\d+(?:\.\d+)?")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_COLOR = re.compile(r"#[0-9a-fA-F]{6}\b")
_NO_TURN = re.compile(r' transform="rotate\(-?0 [^"]*\)"')
_OWN_FONT = re.compile(r"font-family: [^;\"]*; ")
_FONT = "Helvetica,Arial,'DejaVu Sans',sans-serif"

# What a color of a drawing stands for -> the variable of style.css that has it in light and in dark.
VARIABLES = {
    "#0072b2": "people",
    "#c14f00": "doubt",
    "#222222": "ink",
    "#444444": "ink",
    "#555555": "axis",
    "#767676": "guide",
    "#777777": "guide",
    "#888888": "guide",
    "#aaaaaa": "guide",
    "#ededed": "shade",
    "#f0f0f0": "shade",
    "#e6e6e6": "grid",
    "#ffffff": "card",
    "#14633b": "read",
    "#4a4a8c": "derived",
    "#8a4b00": "assumed",
}


def printable(text: str) -> str:
    """Text without the characters that neither SVG nor HTML may hold."""
    return _CONTROL.sub("", text)


def inline_svg(written: str, *, prefix: str, title: str, description: str) -> str:
    """Make a drawing ready for a page: no prolog, metadata or style sheet, no identifier used twice.

    Parameters
    ----------
    written
        SVG file as matplotlib writes it.
    prefix
        Put before every identifier.
    title, description
        For those who do not see the picture.

    Returns
    -------
    str
        One `svg` element that scales with its frame and takes its colors from the page.
    """
    text = printable(written)
    text = text[text.index("<svg") :].rstrip()
    opening, body = text[: text.index(">") + 1], text[text.index(">") + 1 :]
    body = re.sub(r"<metadata>.*?</metadata>\s*", "", body, flags=re.DOTALL)
    body = re.sub(
        r"<defs>\s*<style[^>]*>.*?</style>\s*</defs>\s*", "", body, count=1, flags=re.DOTALL
    )
    used = {name for tag in _TAG.findall(body) for _, name in _ID_USE.findall(tag)}
    body = _TAG.sub(lambda tag: _ready_tag(tag.group(), prefix, used), body)
    body = re.sub(r">\s+<", "><", body).lstrip()
    box = re.search(r'viewBox="([^"]*)"', opening)
    size = "0 0 100 100" if box is None else box.group(1)
    names = f'aria-labelledby="{prefix}title {prefix}desc"'
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{size}" role="img" {names} '
        f'style="stroke-linejoin:round;stroke-linecap:butt;font-family:{_FONT}">'
        f'<title id="{prefix}title">{_plain(title)}</title>'
        f'<desc id="{prefix}desc">{_plain(description)}</desc>\n'
    )
    return head + body


def _plain(text: str) -> str:
    return escape(printable(text))


def _ready_tag(tag: str, prefix: str, used: set[str]) -> str:
    """A tag that keeps only names that are used, prefixed, with short numbers and named colors."""
    if "=" not in tag:
        return tag
    tag = _OWN_FONT.sub("", _NO_TURN.sub("", tag.replace("xlink:href=", "href=")))
    tag = re.sub(
        r' id="([^"]*)"', lambda found: found.group() if found.group(1) in used else "", tag
    )
    tag = _OWN_ID.sub(rf"\g<1>{prefix}\g<2>\g<3>", tag)
    tag = _ID_USE.sub(rf"\g<1>{prefix}\g<2>", tag)
    tag = _COLOR.sub(_named_color, tag)
    tag = _PATH.sub(lambda found: f'd="{_short_path(found.group(1))}"', tag)
    return _LONG_NUMBER.sub(lambda found: f"{float(found.group()):.2f}", tag)


def _named_color(found: re.Match[str]) -> str:
    name = VARIABLES.get(found.group().lower())
    return found.group() if name is None else f"var(--{name})"


def _short_path(text: str) -> str:
    """A path of straight lines in steps of a tenth of a unit, with straight runs joined; others as they are.

    Rounding is done on places, not on steps, so that errors do not add up.
    """
    tokens = _TOKEN.findall(text)
    if not tokens or not {mark for mark in tokens if mark.isalpha()} <= {"M", "L", "z"}:
        return " ".join(text.split())
    parts: list[str] = []
    line: list[tuple[int, int]] = []
    numbers: list[int] = []
    for mark in [*tokens, "M"]:
        if not mark.isalpha():
            numbers.append(round(10.0 * float(mark)))
            if len(numbers) == 2:
                line.append((numbers[0], numbers[1]))
                numbers = []
        elif mark in "Mz" and line:
            parts.append(_short_line(line) + ("z" if mark == "z" else ""))
            line = []
        elif mark == "z":
            parts.append("z")
    return "".join(parts)


def _short_line(line: list[tuple[int, int]]) -> str:
    """Places in tenths -> one move and the steps from place to place."""
    steps: list[tuple[int, int]] = []
    for (x, y), (to_x, to_y) in pairwise(line):
        right, down = to_x - x, to_y - y
        if steps and not (right or down):
            continue
        if steps:
            last_right, last_down = steps[-1]
            along = last_right * right + last_down * down
            if last_right * down == last_down * right and along > 0:
                steps[-1] = (last_right + right, last_down + down)
                continue
        steps.append((right, down))
    return f"M{_pair(*line[0])}" + "".join(_step(*step) for step in steps)


def _step(right: int, down: int) -> str:
    if down == 0:
        return f"h{_tenth(right)}"
    return f"v{_tenth(down)}" if right == 0 else f"l{_pair(right, down)}"


def _pair(first: int, second: int) -> str:
    """Two numbers; a minus parts them as well as a space."""
    return f"{_tenth(first)}{'' if second < 0 else ' '}{_tenth(second)}"


def _tenth(value: int) -> str:
    text = f"{value / 10:g}"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text
