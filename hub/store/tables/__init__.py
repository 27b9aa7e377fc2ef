"""The tables, one module per noun of the design.

Facts and wishes are columns; a status never is: `hub.ledger` computes it from quantities. Personal data stands in the
columns whose comment says `personal`, and in `payloads`, nowhere else.
"""

from __future__ import annotations

from hub.store.tables.base import metadata
from hub.store.tables.events import alerts, events
from hub.store.tables.fulfilment import (
    cancellations,
    fulfillment_lines,
    fulfillments,
    inventory_levels,
    package_lines,
    packages,
    return_lines,
    returns,
    shipments,
)
from hub.store.tables.installation import login_links, merchants, settings, users
from hub.store.tables.invoices import invoice_lines, invoices, payments
from hub.store.tables.lookups import lookup_changes, lookup_rows, lookup_tables, lookup_versions
from hub.store.tables.mappings import mapping_texts, mapping_versions
from hub.store.tables.messages import messages, payloads
from hub.store.tables.orders import holds, ledger, line_refs, order_changes, order_lines, orders, waivers
from hub.store.tables.partners import agreements, connections, control_numbers, flows, partner_ids, partners
from hub.store.tables.rules import rules, sku_components
from hub.store.tables.work import LIVE_SQL, attempts, jobs

__all__ = [
    "LIVE_SQL",
    "agreements",
    "alerts",
    "attempts",
    "cancellations",
    "connections",
    "control_numbers",
    "events",
    "flows",
    "fulfillment_lines",
    "fulfillments",
    "holds",
    "inventory_levels",
    "invoice_lines",
    "invoices",
    "jobs",
    "ledger",
    "line_refs",
    "login_links",
    "lookup_changes",
    "lookup_rows",
    "lookup_tables",
    "lookup_versions",
    "mapping_texts",
    "mapping_versions",
    "merchants",
    "messages",
    "metadata",
    "order_changes",
    "order_lines",
    "orders",
    "package_lines",
    "packages",
    "partner_ids",
    "partners",
    "payloads",
    "payments",
    "return_lines",
    "returns",
    "rules",
    "settings",
    "shipments",
    "sku_components",
    "users",
    "waivers",
]
