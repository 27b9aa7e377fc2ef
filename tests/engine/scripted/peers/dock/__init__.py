"""Where a warehouse or supplier that speaks EDI gets its orders and puts its answers."""

from hub.sdk import Receipt
from tests.engine.scripted.peer import Effect, Scripted


class Dock(Scripted):
    type = "dock"
    pulls = frozenset({"edi"})
    pushes = frozenset({"fulfillment", "cancellation", "functional_acknowledgement"})

    def _receipt(self, effect: Effect) -> Receipt:
        """A file has been taken; what becomes of it is said by another."""
        return Receipt(effect.key)


CONNECTOR = Dock
