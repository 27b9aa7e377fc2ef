"""Structured to bytes to structured, and bytes to JSON to bytes: the identity for every set and all that is legal."""

from __future__ import annotations

import json
import random
from datetime import datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.edi import convert
from hub.edi.delimiters import Delimiters
from hub.edi.edifact import validation as edifact
from hub.edi.edifact import writer as edifact_writer
from hub.edi.edifact.characters import CODECS, forbidden
from hub.edi.grammars.library import default_library
from hub.edi.specimen import specimens
from hub.edi.x12 import validation as x12
from hub.edi.x12 import writer as x12_writer
from tests.unit.edi.documents import Maker, Words

WHEN = datetime(2026, 1, 6, 9, 30)
X12_SETS, EDIFACT_SETS = (
    [(one, version) for one in specimens(standard) if " " not in one for version in versions]
    for standard, versions in (("x12", ("004010", "005010")), ("edifact", ("D96A", "D01B")))
)
LETTERS = "Abcxyzäöñçß ŁęЖЩΩλéøא"


def words(chance: random.Random, characters: str) -> Words:
    """Texts of these characters that begin and end with none that is blank."""
    visible = [c for c in characters if c.strip()]
    letters = [c for c in visible if c.isalpha()]

    def make(least: int, most: int, alphabetic: bool) -> str:
        length = chance.randint(least, max(least, min(most, 12)))
        inner = chance.choices(letters if alphabetic else characters, k=max(0, length - 2))
        ends = chance.choices(letters if alphabetic else visible, k=2)
        return "".join([ends[0], *inner, ends[1]])[-length:]

    return make


def x12_marks(chance: random.Random, version: str) -> Delimiters:
    element, component, repetition, terminator = chance.sample("!\"%&'()+,-./:;<=>?@[]^_`{|}~*#$\\\x1c\x1d\x1f\x07", 4)
    terminator = chance.choice([terminator, terminator, "\n", "\r"])
    suffix = chance.choice(["", "", "\n", "\r\n"]) if terminator not in "\r\n" else ""
    return Delimiters(element, component, terminator, repetition if version >= "005010" else "", suffix)


@settings(max_examples=25)
@given(st.sampled_from(X12_SETS), st.randoms(use_true_random=True))
def test_story_46_any_x12_set_comes_back_from_bytes_as_it_was(which, chance):
    set_id, version = which
    marks = x12_marks(chance, version)
    characters = "".join(c for c in LETTERS + "019.,:*'+?~" if c not in marks.in_data())
    grammar = default_library().grammar(set_id, version)
    maker = Maker(grammar, chance, words(chance, characters), "" if "." in marks.in_data() else ".", marks.repetition)
    root = maker.document()
    envelope = x12_writer.Envelope("ZZ", "US", "12", "PARTNER", 42, 7, WHEN, version, delimiters=marks)
    data = x12_writer.write([x12_writer.transaction_set(set_id, root, f"{n:04d}") for n in (1, 2)], envelope)
    (interchange,) = x12.examine(data)
    assert [f for f in interchange.all_findings() if f.is_error] == []
    assert [one.tree.root for one in interchange.sets] == [root, root]
    value = json.loads(json.dumps(convert.file_to_json([interchange])))
    assert convert.file_from_json(value) == data


def edifact_marks(chance: random.Random) -> Delimiters:
    element, component, terminator, release, repetition = chance.sample("+:'?*~|^!#$%&;<>=\x1c\x1d\x1e\x1f", 5)
    terminator = chance.choice([terminator, terminator, "\n"])
    suffix = chance.choice(["", "", "\n", "\r\n"]) if terminator != "\n" else ""
    return Delimiters(
        element, component, terminator, chance.choice(["", repetition]), suffix, release, chance.choice(".,")
    )


@settings(max_examples=25)
@given(st.sampled_from(EDIFACT_SETS), st.sampled_from(sorted(CODECS)), st.randoms(use_true_random=True))
def test_story_46_any_edifact_message_comes_back_from_bytes_as_it_was(which, syntax_id, chance):
    (set_id, version), marks, codec = which, edifact_marks(chance), CODECS[syntax_id]
    bad = forbidden(syntax_id, codec, marks)
    characters = "".join(c for c in LETTERS + "ABCXYZ 019.," + marks.in_data().strip() if not bad.search(c))
    syntax_version = "4" if marks.repetition else "3"
    if set_id == edifact.CONTRL:
        version = "D01B" if syntax_version == "4" else "D96A"
    grammar = edifact.grammar_of(set_id, version, syntax_version, default_library("edifact"))
    maker = Maker(grammar, chance, words(chance, characters), marks.decimal, marks.repetition)
    root = maker.document()
    envelope = edifact_writer.Envelope(
        "SENDER", "RECEIVER", "42", WHEN, syntax_id=syntax_id, syntax_version=syntax_version, delimiters=marks,
        una="always", codec=codec,
    )  # fmt: skip
    data = edifact_writer.write([edifact_writer.message(set_id, root, f"M{n}", version) for n in (1, 2)], envelope)
    (interchange,) = edifact.examine(data, encoding=codec)
    assert [f for f in interchange.all_findings() if f.is_error] == []
    assert [one.tree.root for one in interchange.sets] == [root, root]
    value = json.loads(json.dumps(convert.file_to_json([interchange])))
    assert convert.file_from_json(value) == data
