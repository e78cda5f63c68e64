"""Modules and wiring become one flat model, whatever the order of definitions."""

import dataclasses
import random
import re

import pytest

from raphe.core.errors import LanguageError, Place
from raphe.language.compose import compose, compose_module
from raphe.language.expression import evaluate
from raphe.language.model import Library
from raphe.language.parse import parse
from raphe.library.catalog import load_catalog, make_catalog

PLACE = Place("nowhere")


def without_places(thing):
    """The same record with every place forgotten."""
    if isinstance(thing, Place):
        return PLACE
    if isinstance(thing, tuple):
        return tuple(without_places(one) for one in thing)
    if dataclasses.is_dataclass(thing):
        fields = {f.name: without_places(getattr(thing, f.name)) for f in dataclasses.fields(thing)}
        return type(thing)(**fields)
    return thing


def library_of(text):
    return make_catalog([parse(text, "text")])


def test_any_order_of_definitions_gives_the_same_model():
    catalog = load_catalog()
    expected = without_places(compose(catalog.assemblies["benzodiazepines"], catalog.library))
    for seed in range(5):
        chance = random.Random(seed)  # noqa: S311 - a repeatable shuffle

        def shuffled(things, chance=chance):
            return tuple(chance.sample(things, len(things)))

        modules = {}
        for name, module in sorted(catalog.library.modules.items(), key=lambda _: chance.random()):
            groups = {
                field.name: shuffled(getattr(module, field.name))
                for field in dataclasses.fields(module)
                if isinstance(getattr(module, field.name), tuple)
            }
            modules[name] = dataclasses.replace(module, **groups)
        assembly = catalog.assemblies["benzodiazepines"]
        assembly = dataclasses.replace(
            assembly,
            uses=shuffled(assembly.uses),
            connections=shuffled(assembly.connections),
            targets=shuffled(assembly.targets),
        )
        library = Library(modules=modules, sources=catalog.library.sources)
        assert without_places(compose(assembly, library)) == expected


REACTIONS = """
module m {
    parameter k = 3 1/h { assumed "test"; }
    species a : nmol = 0;
    species b : nmol;
    species c : nmol;
    reaction r: 2 a + b -> 3 c rate k * a;
    reaction back: c -> a rate k * c;
}
"""


def test_reactions_become_rates_of_change_with_their_counts():
    catalog = library_of(REACTIONS)
    model = compose_module(catalog.library.modules["m"], catalog.library)
    values = {"a": 5.0, "b": 7.0, "c": 11.0, "k": 3.0}
    rates = {one.species: evaluate(one.rate, values) for one in model.derivatives}
    assert rates == {"a": -2 * 15.0 + 33.0, "b": -15.0, "c": 3 * 15.0 - 33.0}


def test_a_concentration_is_an_amount_over_the_volume_and_a_molar_mass_is_a_parameter():
    text = """
    module m {
        substance water = 18 g/mol { assumed "test"; }
        parameter size = 4 L { assumed "test"; }
        parameter k = 1 1/h { assumed "test"; }
        compartment tank = 2 * size;
        species a : mg in tank of water;
        reaction loss: a -> nothing rate k * a;
        quantity level : nM = [a] / molar_mass(water);
    }
    """
    catalog = library_of(text)
    model = compose_module(catalog.library.modules["m"], catalog.library)
    assert [parameter.name for parameter in model.parameters] == ["k", "size", "water"]
    values = {"a": 16.0, "size": 4.0, "water": model.parameters[2].value.base}
    level = next(one for one in model.quantities if one.name == "level")
    assert evaluate(level.formula, values) == pytest.approx(2.0 / 18e-6)


def test_quantities_come_in_an_order_that_can_be_computed():
    text = 'module m { parameter p = 1 mg { assumed "t"; }' + "".join(
        f"quantity q{i} : mg = q{i + 1} + p;" for i in range(20)
    )
    catalog = library_of(text + "quantity q20 : mg = p; }")
    model = compose_module(catalog.library.modules["m"], catalog.library)
    values = {"p": 1.0}
    for quantity in model.quantities:
        values[quantity.name] = evaluate(quantity.formula, values)
    assert values["q0"] == 21.0


