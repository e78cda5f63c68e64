"""Program -> Kernel: machine code for this processor, kept on disk by the hash of all that it is made from.

The only state is the cache folder; a kernel that is there is loaded without compiling. Knows nothing of subjects.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import filelock
import llvmlite
import llvmlite.binding as llvm
import platformdirs
from llvmlite import ir

from raphe.engine.emit import emit, shape_of
from raphe.engine.emit_slopes import emit_slopes
from raphe.engine.lane_memory import ARGUMENTS, memory_vectors
from raphe.engine.lanes import emit_driver
from raphe.engine.program import Program
from raphe.engine.rosenbrock import RODAS5P, Rosenbrock
from raphe.engine.settings import emit_settings_driver
from raphe.engine.writer import Shape

_C_TYPES: dict[str, type[ctypes.c_int64 | ctypes.c_double | ctypes.c_void_p]] = {
    "whole": ctypes.c_int64,
    "number": ctypes.c_double,
    "array": ctypes.c_void_p,
}
_FAR = os.name == "nt"  # there, code and constants may lie far apart; elsewhere they share a block
_OPTIMIZATION = 1  # higher levels take longer and give no faster code
_ROOM = 65_536  # bytes of memory that a step of two registers full of subjects may touch


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """Compiled functions and the sizes that go with them; nothing in it changes between calls."""

    program: Program
    method: Rosenbrock
    shape: Shape
    memory_vectors: int
    digest: str
    compiled: bool  # False if it came from the cache
    engine: llvm.ExecutionEngine  # owns the code

    def run(self, arguments: Mapping[str, float]) -> None:
        """Call the driver with the arguments that `lane_memory.ARGUMENTS` lists; arrays as addresses."""
        kinds = [_C_TYPES[kind] for _, kind in ARGUMENTS]
        address = self.engine.get_function_address("run")
        ctypes.CFUNCTYPE(None, *kinds)(address)(*(arguments[name] for name, _ in ARGUMENTS))

    def run_settings(self, count: int, parameters: int, out: int) -> None:
        """Work out the settings of `count` subjects; arrays as addresses."""
        kinds = (ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p)
        address = self.engine.get_function_address("run_settings")
        ctypes.CFUNCTYPE(None, *kinds)(address)(count, parameters, out)


def default_cache() -> Path:
    """Folder of compiled kernels, in the user's cache folder (XDG_CACHE_HOME moves it)."""
    return Path(platformdirs.user_cache_dir("raphe")) / "kernels"


def host_width() -> int:
    """Doubles that one vector register of this processor holds."""
    features = llvm.get_host_cpu_features()
    if features.get("avx512f", False):
        return 8
    return 4 if features.get("avx", False) else 2


def default_width(program: Program, method: Rosenbrock) -> int:
    """Subjects side by side: two registers full, so that one works while the other waits, if a step touches little."""
    width = 2 * host_width()
    shape = shape_of(program, method, width)
    vectors = shape.prepared + shape.work + 3 * shape.states + shape.slope_work
    return width if 8 * width * vectors <= _ROOM else host_width()


def compile_program(
    program: Program,
    *,
    method: Rosenbrock = RODAS5P,
    width: int | None = None,
    cache: Path | None = None,
) -> Kernel:
    """Compile a program, or load what was compiled before.

    Parameters
    ----------
    program
        What to compute.
    method
        How to step.
    width
        Subjects side by side; by default what suits the processor and the program.
    cache
        Folder of compiled kernels; by default `default_cache()`. It is made if it is missing, and a folder that
        cannot be written is no error: the kernel is then compiled again next time.

    Returns
    -------
    Kernel
    """
    width = default_width(program, method) if width is None else width
    folder = default_cache() if cache is None else cache
    machine = _machine()
    shape = shape_of(program, method, width)
    digest = _digest(program, method, width)
    code = _read(folder / f"{digest}.o")
    compiled = code is None
    if code is None:
        module = ir.Module("raphe")
        emitted = emit(program, method, shape, module)
        emit_slopes(emitted, method)
        emit_driver(emitted, method)
        emit_settings_driver(emitted)
        code = _compile(module, machine)
        _write(folder, digest, code)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine, use_lmm=not _FAR)
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return Kernel(
        program=program,
        method=method,
        shape=shape,
        memory_vectors=memory_vectors(shape),
        digest=digest,
        compiled=compiled,
        engine=engine,
    )


def _machine() -> llvm.TargetMachine:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    features = llvm.get_host_cpu_features().flatten()
    if llvm.get_default_triple().startswith("x86_64"):
        features += ",-prefer-256-bit"  # full registers: W was chosen to fill them
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=features,
        opt=_OPTIMIZATION,
        reloc="default" if _FAR else "pic",
        codemodel="jitdefault" if _FAR else "small",
        jit=True,
    )


def _compile(module: ir.Module, machine: llvm.TargetMachine) -> bytes:
    """Machine code; the graph has no common terms left, so that few passes are worth their time."""
    parsed = llvm.parse_assembly(str(module))
    parsed.verify()
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options())
    passes = llvm.create_new_module_pass_manager()
    passes.add_sroa_pass()
    passes.add_simplify_cfg_pass()
    passes.add_new_gvn_pass()
    passes.add_instruction_combine_pass()
    passes.add_dead_code_elimination_pass()
    passes.run(parsed, builder)
    return bytes(machine.emit_object(parsed))


@functools.cache
def _emitter_fingerprint() -> str:
    """Hash of the files that decide what code comes out, so that a changed emitter never meets an old kernel."""
    digest = hashlib.sha256()
    for entry in sorted(resources.files("raphe.engine").iterdir(), key=lambda item: item.name):
        if entry.name.endswith(".py"):
            digest.update(entry.read_bytes())
    return digest.hexdigest()


def _digest(program: Program, method: Rosenbrock, width: int) -> str:
    parts = (
        program.digest(),
        repr(method),
        width,
        llvm.get_host_cpu_name(),
        llvm.get_host_cpu_features().flatten(),
        llvmlite.__version__,
        _emitter_fingerprint(),
        _OPTIMIZATION,
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _read(path: Path) -> bytes | None:
    """A stored kernel, or None if there is none or it is damaged: the hash of the code stands before it."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    checksum, code = data[:32], data[32:]
    return code if hashlib.sha256(code).digest() == checksum else None


def _write(folder: Path, digest: str, code: bytes) -> None:
    """Store a kernel whole or not at all; a folder that cannot be written only costs time later."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(folder / "lock"):
            handle, name = tempfile.mkstemp(dir=folder)
            with os.fdopen(handle, "wb") as file:
                file.write(hashlib.sha256(code).digest() + code)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(folder / f"{digest}.o")
    except OSError:
        return
