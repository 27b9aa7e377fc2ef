"""A fulfilment backend."""

from tests.engine.scripted.peer import Scripted


class Depot(Scripted):
    type = "depot"
    pulls = frozenset({"shipment", "return", "inventory", "invoice"})
    pushes = frozenset({"fulfillment", "cancellation"})


CONNECTOR = Depot
