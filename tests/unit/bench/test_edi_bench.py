"""The benchmark of EDI: the files are what they claim to be, and the tables come out."""

from __future__ import annotations

import pytest

from bench.edi import page
from bench.edi_files import LINES, orders, purchase_orders
from hub.edi.validation import examine


@pytest.mark.parametrize("faulty", [0.0, 0.3, 1.0])
def test_the_files_are_clean_but_for_the_faults_that_are_told(faulty):
    data, faults = purchase_orders(40, faulty)
    (interchange,) = examine(data)
    assert [f.designator for f in interchange.all_findings()] == ["PO102"] * faults
    assert faults == {0.0: 0, 1.0: 40}.get(faulty, faults) and (0 < faults < 40 or faulty != 0.3)
    assert {sum(s[0] == "PO1" for s in one.tree.root.walk()) for one in interchange.sets} == {LINES}


def test_the_messages_are_clean():
    (interchange,) = examine(orders(20))
    assert interchange.all_findings() == []
    assert {sum(s[0] == "LIN" for s in one.tree.root.walk()) for one in interchange.sets} == {LINES}


def test_the_tables_come_out():
    pytest.importorskip("pydifact", reason="what is compared with is installed by `make bench`")
    text = page(rounds=1, sets=20)
    assert text.count("| the hub |") == text.count("| the floor |") == 3
    assert "## 20 850s of 10 lines (" in text and "| pyx12 |" in text and "| pydifact |" in text
