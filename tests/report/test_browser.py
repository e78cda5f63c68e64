"""What the pages promise in a browser: readable by everyone, at every width, without network, script or color.

The pages are those of canned numbers; the browser is the Chromium of the system. Screenshots go to the temporary folder
of the tests, one for each page, width and scheme, for people to look at.
"""

import io
import json
import os
import re
import shutil
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parent))

import pages as made_pages

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SITE = made_pages.ROOT / "build" / "docs"
NAMES = [*made_pages.PAGES, "qualification"]
WIDTHS, SCHEMES = (320, 768, 1440), ("light", "dark")
PRINTED = 680  # px, the width of the text of an A4 page
OPEN_ALL = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
FOCUSABLE = "a[href], summary, button, input, select, textarea, [tabindex='0']"


def missing(what):
    """Skip by name on a machine that lacks something; where CI runs, that is a failure."""
    if os.environ.get("CI"):
        pytest.fail(f"CI must have {what}")
    pytest.skip(f"there is no {what}")


@pytest.fixture(scope="module")
def browser():
    program = next((path for name in PROGRAMS if (path := shutil.which(name))), None)
    if program is None:
        missing("Chromium")
    options = [*QUIET, "--no-sandbox"] if os.geteuid() == 0 else [*QUIET]
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=program, args=options)
        yield started
        started.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Name of a page -> its file."""
    folder = tmp_path_factory.mktemp("pages")
    found = {}
    for name, make in made_pages.PAGES.items():
        found[name] = folder / f"{name}.html"
        found[name].write_text(make(), encoding="utf-8")
    found["qualification"] = SITE / "qualification.html"
    return found


def note(page, message):
    """Keep what a browser complains about; what a script merely tells is no complaint."""
    if message.type in {"error", "warning"}:
        page.complaints.append(message.text)


@pytest.fixture
def visit(browser, files):
    """Open a page by name; what it asks for and complains about is noted."""
    contexts = []

    def opened(name, *, width=1440, scheme="light", script=True):
        if not files[name].is_file():
            missing(f"{files[name].relative_to(made_pages.ROOT)}: `make docs` builds it")
        context = browser.new_context(
            viewport={"width": width, "height": 1000},
            color_scheme=scheme,
            java_script_enabled=script,
        )
        contexts.append(context)
        context.set_default_timeout(60_000)
        page = context.new_page()
        page.asked, page.complaints = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda message: note(page, message))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(files[name].as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_nothing_in_light_and_dark(visit, name, scheme):
    page = visit(name, scheme=scheme)
    page.evaluate(OPEN_ALL)
    found = Axe().run(page).response["violations"]
    told = [(one["id"], [node["target"] for node in one["nodes"][:3]]) for one in found]
    assert told == []


@pytest.mark.parametrize("name", NAMES)
def test_nothing_leaves_the_page_and_nothing_is_refused(visit, files, name):
    page = visit(name)
    page.evaluate(OPEN_ALL)
    page.mouse.wheel(0, 30_000)
    folder = files[name].parent.as_uri() if name == "qualification" else files[name].as_uri()
    assert [url for url in page.asked if not url.startswith((folder, "data:"))] == []
    assert page.complaints == []


def test_no_page_of_the_site_names_another_place_to_load_from():
    if not SITE.is_dir():
        missing("build/docs: `make docs` builds it")
    loads = re.compile(
        r"""<(?:script|img|iframe|source)[^>]*\bsrc=["']?(?:https?:)?//|<link[^>]*href=["']?(?:https?:)?//"""
    )
    pages = sorted(SITE.rglob("*.html"))
    assert len(pages) > 50
    assert [one.name for one in pages if loads.search(one.read_text("utf-8"))] == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_scrolls_sideways(visit, name, width):
    page = visit(name, width=width)
    page.evaluate(OPEN_ALL)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("name", list(made_pages.PAGES))
