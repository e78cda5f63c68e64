"""SVG as matplotlib writes it -> SVG that stands inline in a page beside others. Knows nothing of what is drawn."""

from __future__ import annotations

import re
from html import escape

_TAG = re.compile(r"<[^<>]*>")
_OWN_ID = re.compile(r'(\bid=")([^"]*)(")')
_ID_USE = re.compile(r'(url\(#|\bhref="#)([^")]*)')
_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_FONT = "Helvetica, Arial, 'DejaVu Sans', sans-serif"


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
        One `svg` element that scales with its frame.
    """
    text = printable(written)
    text = text[text.index("<svg") :].rstrip()
    opening, body = text[: text.index(">") + 1], text[text.index(">") + 1 :]
    body = re.sub(r"<metadata>.*?</metadata>\s*", "", body, flags=re.DOTALL)
    body = re.sub(
        r"<defs>\s*<style[^>]*>.*?</style>\s*</defs>\s*", "", body, count=1, flags=re.DOTALL
    )
    body = _TAG.sub(lambda tag: _kept_apart(tag.group(), prefix), body)
    box = re.search(r'viewBox="([^"]*)"', opening)
    size = "0 0 100 100" if box is None else box.group(1)
    names = f'aria-labelledby="{prefix}title {prefix}desc"'
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{size}" role="img" {names} '
        'style="stroke-linejoin:round;stroke-linecap:butt">\n'
        f'<title id="{prefix}title">{_plain(title)}</title>\n'
        f'<desc id="{prefix}desc">{_plain(description)}</desc>'
    )
    return head + body


def _plain(text: str) -> str:
    return escape(printable(text))


def _kept_apart(tag: str, prefix: str) -> str:
    """A tag with its own identifiers and those it uses prefixed, and its numbers shortened."""
    tag = tag.replace("xlink:href=", "href=").replace("'DejaVu Sans', sans-serif", _FONT)
    tag = _OWN_ID.sub(rf"\g<1>{prefix}\g<2>\g<3>", tag)
    tag = _ID_USE.sub(rf"\g<1>{prefix}\g<2>", tag)
    return _LONG_NUMBER.sub(lambda found: f"{float(found.group()):.2f}", tag)
