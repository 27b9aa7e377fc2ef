"""The other direction of a mapping: what can be turned round is, what cannot is named, and what is lost is shown."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hub.cli.mapping import mapping as command
from hub.edi.build import build
from hub.edi.tree import TransactionSet
from hub.mapping import Context, Mapping, MappingError
from hub.mapping.differences import ABSENT
from hub.mapping.invert import inverse_text, round_trip

FORWARD = """
from: json
to: order
rows:
  external_id!: id
  number: data.'Order No' | trim
  placed_on: day | date('DD.MM.YYYY')
  payment: state | codes(P=paid, X=pending, Q=pending)
  currency: "EUR"
  test: live | boolean | negated
  totals:
    total: cents | implied_decimals(2)
    tax: vat | without_point(2) ?? fee
  ship_to:
    with: to
    name: (first, last) | join(' ')
    city: town | prefix('X-')
  references:
    kind: refs[type=kind].value
    dept: refs[type=dept].value
  lines:
    each: rows
    external_id!: no
    position: position()
    sku: art ?? code
    quantity!: qty | decimal
"""
DOCUMENT = {
    "id": "7", "data": {"Order No": "A-1"}, "day": "28.02.2026", "state": "X", "live": True, "cents": "1234",
    "to": {"first": "Ada", "last": "King", "town": "Rome"}, "refs": [{"type": "kind", "value": "SA"}],
    "rows": [{"no": "1", "art": "MUG", "qty": "2.5"}, {"no": "2", "art": "TEA", "qty": "1"}],
}  # fmt: skip


def test_paths_and_functions_are_turned_round() -> None:
    text = inverse_text(Mapping.from_text(FORWARD))
    made = Mapping.from_text(text).run(Mapping.from_text(FORWARD).run(DOCUMENT))
    assert made == {
        "id": "7", "data": {"Order No": "A-1"}, "day": "28.02.2026", "state": "X", "live": True, "cents": 1234,
        "to": {"town": "Rome"}, "refs": [{"type": "kind", "value": "SA"}],
        "rows": [{"no": "1", "art": "MUG", "qty": Decimal("2.5")}, {"no": "2", "art": "TEA", "qty": Decimal(1)}],
    }  # fmt: skip
    assert "# ship_to.name: made of several fields, or under a condition" in text


def test_what_does_not_survive_is_told() -> None:
    forward = Mapping.from_text(FORWARD)
    lost = round_trip(forward, Mapping.from_text(inverse_text(forward)), DOCUMENT, Context())
    assert [(difference.path, difference.after) for difference in lost] == [("ship_to.name", ABSENT)]


EDI = """
from: x12 850 004010
to: order
rows:
  external_id!: BEG03
  placed_on: BEG05 | date
  purpose: BEG01 | codes(00=original, 01=cancel)
  references:
    department: REF[DP]/REF02
    vendor: REF[IA]/REF02
  ship_to:
    with: N1[ST]
    name: N102
    address1: N3[#1]/N301
    city: N401
  lines:
    each: PO1
    external_id!: PO101
    quantity!: PO102 | decimal
    unit: PO103
    unit_price: PO104 | decimal
    sku: PO107
"""


def edi(values: dict[str, Any]) -> TransactionSet:
    return TransactionSet("x12", "850", "004010", "0001", build("x12", "850", "004010", values))


def test_an_edi_mapping_goes_there_and_back() -> None:
    document = edi(
        {
            "BEG01": "00", "BEG02": "SA", "BEG03": "4711", "BEG05": "20260301",
            "REF": [{"REF01": "DP", "REF02": "042"}],
            "N1": [{"N101": "ST", "N102": "STORE 7", "N301": "1 HIGH ST", "N401": "AMES"}],
            "PO1": [{"PO101": "1", "PO102": "3", "PO103": "EA", "PO104": "9.95", "PO106": "VN", "PO107": "MUG"}],
        }
    )  # fmt: skip
    forward = Mapping.from_text(EDI)
    text = inverse_text(forward)
    assert "BEG05: placed_on | format_date('YYYYMMDD')" in text
    assert round_trip(forward, Mapping.from_text(text), document, Context()) == []
    read = forward.run(document)
    assert round_trip(Mapping.from_text(text), forward, read, Context()) == [], "and from the other end"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("a | after('/')", "nothing undoes `after`"),
        ("when a then b", "under a condition"),
        ("$.a", "does not start at the item"),
        ("a[0].b", "does not say where a value goes"),
        ("a[b!=c].d", "does not say what a new entry would hold"),
        ("a | convert(unit, g)", "read from a path"),
    ],
)
def test_what_cannot_be_turned_round_is_named_with_its_reason(row: str, reason: str) -> None:
    text = inverse_text(Mapping.from_text(f"from: json\nto: json\nrows:\n  keep: k\n  x: >-\n    {row}\n"))
    assert f"{reason}" in next(line for line in text.splitlines() if line.startswith("# x:"))


def test_two_targets_of_one_field_are_told() -> None:
    text = inverse_text(Mapping.from_text("from: json\nto: json\nrows:\n  x: a\n  y: a\n  z: a.b\n"))
    assert "a: x" in text and "# y: `a` goes to another target already" in text and "# z: " in text


def test_a_format_that_is_not_written_is_refused() -> None:
    with pytest.raises(MappingError, match="do not write csv"):
        inverse_text(Mapping.from_text("from: csv\nto: json\nrows:\n  x: a\n"))


def test_the_commands_print_it_and_say_what_is_lost(tmp_path: Path) -> None:
    (tmp_path / "there.yaml").write_text("from: json\nto: json\nrows:\n  x: a\n  y: b | left(1)\n")
    (tmp_path / "d.json").write_text('{"a": 1, "b": "two"}')
    printed = CliRunner().invoke(command, ["--mappings", str(tmp_path), "invert", "there"])
    assert printed.exit_code == 0 and "a: x" in printed.output
    (tmp_path / "back.yaml").write_text(printed.output)
    given = ["--mappings", str(tmp_path), "round-trip", "there", "back", str(tmp_path / "d.json")]
    lost = CliRunner().invoke(command, given)
    assert lost.exit_code == 1 and 'y: "t" became nothing' in lost.output
    (tmp_path / "back.yaml").write_text("from: json\nto: json\nrows:\n  a: x\n  b: y\n")
    assert CliRunner().invoke(command, given).exit_code == 0
