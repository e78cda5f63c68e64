"""What the page promises: one safe, complete, repeatable file that hides neither misses nor doubt."""

import base64
import dataclasses
import hashlib
import json
import math
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import answers as made

from raphe.analysis.answer import Interval, Strangers
from raphe.core.errors import FileError
from raphe.report.courses import thinned
from raphe.report.live import MOST_LIVE
from raphe.report.page import check_writable, render_page, table_rows, write_report

ANSWER = made.make_answer()
HOSTILE = (
    """<script>alert(1)</script>{{ 7*7 }}{% raw %}"'><img src=x onerror=y>&amp;$x$ javascript:z"""
)
VOID = {"meta", "br", "link", "img", "input", "hr"}


class Reader(HTMLParser):
    """Tags, attributes and visible text; fails on tags that do not close."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.text, self.open = [], [], [], []
        self.scripts, self.data = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "script":
            is_data = ("type", "application/json") in attrs
            (self.data if is_data else self.scripts).append("")
            self.into = self.data if is_data else self.scripts

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "script" in self.open:
            self.into[-1] += data
        elif "style" not in self.open:
            self.text.append(data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


@pytest.fixture(scope="module")
def page():
    return render_page(ANSWER)


@pytest.fixture(scope="module")
def reader(page):
    return read(page)


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", " ".join(read(page).text))


def test_the_page_is_one_whole_document(page, reader):
    assert page.startswith("<!DOCTYPE html>\n<html lang=")
    assert page.endswith("</html>\n")
    assert reader.tags.count("h1") == 1
    assert reader.tags.count("main") == 1


def test_the_same_answer_gives_the_same_bytes(page):
    assert render_page(made.make_answer()) == page


@pytest.mark.parametrize("seed", ["0", "77"])
def test_another_process_gives_the_same_bytes(page, seed):
    code = (
        "import sys, hashlib\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "import answers\n"
        "from raphe.report.page import render_page\n"
        "page = render_page(answers.make_answer()).encode()\n"
        "print(hashlib.sha256(page).hexdigest())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={
            "PYTHONHASHSEED": seed,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "MPLCONFIGDIR": mpl.get_configdir(),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == hashlib.sha256(page.encode()).hexdigest()


def test_the_page_loads_nothing_and_runs_only_its_own_script(page, reader):
    assert len(reader.scripts) == 1
    assert not {"link", "img", "iframe", "object", "embed", "form", "base"} & set(reader.tags)
    for tag, name, value in reader.attributes:
        assert not name.startswith("on")
        assert name not in {"src", "srcset", "action", "ping", "background"}
        if "http" in value and name != "xmlns":
            assert (tag, name) == ("a", "href")
        if name == "href" and tag != "a":
            assert value.startswith("#")
    assert "@import" not in page
    assert not re.search(r"url\((?!#)", page)


def policy_of(page):
    (policy,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', page)
    return policy


def test_the_policy_allows_inline_style_and_exactly_the_script_that_is_there(page, reader):
    digest = base64.b64encode(hashlib.sha256(reader.scripts[0].encode()).digest()).decode()
    locked = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert policy_of(page) == f"{locked}; script-src 'sha256-{digest}'"
    assert page.index("Content-Security-Policy") < page.index("<style>")
    assert policy_of(render_page(made.make_answer(courses=()))) == locked


def test_a_page_without_courses_has_no_script():
    assert "script" not in read(render_page(made.make_answer(courses=()))).tags


def test_the_charts_come_with_their_license(page, reader):
    notice = page[page.index("Charts: uPlot 1.6.32") :]
    assert "The MIT License (MIT)" in notice
    assert "Copyright (c) 2022 Leon Sorokin" in notice
    assert "uPlot (v1.6.32)" in reader.scripts[0]


def test_the_chart_library_is_as_it_was_published():
    file = resources.files("raphe.report").joinpath("vendor", "uplot-1.6.32.min.js")
    published = "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f"
    assert hashlib.sha256(file.read_bytes()).hexdigest() == published  # uplot 1.6.32 on npm


def test_every_chart_has_its_numbers_beside_its_drawing(page, reader):
    charts = [json.loads(data) for data in reader.data]
    assert len(charts) == 8
    first = charts[0]
    assert first["name"] == f"Plasma clonazepam, {made.REPEATED}"
    assert first["unit"] == "ng/mL"
    assert first["hours"] == 24.0
    assert first["dosing"] == 160.0
    kept = thinned(ANSWER.courses[0], MOST_LIVE)
    hours = unpacked(first["x"], first["xdecimals"])
    assert hours == pytest.approx(ANSWER.courses[0].hours[kept], abs=1e-4)
    people, doubt = ANSWER.courses[0].people, ANSWER.courses[0].uncertainty
    wanted = [people.low, people.middle, people.high, doubt.low, doubt.middle, doubt.high]
    assert len(first["lines"]) == 6
    for steps, line in zip(first["lines"], wanted, strict=True):
        values = unpacked(steps, first["decimals"])
        assert values == pytest.approx(line[kept], abs=0.5 * 10.0 ** -first["decimals"])
    assert first["rest"] is None  # a level of zero without drug is no line
    assert set(unpacked(charts[-1]["rest"], charts[-1]["decimals"])) == {1.0}


def unpacked(steps, decimals):
    """As the script of the page reads them."""
    return (np.cumsum(steps) / 10.0**decimals).tolist()


def test_identifiers_are_unique_and_every_link_inside_has_its_place(reader):
    ids = [value for _, name, value in reader.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    inner = {v[1:] for _, name, v in reader.attributes if name == "href" and v.startswith("#")}
    named = {
        one
        for _, name, value in reader.attributes
        if name in {"aria-labelledby", "aria-describedby"}
        for one in value.split()
    }
    assert inner | named <= set(ids)


def test_the_warning_stands_near_the_top(page):
    text = text_of(page)
    assert 0 <= text.index("Research and teaching software. Not medical advice.") < 250


def test_hostile_text_in_every_field_comes_out_as_text():
    hostile = made.with_text(made.make_answer(failures=(made.failure(),)), HOSTILE)
    page = render_page(hostile)
    reader = read(page)
    assert reader.scripts == read(render_page(ANSWER)).scripts
    assert "img" not in reader.tags
    assert not [name for _, name, _ in reader.attributes if name.startswith("on")]
    assert not [v for _, name, v in reader.attributes if name == "href" and "javascript" in v[:20]]
    assert "<script>alert" not in page
    assert "{{ 7*7 }}" in page
    assert "<script>alert(1)</script>{{ 7*7 }}" in " ".join(reader.text)
    assert all(json.loads(data)["name"].startswith("<script>alert(1)") for data in reader.data)


def test_what_others_saw_has_a_section_of_its_own_without_model_numbers(page):
    def section(text: str) -> str:
        own = text[text.index('<section id="seen"') :]
        return own[: own.index("</section>")]

    told = section(page)
    for one in ANSWER.findings:
        assert one.seen in told
    assert "held out" in told
    assert 'class="nb calibration">calibration<' in told
    assert "Model output" not in told
    assert 'class="inner' not in told
    moved = made.make_answer(effects=(made.effect(share_falling=0.5),), comparisons=(), chain=None)
    assert section(render_page(moved)) == told
    bare = section(render_page(made.make_answer(findings=())))
    assert "The library has no published observation of extracellular serotonin" in bare
    assert "<table" not in bare


def test_hostile_text_of_findings_comes_out_as_text():
    hostile = tuple(
        dataclasses.replace(made.with_text(one, HOSTILE), bearing=one.bearing)
        for one in ANSWER.findings
    )
    page = render_page(made.make_answer(findings=hostile))
    assert "<script>alert" not in page
    assert "img" not in read(page).tags
    assert "<script>alert(1)</script>{{ 7*7 }}" in " ".join(read(page).text)


def test_control_characters_never_reach_the_page():
    page = render_page(made.with_text(ANSWER, "a\x00b\x1bc\ud800d"))
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]", page)
    assert page.encode("utf-8")


def test_a_miss_is_shown_as_a_miss(page, reader):
    text = text_of(page)
    missed = [one for one in ANSWER.comparisons if not one.inside]
    assert len(missed) == 3
    marks = [v for tag, name, v in reader.attributes if (tag, name, v) == ("span", "class", "miss")]
    assert len(marks) == len(missed)
    assert "5 of 8 held-out observations lie inside the 90 % interval" in text
    table = page[page.index("Every observation") :]
    for one in ANSWER.comparisons:
        row = table[table.index(one.observation.replace("_", "_\u200b")) :].partition("</tr>")[0]
        assert (">MISS<" in row) == (not one.inside)
        assert one.role in row


def test_numbers_that_are_missing_are_told_in_words():
    nan = math.nan
    nothing = Interval(low=nan, middle=nan, high=nan)

    def emptied(value):
        if isinstance(value, Interval):
            return nothing
        if isinstance(value, np.ndarray):
            return np.full_like(value, nan)
        if isinstance(value, float):
            return nan
        if isinstance(value, tuple):
            return tuple(emptied(part) for part in value)
        if dataclasses.is_dataclass(value):
            names = [f.name for f in dataclasses.fields(value) if f.name != "hours"]
            return dataclasses.replace(value, **{n: emptied(getattr(value, n)) for n in names})
        return value

    page = render_page(emptied(ANSWER))
    assert not re.search(r"\b(nan|inf)\b", page, re.IGNORECASE)
    assert "no number" in text_of(page)
    assert "no prediction" in text_of(page)
    assert not re.search(r"\bnan\b", render_page(ANSWER), re.IGNORECASE)


def test_an_answer_with_nothing_in_it_still_makes_a_page():
    page = render_page(
        made.make_answer(
            effects=(),
            courses=(),
            comparisons=(),
            parameters=(),
            statuses=(),
            assumptions=(),
            references=(),
            modules=(),
        )
    )
    text = text_of(page)
    assert "No scenario was asked for." in text
    assert "No published observation is compared" in text
    assert "No number is assumed." in text


def test_every_part_of_the_answer_is_on_the_page(page):
    text = text_of(page).replace("\u200b", "")
    for row in ANSWER.parameters:
        assert row.name in text
        assert row.note in text
    for source in ANSWER.references:
        assert source.reference() in text
    for assumption in ANSWER.assumptions:
        assert assumption in text
    made_with = ANSWER.provenance
    for part in (made_with.command, made_with.model_digest, made_with.method, made_with.version):
        assert part in text
    for name, version in made_with.packages:
        assert f"{name} {version}" in text
    for rival in ANSWER.comparisons[0].rivals:
        assert rival.module in text


def test_the_answer_begins_with_two_sentences(page):
    (lede,) = re.findall(r'<p class="lede">(.*?)</p>', page)
    assert lede.count(". ") + lede.endswith(".") == 2
    assert page.index(lede) < page.index('class="cards"')


def test_the_chain_stands_in_order_with_sizes_and_both_spreads(page):
    text = text_of(page).replace(chr(160), " ")
    places = [text.index(words) for words in ("Plasma 12 ng/mL", "Gain +20 %", "Serotonin −20 %")]
    assert places == sorted(places)
    assert "people 9.6 to 14.4 ng/mL" in text
    assert "Seizures" in text  # named as what nothing moves
    assert 'id="chain"' not in render_page(made.make_answer(chain=None))


def test_failures_are_named_at_the_top_and_in_their_section():
    text = text_of(render_page(made.make_answer(failures=(made.failure(),))))
    assert "Not every run finished." in text
    assert "3 of 1000 subjects" in text


def test_people_beyond_the_model_are_named_at_the_top():
    one = Strangers(scenario=made.ONCE, layer="people", count=30, of=1000)
    text = text_of(render_page(made.make_answer(strangers=(one,))))
    assert "Beyond the model." in text
    assert "30 of 1000 subjects" in text
    assert "Beyond the model." not in text_of(render_page(made.make_answer()))


def test_a_reference_links_to_its_place_and_only_to_the_web(page):
    assert 'href="https://doi.org/10.1159/000069089"' in page
    assert 'href="https://pubmed.ncbi.nlm.nih.gov/10193652/"' in page
    bad = dataclasses.replace(
        ANSWER.references[0], url="javascript:alert(1)", doi='10.1/"><b>', pmid="x"
    )
    other = dataclasses.replace(bad, doi="")
    page = render_page(made.make_answer(references=(bad, other)))
    assert 'href="https://doi.org/10.1/%22%3E%3Cb%3E"' in page
    assert 'href="javascript' not in page


def test_a_citation_leads_to_its_reference(page):
    place = 1 + [source.key for source in ANSWER.references].index("berlin1975")
    assert f'<a href="#ref-{place}">berlin1975</a>, as quoted in' in page
    assert "crevoisier2003</a>, abstract" in page


def test_a_figure_has_a_table_of_about_a_dozen_times(page):
    course = ANSWER.courses[0]
    rows = table_rows(course)
    assert 8 <= len(rows) <= 12
    assert rows[0].time == "0 h"
    assert rows[-1].time == "27.5 d"
    assert page.count("<summary>Numbers: ") == 4


def test_a_long_answer_stays_below_two_megabytes():
    course = ANSWER.courses[0]
    hours = np.linspace(0.0, 700.0, 5000)
    wave = 2.0 + np.sin(hours / 3.0)
    band = dataclasses.replace(course.people, low=wave - 1.0, middle=wave, high=wave + 1.0)
    courses = tuple(
        dataclasses.replace(
            course, output=f"o{k}", scenario=name, hours=hours, people=band, uncertainty=band
        )
        for k in range(8)
        for name in (made.REPEATED, made.ONCE)
    )
    assert len(render_page(made.make_answer(courses=courses)).encode()) < 2_000_000


def test_a_report_is_written_whole(tmp_path):
    path = tmp_path / "report.html"
    path.write_text("old", encoding="utf-8")
    write_report("new µ\n", path)
    assert path.read_bytes() == "new µ\n".encode()
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_is_tried_without_touching_it(tmp_path):
    path = tmp_path / "report.html"
    check_writable(path)
    assert list(tmp_path.iterdir()) == []
    path.write_text("old", encoding="utf-8")
    check_writable(path)
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["no/report.html", "."])
def test_a_place_that_cannot_be_written_is_told_before_any_work(tmp_path, name):
    with pytest.raises(FileError):
        check_writable(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_stop_in_the_middle_leaves_no_part(tmp_path, monkeypatch):
    def stop(*arguments, **options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", stop)
        with pytest.raises(KeyboardInterrupt):
            write_report("new", tmp_path / "report.html")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_told_with_advice(tmp_path):
    with pytest.raises(FileError, match="is not there; make it first"):
        write_report("text", tmp_path / "no" / "report.html")
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_place_of_the_folder_is_told(tmp_path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(FileError, match="is not there"):
        write_report("text", tmp_path / "file" / "report.html")


def test_a_folder_in_place_of_the_file_is_told(tmp_path):
    with pytest.raises(FileError, match="this is a folder"):
        write_report("text", tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("step", ["open", "replace"])
def test_a_path_that_cannot_be_written_leaves_no_file(tmp_path, monkeypatch, step):
    def refuse(*arguments, **options):
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "report.html"
    path.write_text("old", encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(Path, step, refuse)
        with pytest.raises(FileError, match="cannot be written: Permission denied") as caught:
            write_report("new", path)
    assert caught.value.advice
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]
