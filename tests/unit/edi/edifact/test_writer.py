"""Writing EDIFACT: delimiters, character sets, refusals, and that what was written reads back the same."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from datetime import datetime

import pytest

from hub.edi.build import build
from hub.edi.delimiters import USUAL, Delimiters
from hub.edi.edifact.validation import examine
from hub.edi.edifact.writer import Envelope, message, write
from hub.edi.findings import EdiError
from hub.edi.grammars.library import default_library
from hub.edi.specimen import specimen
from hub.edi.specimen import specimens as make_specimens
from hub.edi.tree import Loop, Repeats

WHEN = datetime(2026, 1, 6, 9, 30)
DEFAULTS = USUAL["edifact"]
ENVELOPE = Envelope("4012345000009", "4012345000016", "REF1", WHEN, sender_qualifier="14", receiver_qualifier="14")


def order(text="Widget", number="4711"):
    """An ORDERS with a text of any kind in it."""
    line = Loop(
        "SG25", [("LIN", "1", "", ("4012345000122", "EN")), ("IMD", "F", "", ("", "", "", text)), ("QTY", ("21", "5"))]
    )
    head = [("BGM", "220", number, "9"), ("DTM", ("137", "20260105", "102")), ("FTX", "AAI", "", "", (text, text))]
    return Loop("ORDERS", [*head, line, ("UNS", "S")])


def read_back(data):
    (interchange,) = examine(data)
    assert [f for f in interchange.all_findings() if f.severity == "error" or f.kind == "standard"] == []
    return [one.tree for one in interchange.sets]


def test_messages_are_written_in_their_envelope():
    assert write([message("ORDERS", order(), "M1", association="EAN008")], ENVELOPE) == (
        b"UNB+UNOC:3+4012345000009:14+4012345000016:14+260106:0930+REF1'UNH+M1+ORDERS:D:96A:UN:EAN008'BGM+220+4711+9'"
        b"DTM+137:20260105:102'FTX+AAI+++Widget:Widget'LIN+1++4012345000122:EN'IMD+F++:::Widget'QTY+21:5'UNS+S'"
        b"UNT+9+M1'UNZ+1+REF1'"
    )


def test_the_envelope_says_what_the_profile_says():
    envelope = replace(
        ENVELOPE, syntax_id="UNOW", syntax_version="4", usage="T", application_reference="ORDERS", agreement="EANCOM",
        acknowledgement_requested=True, sender_internal_id="DEPT", group_reference="G1",
        delimiters=DEFAULTS._replace(repetition="*", suffix="\n"), una="always",
    )  # fmt: skip
    lines = (
        write([message("ORDERS", order("Łódź"), "1"), message("ORDERS", order(), "2")], envelope).decode().splitlines()
    )
    assert lines[:3] == [
        "UNA:+.?*'",
        "UNB+UNOW:4+4012345000009:14:DEPT+4012345000016:14+20260106:0930+REF1++ORDERS++1+EANCOM+1'",
        "UNG+ORDERS+4012345000009+4012345000016+260106:0930+G1+UN+D:96A'",
    ]
    assert lines[-2:] == ["UNE+2+G1'", "UNZ+1+REF1'"]


@pytest.mark.parametrize(
    ("delimiters", "una", "starts"),
    [
        (DEFAULTS, "needed", b"UNB+"), (DEFAULTS, "always", b"UNA:+.? 'UNB+"),
        (DEFAULTS._replace(terminator="~"), "needed", b"UNA:+.? ~UNB+"),
        (DEFAULTS._replace(decimal=","), "needed", b"UNA:+,? 'UNB+"),
        (DEFAULTS._replace(release=""), "needed", b"UNA:+.  'UNB+"),
        (Delimiters("\x1d", "\x1f", "\x1c"), "needed", b"UNA\x1f\x1d.  \x1cUNB\x1d"),
    ],
)  # fmt: skip
def test_una_is_written_where_it_is_needed_or_wanted(delimiters, una, starts):
    data = write([message("ORDERS", order(), "1")], replace(ENVELOPE, delimiters=delimiters, una=una))
    assert data.startswith(starts)
    assert read_back(data)[0].root == order()


@pytest.mark.parametrize(
    "change",
    [
        {"sender_id": ""}, {"receiver_id": "x" * 36}, {"control_reference": "x" * 15}, {"control_reference": "a b"},
        {"syntax_id": "ABCD"}, {"syntax_version": "5"}, {"delimiters": DEFAULTS._replace(repetition="*")},
        {"delimiters": DEFAULTS._replace(component="+")}, {"delimiters": DEFAULTS._replace(terminator="ü")},
        {"delimiters": DEFAULTS._replace(terminator="~"), "una": "never"},
        {"delimiters": DEFAULTS._replace(component="\n")},
    ],
)  # fmt: skip
def test_an_envelope_that_cannot_be_written_is_refused(change):
    with pytest.raises(EdiError) as refused:
        write([message("ORDERS", order(), "1")], replace(ENVELOPE, **change))
    assert refused.value.code == "edi.envelope-invalid"


def test_what_would_not_validate_is_refused_with_the_findings_a_reader_has():
    root = order()
    del root.children[1]
    with pytest.raises(EdiError) as refused:
        write([message("ORDERS", root, "1")], ENVELOPE)
    assert refused.value.code == "edi.not-valid"
    assert [(f.code, f.segment, f.position) for f in refused.value.findings] == [("edi.segment-missing", "DTM", 3)]


@pytest.mark.parametrize(
    ("syntax_id", "text", "replaced"),
    [("UNOA", "Süßwaren", "S?SSWAREN"), ("UNOB", "Süd@", "S?d?"), ("UNOC", "Łódź", "?ód?"), ("UNOC", "a\tb", "a?b"),
     ("UNOE", "Süd Москва", "S?d Москва"), ("UNOW", "Łódź 你好\x00", "Łódź 你好?")],
)  # fmt: skip
def test_forbidden_characters_are_refused_or_replaced_as_the_partner_has_it(syntax_id, text, replaced):
    envelope = replace(ENVELOPE, syntax_id=syntax_id, syntax_version="4", delimiters=DEFAULTS._replace(repetition="*"))
    one = message("ORDERS", order(text), "1")
    with pytest.raises(EdiError) as refused:
        write([one], envelope)
    assert refused.value.code == "edi.characters-forbidden"
    assert {(f.code, f.value) for f in refused.value.findings} == {("edi.character-invalid", text)}
    (tree,) = read_back(write([one], envelope, replacement="."))
    assert tree.root.children[2][4][0] == replaced.replace("?", ".")


def test_a_delimiter_without_release_character_is_replaced_or_refused():
    envelope = replace(ENVELOPE, delimiters=DEFAULTS._replace(release=""))
    with pytest.raises(EdiError):
        write([message("ORDERS", order("a+b"), "1")], envelope)
    (tree,) = read_back(write([message("ORDERS", order("a+b"), "1")], envelope, replacement=" "))
    assert tree.root.children[2][4][0] == "a b"


def test_repetitions_need_version_4():
    root = order()
    root.children[2] = ("FTX", "AAI", "", "", Repeats([("a",), ("b",)]))
    with pytest.raises(EdiError) as refused:
        write([message("ORDERS", root, "1")], ENVELOPE)
    assert [f.code for f in refused.value.findings] == ["edi.too-many-repetitions"]


def test_every_segment_of_a_group_can_be_built_by_name():
    root = build("edifact", "ORDERS", "D96A", {
        "BGM01": "220", "BGM02": "4711", "BGM03": "9",
        "DTM": [{"DTM01-1": "137", "DTM01-2": "20260105", "DTM01-3": "102"}],
        "SG2": [{"NAD01": "BY", "NAD02-1": "4012345000009", "NAD02-3": "9"}],
        "SG25": [{"LIN01": 1, "LIN03-1": "4012345000122", "LIN03-2": "EN", "QTY": [{"QTY01-1": "21", "QTY01-2": 5}]}],
        "UNS01": "S",
    })  # fmt: skip
    data = write([message("ORDERS", root, "1")], ENVELOPE)
    assert b"NAD+BY+4012345000009::9'LIN+1++4012345000122:EN'QTY+21:5'UNS+S'" in data


PARSE = """
use Business::Edifact::Interchange;
my $i = Business::Edifact::Interchange->new;
$i->parse_file($ARGV[0]);
for my $one (@{$i->messages()}) {
    print join(" ", $one->type(), $one->reference_number(), scalar(@{$one->items()})), "\\n";
}
"""


def perl_reads_it() -> bool:
    perl = shutil.which("perl")
    ask = [perl or "perl", "-MBusiness::Edifact::Interchange", "-e", "1"]
    return perl is not None and subprocess.run(ask, capture_output=True).returncode == 0


needs_perl = pytest.mark.skipif(not perl_reads_it(), reason="needs Debian's libbusiness-edifact-interchange-perl")


def parsed_by_perl(path, data):
    path.write_bytes(data)
    said = subprocess.run(["perl", "-e", PARSE, str(path)], capture_output=True, text=True, check=True)
    return said.stdout.splitlines()


@needs_perl
@pytest.mark.parametrize("una", ["needed", "always"])
def test_another_implementation_reads_what_we_write(tmp_path, una):
    sent = [message("ORDERS", order("It's 5+5"), "M1"), message("ORDERS", order(), "M2")]
    data = write(sent, replace(ENVELOPE, una=una))
    assert parsed_by_perl(tmp_path / "orders.edi", data) == ["ORDERS M1 1", "ORDERS M2 1"]


@needs_perl
def test_another_implementation_reads_every_type_of_ours(tmp_path, parts):
    one_message, _, one_interchange = parts
    library = default_library("edifact")
    kinds = [kind for kind in make_specimens("edifact") if " " not in kind and kind != "CONTRL"]
    bodies = {kind: specimen(library, kind, "D96A") or [] for kind in kinds}
    read = read_back(one_interchange(*(one_message(*bodies[k], kind=k, number=k) for k in kinds)))
    data = write([message(one.set_id, one.root, one.set_id) for one in read], ENVELOPE)
    said = [line.rsplit(" ", 1)[0] for line in parsed_by_perl(tmp_path / "all.edi", data)]
    assert said == [f"{kind} {kind}" for kind in kinds]
