"""Where a segment may stand in the order sets, and how often: documents in the order that the standard gives."""

from __future__ import annotations

import pytest

from hub.edi.findings import errors
from hub.edi.grammars.library import default_library
from hub.edi.validation import examine
from tests.unit.edi.conftest import one_group, one_interchange, one_set

ORDER = "BEG*00*SA*4711**20260105~"
REPLY = "BAK*00*AC*4711*20260105~"
CHANGE = "BCH*04*SA*4711***20260105~"
CHANGE_REPLY = "BCA*01*AC*4711***20260105~"
LINE = "PO1*1*5*EA*2.5**UP*012345678905~"
CHANGED = "POC*1*AI*5*5*EA*2.5**UP*012345678905~"
PARTY = "N1*ST*Depot*92*D1~"
NOTE = "N9*L1*Note~"
PAPER = "MTX**Fragile~PWK*PO*EL~"
LEAD = "LDT*AF*5*DA~"


def found(set_id: str, version: str, text: str) -> list[str]:
    body = one_set(*text.rstrip("~").split("~"), set_id=set_id)
    group = one_group(body, functional_id=default_library().functional_id(set_id), version=version)
    later = {"isa11": "^", "version": "00501"} if version == "005010" else {}
    (interchange,) = examine(one_interchange(group, **later))
    return [finding.code for finding in errors(interchange.all_findings())]


RIGHT = {
    "order-line": (
        "850",
        f"{ORDER}{LINE}{NOTE}MSG*Hello~{PARTY}"
        "SLN*1**I*1*EA~DTM*002*20260105~CTP**RES*5~PO4*1~N9*L1*Part~SAC*C*D240***100~QTY*38*1~N1*ST*Depot~"
        "AMT*1*5~CTT*1~",
    ),
    "reply-heading": (
        "855",
        f"{REPLY}{'TAX*1~' * 4}{'ITD*01~' * 3}{PARTY}{'PER*IC*Ann~' * 4}MSG*Dock 4~{LINE}CTT*1~",
    ),
    "reply-line": (
        "855",
        f"{REPLY}{LINE}{'TAX*1~' * 4}FOB*CC~FOB*PP~DTM*002*20260105~{LEAD}TD5*****Road~ACK*IA*1*EA~MAN*GM*1~AMT*1*5~"
        f"TXI*ST*5~QTY*38*1~{'SCH*1*EA***002*20260105~' * 105}{PARTY}TD5*****Road~QTY*38*1~"
        "SLN*1**I*1*EA~CTP**RES*5~ACK*IA*1*EA~SAC*C*D240***100~DTM*002*20260105~PO4*1~QTY*38*1~N9*L1*Part~CTT*1~",
    ),
    "change": (
        "860",
        f"{CHANGE}MAN*GM*1~TXI*ST*5~PCT*DR*5~{CHANGED}MAN*GM*1~PCT*DR*5~TXI*ST*5~MSG*Hello~CTT*1~",
    ),
    "change-reply": ("865", f"{CHANGE_REPLY}{PARTY}MSG*Dock 4~AMT*1*5~{CHANGED}ACK*IA*5*EA~CTT*1~"),
}
SINCE_005010 = {
    "order-heading": ("850", f"{ORDER}{'TD5*****Road~' * 13}{LEAD}QTY*38*1~MTX**Soon~REF*ZZ*1~AMT*1*5~{LINE}CTT*1~"),
    "order-notes": (
        "850",
        f"{ORDER}{NOTE}{PAPER}{LINE}MTX**Hello~{LEAD}MTX**Soon~{NOTE}{PAPER}"
        "SLN*1**I*1*EA~MTX**Part~MEA*PD*LN*5*EA~AMT*1*5~REF*ZZ*1~REF*ZZ*2~CTT*1~",
    ),
    "reply": (
        "855",
        f"{REPLY}{NOTE}{PAPER}{PARTY}MTX**Dock 4~{LINE}{NOTE}{PAPER}SLN*1**I*1*EA~MTX**Part~MEA*PD*LN*5*EA~CTT*1~",
    ),
    "change": (
        "860",
        f"{CHANGE}{LEAD}QTY*38*1~{NOTE}{PAPER}{CHANGED}MTX**Hello~{NOTE}{PAPER}{LEAD}MTX**Soon~"
        f"{PARTY}{LEAD}MTX**Soon~SLN*1**I*1*EA~MTX**Part~CTT*1~",
    ),
    "change-reply": (
        "865",
        f"{CHANGE_REPLY}TXI*ST*5~{LEAD}QTY*38*1~{NOTE}{PAPER}{CHANGED}MTX**Hello~{LEAD}MTX**Soon~{NOTE}{PAPER}CTT*1~",
    ),
    "receipt": ("944", "W17*F*20260105*R1~N1*WH*Depot~W08*M*ABCD~TD1*CTN25*1~LX*1~W07*1*CA**VN*A-1~W14*1~"),
}
WRONG = {
    "order-line": ("850", f"{ORDER}{LINE}AMT*1*5~QTY*38*1~CTT*1~"),
    "reply-line": ("855", f"{REPLY}{LINE}TXI*ST*5~ACK*IA*1*EA~CTT*1~"),
    "change": ("860", f"{CHANGE}PCT*DR*5~MAN*GM*1~{CHANGED}CTT*1~"),
    "change-reply": ("865", f"{CHANGE_REPLY}AMT*1*5~{PARTY}{CHANGED}CTT*1~"),
}


@pytest.mark.parametrize(("set_id", "text"), RIGHT.values(), ids=RIGHT)
def test_the_standards_order_is_clean_in_either_version(set_id, text):
    assert found(set_id, "004010", text) == found(set_id, "005010", text) == []


@pytest.mark.parametrize(("set_id", "text"), SINCE_005010.values(), ids=SINCE_005010)
def test_what_005010_added_is_clean_in_it_alone(set_id, text):
    assert found(set_id, "005010", text) == []
    assert found(set_id, "004010", text) != []


@pytest.mark.parametrize("version", ["004010", "005010"])
@pytest.mark.parametrize(("set_id", "text"), WRONG.values(), ids=WRONG)
def test_another_order_is_an_error(set_id, text, version):
    assert found(set_id, version, text) == ["edi.segment-out-of-sequence"]


def test_the_tax_of_a_charge_has_a_date_from_005010_on():
    taxed = "SAC*C*D240***100~TXI*ST*5~DTM*002*20260105~TXI*ST*6~"
    line = f"IT1*1*5*EA*2.5~{taxed}"
    assert found("810", "005010", f"BIG*20260105*1~{line}TDS*1250~{taxed}CTT*1~") == []
