"""The command line as a person meets it: answers, reports, and one clear line for every mistake."""

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "clonazepam-serotonin.yaml"


def raphe(*arguments, folder):
    command = [sys.executable, "-m", "raphe.cli", *map(str, arguments)]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=110, check=False
    )


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("asked")
    return raphe("ask", "clonazepam", "serotonin", "--subjects", 30, folder=folder), folder


def test_ask_prints_an_answer_and_writes_a_report(asked):
    done, folder = asked
    assert done.returncode == 0, done.stderr
    assert "not medical advice" in done.stdout.lower()
    assert "xtracellular serotonin" in done.stdout
    for words in ("accumulation", "half life", "apparent clearance", "maximum", "area to infinity"):
        assert words in done.stdout
    report = folder / "clonazepam-serotonin.html"
    assert str(report) in done.stdout.replace("\n", "")
    assert report.read_text("utf-8").startswith("<!")


def test_nothing_is_printed_without_a_unit_or_as_nan(asked):
    done, _ = asked
    assert not re.search(r"\bnan\b", done.stdout, re.IGNORECASE)


def test_the_same_command_writes_the_same_bytes(asked):
    _, folder = asked
    again = raphe(
        "ask",
        "clonazepam",
        "serotonin",
        "--subjects",
        30,
        "--threads",
        1,
        "--report",
        "b.html",
        folder=folder,
    )
    assert again.returncode == 0, again.stderr
    assert (folder / "b.html").read_bytes() == (folder / "clonazepam-serotonin.html").read_bytes()


