"""CVODE called from C, with the right-hand side and the Jacobian in C as well; everything but the loop is SUNDIALS."""

from __future__ import annotations

import ctypes
import tempfile
from collections.abc import Callable
from importlib import metadata, util
from pathlib import Path

import numpy as np
from benchmarks.cgen import build, source
from benchmarks.records import Case, FloatArray, UnavailableError

DRIVER = Path(__file__).resolve().parents[1] / "cvode_driver.c"
_PARTS = ("core", "nvecserial", "sunmatrixdense", "sunlinsoldense", "cvode")
_METHODS = {"adams": 1, "bdf": 2}


def make(case: Case, *, method: str, jacobian: str) -> Callable[[float, Case], FloatArray]:
    """A runner: tolerance and subjects to values of shape (subjects, times, outputs)."""
    code = source(case.workload.program) + "\n" + DRIVER.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        library, _ = build(Path(folder), "cvode", code, libraries=_libraries())
    function = library.run_cvode
    function.restype = ctypes.c_long

    def run(relative: float, some: Case) -> FloatArray:
        work, line = some.workload, some.timeline
        values = np.full((some.subjects, len(work.times), len(work.program.outputs)), np.nan)
        absolute = work.tolerances(relative)
        steps = ctypes.c_long(0)
        arrays = [some.parameters, line.first, line.time, line.index, line.value, work.times]
        failed = function(
            ctypes.c_long(some.subjects),
            *(ctypes.c_void_p(array.ctypes.data) for array in arrays),
            ctypes.c_long(len(work.times)),
            ctypes.c_double(relative),
            ctypes.c_void_p(absolute.ctypes.data),
            ctypes.c_int(_METHODS[method]),
            ctypes.c_int(jacobian == "analytic"),
            ctypes.c_void_p(values.ctypes.data),
            ctypes.byref(steps),
        )
        if failed:
            raise RuntimeError(f"{failed} of {some.subjects} subjects failed")
        return values

    return run


def version() -> str:
    """Where the library comes from."""
    name = next(path.name for path in _libraries() if "cvode" in path.name)
    return f"SUNDIALS {name.split('.so.')[-1]} of scikit-sundae {metadata.version('scikit-sundae')}"


def _libraries() -> list[Path]:
    """The shared libraries that the wheel of scikit-sundae carries, in the order in which they need each other."""
    spec = util.find_spec("sksundae")
    if spec is None or spec.origin is None:
        raise UnavailableError("scikit-sundae, whose wheel carries CVODE, is not installed")
    folder = Path(spec.origin).parents[1] / "scikit_sundae.libs"
    found = [next(folder.glob(f"libsundials_{part}-*.so*"), None) for part in _PARTS]
    if None in found:
        raise UnavailableError("the wheel of scikit-sundae has no shared SUNDIALS here")
    return [path for path in found if path is not None]
