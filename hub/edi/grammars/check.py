"""Checks grammar files of a user's own, and says in words what is wrong with them."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from hub.edi.grammars.library import SYNTAXES, GrammarError, Library
from hub.edi.grammars.rules import walk
from hub.edi.judging.controls import Control
from hub.edi.tree import Standard

_TABLES = ("segments", "elements", "ids")
_TYPES = {"x12": re.compile("AN|ID|N[0-9]|R|DT|TM"), "edifact": re.compile("an|a|n")}
_MALFORMED = (GrammarError, LookupError, TypeError, ValueError, AttributeError)


def check_folder(folder: Path) -> list[str]:
    """What is wrong with the files in `folder/x12` and `folder/edifact`, added to the built-in ones."""
    problems = []
    for standard in SYNTAXES:
        library = Library([folder], standard)
        for path in sorted((folder / standard).glob("*.yaml")):
            problems += [f"{standard}/{path.name}: {problem}" for problem in _check(library, path.stem)]
    return problems


def check_file(path: Path, standard: Standard) -> list[str]:
    """The same for one file, wherever it stands: its name says what it describes (`850.yaml`, `segments.yaml`)."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / standard
        target.mkdir()
        shutil.copy(path, target / path.name)
        return list(_check(Library([Path(folder)], standard), path.stem))


def _check(library: Library, name: str) -> Iterator[str]:
    if name not in _TABLES and not library.syntax.set_ids.fullmatch(name):
        yield f"the name is none of {', '.join(_TABLES)}, and no set has it"
        return
    try:
        own = library.own(name)
    except GrammarError as error:
        yield str(error).partition(": ")[2]
        return
    for version in library.syntax.versions:
        found = _check_entries(library, name, own, version) if name in _TABLES else _check_set(library, name, version)
        problems = list(dict.fromkeys(found))
        yield from problems
        if problems:
            return


def _check_set(library: Library, name: str, version: str) -> Iterator[str]:
    try:
        grammar = library.grammar(name, version)
        library.versions(name)
    except _MALFORMED as error:
        yield _in_words(error, "a set has `name`, `body` and, in X12, `functional_id`")
        return
    if grammar is None:
        yield "it is empty"
        return
    for item in walk(grammar.root):
        if not item.is_loop and item.id not in grammar.segments:
            yield f"segment {item.id} stands in the body but is not described in segments.yaml"
    for designator, counted in grammar.totals.items():
        if not re.fullmatch(r"[A-Z][A-Z0-9]{1,2}[0-9]{2}", designator) or counted not in grammar.used:
            yield f"totals: {designator}: {counted} does not name an element and a segment of the set"
    for key, about in grammar.controls.items():
        control = Control.of(key, about)
        if control is None or not {control.place.segment, *control.about} <= grammar.used:
            yield f"controls: {key}: {about} does not name an element and segments or elements of the set"


def _check_entries(library: Library, name: str, own: frozenset[str], version: str) -> Iterator[str]:
    check = {"segments": _check_segment, "elements": _check_element}.get(name)
    for key in sorted(own) if check else ():
        try:
            yield from check(library, key, version) if check else ()
        except _MALFORMED as error:
            yield f"{key}: {_in_words(error, 'compare it with the built-in file of this name')}"


def _check_segment(library: Library, key: str, version: str) -> Iterator[str]:
    rule = library.segment(key, version)
    for note in rule.notes if rule else ():
        if note.kind not in "PRECL" or len(note.numbers) < 2 or max(note.numbers) > len(rule.elements if rule else ()):
            numbers = " ".join(f"{number:02d}" for number in note.numbers)
            yield f"{key}: note {note.kind} {numbers} names elements that the segment does not have"


def _check_element(library: Library, key: str, version: str) -> Iterator[str]:
    rule = library.element(key, version)
    if rule.components:
        return
    types = _TYPES[library.syntax.standard]
    if not types.fullmatch(rule.type):
        yield f"{key}: type {rule.type!r} is none of {types.pattern.replace('|', ', ')}"
    if not 0 <= rule.least <= rule.most or rule.most < 1:
        yield f"{key}: length {rule.least} {rule.most} is not of the form 'least most'"


def _in_words(error: Exception, hint: str) -> str:
    if isinstance(error, GrammarError):
        return str(error)
    what = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
    return f"{what}; {hint}"
