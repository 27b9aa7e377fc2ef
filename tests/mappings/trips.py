"""Pairs of mappings, and what of a canonical document goes through each, with the reason for all that does not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from hypothesis import strategies as st

from hub.edi.partner import sscc
from tests.mappings.canonical import MIDNIGHTS, NOTHING, WHOLE, Document, Given

ORDER, PLACED = "PO7", dt.date(2026, 3, 1)
"""The purchase order that is answered, announced or billed, and its day."""
NUMBERS = st.integers(1, 9999).map(str)
CODES = st.sampled_from(["01", "02"])


@dataclass(frozen=True)
class Trip:
    """What a pair of mappings does to documents, by path. `given` and `always`: what the documents hold, see
    `canonical.documents`; `fit` makes of one a document that can be. `read_as`: what comes back under another name.
    `differs`: what does not come back, or comes of itself, each with the reason; a path stands for all under it."""

    given: Given = field(default_factory=dict)
    always: tuple[str, ...] = ()
    fit: Callable[[Document], None] = lambda document: None
    read_as: Mapping[str, str] = field(default_factory=dict)
    differs: Mapping[str, str] = field(default_factory=dict)

    def but(self, more: Mapping[str, str]) -> Trip:
        """The same, but for what differs beside."""
        return replace(self, differs={**self.differs, **more})


def because(reason: str, paths: str, under: str = "") -> dict[str, str]:
    """The paths, words of one text, each with the reason."""
    return {under + path: reason for path in paths.split()}


# -- what fits together ---------------------------------------------------------------------------------------------


def _numbers(lines: Iterable[Document], *names: str) -> None:
    """Numbers that are not the lines' places."""
    for number, line in enumerate(lines, 31):
        line.update(dict.fromkeys(names, str(number)))


def _asked(document: Document) -> None:
    """A consignee has a name; who is to be rung up is the consignee."""
    _numbers(document["lines"], "line")
    to = document["ship_to"]
    to.setdefault("name", "ADA KING")
    if "address1" not in to:
        to.pop("address2", None)
    for name in ("phone", "email"):
        if name in to:
            document[name] = to[name]
        else:
            document.pop(name, None)


def _marked(document: Document) -> None:
    """Whoever the cartons are for has a name, and a number of a kind that the set knows."""
    _asked(document)
    for party in document["parties"]:
        party.update(id=party.get("id", "0007"), id_qualifier="92")
        address = party["address"]
        address.setdefault("name", "STORE 7")
        for name, other in (("address1", "address2"), ("city", "country")):
            if name not in address:
                address.pop(other, None)


def _answered(document: Document) -> None:
    """It is about the one order, and what is rejected does not come."""
    _numbers(document["lines"], "external_line")
    document.update(order_external_id=ORDER, order_number=ORDER, ordered_on=PLACED)
    for place, line in enumerate(document["lines"], 1):
        line["position"] = place
        if line["status"] == "rejected":
            line["quantity"] = Decimal(0)


def _answered_change(document: Document) -> None:
    """It answers a change where it names one."""
    _answered(document)
    document["answers"] = "change" if document.get("change_number") else "order"


def _moved(document: Document) -> None:
    _numbers(document["lines"], "line")


def _excepted(document: Document) -> None:
    """What is wrong with a line has a reason."""
    _moved(document)
    for line in document["lines"]:
        line["condition"] = "exception" if line.get("reason") else None


def _shipped(document: Document) -> None:
    """It is about the one order; each package has marks of its own and goes by the one carrier."""
    document["reference"] = ORDER
    _numbers((line for package in document["packages"] for line in package["lines"]), "line", "external_line")
    for number, package in enumerate(document["packages"], 1):
        package.update(sscc=sscc.build("0614141", number), carrier=document["carrier"])
        if "tracking_number" in package:
            package["tracking_number"] += str(number)


