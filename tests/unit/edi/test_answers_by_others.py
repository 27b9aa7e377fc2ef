"""Our acknowledgements as another validator reads them: pyx12, whose maps know 997, 999 and TA1.

Its maps are those of health care: they know no functional identifier and no set of trade, so `PO` is told it as `HC`,
850 as 837, and a 999 as the implementation of health care.
"""

from __future__ import annotations

import io
import json
import logging
from pathlib import Path

import pytest

from hub.edi.x12.acknowledge import Policy
from hub.edi.x12.ta1 import acknowledge_interchange, write_interchange_answer
from tests.unit.edi.test_answer_codes import ELEMENT, GROUP, INTERCHANGE, SEGMENT, SET, WHEN, answer, only

pyx12_document = pytest.importorskip("pyx12.x12n_document", reason="needs pyx12 (make test installs it)")
pyx12_params = pytest.importorskip("pyx12.params")

HEALTH_CARE = [(b"AK1*PO", b"AK1*HC"), (b"AK1*IN", b"AK1*HC"), (b"AK2*850", b"AK2*837"), (b"AK2*100", b"AK2*837")]
IMPLEMENTATION = [
    (b"*X*005010~", b"*X*005010X231A1~"), (b"ST*999*0001~", b"ST*999*0001*005010X231A1~"),
    (b"*005010~AK2", b"*005010X222A1~AK2"), (b"AK2*837*0001~", b"AK2*837*0001*005010X222A1~"),
    (b"AK2*837*0002~", b"AK2*837*0002*005010X222A1~"),
]  # fmt: skip
# Codes that its map of the 997 does not list, and a functional identifier that is none.
BEYOND_ITS_997 = {"AK403 12", "AK403 13", "AK905 19", "AK905 1"}
NEVER_READ = {"AK905 1", "AK905 2"}
# Ids that are wrong stand in the answer's envelope too; ISA13 without digits is answered as 0.
UNANSWERABLE = {"TA1 005", "TA1 006", "TA1 007", "TA1 008"}


def faults(data: bytes, folder: Path) -> list[str]:
    """What pyx12 finds wrong with a file."""
    logging.getLogger("pyx12").setLevel(logging.CRITICAL)
    path, report = folder / "answer.x12", io.StringIO()
    path.write_bytes(data)
    good = pyx12_document.x12n_document(pyx12_params.params(), str(path), None, None, fd_json=report)
    found = [error["err_str"] for error in _errors(json.loads(report.getvalue()))] if not good else []
    return found or ([] if good else ["refused"])


def _errors(value: object) -> list[dict[str, str]]:
    if isinstance(value, list):
        return [error for one in value for error in _errors(one)]
    if not isinstance(value, dict):
        return []
    own = [error for error in value.get("errors", ()) if isinstance(error, dict)]
    return own + [error for one in value.values() for error in _errors(one) if one is not value.get("errors")]


def told(data: bytes, changes: list[tuple[bytes, bytes]]) -> bytes:
    for old, new in changes:
        data = data.replace(old, new)
    return data


@pytest.mark.parametrize("code", sorted({*SEGMENT, *ELEMENT, *SET, *GROUP} - BEYOND_ITS_997))
def test_a_997_reads_clean_elsewhere(code, tmp_path):
    _, data = answer(only({**SEGMENT, **ELEMENT, **SET, **GROUP}[code]))
    assert faults(told(data, HEALTH_CARE), tmp_path) == []


@pytest.mark.parametrize("code", sorted({*SEGMENT, *ELEMENT, *SET, *GROUP} - NEVER_READ))
def test_a_999_reads_clean_elsewhere(code, tmp_path):
    inbound = {**SEGMENT, **ELEMENT, **SET, **GROUP}[code]
    inbound = inbound.replace(b"*U*00401*", b"*^*00501*").replace(b"004010", b"005010")
    _, data = answer(only(inbound), Policy(answer="999"))
    assert faults(told(data, [*HEALTH_CARE, *IMPLEMENTATION]), tmp_path) == []


@pytest.mark.parametrize("code", sorted(set(INTERCHANGE) - UNANSWERABLE))
def test_a_ta1_reads_clean_elsewhere(code, tmp_path):
    interchange = only(INTERCHANGE[code])
    decision = acknowledge_interchange(interchange, Policy(interchange="always"))
    data = write_interchange_answer(decision, interchange, interchange_control_number=9, when=WHEN)
    assert faults(data, tmp_path) == []


def test_pyx12_would_find_a_fault(tmp_path):
    _, data = answer(only(SET["AK502 4"]))
    assert faults(told(data, HEALTH_CARE).replace(b"AK5*R*4", b"AK5*Q*4"), tmp_path) != []
