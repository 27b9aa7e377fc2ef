"""What the partner sent, what it got back, and what is wrong with that."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

from hub.sandbox.partner.orders import PurchaseOrder

Json = dict[str, Any]


class Ledger:
    """Hold `lock` while reading or changing."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.orders: list[PurchaseOrder] = []
        self.by_number: dict[str, PurchaseOrder] = {}
        self.groups: dict[int, list[PurchaseOrder]] = {}
        self.group_acks: dict[int, list[str]] = {}
        self.errors: list[Json] = []
        self.duplicates: list[Json] = []
        self.effects: list[Json] = []
        self.seen: Counter[tuple[str, ...]] = Counter()
        self.files: list[str] = []
        self.resent: list[str] = []

    def sent(self, group: int, orders: list[PurchaseOrder]) -> None:
        self.groups[group] = orders
        for order in orders:
            self.orders.append(order)
            self.by_number[order.number] = order

    def fault(self, file: str, text: str) -> None:
        self.errors.append({"file": file, "error": text})

    def once(self, file: str, *key: str) -> bool:
        """False, and noted as a duplicate, when this key came before."""
        self.seen[key] += 1
        if self.seen[key] > 1:
            self.duplicates.append({"file": file, "what": " ".join(key)})
        return self.seen[key] == 1

    def report(self) -> Json:
        with self.lock:
            good = [order for order in self.orders if order.malformed is None]
            acks = Counter(order.set_acks[0] if order.set_acks else "none" for order in self.orders)
            ordered = sum(line.ordered for order in good for line in order.lines)
            shipped = sum(line.shipped for order in good for line in order.lines)
            billed = sum(line.billed for order in good for line in order.lines)
            return {
                "orders": [order.describe() for order in self.orders],
                "groups": {str(group): acks for group, acks in self.group_acks.items()},
                "totals": {
                    "purchase_orders": len(self.orders), "malformed": len(self.orders) - len(good),
                    "ack997": dict(acks), "answered855": sum(1 for order in good if order.answers),
                    "noticed856": sum(1 for order in good if order.notices),
                    "invoiced810": sum(1 for order in good if order.invoices),
                    "ordered": ordered, "shipped": shipped, "billed": billed,
                    "fully_shipped": sum(1 for o in good if all(n.shipped == n.ordered for n in o.lines)),
                    "files_picked": len(self.files), "resent": len(self.resent), "errors": len(self.errors),
                    "duplicates": len(self.duplicates),
                },
                "errors": list(self.errors), "duplicates": list(self.duplicates), "resent": list(self.resent),
            }  # fmt: skip