def _closed(document: Document) -> None:
    """The first line that is closed is one that was shipped, the others were not; what is not short, has shipped."""
    _shipped(document)
    packed = [line for package in document["packages"] for line in package["lines"]]
    for line, number in zip(document["closed"], (packed[0]["line"], "61", "62"), strict=False):
        line["line"] = number
        if number == packed[0]["line"]:
            line["sku"] = packed[0]["sku"]
            packed[0]["ordered"] = packed[0]["quantity"] + line["short"]
        if not line["short"]:
            line.pop("reason", None)


def _come_back(document: Document) -> None:
    """All that came back is told under the numbers of whoever opened the return."""
    _numbers(document["lines"], "external_line")
    document.update(order_external_id=ORDER, return_external_id=document["external_id"])
    for place, line in enumerate(document["lines"], 1):
        line.update(external_id=str(place), received=line["quantity"])


def _going_back(document: Document) -> None:
    _come_back(document)
    document["rma"] = document["external_id"]


def _counted(document: Document) -> None:
    """Levels of one report, each of another SKU."""
    for place, level in enumerate(document["levels"]):
        level["sku"] += f"-{place}"
        level.update(counted_at=document["reported_at"], cause=document["reference"])


def _advised(document: Document) -> None:
    """It is about one document; what is wrong with it is said."""
    del document["documents"][1:]
    (one,) = document["documents"]
    if one["verdict"] == "errors" and not one["errors"]:
        one["verdict"] = "accepted"


def _billed(document: Document) -> None:
    """It is about the one order; taxes stand with the lines or with the whole; a number is tracked by its carrier, and
    a discount for days that are named."""
    document.update(reference=ORDER, ordered_on=PLACED)
    _numbers(document["lines"], "line", "external_line")
    for place, line in enumerate(document["lines"], 1):
        line["position"] = place
        if document["taxes"]:
            line.pop("tax", None)
    if "carrier" not in document:
        document.pop("tracking_number", None)
    if document.get("terms") and "discount_days" not in document["terms"]:
        document["terms"].pop("discount_percent", None)


# -- the trips ------------------------------------------------------------------------------------------------------

ONLY_FOR_US = "it stays with the hub: what the customer pays, and when"
CONTACT = "the recipient's contact is told, and read as the recipient's"
KNOWN = "who reads it knows that from the order"
BASE_UNITS = "what comes in is in base units, line by line of ours"
NO_PLACE = "the set has no place for it"
READ_AS_TWO = "it is read as two fields"
ALSO_VENDORS = "the SKU is the vendor's number"
IN_EACH_LEVEL = "it comes back with each level"
ADDED_UP = "it is added up anew"
AS_LINES = "of a change its lines are told"
AS_THE_CARRIER = "one of the two is told, and read as the carrier"
WITH_SEVERAL = "one stands for all packages"

