"""From designators to a tree, from trees to bytes and back; nothing wrong is written."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.edi.build import build
from hub.edi.delimiters import Delimiters
from hub.edi.findings import EdiError
from hub.edi.json_form import from_json, to_json
from hub.edi.partner import sscc
from hub.edi.tree import Loop, Repeats
from hub.edi.validation import examine
from hub.edi.x12.reader import read
from hub.edi.x12.writer import Envelope, transaction_set, write

WHEN = datetime(2026, 1, 6, 9, 30)
HEAD = {"BAK01": "00", "BAK02": "AC", "BAK03": "4711", "BAK04": "20260105"}


def envelope(**changes):
    facts = {
        "sender_qualifier": "ZZ", "sender_id": "US", "receiver_qualifier": "12", "receiver_id": "PARTNER",
        "interchange_control_number": 42, "group_control_number": 7, "when": WHEN, "usage": "T",
    }  # fmt: skip
    return Envelope(**{**facts, **changes})


def refusal(code, call, *arguments, **named):
    with pytest.raises(EdiError) as caught:
        call(*arguments, **named)
    assert caught.value.code == code
    return caught.value


def test_segments_come_in_grammar_order_whatever_the_order_of_keys():
    values = {
        "PO1": [{"ACK": [{"ACK03": "EA", "ACK02": 5, "ACK01": "IA"}], "PO103": "EA", "PO102": 5, "PO101": "1"}],
        "N1": [{"N401": "Ames", "N301": "1 Main", "N102": "S", "N101": "ST", "REF": [{"REF01": "ZZ", "REF02": "1"}]}],
        "REF": [{"REF01": "DP", "REF02": "45"}, {"REF01": "IA", "REF02": "9"}],
        **HEAD,
    }  # fmt: skip
    assert list(build("x12", "855", "004010", values).walk()) == [
        ("BAK", "00", "AC", "4711", "20260105"),
        ("REF", "DP", "45"),
        ("REF", "IA", "9"),
        ("N1", "ST", "S"),
        ("N3", "1 Main"),
        ("N4", "Ames"),
        ("REF", "ZZ", "1"),
        ("PO1", "1", "5", "EA"),
        ("ACK", "IA", "5", "EA"),
        ("CTT", "1"),
    ]


def test_values_are_written_by_their_element_type():
    values = {
        "BEG01": "00", "BEG02": "SA", "BEG03": "4711", "BEG05": "20260105",
        "SAC": [{"SAC01": "A", "SAC02": "C310", "SAC05": Decimal("9.95")}],
        "REF": [{"REF01": "ZZ", "REF04-1": "DP", "REF04-2": "9"}, {"REF01": None, "REF02": ""}],
        "PO1": [{"PO102": 5, "PO103": "EA", "PO104": Decimal("1E+2")}],
        "CTT02": Decimal("5"),
    }  # fmt: skip
    assert list(build("x12", "850", "004010", values).walk()) == [
        ("BEG", "00", "SA", "4711", "", "20260105"),
        ("REF", "ZZ", "", "", ("DP", "9")),
        ("SAC", "A", "C310", "", "", "995"),
        ("PO1", "", "5", "EA", "100"),
        ("CTT", "1", "5"),
    ]


def test_levels_are_numbered_and_counted():
    level = {"HL03": "O", "PRF01": "1", "HL": [{"HL03": "P", "HL": [{"HL03": "I", "SN102": 5, "SN103": "EA"}]}]}
    values = {
        "BSN01": "00", "BSN02": "S1", "BSN03": "20260105", "BSN04": "1200",
        "HL": [{"HL03": "S", "HL": [level, level]}],
    }  # fmt: skip
    root = build("x12", "856", "004010", values)
    assert [s for s in root.walk() if s[0] in ("HL", "CTT")] == [
        ("HL", "1", "", "S"), ("HL", "2", "1", "O"), ("HL", "3", "2", "P"), ("HL", "4", "3", "I"),
        ("HL", "5", "1", "O"), ("HL", "6", "5", "P"), ("HL", "7", "6", "I"), ("CTT", "7"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("values", "code", "path"),
    [
        ({"BAK99": "1"}, "edi.build-key-unknown", "BAK99"),
        ({"XX": []}, "edi.build-key-unknown", "XX"),
        ({"bak01": "1"}, "edi.build-key-unknown", "bak01"),
        (
            {"PO1": [{"PO101": "1"}, {"PO101": "2", "ACK": [{"ACK99": "1"}]}]},
            "edi.build-key-unknown",
            "PO1[2].ACK[1].ACK99",
        ),
        ({"PO1": [{"ACK": [{"ACK01": "IA"}]}]}, "edi.build-trigger-missing", "PO1[1]"),
        ({"PO1": [{"PO101": {"a": 1}}]}, "edi.build-value-invalid", "PO1[1].PO101"),
        ({"PO1": ["x"]}, "edi.build-value-invalid", "PO1[1]"),
        ({"SAC": [{"SAC01": "A", "SAC05": Decimal("1.999")}]}, "edi.build-value-invalid", "SAC[1].SAC05"),
        ({"REF01": "DP", "REF": [{"REF01": "DP"}]}, "edi.build-key-unknown", "REF"),
        ({"REF01-2": "DP"}, "edi.build-key-unknown", "REF01-2"),
    ],
)
def test_a_wrong_key_or_value_is_named_by_its_path(values, code, path):
    error = refusal(code, build, "x12", "855", "004010", values)
    assert str(error).startswith(path + ":")


def test_levels_may_not_be_numbered_by_hand():
    refusal("edi.build-key-unknown", build, "x12", "856", "004010", {"HL": [{"HL01": "1", "HL03": "S"}]})


def test_an_unknown_set_cannot_be_built():
    refusal("edi.build-set-unknown", build, "x12", "123", "004010", {})
    refusal("edi.build-set-unknown", build, "edifact", "NOSUCH", "D96A", {})


def test_written_bytes_are_what_the_envelope_says(found):
    root = build("x12", "855", "004010", HEAD)
    data = write([transaction_set("855", root, "0001")], envelope(delimiters=Delimiters("|", ":", "\r", suffix="\n")))
    assert data == (
        b"ISA|00|          |00|          |ZZ|US             |12|PARTNER        |260106|0930|U|00401|000000042|0|T|:\r\n"
        b"GS|PR|US|PARTNER|20260106|0930|7|X|004010\r\n"
        b"ST|855|0001\r\nBAK|00|AC|4711|20260105\r\nSE|3|0001\r\n"
        b"GE|1|7\r\nIEA|1|000000042\r\n"
    )
    assert [f for f in found(data) if f.is_error] == []


def test_what_would_not_validate_is_refused_with_the_findings():
    root = build("x12", "855", "004010", {**HEAD, "BAK01": "99", "BAK04": "20261399"})
    error = refusal("edi.not-valid", write, [transaction_set("855", root, "0001")], envelope())
    assert [(f.code, f.designator) for f in error.findings] == [
        ("edi.code-invalid", "BAK01"),
        ("edi.date-invalid", "BAK04"),
    ]


def test_story_46_a_delimiter_in_data_is_refused_or_replaced_and_never_sent():
    root = build("x12", "855", "004010", {**HEAD, "BAK03": "4~7*1"})
    error = refusal("edi.characters-forbidden", write, [transaction_set("855", root, "0001")], envelope())
    assert [(f.designator, f.value) for f in error.findings] == [("BAK03", "4~7*1")]
    data = write([transaction_set("855", root, "0001")], envelope(), replacement=" ")
    assert b"*4 7 1*" in data
    assert b"*471*" in write([transaction_set("855", root, "0001")], envelope(), replacement="")


@pytest.mark.parametrize(
    "changes",
    [
        {"sender_id": "X" * 16}, {"receiver_id": ""}, {"interchange_control_number": 0},
        {"group_control_number": 10**9}, {"delimiters": Delimiters("*", "*", "~")},
        {"delimiters": Delimiters("A", ">", "~")}, {"version": "005010"}, {"sender_id": "A*B"},
    ],
)  # fmt: skip
def test_an_envelope_that_cannot_be_written_is_refused(changes):
    root = build("x12", "855", "004010", HEAD)
    refusal("edi.envelope-invalid", write, [transaction_set("855", root, "0001")], envelope(**changes))
    refusal("edi.envelope-invalid", write, [], envelope())


def test_text_that_the_encoding_lacks_is_refused_or_replaced():
    root = build("x12", "855", "004010", {**HEAD, "BAK03": "Süd"})
    error = refusal(
        "edi.characters-forbidden", write, [transaction_set("855", root, "0001")], envelope(encoding="ascii")
    )
    assert [(found.code, found.designator) for found in error.findings] == [("edi.character-invalid", "BAK03")]
    written = write([transaction_set("855", root, "0001")], envelope(encoding="ascii"), replacement="U")
    assert b"SUd" in written


def test_the_json_form_keeps_composites_and_repetitions():
    root = Loop("850", [("BEG", "", ("a", "", "b"), Repeats(["x", ("y", "z")])), Loop("N1", [("N1", "ST")])])
    document = transaction_set("850", root, "0001")
    assert from_json(to_json(document)) == document
    assert to_json(document)["root"]["children"][0] == ["BEG", "", ["a", "", "b"], {"repeats": ["x", ["y", "z"]]}]


@pytest.mark.parametrize("broken", [None, {}, {"standard": "x13"}, {"standard": "x12", "set_id": 1}])
def test_a_wrong_json_form_is_refused(broken):
    refusal("edi.json-form-invalid", from_json, broken)


def test_clean_bytes_survive_json(x12):
    data = x12()
    ((one,),) = [list(i.sets) for i in examine(data)]
    (raw,) = read(data)
    facts = envelope(
        sender_id="SENDER", receiver_id="RECEIVER", receiver_qualifier="ZZ", interchange_control_number=1,
        group_control_number=1, when=datetime(2026, 1, 5, 12), delimiters=raw.delimiters,
    )  # fmt: skip
    assert write([from_json(to_json(one.tree))], facts) == data


def test_sscc_check_digits():
    assert sscc.build("0614141", 234567890, "1") == "106141412345678908"
    assert sscc.check_digit("629104150021") == "3"
    assert sscc.is_valid("00106141412345678908") and sscc.is_valid("106141412345678908")
    assert not sscc.is_valid("106141412345678907") and not sscc.is_valid("61414112345678")


@given(st.integers(7, 10), st.data())
def test_every_built_sscc_is_valid_and_one_wrong_digit_is_noticed(length, data):
    prefix = str(data.draw(st.integers(10 ** (length - 1), 10**length - 1)))
    code = sscc.build(prefix, data.draw(st.integers(0, 10 ** (16 - length) - 1)), data.draw(st.sampled_from("0139")))
    assert len(code) == 18 and sscc.is_valid(code)
    at = data.draw(st.integers(0, 17))
    wrong = code[:at] + str((int(code[at]) + 1) % 10) + code[at + 1 :]
    assert not sscc.is_valid(wrong)


@pytest.mark.parametrize(
    ("prefix", "serial", "extension"), [("123", 1, "0"), ("0614141", 10**9, "0"), ("0614141", 1, "x")]
)
def test_an_impossible_sscc_is_refused(prefix, serial, extension):
    with pytest.raises(ValueError):
        sscc.build(prefix, serial, extension)
