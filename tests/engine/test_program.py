"""From a flat model to a program: what is kept, what is left out, and what the numbers are."""

from dataclasses import replace

import numpy as np
import pytest

from raphe.core.errors import UnknownNameError
from raphe.engine.graph import Op
from raphe.engine.lower import lower

BODY = """
species a : mg = start;
species b : mg;
species unseen : mg;
species also_unseen : mg;
reaction first: a -> b rate rate * a;
reaction second: b -> unseen rate rate * b * b / start;
reaction third: unseen -> also_unseen rate rate * rate / slow * unseen;
quantity both : mg = a + b;
quantity share : dimensionless = unseen / start;
quantity size : dimensionless = (rate / slow) ^ half;
quantity scaled : mg = size * a;
route oral into a;
"""
NUMBERS = {
    "rate": "0.7 1/h",
    "slow": "0.01 1/h",
    "start": "10 mg",
    "half": "0.3 dimensionless",
}
GRID = np.linspace(0.0, 10.0, 41)


@pytest.fixture(scope="module")
def model(engine, module):
    return engine.model(module(BODY, **NUMBERS))


def test_species_that_nothing_asks_for_are_left_out(model):
    assert lower(model, outputs=("both",)).layout.states == ("a", "b")
    assert lower(model, outputs=("share",)).layout.states == ("a", "b", "unseen")
    assert len(lower(model).layout.states) == 4


def test_leaving_species_out_keeps_the_numbers(engine, module):
    text = module(BODY, **NUMBERS)
    tight = {"relative": 1e-11, "absolute": 1e-13}
    whole = engine.build(text)
    full = engine.run(whole, GRID, regimen="5 mg every 2 h for 6 h", **tight)
    for outputs in (("both",), ("a",), ("share", "both"), ("scaled",)):
        kernel = engine.build(text, outputs=outputs)
        part = engine.run(kernel, GRID, regimen="5 mg every 2 h for 6 h", **tight)
        for name in outputs:
            exact = engine.curve(whole, full, name)
            assert engine.curve(kernel, part, name) == pytest.approx(exact, rel=1e-9, abs=1e-12)


def test_a_species_that_an_event_reads_or_a_dose_enters_is_kept(engine, module):
    events = BODY + "event e when unseen > start { b = 0; }"
    model = engine.model(module(events, **NUMBERS))
    assert "unseen" in lower(model, outputs=("a",)).layout.states
    entered = BODY + "route odd into also_unseen;"
    model = engine.model(module(entered, **NUMBERS))
    assert "also_unseen" in lower(model, outputs=("a",)).layout.states


def test_an_unknown_output_is_refused_with_the_nearest(model):
    with pytest.raises(UnknownNameError) as refused:
        lower(model, outputs=("bothh",))
    assert 'no quantity "bothh"' in refused.value.message
    assert refused.value.advice == 'did you mean "both"?'


def test_outputs_stand_in_the_order_asked_for_with_their_units(model):
    program = lower(model, outputs=("share", "b", "rate", "time"))
    assert program.layout.outputs == ("share", "b", "rate", "time")
    assert [unit.text for unit in program.layout.output_units] == [
        "dimensionless",
        "mg",
        "1/h",
        "h",
    ]


def test_parameters_time_and_quantities_of_parameters_can_be_outputs(engine, module):
    names = ("rate", "time", "size", "share")
    kernel = engine.build(module(BODY, **NUMBERS), outputs=names)
    outcome = engine.run(kernel, GRID)
    assert np.all(engine.curve(kernel, outcome, "rate") == 0.7)
    assert engine.curve(kernel, outcome, "time") == pytest.approx(GRID, rel=1e-15, abs=1e-15)
    assert engine.curve(kernel, outcome, "size") == pytest.approx(70.0**0.3, rel=1e-14)


def test_a_model_without_species_answers(engine, module):
    text = module("quantity twice : 1/h = 2 * rate + rate * rate * time;", rate="3 1/h")
    kernel = engine.build(text)
    outcome = engine.run(kernel, [0.0, 1.0, 7.0])
    assert outcome.status[0] == 0
    assert outcome.values[0, :, 0] == pytest.approx([6.0, 15.0, 69.0], rel=1e-14)


def test_defaults_are_in_base_units(engine, module):
    text = module(
        "species x : mg; derivative x = -rate * x + dose * rate;", rate="1 1/min", dose="2 g"
    )
    program = engine.program(text)
    by_name = dict(zip(program.layout.parameters, program.defaults, strict=True))
    assert by_name == {"rate": 60.0, "dose": 2000.0}


def test_what_depends_on_parameters_alone_is_worked_out_once_a_subject(model):
    program = lower(model, outputs=("scaled",))
    operations = {program.nodes[number].op for number in program.derived}
    assert Op.POWER in operations
    count = len(program.layout.states)
    moving = {*range(count), program.time_symbol}
    for number in program.derived:
        pending = [number]
        while pending:
            node = program.nodes[pending.pop()]
            assert not (node.op is Op.SYMBOL and node.symbol in moving)
            pending.extend(node.operands)


def test_equal_formulas_of_different_quantities_are_computed_once(engine, module):
    body = """
    species x : mg = start;
    derivative x = -rate * x * exp(-x / start);
    quantity one : dimensionless = exp(-x / start);
    quantity two : dimensionless = exp(-x / start);
    """
    program = engine.program(module(body, rate="1 1/h", start="1 mg"))
    assert sum(node.op is Op.EXP for node in program.nodes) == 1


def test_the_jacobian_holds_only_what_is_not_zero(model):
    program = lower(model)
    names = program.layout.states
    entries = {(names[row], names[column]) for row, column, _ in program.jacobian}
    assert entries == {
        ("a", "a"),
        ("b", "a"),
        ("b", "b"),
        ("unseen", "b"),
        ("unseen", "unseen"),
        ("also_unseen", "unseen"),
    }
    assert program.time_slopes == ()


def test_what_is_large_for_a_state_is_its_start_or_else_its_own_size_or_one_of_its_unit(model):
    sizes = {"a": 7.0, "b": 1e-9}
    species = tuple(replace(one, size=sizes.get(one.name)) for one in model.species)
    program = lower(replace(model, species=species), outputs=("a", "b", "unseen"))
    scales = dict(zip(program.layout.states, program.scales, strict=True))
    assert (scales["a"], scales["b"], scales["unseen"]) == (10.0, 1e-9, 1.0)
