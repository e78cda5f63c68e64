"""Graphics cards: the text for them, and what hands subjects over, on a stand-in for the driver that needs no card."""

import ctypes
import functools
import hashlib
import re
import subprocess
import sys
from collections import Counter
from enum import IntEnum
from types import SimpleNamespace

import numpy as np
import pytest

from raphe.core.errors import InputError, RapheError
from raphe.core.units import parse_quantity
from raphe.dosing.regimen import Dose, Regimen, Steady
from raphe.engine import gpu
from raphe.engine.compile import compile_program
from raphe.engine.gpu import find_card, load_on_gpu, solve_on_gpu, solve_samples_on_gpu
from raphe.engine.lane_memory import ARGUMENTS
from raphe.engine.lower import lower
from raphe.engine.ptx import ENTRY, GIVEN, emit_ptx, strides
from raphe.engine.solve import Options, Samples, solve, solve_samples
from raphe.engine.status import Status
from raphe.language.compose import compose
from raphe.library.catalog import load_catalog

# Lag, infusion, events at a time and at a state, doses at steady state, and every function there is.
BODY = """
species depot : mg;
species level : mg = start;
species swing : dimensionless = 1;
species turn : dimensionless;
derivative depot = -absorption * depot;
derivative level = absorption * depot * part / whole - loss * level * (level / unit) ^ power;
derivative swing = loss * turn;
derivative turn = loss * (tanh(level / unit) - 6 * swing - turn);
quantity shown : dimensionless = ln(1 + level / unit) * zero / zero;
quantity bent : dimensionless =
    exp(-abs(swing)) + sqrt(1 + swing * swing) + min(swing, turn) * max(swing, turn);
route oral into depot lag wait fraction taken;
route drip into level lag wait duration long;
"""
EVENTS = """
event wash at washed { level = level * part / 2; }
event kick when swing < edge { turn = turn + part; }
"""
NUMBERS = {
    "start": "2 mg",
    "absorption": "1 1/h",
    "part": "1 dimensionless",
    "whole": "1 dimensionless",
    "loss": "0.3 1/h",
    "power": "0.5 dimensionless",
    "unit": "1 mg",
    "zero": "1 dimensionless",
    "edge": "0.1 dimensionless",
    "washed": "30.3 h",
    "wait": "0.2 h",
    "taken": "0.8 dimensionless",
    "long": "0.7 h",
}
OUTPUTS = ("level", "swing", "shown", "bent")
SENSITIVITIES = ("absorption", "loss", "wait", "long")
FAULTS = {  # what is done to a subject, and what must be told of it
    "loss": (float("nan"), Status.PARAMETER_NOT_FINITE),
    "whole": (0.0, Status.NOT_FINITE),
    "zero": (0.0, Status.OUTPUT_NOT_FINITE),
    "wait": (-0.1, Status.IMPOSSIBLE_DOSE),
}
SUBJECTS = 150
GRID = np.linspace(0.0, 40.0, 31)
KINDS = ("events", "steady", "slopes", "chain")
APPROXIMATE = re.compile(r"\.approx|\.ftz|\.full")
# Arithmetic with its rounding written out, or that does not round: nothing else may touch a double.
EXACT = {
    *("add.rn.f64", "sub.rn.f64", "mul.rn.f64", "div.rn.f64", "rcp.rn.f64", "sqrt.rn.f64"),
    *("fma.rn.f64", "neg.f64", "abs.f64", "min.f64", "max.f64", "copysign.f64", "selp.f64"),
    *("cvt.rn.f64.s64", "cvt.rzi.s64.f64", "mov.f64"),
}


def regimen(kind):
    amount = parse_quantity("3 mg")
    steady = Steady.NO if kind == "events" else Steady.REPLACE
    doses = (
        Dose(time=0.0, amount=amount, interval=8.0, additional=3, steady=steady),
        *(Dose(time=time, amount=amount, route="drip") for time in (9.0, 33.0)),
    )
    return Regimen(text="by hand", doses=doses, length=40.0)


@pytest.fixture(scope="module")
def chain():
    catalog = load_catalog()
    return compose(catalog.assemblies["benzodiazepines"], catalog.library)


@pytest.fixture(scope="module")
def programs(engine, module, chain):
    events = engine.model(module(BODY + EVENTS, **NUMBERS))
    smooth = engine.model(module(BODY, **NUMBERS))
    return {
        "events": lower(events, outputs=OUTPUTS),
        "steady": lower(smooth, outputs=OUTPUTS),
        "slopes": lower(smooth, outputs=OUTPUTS, sensitivities=SENSITIVITIES),
        "chain": lower(chain, doses=("drug.oral",)),
    }


