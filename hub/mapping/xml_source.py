"""XML as a document that paths can walk, read by expat without entities, without a network, and within bounds.

An element is an object: its attributes and its child elements by their local names, and `_` for its own text. Several
children of one name are a list. Namespaces are left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from hub.mapping.errors import DecodeError, Finding

MAX_DEPTH = 100
MAX_NODES = 2_000_000  # elements and attributes
TEXT = "_"


def read_xml(body: bytes) -> dict[str, Any]:
    """The document as `{root element: ...}`; raises DecodeError with the line and column."""
    reader = _Reader(expat.ParserCreate())
    try:
        reader.parser.Parse(body, True)
    except expat.ExpatError as error:
        message = f"not XML: {expat.ErrorString(error.code)}"
        raise DecodeError([Finding("decode.xml", message, line=error.lineno, column=error.offset + 1)]) from None
    except (LookupError, ValueError):  # an encoding that is unknown, or not one byte a character
        message = "the XML is in an encoding that cannot be read"
        raise DecodeError([Finding("decode.encoding", message, line=1, column=1)]) from None
    return reader.root


@dataclass(slots=True)
class _Open:
    name: str
    values: dict[str, Any]
    text: list[str] = field(default_factory=list)


class _Reader:
    def __init__(self, parser: expat.XMLParserType) -> None:
        self.parser = parser
        self.root: dict[str, Any] = {}
        self._open: list[_Open] = [_Open("", self.root)]
        self._nodes = 0
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.EntityDeclHandler = self._entity

    def _wrong(self, code: str, message: str) -> DecodeError:
        at = self.parser
        finding = Finding(f"decode.{code}", message, line=at.CurrentLineNumber, column=at.CurrentColumnNumber + 1)
        return DecodeError([finding])

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._nodes += 1 + len(attributes)
        if len(self._open) > MAX_DEPTH:
            raise self._wrong("too-deep", f"the XML is nested more than {MAX_DEPTH} deep")
        if self._nodes > MAX_NODES:
            raise self._wrong("xml", f"the XML holds more than {MAX_NODES:,} elements")
        named = {_local(key): value for key, value in attributes.items() if not key.startswith("xmlns")}
        self._open.append(_Open(_local(name), named))

    def _text(self, text: str) -> None:
        self._open[-1].text.append(text)

    def _end(self, name: str) -> None:
        element = self._open.pop()
        text = "".join(element.text).strip()
        if text:
            element.values[TEXT] = text
        around = self._open[-1].values
        before = around.get(element.name)
        if isinstance(before, list):
            before.append(element.values)
        elif isinstance(before, dict):
            around[element.name] = [before, element.values]
        else:  # the first of its name; an attribute of that name gives way
            around[element.name] = element.values

    def _entity(self, *_: Any) -> None:
        raise self._wrong("xml-entity", "the XML declares an entity; that is refused")


def _local(name: str) -> str:
    return name.rpartition(":")[2]
