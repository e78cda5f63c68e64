"""Formulas print as the language writes them, and read back."""

import random

import pytest

from raphe.core.errors import Place
from raphe.language.compose import compose
from raphe.language.expression import (
    Binary,
    Call,
    Comparison,
    Conditional,
    Name,
    Negative,
    Number,
    evaluate,
)
from raphe.language.parse import parse
from raphe.language.show import expression_text, parameter_rows
from raphe.library.catalog import load_catalog

PLACE = Place("p")


def read(text):
    document = parse(f"module m {{ quantity q : dimensionless = {text}; }}", "text")
    return document.modules[0].quantities[0].formula


def grown(chance, depth):
    if depth == 0 or chance.random() < 0.2:
        return chance.choice(
            [Number(float(chance.randrange(11)), PLACE), Name("x", PLACE), Name("y", PLACE)]
        )
    one, other = grown(chance, depth - 1), grown(chance, depth - 1)
    kind = chance.randrange(5)
    if kind == 0:
        return Negative(one, PLACE)
    if kind == 1:
        return Call(chance.choice(["exp", "tanh", "abs"]), (one,), PLACE)
    if kind == 2 and chance.random() < 0.5:
        return Conditional(Comparison(chance.choice("<>"), one, other, PLACE), other, one, PLACE)
    return Binary(chance.choice("+-*/^"), one, other, PLACE)


def same(one, other):
    """Equal but for places."""
    return expression_text(one) == expression_text(other) and type(one) is type(other)


@pytest.mark.parametrize("seed", range(500))
def test_a_formula_reads_back_to_the_same_value(seed):
    chance = random.Random(seed)  # noqa: S311 - repeatable
    formula = grown(chance, 5)
    again = read(expression_text(formula))
    assert same(formula, again)
    for x, y in ((0.3, 1.7), (-1.2, 0.4)):
        values = {"x": x, "y": y}
        assert repr(evaluate(formula, values)) == repr(evaluate(again, values))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-x^2", -4.0),
        ("(-x)^2", 4.0),
        ("2^3^2", 512.0),
        ("(2^3)^2", 64.0),
        ("8-4-2", 2.0),
        ("8-(4-2)", 6.0),
        ("8/4/2", 1.0),
        ("8/(4/2)", 4.0),
        ("2*-x", -4.0),
        ("2^-1", 0.5),
        ("1 - -x", 3.0),
        ("if(x < 3, 1, 0) + if(x >= 2, 10, 0)", 11.0),
        ("min(x, 1) + max(x, 5)", 6.0),
        ("sqrt(x + 7) * abs(-x)", 6.0),
    ],
)
def test_precedence_is_that_of_mathematics(text, value):
    formula = read(text)
    assert evaluate(formula, {"x": 2.0}) == value
    assert evaluate(read(expression_text(formula)), {"x": 2.0}) == value


def test_every_parameter_has_a_row_with_its_source():
    catalog = load_catalog()
    model = compose(catalog.assemblies["benzodiazepines"], catalog.library)
    rows = parameter_rows(model)
    assert len(rows) == len(model.parameters)
    for row in rows:
        assert row.status in ("read", "derived", "assumed")
        assert row.citations or row.status == "assumed"
        assert row.note or row.status == "read"
        assert row.meaning
