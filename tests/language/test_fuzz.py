"""20,000 generated inputs: no traceback, and none slower than 1 s per 100 kB."""

import random
import time
from pathlib import Path

import pytest

from raphe.core.errors import InputError, LanguageError
from raphe.language.check import check_document
from raphe.language.model import Library
from raphe.language.parse import parse
from raphe.library.catalog import load_catalog

SHELVES = Path(__file__).parents[2] / "src" / "raphe" / "library"
TEXTS = [path.read_text("utf-8") for path in sorted(SHELVES.rglob("*.raphe"))]
TOKENS = """
source module model observation parameter quantity species reaction derivative event route input output compartment
substance use as or connect drug by target show read derived assumed because meaning people uncertainty normal
lognormal uniform loguniform bernoulli sd cv to in of at when rate into lag fraction nothing if min max exp ln sqrt
tanh abs molar_mass time { } ( ) [ ] ; : , = -> + - * / ^ < <= > >= " # x y mg h 1/h L dimensionless % 1 0 0.5 1e308
1e999 9999999999 "text" alias.name nM^12 é 中 \\
"""
WORDS = [*TOKENS.split(), "\n", "\t", "\x00"]
SIGNS = "x y time 1 2 0 0.5 1e400 ( ( ) ) + - * / ^ , exp( if( min( [x] molar_mass( < >= -"
PER_KIND = 4_000
SECONDS_PER_100_KB = 1.0
EMPTY = Library(modules={}, sources={})


def attempt(text):
    """Parse and check; return what was raised, and the processor time it took."""
    begin = time.process_time()
    try:
        check_document(parse(text, "fuzz"), library=EMPTY)
        raised = None
    except InputError as error:
        raised = error
    return raised, time.process_time() - begin


def soup(chance):
    return " ".join(chance.choices(WORDS, k=chance.randrange(1, 60)))


def pieces(chance):
    """Statements of real files, cut, doubled and spliced."""
    one, other = chance.choice(TEXTS), chance.choice(TEXTS)
    start, stop = sorted(chance.randrange(len(one)) for _ in range(2))
    middle = one[start : min(stop, start + 400)]
    where = chance.randrange(len(other))
    return (
        other[max(0, where - 300) : where]
        + middle * chance.randrange(1, 3)
        + other[where : where + 300]
    )


def mutated(chance):
    """A module of the library with a few characters changed."""
    text = chance.choice(TEXTS)
    begin = chance.choice([0, max(0, text.find("module ")), chance.randrange(len(text))])
    letters = list(text[begin : begin + chance.randrange(50, 1500)])
    for _ in range(chance.randrange(1, 6)):
        place = chance.randrange(len(letters))
        letters[place] = chance.choice([chance.choice(WORDS), chr(chance.randrange(1, 0x2FF)), ""])
    return "".join(letters)


def noise(chance):
    data = bytes(chance.randrange(256) for _ in range(chance.randrange(0, 200)))
    return data.decode("utf-8", errors="replace")


def formula(chance):
    """A formula in an otherwise sound module: brackets, chains, huge numbers, wrong arguments."""
    text = " ".join(chance.choices(SIGNS.split(), k=chance.randrange(1, 40)))
    shape = chance.randrange(5)
    depth = chance.choice([3, 30, 100, 1000])
    text = [text, "(" * depth + "x" + ")" * depth, "-" * depth + "x", "+x" * depth, "^x" * depth][
        shape
    ]
    return (
        'module m { parameter y = 1 1/h { assumed "t"; } species x : mg; '
        f"derivative x = x * y {text}; }}"
    )


KINDS = {"soup": soup, "pieces": pieces, "mutated": mutated, "noise": noise, "formula": formula}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.timeout(300)
def test_no_generated_input_brings_anything_but_a_clear_error(kind):
    chance = random.Random(f"raphe {kind}")  # noqa: S311 - a repeatable test, not a secret
    refused = 0
    for number in range(PER_KIND):
        text = KINDS[kind](chance)
        raised, seconds = attempt(text)
        refused += raised is not None
        assert seconds < max(1.0, SECONDS_PER_100_KB * len(text) / 1e5), (kind, number)
        if raised is not None:
            assert raised.place is not None
            assert "\n" not in str(raised)
    assert refused > PER_KIND // 10  # the generator does make faulty texts


def large(count):
    """A sound module with `count` parameters and quantities."""
    lines = ["module m {"]
    for i in range(count):
        lines.append(
            f'    parameter p{i} = {i}.5 mg {{ meaning "number {i}"; assumed "generated"; }}'
        )
        lines.append(f"    quantity q{i} : mg = p{i} * (2 + p{i} / p{max(i - 1, 0)}) - p{i};")
    return "\n".join([*lines, "}"])


HUGE = {
    "sound": large(800),
    "brackets": "module m { quantity q : mg = " + "(" * 100_000,
    "braces": "{" * 100_000,
    "squares": "module m { quantity q : mg = " + "[" * 100_000,
    "sum": "module m { quantity q : mg = " + "+".join(["x"] * 50_000) + "; }",
    "minus": "module m { quantity q : mg = " + "-" * 100_000 + "x; }",
    "powers": "module m { quantity q : mg = " + "^".join(["x"] * 50_000) + "; }",
    "word": "x" * 100_000,
    "words": "x " * 50_000,
    "string": 'source s { title "' + "x" * 100_000 + '"; year 2000; }',
    "open string": 'source s { title "' + "x" * 100_000,
    "quotes": '"' * 100_000,
    "comment": "#" * 100_000,
    "digits": "module m { parameter x = " + "9" * 100_000 + ' mg { assumed "t"; } }',
    "unit": "module m { parameter x = 1 " + "mg*" * 33_000 + 'mg { assumed "t"; } }',
    "modules": "module m {}\n" * 8_000,
    "lines": "\n" * 100_000,
}


@pytest.mark.parametrize("name", HUGE)
def test_a_hundred_kilobytes_take_less_than_a_second(name):
    text = HUGE[name]
    assert 75_000 <= len(text) <= 160_000
    seconds = min(attempt(text)[1] for _ in range(2))
    assert seconds < SECONDS_PER_100_KB * len(text) / 1e5


def test_the_large_sound_text_is_indeed_sound():
    assert attempt(HUGE["sound"])[0] is None


def test_more_than_a_megabyte_is_refused():
    with pytest.raises(LanguageError, match="more than"):
        parse(" " * 1_000_001, "huge")


def test_the_library_itself_reads():
    assert load_catalog().assemblies
