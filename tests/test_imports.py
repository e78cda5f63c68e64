"""What importing raphe brings in, in fresh interpreters. Counts modules, never seconds."""

import json
import subprocess
import sys

import pytest

MAX_RAPHE_MODULES = 3  # raphe itself, and room for one file of core
HEAVY = {
    "jinja2",
    "lark",
    "llvmlite",
    "matplotlib",
    "numpy",
    "pandas",
    "pint",
    "pydantic",
    "ruamel",
    "xarray",
}

# Runs code, then lists the modules that it brought in, as the last line.
LISTING = """
import json, sys
before = set(sys.modules)
try:
    exec(sys.argv.pop(1))
except SystemExit as stop:
    assert not stop.code, stop.code
print()
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def modules_after(code: str, *arguments: str) -> list[str]:
    """Names of the modules that `code` imports in a fresh interpreter, beyond its own at start."""
    command = [sys.executable, "-c", LISTING, code, *arguments]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout.splitlines()[-1])


def packages(modules: list[str]) -> set[str]:
    return {module.partition(".")[0] for module in modules}


def of_others(modules: list[str]) -> set[str]:
    return packages(modules) - set(sys.stdlib_module_names) - {"raphe"}


def test_the_listing_sees_packages_of_others() -> None:
    assert {"numpy"} <= of_others(modules_after("import numpy"))


def test_importing_raphe_loads_no_package_of_others() -> None:
    assert of_others(modules_after("import raphe")) == set()


def test_importing_raphe_loads_next_to_nothing_of_its_own() -> None:
    modules = [m for m in modules_after("import raphe") if m.partition(".")[0] == "raphe"]
    assert "raphe" in modules
    assert len(modules) <= MAX_RAPHE_MODULES, modules


def test_every_public_name_of_raphe_can_be_loaded() -> None:
    modules_after("import raphe\nfor name in raphe.__all__: getattr(raphe, name)")


@pytest.mark.parametrize(
    ("arguments", "allowed"),
    [
        (["--help"], set()),
        (["ask", "--help"], {"pydantic"}),  # typer itself loads it to read a command's arguments
    ],
    ids=["raphe --help", "raphe ask --help"],
)
def test_help_loads_no_heavy_package(arguments: list[str], allowed: set[str]) -> None:
    start = "import sys; sys.argv[0] = 'raphe'; from raphe.cli import main; main()"
    modules = modules_after(start, *arguments)
    assert "raphe.cli" in modules
    assert packages(modules) & HEAVY <= allowed
