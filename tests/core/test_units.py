"""Units: exact factors, refusals, and nothing run."""

from fractions import Fraction

import pytest

from raphe.core import units
from raphe.core.errors import Place, UnitError
from raphe.core.units import NONE, Unit, dimension_text, parse_quantity, parse_unit

FACTORS = [  # in hours, milligrams, decimeters, nanomoles
    ("h", 1.0),
    ("d", 24.0),
    ("min", 1 / 60),
    ("week", 168.0),
    ("mg", 1.0),
    ("kg", 1e6),
    ("ng", 1e-6),
    ("L", 1.0),
    ("mL", 1e-3),
    ("ng/mL", 1e-3),
    ("mg/L", 1.0),
    ("nM", 1.0),
    ("uM", 1e3),
    ("µM", 1e3),
    ("nmol/L", 1.0),
    ("mL/min", 0.06),
    ("L/h", 1.0),
    ("1/h", 1.0),
    ("1/d", 1 / 24),
    ("%", 0.01),
    ("dimensionless", 1.0),
    ("g/mol", 1e-6),
    ("h*ng/mL", 1e-3),
    ("1/uM^2/h", 1e-6),
    ("m^3", 1e3),
]


@pytest.mark.parametrize(("text", "factor"), FACTORS)
def test_a_unit_has_its_exact_size(text, factor):
    assert parse_unit(text).factor == factor


@pytest.mark.parametrize(
    "name", ["HOUR", "LITER", "MILLIGRAM", "NANOMOLE", "PERCENT", "GRAM_PER_MOLE", "DIMENSIONLESS"]
)
def test_units_written_out_in_code_are_what_their_text_reads_as(name):
    written = getattr(units, name)
    assert parse_unit(written.text) == written


@pytest.mark.parametrize(
    ("one", "other"),
    [("mg/L", "ng/mL"), ("nM", "nmol/L"), ("L/h", "mL/min"), ("1/h", "Hz"), ("%", "dimensionless")],
)
def test_units_of_one_dimension_fit(one, other):
    assert parse_unit(one).same_dimension(parse_unit(other))


@pytest.mark.parametrize(
    ("one", "other"), [("mg", "nmol"), ("mg/L", "nM"), ("h", "1/h"), ("m", "L")]
)
def test_mass_substance_and_the_rest_stay_apart(one, other):
    assert not parse_unit(one).same_dimension(parse_unit(other))


REFUSED = [
    "",
    " ",
    "mgg",
    "2 h",
    "mg mL",
    "mg//L",
    "/h",
    "mg/",
    "mg^",
    "mg^99",
    "mg^1.5",
    "mg^(2)",
    "degC",
    "degF",
    "h" * 65,
    "mg\nL",
    "dimensionless dimensionless",
    "mg**2",
]


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_unit_is_refused_with_its_place(text):
    place = Place("x.raphe", 3, 4)
    with pytest.raises(UnitError) as caught:
        parse_unit(text, place)
    assert caught.value.place == place
    assert caught.value.advice


@pytest.mark.parametrize(
    ("text", "base"),
    [("0.5 mg", 0.5), ("2mg", 2.0), ("1e-3 g", 1.0), ("+3 d", 72.0), ("-1 h", -1.0)],
)
def test_a_quantity_reads_to_base_units(text, base):
    assert parse_quantity(text).base == base


@pytest.mark.parametrize(
    "text", ["", "mg", "0.5", "0.5.5 mg", "nan mg", "inf h", "0x1 mg", "1_0 mg"]
)
def test_what_is_no_quantity_is_refused(text):
    with pytest.raises(UnitError):
        parse_quantity(text)


def test_a_quantity_prints_what_reads_back():
    quantity = parse_quantity("0.1 ng/mL")
    assert parse_quantity(str(quantity)) == quantity


def test_a_dimension_has_words():
    assert dimension_text(parse_unit("mg/L").dimension) == "mass/length^3"
    assert dimension_text(parse_unit("1/h").dimension) == "1/time"
    assert dimension_text(NONE) == "dimensionless"


def test_a_unit_is_plain_data():
    assert parse_unit("mg") == Unit("mg", (Fraction(0), Fraction(1), *NONE[2:]), 1.0)
