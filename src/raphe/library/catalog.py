"""Names -> model files: the shipped library, read once, and what is looked up in it. Knows nothing of engines."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from typing import TypeVar

from raphe.core.errors import LanguageError, Place, UnknownNameError, nearest
from raphe.language.evidence import Unsimulated
from raphe.language.model import Assembly, Document, Library, Observation
from raphe.language.parse import parse

_MAX_DEPTH = 3
_Thing = TypeVar("_Thing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """Everything on the shelves, by name."""

    library: Library
    assemblies: Mapping[str, Assembly]
    observations: tuple[Observation, ...]
    unsimulated: tuple[Unsimulated, ...]


@functools.cache
def load_catalog() -> Catalog:
    """Read the shipped library.

    Returns
    -------
    Catalog
        The same object each time; it cannot be changed.
    """
    root = resources.files("raphe.library")
    documents = [
        parse(file.read_text("utf-8"), name) for name, file in _files(root, "", _MAX_DEPTH)
    ]
    return make_catalog(documents)


def make_catalog(documents: Iterable[Document]) -> Catalog:
    """Put documents together.

    Raises
    ------
    LanguageError
        If two things of one kind have the same name; the error has both places.
    """
    documents = list(documents)
    modules = _unique("module", [(m.name, m, m.place) for d in documents for m in d.modules])
    sources = _unique("source", [(s.key, s, s.place) for d in documents for s in d.sources])
    models = _unique("model", [(a.name, a, a.place) for d in documents for a in d.assemblies])
    found: list[tuple[str, Observation | Unsimulated, Place]] = []
    for document in documents:
        found += [(one.name, one, one.place) for one in document.observations]
        found += [(one.name, one, one.place) for one in document.unsimulated]
    seen = _unique("observation", found).values()
    return Catalog(
        library=Library(modules=modules, sources=sources),
        assemblies=models,
        observations=tuple(one for one in seen if isinstance(one, Observation)),
        unsimulated=tuple(one for one in seen if isinstance(one, Unsimulated)),
    )


@functools.cache
def library_digest() -> str:
    """SHA-256 of the shipped model files: two runs with equal digests are of the same models."""
    digest = hashlib.sha256()
    for name, file in _files(resources.files("raphe.library"), "", _MAX_DEPTH):
        content = file.read_bytes()
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def find_model(catalog: Catalog, *, drug: str, target: str) -> Assembly:
    """The model that knows a drug and a target.

    Raises
    ------
    UnknownNameError
        If there is none; the nearest known name is in the advice.
    """
    models = catalog.assemblies.values()
    drugs = {one.name for model in models for one in model.drugs}
    if drug not in drugs:
        raise UnknownNameError(f'no model has the drug "{drug}"', advice=nearest(drug, drugs))
    fitting = [model for model in models if drug in {one.name for one in model.drugs}]
    targets = {one.name for model in fitting for one in model.targets}
    if target not in targets:
        message = f'no model of "{drug}" has the target "{target}"'
        raise UnknownNameError(message, advice=nearest(target, targets))
    return next(one for one in fitting if target in {found.name for found in one.targets})


def observations_of(catalog: Catalog, *, drug: str) -> tuple[Observation, ...]:
    """What trials of a drug saw, in the order of the files."""
    return tuple(one for one in catalog.observations if one.drug == drug)


def _files(folder: Traversable, prefix: str, depth: int) -> Iterator[tuple[str, Traversable]]:
    """Model files below a folder, by path."""
    for entry in sorted(folder.iterdir(), key=lambda item: item.name):
        name = f"{prefix}{entry.name}"
        if entry.name.endswith(".raphe"):
            yield name, entry
        elif depth and entry.is_dir() and not entry.name.startswith(("_", ".")):
            yield from _files(entry, f"{name}/", depth - 1)


def _unique(what: str, things: Iterable[tuple[str, _Thing, Place]]) -> dict[str, _Thing]:
    found: dict[str, _Thing] = {}
    places: dict[str, Place] = {}
    for name, thing, place in things:
        if name in found:
            message = f'a second {what} is called "{name}"'
            raise LanguageError(message, place=place, advice=f"the first stands at {places[name]}")
        found[name], places[name] = thing, place
    return found
