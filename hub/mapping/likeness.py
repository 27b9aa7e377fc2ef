"""How much a source field looks like a target field: by its names, and by the values it holds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from hub.mapping.date_functions import reader
from hub.mapping.place_functions import known_country

# Words for the same thing; the first is the word of the canonical documents.
_SAME = (
    ("id", "identifier", "uuid", "guid", "key", "number", "no", "nr"),
    ("number", "no", "num", "nr", "reference", "ref"),
    ("external", "order", "purchase"),
    ("line", "item", "position", "row", "entry", "article", "product"),
    ("sku", "article", "part", "product", "item", "code"),
    ("title", "name", "description", "label"),
    ("quantity", "qty", "count", "amount", "units"),
    ("unit", "uom", "measure"),
    ("price", "cost", "rate"),
    ("total", "sum", "grand", "payable"),
    ("subtotal", "net", "goods"),
    ("shipping", "freight", "postage", "delivery", "carriage"),
    ("ship", "shipping", "delivery", "deliver", "recipient", "consignee"),
    ("bill", "billing", "invoice", "payer"),
    ("to", "address", "party"),
    ("region", "state", "province", "county"),
    ("postal", "post"),
    ("city", "town", "place", "locality"),
    ("country", "nation", "land"),
    ("address1", "street", "line1", "street1"),
    ("address2", "line2", "street2", "suite", "apartment"),
    ("phone", "telephone", "mobile", "tel"),
    ("email", "mail"),
    ("company", "organisation", "organization", "firm"),
    ("note", "comment", "remark", "message", "instruction"),
    ("placed", "created", "ordered", "processed", "issued", "order"),
    ("at", "time", "timestamp", "date"),
    ("on", "date", "day"),
    ("updated", "modified", "changed"),
    ("tracking", "track", "waybill"),
    ("carrier", "shipper", "courier"),
    ("available", "free", "stock", "sellable"),
    ("on_hand", "physical", "stock"),
    ("location", "warehouse", "site", "depot"),
    ("package", "parcel", "box", "carton"),
    ("tax", "vat", "gst"),
    ("discount", "rebate", "allowance"),
    ("payment", "financial", "pay"),
    ("status", "state"),
    ("method", "service", "option"),
    ("received", "returned"),
    ("reason", "cause"),
)
_IN_ONE_WORD = dict.fromkeys(("zip", "postcode", "plz"), ("postal", "code"))
_GROUPS: dict[str, list[int]] = {}
for _number, _words in enumerate(_SAME):
    for _word in _words:
        _GROUPS.setdefault(_word, []).append(_number)

DATE_PATTERNS = ("YYYYMMDD", "YYYY/MM/DD", "DD.MM.YYYY", "MM/DD/YYYY", "DD/MM/YYYY", "DD-MM-YYYY")
TIME_PATTERNS = ("YYYY-MM-DD HH:mm:ss", "YYYYMMDDHHmmss", "YYYYMMDDHHmm", "DD.MM.YYYY HH:mm", "MM/DD/YYYY HH:mm")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,255}")
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_ISO_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?")


@lru_cache(maxsize=4096)
def words(name: str) -> tuple[str, ...]:
    """`shipToPostalCode`, `Ship-to postal_code` and `SHIP_TO_POSTAL_CODE` as the same words."""
    parted = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    found = [word.lower() for word in re.findall(r"[A-Za-z]+\d*|\d+", parted)]
    singular = (
        word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word for word in found
    )
    return tuple(part for word in singular for part in _IN_ONE_WORD.get(word, (word,)))


def _alike(a: str, b: str) -> float:
    if a == b:
        return 1.0
    if set(_GROUPS.get(a, ())) & set(_GROUPS.get(b, ())):
        return 0.8
    short, long = sorted((a, b), key=len)
    return 0.6 if len(short) > 3 and long.startswith(short) else 0.0


def names_alike(source: Sequence[str], target: Sequence[str]) -> float:
    """From 0 to 1. The last names count most, what stands around them helps or speaks against it."""
    own, wanted = words(source[-1]), words(target[-1])
    if not own or not wanted:
        return 0.0
    covered = sum(max(_alike(w, o) for o in own) for w in wanted) / len(wanted)
    spare = sum(max(_alike(o, w) for w in wanted) == 0 for o in own) / len(own)
    score = covered * (1 - 0.4 * spare)
    around_source = [w for name in source[:-1] for w in words(name)]
    around_target = [w for name in target[:-1] for w in words(name)]
    if not around_target:
        return score * (1 if len(source) == 1 else 0.85)
    inside = [*around_source, *own]
    near = sum(max((_alike(w, o) for o in inside), default=0.0) for w in around_target) / len(around_target)
    return score * (0.35 + 0.65 * near)


def value_fits(values: Sequence[Any], kind: str, name: str) -> float:
    """How well values suit a target: of a kind `number`, `integer`, `boolean`, `instant`, `date` or `text`."""
    if not values:
        return 0.3
    fits = sum(_fits(value, kind, name) for value in values)
    return fits / len(values)


def _fits(value: Any, kind: str, name: str) -> float:
    if kind in ("number", "integer"):
        return float(exact(value) is not None and (kind == "number" or exact(value) == int(exact(value) or 0)))
    if kind == "boolean":
        return float(isinstance(value, bool) or str(value).lower() in ("true", "false", "yes", "no", "y", "n"))
    if kind in ("instant", "date"):
        return float(how_to_read(value, kind) is not None)
    if isinstance(value, bool):
        return 0.1
    if name == "email":
        return float(bool(_EMAIL.fullmatch(str(value).strip())))
    if name == "country":
        return float(known_country(str(value)))
    if name in ("currency", "presentment_currency"):
        return float(bool(re.fullmatch(r"[A-Za-z]{3}", str(value))))
    if name == "phone":
        return float(sum(c.isdigit() for c in str(value)) >= 6 and "@" not in str(value))
    return 0.2 if _EMAIL.fullmatch(str(value).strip()) else 0.7


def exact(value: Any) -> Decimal | None:
    """The value as a number, also with a comma for its point; None when it is none."""
    if isinstance(value, bool) or len(str(value)) > 40:
        return None
    try:
        found = Decimal(str(value).strip())
    except InvalidOperation:
        text = str(value).strip()
        if not re.fullmatch(r"-?[\d.]+,\d+", text):
            return None
        found = Decimal(text.replace(".", "").replace(",", "."))
    return found if found.is_finite() else None


def how_to_read(value: Any, kind: str) -> str | None:
    """The call that reads a date (`date`) or instant (`instant`) written like this value; None when none does."""
    text = str(value).strip()
    number = exact(value)
    if kind == "date":
        if _ISO_DATE.fullmatch(text) or _ISO_TIME.fullmatch(text):
            return "date"
        return next((f"date('{p}')" for p in DATE_PATTERNS if _reads(p, text)), None)
    if match := _ISO_TIME.fullmatch(text):
        return "datetime" if match[3] else "datetime(zone='UTC')"
    if number is not None and 10**9 <= number < 10**10:
        return "from_epoch"
    if number is not None and 10**12 <= number < 10**13:
        return "from_epoch(milliseconds)"
    return next((f"datetime('{p}', zone='UTC')" for p in TIME_PATTERNS if _reads(p, text)), None)


def _reads(pattern: str, text: str) -> bool:
    try:
        return reader(pattern)(text) is not None
    except ValueError:
        return False
