"""A file that changes its syntax from one interchange to the next: all of it is read, in its order and once."""

from __future__ import annotations

import gzip
import io
import json

import pytest

from hub.edi.convert import file_from_json, file_to_json
from hub.edi.edifact.validation import examine as edifact_examine
from hub.edi.reading import source as source_module
from hub.edi.validation import examine
from tests.unit.edi import conftest as x12
from tests.unit.edi.edifact import conftest as edifact


def order(number: str, *more: str) -> bytes:
    made = x12.one_set(*x12.ORDER, *more), x12.one_set(*x12.ORDER, number="0002")
    return x12.one_interchange(x12.one_group(*made), number=number.zfill(9))


def orders(number: str, *more: str) -> bytes:
    made = edifact.one_message(*edifact.ORDER, *more), edifact.one_message(*edifact.ORDER, number="2")
    return edifact.one_interchange(*made, number=number)


def advised(number: str) -> bytes:
    return b"UNA:+.? '" + orders(number)


def numbers(data: bytes) -> list[str]:
    return [one.control_number for one in examine(data)]


def codes(data: bytes) -> list[str]:
    examination = examine(data, trees=False)
    inside = [f.code for one in examination for f in one.all_findings()]
    return [*inside, *(f.code for f in examination.findings)]


FILES = {
    "x12 first": [order("1"), orders("2")],
    "edifact first": [orders("2"), order("1")],
    "to and fro": [order("1"), advised("2"), order("3"), orders("4"), orders("5"), order("6"), order("7")],
}


@pytest.mark.parametrize("between", [b"", b"\n", b"\r\n\r\n"])
@pytest.mark.parametrize("pieces", FILES.values(), ids=FILES)
def test_interchanges_of_both_syntaxes_are_read_in_their_order(pieces, between):
    data = between.join(pieces)
    read = list(examine(data))
    assert [one.control_number.lstrip("0") for one in read] == [n.lstrip("0") for p in pieces for n in numbers(p)]
    for one, piece in zip(read, pieces, strict=True):
        assert data[one.offset : one.offset + one.length] == piece
        assert [set_.tree.set_id for set_ in one.sets] == ["850" if one.standard == "x12" else "ORDERS"] * 2
    assert codes(data) == (["edi.blanks-outside-interchange"] if between else [])
    back = file_from_json(json.loads(json.dumps(file_to_json(examine(data)))))
    assert back == b"".join(pieces)


def test_what_stands_between_them_is_told_and_takes_none_of_them_along():
    data = order("1") + b"Here are our orders:\n" + advised("2") + b" and more " + order("3")
    assert numbers(data) == ["000000001", "2", "000000003"]
    assert codes(data) == ["edi.data-outside-interchange"] * 2


@pytest.mark.parametrize("between", [b"", b"\n"])
def test_an_interchange_without_its_trailer_ends_where_the_other_syntax_begins(between):
    first, second = order("1"), orders("2")
    torn = first[: first.index(b"IEA*")] + between + second[: second.index(b"UNZ+")] + between + order("3")
    assert numbers(torn) == ["000000001", "2", "000000003"]
    assert codes(torn) == ["edi.interchange-trailer-missing", "edi.interchange-end-missing"]


def test_text_that_quotes_the_other_syntax_ends_no_interchange():
    quoting = order("1", "MSG*They wrote UNB+UNOC:3+SENDER:14+RECEIVER:14+260105:1200+7 to us")
    assert numbers(quoting + orders("2")) == ["000000001", "2"]
    isa = x12.one_interchange(number="000000007").decode()[:105]
    assert numbers(orders("2", f"FTX+AAI+++{isa}") + order("1")) == ["2", "000000001"]


def test_a_file_that_begins_with_long_prose_is_read_whatever_its_syntax():
    assert numbers(b"words and words\n" * 5_000 + orders("2") + order("1")) == ["2", "000000001"]


