"""Runs in folders: one hash over executors, chunks and interruptions; nothing torn, lost or dropped in silence."""

import contextlib
import dataclasses
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import BrokenExecutor, Executor, Future
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from raphe.core.errors import FileError, InputError
from raphe.dosing.regimen import Regimen
from raphe.library.catalog import load_catalog
from raphe.population.behavior import Behavior
from raphe.population.people import Population
from raphe.study import journal
from raphe.study.chunks import Keep, cost_of, make_chunks
from raphe.study.endpoints import Endpoint, Kind
from raphe.study.executors import RunStoppedError, drive, make_executor, owned, work
from raphe.study.export import check_failures, endpoint_summaries, quantiles_of
from raphe.study.plan import make_plan
from raphe.study.question import Scenario, Study, parse_grid
from raphe.study.schema import parse_study, study_text
from raphe.study.stored import arrays_of, begin_run, compute, open_run, run_digest, set_all_bins

KILLS = int(os.environ.get("RAPHE_TEST_KILLS", "10"))
PEOPLE = 150 if KILLS <= 50 else 600  # enough chunks for all kills
STUDY = Study(
    title="A small run",
    model="benzodiazepines",
    drug="clonazepam",
    target="serotonin",
    scenarios=(
        Scenario(
            name="week",
            regimen=Regimen.from_text("1 mg every 12 h for 7 d"),
            grid=parse_grid("every 6 h for 10 d"),
        ),
        Scenario(
            name="free", regimen=Regimen.from_text("no drug"), grid=parse_grid("every 1 d for 2 d")
        ),
    ),
    population=Population(people=PEOPLE, draws=10, seed=5),
    outputs=("drug.plasma", "withdrawal.score"),
    behavior=Behavior(missed=0.1, late=1.0, stops=0.05),
    endpoints=(
        Endpoint(name="peak", kind=Kind.HIGHEST, output="drug.plasma", beyond=20.0),
        Endpoint(name="trough", kind=Kind.LOWEST, output="drug.plasma", begin=24.0, end=168.0),
    ),
)


def start(folder, *, keep=Keep.COURSES, size=16, study=STUDY):
    return begin_run(study, folder, keep=keep, size=size)


def finish(folder, *, executor="threads", workers=2, **more):
    run = start(folder, **more)
    drive(run, make_executor(executor, workers), workers=workers)
    return run


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    run = finish(tmp_path_factory.mktemp("runs") / "reference")
    return run, run_digest(run)


@pytest.fixture(scope="module")
def counted(tmp_path_factory):
    run = finish(tmp_path_factory.mktemp("runs") / "counted", keep=Keep.QUANTILES)
    return run, run_digest(run)


def test_a_study_reads_back_from_its_own_text():
    assert parse_study(study_text(STUDY), "x") == STUDY


@pytest.mark.parametrize("size", [7, 64, 1000])
def test_one_hash_over_sizes_of_chunks(reference, counted, tmp_path, size):
    assert run_digest(finish(tmp_path / "a", size=size)) == reference[1]
    assert run_digest(finish(tmp_path / "b", size=size, keep=Keep.QUANTILES)) == counted[1]


def test_one_hash_over_processes(reference, tmp_path):
    assert run_digest(finish(tmp_path / "a", executor="processes")) == reference[1]


def test_one_hash_over_dask(reference, tmp_path):
    pytest.importorskip("distributed")
    code = (
        "import sys; from pathlib import Path\n"
        "from raphe.study.executors import drive, make_executor\n"
        "from raphe.study.stored import open_run, run_digest\n"
        "if __name__ == '__main__':\n"
        "    run = open_run(Path(sys.argv[1]))\n"
        "    drive(run, make_executor('dask', 2), workers=2)\n"
        "    print(run_digest(run))\n"
    )
    run, script = start(tmp_path / "a"), tmp_path / "with_dask.py"
    script.write_text(code)
    done = subprocess.run(
        [sys.executable, script, run.folder], capture_output=True, text=True, check=False
    )
    assert done.stdout.split()[-1:] == [reference[1]], done.stderr


