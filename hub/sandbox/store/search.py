"""The search syntax of `query:` arguments, as far as orders and inventory items use it, and connections over lists."""

from __future__ import annotations

import base64
import bisect
import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from hub.sandbox.store.shop import Node, Shop

_TERM = re.compile(r"""(-?)([a-z_]+):(>=|<=|>|<)?(?:'([^']*)'|"([^"]*)"|(\S+))""")
_LAST = "\uffff"

Match = Callable[[Node], bool]


class BadCursor(ValueError):
    """The `after` argument is not a cursor this connection gave."""


def encode_cursor(*parts: Any) -> str:
    return base64.b64encode(json.dumps(parts, separators=(",", ":")).encode()).decode()


def decode_cursor(cursor: str) -> list[Any]:
    try:
        parts = json.loads(base64.b64decode(cursor, validate=True))
    except ValueError:
        raise BadCursor(f"Invalid cursor for current pagination sort: {cursor!r}") from None
    if not isinstance(parts, list):
        raise BadCursor(f"Invalid cursor for current pagination sort: {cursor!r}")
    return parts


def connection(nodes: Sequence[Node], cursor_of: Callable[[Node], str], more: bool, earlier: bool = False) -> Node:
    """A connection over exactly these nodes."""
    return {
        "nodes": nodes, "_cursor_of": cursor_of,
        "pageInfo": {
            "hasNextPage": more, "hasPreviousPage": earlier,
            "startCursor": cursor_of(nodes[0]) if nodes else None,
            "endCursor": cursor_of(nodes[-1]) if nodes else None,
        },
    }  # fmt: skip


def page(nodes: Sequence[Node], arguments: dict[str, Any]) -> Node:
    """A page of a list held by a node: the order of the list, cursors by id."""
    ordered = list(nodes)
    if arguments.get("reverse"):
        ordered.reverse()
    start = 0
    if after := arguments.get("after"):
        wanted = decode_cursor(after)[0]
        start = next((i + 1 for i, node in enumerate(ordered) if node["id"] == wanted), len(ordered))
    first = arguments.get("first")
    end = len(ordered) if first is None else start + first
    return connection(ordered[start:end], lambda node: encode_cursor(node["id"]), end < len(ordered), start > 0)


def terms(query: str | None, known: set[str], warnings: list[Node]) -> list[tuple[str, str, str, bool]]:
    """(field, comparator, value, negated) of each term; a field that is not known is a warning, as on the platform."""
    found = []
    for negated, name, comparator, single, double, bare in _TERM.findall(query or ""):
        if name not in known:
            warnings.append({"field": name, "message": f"Invalid search field for this query: {name}"})
            continue
        found.append((name, comparator or "=", single or double or bare, bool(negated)))
    return found


ORDER_FIELDS = {"updated_at", "created_at", "processed_at", "id", "name", "status", "financial_status",
                "fulfillment_status", "return_status", "test"}  # fmt: skip
_TIMES = {"updated_at": "updatedAt", "created_at": "createdAt", "processed_at": "processedAt"}


def order_match(query: str | None, warnings: list[Node]) -> tuple[Match, str, str]:
    """A predicate for an orders query, and the (from, to) bounds on updatedAt to search in."""
    tests: list[Match] = []
    low, high = "", _LAST
    for name, comparator, value, negated in terms(query, ORDER_FIELDS, warnings):
        if name in _TIMES:
            value = _instant(value)
            if name == "updated_at" and not negated:
                low = max(low, value) if comparator in (">=", ">", "=") else low
                high = min(high, value) if comparator in ("<=", "<", "=") else high
        test = _order_test(name, comparator, value)
        tests.append(_negate(test) if negated else test)
    return (lambda order: all(test(order) for test in tests)), low, high


def _negate(test: Match) -> Match:
    return lambda order: not test(order)


def _instant(text: str) -> str:
    """A time of the query in the form `updatedAt` has; a date alone is its midnight."""
    match = re.match(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d:\d\d))?", text)
    if match is None:
        raise BadCursor(f"Invalid timestamp: {text!r}")
    return f"{match[1]}T{match[2] or '00:00:00'}Z"