def test_the_keyboard_reaches_everything_and_shows_where_it_is(visit, name):
    page = visit(name)
    page.evaluate(OPEN_ALL)
    count = page.evaluate(
        f"""() => {{
            const all = [...document.querySelectorAll("{FOCUSABLE}")];
            all.forEach((one, k) => {{ one.dataset.stop = k; }});
            return all.length;
        }}"""
    )
    reached = []
    for _ in range(count):
        page.keyboard.press("Tab")
        stop, outline = page.evaluate(
            """() => {
                const one = document.activeElement, style = getComputedStyle(one);
                return [one.dataset.stop, style.outlineStyle];
            }"""
        )
        assert outline != "none", stop
        reached.append(int(stop))
    assert reached == list(range(count))


def charts(page):
    return page.locator(".live")


def told(chart):
    """The place of a chart's cursor, and the words for it."""
    return float(chart.get_attribute("aria-valuenow")), chart.get_attribute("aria-valuetext")


def test_a_chart_is_read_with_the_keyboard(visit):
    page = visit("answer")
    chart, partner, other = charts(page).nth(0), charts(page).nth(2), charts(page).nth(1)
    assert chart.get_attribute("role") == "slider"
    before = told(other)
    chart.focus()
    page.keyboard.press("Home")
    assert told(chart) == (
        0.0,
        "0 h: median 0 ng/mL, people 0 to 0 ng/mL, uncertainty 0 to 0 ng/mL",
    )
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    hour, words = told(chart)
    assert 0.0 < hour < 12.0
    assert re.fullmatch(
        rf"{hour:g} h: median [\d.]+ ng/mL, people [\d.]+ to [\d.]+ ng/mL, "
        r"uncertainty [\d.]+ to [\d.]+ ng/mL",
        words,
    )
    shown = page.locator(".readout").nth(0).inner_text()
    assert f"{hour:g} h: median" in shown
    assert told(partner)[0] == pytest.approx(hour, abs=1.0)  # the same scenario
    assert told(other) == before  # another one
    page.keyboard.press("End")
    assert told(chart)[0] == float(chart.get_attribute("aria-valuemax"))


def test_the_numbers_at_the_cursor_are_those_of_the_run(visit):
    page = visit("answer")
    course = made_pages.made.make_answer().courses[0]
    chart = charts(page).nth(0)
    chart.focus()
    page.keyboard.press("Home")
    for _ in range(40):
        page.keyboard.press("ArrowRight")
    hour, words = told(chart)
    place = int(np.argmin(np.abs(course.hours - hour)))
    assert course.hours[place] == pytest.approx(hour, abs=1e-3)
    numbers = [float(one) for one in re.findall(r"[\d.]+(?= to | ng/mL)", words)]
    people, doubt = course.people, course.uncertainty
    wanted = [people.middle, people.low, people.high, doubt.low, doubt.high]
    assert numbers == pytest.approx([line[place] for line in wanted], rel=0.006)


def points(picture):
    return np.asarray(Image.open(io.BytesIO(picture)).convert("RGB")).astype(int)


def differing(one, other):
    """Share of points that differ between two pictures of one size."""
    return float((np.abs(points(one) - points(other)).sum(axis=2) > 60).mean())


def test_a_chart_is_zoomed_and_brought_back(visit):
    page = visit("answer")
    chart = charts(page).nth(0)
    chart.focus()
    whole = chart.screenshot()
    page.keyboard.press("+")
    page.keyboard.press("+")
    assert differing(chart.screenshot(), whole) > 0.1
    page.keyboard.press("0")
    assert differing(chart.screenshot(), whole) < 0.02


def test_a_chart_is_read_with_the_pointer(visit):
    page = visit("answer")
    chart, over = charts(page).nth(0), page.locator(".live .u-over").nth(0)
    before = told(chart)
    box = over.bounding_box()
    over.hover(position={"x": box["width"] / 4, "y": box["height"] / 2})
    hour, _ = told(chart)
    assert hour == pytest.approx(float(chart.get_attribute("aria-valuemax")) / 4, rel=0.05)
    page.mouse.move(1, 1)
    assert told(chart) == before


def ink(picture, color):
    """How many points of a picture have a color."""
    return int((np.abs(points(picture) - np.asarray(color)).sum(axis=2) < 60).sum())


