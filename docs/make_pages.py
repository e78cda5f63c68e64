"""Write one page for each module of the library, and the page of what is not simulated: `python docs/make_pages.py`.

A test holds the pages to the library.
"""

from pathlib import Path

from raphe.library.catalog import load_catalog
from raphe.report.module_page import Form, module_page
from raphe.report.qualification import unsimulated_page

FOLDER = Path(__file__).parent / "modules"
UNSIMULATED = Path(__file__).parent / "not-simulated.md"


def pages() -> dict[str, str]:
    """Name of the file -> text, with an index."""
    library = load_catalog().library
    found = {
        f"{name}.md": module_page(module, library.sources, Form.MARKDOWN)
        for name, module in sorted(library.modules.items())
    }
    rows = [
        f"- [{name}]({name}.md): {module.title or name}"
        for name, module in sorted(library.modules.items())
    ]
    lines = ["# Modules", "", "Written by `python docs/make_pages.py` from the library.", "", *rows]
    return found | {"README.md": "\n".join(lines) + "\n"}


def unsimulated() -> str:
    """The page of published observations that no model speaks of."""
    catalog = load_catalog()
    return unsimulated_page(catalog.unsimulated, catalog.library.sources)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file in FOLDER.glob("*.md"):
        file.unlink()
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    UNSIMULATED.write_text(unsimulated(), encoding="utf-8")
