"""`hub messages`: see what came and what went, and replay it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from hub.cli.common import actor, age, console, emit, installation, json_option, show_table

if TYPE_CHECKING:
    from hub.installation import Installation
    from hub.views.messages import MessageDetail

PARTS = {"canonical": "What it was written from"}
"""Parts of a message that are not called as they are kept."""
STATES = ["in-progress", "received", "sealed", "sent", "done", "ignored", "parked", "withdrawn"]


@click.group()
def messages() -> None:
    """See what came and what went, and replay it."""


@messages.command("list")
@click.option("--state", type=click.Choice(STATES), default=None)
@click.option("--direction", type=click.Choice(["in", "out"]), default=None)
@click.option("--kind", default="", help="Kind of document: order, shipment, fulfillment …")
@click.option("--reason", default="", help="Only those parked or ignored for this code.")
@click.option("--search", "text", default="", help="External id, control number, remote id or order number.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@click.option("--before", type=int, default=None, help="Only messages older than the one with this id.")
@json_option
def list_messages(
    state: str | None,
    direction: str | None,
    kind: str,
    reason: str,
    text: str,
    limit: int,
    before: int | None,
    as_json: bool,
) -> None:
    """List messages, newest first."""
    from hub.views.base import dump
    from hub.views.messages import MessageQuery, message_list

    hub = installation()
    query = MessageQuery(
        text=text, state=state or "", direction=direction or "", kind=kind, reason=reason, before=before
    )
    with hub.db.read() as tx:
        page = message_list(tx, query, limit)
    if as_json:
        emit({"messages": dump(page.rows), "before": page.older})
        return
    show_table(
        ["id", "", "kind", "with", "external id", "state", "reason", "order", "when"],
        [
            (
                row.id,
                row.direction,
                f"{row.kind} {row.set_id or ''}".strip(),
                row.partner or row.connection,
                row.external_id,
                row.state,
                row.reason,
                row.order,
                age(row.at, hub.now()),
            )
            for row in page.rows
        ],
        "No message fits. Every document that comes or goes is kept and stands here.",
    )
    if page.older is not None:
        console.print(f"There are older ones: --before {page.older}", style="dim")


@messages.command()
@click.argument("message_id", type=int)
@click.option("--raw", is_flag=True, help="Print the bytes as they came or went, and nothing else.")
@json_option
def show(message_id: int, raw: bool, as_json: bool) -> None:
    """Show one message: what is wrong with it, its tries, its bytes."""
    from hub.errors import Refused
    from hub.views import messages as views
    from hub.views.base import dump

    hub = installation()
    with hub.db.read() as tx:
        found = views.message_detail(tx, message_id, None)
        if found is None:
            raise _unknown(message_id)
        body = next((part for part in found.payloads if part.part == "body"), None)
        whole = views.raw(tx, message_id, body.id, None) if raw and body else None
    if raw:
        if whole is None:
            raise Refused("payload.erased", f"The bytes of message {message_id} are not kept any more.")
        sys.stdout.buffer.write(whole)
    elif as_json:
        emit(dump(found))
    else:
        _print(hub, found)


@messages.command()
@click.argument("message_ids", type=int, nargs=-1, required=True)
@json_option
def replay(message_ids: tuple[int, ...], as_json: bool) -> None:
    """Work on parked messages again, from their stored bytes, with the mappings as they are now."""
    from hub.flows.actions import replay_message

    hub = installation()
    versions = {each: _version(hub, each) for each in message_ids}
    results = [(each, replay_message(hub, each, actor())) for each in message_ids]
    _say([(each, f"{sentence} {versions[each]}".rstrip()) for each, sentence in results], as_json)


def _version(hub: Installation, message_id: int) -> str:
    """Which version of its mapping a replay of the message uses."""
    from hub.views import messages as views

    with hub.db.read() as tx:
        found = views.message_detail(tx, message_id, None)
        return views.replay_says(hub, tx, found) if found else ""


@messages.command()
@click.argument("message_ids", type=int, nargs=-1, required=True)
@click.option("--reason", required=True, help="Why; it stands with the message.")
@json_option
def ignore(message_ids: tuple[int, ...], reason: str, as_json: bool) -> None:
    """Let parked messages be. They are kept and counted, and nothing follows from them."""
    from hub.flows.actions import ignore_message

    hub = installation()
    _say([(each, ignore_message(hub, each, reason, actor())) for each in message_ids], as_json)


@messages.command()
@click.argument("message_ids", type=int, nargs=-1, required=True)
@click.option("--whole", is_flag=True, help="Also the documents that went in one interchange with it.")
@json_option
def resend(message_ids: tuple[int, ...], whole: bool, as_json: bool) -> None:
    """Send documents once more as they were sent: the same bytes, name and control numbers."""
    from hub.flows.actions import resend_message

    hub = installation()
    _say([(each, resend_message(hub, each, actor(), whole=whole)) for each in message_ids], as_json)


@messages.command()
@click.argument("message_ids", type=int, nargs=-1, required=True)
@click.option("--reason", required=True, help="Why, as their partner is to read it.")
@json_option
def refuse(message_ids: tuple[int, ...], reason: str, as_json: bool) -> None:
    """Let parked documents of partners be, and tell the partners so by an 824 or APERAK."""
    from hub.flows.actions import refuse_message

    hub = installation()
    _say([(each, refuse_message(hub, each, reason, actor())) for each in message_ids], as_json)


def _unknown(message_id: int) -> Exception:
    from hub.errors import NotFound

    return NotFound("message.missing", f"There is no message {message_id}; `hub messages list` shows them.")


def _say(results: list[tuple[int, str]], as_json: bool) -> None:
    if as_json:
        emit([{"message": message_id, "result": sentence} for message_id, sentence in results])
        return
    for message_id, sentence in results:
        console.print(f"{message_id}: {sentence}", markup=False)


MOST_NAMED = 20
"""Documents of an interchange or file that are named one by one."""


def _print(hub: Installation, found: MessageDetail) -> None:
    row, now = found.row, hub.now()
    way = "from" if row.direction == "in" else "to"
    title = f"{row.kind.capitalize()} {row.set_id or ''}".strip()
    console.print(f"{title} {way} {row.partner or row.connection} ({row.id})", style="bold", markup=False)
    status = ": ".join(filter(None, [row.status.word, row.status.detail]))
    console.print(f"{status}, {age(row.at, now)}", markup=False)
    if found.parent is not None:
        console.print(f"{found.relation} message {found.parent.id}", markup=False)
    if row.reason:
        console.print(f"{row.reason}: {row.detail or ''} {found.path or ''}".rstrip(), style="yellow", markup=False)
    if row.awaits:
        console.print(f"Waits for {row.awaits}, which releases it.", markup=False)
    if found.mapping_hash:
        console.print(f"Mapping {found.mapping or ''} {found.mapping_hash[:8]}", markup=False)
    if found.tables:
        console.print(f"Tables {', '.join(found.tables)}", markup=False)
    if found.children:
        held = found.children[:MOST_NAMED]
        show_table(
            ["id", "kind", "name", "state", "reason", "order"],
            [
                (each.id, each.kind, each.control or each.external_id, each.state, each.reason, each.order)
                for each in held
            ],
            "",
            title="Holds",
        )
    if len(found.children) > MOST_NAMED:
        console.print(f"and {len(found.children) - MOST_NAMED} more", markup=False)
    if found.findings:
        show_table(
            ["where", "what", "code"],
            [(finding.where, finding.message, finding.code) for finding in found.findings],
            "",
            title="Findings",
        )
    if found.attempts:
        show_table(
            ["try", "outcome", "when", "error"],
            [(f"{each.job} {each.number}", each.outcome, age(each.at, now), each.error) for each in found.attempts],
            "",
            title="Tries",
        )
    for part in found.payloads:
        title = PARTS.get(part.part, part.part.capitalize())
        console.print(f"{title}, {part.size} bytes", style="bold", markup=False)
        console.print(part.text if part.text is not None else "erased", markup=False, soft_wrap=True)
