"""What a person can do. Each action is one transaction that leaves an audit row, and answers with one sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Row

from hub import jobs
from hub.errors import Refused
from hub.flows.batch import Batch
from hub.flows.edi import answers
from hub.flows.orders import cancel, route
from hub.flows.orders.order_changes import DOUBTS
from hub.flows.outbound import refusals, resends, together
from hub.installation import Installation
from hub.ledger import Entry, Kind
from hub.store import connections as connection_store
from hub.store import events as event_store
from hub.store import jobs as job_store
from hub.store import messages as message_store
from hub.store import orders as store
from hub.store import settings as setting_store
from hub.store.jobs import OUTBOUND_STOPPED

MODES = ("off", "shadow", "live")


@contextmanager
def _batch(inst: Installation) -> Iterator[Batch]:
    with inst.db.write() as tx:
        batch = Batch(tx, inst.now())
        yield batch
        batch.flush()


def _order(batch: Batch, order_id: int) -> Row[Any]:
    order = batch.order.get(order_id)
    if order is None:
        raise Refused("order.missing", f"There is no order {order_id}.")
    return order


# -- orders ---------------------------------------------------------------------------------------------------------


def retry_order(inst: Installation, order_id: int, actor: str) -> str:
    """Try again whatever of an order waits: its parked documents, its parked deliveries, units that nobody has."""
    with _batch(inst) as batch:
        order = _order(batch, order_id)
        documents = message_store.parked_of_order(batch.tx, order.id)
        read_again(batch, documents, actor)
        woken = job_store.wake(batch.tx, batch.now, order_id=order.id, kind="deliver")
        units = route.release_open(batch, order)
        batch.event("order.retried", order_id=order.id, actor=actor, documents=len(documents), deliveries=woken)
    return f"Trying again: {len(documents)} documents, {woken} deliveries, {units} units released."


def release_unrouted(batch: Batch) -> int:
    """Rules or backends have changed: look again at what none of them gave to a backend. Gives the units released."""
    return sum(route.release_open(batch, order) for order in store.held_for(batch.tx, route.NO_BACKEND))


def cancel_order(inst: Installation, order_id: int, reason: str, actor: str) -> str:
    """Cancel what has not shipped; backends are asked for what they have, and the source is told."""
    with _batch(inst) as batch:
        order = _order(batch, order_id)
        sums = batch.books_of[order.id].lines
        free = {line_id: q.open for line_id, q in sums.items() if q.open}
        allocated = {line_id: q.allocated for line_id, q in sums.items() if q.allocated}
        if not free and not allocated:
            raise Refused("order.nothing-to-cancel", "Nothing of this order can still be cancelled.")
        cause = f"{cancel.BY_HAND}{batch.now.timestamp():.6f}"
        batch.post(order.id, [Entry(line, Kind.CANCELLED, units, cause) for line, units in free.items()])
        cancel.take_back(batch, order.id, allocated, cause, "cancelled")
        cancel.tell_source(batch, order)
        batch.event("order.cancelled", order_id=order.id, actor=actor, reason=reason)
    asked = sum(allocated.values())
    return f"Cancelled {sum(free.values())} units at once" + (f"; asked for {asked} units back." if asked else ".")


def answer_cancellation(inst: Installation, order_id: int, granted: bool, actor: str) -> str:
    """A person says what a warehouse or supplier has told by other means than its document: that it gives back what it
    was asked for, or nothing of it."""
    with _batch(inst) as batch:
        order = _order(batch, order_id)
        waiting = [wish for wish in batch.wishes_of[order.id] if wish.answer_by is not None]
        if not waiting:
            raise Refused("cancellation.none-open", "No cancellation of this order waits for an answer by document.")
        given = 0
        for wish in waiting:
            asked = cancel.pending(wish)
            has = batch.books_of[order.id].held_by(wish.fulfillment_id) if granted else {}
            take = {line_id: min(units, has.get(line_id, 0)) for line_id, units in asked.items()}
            cancel.grant(batch, wish, take, f"{wish.cause}/{wish.id}/by-hand", final=True)
            given += sum(take.values())
            connection_id = batch.fulfillment[wish.fulfillment_id].connection_id
            facts = {"order_id": order.id, "connection_id": connection_id, "actor": actor}
            if granted:
                batch.event("cancellation.granted", units=sum(take.values()), asked=sum(asked.values()), **facts)
            else:
                batch.event("cancellation.refused", units=sum(asked.values()), **facts)
    return f"Noted: {given} units were given back." if granted else "Noted: nothing is given back."


def close_short(inst: Installation, order_id: int, actor: str) -> str:
    """What nobody has yet will not be fulfilled: it counts as cancelled."""
    units = _settle_open(inst, order_id, Kind.CANCELLED, "order.closed-short", actor)
    return f"Closed short: {units} units will not be fulfilled."


def mark_shipped_outside(inst: Installation, order_id: int, actor: str) -> str:
    """What nobody has yet was shipped by other means; it counts as shipped and no backend is asked."""
    units = _settle_open(inst, order_id, Kind.SHIPPED, "order.shipped-outside", actor)
    return f"Marked {units} units as shipped outside."


def _settle_open(inst: Installation, order_id: int, kind: Kind, event: str, actor: str) -> int:
    """A person states what became of an order's open units; gives how many they were."""
    with _batch(inst) as batch:
        order = _order(batch, order_id)
        free = {line_id: q.open for line_id, q in batch.books_of[order.id].lines.items() if q.open}
        if not free:
            raise Refused("order.nothing-open", "Nothing of this order is open.")
        cause = f"{event}/{batch.now.timestamp():.6f}"
        batch.post(order.id, [Entry(line, kind, units, cause) for line, units in free.items()])
        units = sum(free.values())
        batch.event(event, order_id=order.id, actor=actor, units=units)
    return units


