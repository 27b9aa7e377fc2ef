"""Order nodes: how one is built from its specification, and what follows from its quantities.

A node is a dict in the schema's field names; names with a leading underscore are the store's own. An order holds its
lines in `_lines`, its fulfilment orders in `_fulfillment_orders`, and so on; every quantity and total that follows
from them is worked out by `refresh`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hub.sandbox.catalog import Product
from hub.sandbox.store.money import NOTHING, Currencies, Pair, total

if TYPE_CHECKING:
    from hub.sandbox.store.shop import Shop

Node = dict[str, Any]


@dataclass
class LineSpec:
    """`discount` is the share taken off this line; `location` is the index of the location it is assigned to."""

    product: Product
    quantity: int
    discount: Decimal = Decimal(0)
    location: int = 0
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass
class OrderSpec:
    """What a seeded order consists of. `code_discount` is a share of the order, spread over its lines."""

    lines: list[LineSpec]
    currencies: Currencies
    shipping_address: Node | None
    billing_address: Node | None
    email: str | None
    phone: str | None
    customer: Node | None
    tax_title: str
    tax_rate: Decimal
    taxes_included: bool
    shipping_title: str
    shipping_price: Decimal
    code: str | None = None
    code_discount: Decimal = Decimal(0)
    financial_status: str = "PAID"
    test: bool = False
    on_hold: bool = False
    note: str | None = None
    tags: list[str] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)
    traits: list[str] = field(default_factory=list)


def attributes(values: dict[str, str]) -> list[Node]:
    return [{"key": key, "value": value} for key, value in values.items()]


def build_order(shop: Shop, spec: OrderSpec, when: str) -> Node:
    """A new order node with its lines and fulfilment orders, registered with `shop` but not yet listed."""
    number = shop.next_order_number()
    order = shop.node("Order", createdAt=when, updatedAt=when, processedAt=when, number=number, name=f"#{number}")
    order.update(
        cancelledAt=None, cancelReason=None, closed=False, closedAt=None, confirmed=True, edited=False,
        test=spec.test, note=spec.note, tags=spec.tags, customAttributes=attributes(spec.attributes),
        email=spec.email, phone=spec.phone, poNumber=None, sourceName="web", sourceIdentifier=None,
        customer=spec.customer, customerLocale="en", billingAddress=spec.billing_address,
        shippingAddress=spec.shipping_address, currencyCode=spec.currencies.shop,
        presentmentCurrencyCode=spec.currencies.presentment, taxesIncluded=spec.taxes_included, taxExempt=False,
        estimatedTaxes=False, dutiesIncluded=False, displayFinancialStatus=spec.financial_status,
        discountCode=spec.code, discountCodes=[spec.code] if spec.code else [],
        paymentGatewayNames=["manual"] if spec.financial_status == "PENDING" else ["card"],
        risk={"recommendation": "INVESTIGATE" if spec.on_hold else "ACCEPT"},
        _spec=spec, _traits=list(spec.traits), _lines=[], _fulfillment_orders=[], _fulfillments=[], _returns=[],
        _refunds=[], _cancelled_at=None,
    )  # fmt: skip
    order["_lines"] = [build_line(shop, order, line) for line in spec.lines]
    _assign(shop, order)
    _price_shipping(shop, order)
    refresh(order)
    order["originalTotalPriceSet"] = order["totalPriceSet"]
    return order


def build_line(shop: Shop, order: Node, spec: LineSpec) -> Node:
    product = spec.product
    variant = shop.variants[product.sku]
    line = shop.node(
        "LineItem", title=product.title, name=product.title, sku=product.sku, vendor="Sandbox Goods",
        variantTitle=None, variant=variant, quantity=spec.quantity, requiresShipping=product.ships,
        isGiftCard=product.kind == "gift_card", taxable=product.kind != "gift_card", merchantEditable=True,
        restockable=True, customAttributes=attributes(spec.attributes),
        weight={"unit": "GRAMS", "value": float(product.grams)},
        _spec=spec, _order=order, _removed=0, _fulfilled=0,
    )  # fmt: skip
    price_line(order, line)
    return line


def price_line(order: Node, line: Node) -> None:
    """Work out a line's amounts; tax is rounded per line, as the platform does."""
    spec: OrderSpec = order["_spec"]
    own: LineSpec = line["_spec"]
    money = spec.currencies
    unit, quantity = money.pair(own.product.price), line["quantity"]
    original = unit * quantity
    off = money.part(original, own.discount)
    code_off = money.part(original - off, spec.code_discount)
    net = original - off - code_off
    rate = spec.tax_rate if line["taxable"] else Decimal(0)
    tax = money.part(net, rate / (1 + rate) if spec.taxes_included else rate)
    line.update(
        originalUnitPriceSet=money.bag(unit), originalTotalSet=money.bag(original),
        discountedTotalSet=money.bag(original - off), totalDiscountSet=money.bag(off + code_off),
        discountedUnitPriceSet=money.bag(money.part(original - off, Decimal(1) / max(quantity, 1))),
        discountedUnitPriceAfterAllDiscountsSet=money.bag(money.part(net, Decimal(1) / max(quantity, 1))),
        _with_code=money.bag(net), _net=net, _tax=tax, _off=off + code_off,
        taxLines=[tax_line(spec, tax)] if rate else [], discountAllocations=_allocations(spec, off, code_off),
    )  # fmt: skip


