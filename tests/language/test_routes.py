"""Settings of a route: what may follow, in which order, and what each must be."""

import pytest

from raphe.core.errors import LanguageError
from raphe.language.check import check_document
from raphe.language.compose import compose_module
from raphe.language.model import Library
from raphe.language.parse import parse

EMPTY = Library(modules={}, sources={})
TEXT = """module m {{
    parameter rate = 1 1/h {{ assumed "test"; }}
    parameter late = 1 h {{ assumed "test"; }}
    parameter part = 1 dimensionless {{ assumed "test"; }}
    parameter long = 2 h {{ assumed "test"; }}
    parameter speed = 3 mg/h {{ assumed "test"; }}
    species x : mg;
    derivative x = -rate * x * (late + long) / long * part * speed / speed;
    route oral into x {settings};
}}
"""


def model_of(settings):
    document = parse(TEXT.format(settings=settings), "m.raphe")
    assert check_document(document, library=EMPTY) == ()
    return compose_module(document.modules[0], EMPTY)


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ("", (None, None, None, None)),
        ("lag late", ("late", None, None, None)),
        ("fraction part", (None, "part", None, None)),
        ("duration long", (None, None, "long", None)),
        ("rate speed", (None, None, None, "speed")),
        ("lag late fraction part duration long", ("late", "part", "long", None)),
        ("lag late rate speed", ("late", None, None, "speed")),
    ],
)
def test_a_route_has_the_settings_that_were_written(settings, found):
    (route,) = model_of(settings).routes
    assert (route.lag, route.fraction, route.duration, route.rate) == found
    assert route.settings == tuple(name for name in found if name is not None)


@pytest.mark.parametrize(
    "settings",
    [
        "duration long rate speed",
        "rate speed duration long",
        "lag late lag late",
        "duration long lag late",
        "duration 2 h",
        "pace speed",
    ],
)
def test_settings_that_cannot_be_are_refused_with_their_place(settings):
    with pytest.raises(LanguageError) as caught:
        parse(TEXT.format(settings=settings), "m.raphe")
    assert "m.raphe:9:" in str(caught.value)