@pytest.mark.parametrize(
    ("scheme", "median", "doubt"),
    [
        ("light", (0x00, 0x72, 0xB2), (0xC1, 0x4F, 0x00)),
        ("dark", (0x62, 0xB6, 0xEE), (0xFF, 0x9D, 0x66)),
    ],
)
def test_a_chart_draws_its_line_and_both_bands(visit, scheme, median, doubt):
    page = visit("answer", scheme=scheme)
    picture = charts(page).nth(2).screenshot()
    assert ink(picture, median) > 300
    assert ink(picture, doubt) > 60


def test_a_change_of_scheme_redraws_the_charts(visit):
    page = visit("answer")
    light = charts(page).nth(0).screenshot()
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(100)
    dark = charts(page).nth(0).screenshot()
    assert ink(light, (0x1E, 0x21, 0x25)) < 0.1 * ink(dark, (0x1E, 0x21, 0x25))


def test_the_trade_off_is_read_with_the_keyboard(visit):
    page = visit("taper")
    chart = charts(page).nth(0)
    chart.focus()
    assert told(chart)[1].startswith("0 weeks: stop at once, mean peak ")
    page.keyboard.press("End")
    assert "ASAM 2025" in told(chart)[1]


WORDS = """() => {
    const copy = document.querySelector("main").cloneNode(true);
    copy.querySelectorAll("svg, script, .live, .readout, .hint").forEach((one) => one.remove());
    return copy.textContent.split(/\\s+/).join(" ");
}"""


@pytest.mark.parametrize("name", list(made_pages.PAGES))
def test_without_script_everything_is_still_there(visit, name):
    words = {}
    for script in (True, False):
        page = visit(name, script=script)
        moving = page.locator("script.numbers").count()
        assert charts(page).count() == (moving if script else 0)
        assert page.locator("figure svg[role='img']:visible").count() == (
            page.locator("figure svg[role='img']").count() - (moving if script else 0)
        )
        assert page.locator(".hint:visible").count() == (
            page.locator(".hint").count() if script else 0
        )
        words[script] = page.evaluate(WORDS)
    assert words[True] == words[False]
    assert len(words[False]) > 1000


def boxes(page, selector):
    """Left, top, width and height of each element that is shown."""
    found = [one.bounding_box() for one in page.locator(selector).all()]
    return [(one["x"], one["y"], one["width"], one["height"]) for one in found if one]


@pytest.mark.parametrize("name", list(made_pages.PAGES))
def test_a_printed_page_clips_no_figure_and_no_table(visit, name):
    page = visit(name, width=PRINTED, scheme="dark")
    page.emulate_media(media="print", color_scheme="light")
    assert page.evaluate("document.documentElement.scrollWidth") <= PRINTED
    drawings = page.locator("figure svg[role='img']")
    assert all(one.is_visible() for one in drawings.all())
    assert not any(one.is_visible() for one in charts(page).all())
    for left, _, width, height in boxes(page, "figure svg[role='img']"):
        assert left >= 0.0
        assert left + width <= PRINTED
        assert 0.0 < height < 950.0  # a sheet
    margin = dict.fromkeys(("top", "bottom", "left", "right"), "15mm")
    sheets = page.pdf(format="A4", margin=margin)
    assert sheets.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", sheets)) > 1


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", list(made_pages.PAGES))
def test_the_parts_stand_in_order_and_in_as_many_columns_as_fit(
    visit, name, width, tmp_path_factory
):
    page = visit(name, width=width)
    parts = boxes(page, "main > section")
    for (left, top, wide, high), (_, below, _, _) in pairwise(parts):
        assert left >= 0.0
        assert wide >= 0.8 * min(width, 1080) - 50
        assert high > 40.0
        assert below >= top + high
    if name == "answer":
        lefts = {round(box[0]) for box in boxes(page, "#courses .plots > *")}
        assert len(lefts) == {320: 1, 768: 2, 1440: 2}[width]
    for left, _, wide, high in boxes(page, ".live"):
        assert left + wide <= width
        assert 0.3 < high / wide < 1.2
    folder = tmp_path_factory.getbasetemp() / "screenshots"
    folder.mkdir(exist_ok=True)
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        page.screenshot(path=folder / f"{name}-{width}-{scheme}.png")


def test_the_data_beside_a_chart_run_nothing(visit):
    page = visit("answer")
    for data in page.locator("script.numbers").all():
        assert json.loads(data.text_content())["kind"] == "course"
