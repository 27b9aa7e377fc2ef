"""Events as plain sentences.

One row per event kind: the sentence, with `{name}` for what the event's data holds. A sentence in brackets is left out
where a name in it is missing, so that an event says what it knows and no more.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.views.status import Tone


@dataclass(frozen=True, slots=True)
class Sentence:
    """One entry of a timeline. `actor` None: the hub did it. `message_id`: the document behind it, one click away."""

    id: int
    at: dt.datetime
    kind: str
    text: str
    tone: Tone
    actor: str | None
    message_id: int | None


_SENTENCES: dict[str, tuple[Tone, str]] = {
    "order.received": (Tone.FLOWING, "Order received[ from {channel}][: {lines:line}][, {units:unit} to ship]"),
    "order.changed": (Tone.FLOWING, "The source changed the order[: {changes}]"),
    "order.too-late": (Tone.WAITING, "Too late for what has gone to a backend[: {changes}]"),
    "order.change-wanted": (Tone.FLOWING, "The partner wants changes[, number {number}][: {lines}]"),
    "order.replacement-wanted": (Tone.FLOWING, "The partner replaces the order[, number {number}][: {lines}]"),
    "order.cancellation-wanted": (Tone.PAUSED, "The partner cancels the order[, number {number}][: {lines}]"),
    "order.line-kept": (Tone.WAITING, "Line {line} stays as it is: {detail}"),
    "order.change-answered": (Tone.DONE, "Answer to the change sent to {to}"),
    "order.unchanged": (Tone.FLOWING, "The source sent the order again; nothing changed"),
    "order.outdated": (Tone.PAUSED, "An older revision came[ from {connection}]; recorded, not applied"),
    "order.held": (Tone.WAITING, "Held[: {detail}][ ({code})]"),
    "order.cancelled": (Tone.PAUSED, "Order cancelled[ by {by}][: {reason}][, {units:unit}]"),
    "order.shipped-outside": (Tone.DONE, "Marked as shipped by other means[: {units:unit}]"),
    "order.closed-short": (Tone.DONE, "Closed short[: {units:unit} cancelled]"),
    "order.retried": (Tone.FLOWING, "Tried again[: {documents:document}][, {deliveries:delivery}]"),
    "hold.placed": (Tone.WAITING, "Held[: {detail}][ ({code})]"),
    "hold.released": (Tone.FLOWING, "Hold released[: {code}]"),
    "order.routed": (Tone.FLOWING, "Routed to {backend}[: {lines:line}][, {units:unit}][ by rule {rule}]"),
    "fulfillment.sent": (Tone.FLOWING, "Sent to {backend}[ as {reference}][: {lines:line}][, {units:unit}]"),
    "fulfillment.accepted": (Tone.FLOWING, "{to} accepted[ {accepted} of][ {lines:line}][ as {remote_id}]"),
    "fulfillment.rejected": (Tone.FAILED, "{backend} rejected the order[: {detail}]"),
    "fulfillment.confirmed": (Tone.FLOWING, "{backend} answered: {status}"),
    "fulfillment.withdrawn": (Tone.PAUSED, "Taken back from {backend} before it was sent"),
    "cancellation.requested": (Tone.WAITING, "Asked {backend} to cancel[ {units:unit}][: {reason}]"),
    "cancellation.sent": (Tone.WAITING, "The cancellation went to {to}; its answer comes as a document"),
    "cancellation.granted": (Tone.PAUSED, "{to} gave back[ {units}][ of {asked:unit}]"),
    "cancellation.refused": (Tone.WAITING, "{backend} could not cancel[ {units:unit}][: {detail}]"),
    "shipment.received": (Tone.DONE, "{backend} shipped[ {units:unit}][ in {packages:package}][ with {carrier}]"),
    "shipment.status": (Tone.FLOWING, "On its way[: {status}][ in {place}][, {at}][ ({reason})]"),
    "stock.received": (Tone.FLOWING, "{backend} received goods[: {skus:SKU}][, {units} in all][ ({cause})]"),
    "stock.adjusted": (Tone.FLOWING, "{backend} corrected its count[: {skus:SKU}][, {units} in all][ ({cause})]"),
    "stock.announced": (
        Tone.FLOWING,
        "Goods are on their way to {backend}[: {skus:SKU}][, {units} in all][, {cause}][, by {carrier}]",
    ),
    "shipment.short": (Tone.WAITING, "{backend} does not ship {units:unit}[: {reason}]"),
    "shipment.written_back": (Tone.DONE, "Told {to} of the shipment[, tracking {tracking}]"),
    "return.received": (Tone.FLOWING, "Return received[ from {backend}][: {units:unit}][ ({reason})]"),
    "return.written_back": (Tone.DONE, "Told {to} of the return[: {units:unit}]"),
    "acknowledgement.sent": (Tone.DONE, "Acknowledgement[ {set_id}] sent to {to}"),
    "stock.told": (Tone.DONE, "Told {to} of the stock"),
    "invoice.sent": (Tone.DONE, "Invoice sent to {to}"),
    "invoice.received": (Tone.FLOWING, "{document} {number} received from {backend}"),
    "invoice.settled": (Tone.DONE, "Invoice {number} settled[: {reason}]"),
    "invoice.paid": (
        Tone.DONE,
        "{amount}[ {currency}] paid of invoice {number}[, beside {elsewhere:invoice} issued elsewhere]",
    ),
    "advice.received": (Tone.DONE, "The partner's application has seen the {document}[: {verdict}]"),
    "acknowledgement.received": (Tone.DONE, "The partner acknowledged it[: {verdict}]"),
    "shipment.tracking-doubtful": (Tone.WAITING, "{packages:tracking number} of shipment {shipment} cannot be right"),
    "shipment.tracking-added": (Tone.FLOWING, "Tracking added[ to shipment {shipment}]"),
    "shipment.tracking-written-back": (Tone.DONE, "Told {to} of the tracking"),
    "return.opened": (Tone.FLOWING, "Return opened[: {units:unit}]"),
    "return.unannounced": (Tone.WAITING, "The return was not announced by the source"),
    "cancellation.too-late": (Tone.WAITING, "Too late to cancel[ {units:unit}][ of line {line}]: already shipped"),
    "delivery.parked": (Tone.FAILED, "{document} could not be made[: {detail}][ ({code})]"),
    "delivery.refused": (Tone.FAILED, "{to} refused the {document}[: {detail}][ ({code})]"),
    "delivery.shadow": (Tone.PAUSED, "{document} made but not sent: the connection is in shadow mode"),
    "acknowledgement.interchange-owed": (Tone.FLOWING, "Acknowledgement of interchange {interchange} owed"),
    "acknowledgement.owed": (Tone.FLOWING, "Acknowledgement of group {group} owed: {accepted} of {sets:set} accepted"),
    "message.received": (Tone.FLOWING, "Document received[ from {connection}]"),
    "message.parked": (Tone.FAILED, "{document} parked[: {detail}][ ({code})]"),
    "message.replayed": (Tone.FLOWING, "{document} replayed[ with mapping {mapping}]"),
    "message.resend": (Tone.FLOWING, "{document} is to go again, as it was sent"),
    "message.resent": (Tone.DONE, "{document} sent again[ to {to}], as it was"),
    "message.ignored": (Tone.PAUSED, "{document} ignored[: {reason}]"),
    "message.refused": (Tone.PAUSED, "{document} refused, and its sender told[: {reason}]"),
    "message.released": (Tone.FLOWING, "{document} released[: {awaited} came]"),
    "flow.run": (Tone.FLOWING, "Run asked for[: {document}]"),
    "flow.paused": (Tone.PAUSED, "Flow paused[: {document}]"),
    "flow.resumed": (Tone.FLOWING, "Flow resumed[: {document}]"),
    "connection.subscribed": (Tone.FLOWING, "{connection} sends webhooks here[: {webhooks:webhook}]"),
    "connection.resubscribed": (Tone.FLOWING, "{connection} had dropped webhooks; {webhooks:webhook} made again"),
    "connection.mended": (Tone.FLOWING, "{connection} mended: it is called again"),
    "table.changed": (Tone.FLOWING, "Table {table} is at version {version}[: {released:document} read again]"),
    "mapping.drafted": (Tone.FLOWING, "Draft of mapping {mapping} kept"),
    "mapping.draft-discarded": (Tone.PAUSED, "Draft of mapping {mapping} thrown away"),
    "mapping.published": (Tone.FLOWING, "Mapping {mapping} version {version} published[: {reason}]"),
    "mapping.rolled-back": (Tone.PAUSED, "Mapping {mapping} rolled back to {to} as version {version}[: {reason}]"),
    "connection.changed": (Tone.FLOWING, "Settings of {connection} changed"),
    "flow.mapping-chosen": (Tone.FLOWING, "Flow uses another mapping[: {document}, {mapping}]"),
    "flow.scheduled": (Tone.FLOWING, "Flow has another schedule[: {document}, {schedule}]"),
    "connection.mode": (Tone.FLOWING, "Mode set to {mode}"),
    "outbound.stopped": (Tone.PAUSED, "Outbound stopped[ for {connection}]"),
    "outbound.started": (Tone.FLOWING, "Outbound started[ for {connection}]"),
}

_DEFAULTS = {
    "backend": "the backend",
    "connection": "the source",
    "document": "document",
    "partner": "the partner",
    "to": "the other side",
}

_PLURALS = {"delivery": "deliveries"}

_PART = re.compile(r"\[([^\]]*)\]|\{(\w+)(?::(\w+))?\}")
_NAME = re.compile(r"\{(\w+)(?::(\w+))?\}")


def sentence(kind: str, data: Mapping[str, Any]) -> tuple[Tone, str]:
    """The sentence of one event, and what a person should make of it."""
    if kind not in _SENTENCES:
        return Tone.FLOWING, _unknown(kind, data)
    tone, pattern = _SENTENCES[kind]

    def put(match: re.Match[str]) -> str:
        if match.group(1) is None:
            name = match.group(2)
            return _said(data.get(name, _DEFAULTS.get(name, "")), match.group(3))
        inner = match.group(1)
        if any(data.get(name) in (None, "", [], {}) for name, _ in _NAME.findall(inner)):
            return ""
        return _NAME.sub(lambda m: _said(data[m.group(1)], m.group(2)), inner)

    text = _PART.sub(put, pattern)
    return tone, text[:1].upper() + text[1:]


def _said(value: Any, noun: str | None) -> str:
    if isinstance(value, list):
        counted = str(len(value)) if noun else ", ".join(str(each) for each in value)
    else:
        counted = str(value)
    return counted if noun is None else f"{counted} {noun if counted == '1' else _PLURALS.get(noun, noun + 's')}"


def _unknown(kind: str, data: Mapping[str, Any]) -> str:
    subject, _, verb = kind.partition(".")
    facts = ", ".join(f"{name} {value}" for name, value in data.items() if isinstance(value, str | int) and value != "")
    text = f"{subject} {verb}".replace("_", " ").replace("-", " ").strip().capitalize()
    return f"{text}: {facts}" if facts else text


def of_event(row: Any) -> Sentence:
    """From a row of `hub.store.timeline.order_events` or `message_events`."""
    data = dict(row.data or {})
    if row.connection:
        data.setdefault("connection", row.connection)
        data.setdefault("backend", row.connection)
        data.setdefault("to", row.connection)
    tone, text = sentence(row.kind, data)
    # What is sent again is told of the document itself: the further delivery is what is worth a click.
    return Sentence(row.id, row.at, row.kind, text, tone, row.actor, data.get("resend", row.message_id))
