"""EDIFACT bytes to JSON and back."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.edi.compare import compare
from hub.edi.convert import file_from_json, file_to_json
from hub.edi.edifact.validation import examine
from hub.edi.findings import EdiError
from hub.edi.grammars.library import default_library
from tests.unit.edi.edifact.conftest import ORDER, one_group, one_interchange, one_message

RELEASED = (*ORDER[:2], "FTX+AAI+++It?'s 5?+5 ?: ten??:no", *ORDER[2:])


def there_and_back(data: bytes) -> bytes:
    return file_from_json(json.loads(json.dumps(file_to_json(examine(data)))))


@settings(max_examples=40)
@given(
    st.lists(st.booleans(), min_size=1, max_size=3),
    st.sampled_from(["'", "'\n", "'\r\n"]),
    st.sampled_from(["UNOC:3", "UNOW:4", "UNOB:1"]),
    st.booleans(),
)
def test_any_clean_file_comes_back_byte_for_byte(grouped, end, syntax, una):
    advice = ("UNA:+.?*'" if syntax == "UNOW:4" else "UNA:+.? '") if una else ""
    name = {"UNOC:3": "Süd", "UNOW:4": "Łódź 你好", "UNOB:1": "South"}[syntax]
    body = [segment.replace("BY+4012345000009::9", f"BY+++{name}") for segment in RELEASED]
    messages = [one_message(*body, number=str(n)) for n in (1, 2)]
    inside = {True: [one_group(*messages)], False: messages}
    data = b"".join(one_interchange(*inside[one], una=advice, syntax=syntax) for one in grouped)
    data = data.replace(b"?'", b"\0").replace(b"'", end.encode()).replace(b"\0", b"?'")
    assert there_and_back(data) == data


def test_levels_keep_the_order_they_had():
    segments = ["BGM+351+1", "CPS+1", "CPS+2+1", "PAC+1", "CPS+3+1", "PAC+2", "CPS+4+2", "PAC+3", "CNT+2:0"]
    data = one_interchange(one_message(*segments, kind="DESADV"))
    assert there_and_back(data) == data


def test_messages_of_an_unknown_type_and_without_envelope_come_back_too():
    for data in (one_interchange(one_message("ABC+1+a:b++c?+d", "XYZ", kind="NOSUCH")), one_message(*ORDER).encode()):
        assert there_and_back(data) == data


@pytest.mark.parametrize("value", [None, {}, {"interchanges": [{}]}, {"interchanges": [{"una": "", "delimiters": 1}]}])
def test_what_is_not_of_the_form_is_refused(value):
    with pytest.raises(EdiError) as refused:
        file_from_json(value)
    assert refused.value.code == "edi.json-form-invalid"


def test_the_decimal_mark_makes_no_difference(edifact):
    point = edifact().replace(b"BGM+220+4711", b"BGM+220+47.11")
    comma = b"UNA:+,? '" + point.replace(b"9.25", b"9,25").replace(b"47.11", b"47,11")
    trees = [[one.tree for i in examine(file) for one in i.sets] for file in (point, comma)]
    found = list(compare(*trees, {"edifact": default_library("edifact")}))
    assert [(one.place, one.old, one.new) for one in found] == [("BGM02", "47.11", "47,11")]