def tax_line(spec: OrderSpec, tax: Pair) -> Node:
    return {
        "title": spec.tax_title, "rate": float(spec.tax_rate), "ratePercentage": float(spec.tax_rate * 100),
        "priceSet": spec.currencies.bag(tax), "channelLiable": False, "source": None,
    }  # fmt: skip


def _allocations(spec: OrderSpec, off: Pair, code_off: Pair) -> list[Node]:
    found = []
    common = {"targetType": "LINE_ITEM", "index": 0}
    if off.shop:
        application = {"__typename": "ManualDiscountApplication", "title": "Line offer", "description": None,
                       "allocationMethod": "EACH", "targetSelection": "EXPLICIT", **common}  # fmt: skip
        found.append({"allocatedAmountSet": spec.currencies.bag(off), "discountApplication": application})
    if code_off.shop:
        application = {"__typename": "DiscountCodeApplication", "code": spec.code, "allocationMethod": "ACROSS",
                       "targetSelection": "ALL", **common}  # fmt: skip
        found.append({"allocatedAmountSet": spec.currencies.bag(code_off), "discountApplication": application})
    return found


def _price_shipping(shop: Shop, order: Node) -> None:
    spec: OrderSpec = order["_spec"]
    price = spec.currencies.pair(spec.shipping_price if any(line["requiresShipping"] for line in order["_lines"])
                                 else Decimal(0))  # fmt: skip
    rate = spec.tax_rate / (1 + spec.tax_rate) if spec.taxes_included else Decimal(0)
    tax = spec.currencies.part(price, rate)
    bag = spec.currencies.bag(price)
    order["_shipping"], order["_shipping_tax"] = price, tax
    order["shippingLine"] = {
        "id": shop.gid("ShippingLine"), "title": spec.shipping_title, "code": spec.shipping_title, "custom": False,
        "carrierIdentifier": None, "deliveryCategory": None, "isRemoved": False, "phone": None, "source": "shop",
        "originalPriceSet": bag, "discountedPriceSet": bag, "currentDiscountedPriceSet": bag,
        "taxLines": [tax_line(spec, tax)] if tax.shop else [],
    }  # fmt: skip


def _assign(shop: Shop, order: Node) -> None:
    """One fulfilment order per location, and a separate one for lines that do not ship."""
    groups: dict[tuple[int, bool], list[tuple[Node, int]]] = {}
    for line in order["_lines"]:
        key = (line["_spec"].location, line["requiresShipping"])
        groups.setdefault(key, []).append((line, line["quantity"]))
    for (location, ships), lines in groups.items():
        add_fulfillment_order(shop, order, location, lines, ships)


def add_fulfillment_order(
    shop: Shop, order: Node, location: int, lines: list[tuple[Node, int]], ships: bool = True
) -> Node:
    """A fulfilment order at `location` (index) for (line, quantity) pairs."""
    place = shop.locations[location]
    on_hold = order["_spec"].on_hold
    created = shop.node(
        "FulfillmentOrder", createdAt=order["updatedAt"], updatedAt=order["updatedAt"],
        fulfillAt=order["processedAt"], fulfillBy=None, status="ON_HOLD" if on_hold else "OPEN",
        requestStatus="UNSUBMITTED", orderId=order["id"], orderName=order["name"], order=order,
        orderProcessedAt=order["processedAt"], assignedLocation=place["_assigned"], _location=location,
        deliveryMethod={"id": shop.gid("DeliveryMethod"), "methodType": "SHIPPING" if ships else "NONE",
                        "presentedName": order["_spec"].shipping_title, "serviceCode": None},
        destination=_destination(shop, order), fulfillmentHolds=[_fraud_hold(shop)] if on_hold else [], _lines=[],
    )  # fmt: skip
    for line, quantity in lines:
        add_to_fulfillment_order(shop, created, line, quantity)
    order["_fulfillment_orders"].append(created)
    return created


def add_to_fulfillment_order(shop: Shop, fulfillment_order: Node, line: Node, quantity: int) -> None:
    fulfillment_order["_lines"].append(shop.node(
        "FulfillmentOrderLineItem", lineItem=line, totalQuantity=quantity, remainingQuantity=quantity,
        productTitle=line["title"], requiresShipping=line["requiresShipping"], variantTitle=None,
        vendor=line["vendor"], inventoryItemId=line["variant"]["inventoryItem"]["id"],
    ))  # fmt: skip


