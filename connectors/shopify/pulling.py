"""Reading orders and returns: pages, cursors, and documents cut from the response's own bytes.

A pull walks along `updated_at`, up to the time of its first page. Within a run each page asks again from the last time
it saw, so a record that changes meanwhile moves on to the next run and none is skipped; the shop's own page cursor is
used inside one instant alone, where times cannot tell records apart. Each run first looks back over the overlap,
cheaply, for records it has not taken: those that became visible late, and those taken in the very second they changed,
in which they may have changed again.

The cursor: {"since": instant of the last record, "after": page cursor within that instant or null,
"seen": {instant: "id id id"} of the records of the overlap that need not be taken again}.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.shopify import queries
from connectors.shopify.client import COST_LIMIT, Answer, Client, TooCostly
from hub.sdk import slices
from hub.sdk.connector import Document, Json, Page
from hub.sdk.errors import Rejected
from hub.sdk.http import loads

LINES, PARTS = 6, 2
"""How many lines of each kind, and how many fulfilments, fulfilment orders or returns, come with an order at first;
what an order has beyond them is read when it has more. Few, since a document pays for all it might get."""

FIRST_PAGE = 5
YOUNG = timedelta(seconds=2)
"""The shop's times are whole seconds: a record this fresh may change again without its time telling."""

REMEMBERED = 5000
"""Records remembered in the cursor at most; of more than these the overlap brings known revisions again."""

MORE = {
    ("Order", "lineItems"): "more_order_lines",
    ("Order", "shippingLines"): "more_shipping_lines",
    ("Order", "fulfillmentOrders"): "more_assignments",
    ("Order", "returns"): "more_returns",
    ("FulfillmentOrder", "lineItems"): "more_assigned_lines",
    ("Fulfillment", "fulfillmentLineItems"): "more_shipped_lines",
    ("Return", "returnLineItems"): "more_returned_lines",
    ("Return", "reverseFulfillmentOrders"): "more_reverse_orders",
    ("ReverseFulfillmentOrder", "lineItems"): "more_reverse_lines",
}
"""The operation that reads on in a connection, by its owner's type and its name."""


def instant(text: Any) -> datetime | None:
    """An ISO 8601 time as the shop writes it, in UTC; None when it is not one."""
    try:
        value = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return value.astimezone(UTC) if value.tzinfo else None


def stamp(value: datetime) -> str:
    """A time as the shop's search understands it."""
    precision = "microseconds" if value.microsecond else "seconds"
    return value.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")