@pytest.mark.parametrize("chunk", [200, 333, 5_000])
@pytest.mark.parametrize("wrap", [0, 80])
def test_a_file_of_both_syntaxes_read_in_pieces_gives_what_it_gives_whole(monkeypatch, chunk, wrap):
    data = b"\n words \n".join([order("1"), advised("2"), order("3"), orders("4"), orders("5")])
    if wrap:
        flat = data.replace(b"\n", b"")
        data = b"\n".join(flat[at : at + wrap] for at in range(0, len(flat), wrap))
    whole = examine(data)
    parts = [part_facts(part) for part in whole.parts()]
    assert len(parts) == 2 * 5 + 5 + 5
    monkeypatch.setattr(source_module, "CHUNK", chunk)
    pieces = examine(io.BytesIO(data))
    assert [part_facts(part) for part in pieces.parts()] == parts
    assert [(f.code, f.offset) for f in pieces.findings] == [(f.code, f.offset) for f in whole.findings]


def part_facts(part):
    ended = part.set or part.group or part.interchange
    return part.interchange.control_number, ended.offset, ended.length, ended.findings


@pytest.mark.parametrize("line_break", [b"\n", b"\r\n"])
@pytest.mark.parametrize(("file", "terminator"), [(order("1"), b"~"), (orders("1"), b"'"), (advised("1"), b"'")])
def test_a_file_whose_last_line_is_open_comes_back_so(file, terminator, line_break):
    closed = file.replace(terminator, terminator + line_break)
    for data in (closed, closed.removesuffix(line_break), file):
        value = json.loads(json.dumps(file_to_json(examine(data), data)))
        assert file_from_json(value) == data


@pytest.mark.parametrize("chunk", [150, 5_000])
@pytest.mark.parametrize("cut", [60, 111, 200, 300, 361, 420])
@pytest.mark.parametrize("following", [order, orders, advised])
@pytest.mark.parametrize("torn", [order, orders, advised])
def test_story_48_an_interchange_cut_off_within_a_word_takes_nothing_from_the_next(
    monkeypatch, torn, following, cut, chunk
):
    rest, whole = torn("1")[:cut], following("2")
    monkeypatch.setattr(source_module, "CHUNK", chunk)
    last = list(examine(io.BytesIO(rest + whole)))[-1]
    assert last.offset == len(rest) and last.all_findings() == []
    assert [one.tree.root for one in last.sets] == [one.tree.root for i in examine(whole) for one in i.sets]


@pytest.mark.parametrize("head", ["ISA", "GS", "UNB", "UNH"])
def test_line_breaks_behind_segments_are_told_where_the_first_one_stands(head: str) -> None:
    isa = "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260105*1200*U*00401*000000001*0*T*>~\n"
    files = {
        "ISA": isa + "GS*PO*S*R*20260105*1200*1*X*004010~\n",
        "GS": "GS*PO*S*R*20260105*1200*1*X*004010~\nST*850*0001~\nSE*2*0001~\nGE*1*1~\n",
        "UNB": "UNB+UNOA:3+S+R+260105:1200+1'\nUNZ+0+1'\n",
        "UNH": "UNH+1+ORDERS:D:96A:UN'\nUNT+2+1'\n",
    }
    data = files[head].encode()
    told = [f for one in examine(data) for f in one.findings if f.code == "edi.line-break-after-terminator"]
    assert [f.offset for f in told] == [data.index(b"\n")]


@pytest.mark.parametrize(
    ("file", "seems"),
    [
        (order("1").decode().encode("utf-16"), "UTF-16"),
        (order("1").decode().encode("utf-16-be"), "UTF-16"),
        (orders("1").decode().encode("utf-16-le"), "UTF-16"),
        (order("1").decode().encode("cp037"), "EBCDIC"),
        (orders("1").decode().encode("cp500"), "EBCDIC"),
        (gzip.compress(order("1")), "gzip"),
        (b"PK\x03\x04\x14", "ZIP"),
        (b"%PDF-1.7", "PDF"),
        (b'\xef\xbb\xbf{"orders": []}', "JSON"),
        (b"\n<?xml version='1.0'?><Order/>", "XML"),
        (b"-----BEGIN PGP MESSAGE-----", "PGP"),
    ],
)
def test_a_file_of_another_kind_is_told_by_its_kind(file: bytes, seems: str) -> None:
    for read in (examine, edifact_examine):
        examination = read(io.BytesIO(file))
        assert list(examination) == []
        (found,) = [found for found in examination.findings if found.is_error]
        assert found.code == "edi.interchange-missing" and seems in found.message


def test_a_file_that_resembles_nothing_is_told_without_a_guess() -> None:
    examination = examine(b"sku;quantity\nA1;5\n")
    assert list(examination) == []
    assert examination.findings[-1].message.endswith("this is neither X12 nor EDIFACT.")
