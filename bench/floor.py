"""The floor: a plain script that does what the hub does to a backlog, without a hub. `python -m bench.floor`.

It makes the same calls over the same sessions with as many threads: pages of orders, a PUT to the warehouse for each,
pages of shipments, and for each a look at the order's fulfilment orders and a fulfilment. It keeps the rows that the
hub keeps of its documents, orders, ledger, fulfilments, shipments and timeline, as a run of the hub has left them, in
two commits per order: one before the warehouse is told, one after the store is. What a hub needs beyond that (jobs,
attempts, mappings, checks, the states in between) it does without.
"""

from __future__ import annotations

import json
import re
import sqlite3
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from connectors.shopify import queries
from connectors.shopify.pulling import LINES, PARTS
from hub.sandbox.world import STORE_TOKEN, WAREHOUSE_TOKEN

PAGE = 100
"""Shipments on a page, as many as the hub asks for."""

_OPERATION = re.compile(rb"(?:query|mutation) (\w+)")

_SENT = "m.kind IN ('order', 'fulfillment')"
ROWS = (
    ("messages", f"SELECT m.order_id, {_SENT}, m.* FROM messages m"),
    ("payloads", f"SELECT m.order_id, {_SENT}, p.* FROM payloads p JOIN messages m ON m.id = p.message_id"),
    ("orders", "SELECT o.id, 1, o.* FROM orders o"),
    ("order_lines", "SELECT l.order_id, 1, l.* FROM order_lines l"),
    ("line_refs", "SELECT l.order_id, 1, r.* FROM line_refs r JOIN order_lines l ON l.id = r.line_id"),
    (
        "ledger",
        "SELECT l.order_id, e.cause NOT LIKE 'shipment/%', e.* FROM ledger e JOIN order_lines l ON l.id = e.line_id",
    ),
    ("fulfillments", "SELECT f.order_id, 1, f.* FROM fulfillments f"),
    (
        "fulfillment_lines",
        "SELECT f.order_id, 1, l.* FROM fulfillment_lines l JOIN fulfillments f ON f.id = l.fulfillment_id",
    ),
    ("shipments", "SELECT s.order_id, 0, s.* FROM shipments s"),
    ("packages", "SELECT s.order_id, 0, p.* FROM packages p JOIN shipments s ON s.id = p.shipment_id"),
    (
        "package_lines",
        "SELECT s.order_id, 0, l.* FROM package_lines l JOIN packages p ON p.id = l.package_id "
        "JOIN shipments s ON s.id = p.shipment_id",
    ),
    ("events", "SELECT e.order_id, e.kind IN ('order.received', 'order.routed'), e.* FROM events e"),
)
"""Per table: order id, whether it is written before the warehouse is told, and the row."""

Inserts = dict[str, list[tuple[Any, ...]]]


class Book:
    """The database. Rows of each order by its id at the store, in two parts."""

    def __init__(self, path: str, like: str) -> None:
        self._parts = _load(like)
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")

    def keep(self, order: str, part: int) -> None:
        """Store one part of an order, in one commit."""
        inserts = self._parts[order, part]
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            for statement, rows in inserts.items():
                self._connection.executemany(statement, rows)
            self._connection.execute("COMMIT")


def _load(path: str) -> dict[tuple[str, int], Inserts]:
    parts: dict[tuple[str, int], Inserts] = defaultdict(lambda: defaultdict(list))
    with sqlite3.connect(path) as connection:
        names = dict(connection.execute("SELECT id, external_id FROM orders"))
        for table, select in ROWS:
            for order_id, first, *row in connection.execute(select):
                if order_id is not None:
                    marks = ", ".join("?" * len(row))
                    statement = f"INSERT INTO {table} VALUES ({marks})"
                    parts[names[order_id], 0 if first else 1][statement].append(tuple(row))
    connection.close()
    return parts


class Calls:
    """The two sessions, and how often they were used."""

    def __init__(self, store: str, warehouse: str) -> None:
        self.made: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._store = f"{store}/admin/api/2026-07/graphql.json"
        self._warehouse = warehouse
        self._sessions = {
            store: _session({"X-Shopify-Access-Token": STORE_TOKEN}),
            warehouse: _session({"Authorization": f"Bearer {WAREHOUSE_TOKEN}"}),
        }
        self._shop, self._depot = self._sessions.values()

    def graphql(self, operation: str, **variables: Any) -> Any:
        """Send one of the connector's operations; gives its data."""
        body = {"query": queries.document(operation), "variables": variables}
        answer = self._counted(self._shop.post(self._store, json=body, timeout=30)).json()
        if "errors" in answer:
            raise RuntimeError(answer["errors"])
        return answer["data"]

    def warehouse(self, method: str, path: str, **kwargs: Any) -> Any:
        """One call of the warehouse's API; gives its answer."""
        return self._counted(self._depot.request(method, f"{self._warehouse}/{path}", timeout=30, **kwargs)).json()

    def _counted(self, response: requests.Response) -> requests.Response:
        response.raise_for_status()
        with self._lock:
            self.made[kind_of_call(response.request)] += 1
        return response


