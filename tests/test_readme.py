"""What the README and the pages of docs/ show does run."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np

from raphe.dosing.regimen import Regimen
from raphe.engine.compile import compile_program
from raphe.engine.lower import lower
from raphe.engine.solve import settings_of, solve
from raphe.engine.timeline import make_timeline
from raphe.language.check import check_document
from raphe.language.compose import compose
from raphe.language.model import Library
from raphe.language.parse import parse
from raphe.library.catalog import load_catalog
from raphe.study.session import answer, load, simulate

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def test_the_notebook_lines_run_and_write_a_report(tmp_path):
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "MPLBACKEND": "Agg", "MPLCONFIGDIR": str(tmp_path / "settings")},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "report.html").stat().st_size > 100_000


def test_the_lines_of_the_dosing_page_run(tmp_path):
    text = (ROOT / "docs" / "dosing.md").read_text("utf-8")
    code = "\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    code += "\nassert data['drug.plasma'].notnull().all() and len(both.expanded().doses) == 43"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_counts_of_numbers_are_those_of_the_model():
    catalog = load_catalog()
    assert "benzodiazepines" in catalog.assemblies
    study = load("clonazepam serotonin")
    small = type(study.population)(people=2, draws=2, seed=1)
    result = answer(simulate(type(study)(**{**fields(study), "population": small}), threads=1))
    counts = dict(result.statuses)
    expected = (
        f"Of its {sum(counts.values())} numbers, {counts['read']} were read in a source, "
        f"{counts['derived']} are derived from such numbers, and {counts['assumed']} are assumed"
    )
    assert expected in " ".join(README.split())


def fields(record):
    return {name: getattr(record, name) for name in record.__slots__}


def test_every_file_that_the_readme_names_is_there():
    for name in ("docs/report.png", "ARCHITECTURE.md", "CONTRIBUTING.md", "src/raphe/library"):
        assert name in README
        assert (ROOT / name).exists()


def test_the_example_of_the_language_page_checks_composes_and_runs():
    text = (ROOT / "docs" / "language.md").read_text("utf-8")
    (code,) = re.findall(r"```raphe\n(.*?)```", text, re.DOTALL)
    document = parse(code, "language.md")
    library = load_catalog().library
    assert check_document(document, library=library) == ()
    own = Library(
        modules={**library.modules, **{one.name: one for one in document.modules}},
        sources={**library.sources, **{one.key: one for one in document.sources}},
    )
    program = lower(compose(document.assemblies[0], own))
    kernel = compile_program(program)
    parameters = np.array([program.defaults])
    settings = settings_of(kernel, parameters)
    regimen = Regimen.from_text("2 mg every 12 h for 40 d")
    timeline = make_timeline(
        program, regimen, route="drug.oral", settings=settings, parameters=parameters
    )
    outcome = solve(kernel, parameters, timeline, np.array([0.0, 29.9, 30.1]) * 24.0)
    assert outcome.status[0] == 0
    adaptation = outcome.values[0, :, program.layout.outputs.index("tolerance.adaptation")]
    assert adaptation[0] == 0.0
    assert adaptation[2] < adaptation[1] <= 0.5