def test_run_answers_the_example(tmp_path):
    done = raphe("run", EXAMPLE, "--subjects", 10, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["clonazepam-serotonin.html"]


MISTAKES = [  # arguments, words of the one line
    (("ask", "clonazepan", "serotonin"), 'did you mean "clonazepam"?'),
    (("ask", "clonazepam", "serotonine"), 'did you mean "serotonin"?'),
    (("run", "nothing.yaml"), "cannot read the study"),
    (("run", "bad.yaml"), "bad.yaml:2:1"),
    (("run", "dose.yaml"), "dose.yaml:8:5"),
    (("run", "drug.yaml"), 'has no drug "clonazepan"; did you mean "clonazepam"?'),
    (("run", "fixed.yaml"), 'has no parameter "person.wait"'),
    (("run", "choice.yaml"), "is not among the modules of slot"),
    (("check", "nothing.raphe"), "cannot read the file"),
    (("check", "bytes.raphe"), "not UTF-8"),
    (("ask", "clonazepam", "serotonin", "--report", "missing/folder/x.html"), "folder"),
    (("ask", "clonazepam", "serotonin", "--report", "."), "folder"),
]
STUDY = (
    "raphe: 1\ntitle: A question\nmodel: benzodiazepines\ndrug: clonazepam\n"
    "target: serotonin\nscenarios:\n  - name: one\n    regimen: 2 mg once\n"
)


@pytest.fixture
def mistakes(tmp_path):
    (tmp_path / "bad.yaml").write_text(STUDY.replace("title", "titel"))
    (tmp_path / "dose.yaml").write_text(STUDY.replace("2 mg once", "-2 mg once"))
    (tmp_path / "drug.yaml").write_text(STUDY.replace("drug: clonazepam", "drug: clonazepan"))
    (tmp_path / "fixed.yaml").write_text(STUDY + "fixed: {person.wait: 70 kg}\n")
    (tmp_path / "choice.yaml").write_text(STUDY + "choices: {drug: adults}\n")
    (tmp_path / "bytes.raphe").write_bytes(b"\xff\xfe\x00")
    return tmp_path


@pytest.mark.parametrize(("arguments", "words"), MISTAKES)
def test_a_mistake_gives_one_line_and_exit_code_2_and_leaves_nothing(mistakes, arguments, words):
    before = sorted(path.name for path in mistakes.iterdir())
    done = raphe(*arguments, folder=mistakes)
    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr + done.stdout
    assert done.stdout == ""
    assert sorted(path.name for path in mistakes.iterdir()) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_refused_before_the_run(tmp_path):
    tmp_path.chmod(0o500)
    done = raphe("ask", "clonazepam", "serotonin", folder=tmp_path)
    tmp_path.chmod(0o700)
    assert done.returncode == 2
    assert "written" in done.stderr


def test_a_wrong_option_gives_exit_code_2(tmp_path):
    done = raphe("ask", "clonazepam", "serotonin", "--subjects", 0, folder=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_check_is_content_with_the_library():
    shelf = ROOT / "src" / "raphe" / "library"
    files = sorted(shelf.rglob("*.raphe"))
    done = raphe("check", *files, folder=ROOT)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count(": 0 errors, 0 warnings") == len(files)


def test_check_goes_on_after_a_file_with_a_fault():
    faults = ROOT / "tests" / "language" / "faults"
    done = raphe("check", faults / "unknown_name.raphe", faults / "good.raphe", folder=ROOT)
    assert done.returncode == 2
    assert "good.raphe: 0 errors" in done.stdout


def test_show_prints_a_module_in_every_form(tmp_path):
    for form in ("text", "markdown", "latex", "html"):
        done = raphe("show", "anxiety", "--format", form, folder=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "serotonin" in done.stdout


def test_show_brings_the_nearest_name(tmp_path):
    done = raphe("show", "anxeity", folder=tmp_path)
    assert done.returncode == 2
    assert 'did you mean "anxiety"?' in done.stderr


def test_cite_prints_what_a_study_uses(tmp_path):
    done = raphe("cite", EXAMPLE, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "[best2020]" in done.stdout
    assert "10.1186/s12868-020-00587-z" in done.stdout
    assert "[crevoisier2003]" in done.stdout  # of an observation


def test_library_counts_numbers_by_status(tmp_path):
    done = raphe("library", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "read (" in done.stdout
    assert "assumed (" in done.stdout
    assert "serotonin_terminal (or serotonin_terminal_2010)" in done.stdout


def test_qualify_writes_a_table_and_a_figure(tmp_path):
    done = raphe("qualify", "--draws", 10, "--to", ".", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "qualification.md").read_text()
    assert "chauhan2000_reference_maximum" in page  # a miss stays
    assert "outside" in page
    assert "Held-out pharmacokinetic values" in done.stdout
    assert (tmp_path / "qualification.svg").read_text().lstrip().startswith("<?xml")


def test_qualify_refuses_a_folder_that_is_not_there_before_the_run(tmp_path):
    done = raphe("qualify", "--to", "nowhere", folder=tmp_path)
    assert done.returncode == 2
    assert "is not there" in done.stderr


SMALL = """raphe: 1
title: A small run
model: benzodiazepines
drug: clonazepam
target: serotonin
people: {count: 20, draws: 5}
outputs: [drug.plasma]
endpoints: [{name: peak, statistic: highest, of: drug.plasma}]
scenarios: [{name: once, regimen: 2 mg once, times: every 2 h for 12 h}]
"""


def read_rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stored")
    (folder / "small.yaml").write_text(SMALL)
    return raphe("store", "small.yaml", "run", "--chunk", 8, folder=folder), folder


def test_store_tells_cost_hash_and_endpoints(stored):
    done, _ = stored
    assert done.returncode == 0, done.stderr
    assert "25 subjects in 4 chunks" in done.stdout
    assert re.search(r"sha256 [0-9a-f]{64}", done.stdout)
    assert "once: peak" in done.stdout


def test_status_and_a_second_store_tell_the_same_hash(stored):
    done, folder = stored
    mark = re.search(r"sha256 \w+", done.stdout).group()
    assert mark in raphe("status", "run", folder=folder).stdout
    assert mark in raphe("store", "small.yaml", "run", folder=folder).stdout


def test_endpoints_and_export_read_the_run(stored):
    _, folder = stored
    done = raphe("endpoints", "run", "--table", "peaks.csv", folder=folder)
    assert done.returncode == 0, done.stderr
    assert len((folder / "peaks.csv").read_text().splitlines()) == 26
    done = raphe("export", "run", "run.csv", folder=folder)
    assert done.returncode == 0, done.stderr
    assert len((folder / "run.csv").read_text().splitlines()) == 1 + 25 * 7


def test_quantiles_are_those_of_the_exported_courses(stored):
    _, folder = stored
    done = raphe("quantiles", "run", "--table", "levels.csv", folder=folder)
    assert done.returncode == 0, done.stderr
    assert "once, people (20 subjects), at 12 h:" in done.stdout
    raphe("export", "run", "courses.csv", folder=folder)
    courses = read_rows(folder / "courses.csv")
    name = next(column for column in courses[0] if column.startswith("drug.plasma"))
    seen = [
        float(row[name])
        for row in courses
        if row["layer"] == "people" and float(row["time_h"]) == 4.0
    ]
    wanted = dict(zip((0.05, 0.5, 0.95), np.quantile(seen, (0.05, 0.5, 0.95)), strict=True))
    for row in read_rows(folder / "levels.csv"):
        if (row["layer"], row["output"], float(row["time_h"])) == ("people", "drug.plasma", 4.0):
            assert float(row["value"]) == wanted.pop(float(row["level"]))
            assert (row["subjects"], row["failed"], row["within"]) == ("20", "0", "0.0")
    assert not wanted


def test_counts_have_quantiles_too_but_no_courses(stored):
    _, folder = stored
    raphe("store", "small.yaml", "counts", "--keep", "quantiles", folder=folder)
    assert "drug.plasma" in raphe("quantiles", "counts", folder=folder).stdout
    assert raphe("export", "counts", "counts.csv", folder=folder).returncode == 2


def test_a_begun_run_is_computed_by_work(stored):
    done, folder = stored
    begun = raphe("store", "small.yaml", "other", "--only-begin", "--chunk", 8, folder=folder)
    assert "raphe work other" in begun.stdout
    assert "4 chunks" in raphe("work", "other", folder=folder).stdout
    mark = re.search(r"sha256 \w+", done.stdout).group()
    assert mark in raphe("status", "other", folder=folder).stdout


def test_check_tells_what_a_study_costs(stored):
    _, folder = stored
    done = raphe("check", "small.yaml", folder=folder)
    assert done.returncode == 0, done.stderr
    assert "courses: 25 subjects in 2 chunks" in done.stdout
    assert re.search(
        r"at once \(raphe run\): \d+ subjects, about [\d.]+ [kM]B of memory\n", done.stdout
    )


def test_what_cannot_fit_says_so_before_it_starts(stored):
    _, folder = stored
    text = (folder / "small.yaml").read_text()
    (folder / "long.yaml").write_text(
        re.sub(r"count: \d+", "count: 9000000", text).replace("for 12 h", "for 1500 d")
    )
    done = raphe("check", "long.yaml", folder=folder)
    assert re.search(r"it does not fit: .* TB of memory and [\d.]+ [kMGT]B are free", done.stdout)
    assert re.search(r"it does not fit: .* TB of disk and [\d.]+ [kMGT]B are free", done.stdout)
    begun = raphe("run", "long.yaml", folder=folder)
    assert begun.returncode == 2
    assert re.search(r"needs about [\d.]+ TB of memory and [\d.]+ [MGT]B are free", begun.stderr)
    kept = raphe("store", "long.yaml", "huge", folder=folder)
    assert kept.returncode == 2
    assert re.search(r"needs about [\d.]+ TB of disk and [\d.]+ [GT]B are free", kept.stderr)
    assert "Traceback" not in kept.stderr + begun.stderr
    assert not (folder / "huge").exists()


def test_schema_is_json_schema(tmp_path):
    import json

    tree = json.loads(raphe("schema", folder=tmp_path).stdout)
    assert tree["additionalProperties"] is False
    assert {"scenarios", "endpoints", "behavior"} <= set(tree["properties"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("status", "nothing"), "there is no run"),
        (("store", "small.yaml", "run", "--executor", "thread"), 'did you mean "threads"?'),
        (("store", "small.yaml", "run", "--keep", "quantile"), 'did you mean "quantiles"?'),
        (("endpoints", "run", str(EXAMPLE)), "the study has no endpoints"),
        (("export", "run", "run.xls"), "no format goes with"),
    ],
)
def test_mistakes_with_runs_are_one_line(stored, arguments, words):
    done = raphe(*arguments, folder=stored[1])
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_taper_compares_and_tells_who_decides(tmp_path):
    options = ("--people", 3, "--rounds", 0)
    done = raphe(
        "taper",
        "--drug",
        "clonazepam",
        "--dose",
        "0.5 mg twice a day",
        "--for",
        "2 months",
        *options,
        folder=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert "a prescriber decides" in done.stdout
    assert "Nardi 2010" in done.stdout
    assert (tmp_path / "taper-clonazepam.html").exists()


@pytest.mark.parametrize(
    ("drug", "dose", "words"),
    [
        ("clonazepan", "1 mg twice a day", 'did you mean "clonazepam"?'),
        ("clonazepam", "1 mg now and then", "is not a prescription"),
        ("clonazepam", "0.3 mg twice a day", "cannot be handed out"),
    ],
)
def test_a_taper_that_cannot_be_is_one_line(tmp_path, drug, dose, words):
    done = raphe("taper", "--drug", drug, "--dose", dose, "--for", "6 months", folder=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_judge_writes_page_markdown_and_json(tmp_path):
    claims = (ROOT / "claims" / "clonazepam-article.yaml").read_text()
    head, first, *_ = claims.split("\n  - id:")
    (tmp_path / "one.yaml").write_text(
        f"{head}\n  - id:{first}\n".replace("draws: 200", "draws: 20")
    )
    for name in ("one.html", "one.md", "one.json"):
        done = raphe("judge", "one.yaml", "--report", name, folder=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "1 statements" in done.stdout
        assert (tmp_path / name).exists()