def release_hold(inst: Installation, hold_id: int, actor: str) -> str:
    """Lift a hold for good on its order, and release what it kept."""
    with _batch(inst) as batch:
        hold = store.hold(batch.tx, hold_id)
        if hold is None or hold.released_at is not None:
            raise Refused("hold.missing", "This hold is no longer open.")
        order = _order(batch, hold.order_id)
        same = [h.id for h in batch.holds_of[order.id] if h.code == hold.code]
        store.release_holds(batch.tx, same, actor, batch.now)
        store.waive(batch.tx, order.id, hold.code, actor, batch.now)
        batch.event("hold.released", order_id=order.id, actor=actor, code=hold.code)
        units = route.release_open(batch, order)
    return f"Released the hold: {units} units go to a backend."


def place_hold(inst: Installation, order_id: int, reason: str, actor: str) -> str:
    """Keep what is open of an order back until a person lifts the hold."""
    with _batch(inst) as batch:
        order = _order(batch, order_id)
        store.place_holds(
            batch.rows,
            [
                {
                    "order_id": order.id,
                    "line_id": None,
                    "code": "hold.by-hand",
                    "detail": reason[:500],
                    "sticky": True,
                    "placed_at": batch.now,
                }
            ],
        )
        batch.event("order.held", order_id=order.id, actor=actor, code="hold.by-hand", detail=reason)
    return "Held: nothing more of this order is released."


# -- messages -------------------------------------------------------------------------------------------------------


def again(batch: Batch, messages: Sequence[Row[Any]], actor: str) -> None:
    """What waited goes on: inbound documents are read again, outbound ones written."""
    read_again(batch, [message for message in messages if message.direction == "in"], actor)
    for message in messages:
        if message.direction == "out" and job_store.wake(
            batch.tx, batch.now, key=message.external_id, connection_id=message.connection_id
        ):
            batch.event("message.replayed", message_id=message.id, order_id=message.order_id, actor=actor)


def read_again(batch: Batch, messages: Sequence[Row[Any]], actor: str) -> None:
    """Inbound documents go through the present mappings and tables; nothing is fetched from their source."""
    changes = [
        {
            "b_id": message.id,
            "state": "received",
            "reason": message.reason if message.reason in DOUBTS else None,  # a person has no doubt any more
            "problem": None,
            "awaits": None,
            "settled_at": None,
        }
        for message in messages
    ]
    message_store.change(batch.tx, changes)
    for message in messages:
        batch.jobs.append(
            jobs.translate_job(message.id, message.kind, message.external_id, message.connection_id, batch.now)
        )
        batch.event("message.replayed", message_id=message.id, order_id=message.order_id, actor=actor)


