"""A file that a person wrote -> plain data, with the place of every key: YAML 1.2, no anchors, aliases or tags."""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from pathlib import Path

import ruamel.yaml
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from raphe.core.errors import FileError, Place, StudyError

_MAX_BYTES = 1_000_000
_MAX_DEPTH = 32
PathKey = tuple[str | int, ...]


def read_text(path: Path) -> str:
    """Text of a file that a person wrote.

    Raises
    ------
    FileError, StudyError
        If it cannot be read, is too long, or is not UTF-8.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        message = f"cannot read the study: {reason}"
        raise FileError(
            message, place=Place(str(path)), advice="give the path of a study file"
        ) from error
    if len(data) > _MAX_BYTES:
        raise StudyError(f"a study file has at most {_MAX_BYTES} bytes", place=Place(str(path)))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise StudyError("the file is not UTF-8 text", place=Place(str(path))) from error


def load_yaml(text: str, file: str) -> tuple[object, dict[PathKey, Place]]:
    """Plain data, and the place of every key and item."""
    reader = ruamel.yaml.YAML(typ="rt", pure=True)
    try:
        _refuse_tricks(reader, text, file)
        tree = ruamel.yaml.YAML(typ="rt", pure=True).load(StringIO(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(file) if mark is None else Place(file, mark.line + 1, mark.column + 1)
        message = " ".join(str(error.problem or error.context or "not YAML").split())
        raise StudyError(message, place=place, advice="write YAML 1.2") from None
    except (YAMLError, ValueError, OverflowError) as error:
        message = " ".join(str(error).split())[:200]
        raise StudyError(f"not YAML: {message}", place=Place(file)) from None
    places: dict[PathKey, Place] = {}
    return _plain(tree, (), places, file), places


def _refuse_tricks(reader: ruamel.yaml.YAML, text: str, file: str) -> None:
    """Look at the tokens before anything is built: no anchors, aliases, tags, second documents or deep nesting."""
    depth = 0
    opening = {"BlockMappingStartToken", "BlockSequenceStartToken"}
    opening |= {"FlowMappingStartToken", "FlowSequenceStartToken"}
    closing = {"BlockEndToken", "FlowMappingEndToken", "FlowSequenceEndToken"}
    refused = {"AnchorToken": "an anchor", "AliasToken": "an alias", "TagToken": "a tag"}
    refused["DirectiveToken"] = "a directive"
    for token in reader.scan(StringIO(text)):
        kind = type(token).__name__
        place = Place(file, token.start_mark.line + 1, token.start_mark.column + 1)
        if kind in refused:
            raise StudyError(f"{refused[kind]} is not allowed in a study", place=place)
        depth += (kind in opening) - (kind in closing)
        if depth > _MAX_DEPTH:
            raise StudyError(f"nested deeper than {_MAX_DEPTH} levels", place=place)


def _plain(node: object, path: PathKey, places: dict[PathKey, Place], file: str) -> object:
    if isinstance(node, CommentedMap):
        result: dict[object, object] = {}
        for key, value in node.items():
            line, column = node.lc.key(key)
            here = (*path, key)
            places[here] = Place(file, line + 1, column + 1)
            result[key] = _plain(value, here, places, file)
        return result
    if isinstance(node, CommentedSeq):
        items = []
        for index, value in enumerate(node):
            line, column = node.lc.item(index)
            here = (*path, index)
            places[here] = Place(file, line + 1, column + 1)
            items.append(_plain(value, here, places, file))
        return items
    if isinstance(node, bool) or node is None:
        return node
    for kind in (int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return str(node)


def place_in(places: Mapping[PathKey, Place], path: PathKey, whole: Place) -> Place:
    """The place of a path, or of the nearest thing around it."""
    while path:
        if path in places:
            return places[path]
        path = path[:-1]
    return whole
