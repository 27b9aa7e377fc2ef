"""What the sandbox's store sells, its warehouse stocks and its trading partner buys.

One list, so that the three peers speak of the same goods. `upc` is a valid 12-digit GTIN; `buyer_item` is the trading
partner's own article number, which only a SKU cross-reference can resolve.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class Product:
    sku: str
    title: str
    price: Decimal
    grams: int
    kind: str
    upc: str
    buyer_item: str

    @property
    def ships(self) -> bool:
        return self.kind == "goods"

    def describe(self) -> dict[str, Any]:
        return {
            "sku": self.sku, "title": self.title, "price": str(self.price), "grams": self.grams, "kind": self.kind,
            "upc": self.upc, "buyer_item": self.buyer_item,
        }  # fmt: skip


def _upc(number: int) -> str:
    body = f"0{49000 + number // 100:05d}{10000 + number % 100 * 7:05d}"
    odd, even = sum(map(int, body[0::2])), sum(map(int, body[1::2]))
    return f"{body}{-(odd * 3 + even) % 10}"


_GOODS = (
    ("TEE-BLK-S", "Organic tee, black, S", "24.00", 180), ("TEE-BLK-M", "Organic tee, black, M", "24.00", 190),
    ("TEE-BLK-L", "Organic tee, black, L", "24.00", 200), ("TEE-WHT-M", "Organic tee, white, M", "22.50", 190),
    ("HOOD-NVY-M", "Hooded sweatshirt, navy, M", "59.90", 620),
    ("HOOD-NVY-L", "Hooded sweatshirt, navy, L", "59.90", 650),
    ("CAP-GRN", "Canvas cap, green", "19.95", 110), ("SOCK-3PK", "Wool socks, pack of 3", "18.00", 150),
    ("MUG-WHT-350", "Stoneware mug, white, 350 ml", "12.95", 380),
    ("MUG-BLU-350", "Stoneware mug, blue, 350 ml", "12.95", 380),
    ("KETTLE-1L", "Enamel kettle, 1 l", "44.00", 1150), ("POUR-OVER", "Pour-over dripper", "27.50", 420),
    ("BEANS-250", "Coffee beans, 250 g", "9.80", 260), ("BEANS-1000", "Coffee beans, 1 kg", "31.40", 1030),
    ("TOWEL-SAGE", "Linen tea towel, sage", "14.25", 120), ("APRON-DEN", "Denim apron", "38.00", 480),
    ("KNIFE-PAR", "Paring knife, 9 cm", "21.99", 90), ("BOARD-OAK", "Oak cutting board", "49.50", 1900),
    ("CANDLE-CED", "Cedar candle", "23.33", 340), ("NOTE-A5", "Notebook, A5, dotted", "11.00", 230),
    ("PEN-BRASS", "Brass ballpoint pen", "29.00", 60), ("BAG-TOTE", "Canvas tote bag", "16.00", 210),
    ("BOTTLE-750", "Steel bottle, 750 ml", "33.00", 360), ("LAMP-DESK", "Desk lamp", "84.99", 2100),
)  # fmt: skip
_UNSHIPPED = (
    ("GIFT-50", "Gift card, 50", "50.00", "gift_card"),
    ("EBOOK-BREW", "E-book: brewing at home", "8.99", "digital"),
)

PRODUCTS: tuple[Product, ...] = tuple(
    Product(sku, title, Decimal(price), grams, "goods", _upc(number), f"{770000 + number * 13:06d}")
    for number, (sku, title, price, grams) in enumerate(_GOODS)
) + tuple(
    Product(sku, title, Decimal(price), 0, kind, _upc(500 + number), "")
    for number, (sku, title, price, kind) in enumerate(_UNSHIPPED)
)
GOODS: tuple[Product, ...] = tuple(product for product in PRODUCTS if product.ships)
BY_SKU: dict[str, Product] = {product.sku: product for product in PRODUCTS}
