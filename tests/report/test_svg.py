"""What makes a drawing fit for a page: its own names, words for readers, nothing that a page must not hold."""

from xml.etree import ElementTree as ET

from raphe.report.svg import inline_svg, printable

WRITTEN = """<?xml version="1.0"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg xmlns:xlink="http://www.w3.org/1999/xlink" width="9pt" height="9pt" viewBox="0 0 9 9">
 <metadata><a href="http://example.org"/></metadata>
 <defs><style type="text/css">*{color: red}</style></defs>
 <g id="axes_1" clip-path="url(#p1)"><path id="m1" d="M 1.23456 -0.98765 L 2 3"/>
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
    for part in ('id="a-axes_1"', "url(#a-p1)", 'id="a-m1"', 'href="#a-m1"', 'id="a-p1"'):
        assert part in READY
    assert "xlink" not in READY


def test_numbers_are_short_and_text_is_left_alone():
    assert 'd="M 1.23 -0.99 L 2 3"' in READY
    assert '<text>id="m1" 1.23456</text>' in READY


def test_the_words_are_escaped():
    assert '<title id="a-title">&lt;b&gt;</title>' in READY
    assert '<desc id="a-desc">&quot;x&quot; &amp; y</desc>' in READY


def test_what_no_page_may_hold_is_taken_out():
    assert printable("a\x00b\x1b\ud800\uffffc\td\n") == "abc\td\n"
