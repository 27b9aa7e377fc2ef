"""The trading partner: what it drops, and what it says about the answers it finds."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from hub.sandbox.partner.x12 import read, sscc_valid
from hub.sandbox.world import World
from tests.unit.sandbox.conftest import wait_for


def envelope(functional: str, sets: list[list[str]], control: int = 1, **wrong: Any) -> str:
    """An interchange from the hub to the partner. Each set is its segments without ST and SE."""
    written = []
    for index, (code, *body) in enumerate(sets):
        written += [f"ST*{code}*{index + 1:04d}", *body,
                    f"SE*{wrong.get('se', len(body) + 2)}*{index + 1:04d}"]  # fmt: skip
    sender = wrong.get("sender", "SANDHUB")
    isa = f"ISA*00*{'':10}*00*{'':10}*ZZ*{sender:15}*ZZ*{'SANDBUYER':15}*260101*1200*U*00401*{control:09d}*0*P*>"
    gs = f"GS*{functional}*SANDHUB*SANDBUYER*20260101*1200*{control}*X*{wrong.get('version', '004010')}"
    tail = [f"GE*{len(sets)}*{wrong.get('ge', control)}", f"IEA*1*{control:09d}"]
    return "".join(f"{segment}~" for segment in [isa, gs, *written, *tail])


def functional(order: dict[str, Any], code: str = "A", group_code: str | None = None) -> list[str]:
    accepted = 1 if code == "A" else 0
    return ["997", f"AK1*PO*{order['group']}", f"AK2*850*{order['set']}", f"AK5*{code}",
            f"AK9*{group_code or code}*1*1*{accepted}"]  # fmt: skip


def notice(
    order: dict[str, Any], shipped: dict[str, int], number: str = "S1", sscc: str = "006141410000000012"
) -> list[str]:
    """An 856: shipment, order, one pack, its items."""
    items = []
    for index, (line, quantity) in enumerate(shipped.items()):
        items += [f"HL*{index + 4}*3*I", f"LIN*{line}", f"SN1**{quantity}*EA"]
    return ["856", f"BSN*00*{number}*20260101*1200*0001", "HL*1**S", "HL*2*1*O", f"PRF*{order['po']}", "HL*3*2*P",
            f"MAN*GM*00{sscc}", "MAN*CP*1Z999", *items, f"CTT*{3 + len(shipped)}"]  # fmt: skip


def answer(world: World, text: str, name: str = "answer.edi") -> dict[str, Any]:
    """Put a file into the hub's outbox and wait until the partner has read it."""
    before = world.partner.get("report")["totals"]["files_picked"]
    partial = world.hub_out / f".{name}.part"
    partial.write_text(text)
    os.replace(partial, world.hub_out / name)
    return wait_for(lambda: (r := world.partner.get("report"))["totals"]["files_picked"] > before and r)


def send_one(world: World, **body: Any) -> dict[str, Any]:
    made = world.partner.post("seed", **{"count": 1, "seed": 3, **body})["purchase_orders"][0]
    found: dict[str, Any] = world.partner.get("order", po=made["po"])
    return found


@pytest.fixture(autouse=True)
def empty_folders(world: World) -> None:
    for path in [*world.hub_in.iterdir(), *world.hub_out.iterdir()]:
        path.unlink()


def test_it_drops_sound_interchanges_with_several_groups_and_orders(world: World) -> None:
    made = world.partner.post("seed", count=11, interchanges=3, groups=2)
    paths = sorted(world.hub_in.iterdir())
    assert [path.name for path in paths] == made["files"]
    interchanges = []
    for path in paths:
        found, faults = read(path.read_bytes())
        assert faults == []
        interchanges += found
    assert len({entry.control for entry in interchanges}) == 3
    assert [len(entry.groups) for entry in interchanges] == [2, 2, 2]
    groups = [group.header[6] for entry in interchanges for group in entry.groups]
    assert len(set(groups)) == 6
    numbers = [entry.segments[1][3] for i in interchanges for g in i.groups for entry in g.sets]
    assert sorted(numbers) == sorted(order["po"] for order in made["purchase_orders"])


