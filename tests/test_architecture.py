"""The rules of the house, checked on the text of src/raphe; nothing is imported.

Each rule is a function from a file to findings. Each is also run on small texts that break it, so
that none can pass by seeing nothing. The floors are the import-linter contract in pyproject.toml.
"""

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "raphe"

# A heavy package is imported only at its addresses.
HOMES = {
    "cuda": ["engine/gpu.py"],
    "pint": ["core/units.py"],
    "lark": ["language/tree.py"],
    "xarray": ["engine/results.py"],
    "pandas": ["study/frames.py"],
    "llvmlite": [
        "engine/compile.py",
        "engine/control.py",
        "engine/edges.py",
        "engine/emit.py",
        "engine/emit_slopes.py",
        "engine/events.py",
        "engine/formulas.py",
        "engine/lane_memory.py",
        "engine/lane_slopes.py",
        "engine/lanes.py",
        "engine/outputs.py",
        "engine/periods.py",
        "engine/ptx.py",
        "engine/settings.py",
        "engine/step_control.py",
        "engine/steps.py",
        "engine/vector.py",
        "engine/writer.py",
    ],
    "pydantic": ["study/claim_file.py", "study/schema.py", "study/taper_file.py"],
    "scipy": ["analysis/sobol.py", "population/placed.py", "study/tapering.py"],
    "ruamel": ["study/plain_yaml.py", "study/schema.py"],
    "matplotlib": [
        "report/drawing.py",
        "report/figures.py",
        "report/qualification.py",
        "report/shares.py",
        "report/taper.py",
        "report/tornado.py",
    ],
    "jinja2": ["report/page.py"],
    "libsbml": ["exchange/parse_sbml.py"],
    "typer": ["cli/__init__.py", "cli/answers.py", "cli/app.py", "cli/runs.py", "cli/shelves.py"],
    "rich": ["cli/app.py"],
}

# (rule, place): reason. A place is a file below src/raphe, or "file::Class.method".
# An exception that nothing needs fails.
EXCEPTIONS: dict[tuple[str, str], str] = {
    ("imports_at_the_top", "study/extras.py"): "packages of extras, which most never install",
}

MAX_FILE_LINES = 499
MAX_FUNCTION_LINES = 59  # without its docstring: documentation must not cost code its room
MAX_METHODS = 11
LATE_IMPORTERS = ("cli/", "web/")  # they start fast by importing what a command needs when needed
CODE_FROM_TEXT = {"eval", "exec"}
OBJECTS_FROM_BYTES = {"cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve"}

Function = ast.FunctionDef | ast.AsyncFunctionDef
Import = ast.Import | ast.ImportFrom


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One source file, read."""

    path: str  # below src/raphe, with forward slashes
    text: str
    tree: ast.Module


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One broken rule and where."""

    place: str
    line: int
    message: str


def read(path: str, text: str) -> File:
    return File(path=path, text=text, tree=ast.parse(text, filename=path))


def read_source() -> list[File]:
    paths = sorted(SOURCE.rglob("*.py"))
    return [read(p.relative_to(SOURCE).as_posix(), p.read_text(encoding="utf-8")) for p in paths]


def definitions(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, Function | ast.ClassDef]]:
    """Every function and class with its dotted name, however deep."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, Function | ast.ClassDef):
            name = prefix + node.name
            yield name, node
            yield from definitions(node, f"{name}.")
        else:
            yield from definitions(node, prefix)


def imported_modules(node: ast.AST) -> list[str]:
    """Dotted names of the modules that an import statement asks for; none for a relative one."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0:
        return [node.module or ""]
    return []


