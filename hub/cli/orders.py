"""`hub orders`: find orders and act on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from hub.cli.common import actor, age, console, emit, installation, json_option, show_table

if TYPE_CHECKING:
    from hub.installation import Installation
    from hub.views.orders import OrderDetail


@click.group()
def orders() -> None:
    """Find orders and act on them. NUMBER is an order's number, its external id, or the hub's own id."""


@orders.command("list")
@click.option("--search", "text", default="", help="Number, external id, SKU, tracking, control or invoice number.")
@click.option("--state", type=click.Choice(["flowing", "done", "waiting", "failed"]), default=None)
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@click.option("--before", type=int, default=None, help="Only orders older than the one with this id.")
@json_option
def list_orders(text: str, state: str | None, limit: int, before: int | None, as_json: bool) -> None:
    """List orders, newest first."""
    from hub.views.base import dump
    from hub.views.orders import OrderQuery, order_list

    hub = installation()
    with hub.db.read() as tx:
        page = order_list(tx, OrderQuery(text=text, state=state or "", before=before), limit)
    if as_json:
        emit({"orders": dump(page.rows), "before": page.older})
        return
    show_table(
        ["id", "number", "from", "status", "ordered", "cancelled", "shipped", "returned", "received"],
        [
            (
                row.id,
                row.number,
                row.partner or row.connection,
                f"{row.status.word}: {row.status.detail}",
                row.units.ordered,
                row.units.cancelled,
                row.units.shipped,
                row.units.returned,
                age(row.received, hub.now()),
            )
            for row in page.rows
        ],
        "No order fits." if text or state else "There are no orders yet: they come in through an inbound flow.",
    )
    if page.older is not None:
        console.print(f"There are older ones: --before {page.older}", style="dim")


@orders.command()
@click.argument("number")
@json_option
def show(number: str, as_json: bool) -> None:
    """Show one order: its lines, its shipments, what happened, and its documents."""
    from hub.views.base import dump
    from hub.views.orders import order_detail

    hub = installation()
    order_id = _one(hub, number)
    with hub.db.read() as tx:
        found = order_detail(tx, order_id, None)
    if found is None:
        raise _unknown(number)
    if as_json:
        emit(dump(found))
    else:
        _print(hub, found)


@orders.command()
@click.argument("number")
@json_option
def retry(number: str, as_json: bool) -> None:
    """Try again what of an order is parked or waits, with the mappings as they are now."""
    from hub.flows.actions import retry_order

    hub = installation()
    _say(retry_order(hub, _one(hub, number), actor()), as_json)


@orders.command()
@click.argument("number")
@click.option("--reason", required=True, help="Why; it stands in the order's story.")
@json_option
def cancel(number: str, reason: str, as_json: bool) -> None:
    """Cancel what of an order has not shipped. A warehouse is asked for what it has."""
    from hub.flows.actions import cancel_order

    hub = installation()
    _say(cancel_order(hub, _one(hub, number), reason, actor()), as_json)


@orders.command()
@click.argument("number")
@click.option(
    "--granted/--refused", required=True, default=None, help="It gives back what it was asked for, or nothing."
)
@json_option
def cancellation(number: str, granted: bool, as_json: bool) -> None:
    """Say what a warehouse or supplier that answers by EDI has told you of a cancellation by other means."""
    from hub.flows.actions import answer_cancellation

    hub = installation()
    _say(answer_cancellation(hub, _one(hub, number), granted, actor()), as_json)


@orders.command()
@click.argument("number")
@click.argument("invoice")
@click.option("--reason", required=True, help="Why; it stands in the order's story.")
@json_option
def settle(number: str, invoice: str, reason: str, as_json: bool) -> None:
    """Take what was paid of an order's INVOICE for all that will be; its alert closes."""
    from hub.flows.invoicing.remittances import settle as settle_invoice

    hub = installation()
    _say(settle_invoice(hub, _one(hub, number), invoice, reason, actor()), as_json)


def _one(hub: Installation, number: str) -> int:
    """The id of the one order that the person means."""
    from hub.errors import Refused
    from hub.views.orders import orders_named

    with hub.db.read() as tx:
        found = orders_named(tx, number, None)
    if not found:
        raise _unknown(number)
    if len(found) > 1:
        ids = ", ".join(map(str, found))
        raise Refused("order.ambiguous", f"Several orders are called {number!r}; name one by its id: {ids}.")
    return found[0]


def _unknown(number: str) -> Exception:
    from hub.errors import NotFound

    return NotFound("order.missing", f"There is no order {number!r}; `hub orders list --search` finds them.")


def _say(sentence: str, as_json: bool) -> None:
    if as_json:
        emit({"result": sentence})
    else:
        console.print(sentence, markup=False)


def _print(hub: Installation, found: OrderDetail) -> None:
    from hub.views.status import Tone

    row, now = found.row, hub.now()
    source = row.partner or row.connection
    console.print(f"Order {row.number} ({row.id}) from {source}", style="bold", markup=False)
    console.print(f"{row.status.word}: {row.status.detail}; received {age(row.received, now)}", markup=False)
    for hold in found.holds:
        if hold.released is None:
            console.print(f"Held ({hold.code}): {hold.detail or ''}", style="yellow", markup=False)
    show_table(
        ["SKU", "quantity", "ordered", "cancelled", "allocated", "shipped", "returned", "open"],
        [
            (
                line.sku,
                f"{line.quantity:f} {line.unit}",
                line.units.ordered,
                line.units.cancelled,
                line.units.allocated,
                line.units.shipped,
                line.units.returned,
                line.units.open,
            )
            for line in found.lines
        ],
        "It has no lines.",
        title="Lines (base units)",
    )
    packages = [(shipment, package) for shipment in found.shipments for package in shipment.packages]
    if packages:
        show_table(
            ["from", "shipped", "carrier", "tracking", "written back"],
            [
                (
                    shipment.backend,
                    age(shipment.shipped, now),
                    package.carrier or shipment.carrier,
                    package.tracking_number,
                    "yes" if shipment.written_back else "not yet",
                )
                for shipment, package in packages
            ],
            "",
            title="Packages",
        )
    if found.invoices:
        show_table(
            ["number", "from", "total", "paid", "sent", "message"],
            [
                (
                    invoice.number or "no number yet",
                    invoice.issuer or "hub",
                    "" if invoice.total is None else f"{invoice.total:f} {invoice.currency or ''}",
                    "" if invoice.paid is None else f"{invoice.paid:f}",
                    "yes" if invoice.sent else "not yet" if invoice.issuer is None else "kept here",
                    invoice.message_id,
                )
                for invoice in found.invoices
            ],
            "",
            title="Invoices",
        )
    under_way = [each for each in found.messages if each.status.tone in (Tone.FLOWING, Tone.FAILED)]
    if under_way:
        show_table(
            ["message", "document", "to or from", "status"],
            [
                (
                    each.id,
                    f"{each.kind} {each.set_id or ''}".strip(),
                    each.partner or each.connection,
                    f"{each.status.word}: {each.status.detail}",
                )
                for each in under_way
            ],
            "",
            title="Documents under way",
        )
    show_table(
        ["when", "what", "by", "message"],
        [(age(entry.at, now), entry.text, entry.actor or "hub", entry.message_id) for entry in found.timeline],
        "Nothing has happened yet.",
        title="Story",
    )