@pytest.fixture(scope="module")
def texts(programs):
    return {kind: emit_ptx(program) for kind, program in programs.items()}


@pytest.fixture(scope="module")
def crowd(programs, chain, engine):
    """By kind of program: a kernel for one lane, subjects of whom some fail, their timeline, and what comes out."""

    @functools.cache
    def make(kind):
        kernel = compile_program(programs[kind], width=1, cache=engine.cache)
        table = engine.parameters(kernel, SUBJECTS)
        table *= np.exp(0.1 * np.random.default_rng(11).standard_normal(table.shape))
        if kind == "chain":
            table[5, 0] = np.inf
            text = "0.5 mg every 12 h for 2 d"
            timeline = engine.timeline(kernel, table, text, "drug.oral")
        else:
            names = kernel.program.layout.parameters
            for first, (name, (value, _)) in enumerate(FAULTS.items()):
                table[first::9, names.index(name)] = value
            timeline = engine.timeline(kernel, table, regimen(kind))
        whole = solve(kernel, table, timeline, GRID)
        check_statuses(whole, kind)
        return kernel, table, timeline, whole

    return make


def same(found, expected):
    """Bit for bit, all that came out."""
    for name in ("values", "slopes", "status", "reached", "accepted", "rejected"):
        one, other = (np.ascontiguousarray(getattr(o, name)) for o in (found, expected))
        assert one.shape == other.shape
        assert np.array_equal(np.isnan(one), np.isnan(other)), name
        assert np.array_equal(one[~np.isnan(one)], other[~np.isnan(other)]), name


def check_statuses(outcome, kind):
    failed = outcome.status != Status.OK
    assert np.array_equal(np.isnan(outcome.values).all(axis=(1, 2)), failed)
    assert np.array_equal(np.isnan(outcome.values).any(axis=(1, 2)), failed)
    told = Counter(Status(status) for status in outcome.status)
    wanted = {Status.PARAMETER_NOT_FINITE}
    if kind != "chain":
        wanted = {status for _, status in FAULTS.values()}
    assert set(told) == wanted | {Status.OK}
    assert told[Status.OK] > SUBJECTS / 3


# --- the text


@pytest.mark.parametrize("kind", KINDS)
def test_the_text_has_one_entry_and_calls_nothing_that_is_not_in_it(texts, kind):
    text = texts[kind]
    assert re.findall(r"\.entry (\w+)", text) == [ENTRY]
    assert ".extern" not in text
    defined = set(re.findall(r"^\.func (?:\([^)]*\) )?(\w+)\(", text, re.MULTILINE))
    called = set(re.findall(r"call\.uni (?:\([^)]*\), )?(\w+),", text))
    assert {"step", "observe", "prepare"} <= called <= defined
    assert len(re.findall(rf"\.param .*{ENTRY}_param_\d+", text)) == len(GIVEN)
    assert [name for name, _ in GIVEN] == [name for name, _ in ARGUMENTS if name != "memory"]


@pytest.mark.parametrize("kind", KINDS)
def test_arithmetic_is_exactly_rounded_and_nothing_is_fused_by_the_compiler(texts, kind):
    text = texts[kind]
    assert not APPROXIMATE.search(text)
    found = set(re.findall(r"^\s+(?:@!?%p\d+ )?([a-z]+\.\S*f64\S*)\s", text, re.MULTILINE))
    compared = {name for name in found if name.startswith("setp.")}
    assert found - compared <= EXACT
    assert {"add.rn.f64", "mul.rn.f64", "fma.rn.f64", "div.rn.f64", "sqrt.rn.f64"} <= found
    assert not re.search(r"\bf32\b|\.f32", text)


@pytest.mark.parametrize("kind", KINDS)
def test_the_text_is_the_same_again(programs, texts, kind):
    assert emit_ptx(programs[kind]) == texts[kind]


AGAIN = """
import hashlib
from raphe.engine.lower import lower
from raphe.engine.ptx import emit_ptx
from raphe.language.compose import compose
from raphe.library.catalog import load_catalog
catalog = load_catalog()
model = compose(catalog.assemblies["benzodiazepines"], catalog.library)
program = lower(model, doses=("drug.oral",))
print(hashlib.sha256(emit_ptx(program).encode()).hexdigest())
"""