def _order_test(name: str, comparator: str, value: str) -> Match:
    if name in _TIMES:
        field = _TIMES[name]
        return lambda order: _compare(order[field], comparator, value)
    if name == "id":
        number = int(value.rsplit("/", 1)[-1])
        return lambda order: _compare(order["_number"], comparator, number)
    if name == "name":
        return lambda order: order["name"].lstrip("#") == value.lstrip("#")
    if name == "financial_status":
        return lambda order: order["displayFinancialStatus"].lower() in value.lower().split(",")
    if name == "test":
        return lambda order: order["test"] is (value == "true")
    if name == "return_status":
        return lambda order: order["returnStatus"].lower() in value.lower().split(",")
    if name == "fulfillment_status":
        return lambda order: _fulfillment_word(order) in value.lower().split(",")
    state = {"open": lambda order: not order["closed"], "closed": lambda order: order["closed"],
             "cancelled": lambda order: bool(order["cancelledAt"])}  # fmt: skip
    return state.get(value, lambda order: True)


def _fulfillment_word(order: Node) -> str:
    words = {"FULFILLED": "fulfilled", "PARTIALLY_FULFILLED": "partial", "ON_HOLD": "on_hold"}
    return words.get(order["displayFulfillmentStatus"], "unfulfilled")


def _compare(left: Any, comparator: str, right: Any) -> bool:
    return bool({"=": left == right, ">=": left >= right, "<=": left <= right, ">": left > right,
                 "<": left < right}[comparator])  # fmt: skip


def orders_page(shop: Shop, arguments: dict[str, Any], warnings: list[Node]) -> Node:
    """`orders(...)`: keyset paging over (sort key, id), so a changed order moves but none is skipped."""
    match, low, high = order_match(arguments.get("query"), warnings)
    reverse = bool(arguments.get("reverse"))
    key = _sort_key(arguments.get("sortKey", "PROCESSED_AT"))
    found: Iterator[Node]
    with shop.lock:
        if key is None:
            keys, start, stop = _window(shop, low, high, arguments.get("after"), reverse)
            found = (shop.orders[keys[index][2]] for index in _walk(start, stop, reverse))
            key = _by_update
        else:
            sort = key
            found = iter(sorted(shop.orders.values(), key=sort, reverse=reverse))
            if after := arguments.get("after"):
                mark = tuple(decode_cursor(after))
                found = (o for o in found if (sort(o) < mark if reverse else sort(o) > mark))
        limit = arguments.get("first") or 0
        nodes = []
        for order in found:
            if match(order):
                nodes.append(order)
                if len(nodes) > limit:
                    break
    cursor = key
    return connection(nodes[:limit], lambda order: encode_cursor(*cursor(order)), len(nodes) > limit,
                      bool(arguments.get("after")))  # fmt: skip


def _by_update(order: Node) -> tuple[Any, ...]:
    return (order["updatedAt"], order["_number"])


def _sort_key(name: str) -> Callable[[Node], tuple[Any, ...]] | None:
    """None for UPDATED_AT, which has an index."""
    fields = {"CREATED_AT": "createdAt", "PROCESSED_AT": "processedAt", "ID": "_number", "ORDER_NUMBER": "number"}
    if name == "UPDATED_AT":
        return None
    field = fields[name]
    return lambda order: (order[field], order["_number"])


def _window(shop: Shop, low: str, high: str, after: str | None, reverse: bool) -> tuple[Any, int, int]:
    keys = shop.by_update
    start = bisect.bisect_left(keys, (low, 0, ""))
    stop = bisect.bisect_right(keys, (high, 1 << 62, ""))
    if after:
        mark = decode_cursor(after)
        if len(mark) != 2 or not isinstance(mark[0], str):
            raise BadCursor(f"Invalid cursor for current pagination sort: {after!r}")
        if reverse:
            stop = min(stop, bisect.bisect_left(keys, (mark[0], mark[1], "")))
        else:
            start = max(start, bisect.bisect_right(keys, (mark[0], mark[1], _LAST)))
    return keys, start, stop


def _walk(start: int, stop: int, reverse: bool) -> range:
    return range(stop - 1, start - 1, -1) if reverse else range(start, stop)


def count_orders(shop: Shop, query: str | None, limit: int | None, warnings: list[Node]) -> Node:
    match, low, high = order_match(query, warnings)
    with shop.lock:
        keys, start, stop = _window(shop, low, high, None, False)
        count = sum(1 for i in range(start, stop) if match(shop.orders[keys[i][2]]))
    if limit is not None and count > limit:
        return {"count": limit, "precision": "AT_LEAST"}
    return {"count": count, "precision": "EXACT"}