def called_name(node: ast.AST) -> str:
    """`f` for a call of `f(...)` or `anything.f(...)`; empty if the node is no such call."""
    if not isinstance(node, ast.Call):
        return ""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def heavy_package_at_home(file: File) -> Iterator[Finding]:
    for node in ast.walk(file.tree):
        for module in imported_modules(node):
            package = module.partition(".")[0]
            if package in HOMES and file.path not in HOMES[package]:
                homes = ", ".join(HOMES[package])
                message = f"{package} may be imported only in {homes}"
                yield Finding(place=file.path, line=node.lineno, message=message)


def short_file(file: File) -> Iterator[Finding]:
    length = len(file.text.splitlines())
    if length > MAX_FILE_LINES:
        message = f"{length} lines, more than {MAX_FILE_LINES}"
        yield Finding(place=file.path, line=length, message=message)


def short_function(file: File) -> Iterator[Finding]:
    for name, node in definitions(file.tree):
        if isinstance(node, ast.ClassDef):
            continue
        length = node.end_lineno - node.lineno + 1
        if ast.get_docstring(node) is not None:
            length -= node.body[0].end_lineno - node.body[0].lineno + 1
        if length > MAX_FUNCTION_LINES:
            message = f"{length} lines without the docstring, more than {MAX_FUNCTION_LINES}"
            yield Finding(place=f"{file.path}::{name}", line=node.lineno, message=message)


def small_class(file: File) -> Iterator[Finding]:
    for name, node in definitions(file.tree):
        if not isinstance(node, ast.ClassDef):
            continue
        methods = sum(isinstance(child, Function) for child in node.body)
        if methods > MAX_METHODS:
            message = f"{methods} methods, more than {MAX_METHODS}"
            yield Finding(place=f"{file.path}::{name}", line=node.lineno, message=message)


def imports_at_the_top(file: File) -> Iterator[Finding]:
    if file.path.startswith(LATE_IMPORTERS):
        return
    lazy = {"__getattr__"} if file.path == "__init__.py" else set()
    allowed = {
        id(inner)
        for node in file.tree.body
        if isinstance(node, Function) and node.name in lazy
        for inner in ast.walk(node)
    }
    for node in ast.walk(file.tree):
        if called_name(node) in {"import_module", "__import__"} and id(node) not in allowed:
            message = "a module is imported by a call"
            yield Finding(place=file.path, line=node.lineno, message=message)
    for name, function in definitions(file.tree):
        if isinstance(function, ast.ClassDef):
            continue
        for node in ast.walk(function):
            if isinstance(node, Import) and id(node) not in allowed:
                place = f"{file.path}::{name}"
                yield Finding(place=place, line=node.lineno, message="an import inside a function")


def no_code_from_files(file: File) -> Iterator[Finding]:
    for node in ast.walk(file.tree):
        message = ""
        if isinstance(node, ast.Name) and node.id in CODE_FROM_TEXT:
            message = f"{node.id} runs text as code"
        elif isinstance(node, ast.Attribute) and ast.unparse(node).startswith("builtins."):
            message = f"builtins.{node.attr}" if node.attr in CODE_FROM_TEXT else ""
        elif called_name(node).endswith("pickle"):
            message = f"{called_name(node)} runs code from a file"
        elif isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            harmless = isinstance(node.value, ast.Constant) and node.value.value is False
            message = "" if harmless else "allow_pickle runs code from a file"
        else:
            unsafe = {m.partition(".")[0] for m in imported_modules(node)} & OBJECTS_FROM_BYTES
            message = f"{min(unsafe)} runs code from a file" if unsafe else ""
        if message:
            yield Finding(place=file.path, line=node.lineno, message=message)


