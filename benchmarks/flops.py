"""Floating-point operations: what the kernel does in a step, and what the core can do at most.

A vector instruction counts once for each subject in it: add, subtract, multiply, divide, negate and square root are
one operation, a fused multiply-add is two; comparing, choosing, loading and storing are none. The instructions are
counted in the LLVM text that the engine hands to the optimizer, functions called included, so that what is counted is
what the formulas need and not what a compiler adds.
"""

from __future__ import annotations

import ctypes
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import llvmlite.binding as llvm
from benchmarks.clock import busy, interleaved, median
from benchmarks.records import Case

from raphe.engine.compile import compile_program, host_width
from raphe.engine.solve import Options, solve

_FUNCTION = re.compile(r'^define [^@]*@"?([\w.]+)"?\((.*?)^}', re.MULTILINE | re.DOTALL)
_ONE = re.compile(r"= (?:fadd|fsub|fmul|fdiv|fneg)\b[^<\n]*<\d+ x double>")
_CALL = re.compile(r'\bcall [^@\n]*@"?([\w.]+)"?\(')
_BLOCK = re.compile(r'^"?([\w.]+)"?:', re.MULTILINE)
_TRIPS = re.compile(r"icmp slt i64 %\S+, (\d+)")
_CHAINS = 16
_LOOPS = 20_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """What the kernel reaches.

    Parameters
    ----------
    step, output
        Operations of one step and of one output time, for one subject.
    steps
        Steps of a subject, rejected ones included.
    kernel, peak
        Operations per second.
    """

    step: int
    output: int
    steps: float
    kernel: float
    peak: float


def speed(case: Case, rounds: int) -> Speed | str:
    """Operations per second of the kernel and of the core, or why they could not be counted."""
    work = case.workload
    counts = count_operations(case)
    if "step" not in counts or "observe" not in counts:
        return "not measured: the kernel has no functions `step` and `observe` to count"
    kernel = compile_program(work.program)
    options = Options()
    outcome = solve(kernel, case.parameters, case.timeline, work.times, options=options)
    steps = float((outcome.accepted + outcome.rejected).mean())
    peak_loop = peak_function()

    def run() -> None:
        solve(kernel, case.parameters, case.timeline, work.times, options=options)

    own, loop = interleaved([run, lambda: peak_loop(_LOOPS)], rounds, busy)
    needed = (counts["step"] * steps + counts["observe"] * len(work.times)) * case.subjects
    most = 2.0 * _CHAINS * host_width() * _LOOPS
    return Speed(
        step=counts["step"],
        output=counts["observe"],
        steps=steps,
        kernel=needed / median(own),
        peak=most / min(loop),
    )


def count_operations(case: Case) -> dict[str, int]:
    """Operations of each function of the kernel, those that it calls included; loops of unknown length count once."""
    seen: list[str] = []
    parse = llvm.parse_assembly

    def listen(text: str) -> llvm.ModuleRef:
        seen.append(text)
        return parse(text)

    with tempfile.TemporaryDirectory() as folder, mock.patch.object(llvm, "parse_assembly", listen):
        compile_program(case.workload.program, cache=Path(folder))
    bodies = dict(_FUNCTION.findall(max(seen, key=len)))
    done: dict[str, int] = {}

    def count(name: str) -> int:
        if name.startswith(("llvm.fma", "llvm.fmuladd")):
            return 2
        if name.startswith("llvm.sqrt"):
            return 1
        if name not in bodies:
            return 0
        if name not in done:
            done[name] = sum(
                times * (len(_ONE.findall(block)) + sum(map(count, _CALL.findall(block))))
                for block, times in _blocks(bodies[name])
            )
        return done[name]

    return {name: count(name) for name in bodies}


def _blocks(body: str) -> list[tuple[str, int]]:
    """The blocks of a function, and how often each runs: as often as it says if it is a loop, else once."""
    parts = _BLOCK.split(body)
    found = [(parts[0], 1)]
    for name, text in zip(parts[1::2], parts[2::2], strict=True):
        trips = _TRIPS.findall(text)
        again = re.search(rf'label %"?{re.escape(name)}"?[,\s]', text)
        found.append((text, int(trips[-1]) if again and trips else 1))
    return found


def peak_function() -> ctypes._CFunctionType:
    """A loop of independent fused multiply-adds over full registers, as machine code; takes how often."""
    width = host_width()
    kind = f"<{width} x double>"
    chains = range(_CHAINS)
    start = [f"<{', '.join([f'double 0x3FF{i:X}000000000000'] * width)}>" for i in chains]
    phi = [f"%a{i} = phi {kind} [{start[i]}, %entry], [%b{i}, %loop]" for i in chains]
    half = f"<{', '.join(['double 0.5'] * width)}>"
    work = [
        f"%b{i} = call {kind} @llvm.fma.v{width}f64({kind} %a{i}, {kind} {half}, {kind} {half})"
        for i in chains
    ]
    total = [f"%s{i} = fadd {kind} {f'%s{i - 1}' if i else half}, %b{i}" for i in chains]
    text = f"""
declare {kind} @llvm.fma.v{width}f64({kind}, {kind}, {kind})
define double @peak(i64 %n) {{
entry:
  br label %loop
loop:
  %i = phi i64 [0, %entry], [%next, %loop]
  {chr(10).join(phi)}
  {chr(10).join(work)}
  %next = add i64 %i, 1
  %go = icmp slt i64 %next, %n
  br i1 %go, label %loop, label %done
done:
  {chr(10).join(total)}
  %out = extractelement {kind} %s{_CHAINS - 1}, i32 0
  ret double %out
}}"""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    features = llvm.get_host_cpu_features().flatten() + ",-prefer-256-bit"
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=features, opt=2, jit=True
    )
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(text), machine)
    engine.finalize_object()
    address = engine.get_function_address("peak")
    function = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_int64)(address)
    function.owner = engine  # keeps the code
    return function