def _fraud_hold(shop: Shop) -> Node:
    return shop.node("FulfillmentHold", reason="HIGH_RISK_OF_FRAUD", displayReason="High risk of fraud",
                     reasonNotes=None, handle=None)  # fmt: skip


def _destination(shop: Shop, order: Node) -> Node | None:
    address = order["shippingAddress"]
    if address is None:
        return None
    same = ("address1", "address2", "city", "company", "firstName", "lastName", "phone", "province", "zip")
    return {"id": shop.gid("FulfillmentOrderDestination"), "countryCode": address["countryCodeV2"],
            "email": order["email"], **{name: address[name] for name in same}}  # fmt: skip


def refresh(order: Node) -> None:
    """Work out everything that follows from lines, fulfilments and payments."""
    refresh_quantities(order)
    _total(order)


def refresh_quantities(order: Node) -> None:
    """Quantities and statuses only: enough where no amount changes."""
    lines = order["_lines"]
    for line in lines:
        current = line["quantity"] - line["_removed"]
        line["currentQuantity"] = line["refundableQuantity"] = current
        line["unfulfilledQuantity"] = current - line["_fulfilled"]
        line["nonFulfillableQuantity"] = line["_removed"]
    order["subtotalLineItemsQuantity"] = sum(line["quantity"] for line in lines)
    order["currentSubtotalLineItemsQuantity"] = sum(line["currentQuantity"] for line in lines)
    order["requiresShipping"] = any(line["requiresShipping"] for line in lines)
    order["fulfillable"] = any(line["unfulfilledQuantity"] for line in lines) and not order["cancelledAt"]
    order["totalWeight"] = str(sum(line["_spec"].product.grams * line["quantity"] for line in lines))
    order["displayFulfillmentStatus"] = _fulfillment_status(order)
    order["returnStatus"] = _return_status(order)


def _fulfillment_status(order: Node) -> str:
    fulfilled = sum(line["_fulfilled"] for line in order["_lines"])
    if fulfilled:
        waiting = any(line["unfulfilledQuantity"] for line in order["_lines"])
        return "PARTIALLY_FULFILLED" if waiting else "FULFILLED"
    if any(entry["status"] == "ON_HOLD" for entry in order["_fulfillment_orders"]):
        return "ON_HOLD"
    return "UNFULFILLED"


def _return_status(order: Node) -> str:
    states = {entry["status"] for entry in order["_returns"]}
    if "OPEN" in states:
        return "IN_PROGRESS"
    if "REQUESTED" in states:
        return "RETURN_REQUESTED"
    return "RETURNED" if "CLOSED" in states else "NO_RETURN"


def _total(order: Node) -> None:
    """total = line totals after discounts + shipping + tax unless it is included."""
    spec: OrderSpec = order["_spec"]
    money, lines = spec.currencies, order["_lines"]
    subtotal, tax = total([line["_net"] for line in lines]), total([line["_tax"] for line in lines])
    tax, off = tax + order["_shipping_tax"], total([line["_off"] for line in lines])
    grand = subtotal + order["_shipping"] + (NOTHING if spec.taxes_included else tax)
    shares = [Decimal(line["currentQuantity"]) / max(line["quantity"], 1) for line in lines]
    left = [money.part(line["_net"], share) for line, share in zip(lines, shares, strict=True)]
    left_tax = [money.part(line["_tax"], share) for line, share in zip(lines, shares, strict=True)]
    left_off = [money.part(line["_off"], share) for line, share in zip(lines, shares, strict=True)]
    shipping = NOTHING if order["cancelledAt"] else order["_shipping"]
    current_tax = total(left_tax) + (NOTHING if order["cancelledAt"] else order["_shipping_tax"])
    current = total(left) + shipping + (NOTHING if spec.taxes_included else current_tax)
    paid = order["displayFinancialStatus"] in ("PAID", "PARTIALLY_REFUNDED", "REFUNDED")
    received = grand if paid else NOTHING
    refunded = received - current if paid else NOTHING
    if refunded.shop > 0:
        order["displayFinancialStatus"] = "PARTIALLY_REFUNDED" if current.shop else "REFUNDED"
    order["_grand"] = grand
    bags = {
        "subtotalPriceSet": subtotal, "totalTaxSet": tax, "totalDiscountsSet": off, "totalPriceSet": grand,
        "totalShippingPriceSet": order["_shipping"], "currentSubtotalPriceSet": total(left),
        "currentTotalTaxSet": current_tax, "currentTotalDiscountsSet": total(left_off),
        "currentTotalPriceSet": current, "totalReceivedSet": received, "totalRefundedSet": refunded,
        "totalOutstandingSet": NOTHING if paid else current,
        "totalTipReceivedSet": NOTHING,
    }  # fmt: skip
    order.update({name: money.bag(pair) for name, pair in bags.items()})
    order["taxLines"] = [tax_line(spec, tax)] if tax.shop else []
    order["currentTaxLines"] = [tax_line(spec, current_tax)] if current_tax.shop else []
    order["fullyPaid"], order["unpaid"] = paid, not paid
