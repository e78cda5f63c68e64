"""What cannot fit is refused before it starts, with its estimate; what is free is what can really be had."""

import dataclasses
import os
import subprocess
import sys

import pytest

from raphe.core.errors import StudyError
from raphe.library.catalog import load_catalog
from raphe.study import room, session
from raphe.study.chunks import memory_at_once
from raphe.study.plan import make_plan
from raphe.study.room import check_memory, free_memory
from raphe.study.schema import parse_study

STUDY = parse_study(
    """
raphe: 1
title: Many
model: benzodiazepines
drug: clonazepam
target: sedation
people: {count: 1000, draws: 2}
outputs: [drug.plasma]
scenarios: [{name: once, regimen: 2 mg once, times: every 1 h for 12 h}]
""",
    "study.yaml",
)
MEMINFO = "MemTotal:  900 kB\nMemFree:  10 kB\nMemAvailable:  500 kB\n"


def machine(root, groups=()):
    """A machine that tells its memory, and what control groups allow: (folder, limit, used, of that files)."""
    (root / "proc" / "self").mkdir(parents=True)
    (root / "proc" / "meminfo").write_text(MEMINFO)
    for folder, limit, used, files in groups:
        (root / "proc" / "self" / "cgroup").write_text(f"4:memory:/x\n0::/{folder}\n")
        place = root / "sys" / "fs" / "cgroup" / folder
        place.mkdir(parents=True)
        (place / "memory.max").write_text(f"{limit}\n")
        (place / "memory.current").write_text(f"{used}\n")
        stat = f"anon 5\ninactive_file {files // 2}\nactive_file {files - files // 2}\n"
        (place / "memory.stat").write_text(stat)
    return root


def test_memory_is_free_where_only_files_are_kept(tmp_path):
    assert free_memory(machine(tmp_path)) == 500 * 1024


def test_a_container_may_take_what_is_left_of_its_limit(tmp_path):
    root = machine(tmp_path, [("job", 300_000, 120_000, 20_000), ("job/step", "max", 50_000, 0)])
    assert free_memory(root) == 200_000


def test_a_group_that_has_more_than_the_machine_changes_nothing(tmp_path):
    assert free_memory(machine(tmp_path, [("job", 10**9, 5, 0)])) == 500 * 1024


def test_elsewhere_all_memory_counts_as_free(tmp_path, monkeypatch):
    pages = {"SC_PHYS_PAGES": 1000, "SC_PAGE_SIZE": 4096}
    monkeypatch.setattr(os, "sysconf", pages.__getitem__)
    assert free_memory(tmp_path) == 4_096_000
    monkeypatch.delattr(os, "sysconf")
    assert free_memory(tmp_path) is None


def test_numbers_of_people_count_even_where_hardly_anything_is_kept():
    plan = make_plan(STUDY, load_catalog())
    short = dataclasses.replace(
        plan,
        jobs=tuple(
            dataclasses.replace(
                job,
                scenario=dataclasses.replace(
                    job.scenario, grid=dataclasses.replace(job.scenario.grid, times=(0.0,))
                ),
            )
            for job in plan.jobs
        ),
    )
    assert memory_at_once(short) > 3 * 1000 * plan.parameters * 8


MEASURE = """
import re, sys
from pathlib import Path
from raphe.library.catalog import load_catalog
from raphe.study.chunks import memory_at_once
from raphe.study.plan import make_plan
from raphe.study.run import prepare, run_plan
from raphe.study.schema import parse_study

def peak():
    status = Path("/proc/self/status").read_text()  # getrusage would tell the peak of the parent too
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", status).group(1)) * 1024

catalog = load_catalog()
plan = make_plan(parse_study(sys.argv[1], "study.yaml"), catalog)
prepare(plan, catalog, 1)
before = peak()
run_plan(plan, catalog, threads=2)
print(peak() - before, memory_at_once(plan))
"""
MANY = """
raphe: 1
title: Many
model: benzodiazepines
drug: clonazepam
target: sedation
people: {count: 8000, draws: 2}
outputs: [drug.plasma]
scenarios:
  - {name: one, regimen: 2 mg every 12 h for DAYS d, times: every STEP h for DAYS d}
  - {name: two, regimen: 1 mg every 12 h for DAYS d, times: every STEP h for DAYS d}
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the peak")
@pytest.mark.parametrize(("days", "step"), [("2", "24"), ("2", "0.2"), ("28", "24")])
def test_a_run_takes_no_more_than_its_estimate_and_not_much_less(days, step):
    text = MANY.replace("DAYS", days).replace("STEP", step)
    command = [sys.executable, "-c", MEASURE, text]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    taken, estimate = map(int, done.stdout.split())
    assert 0.5 * estimate < taken < 1.1 * estimate  # Python itself takes some


def test_a_study_that_fits_no_memory_is_refused_with_both_numbers(monkeypatch):
    plan = make_plan(STUDY, load_catalog())
    needed = memory_at_once(plan)
    check_memory(plan, needed)
    check_memory(plan, None)
    with pytest.raises(StudyError, match=r"needs about [\d.]+ MB of memory and 1 kB are free"):
        check_memory(plan, 1000)
    monkeypatch.setattr(session, "free_memory", lambda: 1000)
    monkeypatch.setattr(session, "run_plan", None)  # it must not come so far
    with pytest.raises(StudyError, match="1 kB are free; ask for fewer people"):
        session.simulate(STUDY)


def test_this_machine_tells_its_memory():
    free = room.free_memory()
    assert free is None or 10**7 < free < 10**15