def test_every_kind_of_malformed_order_is_where_it_says(world: World) -> None:
    kinds = ["no-po-number", "bad-count", "bad-date", "no-lines", "unknown-segment"]
    made = world.partner.post("seed", count=10, malformed_every=1, malformed_kinds=kinds)
    assert {order["malformed"] for order in made["purchase_orders"]} == set(kinds)
    _, faults = read((world.hub_in / made["files"][0]).read_bytes())
    assert len(faults) == sum(1 for order in made["purchase_orders"] if order["malformed"] == "bad-count")


def test_a_file_is_half_written_first_when_asked(world: World) -> None:
    world.partner.post("faults", half_written=1, pause_seconds=0.3)
    name = world.partner.post("seed", count=3)["files"][0]
    half = (world.hub_in / name).read_bytes()
    assert b"IEA" not in half
    wait_for(lambda: b"IEA" in (world.hub_in / name).read_bytes())
    assert read((world.hub_in / name).read_bytes())[1] == []
    assert (world.hub_in / name).read_bytes().startswith(half)


def test_a_file_is_sent_again_byte_for_byte(world: World) -> None:
    name = world.partner.post("seed", count=2)["files"][0]
    again = world.partner.post("resend", file=name)["file"]
    assert (world.hub_in / again).read_bytes() == (world.hub_in / name).read_bytes()


def test_an_order_is_acknowledged_answered_and_shipped(world: World) -> None:
    order = send_one(world)
    answer(world, envelope("FA", [functional(order)], control=11), "997.edi")
    lines = [segment for line in order["lines"]
             for segment in (f"PO1*{line['line']}*{line['ordered']}*EA*1**VN*{line['sku']}",
                             f"ACK*IA*{line['ordered']}*EA")]  # fmt: skip
    answer(world, envelope("PR", [["855", f"BAK*00*AD*{order['po']}*20260101", *lines]], control=12), "855.edi")
    everything = {line["line"]: line["ordered"] for line in order["lines"]}
    report = answer(world, envelope("SH", [notice(order, everything)], control=13), "856.edi")
    assert report["errors"] == report["duplicates"] == []
    totals = report["totals"]
    assert totals["ack997"] == {"A": 1}
    assert (totals["answered855"], totals["noticed856"], totals["fully_shipped"]) == (1, 1, 1)
    assert report["orders"][0]["tracking"] == ["1Z999"]
    assert not list(world.hub_out.iterdir())


def bill(order: dict[str, Any], number: str = "INV-1", total: int | None = None, **changed: str) -> list[str]:
    """An 810 of all that was ordered, with a freight charge of 2.50. `changed`: elements of its first line."""
    lines, cents = [], 250
    for index, line in enumerate(order["lines"]):
        said = {"unit": line["unit"], "price": line["price"], **(changed if index == 0 else {})}
        lines.append(f"IT1*{line['line']}*{line['ordered']}*{said['unit']}*{said['price']}**VN*{line['sku']}")
        cents += round(line["ordered"] * float(said["price"]) * 100)
    stated = cents if total is None else total
    return ["810", f"BIG*20260101*{number}**{order['po']}", *lines, f"TDS*{stated}", "SAC*C*D240***250",
            f"CTT*{len(lines)}"]  # fmt: skip


def test_an_invoice_is_checked_line_by_line_and_in_sum(world: World) -> None:
    order = send_one(world)
    report = answer(world, envelope("IN", [bill(order)], control=61), "810.edi")
    assert report["errors"] == [] and len(report["orders"][0]["invoices810"]) == 1
    assert all(line["billed"] == line["ordered"] for line in report["orders"][0]["lines"])
    cases = {
        "ordered at": bill(order, "INV-2", price="1.23"),
        "ordered in": bill(order, "INV-3", unit="DZ"),
        "TDS01": bill(order, "INV-4", total=1),
        "are billed": bill(order, "INV-5"),
    }
    for number, (expected, document) in enumerate(cases.items()):
        report = answer(world, envelope("IN", [document], control=62 + number), f"bill{number}.edi")
        found = [entry["error"] for entry in report["errors"] if entry["file"] == f"bill{number}.edi"]
        assert any(expected in error for error in found), (expected, found)
    report = answer(world, envelope("IN", [bill(order)], control=70), "twice.edi")
    assert [entry["what"] for entry in report["duplicates"]] == ["810 INV-1"]


