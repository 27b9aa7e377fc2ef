"""Bytes to JSON and back, documents in their order, and comparing by meaning."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.edi.compare import compare
from hub.edi.convert import file_from_json, file_to_json
from hub.edi.findings import EdiError
from hub.edi.grammars.library import default_library
from hub.edi.tree import Loop, in_document_order
from hub.edi.x12.validation import examine
from tests.unit.edi.conftest import one_group, one_interchange, one_set
from tests.unit.edi.specimens import SPECIMENS


def there_and_back(data: bytes) -> bytes:
    return file_from_json(json.loads(json.dumps(file_to_json(examine(data)))))


def specimen(set_id: str, version: str = "004010") -> bytes:
    functional_id, segments = SPECIMENS[set_id]
    isa11, isa = ("^", "00501") if version >= "005010" else ("U", "00401")
    group = one_group(one_set(*segments, set_id=set_id), functional_id=functional_id, version=version)
    return one_interchange(group, isa11=isa11, version=isa)


@pytest.mark.parametrize("version", ["004010", "005010"])
@pytest.mark.parametrize("set_id", SPECIMENS)
def test_clean_bytes_to_json_and_back_is_the_identity(set_id, version):
    data = specimen(set_id, version)
    assert there_and_back(data) == data


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from(sorted(SPECIMENS)), min_size=1, max_size=4), st.sampled_from(["~", "~\n", "~\r\n", "\n"])
)
def test_any_clean_file_comes_back_byte_for_byte(set_ids, end):
    interchanges = [specimen(set_id).decode() for set_id in set_ids]
    data = "".join(interchanges).replace("~", end).encode()
    assert there_and_back(data) == data


@pytest.mark.parametrize("numbers", [(1, 2, 3, 4, 5), (9, 450002, 3, 4, 40)])
def test_levels_in_breadth_first_order_keep_it(numbers):
    a, b, c, d, e = numbers
    segments = ["BSN*00*S1*20260105*1200", f"HL*{a}**S", f"HL*{b}*{a}*O", "PRF*1", f"HL*{c}*{a}*O", "PRF*2",
                f"HL*{d}*{b}*I", "SN1**1*EA", f"HL*{e}*{c}*I", "SN1**2*EA", "CTT*5"]  # fmt: skip
    data = one_interchange(one_group(one_set(*segments, set_id="856"), functional_id="SH"))
    assert there_and_back(data) == data
    ((one,),) = [list(i.sets) for i in examine(data)]
    assert [depth for depth, segment in in_document_order(one.tree.root) if segment[0] == "HL"] == [0, 1, 1, 2, 2]


def test_levels_stand_as_they_hang_whatever_their_numbers():
    segments = ["BSN*00*S1*20260105*1200", "HL*1**S", "HL*7*1*O", "PRF*1", "HL*3*1*O", "PRF*2", "CTT*3"]
    data = one_interchange(one_group(one_set(*segments, set_id="856"), functional_id="SH"))
    assert there_and_back(data) == data
    root = Loop("856", [Loop("HL", [("HL", "x"), Loop("HL", [("HL", "1")])]), Loop("HL", [("HL", "0")])])
    assert [segment[1] for _, segment in in_document_order(root)] == ["x", "1", "0"]


@pytest.mark.parametrize("value", [None, [], {}, {"interchanges": [{}]}, {"interchanges": [{"delimiters": {}}]}])
def test_what_is_not_of_the_form_is_refused(value):
    with pytest.raises(EdiError) as caught:
        file_from_json(value)
    assert caught.value.code == "edi.json-form-invalid"


def differences(old: bytes, new: bytes) -> list[tuple[str, str, str]]:
    first, second = ([one.tree for i in examine(data) for one in i.sets] for data in (old, new))
    return [(one.place, one.old, one.new) for one in compare(first, second, {"x12": default_library()})]


def test_documents_are_compared_by_what_they_say():
    data = specimen("850")
    same = data.replace(b"~", b"~\n").replace(b"000000001", b"000000009").replace(b"*CTT", b"*CTT")
    assert differences(data, same.replace(b"*", b"|")) == []
    assert differences(data, data.replace(b"PO1*1*5*", b"PO1*1*6*")) == [("PO102", "5", "6")]
    assert differences(data, data.replace(b"N2*Receiving~", b"")) == [("N2", "N2 Receiving", "")]
    assert differences(data, data.replace(b"REF*DP*38~", b"REF*DP*38~REF*IA*9~")) == [("REF", "", "REF IA 9")]
    assert differences(data, specimen("855")) == [("", "850", "855")]
    assert differences(data, b"") == [("", "850", "")]
