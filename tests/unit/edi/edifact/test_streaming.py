"""Files of any size: read piece by piece they give what they give whole, and what was handed out is let go."""

from __future__ import annotations

import io

import pytest

from hub.edi.edifact import scan
from hub.edi.edifact.validation import examine
from hub.edi.inbound import Terms, apply_rules
from hub.edi.partner.profile import Profile
from hub.edi.reading import source as source_module

CHANGES = [
    lambda d: d,
    lambda d: b"UNA:+.? '" + d,
    lambda d: d.replace(b"'", b"'\r\n"),
    lambda d: d.replace(b"'", b"\n"),
    lambda d: d.replace(b"4711", b"4?'7?+11??"),
    lambda d: d.replace(b"'UNH", b"'XYZ+1'  UNH"),
    lambda d: d.replace(b"UNT+", b"UNX+", 3),
    lambda d: d.replace(b"'UNT+", b"\nUNT+"),
    lambda d: d.replace(b"UNZ+", b"UNY+"),
    lambda d: d.replace(b"4711", "Süd".encode()),
    lambda d: b"\n".join(d[at : at + 80] for at in range(0, len(d), 80)),
    lambda d: b"  \n" + d + b"garbage" + d,
]


@pytest.mark.parametrize("chunk", [200, 333, 5_000])
@pytest.mark.parametrize("change", CHANGES, ids=range(len(CHANGES)))
def test_a_file_read_in_pieces_gives_what_it_gives_whole(monkeypatch, parts, order_segments, change, chunk):
    message, group, interchange = parts
    messages = [message(*order_segments, number=f"M{n:04d}") for n in range(1, 12)]
    data = change(interchange(group(*messages), group(*messages, number="8")) + interchange(*messages, number="REF2"))
    whole = list(examine(data).parts())
    monkeypatch.setattr(source_module, "CHUNK", chunk)
    examination = examine(io.BytesIO(data))
    pieces = list(examination.parts())
    assert len(pieces) == len(whole)
    for one, other in zip(pieces, whole, strict=True):
        assert one.interchange.findings == other.interchange.findings
        if one.set and other.set:
            assert (one.set.offset, one.set.length, one.set.raw) == (other.set.offset, other.set.length, other.set.raw)
            assert (one.set.tree, one.set.findings) == (other.set.tree, other.set.findings)
        elif one.group and other.group:
            assert (one.group.offset, one.group.length) == (other.group.offset, other.group.length)
            assert (one.group.received, one.group.findings) == (other.group.received, other.group.findings)
        else:
            assert one.interchange.offset == other.interchange.offset
            assert (one.interchange.length, one.interchange.trailer) == (
                other.interchange.length, other.interchange.trailer,
            )  # fmt: skip


class Endless(io.RawIOBase):
    """A file of one byte string after another, so many times, which is never whole in memory."""

    def __init__(self, head: bytes, piece: bytes, times: int) -> None:
        self.kept, self.piece, self.times = head, piece, times

    def read(self, size: int = -1) -> bytes:
        while len(self.kept) < size and self.times:
            self.times -= 1
            self.kept += self.piece
        given, self.kept = self.kept[:size], self.kept[size:]
        return given


def test_what_was_handed_out_is_let_go(monkeypatch, parts, order_segments):
    message, _, interchange = parts
    monkeypatch.setattr(source_module, "CHUNK", 10_000)
    head = interchange().partition(b"UNZ")[0]
    examination = examine(Endless(head, message(*order_segments).encode(), 2_000), trees=False)
    largest = counted = 0
    for ended in examination.parts():
        largest = max(largest, len(examination._reader._source.window))
        counted += ended.set is not None
    assert counted == 2_000 and largest < 40_000


def test_a_message_that_is_too_long_is_not_read_and_its_neighbours_are(monkeypatch, parts, order_segments):
    message, _, interchange = parts
    monkeypatch.setattr(source_module, "CHUNK", 1_000)
    monkeypatch.setattr(scan, "LONGEST_MESSAGE", 20_000)
    long = message("BGM+220+1+9", *["LIN+1"] * 8_000, number="2")
    data = interchange(message(*order_segments), long, message(*order_segments, number="3"))
    for file in (data, io.BytesIO(data)):
        sets = [ended.set for ended in examine(file).parts() if ended.set]
        assert [[f.code for f in one.findings] for one in sets] == [[], ["edi.set-too-large"], []]
        assert sets[1].length == len(long) and sets[1].raw == b"" and sets[1].tree is None


def test_a_service_segment_without_end_is_cut(monkeypatch):
    monkeypatch.setattr(source_module, "CHUNK", 1_000)
    data = b"UNB+UNOC:3+A+B+260105:1200+1'UNH+" + b"1" * 200_000 + b"'UNT+2+1'"
    for file in (data, io.BytesIO(data)):
        (interchange,) = examine(file)
        assert interchange.messages == 1


def test_a_partners_rules_say_what_is_an_error(edifact):
    data = edifact("BGM+220+4711+9", "DTM+137:20260105:102", "NAD+BYER+1", "UNS+S")
    rules = {"edi.element-too-long NAD01": "warning", "edi.set-not-supported": "error"}
    (interchange,) = examine(data)
    apply_rules(interchange, Terms(Profile(rules=rules)))
    assert [(f.code, f.severity) for f in interchange.all_findings()] == [("edi.element-too-long", "warning")]
