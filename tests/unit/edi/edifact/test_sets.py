"""One specimen of every message type: it is clean in both directories, nests as it should, and comes back the same."""

from __future__ import annotations

from datetime import datetime

import pytest

from hub.edi.edifact.validation import examine
from hub.edi.edifact.writer import Envelope, message, write
from hub.edi.grammar import BUILT_IN
from hub.edi.tree import Loop

ENVELOPE = Envelope("4012345000009", "4012345000016", "REF1", datetime(2026, 1, 6, 9, 30))
DATE = "DTM+137:20260105:102"

SPECIMENS = {
    "ORDERS": (
        "BGM+220+4711+9", DATE, "DTM+2:20260112:102", "FTX+AAI+++Ring twice", "RFF+CT:C77", "DTM+171:20251201:102",
        "NAD+BY+4012345000009::9++Shop+High Street 1+Bonn++53111+DE", "RFF+API:7", "CTA+OC+:Ann Lee", "COM+228123:TE",
        "NAD+SU+4012345000016::9", "TAX+7+VAT+++:::19", "CUX+2:EUR:9", "PAT+1++5:3:D:30", "TDT+20++30", "TOD+3++DDP",
        "LIN+1++4012345000122:EN", "PIA+1+A-7:SA+B-9:IN", "IMD+F++:::Widget", "QTY+21:12:PCE", "DTM+2:20260112:102",
        "MOA+203:111", "PRI+AAA:9.25", "PAC+1++CT", "LOC+7+4012345000023::9", "QTY+11:12", "ALC+A", "PCD+3:5",
        "LIN+2++4012345000139:EN", "QTY+21:0.5:KGM", "UNS+S", "MOA+79:111", "CNT+2:2",
    ),
    "ORDRSP": (
        "BGM+231+4711-1+29", DATE, "RFF+ON:4711", "DTM+171:20260105:102", "NAD+SU+4012345000016::9", "CUX+2:EUR:9",
        "LIN+1+3+4012345000122:EN", "QTY+21:12", "QTY+113:10", "FTX+AAI+++Short", "PRI+AAA:9.25", "RFF+ON:4711:1",
        "LIN+2+7+4012345000139:EN", "UNS+S", "CNT+2:2",
    ),
    "DESADV": (
        "BGM+351+S1+9", DATE, "DTM+11:202601060930:203", "RFF+ON:4711", "NAD+SU+4012345000016::9",
        "NAD+DP+4012345000023::9", "TDT+20++30+31", "CPS+1", "PAC+2", "CPS+2+1", "PAC+1++CT", "MEA+PD+AAB+KGM:1.5",
        "PCI+33E", "GIN+BJ+340123450000000014", "LIN+1++4012345000122:EN", "QTY+12:7", "RFF+ON:4711:1", "CPS+3+1",
        "PAC+1++CT", "PCI+33E", "GIN+BJ+340123450000000021", "LIN+2++4012345000122:EN", "QTY+12:5", "CNT+2:2",
    ),
    "INVOIC": (
        "BGM+380+R1+9", DATE, "DTM+35:20260106:102", "RFF+ON:4711", "RFF+DQ:S1", "NAD+SU+4012345000016::9",
        "RFF+VA:DE123456789", "NAD+BY+4012345000009::9", "CUX+2:EUR:4", "PAT+3++5:3:D:30", "LIN+1++4012345000122:EN",
        "QTY+47:12", "MOA+203:111", "PRI+AAA:9.25", "TAX+7+VAT+++:::19+S", "UNS+S", "CNT+2:1", "MOA+77:132.09",
        "MOA+125:111", "TAX+7+VAT+++:::19+S", "MOA+124:21.09",
    ),
    "CONTRL": (
        "UCI+REF1+4012345000009+4012345000016+7", "UCM+1+ORDERS:D:96A:UN+7", "UCM+2+ORDERS:D:96A:UN+4+29", "UCS+7",
        "UCD+39+3:1", "UCF+G1+A+B+4+13",
    ),
    "ORDCHG": (
        "BGM+230+4711+4", DATE, "RFF+ON:4711", "NAD+BY+4012345000009::9", "NAD+SU+4012345000016::9",
        "LIN+1+3+4012345000122:EN", "QTY+21:8", "PRI+AAA:9.25", "LIN+2+2+4012345000139:EN", "QTY+21:1", "UNS+S",
        "CNT+2:2",
    ),
    "INVRPT": (
        "BGM+35+I1+9", DATE, "NAD+SU+4012345000016::9", "NAD+WH+4012345000030::9", "LIN+1++4012345000122:EN",
        "QTY+145:120:PCE", "LIN+2++4012345000139:EN", "QTY+145:0",
    ),
    "RECADV": (
        "BGM+632+E1+9", DATE, "DTM+50:20260107:102", "RFF+ON:4711", "RFF+AAK:S1", "NAD+BY+4012345000009::9",
        "NAD+SU+4012345000016::9", "CPS+1", "LIN+1++4012345000122:EN", "QTY+12:7", "QTY+194:6", "QVR+1:119+BP+AC",
    ),
    "RETANN": (
        "BGM+24E+T1+9", DATE, "RFF+ON:4711", "NAD+BY+4012345000009::9", "NAD+SU+4012345000016::9",
        "LIN+1++4012345000122:EN", "QTY+61:2", "CDI+1+7::9", "UNS+S", "CNT+2:1",
    ),
    "IFTMIN": (
        "BGM+610+T1+9", DATE, "TSR+27", "CNT+11:2", "TDT+20++30+31", "NAD+CZ+4012345000016::9",
        "NAD+CN+++Ann Lee+High Street 1+Bonn++53111+DE", "GID+1+2:CT", "MEA+AAE+G+KGM:3.5", "PCI+33E",
        "GIN+BJ+340123450000000014",
    ),
    "IFTSTA": (
        "BGM+77+Q1+9", DATE, "NAD+CA+4012345000047::9", "CNI+1+S1", "STS+1+21", "RFF+CN:340123450000000014",
        "DTM+78:202601071210:203", "LOC+7+4012345000023::9",
    ),
    "APERAK": (
        "BGM+313+A1+27", DATE, "FTX+AAO+++Not known", "RFF+ACW:4711", "NAD+BY+4012345000009::9", "ERC+12::9",
        "FTX+AAO+++Unknown item", "RFF+LI:2",
    ),
}  # fmt: skip