@dataclass
class Place:
    """Where a pull stands."""

    since: str
    after: str | None = None
    seen: dict[str, set[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, cursor: Json, start_at: datetime) -> Place:
        if not cursor:
            return cls(stamp(start_at))
        seen = {when: set(ids.split()) for when, ids in cursor["seen"].items()}
        return cls(cursor["since"], cursor["after"], seen)

    def cursor(self, overlap: timedelta) -> Json:
        """As stored: with the records that the next look back could meet again."""
        oldest = self.look_back(overlap)
        kept: dict[str, str] = {}
        count = 0
        for when in sorted(self.seen, reverse=True):
            if count > REMEMBERED or (instant(when) or oldest) < oldest:
                break
            kept[when] = " ".join(sorted(self.seen[when]))
            count += len(self.seen[when])
        return {"since": self.since, "after": self.after, "seen": kept}

    def look_back(self, overlap: timedelta) -> datetime:
        return (instant(self.since) or datetime.now(UTC)) - overlap

    def knows(self, record: Record) -> bool:
        return record[1] in self.seen.get(record[0], ())

    def take(self, record: Record, at: datetime) -> None:
        """Remember it, unless it was read so soon after its change that its time may not tell it from the next."""
        changed = instant(record[0])
        if changed and at - changed >= YOUNG:
            self.seen.setdefault(record[0], set()).add(record[1])


Record = tuple[str, str]
"""(updatedAt, the end of the id): one revision, as far as times tell."""


def _record(node: Any) -> Record:
    node = node if isinstance(node, dict) else {}
    return str(node.get("updatedAt")), str(node.get("id")).rsplit("/", 1)[-1]


class Reader:
    """Pages of orders, or of the returns of changed orders."""

    def __init__(self, client: Client, page_size: int, overlap: timedelta) -> None:
        self._client = client
        self._most = page_size
        self._overlap = overlap
        self._size = {"orders": min(FIRST_PAGE, page_size), "returns": min(FIRST_PAGE, page_size)}

    def pages(self, kind: str, cursor: Json, start_at: datetime) -> Iterator[Page]:
        """Everything after `cursor`, oldest change first; at least one page, so that the count is fresh."""
        operation, only = ("orders", f"created_at:>='{stamp(start_at)}'") if kind == "order" else (
            "returns", "-return_status:no_return")  # fmt: skip
        place = Place.of(cursor, start_at)
        make = self.order_documents if kind == "order" else self.return_documents
        if cursor and self._overlap:
            self._look_back(place, only, start_at)
        taken: set[Record] = set()
        count = kind == "order"
        until = ""
        while True:
            answer = self._page(operation, place, until + only, count, only)
            # What changes from now on is the next run's: our own answers would keep this one going.
            until = until or f"updated_at:<='{stamp(answer.at)}' "
            documents: list[Document] = []
            for node, body in slices.cut_each(answer.body, ("data", "page", "nodes")):
                record = _record(node)
                if record not in taken and not place.knows(record):
                    documents += make(node, self.completed(body, node))
                    place.take(record, answer.at)
                    taken.add(record)
            total = _counted(answer) if count else None
            count = False
            more = self._advance(place, answer.data["page"])
            yield Page(documents, place.cursor(self._overlap), total)
            if not more:
                return

    def _page(self, operation: str, place: Place, wanted: str, count: bool, counted: str) -> Answer:
        """One page, of as many records as the cost of a document allows."""
        counting = {"counted": counted, "count": count} if operation == "orders" else {}
        while True:
            size = self._size[operation]
            try:
                answer = self._client.call(
                    operation,
                    query=f"updated_at:>='{place.since}' {wanted}",
                    first=size,
                    after=place.after,
                    lines=LINES,
                    parts=PARTS,
                    **counting,
                )
            except TooCostly as error:
                if size == 1:
                    raise Rejected("one order alone costs more than one request may ask for") from error
                fits = size * COST_LIMIT / error.cost if error.cost else size / 2
                self._size[operation] = max(1, min(size - 1, int(fits * 0.95)))
                continue
            if answer.requested_cost:
                fits = size * COST_LIMIT / answer.requested_cost
                self._size[operation] = max(1, min(int(fits * 0.95), size * 4, self._most))
            return answer

    def _look_back(self, place: Place, only: str, start_at: datetime) -> None:
        """Go back to the first record in the overlap that is not known. Ids and times alone are read here."""
        oldest = max(place.look_back(self._overlap), start_at)
        query = f"updated_at:>='{stamp(oldest)}' updated_at:<'{place.since}' {only}"
        after: str | None = None
        while True:
            page = self._client.call("changed_orders", query=query, first=250, after=after).data["page"]
            for node in page["nodes"]:
                record = _record(node)
                if instant(record[0]) and not place.knows(record):
                    place.since, place.after = record[0], None
                    return
            if not page["pageInfo"]["hasNextPage"]:
                return
            after = page["pageInfo"]["endCursor"]

    def _advance(self, place: Place, page: dict[str, Any]) -> bool:
        """Move on past the page; says whether more waits."""
        times = [node["updatedAt"] for node in page["nodes"] if node and instant(node.get("updatedAt"))]
        last = times[-1] if times else place.since
        more = bool(page["pageInfo"]["hasNextPage"])
        stays = instant(last) == instant(place.since)
        place.after = page["pageInfo"]["endCursor"] if more and stays else None
        place.since = place.since if stays else last
        return more

    def read(self, operation: str, gid: str) -> bytes | None:
        """One node by id, with all of its lines; None when it does not exist."""
        answer = self._client.call(operation, id=gid, **_sizes(operation))
        node = answer.data.get("node")
        if node is None:
            return None
        return self.completed(slices.cut(answer.body, ("data", "node")), node)

    def completed(self, body: bytes, node: Any) -> bytes:
        """The node with every connection read to its end, further elements put in byte for byte."""
        while not _whole(body) and (gap := _gap(node)) is not None:
            body = self._filled(body, *gap)
            node = loads(body)
        return body

    def _filled(self, body: bytes, path: tuple[str | int, ...], owner: str, after: str | None) -> bytes:
        """`body` with more of the connection (or list of fulfilments) at `path`."""
        kind = owner.split("/")[3]
        if path[-1] == "fulfillments":
            count = int(loads(slices.cut(body, (*path[:-1], "fulfillmentsCount", "count"))))
            lines = max(1, min(LINES, (COST_LIMIT // count - 5) // 2))
            answer = self._client.call("dispatches", id=owner, parts=count, lines=lines)
            whole = slices.replaced(body, path, slices.cut(answer.body, ("data", "node", "fulfillments")))
            found = str(len(answer.data["node"]["fulfillments"])).encode()
            return slices.replaced(whole, (*path[:-1], "fulfillmentsCount", "count"), found)
        operation = MORE[kind, str(path[-1])]
        answer = self._client.call(operation, id=owner, after=after, **_sizes(operation))
        more = [piece for _, piece in slices.cut_each(answer.body, ("data", "node", "page", "nodes"))]
        body = slices.extended(body, (*path, "nodes"), more)
        return slices.replaced(body, (*path, "pageInfo"), slices.cut(answer.body, ("data", "node", "page", "pageInfo")))

    def order_documents(self, node: Any, body: bytes) -> list[Document]:
        """The order, even when it lacks what an order must have: the mapping says what is wrong with it."""
        node = node if isinstance(node, dict) else {}
        return [Document("order", _name(node, body), body, revised_at=instant(node.get("updatedAt")))]

    def return_documents(self, node: Any, body: bytes) -> list[Document]:
        """The returns of one order, each as its own document."""
        return [self.return_document(value, piece) for value, piece in slices.cut_each(body, ("returns", "nodes"))]

    def return_document(self, node: Any, body: bytes) -> Document:
        """A return, as old as its order's last change: it has no update time of its own."""
        order = node.get("order") if isinstance(node, dict) else None
        revised = instant(order.get("updatedAt")) if isinstance(order, dict) else None
        return Document("return", _name(node, body), body, revised_at=revised)


def _name(node: Any, body: bytes) -> str:
    """The node's id; for one without, a name that its bytes give it."""
    known = node.get("id") if isinstance(node, dict) else None
    return str(known) if known else f"unnamed-{hashlib.sha256(body).hexdigest()[:24]}"


def _sizes(operation: str) -> dict[str, int]:
    """The sizes of inner pages that the operation asks for."""
    return {name: size for name, size in (("lines", LINES), ("parts", PARTS)) if name in queries.variables(operation)}


def _counted(answer: Answer) -> int | None:
    counted = answer.data.get("counted") or {}
    return int(counted["count"]) if counted.get("precision") == "EXACT" else None


_GOES_ON = re.compile(rb'"hasNextPage"\s*:\s*true')
_COUNT = re.compile(rb'"count"\s*:\s*(\d+)')


def _whole(body: bytes) -> bool:
    """True when no connection can go on. The bytes tell that fast, and nearly every record is whole."""
    return not _GOES_ON.search(body) and all(int(count) <= PARTS for count in _COUNT.findall(body))


def _gap(node: Any, path: tuple[str | int, ...] = (), owner: str = "") -> tuple[Any, str, str | None] | None:
    """The first connection that goes on: its path, its owner's id, and its page cursor."""
    if isinstance(node, list):
        steps: Iterator[tuple[str | int, Any]] = iter(enumerate(node))
    elif isinstance(node, dict):
        owner = str(node.get("id") or owner)
        end = node.get("pageInfo")
        if isinstance(end, dict) and end.get("hasNextPage"):
            return path, owner, end.get("endCursor")
        count = (node.get("fulfillmentsCount") or {}).get("count", 0)
        if count > len(node.get("fulfillments") or ()) and "fulfillments" in node:
            return (*path, "fulfillments"), owner, None
        steps = iter(node.items())
    else:
        return None
    for step, value in steps:
        if value and isinstance(value, (dict, list)) and (found := _gap(value, (*path, step), owner)):
            return found
    return None
