"""Finished chunks on disk: written whole or not at all, each with its own checksum, and a log that only grows.

A run is a folder. Whoever computes a chunk writes `chunks/<name>` under another name, flushes it, and renames it; then
adds one line to `log`. A file that is there is whole; a file whose checksum is wrong is named and computed anew. Arrays
are stored as they lie in memory behind a header of JSON: nothing in a file is ever run. Knows nothing of studies.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from raphe.core.errors import FileError, Place

Array = npt.NDArray[np.generic]
_MAGIC = b"raphe chunk 1\n"
_KINDS = {"f8": "<f8", "i8": "<i8", "u4": "<u4"}
_CHUNKS, _LOG = "chunks", "log"


class BrokenChunkError(FileError):
    """A file of a run is not what was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the log: a chunk that somebody finished."""

    name: str
    digest: str
    bytes: int
    host: str


def write_chunk(folder: Path, name: str, arrays: Mapping[str, Array]) -> Entry:
    """Put a chunk on disk, whole or not at all, and note it in the log.

    Parameters
    ----------
    folder
        Of the run.
    name
        Of the chunk: letters, digits, `-` and `.`.
    arrays
        float64, int64 or uint32, of any shape.

    Returns
    -------
    Entry

    Raises
    ------
    FileError
        If the disk is full or not writable; nothing is left behind then.
    """
    data = _packed(arrays)
    digest = hashlib.sha256(data).hexdigest()
    place = folder / _CHUNKS / name
    write_whole(place, data + digest.encode())
    entry = Entry(name=name, digest=digest, bytes=len(data), host=os.uname().nodename)
    _note(folder, entry)
    return entry


def read_chunk(folder: Path, name: str) -> dict[str, Array]:
    """Read a chunk back.

    Raises
    ------
    BrokenChunkError
        If it is missing, cut off, or not what was written; the message names the file.
    """
    return _unpacked(_checked(folder, name), folder / _CHUNKS / name)


def digest_of(folder: Path, name: str) -> str:
    """The checksum of a chunk after comparing it with the content. Raises as `read_chunk` does."""
    return hashlib.sha256(_checked(folder, name)).hexdigest()


def finished(folder: Path) -> frozenset[str]:
    """Names of the chunks whose files are there; whether they are sound only reading tells."""
    try:
        names = [file.name for file in (folder / _CHUNKS).iterdir()]
    except OSError as error:
        raise failed(error, folder / _CHUNKS, "cannot read the run") from error
    return frozenset(name for name in names if not name.startswith("."))


def remove_chunk(folder: Path, name: str) -> None:
    """Take a broken chunk away, so that it is computed anew."""
    with suppress(FileNotFoundError):
        (folder / _CHUNKS / name).unlink()


def begin(folder: Path) -> None:
    """Make the folders of a run."""
    try:
        (folder / _CHUNKS).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise failed(error, folder, "the run cannot be begun") from error


def read_log(folder: Path) -> tuple[Entry, ...]:
    """Lines of the log that are whole; a line cut off by a crash is left out."""
    try:
        lines = (folder / _LOG).read_bytes().split(b"\n")
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise failed(error, folder / _LOG, "cannot read the log") from error
    entries = []
    for line in lines:
        mark, _, body = line.partition(b" ")
        if body and mark == f"{zlib.crc32(body):08x}".encode():
            entries.append(Entry(**json.loads(body)))
    return tuple(entries)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it is either the old one, or not there, or the whole new one.

    Raises
    ------
    FileError
        If it cannot be written; nothing is left behind then.
    """
    part = path.parent / f".{path.name}.{secrets.token_hex(6)}.part"
    try:
        with part.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise failed(error, path, "cannot be written") from error


def clean(folder: Path) -> None:
    """Take away the parts that killed writers left."""
    for part in (*folder.glob(".*.part"), *(folder / _CHUNKS).glob(".*.part")):
        with suppress(OSError):
            part.unlink()


def _note(folder: Path, entry: Entry) -> None:
    """Add a line in one write, so that lines of several writers never mix."""
    words = {"name": entry.name, "digest": entry.digest, "bytes": entry.bytes, "host": entry.host}
    body = json.dumps(words).encode()
    line = f"{zlib.crc32(body):08x} ".encode() + body + b"\n"
    try:
        handle = os.open(folder / _LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(handle, b"\n" + line)  # an own line even after one that was cut off
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise failed(error, folder / _LOG, "cannot be written") from error


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _packed(arrays: Mapping[str, Array]) -> bytes:
    head, parts = [], []
    for name, array in arrays.items():
        kind = array.dtype.str.lstrip("<|=")
        if kind not in _KINDS:
            raise TypeError(f"arrays of {array.dtype} are not stored")
        raw = np.ascontiguousarray(array).astype(_KINDS[kind], copy=False).tobytes()
        small = zlib.compress(raw, 1) if kind == "u4" else raw
        head.append({"name": name, "kind": kind, "shape": array.shape, "bytes": len(small)})
        parts.append(small)
    header = json.dumps(head).encode()
    return b"".join([_MAGIC, f"{len(header):08x}\n".encode(), header, *parts])


def _checked(folder: Path, name: str) -> bytes:
    path = folder / _CHUNKS / name
    try:
        data = path.read_bytes()
    except OSError as error:
        message = f"a chunk cannot be read: {error.strerror or type(error).__name__}"
        raise BrokenChunkError(message, place=Place(str(path))) from error
    body, mark = data[:-64], data[-64:]
    if hashlib.sha256(body).hexdigest().encode() != mark:
        message = "a chunk is not what was written (its checksum differs)"
        advice = "run the study again with the same folder; this chunk is computed anew"
        raise BrokenChunkError(message, place=Place(str(path)), advice=advice)
    return body


def _unpacked(data: bytes, path: Path) -> dict[str, Array]:
    begin_of_head = len(_MAGIC) + 9
    if not data.startswith(_MAGIC):
        raise BrokenChunkError("this is no chunk of a run", place=Place(str(path)))
    length = int(data[len(_MAGIC) : begin_of_head - 1], 16)
    at = begin_of_head + length
    found: dict[str, Array] = {}
    for part in json.loads(data[begin_of_head:at]):
        raw = data[at : at + part["bytes"]]
        raw = zlib.decompress(raw) if part["kind"] == "u4" else raw
        array = np.frombuffer(raw, dtype=_KINDS[part["kind"]]).reshape(part["shape"])
        found[part["name"]] = array
        at += part["bytes"]
    return found


def failed(error: OSError, path: Path, what: str) -> FileError:
    """The error that tells what the system said of a file of a run."""
    message = f"{what}: {error.strerror or type(error).__name__}"
    advice = "name a folder that you may write to and that has room; what was finished is kept"
    return FileError(message, place=Place(str(path)), advice=advice)
