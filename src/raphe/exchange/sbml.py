"""SBML file -> Model. libsbml reads the document in a child process with limits, which hands over plain data."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.parsers import expat

from raphe.core.errors import FileError, InputError, LanguageError, Place
from raphe.exchange.translate import translate
from raphe.language.findings import Finding, Severity
from raphe.language.model import Model

MAX_BYTES = 16 * 1024 * 1024
MAX_MEMORY = 4 * 1024**3  # bytes of address space of the child
MAX_SECONDS = 60  # of the child
MAX_LEVELS = 256  # of elements in elements
_CHILD = Path(__file__).with_name("parse_sbml.py")
_ENCODING = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([^\"']*)[\"']")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What came of a document: the model, None if it cannot be had, and all that is to be said about it."""

    model: Model | None
    findings: tuple[Finding, ...]


def read_sbml(path: str | Path) -> Model:
    """Read an SBML document (Level 2 or 3, core) as a model.

    All numbers are dimensionless, and one unit of the document's time is one hour of the engine's.

    Parameters
    ----------
    path
        Of a file, UTF-8.

    Returns
    -------
    Model
        What `lower` takes; it shows all species, and all else that changes, under their identifiers.

    Raises
    ------
    FileError
        If the file cannot be read, or is no XML that may be read.
    LanguageError
        For the first thing in it that is wrong or not supported.
    InputError
        If libsbml is not installed.
    """
    reading = check_sbml(path)
    if reading.model is not None:
        return reading.model
    worst = next(one for one in reading.findings if one.severity is Severity.ERROR)
    raise LanguageError(worst.message, place=worst.place, advice=worst.advice)


def check_sbml(path: str | Path) -> Reading:
    """Read an SBML document, with all that is wrong or not supported in it, and what was not looked at.

    Parameters
    ----------
    path
        Of a file, UTF-8.

    Returns
    -------
    Reading

    Raises
    ------
    FileError
        If the file cannot be read, or is no XML that may be read.
    InputError
        If libsbml is not installed.
    """
    file = str(path)
    data = _parse(_read(Path(path)), file)
    model, findings = translate(data, file)
    return Reading(model=model, findings=findings.sorted())


def _read(path: Path) -> bytes:
    """The bytes of a file that libsbml may see."""
    place = Place(str(path))
    try:
        with path.open("rb") as stream:
            text = stream.read(MAX_BYTES + 1)
    except OSError as error:
        message = f"cannot read the file: {error.strerror or type(error).__name__}"
        raise FileError(message, place=place, advice="give the path of an SBML file") from error
    if len(text) > MAX_BYTES:
        advice = f"at most {MAX_BYTES // 1024**2} MiB are read"
        raise FileError("the file is too large", place=place, advice=advice)
    try:
        text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FileError(
            "the file is not UTF-8 text", place=place, advice="SBML is UTF-8"
        ) from error
    found = _ENCODING.search(text[:1000])
    if found is not None and found[1].lower() not in (b"utf-8", b"utf8", b"us-ascii", b"ascii"):
        message = f'the file says that it is in "{found[1].decode("utf-8")[:40]}"'
        raise FileError(message, place=place, advice="SBML is UTF-8")
    _check_shape(text, str(path))
    return text


def _check_shape(text: bytes, file: str) -> None:
    """Refuse what is not well-formed, declares a document type, or is nested so deep that libsbml would choke on it."""
    parser = expat.ParserCreate()
    levels = 0

    def place() -> Place:
        return Place(file, parser.CurrentLineNumber, parser.CurrentColumnNumber + 1)

    def declared(*_: object) -> None:
        message = "a document type is not read, since declarations can do harm"
        raise FileError(message, place=place(), advice="take the DOCTYPE out of the file")

    def opened(*_: object) -> None:
        nonlocal levels
        levels += 1
        if levels > MAX_LEVELS:
            message = f"elements are nested deeper than {MAX_LEVELS} levels"
            raise FileError(message, place=place(), advice="split the formula into rules")

    def closed(_: str) -> None:
        nonlocal levels
        levels -= 1

    parser.StartDoctypeDeclHandler = declared
    parser.StartElementHandler = opened
    parser.EndElementHandler = closed
    try:
        parser.Parse(text, True)  # noqa: FBT003  expat has no name for it
    except expat.ExpatError as error:
        message = f"the file is not XML: {expat.errors.messages[error.code]}"
        where = Place(file, error.lineno, error.offset + 1)
        raise FileError(message, place=where, advice="is it complete?") from error


def _parse(text: bytes, file: str) -> Mapping[str, Any]:
    """What libsbml makes of a text, in a process of its own."""
    if importlib.util.find_spec("libsbml") is None:
        raise InputError(
            "the package python-libsbml is not installed", advice="install raphe[sbml]"
        )
    command = [sys.executable, "-P", str(_CHILD), str(MAX_MEMORY), str(MAX_SECONDS)]
    try:
        done = subprocess.run(  # noqa: S603  our own interpreter and file
            command, input=text, capture_output=True, timeout=2 * MAX_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise FileError("reading the file takes too long", place=Place(file)) from error
    if done.returncode == 0:
        data: Mapping[str, Any] = json.loads(done.stdout)
        return data
    last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2][:200]
    message = f"libsbml could not read the file (exit code {done.returncode})"
    raise FileError(message, place=Place(file), advice=last or "it is damaged, or too large")
