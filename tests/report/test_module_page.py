"""Pages of modules: everything of every module is on its page, in every form."""

import html
from html.parser import HTMLParser

import pytest

from raphe.language.parse import parse
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


@pytest.mark.parametrize("form", Form)
def test_correlations_occasions_and_supports_are_shown_with_their_sources(form):
    text = """
    source book { title "A book"; year 2001; }
    module m {
        parameter clearance = 3 L/h { people lognormal cv 30 %; assumed "test"; }
        parameter volume = 9 L { people lognormal cv 20 %; assumed "test"; }
        correlation clearance with volume = -0.35 dimensionless { read book "table 7"; }
        parameter lag = 1 h { occasions lognormal cv 35 % each day; assumed "test"; }
        support volume from 2 to 77 L { read book "page 41"; }
    }
    """
    document = parse(text, "m.raphe")
    page = module_page(document.modules[0], {one.key: one for one in document.sources}, form)
    assert "-0.35" in page
    assert "table 7" in page
    assert "within a person lognormal cv 35" in page
    assert "each day" in page
    assert "2 to 77 L" in page
    assert "page 41" in page
    assert "A book" in page
