"""A partner that others wrote (`mock-edi`): it reads what we write, and we read what it answers.

Its dictionary knows a dozen sets with the segments that its own scenarios need, so of our fuller specimens it says that
it does not know a segment or a code. Those are gaps of its dictionary; nothing else may it find.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from hub.cli.edi import edi
from hub.edi.validation import examine

testing = pytest.importorskip("mockedi.testing", reason="needs mock-edi (make test installs it)")

SETS = ["810", "820", "850", "855", "856", "860", "865", "997"]
MESSAGES = ["CONTRL", "DESADV", "INVOIC", "ORDCHG", "ORDERS", "ORDRSP"]
WRITTEN = [(one, version) for one in SETS for version in ("004010", "005010")] + [(one, "D96A") for one in MESSAGES]
ITS_GAPS = re.compile(
    r"is not a segment this transaction set defines|is not a code \S+ accepts"
    r"|is defined by (850|ORDERS) but not at this point"  # allowances before the lines, amounts before the count
    r"|CAD may be used 1 time"  # those of lines are counted with the one of the whole
    r"|one or more segments in error"
)
ITS_FAULTS = {
    ("855", "edi.segment-out-of-sequence", "PID"),  # a line's description and references stand before its ACK
    ("855", "edi.segment-out-of-sequence", "REF"),
    ("ORDRSP", "edi.segment-out-of-sequence", "FTX"),  # and a line's text before its price
    ("INVOIC", "edi.segment-out-of-sequence", "CNT"),  # and the count before the amounts
}


@pytest.fixture(scope="module")
def partner() -> Iterator[Any]:
    with testing.Mock.start() as started:
        yield started


@pytest.mark.parametrize(("set_id", "version"), WRITTEN)
def test_it_finds_nothing_wrong_with_what_we_write(partner: Any, set_id: str, version: str) -> None:
    made = CliRunner().invoke(edi, ["new", set_id, "--version", version])
    assert made.exit_code == 0, made.output
    verdict, *found = partner.findings(made.stdout)
    assert re.search(r": accepted", verdict), verdict
    assert [one for one in found if not ITS_GAPS.search(one)] == []


def purchase_order(sender: str, sku: str, price: str, control: int) -> str:
    """Two lines, of which it knows one."""
    body = [
        "ST*850*0001", f"BEG*00*SA*PO{control}**20261123", "N1*ST*Store 17*92*0017", "N3*1 Main Street",
        "N4*Boston*MA*02210*US", f"PO1*1*24*EA*{price}**VP*{sku}", "PO1*2*9*EA*5.00**VP*NO-SUCH-ITEM", "CTT*2",
    ]  # fmt: skip
    return "~".join([
        f"ISA*00*          *00*          *ZZ*{sender:15}*ZZ*MOCKEDI        *261123*1200*U*00401*{control:09}*0*T*>",
        f"GS*PO*{sender}*MOCKEDI*20261123*1200*{control}*X*004010",
        *body, f"SE*{len(body) + 1}*0001", f"GE*1*{control}", f"IEA*1*{control:09}", "",
    ])  # fmt: skip


def orders(sender: str, sku: str, price: str, control: int) -> str:
    """The same as EDIFACT."""
    body = [
        "UNH+1+ORDERS:D:96A:UN", f"BGM+220+PO{control}+9", "DTM+137:20261123:102", f"NAD+BY+{sender}::92",
        "NAD+ST+0017::92++Store 17+1 Main Street+Boston++02210+US", "CUX+2:EUR:9",
        f"LIN+1++{sku}:SA", "QTY+21:24:PCE", f"PRI+AAA:{price}", "LIN+2++NO-SUCH-ITEM:SA", "QTY+21:9:PCE", "PRI+AAA:5",
        "UNS+S", "CNT+2:2",
    ]  # fmt: skip
    return "'".join([
        f"UNB+UNOC:3+{sender}:14+MOCKEDI:ZZ+261123:1200+{control}++++++1", *body, f"UNT+{len(body) + 1}+1",
        f"UNZ+1+{control}", "",
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("write", "sender", "answers"),
    [
        (purchase_order, "ACME", ["997", "855", "856", "810"]),
        (orders, "EURODIS", ["CONTRL", "ORDRSP", "DESADV", "INVOIC"]),
    ],
)
def test_we_find_in_its_answers_what_is_wrong_and_nothing_else(
    partner: Any, write: Any, sender: str, answers: list[str]
) -> None:
    item = partner.expect("GET", "/_mock/catalog")[0]
    sent = write(sender, item["sku"], item["price"], 1)
    assert [finding for interchange in examine(sent.encode()) for finding in _errors(interchange)] == []
    assert partner.send(sent)["accepted"]
    partner.advance(everything=True)
    partner.settle()
    came = {row["code"]: row for row in partner.documents(partner=sender) if row["direction"] == "out"}
    assert sorted(came) == sorted(answers)
    for code, row in came.items():
        whole = partner.expect("GET", f"/_mock/documents/{row['id']}")["payload"]
        (interchange,) = examine(whole.encode("latin-1"))
        (one,) = interchange.sets
        assert one.set_id == code and one.tree is not None
        assert {(code, f.code, f.segment) for f in _errors(interchange)} <= ITS_FAULTS


def _errors(interchange: Any) -> list[Any]:
    found = [*interchange.findings, *(finding for one in interchange.sets for finding in one.findings)]
    return [finding for finding in found if finding.is_error]
