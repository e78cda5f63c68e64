"""Kernels and their cache: kept by what they are made from, checked before use, never in the way."""

import numpy as np
import pytest

from raphe.core.units import parse_quantity
from raphe.dosing.regimen import Regimen
from raphe.engine.compile import compile_program, default_cache, default_width, host_width
from raphe.engine.lower import lower
from raphe.engine.rosenbrock import RODAS5P
from raphe.engine.solve import settings_of, solve
from raphe.engine.timeline import make_timeline

BODY = "species x : mg = start; derivative x = -rate * x;"
NUMBERS = {"rate": "1 1/h", "start": "3 mg"}


@pytest.fixture
def program(engine, module):
    return engine.program(module(BODY, **NUMBERS))


def value_at_one(kernel):
    parameters = np.array([kernel.program.defaults])
    timeline = make_timeline(
        kernel.program,
        Regimen.from_text("no drug"),
        route=None,
        settings=settings_of(kernel, parameters),
        parameters=parameters,
    )
    return solve(kernel, parameters, timeline, np.array([1.0])).values[0, 0, 0]


def test_the_second_kernel_comes_from_the_cache_and_computes_the_same(program, tmp_path):
    first = compile_program(program, cache=tmp_path)
    second = compile_program(program, cache=tmp_path)
    assert (first.compiled, second.compiled) == (True, False)
    assert first.digest == second.digest
    assert value_at_one(second) == value_at_one(first) == pytest.approx(3.0 / np.e, rel=1e-6)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:20],
        lambda data: data[:-1],
        lambda data: data[:100] + bytes([data[100] ^ 1]) + data[101:],
        lambda data: bytes([data[0] ^ 1]) + data[1:],
        lambda data: b"\0" * len(data),
    ],
    ids=["empty", "stub", "cut", "bit in the code", "bit in the sum", "zeros"],
)
def test_a_damaged_file_in_the_cache_is_ignored_and_mended(program, tmp_path, damage):
    good = compile_program(program, cache=tmp_path)
    file = tmp_path / f"{good.digest}.o"
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    again = compile_program(program, cache=tmp_path)
    assert again.compiled
    assert value_at_one(again) == value_at_one(good)
    assert not compile_program(program, cache=tmp_path).compiled


def test_a_cache_that_cannot_be_written_is_no_error(program, tmp_path):
    occupied = tmp_path / "file"
    occupied.write_text("here already")
    for _ in range(2):
        kernel = compile_program(program, cache=occupied / "kernels")
        assert kernel.compiled
        assert value_at_one(kernel) == pytest.approx(3.0 / np.e, rel=1e-6)
    assert occupied.read_text() == "here already"


def test_a_folder_in_place_of_a_kernel_is_no_error(program, tmp_path):
    digest = compile_program(program, cache=tmp_path / "a").digest
    (tmp_path / "b" / f"{digest}.o").mkdir(parents=True)
    assert compile_program(program, cache=tmp_path / "b").compiled


def test_the_cache_holds_kernels_and_a_lock_only(program, tmp_path):
    kernel = compile_program(program, cache=tmp_path)
    names = {file.name for file in tmp_path.iterdir()}
    assert names - {"lock"} == {f"{kernel.digest}.o"}


def test_the_default_cache_follows_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache().is_relative_to(tmp_path)


CHANGES = {
    "rate": "species x : mg = start; derivative x = -rate * x * 2;",
    "start": "species x : mg = 2 * start; derivative x = -rate * x;",
    "scale": "species x : g; derivative x = rate * (start - x);",
    "other scale": "species x : mg; derivative x = rate * (start - x);",
    "output": "species x : mg = start; derivative x = -rate * x; quantity twice : mg = 2 * x;",
    "event": "species x : mg = start; derivative x = -rate * x; event e at 1 h { x = 0; }",
    "event time": "species x : mg = start; derivative x = -rate * x; event e at 2 h { x = 0; }",
    "condition": "species x : mg = start; derivative x = -rate * x; event e when x < 0 { x = 0; }",
    "time": "species x : mg = start; derivative x = -rate * rate * x * time;",
}


def digest_of(program, cache):
    return compile_program(program, cache=cache).digest


def test_every_change_of_a_model_changes_its_digest(engine, module, program, tmp_path):
    programs = [engine.program(module(body, **NUMBERS)) for body in CHANGES.values()]
    digests = [digest_of(one, tmp_path) for one in [program, *programs]]
    assert len(set(digests)) == len(CHANGES) + 1


def test_which_state_an_event_sets_is_a_part_of_the_digest(engine, module, tmp_path):
    body = BODY + "species y : mg = start; derivative y = -rate * y; event e at 1 h { %s = 0; }"
    programs = [engine.program(module(body % name, **NUMBERS)) for name in ("x", "y")]
    assert len({digest_of(one, tmp_path) for one in programs}) == 2


def test_the_value_of_a_parameter_is_no_part_of_the_kernel(engine, module, program, tmp_path):
    other = engine.program(module(BODY, rate="2 1/h", start="3 mg"))
    assert digest_of(other, tmp_path) == digest_of(program, tmp_path)


def test_width_is_a_part_of_the_digest(program, tmp_path):
    digests = {compile_program(program, cache=tmp_path, width=w).digest for w in (1, 2, 4, 8, 16)}
    assert len(digests) == 5
    assert compile_program(program, cache=tmp_path).digest in digests
    assert host_width() in (2, 4, 8)


def test_small_programs_fill_two_registers_and_large_ones_one(engine, module, program):
    names = [f"x{i}" for i in range(60)]
    parts = [f"species {n} : mg = start; derivative {n} = -rate * {n};" for n in names]
    large = engine.program(module("\n".join(parts), **NUMBERS), outputs=tuple(names))
    assert default_width(program, RODAS5P) == 2 * host_width()
    assert default_width(large, RODAS5P) == host_width()


def test_the_order_of_statements_does_not_change_the_digest(engine, module, tmp_path):
    parts = ["species b : mg = start;", "species a : mg;", "derivative a = rate * b;"]
    parts += ["derivative b = -rate * b;", "quantity q : mg = a + b;"]
    texts = ["\n".join(parts), "\n".join(reversed(parts))]
    digests = {digest_of(engine.program(module(t, **NUMBERS)), tmp_path) for t in texts}
    assert len(digests) == 1


def test_the_scale_of_a_state_follows_its_start(engine, module):
    model = engine.model(module(BODY, **NUMBERS))
    assert lower(model).scales == (parse_quantity("3 mg").base,)
    body = "species x : mg; derivative x = rate * (start - x);"
    empty = engine.model(module(body, rate="1 1/h", start="3 mg"))
    assert lower(empty).scales == (1.0,)
