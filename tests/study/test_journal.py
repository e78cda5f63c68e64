"""Chunks on disk: what is read is what was written, or the file is named."""

import os
import subprocess
import sys

import numpy as np
import pytest

from raphe.core.errors import FileError
from raphe.study.journal import (
    BrokenChunkError,
    begin,
    clean,
    digest_of,
    finished,
    read_chunk,
    read_log,
    remove_chunk,
    write_chunk,
)

ARRAYS = {
    "values": np.linspace(0.0, 1.0, 24).reshape(2, 3, 4),
    "status": np.array([0, 3], dtype=np.int64),
    "counts": np.arange(10, dtype=np.uint32),
}


@pytest.fixture
def folder(tmp_path):
    begin(tmp_path)
    write_chunk(tmp_path, "a", ARRAYS)
    return tmp_path


def test_what_is_read_is_what_was_written(folder):
    found = read_chunk(folder, "a")
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        assert np.array_equal(found[name], array)


def test_the_log_has_a_line_for_each_chunk(folder):
    write_chunk(folder, "b", ARRAYS)
    entries = read_log(folder)
    assert [entry.name for entry in entries] == ["a", "b"]
    assert entries[0].digest == entries[1].digest == digest_of(folder, "a")
    assert finished(folder) == {"a", "b"}


def test_a_line_that_was_cut_off_is_left_out_and_later_ones_are_read(folder):
    log = folder / "log"
    log.write_bytes(log.read_bytes() + b'0badc0de {"name": "hal')
    write_chunk(folder, "b", ARRAYS)
    assert [entry.name for entry in read_log(folder)] == ["a", "b"]


@pytest.mark.parametrize("place", [0, 20, 100, -70, -1])
def test_a_flipped_byte_is_found_and_the_file_named(folder, place):
    path = folder / "chunks" / "a"
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    with pytest.raises(BrokenChunkError, match="not what was written") as caught:
        read_chunk(folder, "a")
    assert caught.value.place.file == str(path)


@pytest.mark.parametrize("left", [0, 1, 63, 64, 200])
def test_a_truncated_chunk_is_found(folder, left):
    path = folder / "chunks" / "a"
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(BrokenChunkError):
        read_chunk(folder, "a")


def test_a_missing_chunk_is_named(folder):
    remove_chunk(folder, "a")
    with pytest.raises(BrokenChunkError, match="cannot be read"):
        read_chunk(folder, "a")
    remove_chunk(folder, "a")  # not there: nothing to do


def test_parts_of_killed_writers_are_no_chunks_and_are_cleaned_away(folder):
    part = folder / "chunks" / ".b.0123.part"
    part.write_bytes(b"half")
    assert finished(folder) == {"a"}
    clean(folder)
    assert not part.exists()


def refused(folder, before=""):
    """Try to write a chunk in a process of its own: what it says of it."""
    code = (
        f"{before}\n"
        "import sys, numpy as np\n"
        "from pathlib import Path\n"
        "from raphe.core.errors import FileError\n"
        "from raphe.study.journal import write_chunk\n"
        "try:\n"
        "    write_chunk(Path(sys.argv[1]), 'big', {'values': np.zeros(100_000)})\n"
        "except FileError as error:\n"
        "    print(error)\n"
    )
    command = [sys.executable, "-c", code, str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_a_disk_that_may_only_be_read_is_told(small_disk):
    begin(small_disk.folder)
    write_chunk(small_disk.folder, "a", ARRAYS)
    small_disk.remount("ro")
    told = refused(small_disk.folder)
    assert "cannot be written: Read-only file system" in told
    assert str(small_disk.folder / "chunks" / "big") in told
    assert finished(small_disk.folder) == {"a"}
    assert np.array_equal(read_chunk(small_disk.folder, "a")["values"], ARRAYS["values"])


def test_a_disk_that_is_full_is_told_and_leaves_nothing(small_disk):
    begin(small_disk.folder)
    write_chunk(small_disk.folder, "a", ARRAYS)
    small_disk.remount("size=64k")
    assert "cannot be written: No space left on device" in refused(small_disk.folder)
    assert [file.name for file in (small_disk.folder / "chunks").iterdir()] == ["a"]
    assert np.array_equal(read_chunk(small_disk.folder, "a")["values"], ARRAYS["values"])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_told(folder):
    (folder / "chunks").chmod(0o500)
    with pytest.raises(FileError, match="cannot be written"):
        write_chunk(folder, "b", ARRAYS)
    (folder / "chunks").chmod(0o700)


def test_a_limit_on_the_size_of_files_is_told_and_leaves_nothing(folder):
    """As a full disk does, it stops a write in its middle; it needs no right to mount."""
    limit = (
        "import resource, signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))"
    )
    assert "cannot be written" in refused(folder, limit)
    assert [file.name for file in (folder / "chunks").iterdir()] == ["a"]
    assert finished(folder) == {"a"}