LATER = {
    "INVRPT": (
        "BGM+35+I1+9", DATE, "NAD+SU+4012345000016::9", "LIN+1++4012345000122:EN", "INV++11", "QTY+145:120:PCE",
        "LIN+2++4012345000139:EN", "INV++11", "QTY+145:0",
    ),
}  # fmt: skip
"""Types whose order of segments differs in directory D.01B."""


@pytest.fixture(params=[(kind, version) for kind in SPECIMENS for version in ("D96A", "D01B")], ids="-".join)
def specimen(request, parts):
    """The bytes of a specimen in a directory."""
    kind, version = request.param
    one_message, _, one_interchange = parts
    directory = "D:3" if kind == "CONTRL" else f"{version[0]}:{version[1:]}"
    segments = LATER.get(kind, SPECIMENS[kind]) if version == "D01B" else SPECIMENS[kind]
    return one_interchange(one_message(*segments, kind=kind, directory=directory))


def test_a_specimen_has_no_findings_and_is_written_again_as_it_was(specimen, found):
    assert found(specimen) == []
    ((one,),) = [list(i.sets) for i in examine(specimen)]
    again = write([message(one.set_id, one.tree.root, "1", one.version, association="EAN008")], ENVELOPE)
    assert again.partition(b"UNH")[2].rpartition(b"UNT")[0] == specimen.partition(b"UNH")[2].rpartition(b"UNT")[0]


def test_every_grammar_has_a_specimen():
    assert {path.stem for path in (BUILT_IN / "edifact").glob("[A-Z]*.yaml")} == set(SPECIMENS)


def test_packages_nest_by_the_level_they_name(parts):
    one_message, _, one_interchange = parts
    (interchange,) = examine(one_interchange(one_message(*SPECIMENS["DESADV"], kind="DESADV")))
    (root,) = [one.tree.root for one in interchange.sets]
    (top,) = root.loops("SG10")
    inner = list(top.loops("SG10"))
    assert [level.trigger[1] for level in (top, *inner)] == ["1", "2", "3"]
    assert all(isinstance(next(level.loops("SG15")), Loop) for level in inner)
