"""The pages that show something."""

from __future__ import annotations

import csv
import datetime as dt
import io
from dataclasses import dataclass, replace
from typing import Any

from flask import Flask, Response, abort, current_app, redirect, render_template, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from hub.console import access
from hub.console.access import person
from hub.console.blueprint import console, installation
from hub.console.notes import take_notes
from hub.console.recent import Recent
from hub.store import overview as overview_rows
from hub.views import attention as attention_views
from hub.views import connections as connection_views
from hub.views import messages as message_views
from hub.views import orders as order_views
from hub.views.base import Page
from hub.views.messages import MessageQuery
from hub.views.orders import OrderQuery
from hub.views.overview import WINDOWS, Overview, alerts_of, overview_of
from hub.views.status import WORDS

EXPORT_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class RailItem:
    """A page in the rail."""

    endpoint: str
    name: str
    icon: str
    current: bool
    count: int = 0


_RAIL = (
    ("console.home", "Overview", "overview", frozenset({"home"})),
    (
        "console.orders",
        "Orders",
        "orders",
        frozenset({"orders", "order"}),
    ),
    ("console.attention", "Needs attention", "attention", frozenset({"attention"})),
    ("console.flows", "Flows", "flows", frozenset({"flows"})),
    ("console.connections", "Connections", "connections", frozenset({"connections"})),
)


def rail() -> list[RailItem]:
    """The pages there are, with the number of things that wait for a person."""
    name = (request.endpoint or "").removeprefix("console.")
    with installation().db.read() as tx:
        waiting = overview_rows.attention_count(tx, person().merchant_id)
    return [
        RailItem(endpoint, title, icon, name in pages, waiting if endpoint == "console.attention" else 0)
        for endpoint, title, icon, pages in _RAIL
    ]


@console.app_context_processor
def _shared() -> dict[str, Any]:
    return {"person": access.known(), "rail": rail, "notes": take_notes}


@console.get("/")
def home() -> str:
    """The overview. A page that refreshes itself takes what was worked out a moment ago; a person's visit is fresh."""
    merchant, window = person().merchant_id, request.args.get("window", "")
    window = window if window in WINDOWS else ""

    def work_out() -> tuple[Overview, dt.datetime, bool]:
        now = installation().now()
        with installation().db.read() as tx:
            view = overview_of(tx, merchant, now, window)
            return view, now, bool(connection_views.connection_list(tx, merchant))

    recent: Recent = current_app.extensions.setdefault("hub-recent", Recent())
    anew = request.headers.get("HX-Trigger") != "live"
    view, now, connected = recent.get((merchant, window), work_out, anew=anew)
    return render_template("overview.html", view=view, now=now, connected=connected)


def _whole(name: str) -> int | None:
    value = request.args.get(name, "")
    return int(value) if value.isdecimal() and len(value) < 19 else None


def _order_query() -> OrderQuery:
    return OrderQuery(
        text=request.args.get("q", "").strip()[:128],
        state=request.args.get("state", "") if request.args.get("state") in {str(tone) for tone in WORDS} else "",
        has=request.args.get("has", ""),
        connection_id=_whole("connection"),
        merchant_id=person().merchant_id,
        before=_whole("before"),
        after=_whole("after"),
    )


@console.get("/orders")
def orders() -> str:
    """The list of orders."""
    query = _order_query()
    with installation().db.read() as tx:
        page = order_views.order_list(tx, query)
        connections = connection_views.order_sources(tx, query.merchant_id)
    filtered = bool(query.text or query.state or query.has or query.connection_id or query.before or query.after)
    return render_template("orders.html", page=page, query=query, connections=connections, filtered=filtered)


@console.get("/orders.csv")
def orders_csv() -> Response:
    """The orders of the same filters, as a file for a spreadsheet."""
    query = _order_query()
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow(
        ["number", "external id", "connection", "partner", "status", "detail", "country", "currency", "total", "placed"]
        + ["received", "ordered", "cancelled", "allocated", "shipped", "returned"]
    )
    left = EXPORT_ROWS
    query = replace(query, before=None, after=None)
    with installation().db.read() as tx:
        while left > 0:
            page = order_views.order_list(tx, query, min(left, 500))
            for row in page.rows:
                table.writerow([_cell(value) for value in _csv_row(row)])
            left -= len(page.rows)
            if page.older is None:
                break
            query = replace(query, before=page.older)
    headers = {"Content-Disposition": 'attachment; filename="orders.csv"'}
    return Response(written.getvalue(), mimetype="text/csv", headers=headers)


def _csv_row(row: order_views.OrderRow) -> list[Any]:
    placed = row.placed.isoformat() if row.placed else row.placed_on
    total = None if row.total is None else f"{row.total:f}"
    head = [row.number, row.external_id, row.connection, row.partner, row.status.word, row.status.detail, row.country]
    units = [row.units.ordered, row.units.cancelled, row.units.allocated, row.units.shipped, row.units.returned]
    return [*head, row.currency, total, placed, row.received.isoformat(), *units]


def _cell(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula is kept a text."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t")) else value


@console.get("/orders/<int:order_id>")
def order(order_id: int) -> str:
    """One order."""
    with installation().db.read() as tx:
        found = order_views.order_detail(tx, order_id, person().merchant_id)
    if found is None:
        abort(404, "There is no such order.")
    return render_template("order.html", order=found)


