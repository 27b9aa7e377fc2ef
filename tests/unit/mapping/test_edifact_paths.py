"""EDIFACT paths: loops by their first segment, elements by place or by number, qualifiers, pairs."""

from __future__ import annotations

import pytest

from hub.edi.tree import Loop, TransactionSet
from hub.mapping import value_at
from hub.mapping.edifact_paths import places
from hub.mapping.parser import Dialects, parse_path
from hub.mapping.syntax import SyntaxFault


def orders(lines: str = "SG25", prices: str = "SG28") -> TransactionSet:
    """An ORDERS; the names of its segment groups differ from directory to directory."""
    first = Loop(lines, [
        ("LIN", "1", "", ("4012345000122", "EN")), ("PIA", "1", ("A-7", "SA"), ("B-9", "IN")),
        ("QTY", ("21", "5", "PCE")),
        ("FTX", "AAI", "", "", ("one", "two")), Loop(prices, [("PRI", ("AAA", "9.25"))]),
    ])  # fmt: skip
    second = Loop(lines, [("LIN", "2"), ("QTY", ("21", "1")), ("QTY", ("12", "2"))])
    party = Loop("SG2", [("NAD", "BY", ("4012345000009", "", "9")), Loop("SG5", [("CTA", "OC", ("", "Ann"))])])
    head = [("BGM", "220", "4711", "9"), ("DTM", ("137", "20260105", "102")), ("DTM", ("2", "102", "718"))]
    return TransactionSet("edifact", "ORDERS", "D96A", "1", Loop("ORDERS", [*head, party, first, second, ("UNS", "S")]))


@pytest.mark.parametrize("groups", [("SG25", "SG28"), ("SG28", "SG32")])
@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("BGM02", "4711"), ("BGM.1004", "4711"), ("BGM.C106.1004", "4711"), ("BGM.C002.1001", "220"),
        ("DTM[137]/DTM01-2", "20260105"), ("DTM[137]/DTM.C507.2380", "20260105"), ("DTM[2]/DTM.2380", "102"),
        ("NAD[BY]/NAD.C082.3039", "4012345000009"), ("NAD[BY]/CTA[OC]/CTA.C056.3412", "Ann"),
        ("LIN[1]/LIN.C212.7140", "4012345000122"), ("LIN[1]/LIN.pair(EN)", "4012345000122"),
        ("LIN[1]/PIA.pair(IN)", "B-9"), ("LIN[1]/PIA.pair(XX)", None), ("LIN[1]/PIA.C212.7140", ["A-7", "B-9"]),
        ("LIN[1]/FTX.C108.4440", ["one", "two"]), ("LIN[1]/PRI[AAA]/PRI.C509.5118", "9.25"),
        ("LIN[2]/QTY[21]/QTY.C186.6060", "1"), ("//QTY[21]/QTY01-2", ["5", "1"]), ("//PRI/PRI01-2", "9.25"),
        ("//PRI^LIN/LIN01", "1"), ("LIN[#2]/LIN01", "2"), ("UNS01", "S"),
    ],
)  # fmt: skip
def test_a_path_leads_to_its_value_whatever_the_directory_calls_the_groups(groups, path, value):
    assert value_at(orders(*groups), path) == value


def test_a_qualifier_is_the_first_component_alone():
    assert value_at(orders(), "DTM[102]/DTM01-2") is None


@pytest.mark.parametrize("path", ["BGM.9999", "BGM.C507.2380", "DTM.C507.1004", "XYZ.1004"])
def test_a_data_element_that_is_not_there_is_a_fault_of_the_mapping(path):
    with pytest.raises(SyntaxFault, match="data element"):
        parse_path(path, Dialects("x12", "json"))


def test_an_element_held_several_times_has_several_places():
    assert places("PIA", ("C212", "7140")) == ((2, 1), (3, 1), (4, 1), (5, 1), (6, 1))
    assert places("FTX", ("4440",)) == ((4, 1), (4, 2), (4, 3), (4, 4), (4, 5))