def test_one_hash_over_mpi(reference, tmp_path):
    mpirun = shutil.which("mpiexec", path=str(Path(sys.executable).parent))
    if importlib.util.find_spec("mpi4py") is None or mpirun is None:
        pytest.skip("mpi4py or mpiexec is not installed")
    code = (
        "import sys; from pathlib import Path\n"
        "from raphe.study.executors import drive, make_executor\n"
        "from raphe.study.stored import open_run, run_digest\n"
        "if __name__ == '__main__':\n"
        "    run = open_run(Path(sys.argv[1]))\n"
        "    drive(run, make_executor('mpi', 1), workers=1)\n"
        "    print(run_digest(run))\n"
    )
    run, script = start(tmp_path / "a"), tmp_path / "with_mpi.py"
    script.write_text(code)
    command = [mpirun, "-n", "2", sys.executable, "-m", "mpi4py.futures", script, run.folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert done.stdout.split()[-1:] == [reference[1]], done.stderr


def test_processes_that_share_only_files_share_the_work(reference, tmp_path):
    run = start(tmp_path / "a", size=8)
    set_all_bins(run)
    command = [sys.executable, "-m", "raphe.cli", "work", str(run.folder), "--of", "2", "--part"]
    both = [subprocess.Popen([*command, part], stdout=subprocess.PIPE) for part in ("0", "1")]
    counts = [int(process.communicate(timeout=100)[0].split()[0]) for process in both]
    assert sum(counts) == len(run.chunks)
    assert min(counts) > 0
    assert run_digest(run) == reference[1]


KILL = (
    "import sys; from pathlib import Path\n"
    "from raphe.study.executors import drive, make_executor\n"
    "from raphe.study.stored import open_run\n"
    "if __name__ == '__main__':\n"
    "    drive(open_run(Path(sys.argv[1])), make_executor(sys.argv[2], 2), workers=2)\n"
)


@pytest.mark.timeout(120 + 8 * KILLS)
@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_killed_again_and_again_it_ends_with_the_same_hash(reference, tmp_path, executor):
    """`kill -9` at random times, of the parent or, with processes, as often of one of its workers.

    The log shows what was computed twice. RAPHE_TEST_KILLS=200 kills 200 times, half of them with each executor,
    which takes minutes.
    """
    run, kills = start(tmp_path / "a", size=2 if KILLS <= 50 else 1), KILLS // 2
    script = tmp_path / "drive.py"
    script.write_text(KILL)
    chance, parents, workers = np.random.default_rng(1), 0, 0
    while run.missing() and parents + workers < kills:
        process = subprocess.Popen([sys.executable, script, run.folder, executor])
        while process.poll() is None and parents + workers < kills:
            before = len(run.missing())
            while process.poll() is None and len(run.missing()) == before:
                time.sleep(0.002)
            time.sleep(chance.random() * 0.05)
            victims = _children(process.pid) if chance.random() < 0.5 else []
            if victims:
                _kill(victims[int(chance.integers(len(victims)))])
                workers += 1
            elif process.poll() is None:
                process.kill()
                parents += 1
                process.wait()
            for name in journal.finished(run.folder):
                journal.read_chunk(run.folder, name)  # no torn file is ever visible
        process.kill()
        process.wait()
    assert parents > 0
    assert (workers > 0) == (executor == "processes")
    drive(run, make_executor("threads", 2), workers=2)
    assert run_digest(run) == reference[1]
    names = [entry.name for entry in journal.read_log(run.folder)]
    assert len(names) - len(set(names)) <= 2 * (
        parents + workers
    )  # a chunk for each of two workers


def test_a_killed_worker_costs_its_chunk_and_not_the_run(reference, tmp_path):
    run, script = start(tmp_path / "a", size=4), tmp_path / "drive.py"
    script.write_text(KILL)
    process = subprocess.Popen([sys.executable, script, run.folder, "processes"])
    killed = 0
    while process.poll() is None and killed < 2:
        time.sleep(0.05)
        if len(journal.finished(run.folder)) > 5 * (killed + 1):
            for worker in _children(process.pid)[-1:]:
                _kill(worker)
                killed += 1
    assert process.wait(timeout=100) == 0
    assert killed > 0
    assert run_digest(run) == reference[1]


def test_a_disk_that_fills_up_stops_the_run_by_name_and_loses_nothing(reference, small_disk):
    run = start(small_disk.folder / "a", size=8)
    small_disk.remount("size=200k")
    with pytest.raises(FileError, match="No space left on device") as caught:
        drive(run, make_executor("threads", 2), workers=2)
    assert str(small_disk.folder) in str(caught.value)
    done = journal.finished(run.folder)
    assert 0 < len(done) < len(run.chunks)
    for name in done:
        journal.read_chunk(run.folder, name)
    small_disk.remount("size=64m")
    assert drive(run, make_executor("threads", 2), workers=2) == ()
    assert run_digest(run) == reference[1]
    assert len(journal.read_log(run.folder)) <= len(run.chunks)


def test_a_disk_that_becomes_read_only_keeps_what_is_done(reference, small_disk):
    run = start(small_disk.folder / "a")
    compute(str(run.folder), run.chunks[0].name)
    small_disk.remount("ro")
    with pytest.raises(FileError, match="Read-only file system"):
        drive(run, make_executor("threads", 1), workers=1)
    small_disk.remount("rw")
    drive(run, make_executor("threads", 1), workers=1)
    assert run_digest(run) == reference[1]


def _kill(process):
    with contextlib.suppress(ProcessLookupError):  # it may have ended by itself
        os.kill(process, signal.SIGKILL)


def _children(parent):
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            text = (folder / "stat").read_text()
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if text.rpartition(")")[2].split()[1] == str(parent) and b"spawn_main" in command:
            found.append(int(folder.name))
    return sorted(found)


def test_sigterm_ends_after_the_chunks_under_way_and_keeps_them(reference, tmp_path):
    study = tmp_path / "study.yaml"
    study.write_text(study_text(STUDY))
    command = [sys.executable, "-m", "raphe.cli", "store", study, tmp_path / "a", "--chunk", "2"]
    process = subprocess.Popen([*map(str, command)], stderr=subprocess.PIPE, text=True)
    chunks = tmp_path / "a" / "chunks"
    while not chunks.exists() or len(list(chunks.iterdir())) < 3:
        time.sleep(0.01)
    process.terminate()
    began = time.monotonic()
    _, told = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "what is done is kept" in told
    assert time.monotonic() - began < 10.0
    run = open_run(tmp_path / "a")
    left = len(run.missing())
    assert 0 < left < len(run.chunks)
    drive(run, make_executor("threads", 2), workers=2)
    assert run_digest(run) == reference[1]


def test_a_stop_before_the_end_is_an_error_with_what_is_left(tmp_path):
    stop = threading.Event()
    stop.set()
    with pytest.raises(RunStoppedError, match="chunks left"):
        drive(start(tmp_path / "a"), make_executor("threads", 1), workers=1, stop=stop)


def test_a_flipped_byte_is_found_named_and_mended(reference, tmp_path):
    run = finish(tmp_path / "a")
    victim = run.folder / "chunks" / run.chunks[3].name
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 4
    victim.write_bytes(data)
    with pytest.raises(journal.BrokenChunkError, match="checksum"):
        run_digest(run)
    (error,) = drive(run, make_executor("threads", 2), workers=2)
    assert str(victim) in str(error)
    assert run_digest(run) == reference[1]


def test_two_at_once_one_wins_and_the_other_says_so(tmp_path):
    run = start(tmp_path / "a")
    with owned(run), pytest.raises(InputError, match="another process is computing this run"):
        drive(run, make_executor("threads", 1), workers=1)


def test_the_same_folder_for_another_study_is_refused(reference):
    other = dataclasses.replace(STUDY, title="Another")
    with pytest.raises(InputError, match="another study"):
        start(reference[0].folder, study=other)
    with pytest.raises(InputError, match="another keep"):
        start(reference[0].folder, keep=Keep.QUANTILES)


def test_a_folder_with_other_things_in_it_is_refused(tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match="no run"):
        start(tmp_path)
    with pytest.raises(InputError, match="there is no run"):
        open_run(tmp_path)


def test_a_run_that_is_not_whole_has_no_numbers(tmp_path):
    run = start(tmp_path / "a")
    compute(str(run.folder), run.chunks[0].name)
    with pytest.raises(InputError, match="chunks are missing"):
        run_digest(run)


def test_work_alone_finishes_a_run(counted, tmp_path):
    run = start(tmp_path / "a", keep=Keep.QUANTILES)
    set_all_bins(run)
    assert work(run.folder, part=0, of=1) == len(run.chunks)
    assert work(run.folder, part=0, of=1) == 0
    assert run_digest(run) == counted[1]


def test_a_run_killed_while_it_was_begun_is_begun_again(reference, tmp_path):
    folder = tmp_path / "a"
    (folder / "chunks").mkdir(parents=True)
    (folder / "study.yaml").write_text("raphe: 1")
    (folder / ".run.json.0a1b.part").write_text("{")
    assert run_digest(finish(folder)) == reference[1]


def test_a_folder_with_chunks_but_no_run_is_refused(tmp_path):
    (tmp_path / "chunks").mkdir()
    (tmp_path / "chunks" / "000-0000000000").write_text("whose?")
    with pytest.raises(InputError, match="something that is no run"):
        start(tmp_path)


def test_a_folder_made_anew_is_read_anew(tmp_path):
    first = start(tmp_path / "a")
    shutil.rmtree(first.folder)
    other = dataclasses.replace(STUDY, title="Another run")
    assert start(tmp_path / "a", study=other).study.title == "Another run"


def test_quantiles_of_counts_lie_between_the_neighbors_of_their_rank_but_for_a_bin(
    reference, counted
):
    courses = [arrays["values"] for _, arrays in arrays_of(reference[0], 0)]
    ordered = np.sort(np.concatenate(courses), axis=0)
    near = quantiles_of(counted[0])[0]
    assert near.subjects == len(ordered) == PEOPLE
    for number, level in enumerate(near.levels):
        rank = level * (PEOPLE - 1)
        below, above = ordered[int(np.floor(rank))], ordered[int(np.ceil(rank))]
        assert np.all(near.values[number] >= below - near.within)
        assert np.all(near.values[number] <= above + near.within)
    exact = quantiles_of(reference[0])[0]
    assert np.array_equal(exact.values[1], np.quantile(ordered, 0.5, axis=0))


def test_people_who_miss_doses_have_less_in_them_than_the_typical_person(reference):
    week, typical = quantiles_of(reference[0])[:2]
    assert (week.layer, typical.layer) == ("people", "typical")
    place = reference[0].outputs.index("drug.plasma")
    last = int(np.argmin(np.abs(week.times - 168.0)))
    assert week.values[1, last, place] < typical.values[1, last, place]


def test_endpoints_come_from_what_is_stored(reference, monkeypatch):
    def never(*_, **__):
        raise AssertionError("the solver ran")

    monkeypatch.setattr("raphe.study.stored.run_subjects", never)
    first = endpoint_summaries(reference[0], STUDY.endpoints)
    other = (Endpoint(name="area", kind=Kind.AREA, output="drug.plasma"),)
    (area, free) = endpoint_summaries(reference[0], other)
    assert [one.endpoint for one in first] == ["peak", "trough"] * 2
    assert first[0].unit == "ng/mL"
    assert first[0].people == PEOPLE
    assert 0.0 < first[0].beyond < 1.0
    assert area.spread.middle > 100.0
    assert free.spread.middle == 0.0


def test_failures_are_counted_and_above_the_limit_refused(tmp_path):
    strict = dataclasses.replace(
        STUDY, options=dataclasses.replace(STUDY.options, relative=1e-12, absolute=1e-15)
    )
    run = finish(tmp_path / "a", study=strict)
    if not any(one.failed for one in check_failures(run)):
        chunk = run.chunks[0]
        arrays = dict(journal.read_chunk(run.folder, chunk.name))
        status = arrays["status"].copy()
        status[0] = 3
        values = arrays["values"].copy()
        values[0] = np.nan
        journal.write_chunk(run.folder, chunk.name, {**arrays, "status": status, "values": values})
    with pytest.raises(Exception, match="1 of 150 subjects failed"):
        check_failures(run)
    with pytest.raises(Exception, match="1 of 150 subjects failed"):
        quantiles_of(run)


def people_of(count):
    return dataclasses.replace(STUDY, population=Population(people=count, draws=10, seed=1))


def test_a_run_that_cannot_fit_says_so_and_leaves_nothing_behind(tmp_path):
    huge = people_of(10**11)
    with pytest.raises(InputError, match=r"the run needs about [\d.]+ TB of disk and .* are free"):
        start(tmp_path / "a" / "b", study=huge, size=10**9)
    with pytest.raises(InputError, match=r"the run needs about [\d.]+ TB of memory and .* free"):
        start(tmp_path / "a" / "b", study=huge, size=10**9, keep=Keep.QUANTILES)
    assert not list(tmp_path.iterdir())


def test_more_workers_need_more_memory(tmp_path):
    with pytest.raises(InputError, match=r"of memory and .* are free; fewer workers"):
        begin_run(people_of(10**4), tmp_path / "a", keep=Keep.COURSES, size=1024, workers=10**6)


def test_a_run_that_goes_on_needs_disk_for_the_rest_only(tmp_path, monkeypatch):
    run = start(tmp_path / "a")
    for chunk in run.chunks[1:]:
        compute(str(run.folder), chunk.name)
    whole = cost_of(run.plan, keep=run.keep, size=run.size, workers=1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=whole.disk // 2))
    assert start(tmp_path / "a") is run
    with pytest.raises(InputError, match="of disk"):
        start(tmp_path / "b")


def test_a_run_has_as_many_chunks_as_its_people_need():
    plan = make_plan(people_of(10_000_000), load_catalog())
    assert len(make_chunks(plan, 1000)) == 2 * (10_000 + 1)


def test_a_worker_that_always_dies_is_given_up_by_name(tmp_path):
    from raphe.study.executors import WorkerLostError

    class Dying(Executor):
        def submit(self, *_, **__):
            future = Future()
            future.set_exception(BrokenExecutor("gone"))
            return future

    with pytest.raises(WorkerLostError, match="died 3 times"):
        drive(start(tmp_path / "a"), Dying, workers=1)


def test_a_pool_that_breaks_while_a_chunk_is_handed_out_loses_no_chunk(reference, tmp_path):
    made = []

    class Breaking(Executor):
        def __init__(self):
            self.inner = make_executor("threads", 1)()
            made.append(self)

        def submit(self, *arguments, **named):
            if len(made) < 3 and not arguments[2].endswith("0000"):
                raise BrokenExecutor("gone")
            return self.inner.submit(*arguments, **named)

        def shutdown(self, *arguments, **named):
            self.inner.shutdown(*arguments, **named)

    run = start(tmp_path / "a")
    drive(run, Breaking, workers=1)
    assert len(made) == 3
    assert not run.missing()
    assert run_digest(run) == reference[1]


def test_an_unknown_executor_brings_the_nearest():
    with pytest.raises(InputError, match='did you mean "threads"'):
        make_executor("thread", 1)
