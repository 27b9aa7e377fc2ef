"""Mapping files as text: YAML in which every scalar is a string and every node knows its line and column.

Read from libyaml's event stream, so that depth and size are bounded here and nothing is ever constructed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from hub.mapping.errors import Finding, MappingError, Position

MAX_CHARACTERS = 2_000_000
MAX_DEPTH = 40

_LINE_BREAK = re.compile("\r\n|[\r\x85\u2028\u2029]")  # every line break that YAML knows, so that lines count alike
_NEWLINE = re.compile("\n")
_Parser: type = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


@dataclass(slots=True)
class Scalar:
    """A scalar. `quoted` tells text ("00") from an expression (BEG03)."""

    text: str
    quoted: bool
    at: Position
    raw: str | None = None  # the file from this scalar on, to place an offset in it

    def position(self, offset: int) -> Position:
        """Where the character at `offset` of `text` stands in the file, across folded lines too."""
        if self.raw is None:
            return self.at
        wanted = sum(1 for c in self.text[:offset] if not c.isspace())
        line, column, seen = self.at.line, self.at.column, 0
        for character in self.raw:
            if not character.isspace():
                if seen == wanted:
                    break
                seen += 1
            if character == "\n":
                line, column = line + 1, 1
            else:
                column += 1
        return Position(self.at.file, line, column)


@dataclass(slots=True)
class Sequence:
    items: list[Node]
    at: Position


@dataclass(slots=True)
class Block:
    """A YAML mapping, in file order."""

    entries: list[tuple[Scalar, Node]]
    at: Position

    def get(self, key: str) -> Node | None:
        return next((value for name, value in self.entries if name.text == key), None)


Node = Scalar | Sequence | Block


def parse(text: str, file: str) -> Block:
    """The file's one YAML mapping; raises MappingError with `mapping.yaml-*` codes."""
    if len(text) > MAX_CHARACTERS:
        raise _error(Position(file), "size", f"larger than {MAX_CHARACTERS:,} characters")
    reader = _Reader(_LINE_BREAK.sub("\n", text.removeprefix("\ufeff")), file)
    try:
        root = reader.read()
    except yaml.YAMLError as error:
        raise _error(_mark(error, file), "syntax", _explain(error)) from None
    if not isinstance(root, Block):
        raise _error(Position(file, 1, 1), "shape", "a mapping file is a YAML mapping that starts with `from:`")
    return root


@dataclass(slots=True)
class _Reader:
    text: str
    file: str
    _starts: list[int] = field(default_factory=list)

    def read(self) -> Node | None:
        self._starts = [0, *(found.end() for found in _NEWLINE.finditer(self.text))]
        root: Node | None = None
        open_: list[_Open] = []
        for event in yaml.parse(self.text, Loader=_Parser):
            node: Node | None = None
            at = self._at(event)
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise _error(at, "alias", "anchors and aliases are not used here; share rows with `fragments`")
            if isinstance(event, yaml.DocumentStartEvent) and root is not None:
                raise _error(at, "documents", "one file holds one mapping; remove the second `---`")
            if isinstance(event, yaml.ScalarEvent):
                node = self._scalar(event, at)
            elif isinstance(event, yaml.CollectionStartEvent):
                sequence = isinstance(event, yaml.SequenceStartEvent)
                open_.append(_Open(Sequence([], at) if sequence else Block([], at)))
                if len(open_) > MAX_DEPTH:
                    raise _error(at, "depth", f"nested more than {MAX_DEPTH} deep")
            elif isinstance(event, yaml.CollectionEndEvent):
                node = open_.pop().node
            if node is not None:
                if open_:
                    open_[-1].add(node)
                else:
                    root = node
        return root

    def _at(self, event: yaml.Event) -> Position:
        mark: Any = event.start_mark
        return Position(self.file, mark.line + 1, mark.column + 1)

    def _start(self, line: int) -> int:
        """Where a line starts; the end of the text counts as one more line."""
        return self._starts[line] if line < len(self._starts) else len(self.text)

    def _scalar(self, event: yaml.ScalarEvent, at: Position) -> Scalar:
        if event.tag is not None and event.tag != "!":
            raise _error(at, "tag", f"the YAML tag {event.tag} is not used here; every scalar is text")
        if event.style in ("'", '"'):
            return Scalar(event.value, True, at)
        end_mark: Any = event.end_mark
        start = self._start(at.line - 1) + at.column - 1
        end = self._start(end_mark.line) + end_mark.column
        if event.style in ("|", ">"):  # the content starts on the line below the indicator
            start, at = self._start(at.line), Position(self.file, at.line + 1, 1)
        return Scalar(event.value, False, at, self.text[start:end])


class _Open:
    """A collection whose end has not come yet."""

    __slots__ = ("key", "names", "node")

    def __init__(self, node: Sequence | Block) -> None:
        self.node = node
        self.key: Scalar | None = None
        self.names: dict[str, Position] = {}

    def add(self, child: Node) -> None:
        if isinstance(self.node, Sequence):
            self.node.items.append(child)
        elif self.key is not None:
            self.node.entries.append((self.key, child))
            self.key = None
        elif not isinstance(child, Scalar):
            raise _error(child.at, "key", "a key is a word, not a list or a mapping")
        elif child.text in self.names:
            first = self.names[child.text]
            raise _error(child.at, "duplicate-key", f"`{child.text}` stands here already, on line {first.line}")
        else:
            self.names[child.text] = child.at
            self.key = child


def _mark(error: yaml.YAMLError, file: str) -> Position:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    return Position(file, mark.line + 1, mark.column + 1) if mark else Position(file)


def _explain(error: yaml.YAMLError) -> str:
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "not YAML"
    hint = ""
    if "mapping values are not allowed" in problem or "did not find expected" in problem:
        hint = "; an expression that starts with a quote or holds `: ` or ` #` goes under `>-`"
    return f"{problem}{hint}"


def _error(at: Position, code: str, message: str) -> MappingError:
    return MappingError([Finding.at(at, f"mapping.yaml-{code}", message)])


def quote(text: str) -> str:
    """The text as a YAML double-quoted scalar on one line."""
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    parts = (escapes.get(c) or (c if c.isprintable() else f"\\U{ord(c):08X}") for c in text)
    return '"' + "".join(parts) + '"'
