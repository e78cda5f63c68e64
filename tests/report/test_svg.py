"""What makes a drawing fit for a page: its own names, words for readers, nothing that a page must not hold."""

import re
from importlib import resources
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from raphe.report.svg import VARIABLES, inline_svg, printable

WRITTEN = """<?xml version="1.0"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg xmlns:xlink="http://www.w3.org/1999/xlink" width="9pt" height="9pt" viewBox="0 0 9 9">
 <metadata><a href="http://example.org"/></metadata>
 <defs><style type="text/css">*{color: red}</style></defs>
 <g id="axes_1" clip-path="url(#p1)"><path id="m1" d="M 1.23456 -0.98765 L 2 3" style="fill: #0072B2; stroke: #123456"/>
 <use xlink:href="#m1" x="1.5"/><text>id="m1" 1.23456</text></g>
 <defs><clipPath id="p1"/></defs>
</svg>
"""
READY = inline_svg(WRITTEN, prefix="a-", title="<b>", description='"x" & y')


def test_prolog_metadata_and_style_are_gone_and_it_is_still_xml():
    assert READY.startswith("<svg ")
    assert "metadata" not in READY
    assert "<style" not in READY
    assert "width=" not in READY
    assert ET.fromstring(READY).get("viewBox") == "0 0 9 9"  # noqa: S314, our own text


def test_every_name_and_every_use_of_it_has_the_prefix():
    assert "axes_1" not in READY  # nothing uses it
    for part in ("url(#a-p1)", 'id="a-m1"', 'href="#a-m1"', 'id="a-p1"'):
        assert part in READY
    assert "xlink" not in READY


def test_text_is_left_alone():
    assert '<text>id="m1" 1.23456</text>' in READY


def test_colors_are_those_of_the_page():
    assert 'style="fill: var(--people); stroke: #123456"' in READY


def test_every_color_variable_is_in_the_style_in_light_dark_and_print():
    style = resources.files("raphe.report").joinpath("style.css").read_text("utf-8")
    for name in set(VARIABLES.values()):
        assert style.count(f"--{name}: ") == 3, name


def path(text):
    """The places that a path of straight lines goes through, read step by step."""
    found, x, y = [], 0.0, 0.0
    for letter, rest in re.findall(r"([Mlhvz])([^Mlhvz]*)", text):
        numbers = [float(one) for one in re.findall(r"-?\d*\.?\d+", rest)]
        if letter == "M":
            x, y = numbers
        elif letter == "l":
            x, y = x + numbers[0], y + numbers[1]
        elif letter == "h":
            x += numbers[0]
        elif letter == "v":
            y += numbers[0]
        found.append((x, y))
    return found


def short(written):
    text = WRITTEN.replace("M 1.23456 -0.98765 L 2 3", written)
    svg = inline_svg(text, prefix="a-", title="t", description="d")
    return re.search(r'\bd="([^"]*)"', svg).group(1)


@given(st.lists(st.tuples(*[st.floats(-400, 400)] * 2), min_size=2, max_size=60))
def test_a_short_path_goes_where_the_long_one_went(places):
    written = "M " + "\nL ".join(f"{x:.6f} {y:.6f}" for x, y in places)
    shown = path(short(written))
    for (x, y), last in ((places[0], shown[0]), (places[-1], shown[-1])):
        assert abs(x - last[0]) < 0.051
        assert abs(y - last[1]) < 0.051
    grid = [(round(10 * float(f"{x:.6f}")), round(10 * float(f"{y:.6f}"))) for x, y in places]
    corners = {(round(10 * x), round(10 * y)) for x, y in shown}
    assert corners <= set(grid)
    assert len(short(written)) <= len(written)


def test_straight_runs_are_joined_and_turns_are_kept():
    assert short("M 0 0 L 1 0 L 2 0 L 2 1 L 2 0.5 z") == "M0 0h2v1v-.5z"
    assert short("M 0 0 L 1 1 M 5 5 L 6 5") == "M0 0l1 1M5 5h1"


def test_curves_stay_as_they_are():
    assert short("M 0 0 C 0.9283 1.2346 2 2 3 3 z") == "M 0 0 C 0.93 1.23 2 2 3 3 z"


def test_the_words_are_escaped():
    assert '<title id="a-title">&lt;b&gt;</title>' in READY
    assert '<desc id="a-desc">&quot;x&quot; &amp; y</desc>' in READY


def test_what_no_page_may_hold_is_taken_out():
    assert printable("a\x00b\x1b\ud800\uffffc\td\n") == "abc\td\n"