CONSIGNED = {
    **because(ONLY_FOR_US, "currency placed_at lines.unit_price"),
    **because(CONTACT, "phone email"),
    "references.department": "numbers of the order's source are nothing to a backend",
}
LABELLED = because("a label has no place for it", "phone email", "parties.address.")
ORDERED = Trip(
    given={"purpose": st.sampled_from(["original", "cancel"])},
    always=("ship_to", "ship_to.country", "ordered_on"),
    fit=_asked,
    read_as={
        "reference": "external_id",
        "order_number": "references.customer",
        "ordered_on": "placed_on",
        "lines.line": "lines.external_id",
    },
    differs={
        **CONSIGNED,
        **because("an order that comes by EDI is so", "channel payment test taxes_included"),
        **because(
            "unless it says otherwise", "position pack_factor cancelled fulfilled_elsewhere ships unit", "lines."
        ),
        "lines.identifiers.vendor": ALSO_VENDORS,
        "lines.identifiers.buyer": "the customer's number is nothing to a supplier",
        "location": "the supplier ships from where it likes",
        "parties": "the parties are kept beside the address",
        "number": "the order's number is its id",
        "references.kind": "a code of the set",
    },
)
CHANGED = Trip(
    given={"purpose": st.just("change")},
    always=("purpose", "ship_to", "ordered_on", "references"),
    fit=_asked,
    read_as={"reference": "order_external_id", "lines.line": "lines.external_id"},
    differs={
        **CONSIGNED,
        **because(
            AS_LINES,
            "ship_to parties note shipping_method carrier location ship_not_before ship_not_after deliver_by"
            " lines.title lines.identifiers lines.action lines.unit",
        ),
        "order_number": "the order's number is its id",
    },
)
NOTICE = Trip(
    given=dict.fromkeys(("closed", "references", "parties", "location"), NOTHING),
    always=("packages", "carrier", "shipped_at", "packages.lines.sku", "packages.lines.unit"),
    fit=_shipped,
    differs={
        "external_id": "it is read with the reference in front",
        **because(KNOWN, "order_external_id order_number ordered_on ship_to ship_from"),
        **because(KNOWN, "position title ordered identifiers", "packages.lines."),
        **because(BASE_UNITS, "external_line unit", "packages.lines."),
        **because("a label has no place for it", "external_id tracking_url", "packages."),
        **because(WITH_SEVERAL, "service packages.service"),
        "packages.tracking_fits": "it is judged anew",
    },
)
BILL = Trip(
    always=("currency", "lines.sku", "lines.unit", "lines.amount"),
    fit=_billed,
    differs={
        **because(KNOWN, "order_external_id order_number bill_to ship_to parties references"),
        **because(ADDED_UP, "totals.lines totals.allowances totals.charges totals.tax"),
        **because(NO_PLACE, "charges.percent taxes.basis"),
        "lines.external_line": "it is read as the line's number",
        "taxes_included": NO_PLACE,
    },
)
RECEIVED = Trip(
    given={"movement": st.just("receipt"), "moved_at": MIDNIGHTS},
    always=("moved_at", "location", "lines.sku"),
)
STOCK = Trip(
    always=("reference", "reported_at"),
    fit=_counted,
    differs={
        **because("it comes back with each level", "reference reported_at"),
        "snapshot": "nobody says whether these are all",
        "levels.item": "the number of who was told",
    },
)
BACK = Trip(
    always=("updated_at", "rma", "lines.sku", "lines.quantity"),
    differs={
        **because(NO_PLACE, "reference lines.line lines.condition lines.restock"),
        "return_external_id": "it is the return's id",
        "updated_at": "a day is too coarse for it",
        "lines.received": "what is announced or has come back is the quantity",
    },
)
STATUS = {
    "external_id": "it is read with the control numbers of the envelope",
    "events.reason": "the set has one code, for what happened: that comes back as the reason",
}

