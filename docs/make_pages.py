"""Write one page for each module of the library: `python docs/make_pages.py`. A test holds the pages to the library."""

from pathlib import Path

from raphe.library.catalog import load_catalog
from raphe.report.module_page import Form, module_page

FOLDER = Path(__file__).parent / "modules"


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


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file in FOLDER.glob("*.md"):
        file.unlink()
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