def test_a_malformed_order_must_be_rejected(world: World) -> None:
    order = send_one(world, malformed_every=1)
    report = answer(world, envelope("FA", [functional(order, "R")], control=21))
    assert report["errors"] == []
    assert report["totals"]["ack997"] == {"R": 1}
    report = answer(world, envelope("FA", [functional(order, "A")], control=22), "again.edi")
    assert any("was answered with 'A'" in entry["error"] for entry in report["errors"])
    assert [entry["what"] for entry in report["duplicates"]] == [f"997 {order['group']}"]


def test_faults_in_answers_are_found(world: World) -> None:
    order = send_one(world)
    line = order["lines"][0]
    cases = {
        "SE01": envelope("FA", [functional(order)], control=31, se=9),
        "ISA05-08": envelope("FA", [functional(order)], control=32, sender="SOMEBODY"),
        "GS08": envelope("FA", [functional(order)], control=33, version="005010"),
        "GE02": envelope("FA", [functional(order)], control=34, ge=99),
        "which was not sent": envelope("FA", [functional({**order, "group": "1"})], control=35),
        "AK901": envelope("FA", [functional(order, "A", "R")], control=36),
        "a 997 in a SH group": envelope("SH", [functional(order)], control=37),
        "'NOBODY'": envelope("SH", [notice({"po": "NOBODY"}, {"1": 1})], control=38),
        "line '99'": envelope("SH", [notice(order, {"99": 1}, "S2")], control=39),
        "over-shipped": envelope("SH", [notice(order, {line["line"]: line["ordered"] + 1}, "S3")], control=40),
        "not an SSCC-18": envelope("SH", [notice(order, {}, "S4", "006141410000000013")], control=41),
        "HL01": envelope("SH", [notice(order, {}, "S5")], control=42).replace("HL*3*2*P", "HL*7*2*P"),
        "not an X12": "",
    }
    for number, (expected, text) in enumerate(cases.items()):
        if not text:
            expected, text = "expected an ISA", "hello"
        report = answer(world, text, f"case{number}.edi")
        found = [entry["error"] for entry in report["errors"] if entry["file"] == f"case{number}.edi"]
        assert any(expected in error for error in found), (expected, found)


def test_the_same_control_number_shipment_or_container_twice_is_a_duplicate(world: World) -> None:
    order = send_one(world)
    answer(world, envelope("SH", [notice(order, {"1": 1})], control=51), "a.edi")
    report = answer(world, envelope("SH", [notice(order, {"1": 1})], control=51), "b.edi")
    assert {entry["what"] for entry in report["duplicates"]} == {"interchange 000000051", "group SH 51", "856 S1"}
    assert report["orders"][0]["lines"][0]["shipped"] == 1


def test_check_digits_of_containers() -> None:
    assert sscc_valid("00006141410000000012")
    assert sscc_valid("006141410000000036")
    assert not sscc_valid("006141410000000037")
    assert not sscc_valid("0061414100000000")


def test_the_catalogue_names_items_both_ways(world: World) -> None:
    for product in world.partner.get("catalog")["products"]:
        digits = [int(digit) for digit in product["upc"]]
        assert -(3 * sum(digits[0:11:2]) + sum(digits[1:11:2])) % 10 == digits[11]
        assert product["buyer_item"]


def test_the_folders_are_made(tmp_path: Path) -> None:
    with World(tmp_path, store=None, warehouse=None) as world:
        world.partner.post("seed", count=1)
        assert len(list((tmp_path / "edi" / "in").iterdir())) == 1
