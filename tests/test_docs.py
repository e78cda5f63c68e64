"""Pages that are made from the library are up to date, and what pages tell people to run runs."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from raphe.library.catalog import load_catalog
from raphe.study.question import check_study
from raphe.study.schema import parse_study

DOCS = Path(__file__).parents[1] / "docs"


def test_every_module_has_its_page_as_the_library_has_it():
    wanted = runpy.run_path(str(DOCS / "make_pages.py"))["pages"]()
    found = {file.name: file.read_text("utf-8") for file in (DOCS / "modules").glob("*.md")}
    assert sorted(found) == sorted(wanted)
    assert [name for name in wanted if wanted[name] != found[name]] == []


def test_the_page_of_what_is_not_simulated_is_as_the_library_has_it():
    wanted = runpy.run_path(str(DOCS / "make_pages.py"))["unsimulated"]()
    assert (DOCS / "not-simulated.md").read_text("utf-8") == wanted
    assert all(one.name in wanted for one in load_catalog().unsimulated)


@pytest.mark.parametrize("page", sorted((DOCS / "teach").glob("*.md")), ids=lambda page: page.stem)
def test_the_blocks_of_a_teaching_page_run(page, tmp_path):
    blocks = re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), flags=re.DOTALL)
    script = tmp_path / "page.py"
    script.write_text("\n".join(blocks))
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=False, timeout=110
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_the_study_of_the_page_on_runs_reads():
    text = (DOCS / "runs.md").read_text("utf-8")
    (block,) = re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL)
    study = parse_study(block, "runs.md")
    check_study(study, load_catalog())
    assert len(study.endpoints) == 3
    assert study.scenarios[1].settings