def test_the_text_is_the_same_in_another_process(texts):
    done = subprocess.run([sys.executable, "-c", AGAIN], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == hashlib.sha256(texts["chain"].encode()).hexdigest()


def test_the_processor_is_the_one_that_was_asked_for(programs, texts):
    assert ".target sm_80" in texts["steady"]
    later = emit_ptx(programs["steady"], processor="sm_90")
    assert ".target sm_90" in later


# --- what the entry does, on this processor


def alone(kernel, arguments):
    """What the threads of the entry do, one after another: each a kernel for one subject, with its own memory."""
    for thread in range(int(arguments["count"])):
        memory = np.full(kernel.memory_vectors, np.nan)
        moved = {
            name: arguments[name] + 8 * stride * thread
            for name, stride in strides(kernel.shape).items()
        }
        kernel.run({**arguments, **moved, "count": 1, "memory": memory.ctypes.data})


@pytest.mark.parametrize("kind", KINDS)
def test_subjects_alone_with_pointers_moved_on_equal_subjects_in_a_crowd(crowd, kind):
    kernel, table, timeline, whole = crowd(kind)
    each = SimpleNamespace(
        shape=kernel.shape,
        memory_vectors=0,
        run=lambda arguments: alone(kernel, arguments),
    )
    same(solve(each, table, timeline, GRID), whole)
    same(solve(each, table, timeline, GRID, options=Options(chunk=37)), whole)


class Driver:
    """The driver's calls that are used, with the memory of this process as that of the card."""

    CUresult = IntEnum("CUresult", {"CUDA_SUCCESS": 0, "CUDA_ERROR_OUT_OF_MEMORY": 2})
    CUdevice_attribute = IntEnum(
        "CUdevice_attribute",
        {
            f"CU_DEVICE_ATTRIBUTE_{name}": value
            for name, value in (
                ("COMPUTE_CAPABILITY_MAJOR", 9),
                ("COMPUTE_CAPABILITY_MINOR", 0),
                ("MULTIPROCESSOR_COUNT", 3),
                ("MAX_THREADS_PER_MULTIPROCESSOR", 4),
                ("CLOCK_RATE", 5),
            )
        },
    )
    CUfunction_attribute = IntEnum("CUfunction_attribute", ["CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES"])

    def __init__(self, kernel, free):
        self.kernel = kernel
        self.free = free
        self.held = {}
        self.launches = []

    def __getattr__(self, name):
        """Calls that have nothing to do here."""
        if name in {"cuInit", "cuDeviceGet", "cuDevicePrimaryCtxRetain", "cuModuleLoadData"}:
            return lambda given: (self.CUresult.CUDA_SUCCESS, given)
        if name in {"cuCtxSetCurrent", "cuCtxSynchronize"}:
            return lambda *given: (self.CUresult.CUDA_SUCCESS,)
        raise AttributeError(name)

    def cuDeviceGetName(self, length, device):
        return self.CUresult.CUDA_SUCCESS, b"a stand-in\0\0"

    def cuDeviceGetAttribute(self, attribute, device):
        return self.CUresult.CUDA_SUCCESS, int(attribute)

    def cuModuleGetFunction(self, module, name):
        assert f".entry {name.decode()}(".encode() in module
        assert module.endswith(b"\0")
        return self.CUresult.CUDA_SUCCESS, name

    def cuFuncGetAttribute(self, attribute, function):
        return self.CUresult.CUDA_SUCCESS, 0

    def cuMemGetInfo(self):
        return self.CUresult.CUDA_SUCCESS, self.free, self.free

    def cuMemAlloc(self, size):
        if sum(len(array) for array in self.held.values()) + size > self.free:
            return self.CUresult.CUDA_ERROR_OUT_OF_MEMORY, 0
        array = np.full(size, 0x55, dtype=np.uint8)
        self.held[array.ctypes.data] = array
        return self.CUresult.CUDA_SUCCESS, array.ctypes.data

    def cuMemFree(self, place):
        del self.held[place]
        return (self.CUresult.CUDA_SUCCESS,)

    def cuMemsetD8(self, place, value, size):
        assert size <= len(self.held[place])
        ctypes.memset(place, value, size)
        return (self.CUresult.CUDA_SUCCESS,)

    def cuMemcpyHtoD(self, place, here, size):
        assert size <= len(self.held[place])
        ctypes.memmove(place, here, size)
        return (self.CUresult.CUDA_SUCCESS,)

    def cuMemcpyDtoH(self, here, place, size):
        assert size <= len(self.held[place])
        ctypes.memmove(here, place, size)
        return (self.CUresult.CUDA_SUCCESS,)

    def cuLaunchKernel(self, function, *rest):
        *grid, _, _, (values, kinds), _ = rest
        arguments = {name: value for (name, _), value in zip(GIVEN, values, strict=True)}
        for value, kind in zip(values, kinds, strict=True):
            kind(value)  # it is of its kind
        count = arguments["count"]
        assert (grid[0] - 1) * grid[3] < count <= grid[0] * grid[3]
        assert grid[1:3] == [1, 1] == grid[4:]
        self.launches.append(count)
        alone(self.kernel, arguments)
        return (self.CUresult.CUDA_SUCCESS,)


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_card_is_handed_equals_what_a_processor_is_handed(crowd, kind, monkeypatch):
    kernel, table, timeline, whole = crowd(kind)
    driver = Driver(kernel, 1 << 30)
    monkeypatch.setattr(gpu, "driver", driver)
    loaded = load_on_gpu(kernel.program)
    assert loaded.card.name == "a stand-in"
    seen = []
    same(solve_on_gpu(loaded, table, timeline, GRID, progress=seen.append), whole)
    assert driver.launches == seen == [SUBJECTS]
    assert not driver.held


def test_subjects_that_do_not_fit_into_the_card_run_in_parts(crowd, monkeypatch):
    kernel, table, timeline, whole = crowd("slopes")
    driver = Driver(kernel, 300_000)
    monkeypatch.setattr(gpu, "driver", driver)
    loaded = load_on_gpu(kernel.program)
    same(solve_on_gpu(loaded, table, timeline, GRID), whole)
    assert sum(driver.launches) == SUBJECTS
    assert 3 < len(driver.launches) < SUBJECTS
    driver.free = 1000
    with pytest.raises(RapheError, match="CUDA_ERROR_OUT_OF_MEMORY"):
        solve_on_gpu(loaded, table, timeline, GRID)
    assert not driver.held


def test_own_samples_of_each_subject_equal_those_on_a_processor(crowd, monkeypatch):
    kernel, table, timeline, whole = crowd("events")
    counts = np.arange(SUBJECTS) % 4
    first = np.cumsum(counts) - counts
    samples = Samples(
        first=first,
        last=first + counts,
        time=np.concatenate([np.sort(5.0 + 7.0 * np.arange(n) + n) for n in counts]),
        row=np.concatenate([np.arange(n)[::-1] for n in counts]),
        row_first=np.concatenate([[0], np.cumsum(counts)]),
        end=np.full(SUBJECTS, 30.0),
    )
    whole = solve_samples(kernel, table, timeline, samples)
    driver = Driver(kernel, 30_000)
    monkeypatch.setattr(gpu, "driver", driver)
    loaded = load_on_gpu(kernel.program)
    same(solve_samples_on_gpu(loaded, table, timeline, samples), whole)
    assert len(driver.launches) > 3


# --- what is told where something is missing


def test_a_missing_package_is_told_with_what_to_install(programs, monkeypatch):
    monkeypatch.setattr(gpu, "driver", None)
    with pytest.raises(InputError, match=r'pip install "raphe\[gpu\]"'):
        load_on_gpu(programs["steady"])


@pytest.mark.parametrize("how", ["no driver", "no card"])
def test_a_missing_driver_or_card_is_told(programs, monkeypatch, how):
    def refuse(number):
        if how == "no driver":
            raise RuntimeError("no driver")
        return (Driver.CUresult.CUDA_ERROR_OUT_OF_MEMORY,)

    driver = Driver(None, 0)
    driver.cuInit = refuse
    monkeypatch.setattr(gpu, "driver", driver)
    with pytest.raises(InputError, match="no graphics card"):
        load_on_gpu(programs["steady"])


# --- on a card


def card_or_none():
    try:
        return find_card()
    except InputError:
        return None


@pytest.mark.skipif(card_or_none() is None, reason="no graphics card here")
@pytest.mark.parametrize("kind", KINDS)
def test_a_card_agrees_with_the_processor(crowd, kind):
    kernel, table, timeline, whole = crowd(kind)
    found = solve_on_gpu(load_on_gpu(kernel.program), table, timeline, GRID)
    assert np.array_equal(found.status, whole.status)
    check_statuses(found, kind)
    fine = whole.status == Status.OK
    for name in ("values", "slopes"):
        one, other = (getattr(outcome, name)[fine] for outcome in (found, whole))
        if other.size:
            floor = 1e-3 * np.abs(other).max(axis=(0, 1))
            assert np.all(np.abs(one - other) <= 1e-9 * (np.abs(other) + floor))
    assert found.reached[fine] == pytest.approx(whole.reached[fine], rel=1e-9)
