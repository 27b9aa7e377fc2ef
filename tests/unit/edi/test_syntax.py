"""Telling X12 from EDIFACT, and cutting text at delimiters that a release character may take back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.edi.delimiters import Delimiters
from hub.edi.reading.syntax import detect

EDIFACT = Delimiters("+", ":", "'", "*", release="?")


@pytest.mark.parametrize(
    ("data", "standard"),
    [
        (b"ISA*00*", "x12"),
        (b"\xef\xbb\xbf \r\nISA|00|", "x12"),
        (b"ST*850*0001~", "x12"),
        (b"garbage\nISA*00*", "x12"),
        (b"UNA:+.? 'UNB+UNOA:1", "edifact"),
        (b"\r\nUNB+UNOC:3+", "edifact"),
        (b"UNH+1+ORDERS", "edifact"),
        (b"noise 'UNB+UNOA:1", "edifact"),
        (b"UNB+UNOA:1+ISA*'", "edifact"),
        (b"STORE;NAME\n1;2\n", None),
        (b"", None),
    ],
)
def test_the_syntax_is_told_from_the_first_segment(data, standard):
    assert detect(data) == standard


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("a+b", ["a", "b"]), ("a?+b+c", ["a+b", "c"]), ("a??+b", ["a?", "b"]), ("", [""]), ("+", ["", ""]),
        ("a++?+", ["a", "", "+"]), ("???++", ["?+", ""]), ("a?", ["a"]),
    ],
)  # fmt: skip
def test_story_46_a_release_character_takes_a_delimiter_back_and_itself_too(text, pieces):
    assert [EDIFACT.plain(piece) for piece in EDIFACT.split(text, "+")] == pieces


@given(st.lists(st.text("ab?+:'*"), min_size=1))
def test_story_46_escaped_values_come_back_as_they_were(values):
    text = "+".join(EDIFACT.escaped(value) for value in values)
    assert [EDIFACT.plain(piece) for piece in EDIFACT.split(text, "+")] == values
