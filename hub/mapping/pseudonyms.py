"""Personal data of a document replaced by stand-ins that look like it.

What is personal is told by where it goes (names, addresses, notes, email and phone of the canonical documents) and by
the usual names of such fields. The same text gets the same stand-in everywhere, so that what belonged together does.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from hub.edi.tree import Loop, TransactionSet
from hub.mapping.decode import decode
from hub.mapping.differences import exact_json
from hub.mapping.edi_paths import element_values
from hub.mapping.errors import DecodeError, Finding
from hub.mapping.explain import Origin
from hub.mapping.mapping import Mapping, value_at
from hub.mapping.runtime import Context
from hub.mapping.template import Format
from hub.mapping.trial import documents

TARGETS = frozenset(
    ["name", "company", "address1", "address2", "city", "postal_code", "phone", "email", "note", "notes"]
)
_NOT_OF_A_PERSON = frozenset({"lines", "packages", "levels", "references"})
_KEYS = frozenset(
    ["firstname", "lastname", "fullname", "givenname", "familyname", "surname", "contactname", "company",
     "companyname", "email", "emailaddress", "phone", "phonenumber", "telephone", "mobile", "address", "address1",
     "address2", "street", "street1", "street2", "addressline1", "addressline2", "city", "town", "zip", "zipcode",
     "postcode", "postalcode", "note", "notes", "comment", "comments", "taxid", "vatid", "birthday"]
)  # fmt: skip
_PERSONS = re.compile("address|customer|person|shipto|billto|shipping|billing|contact|party|recipient|buyer", re.I)
_NO_TEXTS_OF_A_PERSON = re.compile(
    "country|province|state|region|(?<!postal)(?<!post)(?<!zip)_?code|currency|lang", re.I
)
_VOWELS, _CONSONANTS = "aeiou", "bcdfghklmnprstvw"
_SEGMENTS = {  # elements of EDI segments that hold nothing but names, addresses and free text
    "N1": (2,), "N2": (1, 2), "N3": (1, 2), "N4": (1, 3), "PER": (2, 4, 6, 8), "MSG": (1,), "NTE": (2,), "MTX": (2,),
    "NAD": (4, 5, 6, 8), "CTA": (2,), "COM": (1,), "FTX": (4,),
}  # fmt: skip


def stand_in(text: str) -> str:
    """Another text of the same shape: letters for letters, digits for digits; a mail address at example.com."""
    local, at, _ = text.rpartition("@")
    if at and local:
        return f"{stand_in(local)}@example.com"
    stream = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return "".join(_other(c, stream[i % len(stream)] + i) for i, c in enumerate(text))


def _other(character: str, number: int) -> str:
    if character.isdecimal():
        return str(number % 10)
    if not character.isalpha():
        return character
    letters = _VOWELS if character.lower() in _VOWELS else _CONSONANTS
    other = letters[number % len(letters)]
    return other.upper() if character.isupper() else other


def without_persons(mapping: Mapping, body: bytes, context: Context) -> tuple[bytes, set[str]]:
    """The file with stand-ins for its personal data, and the texts that were replaced.

    Raises DecodeError, also when some of it could not be replaced.
    """
    texts = set(_personal(mapping, body, context))
    replaced = replace_texts(mapping.source, body, texts)
    left = {text for text in _personal(mapping, replaced, context) if text in texts and stand_in(text) != text}
    if left:
        message = f"{len(left)} personal values could not be replaced; make the sample by hand"
        raise DecodeError([Finding("mapping.sample-personal", message)])
    return replaced, texts


def _personal(mapping: Mapping, body: bytes, context: Context) -> Iterator[str]:
    for document in documents(mapping.source, body):
        for part in mapping.split(document, context):
            yield from _texts(part, mapping.explain(part, context).origins, context)
        yield from _named(document, "")
        if isinstance(document, TransactionSet):
            yield from _in_segments(document.root)


def _texts(document: Any, origins: Iterable[Origin], context: Context) -> Iterator[str]:
    for origin in origins:
        names = [name.partition("[")[0] for name in origin.target.split(".")]
        if names[-1] in TARGETS and not _NOT_OF_A_PERSON & set(names[:-1]):
            for path in origin.sources:
                if path.startswith("$"):
                    found = value_at(document, path, context)
                    yield from _plain(found if isinstance(found, list) else [found])


def _plain(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str) and value.strip():
            yield value


def _named(node: Any, key: str) -> Iterator[str]:
    """Texts under the usual names of personal fields."""
    if isinstance(node, dict):
        for name, value in node.items():
            plain = re.sub("[^a-z0-9]", "", str(name).lower())
            if plain in _KEYS or (plain == "name" and _PERSONS.search(key)):
                yield from _plain(_leaves(value))
            else:
                yield from _named(value, str(name))
    elif isinstance(node, list):
        for item in node:
            yield from _named(item, key)


def _leaves(node: Any) -> Iterator[Any]:
    if isinstance(node, dict):
        for name, value in node.items():
            if not re.search("country|province|state|region|code|currency|lang", str(name), re.I) or "postal" in str(
                name
            ):
                yield from _leaves(value)
    elif isinstance(node, list):
        for item in node:
            yield from _leaves(item)
    else:
        yield node


def _in_segments(root: Loop) -> Iterator[str]:
    for segment in root.walk():
        for number in _SEGMENTS.get(str(segment[0]), ()):
            yield from element_values(segment, number, 0)


def replace_texts(format: Format, body: bytes, texts: set[str]) -> bytes:
    """The file with a stand-in for every text: where it is a whole value, and inside longer values as a whole word."""
    if not texts:
        return body
    words = {text: stand_in(text) for text in texts if len(text) > 2}
    if format.name in ("json", "ndjson") or format.canonical:
        found = decode(body, "ndjson" if format.name == "ndjson" else "json")
        rewritten = _rewritten(found, texts, words, _pattern(words))
        if format.name == "ndjson":
            return "".join(exact_json(line, indent=None) + "\n" for line in rewritten).encode()
        return (exact_json(rewritten) + "\n").encode()
    escape = _ESCAPES.get(format.name)
    if escape is not None:
        words |= {escape(text): escape(other) for text, other in words.items()}
    try:
        text, encoding = body.decode(), "utf-8"
    except UnicodeDecodeError:
        text, encoding = body.decode("latin-1"), "latin-1"
    return _pattern(words).sub(lambda match: words[match[0]], text).encode(encoding)


_ESCAPES: dict[str, Callable[[str], str]] = {
    "xml": lambda text: html.escape(text, quote=False),
    "edifact": lambda text: re.sub("([?+:'])", r"?\1", text),
}
"""How a format writes a text that holds its own signs."""


def _rewritten(node: Any, texts: set[str], words: dict[str, str], pattern: re.Pattern[str]) -> Any:
    if isinstance(node, dict):
        return {name: _rewritten(value, texts, words, pattern) for name, value in node.items()}
    if isinstance(node, list):
        return [_rewritten(item, texts, words, pattern) for item in node]
    if not isinstance(node, str):
        return node
    return stand_in(node) if node in texts else pattern.sub(lambda match: words[match[0]], node)


def _pattern(words: Iterable[str]) -> re.Pattern[str]:
    """Each word as a whole, the longest first; nothing at all when there are none."""
    longest = sorted(words, key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest))})(?!\w)" if longest else r"(?!)")
