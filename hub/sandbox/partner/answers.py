"""Reads the hub's 997, 855, 856 and 810, checks them against what was sent, and books them in the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hub.sandbox.partner import invoices
from hub.sandbox.partner.ledger import Ledger
from hub.sandbox.partner.orders import Line, PurchaseOrder
from hub.sandbox.partner.x12 import Group, Interchange, Party, Segment, TransactionSet, Unreadable, at, read, sscc_valid

FUNCTIONAL = {"997": "FA", "855": "PR", "856": "SH", "810": "IN"}


class Answers:
    def __init__(self, ledger: Ledger, hub: Party, partner: Party) -> None:
        self._ledger = ledger
        self._hub = hub
        self._partner = partner

    def take(self, file: str, data: bytes) -> None:
        """One file from the hub's outbox."""
        with self._ledger.lock:
            self._ledger.files.append(file)
            try:
                interchanges, faults = read(data)
            except Unreadable as error:
                self._ledger.fault(file, str(error))
                return
            for fault in faults:
                self._ledger.fault(file, fault)
            for interchange in interchanges:
                self._interchange(file, interchange)

    def _interchange(self, file: str, interchange: Interchange) -> None:
        header = interchange.header
        found = (header[5], header[6].strip(), header[7], header[8].strip())
        wanted = (self._hub.qualifier, self._hub.identity, self._partner.qualifier, self._partner.identity)
        if found != wanted:
            self._ledger.fault(file, f"ISA05-08 are {found}, should be {wanted}")
        self._ledger.once(file, "interchange", interchange.control)
        for group in interchange.groups:
            self._group(file, group)

    def _group(self, file: str, group: Group) -> None:
        functional, control, version = at(group.header, 1), at(group.header, 6), at(group.header, 8)
        self._ledger.once(file, "group", functional, control)
        if version != "004010":
            self._ledger.fault(file, f"GS08 is {version!r}; the orders were 004010")
        controls = [entry.control for entry in group.sets]
        if len(controls) != len(set(controls)):
            self._ledger.fault(file, f"group {control}: ST02 is not unique")
        for entry in group.sets:
            if FUNCTIONAL.get(entry.code) != functional:
                self._ledger.fault(file, f"a {entry.code} in a {functional} group")
            handler = {
                "997": self._functional, "855": self._acknowledgement, "856": self._notice, "810": self._invoice,
            }.get(entry.code)  # fmt: skip
            if handler is None:
                self._ledger.fault(file, f"unexpected set {entry.code}")
            else:
                handler(file, entry)

    # -- 997

    def _functional(self, file: str, entry: TransactionSet) -> None:
        head, trailer = _first(entry, "AK1"), _first(entry, "AK9")
        control = at(head, 2)
        sent = self._ledger.groups.get(int(control)) if control.isdigit() else None
        if at(head, 1) != "PO" or sent is None:
            self._ledger.fault(file, f"997 acknowledges group {at(head, 1)} {control}, which was not sent")
            return
        self._ledger.once(file, "997", control)
        self._ledger.group_acks.setdefault(int(control), []).append(at(trailer, 1))
        accepted = self._set_responses(file, entry, sent)
        counts = [at(trailer, position) for position in (2, 3, 4)]
        wanted = [str(len(sent)), str(len(sent)), str(accepted)]
        if counts != wanted:
            self._ledger.fault(file, f"997 of group {control}: AK902-904 are {counts}, should be {wanted}")
        expected = "A" if accepted == len(sent) else "P" if accepted else "R"
        if at(trailer, 1) not in (expected, "E"):
            self._ledger.fault(file, f"997 of group {control}: AK901 is {at(trailer, 1)!r}, should be {expected!r}")

    def _set_responses(self, file: str, entry: TransactionSet, sent: list[PurchaseOrder]) -> int:
        """How many sets the 997 accepts."""
        by_control = {order.control: order for order in sent}
        accepted, current = 0, None
        for segment in entry.segments:
            if segment[0] == "AK2":
                current = by_control.pop(at(segment, 2), None)
                if current is None:
                    self._ledger.fault(file, f"AK2 names set {at(segment, 2)!r}, which was not in the group")
            elif segment[0] == "AK5" and current is not None:
                code = at(segment, 1)
                current.set_acks.append(code)
                accepted += code in ("A", "E")
                self._note("acknowledged", current, code=code)
                if (code == "A") is (current.malformed is not None):
                    state = current.malformed or "sound"
                    self._ledger.fault(file, f"set {current.control} ({state}) was answered with {code!r}")
        if by_control and at(_first(entry, "AK9"), 1) != "A":
            self._ledger.fault(file, f"997 says nothing about the sets {sorted(by_control)}")
        for order in by_control.values():  # a group may be accepted without naming its sets
            if at(_first(entry, "AK9"), 1) == "A":
                order.set_acks.append("A")
                accepted += 1
        return accepted

    # -- 855

    def _acknowledgement(self, file: str, entry: TransactionSet) -> None:
        head = _first(entry, "BAK")
        order = self._order(file, "855", at(head, 3))
        if order is None:
            return
        if at(head, 1) == "00":
            self._ledger.once(file, "855", order.number)
        order.answers.append({"purpose": at(head, 1), "type": at(head, 2)})
        self._note("answered", order, type=at(head, 2))
        line: Line | None = None
        for segment in entry.segments:
            if segment[0] == "PO1":
                line = self._line(file, "855", order, at(segment, 1), segment[6:])
            elif segment[0] == "ACK" and line is not None and at(head, 1) == "00":
                code, quantity = at(segment, 1), int(float(at(segment, 2) or 0))
                line.acknowledged[code] = line.acknowledged.get(code, 0) + quantity
        for line in order.lines:
            total = sum(line.acknowledged.values())
            if at(head, 1) == "00" and line.acknowledged and total != line.ordered:
                self._ledger.fault(file, f"855 of {order.number} line {line.number}: ACK02 adds up to {total}, "
                                         f"ordered were {line.ordered}")  # fmt: skip

    # -- 856

    def _notice(self, file: str, entry: TransactionSet) -> None:
        shipment = at(_first(entry, "BSN"), 2)
        if not self._ledger.once(file, "856", shipment):
            return
        levels = self._levels(file, entry, shipment)
        packs = 0
        for level, order in self._under_orders(file, levels):
            packs += level["code"] == "P"
            if level["code"] == "P":
                self._pack(file, shipment, order, level)
            elif level["code"] == "I":
                self._item(file, shipment, order, level)
        count = at(_first(entry, "CTT"), 1)
        if count and count != str(len(levels)):
            self._ledger.fault(file, f"856 {shipment}: CTT01 is {count}, there are {len(levels)} HL segments")
        if at(_first(entry, "BSN"), 5) == "0001" and not packs:
            self._ledger.fault(file, f"856 {shipment}: structure 0001 without a pack level")

    def _levels(self, file: str, entry: TransactionSet, shipment: str) -> dict[str, dict[str, Any]]:
        """HL01 to {code, parent, segments}, in order."""
        levels: dict[str, dict[str, Any]] = {}
        current: dict[str, Any] | None = None
        for segment in entry.segments:
            if segment[0] == "HL":
                number, parent = at(segment, 1), at(segment, 2)
                if number != str(len(levels) + 1):
                    self._ledger.fault(file, f"856 {shipment}: HL01 is {number!r}, should be {len(levels) + 1}")
                if parent and parent not in levels:
                    self._ledger.fault(file, f"856 {shipment}: HL02 names {parent!r}, which does not come before")
                current = levels[number] = {"code": at(segment, 3), "parent": parent, "segments": []}
            elif current is not None:
                current["segments"].append(segment)
        return levels

    def _under_orders(
        self, file: str, levels: dict[str, dict[str, Any]]
    ) -> Iterator[tuple[dict[str, Any], PurchaseOrder]]:
        """Pack and item levels with the order above them."""
        orders: dict[str, PurchaseOrder | None] = {}
        for number, level in levels.items():
            if level["code"] == "O":
                orders[number] = self._order(file, "856", at(_find(level["segments"], "PRF"), 1))
            elif level["code"] in ("P", "I"):
                orders[number] = order = orders.get(level["parent"])
                if order is not None:
                    yield level, order

    def _pack(self, file: str, shipment: str, order: PurchaseOrder, level: dict[str, Any]) -> None:
        for segment in level["segments"]:
            if segment[0] == "MAN" and at(segment, 1) in ("GM", "AA"):
                code = at(segment, 2)
                if not sscc_valid(code):
                    self._ledger.fault(file, f"856 {shipment}: {code!r} is not an SSCC-18")
                self._ledger.once(file, "sscc", code)
            elif (segment[0], at(segment, 1)) in (("MAN", "CP"), ("REF", "CN")):
                order.tracking.append(at(segment, 2))

    def _item(self, file: str, shipment: str, order: PurchaseOrder, level: dict[str, Any]) -> None:
        ids, quantities = _find(level["segments"], "LIN"), _find(level["segments"], "SN1")
        line = self._line(file, "856", order, at(ids, 1) or at(quantities, 1), (ids or [])[2:])
        if line is None:
            return
        if at(quantities, 3) != line.unit:
            self._ledger.fault(file, f"856 {shipment}: SN103 is {at(quantities, 3)!r}, ordered in {line.unit!r}")
        line.shipped += int(float(at(quantities, 2) or 0))
        if line.shipped > line.ordered:
            self._ledger.fault(file, f"856 {shipment}: {order.number} line {line.number} is over-shipped: "
                                     f"{line.shipped} of {line.ordered}")  # fmt: skip
        if shipment not in order.notices:
            order.notices.append(shipment)
            self._note("shipped", order, shipment=shipment)

    # -- 810

    def _invoice(self, file: str, entry: TransactionSet) -> None:
        head = _first(entry, "BIG")
        order = self._order(file, "810", at(head, 4))
        if order is None or not self._ledger.once(file, "810", at(head, 2)):
            return
        for fault in invoices.check(entry, order, lambda number, ids: self._line(file, "810", order, number, ids)):
            self._ledger.fault(file, fault)
        self._note("billed", order, invoice=at(head, 2))

    # -- matching

    def _order(self, file: str, code: str, number: str) -> PurchaseOrder | None:
        order = self._ledger.by_number.get(number)
        if order is None:
            self._ledger.fault(file, f"{code} names purchase order {number!r}, which was not sent")
        elif order.malformed:
            self._ledger.fault(file, f"{code} answers {number}, which was sent malformed ({order.malformed})")
        return order

    def _line(self, file: str, code: str, order: PurchaseOrder, number: str, ids: list[str]) -> Line | None:
        """By the partner's line number, and the ids beside it must be that line's."""
        line = next((entry for entry in order.lines if entry.number == number), None)
        if line is None:
            self._ledger.fault(file, f"{code} of {order.number} names line {number!r}, which was not ordered")
            return None
        known = {"UP": line.product.upc, "VN": line.product.sku, "IN": line.product.buyer_item}
        for qualifier, value in zip(ids[0::2], ids[1::2], strict=False):
            if known.get(qualifier, value) != value:
                self._ledger.fault(file, f"{code} of {order.number} line {number}: {qualifier} is {value!r}, "
                                         f"ordered as {known[qualifier]!r}")  # fmt: skip
        return line

    def _note(self, effect: str, order: PurchaseOrder, **details: Any) -> None:
        self._ledger.effects.append({"effect": effect, "po": order.number, **details})


def _find(segments: list[Segment], tag: str) -> Segment | None:
    return next((segment for segment in segments if segment[0] == tag), None)


def _first(entry: TransactionSet, tag: str) -> Segment | None:
    return _find(entry.segments, tag)