def replay_message(inst: Installation, message_id: int, actor: str) -> str:
    """Read a parked inbound document again with the present mappings, or send a parked outbound one anew.

    An outbound document is rendered again from the present state; the bytes of the old one stay as they were.
    """
    with _batch(inst) as batch:
        message = message_store.get(batch.tx, [message_id]).get(message_id)
        if message is None:
            raise Refused("message.missing", f"There is no message {message_id}.")
        if message.state not in ("parked", "ignored"):
            raise Refused("message.not-waiting", "Only a parked or ignored message can be replayed.")
        if message.direction == "in":
            read_again(batch, [message], actor)
            return "Reading it again with the present mappings."
        if message.kind == answers.KIND and message.reason in answers.FINAL:
            raise Refused("message.written-once", "What we answer to a document is written once, when it comes.")
        message_store.change(batch.tx, [{"b_id": message.id, "state": "parked", "sent_at": None}])
        woken = job_store.wake(batch.tx, batch.now, key=message.external_id, connection_id=message.connection_id)
        if not woken and message.reason in (
            "acknowledgement.rejected",
            "advice.rejected",
        ):  # it arrived: its delivery is over
            woken = jobs.add_again(
                batch.tx,
                jobs.deliver_job(message.kind, message.subject_id, message.connection_id, message.order_id, batch.now),
            )
        if not woken:
            raise Refused("message.not-waiting", "Its delivery is under way already.")
        batch.event("message.replayed", message_id=message.id, order_id=message.order_id, actor=actor)
    return "Sending it again, as the order now stands."


def resend_message(inst: Installation, message_id: int, actor: str, *, whole: bool = False) -> str:
    """Send a document that was sent once more as it was. `whole`: also the others of its interchange."""
    with _batch(inst) as batch:
        message = message_store.get(batch.tx, [message_id]).get(message_id)
        if message is None:
            raise Refused("message.missing", f"There is no message {message_id}.")
        connector = inst.registry.get(batch.connections[message.connection_id].type)
        documents = resends.ask(batch, message, connector, whole=whole, actor=actor)
    what = "It goes" if documents == 1 else f"All {documents} documents of the interchange go"
    return f"{what} again as sent, under the same name and control numbers."


def refuse_message(inst: Installation, message_id: int, reason: str, actor: str) -> str:
    """Close a parked document of a partner and tell the partner why, by the application advice that is agreed on."""
    with _batch(inst) as batch:
        message = message_store.get(batch.tx, [message_id]).get(message_id)
        if message is None or message.state != "parked":
            raise Refused("message.not-waiting", "Only a parked message can be refused.")
        refusals.owe(batch, message, reason)
        problem = {**(message.problem or {}), "refused_because": reason}
        batch.end(message.id, "ignored", reason="person.ignored", problem=problem, order_id=message.order_id)
        batch.event("message.refused", message_id=message.id, order_id=message.order_id, actor=actor, reason=reason)
    return "Refused; its partner is told."


def ignore_message(inst: Installation, message_id: int, reason: str, actor: str) -> str:
    """Close a parked message: nothing will follow from it."""
    with _batch(inst) as batch:
        message = message_store.get(batch.tx, [message_id]).get(message_id)
        if message is None or message.state != "parked":
            raise Refused("message.not-waiting", "Only a parked message can be ignored.")
        state = "ignored" if message.direction == "in" else "withdrawn"
        if message.direction == "out":
            for one in (message, *together.inside(batch.tx, message)):
                job_store.close(batch.tx, batch.now, key=one.external_id, connection_id=one.connection_id)
                if one is not message:
                    batch.end(one.id, state, reason="person.ignored", order_id=one.order_id)
            if message.kind == "cancellation" and message.subject_id is not None:
                store.answer_cancellation(batch.tx, message.subject_id, granted=[], answered_at=batch.now)
                if message.order_id is not None:
                    cancel.answered(batch, message.order_id)
        problem = {**(message.problem or {}), "ignored_because": reason}
        batch.end(message.id, state, reason="person.ignored", problem=problem, order_id=message.order_id)
        batch.event("message.ignored", message_id=message.id, order_id=message.order_id, actor=actor, reason=reason)
    return "Ignored."


