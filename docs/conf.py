"""Settings of the site of the documentation, `make docs`. It loads nothing from elsewhere, built or read."""

import sys
from importlib import metadata
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from raphe_lexer import RapheLexer

project = "raphe"
author = "The raphe authors"
copyright = author  # noqa: A001, the name that Sphinx reads
release = version = metadata.version("raphe")
extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 2
exclude_patterns = ["_*"]
numpydoc_show_class_members = False
autodoc_typehints = "none"
html_theme = "pydata_sphinx_theme"
html_title = "raphe"
html_static_path = ["_static"]
html_css_files = ["raphe.css"]
html_copy_source = False
html_show_sourcelink = False
ALONE = ("index", "dosing", "runs", "language", "qualification", "engine", "engine-speed", "api")
html_sidebars = {page: [] for page in ALONE}  # pages without others below them
html_context = {"default_mode": "auto"}
html_theme_options = {
    "show_toc_level": 2,
    "navbar_end": ["theme-switcher"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
    "header_links_before_dropdown": 9,
}


def setup(app):
    """Make the model language known."""
    app.add_lexer("raphe", RapheLexer)
