"""Checks the hub's 810 as a buyer's accounts department does: against what was ordered, by sums of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from hub.sandbox.partner.orders import Line, PurchaseOrder
from hub.sandbox.partner.x12 import Segment, TransactionSet, at

CENT = Decimal("0.01")
Find = Callable[[str, list[str]], Line | None]


def check(entry: TransactionSet, order: PurchaseOrder, find: Find) -> Iterator[str]:
    """Every fault of an invoice; what it bills is booked on the order's lines. `find`: a line by its number and the
    product numbers beside it."""
    number, total, lines = "", Decimal(), 0
    for segment in entry.segments:
        if segment[0] == "BIG":
            number = at(segment, 2)
        elif segment[0] == "IT1":
            lines += 1
            line = find(at(segment, 1), segment[6:])
            if line is not None:
                yield from (f"810 {number} line {line.number}: {fault}" for fault in _line(segment, line))
            total += (_number(at(segment, 2)) * _number(at(segment, 4))).quantize(CENT, ROUND_HALF_UP)
        elif segment[0] == "SAC":
            total += _number(at(segment, 5)) * CENT * {"A": -1, "C": 1}.get(at(segment, 1), 0)
        elif segment[0] == "TXI":
            total += _number(at(segment, 2))
    stated = next((at(segment, 1) for segment in entry.segments if segment[0] == "TDS"), "")
    if stated != f"{total / CENT:.0f}":
        yield f"810 {number}: TDS01 is {stated!r}, the lines, allowances, charges and taxes add up to {total}"
    count = next((at(segment, 1) for segment in entry.segments if segment[0] == "CTT"), str(lines))
    if count != str(lines):
        yield f"810 {number}: CTT01 is {count}, there are {lines} IT1 segments"
    order.invoices.append({"invoice": number, "total": f"{total:.2f}"})


def _line(segment: Segment, line: Line) -> Iterator[str]:
    quantity, unit, price = (at(segment, position) for position in (2, 3, 4))
    if unit != line.unit:
        yield f"IT103 is {unit!r}, ordered in {line.unit!r}"
    if _number(price) != line.price:
        yield f"IT104 is {price}, ordered at {line.price}"
    line.billed += int(_number(quantity))
    if line.billed > line.ordered:
        yield f"{line.billed} are billed, {line.ordered} were ordered"


def _number(text: str) -> Decimal:
    try:
        return Decimal(text or 0)
    except InvalidOperation:
        return Decimal("NaN")
