"""The canonical documents: the one shape between every source and every backend.

A mapping reshapes a source document into one of these; the schema judges it. `SCHEMAS` names them by kind.
"""

from marshmallow import Schema

from hub.documents.acknowledgement import Acknowledgement
from hub.documents.advice import Advice
from hub.documents.fulfillment import Cancellation, CancellationResult, Fulfillment
from hub.documents.inventory import Inventory
from hub.documents.invoice import Invoice
from hub.documents.order import Order
from hub.documents.order_cancellation import OrderCancellation
from hub.documents.order_change import OrderChange
from hub.documents.remittance import Remittance
from hub.documents.returns import Return
from hub.documents.shipment import Shipment
from hub.documents.stock_movement import StockMovement
from hub.documents.transport_status import TransportStatus

SCHEMAS: dict[str, type[Schema]] = {
    "order": Order,
    "order_cancellation": OrderCancellation,
    "order_change": OrderChange,
    "fulfillment": Fulfillment,
    "cancellation": Cancellation,
    "cancellation_result": CancellationResult,
    "shipment": Shipment,
    "return": Return,
    "inventory": Inventory,
    "acknowledgement": Acknowledgement,
    "invoice": Invoice,
    "remittance": Remittance,
    "advice": Advice,
    "stock_movement": StockMovement,
    "transport_status": TransportStatus,
}
