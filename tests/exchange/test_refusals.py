"""What is not supported or not sound is refused by name and place, and nothing brings the reader down."""

import contextlib
import random
import subprocess
import sys

import pytest
from documents import (
    ROOM,
    document,
    event,
    function,
    math,
    parameter,
    reaction,
    rule,
    species,
    start,
)

from raphe.core.errors import FileError, InputError, LanguageError
from raphe.exchange import sbml as reader
from raphe.exchange.sbml import check_sbml, read_sbml
from raphe.language.findings import Severity

X = parameter("x", 1)
DELAY = "<delay>" + math("3") + "</delay>"
PRIORITY = "<priority>" + math("3") + "</priority>"
REACTION = reaction("r", "S * room", used=["S"])
DEEP = "x" + " + 1)" * 300
REFUSED = {
    "delay of a name": ((X, rule("rate", "x", "delay(x, 2)")), '"delay"'),
    "delay of an event": (
        (X, event("e", "time > 1", extra=DELAY, x="2")),
        'delay of the event "e"',
    ),
    "priority": ((X, event("e", "time > 1", extra=PRIORITY, x="2")), 'priority of the event "e"'),
    "algebraic rule": (
        (X, parameter("y", 1), f"<algebraicRule>{math('x + y - 3')}</algebraicRule>"),
        "algebraic rule",
    ),
    "fast reaction": (
        (ROOM, species("S", 1), REACTION.replace('fast="false"', 'fast="true"')),
        'fast reaction "r"',
    ),
    "no law": (
        (ROOM, species("S", 1), REACTION[: REACTION.index("<kineticLaw>")] + "</reaction>"),
        'reaction "r" has no kinetic law',
    ),
    "sine of a state": ((X, rule("rate", "x", "sin(x)")), '"sin(x)"'),
    "whole part of a state": ((X, rule("rate", "x", "floor(x)")), '"floor(x)"'),
    "function that raphe lacks": ((X, rule("rate", "x", "arctan(x)")), '"arctan"'),
    "no value": ((X, parameter("k"), rule("rate", "x", "k")), '"k" has no value'),
    "no start": ((parameter("x"), rule("rate", "x", "1")), '"x" has no value'),
    "not a finite start": ((parameter("x", "INF"), rule("rate", "x", "1")), '"inf"'),
    "not a finite number": ((X, rule("rate", "x", "infinity")), '"inf" is not a finite number'),
    "unknown name": ((X, rule("rate", "x", "nobody")), "nobody"),
    "unknown function": ((X, rule("rate", "x", "nobody(3)")), "nobody"),
    "loop of rules": (
        (
            X,
            parameter("a"),
            parameter("b"),
            rule("assignment", "a", "b"),
            rule("assignment", "b", "a"),
        ),
        "",
    ),
    "loop of starts": (
        (
            parameter("a", constant=True),
            parameter("b", constant=True),
            start("a", "b"),
            start("b", "a"),
        ),
        "",
    ),
    "functions without end": (
        (X, function("f", "a, g(a)"), function("g", "a, f(a)"), rule("rate", "x", "f(x)")),
        "",
    ),
    "two rules": ((X, rule("rate", "x", "1"), rule("rate", "x", "2")), ""),
    "a number for a condition": ((X, rule("rate", "x", "piecewise(1, x, 2)")), ""),
    "events that touch each other": (
        (X, event("e", "time > 1", x="x + 2"), event("f", "time > 1", x="2 * x")),
        'the events "e" and "f" fire together',
    ),
    "an event for a constant": (
        (parameter("x", 1, constant=True), event("e", "time > 1", x="2")),
        "",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_supported_is_refused_by_name_and_place(sbml, name):
    parts, words = REFUSED[name]
    with pytest.raises(LanguageError) as caught:
        sbml.read(*parts)
    error = caught.value
    assert words in error.message + error.advice
    assert error.place.line > 0
    assert "\n" not in str(error)


def test_level_1_and_needed_packages_are_refused(sbml):
    path = sbml.file(X)
    text = path.read_text("utf-8")
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?><sbml xmlns="http://www.sbml.org/sbml/level1" level="1" version="2">'
        '<model name="old"><listOfCompartments><compartment name="c"/></listOfCompartments></model></sbml>',
        "utf-8",
    )
    with pytest.raises(LanguageError, match="Level 1"):
        read_sbml(path)
    comp = "http://www.sbml.org/sbml/level3/version1/comp/version1"
    path.write_text(
        text.replace('level="3"', f'xmlns:comp="{comp}" comp:required="true" level="3"'), "utf-8"
    )
    with pytest.raises(LanguageError, match='package "comp"'):
        read_sbml(path)


def test_all_faults_are_told_at_once_and_units_are_only_warned_of(sbml):
    parts = (
        parameter("x", 1).replace("/>", ' units="second"/>'),
        parameter("y", 1).replace("/>", ' units="metre"/>'),
        rule("rate", "x", "y"),
        "<rateRule" + rule("rate", "y", "sin(x)").removeprefix("<rateRule"),
        event("e", "time > 1", extra=DELAY, x="2"),
    )
    reading = check_sbml(sbml.file(*parts))
    assert reading.model is None
    errors = [one for one in reading.findings if one.severity is Severity.ERROR]
    assert len(errors) == 1  # what is not supported comes first; formulas are looked at after that
    assert any("unit" in one.message for one in reading.findings if one not in errors)


def test_a_constraint_is_not_dropped_in_silence(sbml):
    text = document(X, rule("rate", "x", "1"))
    constraint = f"<listOfConstraints><constraint>{math('x < 9')}</constraint></listOfConstraints>"
    path = sbml.folder / "constrained.xml"
    path.write_text(text.replace("</model>", f"{constraint}</model>"), "utf-8")
    reading = check_sbml(path)
    assert reading.model is not None
    assert "the constraint is not watched" in [one.message for one in reading.findings]


# ---- damaged files


BOMB = (
    '<?xml version="1.0"?>\n<!DOCTYPE lolz [<!ENTITY lol "lol">'
    + "".join(f'<!ENTITY lol{k} "{f"&lol{k - 1};" * 10}">' for k in range(1, 9))
    + "]>\n<sbml>&lol8;</sbml>"
)
SOUND = document(X, rule("rate", "x", "2 * x + 3"))
DAMAGED = {
    "empty": b"",
    "truncated": SOUND.encode()[:-60],
    "cut in a formula": SOUND.encode()[: SOUND.index("<times/>") + 4],
    "entity bomb": BOMB.encode(),
    "document type": SOUND.replace(
        "<sbml", '<!DOCTYPE sbml SYSTEM "file:///etc/passwd">\n<sbml'
    ).encode(),
    "small letters": SOUND.replace("<sbml", "<!doctype sbml>\n<sbml").encode(),
    "two roots": SOUND.replace("<sbml", "<a/><sbml").encode(),
    "utf-16": SOUND.replace("UTF-8", "UTF-16").encode("utf-16"),
    "says utf-16": SOUND.replace("UTF-8", "UTF-16").encode(),
    "says utf-7": SOUND.replace("UTF-8", "UTF-7").encode(),
    "not text": bytes(range(256)),
    "zeros": SOUND.encode().replace(b"</sbml>", b"\0</sbml>"),
    "another language": b"<html><body>hello</body></html>",
    "no model": b'<sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1"/>',
    "deep elements": b"<a>" * 200_000,
    "deep formula": SOUND.replace("<math", "<math", 1)
    .replace("<apply>", "<apply><minus/>" * 5000 + "<apply>", 1)
    .replace("</math>", "</apply>" * 5000 + "</math>", 1)
    .encode(),
    "long number": SOUND.replace("3 </cn>", "9" * 100_000 + " </cn>").encode(),
    "twice": (SOUND + SOUND).encode(),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_is_told_in_one_line(tmp_path, name):
    path = tmp_path / "damaged.xml"
    path.write_bytes(DAMAGED[name])
    with pytest.raises(InputError) as caught:
        read_sbml(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 1000


def test_doctype_is_refused_with_its_place_before_libsbml_sees_it(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "_CHILD", tmp_path / "not-there.py")
    path = tmp_path / "bomb.xml"
    path.write_text(BOMB, "utf-8")
    with pytest.raises(FileError) as caught:
        read_sbml(path)
    assert (caught.value.place.line, caught.value.place.column) == (2, 16)


def test_a_file_that_is_too_large_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "MAX_BYTES", 100)
    path = tmp_path / "large.xml"
    path.write_text(SOUND, "utf-8")
    with pytest.raises(FileError, match="too large"):
        read_sbml(path)


def test_a_crash_of_the_child_is_an_error_and_no_more(tmp_path, monkeypatch):
    path = tmp_path / "small.xml"
    path.write_text(SOUND, "utf-8")
    child = tmp_path / "child.py"
    monkeypatch.setattr(reader, "_CHILD", child)
    child.write_text("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    with pytest.raises(FileError, match="exit code -11"):
        read_sbml(path)
    child.write_text("while True: pass")
    monkeypatch.setattr(reader, "MAX_SECONDS", 0.5)
    with pytest.raises(FileError, match="too long"):
        read_sbml(path)


def test_a_child_that_wants_too_much_memory_is_stopped(tmp_path, monkeypatch):
    path = tmp_path / "many.xml"
    many = [parameter(f"p{number}", number, constant=True) for number in range(30_000)]
    path.write_text(document(*many), "utf-8")
    monkeypatch.setattr(reader, "MAX_MEMORY", 30 * 1024**2)  # less than what the numbers take
    with pytest.raises(FileError, match="could not read the file"):
        read_sbml(path)


def test_random_damage_is_told_or_harmless(tmp_path):
    chance = random.Random(7)  # noqa: S311  no secret
    sound = document(
        ROOM,
        species("S", 3),
        parameter("k", 2),
        function("f", "a, 2 * a"),
        rule("assignment", "k", "piecewise(1, time < 3, f(2))"),
        REACTION,
        event("e", "S < 1", S="k"),
    ).encode()
    path = tmp_path / "changed.xml"
    for _ in range(15):
        text = bytearray(sound)
        for _ in range(chance.randint(1, 3)):
            begin = chance.randrange(len(text))
            text[begin : begin + chance.randint(0, 9)] = chance.choice(
                [b"", b"<", b"</apply>", b'"', b"9e999", text[begin : begin + 60]]
            )
        path.write_bytes(bytes(text))
        with contextlib.suppress(InputError):  # anything else is a fault of ours
            read_sbml(path)


def test_the_command_line_tells_faults_and_exits_with_2(sbml):
    path = sbml.file(X, rule("rate", "x", "sin(x)"))

    def raphe(*arguments):
        command = [sys.executable, "-m", "raphe.cli", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)

    done = raphe("check", str(path))
    assert done.returncode == 2
    assert f"error: {path}:" in done.stdout
    assert "1 error" in done.stdout
    assert "nothing is converted" in done.stdout  # no units are declared
    assert "Traceback" not in done.stderr
    path.write_text(SOUND, "utf-8")
    done = raphe("show", str(path))
    assert "d x / dt = 2 * x + 3" in done.stdout
    assert "x.start | 1 | read | small, x" in done.stdout