TRIPS: dict[str, Trip] = {
    "x12/850": ORDERED,
    "edifact/orders": ORDERED.but({"shipping_method": NO_PLACE}),
    "x12/860": CHANGED.but({"lines.pack_factor": AS_LINES}),
    "edifact/ordchg": CHANGED.but({"changed_on": "the day of the order stands for it"}),
    "x12/855": Trip(
        given=dict.fromkeys(
            ("answers", "change_number", "changed_on", "too_late", "lines.action", "lines.before"), NOTHING
        ),
        always=("lines", "lines.sku", "lines.unit"),
        fit=_answered,
        differs={
            "references": "they are those of the order",
            "lines.reason": NO_PLACE,
            "lines.identifiers.vendor": ALSO_VENDORS,
        },
    ),
    "x12/865": Trip(
        given={"answers": st.just("change")},
        always=("answers", "lines", "lines.sku", "lines.unit", "lines.action"),
        fit=_answered,
        differs={"lines.before": NO_PLACE, "lines.identifiers.vendor": ALSO_VENDORS},
    ),
    "edifact/ordrsp": Trip(
        always=("lines", "lines.sku", "lines.unit"),
        fit=_answered_change,
        differs={
            **because(NO_PLACE, "changed_on lines.action lines.before references.department"),
            "references.supplier": "the number of the answer",
            "lines.identifiers.vendor": ALSO_VENDORS,
        },
    ),
    "x12/856": NOTICE.but({"packages.weight_grams": "partners want it in different places"}),
    "edifact/desadv": NOTICE,
    "x12/810": BILL.but({"lines.amount": ADDED_UP}),
    "edifact/invoic": BILL.but({"terms.description": NO_PLACE}),
    "x12/940": Trip(
        given={"parties.role": st.sampled_from(["mark_for", "store", "buyer"])},
        always=("ship_to", "parties", "parties.address", "references"),
        fit=_marked,
        differs={**CONSIGNED, **LABELLED, "lines.identifiers.buyer": "a line has room for two numbers"},
    ),
    "edifact/iftmin": Trip(
        given={"parties.role": st.sampled_from(["mark_for", "buyer"])},
        always=("ship_to", "carrier", "parties", "parties.address"),
        fit=_marked,
        differs={**CONSIGNED, **LABELLED, "lines.identifiers": NO_PLACE, "shipping_method": AS_THE_CARRIER},
    ),
    "x12/945": Trip(
        given={
            **dict.fromkeys(("references", "parties"), NOTHING),
            "shipped_at": MIDNIGHTS,
            "closed.reason": st.sampled_from(["cancelled", "out of stock"]),
        },
        always=("packages", "location", "carrier", "shipped_at", "packages.lines.sku", "closed.sku"),
        fit=_closed,
        differs={
            **{path: why for path, why in NOTICE.differs.items() if path not in ("service", "order_number")},
            **because(NO_PLACE, "purpose packages.weight_grams"),
        },
    ),
    "x12/943": Trip(
        given={"movement": st.just("announced"), "moved_at": MIDNIGHTS},
        always=("location", "transport_method", "carrier", "lines.sku"),
        fit=_moved,
        differs=because(NO_PLACE, "rma lines.condition lines.reason"),
    ),
    "x12/944": replace(
        RECEIVED,
        given={**RECEIVED.given, "lines.condition": NOTHING, "lines.reason": CODES},
        always=(*RECEIVED.always, "transport_method", "carrier"),
        fit=_excepted,
    ),
    "x12/947": Trip(
        given={"movement": st.just("adjustment"), "moved_at": MIDNIGHTS, "lines.reason": CODES},
        always=("location", "moved_at", "lines.sku", "lines.reason"),
        fit=_moved,
        differs={
            "external_id": "the day stands in front of it",
            **because(NO_PLACE, "rma reference transport_method carrier routing lines.line lines.condition"),
        },
    ),
    "edifact/recadv": replace(
        RECEIVED,
        fit=_moved,
        differs={
            **because(NO_PLACE, "rma lines.reason lines.condition"),
            **because("what has come is told by what it is", "transport_method carrier routing"),
        },
    ),
    "x12/180": replace(BACK, given={"status": st.just("open"), "lines.quantity": WHOLE}, fit=_come_back),
    "edifact/retann": replace(
        BACK.but({"lines.reason": NO_PLACE}),
        given={"status": st.sampled_from(["requested", "cancelled"])},
        always=(*BACK.always, "status"),
        fit=_going_back,
    ),
    "x12/846": STOCK,
    "edifact/invrpt": STOCK,
    "x12/214": Trip(always=("carrier", "references"), differs=STATUS),
    "edifact/iftsta": Trip(
        given={"events.status": st.sampled_from(["picked_up", "in_transit", "delivered", "failed"])},
        always=("references",),
        differs={**STATUS, **because(NO_PLACE, "events.region events.country")},
    ),
    "x12/820": Trip(always=("currency",)),
    "x12/824": Trip(
        given={
            "documents.set_id": st.sampled_from(["810", "856"]),
            "documents.group_control": NUMBERS,
            "documents.set_control": NUMBERS.map(lambda number: number.zfill(4)),
            "documents.errors.code": CODES,
            "documents.errors.place": st.sampled_from(["IT1*18", "N4*7"]),
        },
        always=(
            "number",
            "advised_on",
            *because("", "reference set_id group_control set_control errors.code", "documents."),
        ),
    ),
    "edifact/aperak": Trip(
        given={"documents.set_id": st.sampled_from(["INVOIC", "DESADV"]), "documents.errors.place": CODES},
        always=("number", "documents.reference", "documents.errors.code"),
        fit=_advised,
        differs=because("a message names a document by its own number", "group_control set_control", "documents."),
    ),
}
