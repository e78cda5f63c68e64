"""Pages of modules: everything of every module is on its page, in every form."""

import html
from html.parser import HTMLParser

import pytest

from raphe.library.catalog import load_catalog
from raphe.report.module_page import Form, module_page

LIBRARY = load_catalog().library
BOX = "clonazepam_typical"


@pytest.mark.parametrize("form", list(Form))
@pytest.mark.parametrize("name", sorted(LIBRARY.modules))
def test_every_module_can_be_written_out(name, form):
    module = LIBRARY.modules[name]
    page = module_page(module, LIBRARY.sources, form)
    plain = html.unescape(page).replace("\\_", "_").replace(r"\allowbreak{}", "")
    for parameter in module.parameters:
        assert parameter.name in plain
        assert parameter.provenance.status.value in plain
        for citation in parameter.provenance.citations:
            assert citation.key in plain
    for quantity in module.quantities:
        assert quantity.name.split("_")[0] in plain
    assert page.endswith("\n")


def test_a_number_has_its_unit_spread_and_source():
    page = module_page(LIBRARY.modules[BOX], LIBRARY.sources, Form.TEXT)
    assert "cv" in page
    assert "crevoisier2003" in page
    assert "10.1" in page  # a DOI in the list of sources


def test_html_is_balanced():
    class Tags(HTMLParser):
        def __init__(self):
            super().__init__()
            self.open = []

        def handle_starttag(self, tag, attrs):
            if tag not in ("br", "hr"):
                self.open.append(tag)

        def handle_endtag(self, tag):
            assert self.open.pop() == tag

    parser = Tags()
    parser.feed(module_page(LIBRARY.modules[BOX], LIBRARY.sources, Form.HTML))
    assert parser.open == []


def test_latex_has_no_bare_special_character():
    for module in LIBRARY.modules.values():
        page = module_page(module, LIBRARY.sources, Form.LATEX)
        assert page.count("{") - page.count("\\{") == page.count("}") - page.count("\\}")
        assert "%" not in page.replace("\\%", "")
