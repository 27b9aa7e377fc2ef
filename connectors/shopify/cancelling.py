"""Cancelling an order at the shop: `orderCancel`, which cannot be undone and so is asked about first.

The payload (mappings/shopify/order_cancellation.out.yaml):

    {"order_id": gid, "reason": "CUSTOMER|DECLINED|FRAUD|INVENTORY|OTHER|STAFF", "restock": bool, "refund": bool,
     "notify_customer": bool, "note": text or null}
"""

from __future__ import annotations

from typing import Any

from connectors.shopify.client import Client
from connectors.shopify.settings import gid
from hub.sdk.connector import Absent, Found, Receipt
from hub.sdk.errors import Rejected
from hub.sdk.http import loads

NOTE_LENGTH = 255


class Cancelling:
    """Cancels orders, and sees which are cancelled."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def push(self, payload: bytes) -> Receipt:
        """Cancel the order; one that is cancelled already is left alone. The shop does it in a job of its own."""
        document = self._read(payload)
        known = self._cancelled(document["order_id"])
        if known is not None:
            return Receipt(document["order_id"], known)
        answer = self._client.change(
            "order_cancel",
            errors="orderCancelUserErrors",
            orderId=document["order_id"],
            reason=document.get("reason") or "OTHER",
            restock=bool(document.get("restock", True)),
            refundMethod={"originalPaymentMethodsRefund": bool(document.get("refund", False))},
            notifyCustomer=bool(document.get("notify_customer", False)),
            staffNote=(document.get("note") or "")[:NOTE_LENGTH] or None,
        )
        return Receipt(document["order_id"], answer.body)

    def find(self, payload: bytes) -> Found | Absent:
        """Is the order cancelled?"""
        document = self._read(payload)
        known = self._cancelled(document["order_id"])
        return Absent() if known is None else Found(Receipt(document["order_id"], known))

    def _cancelled(self, order_id: str) -> bytes | None:
        """The shop's answer when the order is cancelled there, None when it is not."""
        answer = self._client.call("cancellation_state", id=order_id)
        node = answer.data.get("node")
        if node is None:
            raise Rejected(f"the shop has no order {order_id}", field="order_id", code="shopify.order-unknown")
        return answer.body if node["cancelledAt"] else None

    def _read(self, payload: bytes) -> dict[str, Any]:
        try:
            document: dict[str, Any] = loads(payload)
            document["order_id"] = gid("Order", str(document["order_id"]))
        except (ValueError, TypeError, KeyError) as error:
            raise Rejected(f"not a cancellation payload: {error!r}", code="shopify.payload-invalid") from None
        return document
