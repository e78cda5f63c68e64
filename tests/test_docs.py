"""Pages that are made from the library are up to date."""

import runpy
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def test_every_module_has_its_page_as_the_library_has_it():
    wanted = runpy.run_path(str(DOCS / "make_pages.py"))["pages"]()
    found = {file.name: file.read_text("utf-8") for file in (DOCS / "modules").glob("*.md")}
    assert sorted(found) == sorted(wanted)
    assert [name for name in wanted if wanted[name] != found[name]] == []