@console.get("/attention")
def attention() -> str:
    """Everything that waits for a person."""
    me, reason = person(), request.args.get("reason", "")
    with installation().db.read() as tx:
        view = attention_views.attention(tx, me.merchant_id)
        alerts = alerts_of(tx, me.merchant_id)
    if reason:
        view = replace(
            view,
            parked=[group for group in view.parked if group.reason == reason],
            unmade=[group for group in view.unmade if group.code == reason],
            held=[group for group in view.held if group.code == reason],
        )
        alerts = [alert for alert in alerts if alert.code == reason]
    return render_template("attention.html", view=view, alerts=alerts, reason=reason)


@console.get("/messages")
def messages() -> str:
    """The list of documents."""
    query = MessageQuery(
        text=request.args.get("q", "").strip()[:128],
        state=request.args.get("state", ""),
        direction=request.args.get("direction", ""),
        kind=request.args.get("kind", ""),
        reason=request.args.get("reason", ""),
        connection_id=_whole("connection"),
        merchant_id=person().merchant_id,
        part_of_file={"yes": True, "no": False}.get(request.args.get("file", "")),
        unacknowledged=bool(request.args.get("unacknowledged")),
        before=_whole("before"),
        after=_whole("after"),
    )
    with installation().db.read() as tx:
        page = message_views.message_list(tx, query)
        connections = connection_views.connection_list(tx, query.merchant_id)
    return render_template("messages.html", page=page, query=query, connections=connections)


@console.get("/messages/<int:message_id>")
def message(message_id: int) -> str:
    """One document."""
    with installation().db.read() as tx:
        found = message_views.message_detail(tx, message_id, person().merchant_id)
        says = message_views.replay_says(installation(), tx, found) if found else ""
    if found is None:
        abort(404, "There is no such document.")
    return render_template("message.html", message=found, replay_says=says, marked=_marked(found))


def _marked(found: message_views.MessageDetail) -> set[int]:
    """The segments that findings are about, by their number in the set."""
    return {finding.position for finding in found.findings if finding.position}


@console.get("/messages/<int:message_id>/payloads/<int:payload_id>")
def payload(message_id: int, payload_id: int) -> Response:
    """The bytes of one part as they are, as a download: a browser must not run what somebody sent us."""
    with installation().db.read() as tx:
        body = message_views.raw(tx, message_id, payload_id, person().merchant_id)
    if body is None:
        abort(404, "There is no such document.")
    headers = {"Content-Disposition": f'attachment; filename="message-{message_id}-{payload_id}"'}
    return Response(body, mimetype="application/octet-stream", headers=headers)


@console.get("/flows")
def flows() -> str:
    """All flows."""
    with installation().db.read() as tx:
        return render_template("flows.html", flows=connection_views.flow_list(tx, person().merchant_id))


@console.get("/connections")
def connections() -> str:
    """All connections."""
    with installation().db.read() as tx:
        found = connection_views.connection_list(tx, person().merchant_id)
        stopped = overview_rows.outbound_stopped(tx)
    return render_template("connections.html", connections=found, stopped=stopped, now=installation().now())


@console.get("/mappings/texts/<digest>")
def mapping_text(digest: str) -> str:
    """The exact text of a mapping that was used."""
    with installation().db.read() as tx:
        found = message_views.mapping_text(tx, digest) if len(digest) >= 8 else None
    if found is None:
        abort(404, "There is no such mapping.")
    return render_template("mapping_text.html", mapping=found)


@console.get("/search")
def search() -> str | AnyResponse:
    """What the search box finds; one order that is all there is opens at once."""
    text = request.args.get("q", "").strip()[:128]
    found = _searched(text) if text else None
    if found is not None and len(found[0]) == 1 and not found[1].rows:
        return redirect(url_for("console.order", order_id=found[0][0].id))
    orders, page, more = found or ([], Page([], None, None), False)
    return render_template("search.html", text=text, orders=orders, page=page, more_orders=more)


def _searched(text: str) -> tuple[list[order_views.OrderRow], Any, bool]:
    merchant = person().merchant_id
    with installation().db.read() as tx:
        found = order_views.order_list(tx, OrderQuery(text=text, merchant_id=merchant), 20)
        documents = message_views.message_list(tx, MessageQuery(text=text, merchant_id=merchant), 20)
    known = {row.id for row in found.rows}
    rows = [row for row in documents.rows if row.order_id not in known]
    return found.rows, replace(documents, rows=rows), found.older is not None


def problem_pages(app: Flask) -> None:
    """Pages for what went wrong: what, and the way on."""

    def shown(error: HTTPException) -> AnyResponse | tuple[str, int]:
        if not (request.endpoint or "console.").startswith("console."):
            return error.get_response()
        status = error.code or 500
        if access.known() is None:
            return Response(f"{status} {error.name}\n", status, mimetype="text/plain")
        titles = {403: "Not allowed", 404: "Not found"}
        text = {403: "Your role does not reach that far.", 404: "There is no such page."}.get(status, error.name)
        own = error.description if error.description != type(error).description else None
        return render_template(
            "problem.html", title=titles.get(status, error.name), text=own or text, code=None
        ), status

    app.register_error_handler(HTTPException, shown)
