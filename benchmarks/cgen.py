"""Program -> C -> shared library, for peers that take compiled right-hand sides. Knows no solver."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from benchmarks.nodes import needed
from benchmarks.records import UnavailableError

from raphe.engine.graph import Node, Op
from raphe.engine.program import Program

FLAGS = ("-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math")
_INFIX = {Op.ADD: "+", Op.SUBTRACT: "-", Op.MULTIPLY: "*", Op.DIVIDE: "/"}
_CALLS = {
    Op.POWER: "pow",
    Op.EXP: "exp",
    Op.LN: "log",
    Op.SQRT: "sqrt",
    Op.TANH: "tanh",
    Op.ABS: "fabs",
}
_CHOICES = {Op.MIN: "<", Op.MAX: ">", Op.SELECT_LESS: "<", Op.SELECT_LESS_EQUAL: "<="}


def source(program: Program) -> str:
    """C functions of a program.

    `prepare(p, q)` works out what depends on parameters alone, once a subject; `start`, `rates`, `jacobian` (entries in
    a dense matrix stored by columns; the others are left as they are) and `outputs` use it.
    """
    size = len(program.layout.states)
    late = {node: f"q[{place}]" for place, node in enumerate(program.derived)}
    matrix = [(f"m[{column * size + row}]", node) for row, column, node in program.jacobian]
    arguments = "double t, const double *p, const double *q, const double *y, double *restrict"
    parts = [
        "#include <math.h>",
        *(f"#define {name} {count}" for name, count in sizes(program).items()),
        _function("prepare(const double *p, double *q)", program, _targets("q", program.derived)),
        _function(f"start({arguments} out)", program, _targets("out", program.starts), late),
        _function(f"rates({arguments} out)", program, _targets("out", program.rates), late),
        _function(f"jacobian({arguments} m)", program, matrix, late),
        _function(f"outputs({arguments} out)", program, _targets("out", program.outputs), late),
    ]
    return "\n".join(parts)


def sizes(program: Program) -> dict[str, int]:
    """Lengths of the arrays."""
    return {
        "STATES": len(program.layout.states),
        "PARAMETERS": len(program.layout.parameters),
        "DERIVED": max(len(program.derived), 1),
        "OUTPUTS": len(program.layout.outputs),
    }


def build(
    folder: Path, name: str, code: str, *, libraries: Iterable[Path] = ()
) -> tuple[ctypes.CDLL, str]:
    """Compile C to a shared library and load it; also what it was compiled with.

    Raises
    ------
    UnavailableError
        If there is no C compiler, or it refuses.
    """
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise UnavailableError("there is no C compiler here")
    text, made = folder / f"{name}.c", folder / f"{name}.so"
    text.write_text(code, encoding="utf-8")
    links = [str(path) for path in libraries]
    paths = [f"-Wl,-rpath,{path.parent}" for path in libraries]
    command = [compiler, *FLAGS, "-shared", "-fPIC", "-o", str(made), str(text), *links, *paths]
    done = subprocess.run([*command, "-lm"], capture_output=True, text=True, check=False)  # noqa: S603 our own C
    if done.returncode != 0:
        raise UnavailableError(f"the C compiler failed: {done.stderr.strip()[:200]}")
    return ctypes.CDLL(str(made)), f"{Path(compiler).name} {' '.join(FLAGS)}"


def _targets(array: str, nodes: Iterable[int]) -> list[tuple[str, int]]:
    return [(f"{array}[{place}]", node) for place, node in enumerate(nodes)]


def _function(
    head: str,
    program: Program,
    targets: list[tuple[str, int]],
    known: Mapping[int, str] | None = None,
) -> str:
    lines = statements(program, [node for _, node in targets], known or {})
    body = [f"  const double {name} = {text};" for name, text in lines]
    body += [f"  {target} = v{node};" for target, node in targets]
    return "\n".join([f"void {head} {{", *body, "}"])


def statements(
    program: Program, roots: list[int], known: Mapping[int, str]
) -> list[tuple[str, str]]:
    """(name, C expression) of every node that the roots need, in order."""
    return [
        (f"v{number}", known.get(number) or _expression(program, program.nodes[number]))
        for number in needed(program, roots, list(known))
    ]


def _expression(program: Program, node: Node) -> str:
    operands = [f"v{number}" for number in node.operands]
    if node.op is Op.CONSTANT:
        return repr(node.value) if node.value >= 0 else f"({node.value!r})"
    if node.op is Op.SYMBOL:
        return _symbol(program, node.symbol)
    if node.op is Op.NEGATE:
        return f"-{operands[0]}"
    if node.op in _INFIX:
        return f"{operands[0]} {_INFIX[node.op]} {operands[1]}"
    if node.op in _CALLS:
        return f"{_CALLS[node.op]}({', '.join(operands)})"
    yes, no = (operands[0], operands[1]) if len(operands) == 2 else (operands[2], operands[3])
    return f"{operands[0]} {_CHOICES[node.op]} {operands[1]} ? {yes} : {no}"


def _symbol(program: Program, symbol: int) -> str:
    states = len(program.layout.states)
    if symbol < states:
        return f"y[{symbol}]"
    if symbol < program.time_symbol:
        return f"p[{symbol - states}]"
    return (
        "t" if symbol == program.time_symbol else "0.0"
    )  # no dose of the benchmark is an infusion
