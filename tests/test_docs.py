"""Pages that are made from the library are up to date, and what pages tell people to run runs."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import raphe
from raphe.library.catalog import load_catalog
from raphe.study.question import check_study
from raphe.study.schema import parse_study

DOCS = Path(__file__).parents[1] / "docs"
BUILD = runpy.run_path(str(DOCS / "build.py"))


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
def test_a_teaching_page_runs_prints_and_draws(page, tmp_path):
    made = BUILD["executed"](page.read_text("utf-8"), f"teach/{page.stem}", tmp_path)
    blocks = made.count("```python\n")
    assert 4 <= blocks <= 12
    assert made.count(":::{container} output") >= 4
    pictures = re.findall(r"!\[([^\]]+)\]\(/pictures/([^)]+)\)", made)
    assert pictures
    for label, file in pictures:
        assert len(label.split()) > 5  # for those who do not see it
        assert "<svg" in (tmp_path / file).read_text("utf-8")


def test_a_block_that_fails_stops_the_build(tmp_path):
    text = "Text.\n\n```python\nx = 1\n```\n\n```python\nassert x == 2, 'not two'\n```\n"
    with pytest.raises(RuntimeError, match=r"page: a block of the page failed(.|\n)*block 2"):
        BUILD["executed"](text, "page", tmp_path)


def test_a_figure_without_words_stops_the_build(tmp_path):
    text = "```python\nimport matplotlib.pyplot as plt\nplt.subplots()\n```\n"
    with pytest.raises(RuntimeError, match="a figure needs a label"):
        BUILD["executed"](text, "page", tmp_path)


def test_blocks_share_names_and_show_what_they_print(tmp_path):
    text = (
        "```python\nx = 1\n```\n\n```python norun\nboom\n```\n\n```python\nprint(x + 1)\n```\nEnd."
    )
    made = BUILD["executed"](text, "page", tmp_path)
    assert made.count("output") == 1
    assert "```text\n2\n```\n:::\nEnd." in made


def test_every_public_name_is_on_the_page_of_names():
    listed = list(BUILD["public_names"]())
    assert [line.rpartition(".")[2] for line in listed] == raphe.__all__
    assert "NAMES" in (DOCS / "api.md").read_text("utf-8")


def test_every_page_is_in_the_table_of_contents():
    tables = "\n".join((DOCS / name).read_text("utf-8") for name in ("index.md", "teach.md"))
    for page in [*DOCS.glob("*.md"), *DOCS.glob("teach/*.md")]:
        name = page.relative_to(DOCS).with_suffix("").as_posix()
        assert name == "index" or re.search(rf"(<{name}>|^{name}$)", tables, re.MULTILINE), name


def test_the_study_of_the_page_on_runs_reads():
    text = (DOCS / "runs.md").read_text("utf-8")
    (block,) = re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL)
    study = parse_study(block, "runs.md")
    check_study(study, load_catalog())
    assert len(study.endpoints) == 3
    assert study.scenarios[1].settings


def test_the_lines_of_the_page_on_sbml_run():
    (code,) = re.findall(r"```python\n(.*?)```", (DOCS / "sbml.md").read_text("utf-8"), re.DOTALL)
    code = "import matplotlib; matplotlib.use('Agg')\n" + code
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=DOCS.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout.split()[0]) > 1.0
