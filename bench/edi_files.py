"""Large files of orders, made from a seed: an X12 interchange of 850s and an EDIFACT interchange of ORDERS."""

from __future__ import annotations

import random
from collections.abc import Iterator

LINES = 10
_ISA = (
    "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260105*1200*U*00401*000000001*0*P*>~"
    "GS*PO*SENDER*RECEIVER*20260105*1200*1*X*004010~"
)


def purchase_orders(count: int, faulty: float = 0.0) -> tuple[bytes, int]:
    """So many 850s of ten lines, and how many of them have one quantity that is no number (about this share)."""
    chance = random.Random(850)
    pieces, faults = [_ISA], 0
    for number in range(1, count + 1):
        wrong = chance.randrange(LINES) if chance.random() < faulty else None
        faults += wrong is not None
        segments = [f"ST*850*{number:04d}", *_order(number, wrong, chance)]
        pieces.append("~".join([*segments, f"SE*{len(segments) + 1}*{number:04d}", ""]))
    return "".join([*pieces, f"GE*{count}*1~IEA*1*000000001~"]).encode(), faults


def _order(number: int, wrong: int | None, chance: random.Random) -> Iterator[str]:
    store = chance.randrange(500)
    yield from (f"BEG*00*SA*PO{number:08d}**20260105", "CUR*BY*USD", "REF*DP*038", f"REF*IA*{chance.randrange(10**5)}")
    yield from ("DTM*010*20260110", "DTM*001*20260120", f"N1*ST*STORE {store}*92*{store:04d}", "N3*1 MAIN STREET")
    yield "N4*AMES*IA*50010"
    for line in range(LINES):
        quantity = "x" if line == wrong else str(chance.randint(1, 99))
        price, code = chance.randint(100, 9_999) / 100, chance.randrange(10**11, 10**12)
        yield f"PO1*{line + 1}*{quantity}*EA*{price:.2f}*PE*UP*{code}*VN*SKU{chance.randrange(5_000)}"
        yield f"PID*F****ITEM {chance.randrange(5_000)} DESCRIPTION"
    yield f"CTT*{LINES}"


def orders(count: int) -> bytes:
    """So many ORDERS (D.96A) of ten lines."""
    chance = random.Random(96)
    pieces = ["UNB+UNOC:3+5412345000013:14+4012345000009:14+260105:1200+1'"]
    for number in range(1, count + 1):
        segments = [f"UNH+{number}+ORDERS:D:96A:UN:EAN008", *_message(number, chance)]
        pieces.append("'".join([*segments, f"UNT+{len(segments) + 1}+{number}", ""]))
    return "".join([*pieces, f"UNZ+{count}+1'"]).encode()


def _message(number: int, chance: random.Random) -> Iterator[str]:
    yield from (f"BGM+220+PO{number:08d}+9", "DTM+137:20260105:102", "DTM+2:20260110:102", "FTX+AAI+++CALL FIRST")
    yield from ("NAD+BY+5412345000013::9", f"NAD+DP+{chance.randrange(10**12, 10**13)}::9", "CUX+2:EUR:9")
    for line in range(LINES):
        price = chance.randint(100, 9_999) / 100
        yield f"LIN+{line + 1}++{chance.randrange(10**12, 10**13)}:EN"
        yield f"PIA+1+SKU{chance.randrange(5_000)}:SA"
        yield f"IMD+F++:::ITEM {chance.randrange(5_000)} DESCRIPTION"
        yield f"QTY+21:{chance.randint(1, 99)}:PCE"
        yield f"PRI+AAA:{price:.2f}"
    yield "UNS+S"
    yield f"CNT+2:{LINES}"