def _session(headers: dict[str, str]) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.headers.update({"Accept": "application/json", **headers})
    session.mount("http://", HTTPAdapter(pool_maxsize=32))
    return session


def kind_of_call(request: requests.PreparedRequest) -> str:
    """The GraphQL operation, or the method and the first step of the path."""
    body = request.body if isinstance(request.body, bytes) else str(request.body or "").encode()
    operation = _OPERATION.search(body[:200]) if request.method == "POST" else None
    if operation:
        return operation[1].decode()
    return f"{request.method} {(request.path_url.split('?')[0]).split('/')[1]}"


def run(plan: dict[str, Any]) -> dict[str, Any]:
    """Do it; gives seconds, cpu_ms and the calls by kind."""
    book = Book(plan["database"], plan["rows"])
    calls = Calls(plan["store"], plan["warehouse"])
    started, used = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(plan["threads"]) as pool:
        _finish(pool.submit(_send, book, calls, order) for order in _orders(calls, plan["page"]))
        _finish(pool.submit(_write_back, book, calls, shipment) for shipment in _shipments(calls, plan["orders"]))
    return {
        "seconds": time.perf_counter() - started,
        "cpu_ms": (time.process_time() - used) * 1000,
        "calls": calls.made,
    }


def _finish(futures: Iterable[Future[None]]) -> None:
    for future in list(futures):
        future.result()


def _orders(calls: Calls, size: int) -> Iterable[Any]:
    since, after, more = "2000-01-01T00:00:00Z", None, True
    while more:
        page = calls.graphql(
            "orders",
            query=f"updated_at:>='{since}'",
            first=size,
            after=after,
            lines=LINES,
            parts=PARTS,
            counted="",
            count=after is None,
        )["page"]
        yield from page["nodes"]
        more, after = page["pageInfo"]["hasNextPage"], page["pageInfo"]["endCursor"]


def _send(book: Book, calls: Calls, order: Any) -> None:
    address = order["shippingAddress"]
    body = {
        "reference": order["id"].rsplit("/", 1)[1],
        "order_number": order["name"],
        "ship_to": {
            "name": address["name"],
            "address1": address["address1"],
            "city": address["city"],
            "postal_code": address["zip"],
            "country": address["countryCodeV2"],
        },
        "lines": [
            {"line_id": line["id"], "sku": line["sku"], "quantity": line["quantity"], "description": line["name"]}
            for line in order["lineItems"]["nodes"]
        ],
    }
    book.keep(order["id"], 0)
    calls.warehouse("PUT", f"fulfillments/{body['reference']}", json=body)


def _shipments(calls: Calls, wanted: int) -> Iterable[Any]:
    query: dict[str, Any] = {"limit": PAGE}
    seen = 0
    while seen < wanted:
        page = calls.warehouse("GET", "shipments", params=query)
        query["after"] = page["next"]
        seen += len(page["data"])
        yield from page["data"]
        if not page["more"] and seen < wanted:
            time.sleep(0.05)


def _write_back(book: Book, calls: Calls, shipment: Any) -> None:
    order = f"gid://shopify/Order/{shipment['reference']}"
    state = calls.graphql("shipping_state", id=order, parts=PARTS, lines=LINES)["node"]
    (package,) = shipment["packages"]
    fulfilment = {
        "lineItemsByFulfillmentOrder": [
            {
                "fulfillmentOrderId": assigned["id"],
                "fulfillmentOrderLineItems": [
                    {"id": line["id"], "quantity": line["remainingQuantity"]} for line in assigned["lineItems"]["nodes"]
                ],
            }
            for assigned in state["fulfillmentOrders"]["nodes"]
        ],
        "notifyCustomer": True,
        "trackingInfo": {
            "company": package["carrier"],
            "numbers": [package["tracking_number"]],
            "urls": [package["tracking_url"]],
        },
    }
    result = calls.graphql("fulfillment_create", fulfillment=fulfilment)["result"]
    if result["userErrors"]:
        raise RuntimeError(result["userErrors"])
    book.keep(order, 1)


if __name__ == "__main__":
    told = run(json.loads(Path(sys.argv[1]).read_text()))
    draft = Path(sys.argv[2]).with_suffix(".part")
    draft.write_text(json.dumps(told))
    draft.rename(sys.argv[2])
