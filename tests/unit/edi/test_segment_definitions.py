"""Segments as the standard has them: the places late in one, elements at their full width, rules between them."""

from __future__ import annotations

import pytest

from hub.edi.validation import examine
from tests.unit.edi.conftest import one_group, one_interchange, one_set

# A set's group, and the least it may hold; None is where the segment under test stands.
BODIES = {
    "810": ("IN", None, "TDS*100"),
    "850": ("PO", "BEG*00*SA*4711**20260105", None, "PO1*1*5*EA"),
    "856": ("SH", "BSN*00*S1*20260105*1200", "HL*1**S", None),
    "860": ("PC", None),
    "865": ("CA", None),
    "940": ("OW", "W05*N*D1", "N1*ST*Depot", None, "LX*1", "W01*5*EA**VN*A-1", "W76*5"),
    "943": ("AR", "W06*F*D1*20260105", "N1*ST*Depot", "W27*M*ABCD", None, "W03*5"),
    "944": ("RE", "W17*F*20260105*R1", "N1*WH*Depot", None, "W07*1*CA**VN*A-1", "W14*1"),
    "945": ("SW", "W06*F*D1*20260105", "N1*ST*Depot", "LX*1", None, "W03*1"),
}


def found(set_id: str, version: str, segment: str) -> list[tuple[str, str]]:
    functional_id, *lines = BODIES[set_id]
    body = "~".join(line or segment for line in lines).split("~")
    data = one_interchange(one_group(one_set(*body, set_id=set_id), functional_id=functional_id, version=version))
    (interchange,) = examine(data)
    return [(f.code, f.designator) for f in interchange.all_findings()]


@pytest.mark.parametrize(
    ("set_id", "version", "segment"),
    [
        ("856", "004010", "TD5*B*2*UPSN*M*UPS GROUND**OR*CHICAGO IL"),
        ("856", "004010", "TD5*B*2*UPSN****OR*CHICAGO IL*IN*CD*2"),
        ("856", "004010", "SN1**10*EA*123456789012345"),
        ("856", "005010", "MEA*PD*LN*5*EA*******92*A"),
        ("856", "005010", "MEA*PD*LN***5******92*A"),
        ("850", "004010", "CSH*Y********.5*01"),
        ("850", "004010", "DIS*CAS*CA*5*DOF*1000"),
        ("850", "004010", "TAX*1234567***********1*A"),
        ("850", "004010", "SAC*C*D240***500********REF-1*2"),
        ("850", "004010", "FOB*PP********DOCK 7"),
        ("850", "004010", "PO1*1*5*EA~SCH*5*EA**DOCK 7*002*20260105"),
        ("810", "005010", "BIG*20260105*1001********1001*0001"),
        ("860", "004010", "BCH*04*SA*1***20260105*******01*AC*SA*GR"),
        ("865", "004010", "BCA*04*AC*1***20260105****20260106**20260107*SA*01*SA"),
        ("940", "004010", "W09*RT*34*FA*38*FA**9*80*12"),
        ("943", "004010", "W04*480*EA**VN*A-1*******010006*01*LT*7"),
        ("944", "004010", "W08*M*ABCD**TRLU*5312345678*SEAL123456*SEAL7*01*CC"),
        ("944", "005010", "W08*R**BNSF*TRLU*531234567890123"),
        ("945", "004010", "W12*IS*1*1*0*EA**VN*A********012345678905*VN*B*01*A*LT*7"),
    ],
)
def test_a_segment_in_its_full_width_is_clean(set_id, version, segment):
    assert found(set_id, version, segment) == []


@pytest.mark.parametrize(
    ("set_id", "version", "segment", "finding"),
    [
        ("856", "004010", "TD5*B*2*UPSN****OR", ("edi.condition-not-met", "TD508")),
        ("856", "004010", "MEA*PD*LN*5*EA*******92*A", ("edi.too-many-elements", "MEA11")),
        ("850", "004010", "CSH*Y*1", ("edi.condition-not-met", "CSH03")),
        ("850", "004010", "SAC*C*D240***500*********2", ("edi.condition-not-met", "SAC13")),
        ("850", "004010", "FOB*PP*******CU", ("edi.condition-not-met", "FOB09")),
        ("944", "004010", "W08*M**ROUTE", ("edi.condition-not-met", "W0802")),
        ("945", "004010", "W12*CC*1*1*0*EA", ("edi.condition-not-met", "W1206")),
        ("945", "004010", "W12*CC*1*1*0*EA**VN*A********0123", ("edi.element-too-short", "W1216")),
    ],
)
def test_what_the_definition_of_a_segment_rules_out_is_told(set_id, version, segment, finding):
    assert finding in found(set_id, version, segment)