# -- connections and flows ------------------------------------------------------------------------------------------


def _connection(batch: Batch, connection_id: int) -> Row[Any]:
    row = connection_store.get(batch.tx, connection_id)
    if row is None:
        raise Refused("connection.missing", f"There is no connection {connection_id}.")
    return row


def set_mode(inst: Installation, connection_id: int, mode: str, actor: str) -> str:
    """Off: nothing is pulled or sent. Shadow: everything but the push. Live."""
    if mode not in MODES:
        raise Refused("connection.unknown-mode", f"The mode is one of {', '.join(MODES)}.")
    with _batch(inst) as batch:
        row = _connection(batch, connection_id)
        connection_store.change(batch.tx, row.id, mode=mode)
        batch.event("connection.mode", connection_id=row.id, actor=actor, mode=mode, before=row.mode)
    return f"{row.name} is now {mode}."


def clear_trouble(inst: Installation, connection_id: int, actor: str) -> str:
    """The connection's owner has mended it: calls go on, its alert closes."""
    with _batch(inst) as batch:
        row = _connection(batch, connection_id)
        connection_store.change(batch.tx, row.id, trouble=None, trouble_detail=None, quiet_until=None)
        event_store.close_alert(batch.tx, f"connection/{row.id}/trouble", batch.now)
        job_store.wake(batch.tx, batch.now, connection_id=row.id, state="pending")
        batch.event("connection.mended", connection_id=row.id, actor=actor)
    return f"{row.name} is called again."


def stop_outbound(inst: Installation, connection_id: int | None, actor: str) -> str:
    """Send nothing more, to one connection or at all, until started again; what is due waits."""
    return _switch(inst, connection_id, True, actor)


def start_outbound(inst: Installation, connection_id: int | None, actor: str) -> str:
    """Send again."""
    return _switch(inst, connection_id, False, actor)


def _switch(inst: Installation, connection_id: int | None, stopped: bool, actor: str) -> str:
    word = "stopped" if stopped else "started"
    with _batch(inst) as batch:
        if connection_id is None:
            setting_store.put(batch.tx, OUTBOUND_STOPPED, stopped)
            what = "All outbound"
        else:
            row = _connection(batch, connection_id)
            connection_store.change(batch.tx, row.id, outbound_stopped=stopped)
            what = f"Outbound to {row.name}"
        batch.event(f"outbound.{word}", connection_id=connection_id, actor=actor)
    return f"{what} is {word}."


def _flow(batch: Batch, flow_id: int) -> Row[Any]:
    flow = connection_store.flow_by_id(batch.tx, flow_id)
    if flow is None:
        raise Refused("flow.missing", f"There is no flow {flow_id}.")
    return flow


def run_flow(inst: Installation, flow_id: int, actor: str) -> str:
    """Pull now, whatever the schedule says."""
    with _batch(inst) as batch:
        flow = _flow(batch, flow_id)
        if flow.direction != "in":
            raise Refused("flow.not-pulled", "An outbound flow sends what is due by itself; only inbound ones are run.")
        new = jobs.pull(batch.tx, flow, batch.now)
        batch.event("flow.run", connection_id=flow.connection_id, actor=actor, document=flow.kind)
    return "Pulling now." if new else "It is being pulled already."


def pause_flow(inst: Installation, flow_id: int, actor: str) -> str:
    """Leave the flow's schedule aside."""
    return _pause(inst, flow_id, True, actor)


def resume_flow(inst: Installation, flow_id: int, actor: str) -> str:
    """Follow the flow's schedule again."""
    return _pause(inst, flow_id, False, actor)


def _pause(inst: Installation, flow_id: int, paused: bool, actor: str) -> str:
    with _batch(inst) as batch:
        flow = _flow(batch, flow_id)
        connection_store.change_flow(batch.tx, flow.id, paused=paused)
        word = "paused" if paused else "resumed"
        batch.event(f"flow.{word}", connection_id=flow.connection_id, actor=actor, document=flow.kind)
    return f"The flow is {word}."
