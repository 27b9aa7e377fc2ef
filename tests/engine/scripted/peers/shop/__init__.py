"""A storefront that honours keys unless its peer says otherwise."""

from tests.engine.scripted.peer import Scripted


class Shop(Scripted):
    type = "shop"
    pulls = frozenset({"order", "return"})
    pushes = frozenset({"shipment", "tracking", "return", "order_cancellation"})


CONNECTOR = Shop
