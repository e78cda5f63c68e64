"""What the README shows does run."""

import os
import re
import subprocess
import sys
from pathlib import Path

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


def test_the_counts_of_numbers_are_those_of_the_model():
    catalog = load_catalog()
    assert "clonazepam_serotonin" in catalog.assemblies
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
