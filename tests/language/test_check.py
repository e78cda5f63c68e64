"""Every planted fault is found, where it stands, by the function and by the command."""

import subprocess
import sys
from pathlib import Path

import pytest

from raphe.core.errors import InputError
from raphe.language.check import Severity, check_document
from raphe.language.model import Library
from raphe.language.parse import parse
from raphe.library.catalog import load_catalog

FAULTS = Path(__file__).parent / "faults"
SHELVES = Path(__file__).parents[2] / "src" / "raphe" / "library"
EMPTY = Library(modules={}, sources={})
FOUND = {  # file: kind of fault and line
    "unknown_name": ("unknown-name", 4),
    "wrong_unit": ("wrong-unit", 5),
    "rate_without_time": ("wrong-unit", 4),
    "exponential_of_mass": ("wrong-unit", 5),
    "cycle": ("cycle", 3),
    "cycle_across_modules": ("cycle", 3),
    "duplicate_name": ("duplicate", 5),
    "duplicate_module": ("duplicate", 5),
    "unsourced_parameter": ("unsourced-number", 2),
    "unsourced_number": ("unsourced-number", 4),
    "assumed_without_reason": ("unsourced-number", 2),
    "unknown_source": ("unknown-source", 2),
    "no_rate": ("no-rate", 4),
    "two_rates": ("two-rates", 5),
    "port_unit": ("bad-port", 12),
    "port_meaning": ("bad-port", 12),
    "port_missing": ("bad-port", 5),
    "port_twice": ("bad-port", 14),
    "unknown_module": ("unknown-module", 2),
    "moving_start": ("not-constant", 4),
    "twice_in_event": ("bad-event", 5),
    "concentration_without_home": ("wrong-unit", 6),
    "lag_of_mass": ("wrong-unit", 6),
    "duration_of_mass": ("wrong-unit", 6),
    "rate_of_amount": ("wrong-unit", 6),
    "unknown_duration": ("unknown-name", 5),
    "owned_twice": ("bad-port", 11),
    "held_without_rest": ("bad-port", 12),
    "held_and_fed": ("bad-port", 13),
    "sum_fed_twice": ("bad-port", 13),
    "held_unknown": ("bad-port", 13),
    "output_of_input": ("unknown-name", 4),
    "support_unknown": ("unknown-name", 4),
    "support_unit": ("wrong-unit", 4),
    "support_unsourced": ("unsourced-number", 4),
    "support_moving": ("not-constant", 5),
    "support_of_model": ("unknown-name", 7),
    "occasions_without_dose": ("bad-occasion", 2),
    "correlation_unknown": ("unknown-name", 4),
    "correlation_unsourced": ("unsourced-number", 4),
    "correlation_twice": ("duplicate", 5),
    "correlation_of_constant": ("bad-correlation", 5),
    "correlation_of_two_values": ("bad-correlation", 5),
    "correlation_impossible": ("bad-correlation", 5),
    "correlation_with_itself": ("bad-correlation", 4),
}
UNREADABLE = {
    "missing_unit": ("unit", 2),
    "bad_distribution": ("distribution", 2),
    "rest_with_digits": ("rest", 2),
    "support_empty": ("support", 4),
    "occasions_uniform": ("normal or lognormal", 2),
    "occasions_by_hour": ("hour", 2),
    "correlation_of_one": ("impossible", 4),
    "correlation_with_unit": ("dimensionless", 4),
}


def findings_of(name):
    path = FAULTS / f"{name}.raphe"
    return check_document(parse(path.read_text("utf-8"), path.name), library=EMPTY)


def test_every_fault_file_is_in_a_table():
    files = {path.stem for path in FAULTS.glob("*.raphe")}
    assert files == {*FOUND, *UNREADABLE, "good"}


@pytest.mark.parametrize("name", FOUND)
def test_a_planted_fault_is_found_where_it_stands_and_alone(name):
    code, line = FOUND[name]
    errors = [one for one in findings_of(name) if one.severity is Severity.ERROR]
    assert [(one.code, one.place.line) for one in errors] == [(code, line)]
    assert errors[0].place.column > 0
    assert f"{name}.raphe:{line}:" in str(errors[0])


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_does_not_read_is_refused_with_its_place(name):
    words, line = UNREADABLE[name]
    with pytest.raises(InputError) as caught:
        findings_of(name)
    assert words in str(caught.value)
    assert caught.value.place.line == line


def test_a_good_file_has_no_findings():
    assert findings_of("good") == ()


def test_all_faults_of_a_file_are_told_at_once():
    text = "\n".join(
        (FAULTS / f"{name}.raphe").read_text("utf-8").replace("module m", f"module {name}")
        for name in ("unknown_name", "wrong_unit", "unsourced_number", "no_rate")
    )
    codes = {one.code.value for one in check_document(parse(text, "all"), library=EMPTY)}
    assert codes >= {"unknown-name", "wrong-unit", "unsourced-number", "no-rate"}


def test_mass_and_substance_meet_only_through_a_molar_mass():
    (finding,) = (f for f in findings_of("wrong_unit") if f.severity is Severity.ERROR)
    assert "molar_mass" in finding.advice


def test_an_unknown_name_brings_the_nearest():
    (finding,) = (f for f in findings_of("unknown_name") if f.severity is Severity.ERROR)
    assert finding.advice == 'did you mean "rate"?'


def test_a_loop_is_printed_round():
    (finding,) = (f for f in findings_of("cycle") if f.severity is Severity.ERROR)
    assert "a > b > c > a" in finding.message


def test_ports_that_differ_name_both_places():
    (finding,) = (f for f in findings_of("port_unit") if f.severity is Severity.ERROR)
    assert "port_unit.raphe:3:" in finding.message
    assert "port_unit.raphe:6:" in finding.message


@pytest.mark.parametrize(
    "path", sorted(SHELVES.rglob("*.raphe")), ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_a_file_of_the_library_has_no_findings(path):
    document = parse(path.read_text("utf-8"), path.name)
    assert check_document(document, library=load_catalog().library) == ()


@pytest.mark.parametrize("name", ["good", *FOUND, *UNREADABLE])
def test_the_command_tells_the_place_and_the_exit_code(name):
    path = FAULTS / f"{name}.raphe"
    done = subprocess.run(
        [sys.executable, "-m", "raphe.cli", "check", path],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stdout + done.stderr
    if name == "good":
        assert done.returncode == 0
        assert "0 errors" in done.stdout
    else:
        line = {**FOUND, **UNREADABLE}[name][1]
        assert done.returncode == 2
        assert f"{path}:{line}:" in done.stdout + done.stderr
