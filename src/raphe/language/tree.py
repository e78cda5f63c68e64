"""Text -> parse tree with places: the written grammar, its limits, and its errors in plain words.

The only file that imports lark. Knows nothing of what statements mean.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from importlib import resources

import lark

from raphe.core.errors import LanguageError, Place, nearest

MAX_CHARACTERS = 1_000_000
_MAX_BRACKETS = 64
_MAX_WORD = 64
_MAX_STRING = 2_000
_MAX_TOKENS = 2_000
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_WORDS = {
    "NAME": "a name",
    "PATH": "slot.name",
    "NUMBER": "a number",
    "STRING": 'a text in quotes, "..."',
    "UNIT": "a unit such as mg/L, or the word dimensionless",
    "SEMICOLON": '";"',
    "LBRACE": '"{"',
    "RBRACE": '"}"',
    "LPAR": '"("',
    "RPAR": '")"',
    "LSQB": '"["',
    "RSQB": '"]"',
    "EQUAL": '"="',
    "COLON": '":"',
    "COMMA": '","',
    "PLUS": '"+"',
    "MINUS": '"-"',
    "STAR": '"*"',
    "SLASH": '"/"',
    "CIRCUMFLEX": '"^"',
    "COMPARISON": "a comparison (<, <=, >, >=)",
    "SIGN": "a sign",
    "SOURCE_TEXT": "a field of a source (title, authors, year, ...)",
    "$END": "the end of the file",
}


@dataclass(frozen=True, slots=True)
class Leaf:
    """A token: its text and place."""

    kind: str
    text: str
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """A rule of the grammar and what it matched."""

    kind: str
    children: tuple[Tree | Leaf, ...]
    place: Place

    def leaf(self, index: int = 0) -> Leaf:
        """The token at `index` among the tokens directly below."""
        return [child for child in self.children if isinstance(child, Leaf)][index]

    def leaves(self) -> list[Leaf]:
        """The tokens directly below."""
        return [child for child in self.children if isinstance(child, Leaf)]

    def trees(self) -> list[Tree]:
        """The rules directly below."""
        return [child for child in self.children if isinstance(child, Tree)]


@functools.cache
def _parser() -> lark.Lark:
    grammar = resources.files("raphe.language").joinpath("grammar.lark").read_text("utf-8")
    return lark.Lark(grammar, parser="lalr", propagate_positions=True, maybe_placeholders=False)


def read_tree(text: str, file: str) -> Tree:
    """Parse a text.

    Parameters
    ----------
    text
        The whole file.
    file
        Its name in errors.

    Returns
    -------
    Tree

    Raises
    ------
    LanguageError
        If the text is too large or does not follow the grammar.
    """
    _check_limits(text, file)
    try:
        raw = _parser().parse(text)
    except lark.exceptions.UnexpectedEOF as error:
        raise _unexpected(text, file, len(text), set(error.expected)) from None
    except lark.exceptions.UnexpectedToken as error:
        start = len(text) if error.token.type == "$END" else int(error.token.start_pos or 0)
        raise _unexpected(text, file, start, set(error.accepts or error.expected)) from None
    except lark.exceptions.UnexpectedCharacters as error:
        position: int = error.pos_in_stream  # type: ignore[assignment] # lark declares it as None
        raise _unexpected(text, file, position, set(error.allowed or ())) from None
    return _convert(raw, file)


def _check_limits(text: str, file: str) -> None:
    if len(text) > MAX_CHARACTERS:
        message = f"the file has more than {MAX_CHARACTERS} characters"
        raise LanguageError(message, place=Place(file))
    control = _CONTROL.search(text)
    if control is not None:
        message = f"character {ord(control[0]):#x} is not allowed"
        raise LanguageError(message, place=place_of(text, file, control.start()))
    depth = 0
    for match in re.finditer(r'"[^"\n]*"|#[^\n]*|[\[(\])]', text):
        if match[0] in "([":
            depth += 1
        elif match[0] in ")]":
            depth -= 1
        elif len(match[0]) > _MAX_STRING and match[0][0] == '"':
            message = f"a text has more than {_MAX_STRING} characters"
            raise LanguageError(message, place=place_of(text, file, match.start()))
        if depth > _MAX_BRACKETS:
            message = f"brackets are nested deeper than {_MAX_BRACKETS} levels"
            raise LanguageError(message, place=place_of(text, file, match.start()))
    tokens = 0
    for match in re.finditer(r'"[^"\n]*"|#[^\n]*|\w+|[^\w\s]', text):
        tokens = 0 if match[0] in ";{}" else tokens + 1
        if tokens > _MAX_TOKENS:
            message = f"a statement has more than {_MAX_TOKENS} words and signs"
            place = place_of(text, file, match.start())
            raise LanguageError(message, place=place, advice="split it into quantities")
        if len(match[0]) > _MAX_WORD and match[0][0] not in '"#':
            message = f'"{match[0][:20]}..." is longer than {_MAX_WORD} characters'
            raise LanguageError(message, place=place_of(text, file, match.start()))


def place_of(text: str, file: str, position: int) -> Place:
    """Line and column of a position."""
    line = text.count("\n", 0, position) + 1
    return Place(file, line, position - text.rfind("\n", 0, position))


def _unexpected(text: str, file: str, position: int, expected: set[str]) -> LanguageError:
    place = place_of(text, file, position)
    found = re.match(r'[A-Za-z0-9_.]+|"[^"\n]{0,30}"?|\S', text[position:])
    message = "the file ends too early"
    if found is not None:
        shown = found[0][:32].strip('"')
        message = f'unexpected "{shown}"'
    keywords = {_keyword(name) for name in expected if name not in _WORDS}
    if found is not None and found[0][0].isalpha():
        near = nearest(found[0], keywords)
        if near.startswith("did you mean"):
            return LanguageError(message, place=place, advice=near)
    words = sorted(_WORDS[name] for name in expected if name in _WORDS)
    if "UNIT" in expected:
        words = [_WORDS["UNIT"]]
    words += sorted(f'"{keyword}"' for keyword in keywords)
    return LanguageError(message, place=place, advice="expected " + " or ".join(words[:8]))


def _keyword(terminal: str) -> str:
    """The word that a terminal of the grammar stands for."""
    for definition in _parser().terminals:
        if definition.name == terminal and isinstance(definition.pattern, lark.lexer.PatternStr):
            return str(definition.pattern.value)
    return terminal.lower()


def _convert(raw: lark.Tree[lark.Token], file: str) -> Tree:
    """Copy lark's tree into ours, bottom up."""
    done: dict[int, Tree] = {}
    for node in raw.iter_subtrees():
        children: list[Tree | Leaf] = []
        for child in node.children:
            if isinstance(child, lark.Token):
                place = Place(file, child.line or 0, child.column or 0)
                children.append(Leaf(child.type, str(child), place))
            else:
                children.append(done[id(child)])
        meta = node.meta
        place = Place(file) if meta.empty else Place(file, meta.line, meta.column)
        done[id(node)] = Tree(str(node.data), tuple(children), place)
    return done[id(raw)]
