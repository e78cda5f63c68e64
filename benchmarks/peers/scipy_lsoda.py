"""LSODA of SciPy (`odeint`), with right-hand side and Jacobian in C, reached through numba."""

from __future__ import annotations

import ctypes
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numba
import numpy as np
from benchmarks.cgen import build, sizes, source
from benchmarks.models import segments
from benchmarks.records import Case, FloatArray
from scipy.integrate import odeint

from raphe.engine.program import Program


def make(case: Case) -> Callable[[float, Case], FloatArray]:
    """A runner: tolerance and subjects to values of shape (subjects, times, outputs)."""
    model = _compile(case.workload.program)

    def run(relative: float, some: Case) -> FloatArray:
        shape = (some.subjects, len(some.workload.times), model.sizes["OUTPUTS"])
        values = np.empty(shape)
        for subject in range(some.subjects):
            _subject(model, some, subject, relative, values[subject])
        return values

    return run


@dataclass(frozen=True, slots=True)
class _Compiled:
    """C functions, those that LSODA calls wrapped by numba."""

    sizes: dict[str, int]
    prepare: Callable[..., None]
    start: Callable[..., None]
    rates: Callable[..., FloatArray]
    jacobian: Callable[..., FloatArray]
    outputs: Callable[..., None]


def _compile(program: Program) -> _Compiled:
    with tempfile.TemporaryDirectory() as folder:
        library, _ = build(Path(folder), "scipy_rates", source(program))
    states = sizes(program)["STATES"]
    c_rates, c_jacobian = _function(library, "rates"), _function(library, "jacobian")
    c_outputs = _function(library, "outputs")
    library.prepare.argtypes = [ctypes.c_void_p] * 2

    @numba.njit
    def rates(t: float, y: FloatArray, p: FloatArray, q: FloatArray) -> FloatArray:
        out = np.empty(states)
        c_rates(t, p.ctypes, q.ctypes, y.ctypes, out.ctypes)
        return out

    @numba.njit
    def jacobian(t: float, y: FloatArray, p: FloatArray, q: FloatArray) -> FloatArray:
        out = np.zeros((states, states))  # by columns: LSODA is told so with col_deriv
        c_jacobian(t, p.ctypes, q.ctypes, y.ctypes, out.ctypes)
        return out

    @numba.njit
    def outputs(y: FloatArray, p: FloatArray, q: FloatArray, out: FloatArray) -> None:
        for i in range(len(y)):
            c_outputs(0.0, p.ctypes, q.ctypes, y[i].ctypes, out[i].ctypes)

    start = _function(library, "start")
    return _Compiled(sizes(program), library.prepare, start, rates, jacobian, outputs)


def _subject(model: _Compiled, case: Case, subject: int, relative: float, out: FloatArray) -> None:
    times, p = case.workload.times, case.parameters[subject]
    q, state = np.zeros(model.sizes["DERIVED"]), np.zeros(model.sizes["STATES"])
    model.prepare(p.ctypes.data, q.ctypes.data)
    model.start(0.0, p.ctypes.data, q.ctypes.data, state.ctypes.data, state.ctypes.data)
    stretches = segments(case, subject)
    if times[0] <= stretches[0].start:
        model.outputs(state[None, :], p, q, out[:1])
    for one in stretches:
        for index, amount in one.doses:
            state[index] += amount
        inner = times[one.first : one.last]
        end = [] if len(inner) and inner[-1] == one.stop else [one.stop]
        found, report = odeint(
            model.rates,
            state,
            np.concatenate([[one.start], inner, end]),
            args=(p, q),
            Dfun=model.jacobian,
            col_deriv=True,
            rtol=relative,
            atol=case.workload.tolerances(relative),
            mxstep=1_000_000,
            tfirst=True,
            full_output=True,
        )
        if report["message"] != "Integration successful.":
            raise RuntimeError(report["message"])
        model.outputs(found[1 : 1 + len(inner)], p, q, out[one.first : one.last])
        state = found[-1].copy()


def _function(library: ctypes.CDLL, name: str) -> Callable[..., None]:
    function = library[name]
    function.argtypes = [ctypes.c_double, *[ctypes.c_void_p] * 4]
    function.restype = None
    return function


def version() -> str:
    """What runs."""
    return f"SciPy {metadata.version('scipy')}, numba {metadata.version('numba')}"