def test_a_module_with_in_ports_cannot_stand_alone():
    catalog = load_catalog()
    with pytest.raises(LanguageError, match="cannot stand alone"):
        compose_module(catalog.library.modules["clonazepam_typical"], catalog.library)


SUMS = """
module a {{ parameter x = 3 mg {{ assumed "t"; }} output x as load; }}
module b {{
    input load : mg as load sum rest 0;
    input gain : dimensionless as gain rest 2;
    quantity y : mg = gain * load;
}}
model m {{ use a as one; use a as two; use b as b; {wires} show b.y; }}
"""


@pytest.mark.parametrize(
    ("wires", "expected"),
    [
        ("hold b.load; hold b.gain;", 0.0),
        ("connect one.x -> b.load; hold b.gain;", 6.0),
        ("connect two.x -> b.load; connect one.x -> b.load; hold b.gain;", 12.0),
    ],
)
def test_an_in_port_adds_up_what_is_connected_or_rests(wires, expected):
    catalog = library_of(SUMS.format(wires=wires))
    model = compose(catalog.assemblies["m"], catalog.library)
    values = {"one.x": 3.0, "two.x": 3.0}
    for quantity in model.quantities:
        values[quantity.name] = evaluate(quantity.formula, values)
    assert values["b.y"] == expected


def test_a_module_whose_in_ports_all_rest_runs_alone():
    catalog = library_of(SUMS.format(wires="hold b.load; hold b.gain;"))
    model = compose_module(catalog.library.modules["b"], catalog.library)
    values = {}
    for quantity in model.quantities:
        values[quantity.name] = evaluate(quantity.formula, values)
    assert values == {"load": 0.0, "gain": 2.0, "y": 0.0}


def test_a_module_that_is_no_rival_is_refused_with_both_places():
    catalog = load_catalog()
    assembly = catalog.assemblies["benzodiazepines"]
    with pytest.raises(LanguageError) as caught:
        compose(assembly, catalog.library, choices={"drug": "adults"})
    assert caught.value.place is not None
    assert caught.value.place.file.endswith("benzodiazepines.raphe")
    assert re.search(r"adults\.raphe:\d+:\d+", str(caught.value))


def test_an_unknown_slot_is_refused_with_the_nearest():
    catalog = load_catalog()
    assembly = catalog.assemblies["benzodiazepines"]
    with pytest.raises(LanguageError, match='did you mean "drug"'):
        compose(assembly, catalog.library, choices={"drugs": "clonazepam_kruizinga"})


RIVALS = """
module a {{ parameter k = 3 dimensionless {{ assumed "x"; }}  quantity x : dimensionless = k; output x as level; }}
module plain {{ parameter p = 2 dimensionless {{ assumed "x"; }} quantity y : dimensionless = p; output y as effect; }}
module driven {{ input load : dimensionless as level; quantity y : dimensionless = 2 * load; output y as effect; }}
model m "m" {{ use a as a; use plain as b or driven; {wires} show b.y "y"; }}
"""


@pytest.mark.parametrize(("choice", "wanted"), [("plain", 2.0), ("driven", 6.0)])
def test_a_wire_may_go_to_a_port_that_only_a_rival_has(choice, wanted):
    catalog = library_of(RIVALS.format(wires="connect a.x -> b.load;"))
    model = compose(catalog.assemblies["m"], catalog.library, choices={"b": choice})
    values = {one.name: one.value.base for one in model.parameters}
    for quantity in model.quantities:
        values[quantity.name] = evaluate(quantity.formula, values)
    assert values["b.y"] == wanted


@pytest.mark.parametrize(
    ("wires", "choice", "told"),
    [
        ("connect a.x -> b.lode;", "plain", 'no in-port is called "b.lode"'),
        ("", "driven", 'the in-port "b.load" .* is not connected'),
    ],
)
def test_a_port_that_no_module_has_or_nobody_feeds_is_refused(wires, choice, told):
    catalog = library_of(RIVALS.format(wires=wires))
    with pytest.raises(LanguageError, match=told):
        compose(catalog.assemblies["m"], catalog.library, choices={"b": choice})