def absolute_imports(file: File) -> Iterator[Finding]:
    for node in ast.walk(file.tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            yield Finding(place=file.path, line=node.lineno, message="a relative import")


def imports_from_the_defining_file(file: File) -> Iterator[Finding]:
    for node in ast.walk(file.tree):
        whole = isinstance(node, ast.Import) and any(
            alias.name == "raphe" or (alias.name.startswith("raphe.") and alias.asname is None)
            for alias in node.names
        )
        if whole or (isinstance(node, ast.ImportFrom) and imported_modules(node) == ["raphe"]):
            message = "import from the file that defines the name, not raphe as a whole"
            yield Finding(place=file.path, line=node.lineno, message=message)


def module_docstring(file: File) -> Iterator[Finding]:
    if not (ast.get_docstring(file.tree) or "").strip():
        yield Finding(place=file.path, line=1, message="no docstring that tells the file's job")


RULES: dict[str, Callable[[File], Iterator[Finding]]] = {
    rule.__name__: rule
    for rule in (
        absolute_imports,
        heavy_package_at_home,
        imports_at_the_top,
        imports_from_the_defining_file,
        module_docstring,
        no_code_from_files,
        short_file,
        short_function,
        small_class,
    )
}


def stale(exceptions: Mapping[tuple[str, str], str], files: list[File]) -> set[tuple[str, str]]:
    """Exceptions that no finding needs, or that give no reason."""
    needed = {(name, f.place) for name, rule in RULES.items() for file in files for f in rule(file)}
    return {key for key, reason in exceptions.items() if key not in needed or not reason.strip()}


def test_the_rules_see_the_source() -> None:
    paths = {file.path for file in read_source()}
    assert "__init__.py" in paths
    assert {"core", "language", "engine"} <= {path.partition("/")[0] for path in paths}


@pytest.mark.parametrize("name", RULES)
def test_the_source_keeps(name: str) -> None:
    findings = [finding for file in read_source() for finding in RULES[name](file)]
    broken = [
        f"src/raphe/{finding.place.partition('::')[0]}:{finding.line}  {finding.message}"
        for finding in findings
        if (name, finding.place) not in EXCEPTIONS
    ]
    assert not broken, "\n" + "\n".join(broken)


def test_every_exception_is_needed_and_says_why() -> None:
    assert not stale(EXCEPTIONS, read_source())


def test_a_stale_exception_is_found() -> None:
    files = [read("core/a.py", "import pint"), read("core/b.py", "'''B.'''\nfrom . import a")]
    exceptions = {
        ("heavy_package_at_home", "core/a.py"): "it measures",
        ("module_docstring", "core/a.py"): " ",
        ("absolute_imports", "core/a.py"): "moved to b",
    }
    assert stale(exceptions, files) == {
        ("module_docstring", "core/a.py"),
        ("absolute_imports", "core/a.py"),
    }


def methods(count: int) -> str:
    return "class C:\n" + "".join(f"    def m{i}(self): ...\n" for i in range(count))


LAZY = "def __getattr__(name):\n    return import_module(name)\n"
LATE = "def f():\n    import json\n"
METHOD = "class C:\n    def f(self):\n        from json import loads\n"
TALL = "def f():\n" + "    g()\n" * MAX_FUNCTION_LINES
DOCUMENTED = "def f():\n    '''" + "\n" * 90 + "    '''\n" + "    g()\n" * (MAX_FUNCTION_LINES - 1)

BROKEN = [
    ("absolute_imports", "core/a.py", "from . import b", "core/a.py"),
    ("absolute_imports", "core/a.py", "def f():\n    from ..core.b import c", "core/a.py"),
    ("heavy_package_at_home", "core/a.py", "import pint", "core/a.py"),
    ("heavy_package_at_home", "core/a.py", "import numpy, pint.errors as e", "core/a.py"),
    ("heavy_package_at_home", "core/a.py", "from ruamel.yaml import YAML", "core/a.py"),
    ("heavy_package_at_home", "study/units.py", "import pint", "study/units.py"),
    ("heavy_package_at_home", "a.py", "if TYPE_CHECKING:\n    import xarray as xr", "a.py"),
    ("heavy_package_at_home", "a.py", "try:\n    import rich\nexcept E: ...", "a.py"),
    ("imports_at_the_top", "core/a.py", LATE, "core/a.py::f"),
    ("imports_at_the_top", "__init__.py", LATE, "__init__.py::f"),
    ("imports_at_the_top", "core/__init__.py", LAZY, "core/__init__.py"),
    ("imports_at_the_top", "core/a.py", METHOD, "core/a.py::C.f"),
    ("imports_at_the_top", "core/a.py", "importlib.import_module('json')", "core/a.py"),
    ("imports_at_the_top", "core/a.py", "json = __import__('json')", "core/a.py"),
    ("imports_from_the_defining_file", "a.py", "import raphe", "a.py"),
    ("imports_from_the_defining_file", "a.py", "import raphe as r", "a.py"),
    ("imports_from_the_defining_file", "a.py", "import raphe.core.units", "a.py"),
    ("imports_from_the_defining_file", "a.py", "from raphe import units", "a.py"),
    ("module_docstring", "core/__init__.py", "", "core/__init__.py"),
    ("module_docstring", "core/a.py", "x = 1\n'''Too late.'''", "core/a.py"),
    ("no_code_from_files", "a.py", "eval('1')", "a.py"),
    ("no_code_from_files", "a.py", "run = exec", "a.py"),
    ("no_code_from_files", "a.py", "builtins.exec('1')", "a.py"),
    ("no_code_from_files", "a.py", "import pickle", "a.py"),
    ("no_code_from_files", "a.py", "from pickle import loads", "a.py"),
    ("no_code_from_files", "a.py", "pd.read_pickle(path)", "a.py"),
    ("no_code_from_files", "a.py", "np.load(path, allow_pickle=True)", "a.py"),
    ("short_file", "core/a.py", "x = 1\n" * (MAX_FILE_LINES + 1), "core/a.py"),
    ("short_function", "core/a.py", TALL, "core/a.py::f"),
    ("short_function", "core/a.py", "async " + TALL, "core/a.py::f"),
    ("short_function", "core/a.py", DOCUMENTED + "    g()\n" * 2, "core/a.py::f"),
    ("small_class", "core/a.py", methods(MAX_METHODS + 1), "core/a.py::C"),
]
KEPT = [
    ("absolute_imports", "core/a.py", "from raphe.core import b"),
    ("heavy_package_at_home", "core/units.py", "import pint"),
    ("heavy_package_at_home", "core/a.py", "import pints\nfrom raphe.report import rich"),
    ("imports_at_the_top", "cli/a.py", LATE),
    ("imports_at_the_top", "web/routes.py", LATE),
    ("imports_at_the_top", "__init__.py", LAZY),
    ("imports_at_the_top", "core/a.py", "if x:\n    import json"),
    ("imports_from_the_defining_file", "a.py", "from raphe.core.units import Quantity"),
    ("imports_from_the_defining_file", "a.py", "import raphe.core.units as u, raphes"),
    ("module_docstring", "core/__init__.py", "'''Words that everyone uses.'''"),
    ("no_code_from_files", "a.py", "evaluate(x)\nx.eval()\nnp.load(p, allow_pickle=False)"),
    ("short_file", "core/a.py", "x = 1\n" * MAX_FILE_LINES),
    ("short_function", "core/a.py", DOCUMENTED),
    ("small_class", "core/a.py", methods(MAX_METHODS)),
]


@pytest.mark.parametrize(("rule", "path", "text", "place"), BROKEN)
def test_a_rule_finds_what_breaks_it(rule: str, path: str, text: str, place: str) -> None:
    assert place in {finding.place for finding in RULES[rule](read(path, text))}


@pytest.mark.parametrize(("rule", "path", "text"), KEPT)
def test_a_rule_accepts_what_keeps_it(rule: str, path: str, text: str) -> None:
    assert list(RULES[rule](read(path, text))) == []


def test_every_rule_is_proven_both_ways() -> None:
    assert {rule for rule, *_ in BROKEN} == set(RULES) == {rule for rule, *_ in KEPT}
